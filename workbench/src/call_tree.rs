//! Which contract called which, and what came of it.

mod json;
mod record;
mod text;

use neovm::{
    Gas, Hash160,
    storage::{Key, Value},
};

pub use self::{
    record::CallTree,
    text::{CallTreeColours, CallTreeText},
};

/// A call of a contract's method, or the run of a script that is no contract.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The place of the call that it lies in, which is smaller than its own; none if nobody called.
    pub parent: Option<usize>,
    /// The hash of the contract, or of the script.
    pub script_hash: Hash160,
    /// The name of the contract, or what the script is called.
    pub name: String,
    /// The method; none of a script.
    pub method: Option<String>,
    /// The arguments, the first one first.
    pub arguments: Vec<Argument>,
    /// The gas that its own instructions, system calls and native method consumed.
    pub own_gas: Gas,
    /// The same with the calls that lie in it.
    pub total_gas: Gas,
    /// The number of its own instructions.
    pub instructions: u64,
    /// What it did, in order. The storage changes come last.
    pub steps: Vec<Step>,
    /// How it ended.
    pub ended: Ended,
}

/// Something that a call did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// It made the call at this place.
    Call(usize),
    /// It sent a notification.
    Event(Event),
    /// It logged a message.
    Log(String),
    /// It changed an entry of its storage. What it wrote on the way there is not shown.
    Change(Change),
}

/// A notification.
#[derive(Clone, Debug)]
pub struct Event {
    /// The name of the event.
    pub name: String,
    /// The values, with names and types if the manifest declares the event.
    pub values: Vec<Argument>,
}

/// An entry of the storage that differs from before.
#[derive(Clone, Debug)]
pub struct Change {
    /// The key.
    pub key: Key,
    /// The value before, if there was one.
    pub old: Option<Value>,
    /// The value afterwards, if there is one.
    pub new: Option<Value>,
}

/// A value, in the notation of arguments of its type. It is cut off where it is long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name that the manifest gives it; empty without one.
    pub name: String,
    /// The type by the manifest, or that of the item.
    pub type_name: &'static str,
    /// The value as text.
    pub value: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// It did not: the execution was stopped.
    Open,
    /// It returned these values, the top of the stack last.
    Returned(Vec<Argument>),
    /// An exception left it: its text. What it had changed, and its events, were taken back.
    Threw(String),
    /// The execution faulted: with this message, if it did so in this call.
    Faulted(Option<String>),
}
