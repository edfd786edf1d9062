//! The state trie: recorded states, and random ones compared with a plain map and a root computed in one go.

mod model;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufRead, BufReader},
    sync::{Arc, RwLock},
};

use base64::prelude::{BASE64_STANDARD, Engine};
use flate2::read::GzDecoder;
use neovm_storage::{
    Batch, Key, MemoryStore, NodeHash, Nodes, Position, Proof, Range, StoreError, Trie, TrieError, TrieReader, Value,
    state_root,
};
use proptest::{collection::vec, prelude::*};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    root: String,
    storage: BTreeMap<String, String>,
}

/// A root as a node writes it.
fn shown(mut hash: NodeHash) -> String {
    hash.reverse();
    format!("0x{}", hex::encode(hash))
}

fn mainnet_genesis() -> (String, MemoryStore) {
    let recorded: Recorded = serde_json::from_str(include_str!("data/mainnet-genesis.json")).unwrap();
    let bytes = |text: &str| hex::decode(text).unwrap();
    let entry = |(key, value): (&String, &String)| (Key::from_bytes(&bytes(key)), Value::from(bytes(value)));
    (recorded.root, recorded.storage.iter().map(entry).collect())
}

#[test]
fn the_genesis_state_of_mainnet_has_the_published_root() {
    let (root, mut state) = mainnet_genesis();
    assert_eq!(shown(state_root(state.iter())), root);

    // Another value, and a key that is the beginning of another one.
    let (first, _) = state.iter().next().map(|(key, value)| (key.clone(), value.clone())).unwrap();
    state.insert(Key::from_bytes(&first[..4]), Value::from([1]));
    assert_ne!(shown(state_root(state.iter())), root);
    state.remove(&first[..4]);
    assert_eq!(shown(state_root(state.iter())), root);
}

