//! Fusing: which decoded instructions run together with those behind them.
//!
//! The decoded instructions themselves stay as they are, so a jump may lead to any of them,
//! and a fused handler that finds an unusual case leaves them to run one by one.

use neovm_types::{ItemType, PriceTable};

use super::{BEGINNINGS, Op, fused, fused_length};
use crate::code::DecodedInst;

/// Sets the ops and costs of decoded instructions that begin something that can be fused.
pub(crate) fn fuse(insts: &mut [DecodedInst], prices: &PriceTable) {
    for place in 0..insts.len().saturating_sub(1) {
        if !BEGINNINGS[insts[place].single as usize][insts[place + 1].single as usize] {
            continue;
        }
        let op = |behind: usize| insts.get(place + behind).map_or(Op::Bad, |inst| inst.single);
        let found = fused([op(0), op(1), op(2), op(3)]);
        if found == op(0) || !holds(found, &insts[place..]) {
            continue;
        }
        let run = &insts[place..place + length(found)];
        let cost = run.iter().map(|inst| inst.single_cost(prices)).sum();
        insts[place].fuse(found, cost);
    }
}

/// How many decoded instructions a fused op runs.
fn length(op: Op) -> usize {
    if op == Op::FloorMod { FLOOR_MOD.len() } else { fused_length(op) }
}

/// What the four ops that `fused` looks at do not tell.
fn holds(op: Op, insts: &[DecodedInst]) -> bool {
    match op {
        Op::SetStaticBuffer | Op::DataBuffer => insts[1].operand == ItemType::Buffer as u64,
        Op::DupJmpNotNegative => insts[2].operand as i64 == -1,
        Op::FloorMod => is_floor_mod(insts),
        _ => true,
    }
}

/// The remainder with the divisor's sign, as compilers of Python write it
/// behind SWAP: the remainder, and the divisor added where the signs differ.
const FLOOR_MOD: [Op; 17] = {
    use Op::{Add, BoolAnd, Dup, Int, Jmp, JmpIfNot, Mod, Nip, NumNotEqual, Over, Pick, Sign, Swap};
    [Over, Mod, Dup, Sign, Int, Pick, Sign, Over, NumNotEqual, Swap, Int, NumNotEqual, BoolAnd, JmpIfNot, Add, Jmp, Nip]
};

/// Whether decoded instructions begin with it.
pub(crate) fn is_floor_mod(insts: &[DecodedInst]) -> bool {
    let size = size_of::<DecodedInst>() as u64;
    insts.len() > FLOOR_MOD.len()
        && FLOOR_MOD.iter().zip(insts).all(|(op, inst)| inst.single == *op)
        && insts[4].operand == 2
        && insts[10].operand == 0
        && insts[13].operand == 3 * size
        && insts[15].operand == 2 * size
}
