//! Running cases.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use neovm::{
    Code, Config, Engine, Hardfork, JitMode, Limits, LoadOptions, NoHost, PriceTable, Profile, Script, Vm, jit::Stats,
};
use neovm_model::Machine;

use crate::{
    case::{Case, Run, Way},
    end::End,
    host::Hosts,
    report::report,
    tally::Compiled,
};

/// Runs cases. Machines and compilers are kept from one to the next.
#[derive(Debug)]
pub struct Comparer {
    hosts: Hosts,
    prices: Arc<PriceTable>,
    /// One for each way to compile that was asked for.
    engines: Vec<(Way, Engine)>,
    /// The machines used last: of those that interpret and of those that compile.
    machines: [Option<(Run, Vm)>; 2],
}

/// A script, ready to be run in one way.
pub(crate) enum Ready {
    Model(Vec<u8>),
    /// None: it cannot be decoded.
    Engine(Way, Option<Arc<Code>>),
}

impl Default for Comparer {
    fn default() -> Self {
        Self::new()
    }
}

impl Comparer {
    /// Nothing is compiled yet.
    pub fn new() -> Self {
        let prices = Arc::new(PriceTable::DEFAULT);
        Self { hosts: Hosts::new(), prices, engines: Vec::new(), machines: [None, None] }
    }

    /// What scripts may call.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Compares a case whose ends have to be the same.
    ///
    /// # Panics
    /// If a run of the case differs, with a report.
    #[track_caller]
    pub fn assert_same(&mut self, case: &Case) {
        let text = report(self, case);
        assert!(text.is_none(), "{}", text.unwrap_or_default());
    }

    /// Both ends of the first run that differs, and which it is; none if all agree.
    pub fn difference(&mut self, case: &Case) -> Option<(usize, End, End)> {
        let reference = self.ready(&case.script, case.reference);
        let subject = self.ready(&case.script, case.subject);
        case.runs.iter().enumerate().find_map(|(i, run)| {
            let (expected, found) = (self.end(&reference, run), self.end(&subject, run));
            (!expected.agrees(&found)).then_some((i, expected, found))
        })
    }

    /// Makes a script ready, with nothing compiled of it yet.
    pub(crate) fn ready(&mut self, script: &[u8], way: Way) -> Ready {
        match way {
            Way::Model => Ready::Model(script.to_vec()),
            Way::Stepwise | Way::Interpreter => {
                Ready::Engine(way, Code::decode(Script::from(script), &self.prices).ok().map(Arc::new))
            }
            Way::Compiled { .. } => {
                let code = self.engine(way).prepare(&Script::from(script));
                Ready::Engine(way, code.ok())
            }
        }
    }

    /// How a run ends.
    pub(crate) fn end(&mut self, ready: &Ready, run: &Run) -> End {
        let (way, code) = match ready {
            Ready::Model(script) => {
                let mut machine = Machine::new(script, &self.setup(run));
                machine.run();
                return End::of_model(&machine);
            }
            Ready::Engine(way, code) => (*way, code),
        };
        let failures = self.failures(way);
        let mut vm = self.take_machine(way, run);
        let host = &mut self.hosts.engine;
        let end = catch_unwind(AssertUnwindSafe(|| {
            if let Some(code) = code {
                // Without room for a context it halts at once.
                let _ = vm.load(Arc::clone(code), LoadOptions::default());
            }
            match way {
                Way::Stepwise => drop(vm.run_observed(host, &mut Profile::new())),
                _ => drop(vm.run(host)),
            }
            End::of_engine(&vm)
        }));
        let Ok(end) = end else {
            // What a panic left of a machine is not to be touched.
            std::mem::forget(vm);
            return End::of_panic("the engine panicked");
        };
        self.machines[usize::from(is_compiled(way))] = Some((run.clone(), vm));
        if let Way::Compiled { background: true, .. } = way {
            self.engine(way).jit().inspect(|jit| jit.wait());
        }
        // No result shows it, and it should never be.
        if self.failures(way) > failures { End::of_panic("the compiler failed") } else { end }
    }

