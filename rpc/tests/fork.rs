//! Forks of another network, whose node is a server of ours.

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use common::{
    GAS, NEO, World,
    contracts::{BOB, deploy, ops, push, run, syscall, token},
    keeper, new_folder,
    server::Running,
};
use neovm_private::{ForkOf, PrivateChain, PrivateError};
use neovm_rpc::{Mining, ServerLimits};
use neovm_storage::{Direction, Key, Store};
use neovm_types::{CallFlags, Hash160, OpCode, ScriptBuilder, StackItem};
use neovm_wallet::PrivateKey;
use serde_json::{Value, json};

/// The number of entries of the keeper, which are more than two pages.
const ENTRIES: usize = 250;

/// A network with a contract of many entries, a transfer before the block that forks begin at, and one after it.
struct Network {
    world: World,
    keeper: String,
    /// The transaction before that block.
    transfer: String,
    height: u32,
}

impl Network {
    fn new(name: &str) -> Self {
        let mut world = World::new(name);
        let (nef, manifest) = keeper();
        let keeper = world.deploy(&nef, &manifest);
        // Some keys begin with others.
        let entries: Vec<_> = (0..ENTRIES).map(|i| (format!("{:x}", i * 7), [i as u8; 40])).collect();
        for some in entries.chunks(50) {
            let mut script = ScriptBuilder::new();
            for (key, value) in some {
                let arguments = [key.as_str().into(), value[..].into()];
                script.dynamic_call(keeper.parse().unwrap(), "put", CallFlags::ALL, &arguments);
            }
            let transaction = world.transaction(script.build().unwrap(), Vec::new());
            world.send(&transaction);
        }
        let transfer = world.transfer(GAS, BOB, 500);
        let height = world.call("getblockcount", json!([])).as_u64().unwrap() as u32 - 1;
        world.transfer(GAS, BOB, 30);
        put(&mut world, &keeper, b"later", b"later");
        Self { world, keeper, transfer, height }
    }

    fn fork_at(&self, node: SocketAddr, folder: &Path, height: Option<u32>) -> Result<PrivateChain, PrivateError> {
        let rpc = format!("http://{node}");
        let validator = PrivateKey::from_bytes(&[9; 32]).unwrap();
        PrivateChain::fork_of(folder, &ForkOf { rpc, height, validator })
    }

    fn fork(&self, server: &Running, name: &str) -> World {
        self.fork_mining(server.address, name, Mining::Each)
    }

    fn fork_mining(&self, node: SocketAddr, name: &str, mining: Mining) -> World {
        let folder = new_folder(name);
        let chain = self.fork_at(node, folder.path(), Some(self.height)).unwrap();
        World::of(chain, PrivateKey::from_bytes(&[9; 32]).unwrap(), folder, mining)
    }
}

fn put(world: &mut World, keeper: &str, key: &[u8], value: &[u8]) {
    let transaction = world.calling(keeper, "put", &[key.into(), value.into()]);
    world.send(&transaction);
}

fn balance(world: &World, token: &str, account: Hash160) -> String {
    let account = json!({"type": "Hash160", "value": account.to_string()});
    let called = world.call("invokefunction", json!([token, "balanceOf", [account]]));
    assert_eq!(called["state"], "HALT", "{called}");
    called["stack"][0]["value"].as_str().unwrap().into()
}

/// All entries of a contract, as they are listed.
fn listed(world: &World, contract: &str) -> Vec<Value> {
    let mut entries: Vec<Value> = Vec::new();
    loop {
        let found = world.call("findstorage", json!([contract, "", entries.len()]));
        entries.extend(found["results"].as_array().unwrap().iter().cloned());
        if found["truncated"] == false {
            return entries;
        }
    }
}

fn raise(node: &World, method: &str, params: Value) -> String {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let answer = node.request(&request);
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    answer["error"]["data"].as_str().unwrap_or_else(|| panic!("{answer}")).into()
}

