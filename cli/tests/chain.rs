//! `neovm run` on a chain.

mod common;

use common::{contract, method, neovm, neovm_with};
use serde_json::{Value, json};

/// An address, and its script hash.
const OWNER: &str = "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj";
const OWNER_HASH: &str = "0x0f46dc4287b70117ce8354924b5cb3a47215ad93";
const FRIEND: &str = "0x0202020202020202020202020202020202020202";
const GAS: &str = "0xd2a4cff31913016155e38e474a2c06d08be276cf";

/// Arguments of a transfer of the token in the examples.
fn transfer<'a>(to: &'a str, amount: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["run", "token.nef", "--method", "transfer", OWNER, to, amount, "null"], more].concat()
}

#[track_caller]
fn parsed(args: &[&str]) -> Value {
    serde_json::from_str(neovm(args).ok()).expect("JSON")
}

/// The script of an assembly text, as an argument.
fn assembled(text: &str) -> String {
    format!("0x{}", neovm_with(&["asm", "-", "--hex"], text.as_bytes()).ok().trim())
}

#[test]
fn people_see_what_a_transfer_does() {
    let answer = neovm(&transfer(FRIEND, "500", &["--signer", OWNER, "--diff"]));
    let expected = "state         HALT
gas           0.1250014 GAS (12500140 datoshi)
instructions  131
contract      Token 0x36ae7ecc60453af7ba76961fc88db48a2ae38c87
notifications 1 notification
     0  Transfer of Token: from = 0x0f46dc4287b70117ce8354924b5cb3a47215ad93, to = 0x0202020202020202020202020202020202020202, amount = 500
storage       2 changes
     0  added    Token 0x010202020202020202020202020202020202020202: 0xf401
     1  changed  Token 0x0193ad1572a4b35c4b925483ce1701b78742dc460f: 0x00407a10f35a -> 0x0c3e7a10f35a
stack         1 item
     0  Boolean     true
";
    assert_eq!(answer.ok(), expected);
    let answer = neovm(&transfer(FRIEND, "500", &["--diff"]));
    assert!(answer.ok().contains("storage       0 changes\n"), "{}", answer.out);
    assert!(answer.ok().ends_with("Boolean     false\n"), "{}", answer.out);
}

#[test]
fn json_is_that_of_the_rpc() {
    let result = parsed(&transfer(FRIEND, "500", &["--signer", OWNER_HASH, "--json"]));
    let keys: Vec<&String> = result.as_object().expect("an object").keys().collect();
    let expected = ["exception", "fault_at", "gasconsumed", "logs", "notifications", "script", "stack", "state"];
    assert_eq!(keys, expected);
    let token = "0x36ae7ecc60453af7ba76961fc88db48a2ae38c87";
    let state = json!({"type": "Array", "value": [
        {"type": "ByteString", "value": "k60VcqSzXEuSVIPOFwG3h0LcRg8="},
        {"type": "ByteString", "value": "AgICAgICAgICAgICAgICAgICAgI="},
        {"type": "Integer", "value": "500"},
    ]});
    let notifications = json!([{"eventname": "Transfer", "contract": token, "state": state}]);
    assert_eq!(result["notifications"], notifications);
    assert_eq!((&result["gasconsumed"], &result["state"]), (&json!("12500140"), &json!("HALT")));
    assert_eq!(result["stack"], json!([{"type": "Boolean", "value": true}]));

    let result = parsed(&transfer(FRIEND, "500", &["--signer", OWNER, "--json", "--diagnostics"]));
    let changes = json!([
        {"state": "Added", "key": "AQAAAAECAgICAgICAgICAgICAgICAgICAg==", "value": "9AE="},
        {"state": "Changed", "key": "AQAAAAGTrRVypLNcS5JUg84XAbeHQtxGDw==", "value": "DD56EPNa"},
    ]);
    assert_eq!(result["diagnostics"]["storagechanges"], changes);
    // The calls: of the balance; of what adds, which calls two functions each; of what notifies.
    let inner = json!({"hash": token});
    let add = json!({"hash": token, "call": [inner, inner]});
    let native = json!({"hash": "0xfffdc93764dbaddd97c48f252a53ea4643faa3fd"});
    let method = json!({"hash": token, "call": [inner, add, add, inner, native]});
    let calls = &result["diagnostics"]["invokedcontracts"];
    assert_eq!(calls["call"], json!([method]));
    let text = neovm(&transfer(FRIEND, "500", &["--signer", OWNER, "--json", "--diff"]));
    let places = ["script", "state", "gasconsumed", "exception", "fault_at", "notifications", "logs", "diagnostics"]
        .map(|key| text.out.find(&format!("\"{key}\":")).expect("the key"));
    assert!(places.is_sorted(), "{}", text.out);
    assert!(text.out.ends_with("\"stack\":[{\"type\":\"Boolean\",\"value\":true}]}\n"), "{}", text.out);
}

