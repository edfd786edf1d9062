//! The remainder with the sign of the divisor, as compilers of Python write it:
//! OVER and MOD, and then, where the signs of the remainder and the divisor
//! differ, the divisor is added, else dropped.
//!
//! ```text
//!  0 OVER
//!  1 MOD
//!  2 DUP, SIGN, PUSH2, PICK, SIGN, OVER, NUMNOTEQUAL, SWAP, PUSH0, NUMNOTEQUAL, BOOLAND
//! 13 JMPIFNOT to 16
//! 14 ADD
//! 15 JMP to 17
//! 16 NIP
//! 17
//! ```
//!
//! The dividend is on top of the stack, above the divisor. Here the pattern is
//! described for the fuser, the fused handler and the compiler.

use core::ops::Range;

use crate::{inst::DecodedInst, op::Op};

/// The index of the JMPIFNOT.
pub(crate) const JUMP: usize = 13;
/// The instructions that run where the signs differ: ADD and JMP.
pub(crate) const DIFFER: Range<usize> = JUMP + 1..16;
/// The instruction that runs where the signs agree: NIP.
pub(crate) const AGREE: Range<usize> = DIFFER.end..17;

/// The ops of the pattern.
pub(super) const OPS: [Op; AGREE.end] = {
    use Op::{Add, BoolAnd, Dup, Int, Jmp, JmpIfNot, Mod, Nip, NumNotEqual, Over, Pick, Sign, Swap};
    [Over, Mod, Dup, Sign, Int, Pick, Sign, Over, NumNotEqual, Swap, Int, NumNotEqual, BoolAnd, JmpIfNot, Add, Jmp, Nip]
};

/// The operands that the pattern requires, each with the index of its instruction.
pub(super) const OPERANDS: [(usize, u64); 4] =
    [(4, 2), (10, 0), (JUMP, distance(JUMP, AGREE.start)), (DIFFER.end - 1, distance(DIFFER.end - 1, AGREE.end))];

/// Returns the operand of a jump from one instruction to a later one.
const fn distance(from: usize, to: usize) -> u64 {
    ((to - from) * size_of::<DecodedInst>()) as u64
}
