//! Integers of more than 64 bits: two or four words in registers, the lowest first.
//!
//! The operands of an instruction are brought to one width, that of its result or of its widest operand. Sums,
//! comparisons and products of short factors are computed here; builtins that only read compute the rest.

use cranelift_codegen::ir::{
    InstBuilder, InstructionData, Opcode, StackSlot, StackSlotData, StackSlotKind, Value, ValueDef,
    condcodes::IntCC,
    types::{I64, I128},
};
use neovm_interp::tier::{
    Builtin, Width,
    builtins::{
        COMPUTE_WIDE, DIV_I128, DIV_WIDE, DIV_WIDE_BY_I128, MUL_WIDE, READ_WIDE, REM_I128, REM_WIDE, REM_WIDE_BY_I128,
        STORE_WIDE, TAKE_WIDE, WRITE_I128, WRITE_WIDE,
    },
    layout,
};
use neovm_types::OpCode;

use super::{
    Translator,
    edges::Words,
    state::{Address, Item, Kind, Origin},
};
use crate::analysis::instruction::Ins;

/// The bytes of an integer of four words.
pub(super) const WIDE_SIZE: u32 = 32;

/// An integer in registers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(Value),
    I128([Value; 2]),
    Wide([Value; 4]),
}

impl Number {
    fn width(self) -> Width {
        match self {
            Self::Int(_) => Width::Int,
            Self::I128(_) => Width::I128,
            Self::Wide(_) => Width::Wide,
        }
    }

    pub(super) fn item(self) -> Item {
        match self {
            Self::Int(value) => Item::Int(value),
            Self::I128(words) => Item::I128(words),
            Self::Wide(words) => Item::Wide(words),
        }
    }
}

/// Native memory for integers that builtins read and write.
#[derive(Default)]
pub(super) struct Scratch([Option<StackSlot>; 4]);

