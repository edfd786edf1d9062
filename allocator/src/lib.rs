//! The allocator of the command `neovm`: mimalloc, with large blocks spread over the sets of the first-level cache.
//!
//! mimalloc's larger blocks begin where a page begins. A cache of 32 KiB with eight ways finds the set of a line by the lower twelve
//! bits of its address, so the beginnings of all such blocks share a few sets. Moreover, AMD's processors guess the way by a hash of the
//! higher bits: two lines of one set whose hashes are equal evict each other at each access. An EVM's stack and its registers once lay
//! like that, and calls took 27 % longer in one build of the program than in another, whose earlier allocations happened to be others.
//!
//! So a block of [`SPREAD`] bytes begins some cache lines behind the beginning of its page; how many follows from the address of the
//! page. jemalloc does the same for its large blocks (`opt.cache_oblivious`).

use std::{
    alloc::{GlobalAlloc, Layout},
    ops::RangeInclusive,
};

use mimalloc::MiMalloc;

/// The sizes, in bytes, of blocks that do not begin where a page begins: a stack or a table that is in use all the time. What is larger is
/// walked through, not kept in the cache.
pub const SPREAD: RangeInclusive<usize> = (16 << 10)..=(1 << 20);

/// Bytes of a page, the part of memory after which sets repeat.
const PAGE: usize = 4096;
/// Bytes of a cache line.
const LINE: usize = 64;

/// mimalloc, but for where blocks of [`SPREAD`] bytes begin.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: neovm_allocator::Allocator = neovm_allocator::Allocator;
///
/// let begins: std::collections::BTreeSet<_> = [(); 32].map(|()| vec![1_u8; 32 << 10]).iter().map(|block| block.as_ptr().addr() % 4096).collect();
/// assert!(begins.len() > 16);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator;

/// Whether a block of this layout is spread. Most layouts are known when they are compiled, and so is the answer.
#[inline]
fn is_spread(layout: Layout) -> bool {
    SPREAD.contains(&layout.size()) && layout.align() <= LINE
}

/// What mimalloc is asked for where a block is spread: a page more, from the beginning of a page.
fn with_page(layout: Layout) -> Layout {
    // SAFETY: the size is at most `SPREAD`'s last and a page, and a page is a power of two.
    unsafe { Layout::from_size_align_unchecked(layout.size() + PAGE, PAGE) }
}

/// A block with `with_page`'s layout becomes what is given away: it begins at a multiple of [`LINE`] below [`PAGE`], by the hash of its page's
/// number. Null stays null.
fn spread(block: *mut u8) -> *mut u8 {
    let page = (block.addr() / PAGE) as u64;
    let hash = page.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PAGE.ilog2());
    block.wrapping_add(hash as usize / LINE * LINE)
}

/// [`GlobalAlloc::alloc`] for blocks that are spread, out of the way of the others.
///
/// # Safety
///
/// `is_spread(layout)`.
#[cold]
#[inline(never)]
unsafe fn alloc_spread(layout: Layout, is_zeroed: bool) -> *mut u8 {
    let layout = with_page(layout);
    // SAFETY: the size is not zero.
    spread(unsafe { if is_zeroed { MiMalloc.alloc_zeroed(layout) } else { MiMalloc.alloc(layout) } })
}

/// [`GlobalAlloc::dealloc`] for these blocks.
///
/// # Safety
///
/// `place` came of `alloc_spread` for `layout` and was not given back yet.
#[cold]
#[inline(never)]
unsafe fn dealloc_spread(place: *mut u8, layout: Layout) {
    // SAFETY: `spread` stays within the page in which mimalloc's block began.
    unsafe { MiMalloc.dealloc(place.wrapping_sub(place.addr() % PAGE), with_page(layout)) }
}

/// [`GlobalAlloc::realloc`] where the block was spread or will be: always a new one.
///
/// # Safety
///
/// As for [`GlobalAlloc::realloc`], where `layout` has the new size.
#[cold]
#[inline(never)]
unsafe fn replace(place: *mut u8, old: Layout, layout: Layout) -> *mut u8 {
    // SAFETY: the new size is not zero, by the caller.
    let new = unsafe { Allocator.alloc(layout) };
    if !new.is_null() {
        // SAFETY: both blocks have that many bytes, and they are different; `place` was made with `old`, by the caller.
        unsafe {
            place.copy_to_nonoverlapping(new, old.size().min(layout.size()));
            Allocator.dealloc(place, old);
        }
    }
    new
}

// SAFETY: mimalloc upholds the contract for all layouts that are passed on. A block that is spread is one of mimalloc's with `PAGE` bytes more and
// the alignment `PAGE`; what is given away begins less than `PAGE` bytes behind its beginning, so it lies within, at a multiple of `LINE`, which is
// the largest alignment of such a block. `dealloc` and `realloc` get the layout that the block was made with, so `is_spread` answers as it did then.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_spread(layout) {
            // SAFETY: just checked.
            return unsafe { alloc_spread(layout, false) };
        }
        // SAFETY: the caller's.
        unsafe { MiMalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_spread(layout) {
            // SAFETY: just checked.
            return unsafe { alloc_spread(layout, true) };
        }
        // SAFETY: the caller's.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if is_spread(layout) {
            // SAFETY: this allocator made it with this layout, by the caller.
            return unsafe { dealloc_spread(place, layout) };
        }
        // SAFETY: the caller's.
        unsafe { MiMalloc.dealloc(place, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller upholds that `size` makes a layout with this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if is_spread(layout) || is_spread(new) {
            // SAFETY: the caller's.
            return unsafe { replace(place, layout, new) };
        }
        // SAFETY: the caller's; mimalloc made the block and goes on with it.
        unsafe { MiMalloc.realloc(place, layout, size) }
    }
}
