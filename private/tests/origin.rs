//! Forks of a network whose node answers wrongly.

mod common;

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use common::new_folder;
use neovm_chain::Block;
use neovm_host::{
    Chain, ProtocolSettings, genesis_block,
    native::{LEDGER_ID, NATIVES},
};
use neovm_private::{ForkOf, PrivateChain};
use neovm_storage::{Direction, Key, NodeHash, Nodes, Position, Store, StoreError, Trie, TrieReader};
use neovm_types::{Hardfork, Hash160, Hash256};
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
    settings: ProtocolSettings,
    genesis: Block,
    state: BTreeMap<Key, neovm_storage::Value>,
    nodes: Arc<ByHash>,
    root: NodeHash,
}

struct ByHash(HashMap<NodeHash, neovm_storage::Value>);

impl Nodes for ByHash {
    fn node(&self, _: &Position, hash: &NodeHash) -> Result<Option<neovm_storage::Value>, StoreError> {
        Ok(self.0.get(hash).cloned())
    }
}

/// The id of a native contract.
fn id_of(name: &str) -> i32 {
    NATIVES.iter().find(|native| native.name == name).unwrap().id
}

impl Node {
    /// With some entries more than the genesis block has made, whose values are their keys.
    fn new(more: impl IntoIterator<Item = Key>) -> Self {
        let settings = ProtocolSettings::private();
        let chain = Chain::new(settings.clone()).unwrap();
        let entries = chain.store().seek(b"", None, Direction::Forward).map(Result::unwrap);
        let mut state: BTreeMap<_, _> = entries.filter(|(key, _)| !key.starts_with(&LEDGER_ID.to_le_bytes())).collect();
        state.extend(more.into_iter().map(|key| (key.clone(), key.local().into())));
        let mut trie = Trie::new((), None);
        let root = trie.apply(state.iter().map(|(key, value)| (key, Some(value)))).unwrap();
        let nodes = trie.save().written.into_iter().map(|node| (node.hash, node.bytes.into())).collect();
        Self { genesis: genesis_block(&settings).unwrap(), settings, state, nodes: Arc::new(ByHash(nodes)), root }
    }

    fn answer(&self, method: &str, params: &Value) -> Reply {
        let settings = &self.settings;
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
            "getstateroot" => json!({"index": 0, "roothash": Hash256(self.root).to_string()}),
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
        let [prefix, after] =
            [2, 3].map(|i| Key::new(id, &BASE64_STANDARD.decode(params[i].as_str().unwrap()).unwrap()));
        let count = params[4].as_u64().unwrap() as usize;
        let entries = self.state.iter().filter(|(key, _)| key.starts_with(&prefix));
        let mut entries = entries.filter(|(key, _)| after.local().is_empty() || **key > after);
        let found: Vec<_> = entries.by_ref().take(count).collect();
        let entry = |(key, value): &(&Key, &neovm_storage::Value)| json!({"key": BASE64_STANDARD.encode(key.local()), "value": BASE64_STANDARD.encode(value)});
        let results: Vec<_> = found.iter().map(entry).collect();
        let mut answer = json!({"truncated": entries.next().is_some(), "results": results});
        let proof = |key: &Key| {
            let proof = TrieReader::new(&*self.nodes, self.root).proof(key).unwrap().unwrap();
            json!(BASE64_STANDARD.encode(proof.to_bytes()))
        };
        if let Some((first, _)) = found.first() {
            answer["firstProof"] = proof(first);
        }
        if let [_, .., (last, _)] = &found[..] {
            answer["lastProof"] = proof(last);
        }
        answer
    }
}

/// Answers calls as a node does, but for those that are answered otherwise.
fn serve(otherwise: impl Fn(&str, &Value) -> Option<Reply> + Send + Sync + 'static) -> SocketAddr {
    serve_node(Node::new([]), move |_, method, params| otherwise(method, params))
}

