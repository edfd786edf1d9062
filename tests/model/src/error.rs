//! Faults, in the words of the reference.

/// Why an instruction did not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The message.
    pub message: String,
    /// Whether the script can catch it (`CatchableException.cs`).
    pub catchable: bool,
}

/// What a step of an execution gives.
pub(crate) type Done<T = ()> = Result<T, Error>;

/// A fault.
pub(crate) fn fault<T>(message: impl Into<String>) -> Done<T> {
    Err(Error { message: message.into(), catchable: false })
}

/// An exception of the engine that the script can catch.
pub(crate) fn catchable<T>(message: impl Into<String>) -> Done<T> {
    Err(Error { message: message.into(), catchable: true })
}

/// The fault of a cast that has no words of its own.
pub(crate) fn invalid_cast<T>() -> Done<T> {
    fault("Specified cast is not valid.")
}

/// The fault of arithmetic that is checked.
pub(crate) fn overflow<T>() -> Done<T> {
    fault("Arithmetic operation resulted in an overflow.")
}
