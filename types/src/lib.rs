//! The vocabulary of the Neo N3 virtual machine: opcodes, scripts, stack items,
//! integers, faults, limits, and the files that contracts come in.
//!
//! Everything here follows the reference engine (neo-project/neo-vm v3.10.1);
//! each module names the reference's files that its rules come from. The crate
//! needs only `core` and `alloc`; the feature `std` is on by default.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod fault;
pub mod hash;
pub mod instruction;
pub mod integer;
pub mod item;
pub mod limits;
pub mod opcode;
pub mod price;
pub mod script;

pub use self::{
    fault::{Fault, FaultKind},
    hash::Hash160,
    instruction::Instruction,
    integer::{I256, Integer},
    item::{Array, Buffer, ByteString, Interop, ItemType, Map, Pointer, StackItem},
    limits::Limits,
    opcode::OpCode,
    price::PriceTable,
    script::{Script, ScriptError},
};
