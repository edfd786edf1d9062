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

use neovm_generator::Random;

use crate::{
    NATIVE_STACK,
    case::{Against, Case},
    tally::Tally,
    worker::Worker,
};

/// Scripts that a thread takes at once.
const BATCH: u64 = 64;

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
                if let Some(case) = worker.check(&mut Random::new(seed)) {
                    let (case, text) = worker.explain(case);
                    // Whoever listens does so to the end.
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
