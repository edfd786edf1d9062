//! What contracts and transactions do to a node that mean it no good.

mod common;

use std::time::{Duration, Instant};

use common::{
    GAS, World, base64,
    contracts::{BOB, deploy, notifies, ops, push, run, syscall, token},
};
use neovm_rpc::{Limits, Mining};
use neovm_types::OpCode;
use serde_json::{Value, json};

/// An iterator over a value of the storage that is none of the items it is read as.
fn unreadable() -> Vec<u8> {
    [
        push(&[0xff]),
        push(b"a"),
        syscall("System.Storage.GetContext"),
        syscall("System.Storage.Put"),
        // ValuesOnly, DeserializeValues.
        vec![OpCode::PUSHINT8 as u8, 12],
        push(b"a"),
        syscall("System.Storage.GetReadOnlyContext"),
        syscall("System.Storage.Find"),
    ]
    .concat()
}

fn balances(world: &World, method: &str) -> Value {
    world.call(method, json!([BOB.to_string()]))["balance"].clone()
}

#[test]
fn balances_that_are_none_stop_no_blocks() {
    let mut world = World::new("hostile-balances");
    let zero = || ops(&[OpCode::PUSH0]);
    let results = [unreadable(), push(&[0xff; 40]), ops(&[OpCode::NEWMAP]), ops(&[OpCode::ABORT]), vec![0x22, 0]];
    for (i, of) in results.iter().enumerate() {
        let fungible = deploy(&mut world, &format!("F{i}"), "NEP-17", &token(zero(), of.clone()));
        run(&mut world, &fungible, "mint", &[]);
        for (kind, types) in [("A", &["Hash160"][..]), ("B", &["Hash160", "ByteArray"])] {
            let drops = vec![OpCode::DROP as u8; types.len()];
            let methods =
                [("mint", &[][..], notifies(Some(b"id"))), ("balanceOf", types, [drops, of.clone()].concat())];
            let other = deploy(&mut world, &format!("{kind}{i}"), "NEP-11", &methods);
            run(&mut world, &other, "mint", &[]);
        }
    }
    let good = deploy(&mut world, "good", "NEP-17", &token(zero(), ops(&[OpCode::PUSH5])));
    run(&mut world, &good, "mint", &[]);
    let check = |world: &World| {
        let all = balances(world, "getnep17balances");
        assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
        assert_eq!((&all[0]["assethash"], &all[0]["amount"]), (&json!(good), &json!("5")));
        balances(world, "getnep11balances");
    };
    check(&world);
    let path = world.folder.path().join("tokens.redb");
    let mut world = world.closed(|| std::fs::remove_file(&path).unwrap());
    check(&world);
    world.transfer(GAS, BOB, 1);
    assert_eq!(balances(&world, "getnep17balances").as_array().unwrap().len(), 2);
}

#[test]
fn tokens_that_do_not_describe_themselves_are_left_out() {
    let limits = Limits { time: Duration::from_secs(2), gas: i64::MAX, ..Limits::default() };
    let mut world = World::with("hostile-tokens", Mining::Each, limits);
    let one = || ops(&[OpCode::PUSH1]);
    for (i, decimals) in [unreadable(), vec![0x22, 0], ops(&[OpCode::ABORT])].into_iter().enumerate() {
        let hash = deploy(&mut world, &format!("T{i}"), "NEP-17", &token(decimals, one()));
        run(&mut world, &hash, "mint", &[]);
    }
    world.transfer(GAS, BOB, 1);
    let begun = Instant::now();
    let all = balances(&world, "getnep17balances");
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!((all.as_array().unwrap().len(), &all[0]["symbol"]), (1, &json!("GAS")), "{all}");
}

#[test]
fn an_entry_that_cannot_be_read_fails_when_it_is_read() {
    let mut world = World::new("hostile-iterator");
    let hash = deploy(&mut world, "iterator", "NEP-0", &[("find", &[], unreadable())]);
    let found = world.call("invokefunction", json!([hash, "find"]));
    assert_eq!((&found["state"], &found["stack"][0]["interface"]), (&json!("HALT"), &json!("IIterator")), "{found}");
    let read = json!([found["session"], found["stack"][0]["id"], 5]);
    assert_eq!(world.error("traverseiterator", read.clone()).0, -608);
    assert_eq!(world.call("traverseiterator", read), json!([]), "the entry is behind the reader");
}

#[test]
fn results_that_are_one_item_over_and_over_cost_little() {
    let world = World::new("hostile-results");
    // x = [x, x], 40 times; then the same one a thousand times.
    let doubled = ops(&[OpCode::DUP, OpCode::PUSH2, OpCode::PACK]).repeat(40);
    let script = [ops(&[OpCode::NEWARRAY0]), doubled, ops(&[OpCode::DUP]).repeat(1000)].concat();
    let begun = Instant::now();
    let result = world.call("invokescript", json!([base64(&script)]));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(result["stack"].as_array().unwrap().len(), 1001);
    assert_eq!(result["stack"][1000], "error: Max size reached.");
}

