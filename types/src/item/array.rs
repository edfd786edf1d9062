//! The items of arrays and structs.
//!
//! # Safety
//! The items are reached through an `UnsafeCell`. While the header's flag
//! BORROWED is set there may be shared references to them, handed to code that
//! is not ours; [`Body::change`] refuses then, and engines do too (see
//! [`Array::items`]). Without the flag there are references to the items only
//! within functions of this module that call no foreign code: neither a clone of
//! an item nor a move runs any, and items are never dropped there.

use alloc::vec::Vec;
use core::cell::UnsafeCell;

use super::{
    StackItem,
    compound::{Header, release},
    item_vec::ItemVec,
    shared::{Shared, Weak},
};
use crate::fault::FaultKind;

/// The items of an array or a struct. Clones share them.
#[derive(Clone)]
#[repr(transparent)]
pub struct Array(Shared<Body>);

/// What the references to an array share.
#[repr(C)]
pub(super) struct Body {
    header: Header,
    items: UnsafeCell<ItemVec>,
}

/// Where compiled code finds the parts of an array, in bytes from an item's payload.
impl Array {
    /// The consensus count, an `i32`.
    pub(crate) const REFERENCES: usize = core::mem::offset_of!(Body, header) + Header::REFERENCES_OFFSET;
    /// The flags, a byte: [`Header::READ_ONLY`] and [`Header::BORROWED`] are two of them.
    pub(crate) const FLAGS: usize = core::mem::offset_of!(Body, header) + Header::FLAGS_OFFSET;
    /// The first item's address.
    pub(crate) const ITEMS: usize = core::mem::offset_of!(Body, items) + ItemVec::START;
    /// The number of items, a `usize`.
    pub(crate) const LENGTH: usize = core::mem::offset_of!(Body, items) + ItemVec::LENGTH;
}

impl Body {
    fn new(header: Header, items: ItemVec) -> Self {
        Self { header, items: UnsafeCell::new(items) }
    }

    /// The items, for this module's functions.
    ///
    /// # Safety
    /// No foreign code runs and the items do not change while they are borrowed.
    #[inline(always)]
    unsafe fn peek(&self) -> &ItemVec {
        // SAFETY: the caller's word.
        unsafe { &*self.items.get() }
    }

    /// Calls a function with the items, which cannot change meanwhile.
    #[inline]
    fn look<R>(&self, f: impl FnOnce(&[StackItem]) -> R) -> R {
        let _borrow = self.header.borrow();
        // SAFETY: nobody changes the items while the flag is set.
        f(unsafe { &*self.items.get() })
    }

    /// Calls a function with the items, to be changed. The function is one of
    /// this module that runs no foreign code: it drops no item.
    ///
    /// # Panics
    /// If somebody is reading the items.
    #[inline]
    fn change<R>(&self, f: impl FnOnce(&mut ItemVec) -> R) -> R {
        assert!(!self.header.is_borrowed(), "an array changes while somebody reads its items");
        // SAFETY: nobody is reading the items, and `f` reaches them by its argument alone.
        f(unsafe { &mut *self.items.get() })
    }
}

/// What can be asked of an array and done to it. What changes it faults with
/// [`FaultKind::ReadOnly`] if it is read-only, and with [`FaultKind::Host`]
/// within a function given to [`Array::for_each`] of this array. What changes
/// its items also faults with [`FaultKind::Host`] while a machine counts the
/// array, since that machine would not learn of it: while the array lies on a
/// stack, in a slot or in another compound that does.
#[allow(clippy::missing_errors_doc, reason = "the block's doc states them")]
impl Array {
    /// Creates an array of items: those of an array, a slice or a `Vec`.
    pub fn new(items: impl Into<ItemVec>) -> Self {
        let (header, items) = (Header::default(), items.into());
        if items.iter().any(StackItem::is_compound) {
            header.set_nested();
        }
        Self(Shared::new(Body::new(header, items)))
    }

    /// Creates an array of items none of which is a compound, without looking at each.
    pub(crate) fn of_leaves(items: impl Into<ItemVec>) -> Self {
        let items = items.into();
        debug_assert!(!items.iter().any(StackItem::is_compound), "leaves are no compounds");
        Self(Shared::new(Body::new(Header::default(), items)))
    }

