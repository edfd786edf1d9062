//! The thread that computes state roots, and those that write blocks.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
};

use super::{ChainError, Commit, LEDGER_ID, Place, StateBuffer, Tip, TrieMode};
use crate::{Batch, Key, NodeChanges, NodeHash, StoreError, Trie, Value};

/// How many blocks may wait for their roots.
const BACKLOG: usize = 256;

pub(super) enum Job {
    /// Compute the root after a block.
    Block { height: u32, changes: Arc<Batch>, expected: Option<NodeHash> },
    /// Write all blocks so far, and put the result into the queue. There is one write at a time.
    Flush { height: u32, state: Arc<StateBuffer>, queue: SyncSender<Job> },
    /// Blocks were written, or could not be.
    Written(Result<(), StoreError>),
}

pub(super) enum Report {
    /// The root after a block, if roots are computed, and how many nodes are held.
    Root {
        height: u32,
        root: Option<NodeHash>,
        held: usize,
    },
    Flushed {
        held: usize,
    },
    /// The last report.
    Failed(ChainError),
}

#[derive(Debug)]
pub(super) struct Worker {
    /// None when the worker is being stopped.
    jobs: Option<SyncSender<Job>>,
    /// Locked by nobody: it makes the worker one that threads can share.
    reports: Mutex<Receiver<Report>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(place: Arc<dyn Place>, tip: Option<Tip>, held_nodes: usize) -> Self {
        let (jobs, received) = sync_channel(BACKLOG);
        let (report_to, reports) = channel();
        let thread = thread::spawn(move || {
            let mut state = Roots::new(place, tip, held_nodes);
            for job in received {
                let result = match job {
                    Job::Block { height, changes, expected } => state.block(height, &changes, expected).map(Some),
                    Job::Flush { height, state: changes, queue } => state.flush(height, changes, queue),
                    Job::Written(result) => state.written(result).map(Some),
                };
                let failed = result.is_err();
                let report = result.unwrap_or_else(|error| Some(Report::Failed(error)));
                if report.is_some_and(|told| report_to.send(told).is_err()) || failed {
                    break;
                }
            }
            state.finish();
        });
        Self { jobs: Some(jobs), reports: Mutex::new(reports), thread: Some(thread) }
    }

    /// Gives the worker something to do, or returns false if it has stopped.
    pub(super) fn send(&self, job: Job) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }

    /// Lets the worker write all blocks so far, or returns false if it has stopped.
    pub(super) fn flush(&self, height: u32, state: Arc<StateBuffer>) -> bool {
        let queue = self.jobs.clone();
        queue.is_some_and(|queue| self.send(Job::Flush { height, state, queue }))
    }

    /// Returns the next report, if there is one or it is waited for.
    pub(super) fn report(&mut self, wait: bool) -> Option<Report> {
        let reports = self.reports.get_mut().unwrap_or_else(PoisonError::into_inner);
        if wait {
            // Without a last report it panicked.
            return Some(reports.recv().unwrap_or(Report::Failed(ChainError::Stopped)));
        }
        reports.try_recv().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked, that was told on standard error.
            _ = thread.join();
        }
    }
}

/// What the worker's thread holds.
struct Roots {
    place: Arc<dyn Place>,
    trie: Trie<Arc<dyn Place>>,
    root: NodeHash,
    /// With full state, the nodes of blocks that are not written yet.
    nodes: NodeChanges,
    /// Of blocks that are not written yet.
    roots: Vec<(u32, NodeHash)>,
    held_nodes: usize,
    /// The thread that writes, or has written last.
    writer: Option<JoinHandle<()>>,
}

impl Roots {
    fn new(place: Arc<dyn Place>, tip: Option<Tip>, held_nodes: usize) -> Self {
        let root = tip.map(|tip| tip.root).unwrap_or_default();
        let trie = Trie::new(Arc::clone(&place), (root != NodeHash::default()).then_some(root));
        Self { place, trie, root, nodes: NodeChanges::default(), roots: Vec::new(), held_nodes, writer: None }
    }

    fn block(
        &mut self,
        height: u32,
        changes: &[(Key, Option<Value>)],
        expected: Option<NodeHash>,
    ) -> Result<Report, ChainError> {
        let mut root = None;
        if self.place.trie_mode() != TrieMode::None {
            let changes = changes.iter().filter(|(key, _)| key.contract() != LEDGER_ID);
            self.root = self.trie.apply(changes.map(|(key, value)| (key, value.as_ref())))?;
            root = Some(self.root);
            if let Some(expected) = expected
                && expected != self.root
            {
                return Err(ChainError::WrongRoot { height, expected, root: self.root });
            }
            if self.place.trie_mode() == TrieMode::Full {
                self.nodes.written.append(&mut self.trie.save().written);
            }
            self.roots.push((height, self.root));
        }
        Ok(Report::Root { height, root, held: self.trie.held() })
    }

    /// Writes all blocks so far. If only the latest state is kept, that is done on a thread of its own while roots of
    /// the next blocks are computed: no node of the trie is let go before it has ended, so that none is read that is
    /// being written. Full state is written at once, for its nodes are saved after each block: those of the next ones
    /// would be let go before they are written.
    fn flush(
        &mut self,
        height: u32,
        state: Arc<StateBuffer>,
        queue: SyncSender<Job>,
    ) -> Result<Option<Report>, ChainError> {
        let mode = self.place.trie_mode();
        let nodes = match mode {
            TrieMode::Full => mem::take(&mut self.nodes),
            TrieMode::Latest | TrieMode::None => self.trie.save(),
        };
        let (tip, roots, place) = (Tip { height, root: self.root }, mem::take(&mut self.roots), self.place.clone());
        if mode == TrieMode::Full {
            let result = place.write(&Commit { tip, state: &state, nodes, roots: &roots });
            return self.written(result).map(Some);
        }
        self.finish();
        self.writer = Some(thread::spawn(move || {
            let write = || place.write(&Commit { tip, state: &state, nodes, roots: &roots });
            let result = catch_unwind(AssertUnwindSafe(write));
            let result = result.unwrap_or_else(|_| Err(StoreError("the thread that writes panicked".into())));
            // Whoever waited for it may have gone.
            _ = queue.send(Job::Written(result));
        }));
        Ok(None)
    }

    fn written(&mut self, result: Result<(), StoreError>) -> Result<Report, ChainError> {
        result?;
        self.trie.shrink(self.held_nodes);
        Ok(Report::Flushed { held: self.trie.held() })
    }

    /// Waits for the thread that writes.
    fn finish(&mut self) {
        if let Some(writer) = self.writer.take() {
            // It does not panic.
            _ = writer.join();
        }
    }
}
