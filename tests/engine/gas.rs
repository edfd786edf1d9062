//! Gas limits are exact: an execution faults at the instruction that exceeds
//! them, and has consumed that one too.

use std::sync::Arc;

use neovm::{
    Code, DEFAULT_FEE_FACTOR, Fault, FaultKind, Gas, NoHost, Outcome, PriceTable, RunOptions, Stop, StubHost, Vm,
    VmConfig,
};

use crate::{CHEAP, FAULTS, LOOP, RETURNS, SHORT, SYSCALLS, code, gas, loaded, loaded_with, script, stub_host};

/// The default fee factor, in picoGAS.
const FACTOR: u64 = DEFAULT_FEE_FACTOR.pico() as u64;

/// An execution with a gas limit in datoshi and a fee factor in picoGAS.
fn options(limit: i64, factor: u64) -> RunOptions {
    gas(limit).with_fee_factor(Gas::from_pico(factor.into()))
}

/// Where each instruction began, and the price units used when it was done.
struct Trace {
    code: Arc<Code>,
    host: StubHost,
    steps: Vec<(usize, u128)>,
}

impl Trace {
    /// Of a script, from its opcodes and their prices alone.
    fn new(text: &str) -> Self {
        let (code, mut host) = (code(text), stub_host());
        let mut vm = loaded(&code, VmConfig::default());
        let (mut steps, mut units) = (Vec::new(), 0);
        loop {
            let position = vm.position().unwrap();
            units += u128::from(PriceTable::DEFAULT.price(vm.opcode().unwrap()));
            steps.push((position, units));
            if vm.step(&mut host).is_some() {
                return Self { code, host, steps };
            }
        }
    }

    fn units(&self) -> u128 {
        self.steps[self.steps.len() - 1].1
    }

    /// Runs with a limit, as a whole and in small parts, and checks whether,
    /// at which instruction and with what consumption it is exceeded.
    fn check(&mut self, limit: i64, factor: u64) {
        for budget in [None, Some(5_000)] {
            let mut vm = loaded_with(&self.code, VmConfig::default(), options(limit, factor));
            let outcome = loop {
                vm.set_budget(budget);
                match vm.run(&mut self.host) {
                    Outcome::Stopped(_) => {}
                    end => break end,
                }
            };
            self.check_end(&vm, &outcome, limit, factor);
        }
    }

    fn check_end(&self, vm: &Vm, outcome: &Outcome, limit: i64, factor: u64) {
        let datoshi = |units: u128| (units * u128::from(factor)).div_ceil(u128::from(Gas::PICO_PER_DATOSHI));
        let beyond = self.steps.iter().position(|&(_, units)| datoshi(units) > limit.max(0) as u128);
        let last = beyond.unwrap_or(self.steps.len() - 1);
        let (position, units) = self.steps[last];
        assert_eq!(vm.gas_consumed().datoshi_ceil(), datoshi(units), "limit {limit}");
        assert_eq!(vm.instructions(), last as u64 + 1, "limit {limit}");
        match outcome {
            Outcome::Fault(Fault { kind: FaultKind::InsufficientGas, position: at, .. }) => {
                assert_eq!((*at, beyond.is_some()), (Some(position), true), "limit {limit}");
            }
            other => assert_eq!(beyond, None, "limit {limit}: {other:?}"),
        }
    }
}

#[test]
fn each_limit_of_short_scripts() {
    let catches = "TRY caught, -\nNEWMAP\nPUSH1\nPICKITEM\ncaught: SIZE\nENDTRY end\nend: RET";
    for text in [catches, "PUSH1\nNEWARRAY\nUNPACK\nPACK\nNEWBUFFER", "NOP", "RET", "SYSCALL System.Runtime.GetTime"] {
        let mut trace = Trace::new(text);
        for limit in 0..=(trace.units() * 30) as i64 + 1 {
            trace.check(limit, FACTOR);
        }
    }
}

