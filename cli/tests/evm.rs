//! `neovm evm`: accounts in a folder, and the inputs and outputs of transitions.

mod common;

use std::{fs, path::PathBuf};

use common::{neovm, neovm_with};
use neovm::storage::TrieMode;
use neovm_disk::{Disk, Settings};
use serde_json::{Value, json};

/// A folder for one test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Makes a contract that counts its calls.
const COUNTER: &str = "6d5f54600101805f555f5260205ff35f52600e6012f3";
const ADDRESS: &str = "0x1f2a98889594024bffda3311cbe69728d392c06d";

fn output(answer: &str) -> u64 {
    let digits = answer.lines().next().unwrap().trim_start_matches("0x");
    u64::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("{answer}"))
}

#[test]
fn accounts_stay_in_their_folder() {
    let folder = folder("evm-accounts");
    let data = folder.to_str().unwrap();
    let call = |more: &[&str]| neovm(&[&["evm", "call", ADDRESS, "--data", data], more].concat());
    assert!(call(&[]).err.contains("there are no accounts in"));
    let made = neovm(&["evm", "deploy", COUNTER, "--data", data]);
    assert!(made.code == 0 && made.out.contains("created 0x1f2a98889594024BFfdA3311CbE69728d392C06D"), "{}", made.err);
    assert_eq!(output(&call(&[]).out), 1);
    assert_eq!(output(&call(&["--dry-run"]).out), 2);
    assert_eq!(output(&call(&[]).out), 2);
    // What fails changes nothing: out of gas behind the write.
    assert_eq!(call(&["--gas", "2500"]).code, 3);
    let dump = call(&["--dry-run", "--dump", "--json"]);
    let accounts: Value = serde_json::from_str(&dump.out).unwrap();
    let slot = format!("0x{:064x}", 0);
    assert_eq!(accounts["accounts"][ADDRESS]["storage"][slot], format!("0x{:064x}", 3));
    // There is no contract at another address, nor money that nobody gave.
    let other = neovm(&["evm", "call", "0x00000000000000000000000000000000000000ee", "--data", data]);
    assert!(other.code == 1 && other.err.contains("there is no contract at"), "{}", other.err);
    let poor = call(&["--value", "1"]);
    assert!(poor.code == 3 && poor.out.contains("halted"), "{}{}", poor.out, poor.err);
    // The second contract of the account is another one.
    let second = neovm(&["evm", "deploy", COUNTER, "--data", data]);
    assert!(second.code == 0 && !second.out.contains("1f2a9888"), "{}", second.out);
}

#[test]
fn a_folder_in_use_or_of_another_chain_is_refused() {
    let folder = folder("evm-in-use");
    let data = folder.to_str().unwrap();
    assert_eq!(neovm(&["evm", "deploy", COUNTER, "--data", data]).code, 0);
    let settings = |network| Settings { network, trie_mode: TrieMode::None, ..Settings::default() };
    let held = Disk::open(&folder, settings(u32::from_le_bytes(*b"EVM\0"))).unwrap();
    let answer = neovm(&["evm", "call", ADDRESS, "--data", data]);
    assert!(answer.code == 1 && answer.err.contains("this folder is in use already"), "{}", answer.err);
    drop(held);
    assert_eq!(neovm(&["evm", "call", ADDRESS, "--data", data]).code, 0);
    // There is no chain that could be replayed.
    let format = folder.join("format");
    fs::write(&format, "nothing of the kind").unwrap();
    let answer = neovm(&["evm", "call", ADDRESS, "--data", data]);
    assert!(answer.code == 1 && answer.err.contains("The accounts are lost unless there is a copy"), "{}", answer.err);
    assert!(!answer.err.contains("replay"), "{}", answer.err);
    let chain = self::folder("evm-other-chain");
    drop(Disk::open(&chain, settings(860_833_102)).unwrap());
    let answer = neovm(&["evm", "deploy", COUNTER, "--data", chain.to_str().unwrap()]);
    assert!(answer.code == 1 && answer.err.contains("holds the chain of network 860833102"), "{}", answer.err);
}

