//! The server, as clients see it that mean well and that do not.

mod common;

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use common::{
    GAS, World,
    server::{Running, split},
};
use neovm_rpc::{Limits, Mining, ServerLimits};
use neovm_types::Hash160;
use serde_json::{Value, json};

fn quick() -> ServerLimits {
    let patience = Duration::from_millis(300);
    ServerLimits { body: 1000, batch: 3, connections: 8, patience, workers: 2, ..ServerLimits::default() }
}

fn count() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "getblockcount", "params": []})
}

#[test]
fn calls_are_answered_by_post_and_get() {
    let world = World::new("http");
    let server = Running::start(&world, ServerLimits::default());
    assert_eq!(server.call(&count()), json!({"jsonrpc": "2.0", "id": 1, "result": 1}));
    assert_eq!(server.call(&json!([count(), count()])).as_array().unwrap().len(), 2);
    let get = |query: &str| {
        split(&server.raw(format!("GET /?{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()))
    };
    let (status, text) = get("jsonrpc=2.0&id=1&method=getblockhash&params=%5B0%5D");
    assert_eq!(status, 200);
    assert!(text.contains(r#""result":"0x"#), "{text}");
    // [0] in base64.
    assert_eq!(get("jsonrpc=2.0&id=1&method=getblockhash&params=WzBd"), (200, text));
    assert!(get("id=1").1.contains("-32700"));
    let head = server.raw(b"OPTIONS / HTTP/1.1\r\nhost: x\r\norigin: http://a\r\naccess-control-request-method: POST\r\nconnection: close\r\n\r\n");
    assert!(head.to_lowercase().contains("access-control-allow-origin: *"), "{head}");
    // Two calls on one connection, the second sent before the first is answered.
    let body = count().to_string();
    let one = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let last = one.replace("host: x", "host: x\r\nconnection: close");
    assert_eq!(server.raw([one, last].concat().as_bytes()).matches("\"result\":1").count(), 2);
}

#[test]
fn malformed_requests_get_errors() {
    let world = World::new("malformed");
    let server = Running::start(&world, quick());
    for body in ["", "{", "null", "7", "\"x\"", "\u{0}", "[[]]"] {
        let (status, text) = server.post(body);
        assert_eq!(status, 200, "{body:?}");
        assert!(text.contains("\"error\":{\"code\":-32"), "{body:?}: {text}");
    }
    assert!(server.post("[1,1,1,1]").1.contains("at most 3 are allowed"));
    assert_eq!(server.post(&"x".repeat(1001)).0, 413);
    assert_eq!(server.post(&"[".repeat(999)).0, 200);
    let chunked = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"200\r\n".to_vec(), vec![b' '; 0x200], b"\r\n".to_vec()].concat();
    assert_eq!(split(&server.raw(&[chunked, chunk.repeat(3), b"0\r\n\r\n".to_vec()].concat())).0, 413);
    assert_eq!(split(&server.raw(b"PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).0, 405);
    assert!(server.raw(b"\x16\x03\x01 no HTTP at all\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert_eq!(server.call(&count())["result"], 1);
}

#[test]
fn slow_clients_are_cut_off() {
    let world = World::new("slow");
    let server = Running::start(&world, quick());
    let begun = Instant::now();
    // Headers that never end, a body that never comes, and nothing at all.
    assert_eq!(server.raw(b"POST / HTTP/1.1\r\nhost: x\r\n"), "");
    let (status, _) =
        split(&server.raw(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n\r\n{"));
    assert_eq!(status, 408);
    assert_eq!(server.raw(b""), "");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn connections_beyond_the_limit_wait() {
    let world = World::new("many");
    let server = Running::start(&world, ServerLimits { patience: Duration::from_secs(1), ..quick() });
    let idle: Vec<_> = (0..8).map(|_| server.connect()).collect();
    let begun = Instant::now();
    // The idle ones are closed in time.
    assert_eq!(server.call(&count())["result"], 1);
    assert!(begun.elapsed() > Duration::from_millis(300), "{:?}", begun.elapsed());
    drop(idle);
    let clients: Vec<_> = (0..200).map(|_| server.connect()).collect();
    drop(clients);
    assert_eq!(server.call(&count())["result"], 1);
}

/// How many files this process may have open.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(usize::MAX)
}

#[test]
fn a_thousand_connections_are_answered() {
    let count = ServerLimits::default().connections;
    assert_eq!(count, 1000);
    // Both ends of a connection are open here.
    if open_files() < 2 * count + 200 {
        println!("SKIPPED: a_thousand_connections_are_answered: no {count} connections may be open, see `ulimit -n`");
        return;
    }
    let world = World::new("thousand");
    let server = Running::start(&world, ServerLimits::default());
    let body = self::count().to_string();
    let request = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut clients: Vec<_> = (0..count).map(|_| server.connect()).collect();
    // All stay open, and are used again.
    for _ in 0..2 {
        for client in &mut clients {
            client.write_all(request.as_bytes()).unwrap();
        }
        for client in &mut clients {
            let (mut answer, mut part) = (String::new(), [0; 1024]);
            while !answer.ends_with("\"result\":1}") {
                let length = client.read(&mut part).unwrap();
                assert_ne!(length, 0, "closed after {answer:?}");
                answer += std::str::from_utf8(&part[..length]).unwrap();
            }
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }
    // There is room for another when one goes.
    drop(clients.pop());
    assert_eq!(server.call(&self::count())["result"], 1);
}

#[test]
fn a_long_call_does_not_keep_others_from_being_answered() {
    let limits = Limits { time: Duration::from_secs(2), gas: i64::MAX, ..Limits::default() };
    let mut world = World::with("long", Mining::Each, limits);
    let (nef, manifest) = common::keeper();
    let hash = world.deploy(&nef, &manifest);
    let server = Running::start(&world, quick());
    thread::scope(|scope| {
        let long =
            scope.spawn(|| server.call(&json!({"id": 1, "method": "invokefunction", "params": [hash, "forever"]})));
        thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        assert_eq!(server.call(&count())["result"], 2);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(long.join().unwrap()["error"]["code"], -608);
    });
}

#[test]
fn blocks_are_made_by_the_clock_and_the_end_is_orderly() {
    let mut world = World::with("clock", Mining::Every(Duration::from_millis(100)), Limits::default());
    let mut server = Running::start(&world, quick());
    let transaction = world.calling(
        GAS,
        "transfer",
        &[world.rich().into(), Hash160([7; 20]).into(), 1.into(), neovm_types::StackItem::Null],
    );
    let hash = world.send(&transaction);
    let begun = Instant::now();
    let height = json!({"id": 1, "method": "gettransactionheight", "params": [hash]});
    while server.call(&height)["result"].is_null() {
        assert!(begun.elapsed() < Duration::from_secs(20), "no block takes it");
        thread::sleep(Duration::from_millis(20));
    }
    server.stop();
    assert!(TcpStream::connect(server.address).is_err());
    let blocks = world.call("getblockcount", json!([])).as_u64().unwrap();
    thread::sleep(Duration::from_millis(250));
    assert_eq!(world.call("getblockcount", json!([])), blocks, "nothing is made any more");
    let world = world.reopened();
    assert_eq!(world.call("getblockcount", json!([])), blocks);
}

/// A request whose answer, of 15 MiB, is larger than what systems hold for a client.
fn large(connection: &str) -> Vec<u8> {
    let script = [&[2, 0xfe, 0xff, 1, 0, 0x88][..], &[0x4a; 89]].concat();
    let script = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, script);
    let body = json!({"id": 1, "method": "invokescript", "params": [script]}).to_string();
    let length = body.len();
    format!("POST / HTTP/1.1\r\nhost: x\r\n{connection}content-length: {length}\r\n\r\n{body}").into_bytes()
}

const CLOSE: &str = "connection: close\r\n";

#[test]
fn clients_that_do_not_read_are_cut_off() {
    let world = World::new("unread");
    let server = Running::start(&world, ServerLimits { connections: 1, ..quick() });
    let mut idle = server.connect();
    idle.write_all(&large("")).unwrap();
    let begun = Instant::now();
    assert_eq!(server.call(&count())["result"], 1);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop(idle);
}

#[test]
fn clients_that_read_too_slowly_are_cut_off() {
    let world = World::new("slow-reader");
    let whole = Running::start(&world, quick()).raw(&large(CLOSE)).len();
    assert!(whole > 15_000_000, "{whole}");
    let server = Running::start(&world, ServerLimits { rate: u32::MAX, ..quick() });
    let mut slow = server.connect();
    slow.write_all(&large(CLOSE)).unwrap();
    let (mut read, mut part) = (0, vec![0; 64 << 10]);
    // Something is read again and again, long before patience ends.
    while let Ok(length @ 1..) = slow.read(&mut part) {
        read += length;
        thread::sleep(Duration::from_millis(10));
    }
    assert!(read < whole, "the whole answer was read");
}

#[test]
fn clients_that_send_too_slowly_are_cut_off() {
    let world = World::new("slow-writer");
    let server = Running::start(&world, quick());
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n";
    // The rest of the headers, or the body, would take 40 seconds.
    for (at_once, slowly) in [("POST / HTTP/1.1\r\n", "a: b\r\n".repeat(300)), (head, " ".repeat(900))] {
        let mut stream = server.connect();
        stream.write_all(at_once.as_bytes()).unwrap();
        let begun = Instant::now();
        thread::scope(|scope| {
            let mut sending = stream.try_clone().unwrap();
            scope.spawn(move || {
                for byte in slowly.bytes() {
                    if sending.write_all(&[byte]).is_err() {
                        break;
                    }
                    thread::sleep(Duration::from_millis(40));
                }
            });
            // Whether it is told why or not, it is closed.
            let _ = stream.read_to_end(&mut Vec::new());
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
            let _ = stream.shutdown(std::net::Shutdown::Both);
        });
    }
}

#[test]
fn what_is_held_for_clients_is_limited() {
    let world = World::new("held");
    let patience = Duration::from_secs(3);
    let limits = ServerLimits { memory: 20_000_000, body: 15_000_000, patience, ..quick() };
    let server = Running::start(&world, limits);
    let mut idle = server.connect();
    idle.write_all(&large("")).unwrap();
    idle.read_exact(&mut [0]).unwrap();
    // A second answer of this size, or such a request, is too much while the first is not read.
    let begun = Instant::now();
    assert_eq!(split(&server.raw(&large(CLOSE))).0, 503);
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n";
    assert!(server.raw(head).starts_with("HTTP/1.1 503"));
    assert_eq!(server.call(&count())["result"], 1);
    assert!(begun.elapsed() < patience, "{:?}", begun.elapsed());
    // There is room again when it is cut off.
    while split(&server.raw(&large(CLOSE))).0 == 503 {
        assert!(begun.elapsed() < Duration::from_secs(30), "there is never room again");
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.post(&" ".repeat(10_000_000)).0, 200);
}

#[test]
fn a_client_that_sends_nothing_more_is_still_answered() {
    let world = World::new("half-closed");
    let server = Running::start(&world, ServerLimits::default());
    let body = count().to_string();
    // With what takes its time, so that the end is seen before the answer is there.
    for (body, shown) in [(body.clone(), "\"result\":1"), (json!([count(), count()]).to_string(), "\"result\":1")] {
        let mut stream = server.connect();
        write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(shown), "{answer:?}");
    }
}
