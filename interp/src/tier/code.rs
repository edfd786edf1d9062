//! What a tier may know of decoded code, and do to it.

use core::{ops::Range, sync::atomic::Ordering};

use neovm_types::Script;

use super::builtins::{InstBuiltin, of_inst};
use crate::{
    code::Code,
    fast::{
        floor_mod,
        patterns::{self, Fused},
    },
    inst::DecodedInst,
    op::Op,
};

/// Decoded code as a tier sees it. Instructions are named by their index among the decoded instructions, their *index*;
/// the last one stands for the RET behind the last byte.
///
/// Methods that take an index panic if there is no such instruction.
#[derive(Clone, Copy, Debug)]
pub struct CodeView<'a>(&'a Code);

impl<'a> CodeView<'a> {
    /// The view of some decoded code.
    pub fn new(code: &'a Code) -> Self {
        Self(code)
    }

    fn inst(self, index: usize) -> &'a DecodedInst {
        &self.0.insts()[index]
    }

    /// The script that was decoded.
    pub fn script(self) -> &'a Script {
        self.0.script()
    }

    /// Returns the number of instructions, the RET behind the last byte included.
    pub fn inst_count(self) -> usize {
        self.0.insts().len()
    }

    /// Returns the index of the instruction that begins at a position, in bytes; none within an instruction.
    pub fn inst_index(self, position: usize) -> Option<usize> {
        self.0.inst_index(position)
    }

    /// Returns the position of an instruction, in bytes.
    pub fn position(self, index: usize) -> usize {
        self.inst(index).offset as usize
    }

    /// Returns the address of a decoded instruction, as builtins and exits take it.
    pub fn inst_address(self, index: usize) -> usize {
        core::ptr::from_ref(self.inst(index)).addr()
    }

    /// Returns what an instruction takes off the meter.
    pub fn meter_cost(self, index: usize) -> i64 {
        self.inst(index).single_cost(self.0.prices())
    }

    /// Returns what the interpreter has taken off the meter when it enters compiled code at an instruction.
    pub fn entry_cost(self, index: usize) -> i64 {
        self.inst(index).cost
    }

    /// Returns what an instruction pushes, if that is an integer of at most 64 bits.
    pub fn small_constant(self, index: usize) -> Option<i64> {
        let inst = self.inst(index);
        (inst.op == Op::Int).then_some(inst.operand as i64)
    }

    /// Returns the remainder with the sign of the divisor that begins at an instruction, as compilers write it. The
    /// dividend is on top of the stack, above the divisor.
    pub fn floor_mod(self, index: usize) -> Option<FloorMod> {
        let Fused::FloorMod = patterns::find(&self.0.insts()[index..])?.fused_handler()? else { return None };
        let at = |range: Range<usize>| index + range.start..index + range.end;
        Some(FloorMod { jump: index + floor_mod::JUMP, differ: at(floor_mod::DIFFER), agree: at(floor_mod::AGREE) })
    }

    /// Returns the builtin that runs an instruction; none on platforms without tail calls.
    pub fn inst_builtin(self, index: usize) -> Option<InstBuiltin> {
        of_inst(self.inst(index))
    }

    /// Lets the interpreter enter compiled code at an instruction, or takes the entry away. Machines that are running
    /// notice it soon.
    ///
    /// # Safety
    /// The entry is a function with the signature of a handler, keeps the invariants of the machine as handlers do, and
    /// lives as long as the decoded code.
    #[allow(unused_variables, reason = "nothing is entered without tail calls")]
    pub unsafe fn enter_by(self, index: usize, entry: Option<*const u8>) {
        #[cfg(neovm_tail_calls)]
        {
            use crate::dispatch::tail_call::{COUNTING, TailFn};
            let inst = self.inst(index);
            // SAFETY: the caller guarantees that it is such a function.
            let entry = entry.map(|entry| unsafe { core::mem::transmute::<*const u8, TailFn>(entry) });
            // Code with a tier counts.
            let handler = entry.unwrap_or(COUNTING[inst.form.number()]);
            // SAFETY: handlers of the interpreter live for ever; the entry is the caller's word.
            unsafe { inst.handler.set(handler as *mut ()) };
        }
    }

    /// Makes an instruction hot again after it was reached `times` times more.
    pub fn reset_counter(self, index: usize, times: u32) {
        if let Some(hot_counters) = self.0.hot_counters() {
            hot_counters.counters[index].store(times, Ordering::Relaxed);
        }
    }
}

/// The places of instructions that compute a remainder with the sign of the divisor: a run of instructions that ends in
/// a conditional jump, and two alternatives. What follows lies behind the second one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloorMod {
    /// The jump, which is taken where the signs of the remainder and the divisor agree.
    pub jump: usize,
    /// The instructions that run where the signs differ.
    pub differ: Range<usize>,
    /// The instructions that run where they agree.
    pub agree: Range<usize>,
}
