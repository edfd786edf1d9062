//! A fast engine for smart contracts of Neo N3.
//!
//! neovm runs NeoVM scripts with results that are bit-identical to the C#
//! reference engine (neo-project/neo-vm v3.10.1, what MainNet runs): state,
//! result stack, gas, reference count, instruction count, and the place and
//! message of a fault. Scripts are decoded once and interpreted; hot loops and
//! methods are compiled to machine code.
//!
//! # Running a script
//!
//! An [`Engine`] is shared by all threads: it keeps scripts decoded and
//! compiled. Each thread makes a [`Vm`] of its own, which runs one execution
//! at a time.
//!
//! ```
//! use neovm::{Engine, EngineConfig, Gas, LoadOptions, NoHost, OpCode, Outcome, RunOptions, types::ScriptBuilder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let script = ScriptBuilder::new().push(2).push(3).op(OpCode::MUL).build()?;
//!
//! let engine = Engine::new(EngineConfig::default());
//! let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(1_000_000)));
//! vm.load(engine.prepare(&script)?, LoadOptions::default())?;
//!
//! assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
//! assert_eq!(vm.results(), [6]);
//! assert_eq!(vm.gas_consumed().to_string(), "0.000003");
//! # Ok(())
//! # }
//! ```
//!
//! [`Contract`] opens a NEF file with its manifest and calls methods by name.
//!
//! # System calls
//!
//! A [`Host`] runs the system calls and contract calls of scripts. It gets a
//! [`Caller`], through which it pops arguments, pushes results, charges fees
//! and loads other scripts, but cannot run, reset or replace the machine. An
//! error of the host is an exception that the script can catch or a fault, see
//! [`HostError`]. State that belongs to a loaded script is kept by the host
//! under its [`LoadId`].
//!
//! ```
//! use neovm::{Caller, FaultKind, Gas, Host, HostError, types::hash::syscall_id};
//!
//! /// A host with one system call.
//! struct Clock;
//!
//! impl Host for Clock {
//!     fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
//!         if id != syscall_id("System.Runtime.GetTime") {
//!             return Err(FaultKind::NoSyscall(id).into());
//!         }
//!         caller.add_fee(Gas::from_datoshi(240))?;
//!         caller.push(1_700_000_000_000_u64);
//!         Ok(())
//!     }
//! }
//! ```
//!
//! [`StubHost`] answers system calls from a JSON file, for benchmarks and for
//! trying contracts out.
//!
//! # Chains
//!
//! The module [`host`] is the host of a node: all system calls and native
//! contracts, over a storage. A [`Chain`] is such a host in memory: it begins
//! with the genesis block of a network, deploys contracts, and runs scripts as
//! the next block would.
//!
//! ```
//! use neovm::{Chain, Hash160, ProtocolSettings, Signer, StackItem, WitnessScopes, host::Invocation};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let nef = include_bytes!("../examples/token.nef");
//! # let manifest = include_bytes!("../examples/token.manifest.json");
//! let mut chain = Chain::new(ProtocolSettings::private())?;
//! let (owner, friend) = (Hash160([1; 20]), Hash160([2; 20]));
//! let signer = Signer::new(owner, WitnessScopes::CALLED_BY_ENTRY);
//! let token = chain.deploy(signer.clone(), nef, manifest)?.state().hash;
//!
//! let arguments = vec![owner.into(), friend.into(), 500.into(), StackItem::Null];
//! let transfer = Invocation::call(token, "transfer", arguments)?.with_signer(signer);
//! let receipt = chain.execute(&transfer)?;
//!
//! assert_eq!(receipt.stack, [true]);
//! assert_eq!(receipt.gas_consumed.to_string(), "0.1250014");
//! assert_eq!(&*receipt.notifications[0].event, "Transfer");
//! for (key, value) in &receipt.changes {
//!     println!("{key:?} is now {value:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Chain::invoke`] runs a script and keeps nothing, [`Chain::execute`] keeps
//!   the changes, [`Chain::persist`] appends a block with its transactions.
//! - [`Execution`] runs a script step by step, under a budget or until a flag
//!   is set.
//! - [`host::execute`](host::execute()), [`host::execute_block`] and
//!   [`host::verify_witness`] work over any [`Store`]: they take plain data, and
//!   return a [`Receipt`] that says what to write.
//! - [`Network::with_syscall`] adds a system call or replaces one.
//! - The module [`mod@chain`] has the formats: transactions, signers, blocks.
//!   [`storage`] has the layers that take the changes of a script.
//!
//! # Limits
//!
//! - [`EngineConfig`]: the rules of a network (hardfork, prices, [`Limits`]) and
//!   the memory that the engine's caches may use.
//! - [`RunOptions`]: what one execution may use: gas and instructions.
//! - [`Vm::set_interrupt`]: a flag by which another thread stops an execution.
//!
//! # Threads
//!
//! [`Engine`], [`Code`] and [`Script`] are `Send` and `Sync`. A [`Vm`] and its
//! items ([`StackItem`]) are neither: make one machine for each thread, and take
//! out of results what other threads need.
//!
//! # Looking on
//!
//! [`Debugger`] steps through a script, with breakpoints. [`Vm::run_observed`]
//! tells an [`Observer`] of each instruction; [`Profile`] is one that adds up
//! by opcode. Neither costs anything where it is not used.
//!
//! The folder `examples` of the repository has a program for each of these.
//!
//! # Features
//!
//! - `jit` (default): compiles hot code with Cranelift, on x86-64 under Unix. Without the
//!   feature, and on other platforms, everything is interpreted, with the same
//!   results.
#![forbid(unsafe_code)]

mod contract;
pub mod stub_host;

pub use contract::{Contract, ContractError, check_methods, find_method, load_method};
pub use neovm_chain as chain;
pub use neovm_chain::{Block, Signer, Transaction, WitnessScopes};
pub use neovm_crypto as crypto;
#[cfg(feature = "jit")]
pub use neovm_engine::JitMode;
pub use neovm_engine::{Engine, EngineConfig};
pub use neovm_host as host;
pub use neovm_host::{Chain, Execution, Network, ProtocolSettings, Receipt};
pub use neovm_interp::{
    Caller, Code, ContextView, DEFAULT_FEE_FACTOR, Debugger, Dispatch, Host, HostError, Invocation, LoadId,
    LoadOptions, NoHost, Observer, OpProfile, Outcome, Pause, Profile, RefDelta, RunOptions, State, Step, Stop,
    TAIL_CALLS, Unload, Vm, VmConfig,
};
#[cfg(feature = "jit")]
pub use neovm_jit as jit;
pub use neovm_storage as storage;
pub use neovm_storage::{MemoryStore, Store};
pub use neovm_types as types;
pub use neovm_types::{
    Fault, FaultKind, Gas, Hardfork, Hash160, Hash256, Integer, Limits, OpCode, PriceTable, Script, StackItem,
};
pub use stub_host::StubHost;

/// The README's example, tested with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
