//! Programs that run in all modes, which must come to the same outcome.

use std::{fmt::Write, sync::Arc};

use neovm::{Code, Dispatch, Gas, JitMode, LoadOptions, NoHost, RunOptions, Script, Vm, VmConfig, types::disasm};

use crate::{Compiler, Mode, Snapshot};

/// The number of instructions shown before two executions part.
const SHOWN: u64 = 6;

/// A script and what its execution starts with.
#[derive(Clone, Debug)]
pub struct Program {
    /// A name for messages.
    pub name: String,
    /// The script.
    pub script: Script,
    /// What its execution starts with.
    pub start: Start,
}

/// What an execution starts with.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The gas limit, in datoshi.
    pub gas_limit: i64,
    /// The number of Null items on the stack.
    pub nulls: usize,
}

impl Default for Start {
    fn default() -> Self {
        Self { gas_limit: i64::MAX, nulls: 0 }
    }
}

impl Program {
    /// Creates a program without a gas limit, started with an empty stack.
    pub fn new(name: impl Into<String>, script: impl Into<Script>) -> Self {
        Self { name: name.into(), script: script.into(), start: Start::default() }
    }

    /// Decodes the script for the interpreter: nothing of it is compiled.
    ///
    /// # Panics
    /// If the script cannot be decoded.
    pub fn decode(&self) -> Arc<Code> {
        Arc::new(Code::decode(self.script.clone(), &VmConfig::default().prices).unwrap())
    }
}

/// A machine that runs the same code repeatedly.
#[derive(Debug)]
pub struct Runner {
    code: Arc<Code>,
    vm: Vm,
}

impl Runner {
    /// Creates a runner with a dispatch and the default settings.
    pub fn new(code: Arc<Code>, dispatch: Dispatch) -> Self {
        Self::with(code, VmConfig::default().with_dispatch(dispatch))
    }

    /// Creates a runner with settings.
    pub fn with(code: Arc<Code>, config: VmConfig) -> Self {
        Self { code, vm: Vm::new(config, RunOptions::default()) }
    }

    /// Returns the limits of its machine.
    pub fn limits(&self) -> &neovm::Limits {
        self.vm.limits()
    }

    /// Resets the machine, loads the code and returns the machine.
    ///
    /// # Panics
    /// If the code cannot be loaded.
    pub fn start(&mut self, start: Start) -> &mut Vm {
        self.vm.reset(RunOptions::new(Gas::from_datoshi(start.gas_limit)), &mut NoHost);
        self.vm.load(Arc::clone(&self.code), LoadOptions::default()).unwrap();
        (0..start.nulls).for_each(|_| self.vm.push(neovm::StackItem::Null));
        &mut self.vm
    }

    /// Runs up to a number of instructions, or to the end, and takes a snapshot there.
    pub fn stop_at(&mut self, start: Start, budget: Option<u64>) -> Snapshot {
        let vm = self.start(start);
        vm.set_budget(budget);
        vm.run(&mut NoHost);
        Snapshot::of(vm)
    }

    /// Runs to the end and takes a snapshot there.
    pub fn end(&mut self, start: Start) -> Snapshot {
        self.stop_at(start, None)
    }

    /// Takes a snapshot before each of the first instructions and after the last of them, executed
    /// by general handlers one by one.
    pub fn steps(&mut self, start: Start, most: usize) -> Vec<Snapshot> {
        let vm = self.start(start);
        let mut snapshots = vec![Snapshot::of(vm)];
        while snapshots.len() <= most && vm.step(&mut NoHost).is_none() {
            snapshots.push(Snapshot::of(vm));
        }
        snapshots
    }
}

/// How much was compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// The number of executions compared.
    pub runs: u64,
    /// The number of times that compiled code was entered.
    pub entered: u64,
}

/// All modes, with an engine for each mode that compiles.
#[derive(Debug)]
pub struct Modes(Vec<(JitMode, Compiler)>);

impl Modes {
    /// Creates the engines. There are none on platforms that nothing is compiled for.
    pub fn all() -> Self {
        Self(Mode::COMPILED.into_iter().filter_map(|mode| Some((mode, Compiler::new(mode)?))).collect())
    }

    /// Runs a program in all modes and compares the snapshots taken at the end.
    ///
    /// # Panics
    /// If two of them differ.
    pub fn check(&mut self, program: &Program, tally: &mut Tally) {
        let decoded = program.decode();
        let mut unfused = Runner::new(Arc::clone(&decoded), Dispatch::Unfused);
        let expected = unfused.end(program.start);
        for dispatch in [Dispatch::Auto, Dispatch::Loop] {
            let mut fused = Runner::new(Arc::clone(&decoded), dispatch);
            assert_same(program, &dispatch, &expected, fused.end(program.start), &mut fused);
            tally.runs += 1;
        }
        for (mode, compiler) in &mut self.0 {
            let mut runner = Runner::new(compiler.prepare(program.script.clone()).unwrap(), Dispatch::Auto);
            let before = compiler.entered();
            for _ in 0..compiler.runs() {
                let end = runner.end(program.start);
                assert_same(program, mode, &expected, end, &mut runner);
                compiler.wait();
                tally.runs += 1;
            }
            tally.entered += compiler.entered() - before;
        }
    }
}

/// Compares two snapshots of a program.
///
/// # Panics
/// If they differ, with a message that shows where the executions part.
pub fn assert_same(
    program: &Program,
    mode: &dyn std::fmt::Debug,
    expected: &Snapshot,
    actual: Snapshot,
    runner: &mut Runner,
) {
    if *expected != actual {
        let trace = parting(program, runner);
        let Program { name, start, script } = program;
        panic!(
            "{name} {mode:?} {start:?}\nscript {}\nexpected {expected:?}\nactual   {actual:?}\n{trace}{}",
            hex::encode(script.bytes()),
            listing(script)
        );
    }
}

/// Finds where an execution parts from that of general handlers, and shows both up to there.
fn parting(program: &Program, runner: &mut Runner) -> String {
    let config = VmConfig::default().with_limits(*runner.limits()).with_dispatch(Dispatch::Unfused);
    let mut plain = Runner::with(program.decode(), config);
    let (mut alike, mut parted) = (0, runner.end(program.start).instructions.max(1));
    // Executions that differ at an instruction differ at all later ones.
    let mut differs =
        |budget| plain.stop_at(program.start, Some(budget)) != runner.stop_at(program.start, Some(budget));
    if !differs(parted) {
        return "stopped at the last instruction their snapshots agree\n".into();
    }
    while alike + 1 < parted {
        let middle = alike.midpoint(parted);
        if differs(middle) { parted = middle } else { alike = middle }
    }
    let mut text = format!("they part at instruction {parted}:\n");
    for budget in parted.saturating_sub(SHOWN)..=parted {
        for (name, runner) in [("plain", &mut plain), ("other", &mut *runner)] {
            let snapshot = runner.stop_at(program.start, Some(budget));
            writeln!(text, "  {budget} {name} {snapshot:?}").unwrap();
        }
    }
    text
}

fn listing(script: &Script) -> String {
    let lines = disasm::disassemble(script).lines;
    lines.iter().map(|line| format!("{:5} {} {}\n", line.offset, line.mnemonic, line.operand)).collect()
}
