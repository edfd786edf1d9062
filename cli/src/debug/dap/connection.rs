//! Messages of the Debug Adapter Protocol: a header with the length, and JSON.
//!
//! Source: <https://microsoft.github.io/debug-adapter-protocol/overview>.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, TrySendError},
    },
    thread,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use neovm::types::json::file;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::terminal;

/// The longest message and the longest line of a header, in bytes.
const MAX_MESSAGE: usize = 16 << 20;
const MAX_LINE: u64 = 4096;

/// How many messages wait at most while something runs.
const MAX_WAITING: usize = 4096;

/// What a client asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) seq: i64,
    pub(super) command: String,
    #[serde(default)]
    arguments: Value,
}

impl Request {
    /// The arguments as this request has them.
    pub(super) fn arguments<T: DeserializeOwned>(&self) -> Result<T> {
        // A request without arguments may leave them out.
        let arguments = if self.arguments.is_null() { json!({}) } else { self.arguments.clone() };
        file::read_value(arguments).map_err(|error| anyhow!("the arguments of {}: {error}", self.command))
    }
}

/// What came from the client.
pub(super) enum Incoming {
    Request(Request),
    /// Something else, and what is wrong with it.
    Malformed(String),
    /// Nothing comes any more, because of an error if there is one.
    Closed(Option<String>),
}

/// The two ends of standard input and output.
pub(super) struct Connection {
    incoming: Receiver<Incoming>,
    seq: i64,
}

impl Connection {
    /// Reads requests on a thread of its own, so that those that stop what runs can set
    /// the flag.
    pub(super) fn open(interrupt: Arc<AtomicBool>) -> Self {
        let (sender, incoming) = mpsc::sync_channel(MAX_WAITING);
        thread::spawn(move || {
            let mut input = BufReader::new(io::stdin());
            loop {
                let message = receive(&mut input);
                let stops = match &message {
                    Incoming::Request(request) => {
                        matches!(request.command.as_str(), "pause" | "disconnect" | "terminate")
                    }
                    Incoming::Malformed(_) => false,
                    Incoming::Closed(_) => true,
                };
                if stops {
                    interrupt.store(true, Ordering::Relaxed);
                }
                let is_last = matches!(message, Incoming::Closed(_));
                // Who waited for room here would not see a request to stop.
                match sender.try_send(message) {
                    Ok(()) if !is_last => {}
                    Err(TrySendError::Full(_)) => {
                        interrupt.store(true, Ordering::Relaxed);
                        let text = format!("more than {MAX_WAITING} requests wait");
                        let _ = sender.send(Incoming::Closed(Some(text)));
                        return;
                    }
                    _ => return,
                }
            }
        });
        Self { incoming, seq: 0 }
    }

    /// Waits for the next message.
    pub(super) fn next(&self) -> Incoming {
        self.incoming.recv().unwrap_or(Incoming::Closed(None))
    }

    fn send(&mut self, mut message: Value) -> Result<()> {
        self.seq += 1;
        message["seq"] = self.seq.into();
        let text = message.to_string();
        let mut out = terminal::output();
        write!(out, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| out.flush())
            .context("cannot write to standard output")
    }

    pub(super) fn event(&mut self, event: &str, body: Value) -> Result<()> {
        self.send(json!({"type": "event", "event": event, "body": body}))
    }

    /// Shows a text in the client's console.
    pub(super) fn output(&mut self, category: &str, text: &str) -> Result<()> {
        self.event("output", json!({"category": category, "output": text}))
    }

    /// Answers a request.
    pub(super) fn respond(&mut self, request: &Request, answer: Result<Value>) -> Result<()> {
        let mut response = json!({
            "type": "response",
            "request_seq": request.seq,
            "command": request.command,
            "success": answer.is_ok(),
        });
        match answer {
            Ok(Value::Null) => {}
            Ok(body) => response["body"] = body,
            Err(error) => {
                let text = format!("{error:#}");
                response["body"] = json!({"error": {"id": 1, "format": text, "showUser": true}});
                response["message"] = text.into();
            }
        }
        self.send(response)
    }
}

fn receive(input: &mut impl BufRead) -> Incoming {
    let content = match read_message(input) {
        Ok(Some(content)) => content,
        Ok(None) => return Incoming::Closed(None),
        // Where the next message begins is not known.
        Err(error) => return Incoming::Closed(Some(format!("{error:#}"))),
    };
    match file::read::<Request>(&content) {
        Ok(request) => Incoming::Request(request),
        Err(error) => Incoming::Malformed(format!("a message is no request: {error}")),
    }
}

/// Reads the JSON of a message; none at the end of the input.
fn read_message(input: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).context("cannot read standard input")?;
        if line.is_empty() && length.is_none() {
            return Ok(None);
        }
        ensure!(
            line.ends_with(b"\n"),
            "the header of a message ends too early, or has a line of more than {MAX_LINE} bytes"
        );
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { bail!("{line:?} is no line of a header") };
        if name.eq_ignore_ascii_case("Content-Length") {
            let value = value.trim().parse::<usize>().ok();
            length = Some(value.ok_or_else(|| anyhow!("{line:?} has no number of bytes"))?);
        }
    }
    let length = length.ok_or_else(|| anyhow!("a message has no Content-Length"))?;
    ensure!(length <= MAX_MESSAGE, "a message of {length} bytes; at most {MAX_MESSAGE} are taken");
    let mut content = vec![0; length];
    input.read_exact(&mut content).context("a message ends before its last byte")?;
    Ok(Some(content))
}
