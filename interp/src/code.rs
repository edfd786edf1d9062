//! Decoded scripts: an array of decoded instructions, made once and shared by all
//! machines that run the script.
//!
//! Each instruction becomes a [`DecodedInst`] with its handler, its operand and
//! its cost. One more stands for the implicit RET behind the last byte. A jump
//! into the middle of an instruction is legal; the instructions that it leads to
//! are not part of this array but are decoded on demand into [`MisalignedInsts`],
//! which belong to the execution.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};

use neovm_types::{
    FaultKind, Integer, OpCode, PriceTable, Script,
    engine_internals::{Constants, add_wide_constant},
};

#[cfg(neovm_tail_calls)]
use crate::dispatch::tail_call::Link;
use crate::{
    fast::patterns,
    op::{Form, Op},
    tier::{HotCounters, Tier},
};

/// The size of the largest script that can be decoded, in bytes: 256 MiB.
pub const MAX_SCRIPT_SIZE: usize = 1 << 28;

/// A decoded instruction.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct DecodedInst {
    /// The handler of `form`, or what a tier put in its place.
    #[cfg(neovm_tail_calls)]
    pub(crate) handler: Link,
    /// Which handler runs it, alone or fused with instructions behind it.
    pub(crate) form: Form,
    /// How it runs alone.
    pub(crate) op: Op,
    /// The byte of its opcode; that of RET behind the end of the script.
    pub(crate) opcode: u8,
    /// Its position in the script, in bytes.
    pub(crate) offset: u32,
    /// The operand in the form that the handlers of `op` read, see [`crate::decode`].
    pub(crate) operand: u64,
    /// What its handler costs: the price in the upper half, the number of
    /// instructions in the lower half.
    pub(crate) cost: i64,
}

impl DecodedInst {
    #[inline(always)]
    pub(crate) fn new(opcode: u8, op: Op, offset: u32, operand: u64, cost: i64) -> Self {
        Self {
            #[cfg(neovm_tail_calls)]
            handler: Link::new(Form::alone(op)),
            form: Form::alone(op),
            op,
            opcode,
            offset,
            operand,
            cost,
        }
    }

    /// Sets the op that runs it, alone.
    fn set_op(&mut self, op: Op) {
        self.op = op;
        self.set_form(Form::alone(op), self.cost);
    }

    /// Adds what it pushes to the constants, unless that is a small integer.
    fn keep_constant(&mut self, script: &[u8], constants: &mut Constants) {
        if self.op != Op::Data && self.op != Op::WideInt {
            return;
        }
        let (start, length) = ((self.operand >> 32) as usize, self.operand as u32 as usize);
        let data = &script[start..start + length];
        self.operand = if self.op == Op::Data {
            constants.add(data) as u64
        } else {
            match Integer::from_le_bytes(data) {
                Some(Integer::Wide(value)) => add_wide_constant(constants, value) as u64,
                Some(Integer::Small(value)) => {
                    self.set_op(Op::Int);
                    value as u64
                }
                None => return self.set_op(Op::Full),
            }
        };
    }

    /// Sets the form whose handler runs it, and what that costs.
    fn set_form(&mut self, form: Form, cost: i64) {
        self.form = form;
        self.cost = cost;
        #[cfg(neovm_tail_calls)]
        {
            self.handler = Link::new(form);
        }
    }

    /// What it costs when it runs alone.
    pub(crate) fn single_cost(&self, prices: &PriceTable) -> i64 {
        if self.op == Op::Bad { 0 } else { cost(prices, self.opcode) }
    }
}

/// What an instruction costs when it runs alone, see [`DecodedInst::cost`].
#[inline(always)]
pub(crate) fn cost(prices: &PriceTable, opcode: u8) -> i64 {
    i64::from(prices.price_of_byte(opcode)) << 32 | 1
}