#[test]
fn the_state_of_mainnet_at_height_5549_has_the_published_root() {
    #[derive(Deserialize)]
    struct Leaf {
        storage_key_hex: String,
        value_hex: String,
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/host/vectors");
    let Ok(text) = std::fs::read_to_string(format!("{folder}/mainnet-height-5549-storage.json")) else {
        println!("SKIPPED: the state of MainNet at height 5549: there is no ../shared/reference");
        return;
    };
    let leaves: Vec<Leaf> = serde_json::from_str(&text).unwrap();
    let bytes = |text: &str| hex::decode(text).unwrap();
    let leaf = |leaf: &Leaf| (Key::from_bytes(&bytes(&leaf.storage_key_hex)), Some(bytes(&leaf.value_hex).into()));
    let mut batch: Batch = leaves.iter().map(leaf).collect();
    batch.sort();
    assert_eq!(
        shown(apply(&mut Trie::new((), None), &batch).unwrap()),
        "0x559cf882e478a11af654ba826f85302e81a4e428466d1973d49b6ae0cf8919d7"
    );
}

/// Over three thousand blocks: the changes and roots that neo-go printed.
#[test]
fn recorded_chains_have_their_roots() {
    #[derive(Deserialize)]
    struct Block {
        changes: Vec<Change>,
    }
    #[derive(Deserialize)]
    struct Change {
        state: String,
        key: String,
        #[serde(default)]
        value: String,
    }
    #[derive(Deserialize)]
    struct Root {
        root: String,
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/host/rich");
    let bytes = |text: &str| BASE64_STANDARD.decode(text).unwrap();
    let mut others = 0;
    for name in ["echidna0", "mid", "stair", "verd"] {
        let Ok(changes) = File::open(format!("{folder}/{name}.changes.jsonl.gz")) else {
            println!("SKIPPED: the recorded chain {name}: there is no ../shared/reference");
            continue;
        };
        let roots = std::fs::read_to_string(format!("{folder}/{name}.roots.jsonl")).unwrap();
        let mut roots = roots.lines();
        let place = Arc::new(RwLock::new(Kept::default()));
        let mut trie = Trie::new(Shared(Arc::clone(&place)), None);
        let mut map = BTreeMap::new();
        for (height, line) in BufReader::new(GzDecoder::new(changes)).lines().enumerate() {
            let block: Block = serde_json::from_str(&line.unwrap()).unwrap();
            let changes: BTreeMap<_, _> = (block.changes.iter())
                .map(|change| {
                    let value = (change.state != "Deleted").then(|| Value::from(bytes(&change.value)));
                    (Key::from_bytes(&bytes(&change.key)), value)
                })
                .collect();
            let changes: Batch = changes.into_iter().collect();
            change(&mut map, &changes);
            let root = apply(&mut trie, &changes).unwrap();
            let expected: Root = serde_json::from_str(roots.next().unwrap()).unwrap();
            if map.values().any(|value| value.len() == 0xffff) {
                // neo-go writes the length of such a value in five bytes, the reference node in three.
                others += 1;
                assert_eq!(shown(model::root(&map, 0xfffe)), expected.root, "{name}, block {height}");
                assert_eq!(root, model::state_root(&map));
            } else {
                assert_eq!(shown(root), expected.root, "{name}, block {height}");
            }
            if height % 10 == 0 {
                place.write().unwrap().keep(&mut trie);
                trie.shrink(100);
            }
        }
        assert_eq!(roots.next(), None);
    }
    println!("{others} roots differ from neo-go's: the state has a value of 65,535 bytes");
}

#[test]
fn the_root_of_nothing_is_zero() {
    assert_eq!(state_root([]), [0; 32]);
    assert_eq!(apply(&mut Trie::new((), None), &vec![]), Ok([0; 32]));
}

#[test]
fn an_empty_value_is_a_leaf() {
    let batch: Batch = vec![(Key::from_bytes(b"a"), Some(Value::from([])))];
    let mut trie = Trie::new((), None);
    let root = apply(&mut trie, &batch).unwrap();
    assert_ne!(root, [0; 32]);
    let mut kept = Kept::default();
    kept.keep(&mut trie);
    assert_eq!(TrieReader::new(&kept, root).get(b"a"), Ok(Some(Value::from([]))));
}

#[test]
fn keys_have_limits() {
    for (length, fits) in [(0, false), (1, true), (68, true), (69, false)] {
        let key = vec![7; length];
        let batch: Batch = vec![(Key::from_bytes(&key), Some(Value::from([1])))];
        let result = apply(&mut Trie::new((), None), &batch);
        assert_eq!(result.is_ok(), fits, "{length} bytes");
        assert_eq!(result.is_err(), matches!(result, Err(TrieError::KeyLength(len)) if len == length));
    }
}

/// The proof that a C# node gives: the key, the number of nodes, and the nodes from the root on.
#[test]
fn proofs_have_the_form_of_getproof() {
    let (root, state) = mainnet_genesis();
    let batch: Batch = state.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
    let mut trie = Trie::new((), None);
    let hash = apply(&mut trie, &batch).unwrap();
    assert_eq!(shown(hash), root);
    let mut kept = Kept::default();
    kept.keep(&mut trie);
    for (key, value) in state.iter() {
        let proof = TrieReader::new(&kept, hash).proof(key).unwrap().unwrap();
        let bytes = proof.to_bytes();
        assert_eq!(bytes[0] as usize, key.len());
        assert_eq!(bytes[1..=key.len()], key[..]);
        assert_eq!(bytes[1 + key.len()] as usize, proof.nodes.len());
        assert_eq!(neovm_crypto::hash256(&proof.nodes[0]), hash);
        assert_eq!(Proof::from_bytes(&bytes).as_ref(), Ok(&proof));
        assert_eq!(proof.verify(hash), Ok(Some(value.clone())));

        // Without one of its nodes, with another root, or with a bit flipped it proves nothing.
        for index in 0..proof.nodes.len() {
            let mut broken = proof.clone();
            broken.nodes.remove(index);
            assert!(matches!(broken.verify(hash), Err(TrieError::Missing { .. })));
            let mut broken = proof.clone();
            *broken.nodes[index].last_mut().unwrap() ^= 1;
            assert!(matches!(broken.verify(hash), Err(TrieError::Missing { .. })));
        }
        assert!(matches!(proof.verify([7; 32]), Err(TrieError::Missing { .. })));
        for length in 0..bytes.len() {
            assert!(Proof::from_bytes(&bytes[..length]).is_err());
        }
    }
    assert_eq!(TrieReader::new(&kept, hash).proof(b"\xff\xff\xff\xffnone"), Ok(None));
}

/// Whether the proofs of the first and the last of some entries prove that no others are in a range.
fn proves(
    all: &BTreeMap<Key, Value>,
    range: Range<'_>,
    entries: &BTreeMap<Key, Value>,
    proven: [&Key; 2],
) -> Result<bool, TrieError> {
    let mut trie = Trie::new((), None);
    let root = trie.apply(all.iter().map(|(key, value)| (key, Some(value)))).unwrap();
    let mut kept = Kept { full: true, ..Kept::default() };
    kept.keep(&mut trie);
    let proofs = proven.map(|key| TrieReader::new(&kept, root).proof(key).unwrap().unwrap());
    range.verify(root, &proofs, entries)
}

/// Leaves that an extension leads to are nodes of their own in proofs.
#[test]
fn what_is_proven_of_a_range_is_all_of_it() {
    let entry = |key: &str, value: u8| (Key::from_bytes(key.as_bytes()), Value::from([value]));
    let all = BTreeMap::from([entry("a", 1), entry("b", 2), entry("ba", 3), entry("bb", 4), entry("c", 5)]);
    let [_, b, ba, bb, c] = [0, 1, 2, 3, 4].map(|index| all.keys().nth(index).unwrap());
    let part = |keys: &[&Key]| keys.iter().map(|key| ((*key).clone(), all[*key].clone())).collect();
    let with_prefix = Range { prefix: b"b", first: None, last: None };
    assert_eq!(proves(&all, with_prefix, &part(&[b, ba, bb]), [b, bb]), Ok(true));
    for too_few in [&[b, bb][..], &[b, ba], &[ba, bb], &[]] {
        assert_eq!(proves(&all, with_prefix, &part(too_few), [b, bb]), Ok(false));
    }
    // One is all if it is said to be the last one, but not the last one with the prefix.
    let one = Range { last: Some(b"b"), ..with_prefix };
    assert_eq!(proves(&all, one, &part(&[b]), [b, b]), Ok(true));
    assert_eq!(proves(&all, with_prefix, &part(&[b]), [b, b]), Ok(false));
    // Another value, and an entry that is not there.
    for (key, value) in [("ba", 7), ("bab", 3), ("b\0", 3)] {
        let mut entries: BTreeMap<_, _> = part(&[b, ba, bb]);
        entries.extend([entry(key, value)]);
        assert_eq!(proves(&all, with_prefix, &entries, [b, bb]), Ok(false), "{key:?}");
    }
    // The proofs are those of others.
    assert!(matches!(proves(&all, with_prefix, &part(&[b, ba, bb]), [c, c]), Err(TrieError::Missing { .. })));
    let behind = Range { prefix: b"", first: Some(b"bb"), last: None };
    assert_eq!(proves(&all, behind, &part(&[bb, c]), [bb, c]), Ok(true));
    assert_eq!(proves(&all, behind, &part(&[bb]), [bb, bb]), Ok(false));
    // An entry that is there, outside.
    assert_eq!(proves(&all, behind, &part(&[b, bb, c]), [bb, c]), Ok(false));
    assert_eq!(proves(&all, with_prefix, &part(&[b, ba, bb, c]), [b, c]), Ok(false));
}

/// Nodes that no trie has, in proofs that someone made up.
#[test]
fn malformed_nodes_are_refused() {
    let key = b"k".to_vec();
    let verify = |nodes: &[Vec<u8>]| {
        let proof = Proof { key: key.clone(), nodes: nodes.to_vec() };
        proof.verify(neovm_crypto::hash256(&nodes[0]))
    };
    let leaf = vec![2, 1, 9];
    let mut below_value = vec![0];
    below_value.extend([4; 16]);
    below_value.push(3);
    let extension = [&[1, 1, 6, 3][..], &neovm_crypto::hash256(&leaf)].concat();
    let branch = [&below_value[..], &neovm_crypto::hash256(&extension)].concat();
    let path = [&[1, 2, 6, 11, 3][..], &neovm_crypto::hash256(&branch)].concat();
    assert_eq!(verify(&[path, branch, extension, leaf.clone()]), Ok(None));
    for bytes in [
        &[][..],
        &[3],
        &[4],
        &[5],
        &[2, 2, 1],
        &[2, 1, 1, 1],
        &[1, 0, 4],
        &[1, 1, 16, 4],
        &[0, 4, 4],
        &[1, 1, 6, 2, 1, 9],
    ] {
        assert!(matches!(verify(&[bytes.to_vec()]), Err(TrieError::Format { .. })), "{bytes:?}");
    }
}

/// Keeps nodes by position, and by hash.
#[derive(Default)]
struct Kept {
    by_position: HashMap<Position, Value>,
    by_hash: HashMap<NodeHash, Value>,
    full: bool,
}

impl Kept {
    fn keep<N: Nodes>(&mut self, trie: &mut Trie<N>) {
        let changes = trie.save();
        for position in &changes.removed {
            assert!(self.by_position.remove(position).is_some(), "{position} was never kept");
        }
        for node in changes.written {
            self.by_hash.insert(node.hash, node.bytes.clone().into());
            self.by_position.insert(node.position, node.bytes.into());
        }
    }
}

impl Nodes for Kept {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        let node = if self.full { self.by_hash.get(hash) } else { self.by_position.get(position) };
        Ok(node.cloned())
    }
}

/// Nodes that are kept while a trie reads them.
struct Shared(Arc<RwLock<Kept>>);

impl Nodes for Shared {
    fn node(&self, position: &Position, hash: &NodeHash) -> Result<Option<Value>, StoreError> {
        self.0.read().unwrap().node(position, hash)
    }
}

fn change(map: &mut BTreeMap<Key, Value>, batch: &Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
}

fn apply<N: Nodes>(trie: &mut Trie<N>, batch: &Batch) -> Result<NodeHash, TrieError> {
    trie.apply(batch.iter().map(|(key, value)| (key, value.as_ref())))
}

/// Keys that share beginnings, or are the beginning of others.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(0x00), Just(0x01), Just(0x10), Just(0x11), Just(0xff)];
    prop_oneof![4 => vec(byte, 1..5), 1 => vec(any::<u8>(), 1..8)]
}

