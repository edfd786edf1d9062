//! The patterns of instructions that are fused, as compilers write them: sequences of ops, each with the fused
//! handler that runs them.
//!
//! If several patterns match at an instruction, the one is used with which the fewest handlers run, and of those the
//! longest; a store with a load behind it only if that saves a handler. The order of the table only affects the numbers
//! of the fused handlers.

use neovm_types::{ItemType, OpCode};

use super::floor_mod;
use crate::{
    inst::DecodedInst,
    op::{Form, Op},
};

/// A fused handler; see [`super::fused::run`].
#[derive(Clone, Copy)]
pub(crate) enum Fused {
    /// INITSSLOT with the constants that are stored behind it: see [`super::statics`].
    InitStatics,
    SetStaticBuffer,
    PushBuffer,
    SetStaticData,
    SetStaticInt,
    Set(Source, OpCode),
    JumpIfCompared {
        from: Source,
        comparison: OpCode,
        when: bool,
    },
    DecrementAndCopy,
    JumpIfNotNegative,
    FloorMod,
    JumpSlot(Source, OpCode),
    CombineSlot(Source, OpCode),
    PickItem(Source),
    Step(OpCode),
    JumpCopy(OpCode),
    JumpIfTopCompared {
        comparison: OpCode,
        when: bool,
    },
    CombineInt(OpCode),
    CombineTop(OpCode),
    CombineTopAndStore(Source, OpCode),
    PushTwo(Source),
    CombineAndStore(OpCode),
    Move(Source),
    StoreAndLoad,
    Append,
    DecrementAndJumpIfCopy,
    JumpIfCopy,
}

/// Where the second operand of a fused handler comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Slot,
    Int,
}

impl Source {
    /// Returns the op that pushes the operand.
    const fn op(self) -> Op {
        match self {
            Self::Slot => Op::LdSlot,
            Self::Int => Op::Int,
        }
    }
}

/// A sequence of ops, and the handler that runs them together.
#[derive(Clone, Copy)]
pub(crate) struct Pattern {
    ops: [Op; LONGEST],
    length: usize,
    pub(crate) fused: Fused,
}

/// The number of ops in the longest pattern.
const LONGEST: usize = floor_mod::OPS.len();

/// The number of patterns.
const COUNT: usize = 120;

/// The number of forms; see [`Form`].
#[cfg(neovm_tail_calls)]
pub(crate) const FORMS: usize = Op::ALL.len() + COUNT;

/// Calls a macro with arguments and the number of each form, because Rust has no loop over generic constants.
macro_rules! for_each_form {
    ($macro:ident $($arguments:tt)*) => {
        $macro! {
            $($arguments)*;
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37
            38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72
            73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100 101 102 103 104 105
            106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128 129 130 131
            132 133 134 135 136 137 138 139 140 141 142 143 144 145 146 147 148 149 150 151 152 153 154 155 156 157
            158 159 160 161 162 163 164 165 166 167 168 169 170 171 172 173 174 175 176 177 178 179 180 181 182 183 184
            185 186 187 188 189 190 191 192 193 194 195 196 197 198 199 200 201 202 203 204 205 206 207 208 209 210 211
        }
    };
}
pub(crate) use for_each_form;

/// Runs statements for each item of an array, as `for` does outside of constants.
macro_rules! each {
    ($item:ident in $array:expr => $body:expr) => {{
        let array = $array;
        let mut i = 0;
        while i < array.len() {
            let $item = array[i];
            $body;
            i += 1;
        }
    }};
}

/// All patterns.
pub(crate) static PATTERNS: [Pattern; COUNT] = TABLE.patterns;

