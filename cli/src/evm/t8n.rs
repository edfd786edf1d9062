//! `neovm evm t8n`: what becomes of accounts by the transactions of a block.

use std::{
    fmt::Display,
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use neovm_evm::{
    Alloc, Fork, TraceFields, UnknownFork,
    primitives::Bytes,
    read_json as read_json_text,
    t8n::{Env, Transactions, Transition, TransitionError, TransitionResult, Transitioned},
};
use serde::{Deserialize, Serialize};

use super::code;
use crate::{
    input::{MAX_TEXT, name_of, read_limited},
    terminal,
};

/// Execute the transactions of a block
///
/// Files and options are those of geth's `evm t8n`: accounts, a block and transactions, and the accounts, roots and
/// receipts that come of them. The name stdin takes an input from one object on standard input, under alloc, env, txs
/// or txsRlp; stdout and stderr write an output there, and no name writes none.
///
/// The exit code is 2 if the block cannot be executed, 3 if fork and block do not fit, 4 if the hash of a block is
/// missing, 10 for bad JSON, 11 for files that cannot be read or written, and 12 for bad RLP.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm evm t8n --state.fork Cancun --output.result stdout
  neovm evm t8n --input.alloc stdin --input.env stdin --input.txs stdin --output.alloc stdout < block.json")]
pub(crate) struct T8nArgs {
    /// The accounts
    #[arg(long = "input.alloc", value_name = "FILE", default_value = "alloc.json")]
    alloc: PathBuf,
    /// The block
    #[arg(long = "input.env", value_name = "FILE", default_value = "env.json")]
    env: PathBuf,
    /// The transactions: JSON, or RLP in hexadecimal digits if the name ends in .rlp
    #[arg(long = "input.txs", value_name = "FILE", default_value = "txs.json")]
    txs: PathBuf,
    /// The folder of the outputs; made if it is not there
    #[arg(long = "output.basedir", value_name = "DIR")]
    basedir: Option<PathBuf>,
    /// Where to write the accounts
    #[arg(long = "output.alloc", value_name = "FILE", default_value = "alloc.json")]
    output_alloc: String,
    /// Where to write roots, receipts, and what was rejected
    #[arg(long = "output.result", value_name = "FILE", default_value = "result.json")]
    output_result: String,
    /// Where to write the transactions that were executed, in RLP
    #[arg(long = "output.body", value_name = "FILE", default_value = "")]
    output_body: String,
    /// Write a trace of each transaction, as EIP-3155 has it, to trace-N-HASH.jsonl in the folder of the outputs
    #[arg(long)]
    trace: bool,
    /// With the memory on each line
    #[arg(long = "trace.memory", requires = "trace")]
    trace_memory: bool,
    /// Without the stack
    #[arg(long = "trace.nostack", requires = "trace")]
    trace_nostack: bool,
    /// With what the last call returned
    #[arg(long = "trace.returndata", requires = "trace")]
    trace_returndata: bool,
    /// With a line for the beginning of each call and creation
    #[arg(long = "trace.callframes", requires = "trace")]
    trace_callframes: bool,
    #[command(flatten)]
    refused: Refused,
    /// By which fork's rules
    #[arg(long = "state.fork", value_name = "NAME", default_value = "London")]
    fork: String,
    /// The id of the chain
    #[arg(long = "state.chainid", value_name = "N", default_value_t = 1)]
    chain_id: u64,
    /// What the miner gets, in wei; -1 for nothing, which does not even touch the account
    #[arg(long = "state.reward", value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    reward: i64,
}

/// Options of geth's that there are not: named, so that who asks for one learns why.
#[derive(clap::Args)]
struct Refused {
    #[arg(long = "trace.tracer", value_name = "NAME", hide = true)]
    tracer: Option<String>,
    #[arg(long = "trace.jsonconfig", value_name = "JSON", hide = true)]
    tracer_settings: Option<String>,
    #[arg(long = "opcode.count", value_name = "FILE", hide = true)]
    opcode_count: Option<String>,
    #[arg(long = "input.vkt", value_name = "FILE", hide = true)]
    input_tree: Option<String>,
    #[arg(long = "output.vkt", value_name = "FILE", hide = true)]
    output_tree: Option<String>,
}

impl Refused {
    /// Refuses the first of the options that is given.
    fn check(&self) -> Result<(), Failure> {
        const TRACES: &str = "tracers are geth's own; there are --trace and --trace.callframes";
        const TREES: &str = "there are no binary trees, only the state of the forks up to Osaka";
        let refused = [
            ("trace.tracer", &self.tracer, TRACES),
            ("trace.jsonconfig", &self.tracer_settings, TRACES),
            ("opcode.count", &self.opcode_count, "instructions are not counted; --trace lists them"),
            ("input.vkt", &self.input_tree, TREES),
            ("output.vkt", &self.output_tree, TREES),
        ];
        let given = refused.into_iter().find(|(_, value, _)| value.is_some());
        given.map_or(Ok(()), |(name, _, why)| Err(Failure(3, format!("--{name} is not supported: {why}"))))
    }
}

/// Why it failed, and with which exit code.
struct Failure(u8, String);

impl Failure {
    fn json(name: &Path, error: impl Display) -> Self {
        Self(10, format!("{}: {error}", name_of(name)))
    }

    fn rlp(name: &Path, error: impl Display) -> Self {
        Self(12, format!("{}: {error}", name_of(name)))
    }
}

impl From<TransitionError> for Failure {
    fn from(error: TransitionError) -> Self {
        let code = match error {
            TransitionError::Evm(_) => 2,
            TransitionError::Config(_) => 3,
            TransitionError::MissingBlockHash(_) => 4,
            TransitionError::Transaction { .. } => 10,
            TransitionError::Trace(_) => 11,
        };
        Self(code, error.to_string())
    }
}

/// What standard input holds.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stdin {
    alloc: Option<Alloc>,
    env: Option<Env>,
    txs: Option<Transactions>,
    txs_rlp: Option<String>,
}

