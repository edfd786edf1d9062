//! The state that lines run on.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use neovm::{
    EngineConfig, Hash160, Hash256, Script,
    chain::{Block, Header, Transaction, Witness},
    host::{
        BlockReceipt, Container, Entry, Job, Network, PersistingBlock, ProtocolSettings, Trigger, execute,
        execute_block, genesis_block, native::LEDGER_ID, verify_witness,
    },
    storage::{Batch, Key, MemoryStore, WriteStore, state_root},
    types::CallFlags,
};
use serde_json::{Map, Value, json};

use super::{
    outcome,
    read::{BlockLine, CaseLine, ChainBlockLine, Change, Head, SettingsLine, VerifyLine, bytes},
};
use crate::{engine::EngineKind, lines};

/// What lines were run with so far, by the name of the settings.
pub(super) struct World {
    engine: EngineKind,
    settings: HashMap<String, Setting>,
}

/// A network, its genesis state, and what ran on it.
struct Setting {
    network: Network,
    genesis: MemoryStore,
    receipt: BlockReceipt,
    /// The headers that cases run in.
    headers: HashMap<String, Header>,
    /// The recorded changes of cases.
    changes: HashMap<String, Batch>,
    /// The state that the last case ran on, and the cases whose changes are in it.
    state: (Vec<String>, MemoryStore),
    /// The state of the chain, if it has started, and whether digests of it are answered.
    chain: Option<(MemoryStore, bool)>,
}

impl World {
    pub(super) fn new(engine: EngineKind) -> Self {
        Self { engine, settings: HashMap::new() }
    }

    /// Answers a line; false if it needs no answer.
    pub(super) fn answer(&mut self, line: &[u8], out: &mut String) -> Result<bool> {
        let head: Head = lines::parse(line)?;
        let fields = match &*head.kind {
            "settings" => {
                let line: SettingsLine = lines::parse(line)?;
                let setting = Setting::new(line.settings, self.engine)?;
                self.settings.insert(line.name, setting);
                return Ok(false);
            }
            "block" => {
                let line: BlockLine = lines::parse(line)?;
                let header = Header::parse(&bytes("headerHex", &line.header_hex)?).context("headerHex")?;
                self.setting(&head)?.headers.insert(line.name, header);
                return Ok(false);
            }
            "genesisState" => self.setting(&head).map(|setting| setting.genesis_state()),
            "case" => self.setting(&head).and_then(|setting| setting.case(&head, line)),
            "verify" => self.setting(&head).and_then(|setting| setting.verify(line)),
            "chainStart" => self.setting(&head).map(Setting::chain_start),
            "chainBlock" => self.setting(&head).and_then(|setting| setting.chain_block(line)),
            _ => return Ok(false),
        };
        let mut answer = Map::new();
        answer.insert("kind".into(), head.kind.into());
        answer.insert("settings".into(), head.settings.into());
        if let Some(id) = head.id {
            answer.insert("id".into(), id.into());
        }
        match fields {
            Ok(fields) => answer.extend(fields),
            Err(error) => {
                answer.insert("error".into(), format!("{error:#}").into());
            }
        }
        out.push_str(&Value::from(answer).to_string());
        Ok(true)
    }

    fn setting(&mut self, head: &Head) -> Result<&mut Setting> {
        let name = head.settings.as_deref().context("the line names no settings")?;
        self.settings.get_mut(name).ok_or_else(|| anyhow!("there was no line with the settings {name:?}"))
    }
}

impl Setting {
    fn new(settings: ProtocolSettings, engine: EngineKind) -> Result<Self> {
        let network = Network::with_engine(settings, engine.config(EngineConfig::default()));
        let mut genesis = MemoryStore::default();
        let block = genesis_block(network.settings()).map_err(|fault| anyhow!("the genesis block: {fault}"))?;
        let receipt =
            execute_block(&network, &genesis, &block).map_err(|fault| anyhow!("the genesis block: {fault}"))?;
        genesis.write(&receipt.changes)?;
        Ok(Self {
            network,
            state: (Vec::new(), genesis.clone()),
            genesis,
            receipt,
            headers: HashMap::new(),
            changes: HashMap::new(),
            chain: None,
        })
    }

    fn genesis_state(&self) -> Map<String, Value> {
        let engine = |trigger: &str, receipt| json!({"trigger": trigger, "outcome": outcome::outcome_without_changes(receipt, 0)});
        let engines =
            [engine("OnPersist", &self.receipt.on_persist), engine("PostPersist", &self.receipt.post_persist)];
        let storage: Map<String, Value> =
            self.genesis.iter().map(|(key, value)| (hex::encode(&**key), hex::encode(value).into())).collect();
        Map::from_iter([("engines".into(), engines.to_vec().into()), ("storage".into(), storage.into())])
    }

