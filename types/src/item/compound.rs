//! Arrays, structs and maps: shared, mutable, possibly cyclic.
//!
//! Two counts belong to a compound, and neither follows from the other: the
//! number of references that keep its memory (see `shared`), and the
//! number of stack references by the consensus rules ([`Header::references`]).
//! Engines change the second exactly as the reference engine does; this module
//! never changes it.

use core::cell::Cell;

use super::{StackItem, item_vec::ItemVec};
use crate::fault::FaultKind;

/// What engines count and note about a compound.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Header {
    references: Cell<i32>,
    flags: Cell<u8>,
}

impl Header {
    /// The flag that makes changes fault.
    pub const READ_ONLY: u8 = 1;
    const LINKED: u8 = 2;
    const TRACKED: u8 = 4;
    const NESTED: u8 = 8;
    /// The flag that is set while somebody reads the items, which must not
    /// change meanwhile.
    pub const BORROWED: u8 = 16;
    const MARKED: u8 = 32;
    /// The flags of a compound that must not change.
    pub const BARRED: u8 = Self::READ_ONLY | Self::BORROWED;

    pub(super) const REFERENCES_OFFSET: usize = core::mem::offset_of!(Self, references);
    pub(super) const FLAGS_OFFSET: usize = core::mem::offset_of!(Self, flags);

    /// The consensus count: references from stacks, slots and counted
    /// compounds, as `ReferenceCounter.cs` has them.
    pub fn references(&self) -> i32 {
        self.references.get()
    }

    /// Sets the consensus count: that of the one machine that holds the
    /// compound, by its rules.
    pub fn set_references(&self, count: i32) {
        self.references.set(count);
    }

    /// Returns whether changes of the compound fault.
    pub fn is_read_only(&self) -> bool {
        self.flags.get() & Self::READ_ONLY != 0
    }

    pub(super) fn set_read_only(&self) {
        self.flags.set(self.flags.get() | Self::READ_ONLY);
    }

    /// Returns whether a compound was stored into this one after it was created,
    /// so that it may be part of a cycle.
    pub fn is_linked(&self) -> bool {
        self.flags.get() & Self::LINKED != 0
    }

    pub(super) fn set_linked(&self) {
        self.flags.set(self.flags.get() | Self::LINKED | Self::NESTED);
    }

    /// Returns whether the compound may hold others. If not, its items need not be
    /// visited when references are counted.
    pub fn is_nested(&self) -> bool {
        self.flags.get() & Self::NESTED != 0
    }

    pub(super) fn set_nested(&self) {
        self.flags.set(self.flags.get() | Self::NESTED);
    }

    /// Notes that an engine keeps track of the compound as possibly cyclic; false
    /// if one does already.
    pub fn track(&self) -> bool {
        let flags = self.flags.get();
        self.flags.set(flags | Self::TRACKED);
        flags & Self::TRACKED == 0
    }

    /// Marks the compound as visited; false if it is marked already. Who marks
    /// compounds unmarks them before anybody else may.
    pub fn mark(&self) -> bool {
        let flags = self.flags.get();
        self.flags.set(flags | Self::MARKED);
        flags & Self::MARKED == 0
    }

    /// Takes the mark off.
    pub fn unmark(&self) {
        self.flags.set(self.flags.get() & !Self::MARKED);
    }

    /// Takes off what an engine noted about the compound: its count, and that it
    /// keeps track of it. The next machine that holds the compound counts it anew.
    pub fn forget(&self) {
        self.references.set(0);
        self.flags.set(self.flags.get() & !Self::TRACKED);
    }

    /// Notes what is noted in another header, for a copy of its compound.
    pub(super) fn note_as(&self, original: &Self) {
        self.references.set(original.references.get());
        self.flags.set(original.flags.get() & !(Self::BORROWED | Self::MARKED));
    }

    /// Whether somebody is reading the items.
    #[inline(always)]
    pub(crate) fn is_borrowed(&self) -> bool {
        self.flags.get() & Self::BORROWED != 0
    }

    /// Returns whether the compound may change: it is not read-only, and nobody
    /// is reading its items.
    #[inline(always)]
    pub fn is_writable(&self) -> bool {
        self.flags.get() & Self::BARRED == 0
    }

    /// Notes that somebody is reading the items until the result is dropped. Of
    /// several results the last is to be dropped first.
    #[inline]
    pub(super) fn borrow(&self) -> Borrow<'_> {
        let outermost = !self.is_borrowed();
        self.flags.set(self.flags.get() | Self::BORROWED);
        Borrow { header: self, outermost }
    }

    /// Checks that no machine counts the compound.
    pub(super) fn check_uncounted(&self) -> Result<(), FaultKind> {
        if self.references() == 0 {
            return Ok(());
        }
        Err(FaultKind::Host("a machine holds this compound, and does not count what others change in it".into()))
    }

    /// Checks that the compound may change. The message is that of a read-only one.
    #[inline]
    pub(super) fn check_writable(&self, message: &'static str) -> Result<(), FaultKind> {
        if self.is_writable() { Ok(()) } else { Err(self.refusal(message)) }
    }

    #[cold]
    fn refusal(&self, message: &'static str) -> FaultKind {
        if self.is_read_only() { FaultKind::ReadOnly(message) } else { being_read() }
    }
}

/// The fault of a change to an item that the host is reading.
#[cold]
pub(super) fn being_read() -> FaultKind {
    FaultKind::Host("the host is reading the item".into())
}

/// The time during which somebody reads a compound's items.
pub(super) struct Borrow<'a> {
    header: &'a Header,
    outermost: bool,
}

impl Drop for Borrow<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.outermost {
            self.header.flags.set(self.header.flags.get() & !Header::BORROWED);
        }
    }
}

/// Drops items without recursion, however deep they nest: what the last
/// reference to a compound held joins the list.
pub(super) fn release(mut pending: ItemVec) {
    while let Some(item) = pending.pop() {
        match &item {
            StackItem::Array(array) | StackItem::Struct(array) if array.strong_count() == 1 => {
                pending.append(&mut array.take());
            }
            StackItem::Map(map) if map.strong_count() == 1 => {
                map.take().into_iter().for_each(|(_, value)| pending.push(value));
            }
            _ => {}
        }
        drop_item(item);
    }
}

/// Drops an item. Most need nothing, which is seen here without a call.
#[inline(always)]
pub(super) fn drop_item(item: StackItem) {
    match item {
        StackItem::Integer(_) | StackItem::Boolean(_) | StackItem::Null | StackItem::Pointer(_) => {
            core::mem::forget(item);
        }
        item => drop(item),
    }
}
