//! Jobs at random: scripts that call what there is with what there is, jobs and arguments as JSON in which letters
//! are wrong, members that make no sense, storages that fail. Whatever it is, the result is a receipt or an error with
//! a reason.

mod common;

use common::*;
use neovm::{
    OpCode, StackItem,
    host::native::NATIVES,
    types::{CallFlags, ScriptBuilder, syscalls::SYSCALLS},
};
use neovm_capi::*;

/// How much is tried: more with `NEOVM_LONG`.
fn rounds() -> u64 {
    if std::env::var_os("NEOVM_LONG").is_some() { 400_000 } else { 4000 }
}

/// Arguments that some method takes, and many do not.
fn argument(random: &mut Random, depth: usize) -> StackItem {
    match random.below(if depth < 3 { 14 } else { 11 }) {
        0 => StackItem::Null,
        1 => random.one_of(&[true, false]).into(),
        2 => (random.next() as i64).into(),
        3 => random.one_of(&[-1, 0, 1, 2, 10, 16, 255, 2048, i64::MAX]).into(),
        4 => random.one_of(&["", "NEO", "[1,{\"a\":[]}]", "one two", "0x10", "\u{e9}"]).into(),
        5 => StackItem::from(vec![random.next() as u8; random.one_of(&[1, 4, 32, 33, 64, 300])]),
        6 => NATIVES[random.below(NATIVES.len())].hash.into(),
        7 => StackItem::from(vec![0x40, 1, 0x41, 2, 0x21, 1, 7, 0]),
        8 => StackItem::buffer(&[7; 20]),
        9 => StackItem::from(vec![0; 20]),
        10 => i128::MAX.into(),
        11 => StackItem::array((0..random.below(4)).map(|_| argument(random, depth + 1)).collect::<Vec<_>>()),
        12 => StackItem::structure((0..random.below(4)).map(|_| argument(random, depth + 1)).collect::<Vec<_>>()),
        _ => {
            let map = neovm::types::item::Map::new();
            let _ = map.insert(random.one_of(&[1, 2, 3]).into(), argument(random, depth + 1));
            StackItem::Map(map)
        }
    }
}

/// Some instructions. What the script makes of them is up to it.
fn part(random: &mut Random, script: &mut ScriptBuilder) {
    match random.below(6) {
        0 | 1 => {
            let native = &NATIVES[random.below(NATIVES.len())];
            let method = &native.methods[random.below(native.methods.len())];
            let count = if random.below(8) == 0 { random.below(5) } else { method.parameters.len() };
            let arguments: Vec<_> = (0..count).map(|_| argument(random, 0)).collect();
            let flags = random.one_of(&[CallFlags::ALL, CallFlags::ALL, CallFlags::READ_ONLY, CallFlags::NONE]);
            script.dynamic_call(native.hash, method.name, flags, &arguments);
        }
        2 => {
            for _ in 0..random.below(4) {
                script.push(argument(random, 0));
            }
            script.syscall_id(random.one_of(SYSCALLS).0);
        }
        3 => {
            script.op(OpCode::NEWARRAY0).op(OpCode::DUP).op(OpCode::DUP).op(OpCode::APPEND);
        }
        4 => {
            if let Some(opcode) = OpCode::from_byte(random.next() as u8) {
                let operand = vec![random.below(9) as u8; opcode.operand().fixed_size()];
                script.op_with(opcode, &operand);
            }
        }
        _ => {
            script.push(argument(random, 0));
        }
    }
}

fn script(random: &mut Random) -> Vec<u8> {
    let mut script = ScriptBuilder::new();
    let caught = script.label();
    let guarded = random.below(3) == 0;
    if guarded {
        script.try_block(Some(caught), None);
    }
    for _ in 0..random.below(8) {
        part(random, &mut script);
    }
    if guarded {
        script.end_try(caught).bind(caught);
    }
    script.op(OpCode::RET);
    script.build().map_or_else(|_| vec![0x40], |script| script.bytes().to_vec())
}

/// A text in which something is wrong, or nothing.
fn mangled(random: &mut Random, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.below(3) {
        let place = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[place] = random.next() as u8,
            1 => bytes.truncate(place.max(1)),
            2 => drop(bytes.remove(place)),
            3 => bytes.insert(place, random.one_of(b"{}[]\",:0-9e.\\n")),
            _ => {
                let end = (place + random.below(40)).min(bytes.len());
                let again = bytes[place..end].to_vec();
                bytes.splice(place..place, again);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'{');
        }
    }
    bytes
}

/// StdLib.
const STD_LIB: [u8; 20] = [
    0xc0, 0xef, 0x39, 0xce, 0xe0, 0xe4, 0xe9, 0x25, 0xc6, 0xc2, 0xa0, 0x6a, 0x79, 0xe1, 0x44, 0x0d, 0xd8, 0x6f, 0xce,
    0xac,
];

