//! Running the tests on a mutant, in a copy of the checkout.

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

/// Bytes of address space that a process may take: a mutant may ask for memory without end.
const MEMORY: u64 = 16 << 30;

/// How `timeout` ends where the time was up.
const TIME_IS_UP: i32 = 124;

/// How often what a step printed is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What the packages of the first steps are, in all of them, so that each is built once.
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

/// What follows in the end: all but this package, whose own tests would miss what the mutant
/// replaced.
const ALL: [&str; 3] = ["--workspace", "--exclude", env!("CARGO_PKG_NAME")];

/// Test programs by when they run: what most likely notices comes first.
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

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Caught,
    /// A test did not end: noticed too.
    TimedOut,
    NotNoticed,
    DoesNotBuild,
}

/// A mutant that was run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Result {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// The test program, and the first of its tests that failed.
    pub(crate) by: String,
    pub(crate) seconds: u64,
}

/// A copy of the files that git knows, with nothing beside it.
pub(crate) struct Copy {
    root: PathBuf,
    folder: PathBuf,
    /// Seconds that the test programs of a step may take.
    limit: u64,
}

impl Copy {
    /// Copies a checkout anew: a run that was broken off may have left a mutant.
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

    /// Runs the tests on a mutant, up to the first that fails.
    pub(crate) fn run(&self, mutant: &Mutant) -> std::result::Result<Result, Box<dyn Error>> {
        let (file, begun) = (self.checkout().join(&mutant.file), Instant::now());
        let text = fs::read_to_string(self.root.join(&mutant.file))?;
        fs::write(&file, mutant.apply(&text)?)?;
        let outcome = self.test(mutant);
        // With the time of now, so that it is built again.
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
                let up = status.code() == Some(TIME_IS_UP);
                let by = failed(&text(&log)?);
                return Ok((if up { Verdict::TimedOut } else { Verdict::Caught }, by));
            }
        }
        Ok((Verdict::NotNoticed, String::new()))
    }

    /// Runs `cargo test` up to the first test that fails, within bounds of time and memory, with
    /// what it prints in a file. `timeout` ends all processes that came of it.
    fn cargo(&self, log: &Path, arguments: &[&str]) -> std::result::Result<ExitStatus, Box<dyn Error>> {
        let file = fs::File::create(log)?;
        let mut command = Command::new("timeout");
        command
            .args([&self.limit.to_string(), "prlimit", &format!("--as={MEMORY}"), "cargo", "test", "--locked"])
            .args(arguments)
            .current_dir(self.checkout())
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // Built sooner: nobody looks at it with a debugger.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let mut child = command.spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(LOOK);
            if failure(&text(log)?).is_some() {
                Command::new("kill").arg(child.id().to_string()).status()?;
                return Ok(child.wait()?);
            }
        }
    }
}

/// What was printed.
fn text(log: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(log)?).into_owned())
}

/// The first test that failed. Test programs that list their cases themselves align the verdicts.
fn failure(log: &str) -> Option<&str> {
    log.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")).map(str::trim_end)
}

/// The test program that failed or did not end, and the first of its tests that failed.
fn failed(log: &str) -> String {
    let running = |line: &str| Some(line.trim_start().strip_prefix("Running ")?.split(' ').next()?.to_string());
    let program = log.lines().rev().find_map(running).unwrap_or_default();
    format!("{program} {}", failure(log).unwrap_or_default()).trim().to_string()
}