pub(crate) fn execute(args: &T8nArgs) -> ExitCode {
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(code, error)) => {
            terminal::error(&error);
            ExitCode::from(code)
        }
    }
}

fn run(args: &T8nArgs) -> Result<(), Failure> {
    args.refused.check()?;
    let fork: Fork = args.fork.parse().map_err(|error: UnknownFork| Failure(3, error.to_string()))?;
    let inputs = [&args.alloc, &args.env, &args.txs];
    let mut stdin =
        if inputs.into_iter().any(|name| is_stdin(name)) { read_json(Path::new("-"))? } else { Stdin::default() };
    let alloc = take(&args.alloc, stdin.alloc.take(), "alloc")?;
    let env = take(&args.env, stdin.env.take(), "env")?;
    let transactions = transactions(&args.txs, stdin)?;
    let reward = u64::try_from(args.reward).ok();
    let transition = Transition { fork, chain_id: args.chain_id, reward, alloc, env, transactions };
    let done = if args.trace { trace(args, transition)? } else { transition.run()? };
    write(args, &done)
}

/// Writes traces of the transactions.
fn trace(args: &T8nArgs, transition: Transition) -> Result<Transitioned, TransitionError> {
    let folder = args.basedir.as_deref();
    let fields = TraceFields {
        stack: !args.trace_nostack,
        memory: args.trace_memory,
        return_data: args.trace_returndata,
        call_frames: args.trace_callframes,
    };
    transition.run_traced(fields, &mut |index, hash| {
        let path = folder.unwrap_or(Path::new("")).join(format!("trace-{index}-{hash}.jsonl"));
        let create = || {
            folder.map_or(Ok(()), fs::create_dir_all)?;
            fs::File::create(&path)
        };
        let file = create().map_err(|error| io::Error::other(format!("cannot write {}: {error}", name_of(&path))))?;
        Ok(Box::new(BufWriter::new(file)))
    })
}

