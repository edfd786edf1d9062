//! Counted bytes: what byte strings, buffers and wide integers refer to.
//!
//! A node is one allocation, a head and the bytes behind it, so that small byte
//! strings cost one small allocation and a buffer becomes a byte string without
//! a copy where nobody else holds it. The count of a *constant* never changes:
//! its bytes belong to a decoded script, which threads share.
//!
//! # Safety
//! What holds: a `Node` points to a head
//! with `length` initialized bytes behind it. Unless the head's count is
//! [`CONSTANT`] the node was made by `Node::allocate`, the count is the number of
//! `Node`s that point to it, and all of them are on one thread (`Node` is
//! neither `Send` nor `Sync`). Bytes change through [`Node::write`] alone, never
//! while [`Node::look`] lends them, and never those of a byte string.

use alloc::{
    alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error, realloc},
    vec::Vec,
};
use core::{ptr::NonNull, str::Utf8Error};

use super::super::{block, compound::being_read};
use crate::fault::FaultKind;

/// The count of constants. Counts of others stay below.
const CONSTANT: u32 = u32::MAX;

/// Bytes from which on it is worth to know of a constant whether it is text.
const LONG: usize = 256;

/// What lies before the bytes.
#[repr(C)]
struct Head {
    /// How many nodes point here.
    count: u32,
    /// How many look at a buffer's bytes just now.
    looks: u16,
    /// Whether the bytes, as they are now, were found to be UTF-8: long constants when they
    /// were made, others when somebody asked.
    is_text: bool,
    /// Number of bytes.
    length: u32,
    /// For how many bytes there is room.
    capacity: u32,
}

/// Where the number of bytes lies in the head.
pub(crate) const LENGTH: usize = core::mem::offset_of!(Head, length);

/// Most bytes of a node.
const MOST: usize = i32::MAX as usize;

/// Most bytes that memory that grows gets in advance.
const SLACK: usize = 4096;

/// Most bytes of a node that is a block of the thread's: all but the head.
const SMALL: usize = block::SIZE - size_of::<Head>();

/// A counted reference to bytes.
pub(super) struct Node(NonNull<Head>);

impl Node {
    /// A node whose bytes are not initialized, or zero.
    fn allocate(length: usize, zeroed: bool) -> Self {
        let place = if length <= SMALL { block::take() } else { Self::allocate_large(length, zeroed) };
        let head = place.cast::<Head>();
        let capacity = length.max(SMALL) as u32;
        // SAFETY: there is room for a head, and the bytes of a small node.
        unsafe {
            head.write(Head { count: 1, looks: 0, is_text: false, length: length as u32, capacity });
            if zeroed && length <= SMALL {
                head.add(1).cast::<u8>().write_bytes(0, length);
            }
        }
        Self(head)
    }

    /// Memory for a head and bytes that are too many for a block. A long row of
    /// zeros comes zeroed from the allocator.
    #[cold]
    fn allocate_large(length: usize, zeroed: bool) -> NonNull<u8> {
        let layout = Self::large_layout(length);
        // SAFETY: the layout has the head's size at least.
        let place = unsafe { if zeroed { alloc_zeroed(layout) } else { alloc(layout) } };
        NonNull::new(place).unwrap_or_else(|| handle_alloc_error(layout))
    }

    fn large_layout(length: usize) -> Layout {
        assert!(length <= MOST, "a byte string of {length} bytes");
        let size = size_of::<Head>() + length;
        Layout::from_size_align(size, align_of::<Head>()).unwrap_or(Layout::new::<Head>())
    }

    /// Frees the memory.
    ///
    /// # Safety
    /// No other node points there, and this one is forgotten.
    unsafe fn free(head: NonNull<Head>) {
        // SAFETY: `allocate` or `grow` got it in the same way, by the same capacity.
        unsafe {
            match head.as_ref().capacity as usize {
                ..=SMALL => block::give(head.cast()),
                capacity => dealloc(head.as_ptr().cast(), Self::large_layout(capacity)),
            }
        }
    }

