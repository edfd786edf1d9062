//! Translates regions to Cranelift's intermediate language.
//!
//! Integers, booleans and Null on the stack and in slots are values of the function; all other items stay in memory,
//! each in its own cell. The instructions between two effects on memory form a segment. A guard that fails leaves by
//! the exit of its segment, which restores the machine to the state at the start of the segment; nothing has happened
//! since, and the interpreter runs the segment again.

mod bitwise;
mod builtin;
mod bytes;
mod call;
mod cells;
mod compound;
mod control;
mod convert;
mod divide;
mod edges;
mod emit;
mod entry;
mod exit;
mod functions;
mod inline;
mod map;
mod meter;
mod numeric;
mod push;
mod reciprocal;
mod slot;
mod splice;
mod stack;
mod state;
mod tries;
mod types;
mod wide;
mod wide_arithmetic;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cranelift_codegen::ir::{self, InstBuilder, SourceLoc, StackSlot, Value, types::I64};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use neovm_interp::tier::{CodeView, layout};
use neovm_types::opcode::Family;

pub use self::exit::Why;
use self::{
    bytes::Appending,
    edges::{Edges, Learned, Words},
    exit::Exits,
    functions::Functions,
    map::Found,
    meter::GasTracker,
    reciprocal::Divisor,
    state::{Address, Item, Kind, Origin, State, UsedSlot},
    wide::Scratch,
};
pub(crate) use self::{call::signature, cells::Cells};
use crate::{
    Refusal,
    analysis::{
        gas::Charges,
        inline::frame_of,
        instruction::{Ins, Slot, SlotUse},
        methods::{Method, Methods},
        region::Region,
    },
    compile::Speculation,
    memory::module::Linker,
    runtime::stats::ExitRecord,
};

/// The most rounds of translation until the kinds of items agree at all blocks.
const MAX_ROUNDS: usize = 12;

/// The most instructions of a function that is handed to Cranelift: about four times what the longest region of
/// ordinary code becomes.
const MAX_FUNCTION: usize = 1 << 17;

/// The input of a translation.
pub(crate) struct Input<'a> {
    pub(crate) code: CodeView<'a>,
    pub(crate) region: &'a Region,
    pub(crate) speculation: &'a Speculation,
    /// The number of the region, and the number of its next exit.
    pub(crate) number: u32,
    pub(crate) next_exit: usize,
    /// The guard that always fails, in tests.
    pub(crate) failing: Option<u32>,
    /// Whether CLIF names the instruction that each part was made from.
    pub(crate) wants_text: bool,
    /// The method to translate; none for a region that the interpreter enters.
    pub(crate) method: Option<&'a Method>,
    /// The methods that may be called.
    pub(crate) methods: &'a Methods,
    /// The methods that return booleans.
    pub(crate) booleans: &'a BTreeSet<usize>,
}

impl Input<'_> {
    /// Returns the number of local variables of the function's own frame. That of a region is checked at its entry.
    fn own_locals(&self) -> usize {
        self.method.map_or(self.speculation.feedback.locals.len(), |method| method.locals.into())
    }
}

/// The result of a translation.
pub(crate) struct Translation {
    pub(crate) exits: Vec<Arc<ExitRecord>>,
    /// What the code refers to.
    pub(crate) cells: Cells,
    /// What the method was found to return.
    pub(crate) return_kind: ReturnKind,
}

/// What a method was found to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReturnKind {
    /// Nothing so far.
    Nothing,
    /// Integers.
    Integers,
    /// Booleans.
    Booleans,
    /// Both, or items that are not small values.
    Others,
}

