//! What the opcodes of arithmetic and comparison compute, stated once for
//! integers that an `i64` holds and once for wide ones.
//!
//! The fast handlers of the interpreter, its fused handlers and the compiler's
//! folding of constants evaluate here. A function returns `None` if it has no
//! result: the opcode is not of its kind, the result does not fit the type, a
//! divisor is zero, or the processor's own operation overflows (the remainder of
//! the least `i64` and -1, a shift of zero by 64 bits). What happens then,
//! [`Integer`](super::Integer) and the general handlers of the interpreter decide.

use ruint::aliases::U256;

use super::{I256, divide};
use crate::opcode::OpCode::{self, *};

/// The result of an opcode with one operand.
#[inline(always)]
pub const fn unary(opcode: OpCode, value: i64) -> Option<i64> {
    match opcode {
        INC => value.checked_add(1),
        DEC => value.checked_sub(1),
        NEGATE => value.checked_neg(),
        ABS => value.checked_abs(),
        SIGN => Some(value.signum()),
        INVERT => Some(!value),
        _ => None,
    }
}

/// The result of an opcode with two operands, `b` being the one on top of the stack.
#[inline(always)]
pub const fn binary(opcode: OpCode, a: i64, b: i64) -> Option<i64> {
    match opcode {
        ADD => a.checked_add(b),
        SUB => a.checked_sub(b),
        MUL => a.checked_mul(b),
        DIV => a.checked_div(b),
        MOD => a.checked_rem(b),
        AND => Some(a & b),
        OR => Some(a | b),
        XOR => Some(a ^ b),
        MIN => Some(if a < b { a } else { b }),
        MAX => Some(if a > b { a } else { b }),
        _ => None,
    }
}

/// The result of a shift by `bits`, of which `max_shift` are allowed.
#[inline(always)]
pub const fn shift(opcode: OpCode, value: i64, bits: i64, max_shift: u32) -> Option<i64> {
    if bits < 0 || bits > max_shift as i64 {
        return None;
    }
    match opcode {
        SHL => {
            let shifted = value.wrapping_shl(bits as u32);
            let keeps_all = bits < 64 && shifted >> (bits & 63) == value;
            if keeps_all { Some(shifted) } else { None }
        }
        SHR => Some(value >> if bits < 63 { bits } else { 63 }),
        _ => None,
    }
}

/// The result of an opcode that compares two integers, `b` being the one on top of the stack.
#[inline(always)]
pub fn compare<T: Ord>(opcode: OpCode, a: T, b: T) -> Option<bool> {
    match opcode {
        EQUAL | NUMEQUAL => Some(a == b),
        NOTEQUAL | NUMNOTEQUAL => Some(a != b),
        LT => Some(a < b),
        LE => Some(a <= b),
        GT => Some(a > b),
        GE => Some(a >= b),
        _ => None,
    }
}

/// The result of WITHIN: whether a value is at least `start` and below `end`.
#[inline(always)]
pub const fn within(value: i64, start: i64, end: i64) -> bool {
    start <= value && value < end
}

/// The remainder that has the sign of the divisor, as Python's `%` has, and
/// whether the divisor was added to that of [`MOD`] for it. No opcode computes
/// it; compilers write a series of instructions.
#[inline(always)]
pub const fn floor_mod(dividend: i64, divisor: i64) -> Option<(i64, bool)> {
    let Some(remainder) = binary(MOD, dividend, divisor) else { return None };
    let differs = remainder != 0 && remainder.signum() != divisor.signum();
    Some((if differs { remainder + divisor } else { remainder }, differs))
}

/// The quotient, rounded toward zero, and the remainder of integers of 128 bits; the divisor is not zero. The quotient
/// of the least integer and -1 is the least integer.
#[inline]
pub fn div_rem_i128(a: i128, b: i128) -> (i128, i128) {
    // Few integers are negative, and the others need not wait for signs.
    #[cold]
    #[inline(never)]
    fn with_signs(a: i128, b: i128) -> (i128, i128) {
        let (quotient, rest) = divide::div_rem_two(a.unsigned_abs(), b.unsigned_abs());
        (with_sign(quotient, (a < 0) != (b < 0)), with_sign(rest, a < 0))
    }
    if a < 0 || b < 0 {
        return with_signs(a, b);
    }
    let (quotient, rest) = divide::div_rem_two(a as u128, b as u128);
    (quotient as i128, rest as i128)
}

/// The integer of a magnitude and a sign, modulo 2^128.
fn with_sign(magnitude: u128, negative: bool) -> i128 {
    let value = magnitude as i128;
    if negative { value.wrapping_neg() } else { value }
}

