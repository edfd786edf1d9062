//! Blocks of the allocator: where they begin, what they keep when they grow and shrink, on several threads.

use std::{
    alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc},
    collections::BTreeSet,
    hint::black_box,
    thread,
};

use neovm_allocator::{Allocator, SPREAD};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// The byte at place `index` of a block that tests fill.
fn filling(index: usize) -> u8 {
    (index % 251) as u8
}

/// A block of `layout`, filled; given back when dropped.
struct Block {
    place: *mut u8,
    layout: Layout,
}

impl Block {
    fn new(layout: Layout) -> Self {
        // SAFETY: tests ask for no empty block.
        let place = unsafe { alloc(layout) };
        assert!(!place.is_null() && place.addr().is_multiple_of(layout.align()), "{layout:?}");
        let block = Self { place, layout };
        block.fill(0);
        block
    }

    fn fill(&self, from: usize) {
        // SAFETY: the places are within the block.
        (from..self.layout.size()).for_each(|index| unsafe { self.place.add(index).write(filling(index)) });
    }

    fn check(&self, size: usize) {
        // SAFETY: the places are within the block and were written.
        let wrong = (0..size).find(|&index| unsafe { self.place.add(index).read() } != filling(index));
        assert_eq!(wrong, None, "{:?}", self.layout);
    }

    fn resize(&mut self, size: usize) {
        let old = self.layout;
        self.layout = Layout::from_size_align(size, old.align()).unwrap();
        // SAFETY: the block was made with `old`, `size` is not zero and makes a layout.
        self.place = unsafe { realloc(self.place, old, size) };
        assert!(!self.place.is_null() && self.place.addr().is_multiple_of(old.align()), "{old:?} to {size}");
        self.check(size.min(old.size()));
        self.fill(old.size());
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check(self.layout.size());
        // SAFETY: made with this layout and not given back yet.
        unsafe { dealloc(self.place, self.layout) };
    }
}

/// Sizes at the bounds, and all around them.
fn sizes() -> Vec<usize> {
    let (least, most) = (*SPREAD.start(), *SPREAD.end());
    vec![
        1,
        4096,
        least - 1,
        least,
        least + 1,
        32 << 10,
        40_000,
        64 << 10,
        most - 4096,
        most - 1,
        most,
        most + 1,
        3 << 20,
    ]
}

#[test]
fn blocks_begin_all_over_a_page() {
    let blocks: Vec<_> = (0..64).map(|_| Block::new(Layout::from_size_align(32 << 10, 8).unwrap())).collect();
    let begins: BTreeSet<_> = blocks.iter().map(|block| block.place.addr() % 4096).collect();
    assert!(begins.len() >= 24, "{begins:?}");
}

#[test]
fn blocks_keep_what_they_hold() {
    for align in [1, 8, 64, 128, 4096, 1 << 16] {
        for from in sizes() {
            for to in sizes() {
                let mut block = Block::new(Layout::from_size_align(from, align).unwrap());
                block.resize(to);
            }
        }
    }
}

#[test]
fn zeroed_blocks_are_zeroed() {
    for size in sizes() {
        let layout = Layout::from_size_align(size, 8).unwrap();
        drop(Block::new(layout));
        // SAFETY: not empty; given back below with the same layout, and all bytes are written.
        unsafe {
            let place = alloc_zeroed(layout);
            assert!(!place.is_null());
            assert!(std::slice::from_raw_parts(place, size).iter().all(|&byte| byte == 0), "{size}");
            dealloc(place, layout);
        }
    }
}

#[test]
fn what_cannot_be_had_is_refused() {
    let most = isize::MAX as usize - 63;
    let layout = Layout::from_size_align(most, 64).unwrap();
    // SAFETY: not empty. What is not looked at could be optimized away.
    assert!(black_box(unsafe { alloc(layout) }).is_null());
    let block = Block::new(Layout::from_size_align(32 << 10, 64).unwrap());
    // SAFETY: the block's layout, and a size that makes a layout; the block is what it was.
    assert!(black_box(unsafe { realloc(block.place, block.layout, most) }).is_null());
}

#[test]
fn threads_give_back_what_others_made() {
    let made = thread::scope(|scope| {
        let makers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| (0..50).map(|index| vec![filling(index); 20_000 + index * 999]).collect::<Vec<_>>())
            })
            .collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect::<Vec<_>>()
    });
    thread::scope(|scope| {
        for blocks in made {
            scope.spawn(move || {
                for (index, block) in blocks.into_iter().enumerate() {
                    assert!(block.iter().all(|&byte| byte == filling(index)));
                }
            });
        }
    });
}
