//! Division of wide integers by one word that stays the same within a region: a constant, or an integer in a slot that
//! the region does not store. Five products with the divisor's reciprocal take half the time of two divisions, each of
//! which waits for the one before.

use cranelift_codegen::{
    cursor::{Cursor, FuncCursor},
    ir::{InstBuilder, InstructionData, MemFlagsData, Opcode, Value, ValueDef, condcodes::IntCC, types::I64},
};
use neovm_interp::tier::{
    Width,
    builtins::{DIV_I128, DIV_WIDE_TO_I128, RECIPROCAL, REM_I128, REM_WIDE_BY_I128},
};
use neovm_types::{OpCode, integer::eval};

use super::{
    Translator,
    state::{Item, Kind},
    wide::Number,
};
use crate::analysis::instruction::Ins;

/// A divisor that is known before the division.
#[derive(Clone, Copy)]
pub(super) struct Divisor {
    value: Value,
    /// What [`eval::reciprocal`] returns for it, the lower word first.
    reciprocal: [Value; 2],
    /// By how many bits it is shifted so that its highest bit is set, and the rest of a word.
    shift: [Value; 2],
    /// The bound of a dividend's third word, so that the quotient is below 2^127: half the divisor, or 0 for a divisor
    /// that is not positive.
    bound: Value,
}