    fn case(&mut self, head: &Head, line: &[u8]) -> Result<Map<String, Value>> {
        let case: CaseLine = lines::parse(line)?;
        if let Some(id) = &head.id
            && !case.recorded_changes().is_empty()
        {
            self.changes.insert(id.clone(), batch(case.recorded_changes())?);
        }
        self.prepare(&case.pre)?;
        let inline;
        let header = match case.block.as_deref() {
            None => None,
            Some(name) => match self.headers.get(name) {
                Some(header) => Some(header),
                None => {
                    inline = Header::parse(&bytes("block", name)?).context("block")?;
                    Some(&inline)
                }
            },
        };
        let transaction = case
            .tx
            .as_ref()
            .map(|tx| Ok::<_, anyhow::Error>(Transaction::parse_lenient(&bytes("tx.raw", &tx.raw)?)?))
            .transpose()?;
        let container = match (&*case.container, &transaction, header) {
            ("tx", Some(transaction), _) => Container::Transaction(transaction),
            ("block", _, Some(header)) => Container::Block(header),
            ("none", ..) => Container::None,
            (other, ..) => bail!("container: {other:?}"),
        };
        let job = Job {
            trigger: trigger(&case.trigger)?,
            container,
            block: header.map(PersistingBlock::from),
            gas: case.gas,
            entry: Entry::Script {
                script: Script::from(bytes("script", &case.script)?),
                flags: CallFlags::from_bits(case.call_flags).context("callFlags")?,
            },
        };
        let receipt = execute(&self.network, &self.state.1, &job).map_err(|fault| anyhow!("{fault}"))?;
        Ok(Map::from_iter([("outcome".into(), outcome::outcome(&receipt, case.gas, &self.state.1))]))
    }

    fn verify(&mut self, line: &[u8]) -> Result<Map<String, Value>> {
        let line: VerifyLine = lines::parse(line)?;
        self.prepare(&line.pre)?;
        let transaction = Transaction::parse(&bytes("tx.raw", &line.tx.raw)?).context("tx.raw")?;
        let witness = Witness {
            invocation: bytes("invocation", &line.invocation)?.into(),
            verification: bytes("verification", &line.verification)?.into(),
        };
        let hash: Hash160 = line.hash.parse()?;
        let container = Container::Transaction(&transaction);
        let verdict = verify_witness(&self.network, &self.state.1, container, hash, &witness, line.datoshi);
        let verdict = verdict.map_err(|fault| anyhow!("{fault}"))?;
        let fee = verdict.ok.then(|| i64::try_from(verdict.fee.datoshi_ceil()).unwrap_or(i64::MAX));
        Ok(Map::from_iter([("ok".into(), verdict.ok.into()), ("fee".into(), fee.into())]))
    }

    /// Makes the state that has the changes of some cases.
    fn prepare(&mut self, pre: &[String]) -> Result<()> {
        if self.state.0 != pre {
            let mut state = self.genesis.clone();
            for id in pre {
                if let Some(changes) = self.changes.get(id) {
                    state.write(changes)?;
                }
            }
            self.state = (pre.to_vec(), state);
        }
        Ok(())
    }

    fn chain_start(&mut self) -> Map<String, Value> {
        self.chain = Some((self.genesis.clone(), true));
        digests(&self.genesis)
    }

    fn chain_block(&mut self, line: &[u8]) -> Result<Map<String, Value>> {
        let line: ChainBlockLine = lines::parse(line)?;
        let block = Block::parse(&bytes("blockHex", &line.block_hex)?).context("blockHex")?;
        // A chain starts behind its genesis block with a line of kind chainStart, or with that block; in that case
        // the recorded lines have no digests.
        if block.index == 0 {
            self.chain = Some((MemoryStore::default(), false));
        }
        let (state, has_digests) = self.chain.as_mut().context("the chain has not started")?;
        let receipt = execute_block(&self.network, state, &block).map_err(|fault| anyhow!("{fault}"))?;
        let mut fields = outcome::block(&block.hash().to_string(), &receipt, state);
        state.write(&receipt.changes)?;
        fields.extend(digests(state));
        if !*has_digests {
            fields.remove("stateDigest");
        }
        Ok(fields)
    }
}

/// The state root, and a digest of the whole state.
fn digests(state: &MemoryStore) -> Map<String, Value> {
    let root = Hash256(state_root(state.iter().filter(|(key, _)| key.contract() != LEDGER_ID)));
    let mut bytes = Vec::new();
    for (key, value) in state.iter() {
        for part in [&**key, &**value] {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend_from_slice(part);
        }
    }
    let digest = hex::encode(neovm::crypto::sha256(&bytes));
    Map::from_iter([("mptRoot".into(), root.to_string().into()), ("stateDigest".into(), digest.into())])
}

fn batch(changes: &[Change]) -> Result<Batch> {
    let change = |change: &Change| {
        let value = match (&*change.op, &change.value) {
            ("delete", _) => None,
            (_, Some(value)) => Some(Arc::from(bytes("value", value)?)),
            (op, None) => bail!("a change {op:?} without a value"),
        };
        Ok((Key::from_bytes(&bytes("key", &change.key)?), value))
    };
    changes.iter().map(change).collect()
}

fn trigger(name: &str) -> Result<Trigger> {
    Ok(match name {
        "OnPersist" => Trigger::OnPersist,
        "PostPersist" => Trigger::PostPersist,
        "Verification" => Trigger::Verification,
        "Application" => Trigger::Application,
        other => bail!("trigger: {other:?}"),
    })
}
