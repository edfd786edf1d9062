//! `neovm check`: strict validation.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Result, bail, ensure};
use neovm::{OpCode, Script, types::Manifest};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    input::{self, Format},
    json::{push, push_text},
    lines,
};

/// Check a script strictly, as nodes do when a contract is deployed
///
/// Of a NEF file its fields and checksum too, and that the methods of the
/// manifest beside it start at instructions.
#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    /// A file (a .nef, bytes, or hexadecimal or base64 text), - for standard
    /// input, or the hexadecimal or base64 text itself
    #[arg(value_name = "FILE|HEX|BASE64", required_unless_present = "batch")]
    script: Option<PathBuf>,
    /// What the input is; by default that shows from its bytes
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Check lines {"id","script":HEX} of standard input and answer with lines
    /// {"id","strict","message"}
    #[arg(long, conflicts_with_all = ["script", "format"])]
    batch: bool,
}

/// A line of the input.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow)]
    script: Cow<'a, str>,
}

pub(crate) fn execute(args: &CheckArgs) -> Result<ExitCode> {
    match &args.script {
        Some(path) => {
            let program = input::read(path, args.format)?;
            check_script(&program.script)?;
            program.manifest.iter().try_for_each(|manifest| check_methods(&program.script, manifest))?;
            let kind = if program.nef.is_some() { "NEF file, script" } else { "script" };
            let count = program.script.instructions().count();
            let mut out = io::stdout().lock();
            writeln!(out, "valid: {kind} of {} bytes, {count} instructions", program.script.len())?;
            if let Some(manifest) = &program.manifest {
                writeln!(out, "valid: manifest of {:?}, {} methods", manifest.name, manifest.abi.methods.len())?;
            }
        }
        None => lines::answer_lines(answer)?.check()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check_script(script: &Script) -> Result<()> {
    let Err(error) = script.validate() else { return Ok(()) };
    let position = error.position;
    let byte = script.bytes().get(position).copied().unwrap_or_default();
    let why = match (script.instruction(position), OpCode::from_byte(byte)) {
        (Ok(instruction), _) if instruction.offsets().0.is_some() => "leads to where no instruction starts".into(),
        (Ok(instruction), _) => format!("cannot take the type 0x{}", hex::encode(instruction.operand)),
        (Err(_), Some(_)) => "is cut off".into(),
        (Err(_), None) => "is no opcode".into(),
    };
    let what = OpCode::from_byte(byte).map_or_else(|| format!("{byte:#04x}"), |opcode| opcode.to_string());
    bail!("the script is not valid at byte {position}: {what} {why} ({error})")
}

fn check_methods(script: &Script, manifest: &Manifest) -> Result<()> {
    let starts: BTreeSet<usize> = script.instructions().map(|(position, _)| position).collect();
    for method in &manifest.abi.methods {
        let offset = method.offset as usize;
        ensure!(
            starts.contains(&offset),
            "method {:?} starts at byte {offset}, where no instruction does",
            method.name
        );
    }
    Ok(())
}

fn answer(line: &[u8], out: &mut String) -> Result<()> {
    let line: Line<'_> = lines::parse(line)?;
    let script = match input::hex_bytes(&line.script).and_then(|bytes| input::script(&bytes)) {
        Ok(script) => script,
        Err(error) => bail!("script: {error:#}"),
    };
    let message = script.validate().err().map(|error| error.to_string());
    push(out, format_args!("{{\"id\":{},\"strict\":{},\"message\":", line.id, message.is_none()));
    push_text(out, message.as_deref());
    out.push('}');
    Ok(())
}
