//! What the calls are answered, over a private chain.

mod common;

use std::time::Duration;

use common::{GAS, MANAGEMENT, NEO, World, ZERO, base64, keeper, script};
use neovm_chain::{Attribute, Block};
use neovm_rpc::{Limits, METHODS, Mining};
use neovm_types::Hash160;
use serde_json::{Value, json};

const BOB: Hash160 = Hash160([7; 20]);

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn the_network_is_described() {
    let world = World::new("version");
    let version = world.call("getversion", json!([]));
    assert_eq!(version["rpc"], json!({"maxiteratorresultitems": 100, "sessionenabled": true}));
    let protocol = &version["protocol"];
    assert_eq!((&protocol["addressversion"], &protocol["validatorscount"]), (&json!(53), &json!(1)));
    assert_eq!(protocol["memorypoolmaxtransactions"], 50_000);
    assert_eq!(protocol["standbycommittee"], json!([world.key.public_key().to_string()]));
    assert!(protocol["hardforks"].as_array().unwrap()[0] == json!({"name": "Aspidochelone", "blockheight": 0}));
    for field in ["network", "msperblock", "maxtraceableblocks", "maxvaliduntilblockincrement"] {
        assert!(number(&protocol[field]) > 0, "{field}");
    }
    let plugins = world.call("listplugins", json!([]));
    assert_eq!(plugins[0]["name"], "ApplicationLogs");
    let valid = |address: &str| world.call("validateaddress", json!([address]))["isvalid"].clone();
    assert_eq!(valid("NbnjKGMBJzJ6j5PHeYhjJDaQ5Vy5UYu4Fv"), true);
    assert_eq!(valid("NbnjKGMBJzJ6j5PHeYhjJDaQ5Vy5UYu4Fw"), false);
    assert_eq!(valid(&"N".repeat(1 << 16)), false);
}

#[test]
fn blocks_and_headers_are_found_by_hash_and_index() {
    let mut world = World::new("blocks");
    let hash = world.transfer(GAS, BOB, 5);
    assert_eq!(world.call("getblockcount", json!([])), 2);
    assert_eq!(world.call("getblockheadercount", json!([])), 2);
    let best = world.call("getbestblockhash", json!([]));
    assert_eq!(world.call("getblockhash", json!([1])), best);
    assert_eq!(world.call("getblockhash", json!(["1"])), best);
    let block = world.call("getblock", json!([best, true]));
    assert_eq!(block, world.call("getblock", json!([1, 1])));
    assert_eq!((&block["confirmations"], &block["nextblockhash"]), (&json!(1), &Value::Null));
    assert_eq!(block["tx"][0]["hash"], hash);
    let genesis = world.call("getblock", json!([0, true]));
    assert_eq!((&genesis["confirmations"], &genesis["nextblockhash"]), (&json!(2), &best));
    let bytes = world.call("getblock", json!([best]));
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, bytes.as_str().unwrap()).unwrap();
    assert_eq!(json!(Block::parse(&bytes).unwrap().hash().to_string()), best);
    let header = world.call("getblockheader", json!([best, true]));
    assert_eq!((&header["hash"], &header["tx"]), (&best, &Value::Null));
    assert!(number(&header["size"]) < number(&block["size"]));
    assert_eq!(world.error("getblock", json!([ZERO])), (-101, "Unknown block".into()));
    assert_eq!(world.error("getblock", json!([9])).0, -101);
    assert_eq!(world.error("getblockhash", json!([9])), (-109, "Unknown height".into()));
    assert_eq!(world.error("getblock", json!([-1])).0, -32602);
    assert_eq!(world.error("getblock", json!(["0x12"])).0, -32602);
    let missing = "Invalid params - Required parameter 'blockHashOrIndex' is missing";
    assert_eq!(world.error("getblock", json!([])), (-32602, missing.into()));
}

