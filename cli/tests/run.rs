//! `neovm run`.

mod common;

use common::{Answer, contract, examples, file, method, neovm, neovm_with};
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
    let host = file("no-calls.json", br#"{"syscalls":{}}"#);
    let answer = neovm(&["run", "arith.nef", "--method", "fib", "10", "--host", &host]);
    let expected = "state         HALT
gas           0.0003513 GAS (35130 datoshi), and nothing for system calls: under --host they are free
instructions  344
stack         1 item
     0  Integer     55
";
    assert_eq!(answer.ok(), expected);
    // With System.Contract.Call, which costs 2^15 units of 30 datoshi, and what it takes.
    let answer = neovm(&["run", "arith.nef", "--method", "fib", "10"]);
    let expected = "state         HALT
gas           0.0108018 GAS (1080180 datoshi)
instructions  352
contract      arith 0xeccc837c552a4ebfef9ebf4f2d42ac902994122f
stack         1 item
     0  Integer     55
";
    assert_eq!(answer.ok(), expected);
}

#[test]
fn a_fault_says_what_and_where() {
    let answer = neovm(&["run", "0x12139ea0"]);
    assert_eq!(answer.code, 3);
    let expected = "state         FAULT
fault         Out of stack bounds: 0/0 (Parameter 'index')
at            byte 3, MUL
operands      5
gas           0.0000054 GAS (540 datoshi)
instructions  4
stack         1 item
     0  Integer     5
";
    assert_eq!(answer.out, expected);
    let answer = neovm(&["run", "0x12139ea0", "--json"]);
    let expected = concat!(
        r#"{"script":"EhOeoA==","state":"FAULT","gasconsumed":"540","#,
        r#""exception":"Out of stack bounds: 0/0 (Parameter 'index')","fault_at":3,"notifications":[],"logs":[],"stack":[]}"#,
        "\n"
    );
    assert_eq!(answer.ok(), expected);
}

#[test]
fn scripts_come_as_text_bytes_and_files() {
    let six = json!({"type": "Integer", "value": "6"});
    let (bytes, text) = (file("six.bin", &[0x12, 0x13, 0xa0]), file("six.txt", b"0x12 13\na0\n"));
    let base64 = file("six.base64", b"EhOg\n");
    for script in ["0x1213a0", "0x1213A0", &bytes, &text, &base64] {
        assert_eq!(result(&neovm(&["run", script, "--json"])), six, "{script}");
    }
    for (script, format) in [("1213a0", "hex"), ("EhOg", "base64")] {
        assert_eq!(result(&neovm(&["run", script, "--json", "--format", format])), six, "{script}");
    }
    // PUSH2, PUSH3, MUL, RET in base64 with padding, which ends no file's name.
    assert_eq!(result(&neovm(&["run", "EhOgQA==", "--json"])), six);
    // 300 times NOP: too long for the name of a file.
    let long = format!("{}1213a0", "21".repeat(300));
    assert_eq!(result(&neovm(&["run", &long, "--json"])), six);
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
    let old = neovm(&["run", "0x0b4a12d240", "--hardfork", "notechidna"]);
    assert_eq!(old.code, 3);
    let endless = neovm(&["run", "0x2200", "--gas", "1000", "--json"]);
    let result: Value = serde_json::from_str(endless.ok()).expect("JSON");
    assert_eq!((&result["exception"], &result["gasconsumed"]), (&json!("Insufficient GAS."), &json!("1020")));
    neovm(&["run", "0x40", "--hardfork", "Shrek"]).fails(2, &["unknown hardfork", "Genesis, Aspidochelone"]);
    neovm(&["run", "0x40", "--gas", "-1"]).fails(2, &["-1 is not in"]);
}

