//! All that can be seen of an execution that ended.

use neovm::Vm;
use neovm_model::{Machine, NOT_UTF8};

use crate::describe;

/// The message of an execution that its gas did not suffice for.
pub(crate) const OUT_OF_GAS: &str = "Insufficient GAS.";

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct End {
    /// None: it halted.
    pub fault: Option<String>,
    /// Where, in bytes.
    pub position: Option<usize>,
    /// Datoshi.
    pub gas: u128,
    /// Instructions begun.
    pub instructions: u64,
    /// The exception that nobody caught.
    pub pending: String,
    /// The count of items, and the items of results and contexts with their
    /// types. Not of the model after a fault, which leaves an instruction half
    /// done in its own way; but one that is not paid for has not begun.
    pub items: Option<(i64, String)>,
}

impl End {
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
            gas: vm.gas_consumed(),
            instructions: vm.instructions(),
            pending: vm.pending_exception().map(describe::item).unwrap_or_default(),
            items: Some((vm.reference_count(), describe::machine(vm))),
        }
    }

    /// The end of an execution in which something failed that never should.
    pub(crate) fn of_panic(what: &str) -> Self {
        let fault = Some(what.into());
        Self { fault, position: None, gas: 0, instructions: 0, pending: String::new(), items: None }
    }

    /// Whether another machine came to the same.
    pub fn agrees(&self, other: &Self) -> bool {
        let Self { fault, position, gas, instructions, pending, items } = self;
        let same_items = items.is_none() || other.items.is_none() || *items == other.items;
        (fault, position, gas) == (&other.fault, &other.position, &other.gas)
            && (instructions, pending) == (&other.instructions, &other.pending)
            && same_items
    }

    /// What kind of an end it is, for a tally.
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

/// A fault's message. The words for bad UTF-8 are nobody's to compare.
fn comparable(message: &str) -> String {
    if message.starts_with(NOT_UTF8) { NOT_UTF8.into() } else { message.into() }
}