#[test]
fn a_fork_goes_on_from_a_block_of_the_network() {
    let mut network = Network::new("fork-network");
    let server = Running::start(&network.world, ServerLimits::default());
    let mut fork = network.fork(&server, "fork");
    let height = u64::from(network.height);
    // The state is that after the block, with one block more.
    assert_eq!(fork.call("getblockcount", json!([])), height + 2);
    assert_eq!(balance(&fork, GAS, BOB), "500");
    assert_eq!(balance(&network.world, GAS, BOB), "530");
    assert_eq!(
        fork.call("getcontractstate", json!([network.keeper])),
        network.world.call("getcontractstate", json!([network.keeper]))
    );
    let entries = listed(&fork, &network.keeper);
    assert_eq!(entries.len(), ENTRIES);
    assert_eq!(
        entries,
        listed(&network.world, &network.keeper)[..]
            .iter()
            .filter(|entry| entry["key"] != "bGF0ZXI=")
            .cloned()
            .collect::<Vec<_>>()
    );
    // So are blocks and transactions of before.
    for index in [0, 1, height] {
        assert_eq!(fork.call("getblock", json!([index])), network.world.call("getblock", json!([index])));
    }
    assert_eq!(
        fork.call("getrawtransaction", json!([network.transfer])),
        network.world.call("getrawtransaction", json!([network.transfer]))
    );
    assert_eq!(fork.call("gettransactionheight", json!([network.transfer])), height);
    let later = network.world.call("getblockhash", json!([height + 1]));
    assert_eq!(fork.error("getblock", json!([later])).0, -101);
    // The validator is another one, and rich.
    let key = PrivateKey::from_bytes(&[9; 32]).unwrap().public_key().to_string();
    assert_eq!(fork.call("getcommittee", json!([])), json!([key]));
    let rich = fork.rich();
    assert_eq!(balance(&fork, GAS, rich), "5200000000000000");
    assert_eq!(balance(&fork, NEO, rich), "0");
    // It goes its own way.
    fork.transfer(GAS, BOB, 1);
    put(&mut fork, &network.keeper, b"0", b"changed");
    let (nef, mut manifest) = keeper();
    manifest["name"] = "another".into();
    let another = fork.deploy(&nef, &manifest);
    put(&mut fork, &another, b"key", b"value");
    assert_eq!(balance(&fork, GAS, BOB), "501");
    assert_eq!(balance(&network.world, GAS, BOB), "530");
    let changed = listed(&fork, &network.keeper);
    assert_eq!((changed.len(), &changed[0]["value"]), (ENTRIES, &json!("Y2hhbmdlZA==")));
    assert_eq!(changed[1..], entries[1..]);
    assert_eq!(network.world.call("getblockcount", json!([])), height + 3);
    assert_eq!(network.world.error("getcontractstate", json!([another])).0, -102);
    // The network goes on, too, and the fork does not see it.
    network.world.transfer(GAS, BOB, 1000);
    assert_eq!(balance(&fork, GAS, BOB), "501");
    // What was read and changed is there again, without the node.
    drop(server);
    let blocks = fork.call("getblockcount", json!([]));
    let fork = fork.reopened();
    assert_eq!(fork.call("getblockcount", json!([])), blocks);
    assert_eq!(balance(&fork, GAS, BOB), "501");
    assert_eq!(listed(&fork, &network.keeper), changed);
    assert_eq!(listed(&fork, &another).len(), 1);
    assert_eq!(
        fork.call("getrawtransaction", json!([network.transfer, true]))["confirmations"],
        json!(blocks.as_u64().unwrap() - height)
    );
    fork.node.write().unwrap().mine().unwrap();
    assert_eq!(fork.call("getblockcount", json!([])), blocks.as_u64().unwrap() + 1);
}

