//! `neovm job`.

mod common;

use std::fs;

use common::neovm;
use serde_json::Value;

const CALL: &str = r#"{
    "format": "neovm-job-1",
    "network": "private",
    "genesis": true,
    "job": {
        "gas": 100000000,
        "call": {"contract": "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5", "method": "symbol"}
    }
}"#;

/// What a run writes is a file that holds its storage and its receipt.
#[test]
fn a_job_is_run_written_and_run_again() {
    let folder = std::env::temp_dir().join(format!("neovm-job-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = |name: &str| folder.join(name).display().to_string();
    let (input, written) = (path("job.json"), path("written.json"));
    fs::write(&input, CALL).expect("a file");

    let first = neovm(&["job", "run", &input, "--write", &written, "--calls"]);
    assert_eq!(first.code, 0, "{}", first.err);
    let receipt: Value = serde_json::from_str(&first.out).expect("JSON");
    assert_eq!((&receipt["state"], &receipt["stack"][0]["value"]), (&"HALT".into(), &"TkVP".into()));
    assert_eq!(receipt["calls"].as_array().map(Vec::len), Some(2));

    let mut file: Value = serde_json::from_str(&fs::read_to_string(&written).expect("a file")).expect("JSON");
    assert_eq!(file["genesis"], false);
    assert!(file["storage"].as_object().is_some_and(|storage| (1..20).contains(&storage.len())));
    let second = neovm(&["job", "run", &written, "--calls", "--engine", "interp"]);
    assert_eq!((second.code, &second.out), (0, &first.out), "{}", second.err);

    file["receipt"]["gasPico"] = "1".into();
    fs::write(&written, file.to_string()).expect("a file");
    let third = neovm(&["job", "run", &written]);
    assert_eq!(third.code, 1);
    assert!(third.err.contains("gasPico: expected \"1\", got \""), "{}", third.err);

    fs::write(&input, CALL.replace("symbol\"", "symbol\", \"argument\": 1")).expect("a file");
    let malformed = neovm(&["job", "run", &input]);
    assert_eq!(malformed.code, 1);
    assert!(malformed.err.contains("unknown field `argument`"), "{}", malformed.err);

    for list in ["[]", r#"{"format":"neovm-job-1","network":"private","job":[]}"#] {
        fs::write(&input, list).expect("a file");
        let refused = neovm(&["job", "run", &input]);
        assert!(refused.err.contains("invalid type: list, expected a job"), "{}", refused.err);
    }

    fs::write(&input, CALL.replace("\"genesis\": true,", "")).expect("a file");
    let missing = neovm(&["job", "run", &input, "--data", &path("nowhere")]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("there is no chain in"), "{}", missing.err);
    fs::remove_dir_all(&folder).expect("the folder goes");
}

/// Neither is an error of the program.
#[test]
fn input_has_an_end_and_a_reader_may_leave() {
    let file = common::file("job-pipe.json", CALL.as_bytes());
    #[cfg(unix)]
    neovm(&["job", "run", "/dev/zero"]).fails(1, &["/dev/zero has more than 67108864 bytes"]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_neovm"))
        .args(["job", "run", &file])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(141));
}

/// A folder without a chain stays as it is.
#[test]
fn no_chain_is_made() {
    let folder = std::env::temp_dir().join(format!("neovm-no-chain-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = common::file("job-state.json", CALL.replace("\"genesis\": true,", "").as_bytes());
    neovm(&["job", "run", &file, "--data", folder.to_str().expect("text")]).fails(1, &["there is no chain in"]);
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
    fs::remove_dir(&folder).expect("it is empty");
}
