//! Finding out whether a value has changed, whatever its length.

use std::hash::{DefaultHasher, Hash, Hasher};

use neovm::StackItem;

/// A number that is made of a whole value: of all bytes, and of what compounds hold, also in circles.
pub(super) fn digest(item: &StackItem) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut seen: Vec<StackItem> = Vec::new();
    let mut waiting = vec![item.clone()];
    while let Some(item) = waiting.pop() {
        (item.item_type() as u8).hash(&mut hasher);
        if let Some(place) = seen.iter().position(|known| is_same(known, &item)) {
            ("seen", place).hash(&mut hasher);
            continue;
        }
        match &item {
            StackItem::Array(array) | StackItem::Struct(array) => {
                array.len().hash(&mut hasher);
                waiting.extend(array.to_vec().into_iter().rev());
                seen.push(item);
            }
            StackItem::Map(map) => {
                let entries = map.to_vec();
                entries.len().hash(&mut hasher);
                waiting.extend(entries.into_iter().rev().flat_map(|(key, value)| [value, key]));
                seen.push(item);
            }
            StackItem::Pointer(pointer) => pointer.position().hash(&mut hasher),
            // Null, an interop object: nothing that could be seen.
            _ => {
                let _ = item.with_bytes(|bytes| bytes.hash(&mut hasher));
            }
        }
    }
    hasher.finish()
}

/// Whether two items are the same compound.
fn is_same(a: &StackItem, b: &StackItem) -> bool {
    match (a, b) {
        (StackItem::Array(a), StackItem::Array(b)) | (StackItem::Struct(a), StackItem::Struct(b)) => a.is_same(b),
        (StackItem::Map(a), StackItem::Map(b)) => a.is_same(b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_value_counts() {
        let long = |last: u8| StackItem::from([vec![1; 1000], vec![last]].concat());
        let nested = |last: u8| StackItem::array([5.into(), StackItem::array([long(last)])]);
        assert_eq!(digest(&nested(1)), digest(&nested(1)));
        assert_ne!(digest(&nested(1)), digest(&nested(2)));
        assert_ne!(digest(&true.into()), digest(&1.into()));
        assert_ne!(
            digest(&StackItem::array([StackItem::array([1.into()]), 2.into()])),
            digest(&StackItem::array([StackItem::array([1.into(), 2.into()])]))
        );
    }

    #[test]
    fn circles_end() {
        let item = StackItem::array([1.into()]);
        let StackItem::Array(array) = &item else { unreachable!() };
        let before = digest(&item);
        array.set(0, item.clone()).expect("a place");
        assert_ne!(digest(&item), before);
        array.set(0, StackItem::Null).expect("a place");
    }
}
