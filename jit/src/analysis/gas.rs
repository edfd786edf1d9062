//! What blocks cost, and where the meter is looked at: where loops begin, and
//! else as rarely as can be.
//!
//! What was run costs nothing until a loop begins again: it is only remembered,
//! and taken off the meter there. Where ways meet that cost differently, all but
//! the first take off the difference.
//!
//! A look covers the dearest way from there to the next one. It may leave a
//! region that could have gone on; the interpreter then goes on to the exact end.

use std::collections::BTreeMap;

use neovm_interp::tier::CodeView;

use super::{instruction::Flow, region::Region};

/// No look covers more units than this, so that the last grant of an execution, too,
/// is mostly spent in compiled code.
const MAX_COVERED: i64 = 1 << 14;

/// The units are in the meter's upper half, above the count of instructions.
const UNIT_BITS: u32 = 32;

/// What a block costs, in units of the meter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    /// All its instructions.
    pub(crate) cost: i64,
    /// What the meter must have where the block begins.
    pub(crate) needed: i64,
    /// Whether the block looks at the meter; if not, all that lead to it did.
    pub(crate) looks: bool,
}

/// The charges of a region's blocks.
#[derive(Debug)]
pub(crate) struct Charges(BTreeMap<usize, Charge>);

impl Charges {
    pub(crate) fn new(code: CodeView<'_>, region: &Region) -> Self {
        let mut charges = Self(BTreeMap::new());
        // What a block leads to comes first, but for jumps back, which lead to loops.
        for start in region.order.iter().rev() {
            let block = &region.blocks[start];
            let cost = block.instructions.iter().map(|ins| code.meter_cost(ins.place)).sum();
            // Behind a call the meter is another.
            let calls = block.instructions.last().is_some_and(|ins| ins.flow() == Flow::Call);
            let behind = block.next.iter().map(|&next| charges.ahead(next)).max().unwrap_or(0);
            let needed = if calls { cost } else { cost + behind };
            let looks = block.is_loop || needed >> UNIT_BITS > MAX_COVERED;
            charges.0.insert(*start, Charge { cost, needed, looks });
        }
        charges
    }

    pub(crate) fn of(&self, start: usize) -> Charge {
        self.0[&start]
    }

    /// Whether a block looks at the meter, from which all must be taken off by then.
    pub(crate) fn looks(&self, start: usize) -> bool {
        self.0.get(&start).is_some_and(|charge| charge.looks)
    }

    /// What the meter must have before a place is gone to: nothing if it looks
    /// itself, or is not of the region.
    pub(crate) fn ahead(&self, start: usize) -> i64 {
        self.0.get(&start).filter(|charge| !charge.looks).map_or(0, |charge| charge.needed)
    }
}