const TABLE: Table = {
    use Op::{Cat, Convert, Data, Dec, Dup, InitStatics, Int, JmpIf, JmpNe, LdSlot, Sign, StSfld, StSlot};
    use OpCode::{ADD, AND, DEC, DIV, GE, GT, INC, LE, LT, MOD, MUL, NUMEQUAL, NUMNOTEQUAL, SUB};
    const SOURCES: [Source; 2] = [Source::Slot, Source::Int];
    const COMPARISONS: [OpCode; 6] = [LT, LE, GT, GE, NUMEQUAL, NUMNOTEQUAL];
    const SENSES: [bool; 2] = [true, false];

    let mut table =
        Table { patterns: [Pattern { ops: [Op::Bad; LONGEST], length: 0, fused: Fused::FloorMod }; COUNT], count: 0 };
    table.add([InitStatics], Fused::InitStatics);
    table.add([Data, Convert, StSfld], Fused::SetStaticBuffer);
    table.add([Data, Convert], Fused::PushBuffer);
    table.add([Data, StSfld], Fused::SetStaticData);
    table.add([Int, StSfld], Fused::SetStaticInt);
    each!(from in SOURCES => each!(operator in [ADD, SUB, MUL, DIV, MOD] =>
        table.add([LdSlot, from.op(), Op::of(operator), StSlot], Fused::Set(from, operator))));
    each!(from in SOURCES => each!(comparison in COMPARISONS => each!(when in SENSES =>
    table.add(
        [LdSlot, from.op(), Op::of(comparison), jump_if(when)],
        Fused::JumpIfCompared { from, comparison, when }
    ))));
    table.add([LdSlot, Dec, Dup, StSlot], Fused::DecrementAndCopy);
    table.add([Dup, Sign, Int, JmpNe], Fused::JumpIfNotNegative);
    table.add(floor_mod::OPS, Fused::FloorMod);
    each!(from in SOURCES => {
        each!(comparison in COMPARISONS =>
            table.add([LdSlot, from.op(), compare_and_jump(comparison)], Fused::JumpSlot(from, comparison)));
        each!(operator in [ADD, SUB, MUL, DIV, MOD] =>
            table.add([LdSlot, from.op(), Op::of(operator)], Fused::CombineSlot(from, operator)));
        table.add([LdSlot, from.op(), Op::PickItem], Fused::PickItem(from));
    });
    each!(operator in [INC, DEC] => table.add([LdSlot, Op::of(operator), StSlot], Fused::Step(operator)));
    each!(comparison in COMPARISONS =>
        table.add([Dup, Int, compare_and_jump(comparison)], Fused::JumpCopy(comparison)));
    each!(comparison in COMPARISONS => each!(when in SENSES =>
        table.add([Op::of(comparison), jump_if(when)], Fused::JumpIfTopCompared { comparison, when })));
    each!(operator in [ADD, SUB, MUL, DIV, MOD, AND] => table.add([Int, Op::of(operator)], Fused::CombineInt(operator)));
    each!(operator in [ADD, SUB, MUL, DIV, MOD] => table.add([LdSlot, Op::of(operator)], Fused::CombineTop(operator)));
    each!(from in SOURCES => each!(operator in [ADD, SUB, MUL, DIV, MOD] =>
        table.add([from.op(), Op::of(operator), StSlot], Fused::CombineTopAndStore(from, operator))));
    each!(from in SOURCES => table.add([LdSlot, from.op()], Fused::PushTwo(from)));
    each!(operator in [ADD, SUB, MUL, DIV, MOD] =>
        table.add([Op::of(operator), StSlot], Fused::CombineAndStore(operator)));
    each!(from in SOURCES => table.add([from.op(), StSlot], Fused::Move(from)));
    table.add([StSlot, LdSlot], Fused::StoreAndLoad);
    table.add([Cat, Convert, StSlot], Fused::Append);
    table.add([Dec, Dup, JmpIf], Fused::DecrementAndJumpIfCopy);
    table.add([Dup, JmpIf], Fused::JumpIfCopy);
    assert!(table.count == COUNT, "COUNT is not the number of patterns");
    table
};

/// Returns the op of a jump that is taken if an item is true, or if it is false.
const fn jump_if(when: bool) -> Op {
    if when { Op::JmpIf } else { Op::JmpIfNot }
}

/// Returns the op of a jump that compares its operands.
const fn compare_and_jump(comparison: OpCode) -> Op {
    match comparison {
        OpCode::LT => Op::JmpLt,
        OpCode::LE => Op::JmpLe,
        OpCode::GT => Op::JmpGt,
        OpCode::GE => Op::JmpGe,
        OpCode::NUMEQUAL => Op::JmpEq,
        _ => Op::JmpNe,
    }
}

