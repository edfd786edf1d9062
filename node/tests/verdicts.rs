//! 439 transactions, good and bad in every way, and recorded chains, beside what
//! neo-go 0.120 said of them. Where it decides otherwise than the reference does, the
//! transaction is listed here with the reason.

use std::{collections::BTreeMap, fs::File, io::Read, path::Path, sync::Arc};

use flate2::read::GzDecoder;
use neovm_chain::{DumpReader, Transaction, contract};
use neovm_host::{Chain, Network};
use neovm_node::{
    config,
    verify::{Pool, VerifyLevel, VerifyResult, network_fee, verify_block},
};
use neovm_testing::{data, say, shared};
use serde_json::Value;

/// neo-go refuses a system fee above its own setting MaxBlockSystemFee.
const SYSTEM_FEE: &str = "no limit of the system fee";
/// `MemoryReader.ReadBoolean` takes only 0 and 1; neo-go takes any byte for true.
const BOOLEAN: &str = "a Boolean of another byte than 0 and 1";
/// `Script` takes no jump to its end; neo-go does.
const JUMP_TO_END: &str = "a jump to the end of the script";
/// The reference hashes, and so verifies, what it would write; neo-go what it was sent.
const LENGTHS: &str = "lengths longer than necessary";
/// `OracleResponse.Verify` wants exactly the GAS that was paid; neo-go at least that.
const ORACLE_FEE: &str = "more GAS than was paid for the answer";
/// `TransactionVerificationContext` takes one answer to a request; in neo-go one that
/// pays more takes the place.
const ANSWERED: &str = "an oracle request answered in the pool";
/// `PolicyContract.GetExecFeeFactor` rounds the price of a unit down to datoshi for
/// witnesses of standard accounts; neo-go executes them at the price in picoGAS.
const ROUNDED: &str = "the price of a unit rounded down";

/// Transactions that one accepts and the other refuses.
const DECIDED_OTHERWISE: [(&str, &str); 25] = [
    ("sysfee-over-block-limit", SYSTEM_FEE),
    ("B-sysfee-over-block-limit", SYSTEM_FEE),
    ("scope-rule-boolean-2", BOOLEAN),
    ("txscript-jump-to-end", JUMP_TO_END),
    ("enc-signers-count-fd", LENGTHS),
    ("enc-signers-count-ff", LENGTHS),
    ("enc-script-len-fd", LENGTHS),
    ("enc-attr-fd-signed-as-sent", LENGTHS),
    ("B-enc-attr-count-fd", LENGTHS),
    ("B-enc-signers-fd-signed-as-sent", LENGTHS),
    ("B-enc-script-len-fd-signed-as-sent", LENGTHS),
    ("oracle-fee-one-more", ORACLE_FEE),
    ("oracle-answered-twice-in-pool", ANSWERED),
    ("B-fee-one-below", ROUNDED),
    ("B-multisig-1of2-one-below", ROUNDED),
    ("B-multisig-2of3-one-below", ROUNDED),
    ("B-multisig-3of4-one-below", ROUNDED),
    ("B-multisig-5of7-one-below", ROUNDED),
    ("B-two-signers-one-below", ROUNDED),
    ("B-signer-multisig-mix-one-below", ROUNDED),
    ("B-nvb-fee-one-below", ROUNDED),
    ("B-notary-0-keys-one-below", ROUNDED),
    ("B-notary-1-keys-one-below", ROUNDED),
    ("B-notary-5-keys-one-below", ROUNDED),
    ("B-notary-pays-one-below", ROUNDED),
];

/// `Transaction.VerifyStateDependent` looks at what the payer has, here a deposit, before witnesses.
const FUNDS_FIRST: &str = "the deposit before the witnesses";
/// It looks at attributes before the network fee and before witnesses.
const ATTRIBUTES_FIRST: &str = "the attributes before the fee and the witnesses";
/// `Transaction.VerifyStateIndependent` comes before what depends on the state.
const SIGNATURES_FIRST: &str = "the signatures before the fee";
/// neo-go reads attributes of types that are reserved for private networks.
const RESERVED: &str = "an attribute of a reserved type";

