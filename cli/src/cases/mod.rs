//! `neovm cases`: recorded executions of a node, line by line.

mod outcome;
mod read;
mod world;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::Result;

use self::world::World;
use crate::{engine::EngineKind, lines, progress::Progress};

/// Run recorded executions of a node, from standard input to standard output
///
/// The input is conformance data for implementers of Neo N3: lines of JSON, each of a "kind".
/// Lines of kind settings and block say what follows is run with. Each line of kind genesisState,
/// case, verify, chainStart and chainBlock is answered, in order, with a line that has its "kind",
/// "settings" and "id" and
///   genesisState  "engines", "storage"
///   case          "outcome"
///   verify        "ok", "fee"
///   chainStart    "mptRoot", "stateDigest"
///   chainBlock    "hash", "onPersist", "txs", "postPersist", "changes", "mptRoot", "stateDigest"
/// or "error". A chain begins with chainStart, behind the genesis block, or with the genesis
/// block itself; then there is no "stateDigest". A case runs on the state after the genesis
/// block with the recorded changes of the cases in its "pre"; other recorded outcomes are not
/// read.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
#[command(after_help = "Examples:
  neovm cases < cases.jsonl > results.jsonl
  neovm cases --engine interp < cases.jsonl")]
pub(crate) struct CasesArgs {
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

pub(crate) fn execute(args: &CasesArgs) -> Result<ExitCode> {
    let mut world = World::new(args.engine);
    let progress = (!io::stdout().is_terminal()).then(|| Progress::new(None, "lines"));
    let moved = |count| progress.iter().for_each(|progress| progress.set(count));
    let counts = lines::answer_some_lines(moved, |line, out| world.answer(line, out))?;
    drop(progress);
    counts.check()?;
    Ok(ExitCode::SUCCESS)
}
