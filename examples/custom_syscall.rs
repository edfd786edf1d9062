//! A network of one's own: a system call that no other network has, and
//! another one that is replaced.
//!
//! Run it with `cargo run --example custom_syscall`.

use std::{error::Error, sync::Arc};

use neovm::{
    Caller, Chain, FaultKind, Gas, Network, OpCode, ProtocolSettings,
    host::{Executor, Invocation, syscalls::Syscall},
    types::{CallFlags, ScriptBuilder},
};

/// Where the prices lie in the storage of the network: under no contract's id.
const PRICES: i32 = i32::MIN;

/// Pops a name and pushes the price of it, or Null.
fn price(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let name = caller.pop()?.with_bytes(<[u8]>::to_vec)?;
    // A fee for each byte, beside the price in the table.
    executor.charge_units(caller, name.len() as u64)?;
    let price = executor.layer().get(&neovm::storage::Key::new(PRICES, &name));
    let price = price.map_err(|error| FaultKind::Host(error.to_string()))?;
    caller.push(price.map(|bytes| bytes.to_vec()));
    Ok(())
}

/// A clock that stands still.
fn time(_: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    caller.push(1_700_000_000_000_u64);
    Ok(())
}

/// Runs a script that uses both.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let network = Network::new(ProtocolSettings::private())
        .with_syscall(Syscall::new("Example.Price", price).with_price(100).with_flags(CallFlags::READ_STATES))
        .with_syscall(Syscall::new("System.Runtime.GetTime", time).with_price(1));
    let chain = Chain::with_network(Arc::new(network))?;
    let mut store = chain.store().clone();
    store.insert(neovm::storage::Key::new(PRICES, b"tea"), [7].as_slice().into());
    let chain = Chain::with_store(Arc::clone(chain.network()), store);

    let script = ScriptBuilder::new().push("tea").syscall("Example.Price").syscall("System.Runtime.GetTime").build()?;
    let receipt = chain.invoke(&Invocation::new(script))?;
    println!("{:?} for {} GAS", receipt.stack, receipt.gas_consumed);
    assert_eq!(receipt.stack[0], [7].as_slice());
    assert_eq!(receipt.stack[1], 1_700_000_000_000_i64);
    // PUSHDATA1 costs 8 units, the calls 100 + 3 and 1, each unit 30 datoshi.
    assert_eq!(receipt.gas_consumed, Gas::from_datoshi(30 * (8 + 100 + 3 + 1)));

    // A script that may not read the storage may not ask for prices either.
    let inner = ScriptBuilder::new().push("tea").syscall("Example.Price").build()?;
    let outer = ScriptBuilder::new()
        .op(OpCode::NEWARRAY0)
        .push(CallFlags::NONE.bits())
        .push(inner.bytes())
        .syscall("System.Runtime.LoadScript")
        .build()?;
    let receipt = chain.invoke(&Invocation::new(outer))?;
    println!("{}", receipt.fault.as_ref().map_or_else(String::new, |fault| fault.kind.to_string()));
    assert!(!receipt.halted());
    Ok(())
}
