//! Compares many scripts, in several threads.

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

use neovm_generator::Random;

use crate::{NATIVE_STACK, case::Against, chain::ChainWorker, tally::Tally, worker::Worker};

/// The number of scripts that a thread takes at once.
const BATCH: u64 = 64;

/// What to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Machines that run a script.
    Scripts(Against),
    /// Compiled code and the interpreter over the host: contracts on a chain.
    Host,
}

/// What to compare, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// What to compare.
    pub target: Target,
    /// The seed of the first script. The seeds of the following scripts count up from it.
    pub seed: u64,
    /// The number of scripts.
    pub scripts: u64,
    /// The time after which to stop.
    pub time: Option<Duration>,
    /// The number of threads.
    pub threads: usize,
    /// The number of differences after which to stop.
    pub differences: u64,
    /// The interval at which progress is reported.
    pub every: Duration,
}

/// A script on which the machines differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The seed of the script as it was found.
    pub seed: u64,
    /// The case as JSON, with the shortest script that was found to differ.
    pub case: String,
    /// A report for people: both final states and, for a script, where the executions part.
    pub text: String,
}

/// Compares what random numbers generate.
enum Checker {
    Scripts(Box<Worker>),
    Host(Box<ChainWorker>),
}

impl Target {
    /// Returns its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scripts(against) => against.name(),
            Self::Host => "host",
        }
    }
}

impl Checker {
    fn new(target: Target) -> Self {
        match target {
            Target::Scripts(against) => Self::Scripts(Box::new(Worker::new(against))),
            Target::Host => Self::Host(Box::default()),
        }
    }

    /// Returns a case that differs, as JSON, and a report, if there is a difference.
    fn check(&mut self, random: &mut Random) -> Option<(String, String)> {
        match self {
            Self::Scripts(worker) => {
                let case = worker.check(random)?;
                let (case, text) = worker.explain(case);
                Some((json(&case), text))
            }
            Self::Host(worker) => {
                let case = worker.check(random)?;
                let (case, text) = worker.explain(case);
                Some((json(&case), text))
            }
        }
    }

    fn tally(&self) -> Tally {
        match self {
            Self::Scripts(worker) => worker.tally(),
            Self::Host(worker) => worker.tally(),
        }
    }
}

fn json(case: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(case).expect("a case is JSON")
}

/// What the threads share.
struct Shared {
    campaign: Campaign,
    begun: Instant,
    next: AtomicU64,
    stop: AtomicBool,
    /// What each thread has done so far.
    tallies: Vec<Mutex<Tally>>,
}

/// Compares scripts until the campaign ends. Calls `progress` at intervals and `found` for each
/// difference.
///
/// # Errors
/// If a thread cannot be started.
///
/// # Panics
/// If a thread panics.
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
    /// Passes on progress and differences until the last thread ends.
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

    /// Compares scripts in a thread.
    fn work(&self, number: usize, sender: &Sender<Difference>) {
        let mut worker = Checker::new(self.campaign.target);
        while !self.stop.load(Ordering::Relaxed) {
            let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
            for place in first..(first + BATCH).min(self.campaign.scripts) {
                let seed = self.campaign.seed.wrapping_add(place);
                if let Some((case, text)) = worker.check(&mut Random::new(seed)) {
                    // The receiver listens until the last sender is gone.
                    let _ = sender.send(Difference { seed, case, text });
                }
            }
            *self.tallies[number].lock().unwrap_or_else(PoisonError::into_inner) = worker.tally();
            let enough = self.tally().differences >= self.campaign.differences;
            let late = self.campaign.time.is_some_and(|time| self.begun.elapsed() >= time);
            if enough || late || first + BATCH >= self.campaign.scripts {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }
}
