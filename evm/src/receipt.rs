//! What came of a transaction or a message.

use std::fmt;

use neovm_storage::Batch;
use revm::{
    context_interface::result::{ExecutionResult, HaltReason, Output, SuccessReason},
    handler::FrameResult,
    interpreter::SuccessOrHalt,
    primitives::{Address, Bytes, Log},
};

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Well.
    Success(SuccessReason),
    /// The code reverted what it had done. [`revert_reason`](crate::revert_reason) reads the output.
    Revert,
    /// An exception, which took all the gas.
    Halt(HaltReason),
}

impl Status {
    /// Returns whether the execution ended well.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success(_))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success(_) => f.write_str("success"),
            Self::Revert => f.write_str("reverted"),
            Self::Halt(reason) => write!(f, "halted: {reason}"),
        }
    }
}

/// What came of a transaction or a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// How it ended.
    pub status: Status,
    /// The gas that was used. For a transaction, this is what its sender pays for, after refunds; for a message, what
    /// the code has taken.
    pub gas_used: u64,
    /// The gas that was refunded to the sender of a transaction; for a message, what a transaction could be refunded.
    pub gas_refunded: u64,
    /// The logs; none unless it ended well.
    pub logs: Vec<Log>,
    /// What was returned, or the reason of a revert; the code of a contract that was created.
    pub output: Bytes,
    /// The contract that was created.
    pub created: Option<Address>,
    /// The changes of the storage, in the order of their keys.
    pub changes: Batch,
}

impl Receipt {
    pub(crate) fn of_transaction(result: ExecutionResult) -> Self {
        let (gas_used, gas_refunded) = (result.tx_gas_used(), result.gas().final_refunded());
        let (status, logs, output) = match result {
            ExecutionResult::Success { reason, logs, output, .. } => (Status::Success(reason), logs, output),
            ExecutionResult::Revert { output, .. } => (Status::Revert, Vec::new(), Output::Call(output)),
            ExecutionResult::Halt { reason, .. } => (Status::Halt(reason), Vec::new(), Output::Call(Bytes::new())),
        };
        let created = output.address().copied().filter(|_| status.is_success());
        Self { status, gas_used, gas_refunded, logs, output: output.into_data(), created, changes: Batch::new() }
    }

    pub(crate) fn of_message(result: FrameResult, logs: Vec<Log>) -> Self {
        let output = result.output();
        let result = result.into_interpreter_result();
        let status = match SuccessOrHalt::<HaltReason>::from(result.result) {
            SuccessOrHalt::Success(reason) => Status::Success(reason),
            SuccessOrHalt::Revert => Status::Revert,
            SuccessOrHalt::Halt(reason) => Status::Halt(reason),
            // What only inspectors and failing stores see.
            other => Status::Halt(HaltReason::PrecompileErrorWithContext(format!("{other:?}"))),
        };
        let created = output.address().copied().filter(|_| status.is_success());
        let gas_used = if let Status::Halt(_) = status { result.gas.limit() } else { result.gas.total_gas_spent() };
        let refunded = if status.is_success() { result.gas.refunded() } else { 0 };
        let (gas_refunded, output) = (refunded.try_into().unwrap_or(0), output.into_data());
        Self { status, gas_used, gas_refunded, logs, output, created, changes: Batch::new() }
    }

    /// What comes of a call when there are too many inside of each other: nothing, and it costs nothing.
    pub(crate) fn too_deep() -> Self {
        Self {
            status: Status::Halt(HaltReason::CallTooDeep),
            gas_used: 0,
            gas_refunded: 0,
            logs: Vec::new(),
            output: Bytes::new(),
            created: None,
            changes: Batch::new(),
        }
    }
}
