//! Runs cases.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use neovm::{
    Code, Dispatch, Engine, EngineConfig, Gas, Hardfork, JitMode, LoadOptions, NoHost, PriceTable, Profile, RunOptions,
    Script, Vm, VmConfig, jit::Stats,
};
use neovm_model::Machine;
use neovm_testing::Mode;

use crate::{
    case::{Case, Executor, Run, model_limits},
    final_state::FinalState,
    host::Hosts,
    report::report,
    tally::Compiled,
};

/// Runs cases. Keeps machines and compilers from one case to the next.
#[derive(Debug)]
pub struct Comparer {
    hosts: Hosts,
    prices: Arc<PriceTable>,
    /// One for each mode of the engine that was asked for.
    engines: Vec<(Mode, Engine)>,
    /// The machines used last, with their dispatch: one that interprets and one that compiles.
    machines: [Option<(Run, Dispatch, Vm)>; 2],
}

/// A script, prepared for what runs it.
pub(crate) enum Ready {
    Model(Vec<u8>),
    /// Without code, if the script cannot be decoded.
    Engine(Mode, Option<Arc<Code>>),
}

impl Default for Comparer {
    fn default() -> Self {
        Self::new()
    }
}

impl Comparer {
    /// Creates a comparer with nothing compiled yet.
    pub fn new() -> Self {
        let prices = Arc::new(PriceTable::DEFAULT);
        Self { hosts: Hosts::new(), prices, engines: Vec::new(), machines: [None, None] }
    }

    /// Returns what scripts may call.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Checks that all runs of a case agree.
    ///
    /// # Panics
    /// If a run differs, with a report.
    #[track_caller]
    pub fn assert_same(&mut self, case: &Case) {
        let text = report(self, case);
        assert!(text.is_none(), "{}", text.unwrap_or_default());
    }

    /// Returns the index of the first run that differs and both final states, or `None` if all runs
    /// agree.
    pub fn difference(&mut self, case: &Case) -> Option<(usize, FinalState, FinalState)> {
        let reference = self.ready(&case.script, case.reference);
        let subject = self.ready(&case.script, case.subject);
        case.runs.iter().enumerate().find_map(|(i, run)| {
            let (expected, found) = (self.run(&reference, run), self.run(&subject, run));
            (!expected.agrees(&found)).then_some((i, expected, found))
        })
    }

    /// Prepares a script, with nothing compiled of it yet.
    pub(crate) fn ready(&mut self, script: &[u8], executor: Executor) -> Ready {
        match executor {
            Executor::Model => Ready::Model(script.to_vec()),
            Executor::Engine(mode) if mode.is_compiled() => {
                let code = self.engine(mode).prepare(&Script::from(script));
                Ready::Engine(mode, code.ok())
            }
            Executor::Engine(mode) => {
                Ready::Engine(mode, Code::decode(Script::from(script), &self.prices).ok().map(Arc::new))
            }
        }
    }

    /// Runs a script to its end.
    pub(crate) fn run(&mut self, ready: &Ready, run: &Run) -> FinalState {
        let (mode, code) = match ready {
            Ready::Model(script) => {
                let mut machine = Machine::new(script, &self.setup(run));
                machine.run();
                return FinalState::of_model(&machine);
            }
            Ready::Engine(mode, code) => (*mode, code),
        };
        let failures = self.failures(mode);
        let mut vm = self.take_machine(mode, run);
        let host = &mut self.hosts.engine;
        let end = catch_unwind(AssertUnwindSafe(|| {
            if let Some(code) = code {
                // If there is no room for a context, the machine halts at once.
                let _ = vm.load(Arc::clone(code), LoadOptions::default());
            }
            match mode {
                Mode::Observed => drop(vm.run_observed(host, &mut Profile::new())),
                _ => drop(vm.run(host)),
            }
            FinalState::of_engine(&vm)
        }));
        let Ok(end) = end else {
            // A machine that panicked is not to be touched again.
            std::mem::forget(vm);
            return FinalState::of_panic("the engine panicked");
        };
        self.machines[usize::from(mode.is_compiled())] = Some((run.clone(), dispatch(mode, run), vm));
        if let JitMode::Lazy { background: true, .. } = mode.jit() {
            self.engine(mode).jit().inspect(|jit| jit.wait());
        }
        // A failing compiler changes no result, and is a bug all the same.
        if self.failures(mode) > failures { FinalState::of_panic("the compiler failed") } else { end }
    }

