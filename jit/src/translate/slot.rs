//! Local variables, arguments and static fields.

use neovm_interp::tier::layout;

use super::{
    Translator,
    bytes::Appending,
    state::{Address, Item, Origin},
};
use crate::{
    analysis::{
        inline::frame_of,
        instruction::{Ins, Slot, SlotUse},
    },
    compile::Question,
};

impl Translator<'_> {
    pub(super) fn slot(&mut self, ins: &Ins, slot_use: SlotUse) {
        match slot_use {
            SlotUse::Load(slot) => self.load_slot(ins, slot),
            SlotUse::Store(slot) => self.store_slot(ins, slot),
            SlotUse::LoadStatic(index) => match self.statics {
                Some(statics) => {
                    let address = Address { base: statics, offset: i32::from(index) * layout::ITEM };
                    self.push(Item::Ref(address, Origin::Static(index)));
                }
                None => self.call_builtin(ins),
            },
            SlotUse::StoreStatic(index) => self.store_static(ins, index),
        }
    }

    /// Returns the index of a slot of the frame in which an instruction runs.
    pub(super) fn used(&self, ins: &Ins, slot: Slot) -> usize {
        let own = (frame_of(ins.index), slot);
        self.slots.iter().position(|used| (used.frame, used.slot) == own).unwrap_or_default()
    }

    fn load_slot(&mut self, ins: &Ins, slot: Slot) {
        let index = self.used(ins, slot);
        let item = self.state.slots[index];
        let address = Address { base: self.frame, offset: self.slots[index].offset };
        self.push(if let Item::Mem(_) = item { Item::Ref(address, Origin::Slot(index)) } else { item });
    }

    fn store_slot(&mut self, ins: &Ins, slot: Slot) {
        let index = self.used(ins, slot);
        self.forget_found_by(Address { base: self.frame, offset: self.slots[index].offset });
        if let Some(Appending { more, .. }) = self.appending.take().filter(|appending| appending.stored_by == ins.index)
        {
            return self.append_bytes(ins, index, more);
        }
        self.hold_wide(ins);
        self.settle_refs(ins, 1, |origin| origin == Origin::Slot(index));
        if self.assign_bytes(ins, index) {
            return;
        }
        if self.slots[index].frame > 0 {
            return self.store_inlined(ins, index);
        }
        let old_is_value = self.state.slots[index].is_value();
        let old_may_be_scalar = old_is_value || self.may_be(ins, Question::Replaced) && self.may_be_scalar(index);
        let new_is_value = self.peek(0).is_value();
        if !old_may_be_scalar || !new_is_value && !self.may_be_ints(ins, 1) {
            return self.store_by_builtin(ins, index);
        }
        if !new_is_value {
            self.int_at(0);
        }
        if !old_is_value {
            let cell = Address { base: self.frame, offset: self.slots[index].offset };
            self.guard_tag(cell, layout::LAST_SCALAR);
        }
        let item = self.pop();
        self.state.slots[index] = item;
    }

    /// Stores an item to a slot that stays in memory, by the builtin.
    fn store_by_builtin(&mut self, ins: &Ins, index: usize) {
        // Guards come first: an exit to before the write would make the slot's integer once more.
        self.settle_refs(ins, 1, |origin| origin == Origin::Element);
        self.before_effect(ins);
        let offset = self.slots[index].offset;
        self.write(self.state.slots[index], self.frame, offset);
        self.state.slots[index] = Item::Mem(false);
        self.call_builtin(ins);
    }

    fn store_static(&mut self, ins: &Ins, index: u8) {
        let Some(statics) = self.statics else { return self.call_builtin(ins) };
        self.forget_found_by(Address { base: statics, offset: i32::from(index) * layout::ITEM });
        self.hold_wide(ins);
        let new_is_value = self.peek(0).is_value();
        self.settle_refs(ins, 1, |origin| origin == Origin::Static(index));
        if !self.may_be(ins, Question::Replaced) || !new_is_value && !self.may_be_ints(ins, 1) {
            return self.call_builtin(ins);
        }
        if !new_is_value {
            self.int_at(0);
        }
        let offset = i32::from(index) * layout::ITEM;
        let wide = Self::wide_item(self.peek(0));
        let cell = Address { base: statics, offset };
        self.guard_tag(cell, if wide.is_some() { layout::WIDE } else { layout::LAST_SCALAR });
        let item = self.pop();
        self.check_overflow();
        match wide {
            Some(number) => self.replace_by_wide(number, statics, offset),
            None => self.write(item, statics, offset),
        }
        self.after_effect(ins);
    }
}
