//! The interpreter of the Neo N3 virtual machine.
//!
//! A script is decoded once into a threaded array ([`Code`]); a [`Vm`] runs it
//! over a [`Host`]. Results are those of the reference engine (neo-project/neo-vm
//! v3.10.1), bit for bit: state, result stack, gas, reference count, instruction
//! count, and the place and message of a fault.
//!
//! ```
//! use neovm_interp::{LoadOptions, NoHost, Outcome, RunOptions, Vm, VmConfig};
//!
//! let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
//! // PUSH2 PUSH3 MUL
//! vm.load_script(vec![0x12, 0x13, 0xa0], LoadOptions::default()).unwrap();
//! assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
//! assert_eq!(vm.results()[0].to_integer(), Ok(6.into()));
//! assert_eq!(vm.gas_consumed().datoshi_ceil(), 300);
//! ```
//!
//! The crate needs only `core` and `alloc`; the feature `std` is on by default.

#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod caller;
mod code;
mod config;
mod debug;
mod dispatch;
mod fast;
mod frame;
mod gas;
mod host;
mod inst;
mod observe;
mod op;
mod ops;
mod stack;
#[doc(hidden)]
pub mod tier;
mod vm;

pub use self::{
    caller::Caller,
    code::{Code, MAX_SCRIPT_SIZE},
    config::{DEFAULT_FEE_FACTOR, Dispatch, RunOptions, VmConfig},
    debug::{Debugger, Pause},
    dispatch::TAIL_CALLS,
    host::{Host, HostError, LoadId, NoHost, Unload},
    observe::{Observer, OpProfile, Profile, RefDelta, Step},
    vm::{ContextView, Invocation, LoadOptions, MAX_STACK_LIMIT, Outcome, State, Stop, Vm},
};
