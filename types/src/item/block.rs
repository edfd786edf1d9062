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

#[cfg(feature = "std")]
mod kept {
    use core::{cell::Cell, ptr::NonNull};

    use super::{LAYOUT, dealloc};

    /// Most blocks that a thread keeps: 24 KiB.
    const MOST: u32 = 512;

    /// A list of blocks: each holds the place of the next in its first bytes.
    struct Kept {
        first: Cell<Option<NonNull<u8>>>,
        count: Cell<u32>,
    }

    impl Kept {
        #[inline(always)]
        fn take(&self) -> Option<NonNull<u8>> {
            let block = self.first.get()?;
            // SAFETY: a block on the list is the list's own.
            self.first.set(unsafe { block.cast().read() });
            self.count.set(self.count.get() - 1);
            Some(block)
        }

        /// # Safety
        /// See [`super::give`].
        #[inline(always)]
        unsafe fn give(&self, block: NonNull<u8>) -> bool {
            if self.count.get() == MOST {
                return false;
            }
            // SAFETY: nobody else uses the block, which has room for a place.
            unsafe { block.cast().write(self.first.get()) };
            self.first.set(Some(block));
            self.count.set(self.count.get() + 1);
            true
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            while let Some(block) = self.take() {
                // SAFETY: it is on no list any more.
                unsafe { dealloc(block.as_ptr(), LAYOUT) };
            }
        }
    }

    std::thread_local! {
        static HERE: Kept = const { Kept { first: Cell::new(None), count: Cell::new(0) } };
    }

    /// A block, if one is kept. None while the thread ends.
    #[inline(always)]
    pub(super) fn take() -> Option<NonNull<u8>> {
        HERE.try_with(Kept::take).ok().flatten()
    }

    /// Keeps a block; false, with nothing done, if there are enough or the
    /// thread ends.
    ///
    /// # Safety
    /// See [`super::give`].
    #[inline(always)]
    pub(super) unsafe fn give(block: NonNull<u8>) -> bool {
        // SAFETY: the caller's word.
        HERE.try_with(|kept| unsafe { kept.give(block) }).unwrap_or(false)
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
}