impl Translator<'_> {
    /// Divides two or four words by one that stays the same, if it is such a word and the result needs at most two.
    pub(super) fn divide_by_reciprocal(&mut self, ins: &Ins, first: Number, second: Number) -> Option<Number> {
        let Number::Int(value) = second else { return None };
        let is_quotient = ins.opcode == OpCode::DIV;
        let is_wide = match first.width() {
            Width::Int => return None,
            Width::I128 => false,
            Width::Wide => true,
        };
        if is_wide && is_quotient && self.input.speculation.result(ins.index).is_none_or(|width| width == Width::Wide) {
            return None;
        }
        let divisor = self.divisor(value)?;
        let words = self.four_words(first);
        let fits = self.has_short_quotient(words, divisor);
        let (fast, slow, done) = (self.builder.create_block(), self.cold_block(), self.builder.create_block());
        let count = if is_quotient { 2 } else { 1 };
        let results: Vec<_> = (0..count).map(|_| self.builder.append_block_param(done, I64)).collect();
        self.builder.ins().brif(fits, fast, &[], slow, &[]);
        self.continue_in(slow);
        let [c, d] = self.two_words(second);
        let [a, b, e, f] = words;
        let found = match (is_wide, is_quotient) {
            (true, true) => self.call_native(&DIV_WIDE_TO_I128, [a, b, e, f, c, d]),
            (true, false) => self.call_native(&REM_WIDE_BY_I128, [a, b, e, f, c, d]),
            (false, true) => self.call_native(&DIV_I128, [a, b, c, d]),
            (false, false) => self.call_native(&REM_I128, [a, b, c, d]),
        };
        let found: Vec<_> = found.into_iter().take(count).map(Into::into).collect();
        self.builder.ins().jump(done, &found);
        self.continue_in(fast);
        let third = if is_wide { e } else { self.number(0) };
        let found = self.multiply_by_reciprocal([a, b, third], divisor, is_quotient);
        let found: Vec<_> = found.into_iter().take(count).map(Into::into).collect();
        self.builder.ins().jump(done, &found);
        self.continue_in(done);
        Some(match *results {
            [low, high] => {
                self.note_least([low, high]);
                Number::I128([low, high])
            }
            _ => Number::Int(results[0]),
        })
    }

    /// Returns what is known of a divisor that stays the same. One in a slot may be zero where the region is entered.
    fn divisor(&mut self, value: Value) -> Option<Divisor> {
        if let Some(known) = self.constant(value) {
            let known = u64::try_from(known).ok().filter(|&known| known > 1)?;
            let reciprocal = eval::reciprocal(known);
            let shift = i64::from(known.leading_zeros());
            let mut number = |number: i64| self.number(number);
            return Some(Divisor {
                value,
                reciprocal: [number(reciprocal as i64), number((reciprocal >> 64) as i64)],
                shift: [number(shift), number(64 - shift)],
                bound: number((known / 2) as i64),
            });
        }
        // A region without a loop would not divide often enough.
        let entered = self.entered.filter(|_| self.input.region.has_loop())?;
        let slot = self
            .slots
            .iter()
            .zip(&self.state.slots)
            .position(|(used, item)| !used.stored && used.frame == 0 && *item == Item::Int(value))?;
        if self.edges.shape(self.input.region.entry)?.slots[slot] != Kind::Int {
            return None;
        }
        if let Some(&known) = self.divisors.get(&slot) {
            return Some(known);
        }
        let offset = self.slots[slot].offset + 8;
        let function = self.functions.builtin(&RECIPROCAL, self.builder.func);
        let mut cursor = FuncCursor::new(self.builder.func).at_inst(entered);
        let own = cursor.ins().load(I64, MemFlagsData::trusted(), self.frame, offset);
        let call = cursor.ins().call(function, &[own]);
        let [low, high] = *cursor.func.dfg.inst_results(call) else { return None };
        let shift = cursor.ins().clz(own);
        let width = cursor.ins().iconst(I64, 64);
        let rest = cursor.ins().isub(width, shift);
        let half = cursor.ins().sshr_imm_s(own, 1);
        let zero = cursor.ins().iconst(I64, 0);
        let bound = cursor.ins().smax(half, zero);
        let known = Divisor { value: own, reciprocal: [low, high], shift: [shift, rest], bound };
        self.divisors.insert(slot, known);
        Some(known)
    }

    /// Returns whether a dividend is not negative, and its quotient below 2^127.
    fn has_short_quotient(&mut self, [_, second, third, fourth]: [Value; 4], divisor: Divisor) -> Value {
        let is_short = self.builder.ins().icmp(IntCC::UnsignedLessThan, third, divisor.bound);
        if self.is_sign_of(fourth, third) || fourth == third && self.is_sign_of(third, second) {
            return is_short;
        }
        let is_last = self.builder.ins().icmp_imm_s(IntCC::Equal, fourth, 0);
        self.builder.ins().band(is_short, is_last)
    }

    /// Returns whether a word is the sign of another.
    fn is_sign_of(&self, sign: Value, word: Value) -> bool {
        let dfg = &self.builder.func.dfg;
        let ValueDef::Result(inst, _) = dfg.value_def(sign) else { return false };
        match dfg.insts[inst] {
            InstructionData::Binary { opcode: Opcode::Sshr, args } => {
                args[0] == word && self.constant(args[1]) == Some(63)
            }
            _ => false,
        }
    }

    /// Multiplies three words by a reciprocal. Returns the quotient, or the remainder twice.
    fn multiply_by_reciprocal(&mut self, words: [Value; 3], divisor: Divisor, is_quotient: bool) -> [Value; 2] {
        let ([low, high], [shift, rest]) = (divisor.reciprocal, divisor.shift);
        let mut shifted = |upper: Value, lower: Value| {
            let (upper, lower) = (self.builder.ins().ishl(upper, shift), self.builder.ins().ushr(lower, rest));
            self.builder.ins().bor(upper, lower)
        };
        let (x2, x1) = (shifted(words[2], words[1]), shifted(words[1], words[0]));
        let x0 = self.builder.ins().ishl(words[0], shift);
        // The reciprocal has a third word, which is 1. The estimate is right or one too small: of the words below the
        // quotient, only one is computed.
        let [first, second] = [(x2, low), (x1, high)].map(|(a, b)| self.multiply(a, b, false));
        let [third, fourth] = [(x1, low), (x0, high)].map(|(a, b)| self.builder.ins().umulhi(a, b));
        let whole = self.multiply(x2, high, false);
        let sum = self.sum_of_words(first[0], second[0]);
        let more = self.sum_of_words(third, fourth);
        let sum = self.add_words(sum, more);
        let [_, carry] = self.add_word(sum, x0);
        let upper = self.sum_of_words(first[1], second[1]);
        let estimate = self.add_words([x1, x2], whole);
        let estimate = self.add_words(estimate, upper);
        let estimate = self.add_word(estimate, carry);
        let product = self.builder.ins().imul(estimate[0], divisor.value);
        // Less than twice the divisor, so it fits a word.
        let left = self.builder.ins().isub(words[0], product);
        let is_less = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, left, divisor.value);
        if is_quotient {
            let one = self.builder.ins().uextend(I64, is_less);
            return self.add_word(estimate, one);
        }
        let reduced = self.builder.ins().isub(left, divisor.value);
        let rest = self.builder.ins().select(is_less, reduced, left);
        [rest; 2]
    }

    fn add_words(&mut self, a: [Value; 2], b: [Value; 2]) -> [Value; 2] {
        let (x, y) = (self.concat(a[0], a[1]), self.concat(b[0], b[1]));
        let sum = self.builder.ins().iadd(x, y);
        self.split(sum)
    }

    fn sum_of_words(&mut self, a: Value, b: Value) -> [Value; 2] {
        let zero = self.number(0);
        self.add_word([a, zero], b)
    }
}