    /// Returns the gas consumed after each instruction of a run.
    pub(crate) fn gas_by_step(&mut self, script: &[u8], run: &Run) -> Vec<u64> {
        let mut vm = self.take_machine(Mode::Observed, run);
        let _ = vm.load_script(Script::from(script), LoadOptions::default());
        let mut gas = vec![0];
        while vm.step(&mut self.hosts.engine).is_none() {
            gas.push(vm.gas_consumed().datoshi_ceil() as u64);
        }
        gas
    }

    /// Returns what was compiled so far.
    pub fn compiled(&self) -> Compiled {
        let stats = self.engines.iter().filter_map(|(_, engine)| engine.jit()).map(|jit| jit.stats());
        stats.fold(Compiled::default(), |mut sum, stats| {
            sum.add(&Compiled::of(&stats));
            sum
        })
    }

    /// Returns how often compiled code was entered so far.
    pub(crate) fn entered(&self, executor: Executor) -> u64 {
        if let Executor::Engine(mode) = executor { self.stats(mode).entered } else { 0 }
    }

    /// Returns how often the compiler itself failed so far.
    fn failures(&self, mode: Mode) -> u64 {
        if mode.is_compiled() { Compiled::of(&self.stats(mode)).failures() } else { 0 }
    }

    fn stats(&self, mode: Mode) -> Stats {
        let engine = self.engines.iter().find(|(own, _)| *own == mode);
        engine.and_then(|(_, engine)| engine.jit()).map(|jit| jit.stats()).unwrap_or_default()
    }

    /// Returns the engine of a mode. It caches no scripts, since each comes once.
    fn engine(&mut self, mode: Mode) -> &Engine {
        let known = self.engines.iter().position(|(own, _)| *own == mode);
        let place = known.unwrap_or_else(|| {
            let config =
                EngineConfig::default().with_jit(mode.jit()).with_prices(Arc::clone(&self.prices)).with_cache_bytes(0);
            self.engines.push((mode, Engine::new(config)));
            self.engines.len() - 1
        });
        &self.engines[place].1
    }

    /// Returns a machine for a run: the one used last, if it has the same settings.
    fn take_machine(&mut self, mode: Mode, run: &Run) -> Vm {
        let dispatch = dispatch(mode, run);
        let options = RunOptions::new(Gas::from_datoshi(run.gas_limit as i64));
        if let Some((last, its_dispatch, mut vm)) = self.machines[usize::from(mode.is_compiled())].take()
            && (its_dispatch, last.hardfork, last.limits) == (dispatch, run.hardfork, run.limits)
        {
            vm.reset(options, &mut NoHost);
            return vm;
        }
        let config = VmConfig::default()
            .with_limits(run.limits)
            .with_hardfork(run.hardfork)
            .with_dispatch(dispatch)
            .with_prices(Arc::clone(&self.prices));
        Vm::new(config, options)
    }

    fn setup(&self, run: &Run) -> neovm_model::Setup<'_> {
        neovm_model::Setup {
            gas_limit: Some(run.gas_limit),
            limits: model_limits(&run.limits),
            hardfork: match run.hardfork {
                old if old < Hardfork::Echidna => neovm_model::Hardfork::NotEchidna,
                old if old < Hardfork::Gorgon => neovm_model::Hardfork::NotGorgon,
                _ => neovm_model::Hardfork::Default,
            },
            host: Some(&self.hosts.model),
        }
    }
}

/// Returns the dispatch of a run in a mode.
fn dispatch(mode: Mode, run: &Run) -> Dispatch {
    run.dispatch.unwrap_or(mode.dispatch())
}