impl Translator<'_> {
    /// Returns the width of the item at a depth as an operand of an instruction: as it is known, or as it was seen.
    /// Returns none for an item that is presumed not to be an integer.
    pub(super) fn operand_width(&self, ins: &Ins, depth: usize) -> Option<Width> {
        match self.peek(depth) {
            Item::Const(_) | Item::Int(_) | Item::Bool(_) | Item::Scalar(..) => Some(Width::Int),
            Item::I128(_) => Some(Width::I128),
            Item::Wide(_) => Some(Width::Wide),
            Item::Null => None,
            Item::Ref(..) | Item::Mem(_) => match self.input.speculation.operand(ins.index, depth) {
                Some(width) if width > Width::Int => Some(width),
                _ => (!self.is_presumed_other(depth)).then_some(Width::Int),
            },
        }
    }

    /// Returns the greatest width of the topmost `count` items as operands of an instruction, if all are integers and
    /// the instruction may speculate where it has to.
    fn operand_widths(&self, ins: &Ins, count: usize) -> Option<Width> {
        let mut widest = Width::Int;
        for depth in 0..count {
            let is_known = self.peek(depth).is_value() && !matches!(self.peek(depth), Item::Scalar(..));
            if !is_known && self.must_not_speculate(ins) {
                return None;
            }
            // Compiled methods hold all items in registers.
            if matches!(self.peek(depth), Item::Mem(_)) && self.input.method.is_some() {
                return None;
            }
            widest = widest.max(self.operand_width(ins, depth)?);
        }
        Some(widest)
    }

    /// Returns whether one of the topmost `count` items is an integer of more than 64 bits, or presumed to be one, and
    /// all are integers.
    pub(super) fn is_wide(&self, ins: &Ins, count: usize) -> bool {
        self.operand_widths(ins, count).is_some_and(|width| width > Width::Int)
    }

    /// Translates an instruction whose operands or result need more than 64 bits; returns false and does nothing if
    /// they do not, or only the builtin can run it.
    pub(super) fn wide_numeric(&mut self, ins: &Ins) -> bool {
        use OpCode::*;
        let count = match ins.opcode {
            INC | DEC | NEGATE | ABS | SIGN | NZ | INVERT => 1,
            ADD | SUB | MUL | DIV | MOD | MIN | MAX | AND | OR | XOR | SHL | SHR | POW => 2,
            NUMEQUAL | NUMNOTEQUAL | LT | LE | GT | GE => 2,
            SQRT => 1,
            WITHIN | MODMUL | MODPOW => 3,
            _ => return false,
        };
        let is_rare = matches!(ins.opcode, SQRT | POW | MODMUL | MODPOW);
        // Before hardfork Gorgon, a shift by zero left a boolean as it was.
        if matches!((ins.opcode, self.peek(1)), (SHL | SHR, Item::Bool(_))) {
            return false;
        }
        let Some(operands) = self.operand_widths(ins, count) else { return false };
        let computes = is_rare || matches!(ins.opcode, INC | DEC | NEGATE | ABS | ADD | SUB | MUL | SHL | DIV);
        let result = if computes { self.input.speculation.result(ins.index) } else { None };
        if operands == Width::Int && result.is_none_or(|width| width == Width::Int) && !is_rare {
            return false;
        }
        // All others can fail.
        let never_fails = !computes && !matches!(ins.opcode, MOD | SHR);
        if self.must_not_speculate(ins) && !never_fails {
            return false;
        }
        self.hold(ins, count);
        if is_rare {
            self.compute_rarely(ins, count);
            return true;
        }
        if matches!(ins.opcode, SHL | SHR) {
            self.wide_shift(ins, operands.max(result.unwrap_or(Width::Int)));
            return true;
        }
        match (count, ins.opcode) {
            (1, _) => self.wide_unary(ins),
            (2, NUMEQUAL | NUMNOTEQUAL | LT | LE | GT | GE) => {
                let condition = condition(ins.opcode);
                let result = self.compare(ins, condition);
                self.push(Item::Bool(result));
            }
            (2, _) => {
                let (second, first) = (self.pop_number(ins), self.pop_number(ins));
                self.wide_binary(ins, first, second);
            }
            _ => {
                let [high, low, value] = [(); 3].map(|()| self.pop_number(ins));
                let above = self.compare_numbers(IntCC::SignedLessThanOrEqual, low, value);
                let below = self.compare_numbers(IntCC::SignedLessThan, value, high);
                let within = self.builder.ins().band(above, below);
                self.push(Item::Bool(within));
            }
        }
        true
    }

    /// Takes integers that lie in their own cells, and are presumed to be wide, out of them: their memory is released.
    /// That is an effect, so a segment begins at the instruction.
    pub(super) fn hold(&mut self, ins: &Ins, count: usize) {
        (0..count).for_each(|depth| self.hold_at(ins, depth));
    }

    /// Does so for the item at a depth.
    pub(super) fn hold_at(&mut self, ins: &Ins, depth: usize) {
        let index = self.index(depth);
        let Some(width @ (Width::I128 | Width::Wide)) = self.operand_width(ins, depth) else { return };
        let Item::Mem(_) = self.peek(depth) else { return };
        let cell = Address { base: self.base, offset: self.stack_offset(index) };
        let number = self.read_number(cell, width);
        self.before_effect(ins);
        self.take(cell.base, cell.offset);
        for other in &mut self.state.stack {
            if matches!(other, Item::Ref(_, Origin::Stack(of)) if *of == index) {
                *other = number.item();
            }
        }
        self.state.stack[index] = number.item();
        let cost = self.input.code.meter_cost(ins.index);
        self.begin_segment(ins.index, self.gas.ahead() + cost);
    }

    /// Reads an integer from memory; exits if the item is not one, or is wider.
    fn read_number(&mut self, address: Address, width: Width) -> Number {
        let item = self.address(address);
        let out = self.scratch(3);
        let [found] = self.call_native(&READ_WIDE, [item, out]);
        let below = self.plus(found, -1);
        let fits = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, below, width as i64);
        self.guard(fits);
        self.load_number(out, width)
    }

    fn load_number(&mut self, from: Value, width: Width) -> Number {
        match width {
            Width::Int => Number::Int(self.load(from, 0)),
            Width::I128 => Number::I128([0, 8].map(|offset| self.load(from, offset))),
            Width::Wide => Number::Wide([0, 8, 16, 24].map(|offset| self.load(from, offset))),
        }
    }

    /// Returns the address of native memory for an integer of four words.
    pub(super) fn scratch(&mut self, which: usize) -> Value {
        let slot = *self.scratch.0[which].get_or_insert_with(|| {
            self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, WIDE_SIZE, 3))
        });
        self.builder.ins().stack_addr(I64, slot, 0)
    }

    /// Writes an integer to native memory as four words, and returns the address.
    fn in_scratch(&mut self, which: usize, number: Number) -> Value {
        let address = self.scratch(which);
        self.store_words(number, address, 0);
        address
    }

    /// Stores an integer as four words.
    pub(super) fn store_words(&mut self, number: Number, address: Value, offset: i32) {
        for (index, word) in self.four_words(number).into_iter().enumerate() {
            self.store(word, address, offset + 8 * index as i32);
        }
    }

    /// Returns the top item, and the others that are copies of it, as an integer of the width that is presumed.
    pub(super) fn number_at(&mut self, ins: &Ins, depth: usize) -> Number {
        let width = self.operand_width(ins, depth).unwrap_or(Width::Int);
        let index = self.index(depth);
        match self.peek(depth) {
            Item::I128(words) => Number::I128(words),
            Item::Wide(words) => Number::Wide(words),
            item @ Item::Ref(address, _) if width > Width::Int => {
                let number = self.read_number(address, width);
                let copies = self.state.stack.iter_mut().filter(|other| **other == item);
                copies.for_each(|other| *other = number.item());
                self.state.stack[index] = number.item();
                number
            }
            _ => Number::Int(self.int_at(depth)),
        }
    }

    /// Pops an integer.
    pub(super) fn pop_number(&mut self, ins: &Ins) -> Number {
        let number = self.number_at(ins, 0);
        self.pop();
        number
    }

    /// Turns the top item into a value, if it is presumed to be a wide integer.
    pub(super) fn hold_wide(&mut self, ins: &Ins) {
        if !self.peek(0).is_value() && self.is_wide(ins, 1) {
            self.hold(ins, 1);
            self.number_at(ins, 0);
        }
    }

    /// Returns the value of a word that is a constant.
    fn constant(&self, word: Value) -> Option<i64> {
        let ValueDef::Result(inst, _) = self.builder.func.dfg.value_def(word) else { return None };
        match self.builder.func.dfg.insts[inst] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
            _ => None,
        }
    }

    /// Returns a word that extends another by its sign.
    fn sign_of(&mut self, word: Value) -> Value {
        if let Some(value) = self.constant(word) {
            return self.number(value >> 63);
        }
        self.builder.ins().sshr_imm_s(word, 63)
    }

    fn two_words(&mut self, number: Number) -> [Value; 2] {
        match number {
            Number::Int(value) => [value, self.sign_of(value)],
            Number::I128(words) => words,
            Number::Wide([low, high, ..]) => [low, high],
        }
    }

    fn four_words(&mut self, number: Number) -> [Value; 4] {
        if let Number::Wide(words) = number {
            return words;
        }
        let [low, high] = self.two_words(number);
        let sign = if let Number::Int(_) = number { high } else { self.sign_of(high) };
        [low, high, sign, sign]
    }

    /// Extends an integer; a wider one stays as it is.
    pub(super) fn extend(&mut self, number: Number, width: Width) -> Number {
        match width.max(number.width()) {
            Width::Int => number,
            Width::I128 => Number::I128(self.two_words(number)),
            Width::Wide => Number::Wide(self.four_words(number)),
        }
    }

    /// Shortens an integer; notes an overflow if it does not fit.
    pub(super) fn narrow(&mut self, number: Number, width: Width) -> Number {
        let (kept, words) = match (number, width) {
            (Number::I128([low, high]), Width::Int) => (Number::Int(low), vec![low, high]),
            (Number::Wide(words), Width::Int) => (Number::Int(words[0]), words.to_vec()),
            (Number::Wide(words), Width::I128) => (Number::I128([words[0], words[1]]), words[1..].to_vec()),
            _ => return number,
        };
        let lost = self.differs_from_sign(&words);
        self.note_overflow(lost);
        kept
    }

    /// Returns whether words are more than the sign of the first of them.
    pub(super) fn differs_from_sign(&mut self, words: &[Value]) -> Value {
        let sign = self.sign_of(words[0]);
        if let [_, second] = *words {
            return self.builder.ins().icmp(IntCC::NotEqual, second, sign);
        }
        let mut differ = self.builder.ins().bxor(words[1], sign);
        for &word in &words[2..] {
            let more = self.builder.ins().bxor(word, sign);
            differ = self.builder.ins().bor(differ, more);
        }
        self.builder.ins().icmp_imm_s(IntCC::NotEqual, differ, 0)
    }

    fn concat(&mut self, low: Value, high: Value) -> Value {
        self.builder.ins().iconcat(low, high)
    }

    fn split(&mut self, value: Value) -> [Value; 2] {
        let (low, high) = self.builder.ins().isplit(value);
        [low, high]
    }

    /// Pushes the result of an instruction in the width that is presumed of it.
    fn push_result(&mut self, ins: &Ins, number: Number) {
        let number = match self.input.speculation.result(ins.index) {
            Some(width) if !self.must_not_speculate(ins) => self.narrow(number, width),
            _ => number,
        };
        self.push(number.item());
    }

    fn wide_unary(&mut self, ins: &Ins) {
        use OpCode::*;
        let value = self.pop_number(ins);
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

    fn is_negative(&mut self, number: Number) -> Value {
        let top = match number {
            Number::Int(value) => value,
            Number::I128([_, high]) => high,
            Number::Wide([.., high]) => high,
        };
        self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, top, 0)
    }

    /// Returns whether an integer is not zero, as a value of type `I8`.
    pub(super) fn is_nonzero(&mut self, number: Number) -> Value {
        let any = match number {
            Number::Int(value) => value,
            Number::I128([low, high]) => self.builder.ins().bor(low, high),
            Number::Wide([a, b, c, d]) => {
                let (low, high) = (self.builder.ins().bor(a, b), self.builder.ins().bor(c, d));
                self.builder.ins().bor(low, high)
            }
        };
        self.builder.ins().icmp_imm_s(IntCC::NotEqual, any, 0)
    }

    /// Combines the words of two integers one by one.
    fn each_word(
        &mut self,
        first: Number,
        second: Number,
        mut combine: impl FnMut(&mut Self, Value, Value) -> Value,
    ) -> Number {
        let width = first.width().max(second.width());
        match (self.extend(first, width), self.extend(second, width)) {
            (Number::I128(a), Number::I128(b)) => Number::I128([0, 1].map(|i| combine(self, a[i], b[i]))),
            (Number::Wide(a), Number::Wide(b)) => Number::Wide([0, 1, 2, 3].map(|i| combine(self, a[i], b[i]))),
            (Number::Int(a), Number::Int(b)) => Number::Int(combine(self, a, b)),
            _ => first,
        }
    }

    fn select(&mut self, condition: Value, first: Number, second: Number) -> Number {
        self.each_word(first, second, |translator, a, b| translator.builder.ins().select(condition, a, b))
    }

    fn wide_binary(&mut self, ins: &Ins, first: Number, second: Number) {
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

    /// Adds or subtracts in the width of the wider operand, or in that presumed of the result, if that is greater.
    fn sum(&mut self, ins: &Ins, opcode: OpCode, first: Number, second: Number) -> Number {
        let result = self.input.speculation.result(ins.index).unwrap_or(Width::Int);
        let width = first.width().max(second.width()).max(result);
        match (self.extend(first, width), self.extend(second, width)) {
            (Number::I128([a, b]), Number::I128([c, d])) => {
                let (x, y) = (self.concat(a, b), self.concat(c, d));
                let (sum, overflow) = match opcode {
                    OpCode::ADD => self.builder.ins().sadd_overflow(x, y),
                    _ => self.builder.ins().ssub_overflow(x, y),
                };
                // Two integers of 64 bits cannot exceed 128.
                if first.width().max(second.width()) == Width::I128 {
                    self.note_overflow(overflow);
                }
                Number::I128(self.split(sum))
            }
            (Number::Wide(a), Number::Wide(b)) => self.wide_sum(opcode, a, b),
            _ => first,
        }
    }

    fn wide_sum(&mut self, opcode: OpCode, a: [Value; 4], b: [Value; 4]) -> Number {
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

    fn product(&mut self, ins: &Ins, first: Number, second: Number) -> Number {
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
    fn multiply(&mut self, a: Value, b: Value, is_signed: bool) -> [Value; 2] {
        let [a, b] = [a, b].map(|word| match is_signed {
            true => self.builder.ins().sextend(I128, word),
            false => self.builder.ins().uextend(I128, word),
        });
        let product = self.builder.ins().imul(a, b);
        self.split(product)
    }

    /// Multiplies a word without a sign by one with a sign.
    fn multiply_mixed(&mut self, a: Value, b: Value) -> [Value; 2] {
        let [low, high] = self.multiply(a, b, false);
        if self.constant(b).is_some_and(|b| b >= 0) {
            return [low, high];
        }
        let sign = self.sign_of(b);
        let excess = self.builder.ins().band(a, sign);
        [low, self.builder.ins().isub(high, excess)]
    }

    /// Multiplies two words by two.
    fn product_of_four(&mut self, a: [Value; 2], b: [Value; 2]) -> Number {
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
    fn add_word(&mut self, words: [Value; 2], word: Value) -> [Value; 2] {
        let zero = self.number(0);
        let (x, y) = (self.concat(words[0], words[1]), self.concat(word, zero));
        let sum = self.builder.ins().iadd(x, y);
        self.split(sum)
    }

    /// Multiplies two words by one. The product has three words.
    fn product_of_three(&mut self, ins: &Ins, a: [Value; 2], b: Value) -> Number {
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

    fn quotient(&mut self, ins: &Ins, first: Number, second: Number) -> Number {
        let known = if let Number::Int(value) = second { self.constant(value) } else { None };
        if known.is_none_or(|divisor| divisor == 0) {
            let nonzero = self.is_nonzero(second);
            self.guard(nonzero);
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
            let least = self.builder.ins().icmp_imm_s(IntCC::Equal, words[1], i64::MIN);
            self.note_overflow(least);
        }
        Number::I128(words)
    }

    /// Divides four words by any number of words.
    fn wide_quotient(&mut self, ins: &Ins, first: Number, second: Number) -> Number {
        let is_quotient = ins.opcode == OpCode::DIV;
        if second.width() == Width::Wide {
            return self.compute_wide(if is_quotient { &DIV_WIDE } else { &REM_WIDE }, first, second);
        }
        let ([a, b, c, d], [e, f], out) = (self.four_words(first), self.two_words(second), self.scratch(3));
        let builtin = if is_quotient { &DIV_WIDE_BY_I128 } else { &REM_WIDE_BY_I128 };
        let [is_done] = self.call_native(builtin, [a, b, c, d, e, f, out]);
        let failed = self.builder.ins().icmp_imm_s(IntCC::Equal, is_done, 0);
        self.note_overflow(failed);
        self.load_number(out, Width::Wide)
    }

    /// Shortens an integer that is known to fit.
    fn shorten(&mut self, number: Number, width: Width) -> Number {
        match (number, width) {
            (Number::I128([low, _]) | Number::Wide([low, ..]), Width::Int) => Number::Int(low),
            (Number::Wide([low, high, ..]), Width::I128) => Number::I128([low, high]),
            _ => number,
        }
    }

    /// Computes an opcode that takes long by a builtin.
    fn compute_rarely(&mut self, ins: &Ins, count: usize) {
        let mut operands: Vec<_> = (0..count).map(|_| self.pop_number(ins)).collect();
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
    fn compute_wide(&mut self, builtin: &Builtin<3, 1>, first: Number, second: Number) -> Number {
        let (a, b, out) = (self.in_scratch(0, first), self.in_scratch(1, second), self.scratch(3));
        let [is_done] = self.call_native(builtin, [a, b, out]);
        let failed = self.builder.ins().icmp_imm_s(IntCC::Equal, is_done, 0);
        self.note_overflow(failed);
        self.load_number(out, Width::Wide)
    }

    /// Translates a shift of at most 128 bits by a constant from 1 to 62, and calls a builtin for others.
    fn wide_shift(&mut self, ins: &Ins, width: Width) {
        let (Item::Const(bits @ 1..=62), true) = (self.peek(0), width == Width::I128) else {
            return self.compute_rarely(ins, 2);
        };
        let most = self.load_u32(self.vm, layout::MAX_SHIFT);
        let allowed = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, most, bits);
        self.guard(allowed);
        self.pop();
        let value = self.pop_number(ins);
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
        let width = first.width().max(second.width());
        match (self.extend(first, width), self.extend(second, width)) {
            (Number::Int(a), Number::Int(b)) => self.builder.ins().icmp(condition, a, b),
            (Number::I128([a, b]), Number::I128([c, d])) => {
                let (x, y) = (self.concat(a, b), self.concat(c, d));
                self.builder.ins().icmp(condition, x, y)
            }
            (Number::Wide(a), Number::Wide(b)) => self.compare_wide(condition, a, b),
            _ => self.number(0),
        }
    }

    fn compare_wide(&mut self, condition: IntCC, a: [Value; 4], b: [Value; 4]) -> Value {
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

    /// Writes an integer to a cell without an item, in the form that the interpreter expects.
    pub(super) fn write_wide(&mut self, number: Number, address: Value, offset: i32) {
        let cell = self.plus(address, i64::from(offset));
        match number {
            Number::Wide(_) => {
                let words = self.in_scratch(0, number);
                let [] = self.call_native(&WRITE_WIDE, [cell, words]);
            }
            _ => {
                let [low, high] = self.two_words(number);
                let [] = self.call_native(&WRITE_I128, [cell, low, high]);
            }
        }
    }

    /// Replaces the integer, boolean or Null in a cell by an integer of any width.
    pub(super) fn replace_by_wide(&mut self, number: Number, address: Value, offset: i32) {
        let cell = self.plus(address, i64::from(offset));
        let words = self.in_scratch(0, number);
        let [] = self.call_native(&STORE_WIDE, [cell, words]);
    }

    /// Returns an item as an integer, if it is a wide one.
    pub(super) fn wide_item(item: Item) -> Option<Number> {
        match item {
            Item::I128(words) => Some(Number::I128(words)),
            Item::Wide(words) => Some(Number::Wide(words)),
            _ => None,
        }
    }

    /// Reads the integers that are presumed to be wide at the entry, each as words. Adds a word to `wrong` that is not
    /// zero if one of them is wider, or is not an integer.
    pub(super) fn read_entry(&mut self, address: Value, offset: i32, kind: Kind, wrong: &mut Vec<Value>) -> Number {
        let width = if kind == Kind::I128 { Width::I128 } else { Width::Wide };
        let item = self.plus(address, i64::from(offset));
        let out = self.scratch(3);
        let [found] = self.call_native(&READ_WIDE, [item, out]);
        let below = self.plus(found, -1);
        let other = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, below, width as i64);
        wrong.push(self.builder.ins().uextend(I64, other));
        self.load_number(out, width)
    }

    /// Sets the variables of an integer.
    pub(super) fn define(&mut self, words: Words, number: Number) {
        let values = match number {
            Number::Int(value) => vec![value],
            Number::I128(values) => values.to_vec(),
            Number::Wide(values) => values.to_vec(),
        };
        words.into_iter().zip(values).for_each(|(word, value)| self.builder.def_var(word, value));
    }

    /// Releases the memory of an integer that has been read from a cell.
    pub(super) fn take(&mut self, address: Value, offset: i32) {
        let cell = self.plus(address, i64::from(offset));
        let [] = self.call_native(&TAKE_WIDE, [cell]);
    }

    /// Pushes a constant of more than 64 bits.
    pub(super) fn wide_constant(&mut self, ins: &Ins) -> Option<Number> {
        let value = self.input.code.constant(ins.index)?.wide();
        let words = value.limbs().map(|word| self.number(word as i64));
        Some(match Width::of_bits(value.bits()) {
            Width::Int => Number::Int(words[0]),
            Width::I128 => Number::I128([words[0], words[1]]),
            Width::Wide => Number::Wide(words),
        })
    }
}

/// Returns the condition of an opcode that compares two integers.
pub(super) fn condition(opcode: OpCode) -> IntCC {
    match opcode {
        OpCode::NUMEQUAL | OpCode::EQUAL => IntCC::Equal,
        OpCode::NUMNOTEQUAL | OpCode::NOTEQUAL => IntCC::NotEqual,
        OpCode::LT => IntCC::SignedLessThan,
        OpCode::LE => IntCC::SignedLessThanOrEqual,
        OpCode::GT => IntCC::SignedGreaterThan,
        _ => IntCC::SignedGreaterThanOrEqual,
    }
}
