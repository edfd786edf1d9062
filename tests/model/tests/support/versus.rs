//! The end of a script in the model and in the engine, and where they part.

use std::{fmt::Write, sync::Arc};

use neovm::{
    Code, Config, Dispatch, Hardfork, JitMode, LoadOptions, Outcome, PriceTable, Profile, Script, StubHost, Vm,
    types::disasm,
};
use neovm_generator::{Random, SystemCalls};
use neovm_model::{Machine, NOT_UTF8, Setup};

use super::{
    compiling::{COMPILING, Compiler},
    engine,
};

/// Gas that a script may use at most, in datoshi: some 80 of the dearest instructions.
pub(crate) const GAS: u64 = 20_000_000;

/// A way to run a script in the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// As the dispatcher does it.
    By(Dispatch),
    /// By general handlers alone.
    Observed,
    /// By what was compiled.
    Compiled(JitMode),
}

impl Way {
    /// Those that compile.
    pub(crate) const COMPILED: [Self; 3] =
        [Self::Compiled(COMPILING[0]), Self::Compiled(COMPILING[1]), Self::Compiled(COMPILING[2])];

    /// The others.
    pub(crate) const ALL: [Self; 4] =
        [Self::By(Dispatch::Auto), Self::By(Dispatch::Loop), Self::By(Dispatch::Unfused), Self::Observed];
}

/// A script, and what it runs under.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) script: Vec<u8>,
    /// Datoshi.
    pub(crate) gas_limit: u64,
    pub(crate) limits: neovm_model::Limits,
    pub(crate) hardfork: neovm_model::Hardfork,
}

/// All that can be seen of an execution that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// None: it halted.
    pub(crate) fault: Option<String>,
    position: Option<usize>,
    pub(crate) gas: u128,
    pub(crate) instructions: u64,
    pending: String,
    /// Of results and contexts, with the count of items. Not after a fault,
    /// since an instruction that faults may be half done; but one that is not
    /// paid for has not begun.
    items: Option<(i64, String)>,
}

/// The stub host, for either.
pub(crate) struct Hosts {
    model: neovm_model::StubHost,
    engine: StubHost,
    /// None where nothing is compiled.
    compilers: Vec<(JitMode, Compiler)>,
}

impl Hosts {
    /// The host of a JSON text.
    pub(crate) fn from_json(text: &str) -> Self {
        let model = neovm_model::StubHost::from_json(text).unwrap();
        let compilers = COMPILING.into_iter().filter_map(|mode| Some((mode, Compiler::new(mode)?))).collect();
        Self { model, engine: StubHost::from_json(text).unwrap(), compilers }
    }

    /// How often compiled code was entered.
    pub(crate) fn entered(&self) -> u64 {
        self.compilers.iter().map(|(_, compiler)| compiler.entered()).sum()
    }

    /// The compiler of a way.
    fn compiler(&mut self, way: Way) -> Option<&mut Compiler> {
        let is_it = |mode: &JitMode| matches!(way, Way::Compiled(own) if own == *mode);
        self.compilers.iter_mut().find(|(mode, _)| is_it(mode)).map(|(_, compiler)| compiler)
    }

    /// How often a script is to run in a way, so that what is compiled meanwhile runs too.
    pub(crate) fn turns(&mut self, way: Way) -> usize {
        self.compiler(way).map_or(0, |compiler| compiler.runs())
    }

    /// The code of a script for a way to run it.
    fn code(&mut self, script: &[u8], way: Way) -> Arc<Code> {
        match self.compiler(way) {
            Some(compiler) => compiler.prepare(script).unwrap(),
            None => Arc::new(Code::decode(script.into(), &Arc::new(PriceTable::DEFAULT)).unwrap()),
        }
    }

    /// What generated scripts call. Most system calls give a fixed answer, in the order of their identifiers.
    pub(crate) fn calls(&self) -> SystemCalls {
        let mut calls = SystemCalls::default();
        for (id, kind) in self.model.calls() {
            match kind {
                Some("load") => calls.load = Some(id),
                Some("throw") => calls.throw = Some(id),
                _ => calls.plain.push(id),
            }
        }
        calls.plain.sort_unstable();
        calls
    }