    /// The counting header.
    #[inline(always)]
    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    /// Returns the number of items.
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: the borrow ends here.
        unsafe { self.0.peek().len() }
    }

    /// Returns whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the item at an index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<StackItem> {
        // SAFETY: a clone runs no foreign code.
        unsafe { self.0.peek().get(index).cloned() }
    }

    /// Returns all items.
    pub fn to_vec(&self) -> Vec<StackItem> {
        // SAFETY: clones run no foreign code.
        unsafe { self.0.peek().to_vec() }
    }

    /// Calls a function with each item. The array refuses changes meanwhile, those
    /// of machines that the function runs included.
    pub fn for_each(&self, f: impl FnMut(&StackItem)) {
        self.0.look(|items| items.iter().for_each(f));
    }

    /// Returns whether changes fault.
    pub fn is_read_only(&self) -> bool {
        self.header().is_read_only()
    }

    /// Replaces the item at an index and returns the old one; faults if there is none.
    pub fn set(&self, index: usize, item: StackItem) -> Result<StackItem, FaultKind> {
        self.header().check_uncounted()?;
        self.set_counted(index, item)
    }

    #[inline]
    pub(crate) fn set_counted(&self, index: usize, item: StackItem) -> Result<StackItem, FaultKind> {
        self.header().check_writable("The object is readonly.")?;
        self.note_link(&item);
        self.0
            .change(|items| match items.get_mut(index) {
                Some(place) => Ok(core::mem::replace(place, item)),
                None => Err(item),
            })
            .map_err(|_| FaultKind::ListIndex)
    }

    /// Appends an item.
    pub fn push(&self, item: StackItem) -> Result<(), FaultKind> {
        self.header().check_uncounted()?;
        self.push_counted(item)
    }

    #[inline]
    pub(crate) fn push_counted(&self, item: StackItem) -> Result<(), FaultKind> {
        self.header().check_writable("The array is readonly, can not add item.")?;
        self.fill(item);
        Ok(())
    }

    /// Removes the item at an index and returns it; faults if there is none.
    pub fn remove(&self, index: usize) -> Result<StackItem, FaultKind> {
        self.header().check_uncounted()?;
        self.remove_counted(index)
    }

    #[inline]
    pub(crate) fn remove_counted(&self, index: usize) -> Result<StackItem, FaultKind> {
        self.header().check_writable("The array is readonly, can not remove item.")?;
        self.0.change(|items| items.remove(index)).ok_or(FaultKind::ListIndex)
    }

    /// Reverses the order of the items.
    pub fn reverse(&self) -> Result<(), FaultKind> {
        self.header().check_writable("The array is readonly, can not reverse.")?;
        self.0.change(|items| items.reverse());
        Ok(())
    }

    /// Removes all items and returns them.
    pub fn clear(&self) -> Result<Vec<StackItem>, FaultKind> {
        self.header().check_uncounted()?;
        self.clear_counted()
    }

    #[inline]
    pub(crate) fn clear_counted(&self) -> Result<Vec<StackItem>, FaultKind> {
        self.header().check_writable("The array is readonly, can not clear.")?;
        Ok(self.take().into_vec())
    }

    /// Returns whether this is the same array as another: the same object, not
    /// one with equal items.
    pub fn is_same(&self, other: &Self) -> bool {
        self.address() == other.address()
    }

    /// The items' place in memory, for engines: see
    /// [`crate::engine_internals::ArrayInternals::items`].
    #[inline(always)]
    pub(crate) fn items(&self) -> *mut ItemVec {
        self.0.items.get()
    }

    /// Calls a function with all items, which must not change meanwhile.
    pub(super) fn look<R>(&self, f: impl FnOnce(&[StackItem]) -> R) -> R {
        self.0.look(f)
    }

    /// Takes the items out, read-only or not: for releasing.
    pub(super) fn take(&self) -> ItemVec {
        self.0.change(ItemVec::take)
    }

    /// Gives items to an array that has none and that nobody but its maker knows.
    /// It is not linked: that is up to the maker, if the items can hold it.
    pub(super) fn begin(&self, items: Vec<StackItem>) {
        if items.iter().any(StackItem::is_compound) {
            self.header().set_nested();
        }
        let old = self.0.change(|own| core::mem::replace(own, items.into()));
        debug_assert!(old.is_empty(), "the array has no items yet");
    }

    /// Appends while an array is made, read-only or not.
    #[inline]
    pub(super) fn fill(&self, item: StackItem) {
        self.note_link(&item);
        self.0.change(|items| items.push(item));
    }

    fn note_link(&self, item: &StackItem) {
        if item.is_compound() {
            self.header().set_linked();
        }
    }

    /// The number of references to the items.
    #[inline(always)]
    pub(crate) fn strong_count(&self) -> usize {
        self.0.strong_count()
    }

    /// The address of what the references share, which tells arrays apart while they live.
    pub(crate) fn address(&self) -> usize {
        self.0.address()
    }

    /// A reference that does not keep the items.
    pub(super) fn downgrade(&self) -> Weak<Body> {
        self.0.downgrade()
    }

    /// A new reference to an array that is still there.
    pub(super) fn upgrade(weak: &Weak<Body>) -> Option<Self> {
        weak.upgrade().map(Self)
    }
}

impl core::fmt::Debug for Array {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.to_vec()).finish()
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // Others are dropped with the vector.
        if self.header.is_nested() {
            release(self.items.get_mut().take());
        }
    }
}
