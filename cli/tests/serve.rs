//! `neovm serve`, as a process: its address, its end, and what a kill leaves.

#![cfg(unix)]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use common::neovm;
use neovm::{
    Hash160, ProtocolSettings, Signer, StackItem, WitnessScopes,
    crypto::script_hash_from_address,
    types::{CallFlags, ScriptBuilder},
};
use neovm_private::{NewChain, PrivateChain};
use serde_json::{Value, json};

/// A new private chain in a folder of a test.
fn chain(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    let validator = neovm_wallet::PrivateKey::generate().expect("a key");
    PrivateChain::create(&folder, &NewChain { settings: ProtocolSettings::private(), validator }).expect("a chain");
    folder
}

/// A server that runs.
struct Serve {
    child: Child,
    address: String,
}

impl Serve {
    fn start(folder: &Path, options: &[&str]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_neovm")), folder, options)
    }

    /// Starts a server whose files may not grow beyond a number of bytes, which stands for a disk that is full.
    fn with_disk(bytes: u64, folder: &Path, options: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let limit = bytes.div_ceil(512);
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"")]);
        command.arg(env!("CARGO_BIN_EXE_neovm"));
        Self::spawn(command, folder, options)
    }

    fn spawn(mut command: Command, folder: &Path, options: &[&str]) -> Self {
        command.args(["serve", "--port", "0", "--data"]).arg(folder).args(options);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, address }
    }

    /// What a request is answered.
    fn post(&self, body: &str) -> Option<String> {
        let length = body.len();
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer.split_once("\r\n\r\n")?.1.into())
    }

    /// What a call is answered, with its result or its error.
    fn answer(&self, method: &str, params: Value) -> Option<Value> {
        let answer = self.post(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())?;
        Some(serde_json::from_str(&answer).expect("JSON"))
    }

    fn call(&self, method: &str, params: Value) -> Option<Value> {
        let answer = self.answer(method, params)?;
        assert_eq!(answer["error"], Value::Null, "{method}");
        Some(answer["result"].clone())
    }

    fn blocks(&self) -> u64 {
        self.call("getblockcount", json!([])).expect("an answer").as_u64().expect("a number")
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill");
        assert!(status.success());
    }

    /// Waits for the end, and returns the exit code and what was logged.
    fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut log).expect("text");
        (self.child.wait().expect("it ends").code(), log)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn methods_are_listed() {
    let listed = neovm(&["serve", "--methods"]);
    assert!(listed.ok().contains("| `getblock(blockHashOrIndex, verbose?)` |"), "{}", listed.out);
}

#[test]
fn wrong_options_and_folders_are_refused() {
    neovm(&["serve"]).fails(2, &["--data"]);
    neovm(&["serve", "--data", "x", "--mine", "often"]).fails(2, &["--mine", "neither each, never nor"]);
    neovm(&["serve", "--data", "x", "--max-time", "0"]).fails(2, &["--max-time"]);
    for option in ["--max-connections", "--max-batch"] {
        for number in ["0", "18446744073709551615"] {
            neovm(&["serve", "--data", "x", option, number]).fails(2, &[option, "1..=1000000"]);
        }
    }
    neovm(&["serve", "--data", "/nowhere/at/all"]).fails(1, &["/nowhere/at/all", "neovm chain new"]);
}

#[test]
fn a_damaged_index_of_tokens_is_told_once() {
    let folder = chain("serve-damaged");
    fs::write(folder.join("tokens.redb"), "damaged").expect("a file");
    let refused = neovm(&["serve", "--port", "0", "--data", folder.to_str().expect("UTF-8")]);
    refused.fails(1, &["tokens.redb: the file is damaged", "Remove the file: it is made anew from the chain"]);
    assert_eq!(refused.err.matches("tokens.redb").count(), 1, "{}", refused.err);
    fs::remove_file(folder.join("tokens.redb")).expect("the file goes");
    assert_eq!(Serve::start(&folder, &[]).blocks(), 1);
}

