//! The visible state of a machine after an execution.

use neovm::Vm;
use neovm_model::{Machine, NOT_UTF8};

use crate::describe;

/// The message of the fault of a script that ran out of gas.
pub(crate) const OUT_OF_GAS: &str = "Insufficient GAS.";

/// The visible state of a machine after an execution, in a form that the model and the engine share.
#[derive(Clone, Debug)]
pub struct FinalState {
    /// The message of the fault, or `None` if the script halted.
    pub fault: Option<String>,
    /// The position of the fault, in bytes.
    pub position: Option<usize>,
    /// The gas consumed, in datoshi.
    pub gas: u128,
    /// The number of instructions begun.
    pub instructions: u64,
    /// The exception that was not caught.
    pub pending: String,
    /// The reference count, and the items of results and contexts as text. `None` for the model
    /// after a fault, where it leaves the instruction half done in a way of its own; an instruction
    /// that the gas did not suffice for has not begun.
    pub items: Option<(i64, String)>,
}

impl FinalState {
    pub(crate) fn of_model(machine: &Machine<'_>) -> Self {
        let fault = machine.fault().map(|fault| comparable(&fault.message));
        let whole = fault.as_deref().is_none_or(|message| message == OUT_OF_GAS);
        Self {
            position: machine.fault().and_then(|fault| fault.position),
            gas: machine.gas().into(),
            instructions: machine.instructions(),
            pending: machine.pending().map(|item| neovm_model::describe([item.clone()])).unwrap_or_default(),
            items: whole.then(|| (machine.references(), neovm_model::describe(machine.items()))),
            fault,
        }
    }

    pub(crate) fn of_engine(vm: &Vm) -> Self {
        Self {
            fault: vm.fault().map(|fault| comparable(&fault.kind.to_string())),
            position: vm.fault().and_then(|fault| fault.position),
            gas: vm.gas_consumed().datoshi_ceil(),
            instructions: vm.instructions(),
            pending: vm.pending_exception().map(describe::item).unwrap_or_default(),
            items: Some((vm.reference_count(), describe::machine(vm))),
        }
    }

    /// Returns the state after a failure that should never happen.
    pub(crate) fn of_panic(what: &str) -> Self {
        let fault = Some(what.into());
        Self { fault, position: None, gas: 0, instructions: 0, pending: String::new(), items: None }
    }

    /// Whether another machine came to the same state.
    pub fn agrees(&self, other: &Self) -> bool {
        let Self { fault, position, gas, instructions, pending, items } = self;
        let same_items = items.is_none() || other.items.is_none() || *items == other.items;
        (fault, position, gas) == (&other.fault, &other.position, &other.gas)
            && (instructions, pending) == (&other.instructions, &other.pending)
            && same_items
    }

    /// Returns the kind of outcome, for a tally.
    pub(crate) fn kind(&self) -> &'static str {
        match self.fault.as_deref() {
            None => "halted",
            Some(OUT_OF_GAS) => "out of gas",
            Some(message) if message.starts_with("MaxStackSize") => "too many items",
            Some(message) if message.starts_with("MaxInvocationStackSize") => "too many contexts",
            Some(_) if !self.pending.is_empty() => "exception not caught",
            Some(_) => "other faults",
        }
    }
}

/// Returns the message of a fault to compare. The text for invalid UTF-8 is that of .NET's decoder.
fn comparable(message: &str) -> String {
    if message.starts_with(NOT_UTF8) { NOT_UTF8.into() } else { message.into() }
}
