//! Times with their spread.

use std::{
    env,
    ops::{Div, Sub},
    time::{Duration, Instant},
};

/// How often is measured, and how long a measurement and the time before them last at least.
const ROUNDS: usize = 41;
const ROUND: Duration = Duration::from_millis(4);
/// How many runs are timed at once.
const RUNS: u32 = 16;
const WARM_UP: Duration = Duration::from_millis(150);

/// The fastest, the middle and the slowest of several rounds, in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Times {
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { min: f(self.min), median: f(self.median), max: f(self.max) }
    }
}

impl Div<f64> for Times {
    type Output = Self;

    fn div(self, count: f64) -> Self {
        self.map(|time| time / count)
    }
}

/// Takes off the best time of what else was measured.
impl Sub for Times {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.map(|time| time - other.min)
    }
}

/// Measures a run: several at once, as reading the clock takes long beside the shortest.
pub(crate) fn measure(mut run: impl FnMut()) -> Times {
    let count = if passes().is_some() { 1 } else { RUNS };
    let times = measure_parts(|| {
        let begun = Instant::now();
        (0..count).for_each(|_| run());
        begun.elapsed()
    });
    times / f64::from(count)
}

fn passes() -> Option<u32> {
    env::var("PASSES").ok()?.parse().ok()
}

/// Measures what a run says it took. With a number of passes in the environment it only runs so often.
pub(crate) fn measure_parts(mut run: impl FnMut() -> Duration) -> Times {
    if let Some(passes) = passes() {
        (0..passes).for_each(|_| {
            run();
        });
        return Times { min: 0.0, median: 0.0, max: 0.0 };
    }
    let begun = Instant::now();
    while begun.elapsed() < WARM_UP {
        run();
    }
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| round(&mut run)).collect();
    times.sort_unstable_by(f64::total_cmp);
    Times { min: times[0], median: times[ROUNDS / 2], max: times[ROUNDS - 1] }
}

fn round(run: &mut impl FnMut() -> Duration) -> f64 {
    let (mut sum, mut count) = (Duration::ZERO, 0);
    while sum < ROUND {
        sum += run();
        count += 1;
    }
    sum.as_secs_f64() * 1e9 / f64::from(count)
}
