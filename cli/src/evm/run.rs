//! `neovm evm run`: some code, or a contract among given accounts.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use neovm::storage::{Layer, MemoryStore};
use neovm_evm::{
    Alloc, BlockEnv, Evm, Fork, Message, Receipt, Trace, TraceFields, World, parse_quantity,
    primitives::{Address, Bytes, TxKind, U256, hex},
    read_json, revert_reason,
};
use serde::de::IgnoredAny;
use serde_json::json;

use super::code::{self, CodeSource};
use crate::{
    input::{MAX_TEXT, name_of, read_limited},
    terminal,
};

/// Where geth puts the sender and the code.
pub(super) const SENDER: Address = Address::new(*b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0sender");
const RECEIVER: Address = Address::new(*b"\0\0\0\0\0\0\0\0\0\0\0\0receiver");

/// Run Ethereum bytecode
///
/// The code is called as a contract of its own, or with --create makes one. There is no
/// transaction around it: no fee is paid, and the gas is that of the code alone, as with geth's
/// `evm run`. The output is written in hexadecimal digits.
///
/// The exit code is 0 if the code ends well and 3 if it reverts or halts; with --json it is 0 for
/// all of these.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm evm run 600a601401
  neovm evm run contract.bin --input 0xa9059cbb --gas 100000 --trace
  neovm evm run init.hex --create --json")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    source: CodeSource,
    /// The data of the call
    #[arg(long, value_name = "HEX", value_parser = code::bytes, default_value = "")]
    input: Bytes,
    /// The gas limit
    #[arg(long, value_name = "N", default_value_t = 10_000_000_000)]
    gas: u64,
    /// What GASPRICE pushes, in wei
    #[arg(long, value_name = "N", default_value_t = 0)]
    gas_price: u128,
    /// What the sender pays, in wei. Without --prestate the sender has it
    #[arg(long, value_name = "N", value_parser = parse_quantity::<U256>, default_value = "0")]
    value: U256,
    /// The account that calls
    #[arg(long, value_name = "ADDRESS", value_parser = code::address, default_value_t = SENDER)]
    sender: Address,
    /// The account that is called and has the code
    #[arg(long, value_name = "ADDRESS", value_parser = code::address, default_value_t = RECEIVER)]
    receiver: Address,
    /// Make a contract: the code, with the input behind it, returns the contract's code
    #[arg(long)]
    create: bool,
    /// Accounts that are there before: JSON as geth's alloc.json, or a genesis file
    #[arg(long, value_name = "FILE")]
    prestate: Option<PathBuf>,
    /// By which fork's rules
    #[arg(long, value_name = "NAME", value_parser = code::fork, default_value_t = Fork::LATEST)]
    fork: Fork,
    /// Write a line of JSON for each instruction, as EIP-3155 has them, on standard error
    #[arg(long)]
    trace: bool,
    /// With the memory on each of these lines
    #[arg(long, requires = "trace")]
    trace_memory: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Write the accounts that are there afterwards
    #[arg(long)]
    dump: bool,
    /// Run for a second, and say how long a run takes
    #[arg(long)]
    bench: bool,
}

impl RunArgs {
    fn message(&self, code: &Bytes) -> Message {
        let (to, input) = if self.create {
            (TxKind::Create, [&code[..], &self.input[..]].concat().into())
        } else {
            (TxKind::Call(self.receiver), self.input.clone())
        };
        Message { caller: self.sender, to, value: self.value, input, gas: self.gas, is_static: false }
    }

    /// A block of zeros, but for what the code is given and what is never zero.
    fn block(&self) -> BlockEnv {
        BlockEnv { gas_limit: self.gas, timestamp: U256::ZERO, ..BlockEnv::default() }
    }

    /// Puts the accounts where the code will run.
    fn set_up(&self, evm: &Evm, layer: &std::rc::Rc<Layer<'_>>, code: &Bytes) -> Result<()> {
        let state = evm.state(layer);
        match &self.prestate {
            Some(path) => state.add(&read_alloc(path)?)?,
            None => state.set_account(self.sender, 0, self.value, &[])?,
        }
        if !self.create {
            ensure!(
                !self.fork.is_precompile(self.receiver),
                "{} is a precompiled contract of {}, which would run in place of the code",
                self.receiver,
                self.fork
            );
            let former = state.account(self.receiver)?;
            let (nonce, balance) = former.map_or((0, U256::ZERO), |account| (account.nonce, account.balance));
            state.set_account(self.receiver, nonce, balance, code)?;
        }
        Ok(())
    }
}

/// The names of an object's fields.
type Fields = BTreeMap<String, IgnoredAny>;

/// Reads accounts: an object of them, or one that has them as `alloc`.
pub(crate) fn read_alloc(path: &Path) -> Result<Alloc> {
    #[derive(serde::Deserialize)]
    struct Genesis {
        alloc: Alloc,
    }
    let text = read_limited(path, MAX_TEXT)?;
    let is_genesis = serde_json::from_slice::<Fields>(&text).is_ok_and(|fields| fields.contains_key("alloc"));
    let accounts = if is_genesis { read_json::<Genesis>(&text).map(|genesis| genesis.alloc) } else { read_json(&text) };
    accounts.map_err(|error| anyhow!("{} holds no accounts: {error}", name_of(path)))
}

