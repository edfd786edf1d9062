//! The programs to measure: the workloads in the project's test data, and contracts in the recorded
//! outcomes next to the project.

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

/// The approximate size of the longest MainNet contracts in the recorded outcomes, in bytes.
const LONG_SCRIPT: usize = 18_000;

/// A line of a file that lists programs.
#[derive(Deserialize)]
struct Line {
    id: String,
    script: String,
    /// The integer that must be on top of the stack at the end.
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

/// Returns the workloads. Each is run once to check its result.
///
/// # Panics
/// If a workload has an unexpected result.
pub fn workloads(machine: &mut Machine) -> Vec<Program> {
    let checked = |text| {
        let line = Line::parse(text);
        let program = machine.program(&line.id, line.script(), i64::MAX);
        let top = machine.vm.results().last().and_then(|top| top.to_integer().ok());
        assert_eq!(top.map(|top| top.to_string()), line.expect, "{}: unexpected result", line.id);
        program
    };
    WORKLOADS.lines().map(checked).collect()
}

/// Returns the script of a workload, or `None` if there is no workload with this id.
pub fn workload_script(id: &str) -> Option<Script> {
    WORKLOADS.lines().map(Line::parse).find(|line| line.id == id).map(|line| line.script())
}

/// Returns a script as long as a large contract, which consists of the workloads' scripts, repeated.
/// The script is valid because offsets are relative.
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

/// Reads the scripts in a file. Each line is a JSON object with a `script` in hexadecimal or a `nef`
/// in Base64.
///
/// # Errors
/// If the file cannot be read, or a line does not contain a script; the error names the line.
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

/// The calls of a contract.
pub struct Calls {
    /// The contract's name.
    pub contract: String,
    /// The calls, each with the script of the contract.
    pub programs: Vec<Program>,
}

/// Returns the calls of contracts that halt in the recorded outcomes, and a machine with the stub
/// host to run them. Calls are grouped by MainNet contract; those of all contracts from the
/// compiler's tests form one group. Returns `None` if the outcomes are not next to the project.
///
/// # Panics
/// If the outcome of a call differs from the recorded one.
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

/// Returns the contract's name in an id such as `mainnet-NAME-METHOD-2`, and `devpack` for other ids.
fn contract_name(id: &str) -> &str {
    let mainnet = id.strip_prefix("mainnet-").and_then(|rest| rest.split('-').next());
    mainnet.unwrap_or("devpack")
}
