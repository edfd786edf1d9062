//! The words of integers: in registers, in native memory, and in items.

use cranelift_codegen::ir::{
    InstBuilder, InstructionData, Opcode, StackSlotData, StackSlotKind, Value, ValueDef, condcodes::IntCC, types::I64,
};
use neovm_interp::tier::{
    Width,
    builtins::{READ_WIDE, STORE_WIDE, TAKE_WIDE, WRITE_I128, WRITE_WIDE},
};

use super::{
    Translator,
    edges::Words,
    state::{Address, Item, Kind},
    wide::{Number, WIDE_SIZE},
};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    /// Reads an integer from memory; exits if the item is not one, or is wider.
    pub(super) fn read_number(&mut self, address: Address, width: Width) -> Number {
        let item = self.address(address);
        let out = self.scratch(3);
        let [found] = self.call_native(&READ_WIDE, [item, out]);
        let below = self.plus(found, -1);
        let fits = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, below, width as i64);
        self.guard(fits);
        self.load_number(out, width)
    }

    pub(super) fn load_number(&mut self, from: Value, width: Width) -> Number {
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
    pub(super) fn in_scratch(&mut self, which: usize, number: Number) -> Value {
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

    /// Returns the value of a word that is a constant.
    pub(super) fn constant(&self, word: Value) -> Option<i64> {
        let ValueDef::Result(inst, _) = self.builder.func.dfg.value_def(word) else { return None };
        match self.builder.func.dfg.insts[inst] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
            _ => None,
        }
    }

    /// Returns a word that extends another by its sign.
    pub(super) fn sign_of(&mut self, word: Value) -> Value {
        if let Some(value) = self.constant(word) {
            return self.number(value >> 63);
        }
        self.builder.ins().sshr_imm_s(word, 63)
    }

    pub(super) fn two_words(&mut self, number: Number) -> [Value; 2] {
        match number {
            Number::Int(value) => [value, self.sign_of(value)],
            Number::I128(words) => words,
            Number::Wide([low, high, ..]) => [low, high],
        }
    }

    pub(super) fn four_words(&mut self, number: Number) -> [Value; 4] {
        if let Number::Wide(words) = number {
            return words;
        }
        let [low, high] = self.two_words(number);
        let sign = if let Number::Int(_) = number { high } else { self.sign_of(high) };
        [low, high, sign, sign]
    }

    /// Returns an integer of at most 128 bits as one value.
    pub(super) fn whole(&mut self, number: Number) -> Value {
        let [low, high] = self.two_words(number);
        self.concat(low, high)
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

    pub(super) fn concat(&mut self, low: Value, high: Value) -> Value {
        self.builder.ins().iconcat(low, high)
    }

    pub(super) fn split(&mut self, value: Value) -> [Value; 2] {
        let (low, high) = self.builder.ins().isplit(value);
        [low, high]
    }

    pub(super) fn is_negative(&mut self, number: Number) -> Value {
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
    pub(super) fn each_word(
        &mut self,
        first: Number,
        second: Number,
        mut combine: impl FnMut(&mut Self, Value, Value) -> Value,
    ) -> Number {
        match (first, second) {
            (Number::Int(a), Number::Int(b)) => Number::Int(combine(self, a, b)),
            (Number::Wide(_), _) | (_, Number::Wide(_)) => {
                let (a, b) = (self.four_words(first), self.four_words(second));
                Number::Wide([0, 1, 2, 3].map(|i| combine(self, a[i], b[i])))
            }
            _ => {
                let (a, b) = (self.two_words(first), self.two_words(second));
                Number::I128([0, 1].map(|i| combine(self, a[i], b[i])))
            }
        }
    }

    pub(super) fn select(&mut self, condition: Value, first: Number, second: Number) -> Number {
        self.each_word(first, second, |translator, a, b| translator.builder.ins().select(condition, a, b))
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
        words.number.into_iter().zip(values).for_each(|(word, value)| self.builder.def_var(word, value));
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
