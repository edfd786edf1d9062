//! Maps: values are read and replaced in place; a builtin finds them, and remembers where.

use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value, condcodes::IntCC, types::I64};
use neovm_interp::tier::{
    self, Builtin,
    builtins::{MAP_HAS_KEY, MAP_PLACE, MAP_VALUE},
    layout,
};

use super::{
    Translator,
    state::{Address, Item, Origin},
};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    /// Returns the address of the item at a depth, if it is presumed to be a map in which the one above it may be looked
    /// up: because it was one at the entry, or because nothing is known of it and the key is a byte string.
    pub(super) fn map_at(&self, ins: &Ins, depth: usize) -> Option<Address> {
        let Item::Ref(address, origin) = self.peek(depth) else { return None };
        let is_map = match self.feedback_at(origin) {
            Some(kind) => kind == tier::Kind::Map,
            None => self.is_bytes(ins, depth - 1),
        };
        let key = self.peek(depth - 1);
        let may_be_key = !matches!(key, Item::Null | Item::I128(_) | Item::Wide(_) | Item::Mem(_));
        (is_map && may_be_key && !self.must_not_speculate(ins)).then_some(address)
    }

    /// Translates PICKITEM: the value becomes a pending copy.
    pub(super) fn pick_from_map(&mut self, ins: &Ins, map: Address) {
        let value = self.look_up(ins, map, 0, &MAP_VALUE);
        self.guard_found(value);
        self.pop();
        self.pop();
        self.push(Item::Ref(Address { base: value, offset: 0 }, Origin::Element));
    }

    /// Translates HASKEY.
    pub(super) fn map_has_key(&mut self, ins: &Ins, map: Address) {
        let answer = self.look_up(ins, map, 0, &MAP_HAS_KEY);
        self.guard_not_negative(answer);
        self.pop();
        self.pop();
        let found = self.builder.ins().icmp_imm_s(IntCC::NotEqual, answer, 0);
        self.push(Item::Bool(found));
    }

    /// Translates SETITEM that replaces an integer, a boolean or Null by another one. New keys are left to the
    /// interpreter.
    pub(super) fn set_in_map(&mut self, ins: &Ins) {
        self.hold_wide(ins);
        let is_value = self.peek(0).is_value();
        let map = self.map_at(ins, 2).filter(|_| is_value || self.may_be_ints(ins, 1));
        let Some(map) = map else { return self.call_builtin(ins) };
        // This may find that the map is an integer, if there are copies of it below, and the look-up fails then.
        self.settle_refs(ins, 3, |origin| origin == Origin::Element);
        if !is_value {
            self.int_at(0);
        }
        let place = self.look_up(ins, map, 1, &MAP_PLACE);
        self.guard_found(place);
        self.replace_element(ins, place);
    }

    /// Replaces the value at an address, which a guard has found, by the item on top, and pops the key and the compound,
    /// too.
    pub(super) fn replace_element(&mut self, ins: &Ins, place: Value) {
        let wide = Self::wide_item(self.peek(0));
        self.guard_tag(place, 0, if wide.is_some() { layout::WIDE } else { layout::LAST_SCALAR });
        let item = self.pop();
        self.pop();
        self.pop();
        self.check_overflow();
        match wide {
            Some(number) => self.replace_by_wide(number, place, 0),
            None => self.write(item, place, 0),
        }
        self.after_effect(ins);
    }

    fn guard_found(&mut self, address: Value) {
        let found = self.builder.ins().icmp_imm_s(IntCC::NotEqual, address, 0);
        self.guard(found);
    }

    /// Looks for the key at a depth in the map at an address.
    fn look_up(&mut self, ins: &Ins, map: Address, depth: usize, builtin: &Builtin<3, 1>) -> Value {
        let map = self.address(map);
        let key = self.key(ins, depth);
        let seen = self.remembered(ins);
        let [found] = self.call_native(builtin, [map, key, seen]);
        found
    }

    /// Returns the address of the key at a depth as an item. Cells of the stack must not be written here: an exit may have
    /// to restore what was there when the segment began.
    fn key(&mut self, ins: &Ins, depth: usize) -> Value {
        match self.peek(depth) {
            Item::Ref(address, _) => self.address(address),
            Item::Const(value) => self.constant_item(ins, value),
            item => {
                let slot = *self.key_slot.get_or_insert_with(|| {
                    let size = layout::ITEM as u32;
                    self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3))
                });
                let address = self.builder.ins().stack_addr(I64, slot, 0);
                self.write(item, address, 0);
                address
            }
        }
    }
}
