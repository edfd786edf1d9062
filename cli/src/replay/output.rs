//! What a replay prints and writes.

use std::{
    collections::VecDeque,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use neovm::{Block, Hash256, Store};
use neovm_node::{ApplicationLogs, Change, ExecutedBlock, changes_line};

use super::ReplayArgs;
use crate::{
    diff,
    json::push,
    place::line,
    progress::Progress,
    show::{self, count},
    terminal,
};

/// How long lines wait until they are printed together.
const DELAY: Duration = Duration::from_millis(100);

/// How many bytes of lines wait at most.
const BUFFER: usize = 1 << 16;

/// A block whose state root is not known yet.
struct Pending {
    height: u32,
    hash: Hash256,
    transactions: usize,
    /// What the transactions consumed, in datoshi.
    gas: u128,
    /// What it changes, if that may be asked for.
    changes: Vec<Change>,
}

/// A file of lines.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

/// What was run, and where it is shown.
pub(super) struct Output {
    json: bool,
    logs: Option<Lines>,
    changes: Option<Lines>,
    pending: VecDeque<Pending>,
    /// What is to be printed, and since when it waits.
    text: String,
    printed: Instant,
    begun: Instant,
    blocks: u64,
    transactions: u64,
}

impl Output {
    pub(super) fn new(args: &ReplayArgs) -> Result<Self> {
        let lines = |path: &Option<PathBuf>| path.as_deref().map(Lines::create).transpose();
        let now = Instant::now();
        Ok(Self {
            json: args.json,
            logs: lines(&args.logs)?,
            changes: lines(&args.changes)?,
            pending: VecDeque::new(),
            text: String::new(),
            printed: now,
            begun: now,
            blocks: 0,
            transactions: 0,
        })
    }

    /// Takes note of a block that was executed over a state.
    pub(super) fn executed(
        &mut self,
        block: &Block,
        executed: &ExecutedBlock,
        before: &dyn Store,
        keep_changes: bool,
    ) -> Result<()> {
        let receipt = executed.receipt();
        if let Some(logs) = &mut self.logs {
            logs.write(&ApplicationLogs::new(block, receipt).line())?;
        }
        let mut changes = Vec::new();
        if keep_changes || self.changes.is_some() {
            changes = executed.net_changes(before)?;
        }
        if let Some(lines) = &mut self.changes {
            lines.write(&changes_line(block.index, &changes))?;
        }
        let gas = receipt.transactions.iter().map(|receipt| receipt.gas_consumed.datoshi_ceil()).sum();
        let transactions = block.transactions().len();
        self.pending.push_back(Pending { height: block.index, hash: block.hash(), transactions, gas, changes });
        Ok(())
    }

    /// Shows a block, now that its state root is known, or if none is computed.
    pub(super) fn done(&mut self, height: u32, root: Option<Hash256>, progress: &Progress) -> Result<()> {
        let Some(Pending { hash, transactions, gas, .. }) = self.take(height) else { return Ok(()) };
        self.blocks += 1;
        self.transactions += transactions as u64;
        let text = if self.json {
            let root = root.map_or("null".into(), |root| format!("\"{root}\""));
            format!(
                "{{\"block\":{height},\"hash\":\"{hash}\",\"root\":{root},\"transactions\":{transactions},\"gas\":\"{gas}\"}}\n"
            )
        } else {
            let root = root.map_or(String::new(), |root| format!("{root}  "));
            format!("{height:>8}  {root}{}, {} GAS\n", count(transactions as u64, "transaction"), show::gas(gas))
        };
        self.text.push_str(&text);
        if self.text.len() >= BUFFER || self.printed.elapsed() >= DELAY {
            let [blocks, transactions] = self.rates();
            progress.note(format!(", {blocks:.0} blocks/s, {transactions:.0} transactions/s"));
            progress.set(self.blocks);
            self.print(progress)?;
        }
        Ok(())
    }

    /// Takes the pending block of a height, and forgets those before it.
    fn take(&mut self, height: u32) -> Option<Pending> {
        while let Some(block) = self.pending.pop_front() {
            if block.height == height {
                return Some(block);
            }
        }
        None
    }

    /// Blocks and transactions a second.
    fn rates(&self) -> [f64; 2] {
        let seconds = self.begun.elapsed().as_secs_f64();
        [self.blocks, self.transactions].map(|number| number as f64 / seconds)
    }

    /// Shows what a block changes, whose state root is not the expected one.
    pub(super) fn show_changes(&mut self, height: u32, progress: &Progress) -> Result<()> {
        let Some(Pending { changes, .. }) = self.take(height) else { return Ok(()) };
        if self.json {
            push(&mut self.text, format_args!("{}\n", changes_line(height, &changes)));
        } else {
            line(&mut self.text, "block", &height.to_string());
            diff::push_net_changes(&mut self.text, &changes, diff::contract_name);
        }
        self.print(progress)
    }

    /// Ends the files, and says what was done.
    pub(super) fn finish(&mut self, height: Option<u32>, progress: &Progress) -> Result<()> {
        for lines in [&mut self.logs, &mut self.changes].into_iter().flatten() {
            lines.flush()?;
        }
        if !self.json {
            let (ran, seconds) = (count(self.blocks, "block"), self.begun.elapsed().as_secs_f64());
            let [blocks, transactions] = self.rates();
            let of = count(self.transactions, "transaction");
            push(&mut self.text, format_args!("ran {ran} with {of} in {seconds:.2} s, "));
            push(&mut self.text, format_args!("{blocks:.0} blocks/s and {transactions:.0} transactions/s; "));
            let height = height.map_or("empty".into(), |height| format!("at height {height}"));
            push(&mut self.text, format_args!("the chain is {height}\n"));
        }
        self.print(progress)
    }

    fn print(&mut self, progress: &Progress) -> Result<()> {
        let print = || {
            let mut out = terminal::output();
            out.write_all(self.text.as_bytes()).and_then(|()| out.flush())
        };
        progress.suspend(print).context("cannot write to standard output")?;
        self.text.clear();
        self.printed = Instant::now();
        Ok(())
    }
}

impl Lines {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.into(), file: BufWriter::new(file) })
    }

    fn write(&mut self, line: &str) -> Result<()> {
        writeln!(self.file, "{line}").with_context(|| self.failed())
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush().with_context(|| self.failed())
    }

    fn failed(&self) -> String {
        format!("cannot write {}", self.path.display())
    }
}
