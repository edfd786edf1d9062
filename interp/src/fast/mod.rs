//! Fast handlers: the usual case of the opcodes that scripts spend their time in.
//!
//! A fast handler looks at its operands' tags and does the work if it is the
//! usual case: small integers, room on the stack, compounds that others hold
//! too. Else it has done nothing and says [`Flow::Full`], and the opcode's
//! general handler ([`crate::ops`]) does the work with all its rules. So each
//! opcode's meaning is told once, there, under every hardfork; what is here
//! only makes it fast, and holds under all of them alike.
//!
//! # Safety
//! All functions here work on raw cells. They rely on what the machine
//! guarantees between two instructions: cells between the current stack's base
//! and `sp` are occupied, below the base lie [`crate::stack::SENTINELS`] cells
//! with a tag of their own, `sp <= limit <= end`, so one cell can be written at
//! `sp`; `slots` has `vm.locals` occupied cells from it on and `vm.arguments`
//! below; `ip` points to a cell of the current code.

pub(crate) mod compound;
pub(crate) mod control;
pub(crate) mod fuse;
pub(crate) mod fused;
pub(crate) mod numeric;
pub(crate) mod pack;
pub(crate) mod push;
mod regs;
pub(crate) mod slot;
pub(crate) mod splice;
pub(crate) mod stack;
pub(crate) mod types;
pub(crate) mod wide;

use neovm_types::OpCode;

use self::fused::{ADD, AND, DIV, EQUAL, GE, GT, INT, LE, LT, MOD, MUL, NOT_EQUAL, SLOT, SUB};
pub(crate) use self::regs::{Regs, duplicate, share, unshare};

use crate::vm::Vm;

/// What a fast handler did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Its work; `ip` is set.
    Next,
    /// Nothing: the general handler has to.
    Full,
    /// Its work, but now there are more items than the limit allows.
    Limit,
    /// Nothing: an operand lies on the heap, and the heap form of the handler has to run.
    Heap,
    /// Nothing: the fused instructions have to run one by one.
    Unfuse,
}

/// The first two ops of a pattern.
macro_rules! beginning {
    ($first:ident, $second:ident, $($rest:tt)*) => {
        (Op::$first, Op::$second)
    };
}

/// The number of ops in a pattern of four, of which the last may be anything.
macro_rules! pattern_length {
    ($a:ident, $b:ident, $c:ident, $d:ident) => {
        4
    };
    ($a:ident, $b:ident, $c:ident, _) => {
        3
    };
    ($a:ident, $b:ident, _, _) => {
        2
    };
}

/// Whether one of the ops in a pattern is a jump.
macro_rules! has_jump {
    ($($op:ident),* $(, _)*) => {
        $(Op::$op.is_jump())||*
    };
}

