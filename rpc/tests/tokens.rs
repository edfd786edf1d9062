//! The rows of the index of tokens, for the example contracts and for one whose tokens can be divided.
//!
//! Sources: `Nep17Tracker.cs`, `Nep11Tracker.cs`, `TrackerBase.cs` of the plugin TokensTracker of the reference node.

mod common;

use std::path::Path;

use common::{World, nef};
use neovm_types::{Hash160, Manifest, NefFile, OpCode, StackItem, hash::syscall_id};
use serde_json::{Value, json};

const BOB: Hash160 = Hash160([7; 20]);

/// A contract of `examples/contracts`.
fn example(name: &str) -> (NefFile, Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/contracts").join(name);
    let nef = NefFile::parse(&std::fs::read(path.with_extension("nef")).unwrap()).unwrap();
    let manifest = std::fs::read_to_string(path.with_extension("manifest.json")).unwrap();
    let manifest = Manifest::parse(manifest.as_bytes()).unwrap().to_json();
    (nef, serde_json::from_str(&manifest).unwrap())
}

fn address(account: Hash160) -> String {
    neovm_crypto::address_from_script_hash(account.0, 53)
}

/// Calls a contract in a block of its own, which must go well, and returns the block's time and the transaction's hash.
#[track_caller]
fn invoke(world: &mut World, contract: &str, method: &str, arguments: &[StackItem]) -> (u64, String) {
    let transaction = world.calling(contract, method, arguments);
    let hash = world.send(&transaction);
    let log = world.call("getapplicationlog", json!([hash]));
    assert_eq!(log["executions"][0]["vmstate"], "HALT", "{log}");
    let block = world.call("getblock", json!([world.call("getbestblockhash", json!([])), true]));
    (block["time"].as_u64().unwrap(), hash)
}

fn hex(text: &str) -> String {
    hex::encode(text)
}

/// Checks what a node answers, and what it answers when the index was lost and made anew of the logs.
fn check_twice(world: World, check: impl Fn(&World)) {
    check(&world);
    let path = world.folder.path().join("tokens.redb");
    check(&world.closed(|| std::fs::remove_file(&path).unwrap()));
}

#[test]
fn the_tokens_of_the_example_are_followed() {
    let mut world = World::new("nft");
    let (nef, manifest) = example("nft");
    let nft = world.deploy(&nef, &manifest);
    let rich = world.rich();
    let text = |text: &str| StackItem::from(text);
    let (minted, mint) = invoke(&mut world, &nft, "mint", &[rich.into(), text("one"), text("The first")]);
    let (_, mint_two) = invoke(&mut world, &nft, "mint", &[rich.into(), text("two"), text("The second")]);
    let (moved, transfer) = invoke(&mut world, &nft, "transfer", &[BOB.into(), text("one"), StackItem::Null]);
    let (burnt, burn) = invoke(&mut world, &nft, "burn", &[text("two")]);
    let (_, _) = invoke(&mut world, &nft, "mint", &[BOB.into(), text("three"), text("<Three>")]);
    let row = |time: u64, other: Option<Hash160>, block: u32, hash: &str, token: &str| {
        json!({
            "timestamp": time, "assethash": nft, "transferaddress": other.map(address), "amount": "1",
            "blockindex": block, "transfernotifyindex": 0, "txhash": hash, "tokenid": hex(token),
        })
    };
    let balance = |tokens: Value| json!([{"assethash": nft, "name": "ExampleNft", "symbol": "EXN", "decimals": "0", "tokens": tokens}]);
    check_twice(world, |world| {
        let of_bob = world.call("getnep11balances", json!([address(BOB)]));
        assert_eq!(of_bob["address"], address(BOB));
        let tokens = json!([
            {"tokenid": hex("one"), "amount": "1", "lastupdatedblock": 4},
            {"tokenid": hex("three"), "amount": "1", "lastupdatedblock": 6},
        ]);
        assert_eq!(of_bob["balance"], balance(tokens));
        assert_eq!(world.call("getnep11balances", json!([rich.to_string()]))["balance"], json!([]));
        // The last come first.
        let of_rich = world.call("getnep11transfers", json!([address(rich), 0]));
        let sent = [row(burnt, None, 5, &burn, "two"), row(moved, Some(BOB), 4, &transfer, "one")];
        assert_eq!(of_rich["sent"], json!(sent));
        let minted_rows = &of_rich["received"];
        assert_eq!(minted_rows[1], row(minted, None, 2, &mint, "one"));
        assert_eq!((&minted_rows[0]["txhash"], &minted_rows[2]), (&json!(mint_two), &Value::Null));
        let of_bob = world.call("getnep11transfers", json!([address(BOB), moved, moved]));
        assert_eq!((&of_bob["sent"], &of_bob["received"]), (&json!([]), &json!([])), "the end is not included");
        let of_bob = world.call("getnep11transfers", json!([address(BOB), moved, moved + 1]));
        assert_eq!(of_bob["received"], json!([row(moved, Some(rich), 4, &transfer, "one")]));
        assert_eq!(world.call("getnep17transfers", json!([address(BOB), 0]))["received"], json!([]));
        let properties = |token: &str| world.call("getnep11properties", json!([nft, hex(token)]));
        assert_eq!(properties("one"), json!({"name": "The first"}));
        assert_eq!(properties("three"), json!({"name": "<Three>"}));
        assert_eq!(properties("two"), json!({}), "it was burnt");
        assert_eq!(world.error("getnep11properties", json!([nft, "no hex"])).0, -32602);
    });
}