#[test]
fn two_servers_of_one_folder_or_one_port_are_refused() {
    let folder = chain("serve-two");
    let first = Serve::start(&folder, &[]);
    let text = folder.to_str().expect("UTF-8");
    neovm(&["serve", "--port", "0", "--data", text]).fails(1, &["in use"]);
    let other = chain("serve-other");
    let port = first.address.rsplit_once(':').expect("a port").1;
    let second = neovm(&["serve", "--port", port, "--data", other.to_str().expect("UTF-8"), "--log", "off"]);
    second.fails(1, &["cannot listen at", port]);
    assert_eq!(first.blocks(), 1);
}

#[test]
fn signals_end_it_in_order() {
    let folder = chain("serve-signals");
    for signal in ["-TERM", "-INT"] {
        let server = Serve::start(&folder, &["--log-json"]);
        assert_eq!(server.call("getversion", json!([])).expect("an answer")["protocol"]["validatorscount"], 1);
        server.signal(signal);
        let (code, log) = server.end();
        assert_eq!(code, Some(0), "{log}");
        let last: Value = serde_json::from_str(log.lines().last().expect("a line")).expect("JSON");
        assert_eq!(last["fields"]["message"], "stopped");
    }
}

#[test]
fn a_kill_while_blocks_are_made_loses_none_that_was_seen() {
    let folder = chain("serve-killed");
    let mut seen = 1;
    for _ in 0..5 {
        let server = Serve::start(&folder, &["--mine", "0.005", "--log", "off"]);
        let before = server.blocks();
        assert!(before >= seen, "{before} blocks, {seen} were seen");
        let begun = Instant::now();
        while seen < before + 3 {
            assert!(begun.elapsed() < Duration::from_secs(60), "no blocks come");
            seen = server.blocks();
        }
        let hash = server.call("getblockhash", json!([seen - 1])).expect("an answer");
        server.signal("-KILL");
        assert_eq!(server.end().0, None);
        let again = Serve::start(&folder, &["--mine", "never", "--log", "off"]);
        assert_eq!(again.call("getblockhash", json!([seen - 1])), Some(hash.clone()));
        let log = again.call("getapplicationlog", json!([hash])).expect("an answer");
        assert_eq!(log["blockhash"], hash);
        assert!(again.call("getstateroot", json!([seen - 1])).is_some());
    }
}

#[test]
fn a_block_that_finds_no_room_is_not_shown() {
    let folder = chain("serve-full");
    let size = |file: &str| fs::metadata(folder.join(file)).expect("a file").len();
    let largest = size("chain/chain.redb").max(size("logs.redb"));
    let server = Serve::with_disk(largest, &folder, &["--mine", "0.002", "--log", "off"]);
    let call = |method: &str| server.answer(method, json!([])).expect("an answer");
    let (mut seen, begun) = (1, Instant::now());
    let refused = loop {
        let answer = call("getblockcount");
        let Some(blocks) = answer["result"].as_u64() else { break answer };
        seen = seen.max(blocks);
        assert!(begun.elapsed() < Duration::from_secs(120), "{seen} blocks, and still room");
    };
    assert!(refused["error"]["data"].as_str().is_some_and(|told| told.contains("could not be kept")), "{refused}");
    for method in ["getbestblockhash", "getcommittee", "getrawmempool"] {
        assert_eq!(call(method)["error"], refused["error"], "{method}");
    }
    drop(server);
    let again = Serve::start(&folder, &["--mine", "never", "--log", "off"]);
    assert!(again.blocks() >= seen, "{seen} blocks were seen");
}