#[test]
fn trace_and_stats_go_to_standard_error() {
    let answer = neovm(&["run", "0x1213a00c0161", "--trace", "--stats", "--json"]);
    assert_eq!(answer.code, 0);
    assert!(answer.out.contains("HALT"));
    let lines: Vec<&str> = answer.err.lines().collect();
    assert!(lines[2].contains("MUL") && lines[2].contains("gas         60  stack 2: 3 2"), "{}", lines[2]);
    assert!(lines[3].contains("PUSHDATA1 \"a\""));
    assert!(lines[4].contains("RET (behind the script)"));
    assert!(answer.err.contains("engine interp, step by step; hardfork Gorgon; host chain at height 0"));
    assert!(answer.err.contains("ran 5 instructions"));
}

#[test]
fn a_trace_says_what_it_leaves_out() {
    // PUSH1 to PUSH5, and 60 bytes of PUSHDATA1.
    let script = format!("0x11121314150c3c{}", "61".repeat(60));
    let answer = neovm(&["run", &script, "--trace"]);
    assert!(answer.err.contains("stack 4: 4 3 2 ... 1 more\n"), "{}", answer.err);
    assert!(answer.err.contains("PUSHDATA1 (60 bytes, not shown)"), "{}", answer.err);
    assert!(answer.err.contains("stack 6: \"aaa"), "{}", answer.err);
}

#[test]
fn a_run_that_is_stopped_shows_its_state() {
    // PUSH7, and JMP to itself.
    let answer = neovm(&["run", "0x172200", "--max-instructions", "1000"]);
    let expected = "state         BREAK
stopped       after 1000 instructions, as --max-instructions says
at            byte 1, JMP L0001
gas           0.0005997 GAS (59970 datoshi)
instructions  1000
stack         1 item
     0  Integer     7
";
    assert_eq!((answer.code, answer.out.as_str(), answer.err.as_str()), (1, expected, ""));
    let answer = neovm(&["run", "0x172200", "--max-instructions", "1000", "--json"]);
    let expected = concat!(
        r#"{"script":"FyIA","state":"BREAK","gasconsumed":"59970","exception":null,"fault_at":null,"#,
        r#""notifications":[],"logs":[],"stack":[{"type":"Integer","value":"7"}]}"#,
        "\n"
    );
    assert_eq!((answer.code, answer.out.as_str()), (1, expected));
    assert!(answer.err.contains("warning: stopped after 1000 instructions"), "{}", answer.err);
    let answer = neovm(&["run", "0x2200", "--max-instructions", "7", "--trace"]);
    assert!(answer.code == 1 && answer.err.contains("7   1      0  JMP"), "{}", answer.err);
}

#[cfg(unix)]
#[test]
fn ctrl_c_shows_the_state_so_far() {
    use std::{
        io::Read,
        process::{Command, Stdio},
    };
    // PUSH7, and JMP to itself.
    let mut program = Command::new(env!("CARGO_BIN_EXE_neovm"));
    program.args(["run", "0x172200", "--gas", "9000000000000000000", "--trace"]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    // What it traces shows that it runs.
    child.stderr.as_mut().expect("a pipe").read_exact(&mut [0; 10]).expect("a line");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal");
    let answer = Answer::from(child.wait_with_output().expect("the program ends"));
    assert_eq!(answer.code, 130, "{}", answer.out);
    for part in ["state         BREAK", "stopped       by Ctrl-C, after ", "byte 1, JMP", "Integer     7"] {
        assert!(answer.out.contains(part), "{part:?} is missing in {}", answer.out);
    }
}

/// The reader of standard output closes it before anything is written.
#[cfg(unix)]
#[test]
fn a_closed_standard_output_is_no_success() {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };
    // What halts and what faults, what is written through colours and what is written as it is.
    let calls: [&[&str]; 8] = [
        &["run", "0x11"],
        &["run", "0x38"],
        &["run", "0x38", "--json"],
        &["disasm", "0x11"],
        &["disasm", "0x11", "--json"],
        &["methods", "arith.nef"],
        &["serve", "--methods"],
        &["batch"],
    ];
    for call in calls {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
        command.args(call).current_dir(examples());
        let pipes = command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut child = pipes.stdout(writer).spawn().expect("the program starts");
        // It may end without reading.
        let _ = child.stdin.take().expect("a pipe").write_all(b"{\"script\":\"EQ==\"}\n");
        let answer = Answer::from(child.wait_with_output().expect("the program ends"));
        assert_eq!((answer.code, &answer.err[..]), (141, ""), "{call:?}");
    }
}

