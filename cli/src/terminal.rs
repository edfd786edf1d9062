//! What people see at a terminal: colours and warnings.
//!
//! Output that does not go to a terminal has no colours, and none has any where
//! `NO_COLOR` is set: `anstream` sees to that.

use std::io::Write;

use anstyle::{AnsiColor, Style};

/// For what went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// For errors and faults.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// For what deserves attention.
pub(crate) const NOTE: Style = AnsiColor::Yellow.on_default().bold();

/// Writes an error to standard error.
pub(crate) fn error(text: &str) {
    // If even this cannot be written, the exit code has to do.
    let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {text}");
}

/// Writes a warning to standard error.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(anstream::stderr(), "{NOTE}warning:{NOTE:#} {text}");
}
