//! A chain's state: what is read of it, its roots, and what its place keeps.

mod model;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, sleep},
    time::{Duration, Instant},
};

use neovm_storage::{
    Batch, ChainError, ChainState, Commit, Cursor, Direction, FlushPolicy, Key, LEDGER_ID, MemoryPlace, NodeHash,
    Nodes, Place, Position, Store, StoreError, Tip, TrieMode, Value,
};
use proptest::{collection::vec, prelude::*};

fn key() -> impl Strategy<Value = Key> {
    let contract = prop_oneof![Just(1), Just(-5), Just(LEDGER_ID)];
    (contract, vec(0..3_u8, 0..3)).prop_map(|(contract, key)| Key::new(contract, &key))
}

fn batch() -> impl Strategy<Value = Batch> {
    let value = prop_oneof![Just(None), vec(any::<u8>(), 0..3).prop_map(|value| Some(Value::from(value)))];
    proptest::collection::btree_map(key(), value, 0..8).prop_map(|changes| changes.into_iter().collect())
}

/// The root of all but the Ledger's entries.
fn root(map: &BTreeMap<Key, Value>) -> [u8; 32] {
    let covered = map.iter().filter(|(key, _)| key.contract() != LEDGER_ID);
    model::state_root(&covered.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn apply(map: &mut BTreeMap<Key, Value>, batch: &Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
}

fn read(store: &dyn Store, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Vec<(Key, Value)> {
    store.seek(prefix, from, direction).map(Result::unwrap).collect()
}

/// What [`Store::seek`] says that it reads.
fn expected(map: &BTreeMap<Key, Value>, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Vec<(Key, Value)> {
    if from.is_some_and(|from| !from.starts_with(prefix)) {
        return Vec::new();
    }
    let inside = map.iter().filter(|(key, _)| key.starts_with(prefix));
    let ahead = inside.filter(|(key, _)| match (from, direction) {
        (None, _) => true,
        (Some(from), Direction::Forward) => key[..] >= *from,
        (Some(from), Direction::Backward) => key[..] <= *from,
    });
    let entries = ahead.map(|(key, value)| (key.clone(), value.clone()));
    match direction {
        Direction::Forward => entries.collect(),
        Direction::Backward => entries.rev().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn it_reads_as_a_map_does(
        batches in vec(batch(), 1..10),
        flush in 1..5_u32,
        mode in prop_oneof![Just(TrieMode::Latest), Just(TrieMode::Full), Just(TrieMode::None)],
        prefix in key(),
        from in key(),
    ) {
        let place = Arc::new(MemoryPlace::new(mode));
        let policy = FlushPolicy { blocks: flush, nodes: 3, ..FlushPolicy::ON_DEMAND };
        let mut chain = ChainState::open(place.clone(), policy).unwrap();
        let mut map = BTreeMap::new();
        let mut roots = Vec::new();
        for (height, batch) in (0..).zip(batches) {
            apply(&mut map, &batch);
            roots.push((height, root(&map)));
            chain.append(height, Arc::new(batch), None).unwrap();
            for direction in [Direction::Forward, Direction::Backward] {
                for prefix in [&prefix[..], &prefix[..4], &[]] {
                    for from in [None, Some(&from[..])] {
                        prop_assert_eq!(read(&chain, prefix, from, direction), expected(&map, prefix, from, direction));
                    }
                }
            }
            let found = chain.get(&from).unwrap();
            prop_assert_eq!(found.as_ref(), map.get(&from[..]));
        }
        let taken = chain.take_roots(true).unwrap();
        if mode != TrieMode::None {
            prop_assert_eq!(taken, roots.clone());
        }
        chain.flush().unwrap();
        let (height, last) = *roots.last().unwrap();
        let last = if mode == TrieMode::None { [0; 32] } else { last };
        prop_assert_eq!(place.tip().unwrap(), Some(Tip { height, root: last }));
        prop_assert_eq!(read(&*place, b"", None, Direction::Forward), map.into_iter().collect::<Vec<_>>());
        for (height, root) in &roots {
            prop_assert_eq!(place.root(*height).unwrap(), (mode != TrieMode::None).then_some(*root));
            let reader = chain.trie(*root);
            match mode {
                TrieMode::Full => prop_assert!(reader.is_ok()),
                TrieMode::Latest => prop_assert_eq!(reader.err(), (*root != last).then_some(ChainError::OldState)),
                TrieMode::None => prop_assert_eq!(reader.err(), Some(ChainError::OldState)),
            }
        }

        // Another chain goes on from there.
        drop(chain);
        let mut chain = ChainState::open(place, policy).unwrap();
        prop_assert_eq!(chain.height(), Some(height));
        prop_assert_eq!(chain.append(height, Arc::default(), None), Err(ChainError::Height { height, next: height + 1 }));
        chain.append(height + 1, Arc::default(), Some(last)).unwrap();
    }
}

#[test]
fn a_block_with_a_wrong_root_is_never_written() {
    let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
    let mut chain = ChainState::open(place.clone(), FlushPolicy::default()).unwrap();
    let block = |value: u8| Arc::new(vec![(Key::new(1, b"k"), Some(Value::from([value])))]);
    let root = |value: u8| root(&BTreeMap::from([(Key::new(1, b"k"), Value::from([value]))]));
    chain.append(0, block(0), Some(root(0))).unwrap();
    chain.flush().unwrap();
    chain.append(1, block(1), Some(root(1))).unwrap();
    let wrong = ChainError::WrongRoot { height: 2, expected: root(1), root: root(2) };
    let appended = chain.append(2, block(2), Some(root(1))).and_then(|()| chain.append(3, block(3), None));
    assert!(appended.is_ok() || appended == Err(wrong.clone()));
    assert_eq!(chain.flush(), Err(wrong.clone()));
    assert_eq!(chain.take_roots(true), Ok(vec![(0, root(0)), (1, root(1))]));
    assert_eq!(chain.take_roots(true), Err(wrong.clone()));
    assert_eq!(chain.append(4, block(4), None), Err(wrong));
    assert_eq!(place.tip(), Ok(Some(Tip { height: 0, root: root(0) })));
    assert_eq!(place.get(&Key::new(1, b"k")), Ok(Some(Value::from([0]))));

    // The roots before it are told also if it is met while they are waited for.
    let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
    let mut chain = ChainState::open(place, FlushPolicy::default()).unwrap();
    chain.append(0, block(0), Some(root(0))).unwrap();
    chain.append(1, block(1), Some(root(2))).unwrap();
    assert_eq!(chain.take_roots(true), Ok(vec![(0, root(0))]));
    assert!(chain.take_roots(true).is_err());
}

#[test]
fn blocks_that_are_not_flushed_are_forgotten() {
    let place = Arc::new(MemoryPlace::new(TrieMode::None));
    let mut chain = ChainState::open(place.clone(), FlushPolicy::ON_DEMAND).unwrap();
    chain.append(0, Arc::new(vec![(Key::new(1, b"k"), Some(Value::from([1])))]), None).unwrap();
    assert_eq!(chain.height(), Some(0));
    drop(chain);
    assert_eq!(ChainState::open(place, FlushPolicy::ON_DEMAND).unwrap().height(), None);
}

/// Keeps a chain in memory, and takes its time to write: roots of later blocks are computed meanwhile.
#[derive(Debug)]
struct Slow {
    place: MemoryPlace,
    /// Locked by whoever holds writes up.
    gate: Mutex<()>,
}

impl Slow {
    fn new(mode: TrieMode) -> Self {
        Self { place: MemoryPlace::new(mode), gate: Mutex::new(()) }
    }
}

impl Store for Slow {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.place.get(key)
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        self.place.seek(prefix, from, direction)
    }
}

impl Nodes for Slow {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        self.place.node(position, hash)
    }
}

impl Place for Slow {
    fn trie_mode(&self) -> TrieMode {
        self.place.trie_mode()
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        self.place.tip()
    }

    fn root(&self, height: u32) -> Result<Option<NodeHash>, StoreError> {
        self.place.root(height)
    }

    fn protocol(&self) -> Result<Option<Value>, StoreError> {
        self.place.protocol()
    }

    fn write_protocol(&self, settings: &[u8]) -> Result<(), StoreError> {
        self.place.write_protocol(settings)
    }

    fn write(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        sleep(Duration::from_millis(50));
        drop(self.gate.lock());
        self.place.write(commit)
    }
}

#[test]
fn nodes_are_written_before_they_are_let_go() {
    for mode in [TrieMode::Latest, TrieMode::Full] {
        let place = Arc::new(Slow::new(mode));
        // Blocks are written whenever nothing is being written, and no node is held that could be read.
        let policy = FlushPolicy { nodes: 0, ..FlushPolicy::ON_DEMAND };
        let mut chain = ChainState::open(place.clone(), policy).unwrap();
        let (mut map, mut roots) = (BTreeMap::new(), Vec::new());
        for height in 0..50_u32 {
            // Each block changes what the last one brought, so that it needs nodes which may not be written yet.
            let change = |number: u32| (Key::new(1, &number.to_be_bytes()), Some(Value::from(height.to_le_bytes())));
            let batch: Batch = [height, height + 1].map(change).into();
            apply(&mut map, &batch);
            roots.push((height, root(&map)));
            chain.append(height, Arc::new(batch), None).unwrap();
            sleep(Duration::from_millis(4));
        }
        assert_eq!(chain.take_roots(true).unwrap(), roots, "{mode:?}");
        chain.flush().unwrap();
        let (height, root) = roots[49];
        assert_eq!(place.tip().unwrap(), Some(Tip { height, root }));
    }
}

/// However slow the disk, blocks that wait for it take no more memory than allowed.
#[test]
fn appending_waits_for_a_slow_disk() {
    for mode in [TrieMode::None, TrieMode::Latest, TrieMode::Full] {
        const BLOCKS: u32 = 500;
        let place = Arc::new(Slow::new(mode));
        let policy = FlushPolicy { blocks: 20, memory: 100_000, ..FlushPolicy::ON_DEMAND };
        let mut chain = ChainState::open(place.clone(), policy).unwrap();
        let appended = AtomicU32::new(0);
        let gate = place.gate.lock().unwrap();
        thread::scope(|scope| {
            let append = scope.spawn(|| {
                for height in 0..BLOCKS {
                    let change = (Key::new(1, &height.to_be_bytes()), Some(Value::from([7; 1000])));
                    chain.append(height, Arc::new(vec![change]), None).unwrap();
                    appended.store(height + 1, Ordering::Relaxed);
                }
                chain.flush().unwrap();
            });
            // It stops where the changes of some hundred blocks wait.
            let deadline = Instant::now() + Duration::from_secs(2);
            while appended.load(Ordering::Relaxed) < BLOCKS && Instant::now() < deadline {
                sleep(Duration::from_millis(10));
            }
            let before = appended.load(Ordering::Relaxed);
            assert!((20..200).contains(&before), "{mode:?}: {before} blocks were appended");
            drop(gate);
            append.join().unwrap();
        });
        assert_eq!(place.tip().unwrap().map(|tip| tip.height), Some(BLOCKS - 1));
    }
}