/// The patterns, while they are being listed.
struct Table {
    patterns: [Pattern; COUNT],
    count: usize,
}

impl Table {
    const fn add<const LENGTH: usize>(&mut self, ops: [Op; LENGTH], fused: Fused) {
        let pattern = &mut self.patterns[self.count];
        let mut i = 0;
        while i < LENGTH {
            pattern.ops[i] = ops[i];
            i += 1;
        }
        pattern.length = LENGTH;
        pattern.fused = fused;
        self.count += 1;
    }
}

/// What a form runs.
pub(crate) enum RunBy {
    Op(Op),
    Fused(Fused),
}

impl Form {
    pub(crate) const fn run_by(self) -> RunBy {
        match self.pattern() {
            None => RunBy::Op(Op::ALL[self.number()]),
            Some(pattern) => RunBy::Fused(TABLE.patterns[pattern].fused),
        }
    }

    /// Returns its fused handler, if it is fused.
    pub(crate) const fn fused_handler(self) -> Option<Fused> {
        match self.run_by() {
            RunBy::Op(_) => None,
            RunBy::Fused(fused) => Some(fused),
        }
    }

    /// Returns whether it has a quick handler for integers that own memory.
    #[cfg(neovm_tail_calls)]
    pub(crate) const fn has_quick(self) -> bool {
        match self.run_by() {
            RunBy::Op(op) => {
                use Op::{Add, Dec, Div, Ge, Gt, Inc, Le, Lt, Mod, Mul, NumEqual, NumNotEqual, StSfld, StSlot, Sub};
                matches!(
                    op,
                    StSlot
                        | StSfld
                        | Inc
                        | Dec
                        | Add
                        | Sub
                        | Mul
                        | Div
                        | Mod
                        | NumEqual
                        | NumNotEqual
                        | Lt
                        | Le
                        | Gt
                        | Ge
                )
            }
            RunBy::Fused(fused) => matches!(
                fused,
                Fused::Set(..)
                    | Fused::Step(_)
                    | Fused::CombineSlot(..)
                    | Fused::CombineTop(_)
                    | Fused::CombineInt(_)
                    | Fused::CombineTopAndStore(..)
                    | Fused::CombineAndStore(_)
                    | Fused::PushTwo(_)
                    | Fused::StoreAndLoad
                    | Fused::Move(_)
                    | Fused::JumpIfCompared { .. }
                    | Fused::JumpSlot(..)
                    | Fused::JumpIfTopCompared { .. }
            ),
        }
    }

    /// Returns how many decoded instructions it runs. That of [`Fused::InitStatics`] is the first of more.
    pub(crate) const fn length(self) -> usize {
        match self.pattern() {
            None => 1,
            Some(pattern) => TABLE.patterns[pattern].length,
        }
    }

    /// Returns whether it may continue elsewhere than after the instructions that it runs.
    #[cfg(neovm_tail_calls)]
    pub(crate) const fn is_jump(self) -> bool {
        match self.pattern() {
            None => Op::ALL[self.number()].is_jump(),
            Some(pattern) => TABLE.patterns[pattern].ops[TABLE.patterns[pattern].length - 1].is_jump(),
        }
    }
}

impl Pattern {
    /// Returns whether it is used only where fewer handlers run: what is pushed is better fused with what takes it.
    fn is_last(&self) -> bool {
        matches!(self.fused, Fused::StoreAndLoad)
    }

    /// Returns the operands that instructions of the pattern must have, each with the index of its instruction.
    fn operands(&self) -> &'static [(usize, u64)] {
        match self.fused {
            Fused::SetStaticBuffer | Fused::PushBuffer => &[(1, ItemType::Buffer as u64)],
            Fused::Append => &[(1, ItemType::ByteString as u64)],
            Fused::JumpIfNotNegative => &[(2, -1_i64 as u64)],
            Fused::FloorMod => &floor_mod::OPERANDS,
            _ => &[],
        }
    }
}

/// The number of handlers that run the instructions behind one, by the distance to where they begin.
#[derive(Default)]
pub(crate) struct Handlers {
    counts: [u32; (LONGEST + 1).next_power_of_two()],
    /// Where that of the first instruction behind is.
    first: usize,
}

