//! `neovm run`.

mod common;

use common::{Answer, examples, file, neovm, neovm_with};
use serde_json::{Value, json};

/// The one item that a script leaves.
#[track_caller]
fn result(answer: &Answer) -> Value {
    let result: Value = serde_json::from_str(answer.ok()).expect("JSON");
    assert_eq!(result["state"], "HALT", "{result}");
    assert_eq!(result["stack"].as_array().expect("a stack").len(), 1);
    result["stack"][0].clone()
}

#[test]
fn contracts_give_what_their_sources_say() {
    let calls = [
        ("arith.nef", "fib", "100000", "911435502"),
        ("arith.nef", "fib_rec", "21", "10946"),
        ("arith.nef", "count_primes", "600", "109"),
        ("colls.nef", "sieve", "1500", "239"),
        ("colls.nef", "ledger", "5000", "999924"),
    ];
    for (nef, method, argument, expected) in calls {
        let answer = neovm(&["run", nef, "--method", method, argument, "--json", "--gas", "10000000000"]);
        assert_eq!(result(&answer), json!({"type": "Integer", "value": expected}), "{method}");
    }
}

#[test]
fn people_see_state_gas_and_stack() {
    let answer = neovm(&["run", "arith.nef", "--method", "fib", "10"]);
    let expected = "state         HALT
gas           0.0003513 GAS (35130 datoshi)
instructions  344
stack         1 item
     0  Integer     55
";
    assert_eq!(answer.ok(), expected);
}

#[test]
fn a_fault_says_what_and_where() {
    let answer = neovm(&["run", "12139ea0"]);
    assert_eq!(answer.code, 3);
    let expected = "state         FAULT
fault         Out of stack bounds: 0/0 (Parameter 'index')
              at byte 3, MUL
gas           0.0000054 GAS (540 datoshi)
instructions  4
";
    assert_eq!(answer.out, expected);
    let answer = neovm(&["run", "12139ea0", "--json"]);
    let expected = concat!(
        r#"{"script":"EhOeoA==","state":"FAULT","gasconsumed":"540","#,
        r#""exception":"Out of stack bounds: 0/0 (Parameter 'index')","stack":[]}"#,
        "\n"
    );
    assert_eq!(answer.ok(), expected);
}