#[test]
fn a_fault_keeps_what_the_script_had_changed() {
    let answer = neovm(&transfer(GAS, "500", &["--signer", OWNER, "--diff"]));
    assert_eq!(answer.code, 3);
    let expected = "fault         contract 0xd2a4cff31913016155e38e474a2c06d08be276cf has no method \"onNEP17Payment\" with 3 parameters
at            byte 181, SYSCALL System.Contract.Call, in transfer
arguments     from = 0x93ad1572a4b35c4b925483ce1701b78742dc460f, to = 0xcf76e28bd0062c4a478ee35561011319f3cfa4d2, amount = 500, data = null
called from   byte 83, SYSCALL System.Contract.Call, in the entry script
";
    assert!(answer.out.contains(expected), "{}", answer.out);
    assert!(answer.out.contains("storage       0 changes\n"), "{}", answer.out);
    let result = parsed(&transfer(GAS, "500", &["--signer", OWNER, "--json", "--diff"]));
    assert_eq!((&result["fault_at"], &result["notifications"]), (&json!(181), &json!([])));
    // As the node does, the diagnostics show the changes of the script that faulted.
    let changes = result["diagnostics"]["storagechanges"].as_array().expect("a list");
    assert_eq!(changes.len(), 2, "{result}");
}

#[test]
fn contexts_of_other_contracts_have_their_names() {
    // GasToken.transfer(0, 0, -1, null)
    let script = assembled(&format!(
        "PUSHNULL\nPUSHM1\nPUSHDATA1 0x{0}\nDUP\nPUSH4\nPACK\nPUSH15\nPUSHDATA1 \"transfer\"\nPUSHDATA1 0x{1}\nSYSCALL System.Contract.Call",
        "00".repeat(20),
        "cf76e28bd0062c4a478ee35561011319f3cfa4d2",
    ));
    let answer = neovm(&["run", &script]);
    let expected = "SYSCALL System.Contract.CallNative, in transfer of GasToken\n";
    assert!(answer.code == 3 && answer.out.contains(expected), "{}", answer.out);
    assert!(answer.out.contains("called from   byte 60, SYSCALL System.Contract.Call\n"), "{}", answer.out);
}

