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

#[cfg(test)]
mod tests {
    use neovm::{Chain, ProtocolSettings, host::Invocation};

    use super::*;

    #[test]
    fn there_are_few_however_long_it_runs() {
        let chain = Chain::new(ProtocolSettings::private()).expect("a chain");
        let gas = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse().expect("a hash");
        let call = Invocation::call(gas, "decimals", vec![]).expect("a call");
        let pending = chain.prepare(&call).expect("prepared");
        let job = pending.job();
        let mut execution = Execution::new(chain.network(), chain.store(), &job).expect("an execution");
        let mut checkpoints = Checkpoints::new();
        for time in 1..100_000 {
            checkpoints.keep(time * INTERVAL, &mut execution);
            assert!(checkpoints.kept.len() <= MAX_KEPT);
        }
        let now = 99_999 * INTERVAL;
        assert!(checkpoints.kept.is_sorted_by_key(|(time, _)| *time));
        for back in [1, 1 << 20, 1 << 22, 1 << 25, 1 << 30, 1 << 36, 1 << 38] {
            let (time, _) = checkpoints.latest(now - back).unwrap_or((0, execution.fork().expect("a copy")));
            let far = now - back - time;
            assert!(far <= INTERVAL + back, "{far} instructions run again to go back {back}");
        }
        assert!(!checkpoints.is_due(now + INTERVAL - 1) && checkpoints.is_due(now + INTERVAL));
    }
}
