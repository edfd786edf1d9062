//! Converts items to integers and conditions, and writes them to memory.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I64},
};
use neovm_interp::tier::{Width, layout};

use super::{
    Translator,
    edges::Words,
    exit::Why,
    state::{Address, Item, Kind, Origin},
    wide::Number,
};
use crate::{analysis::instruction::Ins, compile::Question};

impl Translator<'_> {
    pub(super) fn push(&mut self, item: Item) {
        self.state.stack.push(item);
    }

    pub(super) fn pop(&mut self) -> Item {
        self.state.stack.pop().unwrap_or(Item::Mem(false))
    }

    /// Returns the item at a depth; the top has depth 0.
    pub(super) fn peek(&self, depth: usize) -> Item {
        self.state.stack.get(self.index(depth)).copied().unwrap_or(Item::Mem(false))
    }

    /// Returns the index of the item at a depth, counted from the lowest item that the region touches.
    pub(super) fn index(&self, depth: usize) -> usize {
        self.state.stack.len().wrapping_sub(depth + 1)
    }

    /// Returns an item that is a copy of the item at a depth.
    pub(super) fn copy_of(&mut self, depth: usize) -> Item {
        match self.peek(depth) {
            Item::Mem(_) => {
                let origin = Origin::Stack(self.index(depth));
                Item::Ref(self.origin(origin), origin)
            }
            item => item,
        }
    }

    /// Returns whether the topmost `count` items may be compiled as integers.
    pub(super) fn may_be_ints(&self, ins: &Ins, count: usize) -> bool {
        (0..count).all(|depth| self.may_be_int_at(ins, depth))
    }

    /// Returns whether the item at a depth may be compiled as an integer.
    pub(super) fn may_be_int_at(&self, ins: &Ins, depth: usize) -> bool {
        match self.peek(depth) {
            Item::Const(_) | Item::Int(_) | Item::Bool(_) => true,
            Item::Scalar(..) | Item::I128(_) | Item::Wide(_) => !self.must_not_speculate(ins),
            Item::Null | Item::Mem(true) => false,
            Item::Ref(_, origin) => self.may_be(ins, Question::Integer(depth)) && self.may_be_int(origin),
            Item::Mem(false) => self.may_be(ins, Question::Integer(depth)),
        }
    }

    /// Returns whether an item in memory may be presumed to be of the kind that a question about an instruction is for.
    pub(super) fn may_be(&self, ins: &Ins, question: Question) -> bool {
        !self.must_not_speculate(ins) && !self.input.speculation.is_other(ins.index, question)
    }

    /// Returns whether the item at a depth is presumed not to be a small value, because it was not one before.
    pub(super) fn is_presumed_other(&self, depth: usize) -> bool {
        match self.peek(depth) {
            Item::Mem(is_other) => is_other,
            Item::Ref(_, origin) => !self.may_be_int(origin),
            _ => false,
        }
    }

    /// Returns whether an instruction that can fail even on integers may be compiled for the integers on top.
    pub(super) fn may_compute(&self, ins: &Ins, count: usize) -> bool {
        !self.must_not_speculate(ins) && self.may_be_ints(ins, count)
    }

    /// Returns whether an item copied from `origin` may be an integer. The type observed in a slot at the entry is
    /// presumed to last.
    fn may_be_int(&self, origin: Origin) -> bool {
        match origin {
            Origin::Slot(index) => self.may_be_scalar(index),
            Origin::Stack(index) => self.state.stack.get(index) != Some(&Item::Mem(true)),
            Origin::Static(_) | Origin::Element => true,
            Origin::Constant(_) => false,
        }
    }

    /// Returns the item at a depth as an integer; exits if it is not one.
    pub(super) fn int_at(&mut self, depth: usize) -> Value {
        match self.peek(depth) {
            Item::Const(value) => self.number(value),
            Item::Int(value) => value,
            Item::Bool(value) => self.builder.ins().uextend(I64, value),
            item @ (Item::I128(_) | Item::Wide(_)) => {
                let words = match &item {
                    Item::I128(words) => &words[..],
                    Item::Wide(words) => &words[..],
                    _ => &[],
                };
                let (lost, value) = (self.differs_from_sign(words), words[0]);
                let fits = self.builder.ins().bxor_imm_s(lost, 1);
                self.guard(fits);
                let items = self.state.stack.iter_mut().chain(&mut self.state.slots);
                items.filter(|other| **other == item).for_each(|other| *other = Item::Int(value));
                value
            }
            item @ Item::Scalar(tag, value) => {
                self.guard_word(tag, layout::INTEGER);
                let items = self.state.stack.iter_mut().chain(&mut self.state.slots);
                items.filter(|other| **other == item).for_each(|other| *other = Item::Int(value));
                value
            }
            item => {
                let index = self.index(depth);
                let cell = self.address_of(item, index);
                self.guard_tag(cell, layout::INTEGER);
                let value = self.load(cell.base, cell.offset + 8);
                self.found_int(item, index, value);
                value
            }
        }
    }

    /// Returns the address of an item of the stack that is in memory.
    fn address_of(&self, item: Item, index: usize) -> Address {
        match item {
            Item::Ref(address, _) => address,
            _ => Address { base: self.base, offset: self.stack_offset(index) },
        }
    }

    /// Records that an item is an integer, and so are its origin and the other copies of it.
    fn found_int(&mut self, item: Item, index: usize, value: Value) {
        let items = self.state.stack.iter_mut().chain(&mut self.state.slots);
        for other in items.filter(|other| matches!(item, Item::Ref(..)) && **other == item) {
            *other = Item::Int(value);
        }
        self.state.stack[index] = Item::Int(value);
        let own = match item {
            Item::Ref(_, Origin::Slot(slot)) => {
                self.state.slots[slot] = Item::Int(value);
                return;
            }
            Item::Ref(_, Origin::Stack(index)) => index,
            _ => index,
        };
        // The item in its cell and all copies of it.
        for other in &mut self.state.stack {
            if matches!(other, Item::Ref(_, Origin::Stack(of)) if *of == own) {
                *other = Item::Int(value);
            }
        }
        self.state.stack[own] = Item::Int(value);
    }

    /// Pops the top item as an integer.
    pub(super) fn pop_int(&mut self) -> Value {
        let value = self.int_at(0);
        self.pop();
        value
    }

    /// Returns whether the item at a depth may be compiled as a condition.
    pub(super) fn may_be_condition(&self, ins: &Ins, depth: usize) -> bool {
        match self.peek(depth) {
            Item::Mem(true) | Item::Ref(_, Origin::Constant(_)) => false,
            Item::Ref(..) | Item::Mem(false) => self.may_be(ins, Question::Condition(depth)),
            _ => true,
        }
    }

    /// Pops the top item as a condition, a value of type `I8`.
    pub(super) fn pop_condition(&mut self) -> Value {
        let item = self.peek(0);
        let condition = match item {
            Item::Bool(value) => value,
            Item::Const(value) => self.builder.ins().iconst(I8, i64::from(value != 0)),
            Item::Int(value) | Item::Scalar(_, value) => self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, 0),
            Item::Null => self.builder.ins().iconst(I8, 0),
            Item::I128(words) => self.is_nonzero(Number::I128(words)),
            Item::Wide(words) => self.is_nonzero(Number::Wide(words)),
            Item::Ref(..) | Item::Mem(_) => {
                let cell = self.address_of(item, self.index(0));
                self.guard_tag(cell, layout::BOOLEAN);
                let value = self.load(cell.base, cell.offset + 8);
                self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, 0)
            }
        };
        self.pop();
        condition
    }

    /// Loads items that are to be exchanged or copied into values. Returns false, and the instruction is left to its
    /// builtin, if one of them has to stay in its cell.
    pub(super) fn movable(&mut self, ins: &Ins, depths: impl Iterator<Item = usize> + Clone) -> bool {
        if depths.clone().any(|depth| match self.peek(depth) {
            Item::Mem(other) => other || !self.may_be(ins, Question::Integer(depth)),
            _ => false,
        }) {
            return false;
        }
        for depth in depths.clone() {
            self.hold_at(ins, depth);
        }
        for depth in depths {
            if let Item::Mem(_) = self.peek(depth) {
                self.int_at(depth);
            }
        }
        true
    }

    /// Writes the topmost `count` items to their cells. Nothing may fail from here until the effect of the
    /// instruction.
    pub(super) fn spill(&mut self, count: usize) {
        for depth in (0..count).rev() {
            let index = self.index(depth);
            match self.state.stack[index] {
                Item::Ref(address, origin) => self.copy(address, origin, index),
                item => {
                    let offset = self.stack_offset(index);
                    self.write(item, self.base, offset);
                }
            }
            self.state.stack[index] = Item::Mem(false);
        }
    }

    /// Makes the pending copies whose origin `picks` selects, before an effect changes what they are copied from. The
    /// topmost `but` items are left alone.
    pub(super) fn settle_refs(&mut self, ins: &Ins, but: usize, picks: impl Fn(Origin) -> bool) {
        let count = self.state.stack.len().saturating_sub(but);
        for index in 0..count {
            let Item::Ref(address, origin) = self.state.stack[index] else { continue };
            if !picks(origin) {
                continue;
            }
            if self.must_not_speculate(ins) {
                self.before_effect(ins);
                self.copy(address, origin, index);
                self.state.stack[index] = Item::Mem(false);
                let cost = self.input.code.meter_cost(ins.index);
                self.begin_segment(ins.index, self.gas.ahead() + cost);
            } else {
                let depth = self.state.stack.len() - 1 - index;
                self.int_at(depth);
            }
        }
    }

    /// Prepares the state for a transition to the blocks `next`: makes the pending copies, and loads the integers
    /// that these blocks expect.
    pub(super) fn settle(&mut self, next: &[usize]) {
        let inside: Vec<_> = next.iter().copied().filter(|&next| !self.is_mismatched(next)).collect();
        let next = &inside[..];
        let cost = self.gas.charge_before(next);
        self.charge(cost);
        let trusts = !self.must_not_speculate_at(self.current);
        for index in 0..self.state.stack.len() {
            let kinds = || self.edges.kinds(next, index).flatten();
            let is_int = match self.state.stack[index] {
                Item::Ref(_, Origin::Element) => trusts && kinds().all(|kind| kind == Kind::Int),
                Item::Ref(..) | Item::Mem(false) => trusts && kinds().any(|kind| kind == Kind::Int),
                _ => false,
            };
            if is_int {
                self.int_at(self.state.stack.len() - 1 - index);
            }
        }
        for index in 0..self.state.stack.len() {
            let Item::Ref(address, origin) = self.state.stack[index] else { continue };
            let stays = self.edges.kinds(next, index).all(|kind| kind == Some(Kind::Ref(origin)));
            if origin == Origin::Element || !stays {
                self.check_overflow();
                self.copy(address, origin, index);
                self.state.stack[index] = Item::Mem(false);
            }
        }
        for index in 0..self.state.slots.len() {
            let Item::Ref(address, origin) = self.state.slots[index] else { continue };
            if !self.edges.slot_kinds(next, index).all(|kind| kind == Kind::Ref(origin)) {
                self.check_overflow();
                self.copy_to_slot(address, origin, index);
            }
        }
    }

    /// Goes to a block, or out of the region. All guards have been emitted except those for overflows.
    pub(super) fn go_to(&mut self, next: usize) {
        let Some(block) = self.edges.block(next).filter(|_| !self.is_mismatched(next)) else {
            return self.leave(next, 0, self.why_leaving(next));
        };
        let cost = self.gas.charge_for(next);
        self.charge(cost);
        match self.overflows.any.take() {
            Some(overflow) if !self.edges.writes(next, &self.state) => {
                let overflow = self.counted(overflow, true);
                let exit = self.overflow_exit();
                self.reconcile(next);
                self.builder.ins().brif(overflow, exit, &[], block, &[]);
            }
            overflow => {
                self.overflows.any = overflow;
                self.check_overflow();
                self.reconcile(next);
                self.builder.ins().jump(block, &[]);
            }
        }
        self.dead = true;
    }

    /// Returns the block that a branch can target directly, inside or outside the region; none if something has to be
    /// written before.
    pub(super) fn way_to(&mut self, next: usize) -> Option<Block> {
        let Some(block) = self.edges.block(next).filter(|_| !self.is_mismatched(next)) else {
            return Some(self.exit_to(next, 0, self.why_leaving(next)));
        };
        if self.edges.writes(next, &self.state) || !self.gas.fits(next) {
            return None;
        }
        self.reconcile(next);
        Some(block)
    }

    /// Returns whether another block expects another height of the stack, or other try blocks, than the current one
    /// leads to it with.
    fn is_mismatched(&self, next: usize) -> bool {
        self.mismatched.contains(&next)
    }

    /// Returns why the region ends before an instruction.
    pub(super) fn why_leaving(&self, index: usize) -> Why {
        let leaves =
            Ins::read(self.input.code, index).is_none_or(|ins| ins.flow() == crate::analysis::instruction::Flow::Leave);
        if leaves { Why::Opcode } else { Why::Edge }
    }

    /// Brings the items into the form that a block expects.
    pub(super) fn reconcile(&mut self, next: usize) {
        self.hand_over_found(next);
        let shape = self.edges.join(next, &self.state);
        self.hand_over_tries(&shape.tries);
        for index in 0..shape.stack.len() {
            let cell = (self.base, self.stack_offset(index));
            self.hand_over(self.state.stack[index], shape.stack[index], self.edges.stack[index], cell);
        }
        for index in 0..shape.slots.len() {
            if shape.slots[index] == Kind::Mem && self.slots[index].frame > 0 {
                self.edges.note_in_memory(index);
            }
            let cell = (self.frame, self.slots[index].offset);
            self.hand_over(self.state.slots[index], shape.slots[index], self.edges.slots[index], cell);
        }
    }

    /// Passes an item to a block that expects it as a kind.
    fn hand_over(&mut self, item: Item, kind: Kind, words: Words, (address, offset): (Value, i32)) {
        let Words { number: [payload, ..], tag } = words;
        if let Some(width @ (Width::I128 | Width::Wide)) = kind.width() {
            let number = match item {
                Item::I128(words) => Number::I128(words),
                Item::Wide(words) => Number::Wide(words),
                Item::Int(value) => Number::Int(value),
                Item::Const(value) => Number::Int(self.number(value)),
                // The kinds disagree, and the next round joins them.
                _ => Number::Int(self.number(0)),
            };
            let number = self.extend(number, width);
            return self.define(words, number);
        }
        if kind == Kind::Scalar {
            let known = match item {
                Item::Scalar(tag, _) => tag,
                Item::Bool(_) => self.number(layout::BOOLEAN),
                Item::Null => self.number(layout::NULL),
                _ => self.number(layout::INTEGER),
            };
            self.builder.def_var(tag, known);
        }
        let value = match (kind, item) {
            (Kind::Mem, item) => return self.write(item, address, offset),
            (Kind::Null | Kind::Ref(_), _) => return,
            (_, Item::Const(value)) => self.number(value),
            (_, Item::Int(value) | Item::Scalar(_, value)) => value,
            (_, Item::Bool(value)) => self.builder.ins().uextend(I64, value),
            // Null; or the kinds disagree, and the next round joins them.
            _ => self.number(0),
        };
        self.builder.def_var(payload, value);
    }
}
