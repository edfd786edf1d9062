//! Exit codes.

use std::process::ExitCode;

/// Returns the exit code of a program. An error is printed, and its exit code is 2.
pub fn exit_code(result: Result<ExitCode, Box<dyn std::error::Error>>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}
