//! `neovm methods`, and where manifests come from.

mod common;

use std::fs;

use common::{contract, examples, file, manifest, method, neovm, neovm_with};
use serde_json::{Value, json};

/// Methods `get` at 0 and `far` at `offset`, in a script of PUSHINT16 258, RET.
fn with_far(name: &str, offset: usize) -> String {
    let methods = json!([method("get", 0, json!([]), "Integer"), method("far", offset, json!([]), "Void")]);
    contract(name, &[0x01, 0x02, 0x01, 0x40], &methods)
}

#[test]
fn methods_are_listed() {
    let list = "fib(n: Integer): Integer
fib_rec(n: Integer): Integer
collatz(limit: Integer): Integer
count_primes(limit: Integer): Integer
gcd_sum(limit: Integer): Integer
amm(rounds: Integer): Integer
";
    let answer = neovm(&["methods", "arith.nef"]);
    assert_eq!(answer.ok(), list);
    let answer = neovm(&["methods", "arith.nef", "--json"]);
    let methods: Value = serde_json::from_str(answer.ok()).expect("JSON");
    let whole: Value =
        serde_json::from_slice(&fs::read(examples().join("arith.manifest.json")).expect("the example")).expect("JSON");
    assert_eq!(methods, whole["abi"]["methods"]);
}

#[test]
fn safe_methods_are_marked() {
    let mut safe = method("balanceOf", 0, json!([{"name": "account", "type": "Hash160"}]), "Integer");
    safe["safe"] = json!(true);
    let path = contract("safe", &[0x40], &json!([safe, method("_deploy", 0, json!([]), "Void")]));
    let list = "balanceOf(account: Hash160): Integer  safe\n_deploy(): Void\n";
    assert_eq!(neovm(&["methods", &path]).ok(), list);
    // Only the node calls _deploy.
    let without = neovm(&["run", &path]);
    assert_eq!(
        without.err,
        "error: which method of safe? Add --method and one of\n  balanceOf(account: Hash160): Integer  safe\n"
    );
    assert_eq!((without.code, without.out.as_str()), (2, ""));
    neovm(&["jit", &path]).fails(2, &["which method of safe?"]);
}

#[test]
fn a_wrong_count_says_what_is_needed() {
    let two = json!([{"name": "a", "type": "Integer"}, {"name": "b", "type": "Integer"}]);
    let methods = json!([method("div", 0, two, "Integer"), method("div", 1, json!([]), "Integer")]);
    let path = contract("div", &[0xa1, 0x40], &methods);
    let expected = "error: div needs 2 arguments (a: Integer, b: Integer) or no arguments, got 1\n";
    for command in ["run", "jit", "bench"] {
        neovm(&[command, &path, "--method", "div", "1"]).fails(1, &[expected]);
    }
}

#[test]
fn a_manifest_may_lie_anywhere() {
    let nef = fs::read(examples().join("arith.nef")).expect("the example");
    let lonely = file("lonely.nef", &nef);
    let tried =
        format!("there is no manifest {}; name one with --manifest FILE", lonely.replace(".nef", ".manifest.json"));
    neovm(&["run", &lonely, "--method", "fib", "10"]).fails(1, &["--method needs a manifest: ", &tried]);
    neovm(&["methods", &lonely]).fails(1, &[&tried]);
    let answer = neovm(&["run", &lonely]);
    assert!(
        answer.code == 3 && answer.err.contains("lonely.manifest.json; the script runs from its"),
        "{}",
        answer.err
    );
    for command in [
        &["run", &lonely, "--method", "fib", "10"][..],
        &["check", &lonely],
        &["disasm", &lonely],
        &["methods", &lonely],
    ] {
        let answer = neovm(&[command, &["--manifest", "arith.manifest.json"]].concat());
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{command:?}");
    }
    let nef = fs::read(examples().join("arith.nef")).expect("the example");
    let answer = neovm_with(&["run", "-"], &nef);
    assert_eq!(answer.err, "warning: standard input has no manifest; the script runs from its first byte\n");
    let answer = neovm_with(&["run", "-", "--manifest", "arith.manifest.json", "--method", "fib", "10"], &nef);
    assert!(answer.ok().ends_with("Integer     55\n"), "{}", answer.out);
    // For a script too: PUSH1, RET.
    let methods = json!([method("one", 0, json!([]), "Integer")]);
    let path = file("one.json", manifest("one", &methods).as_bytes());
    let answer = neovm(&["run", "0x1140", "--manifest", &path, "--method", "one"]);
    assert!(answer.ok().ends_with("Integer     1\n"), "{}", answer.out);
    neovm(&["run", "0x1140", "--manifest", "none.json", "--method", "one"]).fails(1, &["cannot read none.json"]);
    neovm(&["disasm", "arith.nef", "--manifest", "none.json"]).fails(1, &["cannot read none.json"]);
    let broken = file("broken.json", b"[1");
    let answer = neovm(&["disasm", "arith.nef", "--manifest", &broken]);
    answer.fails(1, &["broken.json: the manifest is not JSON: "]);
    assert_eq!(answer.err.matches("EOF while parsing").count(), 1, "{}", answer.err);
}

