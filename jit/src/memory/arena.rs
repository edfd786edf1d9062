//! Pages for machine code, in a few large mappings that all engines of the process share.
//!
//! A page is either writable or executable, never both. Code takes whole pages: while it runs, no other code can be
//! written to the same page.

use std::sync::Mutex;

use region::{Allocation, Protection};

use crate::lock;

/// The size of a page.
pub(super) const PAGE: usize = 4096;

/// The number of pages of a chunk, unless more are needed at once: as many as a word has bits.
const PAGES: usize = u64::BITS as usize;

/// The chunks that have free pages, or might have some again.
static CHUNKS: Mutex<Vec<Chunk>> = Mutex::new(Vec::new());

/// A mapping, of [`PAGES`] pages or of as many as its only code takes.
struct Chunk {
    memory: Allocation,
    /// The pages that are taken; those of a longer mapping are not counted.
    taken: u64,
    /// The pages that are executable; those that are not taken become writable when they are.
    executable: u64,
}

// SAFETY: a mapping belongs to the process, not to a thread.
unsafe impl Send for Chunk {}

/// Pages for the code of a region, which are freed when they are dropped.
#[derive(Debug)]
pub(super) struct Pages {
    start: *mut u8,
    size: usize,
}

// SAFETY: nothing but its owner knows the pages until they are executable, and from then on they are only read.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

/// Returns a word in which `count` bits from `first` on are set.
fn bits(first: usize, count: usize) -> u64 {
    (u64::MAX >> (PAGES - count)) << first
}

impl Chunk {
    fn new(pages: usize) -> region::Result<Self> {
        let memory = region::alloc(pages.max(PAGES) * PAGE, Protection::READ_WRITE)?;
        Ok(Self { memory, taken: 0, executable: 0 })
    }

    /// Returns the first of `count` pages in a row that are free.
    fn find(&self, count: usize) -> Option<usize> {
        (0..=PAGES.checked_sub(count)?).find(|&first| self.taken & bits(first, count) == 0)
    }

    /// Takes pages that are free, and makes them writable.
    fn take(&mut self, first: usize, count: usize) -> region::Result<Pages> {
        let size = count * PAGE;
        // SAFETY: the pages are part of the mapping.
        let start = unsafe { self.memory.as_mut_ptr::<u8>().add(first * PAGE) };
        let count = count.min(PAGES);
        if self.executable & bits(first, count) != 0 {
            // SAFETY: nobody uses the pages: no code lies there any more.
            unsafe { region::protect(start, size, Protection::READ_WRITE)? };
            self.executable &= !bits(first, count);
        }
        self.taken |= bits(first, count);
        Ok(Pages { start, size })
    }

    fn holds(&self, start: *const u8) -> bool {
        self.memory.as_ptr_range::<u8>().contains(&start)
    }
}

impl Pages {
    /// Takes writable pages for a number of bytes.
    pub(super) fn take(bytes: usize) -> region::Result<Self> {
        let count = bytes.div_ceil(PAGE).max(1);
        let mut chunks = lock(&CHUNKS);
        for chunk in &mut *chunks {
            if let Some(first) = chunk.find(count) {
                return chunk.take(first, count);
            }
        }
        let mut chunk = Chunk::new(count)?;
        let pages = chunk.take(0, count);
        chunks.push(chunk);
        pages
    }

    pub(super) fn start(&self) -> *const u8 {
        self.start
    }

    /// Returns the number of bytes, a multiple of the size of a page.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Writes code at the start of the pages, and makes them executable.
    ///
    /// # Panics
    /// If there is more code than the pages hold.
    pub(super) fn write(&mut self, code: &[u8]) -> region::Result<()> {
        assert!(code.len() <= self.size, "pages were taken for less code");
        // SAFETY: the pages are writable, as `take` made them, and nobody else uses them.
        unsafe { self.start.copy_from_nonoverlapping(code.as_ptr(), code.len()) };
        let mut chunks = lock(&CHUNKS);
        // SAFETY: what becomes read-only is the owner's alone.
        unsafe { region::protect(self.start, self.size, Protection::READ_EXECUTE)? };
        if let Some((chunk, own)) = self.own(&mut chunks) {
            chunk.executable |= own;
        }
        Ok(())
    }

    /// Returns the chunk that the pages lie in, and their bits in its words.
    fn own<'a>(&self, chunks: &'a mut [Chunk]) -> Option<(&'a mut Chunk, u64)> {
        let chunk = chunks.iter_mut().find(|chunk| chunk.holds(self.start))?;
        let first = (self.start.addr() - chunk.memory.as_ptr::<u8>().addr()) / PAGE;
        Some((chunk, bits(first, (self.size / PAGE).min(PAGES))))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let mut chunks = lock(&CHUNKS);
        if let Some((chunk, own)) = self.own(&mut chunks) {
            chunk.taken &= !own;
        }
        // One chunk without code is kept for what comes next.
        let mut kept = 0;
        chunks.retain(|chunk| {
            let is_usual = chunk.memory.len() == PAGES * PAGE;
            kept += usize::from(chunk.taken == 0 && is_usual);
            chunk.taken != 0 || is_usual && kept == 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_free_pages_are_found() {
        let mut chunk = Chunk::new(1).unwrap();
        assert_eq!((chunk.find(1), chunk.find(PAGES), chunk.find(PAGES + 1)), (Some(0), Some(0), None));
        chunk.taken = 0b1101;
        assert_eq!((chunk.find(1), chunk.find(2), chunk.find(PAGES - 4)), (Some(1), Some(4), Some(4)));
        assert_eq!(chunk.find(PAGES - 3), None);
        chunk.taken = u64::MAX;
        assert_eq!(chunk.find(1), None);
    }

    #[test]
    fn pages_hold_code_and_are_used_again() {
        // Returns 7: MOV EAX, 7; RET.
        let code = [0xb8, 7, 0, 0, 0, 0xc3];
        for round in 0..200 {
            let bytes = [1, PAGE, PAGE + 1, 5 * PAGE, (PAGES + 3) * PAGE][round % 5];
            let mut pages = Pages::take(bytes).unwrap();
            assert!(pages.size() >= bytes && pages.size().is_multiple_of(PAGE));
            assert!(pages.start().addr().is_multiple_of(PAGE));
            pages.write(&code).unwrap();
            // SAFETY: the pages are executable now.
            assert_eq!(unsafe { core::slice::from_raw_parts(pages.start(), code.len()) }, code);
        }
    }

    #[test]
    fn pages_do_not_overlap() {
        let mut all: Vec<_> = (1..40).map(|count| Pages::take(count * PAGE).unwrap()).collect();
        all.retain(|pages| pages.size() % (2 * PAGE) == 0);
        all.extend((1..40).map(|count| Pages::take(count * PAGE / 2).unwrap()));
        let mut ranges: Vec<_> = all.iter().map(|pages| (pages.start().addr(), pages.size())).collect();
        ranges.sort_unstable();
        assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "{ranges:?}");
    }
}
