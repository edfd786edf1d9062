//! Long runs on a small native stack: handlers that go on to the next by a call
//! must leave nothing behind, or the stack is used up after some thousands.

use std::thread;

use neovm::{Dispatch, NoHost, Outcome, VmConfig};

use crate::{code, integers, loaded};

/// The size of the native stack, in bytes.
const STACK: usize = 256 << 10;

/// Instructions of a turn of the loop below.
const TURN: u64 = 26;

/// A loop without instructions that only the general handlers know: they would
/// begin a new chain of calls. Fused ones, others, and such with operands that
/// are counted: byte strings and wide integers.
fn turns(count: u64) -> String {
    format!(
        "       INITSLOT 2, 0
               PUSHINT32 {count}
               STLOC0
               PUSH0
        next:  LDLOC0
               LDLOC0
               SUB
               STLOC1
               PUSHDATA1 \"bytes\"
               STLOC1
               LDLOC1
               SIZE
               PUSH2
               SWAP
               NIP
               DROP
               PUSHINT128 170141183460469231731687303715884105727
               PUSHINT128 170141183460469231731687303715884105727
               ADD
               DROP
               NOP
               INC
               PUSH0
               NOT
               ASSERT
               LDLOC0
               DEC
               DUP
               STLOC0
               JMPIF next
               RET"
    )
}

fn run(dispatch: Dispatch, count: u64) {
    let mut vm = loaded(&code(&turns(count)), VmConfig::default().with_dispatch(dispatch));
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "{dispatch:?}");
    assert_eq!(integers(&vm), [count as i32], "{dispatch:?}");
    assert_eq!(vm.instructions(), 5 + TURN * count, "{dispatch:?}");
}

#[test]
fn fifty_million_instructions_on_a_small_native_stack() {
    let test = || {
        for dispatch in Dispatch::ALL {
            let instructions = if dispatch == Dispatch::Auto { 50_000_000 } else { 5_000_000_u64 };
            run(dispatch, instructions.div_ceil(TURN));
        }
    };
    thread::Builder::new().stack_size(STACK).spawn(test).unwrap().join().unwrap();
}
