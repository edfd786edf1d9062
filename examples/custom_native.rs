//! A network of one's own: a native contract that no other network has, a method
//! that StdLib has nowhere else, and one that runs differently.
//!
//! Run it with `cargo run --example custom_native`.

use std::{error::Error, sync::Arc};

use neovm::{
    Caller, Chain, FaultKind, Gas, Hash160, Network, ProtocolSettings,
    host::{
        Executor, Invocation,
        native::{Event, Finished, Method, NativeContract, argument, find},
    },
    storage::{Key, Value},
    types::{CallFlags, StackItem, manifest::ParameterType},
};

/// Counts what it is asked to count.
const COUNTER: NativeContract = NativeContract::new("Counter", -100, Hash160([0x42; 20]))
    .with_methods(&[
        Method::new("count", count)
            .with_parameters(&[("what", ParameterType::String)])
            .with_returns(ParameterType::Integer)
            .with_price(1 << 15)
            .with_storage_fee(10)
            .with_flags(CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY)),
        Method::new("blocks", |executor, _| blocks(executor).map(Finished::value))
            .with_returns(ParameterType::Integer)
            .with_price(1 << 10)
            .with_flags(CallFlags::READ_STATES),
    ])
    .with_events(&[Event::new("Counted", &[("what", ParameterType::String)])])
    .with_post_persist(|executor, _| write(executor, b"blocks", blocks(executor)? + 1));

fn read(executor: &Executor<'_>, key: &[u8]) -> Result<i64, FaultKind> {
    let stored =
        executor.layer().get(&Key::new(COUNTER.id, key)).map_err(|error| FaultKind::Host(error.to_string()))?;
    Ok(stored.and_then(|bytes| bytes[..].try_into().ok()).map_or(0, i64::from_le_bytes))
}

fn write(executor: &Executor<'_>, key: &[u8], number: i64) -> Result<(), FaultKind> {
    let value = Value::from(&number.to_le_bytes()[..]);
    executor.layer().put(Key::new(COUNTER.id, key), value).map_err(|error| FaultKind::Host(error.to_string()))
}

fn blocks(executor: &Executor<'_>) -> Result<i64, FaultKind> {
    read(executor, b"blocks")
}

fn count(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<Finished, FaultKind> {
    let what: String = argument(caller, 0)?;
    let key = format!("count {what}");
    let number = read(executor, key.as_bytes())? + 1;
    write(executor, key.as_bytes(), number)?;
    executor.notify(COUNTER.hash, "Counted", StackItem::array([what.into()]))?;
    Ok(Finished::value(number))
}

/// Returns bytes in reverse order.
fn reverse(_: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<Finished, FaultKind> {
    let mut data: Vec<u8> = argument(caller, 0)?;
    data.reverse();
    Ok(Finished::value(data))
}

/// Runs a chain with all three.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let std_lib: Hash160 = "0xacce6fd80d44e1796aa0c2c625e9e4e0ce39efc0".parse()?;
    let gas_token: Hash160 = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse()?;
    let bytes = ParameterType::ByteArray;
    let method = Method::new("reverse", reverse).with_parameters(&[("data", ParameterType::ByteArray)]);
    let network = Network::new(ProtocolSettings::private())
        .with_native(&COUNTER)?
        .with_native_method(std_lib, method.with_returns(bytes).with_price(1 << 5))?
        // A handler with another result; price, script and manifest stay the same.
        .with_native_handler(gas_token, "symbol", 0, |_, _| Ok(Finished::value("TEST")))?;
    let mut chain = Chain::with_network(Arc::new(network))?;

    let call = Invocation::call(COUNTER.hash, "count", vec!["tea".into()])?;
    chain.execute(&call)?;
    let receipt = chain.execute(&call)?;
    println!("{:?} for {} GAS, {} event", receipt.stack, receipt.gas_consumed, receipt.notifications.len());
    assert_eq!(receipt.stack, [2]);
    assert_eq!(&*receipt.notifications[0].event, "Counted");
    // The genesis block is the one block so far.
    assert_eq!(chain.invoke(&Invocation::call(COUNTER.hash, "blocks", vec![])?)?.stack, [1]);

    let receipt = chain.invoke(&Invocation::call(std_lib, "reverse", vec!["tea".into()])?)?;
    println!("{:?}", receipt.stack);
    assert_eq!(receipt.stack, [b"aet".as_slice()]);

    let receipt = chain.invoke(&Invocation::call(gas_token, "symbol", vec![])?)?;
    println!("{:?} for {} GAS", receipt.stack, receipt.gas_consumed);
    assert_eq!(receipt.stack, ["TEST"]);
    assert_eq!(receipt.gas_consumed, Gas::from_datoshi(984_060));
    // The networks' own table is what it was.
    assert!(find(COUNTER.hash).is_none());
    Ok(())
}
