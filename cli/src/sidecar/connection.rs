//! Frames on a socket: a length in four bytes, little-endian, and as many bytes of JSON.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use neovm::types::json::file;

use super::message::{Answer, Request, status};

/// The greatest length of a message from a client: a value of 8 MiB. The largest that nodes store is
/// a contract, of about 1 MiB.
pub(crate) const MAX_MESSAGE: usize = 16 << 20;

/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(600);

/// How often who waits for a request looks whether it is to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// How many messages wait to be handled.
const WAITING: usize = 4;

/// Why a connection is given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the client is gone")]
    Gone,
    #[error("the client takes too long")]
    Slow,
    #[error("{0}")]
    Protocol(String),
}

/// By what a run is stopped.
#[derive(Default)]
pub(crate) struct Running {
    flag: Arc<AtomicBool>,
    state: Mutex<RunState>,
}

#[derive(Default)]
struct RunState {
    current: Option<u64>,
    /// The last run that was to be stopped; it may not have begun.
    cancelled: Option<u64>,
    /// Nobody waits for results any more.
    is_gone: bool,
}

impl Running {
    /// Begins a run. The flag stops it.
    pub(crate) fn begin(&self, id: u64) -> Arc<AtomicBool> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.current = Some(id);
        self.flag.store(state.is_gone || state.cancelled == Some(id), Ordering::Relaxed);
        Arc::clone(&self.flag)
    }

    fn cancel(&self, id: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.cancelled = Some(id);
        if state.current == Some(id) {
            self.flag.store(true, Ordering::Relaxed);
        }
    }

    /// Stops what runs, and what begins after it.
    pub(crate) fn give_up(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_gone = true;
        self.flag.store(true, Ordering::Relaxed);
    }
}

/// A connection, as who handles its messages has it.
pub(crate) struct Connection {
    stream: UnixStream,
    received: Receiver<Result<Request, Broken>>,
    pub(crate) running: Arc<Running>,
    timeout: Duration,
}

impl Connection {
    /// Begins to read messages.
    pub(crate) fn new(stream: UnixStream, timeout: Duration) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(timeout))?;
        let reading = stream.try_clone()?;
        let running = Arc::new(Running::default());
        let (sender, received) = sync_channel(WAITING);
        let own = Arc::clone(&running);
        thread::Builder::new().spawn(move || {
            read_all(reading, timeout, &own, &sender);
            own.give_up();
        })?;
        Ok(Self { stream, received, running, timeout })
    }

    /// Waits for a request, until it is to stop.
    pub(crate) fn request(&self, is_stopped: impl Fn() -> bool) -> Result<Request, Broken> {
        loop {
            match self.received.recv_timeout(GLANCE) {
                Ok(request) => return request,
                Err(RecvTimeoutError::Timeout) if !is_stopped() => {}
                Err(_) => return Err(Broken::Gone),
            }
        }
    }

    /// Waits for an answer to what was asked.
    pub(crate) fn answer(&self) -> Result<Request, Broken> {
        match self.received.recv_timeout(self.timeout) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(Broken::Slow),
            Err(RecvTimeoutError::Disconnected) => Err(Broken::Gone),
        }
    }

    /// Sends a message.
    pub(crate) fn send(&self, answer: &Answer<'_>) -> Result<(), Broken> {
        send(&self.stream, answer)
    }
}

/// Ends the thread that reads, too.
impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

fn send(mut stream: &UnixStream, answer: &Answer<'_>) -> Result<(), Broken> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, answer).map_err(io::Error::from)?;
    let length = u32::try_from(frame.len() - 4).map_err(|_| Broken::Protocol("the answer is too long".into()))?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    Ok(stream.write_all(&frame)?)
}

/// Tells a client that there are too many.
pub(crate) fn refuse(stream: UnixStream, limit: usize) {
    let _ = stream.set_write_timeout(Some(Duration::from_millis(10)));
    let message = format!("there are {limit} connections already");
    let _ = send(&stream, &Answer::Error { status: status::LIMIT, message: &message });
}

/// Reads messages until there are no more, or one is none, which is the last thing that is sent.
fn read_all(stream: UnixStream, timeout: Duration, running: &Running, sender: &SyncSender<Result<Request, Broken>>) {
    let mut reader = Reader { stream, timeout };
    loop {
        let message = reader.message();
        let failed = message.is_err();
        if let Ok(Request::Cancel(id)) = message {
            running.cancel(id);
            continue;
        }
        if failed {
            // A run whose client is gone is not worth its time.
            running.give_up();
        }
        if sender.send(message).is_err() || failed {
            return;
        }
    }
}

struct Reader {
    stream: UnixStream,
    timeout: Duration,
}

impl Reader {
    fn message(&mut self) -> Result<Request, Broken> {
        let mut length = [0; 4];
        // The first byte may take its time.
        self.stream.set_read_timeout(Some(IDLE))?;
        self.stream.read_exact(&mut length[..1]).map_err(broken)?;
        let end = Instant::now() + self.timeout;
        let rest = self.part(3, end)?;
        length[1..].copy_from_slice(&rest);
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_MESSAGE {
            return Err(Broken::Protocol(format!("a message of {length} bytes; {MAX_MESSAGE} is the limit")));
        }
        let text = self.part(length, end)?;
        file::read(&text).map_err(|error| Broken::Protocol(format!("a message cannot be read: {error}")))
    }

    /// Reads bytes that must all be there by a moment. Memory is taken as they come.
    fn part(&self, length: usize, end: Instant) -> Result<Vec<u8>, Broken> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Broken::Slow);
            }
            self.stream.set_read_timeout(Some(left))?;
            let start = bytes.len();
            bytes.resize(length.min(start + (1 << 16)), 0);
            match (&self.stream).read(&mut bytes[start..]) {
                Ok(0) => return Err(Broken::Gone),
                Ok(count) => bytes.truncate(start + count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => bytes.truncate(start),
                Err(error) => return Err(broken(error)),
            }
        }
        Ok(bytes)
    }
}

fn broken(error: io::Error) -> Broken {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Broken::Slow,
        io::ErrorKind::UnexpectedEof => Broken::Gone,
        _ => Broken::Io(error),
    }
}
