//! An allocator that counts the bytes that each thread has in use. A test program installs it:
//!
//! ```
//! use neovm_testing::allocator::{Counting, peak};
//!
//! #[global_allocator]
//! static ALLOCATOR: Counting = Counting;
//!
//! let (bytes, most) = peak(|| vec![0; 1000].len());
//! assert_eq!((bytes, most), (1000, 4000));
//! ```

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    /// The bytes that this thread has in use.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    /// The most bytes in use since the last call of [`peak`].
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, with each thread's bytes counted.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: the system's allocator does all the work; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller upholds what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller upholds what the system's allocator asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller upholds what the system's allocator asks for.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old and the new block exist while the bytes are copied.
        count(size as isize);
        count(-(layout.size() as isize));
        // SAFETY: the caller upholds what the system's allocator asks for.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Returns the bytes that this thread has in use.
pub fn live() -> isize {
    LIVE.get()
}

/// Runs an action. Returns its result and the most bytes that it had in use at once.
pub fn peak<R>(action: impl FnOnce() -> R) -> (R, isize) {
    let before = live();
    PEAK.set(before);
    let result = action();
    (result, PEAK.get() - before)
}
