//! Arrays: their items are read and written in place; all else is a helper's.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC};
use neovm_interp::tier::{layout, layout::ArrayLayout};
use neovm_types::{OpCode, item::Header};

use super::{
    Translator,
    state::{Address, Item, Origin},
};
use crate::code::Ins;

impl Translator<'_> {
    pub(super) fn compound(&mut self, ins: &Ins) {
        use OpCode::*;
        let arrays = self.input.arrays.filter(|_| !self.distrusts(ins));
        match (ins.opcode, arrays) {
            (PICKITEM, Some(arrays)) if self.may_be_ints(ins, 1) => self.pick_item(ins, arrays),
            (SETITEM, Some(arrays)) => self.set_item(ins, arrays),
            (SIZE, Some(arrays)) => match self.peek(0) {
                Item::Ref(address, _) => {
                    let array = self.array(arrays, address);
                    self.pop();
                    let length = self.load(array, arrays.length);
                    self.push(Item::Int(length));
                }
                _ => self.help(ins),
            },
            (PACK | PACKSTRUCT | PACKMAP | NEWARRAY0 | NEWARRAY | NEWARRAY_T, _)
            | (NEWSTRUCT0 | NEWSTRUCT | NEWMAP | KEYS | VALUES, _) => self.help_with(ins, true),
            _ => self.help(ins),
        }
    }

    /// The array at an address, which is counted; leaves if it is none.
    fn array(&mut self, arrays: ArrayLayout, address: Address) -> Value {
        let tag = self.load(address.base, address.offset);
        // An array's tag is even, a struct's is one more.
        let tag = self.builder.ins().band_imm_s(tag, !1);
        self.guard_word(tag, layout::ARRAY);
        let array = self.load(address.base, address.offset + 8);
        let references = self.load_u32(array, arrays.references);
        let counted = self.builder.ins().icmp_imm_s(IntCC::NotEqual, references, 0);
        self.guard(counted);
        array
    }

    /// The address of an array's item; leaves if there is none.
    fn element(&mut self, arrays: ArrayLayout, array: Value, index: Value) -> Value {
        let length = self.load(array, arrays.length);
        let inside = self.builder.ins().icmp(IntCC::UnsignedLessThan, index, length);
        self.guard(inside);
        let items = self.load(array, arrays.items);
        let offset = self.builder.ins().ishl_imm_s(index, i64::from(layout::ITEM.trailing_zeros()));
        self.builder.ins().iadd(items, offset)
    }

    fn pick_item(&mut self, ins: &Ins, arrays: ArrayLayout) {
        let Item::Ref(address, _) = self.peek(1) else { return self.help(ins) };
        let index = self.int_at(0);
        let array = self.array(arrays, address);
        let element = self.element(arrays, array, index);
        self.pop();
        self.pop();
        let address = Address { base: element, offset: 0 };
        self.push(Item::Ref(address, Origin::Element));
    }

    fn set_item(&mut self, ins: &Ins, arrays: ArrayLayout) {
        let Item::Ref(address, _) = self.peek(2) else { return self.help(ins) };
        let is_value = !matches!(self.peek(0), Item::Ref(..) | Item::Mem(_));
        if !self.may_be_index(ins) || !is_value && !self.may_be_ints(ins, 1) {
            return self.help(ins);
        }
        // What was picked from this array or another before it changes.
        self.settle_refs(ins, 3, |origin| origin == Origin::Element);
        if !is_value {
            self.int_at(0);
        }
        let index = self.int_at(1);
        let array = self.array(arrays, address);
        let flags = self.load_byte(array, arrays.flags);
        let read_only = self.builder.ins().band_imm_s(flags, i64::from(Header::READ_ONLY));
        let writable = self.builder.ins().icmp_imm_s(IntCC::Equal, read_only, 0);
        self.guard(writable);
        let borrowed = self.load(array, arrays.borrowed);
        self.guard_word(borrowed, 0);
        let element = self.element(arrays, array, index);
        let old = self.load(element, 0);
        let plain = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, old, layout::PLAIN);
        self.guard(plain);
        let item = self.pop();
        self.pop();
        self.pop();
        self.check_overflow();
        self.write(item, element, 0);
        self.after_effect(ins);
    }

    fn may_be_index(&self, ins: &Ins) -> bool {
        match self.peek(1) {
            Item::Const(_) | Item::Int(_) => true,
            Item::Plain(..) | Item::Ref(..) | Item::Mem(false) => !self.distrusts(ins),
            _ => false,
        }
    }
}