/// A transition that geth has made.
fn case(name: &str) -> Value {
    let path = format!("{}/../evm/tests/data/t8n/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

const STDIN: [&str; 8] = ["evm", "t8n", "--input.alloc", "stdin", "--input.env", "stdin", "--input.txs", "stdin"];

#[test]
fn transitions_go_through_streams_and_files() {
    let case = case("london");
    let (input, expected) = (case["input"].to_string(), &case["output"]);
    let streams = ["--output.alloc", "stdout", "--output.result", "stdout", "--output.body", "stderr"];
    let answer = neovm_with(&[&STDIN[..], &streams].concat(), input.as_bytes());
    assert_eq!(answer.code, 0, "{}", answer.err);
    let (out, err): (Value, Value) =
        (serde_json::from_str(&answer.out).unwrap(), serde_json::from_str(&answer.err).unwrap());
    assert_eq!(out["alloc"], expected["alloc"]);
    assert_eq!(out["result"]["stateRoot"], expected["result"]["stateRoot"]);
    assert_eq!(err, json!({ "body": expected["body"] }));
    // The same by files, with the transactions in RLP.
    let folder = folder("evm-t8n");
    fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    for (name, value) in
        [("alloc.json", &case["input"]["alloc"]), ("env.json", &case["input"]["env"]), ("txs.rlp", &expected["body"])]
    {
        fs::write(path(name), value.as_str().map_or_else(|| value.to_string(), |text| format!("\"{text}\""))).unwrap();
    }
    let (alloc, env, txs, out) = (path("alloc.json"), path("env.json"), path("txs.rlp"), path("out/deep"));
    let inputs = ["evm", "t8n", "--input.alloc", &alloc, "--input.env", &env, "--input.txs", &txs];
    let outputs = ["--output.basedir", &out, "--output.body", "body.rlp"];
    let answer = neovm(&[&inputs[..], &outputs].concat());
    assert_eq!((answer.code, answer.out.as_str()), (0, ""), "{}", answer.err);
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join("out/deep").join(name)).unwrap()).unwrap()
    };
    assert_eq!(read("alloc.json"), expected["alloc"]);
    assert_eq!(read("body.rlp"), expected["body"]);
    assert_eq!(read("result.json")["receipts"], expected["result"]["receipts"]);
}

#[test]
fn each_transaction_has_a_trace() {
    let case = case("london");
    let folder = folder("evm-traces");
    let trace = ["--output.basedir", folder.to_str().unwrap(), "--output.alloc", "", "--trace"];
    let run = |more: &[&str]| neovm_with(&[&STDIN[..], &trace, more].concat(), case["input"].to_string().as_bytes());
    let answer = run(&[]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let result: Value = serde_json::from_str(&fs::read_to_string(folder.join("result.json")).unwrap()).unwrap();
    let hash = |receipt: &Value| receipt["transactionHash"].as_str().unwrap().to_owned();
    let mut executed: Vec<_> = result["receipts"].as_array().unwrap().iter().map(hash).collect();
    let mut traces: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    traces.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    traces.sort();
    for (number, path) in traces.iter().enumerate() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let hash = name.strip_prefix(&format!("trace-{number}-")).unwrap_or_else(|| panic!("{name}"));
        let text = fs::read_to_string(path).unwrap();
        // One that is not valid has an empty trace.
        assert_eq!(executed.iter().any(|one| one == hash), !text.is_empty(), "{name}");
        executed.retain(|one| one != hash);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.last().is_none_or(|end| end["gasUsed"].is_string()), "{name}");
        assert!(
            lines.iter().all(|line| line["memory"].is_null() && line["stack"].is_null() == line["output"].is_string())
        );
    }
    assert!(executed.is_empty() && traces.len() >= 3, "{traces:?}");
    // One that the fork does not know has none at all.
    let berlin = self::folder("evm-traces-of-berlin");
    let to = ["--output.basedir", berlin.to_str().unwrap(), "--trace", "--state.fork", "Berlin"];
    let answer = neovm_with(&[&STDIN[..], &to].concat(), self::case("berlin")["input"].to_string().as_bytes());
    assert_eq!(answer.code, 0, "{}", answer.err);
    let names = fs::read_dir(&berlin).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("trace-")).count(), 2);
    assert_eq!(run(&["--trace.nostack", "--trace.memory", "--trace.returndata"]).code, 0);
    let texts = traces.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<String>();
    assert!(texts.contains("\"stack\":null") && texts.contains("\"memory\":\"0x"), "{texts}");
    // A folder that cannot be made.
    let answer = neovm_with(
        &[&STDIN[..], &["--output.basedir", "/dev/null/x", "--trace"]].concat(),
        case["input"].to_string().as_bytes(),
    );
    assert!(answer.code == 11 && answer.err.contains("trace-0-0x"), "{}", answer.err);
}

