//! `neovm fuzz`.

mod common;

use common::{file, neovm};
use serde_json::{Value, json};

/// A script that runs with gas beyond 63 bits, which is none at all for the
/// engine, and much for the model: a difference that always is.
fn case(reference: &str, gas: u64) -> String {
    let limits = json!({
        "max_shift": 256, "max_stack_size": 2048, "max_item_size": 131_070, "max_comparable_size": 65_536,
        "max_invocation_stack_size": 1024, "max_try_nesting_depth": 16, "catch_engine_exceptions": true,
    });
    let run = json!({"gas_limit": gas, "dispatch": "auto", "hardfork": "Default", "limits": limits});
    json!({"script": "1213a0", "reference": reference, "subject": "eager", "runs": [run]}).to_string()
}

#[test]
fn scripts_are_compared_and_counted() {
    for against in ["interp", "jit", "model"] {
        let answer = neovm(&["fuzz", "--against", against, "--scripts", "150", "--seed", "7", "--threads", "2"]);
        let out = answer.ok();
        for part in ["150 scripts, ", "0 scripts differ", "scripts a second"] {
            assert!(out.contains(part), "{against}: {part:?} is missing in {out}");
        }
    }
}

#[test]
fn a_seed_decides_all() {
    let tally = |threads: &str| {
        let args = ["fuzz", "--scripts", "150", "--seed", "9", "--against", "interp", "--json", "--threads", threads];
        let line: Value = serde_json::from_str(neovm(&args).ok()).expect("JSON");
        assert_eq!((&line["against"], &line["seed"]), (&json!("interp"), &json!(9)));
        line["tally"].clone()
    };
    let once = tally("1");
    assert_eq!((&once["scripts"], &once["differences"]), (&json!(150), &json!(0)));
    assert_eq!(once, tally("2"));
}

#[test]
fn time_ends_it() {
    let answer = neovm(&["fuzz", "--against", "interp", "--seconds", "2", "--every", "1"]);
    assert!(answer.code == 0 && answer.err.contains("1 s: "), "{}", answer.err);
}

#[test]
fn what_differs_is_shown_and_fails() {
    let differs = file("differs.json", case("model", 1 << 63).as_bytes());
    let answer = neovm(&["fuzz", "--replay", &differs]);
    assert_eq!(answer.code, 1, "{}", answer.err);
    for part in ["model and eager", "PUSH2", "Insufficient GAS.", "they part"] {
        assert!(answer.out.contains(part), "{part:?} is missing in {}", answer.out);
    }
    let agrees = file("agrees.json", case("model", 1 << 40).as_bytes());
    assert_eq!(neovm(&["fuzz", "--replay", &agrees]).ok(), "nothing differs\n");
}

#[test]
fn wrong_files_are_told() {
    neovm(&["fuzz", "--replay", "missing.json"]).fails(1, &["missing.json"]);
    let wrong = file("wrong.json", case("nobody", 1).as_bytes());
    neovm(&["fuzz", "--replay", &wrong]).fails(1, &["wrong.json", "nobody"]);
    assert_eq!(neovm(&["fuzz", "--threads", "0"]).code, 2);
}
