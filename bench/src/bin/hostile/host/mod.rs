//! Measures what 20 GAS buy at most of each system call and each native method.
//! What takes longer than ten seconds is stopped, and its time is scaled.

mod natives;
mod syscalls;

use std::{
    sync::{Arc, LazyLock, atomic::AtomicBool, mpsc},
    thread,
    time::{Duration, Instant},
};

use neovm::{
    Chain, EngineConfig, Gas, Hash160, JitMode, Network, OpCode, Outcome, ProtocolSettings, Script, Signer,
    WitnessScopes,
    host::{Execution, Invocation, Receipt, native::NATIVES},
    types::{CallFlags, NefFile, ScriptBuilder, text::beginning},
};
use neovm_testing::allocator;

use crate::{
    Error,
    run::{GAS, script},
};

/// The gas of a run, in datoshi.
const LIMIT: i64 = 20 * GAS;

/// What no run should take.
const BOUND: Duration = Duration::from_secs(4);

/// The time after which a run is stopped.
const STOP: Duration = Duration::from_secs(10);

/// A contract whose method `main` repeats a call until the gas is used up.
pub(crate) struct Case {
    /// The system call or native method.
    name: String,
    /// What makes it the worst case.
    what: String,
    /// The price of a call in units, without what it charges itself.
    units: u64,
    /// What runs before, without a limit of gas, and keeps its changes.
    setup: String,
    /// What `main` begins with.
    prelude: String,
    /// The number of its local variables.
    locals: u8,
    /// What `main` repeats.
    body: String,
    /// Who signs.
    signers: Vec<Signer>,
    /// Bytes that the transaction's script is made longer by.
    padding: usize,
}

impl Case {
    fn new(name: &str, what: &str, units: u64, body: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            what: what.into(),
            units,
            setup: String::new(),
            prelude: String::new(),
            locals: 10,
            body: body.into(),
            signers: vec![Signer::new(ACCOUNT, WitnessScopes::GLOBAL)],
            padding: 0,
        }
    }

    fn before(self, prelude: impl Into<String>) -> Self {
        Self { prelude: prelude.into(), ..self }
    }

    /// The case in a contract that has called itself 1,000 times. There is one local variable.
    fn deep(self) -> Self {
        Self { prelude: syscalls::DEEP.into(), locals: 1, ..self }
    }

    fn after(self, setup: impl Into<String>) -> Self {
        Self { setup: setup.into(), ..self }
    }
}

/// Who signs.
const ACCOUNT: Hash160 = Hash160([7; 20]);

struct Taken {
    /// Scaled to the whole gas, if the run was stopped.
    time: Duration,
    bytes: isize,
    gas: Gas,
    ending: String,
}

/// Prints a row for each case whose name contains `part`.
pub(crate) fn print(part: &str) -> Result<(), Error> {
    let config = EngineConfig::default().with_jit(JitMode::Off);
    let network = Network::with_engine(ProtocolSettings::private(), config);
    let chain = Chain::with_network(network.into())?;
    println!("| call | worst case | units | GAS | ms | MiB | ending |\n|---|---|--:|--:|--:|--:|---|");
    let mut over = Vec::new();
    for case in syscalls::cases().into_iter().chain(natives::cases()) {
        if !case.name.contains(part) {
            continue;
        }
        let taken = run(&chain, &case).map_err(|error| format!("{}, {}: {error}", case.name, case.what))?;
        let (gas, milliseconds) = (taken.gas.datoshi_ceil() as f64 / GAS as f64, taken.time.as_secs_f64() * 1e3);
        let mebibytes = taken.bytes as f64 / f64::from(1 << 20);
        println!(
            "| {} | {} | {} | {gas:.2} | {milliseconds:.1} | {mebibytes:.1} | {} |",
            case.name, case.what, case.units, taken.ending
        );
        if taken.time > BOUND {
            over.push(format!("{} ({}): {:.1} s", case.name, case.what, taken.time.as_secs_f64()));
        }
    }
    println!("\nOver {} s: {}.", BOUND.as_secs(), if over.is_empty() { "none".into() } else { over.join("; ") });
    Ok(())
}

