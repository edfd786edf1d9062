//! Integers of 256 bits as items hold them.
//!
//! # Safety
//! The node has the 32 bytes of a [`WideValue`], at a multiple of eight. They
//! change only while no other node points there.

use super::{Node, node};
use crate::integer::{I256, WideValue};

/// A counted integer that does not fit an `i64`. Clones share the memory.
#[derive(Clone)]
pub struct WideInteger(Node);

impl WideInteger {
    /// Creates an integer in memory of its own.
    #[inline]
    pub fn new(value: WideValue) -> Self {
        Self(Node::of_words(value.limbs()))
    }

    /// # Safety
    /// That of [`crate::engine_internals::wide_ready`].
    #[inline(always)]
    pub(crate) unsafe fn new_ready(value: WideValue) -> Self {
        // SAFETY: the caller's word.
        Self(unsafe { Node::of_words_ready(value.limbs()) })
    }

    /// # Safety
    /// That of [`crate::engine_internals::drop_wide_ready`].
    #[inline(always)]
    pub(crate) unsafe fn drop_ready(&self) {
        // SAFETY: the caller's word; constants are not freed, and all others were made of words.
        unsafe { self.0.drop_ready() }
    }

    /// Returns the value.
    #[inline(always)]
    pub fn get(&self) -> WideValue {
        // SAFETY: `new` and `add_constant` are all that make nodes of this type.
        unsafe { *self.0.start().cast::<WideValue>() }
    }

    /// Returns the value, to be changed, if nobody else holds it.
    #[inline(always)]
    pub(crate) fn get_mut(&mut self) -> Option<&mut WideValue> {
        // SAFETY: the node is this one's alone.
        unsafe { if self.0.is_unique() { Some(&mut *self.0.start().cast::<WideValue>()) } else { None } }
    }

    #[inline(always)]
    pub(crate) fn is_constant(&self) -> bool {
        self.0.is_constant()
    }

    /// Adds an integer to the constants of a script; returns its place.
    pub(crate) fn add_constant(constants: &mut node::Constants, value: WideValue) -> usize {
        constants.add(bytes(&value))
    }

    /// # Safety
    /// That of [`crate::engine_internals::Lent::constant`].
    #[inline(always)]
    pub(crate) unsafe fn constant(start: *const u64, place: usize) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self(Node::constant(start, place)) }
    }

    /// # Safety
    /// That of [`crate::engine_internals::Lent::constant`].
    #[inline(always)]
    pub(crate) unsafe fn lend(&self) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self(self.0.lend()) }
    }
}

/// The memory of an integer.
fn bytes(value: &I256) -> &[u8; size_of::<I256>()] {
    // SAFETY: four words without padding, borrowed as long.
    unsafe { &*core::ptr::from_ref(value).cast() }
}

impl core::ops::Deref for WideInteger {
    type Target = I256;

    #[inline(always)]
    fn deref(&self) -> &I256 {
        // SAFETY: `new` and `add_constant` are all that make nodes of this type.
        unsafe { &*self.0.start().cast::<I256>() }
    }
}
