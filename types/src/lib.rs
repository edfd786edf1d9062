//! The types of the Neo N3 virtual machine: opcodes, scripts, stack items, integers,
//! faults and limits, and the files that contracts consist of.
//!
//! Everything here follows the reference engine (neo-project/neo-vm v3.10.1) and the
//! reference node (neo-project/neo v3.10.2). Each module names the files of theirs
//! that its rules come from. The crate needs only `core` and `alloc`; the feature
//! `std` is on by default.

#![no_std]
// Only the reference-counted bytes of `item/bytes` need unsafe code.
#![deny(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod asm;
pub mod base64;
pub mod builder;
pub mod call_flags;
pub mod disasm;
#[doc(hidden)]
pub mod engine_internals;
pub mod fault;
pub mod gas;
pub mod hardfork;
pub mod hash;
pub mod hexadecimal;
pub mod instruction;
pub mod integer;
pub mod io;
pub mod item;
pub mod json;
pub mod limits;
pub mod manifest;
pub mod nef;
pub mod opcode;
pub mod price;
pub mod public_key;
pub mod script;
pub mod syscalls;
pub mod text;

pub use self::{
    asm::{AsmError, assemble},
    builder::{BuildError, Label, ScriptBuilder},
    call_flags::CallFlags,
    disasm::{Listing, disassemble, disassemble_with},
    fault::{Fault, FaultKind},
    gas::Gas,
    hardfork::{Hardfork, UnknownHardfork},
    hash::{Hash160, Hash256},
    instruction::Instruction,
    integer::{I256, Integer, WideValue},
    item::{Array, Buffer, ByteString, Interop, ItemType, Map, Pointer, StackItem},
    limits::Limits,
    manifest::{Manifest, ManifestError},
    nef::{MethodToken, NefError, NefFile},
    opcode::OpCode,
    price::PriceTable,
    public_key::PublicKey,
    script::{Script, ScriptError},
};