/// Transactions that both refuse, for another reason, and the reference's result; none
/// if it does not read them.
const OTHER_REASON: [(&str, Option<VerifyResult>, &str); 19] = [
    ("old-conflicts-same-twice", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("sysfee-over-balance", Some(VerifyResult::InsufficientFunds), SYSTEM_FEE),
    ("B-sysfee-over-balance", Some(VerifyResult::InsufficientFunds), SYSTEM_FEE),
    ("B-notary-pays-over-deposit", Some(VerifyResult::InsufficientFunds), FUNDS_FIRST),
    ("B-notary-pays-small-deposit", Some(VerifyResult::InsufficientFunds), FUNDS_FIRST),
    ("B-notary-pays-no-deposit", Some(VerifyResult::InsufficientFunds), FUNDS_FIRST),
    ("notary-pays-three-signers", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("B-notary-pays-alone", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-notary-pays-alone", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-nvb-max", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-high-priority-member-only", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-conflicts-with-chain-other-signer", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-oracle-no-request", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-oracle-fee-one-less", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-oracle-scope-entry", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-oracle-not-designated", Some(VerifyResult::InvalidAttribute), ATTRIBUTES_FIRST),
    ("old-multisig-same-twice", Some(VerifyResult::InvalidSignature), SIGNATURES_FIRST),
    ("attr-reserved-ff", None, RESERVED),
    ("B-attr-reserved-e0", None, RESERVED),
];

fn read_lines(path: &Path) -> Vec<Value> {
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn network(folder: &Path, name: &str) -> Network {
    Network::new(config::load(folder.join(format!("{name}.neogo.yml")).to_str().unwrap()).unwrap())
}

/// The first blocks of a dump, executed; each is verified before.
fn chain(folder: &Path, name: &str, blocks: usize, level: VerifyLevel) -> Chain {
    let mut chain = Chain::with_network(Arc::new(network(folder, name))).unwrap();
    let dump = DumpReader::new(File::open(folder.join(format!("{name}.acc"))).unwrap()).unwrap();
    for block in dump.take(blocks).skip(1) {
        let block = block.unwrap();
        if let Err(refusal) = verify_block(chain.network(), chain.store(), &block, level) {
            panic!("{name}, block {}: {refusal}", block.index);
        }
        chain.persist(&block).unwrap();
    }
    chain
}

fn transaction(raw: &Value) -> Option<Transaction> {
    Transaction::parse(&hex::decode(raw.as_str().unwrap()).unwrap()).ok()
}

/// The result over a state; none if the transaction cannot be read.
fn verify(chain: &Chain, line: &Value) -> Option<VerifyResult> {
    let mut pool = Pool::new();
    let mut send = |raw: &Value| {
        let transaction = Arc::new(transaction(raw)?);
        Some(pool.try_add(chain.network(), chain.store(), transaction).unwrap())
    };
    for pooled in line["pool"].as_array().into_iter().flatten() {
        send(&pooled["raw"]);
    }
    send(&line["raw"])
}

/// The results that agree with a refusal of neo-go.
fn classes(answer: &Value) -> &'static [Option<VerifyResult>] {
    use VerifyResult::*;
    let text = answer["data"].as_str().unwrap();
    match answer["code"].as_i64().unwrap() {
        // It does not tell a fee that is too small for a witness from a witness that fails.
        -500 if text.contains("GAS limit exceeded") => &[Some(InsufficientFunds), Some(Invalid)],
        -500 if text.contains("has conflicts") => &[Some(HasConflicts)],
        -500 => &[Some(Invalid)],
        -501 => &[Some(AlreadyExists)],
        -503 => &[Some(AlreadyInPool)],
        -504 | -511 => &[Some(InsufficientFunds)],
        -505 => &[Some(PolicyFail)],
        -506 => &[Some(InvalidScript)],
        -507 => &[Some(InvalidAttribute)],
        // A signature that is wrong, or a witness that leaves false.
        -508 => &[Some(InvalidSignature), Some(Invalid)],
        -510 => &[Some(Expired), Some(NotYetValid)],
        -32602 => &[None],
        code => panic!("what is {code}: {text}?"),
    }
}

#[test]
fn verdicts_of_neo_go() {
    let folder = data().join("rich");
    let chains: BTreeMap<u64, Chain> = [31, 33]
        .map(|blocks| (blocks as u64, chain(&folder, "verd", blocks, VerifyLevel::Headers)))
        .into_iter()
        .collect();
    let mut otherwise: BTreeMap<_, _> = DECIDED_OTHERWISE.into_iter().collect();
    let mut other_reason: BTreeMap<_, _> =
        OTHER_REASON.into_iter().map(|(name, result, why)| (name, (result, why))).collect();
    let lines = read_lines(&folder.join("verdicts.jsonl.gz"));
    assert_eq!(lines.len(), 439);
    for line in &lines {
        let name = line["name"].as_str().unwrap();
        let found = verify(&chains[&line["state"]["blocks"].as_u64().unwrap()], line);
        let (expected, answer) = (line["ok"] == true, &line["answer"]);
        let accepted = found == Some(VerifyResult::Succeed);
        if otherwise.remove(name).is_some() {
            assert_ne!(accepted, expected, "{name} is no exception: {found:?}");
        } else if let Some((result, _)) = other_reason.remove(name) {
            assert_eq!(found, result, "{name}");
            assert!(!classes(answer).contains(&found), "{name} is no exception: {found:?}");
        } else {
            assert_eq!(accepted, expected, "{name}: {found:?}, {answer}");
            assert!(expected || classes(answer).contains(&found), "{name}: {found:?}, {answer}");
        }
    }
    assert!(otherwise.is_empty() && other_reason.is_empty(), "{otherwise:?} {other_reason:?}");
}

/// The fee is that of neo-go where all accounts are standard ones that have signed as
/// usual, and a unit costs a whole number of datoshi.
#[test]
fn network_fees_of_neo_go() {
    let folder = data().join("rich");
    let chain = chain(&folder, "verd", 31, VerifyLevel::None);
    let mut compared = 0;
    for line in read_lines(&folder.join("verdicts.jsonl.gz")) {
        let Some(transaction) = transaction(&line["raw"]).filter(|_| line["state"]["blocks"] == 31) else { continue };
        let is_usual = transaction.signers.iter().zip(transaction.witnesses()).all(|(signer, witness)| {
            let signatures = contract::signatures(witness.invocation.bytes()).map(|signatures| signatures.len());
            let required = match contract::multisig_contract(witness.verification.bytes()) {
                Some(multisig) => Some(multisig.required),
                None => contract::is_signature_contract(witness.verification.bytes()).then_some(1),
            };
            required.is_some() && signatures == required && witness.script_hash() == signer.account
        });
        if is_usual {
            let fee = network_fee(chain.network(), chain.store(), &transaction).unwrap();
            assert_eq!(line["calculatenetworkfee"]["networkfee"], fee.to_string(), "{}", line["name"]);
            compared += 1;
        }
    }
    assert_eq!(compared, 79);
}

/// The `verify` of a contract counts with the invocation script that is there.
#[test]
fn network_fees_of_contracts() {
    let folder = data().join("rich");
    let chain = chain(&folder, "verd", 31, VerifyLevel::None);
    let lines = read_lines(&folder.join("verdicts.jsonl.gz"));
    for name in ["contract-vone", "contract-vpar-5", "contract-vcallall", "contract-verify-true-sender"] {
        let line = lines.iter().find(|line| line["name"] == name).unwrap();
        let fee = network_fee(chain.network(), chain.store(), &transaction(&line["raw"]).unwrap()).unwrap();
        assert_eq!(line["calculatenetworkfee"]["networkfee"], fee.to_string(), "{name}");
    }
}

#[test]
fn a_recorded_chain_is_verified() {
    chain(&data().join("rich"), "verd", 33, VerifyLevel::Full);
}

#[test]
fn recorded_chains_are_verified() {
    let Some(folder) = shared("reference/host/rich") else {
        return say("SKIPPED: recorded_chains_are_verified: there is no ../shared/reference/host/rich");
    };
    for name in ["stair", "echidna0", "mid"] {
        chain(&folder, name, usize::MAX, VerifyLevel::Full);
    }
}
