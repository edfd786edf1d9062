//! From a region to Cranelift's intermediate language.
//!
//! Integers, booleans and Null of the stack and of slots are values of the
//! function; all else stays in memory, in its own cell. The instructions between
//! two effects on memory are a segment. A guard that fails leaves by the
//! segment's one exit, which restores the machine as it was where the segment
//! began; nothing has happened since, and the interpreter runs it again.

mod bitwise;
mod call;
mod compound;
mod control;
mod convert;
mod divide;
mod emit;
mod exit;
mod help;
mod numeric;
mod slot;
mod splice;
mod stack;
mod state;
mod types;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cranelift_codegen::ir::{self, InstBuilder, Value, condcodes::IntCC, types::I64};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use neovm_interp::{
    Code,
    tier::{self, Leave, layout, layout::ArrayLayout},
};
use neovm_types::opcode::Family;

pub(crate) use self::call::signature;
pub use self::exit::Why;
use self::{
    exit::ExitPlan,
    state::{Address, Item, Kind, Origin, Shape, State, UsedSlot},
};
use crate::{
    Refusal,
    code::{Ins, Slot, SlotUse},
    compile::Known,
    gas::{Charge, Charges},
    methods::{Method, Methods},
    module::Link,
    region::Region,
    stats::ExitRecord,
};

/// How often a region is translated until the kinds of its items agree.
const MAX_ROUNDS: usize = 12;

/// What a region is translated with.
pub(crate) struct Input<'a> {
    pub(crate) code: &'a Code,
    pub(crate) region: &'a Region,
    pub(crate) known: &'a Known,
    pub(crate) arrays: Option<ArrayLayout>,
    /// The region's number, and that of its next exit.
    pub(crate) number: u32,
    pub(crate) next_exit: usize,
    /// The guard that always fails, if one is to.
    pub(crate) failing: Option<u32>,
    /// The method that is translated, for others to call; none for a region
    /// that the interpreter enters.
    pub(crate) method: Option<&'a Method>,
    /// The methods that can be called.
    pub(crate) methods: &'a Methods,
    /// Whether what a method gives is a boolean.
    pub(crate) booleans: &'a BTreeSet<usize>,
}

/// What a translation found.
pub(crate) struct Translation {
    pub(crate) exits: Vec<Arc<ExitRecord>>,
    /// Whether the method gives booleans, if that is known; none if it gives
    /// now this, now that, or something else.
    pub(crate) gives: Gives,
}

/// What a method was found to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// Nothing so far.
    Nothing,
    /// Integers.
    Integers,
    /// Booleans.
    Booleans,
    /// Both, or items that are no small values.
    Others,
}

/// Translates a region into a function; returns its exits.
pub(crate) fn translate(
    input: &Input<'_>,
    function: &mut ir::Function,
    context: &mut FunctionBuilderContext,
    link: Link<'_>,
    config: TargetFrontendConfig,
) -> Result<Translation, Refusal> {
    let mut shapes = BTreeMap::new();
    let empty = function.clone();
    for _ in 0..MAX_ROUNDS {
        let functions =
            input.methods.found.keys().filter_map(|&method| Some((method, link(method, function)?))).collect();
        let builder = FunctionBuilder::new(function, context);
        let mut translator = Translator::new(input, builder, shapes);
        translator.functions = functions;
        translator.region()?;
        if !translator.again {
            let exits = core::mem::take(&mut translator.records);
            let gives = translator.gives;
            translator.builder.seal_all_blocks();
            translator.builder.finalize(config);
            return Ok(Translation { exits, gives });
        }
        shapes = translator.shapes;
        *function = empty.clone();
        *context = FunctionBuilderContext::new();
    }
    Err(Refusal::Kinds)
}

/// The first instruction behind the last effect, and what held there.
struct Segment {
    place: usize,
    state: State,
    /// Charged less than the meter says, by so much.
    refund: i64,
    /// With less on the meter it is left for want of gas.
    needed: i64,
    /// The plan of its exit.
    exit: Option<usize>,
}

/// The variables of an item: its payload, and its tag where that is not known.
type Words = [Variable; 2];

