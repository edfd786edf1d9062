//! `neovm verify`: transactions, as a node verifies them that is sent them.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufReader, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use neovm::{
    Chain, EngineConfig, Network, ProtocolSettings,
    chain::{DumpReader, Transaction},
    types::hexadecimal,
};
use neovm_node::{
    config,
    verify::{Pool, VerifyResult, network_fee},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{engine::EngineKind, lines, progress::Progress};

/// Verify transactions, from standard input to standard output
///
/// The blocks of a dump are executed in memory. Then each line of the input is a
/// transaction that a node is sent whose pool is empty:
///   {"name","raw":HEX,"pool":[HEX,..]}
/// Only "raw" is required, and other fields are ignored. The transactions of the pool are
/// sent before, in their order, and are there if they are valid. The answer is a line
///   {"name","ok","result","networkfee"}
/// with a VerifyResult of the C# node, and the network fee that its RPC calculatenetworkfee
/// answers, in datoshi. Of bytes that are no transaction the result is null and "error" says
/// why; if there is no network fee it is null.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
#[command(after_help = "Examples:
  neovm verify --dump chain.acc --blocks 10 --config config.json < transactions.jsonl")]
pub(crate) struct VerifyArgs {
    /// The dump of the chain
    #[arg(long, value_name = "FILE.acc")]
    dump: PathBuf,
    /// The number of blocks that the chain has, the genesis block among them; all of the
    /// dump unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    blocks: Option<u32>,
    /// The network: mainnet, testnet or private, config.json of the C# node, or a .yml file
    /// of neo-go
    #[arg(long, value_name = "FILE", value_parser = config::load)]
    config: ProtocolSettings,
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

/// A line of the input.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    name: Value,
    #[serde(borrow)]
    raw: Cow<'a, str>,
    #[serde(default, borrow)]
    pool: Option<Vec<Pooled<'a>>>,
}

/// A transaction of the pool, alone or with what was answered.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a transaction of the pool is neither hexadecimal digits nor an object with \"raw\"")]
enum Pooled<'a> {
    Alone(#[serde(borrow)] Cow<'a, str>),
    Answered {
        #[serde(borrow)]
        raw: Cow<'a, str>,
    },
}

impl Pooled<'_> {
    fn raw(&self) -> &str {
        match self {
            Self::Alone(raw) | Self::Answered { raw } => raw,
        }
    }
}

/// A line of the output.
#[derive(Serialize)]
struct Answer {
    name: Value,
    ok: bool,
    result: Option<&'static str>,
    networkfee: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(crate) fn execute(args: &VerifyArgs) -> Result<ExitCode> {
    let network = Network::with_engine(args.config.clone(), args.engine.config(EngineConfig::default()));
    let chain = read_chain(network, &args.dump, args.blocks)
        .with_context(|| format!("cannot execute {}", args.dump.display()))?;
    let progress = (!io::stdout().is_terminal()).then(|| Progress::new(None, "transactions"));
    let moved = |count| progress.iter().for_each(|progress| progress.set(count));
    let counts = lines::answer_lines(moved, |line, out| {
        out.push_str(&serde_json::to_string(&answer(&chain, line)?)?);
        Ok(())
    })?;
    drop(progress);
    counts.check()?;
    Ok(ExitCode::SUCCESS)
}

/// Executes the blocks of a dump, none of which is verified.
fn read_chain(network: Network, dump: &Path, blocks: Option<u32>) -> Result<Chain> {
    let mut chain = Chain::with_network(Arc::new(network))?;
    let mut height = 0;
    for block in DumpReader::new(BufReader::new(File::open(dump)?))? {
        if blocks.is_some_and(|blocks| height + 1 == blocks) {
            break;
        }
        let block = block?;
        if block.index == 0 {
            let genesis = chain.last_header()?.hash();
            ensure!(block.hash() == genesis, "block 0 is {}, of the network it is {genesis}", block.hash());
            continue;
        }
        ensure!(block.index == height + 1, "block {} comes after block {height}", block.index);
        chain.persist(&block).with_context(|| format!("block {}", block.index))?;
        height = block.index;
    }
    let missing = blocks.filter(|blocks| *blocks > height + 1);
    ensure!(missing.is_none(), "it ends at height {height}, there are not {} blocks", missing.unwrap_or_default());
    Ok(chain)
}

/// Verifies the transaction of a line.
fn answer(chain: &Chain, line: &[u8]) -> Result<Answer> {
    let line: Line<'_> = lines::parse(line)?;
    let (network, store) = (chain.network(), chain.store());
    let mut pool = Pool::new();
    for (i, pooled) in line.pool.iter().flatten().enumerate() {
        let transaction = transaction(pooled.raw()).with_context(|| format!("pool[{i}]"))?;
        pool.try_add(network, store, Arc::new(transaction))?;
    }
    let transaction = match transaction(&line.raw) {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = Some(format!("{error:#}"));
            return Ok(Answer { name: line.name, ok: false, result: None, networkfee: None, error });
        }
    };
    let networkfee = network_fee(network, store, &transaction).ok();
    let result = pool.try_add(network, store, Arc::new(transaction))?;
    let ok = result == VerifyResult::Succeed;
    Ok(Answer { name: line.name, ok, result: Some(result.name()), networkfee, error: None })
}

fn transaction(raw: &str) -> Result<Transaction> {
    let bytes = hexadecimal::decode(raw).context("is not hexadecimal")?;
    Ok(Transaction::parse(&bytes)?)
}