#[test]
fn a_transaction_is_sent_mined_and_found() {
    let mut world = World::new("sent");
    let transaction = world.calling(NEO, "transfer", &[]);
    let raw = base64(&transaction.to_bytes());
    let fee = world.call("calculatenetworkfee", json!([raw]));
    assert!(fee["networkfee"].as_str().unwrap().parse::<u64>().unwrap() > 100_000);
    let hash = world.send(&transaction);
    assert_eq!(world.call("getrawtransaction", json!([hash])), raw);
    assert_eq!(world.call("gettransactionheight", json!([hash])), 1);
    let verbose = world.call("getrawtransaction", json!([hash, true]));
    assert_eq!(
        (&verbose["blockhash"], &verbose["confirmations"]),
        (&world.call("getblockhash", json!([1])), &json!(1))
    );
    assert_eq!(verbose["blocktime"], world.call("getblock", json!([1, true]))["time"]);
    assert_eq!(
        world.error("sendrawtransaction", json!([raw])),
        (-501, "Inventory already exists - AlreadyExists".into())
    );
    assert_eq!(world.error("getrawtransaction", json!([ZERO])), (-103, "Unknown transaction".into()));
    assert_eq!(world.error("gettransactionheight", json!([ZERO])).0, -103);
    assert_eq!(world.error("sendrawtransaction", json!(["AAAA"])).0, -32602);
    let mut wrong = transaction.to_bytes();
    let end = wrong.len() - 60;
    wrong[end] ^= 1;
    assert_ne!(world.error("sendrawtransaction", json!([base64(&wrong)])).0, -32603);
}

#[test]
fn the_pool_holds_what_no_block_has_taken() {
    let mut world = World::with("pool", Mining::Never, Limits::default());
    let transaction = world.calling(GAS, "symbol", &[]);
    let hash = world.send(&transaction);
    assert_eq!(world.call("getrawmempool", json!([])), json!([hash]));
    let verbose = world.call("getrawmempool", json!([true]));
    assert_eq!(verbose, json!({"height": 0, "verified": [hash], "unverified": []}));
    assert_eq!(world.call("getrawtransaction", json!([hash, true]))["blockhash"], Value::Null);
    assert_eq!(world.error("gettransactionheight", json!([hash])).0, -103);
    let raw = base64(&transaction.to_bytes());
    assert_eq!(world.error("sendrawtransaction", json!([raw])), (-503, "Already in pool - AlreadyInPool".into()));
    let naming = Attribute::Conflicts { hash: transaction.hash() };
    let dearer = world.transaction(script(GAS, "symbol", &[]), vec![naming]);
    let dearer = world.send(&dearer);
    assert_eq!(world.call("getrawmempool", json!([])), json!([dearer]));
    world.node.write().unwrap().mine().unwrap();
    assert_eq!(world.call("getrawmempool", json!([])), json!([]));
    assert_eq!(world.call("gettransactionheight", json!([dearer])), 1);
    let error = world.error("sendrawtransaction", json!([raw]));
    assert_eq!(error, (-500, "Inventory verification failed - HasConflicts".into()));
}

#[test]
fn a_block_of_another_node_is_taken() {
    let mut maker = World::new("maker");
    let taker = World::with("taker", Mining::Never, Limits::default());
    maker.transfer(GAS, BOB, 1);
    maker.transfer(GAS, BOB, 2);
    let blocks = [1, 2].map(|index| maker.call("getblock", json!([index])));
    assert_eq!(
        taker.error("submitblock", json!([blocks[1]])),
        (-500, "Inventory verification failed - UnableToVerify".into())
    );
    let result = taker.call("submitblock", json!([blocks[0]]));
    assert_eq!(result["hash"], maker.call("getblockhash", json!([1])));
    assert_eq!(taker.error("submitblock", json!([blocks[0]])).0, -501);
    taker.call("submitblock", json!([blocks[1]]));
    for index in 0..3 {
        assert_eq!(taker.call("getstateroot", json!([index])), maker.call("getstateroot", json!([index])));
    }
    assert_eq!(taker.error("submitblock", json!(["AAAA"])), (-32602, "Invalid params - Invalid Block Format".into()));
}

