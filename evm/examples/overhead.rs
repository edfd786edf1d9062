//! What the crate costs beside revm alone: the same transactions by both, in turns, each over accounts as they were at
//! the beginning.
//!
//! `cargo run --release -p neovm-evm --example overhead` prints the times; with the name of a case, `ours` or `revm`, and a
//! number of runs it does only that, so that instructions can be counted.

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use neovm_evm::{
    BlockEnv, Evm, Fork, State, TxEnv, World,
    primitives::{Address, TxKind, U256, hex},
    revm::{
        Context, ExecuteEvm, MainBuilder, MainContext,
        context::CfgEnv,
        database::{CacheDB, EmptyDB},
        primitives::hardfork::SpecId,
        state::{AccountInfo, Bytecode},
    },
};
use neovm_storage::{Layer, MemoryStore, WriteStore};

const SENDER: Address = Address::repeat_byte(0x05);
const CONTRACT: Address = Address::repeat_byte(0xc0);
const CHILD: Address = Address::repeat_byte(0xc1);

/// Loops that count to zero from a number of turns in two bytes, `body` in each.
fn turns(count: u16, body: &str) -> Vec<u8> {
    hex::decode(format!("61{count:04x}5b{body}60019003806003575000")).expect("hexadecimal digits")
}

/// The cases: what is done in each turn of a loop. The counter is on the stack.
fn cases() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("loop", turns(20_000, "80800260030160ff0450")),
        ("hash", turns(5_000, "805f5260205f2050")),
        ("storage", turns(500, "805481018155")),
        ("calls", turns(1_000, &format!("5f5f5f5f5f73{}5af150", hex::encode(CHILD)))),
        ("transfer", vec![0x00]),
    ]
}

fn transaction() -> TxEnv {
    let gas_limit = 16_000_000;
    TxEnv { caller: SENDER, kind: TxKind::Call(CONTRACT), gas_limit, chain_id: Some(1), ..TxEnv::default() }
}

/// Runs a transaction, and returns the gas that it used.
type Runner = Box<dyn FnMut() -> u64>;

/// Two runs of the same transaction: by this crate, and by revm with its own store.
fn runs(code: &[u8]) -> Result<[Runner; 2], Box<dyn Error>> {
    let accounts = [
        (SENDER, U256::from(10).pow(U256::from(18)), &[][..]),
        (CONTRACT, U256::ZERO, code),
        (CHILD, U256::ZERO, &[0]),
    ];
    let (evm, transaction) = (Evm::new(Fork::Osaka, 1), transaction());
    let mut store = MemoryStore::default();
    let changes = {
        let layer = Layer::over(&store);
        let state = State::new(&layer);
        accounts.iter().try_for_each(|(address, balance, code)| state.set_account(*address, 0, *balance, code))?;
        layer.changes()
    };
    store.write(&changes)?;
    let of_ours = transaction.clone();
    let ours = move || {
        let layer = Layer::over(&store);
        let receipt = evm.execute(&World::new(&layer), &BlockEnv::default(), &of_ours).expect("a valid transaction");
        assert!(receipt.status.is_success());
        receipt.gas_used
    };
    let mut database = CacheDB::new(EmptyDB::default());
    for (address, balance, code) in accounts {
        let info = AccountInfo::default().with_balance(balance).with_code(Bytecode::new_raw(code.to_vec().into()));
        database.insert_account_info(address, info);
    }
    let revm = move || {
        let config = CfgEnv::new_with_spec(SpecId::OSAKA);
        let context = Context::mainnet().with_db(&mut database).with_cfg(config);
        let done = context.build_mainnet().transact(transaction.clone()).expect("a valid transaction");
        assert!(done.result.is_success());
        done.result.tx_gas_used()
    };
    Ok([Box::new(ours), Box::new(revm)])
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [name, who, count] = &arguments[..] {
        let (_, code) = cases().into_iter().find(|(case, _)| case == name).ok_or("there is no such case")?;
        let [mut ours, mut revm] = runs(&code)?;
        let run = if who == "ours" { &mut ours } else { &mut revm };
        for _ in 0..count.parse::<u32>()? {
            black_box(run());
        }
        return Ok(());
    }
    println!("| case | gas | ours | revm | ratio |\n|---|--:|--:|--:|--:|");
    for (name, code) in cases() {
        let [mut ours, mut revm] = runs(&code)?;
        let gas = ours();
        assert_eq!(revm(), gas);
        let (mut of_ours, mut of_revm) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            for (run, times) in [(&mut ours, &mut of_ours), (&mut revm, &mut of_revm)] {
                let begun = Instant::now();
                black_box(run());
                times.push(begun.elapsed());
            }
        }
        let [a, b] = [of_ours, of_revm].map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        });
        println!("| {name} | {gas} | {a:.1?} | {b:.1?} | {:.3} |", a.as_secs_f64() / b.as_secs_f64());
    }
    Ok(())
}
