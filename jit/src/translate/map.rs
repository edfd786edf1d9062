//! Maps: values are read and replaced in place; a builtin finds them, and remembers where. What was found holds until an
//! instruction may move it.

use std::collections::btree_map::Entry;

use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value, condcodes::IntCC, types::I64};
use neovm_interp::tier::{self, NO_MAP, builtins::MAP_FIND, layout};
use neovm_types::{OpCode, opcode::Family};

use super::{
    Translator,
    state::{Address, Item, Origin},
};
use crate::{analysis::instruction::Ins, compile::Question};

/// Where the value of a key is in a map.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    /// Where the item of the map is.
    map: Address,
    key: Key<'a>,
    /// The address of the value; it may be null unless `exists`.
    value: Value,
    exists: bool,
}

/// A key that is the same each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key<'a> {
    Bytes(&'a [u8]),
    Const(i64),
    Int(Value),
    /// A copy of the item of a slot or static field.
    At(Address),
}

impl<'a> Translator<'a> {
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
        let value = self.find_value(ins, map, 0);
        self.pop();
        self.pop();
        self.push(Item::Ref(Address { base: value, offset: 0 }, Origin::Element));
    }

    /// Translates HASKEY.
    pub(super) fn map_has_key(&mut self, ins: &Ins, map: Address) {
        let (value, exists) = self.find(ins, map, 0);
        if !exists {
            let is_known = self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, NO_MAP);
            self.guard(is_known);
        }
        self.pop();
        self.pop();
        let has_key = self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, 0);
        self.push(Item::Bool(has_key));
    }

    /// Translates SETITEM that replaces an integer, a boolean or Null by another one. New keys are left to the
    /// interpreter.
    pub(super) fn set_in_map(&mut self, ins: &Ins) {
        self.hold_wide(ins);
        let is_value = self.peek(0).is_value();
        let may_be_set = self.may_be(ins, Question::Replaced) && (is_value || self.may_be_ints(ins, 1));
        let map = self.map_at(ins, 2).filter(|_| may_be_set);
        let Some(map) = map else { return self.call_builtin(ins) };
        // This may find that the map is an integer, if there are copies of it below, and the look-up fails then.
        self.settle_refs(ins, 3, |origin| origin == Origin::Element);
        if !is_value {
            self.int_at(0);
        }
        let place = self.find_value(ins, map, 1);
        let body = self.load(map.base, map.offset + 8);
        self.guard_writable(body, layout::MAP_FLAGS);
        self.replace_element(ins, place);
    }

    /// Replaces the value at an address, which a guard has found, by the item on top, and pops the key and the compound,
    /// too.
    pub(super) fn replace_element(&mut self, ins: &Ins, place: Value) {
        let wide = Self::wide_item(self.peek(0));
        self.guard_tag(
            Address { base: place, offset: 0 },
            if wide.is_some() { layout::WIDE } else { layout::LAST_SCALAR },
        );
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

    /// Returns the address of the value of the key at a depth; exits if there is none.
    fn find_value(&mut self, ins: &Ins, map: Address, depth: usize) -> Value {
        let (value, exists) = self.find(ins, map, depth);
        if !exists {
            let exists = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, value, NO_MAP);
            self.guard(exists);
            self.found.iter_mut().filter(|found| found.value == value).for_each(|found| found.exists = true);
        }
        value
    }

    /// Looks for the key at a depth in the map at an address, unless it was found before. Returns the address of the
    /// value, and whether it is known that there is one.
    fn find(&mut self, ins: &Ins, map: Address, depth: usize) -> (Value, bool) {
        let key = self.known_key(depth);
        if let Some(found) = self.found.iter().find(|found| found.map == map && Some(found.key) == key) {
            return (found.value, found.exists);
        }
        let value = self.look_up(ins, map, depth);
        self.found.extend(key.map(|key| Found { map, key, value, exists: false }));
        (value, false)
    }

    /// Returns the key at a depth, if it and the map below it can be told from others.
    fn known_key(&self, depth: usize) -> Option<Key<'a>> {
        if let Item::Ref(_, Origin::Stack(_)) = self.peek(depth + 1) {
            return None;
        }
        match self.peek(depth) {
            Item::Const(value) => Some(Key::Const(value)),
            Item::Int(value) => Some(Key::Int(value)),
            Item::Ref(_, Origin::Constant(index)) => self.input.code.pushed_bytes(index).map(Key::Bytes),
            Item::Ref(address, Origin::Slot(_) | Origin::Static(_)) => Some(Key::At(address)),
            _ => None,
        }
    }

    /// Forgets what was found by means of the item in a slot or static field, which is about to change.
    pub(super) fn forget_found_by(&mut self, address: Address) {
        self.found.retain(|found| found.map != address && found.key != Key::At(address));
    }

    /// Forgets what an instruction may move that the interpreter runs.
    pub(super) fn forget_moved(&mut self, ins: &Ins) {
        let keeps = match ins.opcode.info().family {
            Family::Push | Family::Splice | Family::Numeric | Family::Bitwise => true,
            Family::Compound => matches!(ins.opcode, OpCode::PICKITEM | OpCode::HASKEY | OpCode::SIZE | OpCode::NEWMAP),
            _ => matches!(ins.opcode, OpCode::CONVERT | OpCode::EQUAL | OpCode::NOTEQUAL),
        };
        if !keeps {
            self.found.clear();
        }
    }

    /// Passes what was found to a block, which keeps what is found on all ways to it.
    pub(super) fn hand_over_found(&mut self, next: usize) {
        match self.found_before.entry(next) {
            Entry::Vacant(entry) => drop(entry.insert(self.found.clone())),
            Entry::Occupied(mut entry) => entry.get_mut().retain_mut(|found| {
                let here = self.found.iter().find(|here| here.value == found.value);
                found.exists &= here.is_some_and(|here| here.exists);
                here.is_some()
            }),
        }
    }

    /// Begins a block with what was found on all ways to it. At the head of a loop, not all of them are known.
    pub(super) fn begin_found(&mut self, start: usize) {
        let found = self.found_before.remove(&start).unwrap_or_default();
        let is_loop = self.input.region.blocks.get(&start).is_none_or(|block| block.is_loop);
        self.found = if is_loop { Vec::new() } else { found };
    }

    /// Looks for the key at a depth in the map at an address.
    fn look_up(&mut self, ins: &Ins, map: Address, depth: usize) -> Value {
        let map = self.address(map);
        let key = self.key(ins, depth);
        let seen = self.remembered(ins);
        let [found] = self.call_native(&MAP_FIND, [map, key, seen]);
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