#[test]
fn the_balances_of_the_example_are_followed() {
    let mut world = World::new("nep17");
    let (nef, manifest) = example("token");
    let token = world.deploy(&nef, &manifest);
    let rich = world.rich();
    let (minted, mint) = invoke(&mut world, &token, "mint", &[rich.into(), 1000.into()]);
    let (moved, transfer) =
        invoke(&mut world, &token, "transfer", &[rich.into(), BOB.into(), 400.into(), StackItem::Null]);
    let (burnt, burn) = invoke(&mut world, &token, "burn", &[rich.into(), 600.into()]);
    let (_, nothing) = invoke(&mut world, &token, "transfer", &[rich.into(), BOB.into(), 0.into(), StackItem::Null]);
    let row = |time: u64, other: Option<Hash160>, amount: &str, block: u32, hash: &str| {
        json!({
            "timestamp": time, "assethash": token, "transferaddress": other.map(address), "amount": amount,
            "blockindex": block, "transfernotifyindex": 0, "txhash": hash,
        })
    };
    check_twice(world, |world| {
        let of_bob = world.call("getnep17balances", json!([address(BOB)]));
        let balance = json!({
            "assethash": token, "name": "ExampleToken", "symbol": "EXT", "decimals": "8", "amount": "400",
            "lastupdatedblock": 5,
        });
        assert_eq!(of_bob, json!({"address": address(BOB), "balance": [balance]}));
        let of_rich = world.call("getnep17balances", json!([address(rich)]));
        let assets: Vec<_> = of_rich["balance"].as_array().unwrap().iter().map(|row| &row["assethash"]).collect();
        assert!(!assets.contains(&&json!(token)), "all is spent: {of_rich}");
        let of_rich = world.call("getnep17transfers", json!([address(rich), 0]));
        assert_eq!(of_rich["sent"][1], row(burnt, None, "600", 4, &burn));
        assert_eq!(of_rich["sent"][2], row(moved, Some(BOB), "400", 3, &transfer));
        assert_eq!(of_rich["received"], json!([row(minted, None, "1000", 2, &mint)]));
        let of_bob = world.call("getnep17transfers", json!([address(BOB), 0]));
        let received = of_bob["received"].as_array().unwrap();
        assert_eq!((&received[0]["amount"], &received[0]["txhash"]), (&json!("0"), &json!(nothing)));
        assert_eq!(received[1..], [row(moved, Some(rich), "400", 3, &transfer)]);
        assert_eq!(world.call("getnep11transfers", json!([address(BOB), 0]))["received"], json!([]));
    });
}

