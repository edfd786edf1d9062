//! Measurement with criterion, and the time per VM instruction.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};

/// Returns a configuration with short times, with which all groups together take a few minutes.
pub fn criterion() -> Criterion {
    let config = Criterion::default().sample_size(20);
    config.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).configure_from_args()
}

/// Returns a configuration with even shorter times, for groups of hundreds of small benchmarks.
pub fn quick_criterion() -> Criterion {
    let config = Criterion::default().sample_size(10).nresamples(1_000);
    config.warm_up_time(Duration::from_millis(20)).measurement_time(Duration::from_millis(100)).configure_from_args()
}

/// Measures `run`, which runs the given number of VM instructions, and prints its best time per VM
/// instruction. Returns the best time of a run in nanoseconds, or `None` if the command line excludes
/// this benchmark.
pub fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: &str,
    instructions: u64,
    mut run: impl FnMut(),
) -> Option<f64> {
    let mut best = f64::INFINITY;
    group.throughput(Throughput::Elements(instructions));
    group.bench_function(id, |bencher| {
        bencher.iter_custom(|runs| {
            let begun = Instant::now();
            for _ in 0..runs {
                run();
            }
            let time = begun.elapsed();
            best = best.min(nanoseconds(time) / runs as f64);
            time
        });
    });
    if best.is_infinite() {
        return None;
    }
    let each = best / instructions as f64;
    println!("{id}: best {best:.1} ns, {each:.3} ns per VM instruction ({instructions} instructions)");
    Some(best)
}

/// Runs `run` repeatedly for a time of `total` and returns the best time of a run in nanoseconds.
pub fn best_time(total: Duration, mut run: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let start = Instant::now();
    while best.is_infinite() || start.elapsed() < total {
        let begun = Instant::now();
        run();
        best = best.min(nanoseconds(begun.elapsed()));
    }
    best
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