    /// A copy of bytes.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self::joined(bytes, &[])
    }

    /// The bytes of four words, each written at once.
    #[inline]
    pub(super) fn of_words(words: [u64; 4]) -> Self {
        let node = Self::allocate(size_of_val(&words), false);
        // SAFETY: there is room for all of them.
        unsafe { node.set_words(words) };
        node
    }

    /// As [`Node::of_words`].
    ///
    /// # Safety
    /// That of [`block::take_ready`].
    #[inline(always)]
    pub(super) unsafe fn of_words_ready(words: [u64; 4]) -> Self {
        const LENGTH: u32 = size_of::<[u64; 4]>() as u32;
        const { assert!(LENGTH as usize <= SMALL) };
        // SAFETY: there is room for a head, and for the words.
        unsafe {
            let head = block::take_ready().cast::<Head>();
            head.write(Head { count: 1, looks: 0, is_text: false, length: LENGTH, capacity: SMALL as u32 });
            let node = Self(head);
            node.set_words(words);
            node
        }
    }

    /// Writes four words, each at once. Joined, the stores would wait for those of the words.
    ///
    /// # Safety
    /// There is room for them, and nobody else reaches them.
    #[inline(always)]
    unsafe fn set_words(&self, words: [u64; 4]) {
        let [first, second, third, fourth] = words;
        // SAFETY: the caller's word.
        unsafe {
            let start = self.start().cast::<u64>();
            start.write_volatile(first);
            start.add(1).write_volatile(second);
            start.add(2).write_volatile(third);
            start.add(3).write_volatile(fourth);
        }
    }

    /// Drops the node.
    ///
    /// # Safety
    /// It is forgotten. It was made of words; that of [`block::give_ready`].
    #[inline(always)]
    pub(super) unsafe fn drop_ready(&self) {
        // SAFETY: there is a head; with a count of one this is the last node that points to it.
        unsafe {
            let head = self.0.as_ptr();
            match (*head).count {
                1 => block::give_ready(self.0.cast()),
                CONSTANT => {}
                count => (*head).count = count - 1,
            }
        }
    }

    /// A copy of two byte strings, one behind the other.
    pub(super) fn joined(first: &[u8], second: &[u8]) -> Self {
        let node = Self::allocate(first.len() + second.len(), false);
        // SAFETY: there is room for both.
        unsafe {
            let start = node.start();
            start.copy_from_nonoverlapping(first.as_ptr(), first.len());
            start.add(first.len()).copy_from_nonoverlapping(second.as_ptr(), second.len());
        }
        node
    }

    /// Adds bytes behind the others: in place if no other node points there, else to a copy. Memory that grows gets
    /// half as much again, up to [`SLACK`] bytes, so that few of those that are added one by one lead to a copy.
    pub(super) fn append(&mut self, more: &[u8]) {
        let length = self.len();
        let total = length + more.len();
        assert!(total <= MOST, "a byte string of {total} bytes");
        if !self.is_unique() {
            // SAFETY: nothing writes meanwhile.
            *self = Self::joined(unsafe { self.bytes() }, more);
            return;
        }
        // SAFETY: there is a head, and no other node points there, so `more` lies elsewhere. After `grow` there is room.
        unsafe {
            if total > (*self.0.as_ptr()).capacity as usize {
                self.grow((total + (total / 2).min(SLACK)).min(MOST));
            }
            self.start().add(length).copy_from_nonoverlapping(more.as_ptr(), more.len());
            (*self.0.as_ptr()).length = total as u32;
            (*self.0.as_ptr()).is_text = false;
        }
    }

    /// Moves the bytes to where there is room for `capacity` of them, which are too many for a block.
    ///
    /// # Safety
    /// No other node points there.
    #[cold]
    unsafe fn grow(&mut self, capacity: usize) {
        let old = self.0;
        let layout = Self::large_layout(capacity);
        // SAFETY: `allocate` or `grow` got the memory by the old capacity, which is less.
        unsafe {
            self.0 = match (*old.as_ptr()).capacity as usize {
                ..=SMALL => {
                    let place = Self::allocate_large(capacity, false).cast::<Head>();
                    let used = size_of::<Head>() + self.len();
                    place.cast::<u8>().copy_from_nonoverlapping(old.cast(), used);
                    block::give(old.cast());
                    place
                }
                before => {
                    let place = realloc(old.as_ptr().cast(), Self::large_layout(before), layout.size());
                    NonNull::new(place).unwrap_or_else(|| handle_alloc_error(layout)).cast()
                }
            };
            (*self.0.as_ptr()).capacity = capacity as u32;
        }
    }

    /// A node of zeros.
    pub(super) fn zeroed(length: usize) -> Self {
        Self::allocate(length, true)
    }

    /// The number of bytes.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        // SAFETY: there is a head.
        unsafe { (*self.0.as_ptr()).length as usize }
    }

    /// Where the bytes begin, at a multiple of eight.
    #[inline(always)]
    pub(super) fn start(&self) -> *mut u8 {
        // SAFETY: bytes follow the head.
        unsafe { self.0.as_ptr().add(1).cast() }
    }

    /// The bytes.
    ///
    /// # Safety
    /// Nobody calls [`Node::write`] on this node or another that points there
    /// while the bytes are borrowed.
    #[inline(always)]
    pub(super) unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: `length` bytes are initialized, and do not change by the caller's word.
        unsafe { core::slice::from_raw_parts(self.start(), self.len()) }
    }

    /// Calls a function with the bytes, which must not change meanwhile.
    pub(super) fn look<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        /// Looks end even where the function panics.
        struct Look<'a>(&'a Node);
        impl Drop for Look<'_> {
            fn drop(&mut self) {
                // SAFETY: there is a head, and no reference to it.
                unsafe { (*self.0.0.as_ptr()).looks -= 1 }
            }
        }
        // SAFETY: as above. `write` refuses while there are looks.
        unsafe {
            let looks = (*self.0.as_ptr()).looks.checked_add(1);
            (*self.0.as_ptr()).looks = looks.expect("too many look at a buffer");
            let look = Look(self);
            f(look.0.bytes())
        }
    }

    /// Checks that the bytes are UTF-8; once, as long as they do not change.
    pub(super) fn check_text(&self) -> Result<(), Utf8Error> {
        // SAFETY: there is a head.
        if unsafe { (*self.0.as_ptr()).is_text } {
            return Ok(());
        }
        // SAFETY: nothing that could write runs meanwhile.
        core::str::from_utf8(unsafe { self.bytes() })?;
        if !self.is_constant() {
            // SAFETY: there is a head, which no other thread reaches.
            unsafe { (*self.0.as_ptr()).is_text = true }
        }
        Ok(())
    }

    /// The byte at an index, if there is one.
    pub(super) fn get(&self, index: usize) -> Option<u8> {
        // SAFETY: the slice is gone when this returns.
        unsafe { self.bytes().get(index).copied() }
    }

    /// Calls a function with the bytes, to be changed. The function must not
    /// reach other nodes that point here; it is one of this crate.
    ///
    /// # Errors
    /// If somebody is reading the bytes: [`Node::look`].
    #[inline]
    pub(super) fn write<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> Result<R, FaultKind> {
        // SAFETY: nobody is reading the bytes, and `f` reaches them by its argument alone.
        unsafe {
            if (*self.0.as_ptr()).looks != 0 {
                return Err(being_read());
            }
            (*self.0.as_ptr()).is_text = false;
            Ok(f(core::slice::from_raw_parts_mut(self.start(), self.len())))
        }
    }

    /// A constant.
    ///
    /// # Safety
    /// `start` is [`Constants::start`], asked for after all were added, and
    /// [`Constants::add`] returned the place. The node is forgotten or dropped
    /// before the constants.
    #[inline(always)]
    pub(super) unsafe fn constant(start: *const u64, place: usize) -> Self {
        // SAFETY: a head and its bytes lie there; constants are only read.
        unsafe { Self(NonNull::new_unchecked(start.add(place).cast_mut().cast())) }
    }

    /// Whether no other node points there, and nobody looks at it.
    #[inline(always)]
    pub(super) fn is_unique(&self) -> bool {
        // SAFETY: there is a head.
        unsafe { (*self.0.as_ptr()).count == 1 && (*self.0.as_ptr()).looks == 0 }
    }

    /// Whether it is a constant.
    #[inline(always)]
    pub(super) fn is_constant(&self) -> bool {
        // SAFETY: there is a head.
        unsafe { (*self.0.as_ptr()).count == CONSTANT }
    }

    /// Another reference to the same bytes, those of a constant too.
    ///
    /// # Safety
    /// That of a constant is forgotten or dropped before the constant's owner.
    #[inline(always)]
    pub(super) unsafe fn lend(&self) -> Self {
        // SAFETY: there is a head; only this thread counts, and nobody does a constant.
        unsafe {
            let count = (*self.0.as_ptr()).count;
            if count < CONSTANT - 1 {
                (*self.0.as_ptr()).count = count + 1;
            } else {
                assert!(count == CONSTANT, "too many references to a byte string");
            }
        }
        Self(self.0)
    }

    /// Tells nodes apart while they live.
    pub(super) fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }
}

