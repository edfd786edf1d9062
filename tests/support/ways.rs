//! A script in all ways that there are to run it: they must come to the same.

use std::{fmt::Write, sync::Arc};

use neovm::{Code, Config, Dispatch, JitMode, LoadOptions, NoHost, Script, Vm, types::disasm};

use crate::{
    compiling::{COMPILING, Compiler},
    stand::Stand,
};

/// Instructions shown before two executions part.
const SHOWN: u64 = 6;

/// What is run, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) script: Script,
    pub(crate) start: Start,
}

/// What an execution begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// Datoshi.
    pub(crate) gas_limit: i64,
    /// Nulls on the stack.
    pub(crate) nulls: usize,
}

impl Default for Start {
    fn default() -> Self {
        Self { gas_limit: i64::MAX, nulls: 0 }
    }
}

impl Program {
    pub(crate) fn new(name: impl Into<String>, script: impl Into<Script>) -> Self {
        Self { name: name.into(), script: script.into(), start: Start::default() }
    }

    /// Its code, for the interpreter alone.
    pub(crate) fn plain(&self) -> Arc<Code> {
        Arc::new(Code::decode(self.script.clone(), &Config::default().prices).unwrap())
    }
}

/// A machine that runs some code again and again.
pub(crate) struct Runner {
    code: Arc<Code>,
    vm: Vm,
}

impl Runner {
    pub(crate) fn new(code: Arc<Code>, dispatch: Dispatch) -> Self {
        Self::with(code, Config { dispatch, ..Config::default() })
    }

    /// With other limits, say.
    pub(crate) fn with(code: Arc<Code>, config: Config) -> Self {
        Self { code, vm: Vm::new(config) }
    }

    /// What its machine runs under.
    pub(crate) fn limits(&self) -> &neovm::Limits {
        self.vm.limits()
    }

    /// The machine, with its code loaded anew.
    pub(crate) fn start(&mut self, start: Start) -> &mut Vm {
        self.vm.reset(start.gas_limit, &mut NoHost);
        self.vm.load(Arc::clone(&self.code), LoadOptions::default()).unwrap();
        (0..start.nulls).for_each(|_| self.vm.push(neovm::StackItem::Null));
        &mut self.vm
    }

    /// How the machine stands after so many instructions, or its end if there are fewer.
    pub(crate) fn stop_at(&mut self, start: Start, budget: Option<u64>) -> Stand {
        let vm = self.start(start);
        vm.set_budget(budget);
        vm.run(&mut NoHost);
        Stand::of(vm)
    }

    /// How the machine stands at its end.
    pub(crate) fn end(&mut self, start: Start) -> Stand {
        self.stop_at(start, None)
    }

    /// How it stands before each of its first instructions, and behind the last of them,
    /// by general handlers alone.
    pub(crate) fn steps(&mut self, start: Start, most: usize) -> Vec<Stand> {
        let vm = self.start(start);
        let mut stands = vec![Stand::of(vm)];
        while stands.len() <= most && vm.step(&mut NoHost).is_none() {
            stands.push(Stand::of(vm));
        }
        stands
    }
}

/// What compiled code came from.
#[derive(Default)]
pub(crate) struct Tally {
    /// Executions compared.
    pub(crate) runs: u64,
    /// Entries of compiled code.
    pub(crate) entered: u64,
}

/// Engines for all ways to compile.
pub(crate) struct Ways(Vec<(JitMode, Compiler)>);

impl Ways {
    /// All of them. Where nothing is compiled, there are none.
    pub(crate) fn all() -> Self {
        Self(COMPILING.into_iter().filter_map(|mode| Some((mode, Compiler::new(mode)?))).collect())
    }

    /// Runs a program in all ways; panics where two of them differ.
    pub(crate) fn check(&mut self, program: &Program, tally: &mut Tally) {
        let plain = program.plain();
        let mut unfused = Runner::new(Arc::clone(&plain), Dispatch::Unfused);
        let expected = unfused.end(program.start);
        for dispatch in [Dispatch::Auto, Dispatch::Loop] {
            let mut fused = Runner::new(Arc::clone(&plain), dispatch);
            same(program, &dispatch, &expected, fused.end(program.start), &mut fused);
            tally.runs += 1;
        }
        for (mode, compiler) in &mut self.0 {
            let mut runner = Runner::new(compiler.prepare(program.script.clone()).unwrap(), Dispatch::Auto);
            let before = compiler.entered();
            for _ in 0..compiler.runs() {
                let end = runner.end(program.start);
                same(program, mode, &expected, end, &mut runner);
                compiler.wait();
                tally.runs += 1;
            }
            tally.entered += compiler.entered() - before;
        }
    }
}

/// Panics if two ends of a program differ; tells where the executions part.
pub(crate) fn same(program: &Program, way: &dyn std::fmt::Debug, expected: &Stand, actual: Stand, runner: &mut Runner) {
    if *expected != actual {
        let trace = parting(program, runner);
        let Program { name, start, script } = program;
        panic!(
            "{name} {way:?} {start:?}\nscript {}\nexpected {expected:?}\nactual   {actual:?}\n{trace}{}",
            hex::encode(script.bytes()),
            listing(script)
        );
    }
}

/// Where an execution parts from that of general handlers alone, with both traces to there.
fn parting(program: &Program, runner: &mut Runner) -> String {
    let config = Config { limits: *runner.limits(), dispatch: Dispatch::Unfused, ..Config::default() };
    let mut plain = Runner::with(program.plain(), config);
    let (mut alike, mut parted) = (0, runner.end(program.start).instructions.max(1));
    // What differs once differs from there on.
    let mut differs =
        |budget| plain.stop_at(program.start, Some(budget)) != runner.stop_at(program.start, Some(budget));
    if !differs(parted) {
        return "stopped at the last instruction they stand alike\n".into();
    }
    while alike + 1 < parted {
        let middle = alike.midpoint(parted);
        if differs(middle) { parted = middle } else { alike = middle }
    }
    let mut text = format!("they part at instruction {parted}:\n");
    for budget in parted.saturating_sub(SHOWN)..=parted {
        for (name, runner) in [("plain", &mut plain), ("other", &mut *runner)] {
            let stand = runner.stop_at(program.start, Some(budget));
            writeln!(text, "  {budget} {name} {stand:?}").unwrap();
        }
    }
    text
}

fn listing(script: &Script) -> String {
    let lines = disasm::disassemble(script).lines;
    lines.iter().map(|line| format!("{:5} {} {}\n", line.offset, line.mnemonic, line.operand)).collect()
}
