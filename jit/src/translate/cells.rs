//! Memory that compiled code refers to, besides the machine's: items that are constants, and what instructions remember.

use std::{collections::BTreeMap, sync::atomic::AtomicU32};

use cranelift_codegen::ir::Value;
use neovm_interp::tier::layout;

use super::{
    Translator,
    state::{Address, Item, Origin},
};
use crate::analysis::instruction::Ins;

/// Such memory. It lives as long as the compiled code.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// Items, each a tag and a payload, by the instruction that pushes them.
    items: BTreeMap<usize, Box<[i64; 2]>>,
    /// The indexes of the entries of maps where instructions found their keys, by instruction.
    seen: BTreeMap<usize, Box<AtomicU32>>,
}

impl Cells {
    /// Returns the address of a constant item.
    fn item(&mut self, index: usize, item: [i64; 2]) -> i64 {
        core::ptr::from_ref(&**self.items.entry(index).or_insert_with(|| Box::new(item))).addr() as i64
    }

    /// Returns the address of the number that an instruction remembers, zero at first.
    fn remember(&mut self, index: usize) -> i64 {
        core::ptr::from_ref(&**self.seen.entry(index).or_default()).addr() as i64
    }

    /// Returns the number of bytes of memory that they take.
    pub(crate) fn memory(&self) -> usize {
        self.items.len() * size_of::<[i64; 4]>() + self.seen.len() * size_of::<[usize; 2]>()
    }

    /// Returns all addresses, each with a name that is the same in each run.
    pub(crate) fn names(&self) -> impl Iterator<Item = (usize, String)> {
        let address = |item: &[i64; 2]| core::ptr::from_ref(item).addr();
        let items = self.items.iter().map(move |(index, item)| (address(item), format!("<item {index}>")));
        let number = |seen: &AtomicU32| core::ptr::from_ref(seen).addr();
        items.chain(self.seen.iter().map(move |(index, seen)| (number(seen), format!("<seen {index}>"))))
    }
}

impl Translator<'_> {
    /// Returns the item that a PUSHDATA pushes, as a pending copy. The instruction with the index may be another one
    /// than the current one.
    pub(super) fn byte_string(&mut self, index: usize) -> Option<Item> {
        // Compiled methods work on scalars alone.
        if self.input.method.is_some() {
            return None;
        }
        let (payload, _) = self.input.code.byte_string(index)?;
        let base = self.constant_bytes(index, payload);
        Some(Item::Ref(Address { base, offset: 0 }, Origin::Constant(index)))
    }

    /// Returns the address of the item that a PUSHDATA pushes, of which the payload is known.
    pub(super) fn constant_bytes(&mut self, index: usize, payload: usize) -> Value {
        let address = self.cells.item(index, [layout::BYTE_STRING, payload as i64]);
        self.number(address)
    }

    /// Returns the payload of the item that a PUSHDATA pushes.
    pub(super) fn payload(&self, index: usize) -> usize {
        self.input.code.byte_string(index).map_or(0, |(payload, _)| payload)
    }

    /// Returns the address of the small integer that the instruction before pushes, as an item.
    pub(super) fn constant_item(&mut self, ins: &Ins, value: i64) -> Value {
        let address = self.cells.item(ins.index, [layout::INTEGER, value]);
        self.number(address)
    }

    /// Returns the address of the number that an instruction remembers.
    pub(super) fn remembered(&mut self, ins: &Ins) -> Value {
        let address = self.cells.remember(ins.index);
        self.number(address)
    }
}
