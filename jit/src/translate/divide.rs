//! Division of small integers. Since the processor's 64-bit division is slow, cheaper sequences replace it where
//! possible.

use std::ops::Range;

use cranelift_codegen::ir::{
    InstBuilder, Value,
    condcodes::IntCC,
    types::{I32, I64},
};
use neovm_interp::tier::FloorMod;
use neovm_types::OpCode;

use super::{Translator, state::Item};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    /// Translates DIV and MOD, which truncate toward zero as in the reference.
    pub(super) fn divide(&mut self, ins: &Ins) {
        let known = self.peek(0);
        let divisor = self.pop_int();
        let value = self.pop_int();
        let quotient = match known {
            Item::Const(1) => value,
            Item::Const(power) if is_power(known) => self.divide_by_power(value, power),
            Item::Const(known) if known > 1 => self.divide_by_known(value, known),
            _ => {
                let result = self.divide_by_any(value, divisor, ins.opcode == OpCode::DIV);
                return self.push(Item::Int(result));
            }
        };
        let result = if ins.opcode == OpCode::DIV {
            quotient
        } else {
            let whole = self.builder.ins().imul(quotient, divisor);
            self.builder.ins().isub(value, whole)
        };
        self.push(Item::Int(result));
    }

    /// Translates a remainder with the sign of the divisor, which compilers write as many instructions in several
    /// blocks, as one operation, which ends the block. Returns false and emits nothing if those blocks serve another
    /// purpose, too.
    pub(super) fn floor_mod(&mut self, ins: &Ins) -> bool {
        let index = ins.index;
        let Some(FloorMod { jump, differ, agree }) = self.input.code.floor_mod(index) else { return false };
        let behind = agree.end;
        let blocks = &self.input.region.blocks;
        // And not if what comes behind is at another height of the stack, where control leaves the region.
        let is_own = |start: usize| {
            blocks.get(&start).is_some_and(|block| block.predecessors == 1 && block.mismatched.is_empty())
        };
        if blocks.range(index + 1..=jump).next().is_some()
            || !(is_own(differ.start) && is_own(agree.start))
            || (index..behind).any(|index| self.must_not_speculate_at(index))
            || self.is_wide(ins, 2)
            || !self.may_compute(ins, 2)
        {
            return false;
        }
        let known = self.peek(1);
        let (value, divisor) = (self.pop_int(), self.pop_int());
        let (rest, signs_differ) = self.rest_and_signs(value, divisor, known);
        let (adjust, done) = (self.cold_block(), self.builder.create_block());
        let [result, meter] = [(); 2].map(|()| self.builder.append_block_param(done, I64));
        self.push(Item::Int(result));
        let cost = |indexes: Range<usize>| indexes.map(|index| self.input.code.meter_cost(index)).sum::<i64>();
        let own = cost(agree.clone());
        let more = cost(differ) - own;
        self.current = agree.start;
        self.gas.replace_rest(own);
        self.settle(&[behind]);
        self.check_overflow();
        // No exit leads back from here on: exit plans do not say which path was taken.
        self.builder.ins().brif(signs_differ, adjust, &[], done, &[rest.into(), self.gas.meter.value.into()]);
        self.continue_in(adjust);
        let sum = if is_power(known) { rest } else { self.builder.ins().iadd(rest, divisor) };
        let charged = self.plus(self.gas.meter.value, -more);
        self.builder.ins().jump(done, &[sum.into(), charged.into()]);
        self.continue_in(done);
        self.set_meter(meter);
        self.go_to(behind);
        true
    }

    /// Returns a truncated remainder, and whether its sign differs from the divisor's. The remainder by a power of
    /// two already has the divisor's sign.
    fn rest_and_signs(&mut self, value: Value, divisor: Value, known: Item) -> (Value, Value) {
        match known {
            Item::Const(power) if is_power(known) => {
                let rest = self.builder.ins().band_imm_s(value, power - 1);
                let negative = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, value, 0);
                let is_rest = self.builder.ins().icmp_imm_s(IntCC::NotEqual, rest, 0);
                (rest, self.builder.ins().band(negative, is_rest))
            }
            Item::Const(known) if known > 1 => {
                let quotient = self.divide_by_known(value, known);
                let whole = self.builder.ins().imul(quotient, divisor);
                let rest = self.builder.ins().isub(value, whole);
                (rest, self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, rest, 0))
            }
            _ => {
                let rest = self.divide_by_any(value, divisor, false);
                let signs = self.builder.ins().bxor(rest, divisor);
                let differ = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
                let is_rest = self.builder.ins().icmp_imm_s(IntCC::NotEqual, rest, 0);
                (rest, self.builder.ins().band(differ, is_rest))
            }
        }
    }

    /// Divides by a power of two: a shift that rounds toward zero.
    fn divide_by_power(&mut self, value: Value, power: i64) -> Value {
        let bits = i64::from(power.trailing_zeros());
        let sign = self.builder.ins().sshr_imm_s(value, 63);
        let bias = self.builder.ins().ushr_imm_s(sign, 64 - bits);
        let biased = self.builder.ins().iadd(value, bias);
        self.builder.ins().sshr_imm_s(biased, bits)
    }

    /// Divides by a constant: multiplies by its inverse.
    fn divide_by_known(&mut self, value: Value, divisor: i64) -> Value {
        let (factor, shift) = inverse(divisor as u64);
        let inverse = self.number(factor);
        let mut quotient = self.builder.ins().smulhi(value, inverse);
        if factor < 0 {
            quotient = self.builder.ins().iadd(quotient, value);
        }
        let quotient = self.builder.ins().sshr_imm_s(quotient, i64::from(shift));
        let sign = self.builder.ins().sshr_imm_s(value, 63);
        self.builder.ins().isub(quotient, sign)
    }

    /// Divides with 32 bits if both operands fit, otherwise with 64. Exits if the divisor is zero or the quotient
    /// does not fit.
    fn divide_by_any(&mut self, value: Value, divisor: Value, is_quotient: bool) -> Value {
        let nonzero = self.builder.ins().icmp_imm_s(IntCC::NotEqual, divisor, 0);
        self.guard(nonzero);
        let [narrow, wide, done] = [(); 3].map(|()| self.builder.create_block());
        let result = self.builder.append_block_param(done, I64);
        let both = self.builder.ins().bor(value, divisor);
        let high = self.builder.ins().ushr_imm_s(both, 32);
        self.builder.ins().brif(high, wide, &[], narrow, &[]);
        self.continue_in(narrow);
        let (first, second) = (self.builder.ins().ireduce(I32, value), self.builder.ins().ireduce(I32, divisor));
        let short = match is_quotient {
            true => self.builder.ins().udiv(first, second),
            false => self.builder.ins().urem(first, second),
        };
        let short = self.builder.ins().uextend(I64, short);
        self.builder.ins().jump(done, &[short.into()]);
        self.continue_in(wide);
        let not_least = self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, i64::MIN);
        let not_minus_one = self.builder.ins().icmp_imm_s(IntCC::NotEqual, divisor, -1);
        let fits = self.builder.ins().bor(not_least, not_minus_one);
        self.guard(fits);
        let long = match is_quotient {
            true => self.builder.ins().sdiv(value, divisor),
            false => self.builder.ins().srem(value, divisor),
        };
        self.builder.ins().jump(done, &[long.into()]);
        self.continue_in(done);
        result
    }
}

