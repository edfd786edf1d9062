//! Forks of a network whose node answers wrongly.

mod common;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::Arc,
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use common::new_folder;
use neovm_chain::Block;
use neovm_host::{Chain, ProtocolSettings, genesis_block, native::NATIVES};
use neovm_private::{ForkOf, PrivateChain};
use neovm_storage::{Direction, Key, Store};
use neovm_types::{Hardfork, Hash160};
use neovm_wallet::PrivateKey;
use serde_json::{Value, json};

/// What a node does when it is called.
enum Reply {
    Result(Value),
    Error(i64, &'static str),
    /// This body.
    Body(String),
    /// This answer, with its head.
    Raw(String),
    Close,
}

/// A node of a network that has only its first block.
struct Node {
    chain: Chain,
    genesis: Block,
}

impl Node {
    fn new() -> Self {
        let settings = ProtocolSettings::private();
        Self { genesis: genesis_block(&settings).unwrap(), chain: Chain::new(settings).unwrap() }
    }

    fn answer(&self, method: &str, params: &Value) -> Reply {
        let settings = self.chain.network().settings();
        Reply::Result(match method {
            "getversion" => {
                let heights =
                    Hardfork::ALL[1..].iter().filter_map(|it| Some((it.to_string(), settings.hardforks.height(*it)?)));
                let hardforks: Vec<_> =
                    heights.map(|(name, height)| json!({"name": name, "blockheight": height})).collect();
                json!({"protocol": {
                    "network": settings.network,
                    "addressversion": settings.address_version,
                    "msperblock": settings.milliseconds_per_block,
                    "maxtransactionsperblock": settings.max_transactions_per_block,
                    "maxvaliduntilblockincrement": settings.max_valid_until_block_increment,
                    "maxtraceableblocks": settings.max_traceable_blocks,
                    "initialgasdistribution": settings.initial_gas_distribution,
                    "hardforks": hardforks,
                }})
            }
            "getstateheight" => json!({"localrootindex": 0}),
            "getstateroot" => json!({"index": 0, "roothash": format!("0x{}", "7".repeat(64))}),
            "getblockheader" => json!(BASE64_STANDARD.encode(self.genesis.header().to_bytes())),
            "getblock" if params[0] != self.genesis.hash().to_string() => return Reply::Error(-101, "Unknown block"),
            "getblock" => json!(BASE64_STANDARD.encode(self.genesis.to_bytes())),
            "findstates" => self.find_states(params),
            _ => return Reply::Error(-32601, "Method not found"),
        })
    }

    fn find_states(&self, params: &Value) -> Value {
        let hash: Hash160 = params[1].as_str().unwrap().parse().unwrap();
        let id = NATIVES.iter().find(|native| native.hash == hash).unwrap().id;
        let [prefix, after] = [2, 3].map(|i| BASE64_STANDARD.decode(params[i].as_str().unwrap()).unwrap());
        let count = params[4].as_u64().unwrap() as usize;
        let entries = self.chain.store().seek(&Key::new(id, &prefix), None, Direction::Forward).map(Result::unwrap);
        let mut entries = entries.filter(|(key, _)| after.is_empty() || key.local() > &after[..]);
        let entry = |(key, value): (Key, neovm_storage::Value)| json!({"key": BASE64_STANDARD.encode(key.local()), "value": BASE64_STANDARD.encode(value)});
        let results: Vec<_> = entries.by_ref().take(count).map(entry).collect();
        json!({"truncated": entries.next().is_some(), "results": results})
    }
}

/// Answers calls as a node does, but for those that are answered otherwise.
fn serve(otherwise: impl Fn(&str, &Value) -> Option<Reply> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = Arc::new((Node::new(), otherwise));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answering = Arc::clone(&answering);
            thread::spawn(move || {
                let answer = |method: &str, params: &Value| {
                    answering.1(method, params).unwrap_or_else(|| answering.0.answer(method, params))
                };
                // The client is gone, or the answer is that the node goes.
                let _ = converse(stream.unwrap(), answer);
            });
        }
    });
    address
}

fn converse(mut stream: TcpStream, answer: impl Fn(&str, &Value) -> Reply) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let call: Value = serde_json::from_slice(&body).unwrap();
        let body = match answer(call["method"].as_str().unwrap(), &call["params"]) {
            Reply::Result(result) => json!({"jsonrpc": "2.0", "id": call["id"], "result": result}).to_string(),
            Reply::Error(code, message) => {
                json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}}).to_string()
            }
            Reply::Body(body) => body,
            Reply::Raw(answer) => return stream.write_all(answer.as_bytes()),
            Reply::Close => return Ok(()),
        };
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    }
}

fn fork(folder: &Path, node: SocketAddr) -> Result<PrivateChain, String> {
    let validator = PrivateKey::generate().unwrap();
    let fork = ForkOf { rpc: format!("http://{node}"), height: None, validator };
    PrivateChain::fork_of(folder, &fork).map_err(|error| error.to_string())
}

#[test]
fn a_node_that_answers_rightly_can_be_forked() {
    let folder = new_folder();
    let mut chain = fork(folder.path(), serve(|_, _| None)).unwrap();
    assert_eq!(chain.mine(&[], None).unwrap().block.index, 2);
}

