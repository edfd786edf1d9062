//! The errors of the calls, with the codes and texts of the reference.

use std::fmt;

use neovm_node::verify::VerifyResult;
use neovm_types::FaultKind;

use crate::{node::NodeError, output::Object};

macro_rules! error_kinds {
    ($($(#[$doc:meta])+ $name:ident = $code:literal $message:literal,)+) => {
        /// What went wrong.
        ///
        /// Source: `RpcError.cs` of the plugin RpcServer of the reference node.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorKind {
            $($(#[$doc])+ $name,)+
        }

        impl ErrorKind {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code.
            pub const fn code(self) -> i32 {
                match self { $(Self::$name => $code,)+ }
            }

            /// The message, without what is added to it.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)+ }
            }
        }
    };
}

error_kinds! {
    /// The text is no JSON.
    BadRequest = -32700 "Bad request",
    /// The JSON is no request.
    InvalidRequest = -32600 "Invalid request",
    /// There is no such method.
    MethodNotFound = -32601 "Method not found",
    /// A parameter is missing or wrong.
    InvalidParams = -32602 "Invalid params",
    /// The state is damaged or cannot be read.
    InternalServerError = -32603 "Internal server RpcError",
    /// There is no such block.
    UnknownBlock = -101 "Unknown block",
    /// There is no such contract.
    UnknownContract = -102 "Unknown contract",
    /// There is no such transaction.
    UnknownTransaction = -103 "Unknown transaction",
    /// There is no such entry of a storage.
    UnknownStorageItem = -104 "Unknown storage item",
    /// There is no such state root.
    UnknownStateRoot = -106 "Unknown state root",
    /// There is no such session, or none any more.
    UnknownSession = -107 "Unknown session",
    /// There is no such iterator.
    UnknownIterator = -108 "Unknown iterator",
    /// There is no block at that height.
    UnknownHeight = -109 "Unknown height",
    /// A block or transaction does not verify.
    VerificationFailed = -500 "Inventory verification failed",
    /// A block or transaction is in the chain.
    AlreadyExists = -501 "Inventory already exists",
    /// The pool is full.
    MempoolCapReached = -502 "Memory pool capacity reached",
    /// The transaction is in the pool.
    AlreadyInPool = -503 "Already in pool",
    /// An account that signs is blocked.
    PolicyFailed = -505 "Policy check failed",
    /// The script has bytes that are no instructions.
    InvalidScript = -506 "Invalid transaction script",
    /// An attribute does not hold.
    InvalidAttribute = -507 "Invalid transaction attribute",
    /// A signature is wrong.
    InvalidSignature = -508 "Invalid signature",
    /// The transaction is too large.
    InvalidSize = -509 "Invalid inventory size",
    /// The transaction is valid no more, or not yet.
    ExpiredTransaction = -510 "Expired transaction",
    /// The sender cannot pay the fees.
    InsufficientFunds = -511 "Insufficient funds for fee",
    /// The contract cannot verify.
    InvalidContractVerification = -512 "Invalid contract verification function",
    /// There are no sessions.
    SessionsDisabled = -601 "State iterator sessions disabled",
    /// Only the latest state is kept, and another one was asked for.
    UnsupportedState = -606 "Old state not supported",
    /// The proof does not prove anything.
    InvalidProof = -607 "Invalid state proof",
    /// An execution took too long.
    ExecutionFailed = -608 "Contract execution failed",
}

/// An error that is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// More about it.
    pub data: Option<String>,
}

/// What a call comes to: the JSON text of the result.
pub type Answer = Result<String, RpcError>;

impl ErrorKind {
    /// The error, with more about it.
    pub fn with(self, data: impl fmt::Display) -> RpcError {
        RpcError { kind: self, data: Some(data.to_string()) }
    }
}

impl From<ErrorKind> for RpcError {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, data: None }
    }
}

impl From<FaultKind> for RpcError {
    /// The state cannot be read.
    fn from(fault: FaultKind) -> Self {
        ErrorKind::InternalServerError.with(fault)
    }
}

impl From<NodeError> for RpcError {
    /// No block can be made or kept.
    fn from(error: NodeError) -> Self {
        ErrorKind::InternalServerError.with(error)
    }
}

impl RpcError {
    /// The error for what a block or a transaction was refused for.
    ///
    /// Source: `RpcServer.Node.cs` (`GetRelayResult`).
    pub fn of_result(result: VerifyResult) -> Self {
        let kind = match result {
            VerifyResult::AlreadyExists => ErrorKind::AlreadyExists,
            VerifyResult::AlreadyInPool => ErrorKind::AlreadyInPool,
            VerifyResult::OutOfMemory => ErrorKind::MempoolCapReached,
            VerifyResult::InvalidScript => ErrorKind::InvalidScript,
            VerifyResult::InvalidAttribute => ErrorKind::InvalidAttribute,
            VerifyResult::InvalidSignature => ErrorKind::InvalidSignature,
            VerifyResult::OverSize => ErrorKind::InvalidSize,
            VerifyResult::Expired | VerifyResult::NotYetValid => ErrorKind::ExpiredTransaction,
            VerifyResult::InsufficientFunds => ErrorKind::InsufficientFunds,
            VerifyResult::PolicyFail => ErrorKind::PolicyFailed,
            _ => ErrorKind::VerificationFailed,
        };
        kind.with(result)
    }

    /// Returns the JSON form.
    pub fn to_json(&self) -> String {
        let message = self.kind.message();
        let object = Object::new().raw("code", self.kind.code());
        match &self.data {
            None => object.text("message", message).finish(),
            Some(data) => object.text("message", &format!("{message} - {data}")).text("data", data).finish(),
        }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.message(), self.kind.code())?;
        self.data.as_ref().map_or(Ok(()), |data| write!(f, " - {data}"))
    }
}

impl std::error::Error for RpcError {}