#[test]
fn entries_come_in_order_from_any_place_in_both_directions() {
    let network = Network::new("fork-order");
    let server = Running::start(&network.world, ServerLimits::default());
    let mut fork = network.fork(&server, "fork-ordered");
    // Changed, new, before all and behind all.
    for key in [&b"7"[..], b"7zz", b"!", b"zzz"] {
        put(&mut fork, &network.keeper, key, b"of the fork");
    }
    let id = network.world.call("getcontractstate", json!([network.keeper]))["id"].as_i64().unwrap() as i32;
    let (nodes, own) = (fork.node.read().unwrap(), network.world.node.read().unwrap());
    // What the network has, with the same changes.
    let mut expected: Vec<_> =
        own.chain().state().seek(&Key::new(id, b""), None, Direction::Forward).map(Result::unwrap).collect();
    expected.retain(|(key, _)| key.local() != b"later" && key.local() != b"7");
    for key in [&b"7"[..], b"7zz", b"!", b"zzz"] {
        expected.push((Key::new(id, key), b"of the fork"[..].into()));
    }
    expected.sort_by(|(a, _), (b, _)| a.cmp(b));
    for prefix in [&b""[..], b"7", b"6c", b"6ce", b"later", b"x"] {
        for from in [None, Some(&b""[..]), Some(b"7"), Some(b"6c"), Some(b"6cd"), Some(b"7zz"), Some(b"a0")] {
            let (prefix, from) = (Key::new(id, prefix), from.map(|from| Key::new(id, from)));
            let of = |direction| {
                let entries = nodes.chain().state().seek(&prefix, from.as_deref(), direction);
                entries.map(Result::unwrap).collect::<Vec<_>>()
            };
            let is_within = from.as_deref().is_none_or(|from| from.starts_with(&prefix));
            let within = expected.iter().filter(|(key, _)| is_within && key.starts_with(&prefix));
            let forward = within.clone().filter(|(key, _)| from.as_ref().is_none_or(|from| key >= from));
            assert_eq!(of(Direction::Forward), forward.cloned().collect::<Vec<_>>(), "{prefix:?} {from:?}");
            let backward = within.rev().filter(|(key, _)| from.as_ref().is_none_or(|from| key <= from));
            assert_eq!(of(Direction::Backward), backward.cloned().collect::<Vec<_>>(), "{prefix:?} {from:?}");
        }
    }
}

#[test]
fn no_key_is_longer_than_a_key_can_be() {
    let network = Network::new("fork-long");
    let server = Running::start(&network.world, ServerLimits::default());
    let fork = network.fork(&server, "fork-of-long");
    let long = common::base64(&[b'0'; 65]);
    assert_eq!(fork.error("getstorage", json!([network.keeper, long])).0, -104);
    let none = json!({"truncated": false, "next": 0, "results": []});
    assert_eq!(fork.call("findstorage", json!([network.keeper, long, 0])), none);
    let id = network.world.call("getcontractstate", json!([network.keeper]))["id"].as_i64().unwrap() as i32;
    let node = fork.node.read().unwrap();
    // Behind the key "0", and before what follows it.
    let from = Key::new(id, &[&b"0"[..], &[0; 80]].concat());
    let keys = |direction| -> Vec<Key> {
        let entries = node.chain().state().seek(&Key::new(id, b""), Some(&from), direction);
        entries.map(|entry| entry.unwrap().0).collect()
    };
    let (behind, before) = (keys(Direction::Forward), keys(Direction::Backward));
    assert_eq!((before.len(), behind.len()), (1, ENTRIES - 1));
    assert_eq!(before, [Key::new(id, b"0")]);
}

