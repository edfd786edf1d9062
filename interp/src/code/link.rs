//! Linking: from decoded instructions to code that runs, with its constants, the
//! targets of jumps, fused instructions and handlers.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
#[cfg(neovm_tail_calls)]
use core::sync::atomic::AtomicU8;

use neovm_types::{
    FaultKind, Integer, OpCode, PriceTable, Script,
    engine_internals::{Constants, add_wide_constant},
};

use super::{Code, MAX_SCRIPT_SIZE, MisalignedInsts, NO_INST, NOT_DECODED, PAGE};
#[cfg(neovm_tail_calls)]
use crate::dispatch::tail_call;
use crate::{
    fast::{
        patterns::{Fused, Handlers},
        statics,
    },
    inst::{DecodedInst, cost},
    op::{Form, Op},
    tier::{HotCounters, Tier},
};

impl DecodedInst {
    #[inline(always)]
    pub(super) fn new(opcode: u8, op: Op, offset: u32, operand: u64, cost: i64) -> Self {
        Self {
            #[cfg(neovm_tail_calls)]
            handler: tail_call::handler_of(Form::alone(op)),
            form: Form::alone(op),
            op,
            opcode,
            #[cfg(neovm_tail_calls)]
            failures: AtomicU8::new(0),
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
            self.handler = tail_call::handler_of(form);
        }
    }
}

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
        for index in 0..self.insts.len() {
            let inst = &self.insts[index];
            if !inst.op.is_jump() {
                continue;
            }
            let target = i64::from(inst.offset) + inst.operand as i64;
            // A jump to the end of the script faults. After a call or a try block, the RET there runs.
            let end = self.script.len() as i64 + i64::from(matches!(inst.op, Op::Call | Op::EndTry));
            let linked = (0..end).contains(&target).then(|| self.index[target as usize]);
            match linked {
                Some(to) if to != NO_INST => {
                    let distance = (i64::from(to) - index as i64) * size_of::<DecodedInst>() as i64;
                    self.insts[index].operand = distance as u64;
                }
                _ => self.insts[index].set_op(Op::Full),
            }
        }
    }

    /// Fuses instructions where a pattern begins. Those behind the first stay as
    /// they are: jumps may lead to them, and a fused handler that meets an
    /// unusual case leaves all of them to run one by one.
    fn fuse(&mut self) {
        let mut handlers = Handlers::default();
        for index in (0..self.insts.len()).rev() {
            let Some(form) = handlers.find(&self.insts[index..]) else { continue };
            let mut length = form.length();
            if let Some(Fused::InitStatics) = form.fused_handler() {
                let Some((operand, found)) = statics::find(&self.insts[index..], &self.prices) else { continue };
                self.insts[index].operand = operand;
                length = found;
            }
            let fused = &self.insts[index..index + length];
            let cost = fused.iter().map(|inst| inst.single_cost(&self.prices)).sum();
            self.insts[index].set_form(form, cost);
        }
    }

    /// Attaches a tier; see [`crate::tier::attach`].
    pub(crate) fn with_tier(mut self, tier: Arc<dyn Tier>, threshold: u32) -> Self {
        #[cfg(neovm_tail_calls)]
        for index in 0..self.insts.len() {
            let form = self.insts[index].form;
            if !form.is_jump() {
                continue;
            }
            let jump = &self.insts[index + form.length() - 1];
            if jump.op == Op::Call || jump.op.is_jump() && (jump.operand as i64) < 0 {
                self.insts[index].handler = tail_call::counting_handler_of(form);
            }
        }
        self.hot_counters = Some(HotCounters::new(tier, self.insts.len(), threshold));
        self
    }
}

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
}
