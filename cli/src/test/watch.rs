//! Tests that run again whenever a file changes.

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::Ordering,
    thread,
    time::{Duration, SystemTime},
};

use anyhow::Result;

use crate::{interrupt, terminal};

/// How often files are looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs tests again and again, until Ctrl-C. What a run depends on is looked at meanwhile, not the folders that it was
/// found in: a new file is seen with the next change.
pub(super) fn repeat(run: impl Fn() -> Result<(ExitCode, Vec<PathBuf>)>) -> Result<ExitCode> {
    let mut watched = Vec::new();
    loop {
        match run() {
            Ok((_, files)) => watched = files,
            Err(error) if watched.is_empty() => return Err(error),
            // A file may be half written.
            Err(error) => terminal::error(&format!("{error:#}")),
        }
        let before = times(&watched);
        terminal::write("\nwaiting for a change; Ctrl-C ends\n")?;
        while times(&watched) == before {
            if interrupt::flag().load(Ordering::Relaxed) {
                return Ok(ExitCode::SUCCESS);
            }
            thread::sleep(PAUSE);
        }
    }
}

fn times(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    files.iter().map(|file| fs::metadata(file).and_then(|meta| meta.modified()).ok()).collect()
}
