//! Decoded instructions: what dispatch reads of each.

#[cfg(neovm_tail_calls)]
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use neovm_types::{OpCode, PriceTable};

use crate::op::{Form, Op};

/// A decoded instruction.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct DecodedInst {
    /// The handler of `form`, or what a tier put in its place.
    #[cfg(neovm_tail_calls)]
    pub(crate) handler: HandlerPtr,
    /// Which handler runs it, alone or fused with instructions behind it.
    pub(crate) form: Form,
    /// How it runs alone.
    pub(crate) op: Op,
    /// The byte of its opcode; that of RET behind the end of the script.
    pub(crate) opcode: u8,
    /// How often its fused handler failed, modulo 256; see [`tail_call`](crate::dispatch::tail_call).
    #[cfg(neovm_tail_calls)]
    pub(crate) failures: AtomicU8,
    /// Its position in the script, in bytes.
    pub(crate) offset: u32,
    /// The operand in the form that the handlers of `op` read, see `code::decode`.
    pub(crate) operand: u64,
    /// What its handler costs: the price in the upper half, the number of
    /// instructions in the lower half.
    pub(crate) cost: i64,
}

impl DecodedInst {
    /// Returns what it costs when it runs alone.
    pub(crate) fn single_cost(&self, prices: &PriceTable) -> i64 {
        if self.op == Op::Bad { 0 } else { cost(prices, self.opcode) }
    }

    /// Returns whether it is a SYSCALL that is not misaligned.
    #[inline(always)]
    pub(crate) fn is_system_call(&self) -> bool {
        self.opcode == OpCode::SYSCALL as u8 && self.op == Op::Full
    }
}

/// The address of a handler for dispatch by tail calls.
#[cfg(neovm_tail_calls)]
#[derive(Debug)]
pub(crate) struct HandlerPtr(AtomicPtr<()>);

#[cfg(neovm_tail_calls)]
impl HandlerPtr {
    /// # Safety
    /// The pointer is that of a handler, of the signature that dispatch by tail
    /// calls has, which lives as long as the code.
    #[inline(always)]
    pub(crate) const unsafe fn new(handler: *mut ()) -> Self {
        Self(AtomicPtr::new(handler))
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> *mut () {
        // The order makes visible what a handler that was stored later needs:
        // machine code and its exits. On x86-64 it costs nothing.
        self.0.load(Ordering::Acquire)
    }

    /// Replaces the handler; machines that are running notice it soon.
    ///
    /// # Safety
    /// As for [`HandlerPtr::new`].
    pub(crate) unsafe fn set(&self, handler: *mut ()) {
        self.0.store(handler, Ordering::Release);
    }

    /// Replaces the handler if it is still the expected one.
    ///
    /// # Safety
    /// As for [`HandlerPtr::new`].
    pub(crate) unsafe fn replace(&self, expected: *mut (), handler: *mut ()) {
        // If it is another one, a tier has replaced it.
        let _ = self.0.compare_exchange(expected, handler, Ordering::AcqRel, Ordering::Relaxed);
    }
}

/// Returns what an instruction costs when it runs alone, in the form of [`DecodedInst::cost`].
#[inline(always)]
pub(crate) fn cost(prices: &PriceTable, opcode: u8) -> i64 {
    i64::from(prices.price_of_byte(opcode)) << 32 | 1
}
