//! Job files over outcomes that were recorded of the reference node.

use std::{collections::HashMap, io::Read, path::Path};

use flate2::read::GzDecoder;
use neovm_host::{
    Network, ProtocolSettings, Receipt, execute, execute_block, genesis_block,
    job_file::{JobError, JobFile, OwnedJob, RecordingStore, difference},
};
use neovm_storage::{Batch, Key, MemoryStore, WriteStore};
use serde_json::{Value, json};

/// A network, its genesis state, and what the recorded lines defined.
struct World {
    network: Network,
    genesis: MemoryStore,
    headers: HashMap<String, String>,
    changes: HashMap<String, Batch>,
}

fn lines() -> impl Iterator<Item = Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/host-cases.jsonl.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>().into_iter()
}

fn recorded_changes(case: &Value) -> Batch {
    let changes = case["outcome"]["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let change = |change: &Value| {
        let value = (change["op"] != "delete").then(|| bytes(&change["value"]).into());
        (Key::from_bytes(&bytes(&change["key"])), value)
    };
    changes.iter().map(change).collect()
}

/// The expected receipt: recorded changes have the former values, too.
fn expected(case: &Value) -> Value {
    let mut receipt = case["outcome"].clone();
    let change = |change: &Value| json!({"key": change["key"], "value": if change["op"] == "delete" { &Value::Null } else { &change["value"] }});
    let changes = receipt["changes"].as_array().map(|changes| changes.iter().map(change).collect::<Vec<_>>());
    receipt["changes"] = changes.unwrap_or_default().into();
    receipt
}

impl World {
    fn new(settings: ProtocolSettings) -> Self {
        let network = Network::new(settings);
        let mut genesis = MemoryStore::default();
        let block = genesis_block(network.settings()).unwrap();
        let receipt = execute_block(&network, &genesis, &block).unwrap();
        genesis.write(&receipt.changes).unwrap();
        Self { network, genesis, headers: HashMap::new(), changes: HashMap::new() }
    }

    /// The job file of a recorded case, its state written as changes of the genesis state.
    fn file(&self, case: &Value) -> Value {
        let mut storage = serde_json::Map::new();
        for id in case["pre"].as_array().unwrap() {
            for (key, value) in self.changes.get(id.as_str().unwrap()).into_iter().flatten() {
                storage.insert(hex::encode(&**key), json!(value.as_ref().map(hex::encode)));
            }
        }
        let flags = neovm_types::CallFlags::from_bits(case["callFlags"].as_u64().unwrap() as u8).unwrap();
        let mut job = json!({
            "trigger": case["trigger"],
            "container": if case["container"] == "tx" { "transaction".into() } else { case["container"].clone() },
            "gas": case["gas"],
            "script": case["script"],
            "flags": flags.to_string(),
        });
        if let Some(transaction) = case["tx"]["raw"].as_str() {
            job["transaction"] = transaction.into();
        }
        if let Some(name) = case["block"].as_str() {
            job["block"] = self.headers.get(name).map_or(name, String::as_str).into();
        }
        json!({
            "format": "neovm-job-1",
            "network": self.network.settings(),
            "genesis": true,
            "storage": storage,
            "job": job,
            "receipt": expected(case),
        })
    }
}

fn run(network: &Network, file: &JobFile) -> (Receipt, Batch) {
    let store = file.store(network).unwrap();
    let store = RecordingStore::new(&store);
    let mut receipt = execute(network, &store, &file.job.job()).unwrap();
    receipt.retain_net_changes(&store).unwrap();
    (receipt, store.read())
}

