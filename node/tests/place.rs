//! A chain can be kept in any place: this one knows nothing but maps in the order of their keys.

mod recorded;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use neovm_host::Network;
use neovm_node::{Blockchain, verify::VerifyLevel};
use neovm_storage::{
    ChainState, Commit, Cursor, Direction, FlushPolicy, Key, NodeHash, Nodes, Place, Position, Store, StoreError, Tip,
    TrieMode, Value,
};
use recorded::{blocks, data, lines, settings};

/// What a foreign store has: bytes by bytes, in order.
type Table = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Default)]
struct Tables {
    state: Table,
    nodes: Table,
    roots: BTreeMap<u32, NodeHash>,
    tip: Option<Tip>,
    protocol: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Maps(Mutex<Tables>);

impl Maps {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }
}

impl Store for Maps {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.tables().state.get(key).map(|value| value[..].into()))
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let tables = self.tables();
        let within = tables.state.iter().filter(|(key, _)| key.starts_with(prefix));
        let entries = within.map(|(key, value)| Ok((Key::from_bytes(key), value[..].into())));
        let mut entries: Vec<_> = entries.collect();
        let Some(from) = from else {
            if direction == Direction::Backward {
                entries.reverse();
            }
            return Box::new(entries.into_iter());
        };
        let at = |entry: &Result<(Key, Value), StoreError>| entry.as_ref().map(|(key, _)| key[..].cmp(from)).unwrap();
        match direction {
            Direction::Forward => entries.retain(|entry| at(entry).is_ge()),
            Direction::Backward => {
                entries.retain(|entry| at(entry).is_le());
                entries.reverse();
            }
        }
        Box::new(entries.into_iter())
    }
}

impl Nodes for Maps {
    fn node(&self, position: &Position, _: &NodeHash) -> Result<Option<Value>, StoreError> {
        Ok(self.tables().nodes.get(&position[..]).map(|bytes| bytes[..].into()))
    }
}

impl Place for Maps {
    fn trie_mode(&self) -> TrieMode {
        TrieMode::Latest
    }

    fn tip(&self) -> Result<Option<Tip>, StoreError> {
        Ok(self.tables().tip)
    }

    fn root(&self, height: u32) -> Result<Option<NodeHash>, StoreError> {
        Ok(self.tables().roots.get(&height).copied())
    }

    fn protocol(&self) -> Result<Option<Value>, StoreError> {
        Ok(self.tables().protocol.as_deref().map(Value::from))
    }

    fn write_protocol(&self, settings: &[u8]) -> Result<(), StoreError> {
        self.tables().protocol = Some(settings.to_vec());
        Ok(())
    }

    fn write(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for (key, value) in commit.state.iter() {
            match value {
                Some(value) => tables.state.insert(key.to_vec(), value.to_vec()),
                None => tables.state.remove(&key[..]),
            };
        }
        for position in &commit.nodes.removed {
            tables.nodes.remove(&position[..]);
        }
        for node in &commit.nodes.written {
            tables.nodes.insert(node.position.to_vec(), node.bytes.clone());
        }
        tables.roots.extend(commit.roots.iter().copied());
        tables.tip = Some(commit.tip);
        Ok(())
    }
}

#[test]
fn a_chain_in_a_place_of_ones_own() {
    let settings = settings(&data("rich/verd.config.json"));
    let blocks = blocks(&data("rich/verd.acc"), &settings);
    let expected = lines(&data("rich/verd.roots.jsonl"));
    let place = Arc::new(Maps::default());
    let network = Arc::new(Network::new(settings));
    // As a library of another language holds it: its type says nothing of the place. It is closed after every eight
    // blocks, and writes after every third.
    for part in blocks.chunks(8) {
        let policy = FlushPolicy { blocks: 3, nodes: 20, ..FlushPolicy::ON_DEMAND };
        let mut chain: Blockchain =
            Blockchain::open(Arc::clone(&network), ChainState::open(place.clone(), policy).unwrap()).unwrap();
        for block in part {
            let executed = chain.execute(block, VerifyLevel::Full).unwrap();
            chain.append(executed, None).unwrap();
        }
        for (height, root) in chain.take_roots(true).unwrap() {
            assert_eq!(expected[height as usize]["root"], root.to_string());
        }
        chain.flush().unwrap();
    }
    assert_eq!(place.tip().unwrap().unwrap().height, 32);
}
