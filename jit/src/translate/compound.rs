//! Arrays: items are read and written in place. Everything else is left to builtins.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC, types::I64};
use neovm_interp::tier::{
    self, Builtin,
    builtins::{ITEM_BYTE, ITEM_SIZE},
    layout,
};
use neovm_types::OpCode;

use super::{
    Translator,
    state::{Address, Item, Origin},
};
use crate::{analysis::instruction::Ins, compile::Question};

impl Translator<'_> {
    pub(super) fn compound(&mut self, ins: &Ins) {
        use OpCode::*;
        let trusts = !self.must_not_speculate(ins);
        match ins.opcode {
            PICKITEM if self.is_bytes(ins, 1) && self.may_compute(ins, 1) => self.pick_byte(),
            PICKITEM if let Some(map) = self.map_at(ins, 1) => self.pick_from_map(ins, map),
            PICKITEM if trusts && self.may_be_ints(ins, 1) => self.pick_item(ins),
            SETITEM if self.map_at(ins, 2).is_some() => self.set_in_map(ins),
            SETITEM if trusts => self.set_item(ins),
            HASKEY if let Some(map) = self.map_at(ins, 1) => self.map_has_key(ins, map),
            SIZE if trusts => self.size(ins),
            UNPACK if trusts => self.unpack(ins),
            UNPACK => self.leave_at(ins),
            PACK | PACKSTRUCT | PACKMAP | NEWARRAY0 | NEWARRAY | NEWARRAY_T => self.call_builtin_with(ins, true),
            NEWSTRUCT0 | NEWSTRUCT | NEWMAP | KEYS | VALUES => self.call_builtin_with(ins, true),
            _ => self.call_builtin(ins),
        }
    }

    /// Translates SIZE: the length of an array, or of a byte string that was looked up at the entry, is read; other
    /// sizes are asked of a builtin.
    fn size(&mut self, ins: &Ins) {
        let Item::Ref(address, origin) = self.peek(0) else { return self.call_builtin(ins) };
        if let Origin::Constant(index) = origin {
            let length = self.input.code.byte_string(index).map_or(0, |(_, length)| length);
            self.pop();
            return self.push(Item::Const(length as i64));
        }
        let length = match self.feedback_at(origin) {
            Some(tier::Kind::Array) => {
                let array = self.array(address, origin);
                self.load(array, layout::ARRAY_LENGTH)
            }
            Some(tier::Kind::Bytes) if let Some(length) = self.length_in(origin) => {
                self.guard_not_negative(length);
                length
            }
            Some(tier::Kind::Bytes) => {
                let tag = self.load(address.base, address.offset);
                let kind = self.builder.ins().iadd_imm_s(tag, -layout::BYTE_STRING);
                let is_bytes = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, kind, 1);
                self.guard(is_bytes);
                let bytes = self.load(address.base, address.offset + 8);
                self.load_u32(bytes, layout::BYTES_LENGTH)
            }
            _ => {
                let item = self.address(address);
                self.ask(&ITEM_SIZE, [item])
            }
        };
        self.pop();
        self.push(Item::Int(length));
    }

    /// Unpacks an array, and exits unless it has as many items as were observed.
    fn unpack(&mut self, ins: &Ins) {
        let index = self.index(0);
        let (address, origin) = match self.peek(0) {
            Item::Ref(address, origin) => (address, origin),
            Item::Mem(_) => (Address { base: self.base, offset: self.stack_offset(index) }, Origin::Stack(index)),
            _ => return self.leave_at(ins),
        };
        let Some(count) = ins.unpacked else { return self.leave_at(ins) };
        let array = self.array(address, origin);
        let length = self.load(array, layout::ARRAY_LENGTH);
        self.guard_word(length, count as i64);
        self.call_builtin(ins);
        self.pop();
        self.push(Item::Const(count as i64));
    }

    fn pick_byte(&mut self) {
        let index = self.pop_int();
        if let Item::Ref(address, _) = self.pop() {
            let item = self.address(address);
            let byte = self.ask(&ITEM_BYTE, [item, index]);
            self.push(Item::Int(byte));
        }
    }

    /// Calls a builtin that has no effect and returns its result; exits if that is negative.
    pub(super) fn ask<const N: usize>(&mut self, builtin: &Builtin<N, 1>, arguments: [Value; N]) -> Value {
        let [answer] = self.call_native(builtin, arguments);
        self.guard_not_negative(answer);
        answer
    }

    pub(super) fn guard_not_negative(&mut self, value: Value) {
        let holds = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, value, 0);
        self.guard(holds);
    }

    /// Returns the address of the array in the cell at an address; exits if the item is not an array or a struct.
    fn array(&mut self, address: Address, origin: Origin) -> Value {
        if let Origin::Slot(index) = origin
            && let Some(&array) = self.arrays.get(&index)
        {
            return array;
        }
        let tag = self.load(address.base, address.offset);
        // The tag of an array is even, and that of a struct is one more.
        let tag = self.builder.ins().band_imm_s(tag, !1);
        self.guard_word(tag, layout::ARRAY);
        self.load(address.base, address.offset + 8)
    }

    /// Returns the address of an item of an array. If the index is out of range, goes to the catch block that catches
    /// the exception of the instruction, which takes `operands` items, or exits.
    fn element(&mut self, ins: &Ins, array: Value, index: Value, operands: usize) -> Value {
        let length = self.load(array, layout::ARRAY_LENGTH);
        let inside = self.builder.ins().icmp(IntCC::UnsignedLessThan, index, length);
        match ins.catch() {
            Some(_) => self.throw_unless(ins, inside, index, length, operands),
            None => self.guard(inside),
        }
        let items = self.load(array, layout::ARRAY_ITEMS);
        let offset = self.builder.ins().ishl_imm_s(index, i64::from(layout::ITEM.trailing_zeros()));
        self.builder.ins().iadd(items, offset)
    }

    fn pick_item(&mut self, ins: &Ins) {
        let Item::Ref(address, origin) = self.peek(1) else { return self.call_builtin(ins) };
        let index = self.int_at(0);
        let array = self.array(address, origin);
        let element = self.element(ins, array, index, 2);
        self.pop();
        self.pop();
        let address = Address { base: element, offset: 0 };
        self.push(Item::Ref(address, Origin::Element));
    }

    fn set_item(&mut self, ins: &Ins) {
        let Item::Ref(..) = self.peek(2) else { return self.call_builtin(ins) };
        self.hold_wide(ins);
        let Item::Ref(address, origin) = self.peek(2) else { return self.call_builtin(ins) };
        let is_value = self.peek(0).is_value();
        if !self.may_be(ins, Question::Replaced) || !self.may_be_index(ins) || !is_value && !self.may_be_ints(ins, 1) {
            return self.call_builtin(ins);
        }
        // Items picked from arrays are copied before the array changes.
        self.settle_refs(ins, 3, |origin| origin == Origin::Element);
        if !is_value {
            self.int_at(0);
        }
        let index = self.int_at(1);
        let array = self.array(address, origin);
        self.guard_writable(array, layout::ARRAY_FLAGS);
        let element = self.element(ins, array, index, 3);
        self.replace_element(ins, element);
    }

    /// Exits if a compound with flags at an offset must not change.
    pub(super) fn guard_writable(&mut self, compound: Value, flags: i32) {
        let flags = self.load_byte(compound, flags);
        let flags = self.builder.ins().uextend(I64, flags);
        let barred = self.builder.ins().band_imm_s(flags, i64::from(layout::BARRED));
        self.guard_word(barred, 0);
    }

    fn may_be_index(&self, ins: &Ins) -> bool {
        match self.peek(1) {
            Item::Const(_) | Item::Int(_) => true,
            Item::Scalar(..) | Item::Ref(..) | Item::Mem(false) => !self.must_not_speculate(ins),
            _ => false,
        }
    }
}
