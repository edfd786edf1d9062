//! What is refused, and where: the rules of the reference, one after the other.

use neovm_chain::{
    Attribute, Block, Condition, Header, OracleResponse, OracleResponseCode, ReadProblem, Signer, Transaction,
    UnsignedHeader, UnsignedTransaction, Witness, WitnessRule, WitnessRuleAction, WitnessScopes, merkle_root,
};
use neovm_types::{Hash160, Hash256, PublicKey, Script, json::Json};

const KEY: &str = "03d972eedf3059f44f84b9a976f49bd5ac75935f803c59ee3832b173ba42799d3f";

fn key() -> PublicKey {
    KEY.parse().unwrap()
}

fn signer(byte: u8) -> Signer {
    Signer::new(Hash160([byte; 20]), WitnessScopes::CALLED_BY_ENTRY)
}

fn unsigned() -> UnsignedTransaction {
    UnsignedTransaction {
        version: 0,
        nonce: 0x0102_0304,
        system_fee: 5,
        network_fee: 6,
        valid_until_block: 7,
        signers: vec![signer(1)],
        attributes: vec![],
        script: Script::new([0x40]),
    }
}

/// What nodes say of a transaction that a function has changed.
fn refusal(change: impl FnOnce(&mut UnsignedTransaction)) -> (usize, String) {
    let mut unsigned = unsigned();
    change(&mut unsigned);
    let witnesses = vec![Witness::empty(); unsigned.signers.len()];
    let error = unsigned.sign(&witnesses).unwrap_err();
    (error.offset, error.problem.to_string())
}

/// What nodes say of the signer of a transaction, given as hexadecimal digits.
fn signer_refusal(digits: &str) -> (usize, String) {
    let bytes = hex::decode(digits.replace(' ', "")).unwrap();
    let error = Signer::read(&mut neovm_chain::Reader::new(&bytes)).unwrap_err();
    (error.offset, error.problem.to_string())
}

fn refused(offset: usize, problem: &str) -> (usize, String) {
    (offset, problem.into())
}

#[test]
fn transactions() {
    assert!(unsigned().sign(&[Witness::empty()]).is_ok());
    assert_eq!(refusal(|tx| tx.version = 1), refused(0, "the version is 1, not 0"));
    assert_eq!(refusal(|tx| tx.system_fee = -1), refused(5, "the system fee is -1, below 0"));
    assert_eq!(refusal(|tx| tx.network_fee = -2), refused(13, "the network fee is -2, below 0"));
    assert_eq!(
        refusal(|tx| tx.system_fee = i64::MAX),
        refused(13, "the network fee is 6, too much beside a system fee of 9223372036854775807")
    );
    assert_eq!(refusal(|tx| tx.signers = vec![]), refused(25, "the list of signers is empty"));
    assert_eq!(
        refusal(|tx| tx.signers = (0..17).map(signer).collect()),
        refused(25, "the list of signers has size 17, at most 16 is allowed")
    );
    let twice = format!("the signer {} occurs twice", Hash160([1; 20]));
    assert_eq!(refusal(|tx| tx.signers = vec![signer(1), signer(2), signer(1)]), refused(68, &twice));
    let conflicts = |count: u8| (0..count).map(|byte| Attribute::Conflicts { hash: Hash256([byte; 32]) }).collect();
    assert_eq!(
        refusal(|tx| tx.attributes = conflicts(16)),
        refused(47, "the list of attributes has size 16, at most 15 is allowed")
    );
    let twice = vec![Attribute::HighPriority, Attribute::NotaryAssisted { keys: 1 }, Attribute::HighPriority];
    assert_eq!(refusal(|tx| tx.attributes = twice), refused(51, "the attribute HighPriority occurs twice"));
    assert_eq!(refusal(|tx| tx.script = Script::new([])), refused(48, "the script is empty"));
    assert_eq!(
        refusal(|tx| tx.script = vec![0x40; 65_536].into()),
        refused(48, "the script has size 65536, at most 65535 is allowed")
    );
    // Conflicts may occur several times, and 15 attributes beside a signer are allowed.
    let mut most = unsigned();
    most.attributes = conflicts(15);
    most.script = vec![0x40; 65_535].into();
    assert!(most.sign(&[Witness::empty()]).is_ok());
}

