//! Arithmetic and comparison of small integers.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC, types::I64};
use neovm_interp::tier::layout;
use neovm_types::{OpCode, integer::eval};

use super::{
    Translator,
    state::Item,
    wide::{Number, condition},
};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    pub(super) fn numeric(&mut self, ins: &Ins) {
        use OpCode::*;
        if let Some(value) = self.known(ins.opcode).or_else(|| self.known_power(ins)) {
            return self.push(Item::Const(value));
        }
        if self.wide_numeric(ins) {
            return;
        }
        match ins.opcode {
            NOT | BOOLAND | BOOLOR => self.logic(ins),
            INC | DEC | NEGATE | ABS if self.may_compute(ins, 1) => self.unary(ins),
            SIGN | NZ if self.may_be_ints(ins, 1) => self.unary(ins),
            ADD | SUB | MUL if self.may_compute(ins, 2) => self.binary(ins),
            MIN | MAX | NUMEQUAL | NUMNOTEQUAL | LT | LE | GT | GE if self.may_be_ints(ins, 2) => self.binary(ins),
            DIV | MOD if self.may_compute(ins, 2) => self.divide(ins),
            SHL | SHR if self.may_compute(ins, 2) => self.shift(ins),
            WITHIN if self.may_be_ints(ins, 3) => {
                let (high, low, value) = (self.pop_int(), self.pop_int(), self.pop_int());
                let above = self.builder.ins().icmp(IntCC::SignedLessThanOrEqual, low, value);
                let below = self.builder.ins().icmp(IntCC::SignedLessThan, value, high);
                let within = self.builder.ins().band(above, below);
                self.push(Item::Bool(within));
            }
            // The result is probably not a small integer: it was not before, or an operand was not.
            INC | DEC | NEGATE | ABS | SHL => {
                let depth = usize::from(ins.opcode == SHL);
                self.call_builtin_with(ins, self.must_not_speculate(ins) || self.is_presumed_other(depth));
            }
            ADD | SUB | MUL => {
                let is_other = self.must_not_speculate(ins) || self.is_presumed_other(0) || self.is_presumed_other(1);
                self.call_builtin_with(ins, is_other);
            }
            DIV | MOD | SHR | POW | MODMUL | MODPOW => self.call_builtin_with(ins, self.must_not_speculate(ins)),
            _ => self.call_builtin(ins),
        }
    }

    /// Pops the operands of an instruction and returns its result, if both are constants.
    fn known(&mut self, opcode: OpCode) -> Option<i64> {
        let Item::Const(last) = self.peek(0) else { return None };
        let (result, operands) = match (eval::unary(opcode, last), self.peek(1)) {
            (Some(result), _) => (result, 1),
            (None, Item::Const(first)) => (eval::binary(opcode, first, last)?, 2),
            _ => return None,
        };
        self.state.stack.truncate(self.state.stack.len() - operands);
        Some(result)
    }

    /// Pops the operands of a POW and returns the power, if both are constants: often ten to a number of decimals.
    fn known_power(&mut self, ins: &Ins) -> Option<i64> {
        let (Item::Const(exponent), Item::Const(base)) = (self.peek(0), self.peek(1)) else { return None };
        if ins.opcode != OpCode::POW || self.must_not_speculate(ins) {
            return None;
        }
        let power = base.checked_pow(exponent.try_into().ok()?)?;
        self.guard_shift(exponent);
        self.drop_items(2);
        Some(power)
    }

    /// Leaves if the limit of shifts and exponents is below a number.
    fn guard_shift(&mut self, bits: i64) {
        let most = self.load_u32(self.vm, layout::MAX_SHIFT);
        let allowed = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, most, bits);
        self.guard(allowed);
    }

    fn logic(&mut self, ins: &Ins) {
        let count = if ins.opcode == OpCode::NOT { 1 } else { 2 };
        if !(0..count).all(|depth| self.may_be_condition(ins, depth)) {
            return self.call_builtin(ins);
        }
        let second = self.pop_condition();
        let result = match ins.opcode {
            OpCode::NOT => self.builder.ins().bxor_imm_s(second, 1),
            OpCode::BOOLAND => {
                let first = self.pop_condition();
                self.builder.ins().band(first, second)
            }
            _ => {
                let first = self.pop_condition();
                self.builder.ins().bor(first, second)
            }
        };
        self.push(Item::Bool(result));
    }

    fn unary(&mut self, ins: &Ins) {
        let value = self.pop_int();
        let result = match ins.opcode {
            OpCode::INC => self.add(value, 1),
            OpCode::DEC => self.add(value, -1),
            OpCode::NZ => {
                let result = self.builder.ins().icmp_imm_s(IntCC::NotEqual, value, 0);
                return self.push(Item::Bool(result));
            }
            OpCode::SIGN => {
                let positive = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThan, value, 0);
                let positive = self.builder.ins().uextend(I64, positive);
                let negative = self.builder.ins().sshr_imm_s(value, 63);
                let sign = self.builder.ins().bor(positive, negative);
                self.sign = Some((sign, value));
                sign
            }
            opcode => {
                let least = self.builder.ins().icmp_imm_s(IntCC::Equal, value, i64::MIN);
                self.note_overflow(least);
                let negated = self.builder.ins().ineg(value);
                match opcode {
                    OpCode::NEGATE => negated,
                    _ => self.builder.ins().smax(value, negated),
                }
            }
        };
        self.push(Item::Int(result));
    }

    fn add(&mut self, value: Value, constant: i64) -> Value {
        let constant = self.number(constant);
        let (sum, overflow) = self.builder.ins().sadd_overflow(value, constant);
        self.note_overflow(overflow);
        sum
    }

    fn binary(&mut self, ins: &Ins) {
        use OpCode::*;
        if let NUMEQUAL | NUMNOTEQUAL | LT | LE | GT | GE = ins.opcode {
            let result = self.compare(ins, condition(ins.opcode));
            return self.push(Item::Bool(result));
        }
        let (second, first) = (self.pop_int(), self.pop_int());
        let result = self.arithmetic(ins.opcode, first, second);
        self.push(Item::Int(result));
    }

    /// Pops two integers and compares them.
    pub(super) fn compare(&mut self, ins: &Ins, condition: IntCC) -> Value {
        let known = self.peek(0);
        let [second, first] = self.pop_numbers(ins);
        let (Number::Int(second), Number::Int(first)) = (second, first) else {
            return self.compare_numbers(condition, first, second);
        };
        if let (Item::Const(known), Some((sign, value))) = (known, self.sign)
            && sign == first
            && let Some(condition) = of_sign(condition, known)
        {
            return self.builder.ins().icmp_imm_s(condition, value, 0);
        }
        self.builder.ins().icmp(condition, first, second)
    }

    fn arithmetic(&mut self, opcode: OpCode, first: Value, second: Value) -> Value {
        let (result, overflow) = match opcode {
            OpCode::ADD => self.builder.ins().sadd_overflow(first, second),
            OpCode::SUB => self.builder.ins().ssub_overflow(first, second),
            OpCode::MUL => self.builder.ins().smul_overflow(first, second),
            OpCode::MIN => return self.builder.ins().smin(first, second),
            _ => return self.builder.ins().smax(first, second),
        };
        self.note_overflow(overflow);
        result
    }

    /// Translates a shift by a constant from 1 to 62; other shifts are left to the builtin.
    fn shift(&mut self, ins: &Ins) {
        let Item::Const(bits @ 1..=62) = self.peek(0) else { return self.call_builtin(ins) };
        self.guard_shift(bits);
        self.pop();
        let value = self.pop_int();
        let result = if ins.opcode == OpCode::SHR {
            self.builder.ins().sshr_imm_s(value, bits)
        } else {
            let shifted = self.builder.ins().ishl_imm_s(value, bits);
            let back = self.builder.ins().sshr_imm_s(shifted, bits);
            let lost = self.builder.ins().icmp(IntCC::NotEqual, back, value);
            self.note_overflow(lost);
            shifted
        };
        self.push(Item::Int(result));
    }
}

/// Returns the condition on an integer and 0 that is equivalent to a condition on the integer's sign and `number`.
fn of_sign(condition: IntCC, number: i64) -> Option<IntCC> {
    Some(match (condition, number) {
        (_, 0) => condition,
        (IntCC::Equal, -1) => IntCC::SignedLessThan,
        (IntCC::NotEqual, -1) => IntCC::SignedGreaterThanOrEqual,
        (IntCC::Equal, 1) => IntCC::SignedGreaterThan,
        (IntCC::NotEqual, 1) => IntCC::SignedLessThanOrEqual,
        _ => return None,
    })
}