macro_rules! fast_ops {
    ($($op:ident => $handler:path $(, heap $heap:path)? $(, fuses [$($pattern:tt)*])?;)*) => {
        /// How a cell is run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Op {
            /// By its general handler.
            Full,
            /// Not at all: the bytes are no instruction.
            Bad,
            /// By its general handler; its follower is found by its offset.
            Misaligned,
            $($op,)*
        }

        impl Op {
            /// All, in the order of their numbers.
            #[cfg(neovm_tail_calls)]
            pub(crate) const ALL: &[Self] = &[Self::Full, Self::Bad, Self::Misaligned, $(Self::$op),*];
        }

        /// An array with a generic function for each op.
        #[cfg(neovm_tail_calls)]
        macro_rules! handler_table {
            ($function:ident) => {
                [
                    $function::<{ Op::Full as usize }>,
                    $function::<{ Op::Bad as usize }>,
                    $function::<{ Op::Misaligned as usize }>,
                    $($function::<{ Op::$op as usize }>,)*
                ]
            };
        }
        #[cfg(neovm_tail_calls)]
        pub(crate) use handler_table;

        /// The op that fuses a cell with those behind it, if there is one; else
        /// the first cell's own.
        pub(crate) const fn fused(window: [Op; 4]) -> Op {
            use Op::*;
            match window {
                $($([$($pattern)*] => $op,)?)*
                [first, ..] => first,
            }
        }

        /// Number of ops.
        const COUNT: usize = 3 $(+ { let _ = Op::$op; 1 })*;

        /// Whether two ops, one behind the other, begin something that may be fused.
        pub(crate) static BEGINNINGS: [[bool; COUNT]; COUNT] = {
            let mut beginnings = [[false; COUNT]; COUNT];
            $($(
                let (first, second) = beginning!($($pattern)*);
                beginnings[first as usize][second as usize] = true;
            )?)*
            beginnings
        };

        /// How many cells the pattern of a fused op has; 1 of an op that is alone.
        pub(crate) const fn fused_length(op: Op) -> usize {
            match op {
                $($(Op::$op => pattern_length!($($pattern)*),)?)*
                _ => 1,
            }
        }

        /// Of ops that may go on elsewhere than behind themselves: how many cells
        /// behind their first one the jump is.
        #[cfg(neovm_tail_calls)]
        pub(crate) static LEADS_BACK: [Option<u8>; COUNT] = {
            let mut leads = [None; COUNT];
            let mut i = 0;
            while i < COUNT {
                if Op::ALL[i].leads_back() {
                    leads[i] = Some(fused_length(Op::ALL[i]) as u8 - 1);
                }
                i += 1;
            }
            leads
        };

        impl Op {
            /// Whether it may go on elsewhere than behind itself.
            #[cfg(neovm_tail_calls)]
            pub(crate) const fn leads_back(self) -> bool {
                self.is_jump() || match self {
                    $($(Self::$op => has_jump!($($pattern)*),)?)*
                    _ => false,
                }
            }
        }

        /// Runs a cell's fast handler, if it has one.
        ///
        /// # Safety
        /// See the module.
        #[inline(always)]
        pub(crate) unsafe fn run(op: Op, r: &mut Regs, vm: &mut Vm) -> Flow {
            match op {
                Op::Full | Op::Bad | Op::Misaligned => Flow::Full,
                // SAFETY: the caller's guarantees are what each handler asks for.
                $(Op::$op => unsafe { $handler(r, vm) },)*
            }
        }

        /// Runs a cell's fast handler for operands on the heap, if it has
        /// one: a form of its own, because it calls functions and needs a frame,
        /// which the other then does not.
        ///
        /// # Safety
        /// See the module.
        #[inline(always)]
        pub(crate) unsafe fn run_heap(op: Op, r: &mut Regs, vm: &mut Vm) -> Flow {
            match op {
                // SAFETY: the caller's guarantees are what each handler asks for.
                $($(Op::$op => unsafe { $heap(r, vm) },)?)*
                _ => Flow::Full,
            }
        }
    };
}

