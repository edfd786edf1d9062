//! The recorded inputs: a state, the cases that run on it, and what came of them in the C# node.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::Arc,
};

use flate2::read::GzDecoder;
use neovm::{
    EngineConfig, Hardfork, MemoryStore, Network, ProtocolSettings, Script,
    chain::{Header, Transaction, Witness},
    host::{Container, Entry, HardforkHeights, Job, PersistingBlock, Trigger, execute_block, genesis_block},
    storage::{Batch, Key, WriteStore},
    types::CallFlags,
};
use serde::Deserialize;
use serde_json::Value;

/// The inputs without contracts that a compiler made.
const COPY: &[u8] = include_bytes!("../../data/host-inputs.jsonl.gz");

/// A line that is read; others are not.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Line {
    Settings(ProtocolSettings),
    Block(BlockLine),
    Case(Case),
    Verify(Verify),
    Seed(Seed),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockLine {
    name: String,
    header_hex: String,
}

/// An execution of a script that is held by a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    id: String,
    pre: Vec<String>,
    call_flags: u8,
    gas: i64,
    script: String,
    tx: Tx,
    pub(crate) outcome: Value,
}

#[derive(Deserialize)]
struct Tx {
    raw: String,
}

/// The verification of a witness.
#[derive(Deserialize)]
pub(crate) struct Verify {
    id: String,
    pre: Vec<String>,
    tx: Tx,
    pub(crate) hash: String,
    invocation: String,
    verification: String,
    pub(crate) datoshi: i64,
    pub(crate) fee: i64,
}

/// Changes that no script made.
#[derive(Deserialize)]
struct Seed {
    id: String,
    changes: Value,
}

/// All inputs.
pub(crate) struct Inputs {
    settings: ProtocolSettings,
    header: Header,
    changes: HashMap<String, Batch>,
    pub(crate) cases: HashMap<String, Case>,
    pub(crate) verifies: HashMap<String, Verify>,
}

impl Inputs {
    /// Reads the inputs next to the project or else the copy in the project, and tells which.
    pub(crate) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/host");
        match File::open(folder.join("timing-inputs.jsonl.gz")) {
            Ok(file) => Self::parse(file),
            Err(_) => {
                println!(
                    "There is no ../shared/reference/host next to the project: contracts of the compiler are left out.\n"
                );
                Self::parse(COPY)
            }
        }
    }

    fn parse(file: impl Read) -> Self {
        let (mut settings, mut header) = (None, None);
        let (mut changes, mut cases, mut verifies) = (HashMap::new(), HashMap::new(), HashMap::new());
        for line in BufReader::new(GzDecoder::new(file)).lines() {
            match serde_json::from_str(&line.expect("a line of text")).expect("a line of the inputs") {
                Line::Settings(line) => settings = Some(line),
                Line::Block(line) if line.name == "B1" => {
                    header = Some(Header::parse(&bytes(&line.header_hex)).expect("a header"));
                }
                Line::Case(case) => {
                    changes.insert(case.id.clone(), batch(&case.outcome["changes"]));
                    cases.insert(case.id.clone(), case);
                }
                Line::Verify(verify) => {
                    verifies.insert(verify.id.clone(), verify);
                }
                Line::Seed(seed) => {
                    changes.insert(seed.id, batch(&seed.changes));
                }
                Line::Block(_) | Line::Other => {}
            }
        }
        let (settings, header) = (settings.expect("settings"), header.expect("block B1"));
        Self { settings, header, changes, cases, verifies }
    }

    /// Makes a network with the hardforks up to `last`, all from the genesis block on, and its genesis state.
    pub(crate) fn world(&self, last: Hardfork, config: EngineConfig) -> World {
        let settings = ProtocolSettings { hardforks: HardforkHeights::all_until(last), ..self.settings.clone() };
        let network = Network::with_engine(settings, config);
        let block = genesis_block(network.settings()).expect("a genesis block");
        let mut genesis = MemoryStore::default();
        let receipt = execute_block(&network, &genesis, &block).expect("a genesis block that runs");
        genesis.write(&receipt.changes).expect("a store in memory");
        World { network, genesis, header: self.header.clone() }
    }

    fn state(&self, world: &World, pre: &[String]) -> MemoryStore {
        let mut state = world.genesis.clone();
        for id in pre {
            state.write(&self.changes[id]).expect("a store in memory");
        }
        state
    }
}

/// A network and its genesis state.
pub(crate) struct World {
    pub(crate) network: Network,
    pub(crate) genesis: MemoryStore,
    pub(crate) header: Header,
}

impl World {
    /// The job of a transaction's script.
    pub(crate) fn job<'a>(
        &'a self,
        transaction: &'a Transaction,
        script: &Script,
        flags: CallFlags,
        gas: i64,
    ) -> Job<'a> {
        Job {
            trigger: Trigger::Application,
            container: Container::Transaction(transaction),
            block: Some(PersistingBlock::from(&self.header)),
            gas,
            entry: Entry::Script { script: script.clone(), flags },
        }
    }
}

impl Case {
    /// The state that the case runs on.
    pub(crate) fn state(&self, inputs: &Inputs, world: &World) -> MemoryStore {
        inputs.state(world, &self.pre)
    }

    /// The transaction with another nonce, for copies of it that differ; with nonce `None` the recorded one.
    pub(crate) fn transaction(&self, nonce: Option<u32>) -> Transaction {
        let mut raw = bytes(&self.tx.raw);
        if let Some(nonce) = nonce {
            raw[1..5].copy_from_slice(&nonce.to_le_bytes());
        }
        Transaction::parse_lenient(&raw).expect("a transaction")
    }

    pub(crate) fn script(&self) -> Script {
        bytes(&self.script).into()
    }

    pub(crate) fn job<'a>(&self, world: &'a World, transaction: &'a Transaction, script: &Script) -> Job<'a> {
        world.job(transaction, script, CallFlags::from_bits(self.call_flags).expect("call flags"), self.gas)
    }
}

impl Verify {
    /// The state that the witness is verified on.
    pub(crate) fn state(&self, inputs: &Inputs, world: &World) -> MemoryStore {
        inputs.state(world, &self.pre)
    }

    pub(crate) fn transaction(&self) -> Transaction {
        Transaction::parse(&bytes(&self.tx.raw)).expect("a transaction")
    }

    pub(crate) fn witness(&self) -> Witness {
        Witness { invocation: bytes(&self.invocation).into(), verification: bytes(&self.verification).into() }
    }
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hexadecimal")
}

/// Changes as they are recorded.
pub(crate) fn batch(changes: &Value) -> Batch {
    let field = |change: &Value, name: &str| change[name].as_str().map(bytes);
    let change = |change: &Value| {
        (Key::from_bytes(&field(change, "key").expect("a key")), field(change, "value").map(Arc::from))
    };
    changes.as_array().expect("changes").iter().map(change).collect()
}
