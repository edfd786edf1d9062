//! All that can be seen of an execution that ended.

use neovm::Vm;
use neovm_model::{Machine, NOT_UTF8};

use crate::describe;

/// The message of an execution that its gas did not suffice for.
pub(crate) const OUT_OF_GAS: &str = "Insufficient GAS.";

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// types. Not after a fault, since an instruction that faults may be half
    /// done; but one that is not paid for has not begun.
    pub items: Option<(i64, String)>,
}

impl End {
    pub(crate) fn of_model(machine: &Machine<'_>) -> Self {
        let fault = machine.fault().map(|fault| comparable(&fault.message));
        let whole = is_whole(fault.as_deref());
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
        let fault = vm.fault().map(|fault| comparable(&fault.to_string()));
        let whole = is_whole(fault.as_deref());
        Self {
            position: vm.fault().and_then(|fault| fault.position),
            gas: vm.gas_consumed(),
            instructions: vm.instructions(),
            pending: vm.pending_exception().map(describe::item).unwrap_or_default(),
            items: whole.then(|| (vm.reference_count(), describe::machine(vm))),
            fault,
        }
    }

    /// The end of an execution in which the engine panicked.
    pub(crate) fn of_panic() -> Self {
        let fault = Some("the engine panicked".into());
        Self { fault, position: None, gas: 0, instructions: 0, pending: String::new(), items: None }
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

/// Whether what a machine holds can be compared.
fn is_whole(fault: Option<&str>) -> bool {
    fault.is_none_or(|message| message == OUT_OF_GAS)
}

/// A fault's message. The words for bad UTF-8 are nobody's to compare.
fn comparable(message: &str) -> String {
    if message.starts_with(NOT_UTF8) { NOT_UTF8.into() } else { message.into() }
}
