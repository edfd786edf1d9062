//! Makes a chain of signed transactions for measuring how fast nodes follow one.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin synthetic-chain -- OUT [--blocks 20000]
//!     [--transactions 20] [--accounts 1000]
//! ```
//!
//! Writes `chain.acc`, a dump that the C# node, neo-go and neovm import, and the network's
//! configuration for each: `config.json` and `protocol.yml`. The same arguments make the same
//! chain, byte for byte.
//!
//! The first blocks distribute GAS, deploy four contracts (two NEP-17 tokens, a NEP-11 token and an
//! exchange, see `bench/data/contracts`) and distribute the tokens. In the blocks that follow, of
//! 20 transactions 8 transfer GAS, 6 a NEP-17 token, 3 a NEP-11 token, and 3 swap the tokens at
//! the exchange. One transfer in ten goes to a new account, so that the state grows. All fees are
//! those that a node asks for, every signature is valid, and no transaction faults.

#![forbid(unsafe_code)]

mod accounts;
mod contracts;
mod network;
mod producer;
mod workload;

use std::{
    env, fs,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use neovm_bench::exit_code;
use neovm_node::config;

use crate::{producer::Producer, workload::Workload};

pub(crate) type Error = Box<dyn std::error::Error>;

/// What chain to make.
struct Arguments {
    folder: PathBuf,
    blocks: u32,
    transactions: usize,
    accounts: usize,
}

impl Arguments {
    fn parse() -> Result<Self, Error> {
        let (mut folder, mut blocks, mut transactions, mut accounts) = (None, 20_000, 20, 1000);
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut number = || -> Result<u32, Error> {
                let value = arguments.next().ok_or_else(|| format!("{argument} needs a number"))?;
                value.parse().map_err(|error| format!("{argument} {value}: {error}").into())
            };
            match argument.as_str() {
                "--blocks" => blocks = number()?,
                "--transactions" => transactions = number()? as usize,
                "--accounts" => accounts = number()? as usize,
                path if folder.is_none() && !path.starts_with('-') => folder = Some(path.into()),
                other => return Err(format!("unexpected argument {other}").into()),
            }
        }
        let folder = folder.ok_or("a folder to write to is missing")?;
        if !(2..=500_000).contains(&accounts) || !(1..=network::MAX_TRANSACTIONS as usize).contains(&transactions) {
            return Err("from 2 to 500,000 accounts and from 1 to 512 transactions a block are possible".into());
        }
        Ok(Self { folder, blocks, transactions, accounts })
    }
}

fn main() -> ExitCode {
    exit_code(run().map(|()| ExitCode::SUCCESS))
}

fn run() -> Result<(), Error> {
    let arguments = Arguments::parse()?;
    let settings = network::settings()?;
    fs::create_dir_all(&arguments.folder)?;
    fs::write(arguments.folder.join("config.json"), config::to_csharp(&settings)?)?;
    fs::write(arguments.folder.join("protocol.yml"), network::protocol_yml(&settings))?;

    let mut producer = Producer::new(settings)?;
    let mut workload = Workload::new(arguments.accounts)?;
    let mut dump = Dump::create(&arguments.folder.join("chain.acc"))?;
    dump.write(&producer.genesis()?.to_bytes())?;
    for transactions in workload.set_up()? {
        dump.write(&producer.produce(transactions)?)?;
    }
    let first = dump.count;
    while dump.count <= first.max(arguments.blocks) {
        let transactions = workload.next_block(arguments.transactions);
        dump.write(&producer.produce(transactions)?)?;
        if dump.count.is_multiple_of(1000) {
            println!("{} blocks", dump.count);
        }
    }
    let blocks = dump.count - 1;
    dump.finish()?;
    println!("{blocks} blocks behind the genesis block, {} transactions", producer.transaction_count());
    Ok(())
}

/// A dump that is being written. Its number of blocks is known at the end.
struct Dump {
    output: BufWriter<File>,
    count: u32,
}

impl Dump {
    fn create(path: &Path) -> Result<Self, Error> {
        let mut output = BufWriter::new(File::create(path)?);
        output.write_all(&[0; 4])?;
        Ok(Self { output, count: 0 })
    }

    fn write(&mut self, block: &[u8]) -> Result<(), Error> {
        self.output.write_all(&u32::try_from(block.len())?.to_le_bytes())?;
        self.output.write_all(block)?;
        self.count += 1;
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        use std::os::unix::fs::FileExt;
        self.output.into_inner()?.write_all_at(&self.count.to_le_bytes(), 0)?;
        Ok(())
    }
}
