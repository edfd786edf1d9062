//! Measures how long the blocks of a short chain take, again and again in one process, as the
//! recorded figures of the C# node were measured.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin replay-blocks -- FILE.acc CONFIG [--rounds 300]
//! ```
//!
//! The blocks were read and hashed before. Each round starts from nothing and executes them all, on one
//! thread and over a store in memory; nothing is verified. `roots` adds the state root after each
//! block. The first round of a process finds nothing prepared: natives, contracts and scripts are
//! decoded, memory is asked for.

#![forbid(unsafe_code)]

use std::{
    env,
    fs::File,
    io::BufReader,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use neovm::{
    Block, MemoryStore, Network, ProtocolSettings,
    chain::DumpReader,
    host::{execute_block_as_a_whole, genesis_block, native::LEDGER_ID},
    storage::{NodeHash, Trie, WriteStore},
};
use neovm_bench::exit_code;
use neovm_node::config;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    exit_code(run().map(|()| ExitCode::SUCCESS))
}

fn run() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (dump, config, rounds) = match &arguments[..] {
        [dump, config] => (dump, config, 300),
        [dump, config, option, rounds] if option == "--rounds" => (dump, config, rounds.parse()?),
        _ => return Err("usage: replay-blocks FILE.acc CONFIG [--rounds N]".into()),
    };
    let settings = config::load(config)?;
    let blocks = blocks(dump, &settings)?;
    println!("{} blocks, milliseconds a block", blocks.len());
    println!("{:<10} {:>8} {:>8} {:>8} {:>8}", "", "first", "min", "median", "max");
    let mut root = NodeHash::default();
    for with_roots in [false, true] {
        let network = Arc::new(Network::new(settings.clone()));
        let mut times = Vec::new();
        for _ in 0..rounds.max(1) {
            let time;
            (time, root) = follow(&network, &blocks, with_roots)?;
            times.push(time.as_secs_f64() * 1e3 / blocks.len() as f64);
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        let (min, median, max) = (times[0], times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{:<10} {first:>8.4} {min:>8.4} {median:>8.4} {max:>8.4}",
            if with_roots { "roots" } else { "no roots" }
        );
    }
    println!("the last root is 0x{}", root.iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>());
    Ok(())
}

/// The blocks of a dump, from the genesis block on.
fn blocks(dump: &str, settings: &ProtocolSettings) -> Result<Vec<Block>, Error> {
    let mut blocks: Vec<Block> = DumpReader::new(BufReader::new(File::open(dump)?))?.collect::<Result<_, _>>()?;
    if blocks.first().is_some_and(|first| first.index > 0) {
        blocks.insert(0, genesis_block(settings)?);
    }
    Ok(blocks)
}

/// Executes all blocks, and returns the time and the last state root.
fn follow(network: &Network, blocks: &[Block], with_roots: bool) -> Result<(Duration, NodeHash), Error> {
    let mut store = MemoryStore::default();
    let mut trie = Trie::new((), None);
    let mut root = NodeHash::default();
    let begun = Instant::now();
    for block in blocks {
        let receipt = execute_block_as_a_whole(network, &store, block)?;
        if with_roots {
            let changes = receipt.changes.iter().filter(|(key, _)| key.contract() != LEDGER_ID);
            root = trie.apply(changes.map(|(key, value)| (key, value.as_ref())))?;
        }
        store.write(&receipt.changes)?;
    }
    Ok((begun.elapsed(), root))
}