#[test]
fn each_unit_of_a_script_with_calls() {
    let mut trace = Trace::new(SHORT);
    for units in 0..=trace.units() as i64 {
        trace.check(units * 30, FACTOR);
        trace.check(units * 30 - 1, FACTOR);
    }
}

#[test]
fn limits_of_long_scripts() {
    for text in [LOOP, SYSCALLS, RETURNS, FAULTS, CHEAP] {
        let mut trace = Trace::new(text);
        let total = trace.units() as i64;
        let steps = (0..20).map(|part| total * part / 20);
        let granted = [65_535, 65_536, 65_537, 131_071, 131_072, 131_073];
        for units in granted.into_iter().chain(steps).chain([total - 1, total, total + 1]) {
            for limit in units * 30 - 1..=units * 30 + 1 {
                trace.check(limit, FACTOR);
            }
        }
    }
}

#[test]
fn fee_factors_round_up_in_the_end_only() {
    for text in [SHORT, LOOP] {
        let mut trace = Trace::new(text);
        for factor in [1, 3, 9_999, 10_001, 12_347, 299_999, 1 << 40] {
            let total = (trace.units() * u128::from(factor)).div_ceil(u128::from(Gas::PICO_PER_DATOSHI)) as i64;
            for limit in [i64::MAX, total + 1, total, total - 1, total / 2, total / 3, 1, 0] {
                trace.check(limit, factor);
            }
        }
    }
}

#[test]
fn a_picogas_is_a_datoshi_begun() {
    let mut vm = loaded_with(&code("PUSH1\nPUSH1"), VmConfig::default(), options(1, 1));
    assert_eq!(vm.gas_consumed().datoshi_ceil(), 0);
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!((vm.gas_consumed().datoshi_ceil(), vm.gas_left().datoshi_floor()), (1, 0));
}

#[test]
fn a_factor_of_zero_charges_nothing() {
    Trace::new(LOOP).check(0, 0);
    let endless = options(0, 0).with_budget(1_000_000);
    let mut vm = loaded_with(&code("next: JMP next"), VmConfig::default(), endless);
    assert_eq!(vm.run(&mut NoHost), Outcome::Stopped(Stop::Budget));
    assert_eq!((vm.instructions(), vm.gas_consumed()), (1_000_000, Gas::ZERO));
}

#[test]
fn the_largest_factor_exceeds_the_largest_limit() {
    let options = options(i64::MAX, u64::MAX);
    let mut vm = loaded_with(&code("PUSHINT16 6000\nnext: DEC\nDUP\nJMPIF next"), VmConfig::default(), options);
    let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("it costs more than there is") };
    assert_eq!(fault.kind, FaultKind::InsufficientGas);
    assert!(vm.gas_consumed().datoshi_ceil() > i64::MAX as u128);
    assert_eq!(vm.gas_left().datoshi_floor(), 0);
}

#[test]
fn the_largest_limit_is_no_obstacle() {
    let trace = Trace::new(LOOP);
    let mut vm = loaded(&trace.code, VmConfig::default());
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    assert_eq!(vm.gas_consumed().datoshi_ceil(), trace.units() * 30);
    assert_eq!(vm.gas_left().datoshi_floor(), i64::MAX as u128 - trace.units() * 30);
}

#[test]
fn a_limit_below_zero_is_zero() {
    let mut trace = Trace::new("NOP");
    for limit in [-1, i64::MIN] {
        trace.check(limit, FACTOR);
    }
}

#[test]
fn bytes_that_are_no_instruction_cost_nothing() {
    let mut vm = Vm::new(VmConfig::default(), gas(30));
    vm.load_script(script("PUSH1\n.byte 0xff"), neovm::LoadOptions::default()).unwrap();
    let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("0xff is no instruction") };
    assert_eq!((fault.kind, fault.position), (FaultKind::BadScript, Some(1)));
    assert_eq!((vm.gas_consumed().datoshi_ceil(), vm.instructions()), (30, 1));
}
