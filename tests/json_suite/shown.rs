//! Items of a machine as text, for comparison with those of the JSON suite.

use neovm::StackItem;

/// A stack, whose items are listed bottom first.
pub(crate) fn top_first(stack: &[StackItem]) -> String {
    stack.iter().rev().map(show).collect::<Vec<_>>().join(", ")
}

/// Items of a slot or compound.
pub(crate) fn in_order(items: &[StackItem]) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn show(item: &StackItem) -> String {
    match item {
        StackItem::Null => "Null".into(),
        StackItem::Boolean(value) => format!("Boolean {value}"),
        StackItem::Integer(_) | StackItem::BigInteger(_) => format!("Integer {}", item.to_integer().unwrap()),
        StackItem::Pointer(pointer) => format!("Pointer {}", pointer.position()),
        StackItem::Interop(_) => "Interop".into(),
        StackItem::ByteString(bytes) => format!("ByteString {}", hex::encode(&**bytes)),
        StackItem::Buffer(buffer) => format!("Buffer {}", buffer.with(|bytes| hex::encode(bytes))),
        StackItem::Array(array) => format!("Array [{}]", in_order(&array.to_vec())),
        StackItem::Struct(array) => format!("Struct [{}]", in_order(&array.to_vec())),
        StackItem::Map(map) => {
            let entry = |(key, value): &(StackItem, StackItem)| {
                format!("{}: {}", key.with_bytes(|bytes| hex::encode(bytes)).unwrap(), show(value))
            };
            format!("Map [{}]", map.to_vec().iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}
