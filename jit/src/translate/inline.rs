//! Inlined methods: their frames exist only in registers, and exits make them.
//!
//! A slot of an inlined method is a value, a pending copy of a byte string of the script or of a slot of a caller, which
//! cannot change meanwhile, or an item in its own cell. While a frame is not active its slots are Null and their cells
//! empty. In a function all slots are values; one for which that does not work out is compiled without inlining.

use cranelift_codegen::ir::Value;
use neovm_interp::tier::{Leave, Width, builtins::RELEASE_SLOTS, layout};

use super::{
    Translator,
    exit::Why,
    state::{Address, Item, Origin},
};
use crate::analysis::{
    inline::{Inlined, frame_of},
    instruction::{Ins, Slot},
};

impl Translator<'_> {
    /// Translates a call of an inlined method, its INITSLOT or its RET.
    pub(super) fn inlined(&mut self, ins: &Ins, inlined: Inlined) {
        // Slots of frames change without an instruction that stores to them.
        self.found.clear();
        match inlined {
            Inlined::Call(to) => self.call_inlined(ins, to),
            Inlined::Init => self.init_inlined(ins),
            Inlined::Ret(to) => self.ret_inlined(ins, to),
        }
    }

    /// Makes the arguments values that may be integers, and goes to the method.
    fn call_inlined(&mut self, ins: &Ins, to: usize) {
        let count = self.input.region.frame(to).map_or(0, |frame| usize::from(frame.arguments));
        for depth in 0..count {
            if self.peek(depth).is_value() {
                continue;
            }
            let trusts = !self.must_not_speculate(ins);
            if trusts {
                self.hold_at(ins, depth);
            }
            if trusts && (self.peek(depth).is_value() || self.may_be_int_at(ins, depth)) {
                if self.operand_width(ins, depth).is_some_and(|width| width > Width::Int) {
                    self.number_at(ins, depth);
                } else {
                    self.int_at(depth);
                }
            } else if self.input.method.is_some() {
                return self.leave_at(ins);
            }
        }
        self.settle(&[to]);
        self.go_to(to);
    }

    /// Moves the arguments to the slots of the frame. Local variables are Null already.
    fn init_inlined(&mut self, ins: &Ins) {
        let Some(&frame) = self.input.region.frame(ins.index) else { return self.leave_at(ins) };
        let arguments = (0..frame.arguments).map(|argument| self.used(ins, Slot::Argument(argument)));
        let slots: Vec<_> = arguments.collect();
        let is_mere = slots.iter().enumerate().all(|(depth, &slot)| self.may_be_slot(slot, self.peek(depth)));
        if !is_mere {
            if self.input.method.is_some() {
                return self.leave_at(ins);
            }
            self.check_overflow();
        }
        // Copies come before what they are copied from moves.
        for (depth, &slot) in slots.iter().enumerate() {
            if let item @ Item::Ref(address, origin) = self.peek(depth)
                && !self.may_be_slot(slot, item)
            {
                self.copy_to_slot(address, origin, slot);
            }
        }
        for &slot in &slots {
            match self.pop() {
                Item::Mem(_) => self.move_to_slot(slot),
                item if self.may_be_slot(slot, item) => self.state.slots[slot] = item,
                _ => {}
            }
        }
        if !is_mere {
            self.after_effect(ins);
        }
    }

    /// Returns whether a slot of an inlined method can be an item without holding it in its cell.
    fn may_be_slot(&self, slot: usize, item: Item) -> bool {
        match item {
            Item::Ref(_, Origin::Slot(of)) => self.slots[of].frame != self.slots[slot].frame,
            Item::Ref(_, Origin::Constant(_)) => true,
            item => item.is_value(),
        }
    }

    /// Moves the item that was just popped from its cell to that of a slot.
    fn move_to_slot(&mut self, slot: usize) {
        let from = Address { base: self.base, offset: self.stack_offset(self.state.stack.len()) };
        let to = Address { base: self.frame, offset: self.slots[slot].offset };
        self.move_item(from, to);
        self.state.slots[slot] = Item::Mem(false);
        self.edges.note_in_memory(slot);
    }

    fn move_item(&mut self, from: Address, to: Address) {
        for offset in [0, 8] {
            let word = self.load(from.base, from.offset + offset);
            self.store(word, to.base, to.offset + offset);
        }
    }

    /// Stores the item on top to a slot of an inlined method.
    pub(super) fn store_inlined(&mut self, ins: &Ins, slot: usize) {
        let is_in_memory = matches!(self.state.slots[slot], Item::Mem(_));
        if !is_in_memory && !self.peek(0).is_value() && self.may_be_ints(ins, 1) {
            self.int_at(0);
        }
        let is_mere = self.may_be_slot(slot, self.peek(0));
        if is_mere && !is_in_memory {
            self.state.slots[slot] = self.pop();
            return;
        }
        if self.input.method.is_some() {
            return self.leave_at(ins);
        }
        // The item that is replaced may hold others.
        self.settle_refs(ins, 1, |origin| is_in_memory && origin == Origin::Element);
        self.check_overflow();
        if !is_mere {
            self.spill(1);
        }
        let is_full = is_in_memory.then(|| self.release_slots(slot, 1));
        match self.pop() {
            item if is_mere => self.state.slots[slot] = item,
            _ => self.move_to_slot(slot),
        }
        self.after_effect(ins);
        if let Some(is_full) = is_full {
            self.leave_if(is_full, Leave::Resume, Why::Room);
        }
    }

    /// Drops the items in the cells of some slots, from one on. Returns whether the arena has to grow.
    fn release_slots(&mut self, first: usize, count: usize) -> Value {
        let first = self.address(Address { base: self.frame, offset: self.slots[first].offset });
        let count = self.number(count as i64);
        let [is_full] = self.call_native(&RELEASE_SLOTS, [self.vm, first, count]);
        is_full
    }

    /// Returns to the caller, which continues at an instruction.
    fn ret_inlined(&mut self, ins: &Ins, to: usize) {
        let holds_items = self.holds_items(frame_of(ins.index));
        self.settle_refs(ins, 0, |origin| holds_items && origin == Origin::Element);
        self.leave_frames(ins, to);
        if !self.dead {
            self.settle(&[to]);
            self.go_to(to);
        }
    }

    /// Leaves the frames from that of an instruction to the one in which another runs next. If one of them holds items in
    /// memory, a segment begins there.
    pub(super) fn leave_frames(&mut self, ins: &Ins, to: usize) {
        let active = self.input.region.active_frames(ins.index).map(|(index, _)| frame_of(index));
        let left: Vec<_> = active.take_while(|&frame| frame != frame_of(to)).collect();
        if !left.iter().any(|&frame| self.slots_of(frame).any(|slot| self.edges.is_in_memory(slot))) {
            left.into_iter().for_each(|frame| self.clear_slots(frame));
            return;
        }
        self.check_overflow();
        if left.iter().any(|&frame| self.holds_items(frame)) {
            self.copy_elements();
        }
        let is_full: Vec<_> = left.into_iter().filter_map(|frame| self.leave_frame(frame)).collect();
        self.begin_segment(to, self.gas.ahead());
        for is_full in is_full {
            self.leave_if(is_full, Leave::Resume, Why::Room);
        }
    }

    /// Makes the pending copies of items of compounds.
    fn copy_elements(&mut self) {
        for index in 0..self.state.stack.len() {
            if let Item::Ref(address, origin @ Origin::Element) = self.state.stack[index] {
                self.copy(address, origin, index);
                self.state.stack[index] = Item::Mem(false);
            }
        }
    }

    /// Returns whether a slot of a frame holds an item in memory.
    fn holds_items(&self, frame: usize) -> bool {
        self.slots_of(frame).any(|slot| matches!(self.state.slots[slot], Item::Mem(_)))
    }

    /// Drops what the slots of a frame hold, and moves what is still needed to the stack. Returns whether the arena has to
    /// grow, if that is possible.
    fn leave_frame(&mut self, frame: usize) -> Option<Value> {
        for index in 0..self.state.stack.len() {
            let item = self.state.stack[index];
            let Item::Ref(address, origin @ Origin::Slot(slot)) = item else { continue };
            if self.slots[slot].frame != frame {
                continue;
            }
            if self.state.stack[index + 1..].contains(&item) {
                self.copy(address, origin, index);
            } else {
                self.move_item(address, Address { base: self.base, offset: self.stack_offset(index) });
                self.empty(slot);
                self.state.slots[slot] = Item::Null;
            }
            self.state.stack[index] = Item::Mem(false);
        }
        let slots: Vec<_> = self.slots_of(frame).collect();
        let lowest = slots.iter().copied().min_by_key(|&slot| self.slots[slot].offset);
        let is_full = lowest.filter(|_| self.holds_items(frame)).map(|lowest| self.release_slots(lowest, slots.len()));
        if is_full.is_none() {
            let in_memory: Vec<_> = slots.into_iter().filter(|&slot| self.edges.is_in_memory(slot)).collect();
            in_memory.into_iter().for_each(|slot| self.empty(slot));
        }
        self.clear_slots(frame);
        is_full
    }

    /// Marks the cell of a slot as empty.
    fn empty(&mut self, slot: usize) {
        let empty = self.number(layout::EMPTY);
        self.store(empty, self.frame, self.slots[slot].offset);
    }

    /// Returns the slots of a frame, by their index in the region.
    fn slots_of(&self, frame: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.slots.len()).filter(move |&slot| self.slots[slot].frame == frame)
    }

    /// Makes all slots of a frame Null.
    fn clear_slots(&mut self, frame: usize) {
        let slots = self.slots.iter().zip(&mut self.state.slots);
        slots.filter(|(used, _)| used.frame == frame).for_each(|(_, item)| *item = Item::Null);
    }
}
