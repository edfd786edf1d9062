//! A vector of items whose parts lie at known offsets.
//!
//! The layout of `Vec` is the standard library's own business. An [`ItemVec`]
//! has its parts as `repr(C)` fields, where compiled code reads them. A few items
//! lie in a block that the thread keeps (see [`block`]), more of them in the
//! memory of a `Vec`, as which it is rebuilt where that grows or is freed.
//!
//! # Safety
//! The first `length` items at `start` are initialized and nobody else's. If the
//! capacity is one of [`IN_BLOCK`], `start` is a block; otherwise the fields are
//! the parts of a `Vec<StackItem>`.

use alloc::vec::Vec;
use core::{
    mem::{ManuallyDrop, size_of, take},
    ops::RangeInclusive,
    ptr::NonNull,
};

use super::{StackItem, block, compound::drop_item};

/// Items for which there is room in a block.
const FEW: usize = block::SIZE / size_of::<StackItem>();

/// The capacities of vectors in blocks.
const IN_BLOCK: RangeInclusive<usize> = 1..=FEW;

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

    /// An empty vector with room for a number of items.
    #[inline]
    pub fn with_capacity(count: usize) -> Self {
        match count {
            0 => Self::default(),
            1..=FEW => Self { start: block::take().cast(), length: 0, capacity: FEW },
            _ => Self::of_parts(Vec::with_capacity(count)),
        }
    }

    /// The parts of a vector, whose capacity is none of a block.
    #[inline]
    fn of_parts(items: Vec<StackItem>) -> Self {
        debug_assert!(!IN_BLOCK.contains(&items.capacity()), "few items lie in a block");
        let mut items = ManuallyDrop::new(items);
        // SAFETY: a vector's pointer is never null.
        let start = unsafe { NonNull::new_unchecked(items.as_mut_ptr()) };
        Self { start, length: items.len(), capacity: items.capacity() }
    }

    /// The items as a `Vec`.
    pub fn into_vec(mut self) -> Vec<StackItem> {
        if IN_BLOCK.contains(&self.capacity) {
            let mut items = Vec::with_capacity(self.length);
            self.move_to(&mut items);
            return items;
        }
        let parts = ManuallyDrop::new(self);
        // SAFETY: they are the parts of a vector, which `parts` no longer owns.
        unsafe { Vec::from_raw_parts(parts.start.as_ptr(), parts.length, parts.capacity) }
    }

    /// Moves all items behind those of a `Vec`.
    fn move_to(&mut self, items: &mut Vec<StackItem>) {
        items.reserve(self.length);
        // SAFETY: there is room for all items, which are no longer this one's once its length is zero.
        unsafe {
            items.as_mut_ptr().add(items.len()).copy_from_nonoverlapping(self.start.as_ptr(), self.length);
            items.set_len(items.len() + take(&mut self.length));
        }
    }

    /// Takes all items out.
    #[inline]
    pub fn take(&mut self) -> Self {
        take(self)
    }

    /// Appends an item.
    #[inline]
    pub fn push(&mut self, item: StackItem) {
        if self.length == self.capacity {
            self.grow(1);
        }
        // SAFETY: there is room for one more item.
        unsafe { self.start.add(self.length).write(item) };
        self.length += 1;
    }

    /// Moves all items of another vector behind these.
    pub(super) fn append(&mut self, other: &mut Self) {
        if other.length > self.capacity - self.length {
            self.grow(other.length);
        }
        // SAFETY: there is room for the other one's items, which are no longer its own once its length is zero.
        unsafe {
            self.start.add(self.length).copy_from_nonoverlapping(other.start, other.length);
            self.length += take(&mut other.length);
        }
    }

    /// Makes room for more items than there is room for.
    #[cold]
    fn grow(&mut self, more: usize) {
        *self = match self.capacity {
            0 => Self::with_capacity(more.max(FEW)),
            FEW => {
                let mut items = Vec::with_capacity(2 * FEW + more);
                self.move_to(&mut items);
                Self::of_parts(items)
            }
            _ => {
                let mut items = take(self).into_vec();
                items.reserve(more);
                Self::of_parts(items)
            }
        };
    }

    /// Removes the last item and returns it, if there is one.
    #[inline]
    pub fn pop(&mut self) -> Option<StackItem> {
        self.length = self.length.checked_sub(1)?;
        // SAFETY: the item is initialized, and no longer one of this vector's.
        Some(unsafe { self.start.add(self.length).read() })
    }

    /// Removes the item at an index and returns it; none if there is no such item.
    pub(super) fn remove(&mut self, index: usize) -> Option<StackItem> {
        if index >= self.length {
            return None;
        }
        self[index..].rotate_left(1);
        self.pop()
    }
}

impl Default for ItemVec {
    #[inline]
    fn default() -> Self {
        Self { start: NonNull::dangling(), length: 0, capacity: 0 }
    }
}

impl From<Vec<StackItem>> for ItemVec {
    #[inline]
    fn from(items: Vec<StackItem>) -> Self {
        if IN_BLOCK.contains(&items.capacity()) { items.into_iter().collect() } else { Self::of_parts(items) }
    }
}

impl<const N: usize> From<[StackItem; N]> for ItemVec {
    #[inline]
    fn from(items: [StackItem; N]) -> Self {
        items.into_iter().collect()
    }
}

impl From<&[StackItem]> for ItemVec {
    fn from(items: &[StackItem]) -> Self {
        items.iter().cloned().collect()
    }
}

impl Clone for ItemVec {
    fn clone(&self) -> Self {
        Self::from(&**self)
    }
}

impl FromIterator<StackItem> for ItemVec {
    #[inline]
    fn from_iter<I: IntoIterator<Item = StackItem>>(items: I) -> Self {
        let items = items.into_iter();
        let mut own = Self::with_capacity(items.size_hint().0);
        items.for_each(|item| own.push(item));
        own
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
        // If dropping an item panics, the others stay as they are.
        for index in 0..take(&mut self.length) {
            // SAFETY: the item is initialized, and no longer one of this vector's.
            drop_item(unsafe { self.start.add(index).read() });
        }
        // SAFETY: there are no items any more; the memory is a block, or a vector's.
        unsafe {
            match self.capacity {
                0 => {}
                1..=FEW => block::give(self.start.cast()),
                capacity => drop(Vec::from_raw_parts(self.start.as_ptr(), 0, capacity)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_holds_what_it_was_given_however_much_that_is() {
        for count in 0..12_i64 {
            let expected: Vec<StackItem> = (0..count).map(|value| StackItem::buffer(&value.to_le_bytes())).collect();
            let same = |items: &ItemVec| items.iter().zip(&expected).all(|(a, b)| a.to_integer() == b.to_integer());
            let mut pushed = ItemVec::default();
            expected.iter().for_each(|item| pushed.push(item.clone()));
            let collected: ItemVec = expected.iter().cloned().collect();
            let given = ItemVec::from(expected.clone());
            for mut items in [pushed, collected, given, ItemVec::from(&expected[..])] {
                assert_eq!((items.len() as i64, same(&items)), (count, true));
                let mut joined = ItemVec::from([StackItem::Null]);
                joined.append(&mut items);
                assert_eq!((items.len(), joined.len() as i64), (0, count + 1));
                assert!(joined.remove(0).is_some_and(|item| item.is_null()) && same(&joined));
                assert!(joined.remove(count as usize).is_none());
                assert_eq!(joined.into_vec().len() as i64, count);
            }
        }
    }
}