/// Translates a region into a function and returns its exits.
pub(crate) fn translate(
    input: &Input<'_>,
    function: &mut ir::Function,
    context: &mut FunctionBuilderContext,
    linker: Linker<'_>,
    config: TargetFrontendConfig,
) -> Result<Translation, Refusal> {
    let mut learned = Learned::default();
    let signature = function.signature.clone();
    for _ in 0..MAX_ROUNDS {
        let functions = Functions::new(linker, input.methods, function);
        let builder = FunctionBuilder::new(function, context);
        let mut translator = Translator::new(input, builder, functions, learned);
        translator.region()?;
        if !translator.edges.again {
            let exits = translator.exits.take_records();
            let cells = core::mem::take(&mut translator.cells);
            let return_kind = translator.return_kind;
            translator.builder.seal_all_blocks();
            translator.builder.finalize(config);
            return Ok(Translation { exits, cells, return_kind });
        }
        learned = translator.edges.into_learned();
        function.clear();
        function.signature.clone_from(&signature);
        *context = FunctionBuilderContext::new();
    }
    Err(Refusal::Kinds)
}

/// Overflows of the segment that have not been checked yet.
#[derive(Default)]
struct Overflows {
    /// Whether any instruction overflowed.
    any: Option<Value>,
    /// The instructions that may have overflowed.
    of: Vec<usize>,
}

/// A segment: the instruction at its start, and the state there.
#[derive(Clone)]
struct Segment {
    inst: usize,
    state: State,
    /// Static fields and items of compounds that were found to have no tag above one. Within a segment they stay.
    tags: Vec<(Address, i64)>,
    /// The number of the exit that the segment's guards share.
    exit: Option<usize>,
}

struct Translator<'a> {
    input: &'a Input<'a>,
    builder: FunctionBuilder<'a>,
    functions: Functions<'a>,
    edges: Edges,
    gas: GasTracker,
    exits: Exits,
    slots: Vec<UsedSlot>,
    /// Arguments of the function, and values read at the entry.
    vm: Value,
    base: Value,
    frame: Value,
    statics: Option<Value>,
    /// The end of the frame's slots, where those of a called method begin.
    slots_end: Value,
    /// By slots that the region does not store: their arrays, and the lengths of their byte strings, or -1.
    arrays: BTreeMap<usize, Value>,
    lengths: BTreeMap<usize, Value>,
    /// Divisors in such slots.
    divisors: BTreeMap<usize, Divisor>,
    /// The last instruction of the entry, before which lengths and divisors are read.
    entered: Option<ir::Inst>,
    state: State,
    segment: Segment,
    overflows: Overflows,
    cells: Cells,
    /// Native memory for builtins: integers, and the key of a map.
    scratch: Scratch,
    key_slot: Option<StackSlot>,
    /// Keys of maps that were found, here and on the ways to blocks.
    found: Vec<Found<'a>>,
    found_before: BTreeMap<usize, Vec<Found<'a>>>,
    /// A CAT whose result has not been made yet.
    appending: Option<Appending>,
    /// The last result of SIGN, with its operand.
    sign: Option<(Value, Value)>,
    return_kind: ReturnKind,
    /// The blocks that the current one leads to out of the region; see [`crate::analysis::region::Block`].
    mismatched: &'a [usize],
    /// The number of guards made so far.
    guards_made: u32,
    /// The instruction that is being translated, and the first one after those that have been translated.
    current: usize,
    done_to: usize,
    /// Whether the block has ended early.
    dead: bool,
}

impl<'a> Translator<'a> {
    fn new(input: &'a Input<'a>, mut builder: FunctionBuilder<'a>, functions: Functions<'a>, learned: Learned) -> Self {
        let mut slots = input.method.map_or_else(|| used_slots(input.region), all_slots);
        slots.extend(UsedSlot::inlined(&input.region.frames, input.own_locals()));
        let depth = (input.region.stack_inputs + input.region.peak.max(0)) as usize;
        let edges = Edges::new(&mut builder, &input.region.order, learned, [depth, slots.len(), input.region.tries]);
        let gas = GasTracker::new(Charges::new(input.code, input.region), builder.declare_var(I64));
        let none = Value::from_u32(0);
        let state = State { stack: Vec::new(), slots: Vec::new(), tries: Vec::new() };
        Self {
            input,
            builder,
            functions,
            edges,
            gas,
            exits: Exits::default(),
            slots,
            vm: none,
            base: none,
            frame: none,
            statics: None,
            slots_end: none,
            arrays: BTreeMap::new(),
            lengths: BTreeMap::new(),
            divisors: BTreeMap::new(),
            entered: None,
            segment: Segment { inst: 0, state: state.clone(), tags: Vec::new(), exit: None },
            state,
            overflows: Overflows::default(),
            cells: Cells::default(),
            scratch: Scratch::default(),
            key_slot: None,
            found: Vec::new(),
            found_before: BTreeMap::new(),
            appending: None,
            sign: None,
            return_kind: ReturnKind::Nothing,
            mismatched: &[],
            guards_made: 0,
            current: input.region.entry,
            done_to: 0,
            dead: false,
        }
    }