struct Translator<'a> {
    input: &'a Input<'a>,
    builder: FunctionBuilder<'a>,
    /// What is known where each block begins; found on the way.
    shapes: BTreeMap<usize, Shape>,
    /// Whether something found on the way changes what was translated already.
    again: bool,
    blocks: BTreeMap<usize, ir::Block>,
    slots: Vec<UsedSlot>,
    slot_variables: Vec<Words>,
    stack_variables: Vec<Words>,
    meter: Variable,
    charges: Charges,
    /// Arguments of the function, and what was read where it begins.
    vm: Value,
    base: Value,
    frame: Value,
    statics: Option<Value>,
    state: State,
    segment: Segment,
    /// The meter, and what is still to be taken off it, with the whole block.
    charged: Value,
    uncharged: i64,
    /// What is still to be taken off where blocks begin.
    carried: BTreeMap<usize, i64>,
    /// What the instructions of the block cost that did not run yet.
    ahead: i64,
    /// The arrays in slots that hold the same one throughout, and the lengths of
    /// strings of bytes in such slots, or -1.
    arrays: BTreeMap<usize, Value>,
    lengths: BTreeMap<usize, Value>,
    /// Where the function's entry ends, and what is read there.
    entered: Option<ir::Inst>,
    /// What SIGN gave last, and of what.
    sign: Option<(Value, Value)>,
    /// Overflows of the segment that nobody looked at yet.
    overflow: Option<Value>,
    exits: Vec<ExitPlan>,
    /// Calls that did not end well: the block they go to, the meter, and the exits
    /// if the method was left, or if there is too little gas behind the call.
    calls: Vec<(ir::Block, Value, [ir::Block; 2])>,
    records: Vec<Arc<ExitRecord>>,
    /// Of functions of the interpreter, by their parameters and results.
    signatures: BTreeMap<(usize, usize), ir::SigRef>,
    /// Where all exits end.
    tail: Option<ir::Block>,
    /// The methods that can be called.
    functions: BTreeMap<usize, ir::FuncRef>,
    /// The place behind the frame's slots, where methods are called.
    slots_end: Value,
    gives: Gives,
    /// How many guards there are so far.
    guards_made: u32,
    /// The instruction that is translated, and the first that was not yet.
    current: usize,
    done_to: usize,
    /// Whether the block ended early.
    dead: bool,
}

impl<'a> Translator<'a> {
    fn new(input: &'a Input<'a>, mut builder: FunctionBuilder<'a>, shapes: BTreeMap<usize, Shape>) -> Self {
        let slots = input.method.map_or_else(|| used_slots(input.region), all_slots);
        let depth = (input.region.reach + input.region.peak.max(0)) as usize;
        let mut words = || [builder.declare_var(I64), builder.declare_var(I64)];
        let slot_variables = slots.iter().map(|_| words()).collect();
        let stack_variables = (0..depth).map(|_| words()).collect();
        let meter = builder.declare_var(I64);
        let blocks = input.region.order.iter().map(|&start| (start, builder.create_block())).collect();
        let none = Value::from_u32(0);
        let state = State { stack: Vec::new(), slots: Vec::new() };
        Self {
            input,
            builder,
            shapes,
            again: false,
            blocks,
            slots,
            slot_variables,
            stack_variables,
            meter,
            charges: Charges::new(input.code, input.region),
            vm: none,
            base: none,
            frame: none,
            statics: None,
            segment: Segment { place: 0, state: state.clone(), refund: 0, needed: i64::MIN, exit: None },
            state,
            charged: none,
            uncharged: 0,
            carried: BTreeMap::new(),
            ahead: 0,
            arrays: BTreeMap::new(),
            lengths: BTreeMap::new(),
            entered: None,
            sign: None,
            overflow: None,
            exits: Vec::new(),
            calls: Vec::new(),
            records: Vec::new(),
            signatures: BTreeMap::new(),
            tail: None,
            functions: BTreeMap::new(),
            slots_end: none,
            gives: Gives::Nothing,
            guards_made: 0,
            current: input.region.entry,
            done_to: 0,
            dead: false,
        }
    }

    /// Translates all.
    fn region(&mut self) -> Result<(), Refusal> {
        match self.input.method {
            Some(method) => self.method_entry(method),
            None => self.entry(),
        }
        let region = self.input.region;
        for &start in &region.order {
            let Some(block) = region.blocks.get(&start) else { continue };
            if !self.shapes.contains_key(&start) {
                continue;
            }
            self.begin_block(start);
            for ins in &block.instructions {
                self.ahead -= self.input.code.meter_cost(ins.place);
                if ins.place < self.done_to {
                    continue;
                }
                self.current = ins.place;
                if !self.floor_mod(ins) {
                    self.instruction(ins);
                }
                if self.dead {
                    break;
                }
            }
            if !self.dead {
                // Falls through into the block behind it.
                self.settle(&block.next);
                self.go_to(block.next[0]);
            }
            self.begin_segment(start, 0);
        }
        self.emit_exits();
        let in_memory = |shape: &Shape| shape.slots.contains(&Kind::Mem);
        if self.input.method.is_some() && self.shapes.values().any(in_memory) {
            return Err(Refusal::Kinds);
        }
        Ok(())
    }