#[test]
fn whatever_a_node_answers_wrongly_is_told() {
    let body = |body: &'static str| move || Reply::Body(body.into());
    let raw = |answer: &'static str| move || Reply::Raw(answer.into());
    let found =
        |results: Value, truncated: Value| move || Reply::Result(json!({"truncated": truncated, "results": results}));
    let entry = |key: &[u8]| json!({"key": BASE64_STANDARD.encode(key), "value": ""});
    let large = || Reply::Body(format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"{}\"}}", "x".repeat(17 << 20)));
    type Case = (&'static str, Box<dyn Fn() -> Reply + Send + Sync>, &'static str);
    let cases: Vec<Case> = vec![
        ("getversion", Box::new(body("")), "answered wrongly: it is no JSON"),
        ("getversion", Box::new(body("[]")), "answered wrongly: it is no answer to the call"),
        ("getversion", Box::new(body(r#"{"id":2,"result":{}}"#)), "answered wrongly: it is no answer to the call"),
        ("getversion", Box::new(body(r#"{"id":1}"#)), "answered wrongly: there is neither a result nor an error"),
        ("getversion", Box::new(body(r#"{"id":1,"error":{}}"#)), "error 0: an error without a message"),
        (
            "getversion",
            Box::new(body(r#"{"id":1,"error":{"code":1,"message":"a\nb\u001b[31m"}}"#)),
            r"error 1: a\nb\u{1b}[31m",
        ),
        ("getversion", Box::new(body(r#"{"id":1,"result":{}}"#)), "answered wrongly: there is no network"),
        (
            "getversion",
            Box::new(raw("HTTP/1.1 302 Found\r\nlocation: http://x/\r\ncontent-length: 0\r\n\r\n")),
            "HTTP status 302 Found, which leads to http://x/",
        ),
        (
            "getversion",
            Box::new(raw("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://x/\r\ncontent-length: 0\r\n\r\n")),
            "HTTP status 307",
        ),
        ("getversion", Box::new(raw("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n")), "HTTP status 500"),
        ("getversion", Box::new(raw("nonsense\r\n\r\n")), "is not answered: "),
        ("getversion", Box::new(raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")), "is not answered: "),
        ("getversion", Box::new(|| Reply::Close), "is not answered: "),
        (
            "getstateheight",
            Box::new(body(r#"{"id":1,"result":{"localrootindex":5000000000}}"#)),
            "there is no localrootindex",
        ),
        (
            "getstateroot",
            Box::new(body(r#"{"id":1,"result":{"index":1,"roothash":"0x00"}}"#)),
            "it is not the root of that block",
        ),
        ("getblockheader", Box::new(body(r#"{"id":1,"result":"AAAA"}"#)), "getblockheader is answered wrongly: "),
        (
            "getblockheader",
            Box::new(body(r#"{"id":1,"result":{}}"#)),
            "getblockheader is answered wrongly: {} is not base64",
        ),
        (
            "findstates",
            Box::new(|| Reply::Error(-606, "Old state not supported")),
            "error -606: Old state not supported",
        ),
        ("findstates", Box::new(|| Reply::Error(-102, "Unknown contract")), "error -102: Unknown contract"),
        ("findstates", Box::new(|| Reply::Close), "findstates is not answered: "),
        ("findstates", Box::new(large), "findstates is not answered: "),
        ("findstates", Box::new(body(r#"{"id":1,"result":null}"#)), "there is no list of results"),
        ("findstates", Box::new(found(json!([]), json!(null))), "it does not tell whether more follow"),
        ("findstates", Box::new(found(json!([]), json!(true))), "the number of results is not the one asked for"),
        ("findstates", Box::new(found(json!([7]), json!(false))), "null is not base64"),
        ("findstates", Box::new(found(json!([entry(b"\xff\xff")]), json!(false))), "not those asked for"),
        ("getblock", Box::new(body(r#"{"id":1,"result":"AAAA"}"#)), "getblock is answered wrongly: "),
        (
            "getblock",
            Box::new(|| Reply::Error(-32603, "Internal server error")),
            "getblock is answered with error -32603",
        ),
    ];
    for (wrong, reply, told) in cases {
        let parent = new_folder();
        let folder = parent.path().join("chain");
        let node = serve(move |method, _| (method == wrong).then(&reply));
        let error = fork(&folder, node).map(drop).unwrap_err();
        assert!(error.contains(&format!("http://{node}: {wrong} ")) && error.contains(told), "{wrong}: {error}");
        assert!(!folder.exists(), "{wrong}");
    }
}

#[test]
fn a_page_that_comes_again_and_again_is_told() {
    let folder = new_folder();
    let address = serve(|method, params| {
        let is_page = method == "findstates" && params[2] == "" && params[4] != 1;
        is_page.then(|| Reply::Result(json!({"truncated": true, "results": [{"key": "", "value": ""}]})))
    });
    let chain = fork(folder.path(), address).unwrap();
    let neo = NATIVES.iter().find(|native| native.name == "NeoToken").unwrap().id;
    let mut entries = chain.blockchain().state().seek(&Key::new(neo, b""), None, Direction::Forward);
    let told = entries.find_map(Result::err).unwrap().to_string();
    assert!(told.contains("findstates is answered wrongly: more follow, but no key to go on from"), "{told}");
    assert!(entries.next().is_none_or(|entry| entry.is_ok()), "it is told once");
}

#[test]
fn a_connection_that_the_node_has_closed_is_made_anew() {
    let folder = new_folder();
    // Each answer says nothing of the end that follows it.
    let node = Arc::new(Node::new());
    let address = serve(move |method, params| {
        let Reply::Result(result) = node.answer(method, params) else { return None };
        let body = json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string();
        Some(Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())))
    });
    fork(folder.path(), address).unwrap();
}
