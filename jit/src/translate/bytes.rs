//! Byte strings that are compared, copied to a slot, or added to one in a slot, without making others.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC};
use neovm_interp::tier::{
    self,
    builtins::{APPEND_BYTES, ASSIGN_BYTES, BYTES_EQUAL},
};
use neovm_types::{OpCode, item::ItemType};

use super::{
    Translator,
    state::{Address, Item, Origin, UsedSlot},
};
use crate::analysis::{
    inline::frame_of,
    instruction::{Ins, SlotUse},
};

/// A CAT whose result is added to a byte string in a slot.
#[derive(Clone, Copy)]
pub(super) struct Appending {
    /// The index of the instruction that stores the result.
    pub(super) stored_by: usize,
    /// What is added.
    pub(super) more: Address,
}

impl Translator<'_> {
    /// Returns whether the item at a depth was observed to be a byte string or a buffer.
    pub(super) fn is_bytes(&self, ins: &Ins, depth: usize) -> bool {
        match self.peek(depth) {
            Item::Ref(_, origin) => {
                !self.must_not_speculate(ins) && self.feedback_at(origin) == Some(tier::Kind::Bytes)
            }
            _ => false,
        }
    }

    /// Returns whether the item at a depth is a pending copy that may be a byte string.
    fn may_be_bytes(&self, ins: &Ins, depth: usize) -> bool {
        match self.peek(depth) {
            Item::Ref(_, origin) => {
                !self.must_not_speculate(ins) && matches!(self.feedback_at(origin), None | Some(tier::Kind::Bytes))
            }
            _ => false,
        }
    }

    /// Translates EQUAL and NOTEQUAL of byte strings; returns false, and does nothing, for other items.
    pub(super) fn compare_bytes(&mut self, ins: &Ins) -> bool {
        let are_bytes =
            (self.is_bytes(ins, 0) || self.is_bytes(ins, 1)) && self.may_be_bytes(ins, 0) && self.may_be_bytes(ins, 1);
        let (Item::Ref(first, _), Item::Ref(second, _)) = (self.peek(1), self.peek(0)) else { return false };
        if !are_bytes {
            return false;
        }
        let (first, second) = (self.address(first), self.address(second));
        let answer = self.ask(&BYTES_EQUAL, [self.vm, first, second]);
        self.pop();
        self.pop();
        self.push_equal(answer, ins.opcode);
        true
    }

    /// Pushes the result of EQUAL or NOTEQUAL: `answer` is one if the items are equal, and zero if not.
    pub(super) fn push_equal(&mut self, answer: Value, opcode: OpCode) {
        let condition = if opcode == OpCode::EQUAL { IntCC::NotEqual } else { IntCC::Equal };
        let result = self.builder.ins().icmp_imm_s(condition, answer, 0);
        self.push(Item::Bool(result));
    }

    /// Stores the pending copy of a byte string in a slot that stays in memory. Returns false, and does nothing, if the
    /// item was no byte string before.
    pub(super) fn assign_bytes(&mut self, ins: &Ins, index: usize) -> bool {
        let had_bytes = self.feedback_at(Origin::Slot(index)) == Some(tier::Kind::Bytes);
        let presumes = self.is_bytes(ins, 0) || had_bytes && self.may_be_bytes(ins, 0);
        let (Item::Ref(from, _), Item::Mem(_), true) = (self.peek(0), self.state.slots[index], presumes) else {
            return false;
        };
        self.before_effect(ins);
        let to = self.address(Address { base: self.frame, offset: self.slots[index].offset });
        let from = self.address(from);
        self.effect(&ASSIGN_BYTES, [to, from]);
        self.pop();
        self.after_effect(ins);
        true
    }

    /// Calls a builtin with an effect at the start of a segment; exits if it refused and did nothing. That is no guard
    /// like others: once the builtin has done something, it must not fail, as tests let guards do.
    fn effect<const N: usize>(&mut self, builtin: &tier::Builtin<N, 1>, arguments: [Value; N]) {
        let [done] = self.call_native(builtin, arguments);
        let exit = self.guard_exit(Some(self.current));
        self.go_on_if(done, exit);
    }

    /// Begins a CAT whose result is converted to a byte string, and stored in the slot that the first operand was copied
    /// from: what STLOC or STARG does then is to add the second operand to the byte string in the slot. Returns false,
    /// and does nothing, for other instructions.
    pub(super) fn begin_append(&mut self, ins: &Ins) -> bool {
        let (Item::Ref(_, Origin::Slot(index)), Item::Ref(more, _)) = (self.peek(1), self.peek(0)) else {
            return false;
        };
        if !self.may_be_bytes(ins, 0) || !self.may_be_bytes(ins, 1) {
            return false;
        }
        let UsedSlot { slot, frame, .. } = self.slots[index];
        let stores = |next: Ins| frame == frame_of(ins.index) && next.slot() == Some(SlotUse::Store(slot));
        if !self.converts(ins.index + 1, ItemType::ByteString) || !self.own(ins.index + 2).is_some_and(stores) {
            return false;
        }
        // Other copies have to be made first.
        let below = &self.state.stack[..self.index(1)];
        if below.iter().any(|item| matches!(item, Item::Ref(_, Origin::Slot(other)) if *other == index)) {
            return false;
        }
        self.before_effect(ins);
        self.appending = Some(Appending { stored_by: ins.index + 2, more });
        self.done_to = ins.index + 2;
        true
    }

    /// Adds a byte string, the one on top, to the one in a slot, at the end of what [`Self::begin_append`] has begun.
    /// Nothing was emitted since, and exits lead to the CAT.
    pub(super) fn append_bytes(&mut self, ins: &Ins, index: usize, more: Address) {
        let to = self.address(Address { base: self.frame, offset: self.slots[index].offset });
        let more = self.address(more);
        self.effect(&APPEND_BYTES, [self.vm, to, more]);
        self.pop();
        self.pop();
        self.after_effect(ins);
    }

    /// Returns an instruction of the current block that may speculate.
    pub(super) fn own(&self, index: usize) -> Option<Ins> {
        let is_own = self.edges.block(index).is_none();
        Ins::read(self.input.code, index).filter(|next| is_own && !self.must_not_speculate(next))
    }

    /// Returns whether such an instruction converts an item to a type.
    pub(super) fn converts(&self, index: usize, wanted: ItemType) -> bool {
        self.own(index).is_some_and(|next| next.opcode == OpCode::CONVERT && next.operand == wanted as i64)
    }
}