    /// The function's begin: checks that the machine is as was seen.
    fn entry(&mut self) {
        let block = self.builder.create_block();
        self.builder.append_block_params_for_function_params(block);
        self.builder.switch_to_block(block);
        let [vm, _, base, frame, meter, limit] = self.builder.block_params(block)[..] else { return };
        (self.vm, self.base, self.frame) = (vm, base, frame);
        self.store(limit, vm, layout::LIMIT);
        let top = self.plus(base, i64::from(self.input.region.peak.max(0)) * i64::from(layout::ITEM));
        self.store(top, vm, layout::NEEDED);
        let place = self.input.region.entry;
        let meter = self.plus(meter, self.input.code.entry_cost(place));
        self.builder.def_var(self.meter, meter);
        self.charged = meter;
        let (shape, statics) = (self.entry_shape(), self.statics_used());
        let depth = shape.stack.len();
        self.state = State { stack: vec![Item::Mem(false); depth], slots: vec![Item::Mem(false); self.slots.len()] };
        self.begin_segment(place, 0);
        self.segment.needed = self.charges.ahead(place);
        let wrong_place = self.check_place(top, limit, statics);
        self.leave_if(wrong_place, Leave::Resume, Why::Room);
        let mut wrong = self.check_kinds(&shape);
        self.find_arrays(&mut wrong);
        if let Some(wrong) = wrong.into_iter().reduce(|wrong, more| self.builder.ins().bor(wrong, more)) {
            self.leave_if(wrong, Leave::Deopt, Why::Entry);
        }
        if statics.is_some() {
            self.statics = Some(self.load(vm, layout::STATICS));
        }
        self.load_entry(&shape);
        if !self.functions.is_empty() {
            self.begin_calls();
        }
        self.shapes.insert(place, shape);
        let first = self.blocks[&place];
        self.entered = Some(self.builder.ins().jump(first, &[]));
    }

    /// What is assumed where the region is entered: what was seen there, or less.
    fn entry_shape(&self) -> Shape {
        if let Some(shape) = self.shapes.get(&self.input.region.entry) {
            return shape.clone();
        }
        let seen = &self.input.known.seen;
        let reach = self.input.region.reach as usize;
        let stack = (0..reach).rev().map(|depth| Kind::seen(seen.stack.get(depth))).collect();
        let slots = self.slots.iter().map(|used| self.seen_slot(used.slot)).collect();
        Shape { stack, slots }
    }

    fn seen_slot(&self, slot: Slot) -> Kind {
        Kind::seen(self.seen_in(slot))
    }

    pub(super) fn seen_in(&self, slot: Slot) -> Option<&tier::Kind> {
        match slot {
            Slot::Local(n) => self.input.known.seen.locals.get(usize::from(n)),
            Slot::Argument(n) => self.input.known.seen.arguments.get(usize::from(n)),
        }
    }

    /// What was seen where an item lies.
    fn seen_at(&self, origin: Origin) -> Option<tier::Kind> {
        match origin {
            Origin::Slot(index) => self.seen_in(self.slots[index].slot).copied(),
            Origin::Static(_) | Origin::Stack(_) | Origin::Element => None,
        }
    }

    /// The highest static field that is used.
    fn statics_used(&self) -> Option<u8> {
        let instructions = self.input.region.blocks.values().flat_map(|block| &block.instructions);
        instructions
            .filter_map(|ins| match ins.slot() {
                Some(SlotUse::LoadStatic(n) | SlotUse::StoreStatic(n)) => Some(n),
                _ => None,
            })
            .max()
    }

