//! What blocks cost, and where the meter is looked at: where loops begin, and
//! else as rarely as can be.
//!
//! What a block costs is taken off the meter where ways meet again, and until
//! then only remembered.
//!
//! A look covers the dearest way from there to the next one. It may leave a
//! region that could have gone on; the interpreter then goes on to the exact end.

use std::collections::BTreeMap;

use neovm_interp::Code;

use crate::{code::Flow, region::Region};

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
    /// Whether one way alone leads to it.
    has_one_way: bool,
}

/// The charges of a region's blocks.
#[derive(Debug)]
pub(crate) struct Charges(BTreeMap<usize, Charge>);

impl Charges {
    pub(crate) fn new(code: &Code, region: &Region) -> Self {
        let mut charges = Self(BTreeMap::new());
        let mut ways = BTreeMap::from([(region.entry, 1)]);
        for next in region.blocks.values().flat_map(|block| &block.next) {
            *ways.entry(*next).or_insert(0) += 1;
        }
        // What a block leads to comes first, but for jumps back, which lead to loops.
        for start in region.order.iter().rev() {
            let block = &region.blocks[start];
            let cost = block.instructions.iter().map(|ins| code.meter_cost(ins.place)).sum();
            // Behind a call the meter is another.
            let calls = block.instructions.last().is_some_and(|ins| ins.flow() == Flow::Call);
            let behind = block.next.iter().map(|&next| charges.ahead(next)).max().unwrap_or(0);
            let needed = if calls { cost } else { cost + behind };
            let looks = block.is_loop || needed >> UNIT_BITS > MAX_COVERED;
            let has_one_way = ways.get(start) == Some(&1) && *start != region.entry;
            charges.0.insert(*start, Charge { cost, needed, looks, has_one_way });
        }
        charges
    }

    pub(crate) fn of(&self, start: usize) -> Charge {
        self.0[&start]
    }

    /// Whether a block may begin with costs that are not taken off yet. Outside
    /// the region exits see to them.
    pub(crate) fn may_carry(&self, start: usize) -> bool {
        self.0.get(&start).is_none_or(|charge| charge.has_one_way && !charge.looks)
    }

    /// What the meter must have before a place is gone to: nothing if it looks
    /// itself, or is not of the region.
    pub(crate) fn ahead(&self, start: usize) -> i64 {
        self.0.get(&start).filter(|charge| !charge.looks).map_or(0, |charge| charge.needed)
    }
}