/// A contract of one byte, RET, whose method returns its argument.
fn identity(name: &str, parameter_type: &str) -> String {
    let parameters = json!([{"name": "it", "type": parameter_type}]);
    let returned = if parameter_type == "InteropInterface" { "Any" } else { parameter_type };
    contract(name, &[0x40], &json!([method("id", 0, parameters, returned)]))
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
        ("Integer", r#"{"type":"Integer","value":"-7"}"#, "Integer", json!("-7")),
        ("Integer", r#"{"type":"Integer","value":7}"#, "Integer", json!("7")),
        ("Boolean", r#"{"type":"Boolean","value":false}"#, "Boolean", json!(false)),
        ("String", r#"{"type":"String","value":"{}"}"#, "ByteString", json!("e30=")),
        ("String", r#"{"type":"other"}"#, "ByteString", json!("eyJ0eXBlIjoib3RoZXIifQ==")),
        ("String", "null", "ByteString", json!("bnVsbA==")),
        ("ByteArray", r#"{"type":"ByteArray","value":"AP8="}"#, "ByteString", json!("AP8=")),
        (
            "Hash160",
            r#"{"type":"Hash160","value":"0x0100000000000000000000000000000000000002"}"#,
            "ByteString",
            json!("AgAAAAAAAAAAAAAAAAAAAAAAAAE="),
        ),
        (
            "Hash160",
            r#"{"type":"ByteArray","value":"AgAAAAAAAAAAAAAAAAAAAAAAAAE="}"#,
            "ByteString",
            json!("AgAAAAAAAAAAAAAAAAAAAAAAAAE="),
        ),
        (
            "Array",
            r#"{"type":"Array","value":[{"type":"Hash160","value":"NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj"},5]}"#,
            "Array",
            json!([
                {"type": "ByteString", "value": "k60VcqSzXEuSVIPOFwG3h0LcRg8="}, {"type": "Integer", "value": "5"}
            ]),
        ),
        (
            "Map",
            r#"{"type":"Map","value":[{"key":{"type":"Integer","value":"1"},"value":{"type":"Any"}}]}"#,
            "Map",
            json!([{"key": {"type": "Integer", "value": "1"}, "value": {"type": "Any"}}]),
        ),
        // Keys in their order, not sorted.
        (
            "Map",
            r#"{"z":18446744073709551615,"a":2}"#,
            "Map",
            json!([
                {"key": {"type": "ByteString", "value": "eg=="}, "value": {"type": "Integer", "value": "18446744073709551615"}},
                {"key": {"type": "ByteString", "value": "YQ=="}, "value": {"type": "Integer", "value": "2"}}
            ]),
        ),
    ];
    for (i, (parameter, text, item_type, value)) in good.into_iter().enumerate() {
        let nef = identity(&format!("good{i}"), parameter);
        let answer = neovm(&["run", &nef, "--json", "--method", "id", "--", text]);
        assert_eq!(result(&answer), json!({"type": item_type, "value": value}), "{parameter} {text}");
    }
}

#[test]
fn null_is_an_argument_of_any_type_but_text() {
    for (i, parameter) in ["Integer", "Boolean", "Hash160", "PublicKey", "Array", "Map", "Any"].into_iter().enumerate()
    {
        let nef = identity(&format!("null{i}"), parameter);
        assert_eq!(result(&neovm(&["run", &nef, "--json", "--method", "id", "null"])), json!({"type": "Any"}));
    }
    let nef = identity("null-text", "String");
    let null = r#"{"type":"String"}"#;
    assert_eq!(result(&neovm(&["run", &nef, "--json", "--method", "id", null])), json!({"type": "Any"}));
}

#[test]
fn texts_may_look_like_options() {
    let nef = identity("dashes", "String");
    for text in ["--name", "-x", "--method=x=y", "-", "--"] {
        let expected = json!({"type": "ByteString", "value": base64(text)});
        let after_dashes = neovm(&["run", &nef, "--json", "--method", "id", "--", text]);
        assert_eq!(result(&after_dashes), expected, "{text}");
    }
    for text in ["--name", "-x", "--no=thing", "-"] {
        let expected = json!({"type": "ByteString", "value": base64(text)});
        assert_eq!(result(&neovm(&["run", &nef, "--method", "id", text, "--json"])), expected, "{text}");
    }
    // Where something else is wanted, it is a mistyped option.
    let jsn = neovm(&["run", "arith.nef", "--method", "fib", "10", "--jsn"]);
    jsn.fails(2, &["error: unexpected argument '--jsn' found", "'--json'"]);
    let nef = identity("dashes-integer", "Integer");
    neovm(&["run", &nef, "--method", "id", "--jsn"]).fails(2, &["error: unexpected argument '--jsn' found"]);
    assert_eq!(result(&neovm(&["run", &nef, "--method", "id", "-7", "--json"]))["value"], "-7");
    neovm(&["run", "--jsn", "0x40"]).fails(2, &["unexpected argument '--jsn'"]);
    neovm(&["disasm", "0x40", "--jsn"]).fails(2, &["unexpected argument '--jsn'", "'--json'"]);
}

fn base64(text: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(text)
}

#[test]
fn results_have_the_notation_of_arguments() {
    let key = "03b209fd4f53a7170ea4444e0cb0a6bb6a53c2bd016926989cf85f9b0fba17a70c";
    let (hash, hash256) = ("0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5", format!("0x{}", "12".repeat(31) + "ab"));
    let (zeros, long) = (format!("0x{}", "00".repeat(70)), "a".repeat(400));
    let (cut_zeros, cut_text) =
        (format!("0x{}... (70 bytes)", "00".repeat(64)), format!("{:?}... (400 bytes)", &long[..300]));
    let cases = [
        (
            "Hash160",
            hash,
            "Hash160     0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5, address NiHURyS83nX2mpxtA7xq84cGxVbHojj5Wc",
        ),
        ("Hash256", &hash256, &format!("Hash256     {hash256}")),
        ("PublicKey", key, &format!("PublicKey   {key}")),
        ("Signature", &"5a".repeat(64), &format!("Signature   {}", "5a".repeat(64))),
        ("String", "a \"b\"\u{1b}", r#"String      "a \"b\"\u{1b}""#),
        ("String", &long, &format!("String      {cut_text}")),
        ("ByteArray", "0x6162", "ByteArray   0x6162 (\"ab\")"),
        ("ByteArray", "0x00ff", "ByteArray   0x00ff"),
        ("ByteArray", &zeros, &format!("ByteArray   {cut_zeros}")),
        ("Integer", "-5", "Integer     -5"),
        ("Boolean", "true", "Boolean     true"),
        ("Array", "[1,\"a\"]", "Array       [1, \"a\"]"),
        ("Map", "{\"k\":null}", "Map         {\"k\": null}"),
        ("Any", "\"text\"", "ByteString  \"text\""),
        ("Hash160", "null", "Any         null"),
        // The method returns what it was given, whatever the manifest says.
        ("Array", r#"{"type":"Struct","value":[]}"#, "Struct      []"),
    ];
    for (i, (kind, text, expected)) in cases.into_iter().enumerate() {
        let nef = identity(&format!("notation{i}"), kind);
        let answer = neovm(&["run", &nef, "--method", "id", "--", text]);
        let line = answer.ok().lines().last().expect("a result").to_owned();
        assert_eq!(line, format!("     0  {expected}"), "{kind} {text}");
    }
    // PUSH5, RET as a method that should return a hash.
    let contract = contract("wrong", &[0x15, 0x40], &json!([method("get", 0, json!([]), "Hash160")]));
    let answer = neovm(&["run", &contract, "--method", "get"]);
    assert!(answer.ok().ends_with("     0  Integer     5 (not Hash160, as the manifest says)\n"), "{}", answer.out);
}

#[test]
fn wrong_arguments_are_named() {
    let bad = [
        ("Integer", "0x10", "not a decimal integer"),
        ("Boolean", "yes", "neither true nor false"),
        ("ByteArray", "0x0", "an odd number of digits, 1"),
        ("Hash160", "0x00", "neither 0x and 40 digits nor an address"),
        ("Hash160", "NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAak", "address"),
        ("Hash256", "00", "has 1 byte, 32 are needed"),
        ("Signature", "00", "64 are needed"),
        ("PublicKey", "zz", "is not hexadecimal: 'z' at character 1 is no hexadecimal digit"),
        ("PublicKey", &"05".repeat(33), "is not a public key"),
        ("Array", "{}", "is Map, not an Array"),
        ("Map", "[1", "cannot be read as JSON"),
        ("Any", "1.5", "not an integer of 64 bits"),
        ("Any", "word", "a text is written in quotes"),
        ("Any", r#"{"type":"Pointer"}"#, "no value of this type can be given"),
        ("Any", r#"{"type":"pointer","value":1}"#, "value of type pointer: there is no such type"),
        ("Any", r#"{"a":1,"b":2,"a":3}"#, "key \"a\" occurs twice"),
        ("Integer", r#"{"type":"String","value":"5"}"#, "a value of type String is not accepted"),
        ("Integer", r#"{"type":"Integer","value":"5","more":1}"#, "here is \"more\""),
        ("Integer", r#"{"type":"Integer","value":true}"#, "it must be a text, not the boolean true"),
        ("Hash160", r#"{"type":"ByteArray","value":"AA=="}"#, "the value has 1 byte, 20 are needed"),
        ("Boolean", r#"{"type":"Boolean","value":"yes"}"#, "it must be true or false, not the text \"yes\""),
        ("ByteArray", r#"{"type":"Array","value":[]}"#, "a value of type Array is not accepted"),
        ("Signature", r#"{"type":"Signature","value":"AA=="}"#, "it has 1 byte, 64 are needed"),
        ("Map", r#"{"type":"Map","value":[{"key":1}]}"#, "an entry needs \"key\" and \"value\""),
        ("InteropInterface", "x", "no value of this type"),
    ];
    for (i, (parameter, text, message)) in bad.into_iter().enumerate() {
        let nef = identity(&format!("bad{i}"), parameter);
        let answer = neovm(&["run", &nef, "--method", "id", text]);
        answer.fails(1, &["argument 1, it: ", parameter, message]);
    }
    neovm(&["run", "arith.nef", "--method", "fib"]).fails(1, &["error: fib needs 1 argument (n: Integer), got 0\n"]);
    neovm(&["run", "arith.nef", "--method", "fob", "1"]).fails(1, &["no method \"fob\"", "fib_rec(n: Integer)"]);
    neovm(&["run", "0x40", "--method", "fib"]).fails(1, &["0x40 has no manifest; name one with --manifest FILE"]);
    neovm(&["run", "0x40", "text"]).fails(1, &["argument 1: ", "is not JSON (a text is written in quotes"]);
}

#[test]
fn initialize_runs_first() {
    // add at 0: LDSFLD0 ADD RET; void at 3: RET; _initialize at 4: INITSSLOT 1 PUSH5 STSFLD0 RET
    let script = vec![0x58, 0x9e, 0x40, 0x40, 0x56, 0x01, 0x15, 0x60, 0x40];
    let integer = || json!([{"name": "n", "type": "Integer"}]);
    let methods = json!([
        method("add", 0, integer(), "Integer"),
        method("void", 3, integer(), "Void"),
        method("_initialize", 4, json!([]), "Void"),
    ]);
    let path = contract("init", &script, &methods);
    let answer = neovm(&["run", &path, "--method", "add", "2", "--json"]);
    assert_eq!(result(&answer), json!({"type": "Integer", "value": "7"}));
    // The argument stays on the stack of a method that returns nothing.
    let answer = neovm(&["run", &path, "--method", "void", "2"]);
    assert!(answer.out.contains("Return value count mismatch: expected 0"), "{}", answer.out);
}

#[test]
fn bad_files_are_named() {
    neovm(&["run", "missing.nef"]).fails(1, &["error: no such file: missing.nef\n"]);
    neovm(&["run", "arith"]).fails(1, &["error: no such file: arith; did you mean arith.nef?\n"]);
    neovm(&["run", "1213a0"]).fails(1, &["no such file: 1213a0; hexadecimal digits are a script after 0x"]);
    neovm(&["run", "EhOg"]).fails(1, &["no such file: EhOg; a script in base64 needs --format base64"]);
    neovm(&["run", "1z"]).fails(1, &["error: no such file: 1z\n"]);
    neovm(&["run", "missing/1213a0"]).fails(1, &["error: no such file: missing/1213a0\n"]);
    neovm(&["run", "."]).fails(1, &["cannot read .", "directory"]);
    neovm(&["run", "0x123"]).fails(1, &["0x123", "an odd number of digits, 3: the last byte is cut off"]);
    neovm(&["run", "0x"]).fails(1, &["error: 0x holds no script\n"]);
    neovm(&["run", ""]).fails(2, &["a value is required"]);
    neovm_with(&["run", "-"], b"").fails(1, &["error: standard input is empty\n"]);
    neovm_with(&["run", "-"], b" \n").fails(1, &["error: standard input is empty\n"]);
    neovm_with(&["check", "-"], b"").fails(1, &["error: standard input is empty\n"]);
    neovm(&["run", &file("empty.nef", b"")]).fails(1, &["empty.nef is empty\n"]);
    let text = file("text.txt", b"hello world");
    neovm(&["run", &text]).fails(1, &["text.txt", "not a script (--format raw", "at character "]);
    let large = file("large.bin", &vec![0x0b; (1 << 20) + 1]);
    neovm(&["run", &large]).fails(1, &["large.bin", "1048577 bytes", "at most 1048576"]);

    let nef = std::fs::read(examples().join("arith.nef")).expect("the example");
    let cut = file("cut.nef", &nef[..100]);
    neovm(&["run", &cut]).fails(1, &["cut.nef", "NEF file, byte"]);
    let mut wrong = nef.clone();
    wrong[100] ^= 1;
    neovm(&["run", &file("wrong.nef", &wrong)]).fails(1, &["wrong.nef", "checksum"]);
    neovm(&["run", "0x40", "--host", "arith.nef"]).fails(1, &["arith.nef", "UTF-8"]);
    neovm(&["run", "0x40", "--host", "arith.manifest.json"]).fails(1, &["arith.manifest.json", "syscalls"]);
}

#[test]
fn stacks_are_shown_within_bounds() {
    // An array that holds itself.
    let cycle = "0xc24a4acf";
    let answer = neovm(&["run", cycle, "--json"]);
    assert!(answer.ok().ends_with("\"stack\":[\"error: Circular reference.\"]}\n"), "{}", answer.out);
    // PUSH1, that array, PUSH2: the other items stay.
    let answer = neovm(&["run", "0x11c24a4acf12", "--json"]);
    let stack =
        r#""stack":[{"type":"Integer","value":"1"},"error: Circular reference.",{"type":"Integer","value":"2"}]}"#;
    assert!(answer.ok().ends_with(&format!("{stack}\n")), "{}", answer.out);
    // Arrays of arrays of 2,000 times Null.
    let answer = neovm(&["run", "0x1101d007c34a4a4a4a4a4a4a4a4a1ac04a4a4a4a4a4a4a4a4a1ac0", "--json"]);
    let stack = r#""stack":[{"type":"Integer","value":"1"},"error: Max size reached."]}"#;
    assert!(answer.ok().ends_with(&format!("{stack}\n")), "{}", answer.out);
    assert!(neovm(&["run", cycle]).ok().contains("[[[[[[... 1 more]]]]]]"));
    // 131,070 zeros in a buffer, and 1,000 times Null.
    let answer = neovm(&["run", "0x02feff01008801e803c3"]);
    assert!(answer.ok().len() < 1000, "{}", answer.out);
    assert!(answer.ok().contains("(131070 bytes)"));
    assert!(answer.ok().contains("more]"));
}
