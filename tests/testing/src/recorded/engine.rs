//! Recorded outcomes compared with those of the engine.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use libtest_mimic::{Completion, Failed, Trial};
use neovm::{
    Gas, Hardfork, Host, LoadOptions, NoHost, Outcome, PriceTable, Profile, RunOptions, Script, StubHost, Vm, VmConfig,
    types::item::{JsonLimits, write_json_stack},
};

use super::{Actual, Chunk, File, Line, Run};
use crate::{Compiler, Mode, is_long};

/// The kinds of scripts whose loops reach the end of what compiled code can do. Their lines always
/// run compiled, and must enter compiled code.
const LOOPING: [&str; 2] = ["hot", "coll"];

/// The most differences that a test shows.
const SHOWN: usize = 10;

/// Lists a test for each chunk of a file and each mode, named `file::mode::lines`. Of kinds without
/// loops, only each `share`th line is compiled, unless `NEOVM_LONG` is set.
pub fn trials(folder: &Path, file: File, modes: &[Mode], share: usize) -> Vec<Trial> {
    let share = if is_long() { 1 } else { share };
    let chunks: Vec<_> = file.chunks(folder).collect();
    let trial = |(&mode, chunk): (&Mode, &Chunk)| {
        let (name, chunk) = (format!("{}::{mode}::{chunk}", file.name), chunk.clone());
        Trial::ignorable_test(name, move || check(&chunk, mode, share))
    };
    modes.iter().flat_map(|mode| chunks.iter().map(move |chunk| (mode, chunk))).map(trial).collect()
}

/// Compares the lines of a chunk in a mode.
fn check(chunk: &Chunk, mode: Mode, share: usize) -> Result<Completion, Failed> {
    let Some(mut checker) = Checker::new(mode) else {
        return Ok(Completion::ignored_with("nothing is compiled on this platform"));
    };
    let (mut differing, mut lines) = (Vec::new(), 0);
    for (index, text) in chunk.lines() {
        let line = Line::parse(text);
        let is_compiled = |run: &Run| index.is_multiple_of(share) || LOOPING.contains(&run.kind());
        let (id, differences) = match &line {
            Line::Strict(strict) => {
                let actual = Script::from(strict.script.clone()).validate();
                (&strict.id, strict.differences(actual.map_err(|error| error.to_string())))
            }
            Line::Run(run) if mode.is_compiled() && !is_compiled(run) => continue,
            Line::Run(run) => (&run.id, checker.differences(run)),
        };
        lines += 1;
        if !differences.is_empty() {
            differing.push(format!("{id} (line {}){differences}", index + 1));
        }
    }
    if differing.is_empty() {
        return checker.check_entries().map(|()| Completion::Completed);
    }
    let first = differing[..differing.len().min(SHOWN)].join("\n");
    Err(format!("{} of {lines} lines differ:\n{first}", differing.len()).into())
}

/// Runs lines in a mode.
struct Checker {
    mode: Mode,
    no_host: NoHost,
    stub_host: StubHost,
    prices: Arc<PriceTable>,
    /// In modes that compile.
    compiler: Option<Compiler>,
    /// For each kind of script, how many were compiled and how often they entered compiled code.
    entries: BTreeMap<String, (u64, u64)>,
}

impl Checker {
    /// Returns `None` if the mode compiles and nothing is compiled here.
    fn new(mode: Mode) -> Option<Self> {
        let compiler = if mode.is_compiled() { Some(Compiler::new(mode.jit())?) } else { None };
        Some(Self {
            mode,
            no_host: NoHost,
            stub_host: StubHost::from_json(crate::STUB_HOST).expect("the stub host is well-formed"),
            prices: Arc::new(PriceTable::DEFAULT),
            compiler,
            entries: BTreeMap::new(),
        })
    }

    fn differences(&mut self, run: &Run) -> String {
        if self.compiler.is_some() { self.compiled(run) } else { self.interpreted(run) }
    }

    fn interpreted(&mut self, run: &Run) -> String {
        let config = VmConfig::default().with_prices(Arc::clone(&self.prices)).with_dispatch(self.mode.dispatch());
        let mut vm = machine(run, config);
        vm.load_script(run.script.clone(), LoadOptions::default()).expect("the script loads");
        let is_observed = self.mode == Mode::Observed;
        let host = self.host(run);
        let outcome = if is_observed { vm.run_observed(host, &mut Profile::new()) } else { vm.run(host) };
        compare(run, &vm, &outcome)
    }

    /// Runs a line by compiled code. Its second run enters what was compiled in the first.
    fn compiled(&mut self, run: &Run) -> String {
        let compiler = self.compiler.as_mut().expect("a compiler");
        let code = compiler.prepare(run.script.clone()).expect("the script can be decoded");
        let (before, runs, config) = (compiler.entered(), compiler.runs(), compiler.config());
        let mut differences = String::new();
        for turn in 0..runs {
            let mut vm = machine(run, config.clone());
            vm.load(Arc::clone(&code), LoadOptions::default()).expect("the code loads");
            let outcome = vm.run(self.host(run));
            let found = compare(run, &vm, &outcome);
            if !found.is_empty() {
                differences += &format!("{found}\n    in run {turn}");
            }
            self.compiler.as_ref().expect("a compiler").wait();
        }
        let entered = self.compiler.as_ref().map_or(0, Compiler::entered) - before;
        let entries = self.entries.entry(run.kind().to_owned()).or_default();
        (entries.0, entries.1) = (entries.0 + 1, entries.1 + entered);
        differences
    }

    fn host(&mut self, run: &Run) -> &mut dyn Host {
        match run.host.as_deref() {
            None => &mut self.no_host,
            Some("stub") => &mut self.stub_host,
            Some(other) => panic!("{}: unknown host {other}", run.id),
        }
    }

    /// A test in which compiled code was not entered proves nothing.
    fn check_entries(&self) -> Result<(), Failed> {
        for (kind, (scripts, entered)) in &self.entries {
            if LOOPING.contains(&kind.as_str()) && entered <= scripts {
                return Err(format!("{kind}: {scripts} scripts entered compiled code only {entered} times").into());
            }
        }
        Ok(())
    }
}

fn machine(run: &Run, config: VmConfig) -> Vm {
    let hardfork =
        run.hardfork.as_deref().map(|name| Hardfork::from_jump_table_name(name).expect("the name of a jump table"));
    let options = RunOptions::new(Gas::from_datoshi(run.gas_limit));
    Vm::new(config.with_hardfork(hardfork.unwrap_or_default()), options)
}

fn compare(run: &Run, vm: &Vm, outcome: &Outcome) -> String {
    let fault = if let Outcome::Fault(fault) = outcome { Some(fault) } else { None };
    run.differences(&Actual {
        halted: *outcome == Outcome::Halt,
        gas: vm.gas_consumed().datoshi_ceil(),
        instructions: vm.instructions(),
        exception: fault.map(|fault| fault.kind.to_string()),
        fault_at: fault.and_then(|fault| fault.position),
        references: vm.reference_count(),
        write_stack: &|mut out| {
            let limits = JsonLimits { text: usize::MAX, ..JsonLimits::default() };
            write_json_stack(&mut out, vm.results(), limits).map_err(|error| error.to_string())
        },
    })
}
