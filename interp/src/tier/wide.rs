//! Builtins for integers of more than 64 bits. Those that compute read their operands and write their result, and may be
//! called repeatedly.

use neovm_types::{I256, Integer, OpCode, StackItem, integer::eval};

use super::layout;
use crate::{fast::wide::store, stack::drop_cell, vm::Vm};

/// An integer of two words, the lower one first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct TwoWords {
    low: u64,
    high: u64,
}

impl From<i128> for TwoWords {
    fn from(value: i128) -> Self {
        Self { low: value as u64, high: (value >> 64) as u64 }
    }
}

fn i128_of(low: u64, high: u64) -> i128 {
    i128::from(high as i64) << 64 | i128::from(low)
}

/// Makes an item of four words.
pub(super) fn integer_item(limbs: [u64; 4]) -> StackItem {
    Integer::from(I256::from_limbs(limbs)).into()
}

/// Reads four words one by one: they were just written so.
///
/// # Safety
/// The words can be read.
#[inline(always)]
unsafe fn read(limbs: *const [u64; 4]) -> I256 {
    // SAFETY: guaranteed by the caller; the integer consists of its words.
    unsafe { (*limbs.cast::<I256>()).load() }
}

/// Writes four words one by one, as they are read.
///
/// # Safety
/// The words can be written.
#[inline(always)]
unsafe fn write(out: *mut [u64; 4], value: I256) {
    let first = out.cast::<u64>();
    for (i, limb) in value.limbs().into_iter().enumerate() {
        // SAFETY: guaranteed by the caller.
        unsafe { first.add(i).write_volatile(limb) };
    }
}

/// See [`super::builtins::READ_WIDE`].
///
/// # Safety
/// `item` points to an item, and `out` to four words.
pub(super) unsafe extern "C" fn read_wide(item: *const StackItem, out: *mut [u64; 4]) -> u64 {
    // SAFETY: the caller guarantees it.
    let value = match unsafe { &*item } {
        StackItem::Integer(value) => I256::from(*value),
        StackItem::BigInteger(value) => value.load(),
        _ => return 0,
    };
    // SAFETY: the caller guarantees it.
    unsafe { write(out, value) };
    let [low, high, third, fourth] = value.limbs();
    let sign = ((high as i64) >> 63) as u64;
    match (third, fourth) {
        (third, fourth) if third != sign || fourth != sign => 3,
        _ if high != ((low as i64) >> 63) as u64 => 2,
        _ => 1,
    }
}

/// See [`super::builtins::TAKE_WIDE`].
///
/// # Safety
/// The cell holds an integer.
pub(super) unsafe extern "C" fn take_wide(cell: *mut StackItem) {
    // SAFETY: the caller guarantees it; the cell is overwritten.
    unsafe {
        drop_cell(cell);
        cell.write(StackItem::Integer(0));
    }
}

/// See [`super::builtins::WRITE_I128`].
///
/// # Safety
/// The cell is free.
pub(super) unsafe extern "C" fn write_i128(cell: *mut StackItem, low: u64, high: u64) {
    // SAFETY: the caller guarantees it.
    unsafe { cell.write(Integer::from(i128_of(low, high)).into()) };
}

/// See [`super::builtins::WRITE_WIDE`].
///
/// # Safety
/// The cell is free, and `limbs` can be read.
pub(super) unsafe extern "C" fn write_wide(cell: *mut StackItem, limbs: *const [u64; 4]) {
    // SAFETY: the caller guarantees it.
    unsafe { cell.write(Integer::from(read(limbs)).into()) };
}

/// See [`super::builtins::STORE_WIDE`].
///
/// # Safety
/// The cell holds an item whose tag is at most [`layout::WIDE`], and `limbs` can be read.
pub(super) unsafe extern "C" fn store_wide(cell: *mut StackItem, limbs: *const [u64; 4]) {
    // SAFETY: the caller guarantees it.
    unsafe { store::<false>(cell, read(limbs)) }
}

/// See [`super::builtins::DIV_I128`].
pub(super) extern "C" fn div_i128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> TwoWords {
    eval::div_rem_i128(i128_of(a_low, a_high), i128_of(b_low, b_high)).0.into()
}

/// See [`super::builtins::REM_I128`].
pub(super) extern "C" fn rem_i128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> TwoWords {
    eval::div_rem_i128(i128_of(a_low, a_high), i128_of(b_low, b_high)).1.into()
}

/// See [`super::builtins::RECIPROCAL`].
pub(super) extern "C" fn reciprocal(divisor: u64) -> TwoWords {
    (eval::reciprocal(divisor) as i128).into()
}

