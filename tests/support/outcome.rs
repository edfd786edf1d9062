//! Runs scripts whose outcome in the C# engine is known, and compares all that
//! was recorded of it. `data/README.md` tells what a line holds.

use std::{
    collections::BTreeMap,
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
    Config, Dispatch, Hardfork, Host, JitMode, LoadOptions, NoHost, Outcome, PriceTable, Profile, Script, StubHost, Vm,
    types::item::{JsonLimits, write_json_stack},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    compiling::{COMPILING, Compiler},
    report::say,
};

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
    /// By what an engine compiled.
    Compiled(JitMode),
}

/// All ways.
pub(crate) const ALL: &[Mode] = &[
    Mode::By(Dispatch::Auto),
    Mode::By(Dispatch::Loop),
    Mode::By(Dispatch::Unfused),
    Mode::Observed,
    Mode::Compiled(COMPILING[0]),
    Mode::Compiled(COMPILING[1]),
    Mode::Compiled(COMPILING[2]),
];

/// Kinds of scripts with loops that leave what compiled code can do. Each line
/// of them runs compiled, and must enter what was compiled.
const LOOPING: [&str; 2] = ["hot", "coll"];

/// Compares each line of a gzipped file, in two threads and in each mode. There must be `count`
/// of them. Of kinds without loops each `share`th line is compiled; with `NEOVM_LONG` all are.
/// Panics with the first few differences if there are any.
pub(crate) fn check_file(path: &Path, count: usize, stub_host: &str, modes: &[Mode], share: usize) {
    let share = if std::env::var_os("NEOVM_LONG").is_some() { 1 } else { share };
    let text = read_gz(path);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), count, "lines in {}", path.display());
    let next = AtomicUsize::new(0);
    let (differences, tally) = (Mutex::new(Vec::new()), Mutex::new(Tally::default()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut checker = Checker::new(stub_host, modes, share);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(line) = lines.get(number) else { break };
                    if let Err(difference) = checker.check(number, line) {
                        differences.lock().unwrap().push(difference);
                    }
                }
                tally.lock().unwrap().add(&checker.tally);
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    let first = differences[..differences.len().min(10)].join("\n");
    assert!(differences.is_empty(), "{} of {count} lines differ:\n{first}", differences.len());
    tally.into_inner().unwrap().check(path, share);
}

/// What was compiled: by kind of script, how many ran and how often they
/// entered compiled code.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<String, (usize, u64)>,
    skipped: bool,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        for (kind, (runs, entered)) in &other.kinds {
            let own = self.kinds.entry(kind.clone()).or_default();
            (own.0, own.1) = (own.0 + runs, own.1 + entered);
        }
        self.skipped |= other.skipped;
    }

    /// A test in which nothing was compiled proves nothing.
    fn check(&self, path: &Path, share: usize) {
        let name = path.file_name().unwrap_or_default().display();
        if self.skipped {
            return say(&format!("SKIPPED: {name}: no code is compiled here"));
        }
        let (runs, entered) = self.kinds.values().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
        if runs > 0 {
            say(&format!("{name}: each line in {share} compiled, {runs} runs, {entered} entries of compiled code"));
        }
        for (kind, (runs, entered)) in self.kinds.iter().filter(|(kind, _)| LOOPING.contains(&kind.as_str())) {
            assert!(*entered > *runs as u64, "{kind}: {entered} entries of compiled code in {runs} runs");
        }
    }
}

fn read_gz(path: &Path) -> String {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text
}

/// What a line may ask for as its host.
struct Hosts {
    none: NoHost,
    stub: StubHost,
}

struct Checker<'a> {
    hosts: Hosts,
    prices: Arc<PriceTable>,
    modes: &'a [Mode],
    share: usize,
    /// One for each mode that compiles; none for the others.
    compilers: Vec<Option<Compiler>>,
    tally: Tally,
}

impl<'a> Checker<'a> {
    fn new(stub_host: &str, modes: &'a [Mode], share: usize) -> Self {
        let compiler = |mode: &Mode| if let Mode::Compiled(jit) = mode { Compiler::new(*jit) } else { None };
        Self {
            hosts: Hosts { none: NoHost, stub: StubHost::from_json(stub_host).unwrap() },
            prices: Arc::new(PriceTable::DEFAULT),
            modes,
            share,
            compilers: modes.iter().map(compiler).collect(),
            tally: Tally::default(),
        }
    }

