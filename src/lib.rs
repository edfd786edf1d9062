#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod contract;
mod engine;
pub mod stub_host;

pub use contract::{Contract, ContractError, check_methods, find_method, load_method};
pub use engine::{DEFAULT_CACHE_SIZE, Engine};
pub use neovm_crypto as crypto;
pub use neovm_interp::{
    Caller, Code, Config, ContextView, DEFAULT_FEE_FACTOR, Debugger, Dispatch, Host, HostError, Invocation, JitMode,
    LoadId, LoadOptions, NoHost, Observer, Outcome, PICO_PER_DATOSHI, Pause, Profile, RefDelta, State, Step, Stop,
    TAIL_CALLS, Unload, Vm,
};
#[cfg(feature = "jit")]
pub use neovm_jit as jit;
pub use neovm_types as types;
pub use neovm_types::{Fault, FaultKind, Hardfork, Hash160, Integer, Limits, OpCode, PriceTable, Script, StackItem};
pub use stub_host::StubHost;