    /// Translates the region.
    fn region(&mut self) -> Result<(), Refusal> {
        match self.input.method {
            Some(method) => self.method_entry(method),
            None => self.entry(),
        }
        let region = self.input.region;
        let mut passed_over = Vec::new();
        for &start in &region.order {
            let Some(block) = region.blocks.get(&start) else { continue };
            if self.edges.shape(start).is_none() {
                passed_over.push(start);
                continue;
            }
            self.mismatched = &block.mismatched;
            self.begin_block(start);
            for ins in &block.instructions {
                self.gas.run(self.input.code.meter_cost(ins.index));
                if ins.index < self.done_to {
                    continue;
                }
                self.current = ins.index;
                self.mark(self.input.code.position(ins.index));
                if !self.floor_mod(ins) {
                    self.instruction(ins);
                }
                if self.dead {
                    break;
                }
            }
            if !self.dead {
                // The block falls through into the next one.
                self.settle(&block.next);
                self.go_to(block.next[0]);
            }
            self.begin_segment(start, 0);
            if self.is_too_large() {
                return Err(Refusal::TooLong);
            }
        }
        self.builder.set_srcloc(SourceLoc::default());
        // An exception may lead back to a block that nothing before it leads to.
        self.edges.again |= passed_over.iter().any(|&start| self.edges.shape(start).is_some());
        // Exits of code that is translated again need not be there.
        if !self.edges.again {
            self.emit_exits()?;
        }
        // A function works on values alone.
        if self.input.method.is_some() && self.edges.slots_in_memory().next().is_some() {
            return Err(Refusal::Kinds);
        }
        Ok(())
    }

    /// Whether the function has become too large for Cranelift, whose time grows faster than its input.
    fn is_too_large(&self) -> bool {
        self.builder.func.dfg.num_insts() > MAX_FUNCTION
    }

    /// Marks what follows with a position in the script, if text is wanted.
    fn mark(&mut self, position: usize) {
        if self.input.wants_text {
            self.builder.set_srcloc(SourceLoc::new(position as u32));
        }
    }

    /// Begins a block with what is known there and what it costs.
    fn begin_block(&mut self, start: usize) {
        let (Some(block), Some(shape)) = (self.edges.block(start), self.edges.shape(start).cloned()) else { return };
        self.builder.switch_to_block(block);
        (self.dead, self.sign, self.done_to) = (false, None, start);
        let stack = shape.stack.iter().enumerate().map(|(i, &kind)| self.read(self.edges.stack[i], kind)).collect();
        let slots = shape.slots.iter().enumerate().map(|(i, &kind)| self.read(self.edges.slots[i], kind)).collect();
        let tries = self.read_tries(&shape.tries);
        self.state = State { stack, slots, tries };
        self.presume_exception(start);
        self.begin_found(start);
        let meter = self.builder.use_var(self.gas.variable);
        self.begin_segment(start, 0);
        if self.gas.begin_block(start, meter) {
            self.leave_if_short();
        }
    }

    /// Presumes that the item on top at the start of a catch block is not a small value.
    fn presume_exception(&mut self, start: usize) {
        let region = self.input.region;
        if region.tries > 0
            && let Some(Item::Mem(is_other)) = self.state.stack.last_mut()
        {
            *is_other = region.blocks.values().any(|block| block.handlers.contains(&start));
        }
    }