const JSON: [&str; 4] = [
    r#"{"gas":100000000,"script":"12139e","flags":"ReadOnly","container":"none","trigger":"Application"}"#,
    r#"{"gas":100000000,"call":{"contract":"0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5","method":"balanceOf","arguments":[{"type":"Hash160","value":"NiHURyS83nX2mpxtA7xq84cGxVbHojj5Wc"}]}}"#,
    r#"{"gas":100000000,"trigger":"Verification","witness":{"account":"0x0000000000000000000000000000000000000001","verification":"11"}}"#,
    r#"{"gas":1,"trigger":"OnPersist","block":{"index":1,"timestamp":1700000000000,"nonce":7,"primary":0,"previousHash":"0x0000000000000000000000000000000000000000000000000000000000000001"}}"#,
];

const ARGUMENTS: [&str; 2] = [
    r#"[{"type":"Map","value":[{"key":"one","value":{"type":"Integer","value":"12345678901234567890"}}]},1,null,[true]]"#,
    r#"[{"type":"Hash160","value":"0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5"},{"a":{"type":"ByteArray","value":"AAEC"}}]"#,
];

/// The bytes that a job points to.
struct Parts {
    script: Vec<u8>,
    json: Vec<u8>,
    arguments: Vec<u8>,
    noise: Vec<u8>,
}

fn random_job(random: &mut Random, parts: &Parts, block: &neovm_block, interrupt: u64) -> neovm_job {
    let mut job = neovm_job { gas: random.one_of(&[0, 1_000_000, 2_000_000_000, -1]), budget: 100_000, ..job() };
    if random.below(20) > 0 {
        job.gas = 2_000_000_000;
    }
    match random.below(6) {
        0 => job.json = text(&parts.json),
        1 => {
            (job.call_contract, job.call_method) = (text(&STD_LIB), text(b"serialize"));
            job.call_arguments = text(&parts.arguments);
        }
        2 => {
            (job.witness_account, job.verification) = (text(&[7; 20]), text(&parts.script));
            job.trigger = NEOVM_TRIGGER_VERIFICATION;
        }
        _ => job.script = text(&parts.script),
    }
    for _ in 0..random.below(3) {
        match random.below(10) {
            0 => job.trigger = random.one_of(&[0, 0x40, 0x20, 1, 2, 3]),
            1 => job.container = random.below(4) as u32,
            2 => job.transaction = text(&parts.noise),
            3 => job.block = text(&parts.noise),
            4 => job.block_fields = block,
            5 => job.call_flags = random.one_of(&[0, 0x100, 0x105, 0x10f, 0x1ff, 5]),
            6 => job.budget = random.one_of(&[0, 1, 50]),
            7 => job.interrupt = random.one_of(&[interrupt, interrupt + 1]),
            8 => job.call_method = text(&parts.noise),
            _ => job.wanted = random.below(6) as u32,
        }
    }
    job
}

#[test]
fn random_jobs_are_errors_or_receipts() {
    let (engine, mut host) = private(NEOVM_COMPILE_FOREGROUND);
    let interrupt = interrupt();
    let mut count = [0_u64; 6];
    for seed in 1..=rounds() {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let random = &mut random;
        let json = random.one_of(&JSON);
        let arguments = random.one_of(&ARGUMENTS);
        let parts = Parts {
            script: script(random),
            json: mangled(random, json),
            arguments: mangled(random, arguments),
            noise: (0..random.below(200)).map(|_| random.next() as u8).collect(),
        };
        let (size, primary) = (size_of::<neovm_block>(), random.below(300) as u32);
        let block = neovm_block { size, index: 1, primary, ..Zeros::zeros() };
        let job = random_job(random, &parts, &block, interrupt);
        (host.calls, host.fails) = (0, (random.below(8) == 0).then(|| (random.below(12), -1)));
        ok(neovm_interrupt_set(interrupt, random.below(2) as u32));
        let outcome = run(engine, &job, &mut host, |_, data| {
            // What is there can be read.
            for node in list(data.nodes, data.node_count) {
                assert!(
                    list(node.children, node.count as usize).iter().all(|child| (*child as usize) < data.node_count)
                );
                assert!(bytes(node.bytes).len() <= 1 << 20);
            }
            data.outcome
        });
        match outcome {
            Ok(outcome) => count[outcome as usize] += 1,
            Err((status, why)) => {
                assert_ne!(status, NEOVM_ERR_PANIC, "seed {seed}");
                assert!(!why.is_empty(), "seed {seed}: status {status} without a reason");
                count[0] += 1;
            }
        }
    }
    ok(neovm_interrupt_free(interrupt));
    ok(neovm_engine_free(engine));
    // Errors, HALT, FAULT, budget, interrupt, call-back: it must come to each.
    println!("{count:?}");
    assert!(count.iter().all(|count| *count * 200 > rounds()), "{count:?}");
}