#[test]
fn contracts_are_found_by_hash_id_and_name() {
    let mut world = World::new("contracts");
    let (nef, manifest) = keeper();
    let hash = world.deploy(&nef, &manifest);
    let contract = world.call("getcontractstate", json!([hash]));
    assert_eq!((&contract["id"], &contract["updatecounter"], &contract["hash"]), (&json!(1), &json!(0), &json!(hash)));
    assert_eq!(contract["nef"]["magic"], 0x3346454e);
    assert_eq!(contract["nef"]["checksum"], nef.checksum());
    assert_eq!(contract["nef"]["script"], base64(nef.script.bytes()));
    assert_eq!(contract["manifest"]["name"], "keeper");
    assert_eq!(contract, world.call("getcontractstate", json!([1])));
    let natives = world.call("getnativecontracts", json!([]));
    assert_eq!(natives[0]["manifest"]["name"], "ContractManagement");
    assert_eq!(natives[0], world.call("getcontractstate", json!(["contractmanagement"])));
    assert_eq!(natives[0], world.call("getcontractstate", json!([-1])));
    assert_eq!(world.error("getcontractstate", json!([77])), (-102, "Unknown contract".into()));
    assert_eq!(world.error("getcontractstate", json!(["nothing"])).0, -32602);
}

#[test]
fn the_storage_of_a_contract_is_read() {
    let mut world = World::new("storage");
    let (nef, manifest) = keeper();
    let hash = world.deploy(&nef, &manifest);
    for key in [b"aa", b"ab", b"ba"] {
        let transaction = world.calling(&hash, "put", &[key.as_slice().into(), key.as_slice().into()]);
        world.send(&transaction);
    }
    assert_eq!(world.call("getstorage", json!([hash, base64(b"ab")])), base64(b"ab"));
    assert_eq!(world.call("getstorage", json!([1, base64(b"ab")])), base64(b"ab"));
    assert_eq!(world.error("getstorage", json!([hash, base64(b"zz")])), (-104, "Unknown storage item".into()));
    assert_eq!(world.error("getstorage", json!([hash, "%"])).0, -32602);
    // As tools break it into lines.
    assert_eq!(world.call("getstorage", json!([hash, " YW\r\nI=\n"])), base64(b"ab"));
    assert_eq!(world.call("getstorage", json!([hash, "YWJ="])), base64(b"ab"), "bits that belong to no byte");
    assert_eq!(world.error("getstorage", json!([hash, "YW\u{b}I="])).0, -32602);
    let found = world.call("findstorage", json!([hash, base64(b"a")]));
    let entry = |key: &[u8]| json!({"key": base64(key), "value": base64(key)});
    assert_eq!(found, json!({"truncated": false, "next": 2, "results": [entry(b"aa"), entry(b"ab")]}));
    let found = world.call("findstorage", json!([hash, "", 2]));
    assert_eq!(found, json!({"truncated": false, "next": 3, "results": [entry(b"ba")]}));
    let root = world.call("getstateroot", json!([4]))["roothash"].clone();
    assert_eq!(world.call("getstate", json!([root, hash, base64(b"aa")])), base64(b"aa"));
    let states = world.call("findstates", json!([root, hash, base64(b"a"), base64(b"aa"), 5]));
    assert_eq!(states["results"], json!([entry(b"ab")]));
    let states = world.call("findstates", json!([root, hash, "", "", 2]));
    assert_eq!((&states["truncated"], &states["results"]), (&json!(true), &json!([entry(b"aa"), entry(b"ab")])));
    for (proof, value) in [(&states["firstProof"], b"aa"), (&states["lastProof"], b"ab")] {
        assert_eq!(world.call("verifyproof", json!([root, proof])), base64(value));
        assert_eq!(world.error("verifyproof", json!([ZERO, proof])), (-607, "Invalid state proof".into()));
    }
    assert_eq!(world.call("getproof", json!([root, hash, base64(b"aa")])), states["firstProof"]);
    // Earlier states are kept: then there was no such key.
    let before = world.call("getstateroot", json!([3]))["roothash"].clone();
    assert_eq!(world.error("getstate", json!([before, hash, base64(b"ba")])).0, -104);
    assert_eq!(world.call("getstateheight", json!([])), json!({"localrootindex": 4, "validatedrootindex": null}));
    assert_eq!(world.error("getstateroot", json!([5])), (-106, "Unknown state root".into()));
    assert_eq!(world.error("getstate", json!([ZERO, hash, ""])).0, -106);
}