/// The quotient, rounded toward zero, if it fits, and the remainder of an integer by one of 128 bits that is not zero.
#[inline]
pub fn div_rem_by_i128(a: I256, b: i128) -> (Option<I256>, i128) {
    #[cold]
    #[inline(never)]
    fn with_signs(a: I256, b: i128) -> (Option<I256>, i128) {
        let (quotient, rest) = divide::div_rem_by_two(a.magnitude().into_limbs(), b.unsigned_abs());
        let quotient = I256::from_magnitude(a.is_negative() != (b < 0), U256::from_limbs(quotient));
        // A remainder is less than 2^127.
        (quotient, with_sign(rest, a.is_negative()))
    }
    if a.is_negative() || b < 0 {
        return with_signs(a, b);
    }
    let (quotient, rest) = divide::div_rem_by_two(a.limbs(), b as u128);
    (Some(I256::from_limbs(quotient)), rest as i128)
}

/// That quotient, if its magnitude is below 2^127.
#[inline]
pub fn div_to_i128(a: I256, b: i128) -> Option<i128> {
    #[cold]
    #[inline(never)]
    fn with_signs(a: I256, b: i128) -> Option<i128> {
        let (quotient, _) = divide::div_rem_by_two(a.magnitude().into_limbs(), b.unsigned_abs());
        Some(with_sign(below_sign(quotient)?, a.is_negative() != (b < 0)))
    }
    #[inline(always)]
    fn below_sign([low, high, third, fourth]: [u64; 4]) -> Option<u128> {
        (third | fourth | high >> 63 == 0).then_some(u128::from(high) << 64 | u128::from(low))
    }
    if a.is_negative() || b < 0 {
        return with_signs(a, b);
    }
    let (quotient, _) = divide::div_rem_by_two(a.limbs(), b as u128);
    below_sign(quotient).map(|quotient| quotient as i128)
}

/// A word is shifted until its highest bit is set; this is 2^192 divided by it, rounded down, without its highest bit,
/// which is that of 2^128. For a power of two it is one less, and for 0, which divides nothing, as for 1.
pub fn reciprocal(word: u64) -> u128 {
    divide::reciprocal(word)
}

/// The result of an opcode with one wide operand.
#[inline(always)]
pub fn wide_unary(opcode: OpCode, value: I256) -> Option<I256> {
    match opcode {
        INC => value.checked_add(&I256::from(1i64)),
        DEC => value.checked_sub(&I256::from(1i64)),
        NEGATE => I256::ZERO.checked_sub(&value),
        ABS if value.is_negative() => I256::ZERO.checked_sub(&value),
        ABS => Some(value),
        _ => None,
    }
}

/// The result of an opcode with two wide operands, `b` being the one on top of the stack.
#[inline(always)]
pub fn wide_binary(opcode: OpCode, a: I256, b: I256) -> Option<I256> {
    match opcode {
        ADD => a.checked_add(&b),
        SUB => a.checked_sub(&b),
        MUL => a.checked_mul(&b),
        DIV => a.checked_div(&b),
        MOD => a.checked_rem(&b),
        AND => Some(a.zip(&b, |a, b| a & b)),
        OR => Some(a.zip(&b, |a, b| a | b)),
        XOR => Some(a.zip(&b, |a, b| a ^ b)),
        MIN => Some(a.min(b)),
        MAX => Some(a.max(b)),
        _ => None,
    }
}

/// The result of [`wide_binary`] where it takes no call, as for most operands of these opcodes.
#[inline(always)]
pub fn quick_binary(opcode: OpCode, a: I256, b: I256) -> Option<I256> {
    match opcode {
        ADD => a.checked_add(&b),
        SUB => a.checked_sub(&b),
        MUL => a.quick_mul(&b),
        DIV => Some(a.quick_div_rem(&b)?.0),
        MOD => Some(a.quick_div_rem(&b)?.1),
        _ => None,
    }
}

/// The result of [`compare`] of wide operands, without a call.
#[inline(always)]
pub fn quick_compare(opcode: OpCode, a: I256, b: I256) -> Option<bool> {
    match opcode {
        NUMEQUAL => Some(a.quick_eq(&b)),
        NUMNOTEQUAL => Some(!a.quick_eq(&b)),
        LT => Some(a.quick_lt(&b)),
        LE => Some(!b.quick_lt(&a)),
        GT => Some(b.quick_lt(&a)),
        GE => Some(!a.quick_lt(&b)),
        _ => None,
    }
}
