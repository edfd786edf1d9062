//! Reading commands: from a terminal with history and completion, or from a script.

use std::{
    io::{self, BufRead, IsTerminal},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use rustyline::{
    Config, Context, Editor, Helper, completion::Completer, error::ReadlineError, highlight::Highlighter, hint::Hinter,
    history::MemHistory, validate::Validator,
};

use super::{commands, console::Console};
use crate::terminal;

const PROMPT: &str = "(neovm) ";

/// Goes to the method, carries out the first commands and then those that are typed.
pub(super) fn run(mut console: Console<'_>, first: &[String]) -> Result<ExitCode> {
    let begin = console.start()?;
    terminal::write(&begin)?;
    for line in first {
        if !scripted(&mut console, line)? {
            return Ok(ExitCode::FAILURE);
        }
        if console.is_done {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let stdin = io::stdin();
    if stdin.is_terminal() && io::stdout().is_terminal() {
        return interactive(&mut console);
    }
    let mut lines = stdin.lock();
    while !console.is_done {
        let Some(line) = read_line(&mut lines)? else { break };
        if !scripted(&mut console, &line)? {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The longest line of a script, in bytes.
const MAX_LINE: u64 = 1 << 20;

fn read_line(input: &mut impl BufRead) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    let count = io::Read::take(input, MAX_LINE).read_until(b'\n', &mut bytes).context("cannot read standard input")?;
    let line = String::from_utf8(bytes).context("standard input is not UTF-8")?;
    Ok((count > 0).then_some(line))
}

/// Shows a command with what it prints; false if it failed.
fn scripted(console: &mut Console<'_>, line: &str) -> Result<bool> {
    let line = line.trim();
    // An empty line of a script is no command.
    if line.is_empty() {
        return Ok(true);
    }
    terminal::write(&format!("{PROMPT}{line}\n"))?;
    match console.answer(line) {
        Ok(text) => terminal::write(&text).map(|()| true),
        Err(error) => {
            terminal::error(&format!("{error:#}"));
            Ok(false)
        }
    }
}

fn interactive(console: &mut Console<'_>) -> Result<ExitCode> {
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Words, MemHistory> =
        Editor::with_history(config, MemHistory::new()).context("the terminal cannot be used")?;
    while !console.is_done {
        editor.set_helper(Some(Words { names: console.names() }));
        match editor.readline(PROMPT) {
            Ok(line) => match console.answer(&line) {
                Ok(text) => terminal::write(&text)?,
                Err(error) => terminal::error(&format!("{error:#}")),
            },
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error).context("cannot read from the terminal"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What can be completed.
struct Words {
    /// Names that exist here: variables, methods, files, contracts.
    names: Vec<String>,
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}

impl Hinter for Words {
    type Hint = String;
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let line = &line[..position];
        let start = line.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let begun = &line[start..];
        let first = line.split_whitespace().next().unwrap_or_default();
        let is_command = line[..start].trim().is_empty() || matches!(first, "help" | "h" | "?");
        let mut found: Vec<String> = if is_command {
            commands::all().map(|command| command.names[0].to_owned()).filter(|name| name.starts_with(begun)).collect()
        } else if commands::find(first).is_ok_and(|command| command.takes_names) {
            self.names.iter().filter(|name| name.starts_with(begun)).cloned().collect()
        } else {
            Vec::new()
        };
        found.sort();
        found.dedup();
        Ok((start, found))
    }
}
