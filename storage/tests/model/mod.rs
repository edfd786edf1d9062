//! The state root of a whole state, computed by a recursion over its entries that knows no nodes.

use std::collections::BTreeMap;

use neovm_crypto::hash256;
use neovm_storage::{Key, Value};

/// Node types, as nodes are written.
const BRANCH: u8 = 0;
const EXTENSION: u8 = 1;
const LEAF: u8 = 2;
const HASH: u8 = 3;
const EMPTY: u8 = 4;

pub(crate) fn state_root(state: &BTreeMap<Key, Value>) -> [u8; 32] {
    root(state, 0xffff)
}

/// The root by the rules of a node that writes lengths of up to a limit in three bytes. The reference node's limit is
/// 65,535, and neo-go's is one less.
pub(crate) fn root(state: &BTreeMap<Key, Value>, limit: usize) -> [u8; 32] {
    let nibbles = |key: &Key| key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
    let entries: Vec<(Vec<u8>, &Value)> = state.iter().map(|(key, value)| (nibbles(key), value)).collect();
    if entries.is_empty() { [0; 32] } else { node(&entries, 0, limit) }
}

/// The hash of the node that holds entries whose keys are equal up to a depth.
fn node(entries: &[(Vec<u8>, &Value)], depth: usize, limit: usize) -> [u8; 32] {
    let (first, last) = (&entries[0].0[depth..], &entries[entries.len() - 1].0[depth..]);
    let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    if common > 0 {
        let mut bytes = vec![EXTENSION];
        write_bytes(&mut bytes, &first[..common], limit);
        write_child(&mut bytes, Some(node(entries, depth + common, limit)));
        return hash256(&bytes);
    }
    if entries.len() == 1 {
        return leaf(entries[0].1, limit);
    }
    let mut bytes = vec![BRANCH];
    let (own, mut rest) = entries.split_at(usize::from(first.is_empty()));
    for nibble in 0..16 {
        let count = rest.iter().take_while(|(key, _)| key[depth] == nibble).count();
        let (child, others) = rest.split_at(count);
        write_child(&mut bytes, (count > 0).then(|| node(child, depth + 1, limit)));
        rest = others;
    }
    write_child(&mut bytes, own.first().map(|(_, value)| leaf(value, limit)));
    hash256(&bytes)
}

fn leaf(value: &[u8], limit: usize) -> [u8; 32] {
    let mut bytes = vec![LEAF];
    write_bytes(&mut bytes, value, limit);
    hash256(&bytes)
}

fn write_child(bytes: &mut Vec<u8>, hash: Option<[u8; 32]>) {
    match hash {
        Some(hash) => {
            bytes.push(HASH);
            bytes.extend(hash);
        }
        None => bytes.push(EMPTY),
    }
}

/// Writes bytes behind their length.
fn write_bytes(bytes: &mut Vec<u8>, data: &[u8], limit: usize) {
    match data.len() {
        length @ 0..0xfd => bytes.push(length as u8),
        length if length <= limit => {
            bytes.push(0xfd);
            bytes.extend((length as u16).to_le_bytes());
        }
        length => {
            bytes.push(0xfe);
            bytes.extend((length as u32).to_le_bytes());
        }
    }
    bytes.extend_from_slice(data);
}
