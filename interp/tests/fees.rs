//! Gas and instructions as hosts see them, and fees that hosts charge: the same however scripts run.

use neovm_interp::{Caller, Dispatch, Host, HostError, LoadId, LoadOptions, Outcome, RunOptions, Unload, Vm, VmConfig};
use neovm_types::{FaultKind, Gas, Script, asm::assemble, engine_internals::ForkedItems};

/// The numbers of system calls: fees of so many units, and others.
const FREE: u32 = 0xf0;
const NOT_FREE: u32 = 0xf1;
const LOAD: u32 = 0xf2;
const LOAD_FREE: u32 = 0xf3;
const DARE: u32 = 0xf4;
const DARE_AND_THROW: u32 = 0xf5;

const FACTOR: Gas = Gas::from_pico(3);

/// What is left when something happens.
type Seen = (u32, Gas, Gas, u64);

/// Notes what it sees, and does what the number of a system call says. It forks the machine where a script has ended.
#[derive(Default)]
struct Charging(Vec<Seen>, Vec<Vm>);

impl Charging {
    fn see(&mut self, id: u32, vm: &Vm) {
        self.0.push((id, vm.gas_consumed(), vm.gas_left(), vm.instructions()));
    }
}

impl Host for Charging {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        self.see(id, caller);
        let mut load = |free| {
            let script = assemble("NOP\nPUSH3\nSYSCALL 0x07000000\nDROP").expect("a script");
            caller.load_script(script, LoadOptions::default().with_free(free)).map(drop)
        };
        match id {
            FREE => caller.set_context_free(true),
            NOT_FREE => caller.set_context_free(false),
            LOAD => load(false)?,
            LOAD_FREE => load(true)?,
            // Whoever ignores the error does not get further.
            DARE => _ = caller.add_fee(Gas::from_units(40, FACTOR)),
            DARE_AND_THROW => {
                _ = caller.add_fee(Gas::from_units(40, FACTOR));
                return Err(FaultKind::KeyNotFound("a key".into()).into());
            }
            units => caller.add_fee(Gas::from_units(units.into(), FACTOR))?,
        }
        self.see(id, caller);
        Ok(())
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, _: LoadId, _: Unload) -> Result<(), HostError> {
        self.see(u32::MAX, caller);
        caller.add_fee(Gas::from_units(2, FACTOR))?;
        self.1.extend(caller.fork(&mut ForkedItems::new(usize::MAX)));
        Ok(())
    }
}

fn call(id: u32) -> String {
    format!("SYSCALL 0x{:08x}\n", id.swap_bytes())
}

/// Loops around system calls, with instructions that are fused and some that are free.
fn script() -> Script {
    let calls = |ids: &[u32]| ids.iter().map(|id| call(*id)).collect::<String>();
    let text = format!(
        "INITSLOT 1, 0\nPUSH6\nSTLOC0\n{}n: {}LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nTRY c, -\nPUSH1\nTHROW\nc: {}DROP\nTRY d, -\n{}d: {}DROP\nRET",
        calls(&[5, 0]),
        calls(&[1, FREE, 9, LOAD, NOT_FREE, 0, LOAD_FREE, 11, LOAD, DARE]),
        calls(&[7, 0]),
        calls(&[DARE_AND_THROW]),
        calls(&[0, 0]),
    );
    assemble(&text).expect("a script")
}

/// The outcome, the gas, the instructions and what the host saw.
fn run(dispatch: Dispatch, limit: u64, drive: impl Fn(&mut Vm, &mut Charging) -> Outcome) -> (String, Vec<Seen>) {
    let options = RunOptions::new(Gas::from_units(limit, FACTOR)).with_fee_factor(FACTOR);
    let mut vm = Vm::new(VmConfig::default().with_dispatch(dispatch), options);
    let mut host = Charging::default();
    vm.load_script(script(), LoadOptions::default()).expect("a good script");
    let outcome = drive(&mut vm, &mut host);
    (format!("{outcome:?} {:?} {}", vm.gas_consumed(), vm.instructions()), host.0)
}

fn step(vm: &mut Vm, host: &mut Charging) -> Outcome {
    loop {
        if let Some(outcome) = vm.step(host) {
            return outcome;
        }
    }
}

#[test]
fn gas_and_instructions_are_exact_in_each_system_call_whatever_the_limit() {
    let (last, _) = run(Dispatch::Auto, u64::MAX >> 8, step);
    assert!(last.starts_with("Halt"), "{last}");
    for limit in 0..1200 {
        let expected = run(Dispatch::Auto, limit, step);
        for dispatch in [Dispatch::Auto, Dispatch::Loop, Dispatch::Unfused] {
            assert_eq!(run(dispatch, limit, |vm, host| vm.run(host)), expected, "{dispatch:?} {limit}");
        }
    }
    // More than the meter is granted at once.
    for limit in [1 << 18, (1 << 18) + 700, 1 << 30] {
        assert_eq!(run(Dispatch::Auto, limit, |vm, host| vm.run(host)), run(Dispatch::Auto, limit, step), "{limit}");
    }
}

#[test]
fn forks_have_used_what_the_original_has() {
    // More than the meter is granted at once, so that no fee stops it.
    let options = RunOptions::new(Gas::from_units(1 << 30, FACTOR)).with_fee_factor(FACTOR);
    let mut vm = Vm::new(VmConfig::default(), options);
    let mut host = Charging::default();
    vm.load_script(script(), LoadOptions::default()).expect("a good script");
    let outcome = format!("{:?}", vm.run(&mut host));
    let mut forks = host.1;
    assert!(forks.len() > 9, "{}", forks.len());
    for fork in &mut forks {
        assert_eq!(format!("{:?}", fork.run(&mut Charging::default())), outcome);
        assert_eq!((fork.gas_consumed(), fork.instructions()), (vm.gas_consumed(), vm.instructions()));
    }
}
