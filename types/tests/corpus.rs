//! Contracts that compilers made and networks run, if a folder of them lies
//! beside the project.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_types::{Manifest, NefFile, Script, assemble, disassemble};
use serde_json::Value;

/// The lines of a file of the folder; none, said aloud, without the folder.
fn lines(name: &str) -> Vec<Value> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/contracts");
    if !folder.exists() {
        // Straight to the terminal: tests that pass are not heard otherwise.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no folder of contracts for {name}");
        return Vec::new();
    }
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "{name} is empty");
    lines
}

fn check_script(name: &str, script: &Script, offsets: impl IntoIterator<Item = u64>) {
    assert_eq!(script.validate(), Ok(()), "{name}");
    let text = disassemble(script).to_string();
    assert!(!text.contains(".byte") && !text.contains("no instruction at"), "{name}");
    assert_eq!(assemble(&text).as_ref(), Ok(script), "{name}");
    let starts: Vec<u64> = script.instructions().map(|(at, _)| at as u64).collect();
    for offset in offsets {
        assert!(starts.binary_search(&offset).is_ok(), "{name}: no instruction at {offset}");
    }
}

fn from_hex(digits: &str) -> Vec<u8> {
    let byte = |place| u8::from_str_radix(&digits[place..place + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn contracts_of_compilers_come_back() {
    for line in lines("devpack.jsonl") {
        let name = line["name"].as_str().unwrap();
        let bytes = BASE64_STANDARD.decode(line["nef"].as_str().unwrap()).unwrap();
        let file = NefFile::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(file.to_bytes().unwrap(), bytes, "{name}");
        let manifest = Manifest::parse(line["manifest"].to_string().as_bytes());
        let manifest = manifest.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::from_str::<Value>(&manifest.to_json()).unwrap(), line["manifest"], "{name}");
        check_script(name, &file.script, manifest.abi.methods.iter().map(|method| method.offset as u64));
    }
}

#[test]
fn scripts_of_networks_come_back() {
    for line in lines("mainnet.jsonl") {
        let name = line["name"].as_str().unwrap();
        let offsets = line["methods"].as_array().unwrap().iter().map(|method| method["offset"].as_u64().unwrap());
        check_script(name, &Script::from(from_hex(line["script"].as_str().unwrap())), offsets);
    }
}
