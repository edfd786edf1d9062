//! The command `neovm-fuzz`, run as a user runs it.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

/// What a call of the command came to.
struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Answer {
    /// Checks that nothing differs and nothing was reported, and returns the output.
    #[track_caller]
    fn ok(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
        &self.out
    }

    /// Checks that the command failed with exit code 1, no output, and a message that contains `words`.
    #[track_caller]
    fn fails(&self, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing in {:?}", self.err);
        }
    }
}

fn neovm_fuzz(args: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_neovm-fuzz")).args(args).output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("no signal");
    let answer = Answer { code, out: text(output.stdout), err: text(output.stderr) };
    assert!(!answer.err.contains("panicked"), "{args:?}: {}", answer.err);
    answer
}

/// Writes a file for a test and returns its path.
fn file(name: &str, content: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the file can be written");
    path.to_str().expect("UTF-8").into()
}

/// Returns a case whose gas limit is negative for the engine, and a large number for the model if it
/// exceeds 63 bits: then the outcomes always differ.
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
    for against in ["interp", "jit", "model", "host"] {
        let answer = neovm_fuzz(&["--against", against, "--scripts", "150", "--seed", "7", "--threads", "2"]);
        let out = answer.ok();
        for part in ["150 scripts, ", "0 scripts differ", "scripts a second"] {
            assert!(out.contains(part), "{against}: {part:?} is missing in {out}");
        }
    }
}

#[test]
fn a_seed_decides_all() {
    let tally = |threads: &str| {
        let args = ["--scripts", "150", "--seed", "9", "--against", "interp", "--json", "--threads", threads];
        let line: Value = serde_json::from_str(neovm_fuzz(&args).ok()).expect("JSON");
        assert_eq!((&line["against"], &line["seed"]), (&json!("interp"), &json!(9)));
        line["tally"].clone()
    };
    let once = tally("1");
    assert_eq!((&once["scripts"], &once["differences"]), (&json!(150), &json!(0)));
    assert_eq!(once, tally("2"));
}

#[test]
fn a_campaign_ends_in_time() {
    let answer = neovm_fuzz(&["--against", "interp", "--seconds", "2", "--every", "1"]);
    assert!(answer.code == 0 && answer.err.contains("1 s: "), "{}", answer.err);
}

#[test]
fn what_differs_is_shown_and_fails() {
    let differs = file("differs.json", &case("model", 1 << 63));
    let answer = neovm_fuzz(&["--replay", &differs]);
    assert_eq!(answer.code, 1, "{}", answer.err);
    for part in ["model and eager", "PUSH2", "Insufficient GAS.", "they part"] {
        assert!(answer.out.contains(part), "{part:?} is missing in {}", answer.out);
    }
    let agrees = file("agrees.json", &case("model", 1 << 40));
    assert_eq!(neovm_fuzz(&["--replay", &agrees]).ok(), "nothing differs\n");
}

#[test]
fn unreadable_cases_are_reported() {
    neovm_fuzz(&["--replay", "missing.json"]).fails(&["missing.json"]);
    let wrong = file("wrong.json", &case("nobody", 1));
    neovm_fuzz(&["--replay", &wrong]).fails(&["wrong.json", "nobody"]);
    assert_eq!(neovm_fuzz(&["--threads", "0"]).code, 2);
}
