//! `neovm asm`: scripts from text.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use neovm::{
    Script,
    types::{AsmError, assemble},
};

use crate::{
    input::{self, MAX_FILE, MAX_TEXT},
    show, terminal,
};

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
    let script = read_script(&args.file)?;
    let for_terminal = args.output.is_none() && io::stdout().is_terminal();
    let content = match script.bytes() {
        bytes if args.base64 => format!("{}\n", BASE64_STANDARD.encode(bytes)).into_bytes(),
        bytes if args.hex || for_terminal => format!("{}\n", hex::encode(bytes)).into_bytes(),
        bytes => bytes.to_vec(),
    };
    match &args.output {
        Some(path) => input::write_file(path, content)?,
        None => {
            let mut out = terminal::output();
            out.write_all(&content).and_then(|()| out.flush()).context("cannot write to standard output")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_script(path: &Path) -> Result<Script> {
    let text = input::read_limited(path, MAX_TEXT)?;
    let text = String::from_utf8(text).with_context(|| format!("{} is not UTF-8", input::name_of(path)))?;
    // The words of a line take many times the memory of its text.
    if let Some(i) = text.lines().position(|line| line.len() > MAX_FILE) {
        bail!("{}, line {} has more than {MAX_FILE} bytes", input::name_of(path), i + 1);
    }
    assemble(&text).map_err(|error| shown(&error, path, &text))
}

/// An error with the line of the text that is wrong, as compilers show it.
fn shown(error: &AsmError, path: &Path, text: &str) -> anyhow::Error {
    /// What is longer is not shown.
    const MAX_SHOWN: usize = 1000;
    let line = text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default();
    let start = line.char_indices().nth(error.column.saturating_sub(1)).map_or(line.len(), |(start, _)| start);
    let rest = &line[start..];
    let end = start + rest.find([' ', '\t', ',', ';']).unwrap_or(rest.len());
    let (name, what) = (input::name_of(path), show::one_line(&error.what));
    if line.len() > MAX_SHOWN || line.contains(|letter: char| letter.is_control() && letter != '\t') {
        return anyhow!("{name}: line {}, column {}: {what}", error.line, error.column);
    }
    let place = AnnotationKind::Primary.span(start..end);
    let snippet = Snippet::source(line).line_start(error.line).path(&*name).annotation(place);
    let title = Level::ERROR.no_name().primary_title(&*what);
    anyhow!("{}", Renderer::plain().render(&[title.element(snippet)]))
}