/// A NEP-11 contract whose tokens can be divided, and who holds how much of them is what somebody has `put` for the
/// account: `tell` notifies of a transfer of these four values.
fn divisible() -> (NefFile, Value) {
    let mut script = Vec::new();
    let syscall = |script: &mut Vec<u8>, name: &str| {
        script.push(OpCode::SYSCALL as u8);
        script.extend(syscall_id(name).to_le_bytes());
    };
    let text = |script: &mut Vec<u8>, text: &str| {
        script.extend([OpCode::PUSHDATA1 as u8, text.len() as u8]);
        script.extend(text.as_bytes());
    };
    text(&mut script, "DIV");
    script.push(OpCode::RET as u8);
    let decimals = script.len();
    script.extend([OpCode::PUSH2 as u8, OpCode::RET as u8]);
    let balance = script.len();
    script.push(OpCode::NIP as u8);
    syscall(&mut script, "System.Storage.GetReadOnlyContext");
    syscall(&mut script, "System.Storage.Get");
    // Integer.
    script.extend([OpCode::CONVERT as u8, 0x21, OpCode::RET as u8]);
    let tell = script.len();
    script.extend([OpCode::PUSH4 as u8, OpCode::PACK as u8]);
    text(&mut script, "Transfer");
    syscall(&mut script, "System.Runtime.Notify");
    script.push(OpCode::RET as u8);
    let put = script.len();
    syscall(&mut script, "System.Storage.GetContext");
    syscall(&mut script, "System.Storage.Put");
    script.push(OpCode::RET as u8);
    let nef = nef(&script);
    let parameters = |types: &[&str]| {
        let parameter = |(i, kind): (usize, &&str)| json!({"name": format!("p{i}"), "type": kind});
        types.iter().enumerate().map(parameter).collect::<Vec<_>>()
    };
    let method = |name: &str, offset: usize, types: &[&str], returned: &str| json!({"name": name, "offset": offset, "parameters": parameters(types), "returntype": returned, "safe": false});
    let transfer = ["Hash160", "Hash160", "Integer", "ByteArray"];
    let methods = json!([
        method("symbol", 0, &[], "String"),
        method("decimals", decimals, &[], "Integer"),
        method("balanceOf", balance, &["Hash160", "ByteArray"], "Integer"),
        method("tell", tell, &transfer, "Void"),
        method("put", put, &["ByteArray", "ByteArray"], "Void"),
    ]);
    let manifest = json!({
        "name": "divisible", "groups": [], "features": {}, "supportedstandards": ["NEP-11"], "trusts": [],
        "abi": {"methods": methods, "events": [{"name": "Transfer", "parameters": parameters(&transfer)}]},
        "permissions": [{"contract": "*", "methods": "*"}], "extra": null,
    });
    (nef, manifest)
}

#[test]
fn parts_of_tokens_are_followed() {
    let mut world = World::new("divisible");
    let (nef, manifest) = divisible();
    let token = world.deploy(&nef, &manifest);
    let rich = world.rich();
    for (account, balance) in [(rich, 0), (BOB, 75)] {
        invoke(&mut world, &token, "put", &[account.into(), balance.into()]);
    }
    // Three in one block: rows stand in the order of notifications, whatever the tokens.
    let mut script = Vec::new();
    for id in ["long", "b", "a"] {
        let arguments = [rich.into(), BOB.into(), 25.into(), id.into()];
        script.extend_from_slice(common::script(&token, "tell", &arguments).bytes());
    }
    let transaction = world.transaction(script[..].into(), Vec::new());
    let hash = world.send(&transaction);
    // The contract faults when it is asked what nobody holds.
    invoke(&mut world, &token, "tell", &[StackItem::Null, BOB.into(), 1.into(), "new".into()]);
    check_twice(world, |world| {
        let balances = |account: Hash160| world.call("getnep11balances", json!([address(account)]))["balance"].clone();
        let rows = |amount: &str| {
            let row = |id| json!({"tokenid": hex(id), "amount": amount, "lastupdatedblock": 4});
            let tokens = ["a", "b", "long"].map(row);
            json!([{"assethash": token, "name": "divisible", "symbol": "DIV", "decimals": "2", "tokens": tokens}])
        };
        assert_eq!(balances(BOB), rows("75"));
        assert_eq!(balances(rich), rows("0"), "as the reference has it");
        let sent = world.call("getnep11transfers", json!([address(rich), 0]))["sent"].clone();
        let shown: Vec<_> = sent
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                assert_eq!((&row["amount"], &row["txhash"]), (&json!("25"), &json!(hash)));
                (row["transfernotifyindex"].as_u64().unwrap(), row["tokenid"].clone())
            })
            .collect();
        assert_eq!(shown, [(0, json!(hex("long"))), (1, json!(hex("b"))), (2, json!(hex("a")))]);
    });
}

#[test]
fn an_index_of_an_earlier_form_is_made_anew() {
    let mut world = World::new("earlier-form");
    world.transfer(common::GAS, BOB, 500);
    let path = world.folder.path().join("tokens.redb");
    let balances = |world: &World| world.call("getnep17balances", json!([address(BOB)]))["balance"].clone();
    let known = balances(&world);
    assert_eq!(known[0]["amount"], "500");
    // One without a mark, which lists another balance.
    let world = world.closed(|| {
        std::fs::remove_file(&path).unwrap();
        let gas: Hash160 = common::GAS.parse().unwrap();
        let key = [&b"B\x11"[..], &BOB.0, &gas.0].concat();
        let index = neovm_disk::Index::open(&path).unwrap();
        index.write(1, &[(key, Some(b"1 7".to_vec()))]).unwrap();
    });
    assert_eq!(balances(&world), known);
}
