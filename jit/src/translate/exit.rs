//! Leaving: the machine is made as the interpreter would have it.

use std::sync::Arc;

use cranelift_codegen::ir::{
    AbiParam, Block, InstBuilder, MemFlagsData, Signature, Value,
    condcodes::IntCC,
    types::{I8, I32, I64},
};
use cranelift_codegen::isa::CallConv;
use neovm_interp::tier::{Exit, HELPED, Helped, Leave, copy_item, layout};

use super::{
    Translator, slot_offset,
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
    pub const ALL: [Self; 7] = [Self::Edge, Self::Opcode, Self::Gas, Self::Room, Self::Entry, Self::Guard, Self::Fault];

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
    /// Behind the last instruction that may leave by it.
    pub(super) behind: usize,
    pub(super) state: State,
    pub(super) meter: Value,
    pub(super) refund: i64,
    pub(super) leave: Leave,
    pub(super) why: Why,
    /// What a helper returned that did not end well; the state's items above
    /// those that it took are in memory.
    pub(super) helped: Option<Value>,
    pub(super) caller: Caller,
}

/// What an exit has to do with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Nothing: the machine is left here.
    No,
    /// A method that was called here was left.
    Left,
}

impl Translator<'_> {
    pub(super) fn emit_exits(&mut self) {
        for (block, culprit, exit) in core::mem::take(&mut self.guards) {
            self.builder.switch_to_block(block);
            let culprit = self.builder.ins().iconst(I32, i64::from(culprit));
            self.builder.ins().jump(exit, &[culprit.into()]);
        }
        for plan in core::mem::take(&mut self.exits) {
            self.builder.switch_to_block(plan.block);
            self.restore(&plan.state);
            let cell = self.number(self.input.code.cell_address(plan.place) as i64);
            if plan.caller == Caller::Left {
                self.note_own_frame(cell, true);
                self.end_left();
                continue;
            }
            let meter = self.builder.ins().iadd_imm_s(plan.meter, plan.refund);
            let (sp, cell, reason) = match plan.helped {
                Some(helped) => self.as_helped(helped, cell),
                None => {
                    let top = self.stack_offset(plan.state.stack.len());
                    let sp = self.builder.ins().iadd_imm_s(self.base, i64::from(top));
                    (sp, cell, self.number(plan.leave as i64))
                }
            };
            if self.input.method.is_some() {
                // Before INITSLOT there is no frame with slots.
                self.note_own_frame(cell, plan.place != self.input.region.entry - 1);
            }
            let mut record = self.record(plan.why, &plan);
            let mut reason = reason;
            if let Some(&culprit) = self.builder.block_params(plan.block).first() {
                self.store(culprit, record, Exit::CULPRIT);
                (record, reason) = self.unless_gas(culprit, record, reason, &plan);
            }
            let tail = self.tail();
            self.builder.ins().jump(tail, &[meter, sp, cell, reason, record].map(Into::into));
        }
        self.emit_tail();
    }

    /// Notes the frame of this function, with its slots or before it has them.
    fn note_own_frame(&mut self, cell: Value, has_slots: bool) {
        let (locals, arguments) = self.input.method.map_or((0, 0), |method| (method.locals, method.arguments));
        let bytes = if has_slots { 0 } else { i64::from(arguments) * i64::from(layout::ITEM) };
        let frame = self.builder.ins().iadd_imm_s(self.frame, -bytes);
        let count = |count: u8| if has_slots { i64::from(count) } else { 0 };
        let (locals, arguments) = (self.number(count(locals)), self.number(count(arguments)));
        self.note_frame(cell, frame, locals, arguments);
    }

    /// Ends the function, which was left: a method tells its caller.
    fn end_left(&mut self) {
        if self.input.method.is_some() {
            let left = self.number(i64::MIN);
            self.builder.ins().return_(&[left, left]);
        } else {
            self.builder.ins().return_(&[]);
        }
    }

    /// What all exits have in common: it writes the machine's registers.
    fn tail(&mut self) -> Block {
        if let Some(tail) = self.tail {
            return tail;
        }
        let tail = self.builder.create_block();
        self.builder.set_cold_block(tail);
        for _ in 0..5 {
            self.builder.append_block_param(tail, I64);
        }
        self.tail = Some(tail);
        tail
    }

    fn emit_tail(&mut self) {
        let Some(tail) = self.tail else { return };
        self.builder.switch_to_block(tail);
        let [meter, sp, cell, reason, record] = self.builder.block_params(tail)[..] else { return };
        for (value, place) in [
            (meter, layout::METER),
            (self.frame, layout::SLOTS),
            (sp, layout::SP),
            (cell, layout::IP),
            (record, layout::EXIT),
        ] {
            self.store(value, self.vm, place);
        }
        let reason = self.builder.ins().ireduce(I8, reason);
        self.store(reason, self.vm, layout::REASON);
        // The exit counts how often it is taken.
        let taken = self.builder.ins().load(I32, MemFlagsData::trusted(), record, 0);
        let taken = self.builder.ins().iadd_imm_s(taken, 1);
        self.store(taken, record, 0);
        self.end_left();
    }

    /// Leaves as a helper says: at its instruction, whose cell is given, or
    /// behind it.
    fn as_helped(&mut self, helped: Value, cell: Value) -> (Value, Value, Value) {
        let sp = self.builder.ins().band_imm_s(helped, !(HELPED as i64));
        let how = self.builder.ins().band_imm_s(helped, HELPED as i64);
        let behind = self.builder.ins().icmp_imm_s(IntCC::Equal, how, Helped::Resume as i64);
        let next = self.builder.ins().iadd_imm_s(cell, layout::CELL as i64);
        (sp, self.builder.ins().select(behind, next, cell), how)
    }

    /// The same record and reason, or others where gas is what lacks.
    fn unless_gas(&mut self, culprit: Value, record: Value, reason: Value, plan: &ExitPlan) -> (Value, Value) {
        let is_gas = self.builder.ins().icmp_imm_s(IntCC::Equal, culprit, i64::from(Exit::GAS as i32));
        let (gas, resume) = (self.record(Why::Gas, plan), self.number(Leave::Resume as i64));
        (self.builder.ins().select(is_gas, gas, record), self.builder.ins().select(is_gas, resume, reason))
    }

    /// The address of what counts the exit.
    fn record(&mut self, why: Why, plan: &ExitPlan) -> Value {
        let number = (self.input.next_exit + self.records.len()) as u32;
        let exit = Exit::new(number, self.input.number);
        let record = Arc::new(ExitRecord { exit, why, segment: plan.place..plan.behind });
        let address = core::ptr::from_ref(&record.exit).addr();
        self.records.push(record);
        self.number(address as i64)
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
