//! Copies of an execution at some times, from which it runs again.

use neovm::Execution;

/// How many instructions lie between two copies at least, unless told otherwise.
pub(super) const INTERVAL: u64 = 1 << 22;

/// The greatest number of copies.
const MAX_KEPT: usize = 64;

/// Copies of an execution, the earliest first. There are many of them near the time at which it stands, and ever fewer
/// before it: so going back a little takes little, however long it ran.
pub(super) struct Checkpoints<'s> {
    kept: Vec<(u64, Execution<'s>)>,
    pub(super) interval: u64,
}

impl<'s> Checkpoints<'s> {
    pub(super) fn new() -> Self {
        Self { kept: Vec::new(), interval: INTERVAL }
    }

    /// Returns the execution as it was at the last time up to another one at which there is a copy.
    pub(super) fn latest(&mut self, time: u64) -> Option<(u64, Execution<'s>)> {
        let place = self.kept.partition_point(|(known, _)| *known <= time).checked_sub(1)?;
        let (known, execution) = &mut self.kept[place];
        Some((*known, execution.fork()?))
    }

    /// Returns whether a copy at a time would be of use.
    pub(super) fn is_due(&self, time: u64) -> bool {
        let place = self.kept.partition_point(|(known, _)| *known <= time);
        let before = place.checked_sub(1).map_or(0, |place| self.kept[place].0);
        time - before >= self.interval
    }

    /// Keeps a copy of the execution as it is at a time, if that is of use and there can be one.
    pub(super) fn keep(&mut self, time: u64, execution: &mut Execution<'s>) {
        if !self.is_due(time) {
            return;
        }
        let Some(copy) = execution.fork() else { return };
        let place = self.kept.partition_point(|(known, _)| *known <= time);
        self.kept.insert(place, (time, copy));
        self.thin_out(time);
    }

    /// Drops copies that lie closer together than they are far from a time.
    fn thin_out(&mut self, now: u64) {
        let mut place = 0;
        while place + 1 < self.kept.len() {
            let before = place.checked_sub(1).map_or(0, |before| self.kept[before].0);
            let (time, after) = (self.kept[place].0, self.kept[place + 1].0);
            if after - before <= time.abs_diff(now) / 2 {
                self.kept.remove(place);
            } else {
                place += 1;
            }
        }
        if self.kept.len() > MAX_KEPT {
            self.kept.remove(0);
        }
    }
}
