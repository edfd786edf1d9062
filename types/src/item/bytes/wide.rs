//! Integers of 256 bits as items hold them.
//!
//! # Safety
//! The node has the 32 bytes of an [`I256`], at a multiple of eight. They change
//! only while no other node points there.

use super::{Node, node};
use crate::integer::I256;

/// A counted integer that no `i64` holds. Clones share the memory.
#[derive(Clone)]
pub struct WideInteger(Node);

impl WideInteger {
    /// An integer in memory of its own.
    #[inline]
    pub fn new(value: I256) -> Self {
        Self(Node::new(bytes(&value)))
    }

    /// The integer, to be changed, if nobody else holds it.
    #[inline(always)]
    pub fn get_mut(&mut self) -> Option<&mut I256> {
        // SAFETY: the node is this one's alone.
        unsafe { self.0.is_unique().then(|| &mut *self.0.start().cast::<I256>()) }
    }

    /// The same integer, in memory that belongs to no script.
    #[inline]
    #[must_use]
    pub fn into_owned(self) -> Self {
        if self.0.is_constant() { self.clone() } else { self }
    }

    /// Adds an integer to the constants of a script; returns its place.
    pub fn add_constant(constants: &mut node::Constants, value: I256) -> usize {
        constants.add(bytes(&value))
    }

    /// The constant at a place, lent.
    ///
    /// # Safety
    /// That of [`super::ByteString::constant`]; the place is one that
    /// [`WideInteger::add_constant`] returned.
    #[inline(always)]
    pub unsafe fn constant(start: *const u64, place: usize) -> Self {
        // SAFETY: the caller's word.
        unsafe { Self(Node::constant(start, place)) }
    }

    /// Another reference to the integer, lent if it is lent.
    ///
    /// # Safety
    /// That of [`super::ByteString::constant`].
    #[inline(always)]
    #[must_use]
    pub unsafe fn lend(&self) -> Self {
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