    /// How a script ends in the model.
    pub(crate) fn model_end(&self, case: &Case) -> End {
        let mut machine = self.machine(case);
        machine.run();
        let fault = machine.fault().map(|fault| comparable(&fault.message));
        let items = is_whole(fault.as_deref()).then(|| (machine.references(), neovm_model::describe(machine.items())));
        End {
            position: machine.fault().and_then(|fault| fault.position),
            gas: machine.gas().into(),
            instructions: machine.instructions(),
            pending: machine.pending().map(|item| neovm_model::describe([item.clone()])).unwrap_or_default(),
            items,
            fault,
        }
    }

    /// How a script ends in the engine.
    pub(crate) fn engine_end(&mut self, case: &Case, way: Way) -> End {
        let mut vm = vm(case, way);
        // Without room for a context both halt at once.
        let _ = vm.load(self.code(&case.script, way), LoadOptions::default());
        let outcome = match way {
            Way::By(_) | Way::Compiled(_) => vm.run(&mut self.engine),
            Way::Observed => vm.run_observed(&mut self.engine, &mut Profile::new()),
        };
        if let Some(compiler) = self.compiler(way) {
            compiler.wait();
        }
        let (fault, position) = match outcome {
            Outcome::Fault(fault) => (Some(comparable(&fault.to_string())), fault.position),
            _ => (None, None),
        };
        let whole = is_whole(fault.as_deref());
        End {
            gas: vm.gas_consumed(),
            instructions: vm.instructions(),
            pending: vm
                .pending_exception()
                .map(|item| engine::describe(std::slice::from_ref(item)))
                .unwrap_or_default(),
            items: whole.then(|| (vm.reference_count(), engine::describe(&engine::items(&vm)))),
            fault,
            position,
        }
    }

    fn machine(&self, case: &Case) -> Machine<'_> {
        let Case { gas_limit, limits, hardfork, .. } = *case;
        let setup = Setup { gas_limit: Some(gas_limit), limits, hardfork, host: Some(&self.model) };
        Machine::new(&case.script, &setup)
    }

    /// What differs in a case, as text with the script and the first step at
    /// which the machines part; none if nothing does.
    pub(crate) fn difference(&mut self, case: &Case, way: Way) -> Option<String> {
        let (model, engine) = (self.model_end(case), self.engine_end(case, way));
        (model != engine).then(|| {
            let mut text = format!("{way:?} {:?} gas {}\n", case.hardfork, case.gas_limit);
            let _ =
                writeln!(text, "{:?}\nscript {}\n{}", case.limits, hex::encode(&case.script), listing(&case.script));
            let _ = writeln!(text, "model  {model:?}\nengine {engine:?}");
            text.push_str(&self.parting(case));
            text
        })
    }

    /// The first step after which the two do not stand alike.
    fn parting(&self, case: &Case) -> String {
        let (mut vm, mut host) = (vm(case, Way::Observed), self.engine.clone());
        let _ = vm.load_script(case.script.clone(), LoadOptions::default());
        let mut machine = self.machine(case);
        let (mut model, mut engine) = (Stand::of_model(&machine), Stand::of_engine(&vm));
        while model == engine {
            if machine.ended() {
                return "step by step they end alike\n".into();
            }
            let (position, op) = (machine.position(), machine.next_op());
            machine.step();
            vm.step(&mut host);
            let before = std::mem::replace(&mut model, Stand::of_model(&machine));
            engine = Stand::of_engine(&vm);
            if model != engine {
                return format!(
                    "they part at {position:?} {op:?}\nbefore {before:?}\nmodel  {model:?}\nengine {engine:?}\n"
                );
            }
        }
        format!("they part before the first step\nmodel  {model:?}\nengine {engine:?}\n")
    }
}

/// Whether what a machine holds can be compared after an execution.
fn is_whole(fault: Option<&str>) -> bool {
    fault.is_none_or(|message| message == "Insufficient GAS.")
}