    fn read(&mut self, words: Words, kind: Kind) -> Item {
        let Words { number, tag } = words;
        let [payload, high, ..] = number;
        match kind {
            Kind::I128 => Item::I128([payload, high].map(|word| self.builder.use_var(word))),
            Kind::Wide => Item::Wide(number.map(|word| self.builder.use_var(word))),
            Kind::Int => Item::Int(self.builder.use_var(payload)),
            Kind::Scalar => Item::Scalar(self.builder.use_var(tag), self.builder.use_var(payload)),
            Kind::Bool => {
                let value = self.builder.use_var(payload);
                Item::Bool(self.builder.ins().ireduce(ir::types::I8, value))
            }
            Kind::Null => Item::Null,
            Kind::Ref(Origin::Constant(index)) => self.byte_string(index).unwrap_or(Item::Mem(false)),
            Kind::Ref(origin) => Item::Ref(self.origin(origin), origin),
            Kind::Mem => Item::Mem(false),
        }
    }

    /// Returns the address of an item that is copied from `origin`.
    fn origin(&self, origin: Origin) -> Address {
        let (base, offset) = match origin {
            Origin::Slot(index) => (self.frame, self.slots[index].offset),
            Origin::Static(index) => (self.statics.unwrap_or(self.frame), i32::from(index) * layout::ITEM),
            Origin::Stack(index) => (self.base, self.stack_offset(index)),
            // Only the reference itself knows the address of the item.
            Origin::Element | Origin::Constant(_) => (self.base, 0),
        };
        Address { base, offset }
    }

    /// Begins a segment: guards that fail from here on lead back to here.
    fn begin_segment(&mut self, index: usize, refund: i64) {
        let Segment { state, tags, .. } = &mut self.segment;
        tags.clear();
        state.stack.clone_from(&self.state.stack);
        state.slots.clone_from(&self.state.slots);
        state.tries.clone_from(&self.state.tries);
        (self.segment.inst, self.segment.exit) = (index, None);
        self.gas.begin_segment(refund);
    }

    /// Begins a segment after an instruction that had an effect.
    fn after_effect(&mut self, ins: &Ins) {
        self.begin_segment(ins.index + 1, self.gas.ahead());
    }

    /// Begins a segment at an instruction that is about to have an effect.
    fn before_effect(&mut self, ins: &Ins) {
        self.check_overflow();
        if self.segment.inst != ins.index {
            let cost = self.input.code.meter_cost(ins.index);
            self.begin_segment(ins.index, self.gas.ahead() + cost);
        }
    }

    fn instruction(&mut self, ins: &Ins) {
        if let Some(inlined) = ins.inlined {
            return self.inlined(ins, inlined);
        }
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
            Family::Slot => self.call_builtin(ins),
        }
    }

    /// Returns whether an instruction must not speculate, because a guard of it failed before.
    /// Its code has no guards.
    fn must_not_speculate(&self, ins: &Ins) -> bool {
        self.must_not_speculate_at(ins.index)
    }

    fn must_not_speculate_at(&self, index: usize) -> bool {
        self.input.speculation.no_speculate.contains(&CodeView::original(index))
    }

    /// Returns the offset of a cell of the stack, in bytes from the end of the stack at the entry.
    fn stack_offset(&self, index: usize) -> i32 {
        (index as i32 - self.input.region.stack_inputs) * layout::ITEM
    }
}

/// Returns all slots of a method; exits write all of them.
fn all_slots(method: &Method) -> Vec<UsedSlot> {
    let (locals, arguments) = ((0..method.locals).map(Slot::Local), (0..method.arguments).map(Slot::Argument));
    locals.chain(arguments).map(|slot| UsedSlot::own(slot, true)).collect()
}

/// Returns the slots of its own frame that a region uses, each once.
fn used_slots(region: &Region) -> Vec<UsedSlot> {
    let mut slots: Vec<UsedSlot> = Vec::new();
    let instructions = region.blocks.values().flat_map(|block| &block.instructions);
    for ins in instructions.filter(|ins| frame_of(ins.index) == 0) {
        let (slot, stored) = match ins.slot() {
            Some(SlotUse::Load(slot)) => (slot, false),
            Some(SlotUse::Store(slot)) => (slot, true),
            _ => continue,
        };
        match slots.iter_mut().find(|used| used.slot == slot) {
            Some(used) => used.stored |= stored,
            None => slots.push(UsedSlot::own(slot, stored)),
        }
    }
    slots
}
