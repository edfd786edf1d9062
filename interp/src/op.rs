//! Ops and forms: how the interpreter runs decoded instructions.

use neovm_types::OpCode;

/// Defines [`Op`] with the opcodes of each.
macro_rules! ops {
    ($($op:ident: $($opcode:ident)|+;)*) => {
        /// How a decoded instruction is run alone. Opcodes whose fast handlers
        /// differ in nothing but the operand share an op.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Op {
            /// By the general handler of its opcode.
            Full,
            /// Not at all: its bytes are no instruction.
            Bad,
            /// By its general handler; the instruction behind it is found by its offset.
            Misaligned,
            $($op,)*
        }

        impl Op {
            /// All ops, in the order of their numbers.
            pub(crate) const ALL: &[Self] = &[Self::Full, Self::Bad, Self::Misaligned, $(Self::$op),*];

            /// The op that runs an opcode.
            pub(crate) const fn of(opcode: OpCode) -> Self {
                match opcode {
                    $($(OpCode::$opcode)|+ => Self::$op,)*
                    _ => Self::Full,
                }
            }
        }
    };
}

ops! {
    Int: PUSHINT8 | PUSHINT16 | PUSHINT32 | PUSHINT64 | PUSHM1 | PUSH0 | PUSH1 | PUSH2 | PUSH3 | PUSH4 | PUSH5
        | PUSH6 | PUSH7 | PUSH8 | PUSH9 | PUSH10 | PUSH11 | PUSH12 | PUSH13 | PUSH14 | PUSH15 | PUSH16;
    True: PUSHT;
    False: PUSHF;
    Null: PUSHNULL;
    WideInt: PUSHINT128 | PUSHINT256;
    Data: PUSHDATA1 | PUSHDATA2 | PUSHDATA4;
    Nop: NOP;
    Jmp: JMP | JMP_L;
    JmpIf: JMPIF | JMPIF_L;
    JmpIfNot: JMPIFNOT | JMPIFNOT_L;
    JmpEq: JMPEQ | JMPEQ_L;
    JmpNe: JMPNE | JMPNE_L;
    JmpGt: JMPGT | JMPGT_L;
    JmpGe: JMPGE | JMPGE_L;
    JmpLt: JMPLT | JMPLT_L;
    JmpLe: JMPLE | JMPLE_L;
    Call: CALL | CALL_L;
    Ret: RET;
    Try: TRY | TRY_L;
    EndTry: ENDTRY | ENDTRY_L;
    EndFinally: ENDFINALLY;
    Assert: ASSERT;
    Depth: DEPTH;
    Drop: DROP;
    Nip: NIP;
    Dup: DUP;
    Over: OVER;
    Pick: PICK;
    Tuck: TUCK;
    Swap: SWAP;
    Rot: ROT;
    Reverse3: REVERSE3;
    Reverse4: REVERSE4;
    InitStatics: INITSSLOT;
    InitSlot: INITSLOT;
    LdSlot: LDLOC0 | LDLOC1 | LDLOC2 | LDLOC3 | LDLOC4 | LDLOC5 | LDLOC6 | LDLOC | LDARG0 | LDARG1 | LDARG2 | LDARG3
        | LDARG4 | LDARG5 | LDARG6 | LDARG;
    StSlot: STLOC0 | STLOC1 | STLOC2 | STLOC3 | STLOC4 | STLOC5 | STLOC6 | STLOC | STARG0 | STARG1 | STARG2 | STARG3
        | STARG4 | STARG5 | STARG6 | STARG;
    LdSfld: LDSFLD0 | LDSFLD1 | LDSFLD2 | LDSFLD3 | LDSFLD4 | LDSFLD5 | LDSFLD6 | LDSFLD;
    StSfld: STSFLD0 | STSFLD1 | STSFLD2 | STSFLD3 | STSFLD4 | STSFLD5 | STSFLD6 | STSFLD;
    Inc: INC;
    Dec: DEC;
    Negate: NEGATE;
    Abs: ABS;
    Sign: SIGN;
    Invert: INVERT;
    Add: ADD;
    Sub: SUB;
    Mul: MUL;
    Div: DIV;
    Mod: MOD;
    And: AND;
    Or: OR;
    Xor: XOR;
    Shl: SHL;
    Shr: SHR;
    Not: NOT;
    BoolAnd: BOOLAND;
    BoolOr: BOOLOR;
    Nz: NZ;
    NumEqual: NUMEQUAL;
    NumNotEqual: NUMNOTEQUAL;
    Lt: LT;
    Le: LE;
    Gt: GT;
    Ge: GE;
    Min: MIN;
    Max: MAX;
    Within: WITHIN;
    Equal: EQUAL;
    NotEqual: NOTEQUAL;
    PickItem: PICKITEM;
    Convert: CONVERT;
    SetItem: SETITEM;
    Size: SIZE;
    IsNull: ISNULL;
    IsType: ISTYPE;
    HasKey: HASKEY;
    Append: APPEND;
    Pack: PACK;
    PackStruct: PACKSTRUCT;
    Unpack: UNPACK;
    NewArray0: NEWARRAY0;
    NewStruct0: NEWSTRUCT0;
    NewMap: NEWMAP;
    NewBuffer: NEWBUFFER;
    Cat: CAT;
    Substr: SUBSTR;
    Left: LEFT;
    Right: RIGHT;
}

impl Op {
    /// Whether its operand is an offset, which decoding turns into the distance
    /// to another decoded instruction.
    pub(crate) const fn is_jump(self) -> bool {
        use Op::{Call, EndTry, Jmp, JmpEq, JmpGe, JmpGt, JmpIf, JmpIfNot, JmpLe, JmpLt, JmpNe};
        matches!(self, Jmp | JmpIf | JmpIfNot | JmpEq | JmpNe | JmpGt | JmpGe | JmpLt | JmpLe | Call | EndTry)
    }
}

/// Which handler runs a decoded instruction: that of its op, or a fused one
/// that runs instructions behind it too. Its number is that of the op; behind
/// those come the patterns of fused instructions, in the order of their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form(u8);

impl Form {
    pub(crate) const fn alone(op: Op) -> Self {
        Self(op as u8)
    }

    pub(crate) const fn fused(pattern: usize) -> Self {
        Self((Op::ALL.len() + pattern) as u8)
    }

    /// The index of its pattern, if it is fused.
    pub(crate) const fn pattern(self) -> Option<usize> {
        (self.0 as usize).checked_sub(Op::ALL.len())
    }

    pub(crate) const fn from_number(number: usize) -> Self {
        Self(number as u8)
    }

    pub(crate) const fn number(self) -> usize {
        self.0 as usize
    }
}
