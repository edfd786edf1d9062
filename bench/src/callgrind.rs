//! Counting machine instructions under valgrind.

use std::{env, error::Error, process::Command};

/// Runs the current program with other arguments under callgrind. Returns the number of machine
/// instructions of the whole process, and what it printed.
///
/// # Errors
/// If valgrind is not installed, or if it or the program fails.
pub fn callgrind(arguments: &[&str]) -> Result<(u64, String), Box<dyn Error>> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?).args(arguments);
    let output = command.output().map_err(|error| format!("valgrind (apt install valgrind): {error}"))?;
    let (out, log) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    if !output.status.success() {
        return Err(format!("valgrind: {log}").into());
    }
    // "==123== Collected : 1212459"
    let total = log.lines().find_map(|line| line.split_once("Collected :"));
    let (_, total) = total.ok_or_else(|| format!("valgrind printed no total: {log}"))?;
    Ok((total.trim().parse()?, out))
}