/// How a machine stands between two instructions.
#[derive(Debug, PartialEq)]
struct Stand {
    ended: bool,
    fault: Option<String>,
    depth: usize,
    position: Option<usize>,
    gas: u128,
    /// Not after a fault, as the items.
    references: i64,
    items: String,
}

impl Stand {
    fn of_model(machine: &Machine<'_>) -> Self {
        let whole = machine.fault().is_none();
        Self {
            ended: machine.ended(),
            fault: machine.fault().map(|fault| comparable(&fault.message)),
            depth: machine.depth(),
            position: machine.position(),
            gas: machine.gas().into(),
            references: if whole { machine.references() } else { 0 },
            items: if whole { neovm_model::describe(machine.items()) } else { String::new() },
        }
    }

    fn of_engine(vm: &Vm) -> Self {
        let whole = vm.fault().is_none();
        Self {
            ended: vm.state() != neovm::State::Break,
            fault: vm.fault().map(|fault| comparable(&fault.to_string())),
            depth: vm.depth(),
            position: vm.position(),
            gas: vm.gas_consumed(),
            references: if whole { vm.reference_count() } else { 0 },
            items: if whole { engine::describe(&engine::items(vm)) } else { String::new() },
        }
    }
}

/// A fault's message. The words for bad UTF-8 are nobody's to compare.
fn comparable(message: &str) -> String {
    if message.starts_with(NOT_UTF8) { NOT_UTF8.into() } else { message.into() }
}

fn vm(case: &Case, way: Way) -> Vm {
    let limits = neovm::Limits {
        max_shift: case.limits.max_shift,
        max_stack_size: case.limits.max_stack_size,
        max_item_size: case.limits.max_item_size,
        max_comparable_size: case.limits.max_comparable_size,
        max_invocation_stack_size: case.limits.max_invocation_stack_size,
        max_try_nesting_depth: case.limits.max_try_nesting_depth,
        catch_engine_exceptions: case.limits.catch_engine_exceptions,
    };
    Vm::new(Config {
        limits,
        hardfork: match case.hardfork {
            neovm_model::Hardfork::Default => Hardfork::Default,
            neovm_model::Hardfork::NotGorgon => Hardfork::NotGorgon,
            neovm_model::Hardfork::NotEchidna => Hardfork::NotEchidna,
        },
        gas_limit: case.gas_limit as i64,
        dispatch: if let Way::By(dispatch) = way { dispatch } else { Dispatch::Auto },
        ..Config::default()
    })
}

fn listing(script: &[u8]) -> String {
    let script = Script::from(script.to_vec());
    let lines = disasm::disassemble(&script).lines;
    lines.iter().map(|line| format!("{:5} {} {}\n", line.offset, line.mnemonic, line.operand)).collect()
}

/// What scripts of a seed run under: mostly what the networks run with.
pub(crate) fn case(script: Vec<u8>, random: &mut Random) -> Case {
    let mut limits = neovm_model::Limits::default();
    if random.one_in(4) {
        limits.max_stack_size = 10 + random.below(80) as u32;
    }
    if random.one_in(8) {
        limits.max_invocation_stack_size = 1 + random.below(6) as u32;
    }
    if random.one_in(10) {
        limits.max_comparable_size = random.one_of(&[0, 1, 8, 33, 65]);
        limits.max_item_size = random.below(70) as u32;
        limits.max_shift = random.below(70) as u32;
        limits.max_try_nesting_depth = 1 + random.below(2) as u32;
        limits.catch_engine_exceptions = random.one_in(2);
    }
    let hardforks = [neovm_model::Hardfork::NotEchidna, neovm_model::Hardfork::NotGorgon];
    let hardfork = if random.one_in(4) { random.one_of(&hardforks) } else { neovm_model::Hardfork::Default };
    let gas_limit = random.one_of(&[GAS, GAS / 4, GAS / 16]);
    Case { script, gas_limit, limits, hardfork }
}
