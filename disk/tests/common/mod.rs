//! What the tests of folders share.

use std::collections::BTreeMap;

use neovm_storage::{Batch, Key, Value};

/// The changes of a block: entries of many sizes that come, change and go.
pub(crate) fn block(height: u32) -> Batch {
    let mut seed = u64::from(height).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let change = |_| {
        let key = neovm_crypto::sha256(&(next() % 400).to_le_bytes());
        let length = if next().is_multiple_of(50) { 9000 } else { next() % 60 };
        let value = (!next().is_multiple_of(4)).then(|| vec![next() as u8; length as usize].into());
        (Key::new((next() % 3) as i32, &key[..20]), value)
    };
    (0..60).map(change).collect::<BTreeMap<_, _>>().into_iter().collect()
}

pub(crate) fn apply(map: &mut BTreeMap<Key, Value>, batch: &Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
}
