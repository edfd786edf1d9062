//! `neovm serve`: Neo's JSON-RPC over a private chain.

use std::{
    io::IsTerminal,
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
    sync::{Arc, RwLock},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::builder::RangedU64ValueParser;
use neovm_private::PrivateChain;
use neovm_rpc::{Limits, Mining, Node, Server, ServerLimits, reference};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;

use crate::terminal;

/// The most that a number of seconds can be.
const MAX_SECONDS: f64 = 1e6;

/// Serve a private chain to wallets and SDKs: Neo's JSON-RPC 2.0 by HTTP
///
/// The chain is one that neovm chain new has made. Its calls are those of the reference node and of
/// its plugins ApplicationLogs, TokensTracker and StateService; docs/rpc.md lists them. The server
/// makes blocks with the keys of the chain's wallet. It is there for this machine alone unless
/// --bind says otherwise: it has no passwords, and whoever reaches it can use up its time.
///
/// It says "listening on" and its address on standard output when it can be connected to. Ctrl-C and
/// SIGTERM end it: what is being answered is answered still.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm serve --data mychain
  neovm serve --data mychain --port 0 --mine 15
  curl -d '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getblockcount\",\"params\":[]}' http://127.0.0.1:10332")]
pub(crate) struct ServeArgs {
    /// The folder of the chain
    #[arg(long, value_name = "DIR", required_unless_present = "methods")]
    data: Option<PathBuf>,
    /// The address to listen at, or the name of a host that has it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: String,
    /// The port to listen at; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 10332)]
    port: u16,
    /// When blocks are made: each, as soon as a transaction comes; after so many seconds each time; or
    /// never, if they come by submitblock
    #[arg(long, value_name = "each|SECONDS|never", default_value = "each", value_parser = mining)]
    mine: Mining,
    /// How much GAS a test invocation may use
    #[arg(long, value_name = "GAS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_gas: u32,
    /// How many seconds a test invocation may take
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    max_time: Duration,
    /// The largest size of a request in bytes
    #[arg(long, value_name = "BYTES", default_value_t = ServerLimits::default().body)]
    max_body: usize,
    /// The largest number of calls in a request
    #[arg(long, value_name = "N", default_value_t = ServerLimits::default().batch, value_parser = count())]
    max_batch: usize,
    /// How many connections there may be at once
    #[arg(long, value_name = "N", default_value_t = ServerLimits::default().connections, value_parser = count())]
    max_connections: usize,
    /// How many sessions with iterators there may be at once; 0 for none
    #[arg(long, value_name = "N", default_value_t = Limits::default().sessions)]
    max_sessions: usize,
    /// How long a client may take for the headers of a request, for its body, and for reading
    /// the answer: for that a second more for each 512 KiB that it reads
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    patience: Duration,
    /// What is logged on standard error: off, error, warn, info, debug (each request)
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: LevelFilter,
    /// Log in JSON, an object a line
    #[arg(long)]
    log_json: bool,
    /// List the methods and the errors, and serve nothing
    #[arg(long)]
    methods: bool,
}

fn mining(text: &str) -> Result<Mining> {
    match text {
        "each" => Ok(Mining::Each),
        "never" => Ok(Mining::Never),
        text => seconds(text).map(Mining::Every).context("neither each, never nor a number of seconds"),
    }
}

/// A number of things that there may be, of which there must be one.
fn count() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1_000_000)
}

fn seconds(text: &str) -> Result<Duration> {
    match f64::from_str(text) {
        Ok(seconds) if (0.001..=MAX_SECONDS).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => bail!("not a number of seconds from 0.001 to {MAX_SECONDS}"),
    }
}

pub(crate) fn execute(args: &ServeArgs) -> Result<ExitCode> {
    let Some(data) = args.data.as_ref().filter(|_| !args.methods) else {
        terminal::write(&reference())?;
        return Ok(ExitCode::SUCCESS);
    };
    log(args);
    let limits = Limits {
        gas: i64::from(args.max_gas) * 100_000_000,
        time: args.max_time,
        sessions: args.max_sessions,
        ..Limits::default()
    };
    // Its text is that of its cause.
    let node = Node::new(PrivateChain::open(data)?, args.mine, limits).map_err(|error| anyhow!("{error}"))?;
    // One for each call that is answered, and one that makes blocks. Each keeps memory for itself.
    let threads = ServerLimits::default().workers + 1;
    let runtime = tokio::runtime::Builder::new_multi_thread().max_blocking_threads(threads).enable_all().build()?;
    runtime.block_on(serve(args, Arc::new(RwLock::new(node))))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: &ServeArgs, node: Arc<RwLock<Node>>) -> Result<()> {
    let limits = ServerLimits {
        body: args.max_body,
        batch: args.max_batch,
        connections: args.max_connections,
        patience: args.patience,
        ..ServerLimits::default()
    };
    let stop = stop()?;
    let at = || format!("cannot listen at {}, port {}", args.bind, args.port);
    let listener = TcpListener::bind((args.bind.trim_matches(['[', ']']), args.port)).await.with_context(at)?;
    let address = listener.local_addr()?;
    terminal::write(&format!("listening on http://{address}\n"))?;
    Server::new(node, limits).run(listener, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// Is ready when the program is to end.
#[cfg(unix)]
fn stop() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let [mut interrupt, mut terminate] = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop() -> Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

fn log(args: &ServeArgs) {
    let subscriber = tracing_subscriber::fmt().with_max_level(args.log).with_writer(std::io::stderr).with_target(false);
    let is_coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let set = match args.log_json {
        true => subscriber.json().try_init(),
        false => subscriber.with_ansi(is_coloured).try_init(),
    };
    set.map_err(|error| anyhow!(error)).unwrap_or_default();
}