impl Clone for Node {
    /// A clone may outlive the script: that of a constant is a copy.
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: constants, whose bytes never change, are not lent here.
        unsafe { if self.is_constant() { Self::new(self.bytes()) } else { self.lend() } }
    }
}

impl Drop for Node {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: there is a head; with a count of one this is the last node that
        // points to it.
        unsafe {
            let head = self.0.as_ptr();
            match (*head).count {
                CONSTANT => {}
                1 => Self::free(self.0),
                count => (*head).count = count - 1,
            }
        }
    }
}

/// The byte strings that a script's instructions hold, for as many machines as
/// run it: what they push is lent from here, without a copy.
///
/// The engine that lends them makes sure that no lent byte string outlives the
/// constants. Each clone of a lent byte string is a copy.
#[derive(Debug, Default)]
pub struct Constants {
    /// Heads and bytes one behind the other, each from a whole word on.
    words: Vec<u64>,
}

impl Constants {
    /// Adds a byte string and returns its place.
    pub fn add(&mut self, bytes: &[u8]) -> usize {
        let place = self.words.len();
        let is_text = bytes.len() >= LONG && core::str::from_utf8(bytes).is_ok();
        // A count, no looks, and whether it is text: in the order of the head's fields.
        let [a, b, c, d] = CONSTANT.to_ne_bytes();
        let [e, f, g, h] = (bytes.len() as u32).to_ne_bytes();
        // There is no more room than for these bytes; nobody asks.
        self.words.push(u64::from_ne_bytes([a, b, c, d, 0, 0, is_text.into(), 0]));
        self.words.push(u64::from_ne_bytes([e, f, g, h, e, f, g, h]));
        let (whole, rest) = bytes.as_chunks::<8>();
        self.words.extend(whole.iter().map(|&word| u64::from_ne_bytes(word)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.words.push(u64::from_ne_bytes(last));
        }
        place
    }

    /// Returns the size of the constants, in bytes.
    pub fn memory(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// Returns the address from which places are counted.
    pub fn start(&self) -> *const u64 {
        self.words.as_ptr()
    }
}
