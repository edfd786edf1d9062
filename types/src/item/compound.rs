//! Arrays, structs and maps: shared, mutable, possibly cyclic.
//!
//! Two numbers belong to a compound and neither follows from the other: how
//! many references keep its memory (the `Rc` count), and how many stack
//! references the consensus rules count ([`Header::references`]). The engine
//! changes the second by exactly the reference's rules; this module never does.

use alloc::vec::Vec;
use core::cell::Cell;

use super::StackItem;
use crate::fault::FaultKind;

/// What the engine counts and notes about a compound.
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
    /// The flag that is set while somebody looks at the items, which must not
    /// change meanwhile.
    pub const BORROWED: u8 = 16;

    pub(super) const REFERENCES_OFFSET: usize = core::mem::offset_of!(Self, references);
    pub(super) const FLAGS_OFFSET: usize = core::mem::offset_of!(Self, flags);

    /// The consensus count: references from stacks, slots and counted
    /// compounds, as `ReferenceCounter.cs` has them.
    pub fn references(&self) -> i32 {
        self.references.get()
    }

    /// Sets the consensus count. For engines.
    pub fn set_references(&self, count: i32) {
        self.references.set(count);
    }

    /// Whether changes of the compound fault.
    pub fn is_read_only(&self) -> bool {
        self.flags.get() & Self::READ_ONLY != 0
    }

    pub(super) fn set_read_only(&self) {
        self.flags.set(self.flags.get() | Self::READ_ONLY);
    }

    /// Whether a compound was stored into it after it was made, so that it may
    /// be part of a cycle.
    pub fn is_linked(&self) -> bool {
        self.flags.get() & Self::LINKED != 0
    }

    pub(super) fn set_linked(&self) {
        self.flags.set(self.flags.get() | Self::LINKED | Self::NESTED);
    }

    /// Whether it may hold a compound: if not, its items need no looking at
    /// when references are counted.
    pub fn is_nested(&self) -> bool {
        self.flags.get() & Self::NESTED != 0
    }

    pub(super) fn set_nested(&self) {
        self.flags.set(self.flags.get() | Self::NESTED);
    }

    /// Notes that an engine keeps track of it as possibly cyclic; false if one
    /// does already. For engines.
    pub fn track(&self) -> bool {
        let flags = self.flags.get();
        self.flags.set(flags | Self::TRACKED);
        flags & Self::TRACKED == 0
    }

    /// Whether somebody looks at the items.
    #[inline(always)]
    pub(super) fn is_borrowed(&self) -> bool {
        self.flags.get() & Self::BORROWED != 0
    }

    /// Notes that somebody looks at the items until the result is dropped. Of
    /// several results the last is to be dropped first.
    #[inline]
    pub(super) fn borrow(&self) -> Borrow<'_> {
        let outermost = !self.is_borrowed();
        self.flags.set(self.flags.get() | Self::BORROWED);
        Borrow { header: self, outermost }
    }

    pub(super) fn check_writable(&self, message: &'static str) -> Result<(), FaultKind> {
        if self.is_read_only() { Err(FaultKind::ReadOnly(message)) } else { Ok(()) }
    }
}

/// The time during which somebody looks at a compound's items.
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
pub(super) fn release(mut pending: Vec<StackItem>) {
    while let Some(item) = pending.pop() {
        match &item {
            StackItem::Array(array) | StackItem::Struct(array) if array.is_unique() => {
                pending.append(&mut array.take());
            }
            StackItem::Map(map) if map.is_unique() => {
                pending.extend(map.take().into_iter().map(|(_, value)| value));
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
