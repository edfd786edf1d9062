//! `neovm batch`.

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use common::{file, neovm, neovm_with};
use serde_json::{Value, json};

/// The answers to lines.
fn answers(args: &[&str], input: &[u8]) -> Vec<Value> {
    let answer = neovm_with(&[&["batch"], args].concat(), input);
    answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn results_come_in_order_and_in_full() {
    let input = r#"{"id":"good","script":"1213a0","more":[{}]}
{"id":2,"script":"0x12139ea0","gas_limit":1000}
{"id":"poor","script":"2200","gas_limit":1000,"hardfork":"NotEchidna"}
{"script":"c24a4acf"}"#;
    let expected = r#"{"id":"good","state":"HALT","gasconsumed":"300","exception":null,"fault_at":null,"stack":[{"type":"Integer","value":"6"}],"refs":1,"instructions":4}
{"id":2,"state":"FAULT","gasconsumed":"540","exception":"Out of stack bounds: 0/0 (Parameter 'index')","fault_at":3,"stack":null,"refs":null,"instructions":4}
{"id":"poor","state":"FAULT","gasconsumed":"1020","exception":"Insufficient GAS.","fault_at":0,"stack":null,"refs":null,"instructions":17}
{"id":null,"state":"HALT","gasconsumed":"246360","exception":null,"fault_at":null,"stack":"error: an item holds itself","refs":2,"instructions":5}
"#;
    assert_eq!(neovm_with(&["batch"], input.as_bytes()).ok(), expected);
}

#[test]
fn malformed_lines_do_not_stop_the_rest() {
    let lines: [(&[u8], &str); 11] = [
        (b"", "the line is empty"),
        (b"nothing", "no object: it has to start with {"),
        (b"{\"script\":\"40\"", "column 14: EOF while parsing an object"),
        (b"[]", "no object"),
        (b"{\"script\":\"\xff\"}", "column 12: invalid unicode"),
        (b"{\"id\":1}", "missing field `script`"),
        (b"{\"script\":\"4\"}", "script: not hexadecimal: an odd number of digits, 1"),
        (
            b"{\"script\":\"40\",\"gas_limit\":\"5\"}",
            "invalid type: string \"5\", expected an integer from -2^63 to 2^63 - 1",
        ),
        (b"{\"script\":\"40\",\"gas_limit\":-5}", "gas_limit: -5 is below zero"),
        (
            b"{\"script\":\"40\",\"hardfork\":\"x\"}",
            "hardfork: unknown hardfork \"x\"; expected one of Genesis, Aspidochelone",
        ),
        (b"{\"script\":\"40\",\"host\":\"stub\"}", "host: \"stub\" needs the option --host"),
    ];
    for (line, message) in lines {
        let input = [b"{\"script\":\"40\"}\n", line, b"\n{\"script\":\"40\"}\n"].concat();
        let answers = answers(&[], &input);
        assert_eq!(answers.len(), 3);
        assert_eq!((&answers[0]["state"], &answers[2]["state"]), (&json!("HALT"), &json!("HALT")));
        assert_eq!(answers[1]["line"], 2);
        let error = answers[1]["error"].as_str().expect("an error");
        assert!(error.contains(message), "{error}");
    }
    let answer = neovm_with(&["batch"], b"\n");
    assert_eq!((answer.code, answer.err.as_str()), (1, "error: 1 of 1 line is malformed\n"));
}

#[test]
fn huge_lines_are_skipped() {
    let mut input = b"{\"script\":\"".to_vec();
    input.resize((64 << 20) + 100, b'0');
    input.extend(b"\"}\n{\"script\":\"40\"}\n{\"script\":\"");
    input.resize(input.len() + (2 << 20) + 2, b'0');
    input.extend(b"\"}\n");
    input.resize(input.len() + 100_000, b'[');
    let answers = answers(&[], &input);
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0], json!({"line": 1, "error": "the line has more than 67108864 bytes"}));
    assert_eq!(answers[1]["state"], "HALT");
    assert_eq!(answers[2]["error"], "script: a script of 1048577 bytes; at most 1048576 are taken");
    assert_eq!(answers[3]["line"], 4);
}

#[test]
fn results_too_large_say_so() {
    // Arrays of arrays of 2,000 times Null have too many items, 300 buffers of
    // 131,070 bytes too much text.
    let nulls = "01d007c34a4a4a4a4a4a4a4a4a1ac04a4a4a4a4a4a4a4a4a1ac0";
    let input = format!("{{\"script\":\"{nulls}\"}}\n{{\"script\":\"012c0102feff010088509d4a24f7\"}}\n");
    let answers = answers(&[], input.as_bytes());
    for answer in answers {
        assert_eq!((&answer["state"], &answer["stack"]), (&json!("HALT"), &json!("error: too large")));
    }
}

#[test]
fn lines_run_over_the_stub_host() {
    let host = file(
        "stub.json",
        br#"{"syscalls":{"System.Runtime.GetTime":{"pops":0,"push":{"type":"Integer","value":"7"}}}}"#,
    );
    let input = b"{\"script\":\"41b7c38803\",\"host\":\"stub\"}\n{\"script\":\"41b7c38803\"}\n";
    let answers = answers(&["--host", &host], input);
    assert_eq!(answers[0]["stack"], json!([{"type": "Integer", "value": "7"}]));
    assert_eq!(answers[1]["exception"], "Syscall not found: 59294647");
}

#[test]
fn engines_are_named() {
    neovm(&["batch", "--engine", "other"]).fails(2, &["possible values: auto, interp, jit"]);
    for engine in ["auto", "interp", "jit"] {
        let answer = neovm_with(&["batch", "--engine", engine, "--stats"], b"{\"script\":\"1213a0\"}\n");
        assert_eq!(answer.code, 0);
        let expected = format!("engine {engine}: 1 line (0 malformed), 4 instructions");
        assert!(answer.err.starts_with(&expected), "{}", answer.err);
    }
}

/// Whoever sends a line and waits for its answer gets it.
#[test]
fn answers_come_line_by_line() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
    let mut child = command.arg("batch").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    for id in 0..3 {
        writeln!(stdin, "{{\"id\":{id},\"script\":\"40\"}}").expect("it reads");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it answers");
        assert!(line.starts_with(&format!("{{\"id\":{id},")));
    }
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_closed_output_ends_quietly() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
    command.arg("batch").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    drop(child.stdout.take());
    for _ in 0..10_000 {
        if stdin.write_all(b"{\"script\":\"40\"}\n").is_err() {
            break;
        }
    }
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(output.stderr, b"");
}
