//! Exits: machine code writes the values that it holds to the cells of the items, and the plan of the exit describes
//! the rest.

use std::sync::Arc;

use cranelift_codegen::{
    cursor::{Cursor, FuncCursor},
    ir::{Block, InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value, condcodes::IntCC, types::I64},
};
use neovm_interp::tier::{
    After, Area, Builtin, CodeView, Exit, Held, HeldTry, Leave, OwnFrame, Plan, Restored,
    builtins::{COPY_ITEM, LEAVE},
    layout,
};

use super::{
    Translator,
    state::{Address, Item, Origin, State, UsedSlot},
    wide::WIDE_SIZE,
};
use crate::{Refusal, analysis::inline::frame_of, runtime::stats::ExitRecord};

/// Why compiled code is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The end of the region: control continues elsewhere.
    Edge,
    /// An instruction that only the interpreter runs.
    Opcode,
    /// Too little gas.
    Gas,
    /// Too little room for more items, or fewer items than the region uses.
    Room,
    /// At the entry, items of other types than were observed.
    Entry,
    /// A presumption within the region that does not hold.
    Guard,
    /// A fault in a builtin, or too many items after it.
    Fault,
}

impl Why {
    /// All reasons.
    pub const ALL: [Self; 7] = [Self::Edge, Self::Opcode, Self::Gas, Self::Room, Self::Entry, Self::Guard, Self::Fault];

    /// Returns the name of the reason.
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
    pub(super) inst: usize,
    pub(super) state: State,
    pub(super) meter: Value,
    pub(super) refund: i64,
    /// If the meter holds less, the reason for leaving is gas.
    pub(super) min_gas: i64,
    pub(super) leave: Leave,
    pub(super) why: Why,
    pub(super) after: After,
    /// The result of a builtin that did more, or less, than run its instruction.
    pub(super) status: Option<Value>,
    /// The instructions whose overflows are checked together.
    pub(super) overflows: Vec<usize>,
}

/// The block to which a failing guard branches: it records which guard failed.
struct GuardStub {
    block: Block,
    exit: Block,
    /// The instruction of the guard.
    guard: usize,
}

/// The block to which a call branches if the method was left, or if there is too little gas for what follows.
struct CallStub {
    block: Block,
    /// The meter that the call returned.
    meter: Value,
    /// The exit that is taken if the method was left.
    left: Block,
    /// The exit that is taken if there is too little gas.
    starved: Block,
}

/// The exits of a function: those to be emitted, and the records of those that have been.
#[derive(Default)]
pub(super) struct Exits {
    plans: Vec<ExitPlan>,
    guards: Vec<GuardStub>,
    calls: Vec<CallStub>,
    /// The block in which all exits end.
    tail: Option<Block>,
    records: Vec<Arc<ExitRecord>>,
    /// Native memory for wide integers, which all exits share, and the number of those that the exit being emitted
    /// uses.
    wide: Vec<StackSlot>,
    wide_used: usize,
}

impl Exits {
    /// Adds an exit and returns its number.
    pub(super) fn add(&mut self, plan: ExitPlan) -> usize {
        self.plans.push(plan);
        self.plans.len() - 1
    }

    /// Returns an exit that is still to be emitted.
    pub(super) fn plan(&mut self, number: usize) -> &mut ExitPlan {
        &mut self.plans[number]
    }

    /// Returns the stub from a guard of an instruction to an exit, if the previous guard has the same instruction and
    /// exit.
    pub(super) fn guard_stub(&self, exit: Block, guard: usize) -> Option<Block> {
        self.guards.last().filter(|stub| (stub.exit, stub.guard) == (exit, guard)).map(|stub| stub.block)
    }

    /// Adds a stub from a guard of an instruction to an exit.
    pub(super) fn add_guard_stub(&mut self, block: Block, exit: Block, guard: usize) {
        self.guards.push(GuardStub { block, exit, guard });
    }

    /// Adds a stub from a call to two exits: one for when the method was left, one for when there is too little gas.
    pub(super) fn add_call_stub(&mut self, block: Block, meter: Value, left: Block, starved: Block) {
        self.calls.push(CallStub { block, meter, left, starved });
    }

    /// Keeps the record of an emitted exit, which lives as long as the code, and returns the exit's address. `first`
    /// is the number of the function's first exit within the region with the number `region`.
    fn record(&mut self, first: usize, region: u32, plan: Plan, inst: usize, why: Why, overflows: Vec<usize>) -> usize {
        let number = (first + self.records.len()) as u32;
        let record = Arc::new(ExitRecord { exit: Exit::new(number, region, plan), why, inst, overflows });
        let address = core::ptr::from_ref(&record.exit).addr();
        self.records.push(record);
        address
    }