#[test]
fn exit_codes_are_those_of_geth() {
    let mut input = case("london")["input"].clone();
    input["env"]["blockHashes"] = json!({});
    let run = |more: &[&str], input: &str| neovm_with(&[&STDIN[..], more].concat(), input.as_bytes());
    let code = |more: &[&str], input: &Value| run(more, &input.to_string()).code;
    let none = ["--output.alloc", "", "--output.result", ""];
    assert_eq!(code(&none, &input), 4);
    assert_eq!(code(&["--state.fork", "Atlantis"], &input), 3);
    assert_eq!(code(&["--state.fork", "Paris"], &input), 3);
    assert_eq!(code(&[], &json!({"alloc": {}, "env": input["env"]})), 10);
    assert_eq!(run(&[], "{").code, 10);
    let both = json!({"alloc": {}, "env": input["env"], "txs": [], "txsRlp": "0xc0"});
    let both = run(&[], &both.to_string());
    assert!(both.code == 10 && both.err.contains("there are both txs and txsRlp"), "{}", both.err);
    assert_eq!(code(&[], &json!({"alloc": {}, "env": input["env"], "txs": [{"nonce": "0xg"}]})), 10);
    assert_eq!(code(&[], &json!({"alloc": {}, "env": input["env"], "txsRlp": "0xzz"})), 10);
    // A list of three bytes, of which there is one; a text; nothing.
    for rlp in ["0xc301", "0x83616263", "0x"] {
        assert_eq!(code(&[], &json!({"alloc": {}, "env": input["env"], "txsRlp": rlp})), 12, "{rlp}");
    }
    // A withdrawal to an account that has all the wei there can be.
    let zero = "0x0000000000000000000000000000000000000000";
    let env = json!({
        "currentCoinbase": zero, "currentGasLimit": "0x1", "currentNumber": "0x1", "currentTimestamp": "0x1",
        "currentDifficulty": "0x0", "currentRandom": "0x0", "currentBaseFee": "0x7",
        "withdrawals": [{"index": "0x0", "validatorIndex": "0x0", "address": zero, "amount": "0x1"}],
    });
    let rich = json!({zero: {"balance": format!("0x{}", "f".repeat(64))}});
    let rich = run(&["--state.fork", "Shanghai"], &json!({"alloc": rich, "env": env, "txs": []}).to_string());
    assert!(rich.code == 2 && rich.err.contains("more than all wei at 0x0"), "{} {}", rich.code, rich.err);
    input["txs"] = json!([]);
    assert_eq!(code(&["--output.basedir", "/dev/null/folder"], &input), 11);
    assert_eq!(code(&none, &input), 0);
}

#[test]
fn errors_name_the_field() {
    let input = json!({"alloc": {"0x00000000000000000000000000000000000000ee": {"balance": "x"}}});
    let answer = neovm_with(&STDIN, input.to_string().as_bytes());
    assert!(
        answer.err.contains("alloc.0x00000000000000000000000000000000000000ee.balance: \"x\" is not a number"),
        "{}",
        answer.err
    );
}

