//! `neovm sidecar`, with a client of a few lines. bindings/go has one that is whole, and more tests.
#![cfg(unix)]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::neovm;
use serde_json::{Value, json};

/// A process, which is killed at the end.
struct Sidecar {
    child: Child,
    socket: PathBuf,
}

impl Sidecar {
    fn start(name: &str) -> Self {
        let socket = std::env::temp_dir().join(format!("neovm-{}-{name}", std::process::id()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
        command.args(["sidecar", "--timeout", "2", "--socket"]).arg(&socket).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stderr.take().expect("a pipe")).read_line(&mut line).expect("text");
        assert!(line.starts_with("listening on "), "{line}");
        Self { child, socket }
    }

    fn connect(&self) -> Client {
        let stream = UnixStream::connect(&self.socket).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        Client(stream)
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.socket);
    }
}

struct Client(UnixStream);

impl Client {
    fn say(&mut self, message: &Value) {
        let text = message.to_string();
        let length = u32::try_from(text.len()).expect("a short message");
        self.0.write_all(&[&length.to_le_bytes(), text.as_bytes()].concat()).expect("it is written");
    }

    /// The next message; none if the connection was closed.
    fn hear(&mut self) -> Option<Value> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).ok()?;
        let mut text = vec![0; u32::from_le_bytes(length) as usize];
        self.0.read_exact(&mut text).expect("a whole message");
        Some(serde_json::from_slice(&text).expect("JSON"))
    }

    fn ask(&mut self, message: &Value) -> Value {
        self.say(message);
        self.hear().expect("an answer")
    }
}

/// A job file that holds the storage that it reads, and its receipt.
fn whole(folder: &Path) -> Value {
    let (brief, whole) = (folder.join("sidecar-brief.json"), folder.join("sidecar-whole.json"));
    let call = json!({"contract": "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5", "method": "getAllCandidates"});
    let file = json!({"format": "neovm-job-1", "network": "private", "genesis": true,
        "job": {"gas": 1_000_000_000, "call": call}});
    fs::write(&brief, file.to_string()).expect("it is written");
    let [brief, path] = [&brief, &whole].map(|path| path.to_str().expect("text"));
    assert_eq!(neovm(&["job", "run", brief, "--write", path]).code, 0);
    serde_json::from_slice(&fs::read(whole).expect("a file")).expect("JSON")
}

#[test]
fn a_job_whose_storage_is_asked_for() {
    let file = whole(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let sidecar = Sidecar::start("job");
    let mut client = sidecar.connect();
    assert_eq!(client.ask(&json!({"open": {"network": "private"}}))["opened"]["protocol"], 1);
    client.say(&json!({"run": {"id": 1, "job": file["job"]}}));
    loop {
        let message = client.hear().expect("an answer");
        if let Some(keys) = message["get"].as_array() {
            let value = |key: &Value| file["storage"][key.as_str().expect("a key")].clone();
            client.say(&json!({"values": keys.iter().map(value).collect::<Vec<_>>()}));
        } else if message["seek"].is_object() {
            client.say(&json!({"entries": {"entries": [], "more": false}}));
        } else {
            let receipt = &message["receipt"]["receipt"];
            for member in ["state", "gasPico", "stack", "notifications", "changes"] {
                assert_eq!(receipt[member], file["receipt"][member], "{member}: {message}");
            }
            assert!(message["receipt"]["instructions"].as_u64().is_some_and(|count| count > 0));
            return;
        }
    }
}

#[test]
fn what_breaks_the_protocol_ends_the_connection() {
    let sidecar = Sidecar::start("hostile");
    for message in [json!(null), json!({"x": 1}), json!({"values": []}), json!({"open": {"network": "nowhere"}})] {
        let mut client = sidecar.connect();
        assert_eq!(client.ask(&message)["error"]["status"], -5, "{message}");
        assert_eq!(client.hear(), None, "{message}");
    }
    let mut client = sidecar.connect();
    client.0.write_all(&u32::MAX.to_le_bytes()).expect("it is written");
    let error = client.hear().expect("an answer");
    assert!(error["error"]["message"].as_str().is_some_and(|text| text.contains("16777216 is the limit")), "{error}");
    // A message that does not end, and another client meanwhile.
    let mut slow = sidecar.connect();
    slow.0.write_all(&[9, 0, 0, 0, b'{']).expect("it is written");
    let mut other = sidecar.connect();
    assert_eq!(other.ask(&json!({"run": {"id": 1, "job": {"gas": 1}}}))["error"]["status"], -1);
    assert_eq!(slow.hear(), None);
    assert!(other.ask(&json!({"open": {"network": "private"}}))["opened"].is_object());
}

#[test]
fn the_socket_goes_with_it() {
    let mut sidecar = Sidecar::start("end");
    let mut client = sidecar.connect();
    assert!(client.ask(&json!({"open": {"network": "private"}}))["opened"].is_object());
    client.say(&json!({"run": {"id": 1, "job": {"gas": i64::MAX, "script": "2200"}}}));
    let pid = sidecar.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    assert!(sidecar.child.wait().expect("it ends").success());
    assert!(!sidecar.socket.exists());
}

#[test]
fn only_a_socket_that_was_left_behind_is_removed() {
    let path = common::file("no-socket", b"mine");
    neovm(&["sidecar", "--socket", &path]).fails(1, &[&path, "is there already, and is no socket"]);
    assert_eq!(fs::read(&path).expect("it is still there"), b"mine");
    let other = Sidecar::start("used");
    let path = other.socket.display().to_string();
    neovm(&["sidecar", "--socket", &path]).fails(1, &[&path, "somebody listens to it"]);
}

#[test]
fn there_is_room_for_a_connection() {
    neovm(&["sidecar", "--socket", "unused", "--connections", "0"]).fails(2, &["--connections", "0 is not in 1.."]);
}