#[test]
fn scripts_come_as_text_bytes_and_files() {
    let six = json!({"type": "Integer", "value": "6"});
    let (bytes, text) = (file("six.bin", &[0x12, 0x13, 0xa0]), file("six.txt", b"0x12 13\na0\n"));
    let base64 = file("six.base64", b"EhOg\n");
    for script in ["1213a0", "0x1213A0", "EhOg", &bytes, &text, &base64] {
        assert_eq!(result(&neovm(&["run", script, "--json"])), six, "{script}");
    }
    assert_eq!(result(&neovm_with(&["run", "-", "--json"], b"1213a0")), six);
    // "1111" is two instructions in hexadecimal, three bytes in base64.
    let answer = neovm(&["run", "1111", "--format", "base64", "--json"]);
    assert!(answer.ok().starts_with(r#"{"script":"1111""#));
    // Bytes that look like a text: TUCK, DROP on an empty stack.
    let answer = neovm(&["run", &file("text.bin", b"NE"), "--format", "raw"]);
    assert_eq!(answer.code, 3);
}

#[test]
fn hardforks_and_gas_are_chosen() {
    // PUSHNULL DUP REMOVE RET
    let old = neovm(&["run", "0b4a12d240", "--hardfork", "notechidna"]);
    assert_eq!(old.code, 3);
    let endless = neovm(&["run", "2200", "--gas", "1000", "--json"]);
    let result: Value = serde_json::from_str(endless.ok()).expect("JSON");
    assert_eq!((&result["exception"], &result["gasconsumed"]), (&json!("Insufficient GAS."), &json!("1020")));
    neovm(&["run", "2200", "--max-instructions", "1000"]).fails(1, &["after 1000 instructions", "byte 0"]);
    neovm(&["run", "2200", "--max-instructions", "7", "--trace"]).fails(1, &["7   1      0  JMP", "after 7 instr"]);
    neovm(&["run", "40", "--hardfork", "Shrek"]).fails(2, &["unknown hardfork", "Genesis, Aspidochelone"]);
    neovm(&["run", "40", "--gas", "-1"]).fails(2, &["-1 is not in"]);
}

#[test]
fn trace_and_stats_go_to_standard_error() {
    let answer = neovm(&["run", "1213a00c0161", "--trace", "--stats", "--json"]);
    assert_eq!(answer.code, 0);
    assert!(answer.out.contains("HALT"));
    let lines: Vec<&str> = answer.err.lines().collect();
    assert!(lines[2].contains("MUL") && lines[2].contains("gas         60  stack 2: 3 2"), "{}", lines[2]);
    assert!(lines[3].contains("PUSHDATA1 \"a\""));
    assert!(lines[4].contains("RET (behind the script)"));
    assert!(answer.err.contains("engine interp, step by step; hardfork Gorgon; host none"));
    assert!(answer.err.contains("ran 5 instructions"));
}

/// A contract of one byte, RET, whose method returns its argument.
fn identity(name: &str, parameter_type: &str) -> String {
    let nef = neovm::types::NefFile {
        compiler: "test".into(),
        source: String::new(),
        tokens: Vec::new(),
        script: vec![0x40].into(),
    };
    let path = file(&format!("{name}.nef"), &nef.to_bytes().expect("a NEF file"));
    let parameters = json!([{"name": "it", "type": parameter_type}]);
    let method = json!({"name": "id", "parameters": parameters, "returntype": "Any", "offset": 0, "safe": true});
    let manifest = json!({"name": name, "features": {}, "abi": {"methods": [method]}, "trusts": []});
    file(&format!("{name}.manifest.json"), manifest.to_string().as_bytes());
    path
}

#[test]
fn arguments_are_read_by_their_types() {
    let hash = "0x0100000000000000000000000000000000000002";
    let good = [
        (
            "Integer",
            "-170141183460469231731687303715884105728",
            "Integer",
            json!("-170141183460469231731687303715884105728"),
        ),
        ("Boolean", "true", "Boolean", json!(true)),
        ("String", "0x00", "ByteString", json!("MHgwMA==")),
        ("ByteArray", "0x00ff", "ByteString", json!("AP8=")),
        ("ByteArray", "abc", "ByteString", json!("YWJj")),
        ("Hash160", hash, "ByteString", json!("AgAAAAAAAAAAAAAAAAAAAAAAAAE=")),
        ("Hash160", "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj", "ByteString", json!("k60VcqSzXEuSVIPOFwG3h0LcRg8=")),
        (
            "Array",
            r#"[1,"a",null]"#,
            "Array",
            json!([
                {"type": "Integer", "value": "1"}, {"type": "ByteString", "value": "YQ=="}, {"type": "Any"}
            ]),
        ),
        (
            "Map",
            r#"{"a":true}"#,
            "Map",
            json!([
                {"key": {"type": "ByteString", "value": "YQ=="}, "value": {"type": "Boolean", "value": true}}
            ]),
        ),
        ("Any", r#"{"type":"Buffer","value":"YQ=="}"#, "Buffer", json!("YQ==")),
    ];
    for (i, (parameter, text, item_type, value)) in good.into_iter().enumerate() {
        let nef = identity(&format!("good{i}"), parameter);
        let answer = neovm(&["run", &nef, "--json", "--method", "id", "--", text]);
        assert_eq!(result(&answer), json!({"type": item_type, "value": value}), "{parameter} {text}");
    }
}

#[test]
fn wrong_arguments_are_named() {
    let bad = [
        ("Integer", "0x10", "not a decimal integer"),
        ("Boolean", "yes", "neither true nor false"),
        ("ByteArray", "0x0", "Odd number of digits"),
        ("Hash160", "0x00", "neither 0x and 40 digits nor an address"),
        ("Hash160", "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAak", "address"),
        ("Hash256", "00", "has 1 bytes, 32 are needed"),
        ("Signature", "00", "64 are needed"),
        ("PublicKey", "zz", "no hexadecimal"),
        ("Array", "{}", "no Array but Map"),
        ("Map", "[1", "no JSON"),
        ("Any", "1.5", "no integer of 64 bits"),
        ("Any", r#"{"type":"Pointer"}"#, "cannot be given"),
        ("InteropInterface", "x", "no value of this type"),
    ];
    for (i, (parameter, text, message)) in bad.into_iter().enumerate() {
        let nef = identity(&format!("bad{i}"), parameter);
        let answer = neovm(&["run", &nef, "--method", "id", text]);
        answer.fails(1, &["argument 1, it: ", parameter, message]);
    }
    neovm(&["run", "arith.nef", "--method", "fib"]).fails(1, &["0 arguments for method fib(n: Integer): Integer"]);
    neovm(&["run", "arith.nef", "--method", "fob", "1"]).fails(1, &["no method \"fob\"", "fib_rec(n: Integer)"]);
    neovm(&["run", "40", "--method", "fib"]).fails(1, &["--method needs a file X.nef"]);
}

#[test]
fn initialize_runs_first() {
    // main at 0: LDSFLD0 ADD RET; _initialize at 3: INITSSLOT 1 PUSH5 STSFLD0 RET
    let script = vec![0x58, 0x9e, 0x40, 0x56, 0x01, 0x15, 0x60, 0x40];
    let nef = neovm::types::NefFile {
        compiler: String::new(),
        source: String::new(),
        tokens: Vec::new(),
        script: script.into(),
    };
    let path = file("init.nef", &nef.to_bytes().expect("a NEF file"));
    let method = |name, offset, parameters: Value, returned| json!({"name": name, "offset": offset, "parameters": parameters, "returntype": returned, "safe": false});
    let add = method("add", 0, json!([{"name": "n", "type": "Integer"}]), "Integer");
    let far = method("far", 99, json!([]), "Void");
    let void = method("void", 2, json!([{"name": "n", "type": "Integer"}]), "Void");
    let methods = [add, far, void, method("_initialize", 3, json!([]), "Void")];
    let manifest = json!({"name": "init", "features": {}, "abi": {"methods": methods}, "trusts": []});
    file("init.manifest.json", manifest.to_string().as_bytes());
    let answer = neovm(&["run", &path, "--method", "add", "2", "--json"]);
    assert_eq!(result(&answer), json!({"type": "Integer", "value": "7"}));
    neovm(&["run", &path, "--method", "far"]).fails(1, &["method far starts at byte 99", "99/8"]);
    neovm(&["check", &path]).fails(1, &["method \"far\" starts at byte 99"]);
    // The argument stays on the stack of a method that returns nothing.
    let answer = neovm(&["run", &path, "--method", "void", "2"]);
    assert!(answer.out.contains("Return value count mismatch: expected 0"), "{}", answer.out);
}

#[test]
fn bad_files_are_named() {
    neovm(&["run", "missing.nef"]).fails(1, &["cannot read missing.nef", "No such file"]);
    neovm(&["run", "."]).fails(1, &["cannot read .", "directory"]);
    neovm(&["run", "0x123"]).fails(1, &["0x123", "Odd number of digits"]);
    neovm(&["run", "1z"]).fails(1, &["1z is no file and no script", "no hexadecimal", "no base64"]);
    let text = file("text.txt", b"hello world");
    neovm(&["run", &text]).fails(1, &["text.txt", "a text that is no script", "position"]);
    let large = file("large.bin", &vec![0x0b; (1 << 20) + 1]);
    neovm(&["run", &large]).fails(1, &["large.bin", "1048577 bytes", "at most 1048576"]);

    let nef = std::fs::read(examples().join("arith.nef")).expect("the example");
    let cut = file("cut.nef", &nef[..100]);
    neovm(&["run", &cut]).fails(1, &["cut.nef", "NEF file, byte"]);
    let mut wrong = nef.clone();
    wrong[100] ^= 1;
    neovm(&["run", &file("wrong.nef", &wrong)]).fails(1, &["wrong.nef", "checksum"]);
    let odd = file("odd.nef", &nef);
    file("odd.manifest.json", b"{\"name\":3}");
    neovm(&["run", &odd]).fails(1, &["odd.manifest.json", "name"]);
    neovm(&["run", "40", "--host", "arith.nef"]).fails(1, &["arith.nef", "UTF-8"]);
    neovm(&["run", "40", "--host", "arith.manifest.json"]).fails(1, &["arith.manifest.json", "syscalls"]);
}

#[test]
fn stacks_are_shown_within_bounds() {
    // An array that holds itself.
    let cycle = "c24a4acf";
    let answer = neovm(&["run", cycle, "--json"]);
    assert!(answer.ok().ends_with("\"stack\":\"error: an item holds itself\"}\n"), "{}", answer.out);
    assert!(neovm(&["run", cycle]).ok().contains("[[[[[[... 1 more]]]]]]"));
    // 131,070 zeros in a buffer, and 1,000 times Null.
    let answer = neovm(&["run", "02feff01008801e803c3"]);
    assert!(answer.ok().len() < 1000, "{}", answer.out);
    assert!(answer.ok().contains("(131070 bytes)"));
    assert!(answer.ok().contains("more]"));
}