#[test]
fn recorded_cases_run_as_files() {
    let mut worlds: HashMap<String, World> = HashMap::new();
    let mut count = 0;
    for line in lines() {
        let kind = line["kind"].as_str().unwrap();
        if kind == "settings" {
            let settings = serde_json::from_value(line.clone()).unwrap();
            worlds.insert(line["name"].as_str().unwrap().into(), World::new(settings));
            continue;
        }
        let Some(world) = line["settings"].as_str().and_then(|name| worlds.get_mut(name)) else { continue };
        if kind == "block" {
            let text = |field: &str| line[field].as_str().unwrap().to_owned();
            world.headers.insert(text("name"), text("headerHex"));
        }
        if kind != "case" {
            continue;
        }
        let file = JobFile::from_json(world.file(&line).to_string().as_bytes()).unwrap();
        let (receipt, read) = run(&world.network, &file);
        let expected = file.receipt.as_ref().unwrap();
        let name = &line["id"];
        assert_eq!(difference(expected, &receipt.to_json(file.job.gas)), None, "{name}");
        // Again, over what was read alone, from the file that is written.
        let small = JobFile::new(file.settings.clone(), read, file.job.clone());
        let small = JobFile::from_json(small.to_json().as_bytes()).unwrap();
        let (receipt, _) = run(&world.network, &small);
        assert_eq!(difference(expected, &receipt.to_json(file.job.gas)), None, "{name}, over what it read");
        count += 1;
        if let Some(id) = line["id"].as_str() {
            world.changes.insert(id.into(), recorded_changes(&line));
        }
    }
    assert!(count > 3000, "{count} cases");
    assert_eq!(worlds.values().map(|world| world.genesis.is_empty()).max(), Some(false));
}

