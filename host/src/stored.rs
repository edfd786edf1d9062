//! Items as bytes of the storage, and integers.

use neovm_types::{FaultKind, Integer, Limits, StackItem, item::binary};

use crate::fault;

/// The bytes that an item is stored as.
pub(crate) fn serialize(item: &StackItem) -> Result<Vec<u8>, FaultKind> {
    binary::serialize(item, Limits::DEFAULT.max_item_size as usize, Limits::DEFAULT.max_stack_size as usize)
}

/// The item that stored bytes are.
pub(crate) fn deserialize(bytes: &[u8]) -> Result<StackItem, FaultKind> {
    binary::deserialize(bytes, Limits::DEFAULT.max_item_size as usize, Limits::DEFAULT.max_stack_size as usize)
}

/// Reads the fields of the struct that stored bytes are.
pub(crate) fn with_fields<R>(
    bytes: &[u8],
    read: impl FnOnce(&[StackItem]) -> Result<R, FaultKind>,
) -> Result<R, FaultKind> {
    const LIMITS: Limits = Limits::DEFAULT;
    // Most records are short and need no struct to be made.
    if let Some(fields) =
        binary::deserialize_fields(bytes, LIMITS.max_item_size as usize, LIMITS.max_stack_size as usize)
    {
        return read(&fields);
    }
    let StackItem::Struct(fields) = deserialize(bytes)? else { return Err(fault("a stored record is no struct")) };
    read(&fields.to_vec())
}

/// The bytes that a struct of these fields is stored as; none of them is a compound.
pub(crate) fn struct_of(fields: &[StackItem]) -> Result<Vec<u8>, FaultKind> {
    const LIMITS: Limits = Limits::DEFAULT;
    binary::serialize_struct(fields, LIMITS.max_item_size as usize, LIMITS.max_stack_size as usize)
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