#[test]
fn scopes_decide_where_a_signature_counts() {
    let with = |more: &[&str]| {
        let result = parsed(&transfer(FRIEND, "5", &[&["--json"], more].concat()));
        result["stack"][0]["value"].clone()
    };
    let token = "0x36ae7ecc60453af7ba76961fc88db48a2ae38c87";
    let (only_token, only_gas) = (format!("CustomContracts={token}"), format!("CustomContracts={GAS}"));
    let both = format!("{only_gas},{only_token}");
    let signer = format!(r#"{{"account":"{OWNER_HASH}","scopes":"CustomContracts","allowedcontracts":["{token}"]}}"#);
    for (scope, expected) in [
        ("CalledByEntry", true),
        ("Global", true),
        ("None", false),
        (&only_token, true),
        (&only_gas, false),
        (&both, true),
    ] {
        assert_eq!(with(&["--signer", OWNER, "--scope", scope]), json!(expected), "{scope}");
    }
    assert_eq!(with(&["--signer", &signer]), json!(true));
    // The second one has signed, too; the contract that the first one deploys is another.
    let several =
        neovm(&transfer(FRIEND, "5", &["--signer", FRIEND, "--signer", OWNER, "--scope", "None", "--scope", "Global"]));
    assert!(several.ok().contains("Boolean     false") && !several.ok().contains(token), "{}", several.out);
}

#[test]
fn wrong_signers_are_named() {
    let with = |more: &[&str]| neovm(&[&["run", "0x40"], more].concat());
    with(&["--signer", "Nobody"]).fails(2, &["--signer", "address \"Nobody\""]);
    with(&["--signer", "0x12"]).fails(2, &["neither 0x and 40 digits nor an address"]);
    with(&["--signer", "{}"]).fails(2, &["account"]);
    with(&["--signer", "{"]).fails(2, &["--signer"]);
    with(&["--signer", FRIEND, "--scope", "Everywhere"]).fails(2, &["Everywhere", "CalledByEntry"]);
    with(&["--signer", FRIEND, "--scope", "CustomContracts"]).fails(2, &["CustomContracts needs a value"]);
    with(&["--signer", FRIEND, "--scope", "Global=5"]).fails(2, &["Global has no value"]);
    with(&["--signer", FRIEND, "--scope", "Global,CalledByEntry"]).fails(2, &["cannot be combined"]);
    with(&["--signer", FRIEND, "--scope", "CustomGroups=12"]).fails(2, &["\"12\" is not a public key"]);
    with(&["--scope", "Global"]).fails(2, &["--scope is given 1 time, for 0 accounts"]);
    let seventeen: Vec<String> = (0..17).map(|i| format!("0x{i:040}")).collect();
    let options: Vec<&str> = seventeen.iter().flat_map(|account| ["--signer", account]).collect();
    with(&options).fails(1, &["the signers cannot be those of a transaction"]);
    with(&["--signer", FRIEND, "--host", "x.json"]).fails(2, &["cannot be used with"]);
    with(&["--height", "5", "--hardfork", "Faun"]).fails(2, &["cannot be used with"]);
    let highest = with(&["--height", "4294967295"]);
    highest.fails(1, &["no block can follow the one at height 4294967295"]);
    assert!(!highest.err.contains("signers"), "{}", highest.err);
    with(&["--height", "4294967296"]).fails(2, &["4294967296"]);
    with(&["--block-time", "0"]).fails(2, &["0 is not in"]);
    with(&["--network", "other"]).fails(2, &["mainnet, testnet, private"]);
}

#[test]
fn the_block_is_that_of_a_node_for_test_invocations() {
    let value = |text: &str, more: &[&str]| {
        let script = assembled(text);
        let result = parsed(&[&["run", script.as_str(), "--json"], more].concat());
        assert_eq!(result["state"], "HALT", "{result}");
        result["stack"][0]["value"].clone()
    };
    let (time, network) = ("SYSCALL System.Runtime.GetTime", "SYSCALL System.Runtime.GetNetwork");
    assert_eq!(value(time, &[]), json!("1468595316000"));
    assert_eq!(value(time, &["--block-time", "1000"]), json!("1468595302000"));
    assert_eq!(value(time, &["--height", "10"]), json!((1_468_595_301_000_u64 + 11 * 15_000).to_string()));
    assert_eq!(value(network, &[]), json!("56753"));
    assert_eq!(value(network, &["--network", "mainnet"]), json!("860833102"));
    assert_eq!(value(network, &["--network", "testnet"]), json!("894710606"));
    // Ledger.currentIndex
    let index = format!(
        "NEWARRAY0\nPUSH15\nPUSHDATA1 \"currentIndex\"\nPUSHDATA1 0x{}\nSYSCALL System.Contract.Call",
        "bef2043140362a77c15099c7e64c12f700b665da"
    );
    assert_eq!(value(&index, &[]), json!("0"));
    assert_eq!(value(&index, &["--network", "mainnet", "--height", "9000000"]), json!("9000000"));
}

#[test]
fn hardforks_follow_from_the_height() {
    // A system call that came with Faun; on MainNet that was at 8,800,000.
    let script = assembled("PUSHDATA1 \"key\"\nSYSCALL System.Storage.Local.Get");
    let is_missing = |more: &[&str]| {
        let answer = neovm(&[&["run", script.as_str()], more].concat());
        answer.out.contains("System.Storage.Local.Get is there from Faun on")
    };
    assert!(is_missing(&["--hardfork", "Echidna"]));
    assert!(!is_missing(&["--hardfork", "Faun"]));
    assert!(!is_missing(&["--network", "mainnet"]));
    assert!(is_missing(&["--network", "mainnet", "--height", "8799998"]));
    assert!(!is_missing(&["--network", "mainnet", "--height", "8799999"]));
    assert!(!is_missing(&["--height", "8799998"]));
}

#[test]
fn logs_are_shown() {
    let script = assembled("PUSHDATA1 \"hello\"\nSYSCALL System.Runtime.Log\nABORT");
    let answer = neovm(&["run", &script]);
    assert!(answer.out.contains("logs          1 log\n     0  the entry script: \"hello\"\n"), "{}", answer.out);
    let result = parsed(&["run", &script, "--json"]);
    assert_eq!(result["logs"][0]["message"], "hello");
}

#[test]
fn deploying_runs_first_and_may_fail() {
    // _deploy at 0: ABORT; get at 1: PUSH1 RET
    let parameters = json!([{"name": "data", "type": "Any"}, {"name": "update", "type": "Boolean"}]);
    let deploy = method("_deploy", 0, parameters, "Void");
    let methods = json!([deploy, method("get", 1, json!([]), "Integer")]);
    let path = contract("aborts", &[0x38, 0x11, 0x40], &methods);
    neovm(&["run", &path, "--method", "get"]).fails(1, &["aborts.nef cannot be deployed: ABORT"]);
    // Of no type that a manifest may name for an argument.
    let methods = json!([method("get", 0, json!([{"name": "a", "type": "Void"}]), "Integer")]);
    let path = contract("void-parameter", &[0x11, 0x40], &methods);
    neovm(&["run", &path, "--method", "get", "5"]).fails(1, &["Void"]);
}

#[test]
fn a_run_on_a_chain_is_stopped_within_the_contract() {
    let call = ["run", "arith.nef", "--method", "fib", "1000000", "--max-instructions", "1000"];
    let answer = neovm(&call);
    assert_eq!(answer.code, 1);
    for part in
        ["stopped       after 1000 instructions", ", in fib\n", "arguments     n = 1000000\n", "in the entry script\n"]
    {
        assert!(answer.out.contains(part), "{part:?} is missing in {}", answer.out);
    }
    let traced = neovm(&[&call[..], &["--trace"]].concat());
    assert_eq!(traced.out, answer.out);
    assert_eq!(traced.err.lines().count(), 1000);
}

#[test]
fn the_tables_are_listed() {
    let syscalls = neovm(&["syscalls"]);
    let line = |start: &str| syscalls.ok().lines().find(|line| line.starts_with(start)).expect("a line").to_owned();
    let words = |line: String| line.split_whitespace().map(String::from).collect::<Vec<_>>();
    assert_eq!(syscalls.ok().lines().count(), 42);
    assert_eq!(words(line("System.Runtime.GetTime")), ["System.Runtime.GetTime():", "Integer", "8", "None"]);
    assert!(line("System.Storage.Local.Put").ends_with("from Faun"));
    let list = parsed(&["syscalls", "--json"]);
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 41);
    let call = list.iter().find(|row| row["name"] == "System.Contract.Call").expect("the call");
    let (id, price, flags) = (&call["id"], &call["price"], &call["flags"]);
    assert_eq!((id, price, flags), (&json!("627d5b52"), &json!(32768), &json!("ReadOnly")));
    assert_eq!(call["parameters"][0], json!({"name": "contractHash", "type": "Hash160"}));

    let natives = neovm(&["natives"]);
    assert_eq!(natives.ok().lines().filter(|line| line.contains(", id -")).count(), 11);
    let gas = neovm(&["natives", "GasToken"]);
    assert!(gas.ok().starts_with(&format!("GasToken {GAS}, id -6\n")), "{}", gas.out);
    let transfer = "transfer(from: Hash160, to: Hash160, amount: Integer, data: Any): Boolean";
    let line = gas.ok().lines().find(|line| line.starts_with(transfer)).expect("the method");
    assert!(line.contains("131072 + 50 bytes  All"), "{line}");
    neovm(&["natives", "Gas"]).fails(1, &["no such native contract", "GasToken, PolicyContract"]);
    let list = parsed(&["natives", "--json"]);
    assert_eq!(list.as_array().expect("a list").len(), 11);
    let notary = list.as_array().expect("a list").iter().find(|native| native["name"] == "Notary").expect("Notary");
    assert_eq!(notary["since"], "Echidna");
    assert_eq!(notary["methods"][0]["name"], "balanceOf");
}