/// A job that is given as a call, with the fields of a block.
#[test]
fn a_call_and_the_fields_of_a_block() {
    let text = r#"{
        "format": "neovm-job-1", "network": "private", "genesis": true,
        "job": {
            "gas": 100000000,
            "block": {"index": 1, "timestamp": 1700000000000, "nextConsensus": "0xd2a4cff31913016155e38e474a2c06d08be276cf"},
            "call": {"contract": "0xd2a4cff31913016155e38e474a2c06d08be276cf", "method": "balanceOf",
                     "arguments": [{"type": "ByteString", "value": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}]}
        }
    }"#;
    let file = JobFile::from_json(text.as_bytes()).unwrap();
    assert_eq!(file.job.block.as_ref().unwrap().header().timestamp, 1_700_000_000_000);
    let network = Network::new(file.settings.clone());
    let (receipt, read) = run(&network, &file);
    assert_eq!(receipt.stack, [0]);
    assert!(receipt.changes.is_empty());
    assert!(!read.is_empty());
    let again = JobFile::from_json(file.to_json().as_bytes()).unwrap();
    assert_eq!(again.to_json(), file.to_json());
    let witness = OwnedJob::from_json(
        br#"{"trigger":"Verification","gas":1000000,"witness":{"account":"0x0000000000000000000000000000000000000001","verification":"11"}}"#,
    );
    assert!(matches!(witness.unwrap().entry, neovm_host::Entry::Witness { strict: true, .. }));
    let lenient = text.replace(r#""call": {"contract""#, r#""witness": {"strict": false, "account""#);
    let lenient = lenient[..lenient.find(r#", "method""#).unwrap()].to_owned() + "}}}";
    let lenient = JobFile::from_json(lenient.as_bytes()).unwrap();
    let again = JobFile::from_json(lenient.to_json().as_bytes()).unwrap();
    assert!(matches!(again.job.entry, neovm_host::Entry::Witness { strict: false, .. }));
}

/// What is wrong is said with its place.
#[test]
fn malformed_files_are_refused() {
    let field = |job: &str| match OwnedJob::from_json(job.as_bytes()).unwrap_err() {
        JobError::Field { field, .. } => field,
        JobError::Json(text) => text,
    };
    assert_eq!(field(r#"{"gas":1}"#), "script");
    assert_eq!(field(r#"{"script":"11"}"#), "gas");
    assert_eq!(field(r#"{"gas":-1,"script":"11"}"#), "gas");
    assert_eq!(field(r#"{"gas":1,"script":"0x11"}"#), "script");
    assert_eq!(field(r#"{"gas":1,"script":"11","witness":{"account":""}}"#), "script");
    assert_eq!(field(r#"{"gas":1,"script":"11","flags":"Everything"}"#), "flags");
    assert_eq!(field(r#"{"gas":1,"script":"11","trigger":"Now"}"#), "trigger");
    assert_eq!(field(r#"{"gas":1,"script":"11","container":"block"}"#), "container");
    assert_eq!(field(r#"{"gas":1,"script":"11","block":"00"}"#), "block");
    assert_eq!(field(r#"{"gas":1,"transaction":"00"}"#), "transaction");
    assert_eq!(field(r#"{"gas":1,"call":{"contract":"0x","method":"m"}}"#), "call.contract");
    let call = r#"{"gas":1,"call":{"contract":"0xd2a4cff31913016155e38e474a2c06d08be276cf","method":"m","arguments":[{"type":"Pointer"}]}}"#;
    assert_eq!(field(call), "call.arguments[0]");
    assert!(field(r#"{"gas":1,"scrpt":"11"}"#).contains("unknown field `scrpt`"));
    let deep = format!(
        r#"{{"gas":1,"call":{{"contract":"0xd2a4cff31913016155e38e474a2c06d08be276cf","method":"m","arguments":{}"#,
        "[".repeat(100_000)
    );
    assert!(field(&deep).contains("recursion limit"));
    let file = |text: &str| JobFile::from_json(text.as_bytes()).unwrap_err().to_string();
    assert!(
        file(r#"{"format":"neovm-job-2","network":"private","job":{"gas":1,"script":"11"}}"#).starts_with("format: ")
    );
    assert!(
        file(r#"{"format":"neovm-job-1","network":"othernet","job":{"gas":1,"script":"11"}}"#).contains("othernet")
    );
    let storage = r#"{"format":"neovm-job-1","network":"private","storage":{"0g":"00"},"job":{"gas":1,"script":"11"}}"#;
    assert!(file(storage).starts_with("storage: "));
    let storage = r#"{"format":"neovm-job-1","network":"private","storage":{"0a0b0c0d":"00","0A0B0C0D":"01"},"job":{"gas":1,"script":"11"}}"#;
    assert_eq!(file(storage), "storage.0A0B0C0D: the same key is there already");
    assert!(file(&storage.to_lowercase()).starts_with("key \"0a0b0c0d\" occurs twice at line 1"));
    assert!(
        file(r#"{"format":"neovm-job-1","network":"private","job":{"gas":1,"script":"1"}}"#)
            .starts_with("job.script: ")
    );
}

/// No error names what only the library knows: types, variants, derived texts.
#[test]
fn errors_speak_of_the_file() {
    let file = |text: &str| JobFile::from_json(text.as_bytes()).unwrap_err().to_string();
    let with =
        |network: &str, job: &str| file(&format!(r#"{{"format":"neovm-job-1","network":{network},"job":{job}}}"#));
    let call = |arguments: &str| {
        let contract = "0xd2a4cff31913016155e38e474a2c06d08be276cf";
        with(
            r#""private""#,
            &format!(r#"{{"gas":1,"call":{{"contract":"{contract}","method":"m","arguments":{arguments}}}}}"#),
        )
    };
    let job = r#"{"gas":1,"script":"11"}"#;
    let expected = [
        (file("5"), "invalid type: integer `5`, expected a job file, which is an object at line 1 column 1"),
        (with("5", job), "invalid type: integer `5`, expected a text or an object at line 1 column 35"),
        (
            with(r#"{"network":"x"}"#, job),
            "invalid type: string \"x\", expected an integer from 0 to 4294967295 at line 1 column 48",
        ),
        (with(r#"{"network":7}"#, job), "missing field `addressVersion` at line 1 column 47"),
        (with(r#""othernet""#, job), "network \"othernet\": it is none of mainnet, testnet and private at line 1"),
        (with(r#""private""#, r#""x""#), "invalid type: string \"x\", expected a job, which is an object at line 1"),
        (
            with(r#""private""#, r#"{"gas":1,"script":"11","block":{"index":-1}}"#),
            "invalid value: integer `-1`, expected an integer from 0 to 4294967295 at line 1 column 92",
        ),
        (
            with(r#""private""#, r#"{"gas":1,"script":"11","block":{"index":1}}"#),
            "missing field `timestamp` at line 1 column 92",
        ),
        (with(r#""private""#, r#"{"gas":1,"script":"11","block":7}"#), "invalid type: integer `7`, expected a text or"),
        (with(r#""private""#, r#"{"gas":-1,"script":"11"}"#), "job.gas: -1 is negative"),
        (with(r#""private""#, r#"{"gas":1,"script":"1x"}"#), "job.script: \"1x\" is not hexadecimal"),
        (call("5"), "invalid type: integer `5`, expected a list at line 1"),
        (
            call(r#"[1,[{"type":"Array","value":[2,{"type":"Hash160","value":"0x12"}]}]]"#),
            "job.call.arguments[1][0].value[1]: value of type Hash160: \"0x12\" is neither 0x and 40 digits nor an address",
        ),
        (
            call(r#"[{"type":"Map","value":[{"key":1,"value":{"type":"Boolean","value":"yes"}}]}]"#),
            "job.call.arguments[0].value[0].value: value of type Boolean: it must be true or false, not the text \"yes\"",
        ),
        (call(r#"[{"a":[1.5]}]"#), "job.call.arguments[0].a[0]: 1.5 is not an integer of 64 bits"),
        (call(r#"[{"type":"Integer","value":1,"value":2}]"#), "key \"value\" occurs twice at line 1"),
    ];
    let wrong: Vec<_> = expected.iter().filter(|(error, beginning)| !error.starts_with(beginning)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The examples of the page on embedding do what it says.
#[test]
fn documented_files_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/embedding.md");
    let page = std::fs::read_to_string(path).unwrap();
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let examples: Vec<&str> = blocks.filter(|block| block.contains("\"neovm-job-1\"")).collect();
    assert_eq!(examples.len(), 2);
    let result = |example: &str| {
        let file = JobFile::from_json(example.as_bytes()).unwrap();
        let network = Network::new(file.settings.clone());
        let (receipt, _) = run(&network, &file);
        assert!(receipt.halted(), "{:?}", receipt.fault);
        receipt.stack
    };
    assert_eq!(result(examples[0]), [5]);
    // Two hashes, which are the same, the one as digits and the other as an address; and so on.
    let [written] = &result(examples[1])[..] else { panic!("one result") };
    let bytes = written.with_bytes(<[u8]>::to_vec).unwrap();
    let hash = "2814f563ea40bc283d4d0e05c48ea305b3f2a07340ef";
    let number = "210dd20a3f4eeee073c3f60fe98e01";
    let map = "480128036f6e65210101";
    assert_eq!(hex::encode(bytes), format!("4009{hash}{hash}{number}2803000102{map}280474657874210105200100"));
}

/// An array that holds another one twice, and so on, has more places than could be written.
#[test]
fn shared_items_do_not_multiply() {
    use neovm_types::StackItem;
    let shared = (0..40).fold(StackItem::array([]), |inner, _| StackItem::array([inner.clone(), inner]));
    let text = neovm_host::job_file::item_to_json(&shared).to_string();
    assert!(text.contains("\"cut\":true") && text.len() < 32 << 20, "{}", text.len());
    let large = StackItem::from(vec![0; 1 << 20]);
    let text = neovm_host::job_file::item_to_json(&StackItem::array(vec![large; 2000])).to_string();
    assert!(text.contains("\"cut\":true") && text.len() < 128 << 20, "{}", text.len());
}