/// Whether a text is what a transcript shows, where `[..]` stands for anything.
fn is_shown(shown: &str, text: &str) -> bool {
    let mut parts = shown.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// A transfer of 5 GAS, signed by the account that holds all at first.
fn transfer(folder: &Path) -> String {
    let chain = PrivateChain::open(folder).expect("a chain");
    let account = |address: &str| Hash160(script_hash_from_address(address, 53).expect("an address"));
    let genesis = account(&chain.wallet().find("genesis").expect("an account").address);
    let to = account("NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj");
    let gas = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse().expect("a hash");
    let arguments = [genesis.into(), to.into(), 500_000_000.into(), StackItem::Null];
    let script = ScriptBuilder::new().dynamic_call(gas, "transfer", CallFlags::ALL, &arguments).build();
    let signer = Signer::new(genesis, WitnessScopes::CALLED_BY_ENTRY);
    let transaction = chain.make_transaction(&script.expect("a script"), &[signer], &chain.signing());
    BASE64_STANDARD.encode(transaction.expect("a transaction").to_bytes())
}

#[test]
fn the_transcript_of_the_guide_is_true() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("serve-guide");
    let _ = fs::remove_dir_all(&folder);
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide.md")).expect("the guide");
    let section = guide.split_once("### For wallets and SDKs").expect("the section").1;
    let transcript = section.split_once("```sh\n$ ").expect("a transcript").1.split_once("\n```").expect("its end").0;
    let (mut server, mut transaction) = (None, String::new());
    let mut calls = 0;
    for step in transcript.split("\n$ ") {
        let (command, shown) = step.split_once('\n').unwrap_or((step, ""));
        match command {
            "neovm chain new --data target/guide/served" => {
                neovm(&["chain", "new", "--data", folder.to_str().expect("UTF-8")]).ok();
                transaction = transfer(&folder);
            }
            "neovm serve --data target/guide/served --log off &" => {
                assert_eq!(shown, "listening on http://127.0.0.1:10332");
                server = Some(Serve::start(&folder, &["--log", "off"]));
            }
            "kill %1" => {
                let server = server.take().expect("a server");
                server.signal("-TERM");
                assert_eq!(server.end().0, Some(0));
            }
            call => {
                let body =
                    call.strip_prefix("curl -d '").and_then(|rest| rest.strip_suffix("' http://127.0.0.1:10332"));
                let body = body.unwrap_or_else(|| panic!("what is this? {call}")).replace("'$TX'", &transaction);
                let answer = server.as_ref().expect("a server").post(&body).expect("an answer");
                assert!(is_shown(shown, &answer), "{call}\nshown:  {shown}\nanswer: {answer}");
                calls += 1;
            }
        }
    }
    assert!(calls >= 5 && server.is_none(), "{calls} calls");
}