/// Writes a result, if there is one, and returns whether there is.
///
/// # Safety
/// `out` can be written.
#[inline(always)]
unsafe fn finish(result: Option<I256>, out: *mut [u64; 4]) -> u64 {
    let Some(result) = result else { return 0 };
    // SAFETY: guaranteed by the caller.
    unsafe { write(out, result) };
    1
}

/// See [`super::builtins::MUL_WIDE`].
///
/// # Safety
/// `a` and `b` can be read, and `out` can be written.
pub(super) unsafe extern "C" fn mul_wide(a: *const [u64; 4], b: *const [u64; 4], out: *mut [u64; 4]) -> u64 {
    // SAFETY: the caller guarantees it.
    unsafe { finish(eval::wide_binary(OpCode::MUL, read(a), read(b)), out) }
}

/// See [`super::builtins::DIV_WIDE`].
///
/// # Safety
/// `a` and `b` can be read, and `out` can be written.
pub(super) unsafe extern "C" fn div_wide(a: *const [u64; 4], b: *const [u64; 4], out: *mut [u64; 4]) -> u64 {
    // SAFETY: the caller guarantees it.
    unsafe { finish(eval::wide_binary(OpCode::DIV, read(a), read(b)), out) }
}

/// See [`super::builtins::REM_WIDE`].
///
/// # Safety
/// `a` and `b` can be read, and `out` can be written.
pub(super) unsafe extern "C" fn rem_wide(a: *const [u64; 4], b: *const [u64; 4], out: *mut [u64; 4]) -> u64 {
    // SAFETY: the caller guarantees it.
    unsafe { finish(eval::wide_binary(OpCode::MOD, read(a), read(b)), out) }
}

/// See [`super::builtins::DIV_WIDE_BY_I128`].
///
/// # Safety
/// `out` can be written.
pub(super) unsafe extern "C" fn div_wide_by_i128(
    a: u64,
    b: u64,
    c: u64,
    d: u64,
    low: u64,
    high: u64,
    out: *mut [u64; 4],
) -> u64 {
    let (quotient, _) = eval::div_rem_by_i128(I256::from_limbs([a, b, c, d]), i128_of(low, high));
    // SAFETY: the caller guarantees it.
    unsafe { finish(quotient, out) }
}

/// See [`super::builtins::DIV_WIDE_TO_I128`].
pub(super) extern "C" fn div_wide_to_i128(a: u64, b: u64, c: u64, d: u64, low: u64, high: u64) -> TwoWords {
    /// Apart, so that results need not wait for the comparison.
    #[cold]
    #[inline(never)]
    fn too_wide() -> TwoWords {
        i128::MIN.into()
    }
    match eval::div_to_i128(I256::from_limbs([a, b, c, d]), i128_of(low, high)) {
        Some(quotient) => quotient.into(),
        None => too_wide(),
    }
}

/// See [`super::builtins::REM_WIDE_BY_I128`].
pub(super) extern "C" fn rem_wide_by_i128(a: u64, b: u64, c: u64, d: u64, low: u64, high: u64) -> TwoWords {
    eval::div_rem_by_i128(I256::from_limbs([a, b, c, d]), i128_of(low, high)).1.into()
}

/// See [`super::builtins::COMPUTE_WIDE`].
///
/// # Safety
/// `a`, `b` and `c` can be read, and `out` can be written.
pub(super) unsafe extern "C" fn compute_wide(
    vm: &Vm,
    opcode: u64,
    a: *const [u64; 4],
    b: *const [u64; 4],
    c: *const [u64; 4],
    out: *mut [u64; 4],
) -> u64 {
    // SAFETY: the caller guarantees it.
    let [a, b, c] = [a, b, c].map(|limbs| Integer::from(unsafe { read(limbs) }));
    let result = OpCode::from_byte(opcode as u8).and_then(|opcode| vm.compute_integer(opcode, a, b, c));
    // SAFETY: the caller guarantees it.
    unsafe { finish(result.map(Integer::wide), out) }
}

impl Vm {
    /// Returns the result of an opcode that is not computed in a few steps; none if it faults.
    pub(super) fn compute_integer(&self, opcode: OpCode, a: Integer, b: Integer, c: Integer) -> Option<Integer> {
        let shift = || self.limits.check_shift(b.to_i32().ok()?).ok();
        match opcode {
            OpCode::SHL => a.shl(shift()?).ok(),
            OpCode::SHR => Some(a.shr(shift()?)),
            OpCode::POW => a.pow(shift()?).ok(),
            OpCode::SQRT => a.sqrt().ok(),
            OpCode::MODMUL => a.mod_mul(b, c).ok(),
            OpCode::MODPOW => a.mod_pow(b, c).ok(),
            _ => None,
        }
    }
}

const _: () = assert!(layout::WIDE == layout::LAST_SCALAR + 1, "`store_wide` overwrites scalars and wide integers");
