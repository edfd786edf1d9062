//! Integers of more than 64 bits: two or four words in registers, the lowest first.
//!
//! The operands of an instruction are brought to one width, that of its result or of its widest operand. Sums,
//! comparisons and products of up to 128 by 128 bits are computed in machine code; builtins that only read compute the
//! rest.

use cranelift_codegen::ir::{InstBuilder, StackSlot, Value, condcodes::IntCC};
use neovm_interp::tier::Width;
use neovm_types::OpCode;

use super::{
    Translator,
    state::{Address, Item, Origin},
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
    pub(super) fn width(self) -> Width {
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
pub(super) struct Scratch(pub(super) [Option<StackSlot>; 4]);

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
    pub(super) fn operand_widths(&self, ins: &Ins, count: usize) -> Option<Width> {
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
                let [second, first] = self.pop_numbers(ins);
                self.wide_binary(ins, first, second);
            }
            _ => {
                let [high, low, value] = self.pop_numbers(ins);
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

    /// Returns the top item, and the others that are copies of it, as an integer of the width that is presumed.
    pub(super) fn number_at(&mut self, ins: &Ins, depth: usize) -> Number {
        let width = self.operand_width(ins, depth).unwrap_or(Width::Int);
        let index = self.index(depth);
        match self.peek(depth) {
            Item::I128(words) => Number::I128(words),
            Item::Wide(words) => Number::Wide(words),
            item @ Item::Ref(address, _) if width > Width::Int => {
                let number = self.read_number(address, width);
                let items = self.state.stack.iter_mut().chain(&mut self.state.slots);
                items.filter(|other| **other == item).for_each(|other| *other = number.item());
                self.state.stack[index] = number.item();
                number
            }
            _ => Number::Int(self.int_at(depth)),
        }
    }

    /// Pops the integers that an instruction takes, the top one first. What is presumed of an operand goes by its depth
    /// before any was popped.
    pub(super) fn pop_numbers<const N: usize>(&mut self, ins: &Ins) -> [Number; N] {
        let numbers = core::array::from_fn(|depth| self.number_at(ins, depth));
        self.drop_items(N);
        numbers
    }

    /// Pops the topmost `count` items.
    pub(super) fn drop_items(&mut self, count: usize) {
        self.state.stack.truncate(self.state.stack.len() - count);
    }

    /// Turns the top item into a value, if it is presumed to be a wide integer.
    pub(super) fn hold_wide(&mut self, ins: &Ins) {
        if !self.peek(0).is_value() && self.is_wide(ins, 1) {
            self.hold(ins, 1);
            self.number_at(ins, 0);
        }
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