/// Checks the commands of a section of the guide, typed with a server's address and a folder in place of those there.
fn check_transcript(section: &str, address: &str, folder: &Path) {
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide.md")).expect("the guide");
    let section = guide.split_once(section).expect("the section").1;
    let transcript = section.split_once("```sh\n$ ").expect("a transcript").1.split_once("\n```").expect("its end").0;
    for step in transcript.split("\n$ ") {
        let (command, shown) = step.split_once('\n').expect("what it writes");
        let shown = shown.replace("127.0.0.1:10332", address);
        let typed =
            command.replace("127.0.0.1:10332", address).replace("target/guide/fork", folder.to_str().expect("UTF-8"));
        let typed = typed.replace("examples/", concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/"));
        let answer = neovm(&typed.split(' ').skip(1).collect::<Vec<_>>());
        assert!(is_shown(&shown, answer.ok().trim_end()), "{command}\nshown:\n{shown}\nwritten:\n{}", answer.out);
    }
}

#[test]
fn a_served_chain_can_be_forked() {
    let (network, fork) = (chain("serve-origin"), PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("serve-fork"));
    let _ = fs::remove_dir_all(&fork);
    let transaction = transfer(&network);
    let server = Serve::start(&network, &["--log", "off"]);
    server.call("sendrawtransaction", json!([transaction])).expect("an answer");
    check_transcript("### A fork of a live network", &server.address, &fork);
    assert_eq!(server.blocks(), 2, "nothing reaches the network");
    let data = ["--data", fork.to_str().expect("UTF-8")];
    let run = |args: &[&str]| neovm(&[args, &data].concat());
    let info: Value = serde_json::from_str(run(&["chain", "info", "--json"]).ok()).expect("JSON");
    assert_eq!(info["origin"], json!({"rpc": format!("http://{}", server.address), "height": 1}));
    assert_eq!(info["height"], 3);
    run(&["chain", "checkpoint", "deployed"]).ok();
    let rpc = format!("http://{}", server.address);
    run(&["chain", "fork", "--rpc", &rpc]).fails(1, &["this folder is not empty"]);
    let other = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("serve-fork-told");
    let _ = fs::remove_dir_all(&other);
    let told = neovm(&["chain", "fork", "--rpc", &rpc, "--data", other.to_str().expect("UTF-8"), "--json"]);
    let told: Value = serde_json::from_str(told.ok()).expect("JSON");
    assert_eq!((&told["origin"]["height"], &told["height"]), (&json!(1), &json!(2)));
    // A contract is found by its name among all of the network.
    run(&["call", "Token", "symbol"]).ok();
    drop(server);
    // What was read is there, and what was not is an error.
    run(&["call", "Token", "symbol"]).ok();
    run(&["mine"]).ok();
    let unread = run(&["call", "GAS", "balanceOf", "0x0000000000000000000000000000000000000001"]);
    unread.fails(1, &[&rpc, "findstates is not answered: "]);
    assert!(!unread.out.contains("FAULT") && !unread.out.contains("HALT"), "{}", unread.out);
    let unsent = run(&["transfer", "1", "GAS", "--from", "genesis", "--to", "validator"]);
    unsent.fails(1, &[&rpc, "is not answered: "]);
    run(&["chain", "restore", "deployed"]).ok();
    let again = Serve::start(&fork, &["--log", "off"]);
    assert_eq!(again.blocks(), 4);
}

#[test]
fn what_a_fork_begins_with_is_one_thing() {
    neovm(&["chain", "fork", "--data", "x"]).fails(2, &["<DIR>"]);
    neovm(&["chain", "fork", "y", "--data", "x", "--rpc", "http://127.0.0.1:1"]).fails(2, &["cannot be used with"]);
    neovm(&["chain", "fork", "y", "--data", "x", "--height", "1"]).fails(2, &["cannot be used with"]);
}

#[cfg(target_os = "linux")]
#[test]
fn many_clients_do_not_make_many_threads() {
    let folder = chain("serve-threads");
    let server = Serve::start(&folder, &["--log", "off"]);
    let params = json!(["0xd2a4cff31913016155e38e474a2c06d08be276cf", "symbol"]);
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(server.call("invokefunction", params.clone()).expect("an answer")["state"], "HALT");
                }
            });
        }
    });
    let threads = fs::read_dir(format!("/proc/{}/task", server.child.id())).expect("threads").count();
    let cores = std::thread::available_parallelism().expect("a number").get();
    // As many for connections as for calls, one for blocks, and the first one, which waits for the end.
    assert!(threads <= 2 * cores + 2 + OF_THE_CHAIN, "{threads} threads on {cores} cores");
}

/// The threads of a chain that is open: one computes roots, one writes.
#[cfg(target_os = "linux")]
const OF_THE_CHAIN: usize = 2;

#[test]
fn the_address_may_be_the_name_of_a_host() {
    let folder = chain("serve-bind");
    for address in ["localhost", "::1", "[::1]"] {
        // Not every machine has IPv6.
        if address.contains(':') && std::net::TcpListener::bind("[::1]:0").is_err() {
            continue;
        }
        let server = Serve::start(&folder, &["--log", "off", "--bind", address]);
        assert_eq!(server.blocks(), 1, "{address}");
    }
    let text = folder.to_str().expect("UTF-8");
    let unknown = neovm(&["serve", "--data", text, "--log", "off", "--bind", "nowhere.invalid"]);
    unknown.fails(1, &["cannot listen at nowhere.invalid, port 10332"]);
}
