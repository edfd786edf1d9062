//! Methods that compiled code calls: their entry, calls of them, and their return.
//!
//! The function of such a method takes the machine, the end of its evaluation stack without the arguments, its slots,
//! the meter, and its arguments. It returns the meter and the item that the method returns. A negative meter says
//! that the method was left by an exit: its frame is recorded, its items are in memory, and the caller exits, too.

use cranelift_codegen::{
    ir::{AbiParam, Block, FuncRef, InstBuilder, Signature, Value, condcodes::IntCC, types::I8, types::I64},
    isa::CallConv,
};
use neovm_interp::tier::{After, Leave, builtins::BEGIN_CALLS, layout};

use super::{
    ReturnKind, Translator,
    exit::Why,
    state::{Item, Origin, State},
};
use crate::analysis::{inline::InlinedFrame, instruction::Ins, methods::Method};

/// Returns the signature of a method's function.
pub(crate) fn signature(method: &Method) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.extend(vec![AbiParam::new(I64); 4 + usize::from(method.arguments)]);
    signature.returns.extend([AbiParam::new(I64); 2]);
    signature
}

impl Translator<'_> {
    /// Translates the entry of a method: checks that there is room for its frame, and runs INITSLOT.
    pub(super) fn method_entry(&mut self, method: &Method) {
        let block = self.builder.create_block();
        self.builder.append_block_params_for_function_params(block);
        self.builder.switch_to_block(block);
        let parameters = self.builder.block_params(block).to_vec();
        let [vm, base, frame, meter, ref arguments @ ..] = parameters[..] else { return };
        (self.vm, self.base, self.frame) = (vm, base, frame);
        let locals = i64::from(method.locals) * i64::from(layout::ITEM);
        self.slots_end = self.plus(frame, locals);
        let arguments: Vec<_> = arguments.iter().map(|&argument| Item::Int(argument)).collect();
        // Before INITSLOT the arguments are on the stack, the first one on top.
        self.state = State { stack: arguments.iter().rev().copied().collect(), slots: Vec::new(), tries: Vec::new() };
        let cost = self.input.code.meter_cost(method.entry);
        let after = self.plus(meter, -cost);
        self.set_meter(after);
        self.begin_segment(method.entry, cost);
        self.gas.need(self.gas.min_gas_at(self.input.region.entry));
        self.leave_without_room();
        let nulls = vec![Item::Null; method.locals.into()];
        let mut slots: Vec<_> = nulls.into_iter().chain(arguments).collect();
        slots.resize(self.slots.len(), Item::Null);
        self.state = State { stack: Vec::new(), slots, tries: Vec::new() };
        let first = self.input.region.entry;
        self.reconcile(first);
        self.jump_to(first);
    }

    /// Exits if there is too little gas, or no room for the frame on the native stack or for its items.
    fn leave_without_room(&mut self) {
        let exit = self.cold_exit(Leave::Resume, Why::Room).block;
        let short = self.is_short(self.gas.min_gas());
        let short = self.counted(short, true);
        self.go_to_if(short, exit);
        let native = self.builder.ins().get_stack_pointer(I64);
        let least = self.load(self.vm, layout::NATIVE_LIMIT);
        let deep = self.builder.ins().icmp(IntCC::UnsignedLessThan, native, least);
        let deep = self.counted(deep, true);
        self.go_to_if(deep, exit);
        let most = i64::from(self.input.region.room.max(0)) * i64::from(layout::ITEM);
        let taken = self.builder.ins().iadd(self.base, self.slots_end);
        let taken = self.plus(taken, most);
        let room = self.load(self.vm, layout::ROOM);
        let full = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, taken, room);
        let full = self.counted(full, true);
        self.go_to_if(full, exit);
    }

    /// Returns whether methods are called or inlined.
    pub(super) fn makes_frames(&self) -> bool {
        self.functions.has_methods() || !self.input.region.frames.is_empty()
    }

    /// Tells the machine that methods will be called; exits if the invocation stack is full.
    pub(super) fn begin_calls(&mut self) {
        let methods = self.input.methods.found.values();
        let each = methods.map(|method| 1 + method.region.depth()).max().unwrap_or(0);
        let own = self.input.region.depth();
        self.slots_end = self.plus(self.frame, self.input.own_locals() as i64 * i64::from(layout::ITEM));
        let inlined = self.input.region.frames.iter().map(InlinedFrame::slots_end).max().unwrap_or(0);
        let end = self.plus(self.slots_end, inlined as i64 * i64::from(layout::ITEM));
        let native = self.builder.ins().get_stack_pointer(I64);
        let [own, each] = [own, each].map(|frames| self.number(frames as i64));
        let [none] = self.call_native(&BEGIN_CALLS, [self.vm, native, end, own, each]);
        self.leave_if(none, Leave::Resume, Why::Room);
    }

    /// Calls a method. The call ends its block.
    pub(super) fn call(&mut self, ins: &Ins) {
        let target = ins.target.unwrap_or_default();
        let (Some(function), Some(method)) = (self.functions.method(target), self.input.methods.found.get(&target))
        else {
            return self.leave_at(ins);
        };
        let count = usize::from(method.arguments);
        let is_int = |translator: &Self, depth: usize| match translator.peek(depth) {
            Item::Const(_) | Item::Int(_) => true,
            Item::Scalar(..) | Item::I128(_) | Item::Wide(_) | Item::Ref(..) | Item::Mem(false) => {
                translator.may_be_ints(ins, depth + 1)
            }
            _ => false,
        };
        if !(0..count).all(|depth| is_int(self, depth)) {
            return self.leave_at(ins);
        }
        let arguments: Vec<_> = (0..count).map(|depth| self.int_at(depth)).collect();
        self.settle_refs(ins, count, |origin| matches!(origin, Origin::Element | Origin::Static(_)));
        self.found.clear();
        self.check_overflow();
        let kept = self.state.stack.len() - count;
        self.state.stack.truncate(kept);
        self.charge_all();
        let results = self.emit_call(ins, function, &arguments);
        let [meter, result] = results[..] else { return };
        self.set_meter(meter);
        let left = self.left_exit(ins);
        if method.results() == 1 {
            let item = match self.input.booleans.contains(&target) {
                true => Item::Bool(self.builder.ins().ireduce(I8, result)),
                false => Item::Int(result),
            };
            self.push(item);
        }
        self.after_effect(ins);
        self.leave_after_call(ins, left);
    }

    fn emit_call(&mut self, ins: &Ins, function: FuncRef, arguments: &[Value]) -> Vec<Value> {
        let top = i64::from(self.stack_offset(self.state.stack.len()));
        let base = self.plus(self.base, top);
        if self.input.method.is_none() {
            // Builtins may have moved the limit. The stack of no called method begins below this one, so the second
            // bound keeps slots within their memory.
            let limit = self.load(self.vm, layout::LIMIT);
            let items = self.builder.ins().iadd(limit, self.slots_end);
            let end = self.load(self.vm, layout::SLOTS_END);
            let slots = self.builder.ins().iadd(end, base);
            let room = self.builder.ins().umin(items, slots);
            self.store(room, self.vm, layout::ROOM);
        }
        let active = self.input.region.frame(ins.index).map_or(0, InlinedFrame::slots_end);
        let slots = (active + arguments.len()) as i64 * i64::from(layout::ITEM);
        let frame = self.plus(self.slots_end, slots);
        let mut values = vec![self.vm, base, frame, self.gas.meter.value];
        values.extend(arguments);
        let call = self.builder.ins().call(function, &values);
        self.builder.inst_results(call).to_vec()
    }

    /// Returns the exit that is taken if the called method was left: the item that it returns is still missing.
    fn left_exit(&mut self, ins: &Ins) -> Block {
        self.begin_segment(ins.index + 1, 0);
        let exit = self.cold_exit(Leave::Resume, Why::Edge);
        exit.after = After::Method;
        exit.block
    }

    /// Exits if the called method was left, or if there is too little gas for what follows the call.
    fn leave_after_call(&mut self, ins: &Ins, left: Block) {
        let min_gas = self.gas.min_gas_at(ins.index + 1);
        let short = self.is_short(min_gas);
        let mut exit = left;
        if min_gas > 0 {
            self.gas.need(min_gas);
            let starved = self.cold_exit(Leave::Resume, Why::Gas).block;
            exit = self.cold_block();
            self.exits.add_call_stub(exit, self.gas.meter.value, left, starved);
        }
        self.go_to_if(short, exit);
    }

    /// Returns from a method.
    pub(super) fn ret(&mut self, ins: &Ins) {
        let mut result = None;
        if self.input.method.is_some_and(|method| method.results() == 1) {
            if matches!(self.peek(0), Item::Scalar(..) | Item::I128(_) | Item::Wide(_)) && self.may_be_ints(ins, 1) {
                self.int_at(0);
            }
            let return_kind = match self.peek(0) {
                Item::Bool(_) => ReturnKind::Booleans,
                Item::Const(_) | Item::Int(_) => ReturnKind::Integers,
                _ => ReturnKind::Others,
            };
            self.return_kind = match self.return_kind {
                ReturnKind::Nothing => return_kind,
                earlier if earlier == return_kind => return_kind,
                _ => ReturnKind::Others,
            };
            result = Some(match self.peek(0) {
                Item::Const(_) | Item::Int(_) | Item::Bool(_) => self.int_at(0),
                _ => self.number(0),
            });
        }
        self.check_overflow();
        self.charge_all();
        let meter = self.gas.meter.value;
        self.builder.ins().return_(&[meter, result.unwrap_or(meter)]);
        self.dead = true;
    }
}