#[test]
fn witnesses() {
    let problem = |witnesses: &[Witness]| unsigned().sign(witnesses).unwrap_err().to_string();
    assert_eq!(problem(&[]), "byte 50: the list of witnesses has 0 elements for 1 signer");
    let two = [Witness::empty(), Witness::empty()];
    assert_eq!(problem(&two), "byte 50: the list of witnesses has size 2, at most 1 is allowed");
    let large = Witness { invocation: vec![0; 1025].into(), verification: Script::new([]) };
    assert_eq!(
        problem(std::slice::from_ref(&large)),
        "byte 51: the invocation script has size 1025, at most 1024 is allowed"
    );
    let large = Witness { invocation: Script::new([]), verification: large.invocation };
    assert_eq!(problem(&[large]), "byte 52: the verification script has size 1025, at most 1024 is allowed");
}

#[test]
fn test_runs_may_break_rules_of_the_network() {
    let lenient = |change: fn(&mut UnsignedTransaction)| {
        let mut unsigned = unsigned();
        change(&mut unsigned);
        let tx = unsigned.with_empty_witnesses()?;
        assert!(Transaction::parse(&tx.to_bytes()).is_err());
        assert_eq!(tx.unsigned(), &unsigned);
        Ok::<_, neovm_chain::ReadError>(tx)
    };
    assert!(lenient(|tx| tx.version = 9).is_ok());
    assert!(lenient(|tx| tx.system_fee = -1).is_ok());
    assert!(lenient(|tx| tx.network_fee = i64::MAX).is_ok());
    assert!(lenient(|tx| tx.signers = vec![signer(1), signer(1)]).is_ok());
    assert!(lenient(|tx| tx.attributes = vec![Attribute::HighPriority; 2]).is_ok());
    assert!(lenient(|tx| tx.script = Script::new([])).is_ok());
    assert!(lenient(|tx| tx.script = vec![0x40; 70_000].into()).is_ok());
    assert!(lenient(|tx| tx.signers = vec![]).is_err(), "there is no sender");
}

#[test]
fn attributes() {
    let attribute = |digits: &str| {
        let bytes = hex::decode(digits.replace(' ', "")).unwrap();
        Attribute::read(&mut neovm_chain::Reader::new(&bytes)).map_err(|error| error.to_string())
    };
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(attribute("02"), refused("byte 0: the attribute's type is 0x02, not a known one"));
    assert_eq!(attribute("20 0000"), refused("byte 1: the attribute's height needs 4 bytes, 2 are left"));
    assert_eq!(attribute("20 01000000"), Ok(Attribute::NotValidBefore { height: 1 }));
    assert_eq!(attribute("22 ff"), Ok(Attribute::NotaryAssisted { keys: 255 }));
    let id = "0100000000000000";
    let response =
        |code, result: &[u8]| Attribute::OracleResponse(OracleResponse { id: 1, code, result: result.into() });
    assert_eq!(attribute(&format!("11 {id} 00 0107")), Ok(response(OracleResponseCode::Success, &[7])));
    assert_eq!(attribute(&format!("11 {id} 14 00")), Ok(response(OracleResponseCode::NotFound, &[])));
    assert_eq!(attribute(&format!("11 {id} 01 00")), refused("byte 9: the response code is 0x01, not a known one"));
    assert_eq!(
        attribute(&format!("11 {id} ff 0107")),
        refused("byte 10: the oracle's result has 1 byte, although the response code is Error")
    );
    let large = attribute(&format!("11 {id} 00 fe00000100"));
    assert_eq!(large, refused("byte 10: the oracle's result has size 65536, at most 65535 is allowed"));
}

