//! Faults, with the messages of the reference.

/// Why an instruction did not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The message.
    pub message: String,
    /// Whether the script can catch the error (`CatchableException.cs`).
    pub catchable: bool,
}

/// The result of a step of an execution.
pub(crate) type Done<T = ()> = Result<T, Error>;

/// Returns a fault, which the script cannot catch.
pub(crate) fn fault<T>(message: impl Into<String>) -> Done<T> {
    Err(Error { message: message.into(), catchable: false })
}

/// Returns an exception of the engine, which the script can catch.
pub(crate) fn catchable<T>(message: impl Into<String>) -> Done<T> {
    Err(Error { message: message.into(), catchable: true })
}

/// Returns the fault of a failed cast that has no specific message.
pub(crate) fn invalid_cast<T>() -> Done<T> {
    fault("Specified cast is not valid.")
}

/// Returns the fault of an overflow in checked arithmetic.
pub(crate) fn overflow<T>() -> Done<T> {
    fault("Arithmetic operation resulted in an overflow.")
}
