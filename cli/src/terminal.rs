//! What people see at a terminal: colours and warnings.
//!
//! Output that does not go to a terminal has no colours, and none has any where
//! `NO_COLOR` is set: `anstream` sees to that.

use std::io::{self, ErrorKind, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use neovm_workbench::CallTreeColours;

/// For what went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// For errors and faults.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// For what deserves attention.
pub(crate) const NOTE: Style = AnsiColor::Yellow.on_default().bold();

/// For call trees.
pub(crate) const CALLS: CallTreeColours = CallTreeColours {
    dim: Style::new().dimmed(),
    call: AnsiColor::Cyan.on_default().bold(),
    event: AnsiColor::Yellow.on_default(),
    storage: AnsiColor::Magenta.on_default(),
    good: AnsiColor::Green.on_default(),
    bad: BAD,
};

/// The number of characters that fit on a line of standard output; none if it does
/// not go to a terminal.
pub(crate) fn width() -> Option<usize> {
    let stdout = io::stdout();
    let (width, _) = stdout.is_terminal().then(|| terminal_size::terminal_size_of(stdout))??;
    Some(width.0.into())
}

/// A line without what does not fit into a width.
pub(crate) fn cut(line: &str, width: Option<usize>) -> &str {
    let end = width.and_then(|width| line.char_indices().nth(width));
    end.map_or(line, |(end, _)| line[..end].trim_end())
}

/// The exit code where standard output was closed before all was written, as shells have
/// it for a program that is ended by that: 128 and the number of SIGPIPE.
pub(crate) const CLOSED: u8 = 141;

/// Whoever read standard output has closed it.
#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
struct Closed;

/// Returns whether an error is that standard output was closed by its reader, and not any
/// other pipe or connection.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.get_ref().is_some_and(|inner| inner.is::<Closed>()))
}

/// Marks an error of standard output.
fn marked(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::BrokenPipe { io::Error::new(ErrorKind::BrokenPipe, Closed) } else { error }
}

/// Standard output, locked, as it is: colours go through [`write`].
pub(crate) struct Output(io::StdoutLock<'static>);

/// Returns standard output.
pub(crate) fn output() -> Output {
    Output(io::stdout().lock())
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(marked)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(marked)
    }
}

/// Writes text to standard output.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(marked).context("cannot write to standard output")
}

/// Writes an error to standard error.
pub(crate) fn error(text: &str) {
    // If even this cannot be written, the exit code has to do.
    let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {text}");
}

/// Writes a warning to standard error.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(anstream::stderr(), "{NOTE}warning:{NOTE:#} {text}");
}
