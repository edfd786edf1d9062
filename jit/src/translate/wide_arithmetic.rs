//! Arithmetic and comparison of integers of more than 64 bits.

use cranelift_codegen::ir::{
    InstBuilder, Value,
    condcodes::IntCC,
    types::{I64, I128},
};
use neovm_interp::tier::{
    Builtin, Width,
    builtins::{
        COMPUTE_WIDE, DIV_I128, DIV_WIDE, DIV_WIDE_BY_I128, DIV_WIDE_TO_I128, MUL_WIDE, REM_I128, REM_WIDE,
        REM_WIDE_BY_I128,
    },
    layout,
};
use neovm_types::OpCode;

use super::{Translator, state::Item, wide::Number};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    /// Pushes the result of an instruction in the width that is presumed of it.
    pub(super) fn push_result(&mut self, ins: &Ins, number: Number) {
        let number = match self.input.speculation.result(ins.index) {
            Some(width) if !self.must_not_speculate(ins) => self.narrow(number, width),
            _ => number,
        };
        self.push(number.item());
    }

    pub(super) fn wide_unary(&mut self, ins: &Ins) {
        use OpCode::*;
        let [value] = self.pop_numbers(ins);
        let one = |translator: &mut Self| Number::Int(translator.number(1));
        match ins.opcode {
            INC | DEC => {
                let one = one(self);
                let opcode = if ins.opcode == INC { ADD } else { SUB };
                let result = self.sum(ins, opcode, value, one);
                self.push_result(ins, result);
            }
            NEGATE | ABS => {
                let zero = Number::Int(self.number(0));
                let negated = self.sum(ins, SUB, zero, value);
                let result = match ins.opcode {
                    NEGATE => negated,
                    _ => {
                        let negative = self.is_negative(value);
                        self.select(negative, negated, value)
                    }
                };
                self.push_result(ins, result);
            }
            INVERT => {
                let result = self.each_word(value, value, |translator, word, _| translator.builder.ins().bnot(word));
                self.push(result.item());
            }
            SIGN => {
                let nonzero = self.is_nonzero(value);
                let nonzero = self.builder.ins().uextend(I64, nonzero);
                let words = self.four_words(value);
                let negative = self.sign_of(words[3]);
                let sign = self.builder.ins().bor(nonzero, negative);
                self.push(Item::Int(sign));
            }
            _ => {
                let nonzero = self.is_nonzero(value);
                self.push(Item::Bool(nonzero));
            }
        }
    }

    pub(super) fn wide_binary(&mut self, ins: &Ins, first: Number, second: Number) {
        use OpCode::*;
        let result = match ins.opcode {
            ADD | SUB => self.sum(ins, ins.opcode, first, second),
            MUL => self.product(ins, first, second),
            DIV | MOD => self.quotient(ins, first, second),
            MIN | MAX => {
                let less = self.compare_numbers(IntCC::SignedLessThan, first, second);
                let (first, second) = if ins.opcode == MIN { (first, second) } else { (second, first) };
                let result = self.select(less, first, second);
                return self.push(result.item());
            }
            opcode => {
                let result = self.each_word(first, second, |translator, a, b| match opcode {
                    AND => translator.builder.ins().band(a, b),
                    OR => translator.builder.ins().bor(a, b),
                    _ => translator.builder.ins().bxor(a, b),
                });
                return self.push(result.item());
            }
        };
        self.push_result(ins, result);
    }

    /// Adds or subtracts in the width of the wider operand, or in that presumed of the result, if that is greater. Two
    /// words are the least: what is presumed of operands may not be so.
    pub(super) fn sum(&mut self, ins: &Ins, opcode: OpCode, first: Number, second: Number) -> Number {
        let operands = first.width().max(second.width());
        let result = self.input.speculation.result(ins.index).unwrap_or(Width::Int);
        if operands.max(result) == Width::Wide {
            let (a, b) = (self.four_words(first), self.four_words(second));
            return self.wide_sum(opcode, a, b);
        }
        let (x, y) = (self.whole(first), self.whole(second));
        let (sum, overflow) = match opcode {
            OpCode::ADD => self.builder.ins().sadd_overflow(x, y),
            _ => self.builder.ins().ssub_overflow(x, y),
        };
        // Two integers of 64 bits cannot exceed 128.
        if operands == Width::I128 {
            self.note_overflow(overflow);
        }
        Number::I128(self.split(sum))
    }

    pub(super) fn wide_sum(&mut self, opcode: OpCode, a: [Value; 4], b: [Value; 4]) -> Number {
        let [a_low, a_high] = [0, 2].map(|i| self.concat(a[i], a[i + 1]));
        let [b_low, b_high] = [0, 2].map(|i| self.concat(b[i], b[i + 1]));
        let is_sum = opcode == OpCode::ADD;
        let (low, carry) = match is_sum {
            true => self.builder.ins().uadd_overflow(a_low, b_low),
            false => self.builder.ins().usub_overflow(a_low, b_low),
        };
        let carry = self.builder.ins().uextend(I64, carry);
        let zero = self.number(0);
        let carry = self.concat(carry, zero);
        let high = match is_sum {
            true => self.builder.ins().iadd(a_high, b_high),
            false => self.builder.ins().isub(a_high, b_high),
        };
        let high = match is_sum {
            true => self.builder.ins().iadd(high, carry),
            false => self.builder.ins().isub(high, carry),
        };
        let ([r0, r1], [r2, r3]) = (self.split(low), self.split(high));
        // Signs: a sum overflows if both operands have one sign and the result the other; a difference, if the operands
        // have different signs and the result has not that of the first.
        let changed = self.builder.ins().bxor(a[3], r3);
        let other = match is_sum {
            true => self.builder.ins().bxor(b[3], r3),
            false => self.builder.ins().bxor(a[3], b[3]),
        };
        let both = self.builder.ins().band(changed, other);
        let overflow = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, both, 0);
        self.note_overflow(overflow);
        Number::Wide([r0, r1, r2, r3])
    }

    pub(super) fn product(&mut self, ins: &Ins, first: Number, second: Number) -> Number {
        match (first, second) {
            (Number::Int(a), Number::Int(b)) => Number::I128(self.multiply(a, b, true)),
            (Number::I128(a), Number::Int(b)) | (Number::Int(b), Number::I128(a)) => self.product_of_three(ins, a, b),
            (Number::I128(a), Number::I128(b)) => {
                let product = self.product_of_four(a, b);
                let presumed = self.input.speculation.result(ins.index).unwrap_or(Width::I128);
                self.narrow(product, presumed)
            }
            _ => self.compute_wide(&MUL_WIDE, first, second),
        }
    }

    /// Returns the product of two words as two words.
    pub(super) fn multiply(&mut self, a: Value, b: Value, is_signed: bool) -> [Value; 2] {
        let [a, b] = [a, b].map(|word| match is_signed {
            true => self.builder.ins().sextend(I128, word),
            false => self.builder.ins().uextend(I128, word),
        });
        let product = self.builder.ins().imul(a, b);
        self.split(product)
    }

    /// Multiplies a word without a sign by one with a sign.
    pub(super) fn multiply_mixed(&mut self, a: Value, b: Value) -> [Value; 2] {
        let [low, high] = self.multiply(a, b, false);
        if self.constant(b).is_some_and(|b| b >= 0) {
            return [low, high];
        }
        let sign = self.sign_of(b);
        let excess = self.builder.ins().band(a, sign);
        [low, self.builder.ins().isub(high, excess)]
    }

    /// Multiplies two words by two.
    pub(super) fn product_of_four(&mut self, a: [Value; 2], b: [Value; 2]) -> Number {
        let [low, carry] = self.multiply(a[0], b[0], false);
        let (first, second) = (self.multiply_mixed(a[0], b[1]), self.multiply_mixed(b[0], a[1]));
        // Neither sum overflows: the products leave room for a word.
        let [middle, first_high] = self.add_word(first, carry);
        let [middle, second_high] = self.add_word(second, middle);
        let top = self.multiply(a[1], b[1], true);
        let mut top = self.concat(top[0], top[1]);
        for high in [first_high, second_high] {
            let sign = self.sign_of(high);
            let more = self.concat(high, sign);
            top = self.builder.ins().iadd(top, more);
        }
        let [third, fourth] = self.split(top);
        Number::Wide([low, middle, third, fourth])
    }

    /// Adds a word without a sign to two words.
    pub(super) fn add_word(&mut self, words: [Value; 2], word: Value) -> [Value; 2] {
        let zero = self.number(0);
        let (x, y) = (self.concat(words[0], words[1]), self.concat(word, zero));
        let sum = self.builder.ins().iadd(x, y);
        self.split(sum)
    }

    /// Multiplies two words by one. The product has three words.
    pub(super) fn product_of_three(&mut self, ins: &Ins, a: [Value; 2], b: Value) -> Number {
        let [low, above] = self.multiply_mixed(a[0], b);
        let [middle, top] = self.multiply(a[1], b, true);
        let above_sign = self.sign_of(above);
        let (x, y) = (self.concat(above, above_sign), self.concat(middle, top));
        let sum = self.builder.ins().iadd(x, y);
        let [middle, top] = self.split(sum);
        match self.input.speculation.result(ins.index) {
            Some(Width::Wide) => {
                let sign = self.sign_of(top);
                Number::Wide([low, middle, top, sign])
            }
            _ => {
                let lost = self.differs_from_sign(&[middle, top]);
                self.note_overflow(lost);
                Number::I128([low, middle])
            }
        }
    }

    pub(super) fn quotient(&mut self, ins: &Ins, first: Number, second: Number) -> Number {
        let known = if let Number::Int(value) = second { self.constant(value) } else { None };
        if known.is_none_or(|divisor| divisor == 0) {
            let nonzero = self.is_nonzero(second);
            self.guard(nonzero);
        }
        if let Some(result) = self.divide_by_reciprocal(ins, first, second) {
            return result;
        }
        if first.width().max(second.width()) == Width::Wide {
            let result = self.wide_quotient(ins, first, second);
            return match second.width() {
                // A remainder is less than the divisor.
                width if ins.opcode == OpCode::MOD => self.shorten(result, width),
                _ => result,
            };
        }
        let ([a, b], [c, d]) = (self.two_words(first), self.two_words(second));
        if ins.opcode == OpCode::MOD {
            let words = self.call_native(&REM_I128, [a, b, c, d]);
            return self.shorten(Number::I128(words), first.width().min(second.width()));
        }
        let words = self.call_native(&DIV_I128, [a, b, c, d]);
        // Of quotients like that, only that of the least integer and -1 does not fit.
        if known.is_none_or(|divisor| divisor == -1) {
            self.note_least(words);
        }
        Number::I128(words)
    }

    /// Notes an overflow if two words are the least integer, which stands for one that does not fit.
    pub(super) fn note_least(&mut self, words: [Value; 2]) {
        let least = self.builder.ins().icmp_imm_s(IntCC::Equal, words[1], i64::MIN);
        self.note_overflow(least);
    }

    /// Divides four words by any number of words.
    pub(super) fn wide_quotient(&mut self, ins: &Ins, first: Number, second: Number) -> Number {
        let is_quotient = ins.opcode == OpCode::DIV;
        if second.width() == Width::Wide {
            return self.compute_wide(if is_quotient { &DIV_WIDE } else { &REM_WIDE }, first, second);
        }
        let ([a, b, c, d], [e, f]) = (self.four_words(first), self.two_words(second));
        if !is_quotient {
            return Number::I128(self.call_native(&REM_WIDE_BY_I128, [a, b, c, d, e, f]));
        }
        if self.input.speculation.result(ins.index).is_some_and(|width| width < Width::Wide) {
            let words = self.call_native(&DIV_WIDE_TO_I128, [a, b, c, d, e, f]);
            self.note_least(words);
            return Number::I128(words);
        }
        let out = self.scratch(3);
        let [is_done] = self.call_native(&DIV_WIDE_BY_I128, [a, b, c, d, e, f, out]);
        let failed = self.builder.ins().icmp_imm_s(IntCC::Equal, is_done, 0);
        self.note_overflow(failed);
        self.load_number(out, Width::Wide)
    }

    /// Shortens an integer that is known to fit.
    pub(super) fn shorten(&mut self, number: Number, width: Width) -> Number {
        match (number, width) {
            (Number::I128([low, _]) | Number::Wide([low, ..]), Width::Int) => Number::Int(low),
            (Number::Wide([low, high, ..]), Width::I128) => Number::I128([low, high]),
            _ => number,
        }
    }

    /// Computes an opcode that takes long by a builtin.
    pub(super) fn compute_rarely(&mut self, ins: &Ins, count: usize) {
        let mut operands: Vec<_> = (0..count).map(|depth| self.number_at(ins, depth)).collect();
        self.drop_items(count);
        operands.reverse();
        let addresses: Vec<_> =
            operands.into_iter().enumerate().map(|(which, number)| self.in_scratch(which, number)).collect();
        let address = |which: usize| addresses.get(which).copied().unwrap_or(addresses[0]);
        let (opcode, out) = (self.number(ins.opcode as i64), self.scratch(3));
        let [is_done] = self.call_native(&COMPUTE_WIDE, [self.vm, opcode, address(0), address(1), address(2), out]);
        let failed = self.builder.ins().icmp_imm_s(IntCC::Equal, is_done, 0);
        self.note_overflow(failed);
        let result = self.load_number(out, Width::Wide);
        self.push_result(ins, result);
    }

    /// Computes with four words by a builtin; notes an overflow if there is no result.
    pub(super) fn compute_wide(&mut self, builtin: &Builtin<3, 1>, first: Number, second: Number) -> Number {
        let (a, b, out) = (self.in_scratch(0, first), self.in_scratch(1, second), self.scratch(3));
        let [is_done] = self.call_native(builtin, [a, b, out]);
        let failed = self.builder.ins().icmp_imm_s(IntCC::Equal, is_done, 0);
        self.note_overflow(failed);
        self.load_number(out, Width::Wide)
    }

    /// Translates a shift of at most 128 bits by a constant from 1 to 62, and calls a builtin for others.
    pub(super) fn wide_shift(&mut self, ins: &Ins, width: Width) {
        let (Item::Const(bits @ 1..=62), true) = (self.peek(0), width == Width::I128) else {
            return self.compute_rarely(ins, 2);
        };
        let most = self.load_u32(self.vm, layout::MAX_SHIFT);
        let allowed = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, most, bits);
        self.guard(allowed);
        let value = self.number_at(ins, 1);
        self.drop_items(2);
        let [low, high] = self.two_words(value);
        let whole = self.concat(low, high);
        let bits = self.number(bits);
        let result = if ins.opcode == OpCode::SHR {
            self.builder.ins().sshr(whole, bits)
        } else {
            let shifted = self.builder.ins().ishl(whole, bits);
            let back = self.builder.ins().sshr(shifted, bits);
            let lost = self.builder.ins().icmp(IntCC::NotEqual, back, whole);
            self.note_overflow(lost);
            shifted
        };
        let words = self.split(result);
        self.push_result(ins, Number::I128(words));
    }

    /// Compares integers of any width.
    pub(super) fn compare_numbers(&mut self, condition: IntCC, first: Number, second: Number) -> Value {
        match (first, second) {
            (Number::Int(a), Number::Int(b)) => self.builder.ins().icmp(condition, a, b),
            (Number::Wide(_), _) | (_, Number::Wide(_)) => {
                let (a, b) = (self.four_words(first), self.four_words(second));
                self.compare_wide(condition, a, b)
            }
            _ => {
                let (x, y) = (self.whole(first), self.whole(second));
                self.builder.ins().icmp(condition, x, y)
            }
        }
    }

    pub(super) fn compare_wide(&mut self, condition: IntCC, a: [Value; 4], b: [Value; 4]) -> Value {
        if let IntCC::Equal | IntCC::NotEqual = condition {
            let mut differ = self.builder.ins().bxor(a[0], b[0]);
            for i in 1..4 {
                let more = self.builder.ins().bxor(a[i], b[i]);
                differ = self.builder.ins().bor(differ, more);
            }
            return self.builder.ins().icmp_imm_s(condition, differ, 0);
        }
        let [a_low, a_high] = [0, 2].map(|i| self.concat(a[i], a[i + 1]));
        let [b_low, b_high] = [0, 2].map(|i| self.concat(b[i], b[i + 1]));
        let decided = self.builder.ins().icmp(condition.without_equal(), a_high, b_high);
        let equal = self.builder.ins().icmp(IntCC::Equal, a_high, b_high);
        let below = self.builder.ins().icmp(condition.unsigned(), a_low, b_low);
        let both = self.builder.ins().band(equal, below);
        self.builder.ins().bor(decided, both)
    }
}