#[test]
fn test_invocations_keep_nothing() {
    let world = World::new("invoked");
    let symbol = world.call("invokefunction", json!([GAS, "symbol"]));
    assert_eq!((&symbol["state"], &symbol["exception"]), (&json!("HALT"), &Value::Null));
    assert_eq!(symbol["stack"], json!([{"type": "ByteString", "value": base64(b"GAS")}]));
    assert!(symbol["gasconsumed"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(symbol["session"], Value::Null);
    let same = world.call("invokescript", json!([symbol["script"]]));
    assert_eq!(same, symbol);
    let rich = world.rich();
    let arguments = json!([
        {"type": "Hash160", "value": rich.to_string()}, {"type": "Hash160", "value": BOB.to_string()},
        {"type": "Integer", "value": "5"}, {"type": "Any"},
    ]);
    let transfer = |signers: Value| world.call("invokefunction", json!([GAS, "transfer", arguments, signers, true]));
    let result = transfer(json!([]));
    assert_eq!((&result["stack"][0]["value"], &result["notifications"]), (&json!(false), &json!([])));
    let result = transfer(json!([{"account": rich.to_string(), "scopes": "CalledByEntry"}]));
    assert_eq!(result["stack"][0]["value"], true);
    assert_eq!(result["notifications"][0]["eventname"], "Transfer");
    assert_eq!(result["diagnostics"]["invokedcontracts"]["call"], json!([{"hash": GAS}]));
    let changes = result["diagnostics"]["storagechanges"].as_array().unwrap();
    assert_eq!(changes.iter().map(|change| &change["state"]).collect::<Vec<_>>(), ["Added", "Changed"]);
    let address = neovm_crypto::address_from_script_hash(rich.0, 53);
    assert_eq!(transfer(json!([{"account": address, "scopes": "Global"}]))["stack"][0]["value"], true);
    assert_eq!(world.call("getblockcount", json!([])), 1);
    let fault = world.call("invokefunction", json!([GAS, "nothing"]));
    assert_eq!((&fault["state"], &fault["stack"]), (&json!("FAULT"), &json!([])));
    assert!(fault["exception"].as_str().unwrap().contains("nothing"), "{fault}");
    assert_eq!(world.error("invokefunction", json!([GAS, "symbol", [1]])).0, -32602);
    assert_eq!(
        world.error("invokefunction", json!([GAS, "symbol", [], [{"account": "x", "scopes": "None"}]])).0,
        -32602
    );
    assert_eq!(world.error("invokefunction", json!([GAS, "symbol", [], [{"account": BOB.to_string()}]])).0, -32602);
    let many = vec![json!({"account": BOB.to_string(), "scopes": "None"}); 17];
    assert_eq!(world.error("invokescript", json!(["EQ==", many])).0, -32602);
    assert_eq!(world.error("invokescript", json!(["%"])).0, -32602);
}

#[test]
fn iterators_are_read_in_sessions() {
    let limits = Limits { session_entries: 5, ..Limits::default() };
    let mut world = World::with("sessions", Mining::Each, limits);
    let (nef, manifest) = keeper();
    let hash = world.deploy(&nef, &manifest);
    for key in [b"a", b"b", b"c"] {
        let transaction = world.calling(&hash, "put", &[key.as_slice().into(), b"1".as_slice().into()]);
        world.send(&transaction);
    }
    let found = world.call("invokefunction", json!([hash, "find"]));
    assert_eq!(
        (&found["stack"][0]["type"], &found["stack"][0]["interface"]),
        (&json!("InteropInterface"), &json!("IIterator"))
    );
    let (session, id) = (found["session"].clone(), found["stack"][0]["id"].clone());
    // What happens to the chain meanwhile does not show.
    let transaction = world.calling(&hash, "put", &[b"d".as_slice().into(), b"1".as_slice().into()]);
    world.send(&transaction);
    let read = |count: u32| world.call("traverseiterator", json!([session, id, count]));
    let first = read(2);
    assert_eq!(first[1]["value"][0]["value"], base64(b"b"));
    assert_eq!(first.as_array().unwrap().len(), 2);
    assert_eq!(read(2).as_array().unwrap().len(), 1);
    assert_eq!(read(2), json!([]));
    assert_eq!(world.error("traverseiterator", json!([session, id, 101])).0, -32602);
    assert_eq!(world.error("traverseiterator", json!([session, session, 1])), (-108, "Unknown iterator".into()));
    assert_eq!(world.error("traverseiterator", json!([id, id, 1])), (-107, "Unknown session".into()));
    assert_eq!(world.error("traverseiterator", json!(["x", id, 1])).0, -32602);
    assert_eq!(world.call("terminatesession", json!([session])), true);
    assert_eq!(world.error("terminatesession", json!([session])), (-107, "Unknown session".into()));
    // An iterator with more entries than are read says so in the end.
    for key in [b"e", b"f"] {
        let transaction = world.calling(&hash, "put", &[key.as_slice().into(), b"1".as_slice().into()]);
        world.send(&transaction);
    }
    let found = world.call("invokefunction", json!([hash, "find"]));
    let (session, id) = (found["session"].clone(), found["stack"][0]["id"].clone());
    assert_eq!(world.call("traverseiterator", json!([session, id, 5])).as_array().unwrap().len(), 5);
    assert_eq!(world.error("traverseiterator", json!([session, id, 1])).0, -608);
}

#[test]
fn sessions_end_and_can_be_forbidden() {
    let limits = Limits { sessions: 1, session_time: Duration::from_millis(30), ..Limits::default() };
    let mut world = World::with("expired", Mining::Each, limits);
    let (nef, manifest) = keeper();
    let hash = world.deploy(&nef, &manifest);
    let open = || world.call("invokefunction", json!([hash, "find"]));
    let (first, second) = (open(), open());
    let read = |of: &Value| json!([of["session"], of["stack"][0]["id"], 1]);
    assert_eq!(world.error("traverseiterator", read(&first)).0, -107, "there is room for one");
    assert_eq!(world.call("traverseiterator", read(&second)), json!([]));
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(world.error("traverseiterator", read(&second)).0, -107);
    let none = World::with("none", Mining::Each, Limits { sessions: 0, ..Limits::default() });
    let candidates = none.call("invokefunction", json!([NEO, "getAllCandidates"]));
    assert_eq!((&candidates["session"], &candidates["stack"]), (&Value::Null, &json!([{"type": "InteropInterface"}])));
    assert_eq!(none.error("terminatesession", json!([ZERO])), (-601, "State iterator sessions disabled".into()));
}

#[test]
fn a_script_that_never_ends_is_stopped() {
    let limits = Limits { time: Duration::from_millis(200), gas: i64::MAX, ..Limits::default() };
    let mut world = World::with("forever", Mining::Each, limits);
    let (nef, manifest) = keeper();
    let hash = world.deploy(&nef, &manifest);
    for diagnostics in [false, true] {
        let error = world.error("invokefunction", json!([hash, "forever", [], [], diagnostics]));
        assert_eq!(error, (-608, "Contract execution failed - it takes more than 0.2 s".into()));
    }
    let world = World::with("gas", Mining::Each, Limits { gas: 1_000_000, ..Limits::default() });
    let result = world.call("invokescript", json!([base64(&[0x22, 0])]));
    assert_eq!(result["state"], "FAULT");
}

#[test]
fn a_contract_verifies() {
    let world = World::new("verify");
    assert_eq!(world.error("invokecontractverify", json!([BOB.to_string()])), (-102, "Unknown contract".into()));
    let (code, message) = world.error("invokecontractverify", json!([GAS]));
    assert_eq!(code, -512);
    assert!(message.contains("haven't got verify method with 0 input parameters"), "{message}");
}

#[test]
fn governance_is_read() {
    let world = World::new("governance");
    let key = world.key.public_key().to_string();
    assert_eq!(world.call("getcommittee", json!([])), json!([key]));
    assert_eq!(world.call("getnextblockvalidators", json!([])), json!([{"publickey": key, "votes": -1}]));
    assert_eq!(world.call("getcandidates", json!([])), json!([]));
    let rich = neovm_crypto::address_from_script_hash(world.rich().0, 53);
    let unclaimed = world.call("getunclaimedgas", json!([rich]));
    assert_eq!(unclaimed["address"], rich);
    assert_eq!(unclaimed, world.call("getunclaimedgas", json!([world.rich().to_string()])));
    assert!(unclaimed["unclaimed"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(world.error("getunclaimedgas", json!(["x"])).0, -32602);
}

#[test]
fn logs_are_kept() {
    let mut world = World::new("logs");
    let hash = world.transfer(GAS, BOB, 5);
    let log = world.call("getapplicationlog", json!([hash]));
    assert_eq!(log["txid"], hash);
    assert_eq!(log["executions"][0]["notifications"][0]["eventname"], "Transfer");
    let best = world.call("getbestblockhash", json!([]));
    let log = world.call("getapplicationlog", json!([best]));
    assert_eq!((&log["blockhash"], log["executions"].as_array().unwrap().len()), (&best, 2));
    let log = world.call("getapplicationlog", json!([best, "postpersist"]));
    assert_eq!((&log["executions"][0]["trigger"], &log["executions"][1]), (&json!("PostPersist"), &Value::Null));
    let error = world.error("getapplicationlog", json!([ZERO]));
    assert_eq!(error, (-32602, "Invalid params - Unknown transaction/blockhash".into()));
    let world = world.reopened();
    assert_eq!(world.call("getapplicationlog", json!([hash]))["txid"], hash);
}

#[test]
fn transfers_and_balances_are_listed() {
    let mut world = World::new("tokens");
    let hash = world.transfer(NEO, BOB, 5);
    world.transfer(GAS, BOB, 7);
    let address = neovm_crypto::address_from_script_hash(BOB.0, 53);
    let check = |world: &World| {
        let balances = world.call("getnep17balances", json!([address]));
        assert_eq!(balances["address"], address);
        let neo = json!({
            "assethash": NEO, "name": "NeoToken", "symbol": "NEO", "decimals": "0", "amount": "5", "lastupdatedblock": 1,
        });
        let all = balances["balance"].as_array().unwrap();
        assert!(all.contains(&neo), "{balances}");
        let gas = all.iter().find(|balance| balance["assethash"] == GAS).unwrap();
        assert_eq!((&gas["amount"], &gas["lastupdatedblock"]), (&json!("7"), &json!(2)));
        let transfers = world.call("getnep17transfers", json!([address, 0]));
        assert_eq!(transfers["sent"], json!([]));
        let received = transfers["received"].as_array().unwrap();
        assert_eq!(received.len(), 2, "{transfers}");
        let oldest = &received[1];
        assert_eq!(
            (&oldest["assethash"], &oldest["amount"], &oldest["txhash"]),
            (&json!(NEO), &json!("5"), &json!(hash))
        );
        assert_eq!((&oldest["blockindex"], &oldest["transfernotifyindex"]), (&json!(1), &json!(0)));
        let rich = world.call("getnep17transfers", json!([world.rich().to_string(), 0]));
        assert_eq!(rich["sent"][1]["transferaddress"], address);
    };
    check(&world);
    // The times that are 0 are as those that are missing: a week ago, and now.
    assert_eq!(world.call("getnep17transfers", json!([address, 0, 0]))["received"][1]["txhash"], hash);
    assert_eq!(world.call("getnep17transfers", json!([address, 1, 2]))["received"], json!([]));
    assert_eq!(world.error("getnep17transfers", json!([address, 0, 1])).0, -32602);
    assert_eq!(world.error("getnep17transfers", json!([address, 5, 1])).0, -32602);
    assert_eq!(world.call("getnep11balances", json!([address]))["balance"], json!([]));
    assert_eq!(world.call("getnep11transfers", json!([address]))["sent"], json!([]));
    assert_eq!(world.call("getnep11properties", json!([GAS, "00"])), json!({}));
    // A chain that was continued without the index gets it from the logs.
    let path = world.folder.path().join("tokens.redb");
    let world = world.closed(|| std::fs::remove_file(&path).unwrap());
    check(&world);
}

#[test]
fn wrong_parameters_are_refused_by_all_methods() {
    let world = World::new("wrong");
    let values = [
        json!(null),
        json!({}),
        json!([]),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("0x"),
        json!([[[]]]),
        json!(true),
    ];
    for method in METHODS {
        for value in &values {
            for count in 0..=method.parameters.len() + 1 {
                let call = json!({"id": 1, "method": method.name, "params": vec![value.clone(); count]});
                let answer = world.request(&call);
                let is_internal = answer["error"]["code"] == -32603;
                assert!(!is_internal, "{call}: {answer}");
            }
        }
    }
    assert_eq!(world.call("getblockcount", json!([])), 1);
    assert_eq!(
        world.call("invokefunction", json!([MANAGEMENT, "getContractById", [{"type": "Integer", "value": 5}]]))["state"],
        "HALT"
    );
}

#[test]
fn requests_are_answered_as_json_rpc_has_it() {
    let world = World::new("requests");
    let answer = world.request(&json!({"jsonrpc": "2.0", "id": "a<b", "method": "nothing", "params": []}));
    assert_eq!(answer["id"], "a<b");
    assert_eq!(answer["error"], json!({"code": -32601, "message": "Method not found - nothing", "data": "nothing"}));
    assert_eq!(world.request(&json!({"id": null, "method": "getblockcount"}))["result"], 1);
    assert_eq!(world.request(&json!({"id": 1}))["error"]["code"], -32600);
    assert_eq!(world.request(&json!({"id": 1, "method": "getblockcount", "params": {}}))["error"]["code"], -32600);
    let batch = json!([{"id": 1, "method": "getblockcount"}, {"method": "getblockcount"}, 7]);
    let answers = world.request(&batch);
    assert_eq!(answers.as_array().unwrap().len(), 2);
    assert_eq!((&answers[0]["result"], &answers[1]["error"]["code"]), (&json!(1), &json!(-32600)));
    let refused = |text: &str| neovm_rpc::Request::parse(text.as_bytes(), 2).unwrap_err().kind.code();
    assert_eq!(refused("{"), -32700);
    assert_eq!(refused("[]"), -32600);
    assert_eq!(refused("[1,1,1]"), -32600);
    assert_eq!(refused(&"[".repeat(100_000)), -32700);
    assert_eq!(refused(r#"{"id":1,"id":2}"#), -32700);
    assert!(neovm_rpc::Request::parse("\u{feff}{}".as_bytes(), 2).is_ok());
    let silent = neovm_rpc::Request::parse(br#"[{"method":"getblockcount"}]"#, 2).unwrap();
    assert_eq!(neovm_rpc::answer(&world.node, &silent), None);
}