#[test]
fn a_node_that_is_gone_is_an_error_and_nothing_comes_of_it() {
    let network = Network::new("fork-gone");
    let server = Running::start(&network.world, ServerLimits::default());
    let mut fork = network.fork(&server, "fork-alone");
    let address = server.address;
    let transaction = fork.calling(&network.keeper, "put", &[b"1"[..].into(), b"2"[..].into()]);
    drop(server);
    let blocks = fork.call("getblockcount", json!([]));
    let account = json!({"type": "Hash160", "value": BOB.to_string()});
    let raw = common::base64(&transaction.to_bytes());
    for (method, params) in [
        ("invokefunction", json!([GAS, "balanceOf", [account]])),
        ("getcontractstate", json!([network.keeper])),
        ("getstorage", json!([GAS, "FAcHBwcHBwcHBwcHBwcHBwcHBwcH"])),
        ("findstorage", json!([-1, "", 0])),
        ("findstorage", json!([-1, "", 7])),
        ("getblock", json!([1])),
        ("getrawtransaction", json!([network.transfer])),
        ("sendrawtransaction", json!([raw])),
    ] {
        let told = raise(&fork, method, params);
        assert!(
            told.contains(&format!("http://{address}: ")) && told.contains(" is not answered: "),
            "{method}: {told}"
        );
    }
    assert_eq!(fork.call("getblockcount", json!([])), blocks);
    assert_eq!(fork.call("getrawmempool", json!([])), json!([]));
    // It is at another address now.
    let server = Running::start(&network.world, ServerLimits::default());
    let fork = fork.closed(|| {});
    let file = fork.folder.path().join("origin.json");
    let mut fork = fork.closed(|| {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(&address.to_string(), &server.address.to_string())).unwrap();
    });
    assert_eq!(balance(&fork, GAS, BOB), "500");
    fork.send(&transaction);
    assert_eq!(fork.call("getblockcount", json!([])), blocks.as_u64().unwrap() + 1);
}

#[test]
fn heights_that_there_are_not_and_folders_in_use_are_refused() {
    let network = Network::new("fork-heights");
    let server = Running::start(&network.world, ServerLimits::default());
    let parent = new_folder("fork-refused");
    let folder = parent.path().join("chain");
    let beyond = network.fork_at(server.address, &folder, Some(network.height + 3)).unwrap_err().to_string();
    assert!(beyond.ends_with("getstateroot is answered with error -106: Unknown state root"), "{beyond}");
    assert!(!folder.exists());
    // Without a height it is the last block.
    let chain = network.fork_at(server.address, &folder, None).unwrap();
    assert_eq!(chain.blockchain().height(), Some(network.height + 3));
    drop(chain);
    let again = network.fork_at(server.address, &folder, None).unwrap_err().to_string();
    assert!(again.ends_with("this folder is not empty"), "{again}");
    drop(server);
    let other = parent.path().join("nowhere");
    let server = ForkOf { rpc: "http://127.0.0.1:1".into(), height: None, validator: PrivateKey::generate().unwrap() };
    let nowhere = PrivateChain::fork_of(&other, &server).unwrap_err().to_string();
    assert!(nowhere.starts_with("http://127.0.0.1:1: getversion is not answered: "), "{nowhere}");
    for rpc in ["", "nonsense", "ftp://127.0.0.1", "http://", "file:///etc/passwd"] {
        let fork = ForkOf { rpc: rpc.into(), height: None, validator: PrivateKey::generate().unwrap() };
        let refused = PrivateChain::fork_of(&other, &fork).unwrap_err().to_string();
        assert!(refused.contains("getversion is not answered: "), "{refused}");
    }
    assert!(!other.exists());
}

