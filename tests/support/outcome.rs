//! Runs scripts whose outcome in the C# engine is known, and compares all that
//! was recorded of it. `data/README.md` tells what a line holds.

use std::{
    fmt::Write,
    fs::File,
    io::Read,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use flate2::read::MultiGzDecoder;
use neovm::{
    Config, Dispatch, Hardfork, Host, LoadOptions, NoHost, Outcome, PriceTable, Profile, Script, StubHost, Vm,
    types::item::{JsonLimits, write_json_stack},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A script and its outcome. Fields that are not known are errors, so that
/// nothing that was recorded goes uncompared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    id: String,
    script: String,
    gas_limit: i64,
    hardfork: Option<String>,
    host: Option<String>,
    state: String,
    gasconsumed: String,
    exception: Option<String>,
    #[serde(default)]
    exception_loose: bool,
    fault_at: Option<usize>,
    stack: Option<Value>,
    stack_sha256: Option<String>,
    refs: Option<i64>,
    instructions: u64,
    #[serde(rename = "stats")]
    _stats: Option<IgnoredAny>,
    #[serde(rename = "csharp_ns")]
    _nanoseconds: Option<IgnoredAny>,
    #[serde(rename = "csharp_ms")]
    _milliseconds: Option<IgnoredAny>,
}

/// A script and what strict validation says to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    id: String,
    script: String,
    strict: bool,
    message: Option<String>,
}

/// A way to run a script. All must come to the same.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// As the dispatcher does it.
    By(Dispatch),
    /// By general handlers alone, one instruction at a time.
    Observed,
}

/// All ways.
pub(crate) const ALL: &[Mode] =
    &[Mode::By(Dispatch::Auto), Mode::By(Dispatch::Loop), Mode::By(Dispatch::Unfused), Mode::Observed];

/// Compares each line of a gzipped file, in two threads and in each mode. There must be `count`
/// of them. Panics with the first few differences if there are any.
pub(crate) fn check_file(path: &Path, count: usize, stub_host: &str, modes: &[Mode]) {
    let text = read_gz(path);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), count, "lines in {}", path.display());
    let next = AtomicUsize::new(0);
    let differences = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut checker = Checker::new(stub_host);
                while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = checker.check(line, modes) {
                        differences.lock().unwrap().push(difference);
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    let first = differences[..differences.len().min(10)].join("\n");
    assert!(differences.is_empty(), "{} of {count} lines differ:\n{first}", differences.len());
}

fn read_gz(path: &Path) -> String {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text
}

struct Checker {
    stub: StubHost,
    prices: Arc<PriceTable>,
}

impl Checker {
    fn new(stub_host: &str) -> Self {
        Self { stub: StubHost::from_json(stub_host).unwrap(), prices: Arc::new(PriceTable::DEFAULT) }
    }

    /// Runs what a line asks for; an error tells what differs.
    fn check(&mut self, line: &str, modes: &[Mode]) -> Result<(), String> {
        let mut differences = Differences::default();
        let id = if line.contains("\"strict\":") {
            let strict: Strict = serde_json::from_str(line).map_err(|error| format!("{error}: {line:.200}"))?;
            check_strict(&strict, &mut differences);
            strict.id
        } else {
            let run: Run = serde_json::from_str(line).map_err(|error| format!("{error}: {line:.200}"))?;
            for mode in modes {
                let before = differences.0.len();
                self.check_run(&run, *mode, &mut differences);
                if differences.0.len() > before {
                    write!(differences.0, "\n    in mode {mode:?}").unwrap();
                }
            }
            run.id
        };
        if differences.0.is_empty() { Ok(()) } else { Err(format!("{id}{}", differences.0)) }
    }

    fn check_run(&mut self, run: &Run, mode: Mode, differences: &mut Differences) {
        let hardfork = run.hardfork.as_deref().map(|name| Hardfork::from_name(name).expect("a hardfork's name"));
        let mut vm = Vm::new(Config {
            gas_limit: run.gas_limit,
            hardfork: hardfork.unwrap_or_default(),
            prices: Arc::clone(&self.prices),
            dispatch: if let Mode::By(dispatch) = mode { dispatch } else { Dispatch::Auto },
            ..Config::default()
        });
        vm.load_script(hex::decode(&run.script).unwrap(), LoadOptions::default()).unwrap();
        let host: &mut dyn Host = match run.host.as_deref() {
            None => &mut NoHost,
            Some("stub") => &mut self.stub,
            Some(other) => panic!("{}: unknown host {other}", run.id),
        };
        let outcome = match mode {
            Mode::By(_) => vm.run(host),
            Mode::Observed => vm.run_observed(host, &mut Profile::new()),
        };
        differences.compare("state", run.state.as_str(), vm.state().name());
        differences.compare("gasconsumed", run.gasconsumed.clone(), vm.gas_consumed().to_string());
        differences.compare("instructions", run.instructions, vm.instructions());
        let fault = match &outcome {
            Outcome::Fault(fault) => Some(fault),
            _ => None,
        };
        let message = fault.map(ToString::to_string);
        if !run.exception_loose || message.is_none() {
            differences.compare("exception", run.exception.clone(), message);
        }
        if run.state == "HALT" {
            differences.compare("refs", run.refs, Some(vm.reference_count()));
            compare_stack(run, &vm, differences);
        } else {
            differences.compare("fault_at", run.fault_at, fault.and_then(|fault| fault.position));
        }
    }
}

fn check_strict(strict: &Strict, differences: &mut Differences) {
    let script = Script::from(hex::decode(&strict.script).unwrap());
    let result = script.validate();
    differences.compare("strict", strict.strict, result.is_ok());
    differences.compare("message", strict.message.clone(), result.err().map(|error| error.to_string()));
}

/// The recorded stack is JSON, a digest of long JSON, or an error for what has
/// no JSON form.
fn compare_stack(run: &Run, vm: &Vm, differences: &mut Differences) {
    if let Some(expected) = &run.stack_sha256 {
        let mut hash = HashWriter(Sha256::new());
        let limits = JsonLimits { text: usize::MAX, ..JsonLimits::default() };
        let actual = match write_json_stack(&mut hash, vm.results(), limits) {
            Ok(()) => hex::encode(hash.0.finalize())[..32].to_owned(),
            Err(error) => error.to_string(),
        };
        return differences.compare("stack_sha256", expected.clone(), actual);
    }
    let expected = run.stack.as_ref().expect("a stack or its digest");
    let mut text = String::new();
    let result = write_json_stack(&mut text, vm.results(), JsonLimits::default());
    match (expected, result) {
        (Value::String(error), Err(_)) if error.starts_with("error:") => {}
        (_, Ok(())) => differences.compare("stack", expected, &serde_json::from_str(&text).unwrap()),
        (_, Err(error)) => differences.compare("stack", expected, &Value::String(error.to_string())),
    }
}

/// Digests a text while it is written: some are too long to keep.
struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// What differs in a line, as text.
#[derive(Default)]
struct Differences(String);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: T, actual: T) {
        if expected != actual {
            let (expected, actual) = (format!("{expected:?}"), format!("{actual:?}"));
            write!(self.0, "\n    {what}: expected {expected:.300} got {actual:.300}").unwrap();
        }
    }
}
