//! The programs: from the project's test data, and from the recorded outcomes
//! next to the project.

use std::{
    error::Error,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use flate2::read::GzDecoder;
use neovm::{Script, StubHost, types::NefFile};
use serde::Deserialize;

use crate::{Machine, Program};

const WORKLOADS: &str = include_str!("../../tests/data/workloads.jsonl");

/// About the size of the longest MainNet contracts in the recorded outcomes, in bytes.
const LONG_SCRIPT: usize = 18_000;

/// A line of a file of programs.
#[derive(Deserialize)]
struct Line {
    id: String,
    script: String,
    /// The integer that must be on top in the end.
    expect: Option<String>,
    gas_limit: Option<i64>,
    state: Option<String>,
    instructions: Option<u64>,
}

impl Line {
    fn parse(text: &str) -> Self {
        serde_json::from_str(text).expect("a line of a program")
    }

    fn script(&self) -> Script {
        hex::decode(&self.script).expect("a script in hexadecimal").into()
    }
}

/// The workloads, each run once and its result checked.
///
/// # Panics
/// If a workload ends with another result than it should.
pub fn workloads(machine: &mut Machine) -> Vec<Program> {
    let checked = |text| {
        let line = Line::parse(text);
        let program = machine.program(&line.id, line.script(), i64::MAX);
        let top = machine.vm.results().last().and_then(|top| top.to_integer().ok());
        assert_eq!(top.map(|top| top.to_string()), line.expect, "{}: another result than expected", line.id);
        program
    };
    WORKLOADS.lines().map(checked).collect()
}

/// The script of a workload.
pub fn workload_script(id: &str) -> Option<Script> {
    WORKLOADS.lines().map(Line::parse).find(|line| line.id == id).map(|line| line.script())
}

/// A script as long as a large contract: the workloads one behind the other,
/// over again. Offsets are relative, so it is valid as each of them is.
pub fn long_script() -> Script {
    let scripts: Vec<_> = WORKLOADS.lines().map(|text| Line::parse(text).script()).collect();
    let mut bytes = Vec::new();
    for script in scripts.iter().cycle() {
        bytes.extend_from_slice(script.bytes());
        if bytes.len() >= LONG_SCRIPT {
            break;
        }
    }
    bytes.into()
}

/// The scripts of a file: a JSON object a line, with a `script` in hexadecimal
/// or a `nef` in Base64.
///
/// # Errors
/// What cannot be read or is no script, with its line.
pub fn scripts(path: &Path) -> Result<Vec<Script>, Box<dyn Error>> {
    let lines = std::fs::read_to_string(path)?;
    let script = |(i, line)| script_of(line).map_err(|error| format!("line {}: {error}", i + 1).into());
    lines.lines().enumerate().map(script).collect()
}

fn script_of(line: &str) -> Result<Script, Box<dyn Error>> {
    let line: serde_json::Value = serde_json::from_str(line)?;
    let text = |field| line.get(field).and_then(serde_json::Value::as_str);
    match (text("script"), text("nef")) {
        (Some(script), _) => Ok(hex::decode(script)?.into()),
        (None, Some(nef)) => Ok(NefFile::parse(&BASE64.decode(nef)?)?.script),
        (None, None) => Err("neither script nor nef".into()),
    }
}

/// Calls of a contract.
pub struct Calls {
    /// The contract's name.
    pub contract: String,
    /// Each call, with the contract's own script.
    pub programs: Vec<Program>,
}

/// The calls of contracts that halt in the recorded outcomes, over the stub
/// host, with a machine that runs them: of each of the MainNet contracts, and of
/// all from the compiler's tests together. None where the outcomes are not next to
/// the project.
///
/// # Panics
/// If a call ends otherwise than recorded.
pub fn contracts() -> Option<(Machine, Vec<Calls>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference");
    let file = File::open(folder.join("contracts.jsonl.gz")).ok()?;
    let host = std::fs::read_to_string(folder.join("stub-host.json")).expect("the stub host is there too");
    let mut machine = Machine::new(StubHost::from_json(&host).expect("a stub host"));
    let mut contracts: Vec<Calls> = Vec::new();
    for text in BufReader::new(GzDecoder::new(file)).lines() {
        let line = Line::parse(&text.expect("a line of text"));
        if line.state.as_deref() != Some("HALT") {
            continue;
        }
        let name = contract_name(&line.id);
        let program = machine.program(&line.id, line.script(), line.gas_limit.unwrap_or(i64::MAX));
        assert_eq!(Some(program.instructions), line.instructions, "{}", line.id);
        match contracts.iter_mut().find(|calls| calls.contract == name) {
            Some(calls) => calls.programs.push(program),
            None => contracts.push(Calls { contract: name.into(), programs: vec![program] }),
        }
    }
    Some((machine, contracts))
}

/// The contract of an id such as `mainnet-NAME-METHOD-2`; `devpack` for all others.
fn contract_name(id: &str) -> &str {
    let mainnet = id.strip_prefix("mainnet-").and_then(|rest| rest.split('-').next());
    mainnet.unwrap_or("devpack")
}