impl Handlers {
    fn behind(&self, length: usize) -> u32 {
        self.counts[(self.first + length - 1) % self.counts.len()]
    }

    /// Goes back by one instruction, which begins a handler that runs `length`.
    fn go_back(&mut self, length: usize) {
        let count = self.behind(length.min(LONGEST)) + 1;
        self.first = (self.first + self.counts.len() - 1) % self.counts.len();
        self.counts[self.first] = count;
    }

    /// Finds the best pattern that matches at the start of decoded instructions, if any, and goes back by the first of
    /// them.
    pub(crate) fn find(&mut self, insts: &[DecodedInst]) -> Option<Form> {
        let (mut prefix, mut found, mut length) = (0, None, 1);
        for (end, inst) in insts.iter().enumerate() {
            prefix = TRIE.next[prefix][inst.op as usize] as usize;
            if prefix == 0 {
                break;
            }
            if let Some(pattern) = TRIE.patterns[prefix]
                && self.behind(end + 1) + u32::from(PATTERNS[pattern as usize].is_last()) <= self.behind(length)
                && PATTERNS[pattern as usize].operands().iter().all(|&(i, operand)| insts[i].operand == operand)
            {
                (found, length) = (Some(Form::fused(pattern as usize)), end + 1);
            }
        }
        self.go_back(length);
        found
    }
}

/// All prefixes of patterns; the empty one has the number 0.
struct Trie {
    /// The number of the prefix that is longer by one op; 0 if there is none.
    next: [[u8; Op::ALL.len()]; PREFIXES],
    /// The pattern that a prefix completes.
    patterns: [Option<u8>; PREFIXES],
}

/// The number of prefixes, the empty one included.
const PREFIXES: usize = 175;

static TRIE: Trie = {
    let mut trie = Trie { next: [[0; Op::ALL.len()]; PREFIXES], patterns: [None; PREFIXES] };
    let mut prefixes = 1;
    let mut i = 0;
    while i < COUNT {
        let Pattern { ops, length, .. } = TABLE.patterns[i];
        let (mut prefix, mut k) = (0, 0);
        while k < length {
            let next = &mut trie.next[prefix][ops[k] as usize];
            if *next == 0 {
                *next = prefixes as u8;
                prefixes += 1;
            }
            prefix = *next as usize;
            k += 1;
        }
        assert!(trie.patterns[prefix].is_none(), "two patterns are alike");
        trie.patterns[prefix] = Some(i as u8);
        i += 1;
    }
    assert!(prefixes == PREFIXES && prefixes <= u8::MAX as usize, "PREFIXES is not their number");
    trie
};

#[cfg(test)]
mod tests {
    use alloc::{sync::Arc, vec::Vec};

    use neovm_types::{PriceTable, asm::assemble};

    use crate::Code;

    /// Returns how many instructions each handler runs, of those that run one after the other from the first on.
    fn lengths(text: &str) -> Vec<usize> {
        let code = Code::decode(assemble(text).unwrap(), &Arc::new(PriceTable::default())).unwrap();
        let (mut lengths, mut index) = (Vec::new(), 0);
        // The last is the RET behind the end.
        while index < code.insts().len() - 1 {
            lengths.push(code.insts()[index].form.length());
            index += code.insts()[index].form.length();
        }
        lengths
    }

    #[test]
    fn the_fewest_handlers_run() {
        assert_eq!(lengths("STLOC0\nLDLOC0\nPUSH3\nMUL\nSTLOC1"), [1, 4], "not STLOC0 with LDLOC0");
        assert_eq!(lengths("ADD\nSTLOC0\nLDLOC0\nPUSH3\nMUL\nSTLOC1"), [2, 4]);
        assert_eq!(lengths("DIV\nSTLOC0\nLDLOC0\nDIV"), [2, 2]);
        assert_eq!(lengths("LDLOC0\nLDLOC1\nLDLOC2\nADD"), [2, 2], "the longer one of two that are as good");
        assert_eq!(lengths("MUL\nLDLOC0\nDIV\nSTLOC1"), [1, 3]);
        assert_eq!(lengths("NOT\nSTLOC0\nLDLOC0\nNOT"), [1, 2, 1]);
    }
}