fast_ops! {
    Int => push::int;
    True => push::boolean::<true>;
    False => push::boolean::<false>;
    Null => push::null;
    WideInt => push::wide_int;
    Data => push::data;
    Nop => control::nop;
    Jmp => control::jmp;
    JmpIf => control::jmp_if::<true>;
    JmpIfNot => control::jmp_if::<false>;
    JmpEq => control::jmp_eq;
    JmpNe => control::jmp_ne;
    JmpGt => control::jmp_gt;
    JmpGe => control::jmp_ge;
    JmpLt => control::jmp_lt;
    JmpLe => control::jmp_le;
    Call => control::call;
    Ret => control::ret, heap control::ret_heap;
    Assert => control::assert;
    Depth => stack::depth;
    Drop => stack::drop_top, heap stack::drop_heap;
    Nip => stack::nip, heap stack::nip_heap;
    Dup => stack::dup;
    Over => stack::over;
    Pick => stack::pick;
    Tuck => stack::tuck, heap stack::tuck_heap;
    Swap => stack::swap;
    Rot => stack::rot;
    Reverse3 => stack::reverse3;
    Reverse4 => stack::reverse4;
    InitStatics => push::leave, heap slot::init_statics;
    InitSlot => slot::init;
    LdSlot => slot::load;
    StSlot => slot::store, heap slot::store_heap;
    LdSfld => slot::load_static;
    StSfld => slot::store_static, heap slot::store_static_heap;
    Inc => numeric::inc, heap wide::inc;
    Dec => numeric::dec, heap wide::dec;
    Negate => numeric::negate, heap wide::negate;
    Abs => numeric::abs, heap wide::abs;
    Sign => numeric::sign;
    Invert => numeric::invert;
    Add => numeric::add, heap wide::add;
    Sub => numeric::sub, heap wide::sub;
    Mul => numeric::mul, heap wide::mul;
    Div => numeric::div, heap wide::div;
    Mod => numeric::rem, heap wide::rem;
    And => numeric::and, heap wide::and;
    Or => numeric::or, heap wide::or;
    Xor => numeric::xor, heap wide::xor;
    Shl => numeric::shl;
    Shr => numeric::shr;
    Not => numeric::not;
    BoolAnd => numeric::bool_and;
    BoolOr => numeric::bool_or;
    Nz => numeric::nz;
    NumEqual => numeric::num_equal, heap wide::num_equal;
    NumNotEqual => numeric::num_not_equal, heap wide::num_not_equal;
    Lt => numeric::lt, heap wide::lt;
    Le => numeric::le, heap wide::le;
    Gt => numeric::gt, heap wide::gt;
    Ge => numeric::ge, heap wide::ge;
    Min => numeric::min, heap wide::min;
    Max => numeric::max, heap wide::max;
    Within => numeric::within;
    Equal => numeric::equal::<true>, heap types::equal::<true>;
    NotEqual => numeric::equal::<false>, heap types::equal::<false>;
    PickItem => compound::pick_item, heap compound::pick_item_heap;
    Convert => types::convert, heap types::convert_heap;
    SetItem => compound::set_item, heap compound::set_item_heap;
    Size => compound::size, heap compound::size_heap;
    IsNull => types::is_null, heap types::is_null_heap;
    IsType => push::leave, heap types::is_type;
    HasKey => push::leave, heap compound::has_key;
    Append => push::leave, heap pack::append;
    Pack => push::leave, heap pack::pack::<false>;
    PackStruct => push::leave, heap pack::pack::<true>;
    Unpack => push::leave, heap pack::unpack;
    NewArray0 => push::leave, heap pack::new_array0;
    NewStruct0 => push::leave, heap pack::new_struct0;
    NewMap => push::leave, heap pack::new_map;
    NewBuffer => push::leave, heap splice::new_buffer;
    Cat => push::leave, heap splice::cat;
    Substr => push::leave, heap splice::substr;
    Left => push::leave, heap splice::left;
    Right => push::leave, heap splice::right;
    // Fused: longer ones first.
    SetStaticBuffer => fused::set_static_buffer, fuses [Data, Convert, StSfld, _];
    DataBuffer => fused::push_buffer, fuses [Data, Convert, _, _];
    SetStaticData => fused::set_static_data, fuses [Data, StSfld, _, _];
    SetStaticInt => fused::set_static_int, fuses [Int, StSfld, _, _];
    SetSlotAdd => fused::set::<SLOT, ADD>, fuses [LdSlot, LdSlot, Add, StSlot];
    SetSlotSub => fused::set::<SLOT, SUB>, fuses [LdSlot, LdSlot, Sub, StSlot];
    SetSlotMul => fused::set::<SLOT, MUL>, fuses [LdSlot, LdSlot, Mul, StSlot];
    SetIntAdd => fused::set::<INT, ADD>, fuses [LdSlot, Int, Add, StSlot];
    SetIntSub => fused::set::<INT, SUB>, fuses [LdSlot, Int, Sub, StSlot];
    SetIntMul => fused::set::<INT, MUL>, fuses [LdSlot, Int, Mul, StSlot];
    JmpIfSlotLt => fused::compare_slot::<SLOT, LT, true>, fuses [LdSlot, LdSlot, Lt, JmpIf];
    JmpIfNotSlotLt => fused::compare_slot::<SLOT, LT, false>, fuses [LdSlot, LdSlot, Lt, JmpIfNot];
    JmpIfSlotLe => fused::compare_slot::<SLOT, LE, true>, fuses [LdSlot, LdSlot, Le, JmpIf];
    JmpIfNotSlotLe => fused::compare_slot::<SLOT, LE, false>, fuses [LdSlot, LdSlot, Le, JmpIfNot];
    JmpIfSlotGt => fused::compare_slot::<SLOT, GT, true>, fuses [LdSlot, LdSlot, Gt, JmpIf];
    JmpIfNotSlotGt => fused::compare_slot::<SLOT, GT, false>, fuses [LdSlot, LdSlot, Gt, JmpIfNot];
    JmpIfSlotGe => fused::compare_slot::<SLOT, GE, true>, fuses [LdSlot, LdSlot, Ge, JmpIf];
    JmpIfNotSlotGe => fused::compare_slot::<SLOT, GE, false>, fuses [LdSlot, LdSlot, Ge, JmpIfNot];
    JmpIfSlotNumEqual => fused::compare_slot::<SLOT, EQUAL, true>, fuses [LdSlot, LdSlot, NumEqual, JmpIf];
    JmpIfNotSlotNumEqual => fused::compare_slot::<SLOT, EQUAL, false>, fuses [LdSlot, LdSlot, NumEqual, JmpIfNot];
    JmpIfSlotNumNotEqual => fused::compare_slot::<SLOT, NOT_EQUAL, true>, fuses [LdSlot, LdSlot, NumNotEqual, JmpIf];
    JmpIfNotSlotNumNotEqual => fused::compare_slot::<SLOT, NOT_EQUAL, false>, fuses [LdSlot, LdSlot, NumNotEqual, JmpIfNot];
    JmpIfIntLt => fused::compare_slot::<INT, LT, true>, fuses [LdSlot, Int, Lt, JmpIf];
    JmpIfNotIntLt => fused::compare_slot::<INT, LT, false>, fuses [LdSlot, Int, Lt, JmpIfNot];
    JmpIfIntLe => fused::compare_slot::<INT, LE, true>, fuses [LdSlot, Int, Le, JmpIf];
    JmpIfNotIntLe => fused::compare_slot::<INT, LE, false>, fuses [LdSlot, Int, Le, JmpIfNot];
    JmpIfIntGt => fused::compare_slot::<INT, GT, true>, fuses [LdSlot, Int, Gt, JmpIf];
    JmpIfNotIntGt => fused::compare_slot::<INT, GT, false>, fuses [LdSlot, Int, Gt, JmpIfNot];
    JmpIfIntGe => fused::compare_slot::<INT, GE, true>, fuses [LdSlot, Int, Ge, JmpIf];
    JmpIfNotIntGe => fused::compare_slot::<INT, GE, false>, fuses [LdSlot, Int, Ge, JmpIfNot];
    JmpIfIntNumEqual => fused::compare_slot::<INT, EQUAL, true>, fuses [LdSlot, Int, NumEqual, JmpIf];
    JmpIfNotIntNumEqual => fused::compare_slot::<INT, EQUAL, false>, fuses [LdSlot, Int, NumEqual, JmpIfNot];
    JmpIfIntNumNotEqual => fused::compare_slot::<INT, NOT_EQUAL, true>, fuses [LdSlot, Int, NumNotEqual, JmpIf];
    JmpIfNotIntNumNotEqual => fused::compare_slot::<INT, NOT_EQUAL, false>, fuses [LdSlot, Int, NumNotEqual, JmpIfNot];
    SetDecDup => fused::decrement_and_copy, fuses [LdSlot, Dec, Dup, StSlot];
    DupJmpNotNegative => fused::jump_if_not_negative, fuses [Dup, Sign, Int, JmpNe];
    FloorMod => fused::floor_mod, fuses [Over, Mod, Dup, Sign];
    JmpLtSlot => fused::jump_slot::<SLOT, LT>, fuses [LdSlot, LdSlot, JmpLt, _];
    JmpLeSlot => fused::jump_slot::<SLOT, LE>, fuses [LdSlot, LdSlot, JmpLe, _];
    JmpGtSlot => fused::jump_slot::<SLOT, GT>, fuses [LdSlot, LdSlot, JmpGt, _];
    JmpGeSlot => fused::jump_slot::<SLOT, GE>, fuses [LdSlot, LdSlot, JmpGe, _];
    JmpEqSlot => fused::jump_slot::<SLOT, EQUAL>, fuses [LdSlot, LdSlot, JmpEq, _];
    JmpNeSlot => fused::jump_slot::<SLOT, NOT_EQUAL>, fuses [LdSlot, LdSlot, JmpNe, _];
    SlotSlotAdd => fused::combine_slot::<SLOT, ADD>, fuses [LdSlot, LdSlot, Add, _];
    SlotSlotSub => fused::combine_slot::<SLOT, SUB>, fuses [LdSlot, LdSlot, Sub, _];
    SlotSlotMul => fused::combine_slot::<SLOT, MUL>, fuses [LdSlot, LdSlot, Mul, _];
    SlotSlotPick => fused::pick::<SLOT>, fuses [LdSlot, LdSlot, PickItem, _];
    JmpLtInt => fused::jump_slot::<INT, LT>, fuses [LdSlot, Int, JmpLt, _];
    JmpLeInt => fused::jump_slot::<INT, LE>, fuses [LdSlot, Int, JmpLe, _];
    JmpGtInt => fused::jump_slot::<INT, GT>, fuses [LdSlot, Int, JmpGt, _];
    JmpGeInt => fused::jump_slot::<INT, GE>, fuses [LdSlot, Int, JmpGe, _];
    JmpEqInt => fused::jump_slot::<INT, EQUAL>, fuses [LdSlot, Int, JmpEq, _];
    JmpNeInt => fused::jump_slot::<INT, NOT_EQUAL>, fuses [LdSlot, Int, JmpNe, _];
    SlotIntAdd => fused::combine_slot::<INT, ADD>, fuses [LdSlot, Int, Add, _];
    SlotIntSub => fused::combine_slot::<INT, SUB>, fuses [LdSlot, Int, Sub, _];
    SlotIntMul => fused::combine_slot::<INT, MUL>, fuses [LdSlot, Int, Mul, _];
    SlotIntPick => fused::pick::<INT>, fuses [LdSlot, Int, PickItem, _];
    SetInc => fused::step::<1>, fuses [LdSlot, Inc, StSlot, _];
    SetDec => fused::step::<-1>, fuses [LdSlot, Dec, StSlot, _];
    DupJmpLt => fused::jump_copy::<LT>, fuses [Dup, Int, JmpLt, _];
    DupJmpLe => fused::jump_copy::<LE>, fuses [Dup, Int, JmpLe, _];
    DupJmpGt => fused::jump_copy::<GT>, fuses [Dup, Int, JmpGt, _];
    DupJmpGe => fused::jump_copy::<GE>, fuses [Dup, Int, JmpGe, _];
    DupJmpEq => fused::jump_copy::<EQUAL>, fuses [Dup, Int, JmpEq, _];
    DupJmpNe => fused::jump_copy::<NOT_EQUAL>, fuses [Dup, Int, JmpNe, _];
    JmpIfLt => fused::compare::<LT, true>, fuses [Lt, JmpIf, _, _];
    JmpIfNotLt => fused::compare::<LT, false>, fuses [Lt, JmpIfNot, _, _];
    JmpIfLe => fused::compare::<LE, true>, fuses [Le, JmpIf, _, _];
    JmpIfNotLe => fused::compare::<LE, false>, fuses [Le, JmpIfNot, _, _];
    JmpIfGt => fused::compare::<GT, true>, fuses [Gt, JmpIf, _, _];
    JmpIfNotGt => fused::compare::<GT, false>, fuses [Gt, JmpIfNot, _, _];
    JmpIfGe => fused::compare::<GE, true>, fuses [Ge, JmpIf, _, _];
    JmpIfNotGe => fused::compare::<GE, false>, fuses [Ge, JmpIfNot, _, _];
    JmpIfNumEqual => fused::compare::<EQUAL, true>, fuses [NumEqual, JmpIf, _, _];
    JmpIfNotNumEqual => fused::compare::<EQUAL, false>, fuses [NumEqual, JmpIfNot, _, _];
    JmpIfNumNotEqual => fused::compare::<NOT_EQUAL, true>, fuses [NumNotEqual, JmpIf, _, _];
    JmpIfNotNumNotEqual => fused::compare::<NOT_EQUAL, false>, fuses [NumNotEqual, JmpIfNot, _, _];
    IntAdd => fused::combine_int::<ADD>, fuses [Int, Add, _, _];
    IntSub => fused::combine_int::<SUB>, fuses [Int, Sub, _, _];
    IntMul => fused::combine_int::<MUL>, fuses [Int, Mul, _, _];
    IntDiv => fused::combine_int::<DIV>, fuses [Int, Div, _, _];
    IntMod => fused::combine_int::<MOD>, fuses [Int, Mod, _, _];
    IntAnd => fused::combine_int::<AND>, fuses [Int, And, _, _];
    SlotAdd => fused::combine_top::<ADD>, fuses [LdSlot, Add, _, _];
    SlotSub => fused::combine_top::<SUB>, fuses [LdSlot, Sub, _, _];
    SlotMul => fused::combine_top::<MUL>, fuses [LdSlot, Mul, _, _];
    SlotSlot => fused::push_two::<SLOT>, heap fused::push_two_heap::<SLOT>, fuses [LdSlot, LdSlot, _, _];
    SlotInt => fused::push_two::<INT>, heap fused::push_two_heap::<INT>, fuses [LdSlot, Int, _, _];
    StoreLoad => fused::store_and_load, heap fused::store_and_load_heap, fuses [StSlot, LdSlot, _, _];
    DecDupJmpIf => fused::decrement_and_jump_if_copy, fuses [Dec, Dup, JmpIf, _];
    DupJmpIf => fused::jump_if_copy, fuses [Dup, JmpIf, _, _];
}

