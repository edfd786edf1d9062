//! `neovm replay`: runs the blocks of a dump.

mod output;
mod roots;

use std::{
    fs::File,
    io::{BufReader, Read},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use anyhow::{Context, Result, anyhow, ensure};
use neovm::{
    Block, EngineConfig, Network,
    chain::{DumpError, DumpReader},
    host::genesis_block,
    storage::{ChainError, ChainState, FlushPolicy, MemoryPlace, Place, TrieMode},
};
use neovm_disk::{Disk, Settings};
use neovm_node::{
    Blockchain, BlockchainError, ExecutedBlock, config,
    verify::{BlockRefusal, InvalidHeader, PreverifiedBlock, Preverifier, VerifyLevel},
};

use self::{output::Output, roots::ExpectedRoots};
use crate::{engine::EngineKind, interrupt, progress::Progress, terminal};

/// How many blocks are read and verified ahead.
const READ_AHEAD: usize = 128;

/// How many of them are verified at a time, on all cores.
const TOGETHER: usize = 64;

/// Run the blocks of a dump, and print the state root after each
///
/// A dump is a file of blocks as neo-go (db dump) and the reference node (export blocks) write
/// it. The chain starts with the genesis block of the network. With --data it is kept in a
/// folder: blocks that are there already are skipped, whatever stopped the last run. Without,
/// it is kept in memory.
///
/// With --roots, the run stops at the first block after which the state root is another one,
/// and shows the storage changes of that block.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm replay chain.0.acc --config mainnet --data mainnet
  neovm replay chain.acc --config config.json --roots roots.jsonl --verify full")]
pub(crate) struct ReplayArgs {
    /// The dump
    #[arg(value_name = "FILE.acc")]
    dump: PathBuf,
    /// The network: mainnet, testnet, private, or the configuration file of a node, either
    /// config.json of the reference node or protocol.*.yml of neo-go
    #[arg(long, value_name = "FILE|NETWORK")]
    config: String,
    /// The folder that keeps the chain; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write blocks to the folder whenever there are this many, or after two seconds
    #[arg(long, value_name = "N", default_value_t = FlushPolicy::default().blocks, requires = "data")]
    sync_blocks: u32,
    /// The height of the last block to run
    #[arg(long, value_name = "N")]
    until: Option<u32>,
    /// Print a line of JSON for each block: {"block","hash","root","transactions","gas"},
    /// where gas is what the transactions consumed, in datoshi
    #[arg(long)]
    json: bool,
    /// The expected state roots: lines {"block","root"}, lines of a height and a root, or
    /// lines {"file","hardforks","roots"}, of which that of the dump and the configuration
    /// counts
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Write the application logs of each block that is run to a file, a line of JSON each
    #[arg(long, value_name = "FILE")]
    logs: Option<PathBuf>,
    /// Write the storage changes of each block that is run to a file, a line of JSON each,
    /// without the Ledger's, which have no part in the state root
    #[arg(long, value_name = "FILE")]
    changes: Option<PathBuf>,
    /// What of a block is verified: none, headers, or full: headers and transactions
    #[arg(long, value_name = "LEVEL", default_value_t)]
    verify: VerifyLevel,
    /// Keep the states after all blocks, not only after the last one
    #[arg(long)]
    full_state: bool,
    /// Compute no state roots, which an indexer may do without: entries, logs and changes are the
    /// same. A folder is made for one or the other
    #[arg(long, conflicts_with_all = ["roots", "full_state"])]
    no_state_root: bool,
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

impl ReplayArgs {
    fn trie_mode(&self) -> TrieMode {
        match (self.no_state_root, self.full_state) {
            (true, _) => TrieMode::None,
            (_, true) => TrieMode::Full,
            _ => TrieMode::Latest,
        }
    }
}

pub(crate) fn execute(args: &ReplayArgs) -> Result<ExitCode> {
    let settings = config::load(&args.config)?;
    let file = File::open(&args.dump).with_context(|| format!("cannot read {}", args.dump.display()))?;
    ensure!(!args.dump.is_dir(), "{} is a folder, not a dump", args.dump.display());
    let dump = DumpReader::new(BufReader::with_capacity(1 << 20, file)).map_err(|error| in_dump(args, error))?;
    let expected = args.roots.as_deref().map(|path| roots::read(path, &args.dump, &settings.hardforks));
    let expected = expected.transpose()?.unwrap_or_default();
    let network = Arc::new(Network::with_engine(settings, args.engine.config(EngineConfig::default())));
    let trie_mode = args.trie_mode();
    match &args.data {
        None => {
            let place = Arc::new(MemoryPlace::new(trie_mode));
            replay(args, dump, network, place, FlushPolicy::ON_DEMAND, expected)
        }
        Some(folder) => {
            let settings = Settings { network: network.settings().network, trie_mode, ..Settings::default() };
            let policy = FlushPolicy { blocks: args.sync_blocks, ..FlushPolicy::default() };
            replay(args, dump, network, Arc::new(Disk::open(folder, settings)?), policy, expected)
        }
    }
}

fn replay(
    args: &ReplayArgs,
    dump: DumpReader<BufReader<File>>,
    network: Arc<Network>,
    place: Arc<dyn Place>,
    policy: FlushPolicy,
    expected: ExpectedRoots,
) -> Result<ExitCode> {
    let chain = Blockchain::open(network, ChainState::open(place, policy)?)?;
    let progress = Progress::new(Some(dump.block_count().into()), "blocks");
    let mut run = Replay { args, chain, expected, output: Output::new(args)?, progress };
    let ran = run.genesis().and_then(|()| run.blocks(dump));
    // Whatever ended it, the blocks before are kept.
    let finished = run.finish();
    match ran.and_then(|interrupted| finished.map(|()| interrupted)) {
        Ok(true) => Ok(ExitCode::from(interrupt::INTERRUPTED)),
        Ok(false) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(run.explain(error)),
    }
}

/// A replay under way.
struct Replay<'a> {
    args: &'a ReplayArgs,
    chain: Blockchain,
    expected: ExpectedRoots,
    output: Output,
    progress: Progress,
}

impl Replay<'_> {
    /// Begins the chain, if it is empty.
    fn genesis(&mut self) -> Result<()> {
        if self.chain.height().is_some() {
            return Ok(());
        }
        let block = genesis_block(self.chain.network().settings()).map_err(|fault| anyhow!("{fault}"))?;
        let executed = self.chain.execute(&block, self.args.verify)?;
        self.append(&block, executed)
    }

    /// Runs the blocks of a dump that are not there yet, up to --until. Returns whether Ctrl-C stopped it.
    fn blocks(&mut self, dump: DumpReader<BufReader<File>>) -> Result<bool> {
        let stop = interrupt::flag();
        let until = self.args.until.unwrap_or(u32::MAX);
        let next = self.chain.height().map_or(0, |height| height + 1);
        let (network, last) = (Arc::clone(self.chain.network()), self.chain.last_header().cloned());
        let mut preverifier = Preverifier::new(network, last, self.args.verify);
        thread::scope(|scope| {
            let (sender, blocks) = sync_channel(READ_AHEAD);
            scope.spawn(move || {
                let mut dump = dump;
                let mut is_over = false;
                while !is_over {
                    let (blocks, error) = read_blocks(&mut dump, next);
                    is_over = blocks.len() < TOGETHER;
                    if is_over && error.is_none() && dump.has_more().is_ok_and(|more| more) {
                        terminal::warn("there is more in the dump than its blocks: it is not read");
                    }
                    let verified = preverifier.verify_all(blocks).into_iter().map(Ok);
                    // An error is the last thing that is sent.
                    is_over |= verified.chain(error.map(Err)).any(|block| sender.send(block).is_err());
                }
            });
            self.receive(blocks, until, || stop.load(Ordering::Relaxed))
        })
    }

    fn receive(
        &mut self,
        blocks: Receiver<Result<PreverifiedBlock, DumpError>>,
        until: u32,
        stop: impl Fn() -> bool,
    ) -> Result<bool> {
        for block in blocks {
            let block = block.map_err(|error| in_dump(self.args, error))?;
            if block.block().index > until {
                return Ok(false);
            }
            if stop() {
                return Ok(true);
            }
            let executed = self.chain.execute_preverified(&block)?;
            self.append(block.block(), executed)?;
        }
        Ok(false)
    }

    /// Makes a block that was executed the last one.
    fn append(&mut self, block: &Block, executed: ExecutedBlock) -> Result<()> {
        let expected = self.expected.get(block.index);
        self.output.executed(block, &executed, self.chain.state(), expected.is_some())?;
        self.chain.append(executed, expected)?;
        if self.args.no_state_root {
            return self.output.done(block.index, None, &self.progress);
        }
        self.show(false)
    }

    /// Shows the blocks whose roots are known.
    fn show(&mut self, wait: bool) -> Result<()> {
        for (height, root) in self.chain.take_roots(wait)? {
            self.output.done(height, Some(root), &self.progress)?;
        }
        Ok(())
    }

    /// Shows and writes all that is left.
    fn finish(&mut self) -> Result<()> {
        self.show(true)?;
        self.chain.flush()?;
        self.output.finish(self.chain.height(), &self.progress)
    }

    /// Shows the storage changes of a block with another state root, and says more about a dump of another chain.
    fn explain(&mut self, error: anyhow::Error) -> anyhow::Error {
        let in_chain = match error.downcast_ref() {
            Some(BlockchainError::Chain(error)) => Some(error),
            _ => error.downcast_ref(),
        };
        if let Some(ChainError::WrongRoot { height, .. }) = in_chain {
            return match self.output.show_changes(*height, &self.progress) {
                Ok(()) => error,
                Err(unshown) => unshown,
            };
        }
        match error.downcast_ref() {
            Some(BlockchainError::Refused {
                refusal: BlockRefusal::Header(InvalidHeader::PreviousHash { .. }),
                ..
            }) => error.context("the dump is of another chain"),
            _ => error,
        }
    }
}

/// Reads the next blocks from a height on: as many as are verified together, unless the dump ends or an error comes.
fn read_blocks(dump: &mut DumpReader<impl Read>, from: u32) -> (Vec<Block>, Option<DumpError>) {
    let mut blocks = Vec::with_capacity(TOGETHER);
    while blocks.len() < TOGETHER {
        match dump.next_from(from) {
            Ok(Some(block)) => blocks.push(block),
            Ok(None) => break,
            Err(error) => return (blocks, Some(error)),
        }
    }
    (blocks, None)
}

/// An error of the dump.
fn in_dump(args: &ReplayArgs, error: DumpError) -> anyhow::Error {
    anyhow!("{}: {error}", args.dump.display())
}