/// Returns whether an item is known to be a power of two greater than 1.
fn is_power(item: Item) -> bool {
    matches!(item, Item::Const(power) if power > 1 && power.count_ones() == 1)
}

/// Returns the multiplier and the shift that divide by a constant greater than 1: the upper half of the product is
/// shifted. A negative multiplier stands for itself plus 2^64. (Granlund and Montgomery, "Division by invariant
/// integers using multiplication".)
fn inverse(divisor: u64) -> (i64, u32) {
    let divisor = u128::from(divisor);
    // The largest value with the largest remainder.
    let most = (1 << 63) - 1 - (1 << 63) % divisor;
    let missing = |bits: u32| divisor - (1 << bits) % divisor;
    let bits = (64..127).find(|&bits| 1_u128 << bits > most * missing(bits)).unwrap_or(127);
    let factor = ((1 << bits) + missing(bits)) / divisor;
    (factor as u64 as i64, bits - 64)
}

#[cfg(test)]
mod tests {
    use super::inverse;

    fn quotient(value: i64, divisor: i64) -> i64 {
        let (factor, shift) = inverse(divisor as u64);
        let mut high = ((i128::from(value) * i128::from(factor)) >> 64) as i64;
        if factor < 0 {
            high = high.wrapping_add(value);
        }
        (high >> shift) - (value >> 63)
    }

    #[test]
    fn inverses_divide() {
        let mut divisors: Vec<i64> = (2..1000).collect();
        for bits in 2..63 {
            divisors.extend([(1 << bits) - 1, (1 << bits) + 1, (1 << bits) / 3 * 2 + 1]);
        }
        divisors.extend([i64::MAX, i64::MAX - 1, 1_000_000_007, 100_000_000]);
        for divisor in divisors {
            let near = |factor: i64| [-1, 0, 1].map(|more| divisor.saturating_mul(factor).saturating_add(more));
            let factors = [1, 2, 3, 1000, i64::MAX / divisor, i64::MAX / divisor - 1];
            for value in factors.into_iter().flat_map(near).chain([0, i64::MAX, 12_345_678_901_234_567]) {
                for value in [value, -value, i64::MIN, i64::MIN + value.abs()] {
                    assert_eq!(quotient(value, divisor), value / divisor, "{value} / {divisor}");
                }
            }
        }
    }
}
