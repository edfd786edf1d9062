//! What can be seen of an execution.

use neovm::{
    Gas, Receipt,
    host::{FaultPlace, Log},
    storage::Batch,
};
use neovm_testing::describe;

/// What can be seen of an execution, in a form to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// The message of the fault, or `None` if the script halted.
    pub fault: Option<String>,
    /// Where it faulted.
    pub place: Option<FaultPlace>,
    /// The gas consumed.
    pub gas: Gas,
    /// The number of instructions begun.
    pub instructions: u64,
    /// The result stack as text.
    pub stack: String,
    /// The notifications: contract, event and values.
    pub notifications: Vec<String>,
    /// What scripts logged.
    pub logs: Vec<Log>,
    /// What changed in the storage.
    pub changes: Batch,
}

impl Ending {
    pub(super) fn new(receipt: &Receipt, instructions: u64) -> Self {
        let notification = |one: &neovm::host::Notification| {
            format!("{} {} {}", one.contract, one.event, describe(std::slice::from_ref(&one.state)))
        };
        Self {
            fault: receipt.fault.as_ref().map(|fault| fault.kind.to_string()),
            place: receipt.fault_place,
            gas: receipt.gas_consumed,
            instructions,
            stack: describe(&receipt.stack),
            notifications: receipt.notifications.iter().map(notification).collect(),
            logs: receipt.logs.clone(),
            changes: receipt.changes.clone(),
        }
    }

    /// Returns the ending of what should never end like this.
    pub(super) fn of_failure(what: impl ToString) -> Self {
        Self { fault: Some(what.to_string()), ..Self::default() }
    }

    /// Returns the kind of outcome, for a tally.
    pub(super) fn kind(&self) -> &'static str {
        match self.fault.as_deref() {
            None => "halted",
            Some("Insufficient GAS.") => "out of gas",
            Some(message) if message.starts_with("MaxStackSize") => "too many items",
            Some(message) if message.starts_with("MaxInvocationStackSize") => "too many contexts",
            Some(_) => "other faults",
        }
    }
}