#[test]
fn signers() {
    let account = "01".repeat(20);
    let scopes = |digits: &str| signer_refusal(&format!("{account} {digits}"));
    assert_eq!(scopes("02"), refused(20, "the signer's scopes are 0x02, which is not allowed"));
    assert_eq!(scopes("81"), refused(20, "the signer's scopes are 0x81, which is not allowed"));
    assert_eq!(scopes("10 11"), refused(21, "the list of allowed contracts has size 17, at most 16 is allowed"));
    assert_eq!(scopes("20 11"), refused(21, "the list of allowed groups has size 17, at most 16 is allowed"));
    assert_eq!(scopes("40 fd1100"), refused(21, "the list of rules has size 17, at most 16 is allowed"));
    assert_eq!(scopes("20 01 05"), refused(22, "the allowed group starts with 0x05, not with 2, 3 or 4"));
    let off_curve = "02 0000000000000000000000000000000000000000000000000000000000000001";
    let (offset, problem) = scopes(&format!("20 01 {off_curve}"));
    assert!(offset == 22 && problem.starts_with("the allowed group is refused: "), "{problem}");
    assert_eq!(scopes("40 01 02"), refused(22, "the rule's action is 2, neither 0 nor 1"));
    assert_eq!(scopes("40 01 01 04"), refused(23, "the condition's type is 0x04, not a known one"));
    assert_eq!(scopes("40 01 01 00 02"), refused(24, "the condition's value is 2, neither 0 nor 1"));
    assert_eq!(scopes("40 01 01 02 00"), refused(24, "the list of conditions is empty"));
    assert_eq!(scopes("40 01 01 03 11"), refused(24, "the list of conditions has size 17, at most 16 is allowed"));
    assert_eq!(scopes("40 01 01 01 01 01"), refused(26, "the condition is nested deeper than 3 levels"));
    assert_eq!(scopes("40 01 01 02 01 03 01 01 20"), refused(28, "the condition is nested deeper than 3 levels"));
    assert_eq!(scopes("40 01 01 28 00"), refused(24, "the condition's hash needs 20 bytes, 1 is left"));
}

#[test]
fn scopes_stand_for_rules() {
    let deny =
        WitnessRule { action: WitnessRuleAction::Deny, condition: Condition::CalledByContract(Hash160([3; 20])) };
    let mut signer = Signer {
        allowed_contracts: vec![Hash160([2; 20])],
        allowed_groups: vec![key()],
        rules: vec![deny.clone()],
        ..signer(1)
    };
    let mut rules = |scopes| {
        signer.scopes = scopes;
        signer.all_rules().map(|rule| rule.into_owned()).collect::<Vec<_>>()
    };
    let by_entry = WitnessRule::allow(Condition::CalledByEntry);
    let by_hash = WitnessRule::allow(Condition::ScriptHash(Hash160([2; 20])));
    let by_group = WitnessRule::allow(Condition::Group(key()));
    assert_eq!(rules(WitnessScopes::NONE), []);
    assert_eq!(rules(WitnessScopes::GLOBAL), [WitnessRule::allow(Condition::Boolean(true))]);
    assert_eq!(rules(WitnessScopes::CALLED_BY_ENTRY), vec![by_entry.clone()]);
    assert_eq!(rules(WitnessScopes::CUSTOM_GROUPS), vec![by_group.clone()]);
    assert_eq!(rules(WitnessScopes::all() - WitnessScopes::GLOBAL), [by_entry, by_hash, by_group, deny]);
}

#[test]
fn uncompressed_groups_are_written_compressed() {
    let point = neovm_crypto::uncompress_public_key(&key().0, neovm_crypto::Curve::Secp256r1).unwrap();
    let mut bytes = [[1; 20].as_slice(), &[0x20, 1]].concat();
    bytes.extend(point);
    let read = Signer::read(&mut neovm_chain::Reader::new(&bytes)).unwrap();
    assert_eq!(read.allowed_groups, [key()]);
}

#[test]
fn lengths_may_be_longer_than_necessary() {
    let short = unsigned().sign(&[Witness::empty()]).unwrap();
    let mut bytes = short.to_bytes();
    // The number of attributes as three bytes.
    bytes.splice(47..48, [0xfd, 0, 0]);
    let long = Transaction::parse(&bytes).unwrap();
    assert_eq!(long.hash(), short.hash());
    assert_eq!(long.to_bytes(), short.to_bytes());
    assert_eq!((long.size(), short.size()), (bytes.len(), bytes.len() - 2));
    // What follows is another matter.
    bytes.push(0);
    assert_eq!(Transaction::parse(&bytes).unwrap().size(), bytes.len() - 1);
}

fn header(merkle_root: Hash256) -> Header {
    let unsigned = UnsignedHeader {
        version: 0,
        previous_hash: Hash256([1; 32]),
        merkle_root,
        timestamp: 2,
        nonce: 3,
        index: 4,
        primary_index: 5,
        next_consensus: Hash160([6; 20]),
    };
    unsigned.sign(&Witness::empty()).unwrap()
}