#[test]
fn checkpoints_and_copies_of_a_fork_are_forks() {
    let network = Network::new("fork-kept");
    let server = Running::start(&network.world, ServerLimits::default());
    let (folder, copied) = (new_folder("fork-of-kept"), new_folder("fork-copied"));
    let mut chain = network.fork_at(server.address, folder.path(), Some(network.height)).unwrap();
    chain.checkpoint("start").unwrap();
    chain.fork(copied.path()).unwrap();
    chain.mine(&[], None).unwrap();
    chain.flush().unwrap();
    chain.restore("start").unwrap();
    for folder in [&folder, &copied] {
        let mut chain = PrivateChain::open(folder.path()).unwrap();
        assert_eq!(chain.blockchain().height(), Some(network.height + 1));
        assert_eq!(chain.origin().unwrap().height(), network.height);
        chain.mine(&[], None).unwrap();
        chain.flush().unwrap();
    }
    // A fork of a fork: that has no state roots.
    let folder = new_folder("fork-of-fork");
    let fork = network.fork(&server, "fork-no-roots");
    let second = Running::start(&fork, ServerLimits::default());
    let refused = network.fork_at(second.address, folder.path(), Some(network.height)).unwrap_err().to_string();
    let why = "Unknown state root - a fork of another network has no state roots";
    assert!(refused.ends_with(&format!("getstateroot is answered with error -106: {why}")), "{refused}");
    // Whatever asks for one is told why there is none.
    let root = network.world.call("getstateroot", json!([network.height]))["roothash"].clone();
    for (method, params, code) in [
        ("getstateroot", json!([network.height + 1]), -106),
        ("getstate", json!([root, GAS, "Cw=="]), -606),
        ("findstates", json!([root, GAS, ""]), -606),
        ("getproof", json!([root, GAS, "Cw=="]), -606),
    ] {
        let (found, told) = fork.error(method, params);
        assert_eq!(found, code, "{method}");
        assert!(told.ends_with(" - a fork of another network has no state roots"), "{method}: {told}");
    }
    assert_eq!(fork.call("getstateheight", json!([])), json!({"localrootindex": null, "validatedrootindex": null}));
    let refused = network.fork_at(second.address, folder.path(), None).unwrap_err().to_string();
    assert!(refused.contains("there is no localrootindex"), "{refused}");
}

#[test]
fn a_token_whose_state_cannot_be_read_is_an_error_and_is_not_left_out() {
    let mut network = Network::new("fork-tokens");
    let decimals = [push(b"decimals"), syscall("System.Storage.GetReadOnlyContext"), syscall("System.Storage.Get")];
    let [has, is] = [OpCode::ISNULL, OpCode::PUSH5].map(|code| ops(&[code]));
    let hash = deploy(&mut network.world, "far", "NEP-17", &token([decimals.concat(), has].concat(), is));
    network.height += 3;
    let server = Running::start(&network.world, ServerLimits::default());
    let mut fork = network.fork(&server, "fork-of-tokens");
    run(&mut fork, &hash, "mint", &[]);
    let url = format!("http://{}: ", server.address);
    drop(server);
    let balances =
        |fork: &World| fork.request(&json!({"id": 1, "method": "getnep17balances", "params": [BOB.to_string()]}));
    let answer = balances(&fork);
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains(&url), "{answer}");
}

#[test]
fn a_balance_that_cannot_be_read_is_no_earlier_one() {
    let mut network = Network::new("fork-balance");
    // What is kept under the key "balance".
    let own = || syscall("System.Storage.GetContext");
    let get = [push(b"balance"), own(), syscall("System.Storage.Get"), ops(&[OpCode::CONVERT]), vec![0x21]].concat();
    let put = [ops(&[OpCode::PUSH5]), push(b"balance"), own(), syscall("System.Storage.Put")].concat();
    let methods = [token(ops(&[OpCode::PUSH0]), get), vec![("both", &[][..], put)]].concat();
    let hash = deploy(&mut network.world, "far", "NEP-17", &methods);
    run(&mut network.world, &hash, "both", &[]);
    network.height += 4;
    let server = Arc::new(Running::start(&network.world, ServerLimits::default()));
    let node = liar(&server, &hash, |results| {
        if SILENT.load(Ordering::Relaxed) {
            never(results);
        }
    });
    static SILENT: AtomicBool = AtomicBool::new(false);
    let mut fork = network.fork_mining(node, "fork-of-balance", Mining::Each);
    SILENT.store(true, Ordering::Relaxed);
    run(&mut fork, &hash, "mint", &[]);
    let told = raise(&fork, "getnep17balances", json!([BOB.to_string()]));
    assert!(told.contains("it does not tell whether more follow"), "{told}");
    // Nobody else is concerned, nor is the balance when it can be read.
    let rich = fork.rich();
    assert_eq!(fork.call("getnep17balances", json!([rich.to_string()]))["balance"][0]["assethash"], GAS);
    SILENT.store(false, Ordering::Relaxed);
    let balance = &fork.call("getnep17balances", json!([BOB.to_string()]))["balance"][0];
    assert_eq!((&balance["assethash"], &balance["amount"]), (&json!(hash), &json!("5")), "{balance}");
}

