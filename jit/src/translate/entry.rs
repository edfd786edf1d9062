//! The entry of a region: checks that the machine is as it was observed, and reads what does not change within the
//! region.

use cranelift_codegen::{
    cursor::{Cursor, FuncCursor},
    ir::{InstBuilder, Value, condcodes::IntCC, types::I64},
};
use neovm_interp::tier::{self, Leave, builtins::BYTES_LENGTH, layout};

use super::{
    Translator,
    edges::Words,
    exit::Why,
    state::{Item, Kind, Origin, Shape, State, UsedSlot},
    wide::Number,
};
use crate::analysis::instruction::{Slot, SlotUse};

impl Translator<'_> {
    /// Translates the entry of a region.
    pub(super) fn entry(&mut self) {
        let block = self.builder.create_block();
        self.builder.append_block_params_for_function_params(block);
        self.builder.switch_to_block(block);
        let [vm, _, base, frame, meter, limit] = self.builder.block_params(block)[..] else { return };
        (self.vm, self.base, self.frame) = (vm, base, frame);
        self.store(limit, vm, layout::LIMIT);
        let top = self.plus(base, i64::from(self.input.region.room.max(0)) * i64::from(layout::ITEM));
        self.store(top, vm, layout::NEEDED);
        let index = self.input.region.entry;
        let meter = self.plus(meter, self.input.code.entry_cost(index));
        self.set_meter(meter);
        let (shape, statics) = (self.entry_shape(), self.statics_used());
        let depth = shape.stack.len();
        self.state = State {
            stack: vec![Item::Mem(false); depth],
            slots: self.slots.iter().map(|used| if used.frame == 0 { Item::Mem(false) } else { Item::Null }).collect(),
            tries: Vec::new(),
        };
        self.begin_segment(index, 0);
        self.gas.need(self.gas.min_gas_at(index));
        let wrong_place = self.check_place(top, limit, statics);
        self.leave_if(wrong_place, Leave::Resume, Why::Room);
        let mut wide = Vec::new();
        let mut wrong = self.check_kinds(&shape, &mut wide);
        self.find_arrays(&mut wrong);
        if let Some(wrong) = wrong.into_iter().reduce(|wrong, more| self.builder.ins().bor(wrong, more)) {
            self.leave_if(wrong, Leave::Deopt, Why::Entry);
        }
        if statics.is_some() {
            self.statics = Some(self.load(vm, layout::STATICS));
        }
        self.load_entry(&shape, wide);
        if self.makes_frames() {
            self.begin_calls();
        }
        if self.input.region.tries > 0 {
            self.begin_tries();
        }
        self.take_entry(&shape);
        self.edges.set_shape(index, shape);
        self.entered = self.jump_to(index);
    }

    /// Returns the kinds of items that are presumed at the entry: those observed, or fewer after a later round.
    fn entry_shape(&self) -> Shape {
        if let Some(shape) = self.edges.shape(self.input.region.entry) {
            return shape.clone();
        }
        let feedback = &self.input.speculation.feedback;
        let stack_inputs = self.input.region.stack_inputs as usize;
        let stack = (0..stack_inputs).rev().map(|depth| Kind::of_feedback(feedback.stack.get(depth))).collect();
        let kind = |used: &UsedSlot| if used.frame == 0 { self.slot_kind(used.slot) } else { Kind::Null };
        let slots = self.slots.iter().map(kind).collect();
        Shape { stack, slots, tries: Vec::new() }
    }

    fn slot_kind(&self, slot: Slot) -> Kind {
        Kind::of_feedback(self.slot_feedback(slot))
    }

    /// Returns whether a slot is presumed to hold a small value. If one of an inlined method holds an item in memory, that
    /// is because it was none.
    pub(super) fn may_be_scalar(&self, index: usize) -> bool {
        let UsedSlot { slot, frame, .. } = self.slots[index];
        frame == 0 && self.slot_kind(slot) != Kind::Mem
    }

    fn slot_feedback(&self, slot: Slot) -> Option<&tier::Kind> {
        match slot {
            Slot::Local(n) => self.input.speculation.feedback.locals.get(usize::from(n)),
            Slot::Argument(n) => self.input.speculation.feedback.arguments.get(usize::from(n)),
        }
    }

    /// Returns the kind observed at an origin.
    pub(super) fn feedback_at(&self, origin: Origin) -> Option<tier::Kind> {
        match origin {
            // Of the slots of inlined methods nothing is observed.
            Origin::Slot(index) if self.slots[index].frame > 0 => None,
            Origin::Slot(index) => self.slot_feedback(self.slots[index].slot).copied(),
            Origin::Constant(_) => Some(tier::Kind::Bytes),
            Origin::Static(_) | Origin::Stack(_) | Origin::Element => None,
        }
    }

    /// Returns the highest static field that the region uses.
    fn statics_used(&self) -> Option<u8> {
        let instructions = self.input.region.blocks.values().flat_map(|block| &block.instructions);
        instructions
            .filter_map(|ins| match ins.slot() {
                Some(SlotUse::LoadStatic(n) | SlotUse::StoreStatic(n)) => Some(n),
                _ => None,
            })
            .max()
    }

    /// Returns whether there are too few items or slots, too little room or gas, or byte strings that are too long.
    fn check_place(&mut self, top: Value, limit: Value, statics: Option<u8>) -> Value {
        let region = self.input.region;
        let mut wrong = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, top, limit);
        if self.gas.min_gas() > 0 {
            let short = self.is_short(self.gas.min_gas());
            wrong = self.builder.ins().bor(wrong, short);
        }
        if region.stack_inputs > 0 {
            let stack = self.load(self.vm, layout::STACK);
            let bytes = self.builder.ins().isub(self.base, stack);
            let least = i64::from(region.stack_inputs) * i64::from(layout::ITEM);
            let missing = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, bytes, least);
            wrong = self.builder.ins().bor(wrong, missing);
        }
        let own = || self.slots.iter().filter(|used| used.frame == 0);
        let highest = |pick: fn(Slot) -> Option<u8>| own().filter_map(|used| pick(used.slot)).max();
        let arguments = highest(|slot| if let Slot::Argument(n) = slot { Some(n) } else { None });
        let locals = highest(|slot| if let Slot::Local(n) = slot { Some(n) } else { None });
        if let Some(highest) = arguments {
            let args_offset = self.load(self.vm, layout::ARGS_OFFSET);
            let most = -(i64::from(highest) + 1) * i64::from(layout::ITEM);
            let missing = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThan, args_offset, most);
            wrong = self.builder.ins().bor(wrong, missing);
        }
        if self.makes_frames() {
            let count = self.load_u32(self.vm, layout::LOCALS);
            let differs = self.builder.ins().icmp_imm_s(IntCC::NotEqual, count, self.input.own_locals() as i64);
            wrong = self.builder.ins().bor(wrong, differs);
        }
        if let Some(highest) = locals {
            wrong = self.or_too_few(wrong, layout::LOCALS, highest);
        }
        if let Some(highest) = statics {
            wrong = self.or_too_few(wrong, layout::STATICS_COUNT, highest);
        }
        // What PUSHDATA checks each time.
        if let Some(longest) = self.longest_byte_string() {
            let most = self.load_u32(self.vm, layout::MAX_ITEM_SIZE);
            let too_long = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThan, most, longest as i64);
            wrong = self.builder.ins().bor(wrong, too_long);
        }
        wrong
    }

    /// Returns the length of the longest byte string that the region pushes.
    fn longest_byte_string(&self) -> Option<usize> {
        let instructions = self.input.region.blocks.values().flat_map(|block| &block.instructions);
        instructions.filter_map(|ins| self.input.code.byte_string(ins.index)).map(|(_, length)| length).max()
    }

    /// Returns `wrong`, or whether a count of the machine is not greater than an index.
    fn or_too_few(&mut self, wrong: Value, count: i32, highest: u8) -> Value {
        let count = self.load_u32(self.vm, count);
        let missing = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, count, i64::from(highest));
        self.builder.ins().bor(wrong, missing)
    }

    /// Returns words of which one is not zero if an item is not of the presumed kind, and reads wide integers.
    fn check_kinds(&mut self, shape: &Shape, wide: &mut Vec<Number>) -> Vec<Value> {
        let mut wrong = Vec::new();
        for (address, offset, kind) in self.entry_items(shape) {
            wrong.push(match (kind, tag_of(kind)) {
                (Kind::I128 | Kind::Wide, _) => {
                    let number = self.read_entry(address, offset, kind, &mut wrong);
                    wide.push(number);
                    continue;
                }
                (_, Some(tag)) => {
                    let found = self.load(address, offset);
                    if tag == 0 { found } else { self.builder.ins().bxor_imm_s(found, tag) }
                }
                (Kind::Scalar, None) => {
                    let found = self.load(address, offset);
                    let other = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, found, layout::NULL);
                    self.builder.ins().uextend(I64, other)
                }
                _ => continue,
            });
        }
        wrong
    }

    /// Reads the items that are presumed to be values.
    fn load_entry(&mut self, shape: &Shape, wide: Vec<Number>) {
        let mut wide = wide.into_iter();
        let variables = self.edges.stack[..shape.stack.len()].iter().chain(&self.edges.slots);
        let variables: Vec<_> = variables.copied().collect();
        for ((address, offset, kind), words) in self.entry_items(shape).into_iter().zip(variables) {
            let Words { number: [payload, ..], tag } = words;
            if let Kind::I128 | Kind::Wide = kind {
                if let Some(number) = wide.next() {
                    self.define(words, number);
                }
                continue;
            }
            if !matches!(kind, Kind::Int | Kind::Bool | Kind::Scalar) {
                continue;
            }
            let mut value = self.load(address, offset + 8);
            if kind == Kind::Scalar {
                let found = self.load(address, offset);
                self.builder.def_var(tag, found);
                // In memory the payload of Null is arbitrary.
                let is_null = self.builder.ins().icmp_imm_s(IntCC::Equal, found, layout::NULL);
                let zero = self.number(0);
                value = self.builder.ins().select(is_null, zero, value);
            }
            self.builder.def_var(payload, value);
        }
    }

    /// Takes wide integers out of the cells that exits write: what is there may be overwritten then.
    fn take_entry(&mut self, shape: &Shape) {
        let stored = shape.stack.iter().map(|_| true).chain(self.slots.iter().map(|used| used.stored));
        let stored: Vec<_> = stored.collect();
        for ((address, offset, kind), stored) in self.entry_items(shape).into_iter().zip(stored) {
            if stored && matches!(kind, Kind::I128 | Kind::Wide) {
                self.take(address, offset);
            }
        }
    }

    /// Returns the addresses and kinds of the items at the entry: those of the stack, then the slots.
    fn entry_items(&self, shape: &Shape) -> Vec<(Value, i32, Kind)> {
        let stack = shape.stack.iter().enumerate().map(|(index, &kind)| (self.base, self.stack_offset(index), kind));
        let slots = shape.slots.iter().zip(&self.slots).filter(|(_, used)| used.frame == 0);
        stack.chain(slots.map(|(&kind, used)| (self.frame, used.offset, kind))).collect()
    }

    /// Reads, at the entry, the arrays in slots that the region does not store. Adds a word to `wrong` that is not
    /// zero if one of the items is not an array.
    fn find_arrays(&mut self, wrong: &mut Vec<Value>) {
        for index in 0..self.slots.len() {
            let UsedSlot { slot, offset, stored, .. } = self.slots[index];
            if stored || self.slot_feedback(slot) != Some(&tier::Kind::Array) {
                continue;
            }
            let tag = self.load(self.frame, offset);
            let tag = self.builder.ins().band_imm_s(tag, !1);
            wrong.push(self.builder.ins().bxor_imm_s(tag, layout::ARRAY));
            let array = self.load(self.frame, offset + 8);
            self.arrays.insert(index, array);
        }
    }

    /// Returns the length of the byte string in a slot that the region does not store, or -1 if the item is not one.
    /// The length is read at the entry.
    pub(super) fn length_in(&mut self, origin: Origin) -> Option<Value> {
        let Origin::Slot(index) = origin else { return None };
        if let Some(&length) = self.lengths.get(&index) {
            return Some(length);
        }
        let UsedSlot { offset, stored, .. } = self.slots[index];
        let entered = self.entered.filter(|_| !stored)?;
        let function = self.functions.builtin(&BYTES_LENGTH, self.builder.func);
        let mut cursor = FuncCursor::new(self.builder.func).at_inst(entered);
        let item = cursor.ins().iadd_imm_s(self.frame, i64::from(offset));
        let call = cursor.ins().call(function, &[item]);
        let length = cursor.func.dfg.first_result(call);
        self.lengths.insert(index, length);
        Some(length)
    }
}

/// Returns the tag of a kind; none for kinds that do not determine it.
fn tag_of(kind: Kind) -> Option<i64> {
    match kind {
        Kind::Int => Some(layout::INTEGER),
        Kind::Bool => Some(layout::BOOLEAN),
        Kind::Null => Some(layout::NULL),
        Kind::I128 | Kind::Wide | Kind::Scalar | Kind::Ref(_) | Kind::Mem => None,
    }
}