/// A decoded script: immutable, and shared between executions and threads.
///
/// The prices are decoded in with the script: a [`crate::Vm`] runs only code
/// that was decoded with its own prices.
pub struct Code {
    script: Script,
    prices: Arc<PriceTable>,
    insts: Vec<DecodedInst>,
    /// The index of the instruction that starts at each position; [`NO_INST`] within an instruction.
    index: Box<[u32]>,
    /// The byte strings and wide integers that instructions push.
    constants: Constants,
    /// The counters of a tier that compiles hot parts of it, if there is one.
    hot_counters: Option<HotCounters>,
}

const NO_INST: u32 = u32::MAX;

/// Returns the number of instructions of a script.
fn count(script: &[u8]) -> usize {
    let (mut count, mut position) = (0, 0);
    while position < script.len() {
        position += DecodedInst::size(script, position);
        count += 1;
    }
    count
}

impl Code {
    /// Decodes a script. Never fails because of its bytes: those that are not an
    /// instruction fault when they are reached.
    ///
    /// # Errors
    /// [`FaultKind::Host`] for a script of more than [`MAX_SCRIPT_SIZE`] bytes.
    pub fn decode(script: Script, prices: &Arc<PriceTable>) -> Result<Self, FaultKind> {
        let length = script.len();
        if length > MAX_SCRIPT_SIZE {
            return Err(FaultKind::Host(alloc::format!("script of {length} bytes, at most {MAX_SCRIPT_SIZE} can run")));
        }
        // Counted first, so that memory is bounded by the size of the script and is taken once.
        let mut insts = Vec::with_capacity(count(script.bytes()) + 1);
        let mut index = vec![NO_INST; length + 1].into_boxed_slice();
        let mut constants = Constants::default();
        let mut position = 0;
        while position < length {
            let (mut inst, size) = DecodedInst::decode(script.bytes(), position, prices);
            inst.keep_constant(script.bytes(), &mut constants);
            index[position] = insts.len() as u32;
            insts.push(inst);
            position += size;
        }
        index[length] = insts.len() as u32;
        let ret = OpCode::RET as u8;
        insts.push(DecodedInst::new(ret, Op::of(OpCode::RET), length as u32, 0, cost(prices, ret)));
        let mut code = Self { script, prices: Arc::clone(prices), insts, index, constants, hot_counters: None };
        code.link_jumps();
        code.fuse();
        Ok(code)
    }

    /// Turns the offsets of jumps, which count bytes of the script, into
    /// distances between decoded instructions. A jump that does not lead to an
    /// instruction is left to the general handler.
    fn link_jumps(&mut self) {
        for place in 0..self.insts.len() {
            let inst = &self.insts[place];
            if !inst.op.is_jump() {
                continue;
            }
            let target = i64::from(inst.offset) + inst.operand as i64;
            // A jump to the end of the script faults, a call of it returns at once.
            let end = self.script.len() as i64 + i64::from(inst.op == Op::Call);
            let linked = (0..end).contains(&target).then(|| self.index[target as usize]);
            match linked {
                Some(to) if to != NO_INST => {
                    let distance = (i64::from(to) - place as i64) * size_of::<DecodedInst>() as i64;
                    self.insts[place].operand = distance as u64;
                }
                _ => self.insts[place].set_op(Op::Full),
            }
        }
    }

    /// Fuses instructions where a pattern begins. Those behind the first stay as
    /// they are: jumps may lead to them, and a fused handler that meets an
    /// unusual case leaves all of them to run one by one.
    fn fuse(&mut self) {
        for place in 0..self.insts.len() {
            if let Some(form) = patterns::find(&self.insts[place..]) {
                let fused = &self.insts[place..place + form.length()];
                let cost = fused.iter().map(|inst| inst.single_cost(&self.prices)).sum();
                self.insts[place].set_form(form, cost);
            }
        }
    }

