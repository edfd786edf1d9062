//! Fusing: which cells run together with those behind them.
//!
//! The cells themselves stay as they are, so a jump may lead to any of them,
//! and a fused handler that finds an unusual case leaves them to run one by one.

use neovm_types::{ItemType, PriceTable};

use super::{BEGINNINGS, Op, fused, fused_length};
use crate::code::Cell;

/// Sets the ops and costs of cells that begin something that can be fused.
pub(crate) fn fuse(cells: &mut [Cell], prices: &PriceTable) {
    for place in 0..cells.len().saturating_sub(1) {
        if !BEGINNINGS[cells[place].plain as usize][cells[place + 1].plain as usize] {
            continue;
        }
        let op = |behind: usize| cells.get(place + behind).map_or(Op::Bad, |cell| cell.plain);
        let found = fused([op(0), op(1), op(2), op(3)]);
        if found == op(0) || !holds(found, &cells[place..]) {
            continue;
        }
        let run = &cells[place..place + length(found)];
        let cost = run.iter().map(|cell| cell.plain_cost(prices)).sum();
        cells[place].fuse(found, cost);
    }
}

/// How many cells a fused op runs.
fn length(op: Op) -> usize {
    if op == Op::FloorMod { FLOOR_MOD.len() } else { fused_length(op) }
}

/// What the four ops that `fused` looks at do not tell.
fn holds(op: Op, cells: &[Cell]) -> bool {
    match op {
        Op::SetStaticBuffer | Op::DataBuffer => cells[1].operand == ItemType::Buffer as u64,
        Op::DupJmpNotNegative => cells[2].operand as i64 == -1,
        Op::FloorMod => is_floor_mod(cells),
        _ => true,
    }
}

/// The remainder with the divisor's sign, as compilers of Python write it
/// behind SWAP: the remainder, and the divisor added where the signs differ.
const FLOOR_MOD: [Op; 17] = {
    use Op::{Add, BoolAnd, Dup, Int, Jmp, JmpIfNot, Mod, Nip, NumNotEqual, Over, Pick, Sign, Swap};
    [Over, Mod, Dup, Sign, Int, Pick, Sign, Over, NumNotEqual, Swap, Int, NumNotEqual, BoolAnd, JmpIfNot, Add, Jmp, Nip]
};

/// Whether cells begin with it.
pub(crate) fn is_floor_mod(cells: &[Cell]) -> bool {
    let size = size_of::<Cell>() as u64;
    cells.len() > FLOOR_MOD.len()
        && FLOOR_MOD.iter().zip(cells).all(|(op, cell)| cell.plain == *op)
        && cells[4].operand == 2
        && cells[10].operand == 0
        && cells[13].operand == 3 * size
        && cells[15].operand == 2 * size
}