/// The address of a node that passes calls on to a server, and changes what it finds in the storage of a contract as
/// long as there is something. It ends with the tests.
fn liar(server: &Arc<Running>, contract: &str, change: fn(results: &mut Value)) -> SocketAddr {
    let (listener, server, contract) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::clone(server), contract.to_owned());
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while line != "\r\n" {
                line.clear();
                stream.read_line(&mut line).unwrap();
                let lower = line.to_lowercase();
                length = lower.strip_prefix("content-length:").map_or(length, |it| it.trim().parse().unwrap());
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let request: Value = serde_json::from_slice(&body).unwrap();
            let mut answer = server.call(&request);
            let found = answer["result"]["results"].as_array().map_or(0, Vec::len);
            if request["method"] == "findstates" && request["params"][1] == contract.as_str() && found > 0 {
                change(&mut answer["result"]);
            }
            let answer = answer.to_string();
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", answer.len());
            stream.get_mut().write_all((head + &answer).as_bytes()).unwrap();
        }
    });
    address
}

/// What is answered of a contract's storage so that it can never be read.
fn never(results: &mut Value) {
    results["truncated"] = Value::Null;
}

#[test]
fn a_transaction_that_reads_what_cannot_be_read_does_not_hold_up_others() {
    let network = Network::new("fork-aside");
    let server = Arc::new(Running::start(&network.world, ServerLimits::default()));
    let mut fork = network.fork_mining(liar(&server, &network.keeper, never), "fork-set-aside", Mining::Each);
    let transaction = fork.calling(&network.keeper, "put", &[b"1"[..].into(), b"2"[..].into()]);
    let raw = json!([common::base64(&transaction.to_bytes())]);
    let told = raise(&fork, "sendrawtransaction", raw.clone());
    assert!(told.contains(&transaction.hash().to_string()) && told.contains("more follow"), "{told}");
    assert_eq!(fork.call("getrawmempool", json!([])), json!([]));
    fork.transfer(GAS, BOB, 2);
    assert_eq!(balance(&fork, GAS, BOB), "502");
    // It is not kept in mind either.
    let again = raise(&fork, "sendrawtransaction", raw);
    assert!(again.contains(" is set aside: "), "{again}");
}

#[test]
fn among_many_that_wait_only_those_that_read_what_cannot_be_read_are_set_aside() {
    let network = Network::new("fork-among");
    let server = Arc::new(Running::start(&network.world, ServerLimits::default()));
    let mut fork = network.fork_mining(liar(&server, &network.keeper, never), "fork-among-many", Mining::Never);
    let to_bob =
        |fork: &mut World| fork.calling(GAS, "transfer", &[fork.rich().into(), BOB.into(), 1.into(), StackItem::Null]);
    let mine = |fork: &World| fork.node.write().unwrap().mine().map(|block| block.transactions().len());
    let mut aside = Vec::new();
    for i in 0..12 {
        let is_far = i % 5 == 2;
        let transaction = match is_far {
            true => fork.calling(&network.keeper, "put", &[b"1"[..].into(), b"2"[..].into()]),
            false => to_bob(&mut fork),
        };
        let hash = fork.send(&transaction);
        aside.extend(is_far.then_some(hash));
    }
    let (mut mined, mut told) = (0, Vec::new());
    for _ in 0..12 {
        match mine(&fork) {
            Ok(count) => mined += count,
            Err(error) => told.push(error.to_string()),
        }
    }
    assert_eq!((mined, told.len()), (10, 2), "{told:?}");
    for hash in aside {
        assert!(told.iter().any(|told| told.contains(&hash)), "{hash}: {told:?}");
    }
    assert_eq!(fork.call("getrawmempool", json!([])), json!([]));
    assert_eq!(balance(&fork, GAS, BOB), "510");
}