    /// Takes the records of all exits, by number.
    pub(super) fn take_records(&mut self) -> Vec<Arc<ExitRecord>> {
        core::mem::take(&mut self.records)
    }
}

impl Translator<'_> {
    /// Emits the exits that were planned.
    ///
    /// # Errors
    /// Each writes all that it holds: together they may be too large.
    pub(super) fn emit_exits(&mut self) -> Result<(), Refusal> {
        for CallStub { block, meter, left, starved } in core::mem::take(&mut self.exits.calls) {
            self.builder.switch_to_block(block);
            let was_left = self.builder.ins().icmp_imm_s(IntCC::Equal, meter, i64::MIN);
            self.builder.ins().brif(was_left, left, &[], starved, &[]);
        }
        self.emit_guard_stubs();
        for plan in core::mem::take(&mut self.exits.plans) {
            self.builder.switch_to_block(plan.block);
            // Frequent exits write whole items; for the others a table takes less code.
            let whole = matches!(plan.why, Why::Edge | Why::Opcode);
            let items = self.write_held(plan.inst, &plan.state, whole);
            let tries = self.hold_tries(&plan.state);
            if let Some(status) = plan.status {
                self.store(status, self.vm, layout::SP);
            }
            let (meter, block) = (plan.meter, self.tail());
            let exit = self.record(plan, items, tries);
            let exit = self.number(exit as i64);
            self.builder.ins().jump(block, &[exit.into(), meter.into()]);
            if self.is_too_large() {
                return Err(Refusal::TooLong);
            }
        }
        self.emit_tail();
        Ok(())
    }

    /// Emits the blocks in which guards that failed record themselves.
    ///
    /// What they do must not occupy registers in the surrounding loops. The number of the guard is therefore stored
    /// rather than passed on as an argument of the exit, and the address of the machine is kept in a stack slot.
    fn emit_guard_stubs(&mut self) {
        let stubs = core::mem::take(&mut self.exits.guards);
        let Some(entry) = self.builder.func.layout.entry_block().filter(|_| !stubs.is_empty()) else { return };
        let slot = self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3));
        let mut cursor = FuncCursor::new(self.builder.func).at_first_insertion_point(entry);
        cursor.ins().stack_store(I64, self.vm, slot, 0);
        for GuardStub { block, exit, guard } in stubs {
            self.builder.switch_to_block(block);
            let guard = self.number(guard as i64 + 1);
            let vm = self.builder.ins().stack_load(I64, I64, slot, 0);
            self.store(guard, vm, layout::FAILED_GUARD);
            self.builder.ins().jump(exit, &[]);
        }
    }

    /// Makes the record of an exit, which lives as long as the code, and returns the exit's address.
    fn record(&mut self, plan: ExitPlan, items: Box<[Restored]>, tries: Box<[HeldTry]>) -> usize {
        let ExitPlan { inst, why, overflows, .. } = plan;
        let there = Plan {
            cell: self.input.code.inst_address(inst),
            leave: plan.leave,
            refund: plan.refund,
            min_gas: plan.min_gas,
            top: self.stack_offset(plan.state.stack.len()),
            items,
            tries,
            frames: self.own_frames(inst, plan.after),
            after: plan.after,
        };
        self.exits.record(self.input.next_exit, self.input.number, there, CodeView::original(inst), why, overflows)
    }

    /// Returns the frames that the machine has to make at an exit before an instruction, the innermost first.
    fn own_frames(&self, inst: usize, after: After) -> Box<[OwnFrame]> {
        let (region, locals) = (self.input.region, self.input.own_locals());
        let (mut frames, mut own) = (Vec::new(), inst);
        for (at, inlined) in region.active_frames(inst) {
            frames.push(self.own_frame(
                at,
                Some(inlined.entry),
                locals + inlined.slots,
                inlined.locals,
                inlined.arguments,
            ));
            own = inlined.returns_to;
        }
        match self.input.method {
            Some(method) => frames.push(self.own_frame(own, Some(method.entry), 0, method.locals, method.arguments)),
            // The machine knows its slots.
            None if after == After::Method || !frames.is_empty() => {
                frames.push(self.own_frame(own, None, 0, 0, 0));
            }
            None => {}
        }
        frames.into()
    }

    /// Returns a frame that continues at an instruction, where the local variables of the method with the given
    /// INITSLOT begin with a cell. Before INITSLOT the frame has no slots.
    fn own_frame(&self, inst: usize, entry: Option<usize>, first: usize, locals: u8, arguments: u8) -> OwnFrame {
        let cell = self.input.code.inst_address(inst);
        let first = first as i32;
        if Some(inst) == entry {
            return OwnFrame { cell, offset: (first - i32::from(arguments)) * layout::ITEM, locals: 0, arguments: 0 };
        }
        OwnFrame { cell, offset: first * layout::ITEM, locals: locals.into(), arguments: arguments.into() }
    }

    /// Returns whether a frame has slots before an instruction.
    fn has_slots(&self, frame: usize, inst: usize) -> bool {
        let mut active = self.input.region.active_frames(inst);
        frame == 0 || active.any(|(at, inlined)| frame_of(at) == frame && at != inlined.entry)
    }

    /// Returns the block in which all exits end.
    fn tail(&mut self) -> Block {
        if let Some(tail) = self.exits.tail {
            return tail;
        }
        let tail = self.builder.create_block();
        self.builder.set_cold_block(tail);
        for _ in 0..2 {
            self.builder.append_block_param(tail, I64);
        }
        self.exits.tail = Some(tail);
        tail
    }

    /// Emits the end of all exits. A method returns a negative meter to its caller.
    fn emit_tail(&mut self) {
        let Some(tail) = self.exits.tail else { return };
        self.builder.switch_to_block(tail);
        let [exit, meter] = self.builder.block_params(tail)[..] else { return };
        let [] = self.call_native(&LEAVE, [self.vm, exit, meter, self.base, self.frame]);
        if self.input.method.is_some() {
            let left = self.number(i64::MIN);
            self.builder.ins().return_(&[left, left]);
        } else {
            self.builder.ins().return_(&[]);
        }
    }

    /// Calls a builtin of the interpreter.
    pub(super) fn call_native<const P: usize, const R: usize>(
        &mut self,
        builtin: &Builtin<P, R>,
        arguments: [Value; P],
    ) -> [Value; R] {
        let function = self.functions.builtin(builtin, self.builder.func);
        let call = self.builder.ins().call(function, &arguments);
        let results = self.builder.inst_results(call);
        core::array::from_fn(|index| results[index])
    }

    /// Computes an address.
    pub(super) fn address(&mut self, Address { base, offset }: Address) -> Value {
        self.plus(base, i64::from(offset))
    }

    /// Writes the values that are not in memory to their cells, as whole items or only their second words. Returns
    /// what the interpreter has to restore from the cells.
    fn write_held(&mut self, inst: usize, state: &State, whole: bool) -> Box<[Restored]> {
        let mut items = Vec::new();
        self.exits.wide_used = 0;
        for (index, item) in state.stack.iter().enumerate() {
            let offset = self.stack_offset(index);
            let held = self.write_one(*item, self.base, offset, whole);
            items.extend(held.map(|value| Restored { area: Area::Stack, offset, value }));
        }
        for (index, item) in state.slots.iter().enumerate() {
            let UsedSlot { frame, offset, stored, .. } = self.slots[index];
            if stored && self.has_slots(frame, inst) {
                let held = self.write_one(*item, self.frame, offset, whole);
                items.extend(held.map(|value| Restored { area: Area::Slots, offset, value }));
            }
        }
        items.into()
    }

    fn write_one(&mut self, item: Item, address: Value, offset: i32, whole: bool) -> Option<Held> {
        let (value, held) = match item {
            Item::I128([low, high]) => {
                self.store(low, address, offset);
                (high, Held::I128)
            }
            Item::Wide(_) => {
                let words = self.exit_words(item);
                (words, Held::Wide)
            }
            item if whole && item.is_value() => {
                self.write(item, address, offset);
                return None;
            }
            Item::Const(value) => return Some(Held::Constant(value)),
            Item::Null => return Some(Held::Null),
            Item::Mem(_) => return None,
            Item::Scalar(..) => {
                self.write(item, address, offset);
                return None;
            }
            Item::Int(value) => (value, Held::Integer),
            Item::Bool(value) => (value, Held::Boolean),
            Item::Ref(_, Origin::Constant(index)) => return Some(Held::ByteString(self.payload(index))),
            Item::Ref(Address { base, .. }, Origin::Element) => (base, Held::CopyOf),
            Item::Ref(Address { offset, .. }, origin) => {
                let area = match origin {
                    Origin::Slot(_) => Area::Slots,
                    Origin::Static(_) => Area::Statics,
                    Origin::Stack(_) | Origin::Element | Origin::Constant(_) => Area::Stack,
                };
                return Some(Held::Copy(area, offset));
            }
        };
        self.store(value, address, offset + 8);
        Some(held)
    }

    /// Stores a wide integer in native memory, where the exit that is being emitted finds it, and returns the address.
    fn exit_words(&mut self, item: Item) -> Value {
        let place = self.exits.wide_used;
        self.exits.wide_used += 1;
        if place == self.exits.wide.len() {
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, WIDE_SIZE, 3);
            self.exits.wide.push(self.builder.create_sized_stack_slot(data));
        }
        let address = self.builder.ins().stack_addr(I64, self.exits.wide[place], 0);
        if let Some(number) = Self::wide_item(item) {
            self.store_words(number, address, 0);
        }
        address
    }

    /// Writes an item that is a value to a cell.
    pub(super) fn write(&mut self, item: Item, address: Value, offset: i32) {
        let (tag, payload) = match item {
            Item::Scalar(tag, payload) => {
                self.store(tag, address, offset);
                return self.store(payload, address, offset + 8);
            }
            Item::Const(value) => (layout::INTEGER, Some(self.number(value))),
            Item::Int(value) => (layout::INTEGER, Some(value)),
            Item::Bool(value) => (layout::BOOLEAN, Some(self.builder.ins().uextend(I64, value))),
            Item::Null => (layout::NULL, None),
            Item::I128(_) | Item::Wide(_) => {
                if let Some(number) = Self::wide_item(item) {
                    self.write_wide(number, address, offset);
                }
                return;
            }
            Item::Ref(..) | Item::Mem(_) => return,
        };
        let tag = self.number(tag);
        self.store(tag, address, offset);
        if let Some(payload) = payload {
            self.store(payload, address, offset + 8);
        }
    }

    /// Copies an item to a cell of the stack and counts the reference. Those to byte strings of the script are not
    /// counted.
    pub(super) fn copy(&mut self, from: Address, origin: Origin, index: usize) {
        let to = Address { base: self.base, offset: self.stack_offset(index) };
        self.copy_to(from, origin, to);
    }

    /// Copies an item to a slot of an inlined method, and counts the reference likewise.
    pub(super) fn copy_to_slot(&mut self, from: Address, origin: Origin, index: usize) {
        let to = Address { base: self.frame, offset: self.slots[index].offset };
        self.copy_to(from, origin, to);
        self.state.slots[index] = Item::Mem(false);
        self.edges.note_in_memory(index);
    }

    fn copy_to(&mut self, from: Address, origin: Origin, to: Address) {
        if let Origin::Constant(index) = origin {
            let [tag, payload] = [layout::BYTE_STRING, self.payload(index) as i64].map(|word| self.number(word));
            self.store(tag, to.base, to.offset);
            return self.store(payload, to.base, to.offset + 8);
        }
        let (from, to) = (self.address(from), self.address(to));
        let [] = self.call_native(&COPY_ITEM, [self.vm, from, to]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let (leave, after) = (Leave::Deopt, After::Nothing);
        Plan {
            cell: 0,
            leave,
            refund: 0,
            min_gas: 0,
            top: 0,
            items: Box::default(),
            tries: Box::default(),
            frames: Box::default(),
            after,
        }
    }

    #[test]
    fn guards_of_one_instruction_in_a_row_share_their_way() {
        let [first, second, exit, other] = [0, 1, 2, 3].map(Block::from_u32);
        let mut exits = Exits::default();
        assert_eq!(exits.guard_stub(exit, 5), None);
        exits.add_guard_stub(first, exit, 5);
        assert_eq!(exits.guard_stub(exit, 5), Some(first));
        assert_eq!(exits.guard_stub(other, 5), None, "another exit");
        assert_eq!(exits.guard_stub(exit, 6), None, "another instruction");
        exits.add_guard_stub(second, exit, 6);
        assert_eq!(exits.guard_stub(exit, 5), None, "another guard is between them");
    }

    #[test]
    fn records_are_numbered_in_their_region() {
        let mut exits = Exits::default();
        let mut addresses: Vec<_> = (0..3).map(|inst| exits.record(4, 9, plan(), inst, Why::Guard, vec![])).collect();
        let records = exits.take_records();
        for (index, record) in records.iter().enumerate() {
            assert_eq!((record.exit.number, record.exit.region, record.inst), (4 + index as u32, 9, index));
            assert_eq!(core::ptr::from_ref(&record.exit).addr(), addresses[index]);
        }
        addresses.dedup();
        assert_eq!(addresses.len(), 3);
        assert!(exits.take_records().is_empty());
    }
}