fn run(chain: &Chain, case: &Case) -> Result<Taken, Error> {
    let mut chain = chain.clone();
    let hash = deploy(&mut chain, case)?;
    let setup = Invocation::call(hash, "setup", vec![])?.with_gas(i64::MAX);
    if let Some(fault) = chain.execute(&signed(setup, case))?.fault {
        return Err(format!("setup: {fault}").into());
    }
    let mut entry = ScriptBuilder::new();
    entry.dynamic_call(hash, "main", CallFlags::ALL, &[]).op(OpCode::RET).raw(&vec![0; case.padding]);
    let pending = chain.prepare(&signed(Invocation::new(entry.build()?).with_gas(LIMIT), case))?;
    let begun = used_time();
    let (ended, bytes) =
        allocator::peak(|| run_for(STOP, Execution::new(chain.network(), chain.store(), &pending.job())?));
    let (time, (is_stopped, receipt)) = (used_time() - begun, ended?);
    let gas = receipt.gas_consumed;
    if is_stopped {
        let part = gas.datoshi_ceil() as f64 / LIMIT as f64;
        return Ok(Taken { time: time.div_f64(part), bytes, gas, ending: "stopped, time scaled".into() });
    }
    let ending = match receipt.fault {
        None => "HALT".into(),
        Some(fault) => beginning(&fault.kind.to_string(), 60).into(),
    };
    Ok(Taken { time, bytes, gas, ending })
}

/// Returns how long this thread has run on a processor, so that other work on the machine does not count; where the
/// system does not tell, the time of day.
fn used_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|line| line.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Runs to the end, or until the time is over: tells whether it was.
fn run_for(time: Duration, mut execution: Execution<'_>) -> Result<(bool, Receipt), neovm::FaultKind> {
    let flag = Arc::new(AtomicBool::new(false));
    execution.set_interrupt(Some(Arc::clone(&flag)));
    let (ended, end) = mpsc::channel::<()>();
    let clock = thread::spawn(move || {
        if end.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let outcome = execution.run();
    drop(ended);
    clock.join().expect("the clock does not panic");
    Ok((!matches!(outcome, Outcome::Halt | Outcome::Fault(_)), execution.finish()))
}

fn signed(invocation: Invocation, case: &Case) -> Invocation {
    case.signers.iter().cloned().fold(invocation, Invocation::with_signer)
}

/// Deploys the contract of a case.
fn deploy(chain: &mut Chain, case: &Case) -> Result<Hash160, Error> {
    let parts = [
        ("empty", script("RET")?),
        ("main", script(&format!("INITSLOT {}, 0\n{}\nnext: {}\nJMP_L next", case.locals, case.prelude, case.body))?),
        ("setup", script(&format!("INITSLOT 10, 0\n{}\nRET", case.setup))?),
    ];
    let (mut bytes, mut methods) = (Vec::new(), Vec::new());
    for (name, part) in &parts {
        methods.push(format!(
            r#"{{"name":"{name}","parameters":[],"returntype":"Void","offset":{},"safe":false}}"#,
            bytes.len()
        ));
        bytes.extend_from_slice(part.bytes());
    }
    let manifest = format!(
        r#"{{"name":"Hostile","groups":[],"features":{{}},"supportedstandards":[],"abi":{{"methods":[{}],
            "events":[{{"name":"E","parameters":[{{"name":"a","type":"Any"}}]}}]}},
            "permissions":[{{"contract":"*","methods":"*"}}],"trusts":[],"extra":null}}"#,
        methods.join(",")
    );
    let nef =
        NefFile { compiler: "hostile".into(), source: "".into(), tokens: Vec::new(), script: Script::from(bytes) };
    let contract = chain.deploy(Signer::new(ACCOUNT, WitnessScopes::GLOBAL), &nef.to_bytes()?, manifest.as_bytes())?;
    Ok(contract.state().hash)
}

/// Instructions that call a native method and drop what it returns. Each argument is code that pushes it.
fn call_native(native: &str, method: &str, arguments: &[&str]) -> String {
    let hash = NATIVES.into_iter().find(|contract| contract.name == native).expect("a native contract").hash;
    let mut code: String = arguments.iter().rev().map(|argument| format!("{argument}\n")).collect();
    code += &format!("PUSH{}\nPACK\nPUSH15\nPUSHDATA1 \"{method}\"\n", arguments.len());
    code + &format!("PUSHDATA1 0x{}\nSYSCALL System.Contract.Call", hex::encode(hash.0))
}

/// Instructions that put a byte string of zeros into a local variable.
fn zeros(length: usize, local: usize) -> String {
    format!("PUSHINT32 {length}\nNEWBUFFER\nCONVERT ByteString\nSTLOC{local}")
}

/// Instructions that push an array of one value many times.
fn array_of(push: &str, count: usize) -> String {
    format!("{push}\n{}PUSHINT16 {count}\nPACK", "DUP\n".repeat(count - 1))
}