    /// The gas used so far behind each instruction of a run, one by one.
    pub(crate) fn gas_by_step(&mut self, script: &[u8], run: &Run) -> Vec<u64> {
        let mut vm = self.take_machine(Way::Stepwise, run);
        let _ = vm.load_script(Script::from(script), LoadOptions::default());
        let mut gas = vec![0];
        while vm.step(&mut self.hosts.engine).is_none() {
            gas.push(vm.gas_consumed() as u64);
        }
        gas
    }

    /// What was compiled so far.
    pub fn compiled(&self) -> Compiled {
        let stats = self.engines.iter().filter_map(|(_, engine)| engine.jit()).map(|jit| jit.stats());
        stats.fold(Compiled::default(), |mut sum, stats| {
            sum.add(&Compiled::of(&stats));
            sum
        })
    }

    /// How often a way entered compiled code so far.
    pub(crate) fn entered(&self, way: Way) -> u64 {
        self.stats(way).entered
    }

    /// How often the compiler itself failed so far.
    fn failures(&self, way: Way) -> u64 {
        if is_compiled(way) { Compiled::of(&self.stats(way)).failures() } else { 0 }
    }

    fn stats(&self, way: Way) -> Stats {
        let engine = self.engines.iter().find(|(own, _)| *own == way);
        engine.and_then(|(_, engine)| engine.jit()).map(|jit| jit.stats()).unwrap_or_default()
    }

    /// The engine of a way to compile. It keeps no scripts: each comes once.
    fn engine(&mut self, way: Way) -> &Engine {
        let known = self.engines.iter().position(|(own, _)| *own == way);
        let place = known.unwrap_or_else(|| {
            let jit = match way {
                Way::Compiled { threshold: 1, background: false } => JitMode::Eager,
                Way::Compiled { threshold, background } => JitMode::Lazy { threshold, background },
                _ => JitMode::Off,
            };
            let config = Config { jit, prices: Arc::clone(&self.prices), ..Config::default() };
            self.engines.push((way, Engine::with_cache_size(config, 0)));
            self.engines.len() - 1
        });
        &self.engines[place].1
    }

    /// A machine for a run: the one used last if it has the same settings.
    fn take_machine(&mut self, way: Way, run: &Run) -> Vm {
        if let Some((last, mut vm)) = self.machines[usize::from(is_compiled(way))].take()
            && (last.dispatch, last.hardfork, last.limits) == (run.dispatch, run.hardfork, run.limits)
        {
            vm.reset(run.gas_limit as i64, &mut NoHost);
            return vm;
        }
        Vm::new(Config {
            limits: run.limits,
            hardfork: run.hardfork,
            dispatch: run.dispatch,
            gas_limit: run.gas_limit as i64,
            prices: Arc::clone(&self.prices),
            ..Config::default()
        })
    }

    fn setup(&self, run: &Run) -> neovm_model::Setup<'_> {
        let Limits {
            max_shift,
            max_stack_size,
            max_item_size,
            max_comparable_size,
            max_invocation_stack_size,
            max_try_nesting_depth,
            catch_engine_exceptions,
        } = run.limits;
        neovm_model::Setup {
            gas_limit: Some(run.gas_limit),
            limits: neovm_model::Limits {
                max_shift,
                max_stack_size,
                max_item_size,
                max_comparable_size,
                max_invocation_stack_size,
                max_try_nesting_depth,
                catch_engine_exceptions,
            },
            hardfork: match run.hardfork {
                old if old < Hardfork::Echidna => neovm_model::Hardfork::NotEchidna,
                old if old < Hardfork::Gorgon => neovm_model::Hardfork::NotGorgon,
                _ => neovm_model::Hardfork::Default,
            },
            host: Some(&self.hosts.model),
        }
    }
}

fn is_compiled(way: Way) -> bool {
    matches!(way, Way::Compiled { .. })
}