    /// Attaches a tier; see [`crate::tier::attach`].
    pub(crate) fn with_tier(mut self, tier: Arc<dyn Tier>, threshold: u32) -> Self {
        #[cfg(neovm_tail_calls)]
        for place in 0..self.insts.len() {
            let form = self.insts[place].form;
            if !form.is_jump() {
                continue;
            }
            let jump = &self.insts[place + form.length() - 1];
            if jump.op == Op::Call || jump.op.is_jump() && (jump.operand as i64) < 0 {
                self.insts[place].handler = Link::counting(form);
            }
        }
        self.hot_counters = Some(HotCounters::new(tier, self.insts.len(), threshold));
        self
    }

    /// Returns the script.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Returns the prices that are decoded in.
    pub fn prices(&self) -> &Arc<PriceTable> {
        &self.prices
    }

    /// Returns the memory that the decoded form takes, in bytes, without the script itself.
    pub fn memory(&self) -> usize {
        let hot_counters = self.hot_counters.as_ref().map_or(0, HotCounters::memory);
        self.insts.capacity() * size_of::<DecodedInst>()
            + self.index.len() * size_of::<u32>()
            + self.constants.memory()
            + hot_counters
    }

    /// The byte strings and wide integers that instructions push, by their operands.
    pub(crate) fn constants(&self) -> &Constants {
        &self.constants
    }

    /// The counters of the tier, if there is one.
    pub(crate) fn hot_counters(&self) -> Option<&HotCounters> {
        self.hot_counters.as_ref()
    }

    /// All decoded instructions, in the order of their positions.
    pub(crate) fn insts(&self) -> &[DecodedInst] {
        &self.insts
    }

    /// The number of the instruction that starts at a position; that of the
    /// RET behind the last byte too.
    pub(crate) fn place(&self, position: usize) -> Option<usize> {
        self.index.get(position).filter(|&&place| place != NO_INST).map(|&place| place as usize)
    }

    /// The decoded instruction that starts at a position; none within an instruction.
    pub(crate) fn inst(&self, position: usize) -> Option<*const DecodedInst> {
        let place = *self.index.get(position)?;
        // Derived from the pointer to all of them: whoever holds it walks on to the others.
        ((place as usize) < self.insts.len()).then(|| self.insts.as_ptr().wrapping_add(place as usize))
    }
}

impl core::fmt::Debug for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Code").field("script", &self.script.hash()).field("insts", &self.insts.len()).finish()
    }
}

/// The number of positions of a page of misaligned instructions.
const PAGE: usize = 64;

/// Instructions that begin inside others because jumps led there, each decoded
/// once. Their general handlers run them and find the next one by its position,
/// so overlapping streams of instructions share them.
#[derive(Default)]
pub(crate) struct MisalignedInsts {
    /// A decoded instruction for each position, allocated by the page when a jump
    /// first leads there. They stay where they are. The offset of those that are
    /// not decoded yet is [`NOT_DECODED`].
    pages: Vec<Option<Box<[DecodedInst; PAGE]>>>,
}

const NOT_DECODED: u32 = u32::MAX;

impl MisalignedInsts {
    /// Returns the decoded instruction at a position inside an instruction of the code.
    pub(crate) fn inst(&mut self, code: &Code, position: usize) -> *const DecodedInst {
        if self.pages.is_empty() {
            self.pages.resize_with(code.script.len().div_ceil(PAGE), || None);
        }
        let empty = || Box::new(core::array::from_fn(|_| DecodedInst::new(0, Op::Bad, NOT_DECODED, 0, 0)));
        let inst = &mut self.pages[position / PAGE].get_or_insert_with(empty)[position % PAGE];
        if inst.offset == NOT_DECODED {
            (*inst, _) = DecodedInst::decode(code.script.bytes(), position, &code.prices);
            if inst.op != Op::Bad {
                inst.set_op(Op::Misaligned);
            }
        }
        inst
    }

    /// Returns their memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        pages * size_of::<[DecodedInst; PAGE]>() + self.pages.len() * size_of::<usize>()
    }
}
