//! Items as bytes of the storage, and integers.

use neovm_types::{FaultKind, Integer, Limits, StackItem, item::binary};

/// The bytes that an item is stored as.
pub(crate) fn serialize(item: &StackItem) -> Result<Vec<u8>, FaultKind> {
    binary::serialize(item, Limits::DEFAULT.max_item_size as usize, Limits::DEFAULT.max_stack_size as usize)
}

/// The item that stored bytes are.
pub(crate) fn deserialize(bytes: &[u8]) -> Result<StackItem, FaultKind> {
    binary::deserialize(bytes, Limits::DEFAULT.max_item_size as usize, Limits::DEFAULT.max_stack_size as usize)
}

/// An integer as a Rust integer.
pub(crate) fn number<T: TryFrom<i64>>(value: Integer) -> Result<T, FaultKind> {
    match value {
        Integer::Small(value) => T::try_from(value).map_err(|_| FaultKind::Overflow),
        Integer::Wide(_) => Err(FaultKind::Overflow),
    }
}

/// The integer that stored bytes are.
pub(crate) fn integer(bytes: &[u8]) -> Result<Integer, FaultKind> {
    Integer::from_le_bytes(bytes).ok_or(FaultKind::Overflow)
}
