//! Hosts that panic, return nonsense or too much: the machine faults, and can be
//! reset and used again. The process goes on.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use neovm::{
    Caller, Debugger, FaultKind, Gas, Host, HostError, LoadId, LoadOptions, NoHost, Outcome, RunOptions, StackItem,
    State, Unload, Vm, VmConfig,
};

use crate::{code, gas, integers, loaded, modes::settle};

/// What a host does in a system call, when a token is called, and when a load is gone.
type Deed = fn(&mut Caller<'_>) -> Result<(), HostError>;

/// A host that does something in the n-th call.
struct Bad {
    deed: Deed,
    /// Calls to come before it.
    left: u32,
}

impl Bad {
    fn call(&mut self, caller: &mut Caller<'_>) -> Result<(), HostError> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => (self.deed)(caller),
        }
    }
}

impl Host for Bad {
    fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        self.call(caller)
    }

    fn call_token(&mut self, caller: &mut Caller<'_>, _: u16) -> Result<(), HostError> {
        self.call(caller)
    }

    fn context_unloaded(&mut self, caller: &mut Caller<'_>, _: LoadId, _: Unload) -> Result<(), HostError> {
        if caller.depth() > 0 { self.call(caller) } else { Ok(()) }
    }
}

/// Hot loops that call the host 40 times in each way there is, with items on the
/// stack, in slots and in compounds. What they end with if the host does nothing is 40.
const CALLS: [&str; 3] = ["SYSCALL 0x01000000", "CALLT 7", "CALL inner"];

fn loop_with(call: &str) -> String {
    format!(
        "        INITSLOT 2, 0
                PUSHINT8 40
                STLOC0
                NEWARRAY0
                STLOC1
        next:   LDLOC1
                LDLOC0
                APPEND
                PUSHDATA1 \"below\"
                {call}
                DROP
                LDLOC0
                DEC
                DUP
                STLOC0
                JMPIF next
                LDLOC1
                SIZE
                RET
        inner:  PUSHNULL
                SYSCALL 0x01000000
                DROP
                RET"
    )
}

/// Runs what a bad host spoils, in its first and in a later call, and then all once
/// more with a good one.
fn spoil(deed: Deed, check: impl Fn(Result<Outcome, Box<dyn Any + Send>>, &mut Vm)) {
    for call in CALLS {
        let code = code(&loop_with(call));
        for left in [0, 30] {
            let mut vm = loaded(&code, VmConfig::default());
            let outcome = catch_unwind(AssertUnwindSafe(|| vm.run(&mut Bad { deed, left })));
            check(outcome, &mut vm);
            settle();
            vm.reset(RunOptions::default(), &mut NoHost);
            vm.load(code.clone(), LoadOptions::default()).unwrap();
            assert_eq!(vm.run(&mut Bad { deed, left: u32::MAX }), Outcome::Halt, "{call}");
            assert_eq!((integers(&vm), vm.reference_count()), (vec![40], 1), "{call}");
        }
    }
}

/// The kind of a fault.
fn kind(outcome: Result<Outcome, Box<dyn Any + Send>>) -> FaultKind {
    match outcome {
        Ok(Outcome::Fault(fault)) => fault.kind,
        Ok(other) => panic!("{other:?} is no fault"),
        Err(_) => panic!("it panicked"),
    }
}

#[test]
fn a_machine_whose_host_panicked_has_faulted() {
    let deeds: [Deed; 3] = [
        |_| panic!("in the host"),
        |caller| {
            caller.push(StackItem::array([1.into(), 2.into()]));
            panic!("with an item more")
        },
        |caller| {
            caller.load(code("PUSH1\nRET"), LoadOptions::default())?;
            panic!("with a context more")
        },
    ];
    for deed in deeds {
        spoil(deed, |outcome, vm| {
            assert!(outcome.is_err());
            assert_eq!(vm.state(), State::Fault);
            assert_eq!(vm.fault().unwrap().kind, FaultKind::Engine("the host panicked"));
            // It does not go on.
            let instructions = vm.instructions();
            assert!(matches!(vm.run(&mut NoHost), Outcome::Fault(_)));
            assert!(vm.step(&mut NoHost).is_some());
            assert_eq!(vm.instructions(), instructions);
        });
    }
}

#[test]
fn a_step_whose_host_panicked_has_faulted() {
    let mut vm = loaded(&code("PUSH1\nSYSCALL 0x01000000\nRET"), VmConfig::default());
    let mut host = Bad { deed: |_| panic!("in the host"), left: 0 };
    let debugger = Debugger::new();
    debugger.step_into(&mut vm, &mut host);
    assert!(catch_unwind(AssertUnwindSafe(|| debugger.step_into(&mut vm, &mut host))).is_err());
    assert_eq!((vm.state(), vm.position()), (State::Fault, Some(1)));
}