fn batch() -> impl Strategy<Value = BTreeMap<Vec<u8>, Option<Vec<u8>>>> {
    let value = prop_oneof![Just(None), vec(0..3_u8, 0..3).prop_map(Some)];
    proptest::collection::btree_map(key(), value, 0..12)
}

fn to_batch(changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Batch {
    let change = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
        (Key::from_bytes(key), value.as_ref().map(|value| Value::from(&value[..])))
    };
    changes.iter().map(change).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// A trie that is changed batch by batch, saved and reopened now and then, has the root of the map, leaves exactly
    /// the nodes of a trie that was made in one go, and gives the map's values, proofs and ranges.
    #[test]
    fn it_is_a_map_with_a_root(
        batches in vec((batch(), 0..4_u8), 1..12),
        full: bool,
        prefix in vec(prop_oneof![Just(0x00), Just(0x11), any::<u8>()], 0..3),
        more in key(),
    ) {
        let mut map = BTreeMap::new();
        let mut kept = Kept { full, ..Kept::default() };
        let mut roots = Vec::new();
        let mut root = None;
        let mut pending: Vec<(Batch, u8)> = batches.iter().map(|(changes, end)| (to_batch(changes), *end)).collect();
        pending.last_mut().unwrap().1 = 1;
        let mut pending = pending.into_iter();
        // A trie borrows what keeps its nodes, so it is opened again after each time that they are kept.
        while pending.len() > 0 {
            let changes = {
                let mut trie = Trie::new(&kept, root);
                for (batch, end) in pending.by_ref() {
                    change(&mut map, &batch);
                    let hash = apply(&mut trie, &batch).unwrap();
                    prop_assert_eq!(hash, model::state_root(&map));
                    root = (hash != [0; 32]).then_some(hash);
                    if end == 1 || full {
                        roots.push((hash, map.clone()));
                        break;
                    }
                    if end == 2 {
                        trie.shrink(0);
                    }
                }
                trie.save()
            };
            for position in &changes.removed {
                kept.by_position.remove(position);
            }
            for node in changes.written {
                kept.by_hash.insert(node.hash, node.bytes.clone().into());
                kept.by_position.insert(node.position, node.bytes.into());
            }
        }
        let mut fresh = Kept::default();
        let mut trie = Trie::new((), None);
        let all: Batch = map.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        apply(&mut trie, &all).unwrap();
        fresh.keep(&mut trie);
        prop_assert_eq!(&fresh.by_position, &kept.by_position);

        let readable = if full { &roots[..] } else { &roots[roots.len() - 1..] };
        for (hash, map) in readable.iter().filter(|(hash, _)| *hash != [0; 32]) {
            let reader = TrieReader::new(&kept, *hash);
            for (key, value) in map {
                let proof = reader.proof(key).unwrap().unwrap();
                let proven = proof.verify(*hash);
                prop_assert_eq!(proven.as_ref(), Ok(&Some(value.clone())));
            }
            let found = reader.get(&more).unwrap();
            prop_assert_eq!(found.as_ref(), map.get(&more[..]));
            for from in [None, Some([&prefix[..], &more].concat())] {
                let found: Vec<_> = reader.find(&prefix, from.as_deref()).unwrap().map(Result::unwrap).collect();
                let inside = map.iter().filter(|(key, _)| key.starts_with(&prefix));
                let behind = inside.filter(|(key, _)| from.as_ref().is_none_or(|from| key[..] > from[..]));
                let expected: Vec<_> = behind.map(|(key, value)| (key.clone(), value.clone())).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    /// A page of entries is proven by its first and its last one, and no other page is.
    #[test]
    fn pages_are_proven_by_their_ends(
        all in proptest::collection::btree_map(key(), vec(0..3_u8, 0..3), 1..20),
        prefix in vec(prop_oneof![Just(0x00), Just(0x11), any::<u8>()], 0..2),
        skipped in 0..3_usize,
        count in 1..6_usize,
        changed in key(),
        value in proptest::option::of(vec(0..3_u8, 0..3)),
    ) {
        let all: BTreeMap<_, _> =
            all.iter().map(|(key, value)| (Key::from_bytes(key), Value::from(&value[..]))).collect();
        let inside: Vec<_> = all.iter().filter(|(key, _)| key.starts_with(&prefix)).skip(skipped).collect();
        let page = &inside[..count.min(inside.len())];
        let ([(first, _), .., (last, _)] | [(first @ last, _)]) = page else { return Ok(()) };
        let range = Range {
            prefix: &prefix,
            first: (skipped > 0).then_some(first),
            last: (page.len() < inside.len()).then_some(last),
        };
        let entries: BTreeMap<_, _> = page.iter().map(|(key, value)| ((*key).clone(), (*value).clone())).collect();
        prop_assert_eq!(proves(&all, range, &entries, [first, last]), Ok(true));
        let mut others = entries.clone();
        change(&mut others, &vec![(Key::from_bytes(&changed), value.map(Value::from))]);
        let proven = proves(&all, range, &others, [first, last]);
        prop_assert_eq!(matches!(proven, Ok(true)), others == entries, "{:?}", proven);
    }

    /// What was held and let go is read again.
    #[test]
    fn nodes_can_be_let_go(batches in vec(batch(), 1..12), limit in 0..20_usize) {
        let place = Arc::new(RwLock::new(Kept::default()));
        let mut trie = Trie::new(Shared(Arc::clone(&place)), None);
        let mut map = BTreeMap::new();
        for changes in &batches {
            let batch = to_batch(changes);
            change(&mut map, &batch);
            prop_assert_eq!(apply(&mut trie, &batch).unwrap(), model::state_root(&map));
            place.write().unwrap().keep(&mut trie);
            trie.shrink(limit);
            prop_assert!(trie.held() <= limit);
        }
    }
}