#[test]
fn a_trace_shows_what_is_asked_for() {
    let call = ["run", "arith.nef", "--method", "fib", "2", "--trace"];
    let lines = |only: &[&str]| {
        let options = only.iter().flat_map(|only| ["--only", only]);
        let answer = neovm(&call.iter().copied().chain(options).collect::<Vec<_>>());
        assert_eq!(answer.code, 0, "{}", answer.err);
        answer.err.lines().count()
    };
    let all = lines(&[]);
    assert_eq!(lines(&["depth=1"]) + lines(&["depth=2..9"]), all);
    assert_eq!(lines(&["contract=arith"]), lines(&["method=fib"]));
    assert_eq!(lines(&["contract=arith", "contract=entry script"]), all);
    assert_eq!(lines(&["contract=0xeccc837c552a4ebfef9ebf4f2d42ac902994122f"]), lines(&["depth=2"]));
    assert_eq!(lines(&["opcode=SYSCALL", "opcode=ret"]), 3);
    assert_eq!(lines(&["opcode=RET", "depth=2"]), 1);
    assert_eq!(lines(&["offset=0..3", "contract=arith"]), 2);
    neovm(&[&call[..], &["--only", "depth=x"]].concat()).fails(2, &["neither a number nor a range"]);
    neovm(&["run", "0x11", "--only", "depth=1"]).fails(2, &["--trace"]);
}

