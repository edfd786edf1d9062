//! A vector of items whose parts lie at known offsets.
//!
//! The layout of `Vec` is the standard library's own business. An [`ItemVec`]
//! holds a vector's parts as `repr(C)` fields, where compiled code reads them.
//! It is rebuilt as a `Vec` where the memory grows, shrinks or is freed.
//!
//! # Safety
//! The fields are the parts of a `Vec<StackItem>` that nobody else owns: `start`
//! and `capacity` are its allocation, and its first `length` items are
//! initialized.

use alloc::vec::Vec;
use core::{mem::ManuallyDrop, ptr::NonNull};

use super::StackItem;

/// A `Vec<StackItem>` with a stable layout.
#[repr(C)]
pub struct ItemVec {
    start: NonNull<StackItem>,
    length: usize,
    capacity: usize,
}

impl ItemVec {
    /// The offset of the first item's address, in bytes.
    pub(crate) const START: usize = core::mem::offset_of!(Self, start);
    /// The offset of the number of items, a `usize`, in bytes.
    pub(crate) const LENGTH: usize = core::mem::offset_of!(Self, length);

    /// The vector that this one stands for.
    #[inline]
    pub fn into_vec(self) -> Vec<StackItem> {
        let parts = ManuallyDrop::new(self);
        // SAFETY: they are the parts of a vector, which `parts` no longer owns.
        unsafe { Vec::from_raw_parts(parts.start.as_ptr(), parts.length, parts.capacity) }
    }

    /// Takes all items out.
    #[inline]
    pub fn take(&mut self) -> Vec<StackItem> {
        core::mem::take(self).into_vec()
    }

    /// Appends an item.
    #[inline]
    pub fn push(&mut self, item: StackItem) {
        if self.length == self.capacity {
            self.grow();
        }
        // SAFETY: there is room for one more item.
        unsafe { self.start.add(self.length).write(item) };
        self.length += 1;
    }

    #[cold]
    fn grow(&mut self) {
        self.with_vec(|items| items.reserve(1));
    }

    /// Removes the item at an index and returns it; none if there is no such item.
    pub(super) fn remove(&mut self, index: usize) -> Option<StackItem> {
        (index < self.length).then(|| self.with_vec(|items| items.remove(index)))
    }

    /// Changes the items as a vector. If the function panics there are none left.
    fn with_vec<R>(&mut self, change: impl FnOnce(&mut Vec<StackItem>) -> R) -> R {
        let mut items = self.take();
        let result = change(&mut items);
        *self = items.into();
        result
    }
}

impl Default for ItemVec {
    #[inline]
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<StackItem>> for ItemVec {
    #[inline]
    fn from(items: Vec<StackItem>) -> Self {
        let mut items = ManuallyDrop::new(items);
        // SAFETY: a vector's pointer is never null.
        let start = unsafe { NonNull::new_unchecked(items.as_mut_ptr()) };
        Self { start, length: items.len(), capacity: items.capacity() }
    }
}

impl core::ops::Deref for ItemVec {
    type Target = [StackItem];

    #[inline(always)]
    fn deref(&self) -> &[StackItem] {
        // SAFETY: that many items are initialized, and borrowed with `self`.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl core::ops::DerefMut for ItemVec {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [StackItem] {
        // SAFETY: that many items are initialized, and borrowed with `self`.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for ItemVec {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: they are the parts of a vector, and nobody uses them after this.
        drop(unsafe { Vec::from_raw_parts(self.start.as_ptr(), self.length, self.capacity) });
    }
}
