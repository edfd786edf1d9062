//! A machine that goes on from the state of another one.

use alloc::vec::Vec;

use neovm_types::{
    StackItem,
    engine_internals::{Candidate, ForkedItems},
};

use super::{EMPTY_SLOTS, State, Vm};
use crate::{
    config::{RunOptions, VmConfig},
    frame::{Frame, Load},
    stack::{Cells, set_empty, tag, tag_of},
};

impl Vm {
    /// Returns a machine in the same state, which shares no compound and no buffer with this one: both can go on. It
    /// has neither budget nor interrupt flag.
    ///
    /// There is none while an instruction runs, once the execution has ended, if a jump has led into the middle of an
    /// instruction, or if there was no room for the items.
    pub fn fork(&self, items: &mut ForkedItems) -> Option<Self> {
        let is_between = self.state == State::Break && !self.in_instruction && self.left_frames.is_empty();
        if !is_between || self.loads.is_empty() || self.loads.iter().any(|load| load.misaligned.is_some()) {
            return None;
        }
        let config = VmConfig {
            hardfork: self.hardfork,
            prices: self.prices.clone(),
            limits: self.limits,
            dispatch: self.dispatch,
        };
        let mut fork = Self::new(config, RunOptions::default());
        fork.copy_stacks(self, items);
        fork.copy_slots(self, items);
        let load = |load: &Load| Load {
            statics: load.statics.iter().map(|item| items.copy(item)).collect(),
            code: load.code.clone(),
            misaligned: None,
            id: load.id,
            stack: moved(load.stack, &self.arena, &fork.arena),
            return_count: load.return_count,
            frames: load.frames,
            free: load.free,
        };
        fork.loads = self.loads.iter().map(load).collect();
        let frame = |frame: &Frame| Frame { slots: moved(frame.slots, &self.slot_cells, &fork.slot_cells), ..*frame };
        fork.frames = self.frames.iter().map(frame).collect();
        fork.pending = self.pending.as_ref().map(|item| items.copy(item));
        fork.copy_notes(self, items);
        fork.select_load();
        (!items.is_full()).then_some(fork)
    }

    /// Copies the evaluation stacks, and with them the room that is left for items.
    fn copy_stacks(&mut self, original: &Self, items: &mut ForkedItems) {
        if self.arena.capacity() != original.arena.capacity() {
            self.arena = Cells::new(original.arena.capacity());
        }
        let used = original.cells_between(original.arena.start(), original.sp);
        // SAFETY: both arenas have as many cells. Up to `sp` those of the original are items or sentinels; those of
        // the copy hold nothing yet.
        unsafe { copy_cells(original.arena.start(), self.arena.start(), used, items) };
        let here = |place| moved(place, &original.arena, &self.arena);
        (self.sp, self.limit, self.end) = (here(original.sp), here(original.limit), here(original.end));
    }

    /// Copies the slots of all contexts. Those behind them are empty.
    fn copy_slots(&mut self, original: &Self, items: &mut ForkedItems) {
        let capacity = original.slot_cells.capacity();
        if self.slot_cells.capacity() != capacity {
            self.slot_cells = Cells::new_empty(capacity.max(EMPTY_SLOTS));
        }
        let top = original.slots.wrapping_add(original.locals as usize);
        let used = original.cells_between(original.slot_cells.start(), top);
        // SAFETY: both have as many cells. Up to the last local variable those of the original are items or empty;
        // those of the copy are empty.
        unsafe { copy_cells(original.slot_cells.start(), self.slot_cells.start(), used, items) };
        self.slots = moved(original.slots, &original.slot_cells, &self.slot_cells);
        (self.locals, self.args_offset) = (original.locals, original.args_offset);
    }

    /// Copies what else tells how the execution goes on.
    fn copy_notes(&mut self, original: &Self, items: &ForkedItems) {
        let copies = |list: &[Candidate]| -> Vec<Candidate> {
            // Those that the machine does not reach any more concern the original's memory alone.
            let copy = |candidate: &Candidate| Candidate::new(&items.known(&candidate.upgrade()?)?);
            list.iter().filter_map(copy).collect()
        };
        (self.zeros, self.held, self.tracked) =
            (copies(&original.zeros), copies(&original.held), copies(&original.tracked));
        (self.held_due, self.tracked_due) = (original.held_due, original.tracked_due);
        self.try_blocks.clone_from(&original.try_blocks);
        self.gas = original.gas.clone();
        // The original's meter may run; that of a fork does not until it goes on.
        self.gas.settle(original.meter);
        self.ref_delta = original.ref_delta;
        self.fault.clone_from(&original.fault);
        self.ip = original.ip;
        (self.load_frames, self.try_base, self.jumped) = (original.load_frames, original.try_base, original.jumped);
        self.last_load = original.last_load;
    }
}

/// The place in other cells that lies where one lies in some.
fn moved(place: *mut StackItem, from: &Cells, to: &Cells) -> *mut StackItem {
    let distance = (place as isize).wrapping_sub(from.start() as isize);
    to.start().wrapping_byte_offset(distance)
}

/// Copies cells with the items in them.
///
/// # Safety
/// There are so many cells at both places. Those at `from` are occupied by items or marked as empty, and stay so
/// meanwhile; those at `to` own nothing.
unsafe fn copy_cells(from: *const StackItem, to: *mut StackItem, count: usize, items: &mut ForkedItems) {
    for i in 0..count {
        // SAFETY: within the cells; an item is read only from a cell that holds one.
        unsafe {
            if tag_of(from.add(i)) == tag::EMPTY {
                set_empty(to.add(i));
            } else {
                to.add(i).write(items.copy(&*from.add(i)));
            }
        }
    }
}
