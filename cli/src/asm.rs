//! `neovm asm`: scripts from text.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use neovm::{Script, types::assemble};

use crate::input::{self, MAX_FILE, MAX_TEXT};

/// Assemble a script from the text that disasm shows
///
/// Writes the bytes of the script, or hexadecimal digits to a terminal, which cannot
/// show bytes.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm asm token.asm -o token.script
  neovm disasm 0x1213a0 | neovm asm - --hex")]
pub(crate) struct AsmArgs {
    /// The text: a file, or - for standard input
    file: PathBuf,
    /// Write to this file
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Write hexadecimal text
    #[arg(long)]
    hex: bool,
    /// Write base64 text
    #[arg(long, conflicts_with = "hex")]
    base64: bool,
}

pub(crate) fn execute(args: &AsmArgs) -> Result<ExitCode> {
    let script = read_script(&args.file).with_context(|| format!("{}", args.file.display()))?;
    let for_terminal = args.output.is_none() && io::stdout().is_terminal();
    let content = match script.bytes() {
        bytes if args.base64 => format!("{}\n", BASE64_STANDARD.encode(bytes)).into_bytes(),
        bytes if args.hex || for_terminal => format!("{}\n", hex::encode(bytes)).into_bytes(),
        bytes => bytes.to_vec(),
    };
    match &args.output {
        Some(path) => fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?,
        None => {
            let mut out = io::stdout().lock();
            out.write_all(&content).and_then(|()| out.flush()).context("cannot write to standard output")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_script(path: &Path) -> Result<Script> {
    let text = String::from_utf8(input::read_limited(path, MAX_TEXT)?).context("the text is not UTF-8")?;
    // The words of a line take many times the memory of its text.
    if let Some(i) = text.lines().position(|line| line.len() > MAX_FILE) {
        bail!("line {} has more than {MAX_FILE} bytes", i + 1);
    }
    Ok(assemble(&text)?)
}
