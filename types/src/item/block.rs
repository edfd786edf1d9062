//! Small blocks of memory, kept for the next use.
//!
//! Scripts make and drop short byte strings and arrays all the time. A thread keeps
//! the blocks that were freed, up to a limit, and takes them again: a few machine
//! instructions where the allocator needs many. Without `std` there are no
//! thread-locals, and each block comes from the allocator.

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use core::ptr::NonNull;

/// Bytes of a block.
pub(super) const SIZE: usize = 48;

const LAYOUT: Layout = Layout::new::<[u64; SIZE / 8]>();

/// A block, not initialized.
#[inline]
pub(super) fn take() -> NonNull<u8> {
    kept::take().unwrap_or_else(allocate)
}

#[cold]
fn allocate() -> NonNull<u8> {
    // SAFETY: the layout has a size.
    NonNull::new(unsafe { alloc(LAYOUT) }).unwrap_or_else(|| handle_alloc_error(LAYOUT))
}

/// Frees a block.
///
/// # Safety
/// It came from [`take`], on whatever thread, and nobody uses it any more.
#[inline]
pub(super) unsafe fn give(block: NonNull<u8>) {
    // SAFETY: the block is the list's from here on, or goes back with its layout.
    unsafe {
        if !kept::give(block) {
            dealloc(block.as_ptr(), LAYOUT);
        }
    }
}

/// How many blocks can be given when [`is_ready`] says so.
const READY: u32 = 3;

/// Whether the next block is taken and the next three are given without the allocator: then [`take_ready`] and
/// [`give_ready`] may follow, which call nothing.
#[inline(always)]
pub(crate) fn is_ready() -> bool {
    kept::is_ready()
}

/// Sees to it that [`is_ready`] says so, except without `std` and while the thread ends.
pub(crate) fn make_ready() {
    // SAFETY: the blocks are nobody else's.
    unsafe {
        if kept::is_empty() {
            give(allocate());
        }
        if !is_ready() {
            for _ in 0..READY {
                kept::take().into_iter().for_each(|block| dealloc(block.as_ptr(), LAYOUT));
            }
        }
    }
}

/// Takes a block as [`take`] does.
///
/// # Safety
/// [`is_ready`] has just said so, and no other block was taken since.
#[inline(always)]
pub(super) unsafe fn take_ready() -> NonNull<u8> {
    // SAFETY: a block is kept, whose place is not null.
    unsafe { NonNull::new_unchecked(kept::take().map_or(core::ptr::null_mut(), NonNull::as_ptr)) }
}

/// Frees a block as [`give`] does.
///
/// # Safety
/// As for [`give`]; [`is_ready`] has just said so, and less than three blocks were given since.
#[inline(always)]
pub(super) unsafe fn give_ready(block: NonNull<u8>) {
    // SAFETY: there is room.
    unsafe { kept::give_ready(block) }
}

#[cfg(feature = "std")]
mod kept {
    use core::{cell::Cell, ptr::NonNull};

    use super::{LAYOUT, dealloc};

    /// Most blocks that a thread keeps: 24 KiB.
    const MOST: u32 = 512;

    /// A list of blocks: each holds the place of the next in its first bytes.
    struct Kept {
        first: Cell<Option<NonNull<u8>>>,
        /// For how many more there is room: for none until somebody frees them when the thread ends.
        room: Cell<u32>,
    }

    impl Kept {
        #[inline(always)]
        fn take(&self) -> Option<NonNull<u8>> {
            let block = self.first.get()?;
            // SAFETY: a block on the list is the list's own.
            self.first.set(unsafe { block.cast().read() });
            self.room.set(self.room.get() + 1);
            Some(block)
        }

        /// # Safety
        /// Nobody else uses the block, and there is room.
        #[inline(always)]
        unsafe fn give(&self, block: NonNull<u8>) {
            // SAFETY: a block has room for a place.
            unsafe { block.cast().write(self.first.get()) };
            self.first.set(Some(block));
            self.room.set(self.room.get() - 1);
        }

        /// Makes room, once in the life of a thread.
        #[cold]
        fn make_room(&self) -> bool {
            let is_first = END.try_with(|end| !end.0.replace(true)).unwrap_or(false);
            if is_first {
                self.room.set(MOST);
            }
            is_first
        }
    }

    /// Frees the blocks when the thread ends. Holds whether there was room before.
    struct End(Cell<bool>);

    impl Drop for End {
        fn drop(&mut self) {
            HERE.with(|kept| {
                while let Some(block) = kept.take() {
                    // SAFETY: it is on no list any more.
                    unsafe { dealloc(block.as_ptr(), LAYOUT) };
                }
                kept.room.set(0);
            });
        }
    }

    std::thread_local! {
        // It drops nothing itself, so that no state has to be looked at wherever it is reached.
        static HERE: Kept = const { Kept { first: Cell::new(None), room: Cell::new(0) } };
        static END: End = const { End(Cell::new(false)) };
    }

    /// A block, if one is kept.
    #[inline(always)]
    pub(super) fn take() -> Option<NonNull<u8>> {
        HERE.with(Kept::take)
    }

    /// Keeps a block; false, with nothing done, if there are enough or the
    /// thread ends.
    ///
    /// # Safety
    /// See [`super::give`].
    #[inline(always)]
    pub(super) unsafe fn give(block: NonNull<u8>) -> bool {
        HERE.with(|kept| {
            let keeps = kept.room.get() != 0 || kept.make_room();
            if keeps {
                // SAFETY: the caller's word; there is room.
                unsafe { kept.give(block) };
            }
            keeps
        })
    }

    /// Whether no block is kept.
    pub(super) fn is_empty() -> bool {
        HERE.with(|kept| kept.first.get().is_none())
    }

    /// See [`super::is_ready`].
    #[inline(always)]
    pub(super) fn is_ready() -> bool {
        HERE.with(|kept| kept.first.get().is_some() && kept.room.get() >= super::READY)
    }

    /// See [`super::give_ready`].
    #[inline(always)]
    pub(super) unsafe fn give_ready(block: NonNull<u8>) {
        // SAFETY: the caller's word.
        HERE.with(|kept| unsafe { kept.give(block) });
    }
}

#[cfg(not(feature = "std"))]
mod kept {
    use core::ptr::NonNull;

    pub(super) fn take() -> Option<NonNull<u8>> {
        None
    }

    pub(super) unsafe fn give(_: NonNull<u8>) -> bool {
        false
    }

    pub(super) fn is_empty() -> bool {
        false
    }

    pub(super) fn is_ready() -> bool {
        false
    }

    pub(super) unsafe fn give_ready(_: NonNull<u8>) {}
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_ready_is_ready() {
        // In a thread of its own, which keeps nothing yet.
        std::thread::spawn(|| {
            assert!(!is_ready());
            make_ready();
            let mut blocks = std::vec::Vec::new();
            // SAFETY: one is taken and three are given each time that it is ready; the others are freed.
            unsafe {
                while blocks.len() < 600 {
                    if is_ready() {
                        blocks.push(take_ready());
                    }
                    make_ready();
                }
                for block in blocks.drain(..) {
                    make_ready();
                    assert!(is_ready());
                    give_ready(block);
                    for other in [take(), take(), take()] {
                        give(other);
                    }
                }
            }
            // A full list has no room for what a handler gives.
            let blocks: std::vec::Vec<_> = (0..1000).map(|_| take()).collect();
            // SAFETY: each was taken and is given once.
            blocks.into_iter().for_each(|block| unsafe { give(block) });
            assert!(!is_ready());
            make_ready();
            assert!(is_ready());
        })
        .join()
        .unwrap();
    }
}