#[test]
fn items_that_are_nested_deeply_hide_no_transfers() {
    let mut world = World::new("hostile-depth");
    let deep = ops(&[OpCode::PUSH1, OpCode::PACK]).repeat(200);
    let notify = [
        ops(&[OpCode::NEWARRAY0]),
        deep,
        ops(&[OpCode::PUSH1, OpCode::PACK]),
        push(b"Deep"),
        syscall("System.Runtime.Notify"),
    ];
    let mut methods = token(ops(&[OpCode::PUSH0]), ops(&[OpCode::PUSH1]));
    methods.push(("both", &[], [notify.concat(), notifies(None)].concat()));
    let hash = deploy(&mut world, "deep", "NEP-17", &methods);
    let transaction = world.calling(&hash, "both", &[]);
    let transaction = world.send(&transaction);
    let path = world.folder.path().join("tokens.redb");
    let world = world.closed(|| std::fs::remove_file(&path).unwrap());
    let transfers = world.call("getnep17transfers", json!([BOB.to_string()]));
    assert_eq!(transfers["received"][0]["txhash"], transaction);
    assert_eq!(balances(&world, "getnep17balances")[0]["amount"], "1");
    let log = |trigger: &str| {
        world.request(&json!({"id": 1, "method": "getapplicationlog", "params": [transaction, trigger]}))
    };
    assert_eq!(log("Verification")["result"], json!({"txid": transaction, "executions": []}));
}

#[test]
fn what_costs_more_than_a_block_is_refused() {
    let mut world = World::new("hostile-fee");
    let costly = world.costing(neovm_private::MAX_BLOCK_SYSTEM_FEE + 1);
    let (code, message) = world.error("sendrawtransaction", json!([base64(&costly.to_bytes())]));
    assert_eq!(code, -505, "{message}");
    assert_eq!(world.call("getrawmempool", json!([])), json!([]));
    assert_eq!(world.call("getblockcount", json!([])), 1);
    world.transfer(GAS, BOB, 1);
    assert_eq!(world.call("getblockcount", json!([])), 2);
}

#[test]
fn slow_tokens_do_not_hide_others() {
    let limits = Limits { time: Duration::from_secs(4), ..Limits::default() };
    let mut world = World::with("hostile-slow", Mining::Each, limits);
    let mut good = Vec::new();
    for i in 0..35 {
        // Whatever the order is that they are asked in.
        let (name, decimals) = if i % 7 == 0 { ("G", ops(&[OpCode::PUSH0])) } else { ("S", vec![0x22, 0]) };
        let of = ops(&[OpCode::PUSH5]);
        let contract = deploy(&mut world, &format!("{name}{i}"), "NEP-17", &token(decimals, of));
        run(&mut world, &contract, "mint", &[]);
        good.extend((name == "G").then_some(contract));
    }
    let shown = balances(&world, "getnep17balances");
    let mut shown: Vec<_> =
        shown.as_array().unwrap().iter().map(|token| token["assethash"].as_str().unwrap()).collect();
    shown.sort_unstable();
    good.sort_unstable();
    assert_eq!(shown, good);
}

#[test]
fn properties_that_are_no_map_are_an_error() {
    let mut world = World::new("hostile-properties");
    let of = |result: Vec<u8>| [ops(&[OpCode::DROP]), result].concat();
    let methods = [("properties", &["ByteArray"][..], of(ops(&[OpCode::PUSH5])))];
    let number = deploy(&mut world, "number", "NEP-11", &methods);
    assert_eq!(world.error("getnep11properties", json!([number, "00"])).0, -32603);
    let methods = [("properties", &["ByteArray"][..], of(ops(&[OpCode::NEWMAP])))];
    let map = deploy(&mut world, "map", "NEP-11", &methods);
    assert_eq!(world.call("getnep11properties", json!([map, "00"])), json!({}));
}

#[test]
fn the_answers_of_a_request_are_limited_together() {
    let world = World::new("hostile-batch");
    // 90 times a buffer of 131,070 bytes.
    let script =
        [&[OpCode::PUSHINT32 as u8, 0xfe, 0xff, 1, 0, OpCode::NEWBUFFER as u8][..], &[OpCode::DUP as u8; 89]].concat();
    let large = json!({"id": 1, "method": "invokescript", "params": [base64(&script)]});
    let small = json!({"id": 2, "method": "getblockcount"});
    let silent = json!({"method": "getblockcount"});
    let answers = world.request(&json!([large, large, large, silent, small]));
    assert_eq!(answers.as_array().unwrap().len(), 4);
    assert_eq!(answers[2]["result"]["stack"].as_array().unwrap().len(), 90);
    assert_eq!((&answers[3]["id"], &answers[3]["error"]["code"]), (&json!(2), &json!(-32600)), "{}", answers[3]);
}

#[test]
fn the_calls_of_a_request_are_limited_in_time_together() {
    let limits = Limits { time: Duration::from_millis(500), gas: i64::MAX, ..Limits::default() };
    let world = World::with("hostile-long-batch", Mining::Each, limits);
    let forever = json!({"id": 1, "method": "invokescript", "params": [base64(&[OpCode::JMP as u8, 0])]});
    let begun = Instant::now();
    let answers = world.request(&Value::from(vec![forever; 50]));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let codes: Vec<_> = answers.as_array().unwrap().iter().map(|answer| answer["error"]["code"].as_i64()).collect();
    assert_eq!((codes.len(), codes[0], codes[49]), (50, Some(-608), Some(-32600)), "{codes:?}");
}

#[test]
fn entries_that_take_too_long_to_pass_over_are_an_error() {
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    let world = World::with("hostile-entries", Mining::Each, limits);
    let (code, message) = world.error("findstorage", json!(["NeoToken", "", 1_000_000_000]));
    assert_eq!(code, -608, "{message}");
    assert_eq!(world.call("findstorage", json!(["NeoToken", "bm9uZQ==", 0]))["results"], json!([]));
}
