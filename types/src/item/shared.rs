//! Counted references that point at their value.
//!
//! An `Rc` keeps the address of its allocation, and how far behind that the
//! value lies is the standard library's own business. A [`Shared`] keeps what
//! [`Rc::into_raw`] returns, the address of the value itself, so that compiled
//! code reaches a `repr(C)` value through an item's payload.
//!
//! # Safety
//! The pointer of a `Shared` came from [`Rc::into_raw`], and each `Shared` owns
//! one strong reference of that `Rc`. `Shared` is neither `Send` nor `Sync`.

use alloc::rc::{Rc, Weak};
use core::{mem::ManuallyDrop, ptr::NonNull};

/// A counted reference to a value.
#[repr(transparent)]
pub(super) struct Shared<T>(NonNull<T>);

impl<T> Shared<T> {
    #[inline]
    pub(super) fn new(value: T) -> Self {
        Self::from_rc(Rc::new(value))
    }

    #[inline]
    fn from_rc(rc: Rc<T>) -> Self {
        // SAFETY: a value of an `Rc` does not lie at address zero.
        Self(unsafe { NonNull::new_unchecked(Rc::into_raw(rc).cast_mut()) })
    }

    /// Calls a function with the `Rc` that this reference stands for.
    #[inline]
    fn with_rc<R>(&self, f: impl FnOnce(&Rc<T>) -> R) -> R {
        // SAFETY: the pointer came from `into_raw`; this `Shared` keeps its strong
        // reference, which the `Rc` made here does not drop.
        f(&ManuallyDrop::new(unsafe { Rc::from_raw(self.0.as_ptr()) }))
    }

    /// The number of references to the value.
    #[inline]
    pub(super) fn strong_count(&self) -> usize {
        self.with_rc(Rc::strong_count)
    }

    /// A reference that does not keep the value.
    pub(super) fn downgrade(&self) -> Weak<T> {
        self.with_rc(Rc::downgrade)
    }

    /// A new reference to a value that is still there.
    pub(super) fn upgrade(weak: &Weak<T>) -> Option<Self> {
        weak.upgrade().map(Self::from_rc)
    }

    /// The value's address, which tells values apart while they live.
    #[inline]
    pub(super) fn address(&self) -> usize {
        self.0.as_ptr().addr()
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
        // SAFETY: the pointer came from `into_raw`, and there is a strong reference.
        unsafe { Rc::increment_strong_count(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl<T> Drop for Shared<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: this is the strong reference that `self` owned.
        drop(unsafe { Rc::from_raw(self.0.as_ptr()) });
    }
}
