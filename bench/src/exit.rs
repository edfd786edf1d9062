//! How programs end.

use std::process::ExitCode;

/// The exit code of a program: 2 for an error, which is told.
pub fn exit_code(result: Result<ExitCode, Box<dyn std::error::Error>>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}