#[test]
fn a_trace_in_json_has_a_line_for_each_instruction() {
    let answer = neovm(&["run", "arith.nef", "--method", "fib", "2", "--trace=json"]);
    let lines: Vec<Value> = answer.err.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let first = lines.iter().find(|line| line["name"] == "arith").expect("a line of the contract");
    let expected = json!({
        "n": 8, "depth": 2, "contract": "0xeccc837c552a4ebfef9ebf4f2d42ac902994122f", "name": "arith",
        "method": "fib", "offset": 0, "opcode": "INITSLOT", "text": "INITSLOT 4, 1", "gas": "1045050",
        "items": 1, "top": ["2"],
    });
    assert_eq!(*first, expected);
    assert!(lines.iter().enumerate().all(|(i, line)| line["n"] == i + 1));
    // Without a chain the program is what runs.
    let alone = neovm(&["run", "0x1213a0", "--trace=json", "--host", "../tests/data/stub-host.json"]);
    assert!(alone.err.starts_with("{\"n\":1,\"depth\":1,"), "{}", alone.err);
}

#[test]
fn the_tree_is_shown_before_the_result() {
    let call = ["run", "arith.nef", "--method", "fib", "10"];
    let answer = neovm(&[&call[..], &["--tree"]].concat());
    let (tree, report) = answer.ok().split_once("\n\n").expect("two parts");
    assert_eq!(report, neovm(&call).ok());
    let expected = "\
[1080180, own 1045050] entry script
├─ [35130] arith.fib(n = 10)
│  └─ returns 55
└─ returns 55";
    assert_eq!(tree, expected);
    let json = parsed(&[&call[..], &["--tree", "--json"]].concat());
    assert_eq!(json["calls"][0]["steps"][0]["call"]["method"], "fib");
    neovm(&["run", "0x11", "--tree", "--host", "../tests/data/stub-host.json"]).fails(2, &["--tree"]);
}
