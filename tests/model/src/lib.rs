//! A simple interpreter of the Neo N3 virtual machine, called the model: a third implementation
//! besides the engine and the C# reference, whose outcomes are recorded.
//!
//! The model implements the rules of neo-project/neo-vm v3.10.1. It is meant to be obviously correct
//! rather than fast, and shares no code with the engine. It decodes each instruction when it is
//! reached, stores items in ordinary `Vec`s and `Rc`s, computes with `num-bigint`, and counts
//! references as the reference defines it. File names in comments are those of the reference.
//!
//! ```
//! use neovm_model::{Machine, Setup};
//!
//! let mut machine = Machine::new(&[0x12, 0x13, 0x9e], &Setup::default()); // PUSH2 PUSH3 ADD
//! machine.run();
//! assert!(machine.halted());
//! assert_eq!(neovm_model::describe(machine.stack()), "5");
//! assert_eq!(machine.gas(), 10 * 30);
//! ```
#![forbid(unsafe_code)]

mod counter;
mod error;
mod host;
mod integer;
mod item;
mod json;
mod machine;
mod opcode;
mod ops;
mod text;

pub use crate::{
    error::Error,
    host::{HostError, StubCall, StubHost},
    item::{Compound, Item, Kind, NOT_UTF8},
    json::{JsonError, stack_json},
    machine::{Fault, Hardfork, Limits, Machine, SHOWN_CONTEXTS, Setup},
    opcode::Op,
    text::describe,
};