    /// Runs what a line asks for; an error tells what differs.
    fn check(&mut self, number: usize, line: &str) -> Result<(), String> {
        let mut differences = Differences::default();
        let id = if line.contains("\"strict\":") {
            let strict: Strict = serde_json::from_str(line).map_err(|error| format!("{error}: {line:.200}"))?;
            check_strict(&strict, &mut differences);
            strict.id
        } else {
            let run: Run = serde_json::from_str(line).map_err(|error| format!("{error}: {line:.200}"))?;
            for (i, mode) in self.modes.iter().enumerate() {
                let before = differences.0.len();
                match mode {
                    Mode::Compiled(_) => self.check_compiled(&run, number, i, &mut differences),
                    Mode::By(dispatch) => self.check_run(&run, *dispatch, false, &mut differences),
                    Mode::Observed => self.check_run(&run, Dispatch::Auto, true, &mut differences),
                }
                if differences.0.len() > before {
                    write!(differences.0, "\n    in mode {mode:?}").unwrap();
                }
            }
            run.id
        };
        if differences.0.is_empty() { Ok(()) } else { Err(format!("{id}{}", differences.0)) }
    }

    fn check_run(&mut self, run: &Run, dispatch: Dispatch, is_observed: bool, differences: &mut Differences) {
        let config = Config { prices: Arc::clone(&self.prices), dispatch, ..Config::default() };
        let mut vm = run.vm(config);
        vm.load_script(hex::decode(&run.script).unwrap(), LoadOptions::default()).unwrap();
        let host = run.host(&mut self.hosts);
        let outcome = if is_observed { vm.run_observed(host, &mut Profile::new()) } else { vm.run(host) };
        compare(run, &vm, &outcome, differences);
    }

    /// Runs a line by what the compiler of a mode makes of it.
    fn check_compiled(&mut self, run: &Run, number: usize, mode: usize, differences: &mut Differences) {
        let kind = run.id.split('-').next().unwrap_or_default();
        if !number.is_multiple_of(self.share) && !LOOPING.contains(&kind) {
            return;
        }
        let Some(compiler) = &mut self.compilers[mode] else {
            self.tally.skipped = true;
            return;
        };
        let code = compiler.prepare(hex::decode(&run.script).unwrap()).unwrap();
        let before = compiler.entered();
        for turn in 0..compiler.runs() {
            let found = differences.0.len();
            let mut vm = run.vm(compiler.config());
            vm.load(Arc::clone(&code), LoadOptions::default()).unwrap();
            let outcome = vm.run(run.host(&mut self.hosts));
            compare(run, &vm, &outcome, differences);
            if differences.0.len() > found {
                write!(differences.0, "\n    in run {turn}").unwrap();
            }
            compiler.wait();
        }
        let tally = self.tally.kinds.entry(kind.to_owned()).or_default();
        tally.0 += 1;
        tally.1 += compiler.entered() - before;
    }
}

impl Run {
    fn vm(&self, config: Config) -> Vm {
        let hardfork =
            self.hardfork.as_deref().map(|name| Hardfork::from_jump_table_name(name).expect("a jump table's name"));
        Vm::new(Config { gas_limit: self.gas_limit, hardfork: hardfork.unwrap_or_default(), ..config })
    }

    fn host<'a>(&self, hosts: &'a mut Hosts) -> &'a mut dyn Host {
        match self.host.as_deref() {
            None => &mut hosts.none,
            Some("stub") => &mut hosts.stub,
            Some(other) => panic!("{}: unknown host {other}", self.id),
        }
    }
}

/// Compares all that was recorded of a run.
fn compare(run: &Run, vm: &Vm, outcome: &Outcome, differences: &mut Differences) {
    differences.compare("state", run.state.as_str(), vm.state().name());
    differences.compare("gasconsumed", run.gasconsumed.clone(), vm.gas_consumed().to_string());
    differences.compare("instructions", run.instructions, vm.instructions());
    let fault = match outcome {
        Outcome::Fault(fault) => Some(fault),
        _ => None,
    };
    let message = fault.map(|fault| fault.kind.to_string());
    if !run.exception_loose || message.is_none() {
        differences.compare("exception", run.exception.clone(), message);
    }
    if run.state == "HALT" {
        differences.compare("refs", run.refs, Some(vm.reference_count()));
        compare_stack(run, vm, differences);
    } else {
        differences.compare("fault_at", run.fault_at, fault.and_then(|fault| fault.position));
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
