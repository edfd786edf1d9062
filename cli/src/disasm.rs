//! `neovm disasm`: scripts as text.

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use neovm::types::{NefFile, disasm::Line, disassemble_with};
use serde::Serialize;

use crate::{input::Source, terminal};

/// Show a script as text, which asm reads back
///
/// One line for each instruction: offset, mnemonic, operand. With a manifest, the
/// listing also shows where methods start.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm disasm arith.nef
  neovm disasm 0x1213a0
  neovm disasm EhOg --format base64 --json")]
pub(crate) struct DisasmArgs {
    #[command(flatten)]
    source: Source,
    /// Write JSON: a list with one line for each instruction
    #[arg(long)]
    json: bool,
}

/// A line of the JSON form.
#[derive(Serialize)]
struct JsonLine<'a> {
    offset: usize,
    bytes: String,
    mnemonic: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    operand: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    methods: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

pub(crate) fn execute(args: &DisasmArgs) -> Result<ExitCode> {
    let program = args.source.read()?;
    program.warn_about_manifest();
    let listing = disassemble_with(&program.script, &program.methods());
    let mut out = BufWriter::new(terminal::output());
    let written = if args.json {
        write_json(&mut out, &listing.lines)
    } else {
        let header = program.nef.iter().try_for_each(|nef| write_header(&mut out, nef));
        header.and_then(|()| write!(out, "{listing}"))
    };
    written.and_then(|()| out.flush()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// Writes what a NEF file says besides its script, as comments.
fn write_header(out: &mut impl Write, nef: &NefFile) -> io::Result<()> {
    writeln!(out, "; compiler {}", nef.compiler.escape_debug())?;
    if !nef.source.is_empty() {
        writeln!(out, "; source {}", nef.source.escape_debug())?;
    }
    for (i, token) in nef.tokens.iter().enumerate() {
        let method = token.method.escape_debug();
        let returned = if token.has_return_value { "returns a value" } else { "returns nothing" };
        let (hash, count, flags) = (token.hash, token.parameters_count, token.call_flags);
        writeln!(out, "; token {i}: {hash} {method}, parameters {count}, {returned}, flags {flags}")?;
    }
    Ok(())
}

fn write_json(out: &mut impl Write, lines: &[Line<'_>]) -> io::Result<()> {
    for (i, line) in lines.iter().enumerate() {
        out.write_all(if i == 0 { b"[\n" } else { b",\n" })?;
        let line = JsonLine {
            offset: line.offset,
            bytes: hex::encode(line.bytes),
            mnemonic: line.mnemonic,
            operand: &line.operand,
            label: line.label.as_deref(),
            methods: &line.methods,
            comment: line.comment.as_deref(),
        };
        serde_json::to_writer(&mut *out, &line)?;
    }
    out.write_all(if lines.is_empty() { b"[]\n" } else { b"\n]\n" })
}
