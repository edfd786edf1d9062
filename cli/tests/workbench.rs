//! Profiles and coverage, as a user gets them.

mod common;

use std::{fs, path::PathBuf};

use common::{file, neovm};
use serde_json::{Value, json};

const CLASSIFY: &str = "../workbench/tests/data/classify.nef";

fn parsed(args: &[&str]) -> Value {
    serde_json::from_str(neovm(args).ok()).expect("JSON")
}

/// A path where a test may write.
fn out(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    path.to_str().expect("UTF-8").into()
}

#[test]
fn a_profile_adds_up_to_the_run() {
    let run = parsed(&["run", CLASSIFY, "--method", "classify", "10", "--json"]);
    let profile = parsed(&["profile", CLASSIFY, "--method", "classify", "10", "--json"]);
    let datoshi = run["gasconsumed"].as_str().expect("text").parse::<u128>().expect("a number");
    let pico = profile["total"]["gas"].as_str().expect("text").parse::<u128>().expect("a number");
    assert_eq!(pico.div_ceil(10_000), datoshi);
    let names = |table: &str| -> Vec<String> {
        let rows = profile[table].as_array().expect("a table").iter();
        rows.map(|row| row["name"].as_str().expect("a name").into()).collect()
    };
    assert_eq!(names("contracts"), ["entry script", "classify"]);
    assert_eq!(names("methods"), ["entry script", "classify.classify"]);
    assert!(names("lines").contains(&"classify.py:11".into()));
    let tables = neovm(&["profile", CLASSIFY, "--method", "classify", "10", "--top", "1"]);
    assert!(tables.ok().contains("classify.py:10\n") && tables.out.contains(" more\n"), "{}", tables.out);
}

#[test]
fn a_flame_graph_is_written() {
    let path = out("flame.svg");
    let call = ["profile", "arith.nef", "--method", "fib_rec", "6", "--by", "instructions", "--folded"];
    let folded = neovm(&[&call[..], &["--flame", &path]].concat());
    assert!(folded.ok().contains("entry script;arith.fib_rec;arith.fib_rec;arith.fib_rec "), "{}", folded.out);
    let svg = fs::read_to_string(path).expect("a picture");
    assert!(svg.contains("<title>arith.fib_rec: "), "{svg}");
}

#[test]
fn what_profile_and_coverage_refuse() {
    neovm(&["profile", CLASSIFY, "--method", "classify", "1", "--by", "weight"]).fails(2, &["\"weight\" is not gas"]);
    neovm(&["profile", CLASSIFY]).fails(2, &["which method of classify?"]);
    let stub = ["--host", "../tests/data/stub-host.json"];
    neovm(&[&["profile", "0x11"][..], &stub].concat()).fails(2, &["takes no --host"]);
    let bad = file("bad.debug.json", b"{\"documents\":[],\n\"methods\":5}");
    let call = ["profile", CLASSIFY, "--method", "classify", "1", "--debug-info", &bad];
    neovm(&call).fails(1, &["bad.debug.json", "line 2 column 11"]);
    for (text, words) in [("[]", "invalid type: list, expected an object"), ("{\"a\":1}", "it is no debug information")]
    {
        let bad = file("none.debug.json", text.as_bytes());
        neovm(&["profile", CLASSIFY, "--method", "classify", "1", "--debug-info", &bad])
            .fails(1, &["none.debug.json", words]);
    }
    // What is wrong is said once.
    assert_eq!(neovm(&call).err.matches("line 2").count(), 1);
    let short = neovm(&["profile", CLASSIFY, "--method", "classify", "100", "--gas", "1100000"]);
    assert_eq!(short.code, 3);
    assert!(
        short.err.contains("the script faulted: Insufficient GAS.") && short.out.contains("opcodes"),
        "{}",
        short.err
    );
    let short = neovm(&["profile", CLASSIFY, "--method", "classify", "100", "--gas", "1100000", "--json"]);
    let short: Value = serde_json::from_str(&short.out).expect("JSON");
    assert_eq!((&short["state"], &short["fault"]), (&json!("FAULT"), &json!("Insufficient GAS.")));
    neovm(&["coverage", "arith.nef", "--method", "fib", "1", "--lcov", &out("none.info")])
        .fails(1, &["lcov needs debug information"]);
    let other = file("other.json", neovm(&["hash", "x", "--json"]).ok().as_bytes());
    neovm(&["coverage", CLASSIFY, "--merge", &other]).fails(1, &["other.json", "line 1"]);
    let list = file("list.json", b"[\"neovm coverage 1\",\"\",\"\",[],[]]");
    neovm(&["coverage", CLASSIFY, "--merge", &list]).fails(1, &["list.json", "invalid type: list, expected an object"]);
}

#[test]
fn coverage_is_recorded_and_merged() {
    let (one, two) = (out("one.json"), out("two.json"));
    let call = ["coverage", CLASSIFY, "--method", "classify"];
    neovm(&[&call[..], &["6", "--record", &one]].concat()).ok();
    let (lcov, page) = (out("lcov.info"), out("coverage.html"));
    let files = ["--record", &two, "--lcov", &lcov, "--html", &page, "--json"];
    let both: Value =
        serde_json::from_str(neovm(&[&call[..], &["100", "--merge", &one], &files].concat()).ok()).expect("JSON");
    assert_eq!(both["shares"]["branches"], json!({"covered": 7, "all": 10}));
    assert_eq!(both["methods"][0]["calls"], 2);
    // What was recorded holds both runs, and is shown without another one.
    assert_eq!(parsed(&["coverage", CLASSIFY, "--merge", &two, "--json"]), both);
    let twice = parsed(&["coverage", CLASSIFY, "--merge", &two, "--merge", &one, "--json"]);
    assert_eq!((&twice["methods"][0]["calls"], &twice["shares"]), (&json!(3), &both["shares"]));
    assert!(fs::read_to_string(lcov).expect("a file").contains("DA:9,108\n"));
    // The source lies beside the contract.
    assert!(fs::read_to_string(page).expect("a file").contains("while i &lt; n:"));
}

#[test]
fn debug_information_of_another_script_is_warned_of() {
    let warned = |info: &str| {
        let answer = neovm(&["profile", CLASSIFY, "--method", "classify", "1", "--debug-info", info]);
        assert_eq!(answer.code, 0, "{}", answer.err);
        answer.err.contains("the debug information is that of another script")
    };
    assert!(!warned("../workbench/tests/data/classify.nefdbgnfo"));
    assert!(warned("../workbench/tests/data/kept.debug.json"));
}
