//! What the crate costs beside revm: the same transactions by both, in turns, each over accounts as they were at the
//! beginning.
//!
//! - `neovm` writes the changes to a layer over a store, and lists them in the receipt.
//! - `revm` does the same with its own types: a `State` over a `CacheDB`, which is committed to, and from which the changes
//!   are listed.
//! - `alone` is revm that is kept from one run to the next, and throws away what changes: as `revme evm --bench`.
//!
//! `cargo run --release -p neovm-evm --example overhead` prints the times; with the name of a case, one of the three and
//! a number of runs it does only that, so that instructions can be counted.

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use neovm_evm::{
    BlockEnv, Evm, Fork, State, TxEnv, World,
    primitives::{Address, TxKind, U256, hex},
    revm::{
        Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
        context::{CfgEnv, result::ExecutionResult},
        database::{CacheDB, EmptyDB, OriginalValuesKnown, State as Database, states::bundle_state::BundleRetention},
        primitives::hardfork::SpecId,
        state::{AccountInfo, Bytecode},
    },
};
use neovm_storage::{Layer, MemoryStore, WriteStore};

/// As the program `neovm` has it.
#[global_allocator]
static ALLOCATOR: neovm_allocator::Allocator = neovm_allocator::Allocator;

const SENDER: Address = Address::repeat_byte(0x05);
const CONTRACT: Address = Address::repeat_byte(0xc0);
const CHILD: Address = Address::repeat_byte(0xc1);

/// A case: the contract's code, and how many of its slots have a value.
struct Case {
    name: &'static str,
    code: Vec<u8>,
    slots: u64,
}

/// Loops that count to zero from a number of turns in two bytes, `body` in each.
fn turns(count: u16, body: &str) -> Vec<u8> {
    hex::decode(format!("61{count:04x}5b{body}60019003806003575000")).expect("hexadecimal digits")
}

/// The cases: what is done in each turn of a loop. The counter is on the stack.
fn cases() -> Vec<Case> {
    let case = |name, code, slots| Case { name, code, slots };
    let add = "805481018155";
    vec![
        case("loop", turns(20_000, "80800260030160ff0450"), 0),
        case("hash", turns(5_000, "805f5260205f2050"), 0),
        case("read", turns(500, "805450"), 500),
        case("change", turns(500, add), 500),
        case("set", turns(500, add), 0),
        case("calls", turns(1_000, &format!("5f5f5f5f5f73{}5af150", hex::encode(CHILD))), 0),
        case("transfer", vec![0x00], 0),
    ]
}

fn transaction() -> TxEnv {
    let gas_limit = 16_000_000;
    TxEnv { caller: SENDER, kind: TxKind::Call(CONTRACT), gas_limit, chain_id: Some(1), ..TxEnv::default() }
}

fn config() -> CfgEnv {
    CfgEnv::new_with_spec(SpecId::OSAKA)
}

/// Runs a transaction, and returns the gas that it used.
type Runner = Box<dyn FnMut() -> u64>;

const NAMES: [&str; 3] = ["neovm", "revm", "alone"];

/// The same transaction by each.
fn runners(case: &Case) -> Result<[Runner; 3], Box<dyn Error>> {
    let accounts = [
        (SENDER, U256::from(10).pow(U256::from(18)), &[][..]),
        (CONTRACT, U256::ZERO, &case.code),
        (CHILD, U256::ZERO, &[0]),
    ];
    let (mut store, mut database) = (MemoryStore::default(), CacheDB::new(EmptyDB::default()));
    let changes = {
        let layer = Layer::over(&store);
        let state = State::new(&layer);
        for (address, balance, code) in accounts {
            state.set_account(address, 0, balance, code)?;
            let info = AccountInfo::default().with_balance(balance).with_code(Bytecode::new_raw(code.to_vec().into()));
            database.insert_account_info(address, info);
        }
        for slot in (1..=case.slots).map(U256::from) {
            state.set_slot(CONTRACT, slot, U256::from(7))?;
            database.insert_account_storage(CONTRACT, slot, U256::from(7))?;
        }
        layer.changes()
    };
    store.write(&changes)?;
    let alone = Context::mainnet().with_db(database.clone()).with_cfg(config()).build_mainnet();
    Ok([neovm(store), revm(database), kept(alone)])
}

fn neovm(store: MemoryStore) -> Runner {
    let (evm, block, transaction) = (Evm::new(Fork::Osaka, 1), BlockEnv::default(), transaction());
    Box::new(move || {
        let layer = Layer::over(&store);
        let receipt = evm.execute(&World::new(&layer), &block, &transaction).expect("a valid transaction");
        assert!(receipt.status.is_success());
        black_box(receipt.changes.len());
        receipt.gas_used
    })
}

fn revm(store: CacheDB<EmptyDB>) -> Runner {
    let transaction = transaction();
    Box::new(move || {
        let mut state = Database::builder().with_database_ref(&store).with_bundle_update().build();
        let mut evm = Context::mainnet().with_db(&mut state).with_cfg(config()).build_mainnet();
        let result = evm.transact_commit(transaction.clone()).expect("a valid transaction");
        drop(evm);
        state.merge_transitions(BundleRetention::PlainState);
        black_box(state.take_bundle().to_plain_state(OriginalValuesKnown::Yes).accounts.len());
        result.tx_gas_used()
    })
}

fn kept(
    mut evm: impl ExecuteEvm<Tx = TxEnv, ExecutionResult = ExecutionResult, Error: std::fmt::Debug> + 'static,
) -> Runner {
    let transaction = transaction();
    Box::new(move || evm.transact(transaction.clone()).expect("a valid transaction").result.tx_gas_used())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [name, who, count] = &arguments[..] {
        let case = cases().into_iter().find(|case| case.name == name).ok_or("there is no such case")?;
        let who = NAMES.iter().position(|name| name == who).ok_or("neovm, revm or alone")?;
        let run = &mut runners(&case)?[who];
        for _ in 0..count.parse::<u32>()? {
            black_box(run());
        }
        return Ok(());
    }
    println!("| case | gas | neovm | revm | alone | beside revm | beside alone |\n|---|--:|--:|--:|--:|--:|--:|");
    for case in cases() {
        let mut runners = runners(&case)?;
        let gas = runners.each_mut().map(|run| run());
        assert_eq!(gas, [gas[0]; 3], "{}", case.name);
        let mut times = [const { Vec::new() }; 3];
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            for (run, times) in runners.iter_mut().zip(&mut times) {
                let begun = Instant::now();
                black_box(run());
                times.push(begun.elapsed());
            }
        }
        let [neovm, revm, alone] = times.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        });
        let ratio = |to: Duration| neovm.as_secs_f64() / to.as_secs_f64();
        println!(
            "| {} | {} | {neovm:.1?} | {revm:.1?} | {alone:.1?} | {:.2} | {:.2} |",
            case.name,
            gas[0],
            ratio(revm),
            ratio(alone)
        );
    }
    Ok(())
}