#[cfg(test)]
mod tests {
    use neovm_types::integer::eval;

    /// What [`super::Translator::multiply_by_reciprocal`] computes.
    fn quotient_and_rest([x0, x1, x2]: [u64; 3], divisor: u64) -> (u128, u64) {
        let reciprocal = eval::reciprocal(divisor);
        let (low, high) = (reciprocal as u64, (reciprocal >> 64) as u64);
        let shift = divisor.leading_zeros();
        let shifted = |upper: u64, lower: u64| upper << shift | lower >> (64 - shift);
        let (s2, s1, s0) = (shifted(x2, x1), shifted(x1, x0), x0 << shift);
        let multiply = |a: u64, b: u64| u128::from(a) * u128::from(b);
        let word = |number: u128| u128::from(number as u64);
        let (first, second) = (multiply(s2, low), multiply(s1, high));
        let sum = word(first) + word(second) + (multiply(s1, low) >> 64) + (multiply(s0, high) >> 64) + u128::from(s0);
        let whole = u128::from(s2) << 64 | u128::from(s1);
        let estimate = whole + multiply(s2, high) + (first >> 64) + (second >> 64) + (sum >> 64);
        let left = x0.wrapping_sub((estimate as u64).wrapping_mul(divisor));
        let is_less = left >= divisor;
        (estimate + u128::from(is_less), if is_less { left - divisor } else { left })
    }

    #[test]
    fn reciprocals_divide() {
        let ends = [0, 1, 2, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 0x9e37_79b9_7f4a_7c15];
        let mut divisors: Vec<u64> = (2..50).chain([997, 1000, 10_u64.pow(8), 10_u64.pow(18)]).collect();
        for bits in 2..63 {
            divisors.extend([(1 << bits) - 1, 1 << bits, (1 << bits) + 1, (1 << bits) / 3 * 4 + 1]);
        }
        divisors.extend([i64::MAX as u64, i64::MAX as u64 - 1]);
        for divisor in divisors {
            let uppers = ends.into_iter().chain([divisor / 2 - 1, divisor / 3]).map(|word| word % (divisor / 2));
            for (upper, middle) in uppers.flat_map(|upper| ends.map(|middle| (upper, middle))) {
                // Quotients and remainders as they are computed by hand, word by word.
                let step = |rest: u64, word: u64| {
                    let value = u128::from(rest) << 64 | u128::from(word);
                    let (quotient, rest) = (value / u128::from(divisor), value % u128::from(divisor));
                    (quotient as u64, rest as u64)
                };
                let (high, rest) = step(upper, middle);
                let multiple =
                    (u128::from(rest) << 64 | u128::from(u64::MAX)) / u128::from(divisor) * u128::from(divisor);
                let near = [0, 1, divisor - 1].map(|more| (multiple as u64).wrapping_add(more));
                for lower in near.into_iter().chain([(multiple as u64).wrapping_sub(1)]).chain(ends) {
                    let (low, rest) = step(rest, lower);
                    let expected = (u128::from(high) << 64 | u128::from(low), rest);
                    assert_eq!(
                        quotient_and_rest([lower, middle, upper], divisor),
                        expected,
                        "{upper:x} {middle:x} {lower:x} / {divisor}"
                    );
                }
            }
        }
    }
}