impl Op {
    /// Whether the operand is an offset that becomes a distance in cells.
    pub(crate) const fn is_jump(self) -> bool {
        matches!(
            self,
            Self::Jmp
                | Self::JmpIf
                | Self::JmpIfNot
                | Self::JmpEq
                | Self::JmpNe
                | Self::JmpGt
                | Self::JmpGe
                | Self::JmpLt
                | Self::JmpLe
                | Self::Call
        )
    }

    /// How an opcode is run when it is decoded.
    pub(crate) const fn of(opcode: OpCode) -> Self {
        use OpCode::*;
        match opcode {
            PUSHINT8 | PUSHINT16 | PUSHINT32 | PUSHINT64 | PUSHM1 | PUSH0 | PUSH1 | PUSH2 | PUSH3 | PUSH4 | PUSH5
            | PUSH6 | PUSH7 | PUSH8 | PUSH9 | PUSH10 | PUSH11 | PUSH12 | PUSH13 | PUSH14 | PUSH15 | PUSH16 => Self::Int,
            PUSHINT128 | PUSHINT256 => Self::WideInt,
            PUSHDATA1 | PUSHDATA2 | PUSHDATA4 => Self::Data,
            PUSHT => Self::True,
            PUSHF => Self::False,
            PUSHNULL => Self::Null,
            NOP => Self::Nop,
            JMP | JMP_L => Self::Jmp,
            JMPIF | JMPIF_L => Self::JmpIf,
            JMPIFNOT | JMPIFNOT_L => Self::JmpIfNot,
            JMPEQ | JMPEQ_L => Self::JmpEq,
            JMPNE | JMPNE_L => Self::JmpNe,
            JMPGT | JMPGT_L => Self::JmpGt,
            JMPGE | JMPGE_L => Self::JmpGe,
            JMPLT | JMPLT_L => Self::JmpLt,
            JMPLE | JMPLE_L => Self::JmpLe,
            CALL | CALL_L => Self::Call,
            RET => Self::Ret,
            ASSERT => Self::Assert,
            DEPTH => Self::Depth,
            DROP => Self::Drop,
            NIP => Self::Nip,
            DUP => Self::Dup,
            OVER => Self::Over,
            PICK => Self::Pick,
            TUCK => Self::Tuck,
            SWAP => Self::Swap,
            ROT => Self::Rot,
            REVERSE3 => Self::Reverse3,
            REVERSE4 => Self::Reverse4,
            INITSSLOT => Self::InitStatics,
            INITSLOT => Self::InitSlot,
            LDLOC0 | LDLOC1 | LDLOC2 | LDLOC3 | LDLOC4 | LDLOC5 | LDLOC6 | LDLOC => Self::LdSlot,
            STLOC0 | STLOC1 | STLOC2 | STLOC3 | STLOC4 | STLOC5 | STLOC6 | STLOC => Self::StSlot,
            LDARG0 | LDARG1 | LDARG2 | LDARG3 | LDARG4 | LDARG5 | LDARG6 | LDARG => Self::LdSlot,
            STARG0 | STARG1 | STARG2 | STARG3 | STARG4 | STARG5 | STARG6 | STARG => Self::StSlot,
            LDSFLD0 | LDSFLD1 | LDSFLD2 | LDSFLD3 | LDSFLD4 | LDSFLD5 | LDSFLD6 | LDSFLD => Self::LdSfld,
            STSFLD0 | STSFLD1 | STSFLD2 | STSFLD3 | STSFLD4 | STSFLD5 | STSFLD6 | STSFLD => Self::StSfld,
            INC => Self::Inc,
            DEC => Self::Dec,
            NEGATE => Self::Negate,
            ABS => Self::Abs,
            SIGN => Self::Sign,
            INVERT => Self::Invert,
            ADD => Self::Add,
            SUB => Self::Sub,
            MUL => Self::Mul,
            DIV => Self::Div,
            MOD => Self::Mod,
            AND => Self::And,
            OR => Self::Or,
            XOR => Self::Xor,
            SHL => Self::Shl,
            SHR => Self::Shr,
            NOT => Self::Not,
            BOOLAND => Self::BoolAnd,
            BOOLOR => Self::BoolOr,
            NZ => Self::Nz,
            NUMEQUAL => Self::NumEqual,
            NUMNOTEQUAL => Self::NumNotEqual,
            LT => Self::Lt,
            LE => Self::Le,
            GT => Self::Gt,
            GE => Self::Ge,
            MIN => Self::Min,
            MAX => Self::Max,
            WITHIN => Self::Within,
            EQUAL => Self::Equal,
            NOTEQUAL => Self::NotEqual,
            PICKITEM => Self::PickItem,
            CONVERT => Self::Convert,
            SETITEM => Self::SetItem,
            SIZE => Self::Size,
            ISNULL => Self::IsNull,
            ISTYPE => Self::IsType,
            HASKEY => Self::HasKey,
            APPEND => Self::Append,
            PACK => Self::Pack,
            PACKSTRUCT => Self::PackStruct,
            UNPACK => Self::Unpack,
            NEWARRAY0 => Self::NewArray0,
            NEWSTRUCT0 => Self::NewStruct0,
            NEWMAP => Self::NewMap,
            NEWBUFFER => Self::NewBuffer,
            CAT => Self::Cat,
            SUBSTR => Self::Substr,
            LEFT => Self::Left,
            RIGHT => Self::Right,
            _ => Self::Full,
        }
    }
}