#[test]
fn a_panic_when_a_load_is_gone() {
    struct Panics;
    impl Host for Panics {
        fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
            caller.load(code(if id == 1 { "PUSH5\nRET" } else { "PUSH5\nTHROW" }), LoadOptions::default())?;
            Ok(())
        }

        fn context_unloaded(&mut self, _: &mut Caller<'_>, _: LoadId, _: Unload) -> Result<(), HostError> {
            panic!("in the host")
        }
    }
    for id in [1, 2] {
        let text = format!("TRY caught, -\nSYSCALL 0x0{id}000000\ncaught: RET");
        let mut vm = loaded(&code(&text), VmConfig::default());
        assert!(catch_unwind(AssertUnwindSafe(|| vm.run(&mut Panics))).is_err());
        assert_eq!(vm.state(), State::Fault);
        vm.reset(gas(1000), &mut NoHost);
        vm.load(code("PUSH3"), LoadOptions::default()).unwrap();
        assert_eq!((vm.run(&mut NoHost), integers(&vm)), (Outcome::Halt, vec![3]));
    }
}

#[test]
fn too_many_items_fault() {
    let many: Deed = |caller| {
        (0..100_000).for_each(|_| caller.push(1));
        Ok(())
    };
    let wide: Deed = |caller| {
        caller.push(StackItem::array(vec![StackItem::Null; 100_000]));
        Ok(())
    };
    for deed in [many, wide] {
        spoil(deed, |outcome, _| {
            assert!(matches!(kind(outcome), FaultKind::MaxStackSize { count: 100_000.., limit: 2048 }));
        });
    }
}

#[test]
fn items_that_no_script_can_make() {
    // Larger than the limit: the instruction that would make one more faults.
    let huge: Deed = |caller| {
        caller.pop()?;
        caller.push(StackItem::buffer(&vec![0; 1 << 24]));
        Ok(())
    };
    spoil(huge, |outcome, vm| assert_eq!((outcome.unwrap(), vm.results().len()), (Outcome::Halt, 1)));
    let joined = code("PUSHNULL\nSYSCALL 0x01000000\nPUSH1\nCAT\nRET");
    let mut vm = loaded(&joined, VmConfig::default());
    let fault = vm.run(&mut Bad { deed: huge, left: 0 });
    assert_eq!(kind(Ok(fault)), FaultKind::MaxItemSize { size: (1 << 24) + 1, limit: 131_070 });
}

#[test]
fn too_few_items_fault() {
    let takes: Deed = |caller| {
        while caller.pop().is_ok() {}
        Ok(caller.pop().map(drop)?)
    };
    spoil(takes, |outcome, _| assert!(matches!(kind(outcome), FaultKind::StackIndex { .. })));
    let takes_quietly: Deed = |caller| {
        while caller.pop().is_ok() {}
        Ok(())
    };
    spoil(takes_quietly, |outcome, vm| {
        // DROP finds nothing.
        assert!(matches!(kind(outcome), FaultKind::StackIndex { .. }));
        assert_eq!(vm.stack_len(), 0);
    });
}

#[test]
fn nonsense_of_loads_is_refused() {
    let counts: Deed = |caller| Ok(caller.load(code("RET"), LoadOptions::default().with_return_count(-2)).map(drop)?);
    spoil(counts, |outcome, _| assert_eq!(kind(outcome), FaultKind::ReturnCountRange(-2)));
    let places: Deed = |caller| Ok(caller.load(code("RET"), LoadOptions::default().with_position(2)).map(drop)?);
    spoil(places, |outcome, _| assert_eq!(kind(outcome), FaultKind::OutOfScript { position: 2, length: 1 }));
    let calls: Deed = |caller| Ok(caller.call(-1)?);
    spoil(calls, |outcome, _| assert!(matches!(kind(outcome), FaultKind::OutOfScript { position: -1, .. })));
    let depth: Deed = |caller| loop {
        caller.call(0)?;
    };
    spoil(depth, |outcome, _| assert_eq!(kind(outcome), FaultKind::MaxInvocationStackSize { count: 1024 }));
    let fees: Deed = |caller| Ok(caller.add_fee(Gas::MAX)?);
    spoil(fees, |outcome, _| assert_eq!(kind(outcome), FaultKind::InsufficientGas));
}
