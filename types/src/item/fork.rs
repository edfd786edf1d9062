//! Copies of items for a machine that goes on from the state of another one.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Array, Map, StackItem, compound::Header};

/// Copies of the items that a machine holds. What is shared or cyclic among them is so among the copies, whose headers
/// say what an engine noted of the originals: the copies belong to a machine that is in the same state.
#[derive(Debug)]
pub struct ForkedItems {
    /// The copies of compounds and buffers, by the addresses of the originals.
    copies: BTreeMap<usize, StackItem>,
    unfilled: Vec<(StackItem, StackItem)>,
    /// How many bytes the strings and buffers may still have; none if that was too little.
    room: Option<usize>,
}

impl ForkedItems {
    /// Begins with copies of nothing. The strings and buffers may have so many bytes.
    pub fn new(room: usize) -> Self {
        Self { copies: BTreeMap::new(), unfilled: Vec::new(), room: Some(room) }
    }

    /// Returns whether there was too little room, so that what was copied is of no use.
    pub fn is_full(&self) -> bool {
        self.room.is_none()
    }

    /// Returns the copy of an item, the same one each time.
    pub fn copy(&mut self, item: &StackItem) -> StackItem {
        let copy = self.begun(item);
        while let Some((copy, original)) = self.unfilled.pop() {
            self.fill(&copy, &original);
        }
        copy
    }

    /// Returns the copy of a compound that was copied before.
    pub fn known(&self, item: &StackItem) -> Option<StackItem> {
        self.copies.get(&address(item)?).cloned()
    }

    /// The copy of an item, without what it holds if it is made now.
    fn begun(&mut self, item: &StackItem) -> StackItem {
        let Some(address) = address(item) else {
            if let StackItem::ByteString(bytes) = item {
                self.take_room(bytes.len());
            }
            return item.clone();
        };
        if let Some(copy) = self.copies.get(&address) {
            return copy.clone();
        }
        let copy = match item {
            StackItem::Array(_) => StackItem::Array(Array::of_leaves(Vec::new())),
            StackItem::Struct(_) => StackItem::Struct(Array::of_leaves(Vec::new())),
            StackItem::Map(_) => StackItem::Map(Map::new()),
            StackItem::Buffer(buffer) => {
                self.take_room(buffer.len());
                if self.is_full() { StackItem::Null } else { buffer.with(StackItem::buffer) }
            }
            other => other.clone(),
        };
        if item.is_compound() {
            self.unfilled.push((copy.clone(), item.clone()));
        }
        self.copies.insert(address, copy.clone());
        copy
    }

    fn take_room(&mut self, bytes: usize) {
        self.room = self.room.and_then(|room| room.checked_sub(bytes));
    }

    fn fill(&mut self, copy: &StackItem, original: &StackItem) {
        match (copy, original) {
            (StackItem::Array(copy), StackItem::Array(original))
            | (StackItem::Struct(copy), StackItem::Struct(original)) => {
                copy.begin(original.look(|items| items.iter().map(|item| self.begun(item)).collect()));
            }
            (StackItem::Map(copy), StackItem::Map(original)) => copy.begin(original, |value| self.begun(value)),
            _ => {}
        }
        copy.header().into_iter().zip(original.header()).for_each(|(copy, original)| Header::note_as(copy, original));
    }
}

/// What tells a compound or a buffer from others while it lives.
fn address(item: &StackItem) -> Option<usize> {
    match item {
        StackItem::Array(array) | StackItem::Struct(array) => Some(array.address()),
        StackItem::Map(map) => Some(map.address()),
        StackItem::Buffer(buffer) => Some(buffer.address()),
        _ => None,
    }
}