#[test]
fn headers() {
    let mut bytes = header(Hash256::default()).to_bytes();
    let problem = |bytes: &[u8]| Header::parse(bytes).unwrap_err().to_string();
    assert_eq!(problem(&bytes[..107]), "byte 89: the next consensus needs 20 bytes, 18 are left");
    bytes[109] = 0;
    assert_eq!(problem(&bytes), "byte 109: the header's list of witnesses is empty");
    bytes[109] = 2;
    assert_eq!(problem(&bytes), "byte 109: the header's list of witnesses has size 2, at most 1 is allowed");
    bytes[0] = 1;
    assert_eq!(problem(&bytes), "byte 0: the header's version is 1, not 0");
}

#[test]
fn blocks() {
    let tx = std::sync::Arc::new(unsigned().sign(&[Witness::empty()]).unwrap());
    let block = Block::new(header(tx.hash()), vec![tx.clone()]).unwrap();
    assert_eq!(Block::parse(&block.to_bytes()).as_ref(), Ok(&block));
    let problem = |header, transactions| Block::new(header, transactions).unwrap_err();
    let twice = problem(header(merkle_root(&[tx.hash(), tx.hash()])), vec![tx.clone(), tx.clone()]);
    assert_eq!(twice.to_string(), format!("byte {}: the transaction {} occurs twice", 113 + tx.size(), tx.hash()));
    let wrong = problem(header(Hash256::default()), vec![tx.clone()]);
    assert_eq!(wrong.offset, 112);
    assert!(wrong.to_string().contains(&format!("the Merkle root {}", tx.hash())), "{wrong}");
    let mut bytes = header(Hash256::default()).to_bytes();
    bytes.extend([0xfe, 0, 0, 1, 0]);
    let limit = Block::parse(&bytes).unwrap_err();
    let ReadProblem::TooLarge { size: 65_536, limit: 65_535, .. } = limit.problem else { panic!("{limit}") };
}

#[test]
fn json() {
    let signer = Signer {
        scopes: WitnessScopes::all() - WitnessScopes::GLOBAL,
        allowed_contracts: vec![Hash160([2; 20])],
        allowed_groups: vec![key()],
        rules: vec![WitnessRule {
            action: WitnessRuleAction::Deny,
            condition: Condition::And(vec![
                Condition::Not(Condition::Boolean(false).into()),
                Condition::Or(vec![Condition::CalledByEntry, Condition::CalledByContract(Hash160([3; 20]))]),
                Condition::Group(key()),
                Condition::CalledByGroup(key()),
                Condition::ScriptHash(Hash160([4; 20])),
            ]),
        }],
        ..signer(1)
    };
    let json = signer.to_json();
    let text = json.to_string();
    let account = format!("0x{}", "01".repeat(20));
    assert!(text.starts_with(&format!(
        r#"{{"account":"{account}","scopes":"CalledByEntry, CustomContracts, CustomGroups, WitnessRules","allowedcontracts":["#
    )));
    let rule = r#""rules":[{"action":"Deny","condition":{"type":"And","expressions":[{"type":"Not","expression":{"type":"Boolean","expression":false}},{"type":"Or","#;
    assert!(text.contains(rule), "{text}");
    assert_eq!(Signer::from_json(&json), Ok(signer));

    let refused = |from: &str, to: &str| {
        let text = text.replace(from, to);
        let json = Json::parse(text.as_bytes(), 20).unwrap();
        Signer::from_json(&json).unwrap_err().to_string()
    };
    assert!(refused("CalledByEntry, ", "Global, ").ends_with("has Global together with other scopes"));
    assert!(
        refused("CalledByEntry, ", "Nowhere, ")
            .starts_with("signer.scopes: \"Nowhere\" is none of None, CalledByEntry")
    );
    assert_eq!(refused("\"rules\"", "\"x\""), "signer.rules: is missing");
    assert!(refused("Deny", "deny").starts_with("signer.rules[0].action: \"deny\" is none of Deny, Allow"));
    assert!(refused(KEY, "00").starts_with("signer.allowedgroups[0]: \"00\" is not a public key"));
    assert_eq!(
        refused("\"type\":\"Boolean\",\"expression\":false", "\"type\":\"Not\",\"expression\":{}"),
        "signer.rules[0].condition.expressions[0].expression.expression: is nested deeper than 3 levels"
    );
}

