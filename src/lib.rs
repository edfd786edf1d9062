#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
mod contract;
mod engine;
pub mod stub_host;

pub use config::EngineConfig;
#[cfg(feature = "jit")]
pub use config::JitMode;
pub use contract::{Contract, ContractError, check_methods, find_method, load_method};
pub use engine::Engine;
pub use neovm_crypto as crypto;
pub use neovm_interp::{
    Caller, Code, ContextView, DEFAULT_FEE_FACTOR, Debugger, Dispatch, Host, HostError, Invocation, LoadId,
    LoadOptions, NoHost, Observer, OpProfile, Outcome, Pause, Profile, RefDelta, RunOptions, State, Step, Stop,
    TAIL_CALLS, Unload, Vm, VmConfig,
};
#[cfg(feature = "jit")]
pub use neovm_jit as jit;
pub use neovm_types as types;
pub use neovm_types::{
    Fault, FaultKind, Gas, Hardfork, Hash160, Integer, Limits, OpCode, PriceTable, Script, StackItem,
};
pub use stub_host::StubHost;