pub(crate) fn execute(args: &RunArgs) -> Result<ExitCode> {
    let code = args.source.read()?;
    let evm = Evm::new(args.fork, 1);
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    args.set_up(&evm, &layer, &code)?;
    let message = args.message(&code);
    if args.bench {
        return bench(args, &evm, &layer, &message);
    }
    let (world, block) = (World::new(&layer), args.block());
    let begun = Instant::now();
    let receipt = if args.trace {
        let fields = TraceFields { memory: args.trace_memory, ..TraceFields::default() };
        let mut trace = Trace::new(BufWriter::new(io::stderr().lock()), fields);
        let receipt = evm.call_inspected(&world, &block, &message, args.gas_price, &mut trace)?;
        trace.finish().context("cannot write to standard error")?;
        receipt
    } else {
        evm.call(&world, &block, &message, args.gas_price)?
    };
    let elapsed = begun.elapsed();
    let dump = args.dump.then(|| evm.state(&layer).dump()).transpose()?;
    report(&receipt, dump, elapsed, args.json)
}

/// Writes what came of it, and says with which exit code the command ends.
pub(super) fn report(receipt: &Receipt, dump: Option<Alloc>, elapsed: Duration, json: bool) -> Result<ExitCode> {
    let text = if json { json_text(receipt, dump, elapsed)? } else { plain_text(receipt, dump)? };
    terminal::write(&text)?;
    Ok(if receipt.status.is_success() || json { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

fn plain_text(receipt: &Receipt, dump: Option<Alloc>) -> Result<String> {
    let Receipt { status, gas_used, gas_refunded, logs, output, created, .. } = receipt;
    let mut text = format!("{}\n{status}, {gas_used} gas used", hex::encode_prefixed(output));
    if *gas_refunded > 0 {
        text += &format!(", {gas_refunded} to be refunded");
    }
    text.push('\n');
    if !status.is_success()
        && let Some(reason) = revert_reason(output)
    {
        text += &format!("reason: {reason}\n");
    }
    created.iter().for_each(|address| text += &format!("created {address}\n"));
    for log in logs {
        let topics: Vec<_> = log.topics().iter().map(ToString::to_string).collect();
        text += &format!("log of {} [{}] {}\n", log.address, topics.join(", "), log.data.data);
    }
    if let Some(accounts) = dump {
        text += &format!("{}\n", serde_json::to_string_pretty(&accounts)?);
    }
    Ok(text)
}

fn json_text(receipt: &Receipt, dump: Option<Alloc>, elapsed: Duration) -> Result<String> {
    let Receipt { status, gas_used, gas_refunded, logs, output, created, .. } = receipt;
    let logs: Vec<_> = logs
        .iter()
        .map(|log| json!({ "address": log.address, "topics": log.topics(), "data": log.data.data }))
        .collect();
    let mut json = json!({
        "status": status.to_string(),
        "output": output,
        "gasUsed": gas_used,
        "gasRefunded": gas_refunded,
        "logs": logs,
        "elapsed": elapsed.as_secs_f64(),
    });
    if let Some(reason) = revert_reason(output).filter(|_| !status.is_success()) {
        json["reason"] = reason.into();
    }
    if let Some(created) = created {
        json["created"] = json!(created);
    }
    if let Some(accounts) = dump {
        json["accounts"] = json!(accounts);
    }
    Ok(serde_json::to_string(&json)? + "\n")
}

/// How long the code is run.
const BENCH: Duration = Duration::from_secs(1);

/// Runs the code again and again, each time over the same accounts.
fn bench(args: &RunArgs, evm: &Evm, layer: &std::rc::Rc<Layer<'_>>, message: &Message) -> Result<ExitCode> {
    let block = args.block();
    let (begun, mut times) = (Instant::now(), Vec::new());
    let mut gas = 0;
    while times.is_empty() || begun.elapsed() < BENCH {
        let above = Layer::above(layer);
        let run = Instant::now();
        let receipt = evm.call(&World::new(&above), &block, message, args.gas_price)?;
        times.push(run.elapsed());
        ensure!(receipt.status.is_success(), "the code {}", receipt.status);
        gas = receipt.gas_used;
    }
    times.sort_unstable();
    let (least, median) = (times[0], times[times.len() / 2]);
    let (runs, speed) = (times.len(), gas as f64 / least.as_secs_f64());
    let text = if args.json {
        let (median, least) = (median.as_secs_f64(), least.as_secs_f64());
        let json = json!({ "runs": runs, "gasUsed": gas, "median": median, "least": least, "gasPerSecond": speed });
        format!("{json}\n")
    } else {
        let millions = speed / 1e6;
        format!(
            "{runs} runs of {gas} gas: {median:.1?} (median), {least:.1?} (least), {millions:.1} million gas a second\n"
        )
    };
    terminal::write(&text)?;
    Ok(ExitCode::SUCCESS)
}