#[test]
fn transactions_as_json() {
    let mut unsigned = unsigned();
    unsigned.attributes = vec![
        Attribute::HighPriority,
        Attribute::NotValidBefore { height: 9 },
        Attribute::NotaryAssisted { keys: 3 },
        Attribute::Conflicts { hash: Hash256([8; 32]) },
        Attribute::OracleResponse(OracleResponse { id: 1 << 40, code: OracleResponseCode::Success, result: vec![1] }),
    ];
    let tx = unsigned.sign(&[Witness { invocation: Script::new([1]), verification: Script::new([2, 3]) }]).unwrap();
    let eights = "08".repeat(32);
    let expected = format!(
        r#"{{"hash":"{}","size":{},"version":0,"nonce":16909060,"sender":"NL1H4he1ggRajT1ZVqn23zveMRaH9jDvfh","sysfee":"5","netfee":"6","validuntilblock":7,"signers":[{{"account":"0x0101010101010101010101010101010101010101","scopes":"CalledByEntry"}}],"attributes":[{{"type":"HighPriority"}},{{"type":"NotValidBefore","height":9}},{{"type":"NotaryAssisted","nkeys":3}},{{"type":"Conflicts","hash":"0x{eights}"}},{{"type":"OracleResponse","id":1099511627776,"code":"Success","result":"AQ=="}}],"script":"QA==","witnesses":[{{"invocation":"AQ==","verification":"AgM="}}]}}"#,
        tx.hash(),
        tx.size(),
    );
    assert_eq!(tx.to_json(53).to_string(), expected);
    assert_eq!(Witness::from_json(&tx.witnesses()[0].to_json()).as_ref(), Ok(&tx.witnesses()[0]));

    let header = header(tx.hash());
    let text = header.to_json(53).to_string();
    let rest = r#""time":2,"nonce":"0000000000000003","index":4,"primary":5,"nextconsensus":"NLTpTRqixGkJfq7QVsPeomRPKsAgvNjWcQ","witnesses":["#;
    assert!(text.contains(rest), "{text}");
    let block = Block::new(header, vec![tx.into()]).unwrap();
    let text = block.to_json(53).to_string();
    assert!(text.ends_with("]}]}") && text.contains(&format!(r#","tx":[{expected}]}}"#)), "{text}");

    let read = |from: &str, to: &str| {
        let json = Json::parse(text.replacen(from, to, 1).as_bytes(), 20).unwrap();
        Block::from_json(&json, 53).map(|block| block.to_bytes()).map_err(|error| error.to_string())
    };
    assert_eq!(read("", ""), Ok(block.to_bytes()));
    // Sizes and the sender follow from the rest.
    assert_eq!(read(r#""size":"#, r#""hexed":"#), Ok(block.to_bytes()));
    assert_eq!(read(r#""sender":"#, r#""from":"#), Ok(block.to_bytes()));
    let refused = |from: &str, to: &str| read(from, to).unwrap_err();
    assert_eq!(refused(r#""time":2"#, r#""time":2.5"#), "block.time: is 2.5, not a whole number of the right size");
    assert_eq!(
        refused(r#""primary":5"#, r#""primary":256"#),
        "block.primary: is 256, not a whole number of the right size"
    );
    assert_eq!(refused(r#""nonce":"0"#, r#""nonce":"x"#), "block.nonce: invalid digit found in string");
    assert!(refused("NLTp", "NLTq").starts_with("block.nextconsensus: "));
    assert!(refused(r#""index":4"#, r#""index":6"#).starts_with("block.hash: is "));
    assert!(refused(r#""sysfee":"5""#, r#""sysfee":"7""#).starts_with("block.tx[0].hash: is "));
    assert_eq!(refused(r#""sysfee":"5""#, r#""sysfee":5"#), "block.tx[0].sysfee: is not a string");
    assert_eq!(
        refused(r#""nkeys":3"#, r#""nkeys":-3"#),
        "block.tx[0].attributes[2].nkeys: is -3, not a whole number of the right size"
    );
    assert_eq!(
        refused(r#""type":"HighPriority""#, r#""type":"Low""#),
        "block.tx[0].attributes[0].type: \"Low\" is none of HighPriority, OracleResponse, NotValidBefore, Conflicts, NotaryAssisted"
    );
    assert_eq!(refused(r#""script":"QA==""#, r#""script":"""#), "block.tx[0]: byte 101: the script is empty");
    assert_eq!(refused(r#""merkleroot":"0x"#, r#""root":"0x"#), "block.merkleroot: is missing");
    assert_eq!(refused(r#","tx":["#, r#","tx":{},"x":["#), "block.tx: is not an array");
}