    /// Whether there are too few items, slots or room.
    fn check_place(&mut self, top: Value, limit: Value, statics: Option<u8>) -> Value {
        let region = self.input.region;
        let mut wrong = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, top, limit);
        if self.segment.needed > 0 {
            let short = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, self.charged, self.segment.needed);
            wrong = self.builder.ins().bor(wrong, short);
        }
        if region.reach > 0 {
            let stack = self.load(self.vm, layout::STACK);
            let bytes = self.builder.ins().isub(self.base, stack);
            let least = i64::from(region.reach) * i64::from(layout::ITEM);
            let missing = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, bytes, least);
            wrong = self.builder.ins().bor(wrong, missing);
        }
        let highest = |pick: fn(Slot) -> Option<u8>| self.slots.iter().filter_map(|used| pick(used.slot)).max();
        let arguments = highest(|slot| if let Slot::Argument(n) = slot { Some(n) } else { None });
        let locals = highest(|slot| if let Slot::Local(n) = slot { Some(n) } else { None });
        if let Some(highest) = arguments {
            let lowest = self.load(self.vm, layout::LOWEST);
            let most = -(i64::from(highest) + 1) * i64::from(layout::ITEM);
            let missing = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThan, lowest, most);
            wrong = self.builder.ins().bor(wrong, missing);
        }
        if let Some(highest) = locals {
            wrong = self.or_too_few(wrong, layout::LOCALS, highest);
        }
        if let Some(highest) = statics {
            wrong = self.or_too_few(wrong, layout::STATICS_COUNT, highest);
        }
        wrong
    }

    /// The same, or whether a count of the machine does not reach beyond an index.
    fn or_too_few(&mut self, wrong: Value, count: i32, highest: u8) -> Value {
        let count = self.load_u32(self.vm, count);
        let missing = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, count, i64::from(highest));
        self.builder.ins().bor(wrong, missing)
    }

    /// What is not zero if an item is not of the kind assumed.
    fn check_kinds(&mut self, shape: &Shape) -> Vec<Value> {
        let mut wrong = Vec::new();
        for (address, offset, kind) in self.entry_items(shape) {
            wrong.push(match (kind, tag_of(kind)) {
                (_, Some(tag)) => {
                    let found = self.load(address, offset);
                    if tag == 0 { found } else { self.builder.ins().bxor_imm_s(found, tag) }
                }
                (Kind::Plain, None) => {
                    let found = self.load(address, offset);
                    let other = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, found, layout::NULL);
                    self.builder.ins().uextend(I64, other)
                }
                _ => continue,
            });
        }
        wrong
    }

    /// Reads what is assumed to be a value.
    fn load_entry(&mut self, shape: &Shape) {
        let variables = self.stack_variables[..shape.stack.len()].iter().chain(&self.slot_variables);
        let variables: Vec<_> = variables.copied().collect();
        for ((address, offset, kind), [payload, tag]) in self.entry_items(shape).into_iter().zip(variables) {
            if !matches!(kind, Kind::Int | Kind::Bool | Kind::Plain) {
                continue;
            }
            let mut value = self.load(address, offset + 8);
            if kind == Kind::Plain {
                let found = self.load(address, offset);
                self.builder.def_var(tag, found);
                // In memory the payload of Null may be anything.
                let is_null = self.builder.ins().icmp_imm_s(IntCC::Equal, found, layout::NULL);
                let zero = self.number(0);
                value = self.builder.ins().select(is_null, zero, value);
            }
            self.builder.def_var(payload, value);
        }
    }

    /// Where the items of the entry's shape lie: those of the stack, then the slots.
    fn entry_items(&self, shape: &Shape) -> Vec<(Value, i32, Kind)> {
        let stack = shape.stack.iter().enumerate().map(|(index, &kind)| (self.base, self.stack_offset(index), kind));
        let slots = shape.slots.iter().zip(&self.slots).map(|(&kind, used)| (self.frame, slot_offset(used.slot), kind));
        stack.chain(slots).collect()
    }

    /// A block's begin: what is known there, and its charge.
    fn begin_block(&mut self, start: usize) {
        self.builder.switch_to_block(self.blocks[&start]);
        (self.dead, self.sign, self.done_to) = (false, None, start);
        let shape = self.shapes[&start].clone();
        let stack = shape.stack.iter().enumerate().map(|(i, &kind)| self.read(self.stack_variables[i], kind)).collect();
        let slots = shape.slots.iter().enumerate().map(|(i, &kind)| self.read(self.slot_variables[i], kind)).collect();
        self.state = State { stack, slots };
        let Charge { cost, needed, looks } = self.charges.of(start);
        self.ahead = cost;
        self.charged = self.builder.use_var(self.meter);
        let carried = self.carried.get(&start).filter(|_| !looks);
        self.uncharged = carried.copied().unwrap_or(0) + cost;
        self.begin_segment(start, cost);
        if looks {
            self.segment.needed = needed;
            self.leave_if_short();
        }
    }

    fn read(&mut self, [payload, tag]: Words, kind: Kind) -> Item {
        match kind {
            Kind::Int => Item::Int(self.builder.use_var(payload)),
            Kind::Plain => Item::Plain(self.builder.use_var(tag), self.builder.use_var(payload)),
            Kind::Bool => {
                let value = self.builder.use_var(payload);
                Item::Bool(self.builder.ins().ireduce(ir::types::I8, value))
            }
            Kind::Null => Item::Null,
            Kind::Ref(origin) => Item::Ref(self.origin(origin), origin),
            Kind::Mem => Item::Mem(false),
        }
    }

    /// The address of what is to be copied.
    fn origin(&self, origin: Origin) -> Address {
        let (base, offset) = match origin {
            Origin::Slot(index) => (self.frame, slot_offset(self.slots[index].slot)),
            Origin::Static(index) => (self.statics.unwrap_or(self.frame), i32::from(index) * layout::ITEM),
            Origin::Stack(index) => (self.base, self.stack_offset(index)),
            // Which item of an array is known to nobody else.
            Origin::Element => (self.base, 0),
        };
        Address { base, offset }
    }

    /// Begins a segment: from here on a guard that fails comes back to here.
    fn begin_segment(&mut self, place: usize, refund: i64) {
        if let Some(plan) = self.segment.exit {
            self.exits[plan].behind = self.current + 1;
        }
        let Segment { state, .. } = &mut self.segment;
        state.stack.clone_from(&self.state.stack);
        state.slots.clone_from(&self.state.slots);
        (self.segment.place, self.segment.refund) = (place, refund);
        (self.segment.needed, self.segment.exit) = (i64::MIN, None);
    }

    /// Begins a segment behind an instruction that had an effect.
    fn after_effect(&mut self, ins: &Ins) {
        self.begin_segment(ins.place + 1, self.ahead);
    }

    /// Begins a segment with an instruction that will have an effect.
    fn before_effect(&mut self, ins: &Ins) {
        self.check_overflow();
        if self.segment.place != ins.place {
            let cost = self.input.code.meter_cost(ins.place);
            self.begin_segment(ins.place, self.ahead + cost);
        }
    }

    fn instruction(&mut self, ins: &Ins) {
        if let Some(slot_use) = ins.slot() {
            return self.slot(ins, slot_use);
        }
        match ins.opcode.info().family {
            Family::Push => self.push_constant(ins),
            Family::Control => self.control(ins),
            Family::Stack => self.stack_order(ins),
            Family::Bitwise => self.bitwise(ins),
            Family::Numeric => self.numeric(ins),
            Family::Compound => self.compound(ins),
            Family::Types => self.types(ins),
            Family::Splice => self.splice(ins),
            Family::Slot => self.help(ins),
        }
    }

    fn distrusts(&self, ins: &Ins) -> bool {
        self.input.known.distrusted.contains(&ins.place)
    }

    /// The offset of a cell of the stack from where the region was entered.
    fn stack_offset(&self, index: usize) -> i32 {
        (index as i32 - self.input.region.reach) * layout::ITEM
    }
}

