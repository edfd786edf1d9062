//! The command line, in which arguments of a method may look like options.

use std::{env, ffi::OsString};

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{Cli, Command, invocation::Call};

/// Put before words that look like options and are none, so that clap reads them
/// as arguments. Nobody types this character.
const MARK: char = '\u{1}';

/// Reads the command line, or exits with an error. Where a method is called, a
/// word that looks like an option and is none may be an argument of the method:
/// [`Call::words`] decides once the method is known.
pub(crate) fn command_line() -> Cli {
    let mut words: Vec<OsString> = env::args_os().collect();
    let mut first = None;
    loop {
        match Cli::try_parse_from(&words) {
            Ok(mut cli) => {
                first.into_iter().for_each(|error| keep(&mut cli.command, &words, error));
                return cli;
            }
            // A client of the debugger says later which script it wants.
            Err(error) if serves_debugger(&words) && error.kind() == ErrorKind::MissingRequiredArgument => {
                words.push("-".into());
            }
            Err(error) if mark(&mut words, &error) => drop(first.get_or_insert(error)),
            Err(error) => first.unwrap_or(error).exit(),
        }
    }
}

/// Whether the command is `debug --dap`, and no script was added to it.
fn serves_debugger(words: &[OsString]) -> bool {
    let is_debug = words.get(1).is_some_and(|command| command == "debug");
    is_debug && words.iter().any(|word| word == "--dap") && words.last().is_some_and(|word| word != "-")
}

/// Marks the word that clap took for an unknown option; false if there is none or
/// the command calls no method.
fn mark(words: &mut [OsString], error: &clap::Error) -> bool {
    let calls = words.get(1).is_some_and(|command| {
        ["run", "debug", "jit", "bench", "profile", "coverage"].iter().any(|calls| command == calls)
    });
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return false };
    if !calls || error.kind() != ErrorKind::UnknownArgument {
        return false;
    }
    let is_short = !option.starts_with("--");
    let is_it = |word: &str| match word.strip_prefix(option.as_str()) {
        Some(rest) => rest.is_empty() || rest.starts_with('=') || is_short,
        None => false,
    };
    let options = words.iter_mut().take_while(|word| *word != "--");
    let found = options.into_iter().find(|word| word.to_str().is_some_and(is_it));
    found.map(|word| *word = format!("{MARK}{}", word.display()).into()).is_some()
}

/// Keeps the error for the call, or exits with it if marked words are anything but
/// arguments of the call.
fn keep(command: &mut Command, words: &[OsString], error: clap::Error) {
    let call = match command {
        Command::Run(args) => Some(args.call_mut()),
        Command::Debug(args) => Some(args.call_mut()),
        Command::Jit(args) => Some(args.call_mut()),
        Command::Bench(args) => Some(args.call_mut()),
        Command::Profile(args) => Some(args.call_mut()),
        Command::Coverage(args) => Some(args.call_mut()),
        _ => None,
    };
    let marked = words.iter().filter(|word| word.to_str().is_some_and(|word| word.starts_with(MARK))).count();
    match call.filter(|call| call.args.iter().filter(|word| word.starts_with(MARK)).count() == marked) {
        Some(call) => call.unknown = Some(error.render().to_string().trim_start_matches("error: ").trim_end().into()),
        None => error.exit(),
    }
}

impl Call {
    /// The arguments without marks. `is_text` tells of which ones any text may be
    /// the value.
    ///
    /// # Errors
    /// The text of clap's error for others that look like options.
    pub(crate) fn words(&self, is_text: impl Fn(usize) -> bool) -> Result<Vec<String>, String> {
        let word = |(i, word): (usize, &String)| match word.strip_prefix(MARK) {
            None => Ok(word.clone()),
            Some(text) if is_text(i) => Ok(text.into()),
            Some(_) => Err(self.unknown.clone().unwrap_or_default()),
        };
        self.args.iter().enumerate().map(word).collect()
    }
}