fn serve_node(
    node: Node,
    otherwise: impl Fn(&Node, &str, &Value) -> Option<Reply> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = Arc::new((node, otherwise));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answering = Arc::clone(&answering);
            thread::spawn(move || {
                let answer = |method: &str, params: &Value| {
                    answering.1(&answering.0, method, params).unwrap_or_else(|| answering.0.answer(method, params))
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

#[cfg(unix)]
#[test]
fn a_password_is_for_the_owner_of_the_folder_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, node) = (new_folder(), serve(|_, _| None));
    let rpc = format!("http://user:secret@{node}");
    let fork = ForkOf { rpc: rpc.clone(), height: None, validator: PrivateKey::generate().unwrap() };
    let chain = PrivateChain::fork_of(folder.path(), &fork).unwrap();
    assert_eq!(chain.origin().unwrap().url(), format!("http://user:***@{node}"));
    let file = folder.path().join("origin.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&file).unwrap().contains(&rpc));
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
        (
            "getstateroot",
            Box::new(|| Reply::Error(-106, "Unknown state root")),
            "is answered with error -106: Unknown state root",
        ),
        (
            "getstateheight",
            Box::new(|| Reply::Error(-32601, "Method not found")),
            "error -32601: Method not found (the node must have the plugin StateService)",
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
            "error -606: Old state not supported (the node must keep old states: FullState, or in neo-go no KeepOnlyLatestState)",
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
    let node = Node::new([Key::new(id_of("NeoToken"), b"")]);
    // No more than one entry is listed at once.
    let address = serve_node(node, |node, method, params| {
        (method == "findstates").then(|| {
            let mut params = params.clone();
            params[4] = json!(1);
            Reply::Result(node.find_states(&params))
        })
    });
    let chain = fork(folder.path(), address).unwrap();
    let neo = Key::new(id_of("NeoToken"), b"");
    let mut entries = chain.blockchain().state().seek(&neo, None, Direction::Forward);
    let told = entries.find_map(Result::err).unwrap().to_string();
    assert!(told.contains("findstates is answered wrongly: more follow, but no key to go on from"), "{told}");
    assert!(entries.next().is_none_or(|entry| entry.is_ok()), "it is told once");
}

/// Keys of the contract NEO that nothing else begins like.
fn many() -> impl Iterator<Item = Key> {
    (0..350_u16).map(|number| Key::new(id_of("NeoToken"), &[&[0xee][..], &number.to_be_bytes()].concat()))
}

#[test]
fn entries_are_proven_by_the_state_root() {
    type Lie = fn(&mut Value);
    const LIES: [(Lie, &str); 8] = [
        (|page| page["results"][0]["value"] = json!("bGll"), "not those of the state root"),
        (|page| page["results"][7]["value"] = json!("bGll"), "not those of the state root"),
        (|page| drop(page["results"].as_array_mut().unwrap().remove(7)), "not those of the state root"),
        (|page| page["results"][1]["key"] = json!(BASE64_STANDARD.encode([0xee, 0, 0, 1])), "not"),
        (|page| drop(page["results"].as_array_mut().unwrap().remove(0)), "not those of the state root"),
        (|page| page["truncated"] = json!(false), "not those of the state root"),
        (|page| drop(page.as_object_mut().unwrap().remove("lastProof")), "null is not base64"),
        (|page| page["lastProof"] = page["firstProof"].clone(), "not proven by the state root: "),
    ];
    let told = Arc::new(Mutex::new(None::<Lie>));
    let lie = Arc::clone(&told);
    let folder = new_folder();
    // On the first page, and on the one behind it.
    let address = serve_node(Node::new(many()), move |node, method, params| {
        let lie = lie.lock().unwrap().filter(|_| method == "findstates" && params[4] == 100)?;
        let mut page = node.find_states(params);
        lie(&mut page);
        Some(Reply::Result(page))
    });
    let chain = fork(folder.path(), address).unwrap();
    let prefix = Key::new(id_of("NeoToken"), &[0xee]);
    let entries = || chain.blockchain().state().seek(&prefix, None, Direction::Forward);
    for pages in [0, 1] {
        for (lie, what) in LIES {
            *told.lock().unwrap() = Some(lie);
            let error = entries().find_map(Result::err).unwrap().to_string();
            assert!(error.contains("findstates is answered wrongly") && error.contains(what), "{pages}: {error}");
        }
        *told.lock().unwrap() = None;
        // What was read is kept.
        assert_eq!(entries().take(1 + 100 * pages).filter(Result::is_ok).count(), 1 + 100 * pages);
    }
    let found: Result<Vec<_>, _> = entries().collect();
    assert_eq!(found.unwrap().into_iter().map(|(key, _)| key).collect::<Vec<_>>(), many().collect::<Vec<_>>());
}

/// A single entry is one that is read by its key.
#[test]
fn a_value_is_proven_by_the_state_root() {
    let folder = new_folder();
    let address = serve_node(Node::new(many()), |node, method, params| {
        (method == "findstates" && params[2] == BASE64_STANDARD.encode([0xee, 0, 7])).then(|| {
            let mut page = node.find_states(params);
            page["results"][0]["value"] = json!("bGll");
            Reply::Result(page)
        })
    });
    let chain = fork(folder.path(), address).unwrap();
    let state = chain.blockchain().state();
    let key = |number| Key::new(id_of("NeoToken"), &[0xee, 0, number]);
    assert_eq!(state.get(&key(6)).unwrap().as_deref(), Some(&[0xee, 0, 6][..]));
    let told = state.get(&key(7)).unwrap_err().to_string();
    assert!(told.contains("findstates is answered wrongly: the results are not those of the state root"), "{told}");
    // From a key on, whether it is there or not.
    for (from, first) in [(&[0xee, 0, 8][..], 8), (&[0xee, 0, 7, 0], 8), (&[0xee, 0, 8, 0], 9)] {
        let from = Key::new(id_of("NeoToken"), from);
        let found = state.seek(&key(0)[..5], Some(&from), Direction::Forward).next().unwrap();
        assert_eq!(found.unwrap().0, key(first));
    }
}

#[test]
fn entries_are_not_read_backward_for_long() {
    let folder = new_folder();
    let address = serve_node(Node::new(many()), |_, method, params| {
        if method == "findstates" && params[2] == BASE64_STANDARD.encode([0xee]) {
            thread::sleep(Duration::from_secs(2));
        }
        None
    });
    let chain = fork(folder.path(), address).unwrap();
    let prefix = Key::new(id_of("NeoToken"), &[0xee]);
    let last = || chain.blockchain().state().seek(&prefix, None, Direction::Backward).next().unwrap();
    let told = last().unwrap_err().to_string();
    assert_eq!(told, "storage: it takes more than 5 s to read entries backward; try again");
    // What was read is not read again.
    assert_eq!(last().unwrap().0, many().last().unwrap());
}

#[test]
fn a_connection_that_the_node_has_closed_is_made_anew() {
    let folder = new_folder();
    // Each answer says nothing of the end that follows it.
    let address = serve_node(Node::new([]), |node, method, params| {
        let Reply::Result(result) = node.answer(method, params) else { return None };
        let body = json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string();
        Some(Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())))
    });
    fork(folder.path(), address).unwrap();
}