/// The tag of a kind; none for those that are not assumed.
fn tag_of(kind: Kind) -> Option<i64> {
    match kind {
        Kind::Int => Some(layout::INTEGER),
        Kind::Bool => Some(layout::BOOLEAN),
        Kind::Null => Some(layout::NULL),
        Kind::Plain | Kind::Ref(_) | Kind::Mem => None,
    }
}

/// The offset of a slot from the frame.
fn slot_offset(slot: Slot) -> i32 {
    match slot {
        Slot::Local(n) => i32::from(n) * layout::ITEM,
        Slot::Argument(n) => -(i32::from(n) + 1) * layout::ITEM,
    }
}

/// All slots of a method, which exits write.
fn all_slots(method: &Method) -> Vec<UsedSlot> {
    let (locals, arguments) = ((0..method.locals).map(Slot::Local), (0..method.arguments).map(Slot::Argument));
    locals.chain(arguments).map(|slot| UsedSlot { slot, stored: true }).collect()
}

/// The slots that a region uses, each once.
fn used_slots(region: &Region) -> Vec<UsedSlot> {
    let mut slots: Vec<UsedSlot> = Vec::new();
    for ins in region.blocks.values().flat_map(|block| &block.instructions) {
        let (slot, stored) = match ins.slot() {
            Some(SlotUse::Load(slot)) => (slot, false),
            Some(SlotUse::Store(slot)) => (slot, true),
            _ => continue,
        };
        match slots.iter_mut().find(|used| used.slot == slot) {
            Some(used) => used.stored |= stored,
            None => slots.push(UsedSlot { slot, stored }),
        }
    }
    slots
}
