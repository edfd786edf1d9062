//! The thread that computes state roots and writes blocks.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
};

use super::{ChainError, Commit, Place, StateBuffer, Tip, TrieMode};
use crate::{Batch, Key, NodeChanges, NodeHash, Trie, Value};

/// How many blocks may wait for their roots.
const BACKLOG: usize = 256;

/// The contract whose storage has no part in the state root.
const LEDGER: i32 = -4;

pub(super) enum Job {
    /// Compute the root after a block.
    Block { height: u32, changes: Arc<Batch>, expected: Option<NodeHash> },
    /// Write all blocks so far.
    Flush { height: u32, state: Arc<StateBuffer> },
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
    reports: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(place: Arc<dyn Place>, tip: Option<Tip>, held_nodes: usize) -> Self {
        let (jobs, received) = sync_channel(BACKLOG);
        let (report, reports) = channel();
        let thread = std::thread::spawn(move || {
            let mut state = Roots::new(place, tip, held_nodes);
            for job in received {
                let result = match job {
                    Job::Block { height, changes, expected } => {
                        let root = state.block(height, &changes, expected);
                        root.map(|root| Report::Root { height, root, held: state.trie.held() })
                    }
                    Job::Flush { height, state: changes } => {
                        state.flush(height, &changes).map(|()| Report::Flushed { held: state.trie.held() })
                    }
                };
                let failed = result.is_err();
                if report.send(result.unwrap_or_else(Report::Failed)).is_err() || failed {
                    return;
                }
            }
        });
        Self { jobs: Some(jobs), reports, thread: Some(thread) }
    }

    /// Gives the worker something to do, or returns false if it has stopped.
    pub(super) fn send(&self, job: Job) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }

    /// Returns the next report, if there is one or it is waited for.
    pub(super) fn report(&self, wait: bool) -> Option<Report> {
        if wait {
            // Without a last report it panicked.
            return Some(self.reports.recv().unwrap_or(Report::Failed(ChainError::Stopped)));
        }
        self.reports.try_recv().ok()
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
}

impl Roots {
    fn new(place: Arc<dyn Place>, tip: Option<Tip>, held_nodes: usize) -> Self {
        let root = tip.map(|tip| tip.root).unwrap_or_default();
        let trie = Trie::new(Arc::clone(&place), (root != NodeHash::default()).then_some(root));
        Self { place, trie, root, nodes: NodeChanges::default(), roots: Vec::new(), held_nodes }
    }

    fn block(
        &mut self,
        height: u32,
        changes: &[(Key, Option<Value>)],
        expected: Option<NodeHash>,
    ) -> Result<Option<NodeHash>, ChainError> {
        if self.place.trie_mode() == TrieMode::None {
            return Ok(None);
        }
        let changes = changes.iter().filter(|(key, _)| key.contract() != LEDGER);
        self.root = self.trie.apply(changes.map(|(key, value)| (key, value.as_ref())))?;
        if let Some(expected) = expected
            && expected != self.root
        {
            return Err(ChainError::WrongRoot { height, expected, root: self.root });
        }
        if self.place.trie_mode() == TrieMode::Full {
            self.nodes.written.append(&mut self.trie.save().written);
        }
        self.roots.push((height, self.root));
        Ok(Some(self.root))
    }

    fn flush(&mut self, height: u32, state: &StateBuffer) -> Result<(), ChainError> {
        let nodes = match self.place.trie_mode() {
            TrieMode::Full => std::mem::take(&mut self.nodes),
            TrieMode::Latest | TrieMode::None => self.trie.save(),
        };
        let tip = Tip { height, root: self.root };
        self.place.write(&Commit { tip, state, nodes, roots: &self.roots })?;
        self.roots.clear();
        self.trie.shrink(self.held_nodes);
        Ok(())
    }
}
