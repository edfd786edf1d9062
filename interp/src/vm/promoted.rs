//! Byte strings that leave the code they are lent from.
//!
//! What may outlive the code is a copy. Scripts have long ones made for a unit or
//! two each, so those are made once as long as no load ends, and shared.

use alloc::collections::BTreeMap;

use neovm_types::{
    ByteString, FaultKind, StackItem,
    engine_internals::{ItemInternals, Lent},
    opcode::SlotKind,
};

use super::Vm;
use crate::fast::duplicate;

/// Bytes from which on a copy is more than looking whether there is one.
const LONG: usize = 64;

/// Copies by the addresses of what was copied.
pub(super) type PromotedConstants = BTreeMap<usize, ByteString>;

impl Vm {
    /// The item, with nothing that belongs to code.
    #[inline(always)]
    pub(crate) fn promote(&mut self, item: StackItem) -> StackItem {
        match item {
            StackItem::ByteString(bytes) if is_long(&bytes) => StackItem::ByteString(self.promote_long(bytes)),
            item => item.into_owned(),
        }
    }

    /// A copy of the item at a depth from the top, for what pushes it again.
    pub(crate) fn copy_at(&mut self, depth: usize) -> Result<StackItem, FaultKind> {
        // SAFETY: what is lent becomes the machine's own at once, long before the code goes.
        let lent = unsafe { duplicate(self.peek(depth)?) };
        Ok(self.promote(lent))
    }

    /// A copy of the item in a slot, by the place of the slot in [`Vm::slots_of`], where it is.
    pub(crate) fn copy_of_slot(&mut self, kind: SlotKind, place: usize) -> StackItem {
        // SAFETY: that of `copy_at`.
        let lent = unsafe { duplicate(&self.slots_of(kind)[place]) };
        self.promote(lent)
    }

    /// To be called when a load ends: other code may come to lie at the addresses.
    pub(super) fn release_promoted(&mut self) {
        self.promoted.clear();
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
