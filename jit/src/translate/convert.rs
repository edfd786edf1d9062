//! Items as integers, as conditions, and in memory.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I64},
};
use neovm_interp::tier::layout;

use super::{
    Translator,
    edges::Words,
    exit::Why,
    slot_offset,
    state::{Address, Item, Kind, Origin},
};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    pub(super) fn push(&mut self, item: Item) {
        self.state.stack.push(item);
    }

    pub(super) fn pop(&mut self) -> Item {
        self.state.stack.pop().unwrap_or(Item::Mem(false))
    }

    /// The item at a depth, 0 for the top.
    pub(super) fn peek(&self, depth: usize) -> Item {
        self.state.stack.get(self.index(depth)).copied().unwrap_or(Item::Mem(false))
    }

    /// The number of the item at a depth.
    pub(super) fn index(&self, depth: usize) -> usize {
        self.state.stack.len().wrapping_sub(depth + 1)
    }

    /// The item at a depth, to be copied.
    pub(super) fn copy_of(&mut self, depth: usize) -> Item {
        match self.peek(depth) {
            Item::Mem(_) => {
                let origin = Origin::Stack(self.index(depth));
                Item::Ref(self.origin(origin), origin)
            }
            item => item,
        }
    }

    /// Whether the items at the top may be taken for integers.
    pub(super) fn may_be_ints(&self, ins: &Ins, count: usize) -> bool {
        (0..count).all(|depth| match self.peek(depth) {
            Item::Const(_) | Item::Int(_) | Item::Bool(_) => true,
            Item::Scalar(..) => !self.must_not_speculate(ins),
            Item::Null | Item::Mem(true) => false,
            Item::Ref(_, origin) => !self.must_not_speculate(ins) && self.may_be_int(origin),
            Item::Mem(false) => !self.must_not_speculate(ins),
        })
    }

    /// Whether the item at a depth is taken to be no small value: it was none before.
    pub(super) fn is_presumed_other(&self, depth: usize) -> bool {
        match self.peek(depth) {
            Item::Mem(is_other) => is_other,
            Item::Ref(_, origin) => !self.may_be_int(origin),
            _ => false,
        }
    }

    /// Whether an instruction that may fail with integers, too, may be computed with
    /// those at the top.
    pub(super) fn may_compute(&self, ins: &Ins, count: usize) -> bool {
        !self.must_not_speculate(ins) && self.may_be_ints(ins, count)
    }

    /// What was seen in a slot tells of what is there later.
    fn may_be_int(&self, origin: Origin) -> bool {
        match origin {
            Origin::Slot(index) => self.slot_kind(self.slots[index].slot) != Kind::Mem,
            Origin::Stack(index) => self.state.stack.get(index) != Some(&Item::Mem(true)),
            Origin::Static(_) | Origin::Element => true,
        }
    }

    /// Makes the item at a depth an integer, or leaves if it is none.
    pub(super) fn int_at(&mut self, depth: usize) -> Value {
        match self.peek(depth) {
            Item::Const(value) => self.number(value),
            Item::Int(value) => value,
            Item::Bool(value) => self.builder.ins().uextend(I64, value),
            item @ Item::Scalar(tag, value) => {
                self.guard_word(tag, layout::INTEGER);
                let items = self.state.stack.iter_mut().chain(&mut self.state.slots);
                items.filter(|other| **other == item).for_each(|other| *other = Item::Int(value));
                value
            }
            item => {
                let index = self.index(depth);
                let Address { base, offset } = self.address_of(item, index);
                let tag = self.load(base, offset);
                self.guard_word(tag, layout::INTEGER);
                let value = self.load(base, offset + 8);
                self.found_int(item, index, value);
                value
            }
        }
    }

    /// Where an item of the stack lies that is not a value.
    fn address_of(&self, item: Item, index: usize) -> Address {
        match item {
            Item::Ref(address, _) => address,
            _ => Address { base: self.base, offset: self.stack_offset(index) },
        }
    }

    /// Notes that an item is an integer: where it came from too.
    fn found_int(&mut self, item: Item, index: usize, value: Value) {
        for other in self.state.stack.iter_mut().filter(|other| matches!(item, Item::Ref(..)) && **other == item) {
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
        // The item in its cell, and all copies of it.
        for other in &mut self.state.stack {
            if matches!(other, Item::Ref(_, Origin::Stack(of)) if *of == own) {
                *other = Item::Int(value);
            }
        }
        self.state.stack[own] = Item::Int(value);
    }

    /// Pops the top as an integer.
    pub(super) fn pop_int(&mut self) -> Value {
        let value = self.int_at(0);
        self.pop();
        value
    }

    /// Whether the item at a depth may be taken for a condition.
    pub(super) fn may_be_condition(&self, ins: &Ins, depth: usize) -> bool {
        match self.peek(depth) {
            Item::Ref(..) | Item::Mem(false) => !self.must_not_speculate(ins),
            Item::Mem(true) => false,
            _ => true,
        }
    }

    /// Pops the top as a condition, of type `I8`.
    pub(super) fn pop_condition(&mut self) -> Value {
        let item = self.peek(0);
        let condition = match item {
            Item::Bool(value) => value,
            Item::Const(value) => self.builder.ins().iconst(I8, i64::from(value != 0)),
            Item::Int(value) | Item::Scalar(_, value) => self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, 0),
            Item::Null => self.builder.ins().iconst(I8, 0),
            Item::Ref(..) | Item::Mem(_) => {
                let Address { base, offset } = self.address_of(item, self.index(0));
                let tag = self.load(base, offset);
                let holds = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, tag, layout::BOOLEAN);
                self.guard(holds);
                let value = self.load(base, offset + 8);
                self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, 0)
            }
        };
        self.pop();
        condition
    }

    /// Makes values of items that may be exchanged or copied, or tells that
    /// there is one that must stay in its cell.
    pub(super) fn movable(&mut self, ins: &Ins, depths: impl Iterator<Item = usize> + Clone) -> bool {
        if depths.clone().any(|depth| match self.peek(depth) {
            Item::Mem(other) => other || self.must_not_speculate(ins),
            _ => false,
        }) {
            return false;
        }
        for depth in depths {
            if let Item::Mem(_) = self.peek(depth) {
                self.int_at(depth);
            }
        }
        true
    }

    /// Puts the items at the top into their cells. Nothing may fail from here on
    /// to the effect.
    pub(super) fn spill(&mut self, count: usize) {
        for depth in (0..count).rev() {
            let index = self.index(depth);
            match self.state.stack[index] {
                Item::Ref(address, _) => self.copy(address, index),
                item => {
                    let offset = self.stack_offset(index);
                    self.write(item, self.base, offset);
                }
            }
            self.state.stack[index] = Item::Mem(false);
        }
    }

    /// Makes items of what is only to be copied that an effect may change: those
    /// of an origin that a condition picks, but for some at the top.
    pub(super) fn settle_refs(&mut self, ins: &Ins, but: usize, picks: impl Fn(Origin) -> bool) {
        let count = self.state.stack.len().saturating_sub(but);
        for index in 0..count {
            let Item::Ref(address, origin) = self.state.stack[index] else { continue };
            if !picks(origin) {
                continue;
            }
            if self.must_not_speculate(ins) {
                self.before_effect(ins);
                self.copy(address, index);
                self.state.stack[index] = Item::Mem(false);
                let cost = self.input.code.meter_cost(ins.index);
                self.begin_segment(ins.index, self.gas.ahead() + cost);
            } else {
                let depth = self.state.stack.len() - 1 - index;
                self.int_at(depth);
            }
        }
    }

    /// Makes the state fit to go on to some blocks: nothing is to be copied any
    /// more, and what they expect to be an integer is one.
    pub(super) fn settle(&mut self, next: &[usize]) {
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
                self.copy(address, index);
                self.state.stack[index] = Item::Mem(false);
            }
        }
    }

    /// Goes on to a block, or out of the region. All guards are behind us, but
    /// for overflows.
    pub(super) fn go_to(&mut self, next: usize) {
        let Some(block) = self.edges.block(next) else {
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

    /// Where a branch can go at once, to a block or out of the region; none if
    /// something has to be written on the way.
    pub(super) fn way_to(&mut self, next: usize) -> Option<Block> {
        let Some(block) = self.edges.block(next) else {
            return Some(self.exit_to(next, 0, self.why_leaving(next)));
        };
        if self.edges.writes(next, &self.state) || !self.gas.fits(next) {
            return None;
        }
        self.reconcile(next);
        Some(block)
    }

    /// Why the region ends before an instruction.
    pub(super) fn why_leaving(&self, index: usize) -> Why {
        let leaves =
            Ins::read(self.input.code, index).is_none_or(|ins| ins.flow() == crate::analysis::instruction::Flow::Leave);
        if leaves { Why::Opcode } else { Why::Edge }
    }

    /// Brings the items into the shape that a block begins with.
    pub(super) fn reconcile(&mut self, next: usize) {
        let shape = self.edges.join(next, &self.state);
        for index in 0..shape.stack.len() {
            let cell = (self.base, self.stack_offset(index));
            self.hand_over(self.state.stack[index], shape.stack[index], self.edges.stack[index], cell);
        }
        for index in 0..shape.slots.len() {
            let cell = (self.frame, slot_offset(self.slots[index].slot));
            self.hand_over(self.state.slots[index], shape.slots[index], self.edges.slots[index], cell);
        }
    }

    /// Hands an item over to a block that expects it as a kind.
    fn hand_over(&mut self, item: Item, kind: Kind, [payload, tag]: Words, (address, offset): (Value, i32)) {
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
            // Null, or the kinds are joined in the next round.
            _ => self.number(0),
        };
        self.builder.def_var(payload, value);
    }
}
