//! `neovm sidecar`: jobs for programs that have the engine beside them, not in them.
//!
//! docs/embedding.md describes the protocol. Each connection has two threads: one reads messages,
//! so that a run can be stopped, and one runs jobs and answers. What a connection can cost is
//! bounded: the size of messages, the time that it may keep others waiting, the number of
//! connections.

mod chain;
mod connection;
mod message;
mod run;
mod session;
mod store;

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use neovm_node::{config, verify::VerifyLevel};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use self::{chain::Follower, connection::Running, session::Networks};
use crate::engine::EngineKind;

/// How often it looks whether it is to stop.
const TICK: Duration = Duration::from_millis(10);

/// How long it waits for connections at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Run jobs for programs that connect to a socket
///
/// For programs that cannot have the engine in them, such as nodes in Go that are built without
/// cgo. They send jobs and answer what these read of the storage. docs/embedding.md describes
/// the protocol; bindings/go has a client.
///
/// With --data and --config it follows a chain, too: a client sends blocks, and gets state roots,
/// application logs and storage changes.
///
/// It says "listening" on standard error when it can be connected to. Ctrl-C and SIGTERM end it:
/// runs are stopped, and the socket is removed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm sidecar --socket /run/neovm.sock
  neovm sidecar --socket neovm.sock --data mainnet --config mainnet")]
pub(crate) struct SidecarArgs {
    /// The socket, which only the own user can connect to
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// How many connections there may be at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// How long a client may take for the rest of a message or an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// The folder of a chain to follow
    #[arg(long, value_name = "DIR", requires = "config")]
    data: Option<PathBuf>,
    /// The network of that chain: mainnet, testnet, private, or the configuration file of a node
    #[arg(long, value_name = "FILE|NETWORK", requires = "data")]
    config: Option<String>,
    /// What of its blocks is verified: none, headers, or full
    #[arg(long, value_name = "LEVEL", default_value_t = VerifyLevel::None)]
    verify: VerifyLevel,
    /// What runs the scripts
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

/// What all connections share.
pub(crate) struct Shared {
    networks: Networks,
    follower: Option<Mutex<Follower>>,
    timeout: Duration,
    /// Set when it is to end.
    stop: Arc<AtomicBool>,
    /// What runs, on all connections.
    running: Mutex<Vec<Weak<Running>>>,
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Notes by what the runs of a connection are stopped.
    fn note(&self, running: &Arc<Running>) {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(running));
    }

    fn stop_runs(&self) {
        let all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).for_each(|running| running.give_up());
    }
}

pub(crate) fn execute(args: &SidecarArgs) -> Result<ExitCode> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The second one ends it at once, with the exit code that shells have for the signal.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    let follower = match (&args.data, &args.config) {
        (Some(folder), Some(config)) => {
            Some(Mutex::new(Follower::open(folder, config::load(config)?, args.engine, args.verify)?))
        }
        _ => None,
    };
    let shared = Shared {
        networks: Networks::new(args.engine),
        follower,
        timeout: Duration::from_secs(args.timeout),
        stop: Arc::clone(&stop),
        running: Mutex::default(),
    };
    let socket = Socket::bind(&args.socket)?;
    eprintln!("listening on {}", args.socket.display());
    serve(&socket.listener, &Arc::new(shared), args.connections as usize, &stop)?;
    Ok(ExitCode::SUCCESS)
}

/// Serves connections until it is to stop, and waits for those that there are.
fn serve(listener: &UnixListener, shared: &Arc<Shared>, limit: usize, stop: &AtomicBool) -> Result<()> {
    let open = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) if open.load(Ordering::Acquire) < limit => {
                let counted = Counted::new(&open);
                let shared = Arc::clone(shared);
                thread::spawn(move || {
                    let _counted = counted;
                    // A client that is gone, or breaks the protocol, is no concern of others.
                    let _ = session::serve(stream, &shared);
                });
            }
            Ok((stream, _)) => connection::refuse(stream, limit),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(TICK),
            // Such as too many open files: others may be closed.
            Err(error) => {
                crate::terminal::error(&format!("a connection failed: {error}"));
                thread::sleep(TICK * 10);
            }
        }
    }
    shared.stop_runs();
    // A client that takes its time is not waited for.
    let patience = Instant::now() + PATIENCE;
    while open.load(Ordering::Acquire) > 0 && Instant::now() < patience {
        thread::sleep(TICK);
    }
    if let Some(follower) = &shared.follower {
        follower.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
    }
    Ok(())
}

/// Counts a connection as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The socket, which is removed at the end.
struct Socket<'a> {
    path: &'a Path,
    listener: UnixListener,
    /// What stands at the path, by its number.
    inode: u64,
}

impl<'a> Socket<'a> {
    fn bind(path: &'a Path) -> Result<Self> {
        if let Ok(there) = fs::symlink_metadata(path) {
            ensure!(there.file_type().is_socket(), "{} is there already, and is no socket", path.display());
            // One that nobody listens to was left by a process that was killed.
            let left =
                matches!(UnixStream::connect(path), Err(error) if error.kind() == io::ErrorKind::ConnectionRefused);
            ensure!(left, "{} is there already, and somebody listens to it", path.display());
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        let listener = UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let inode = fs::symlink_metadata(path)?.ino();
        Ok(Self { path, listener, inode })
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        if fs::symlink_metadata(self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(self.path);
        }
    }
}
