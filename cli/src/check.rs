//! `neovm check`: strict validation.

use std::{borrow::Cow, path::PathBuf, process::ExitCode};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anyhow::{Result, anyhow, bail};
use neovm::{OpCode, Script};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    input::{self, Format, Program},
    json::{push, push_text},
    lines,
    manifest::{self, ManifestFile},
    show, terminal, trace,
};

/// Check a script strictly, as nodes do when a contract is deployed
///
/// For a NEF file, its fields and checksum are checked as well, and that the
/// methods of its manifest start at instructions.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm check arith.nef
  neovm check 0x1213a0")]
pub(crate) struct CheckArgs {
    /// The script: a file (a .nef, raw bytes, or hexadecimal or base64 text), - for
    /// standard input, or hexadecimal digits after 0x
    #[arg(value_name = "FILE|0xHEX", required_unless_present = "batch")]
    script: Option<PathBuf>,
    /// What the input is; recognized by its content unless given
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The contract's manifest; X.manifest.json beside X.nef unless given
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Check lines {"id","script":HEX} of standard input and answer each with a line
    /// {"id","strict","message"}
    #[arg(long, conflicts_with_all = ["script", "format", "manifest"])]
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
    let Some(path) = &args.script else {
        lines::answer_lines(|_| {}, answer)?.check()?;
        return Ok(ExitCode::SUCCESS);
    };
    let program = input::read(path, args.format, args.manifest.as_deref()).map_err(manifest::with_place)?;
    if let Some(fault) = fault(&program.script) {
        return Err(shown(&fault, &program));
    }
    terminal::write(&self::program(program).map_err(manifest::with_place)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Checks a script with what came with it, and returns lines that say what is valid.
///
/// # Errors
/// What is not.
pub(crate) fn program(program: Program) -> Result<String> {
    if let Some(Fault { position, what }) = fault(&program.script) {
        bail!("the script is not valid at byte {position}: {what}");
    }
    if let ManifestFile::Faulty(why) = program.manifest {
        return Err(why.into());
    }
    program.check_manifest()?;
    let kind = if program.nef.is_some() { "NEF file, script" } else { "script" };
    let count = show::count(program.script.instructions().count() as u64, "instruction");
    let mut out = format!("valid: {kind} of {}, {count}\n", show::count(program.script.len() as u64, "byte"));
    if let Some(manifest) = program.manifest() {
        let methods = show::count(manifest.abi.methods.len() as u64, "method");
        push(&mut out, format_args!("valid: manifest of {:?}, {methods}\n", manifest.name));
    }
    Ok(out)
}

/// Why a script is not valid.
struct Fault {
    /// Where the instruction starts, in bytes.
    position: usize,
    what: String,
}

/// The first fault of a script.
fn fault(script: &Script) -> Option<Fault> {
    let error = script.validate().err()?;
    let position = error.position;
    let byte = script.bytes().get(position).copied().unwrap_or_default();
    let why = match (script.instruction(position), OpCode::from_byte(byte)) {
        (Ok(instruction), _) if instruction.offsets().0.is_some() => {
            "leads to a place where no instruction starts".into()
        }
        (Ok(instruction), _) => format!("cannot take the type 0x{}", hex::encode(instruction.operand)),
        (Err(_), Some(_)) => "is cut off".into(),
        (Err(_), None) => "is not an opcode".into(),
    };
    let what = OpCode::from_byte(byte).map_or_else(|| format!("{byte:#04x}"), |opcode| opcode.to_string());
    Some(Fault { position, what: format!("{what} {why} ({error})") })
}

/// A fault with the instruction, as compilers show it; its offset stands where they
/// have the line.
fn shown(fault: &Fault, program: &Program) -> anyhow::Error {
    let text = trace::instruction(&program.script, fault.position);
    let title = format!("{}, byte {}: {}", program.name, fault.position, fault.what);
    let (title, place) = (show::one_line(&title), AnnotationKind::Primary.span(0..text.len()));
    let snippet = Snippet::source(&text).line_start(fault.position).annotation(place);
    anyhow!("{}", Renderer::plain().render(&[Level::ERROR.no_name().primary_title(&*title).element(snippet)]))
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