fn is_stdin(name: &Path) -> bool {
    name == Path::new("stdin")
}

/// An input from its file, or from standard input if it is asked for there.
fn take<T: for<'de> Deserialize<'de>>(name: &Path, given: Option<T>, key: &str) -> Result<T, Failure> {
    if is_stdin(name) { given.ok_or_else(|| missing(key)) } else { read_json(name) }
}

fn missing(key: &str) -> Failure {
    Failure::json(Path::new("-"), format!("there is no {key}"))
}

fn transactions(name: &Path, stdin: Stdin) -> Result<Transactions, Failure> {
    if is_stdin(name) && stdin.txs.is_some() && stdin.txs_rlp.is_some() {
        return Err(Failure::json(Path::new("-"), "there are both txs and txsRlp"));
    }
    let (of_rlp, name) = match stdin.txs_rlp {
        _ if !is_stdin(name) && name.extension().is_some_and(|extension| extension == "rlp") => {
            (read_json(name)?, name)
        }
        _ if !is_stdin(name) => return read_json(name),
        Some(digits) => (digits, Path::new("-")),
        None => return stdin.txs.ok_or_else(|| missing("txs")),
    };
    let bytes = code::hex(&of_rlp).map_err(|error| Failure::json(name, error))?;
    Transactions::from_rlp(&bytes).map_err(|error| Failure::rlp(name, error))
}

fn read_json<T: for<'de> Deserialize<'de>>(name: &Path) -> Result<T, Failure> {
    let text = read_limited(name, MAX_TEXT).map_err(|error| Failure(11, format!("{error:#}")))?;
    read_json_text(&text).map_err(|error| Failure::json(name, error))
}

/// The outputs for one stream.
#[derive(Default, Serialize)]
struct Outputs<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    alloc: Option<&'d Alloc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'d Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'d TransitionResult>,
}

/// Writes the outputs to their files; those for standard output and standard error are one object each.
fn write(args: &T8nArgs, done: &Transitioned) -> Result<(), Failure> {
    let (mut stdout, mut stderr) = (Outputs::default(), Outputs::default());
    let folder = args.basedir.as_deref();
    place(folder, &args.output_alloc, &done.alloc, &mut stdout.alloc, &mut stderr.alloc)?;
    place(folder, &args.output_body, &done.body, &mut stdout.body, &mut stderr.body)?;
    place(folder, &args.output_result, &done.result, &mut stdout.result, &mut stderr.result)?;
    let failed = |error: &dyn Display| Failure(11, format!("cannot write: {error}"));
    if stdout.alloc.is_some() || stdout.body.is_some() || stdout.result.is_some() {
        terminal::write(&text(&stdout)).map_err(|error| failed(&error))?;
    }
    if stderr.alloc.is_some() || stderr.body.is_some() || stderr.result.is_some() {
        io::stderr().write_all(text(&stderr).as_bytes()).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Writes an output to its file, or puts it where the name says.
fn place<'d, T: Serialize>(
    folder: Option<&Path>,
    name: &str,
    value: &'d T,
    stdout: &mut Option<&'d T>,
    stderr: &mut Option<&'d T>,
) -> Result<(), Failure> {
    match name {
        "" => {}
        "stdout" => *stdout = Some(value),
        "stderr" => *stderr = Some(value),
        _ => {
            let path = folder.unwrap_or(Path::new("")).join(name);
            let save = || -> io::Result<()> {
                folder.map_or(Ok(()), fs::create_dir_all)?;
                neovm_disk::write_file(&path, text(value).as_bytes())
            };
            save().map_err(|error| Failure(11, format!("cannot write {}: {error}", name_of(&path))))?;
        }
    }
    Ok(())
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("numbers and texts under names") + "\n"
}