#[test]
fn a_faulty_manifest_stops_only_what_needs_it() {
    let nef = fs::read(examples().join("arith.nef")).expect("the example");
    let odd = file("odd.nef", &nef);
    file("odd.manifest.json", b"{\"name\":3}");
    let why = "odd.manifest.json: manifest, name: 3 is not";
    neovm(&["run", &odd, "--method", "fib", "10"]).fails(1, &["error: --method needs a manifest: ", why]);
    neovm(&["methods", &odd]).fails(1, &[why]);
    neovm(&["check", &odd]).fails(1, &["error: manifest, name: 3 is not", "odd.manifest.json:1:9\n"]);
    let answer = neovm(&["disasm", &odd]);
    assert!(answer.code == 0 && answer.out.contains("INITSLOT     4, 1"));
    assert!(answer.err.starts_with("warning: the manifest is ignored: ") && answer.err.contains(why), "{}", answer.err);
    let answer = neovm(&["run", &odd]);
    assert!(answer.code == 3 && answer.out.contains("INITSLOT 4, 1"), "{}", answer.out);
    assert!(answer.err.contains(why) && answer.err.contains("runs from its first byte"), "{}", answer.err);
}

#[test]
fn a_manifest_of_another_script_is_noticed() {
    let (far, inside) = (with_far("far", 99), with_far("inside", 2));
    for (path, offset) in [(&far, 99), (&inside, 2)] {
        let why = format!("method \"far\" starts at byte {offset}, where the script has no instruction");
        let message = format!("does not belong to the script of {path}: {why}");
        neovm(&["run", path, "--method", "get"]).fails(1, &["error: ", ".manifest.json ", &message]);
        neovm(&["check", path]).fails(1, &[&message]);
        neovm(&["bench", path, "--method", "get"]).fails(1, &[&message]);
        for command in ["disasm", "methods"] {
            let answer = neovm(&[command, path]);
            assert!(answer.code == 0 && answer.out.contains("get"), "{}", answer.out);
            assert!(answer.err.starts_with("warning: ") && answer.err.contains(&message), "{}", answer.err);
        }
    }
}

#[test]
fn a_manifest_that_may_be_of_another_script_is_warned_of() {
    // INITSLOT 0, 2 where the manifest has one parameter.
    let one = json!([{"name": "n", "type": "Integer"}]);
    let path = contract("slots", &[0x57, 0x00, 0x02, 0x40], &json!([method("get", 0, one, "Integer")]));
    let answer = neovm(&["run", &path, "--method", "get", "5"]);
    let warning = "slots.nef: method \"get\" has 1 parameter, but the function there takes 2\n";
    assert!(answer.code == 3 && answer.err.ends_with(warning), "{}", answer.err);
    // PUSH1, PUSH2 and RET: nobody begins a method at the second.
    let path = contract("middle", &[0x11, 0x12, 0x40], &json!([method("get", 1, json!([]), "Integer")]));
    let warning = "middle.nef: method \"get\" starts at byte 1, in the middle of other code\n";
    for command in [&["run", &path, "--method", "get"][..], &["disasm", &path], &["methods", &path]] {
        let answer = neovm(command);
        assert!(answer.code == 0 && answer.err.starts_with("warning: "), "{}", answer.err);
        assert!(answer.err.ends_with(warning), "{}", answer.err);
    }
    for [nef, manifest] in [["colls.nef", "arith.manifest.json"], ["arith.nef", "colls.manifest.json"]] {
        let answer = neovm(&["methods", nef, "--manifest", manifest]);
        assert!(answer.err.starts_with("warning: ") && answer.err.contains(manifest), "{}", answer.err);
    }
    for nef in ["arith.nef", "colls.nef"] {
        neovm(&["methods", nef]).ok();
    }
}
