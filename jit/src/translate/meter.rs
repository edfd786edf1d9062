//! The gas tracker: what is charged to the meter while blocks are translated, what remains to be charged, and what
//! exits refund.

use std::collections::BTreeMap;

use cranelift_codegen::ir::Value;
use cranelift_frontend::Variable;

use crate::analysis::gas::{Charge, Charges};

/// The meter at a point of the code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    /// The value of the meter in the machine code.
    pub(super) value: Value,
    /// The amount that remains to be charged, for the whole block.
    uncharged: i64,
    /// The cost of the instructions of the block that have not been translated yet.
    ahead: i64,
    /// The cost of the instructions from the start of the segment on, as far as the block is charged for them.
    refund: i64,
    /// If the meter holds less, the reason for leaving the segment is gas.
    min_gas: i64,
}

/// The gas tracker of a function.
#[derive(Debug)]
pub(super) struct GasTracker {
    charges: Charges,
    /// The amounts that remain to be charged at the start of blocks, where that has been settled.
    carried: BTreeMap<usize, i64>,
    /// The variable that holds the meter between blocks.
    pub(super) variable: Variable,
    pub(super) meter: Meter,
}

impl GasTracker {
    pub(super) fn new(charges: Charges, variable: Variable) -> Self {
        let value = Value::from_u32(0);
        let meter = Meter { value, uncharged: 0, ahead: 0, refund: 0, min_gas: i64::MIN };
        Self { charges, carried: BTreeMap::new(), variable, meter }
    }

    /// Begins a block with its first segment. Returns whether the block checks the meter.
    pub(super) fn begin_block(&mut self, start: usize, value: Value) -> bool {
        let Charge { cost, min_gas, checks_gas } = self.charges.of(start);
        let carried = self.carried.get(&start).copied().filter(|_| !checks_gas).unwrap_or(0);
        let min_gas = if checks_gas { min_gas } else { i64::MIN };
        self.meter = Meter { value, uncharged: carried + cost, ahead: cost, refund: cost, min_gas };
        checks_gas
    }

    /// Begins a segment. `refund` is the cost of the instructions from here on for which the block is charged.
    pub(super) fn begin_segment(&mut self, refund: i64) {
        self.meter.refund = refund;
        self.meter.min_gas = i64::MIN;
    }

    /// Returns the least amount that the meter must hold before control goes to an instruction that does not check
    /// it.
    pub(super) fn min_gas_at(&self, index: usize) -> i64 {
        self.charges.ahead(index)
    }

    /// Sets the amount below which the reason for leaving the segment is gas.
    pub(super) fn need(&mut self, min_gas: i64) {
        self.meter.min_gas = min_gas;
    }

    /// Records that the next instruction of the block runs.
    pub(super) fn run(&mut self, cost: i64) {
        self.meter.ahead -= cost;
    }

    /// Records that something of another cost runs in place of the rest of the block.
    pub(super) fn replace_rest(&mut self, cost: i64) {
        self.meter.ahead = 0;
        self.meter.uncharged += cost;
        self.meter.refund += cost;
    }

    /// Ends the block here: what has not been translated yet does not run.
    pub(super) fn end(&mut self) {
        self.meter.uncharged -= core::mem::take(&mut self.meter.ahead);
    }

    /// Returns the cost of the instructions of the block that have not been translated yet.
    pub(super) fn ahead(&self) -> i64 {
        self.meter.ahead
    }

    /// Returns the amount below which the reason for leaving the segment is gas.
    pub(super) fn min_gas(&self) -> i64 {
        self.meter.min_gas
    }

    /// Returns what an exit to the start of the segment refunds: what the block is charged for but did not run, less
    /// what has not been charged yet.
    pub(super) fn refund(&self) -> i64 {
        self.meter.refund - self.meter.uncharged
    }

    /// Leaves the amount `rest` to be charged later, and returns the amount to charge now.
    pub(super) fn charge_but(&mut self, rest: i64) -> i64 {
        let cost = self.meter.uncharged - rest;
        self.meter.uncharged = rest;
        if cost != 0 {
            self.meter.min_gas = self.meter.min_gas.saturating_sub(cost);
        }
        cost
    }

    /// Returns the amount that a block expects to remain to be charged, if that has been settled. Outside the region,
    /// exits settle it.
    fn carried_to(&self, next: usize) -> Option<i64> {
        if self.charges.checks_gas(next) { Some(0) } else { self.carried.get(&next).copied() }
    }

    /// Leaves the amount to be charged later that the first of the blocks `next` expects for which it is settled, and
    /// settles it for the others. Returns the amount to charge now.
    pub(super) fn charge_before(&mut self, next: &[usize]) -> i64 {
        let rest = next.iter().find_map(|&next| self.carried_to(next));
        let cost = rest.map_or(0, |rest| self.charge_but(rest));
        for next in next {
            self.carried.entry(*next).or_insert(self.meter.uncharged);
        }
        cost
    }

