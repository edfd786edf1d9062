//! Promoted constants: copies of byte strings that leave the code they belong to.
//!
//! An item that may outlive its code must not refer to the constants of the code, so
//! constants are copied. Scripts can request copies for one or two units of gas each,
//! so a long byte string is copied once, and the copy is shared until a load ends.

use alloc::collections::BTreeMap;

use neovm_types::{
    ByteString, FaultKind, StackItem,
    engine_internals::{ItemInternals, Lent},
    opcode::SlotKind,
};

use super::Vm;
use crate::fast::duplicate;

/// The length from which a copy costs more than the search for an earlier one.
const LONG: usize = 64;

/// Copies, by the address of the constant.
pub(super) type PromotedConstants = BTreeMap<usize, ByteString>;

impl Vm {
    /// Returns the item, copied if it belongs to code.
    #[inline(always)]
    pub(crate) fn promote(&mut self, item: StackItem) -> StackItem {
        match item {
            StackItem::ByteString(bytes) if is_long(&bytes) => StackItem::ByteString(self.promote_long(bytes)),
            item => item.into_owned(),
        }
    }

    /// Returns a copy of the item at a depth from the top, to be pushed again.
    pub(crate) fn copy_at(&mut self, depth: usize) -> Result<StackItem, FaultKind> {
        // SAFETY: the borrowed item is promoted at once, before its code can be dropped.
        let lent = unsafe { duplicate(self.peek(depth)?) };
        Ok(self.promote(lent))
    }

    /// Returns a copy of the item in a slot. `place` is the index of the slot in
    /// [`Vm::slots_of`], which must exist.
    pub(crate) fn copy_of_slot(&mut self, kind: SlotKind, place: usize) -> StackItem {
        // SAFETY: as in `copy_at`.
        let lent = unsafe { duplicate(&self.slots_of(kind)[place]) };
        self.promote(lent)
    }

    /// Drops the copies. This is called when a load ends, because other code may then
    /// be allocated at the same addresses.
    pub(super) fn release_promoted(&mut self) {
        if !self.promoted.is_empty() {
            self.promoted.clear();
        }
    }

    #[cold]
    fn promote_long(&mut self, bytes: ByteString) -> ByteString {
        let address = bytes.as_ptr() as usize;
        self.promoted.entry(address).or_insert_with(|| bytes.into_owned()).clone()
    }
}

#[inline(always)]
fn is_long(bytes: &ByteString) -> bool {
    bytes.is_constant() && bytes.len() >= LONG
}
