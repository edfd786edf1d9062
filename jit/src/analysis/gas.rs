//! What blocks cost, and which blocks check the meter: those where loops begin, and otherwise as few as possible.
//!
//! What runs is not charged before a loop begins again: until then the amount is only carried along by the
//! translator. Where paths of different cost meet, all but the first charge the difference.
//!
//! A check covers the most expensive path to the next check. It may leave a region that could have continued; the
//! interpreter then goes on until the gas is exactly used up.

use std::collections::BTreeMap;

use neovm_interp::tier::CodeView;

use super::{instruction::Flow, region::Region};

/// The most units that one check covers, so that even the last grant of an execution
/// is mostly spent in compiled code.
const MAX_COVERED: i64 = 1 << 14;

/// The meter holds units in its upper half, above the number of instructions.
const UNIT_BITS: u32 = 32;

/// The most that all instructions of a region may cost together, as an amount of the meter: what is added up of it
/// stays within 64 bits. By the prices of the reference no region costs more.
const MAX_COST: i128 = 1 << 60;

/// What a block costs, as amounts of the meter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    /// The cost of all its instructions.
    pub(crate) cost: i64,
    /// The least amount that the meter must hold at the start of the block.
    pub(crate) min_gas: i64,
    /// Whether the block compares the meter with `min_gas`. If not, the blocks before it did.
    pub(crate) checks_gas: bool,
}

/// The charges of the blocks of a region.
#[derive(Debug)]
pub(crate) struct Charges(BTreeMap<usize, Charge>);

impl Charges {
    pub(crate) fn new(code: CodeView<'_>, region: &Region) -> Self {
        let mut charges = Self(BTreeMap::new());
        // Successors come first, except across jumps back, which lead to loops.
        for start in region.order.iter().rev() {
            let block = &region.blocks[start];
            let cost = block.instructions.iter().map(|ins| code.meter_cost(ins.index)).sum();
            let ahead = |blocks: &[usize]| blocks.iter().map(|&next| charges.ahead(next)).max().unwrap_or(0);
            // The meter is a different one after a call, but not where an exception before it leads.
            let calls = block.instructions.last().is_some_and(|ins| ins.flow() == Flow::Call);
            let next = if calls { 0 } else { ahead(&block.next) };
            let min_gas = cost + next.max(ahead(&block.handlers));
            let checks_gas = block.is_loop || min_gas >> UNIT_BITS > MAX_COVERED;
            charges.0.insert(*start, Charge { cost, min_gas, checks_gas });
        }
        charges
    }

    /// Whether the costs of a region can be added up.
    pub(crate) fn fit(code: CodeView<'_>, region: &Region) -> bool {
        let instructions = region.blocks.values().flat_map(|block| &block.instructions);
        instructions.map(|ins| i128::from(code.meter_cost(ins.index))).sum::<i128>() <= MAX_COST
    }

    pub(crate) fn of(&self, start: usize) -> Charge {
        self.0[&start]
    }

    /// Returns whether a block checks the meter. Whatever ran before must be charged by then.
    pub(crate) fn checks_gas(&self, start: usize) -> bool {
        self.0.get(&start).is_some_and(|charge| charge.checks_gas)
    }

    /// Returns the least amount that the meter must hold before control goes to a block: 0 if
    /// the block checks the meter itself, or is not part of the region.
    pub(crate) fn ahead(&self, start: usize) -> i64 {
        self.0.get(&start).filter(|charge| !charge.checks_gas).map_or(0, |charge| charge.min_gas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::region::tests::{code, region};

    /// Returns the charges of the region at an instruction.
    fn charges(text: &str, entry: usize) -> Charges {
        let code = code(text);
        Charges::new(CodeView::new(&code), &region(&code, entry).unwrap())
    }

    /// Returns an amount of the meter: units of gas above a number of instructions.
    fn amount(units: i64, instructions: i64) -> i64 {
        units << UNIT_BITS | instructions
    }

    #[test]
    fn a_loop_checks_once_a_turn_for_the_whole_turn() {
        // DEC costs 4 units, DUP and JMPIF 2 each.
        let charges = charges("PUSH5\nn: DEC\nDUP\nJMPIF n\nRET", 1);
        let own = charges.of(1);
        assert!(own.checks_gas);
        assert_eq!((own.cost, own.min_gas), (amount(8, 3), amount(8, 3)));
        assert_eq!(charges.ahead(1), 0, "who goes to a block that checks_gas need not look for it");
    }

    #[test]
    fn a_check_covers_the_most_expensive_path_to_the_next() {
        // The ways through the loop cost 2 + 2, then 4 (INC) or 8 (MUL) and pushes, then the rest.
        let charges = charges("n: DUP\nJMPIF o\nINC\nJMP m\no: PUSH3\nPUSH3\nMUL\nDROP\nm: DEC\nDUP\nJMPIF n\nRET", 0);
        let [head, plain, dear, meet] = [0, 2, 4, 8].map(|start| charges.of(start));
        assert!(head.checks_gas && !plain.checks_gas && !dear.checks_gas && !meet.checks_gas);
        assert!(dear.cost > plain.cost);
        assert_eq!(head.min_gas, head.cost + dear.cost + meet.cost);
        assert_eq!(dear.min_gas, dear.cost + meet.cost);
        assert_eq!(charges.ahead(8), meet.cost);
    }

    #[test]
    fn a_path_too_expensive_for_one_check_gets_another() {
        // CONVERT costs 8192 units: three of them are more than a check covers.
        let convert = |label: usize| format!("DUP\nJMPIF l{label}\nl{label}: DUP\nCONVERT ByteString\nDROP\n");
        let text: String = (0..4).map(convert).collect();
        let charges = charges(&format!("n: {text}DEC\nDUP\nJMPIF n\nRET"), 0);
        let checks_gas = charges.0.values().filter(|charge| charge.checks_gas).count();
        assert!(checks_gas > 1, "{charges:?}");
        assert!(charges.0.values().all(|charge| charge.checks_gas || charge.min_gas >> UNIT_BITS <= MAX_COVERED));
    }

    #[test]
    fn a_check_covers_the_catch_block_of_what_comes_before_a_call() {
        let text = "n: TRY c, -\nLDLOC0\nPUSH2\nPICKITEM\nCALL m\nENDTRY n\nc: DROP\nENDTRY n\nm: PUSH1\nRET";
        let charges = charges(text, 0);
        let [head, caught] = [0, 6].map(|start| charges.of(start));
        assert!(head.checks_gas && !caught.checks_gas, "{charges:?}");
        assert_eq!(head.min_gas, head.cost + caught.cost);
    }

    #[test]
    fn what_is_outside_needs_nothing() {
        assert_eq!(charges("PUSH5\nn: DEC\nDUP\nJMPIF n\nRET", 1).ahead(4), 0);
    }
}
