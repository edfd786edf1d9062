//! Keys and values that native contracts store.

use neovm_storage::{Key, Layer, Value};
use neovm_types::{FaultKind, Integer};

use crate::{fault, stored};

/// The key of a native contract that is a prefix alone.
pub(crate) fn key(contract: i32, prefix: u8) -> Key {
    Key::new(contract, &[prefix])
}

/// Reads an integer; `None` if the key is not there.
pub(crate) fn read_integer(layer: &Layer<'_>, key: &Key) -> Result<Option<Integer>, FaultKind> {
    layer.get(key).map_err(fault)?.map(|bytes| stored::integer(&bytes)).transpose()
}

/// Reads an integer that is always there, as a Rust integer.
pub(crate) fn read_number<T: TryFrom<i64>>(layer: &Layer<'_>, key: &Key) -> Result<T, FaultKind> {
    let value = layer.peek(key).map_err(fault)?.ok_or_else(|| fault(format!("the storage lacks {key:?}")))?;
    stored::number(stored::integer(&value)?)
}

/// Writes an integer.
pub(crate) fn write_integer(layer: &Layer<'_>, key: Key, value: impl Into<Integer>) -> Result<(), FaultKind> {
    write(layer, key, value.into().to_le_bytes().as_slice())
}

/// Writes bytes.
pub(crate) fn write(layer: &Layer<'_>, key: Key, value: &[u8]) -> Result<(), FaultKind> {
    layer.put(key, Value::from(value)).map_err(fault)
}
