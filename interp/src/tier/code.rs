//! Decoded code as a tier sees it.

use core::{ops::Range, sync::atomic::Ordering};

use neovm_types::{Integer, Script};

use super::builtins::{InstBuiltin, of_inst};
use crate::{
    code::{Code, MAX_SCRIPT_SIZE},
    fast::{floor_mod, patterns::Fused},
    inst::DecodedInst,
    op::Op,
};

/// A view of decoded code for a tier. Instructions are identified by their index; the last one stands for the implicit
/// RET behind the last byte.
///
/// Methods that take an index panic if there is no such instruction. They only look at the lower
/// [`INDEX_BITS`](Self::INDEX_BITS) of it.
#[derive(Clone, Copy, Debug)]
pub struct CodeView<'a>(&'a Code);

impl<'a> CodeView<'a> {
    /// Creates a view of decoded code.
    pub fn new(code: &'a Code) -> Self {
        Self(code)
    }

    /// The number of bits of an index. A tier that copies instructions may use those above to tell the copies apart.
    pub const INDEX_BITS: u32 = MAX_SCRIPT_SIZE.ilog2() + 1;

    /// Returns the index without the bits that are the tier's.
    pub const fn original(index: usize) -> usize {
        index & ((1 << Self::INDEX_BITS) - 1)
    }

    fn inst(self, index: usize) -> &'a DecodedInst {
        &self.0.insts()[Self::original(index)]
    }

    /// Returns the script that was decoded.
    pub fn script(self) -> &'a Script {
        self.0.script()
    }

    /// Returns the number of instructions, including the RET behind the last byte.
    pub fn inst_count(self) -> usize {
        self.0.insts().len()
    }

    /// Returns the index of the instruction that begins at a position in bytes, or `None` within an instruction.
    pub fn inst_index(self, position: usize) -> Option<usize> {
        self.0.inst_index(position)
    }

    /// Returns the position of an instruction, in bytes.
    pub fn position(self, index: usize) -> usize {
        self.inst(index).offset as usize
    }

    /// Returns the address of a decoded instruction, which builtins and exits take.
    pub fn inst_address(self, index: usize) -> usize {
        core::ptr::from_ref(self.inst(index)).addr()
    }

    /// Returns what an instruction subtracts from the meter.
    pub fn meter_cost(self, index: usize) -> i64 {
        self.inst(index).single_cost(self.0.prices())
    }

    /// Returns what the interpreter has subtracted from the meter when it enters compiled code at an instruction.
    pub fn entry_cost(self, index: usize) -> i64 {
        self.inst(index).cost
    }

    /// Returns the integer that an instruction pushes, if it pushes one of at most 64 bits.
    pub fn small_constant(self, index: usize) -> Option<i64> {
        let inst = self.inst(index);
        (inst.op == Op::Int).then_some(inst.operand as i64)
    }

    /// Returns the integer that an instruction pushes, if it pushes a constant one.
    pub fn constant(self, index: usize) -> Option<Integer> {
        match self.inst(index).op {
            Op::Int => self.small_constant(index).map(Integer::Small),
            Op::WideInt => Integer::from_le_bytes(self.script().instruction(self.position(index)).ok()?.operand),
            _ => None,
        }
    }

    /// Returns the byte string that an instruction pushes, if it pushes one: the payload of its item, and its length.
    /// The payload is valid as long as the code.
    pub fn byte_string(self, index: usize) -> Option<(usize, usize)> {
        let length = self.pushed_bytes(index)?.len();
        let place = self.inst(index).operand as usize;
        Some((self.0.constants().start().wrapping_add(place).addr(), length))
    }

    /// Returns the bytes that an instruction pushes, if it pushes a byte string.
    pub fn pushed_bytes(self, index: usize) -> Option<&'a [u8]> {
        let instruction = || self.script().instruction(self.position(index)).ok();
        (self.inst(index).op == Op::Data).then(instruction).flatten().map(|data| data.operand)
    }

    /// Returns the instructions of a remainder with the sign of the divisor, in the form that compilers generate, if
    /// they begin at this index. The dividend is on top of the stack, above the divisor.
    pub fn floor_mod(self, index: usize) -> Option<FloorMod> {
        let Fused::FloorMod = self.0.insts()[Self::original(index)].form.fused_handler()? else {
            return None;
        };
        let at = |range: Range<usize>| index + range.start..index + range.end;
        Some(FloorMod { jump: index + floor_mod::JUMP, differ: at(floor_mod::DIFFER), agree: at(floor_mod::AGREE) })
    }

    /// Returns the builtin that runs an instruction, or `None` on platforms without tail calls.
    pub fn inst_builtin(self, index: usize) -> Option<InstBuiltin> {
        of_inst(self.inst(index))
    }

    /// Lets the interpreter enter compiled code at an instruction, or removes the entry. Machines that are running
    /// notice the change soon.
    ///
    /// # Safety
    /// The entry is a function with the signature of a handler. It keeps the invariants of the machine as handlers do,
    /// and lives as long as the decoded code.
    #[allow(unused_variables, reason = "nothing is entered without tail calls")]
    pub unsafe fn enter_by(self, index: usize, entry: Option<*const u8>) {
        #[cfg(neovm_tail_calls)]
        {
            use crate::dispatch::tail_call::{COUNTING, HANDLERS, TailFn};
            let inst = self.inst(index);
            // SAFETY: the caller guarantees that it is such a function.
            let entry = entry.map(|entry| unsafe { core::mem::transmute::<*const u8, TailFn>(entry) });
            // In code with a tier, jumps and calls count.
            let own = if inst.form.is_jump() { &COUNTING } else { &HANDLERS };
            let handler = entry.unwrap_or(own[inst.form.number()]);
            // SAFETY: handlers of the interpreter are static; the entry is guaranteed by the caller.
            unsafe { inst.handler.set(handler as *mut ()) };
        }
    }

    /// Makes an instruction hot again once it has been reached `times` more times.
    pub fn reset_counter(self, index: usize, times: u32) {
        if let Some(hot_counters) = self.0.hot_counters() {
            hot_counters.counters[index].store(times, Ordering::Relaxed);
        }
    }
}

/// The indexes of instructions that compute a remainder with the sign of the divisor: a sequence that ends in a
/// conditional jump, followed by two alternatives. Execution continues behind the second one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloorMod {
    /// The jump, which is taken if the signs of the remainder and the divisor agree.
    pub jump: usize,
    /// The instructions that run if the signs differ.
    pub differ: Range<usize>,
    /// The instructions that run if they agree.
    pub agree: Range<usize>,
}
