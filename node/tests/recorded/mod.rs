//! What several tests need: recorded chains, and ways to follow them.

// Each test file uses some of it.
#![allow(dead_code)]

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use neovm_chain::{Block, DumpReader};
use neovm_engine::{EngineConfig, JitMode};
use neovm_host::{Network, ProtocolSettings, genesis_block};
use neovm_node::{Blockchain, verify::VerifyLevel};
use neovm_storage::{ChainState, FlushPolicy, MemoryPlace, TrieMode};
use neovm_types::Hash256;
use serde_json::Value as Json;

/// The ways to run scripts.
pub(crate) const ENGINES: [JitMode; 3] =
    [JitMode::Off, JitMode::Eager, JitMode::Lazy { threshold: 2, background: true }];

/// A file or folder of the recorded chains next to the project; none, with a notice, if it is not there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/host").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: there is no ../shared/reference/host/{name} next to the project");
    None
}

/// A file or folder of the recorded chains in the project.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(name)
}

/// The settings in a configuration file.
pub(crate) fn settings(path: &Path) -> ProtocolSettings {
    neovm_node::config::load(path.to_str().unwrap()).unwrap()
}

/// The lines of a file, compressed or not.
pub(crate) fn lines(path: &Path) -> Vec<Json> {
    let mut text = String::new();
    let mut file = File::open(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        file.read_to_string(&mut text).unwrap();
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The blocks of a dump, from the genesis block on.
pub(crate) fn blocks(dump: &Path, settings: &ProtocolSettings) -> Vec<Block> {
    let bytes = fs::read(dump).unwrap();
    let mut blocks: Vec<Block> = DumpReader::new(&bytes[..]).unwrap().map(Result::unwrap).collect();
    let genesis = genesis_block(settings).unwrap();
    if blocks[0].index == 0 {
        assert_eq!(blocks[0].hash(), genesis.hash());
    } else {
        blocks.insert(0, genesis);
    }
    blocks
}

/// Follows a chain in memory, and returns the state root after each block.
pub(crate) fn roots(settings: &ProtocolSettings, blocks: &[Block], level: VerifyLevel, engine: JitMode) -> Vec<String> {
    let config = EngineConfig::default().with_jit(engine);
    let network = Arc::new(Network::with_engine(settings.clone(), config));
    let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
    let state = ChainState::open(place, FlushPolicy { blocks: 7, ..FlushPolicy::default() }).unwrap();
    let mut chain = Blockchain::open(network, state).unwrap();
    for block in blocks {
        let executed = chain.execute(block, level).unwrap();
        chain.append(executed, None).unwrap();
    }
    let roots = chain.take_roots(true).unwrap();
    assert!((0..).zip(&roots).all(|(index, (height, _))| index == *height));
    roots.into_iter().map(|(_, root): (u32, Hash256)| root.to_string()).collect()
}