    /// Leaves the amount to be charged later that a block expects, and returns the amount to charge now.
    pub(super) fn charge_for(&mut self, next: usize) -> i64 {
        self.charge_but(self.carried_to(next).unwrap_or(self.meter.uncharged))
    }

    /// Returns whether nothing has to be charged before control goes to a block.
    pub(super) fn fits(&self, next: usize) -> bool {
        self.carried_to(next) == Some(self.meter.uncharged)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use neovm_interp::{Code, tier::CodeView};
    use neovm_types::{PriceTable, asm::assemble};

    use super::*;
    use crate::analysis::region::Region;

    fn value() -> Value {
        Value::from_u32(7)
    }

    /// Returns the tracker of a loop, and where its blocks begin: the head, a long path, a short path and the end.
    fn tracker() -> (GasTracker, [usize; 4]) {
        let text = "INITSLOT 1, 0\nn: LDLOC0\nJMPIFNOT o\nNOP\nNOP\nJMP p\no: NOP\np: LDLOC0\nJMPIF n\nRET";
        let code = Code::decode(assemble(text).unwrap(), &Arc::new(PriceTable::default())).unwrap();
        let code = CodeView::new(&code);
        let region = Region::find(code, 1, &|_| {}, &|_| Vec::new()).unwrap();
        let starts: Vec<_> = region.blocks.keys().copied().collect();
        let tracker = GasTracker::new(Charges::new(code, &region), Variable::from_u32(0));
        (tracker, starts.try_into().unwrap())
    }

    fn cost(tracker: &GasTracker, start: usize) -> i64 {
        tracker.charges.of(start).cost
    }

    #[test]
    fn a_loop_looks_at_the_meter_once_a_turn() {
        let (mut tracker, [head, long, short, end]) = tracker();
        assert!(tracker.begin_block(head, value()));
        let dearest = cost(&tracker, head) + cost(&tracker, long) + cost(&tracker, end);
        assert_eq!(tracker.min_gas(), dearest);
        for start in [long, short, end] {
            assert!(!tracker.begin_block(start, value()));
            assert_eq!(tracker.min_gas(), i64::MIN);
        }
    }

    #[test]
    fn exits_give_back_what_did_not_run() {
        let (mut tracker, [head, ..]) = tracker();
        let cost = cost(&tracker, head);
        tracker.begin_block(head, value());
        // Nothing has been charged yet, and the whole block is still to run.
        assert_eq!(tracker.refund(), 0);
        let first = cost / 3;
        tracker.run(first);
        tracker.begin_segment(tracker.ahead());
        // One instruction ran and was not charged.
        assert_eq!(tracker.refund(), -first);
        assert_eq!(tracker.charge_but(0), cost);
        // Now everything is charged, and an exit refunds all but the first instruction.
        assert_eq!(tracker.refund(), cost - first);
    }

    #[test]
    fn what_is_charged_is_needed_no_more() {
        let (mut tracker, [head, ..]) = tracker();
        tracker.begin_block(head, value());
        let min_gas = tracker.min_gas();
        let cost = tracker.charge_but(0);
        assert_eq!(tracker.min_gas(), min_gas - cost);
        assert_eq!((tracker.charge_but(0), tracker.min_gas()), (0, min_gas - cost));
    }

    #[test]
    fn ways_that_meet_agree_on_what_is_still_to_be_charged() {
        let (mut tracker, [head, long, short, end]) = tracker();
        tracker.begin_block(head, value());
        let carried = cost(&tracker, head);
        // Neither block has settled what it expects: both carry the cost of the head.
        assert_eq!(tracker.charge_before(&[short, long]), 0);
        assert!(tracker.fits(short) && tracker.fits(long) && !tracker.fits(end));
        // The first path to reach the end settles what is carried there.
        tracker.begin_block(long, value());
        assert_eq!(tracker.charge_before(&[end]), 0);
        // The other path charges the difference, or refunds it.
        let difference = cost(&tracker, short) - cost(&tracker, long);
        tracker.begin_block(short, value());
        assert!(!tracker.fits(end));
        assert_eq!(tracker.charge_for(end), difference);
        assert!(tracker.fits(end));
        // Where the loop begins again, everything is charged.
        tracker.begin_block(end, value());
        let all = carried + cost(&tracker, long) + cost(&tracker, end);
        assert_eq!(tracker.charge_for(head), all);
    }

    #[test]
    fn what_runs_instead_of_the_rest_is_charged_and_given_back() {
        let (mut tracker, [head, ..]) = tracker();
        tracker.begin_block(head, value());
        let before = tracker.refund();
        tracker.replace_rest(5);
        assert_eq!((tracker.ahead(), tracker.refund()), (0, before));
        assert_eq!(tracker.charge_but(0), cost(&tracker, head) + 5);
    }
}
