//! Leaving: the machine is made as the interpreter would have it.

use std::sync::atomic::AtomicU32;

use cranelift_codegen::ir::{
    AbiParam, Block, InstBuilder, MemFlagsData, Signature, Value,
    condcodes::IntCC,
    types::{I8, I32, I64},
};
use cranelift_codegen::isa::CallConv;
use neovm_interp::tier::{Exit, HELPED, Helped, Leave, copy_item, layout};

use super::{
    Translator,
    slot_offset,
    state::{Item, State},
};
use crate::stats::ExitRecord;

/// Why compiled code is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The region's end: control goes on elsewhere.
    Edge,
    /// An instruction that only the interpreter runs.
    Opcode,
    /// Too few units of gas for a block.
    Gas,
    /// Too little room for items, or too few of them.
    Room,
    /// Items of other kinds than were seen where the region is entered.
    Entry,
    /// What was taken for granted within the region does not hold.
    Guard,
    /// A fault, or too many items, in an operation of the interpreter.
    Fault,
}

impl Why {
    /// All reasons.
    pub const ALL: [Self; 7] =
        [Self::Edge, Self::Opcode, Self::Gas, Self::Room, Self::Entry, Self::Guard, Self::Fault];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Opcode => "opcode",
            Self::Gas => "gas",
            Self::Room => "room",
            Self::Entry => "entry",
            Self::Guard => "guard",
            Self::Fault => "fault",
        }
    }
}

/// An exit to be emitted.
pub(super) struct ExitPlan {
    pub(super) block: Block,
    pub(super) place: usize,
    pub(super) state: State,
    pub(super) meter: Value,
    pub(super) refund: i64,
    pub(super) leave: Leave,
    pub(super) why: Why,
    /// What a helper returned that did not end well; the state's items above
    /// those that it took are in memory.
    pub(super) helped: Option<Value>,
}

impl Translator<'_> {
    pub(super) fn emit_exits(&mut self) {
        for plan in core::mem::take(&mut self.exits) {
            self.builder.switch_to_block(plan.block);
            self.restore(&plan.state);
            let meter = self.builder.ins().iadd_imm_s(plan.meter, plan.refund);
            self.store(meter, self.vm, layout::METER);
            self.store(self.frame, self.vm, layout::SLOTS);
            let cell = self.number(self.input.code.cell_address(plan.place) as i64);
            match plan.helped {
                Some(helped) => self.leave_as_helped(helped, cell),
                None => {
                    let top = self.stack_offset(plan.state.stack.len());
                    let sp = self.builder.ins().iadd_imm_s(self.base, i64::from(top));
                    self.store(sp, self.vm, layout::SP);
                    self.store(cell, self.vm, layout::IP);
                    let reason = self.builder.ins().iconst(I8, plan.leave as i64);
                    self.store_reason(reason);
                }
            }
            self.record(&plan);
            self.builder.ins().return_(&[]);
        }
    }

    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    fn store_reason(&mut self, reason: Value) {
        self.builder.ins().store(MemFlagsData::trusted(), reason, self.vm, crate::module::REASON);
    }

    /// Leaves as a helper says: at its instruction, whose cell is given, or
    /// behind it.
    fn leave_as_helped(&mut self, helped: Value, cell: Value) {
        let sp = self.builder.ins().band_imm_s(helped, !(HELPED as i64));
        self.store(sp, self.vm, layout::SP);
        let how = self.builder.ins().band_imm_s(helped, HELPED as i64);
        let behind = self.builder.ins().icmp_imm_s(IntCC::Equal, how, Helped::Resume as i64);
        let next = self.builder.ins().iadd_imm_s(cell, layout::CELL as i64);
        let cell = self.builder.ins().select(behind, next, cell);
        self.store(cell, self.vm, layout::IP);
        let reason = self.builder.ins().ireduce(I8, how);
        self.store_reason(reason);
    }

    /// Counts the exit, and tells the machine which it is.
    fn record(&mut self, plan: &ExitPlan) {
        let exit = Exit {
            taken: AtomicU32::new(0),
            number: self.records.len() as u32,
            region: self.input.number,
        };
        let (place, segment) = (plan.place, self.segment_of(plan));
        let record = Box::new(ExitRecord { exit, why: plan.why, place, segment });
        let address = core::ptr::from_ref(&record.exit).addr();
        self.records.push(record);
        let address = self.number(address as i64);
        let taken = self.builder.ins().load(I32, MemFlagsData::trusted(), address, 0);
        let taken = self.builder.ins().iadd_imm_s(taken, 1);
        self.builder.ins().store(MemFlagsData::trusted(), taken, address, 0);
        self.store(address, self.vm, layout::EXIT);
    }

    /// The instructions that a failed guard may have been for: from the exit's
    /// place to the next effect or the block's end.
    fn segment_of(&self, plan: &ExitPlan) -> core::ops::Range<usize> {
        let region = self.input.region;
        let block = region.blocks.range(..=plan.place).next_back();
        let end = block.and_then(|(_, block)| block.instructions.last()).map_or(plan.place, |ins| ins.place);
        plan.place..end.max(plan.place) + 1
    }

    /// Writes what is not in memory there.
    fn restore(&mut self, state: &State) {
        // What is still to be copied comes first: from slots, before they are written.
        for (index, item) in state.stack.iter().enumerate() {
            if let Item::Ref(address, _) = item {
                self.copy(*address, index);
            }
        }
        for (index, item) in state.stack.iter().enumerate() {
            let offset = self.stack_offset(index);
            self.write(*item, self.base, offset);
        }
        for (index, item) in state.slots.iter().enumerate() {
            if self.slots[index].stored {
                self.write(*item, self.frame, slot_offset(self.slots[index].slot));
            }
        }
    }

    /// Writes an item that is a value to a cell.
    pub(super) fn write(&mut self, item: Item, address: Value, offset: i32) {
        let (tag, payload) = match item {
            Item::Const(value) => (layout::INTEGER, Some(self.number(value))),
            Item::Int(value) => (layout::INTEGER, Some(value)),
            Item::Bool(value) => (layout::BOOLEAN, Some(self.builder.ins().uextend(I64, value))),
            Item::Null => (layout::NULL, None),
            Item::Ref(..) | Item::Mem(_) => return,
        };
        let tag = self.number(tag);
        self.store(tag, address, offset);
        if let Some(payload) = payload {
            self.store(payload, address, offset + 8);
        }
    }

    /// Copies an item to a cell of the stack, and counts it.
    pub(super) fn copy(&mut self, from: Value, index: usize) {
        let signature = *self.copy_signature.get_or_insert_with(|| {
            let mut signature = Signature::new(CallConv::SystemV);
            signature.params.extend([AbiParam::new(I64); 3]);
            self.builder.import_signature(signature)
        });
        let function = self.number(copy_item as *const () as usize as i64);
        let offset = i64::from(self.stack_offset(index));
        let to = self.builder.ins().iadd_imm_s(self.base, offset);
        self.builder.ins().call_indirect(signature, function, &[self.vm, from, to]);
    }
}