#[test]
fn lists_are_no_objects() {
    for (input, words) in [
        (json!([[], [], [], null]), "invalid type: list, expected an object"),
        (json!({"txs": [["0x0"]]}), "txs[0]: invalid type: list, expected an object"),
        (
            json!({"alloc": {"0x00000000000000000000000000000000000000ee": ["0x1"]}}),
            "invalid type: list, expected an object",
        ),
    ] {
        let answer = neovm_with(&STDIN, input.to_string().as_bytes());
        assert!(answer.code == 10 && answer.err.contains(words), "{}", answer.err);
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_among_state_tests_is_named() {
    let folder = folder("evm-links");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink("nothing", folder.join("bad.json")).unwrap();
    neovm(&["evm", "statetest", folder.to_str().unwrap()]).fails(1, &["evm-links/bad.json: No such file"]);
}

#[test]
fn options_of_geth_that_there_are_not_are_refused_by_name() {
    for option in ["trace.tracer", "trace.jsonconfig", "opcode.count", "input.vkt", "output.vkt"] {
        let answer = neovm(&["evm", "t8n", &format!("--{option}"), "x"]);
        let expected = format!("--{option} is not supported");
        assert!(answer.code == 3 && answer.err.contains(&expected), "{option}: {} {}", answer.code, answer.err);
    }
}

#[test]
fn state_tests_have_traces() {
    let path = format!("{}/../evm/tests/data/yulExample.json", env!("CARGO_MANIFEST_DIR"));
    let answer = neovm(&["evm", "statetest", &path, "--trace"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let lines: Vec<Value> = answer.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (root, rest) = lines.split_last().unwrap();
    assert_eq!(root["stateRoot"], "0x8c12a29b17cbe89ce577d2cb9e62fb2ae3a1918d56cd6c6757de311ac294c604");
    let (end, steps) = rest.split_last().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["opName"].as_str().unwrap()).collect();
    assert_eq!((names.join(" "), &end["gasUsed"]), ("PUSH1 PUSH1 SSTORE PUSH1 PUSH1 RETURN".into(), &json!("0x5663")));
}

#[test]
fn a_bench_can_be_read_by_programs() {
    let answer = neovm(&["evm", "run", "600a601401", "--bench", "--json"]);
    let json: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(json["gasUsed"], 9);
    assert!(json["runs"].as_u64() > Some(0) && json["least"].as_f64() <= json["median"].as_f64(), "{json}");
}

#[cfg(unix)]
#[test]
fn state_tests_are_not_looked_for_in_circles() {
    use std::os::unix::fs::symlink;
    let folder = folder("evm-circles");
    fs::create_dir_all(folder.join("deep")).unwrap();
    let test = format!("{}/../evm/tests/data/yulExample.json", env!("CARGO_MANIFEST_DIR"));
    fs::copy(&test, folder.join("deep/a.json")).unwrap();
    // A link to a file is a file; links to folders are not followed, whatever their names.
    symlink(test, folder.join("deep/b.json")).unwrap();
    symlink("..", folder.join("deep/up")).unwrap();
    symlink("..", folder.join("deep/c.json")).unwrap();
    symlink("evm-circles", folder.with_file_name("evm-circles-link"))
        .or_else(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
        .unwrap();
    for given in [folder.clone(), folder.with_file_name("evm-circles-link")] {
        let answer = neovm(&["evm", "statetest", given.to_str().unwrap()]);
        assert!(answer.code == 0 && answer.out.contains("2 passed, 2 files"), "{}{}", answer.out, answer.err);
    }
}

/// The public tests that the project has, all of them, counted by fork.
#[test]
fn state_tests_are_counted_by_fork() {
    let folder = folder("evm-statetests");
    for name in ["statetests", "forks"] {
        let archive = format!("{}/../evm/tests/data/{name}.tar.gz", env!("CARGO_MANIFEST_DIR"));
        let file = fs::File::open(archive).unwrap();
        tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(&folder).unwrap();
    }
    let answer = neovm(&["evm", "statetest", folder.to_str().unwrap()]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    let forks = [
        ("Frontier", 16),
        ("Homestead", 16),
        ("EIP150", 622),
        ("EIP158", 622),
        ("Byzantium", 16),
        ("Constantinople", 16),
        ("ConstantinopleFix", 16),
        ("Istanbul", 17),
        ("Berlin", 18),
        ("London", 22),
        ("Paris", 30),
        ("Shanghai", 31),
        ("Cancun", 323),
        ("Prague", 664),
        ("Osaka", 664),
        ("all", 3093),
    ];
    let lines: Vec<_> = forks.iter().map(|(fork, count)| format!("{fork:<18}{count:>6} passed")).collect();
    assert_eq!(answer.out, lines.join("\n") + ", 187 files\n");
}
