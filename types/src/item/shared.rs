//! Counted references to values that lie at a known place.
//!
//! A [`Shared`] is the address of its value, so that compiled code reaches a
//! `repr(C)` value through an item's payload; the counts lie before the value,
//! as those of an [`Rc`](alloc::rc::Rc) do. Small values lie in blocks that the
//! thread keeps (see [`block`]): scripts make and drop arrays all the time.
//!
//! # Safety
//! The pointer of a [`Shared`] or a [`Weak`] is the address of the value in a
//! [`Counted`] that `Shared::new` made. `strong` is the number of `Shared`s that
//! point there, and while it is not zero there is a value; `weak` is the number
//! of `Weak`s, and one more while there is a value. The memory is freed when
//! `weak` becomes zero. All of them are on one thread: a `NonNull` is neither
//! `Send` nor `Sync`. The counts have 64 bits, which nobody lives to see overflow.

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use core::{cell::Cell, marker::PhantomData, mem::offset_of, ptr::NonNull};

use super::block;

/// What the references to a value share.
#[repr(C)]
struct Counted<T> {
    counts: Counts,
    value: T,
}

struct Counts {
    strong: Cell<u64>,
    weak: Cell<u64>,
}

impl<T> Counted<T> {
    const LAYOUT: Layout = Layout::new::<Self>();

    /// Whether the memory is a block.
    const IS_BLOCK: bool = Self::LAYOUT.size() <= block::SIZE && Self::LAYOUT.align() <= align_of::<u64>();

    fn allocate() -> NonNull<Self> {
        if Self::IS_BLOCK {
            return block::take().cast();
        }
        // SAFETY: the layout has the size of the counts at least.
        NonNull::new(unsafe { alloc(Self::LAYOUT) }).unwrap_or_else(|| handle_alloc_error(Self::LAYOUT)).cast()
    }

    /// Frees the memory.
    ///
    /// # Safety
    /// `allocate` returned it, and nobody uses it any more.
    unsafe fn free(place: NonNull<Self>) {
        // SAFETY: it was taken in the same way.
        unsafe { if Self::IS_BLOCK { block::give(place.cast()) } else { dealloc(place.as_ptr().cast(), Self::LAYOUT) } }
    }

    /// Where a value and its counts lie.
    ///
    /// # Safety
    /// The value lies in a `Counted`.
    #[inline(always)]
    unsafe fn of(value: NonNull<T>) -> NonNull<Self> {
        // SAFETY: the value lies so many bytes behind the start of what was allocated.
        unsafe { value.byte_sub(offset_of!(Self, value)).cast() }
    }
}

/// The counts of a value.
///
/// # Safety
/// The value lies in a `Counted` that is not freed as long as the result is used.
#[inline(always)]
unsafe fn counts<'a, T>(value: NonNull<T>) -> &'a Counts {
    // SAFETY: the caller's word; counts are only changed by way of their cells.
    unsafe { &(*Counted::of(value).as_ptr()).counts }
}

fn add(count: &Cell<u64>) {
    count.set(count.get() + 1);
}

/// Takes one off and returns whether none is left.
fn take_off(count: &Cell<u64>) -> bool {
    count.set(count.get() - 1);
    count.get() == 0
}

/// A counted reference to a value.
#[repr(transparent)]
pub(super) struct Shared<T>(NonNull<T>, PhantomData<T>);

impl<T> Shared<T> {
    #[inline]
    pub(super) fn new(value: T) -> Self {
        let place = Counted::allocate();
        // SAFETY: the memory is as large as that and nobody else's; the value lies in it.
        unsafe {
            place.write(Counted { counts: Counts { strong: Cell::new(1), weak: Cell::new(1) }, value });
            Self(NonNull::new_unchecked(&raw mut (*place.as_ptr()).value), PhantomData)
        }
    }

    #[inline(always)]
    fn counts(&self) -> &Counts {
        // SAFETY: this reference is counted.
        unsafe { counts(self.0) }
    }

    /// The number of references to the value.
    #[inline]
    pub(super) fn strong_count(&self) -> usize {
        self.counts().strong.get() as usize
    }

    /// A reference that does not keep the value.
    pub(super) fn downgrade(&self) -> Weak<T> {
        add(&self.counts().weak);
        Weak(self.0)
    }

    /// The value's address, which tells values apart while they live.
    #[inline]
    pub(super) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// Drops the value, to which there is no reference any more.
    ///
    /// # Safety
    /// `strong` has just become zero, and the reference is forgotten.
    #[inline(never)]
    unsafe fn drop_value(value: NonNull<T>) {
        // What all references to it had in common. It goes even if a destructor panics.
        let _weak = Weak(value);
        // SAFETY: nobody reaches the value any more.
        unsafe { value.drop_in_place() }
    }
}

impl<T> core::ops::Deref for Shared<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value lives as long as this reference is counted.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Clone for Shared<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        add(&self.counts().strong);
        Self(self.0, PhantomData)
    }
}

impl<T> Drop for Shared<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if take_off(&self.counts().strong) {
            // SAFETY: this was the last reference.
            unsafe { Self::drop_value(self.0) }
        }
    }
}

/// A reference that does not keep the value, but its memory.
pub(super) struct Weak<T>(NonNull<T>);

impl<T> Weak<T> {
    #[inline(always)]
    fn counts(&self) -> &Counts {
        // SAFETY: this reference is counted.
        unsafe { counts(self.0) }
    }

    /// The number of references that keep the value.
    pub(super) fn strong_count(&self) -> usize {
        self.counts().strong.get() as usize
    }

    /// A new reference to a value that is still there.
    pub(super) fn upgrade(&self) -> Option<Shared<T>> {
        if self.strong_count() == 0 {
            return None;
        }
        add(&self.counts().strong);
        Some(Shared(self.0, PhantomData))
    }
}

impl<T> Clone for Weak<T> {
    fn clone(&self) -> Self {
        add(&self.counts().weak);
        Self(self.0)
    }
}

impl<T> Drop for Weak<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if take_off(&self.counts().weak) {
            // SAFETY: there is no reference any more, and no value.
            unsafe { Counted::free(Counted::of(self.0)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::rc::Rc;

    use super::*;

    #[test]
    fn a_value_goes_with_the_last_reference_and_its_memory_with_the_last_weak_one() {
        // One lies in a block, and one is too large.
        fn check<T>(value: T, held: &Rc<()>) {
            let first = Shared::new(value);
            let (second, weak) = (first.clone(), first.downgrade());
            assert_eq!((first.strong_count(), Rc::strong_count(held)), (2, 2));
            drop(first);
            let third = weak.upgrade().expect("there is one more");
            assert_eq!((third.address(), weak.strong_count()), (second.address(), 2));
            drop((second, third));
            assert_eq!(Rc::strong_count(held), 1);
            let other = weak.clone();
            drop(weak);
            assert!(other.upgrade().is_none());
        }
        let held = Rc::new(());
        check(Rc::clone(&held), &held);
        check((Rc::clone(&held), [7_u64; 9]), &held);
    }
}
