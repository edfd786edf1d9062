//! Runs the tests on mutants, in a copy of the checkout.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::list::Mutant;

/// The address space that a process may use, in bytes. A mutant may allocate memory endlessly.
const MEMORY: u64 = 16 << 30;

/// The exit code of `timeout` when the time limit was exceeded.
const TIMED_OUT: i32 = 124;

/// The interval at which the output of a step is checked for a failure.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The packages of the first steps. They are the same in all of these steps, so that each package is
/// built once.
const PACKAGES: [&str; 6] = ["-p", "neovm", "-p", "neovm-interp", "-p", "neovm-types"];

const TYPES: &[&str] = &[
    "asm",
    "builder",
    "bytes",
    "cycles",
    "integers",
    "items",
    "json",
    "manifest",
    "maps",
    "nef",
    "nesting",
    "opcodes",
    "scripts",
    "struct_equality",
];
const INTERP: &[&str] = &["smoke", "dispatch", "equivalence"];
const OUTCOMES: &[&str] = &["outcomes", "workloads"];
const ENGINE: &[&str] = &["engine", "contract", "memory"];
const JIT: &[&str] = &["jit"];

/// The last step: all packages except this one, whose own tests would fail because the text that the
/// mutant replaced is missing.
const ALL: [&str; 3] = ["--workspace", "--exclude", env!("CARGO_PKG_NAME")];

/// Returns the test programs in the order in which they run. Those most likely to notice a mutant in
/// the file come first.
fn steps(file: &str) -> [&'static [&'static str]; 5] {
    if file.starts_with("types/") {
        [TYPES, OUTCOMES, INTERP, ENGINE, JIT]
    } else if file.starts_with("jit/") || file.starts_with("interp/src/tier/") {
        [JIT, ENGINE, OUTCOMES, INTERP, TYPES]
    } else if file.starts_with("interp/src/ops/") {
        [OUTCOMES, INTERP, ENGINE, JIT, TYPES]
    } else if file.starts_with("interp/") {
        [INTERP, OUTCOMES, ENGINE, JIT, TYPES]
    } else {
        [ENGINE, OUTCOMES, JIT, INTERP, TYPES]
    }
}

/// The result of running the tests on a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Caught,
    /// A test did not end in time, which counts as noticed.
    TimedOut,
    NotNoticed,
    DoesNotBuild,
}

/// A mutant that was run, with its result.
#[derive(Serialize, Deserialize)]
pub(crate) struct Result {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// The test program that noticed the mutant and the first of its tests that failed.
    pub(crate) by: String,
    pub(crate) seconds: u64,
}

/// A copy of the files in a checkout that are under version control.
pub(crate) struct Copy {
    root: PathBuf,
    folder: PathBuf,
    /// The time limit of a step, in seconds.
    limit: u64,
}

impl Copy {
    /// Copies a checkout. An older copy is removed, because an interrupted run may have left a mutant in
    /// it.
    pub(crate) fn new(root: &Path, folder: &Path, limit: u64) -> std::result::Result<Self, Box<dyn Error>> {
        let copy = Self { root: root.to_path_buf(), folder: folder.to_path_buf(), limit };
        if copy.checkout().exists() {
            fs::remove_dir_all(copy.checkout())?;
        }
        fs::create_dir_all(copy.logs())?;
        let files = Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).output()?;
        for file in String::from_utf8(files.stdout)?.split_terminator('\0').filter(|file| root.join(file).exists()) {
            let to = copy.checkout().join(file);
            fs::create_dir_all(to.parent().unwrap_or(&copy.folder))?;
            fs::copy(root.join(file), to)?;
        }
        Ok(copy)
    }

    fn checkout(&self) -> PathBuf {
        self.folder.join("checkout")
    }

    fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Runs the tests on a mutant until one fails.
    pub(crate) fn run(&self, mutant: &Mutant) -> std::result::Result<Result, Box<dyn Error>> {
        let (file, begun) = (self.checkout().join(&mutant.file), Instant::now());
        let text = fs::read_to_string(self.root.join(&mutant.file))?;
        fs::write(&file, mutant.apply(&text)?)?;
        let outcome = self.test(mutant);
        // Writing sets the modification time, so that the file is rebuilt.
        fs::write(&file, text)?;
        let (verdict, by) = outcome?;
        Ok(Result { name: mutant.name.clone(), verdict, by, seconds: begun.elapsed().as_secs() })
    }

    fn test(&self, mutant: &Mutant) -> std::result::Result<(Verdict, String), Box<dyn Error>> {
        let first = steps(&mutant.file).map(|programs| {
            let names = programs.iter().flat_map(|name| ["--test", name]);
            PACKAGES.into_iter().chain(names).collect::<Vec<_>>()
        });
        let log = self.logs().join(format!("{}.log", mutant.name));
        for programs in first.into_iter().chain([ALL.to_vec()]) {
            if !self.cargo(&log, &[&programs, &["--no-run"][..]].concat())?.success() {
                return Ok((Verdict::DoesNotBuild, String::new()));
            }
            let status = self.cargo(&log, &programs)?;
            if !status.success() {
                let up = status.code() == Some(TIMED_OUT);
                let by = failed(&text(&log)?);
                return Ok((if up { Verdict::TimedOut } else { Verdict::Caught }, by));
            }
        }
        Ok((Verdict::NotNoticed, String::new()))
    }

    /// Runs `cargo test` until a test fails, with limits of time and memory, and writes the output to
    /// a file. `timeout` also ends all child processes.
    fn cargo(&self, log: &Path, arguments: &[&str]) -> std::result::Result<ExitStatus, Box<dyn Error>> {
        let file = fs::File::create(log)?;
        let mut command = Command::new("timeout");
        command
            .args([&self.limit.to_string(), "prlimit", &format!("--as={MEMORY}"), "cargo", "test", "--locked"])
            .args(arguments)
            .current_dir(self.checkout())
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // Builds faster; nobody debugs these builds.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let mut child = command.spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(POLL_INTERVAL);
            if failure(&text(log)?).is_some() {
                Command::new("kill").arg(child.id().to_string()).status()?;
                return Ok(child.wait()?);
            }
        }
    }
}

/// Returns the output of a step.
fn text(log: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(log)?).into_owned())
}

/// Returns the first test that failed. Test programs without the standard harness align the results,
/// hence the trailing spaces.
fn failure(log: &str) -> Option<&str> {
    log.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")).map(str::trim_end)
}

/// Returns the test program that failed or did not end, and the first of its tests that failed.
fn failed(log: &str) -> String {
    let running = |line: &str| Some(line.trim_start().strip_prefix("Running ")?.split(' ').next()?.to_string());
    let program = log.lines().rev().find_map(running).unwrap_or_default();
    format!("{program} {}", failure(log).unwrap_or_default()).trim().to_string()
}
