//! Script after script, in several threads.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use neovm_generator::{Random, SystemCalls, any_script};

use crate::{
    NATIVE_STACK,
    case::{Against, Case, Run, Way},
    compare::Comparer,
    end::End,
    minimize::minimized,
    report::report,
    tally::Tally,
};

/// Scripts that a thread takes at once.
const BATCH: u64 = 64;

/// Most executions of a script.
const MOST_RUNS: usize = 3;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// What is compared.
    pub against: Against,
    /// The first script's seed; the next one's is one more.
    pub seed: u64,
    /// How many scripts.
    pub scripts: u64,
    /// How long at most.
    pub time: Option<Duration>,
    /// How many threads compare.
    pub threads: usize,
    /// It ends early after so many differences.
    pub differences: u64,
    /// How often progress is told.
    pub every: Duration,
}

/// A script whose ends differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The seed of the script as it was found.
    pub seed: u64,
    /// The case, with as short a script as could be found.
    pub case: Case,
    /// For people: the script, both ends, and how the machines came to part.
    pub text: String,
}

/// What threads share.
struct Shared {
    campaign: Campaign,
    begun: Instant,
    next: AtomicU64,
    stop: AtomicBool,
    /// What each thread did so far.
    tallies: Vec<Mutex<Tally>>,
}

/// Compares scripts until there are enough. Tells of progress now and then, and
/// of differences when they are found.
///
/// # Errors
/// Where no thread can be started.
///
/// # Panics
/// If a thread does.
pub fn run(
    campaign: &Campaign,
    mut progress: impl FnMut(&Tally, Duration),
    mut found: impl FnMut(&Difference),
) -> io::Result<Tally> {
    let shared = Shared {
        campaign: *campaign,
        begun: Instant::now(),
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        tallies: (0..campaign.threads).map(|_| Mutex::default()).collect(),
    };
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for number in 0..campaign.threads {
            let (shared, sender) = (&shared, sender.clone());
            let worker = thread::Builder::new().stack_size(NATIVE_STACK);
            worker.spawn_scoped(scope, move || shared.work(number, &sender))?;
        }
        drop(sender);
        shared.listen(&receiver, &mut progress, &mut found);
        Ok(())
    })
    .map(|()| shared.tally())
}

impl Shared {
    /// Passes on what threads tell, until the last one ended.
    fn listen(
        &self,
        receiver: &Receiver<Difference>,
        progress: &mut impl FnMut(&Tally, Duration),
        found: &mut impl FnMut(&Difference),
    ) {
        let mut due = self.campaign.every;
        loop {
            match receiver.recv_timeout(due.saturating_sub(self.begun.elapsed())) {
                Ok(difference) => found(&difference),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    due += self.campaign.every;
                    progress(&self.tally(), self.begun.elapsed());
                }
            }
        }
    }

    fn tally(&self) -> Tally {
        self.tallies.iter().fold(Tally::default(), |mut sum, tally| {
            sum.add(&tally.lock().unwrap_or_else(PoisonError::into_inner));
            sum
        })
    }

    /// What a thread does.
    fn work(&self, number: usize, sender: &Sender<Difference>) {
        let mut worker = Worker::new(self.campaign.against);
        while !self.stop.load(Ordering::Relaxed) {
            let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
            for place in first..(first + BATCH).min(self.campaign.scripts) {
                let seed = self.campaign.seed.wrapping_add(place);
                if let Some(case) = worker.check(seed) {
                    let difference = worker.explain(seed, case);
                    // Whoever listens does so to the end.
                    let _ = sender.send(difference);
                }
            }
            worker.tally.compiled = worker.comparer.compiled();
            self.tallies[number].lock().unwrap_or_else(PoisonError::into_inner).clone_from(&worker.tally);
            let enough = self.tally().differences >= self.campaign.differences;
            let late = self.campaign.time.is_some_and(|time| self.begun.elapsed() >= time);
            if enough || late || first + BATCH >= self.campaign.scripts {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

struct Worker {
    against: Against,
    comparer: Comparer,
    calls: SystemCalls,
    tally: Tally,
}

impl Worker {
    fn new(against: Against) -> Self {
        let comparer = Comparer::new();
        let calls = comparer.hosts().calls();
        Self { against, comparer, calls, tally: Tally::default() }
    }

    /// Compares the script of a seed; what differs is the last run of the case.
    fn check(&mut self, seed: u64) -> Option<Case> {
        let mut random = Random::new(seed);
        let script = any_script(&mut random, &self.calls);
        let mut case = self.against.case(script, &mut random);
        let (reference, subject) =
            (self.comparer.ready(&case.script, case.reference), self.comparer.ready(&case.script, case.subject));
        let before = self.comparer.entered(case.subject);
        let mut differs = false;
        self.tally.scripts += 1;
        while let Some(run) = case.runs.last() {
            let end = self.comparer.end(&reference, run);
            differs = end != self.comparer.end(&subject, run);
            self.tally.executions += 1;
            self.tally.instructions += end.instructions;
            *self.tally.ends.entry(end.kind()).or_default() += 1;
            if differs || case.runs.len() == MOST_RUNS {
                break;
            }
            let Some(next) = next_run(&case, &end, &mut random) else { break };
            case.runs.push(next);
        }
        self.tally.entered_scripts += u64::from(self.comparer.entered(case.subject) > before);
        self.tally.differences += u64::from(differs);
        differs.then_some(case)
    }

    fn explain(&mut self, seed: u64, case: Case) -> Difference {
        let case = minimized(&mut self.comparer, case);
        let text = report(&mut self.comparer, &case)
            .unwrap_or_else(|| format!("{case:?}\nonce, and then no more: it depends on when it was compiled\n"));
        Difference { seed, case, text }
    }
}

/// Another run of a script that ended alike: with less gas than it took, under
/// other limits, or the same with all that was compiled meanwhile.
fn next_run(case: &Case, end: &End, random: &mut Random) -> Option<Run> {
    let last = case.runs.last()?;
    let is_compiled = matches!(case.subject, Way::Compiled { .. });
    match random.below(6) {
        0..=2 => Some(Run { gas_limit: random.below(end.gas as usize + 1) as u64, ..last.clone() }),
        3 if is_compiled => Some(Run::random(random)),
        4 if is_compiled => Some(last.clone()),
        _ => None,
    }
}
