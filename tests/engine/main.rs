//! Behaviour through the public API that recorded outcomes do not show: budgets, interruption, exact
//! gas, what hosts see, depth, reuse.

mod bad_hosts;
mod budget;
mod cache;
mod constants;
mod debugger;
mod depth;
mod faults;
mod fees;
mod gas;
mod hardforks;
mod host;
mod interrupt;
mod jumps;
mod lifecycle;
mod map_keys;
mod modes;
mod native_stack;
mod natives;
mod objects;
mod overflow;
mod read_only;
mod references;
mod shared_items;
mod slots;
mod statics;
mod unload;

use std::sync::Arc;

use neovm::{
    Code, FaultKind, Gas, LoadOptions, Outcome, PriceTable, RunOptions, Script, StackItem, StubHost, Vm, VmConfig,
    types::{asm::assemble, item::JsonLimits, item::write_json_stack},
};

/// Assembles a script.
fn script(text: &str) -> Script {
    assemble(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Assembles and decodes a script, with the prices of the networks.
fn code(text: &str) -> Arc<Code> {
    decode(script(text))
}

/// Decodes a script, with the prices of the networks.
fn decode(script: impl Into<Script>) -> Arc<Code> {
    modes::decode(script, &Arc::new(PriceTable::DEFAULT))
}

/// Returns the fault that an execution ended with.
fn fault(outcome: Outcome) -> FaultKind {
    match outcome {
        Outcome::Fault(fault) => fault.kind,
        other => panic!("{other:?} is no fault"),
    }
}

/// Returns a machine with the code loaded.
fn loaded(code: &Arc<Code>, config: VmConfig) -> Vm {
    loaded_with(code, config, RunOptions::default())
}

/// Returns a machine with the code loaded, and limits of the execution.
fn loaded_with(code: &Arc<Code>, config: VmConfig, options: RunOptions) -> Vm {
    let mut vm = Vm::new(modes::dispatched(config), options);
    vm.load(Arc::clone(code), LoadOptions::default()).unwrap();
    vm
}

/// Returns options with a gas limit in datoshi.
fn gas(limit: i64) -> RunOptions {
    RunOptions::new(Gas::from_datoshi(limit))
}

/// Returns the stub host of the test data.
fn stub_host() -> StubHost {
    StubHost::from_json(neovm_testing::STUB_HOST).unwrap()
}

/// Returns items as JSON.
fn json<'a>(items: impl IntoIterator<Item = &'a StackItem>) -> String {
    let mut text = String::new();
    write_json_stack(&mut text, items, JsonLimits::default()).unwrap();
    text
}

/// Returns the results of a machine, which must be integers.
fn integers(vm: &Vm) -> Vec<i32> {
    vm.results().iter().map(|item| item.to_i32().unwrap()).collect()
}

/// Counts down and calls itself, catches an exception at each level, and returns the depth.
const SHORT: &str = "
        PUSH6
        CALL deeper
        RET
deeper: INITSLOT 1, 1
        TRY caught, finally
        LDARG0
        JMPIFNOT throw
        LDARG0
        DEC
        CALL deeper
        INC
        STLOC0
        ENDTRY end
throw:  PUSHDATA1 \"bottom\"
        THROW
caught: SIZE
        STLOC0
        ENDTRY end
finally: ENDFINALLY
end:    LDLOC0
        NEWARRAY0
        DUP
        PUSH2
        APPEND
        PUSH0
        PICKITEM
        MUL
        RET";

/// A loop of more than 100,000 instructions, without calls.
const LOOP: &str = "
        INITSLOT 1, 0
        PUSHINT32 20000
        STLOC0
        PUSH0
next:   LDLOC0
        ADD
        LDLOC0
        DEC
        DUP
        STLOC0
        JMPIF next
        RET";

/// System calls in a loop: free instructions at which dispatching stops.
const SYSCALLS: &str = "
        PUSHINT32 20000
next:   SYSCALL System.Runtime.GetTime
        DROP
        SYSCALL System.Runtime.GetTime
        DROP
        DEC
        DUP
        JMPIF next
        RET";

/// Calls a thousand levels deep, sixty times: many free instructions in a row.
const RETURNS: &str = "
        PUSH0
        PUSHINT16 60
again:  PUSHINT16 1000
        CALL deep
        DROP
        SWAP
        INC
        SWAP
        DEC
        DUP
        JMPIF again
        RET
deep:   DUP
        JMPIFNOT bottom
        DEC
        CALL deep
bottom: RET";

/// Faults of the engine that the script catches, and one that it cannot catch.
const FAULTS: &str = "
        PUSHINT16 9000
next:   TRY caught, -
        NEWARRAY0
        PUSH5
        PICKITEM
caught: DROP
        ENDTRY on
on:     DEC
        DUP
        JMPIF next
        ABORT";

/// Mostly the cheapest instructions, of one price unit each.
const CHEAP: &str = "
        PUSHINT16 2000
next:   NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        NOP
        DEC
        DUP
        JMPIF next
        RET";
