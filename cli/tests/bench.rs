//! `neovm bench`.

mod common;

use std::io::Write;

use common::{contract, file, method, neovm, neovm_with};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// The answers to lines, as quick as can be.
fn answers(args: &[&str], input: &[u8]) -> Vec<Value> {
    let answer = neovm_with(&[&["bench", "-", "--json", "--min-ms", "1"], args].concat(), input);
    answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn times_come_in_order() {
    let input =
        b"{\"id\":\"six\",\"script\":\"1213a0\",\"expect\":\"6\",\"more\":1}\n{\"script\":\"40\",\"stack\":[]}\n";
    let answers = answers(&[], input);
    assert_eq!(answers.len(), 2);
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!("six"), &Value::Null));
    assert_eq!((&answers[0]["engine"], &answers[0]["instructions"]), (&json!("auto"), &json!(4)));
    for answer in answers {
        for times in [&answer["ns_per_run"], &answer["ns_per_instruction"]] {
            let [min, median, max] = ["min", "median", "max"].map(|name| times[name].as_f64().expect("a number"));
            assert!(0.0 < min && min <= median && median <= max, "{answer}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let lines = file("bench-full.jsonl", b"{\"script\":\"40\"}\n");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_neovm"));
    let output = command.args(["bench", &lines, "--min-ms", "1"]).stdout(full).output().expect("the program ends");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.starts_with("error: cannot write to standard output: "), "{error}");
}

#[test]
fn wrong_results_are_not_timed() {
    let lines = [
        (r#"{"script":"1213a0","expect":"7"}"#, "wrong result: 6 on top, not 7"),
        (r#"{"script":"40","expect":"7"}"#, "wrong result: nothing on top, not 7"),
        (r#"{"script":"40","expect":"x"}"#, "expect: "),
        (r#"{"script":"11","stack":[{"type":"Integer","value":"2"}]}"#, "the stack is not \"stack\", but [1]"),
        (r#"{"script":"38"}"#, "wrong result: FAULT (ABORT is executed.), not HALT"),
        (r#"{"script":"40","state":"FAULT"}"#, "wrong result: HALT, not FAULT"),
        (r#"{"script":"22fe","gas_limit":"5"}"#, "invalid type: string \"5\""),
        (r#"{"script":"40","gas_limit":-5}"#, "gas_limit: -5 is below zero"),
        (r#"{"script":"40","hardfork":"x"}"#, "hardfork: unknown hardfork \"x\""),
        (r#"{"script":"40","host":"stub"}"#, "host: \"stub\" needs the option --host"),
        (r#"{"script":"4"}"#, "script: not hexadecimal"),
        ("", "the line is empty"),
    ];
    for (line, message) in lines {
        let answers = answers(&[], format!("{{\"script\":\"40\"}}\n{line}\n{{\"script\":\"40\"}}\n").as_bytes());
        assert_eq!(answers.len(), 3);
        assert!(answers[0]["instructions"] == 1 && answers[2]["instructions"] == 1);
        assert_eq!(answers[1]["line"], 2);
        let error = answers[1]["error"].as_str().expect("an error");
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn what_is_expected_is_a_number_or_a_text() {
    for expect in ["6", "\"6\""] {
        let line = format!("{{\"script\":\"1213a0\",\"expect\":{expect}}}\n");
        assert_eq!(answers(&[], line.as_bytes())[0]["instructions"], 4, "{expect}");
    }
    for (expect, message) in [("7", "wrong result: 6 on top, not 7"), ("6.5", "expect: "), ("[6]", "expect: ")] {
        let line = format!("{{\"script\":\"1213a0\",\"expect\":{expect}}}\n");
        let error = answers(&[], line.as_bytes())[0]["error"].to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_method_of_a_contract_is_timed() {
    let call = ["bench", "arith.nef", "--method", "fib", "100", "--min-ms", "1"];
    let answer = neovm(&[&call[..], &["--json"]].concat());
    let line: Value = serde_json::from_str(answer.ok()).expect("JSON");
    assert_eq!((&line["id"], &line["engine"], &line["instructions"]), (&json!("fib"), &json!("auto"), &json!(3314)));
    assert!(line["ns_per_run"]["median"].as_f64() > Some(0.0), "{line}");
    let table = neovm(&call);
    assert!(
        table.ok().lines().last().is_some_and(|row| row.starts_with("fib ") && row.ends_with('%')),
        "{}",
        table.out
    );
    neovm(&["bench", "arith.nef"]).fails(2, &["arith.nef is a contract: add --method NAME"]);
    neovm(&["bench", "arith.nef", "--method", "fib"]).fails(1, &["fib needs 1 argument"]);
    neovm(&["bench", "missing.nef", "--method", "fib"]).fails(1, &["no such file: missing.nef"]);
    neovm(&["bench", "lines.jsonl", "5"]).fails(2, &["arguments are those of a method"]);
    // DIV by zero.
    let methods = json!([method("fails", 0, json!([]), "Integer")]);
    let path = contract("fails", &[0x11, 0x10, 0xa1, 0x40], &methods);
    let why = "the method does not halt: FAULT (Attempted to divide by zero.)";
    neovm(&["bench", &path, "--method", "fails"]).fails(1, &[why]);
}

#[test]
fn people_get_a_table() {
    let input = b"{\"id\":\"add\",\"script\":\"11119e\"}\nwrong\n";
    let answer = neovm_with(&["bench", "-", "--min-ms", "1"], input);
    assert_eq!(answer.code, 1);
    let head = format!("{:58}run   ns per instruction\nscript ", "");
    assert!(answer.out.starts_with(&head), "{}", answer.out);
    let row = answer.out.lines().last().expect("a row");
    assert!(row.starts_with("add ") && row.ends_with('%'), "{row}");
    let errors = "line 2: the line is no object: it has to start with {\n\
        error: 1 of 2 lines is malformed or has a wrong result\n";
    assert_eq!(answer.err, errors);
}

#[test]
fn faults_are_timed_where_they_are_meant() {
    let answers = answers(
        &[],
        b"{\"script\":\"22fe\",\"gas_limit\":1000,\"state\":\"FAULT\"}\n{\"script\":\"ff\",\"state\":\"FAULT\"}\n",
    );
    assert_eq!(answers[1]["instructions"], 0);
}

#[test]
fn files_may_be_compressed() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(b"{\"id\":\"zip\",\"script\":\"40\"}\n").expect("it can be written");
    let path = file("bench.jsonl.gz", &gzip.finish().expect("it can be written"));
    let answer = neovm(&["bench", &path, "--json", "--min-ms", "1"]);
    assert!(answer.ok().starts_with("{\"id\":\"zip\""));
    let cut = file("cut.jsonl.gz", &[0x1f, 0x8b, 8]);
    neovm(&["bench", &cut, "--json"]).fails(1, &["cannot read"]);
    neovm(&["bench", "no-such.jsonl"]).fails(1, &["cannot read no-such.jsonl"]);
}

#[test]
fn scripts_run_over_the_stub_host() {
    let stub = br#"{"syscalls":{"System.Runtime.GetTime":{"pops":0,"push":{"type":"Integer","value":"7"}}}}"#;
    let host = file("bench-stub.json", stub);
    let answers = answers(&["--host", &host], b"{\"script\":\"41b7c38803\",\"host\":\"stub\",\"expect\":\"7\"}\n");
    assert_eq!(answers[0]["instructions"], 2);
}

#[test]
fn engines_are_named() {
    neovm(&["bench"]).fails(2, &["X.nef|FILE.jsonl"]);
    for engine in ["auto", "interp", "jit"] {
        assert_eq!(answers(&["--engine", engine], b"{\"script\":\"40\"}\n")[0]["engine"], engine);
    }
}
