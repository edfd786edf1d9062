//! Both machines in one transaction: Solidity calls a contract of Neo through a precompiled contract, and that calls
//! back. Gas is shared, and what is done in a frame that fails is undone in both.
//!
//! Run it with `cargo run -p neovm-evm --example bridge`.

use std::{error::Error, rc::Rc};

use neovm_chain::{Signer, WitnessScopes};
use neovm_evm::{
    Evm, Fork, Message, PrecompileCall, PrecompileError, Receipt, State, Suspended, World,
    primitives::{Address, Bytes, TxKind, U256, address, hex, keccak256},
};
use neovm_host::{
    Chain, Container, Entry, Execution, Job, Network, ProtocolSettings, Trigger,
    executor::Attached,
    native::{Finished, Method, NativeContract, argument},
};
use neovm_interp::Caller;
use neovm_storage::{Key, Layer, Store};
use neovm_types::{
    CallFlags, FaultKind, Gas, Hash160, NefFile, OpCode, ScriptBuilder, StackItem, manifest::ParameterType,
};

/// `Bridge.sol`, compiled by solc 0.8.
const BRIDGE_CODE: &str = include_str!("bridge.hex");
const BRIDGE: Address = address!("00000000000000000000000000000000000b21d6");

/// The precompiled contract that leads to Neo. It is the caller when Neo calls back.
const NEO: Address = address!("000000000000000000000000000000000000ee00");

/// What a unit of the EVM's gas is worth, in datoshi.
const DATOSHI: u64 = 100;

/// The native contract that leads from Neo to the EVM.
const EVM: NativeContract =
    NativeContract::new("Evm", -200, Hash160([0xee; 20])).with_methods(&[Method::new("call", |executor, caller| {
        let attached = executor.attached().ok_or_else(|| FaultKind::Host("no EVM waits for this".into()))?;
        attached.call(executor, caller).map(Finished::value)
    })
    .with_parameters(&[("account", ParameterType::ByteArray), ("data", ParameterType::ByteArray)])
    .with_returns(ParameterType::ByteArray)
    .with_price(1 << 15)
    .with_flags(CallFlags::ALL)]);

/// Calls a method of Neo's contract for Solidity. The input is the length of the method's name, the name, and the data
/// that the method is to call back with.
fn neo<'s>(
    call: &mut PrecompileCall<'_, 's>,
    network: &'s Network,
    contract: Hash160,
) -> Result<Bytes, PrecompileError> {
    let failed = |error: &dyn ToString| PrecompileError::Failed(error.to_string());
    let input = call.input().clone();
    let (method, data) = input
        .split_first()
        .and_then(|(length, rest)| rest.split_at_checked(usize::from(*length)))
        .ok_or_else(|| failed(&"the input is cut off"))?;
    let arguments = [call.caller()[..].into(), data.into()];
    let method = std::str::from_utf8(method).map_err(|error| failed(&error))?;
    let script = ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, &arguments).build();
    let script = script.map_err(|error| failed(&error))?;
    let flags = if call.is_static() { CallFlags::READ_ONLY } else { CallFlags::ALL };
    let job = Job {
        trigger: Trigger::Application,
        container: Container::None,
        block: None,
        gas: i64::try_from(call.gas_left().saturating_mul(DATOSHI)).unwrap_or(i64::MAX),
        entry: Entry::Script { script, flags },
    };
    let mut used = 0;
    let result = call.suspend(|evm, layer| {
        let receipt = run(network, evm, layer, &job).map_err(|error| failed(&error))?;
        used = u64::try_from(receipt.gas_consumed.datoshi_ceil()).unwrap_or(u64::MAX).div_ceil(DATOSHI);
        if let Some(fault) = &receipt.fault {
            return Err(PrecompileError::Revert(Bytes::from(fault.kind.to_string().into_bytes())));
        }
        let top = receipt.stack.last().ok_or_else(|| failed(&"nothing was returned"))?;
        top.with_bytes(Bytes::copy_from_slice).map_err(|error| failed(&error))
    });
    call.charge(used)?;
    result
}

/// Runs Neo's part over a layer. Its native contract `Evm` calls the execution that waits.
fn run<'s>(
    network: &'s Network,
    evm: &Rc<Suspended<'s>>,
    layer: &Rc<Layer<'s>>,
    job: &Job<'s>,
) -> Result<neovm_host::Receipt, FaultKind> {
    let mut execution = Execution::above(network, layer, job)?;
    let evm = Rc::clone(evm);
    execution.attach(Attached::new(move |executor, caller| {
        let message = message(caller)?;
        let receipt = evm.call(executor.layer(), &message).map_err(|error| FaultKind::Host(error.to_string()))?;
        back(caller, &receipt)
    }));
    execution.run();
    Ok(execution.finish())
}

/// What Neo asks the EVM for. It may use all the gas that Neo has.
fn message(caller: &mut Caller<'_>) -> Result<Message, FaultKind> {
    let (account, data): (Vec<u8>, Vec<u8>) = (argument(caller, 0)?, argument(caller, 1)?);
    let account = Address::try_from(&account[..]).map_err(|_| FaultKind::Host("not an address".into()))?;
    let gas = u64::try_from(caller.gas_left().datoshi_floor()).unwrap_or(u64::MAX) / DATOSHI;
    let (to, input) = (TxKind::Call(account), data.into());
    Ok(Message { caller: NEO, to, value: U256::ZERO, input, gas, is_static: false })
}

/// Charges Neo for what the EVM has used, and returns its output.
fn back(caller: &mut Caller<'_>, receipt: &Receipt) -> Result<StackItem, FaultKind> {
    caller.add_fee(Gas::from_datoshi((receipt.gas_used * DATOSHI) as i64))?;
    if !receipt.status.is_success() {
        return Err(FaultKind::Host(format!("the EVM {}", receipt.status)));
    }
    Ok(receipt.output[..].into())
}

/// Neo's contract: `poke` adds one to a counter and calls the EVM; `fail` does so and throws; `attempt` calls `fail` and
/// goes on.
fn vault() -> Result<(Vec<u8>, String), Box<dyn Error>> {
    use OpCode::{CONVERT, DROP, DUP, INC, INITSLOT, ISNULL, JMPIFNOT, LDARG0, LDARG1, PACK, RET, THROW};
    let mut code = ScriptBuilder::new();
    let (count, some, poke) = (code.label(), code.label(), code.label());
    let call = |code: &mut ScriptBuilder, method: &str| {
        code.op(LDARG1).op(LDARG0).push(2).op(PACK).push(CallFlags::ALL.bits()).push(method);
    };
    let offset = |code: &ScriptBuilder| code.build().map(|script| script.bytes().len());
    // poke(account, data)
    code.bind(poke).op_with(INITSLOT, &[0, 2]).call(count);
    call(&mut code, "call");
    code.push(&EVM.hash.0[..]).syscall("System.Contract.Call").op(RET);
    // count(): adds one to what lies under "n"
    code.bind(count).push("n").syscall("System.Storage.GetContext").syscall("System.Storage.Get").op(DUP).op(ISNULL);
    code.jump(JMPIFNOT, some).op(DROP).push(0).bind(some).op_with(CONVERT, &[0x21]).op(INC);
    code.push("n").syscall("System.Storage.GetContext").syscall("System.Storage.Put").op(RET);
    // fail(account, data)
    let fail = offset(&code)?;
    code.op_with(INITSLOT, &[0, 2]).op(LDARG1).op(LDARG0).call(poke).op(DROP).push("no").op(THROW);
    // attempt(account, data)
    let attempt = offset(&code)?;
    let (caught, end) = (code.label(), code.label());
    code.op_with(INITSLOT, &[0, 2]).try_block(Some(caught), None);
    call(&mut code, "fail");
    code.syscall("System.Runtime.GetExecutingScriptHash").syscall("System.Contract.Call").end_try(end);
    code.bind(caught).end_try(end).bind(end).op(RET);
    let (compiler, source) = ("hand".into(), String::new());
    let nef = NefFile { compiler, source, tokens: Vec::new(), script: code.build()? }.to_bytes()?;
    let method = |name: &str, offset: usize| {
        format!(
            r#"{{"name": "{name}", "offset": {offset}, "returntype": "ByteArray", "safe": false, "parameters":
            [{{"name": "account", "type": "ByteArray"}}, {{"name": "data", "type": "ByteArray"}}]}}"#
        )
    };
    let methods = [method("poke", 0), method("fail", fail), method("attempt", attempt)].join(",");
    let manifest = format!(
        r#"{{"name": "Vault", "groups": [], "features": {{}}, "supportedstandards": [], "abi": {{"methods": [{methods}],
        "events": []}}, "permissions": [{{"contract": "*", "methods": "*"}}], "trusts": [], "extra": null}}"#
    );
    Ok((nef, manifest))
}

/// The call of a function that takes a string, or nothing.
fn encode(function: &str, text: Option<&str>) -> Bytes {
    let mut data = keccak256(function)[..4].to_vec();
    if let Some(text) = text {
        data.extend(U256::from(32).to_be_bytes::<32>());
        data.extend(U256::from(text.len()).to_be_bytes::<32>());
        data.extend(text.as_bytes());
        data.resize(data.len().next_multiple_of(32) + 4, 0);
    }
    data.into()
}

/// Lets Solidity call Neo in three ways, and counts on both sides.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let network = Network::new(ProtocolSettings::private()).with_native(&EVM)?;
    let mut chain = Chain::with_network(network.into())?;
    let (nef, manifest) = vault()?;
    let owner = Signer::new(Hash160([1; 20]), WitnessScopes::CALLED_BY_ENTRY);
    let contract = chain.deploy(owner, &nef, manifest.as_bytes())?;
    let (hash, id) = (contract.state().hash, contract.state().id);

    let layer = Layer::over(chain.store() as &dyn Store);
    let state = State::new(&layer);
    state.set_account(BRIDGE, 1, U256::ZERO, &hex::decode(BRIDGE_CODE.replace('\n', ""))?)?;
    let network = chain.network();
    let world = World::new(&layer).with_precompile(NEO, |call| neo(call, network, hash));
    let evm = Evm::new(Fork::LATEST, 1);
    let call = |function: &str, text| {
        let (to, input) = (TxKind::Call(BRIDGE), encode(function, text));
        let message = Message { caller: Address::ZERO, to, value: U256::ZERO, input, gas: 5_000_000, is_static: false };
        evm.call(&world, &Default::default(), &message, 0)
    };
    // How often the EVM and Neo have been called.
    let counts = || -> Result<(U256, u8), Box<dyn Error>> {
        let of_neo = layer.get(&Key::new(id, b"n"))?;
        Ok((state.slot(BRIDGE, U256::ZERO)?, of_neo.and_then(|bytes| bytes.first().copied()).unwrap_or(0)))
    };

    let receipt = call("run(string)", Some("poke"))?;
    println!("poke: {}, {} gas, counts {:?}", receipt.status, receipt.gas_used, counts()?);
    assert!(receipt.status.is_success());
    assert_eq!(counts()?, (U256::from(1), 1));

    // Neo throws, which it catches in the frame above: neither count has changed.
    let receipt = call("run(string)", Some("attempt"))?;
    println!("attempt: {}, {} gas, counts {:?}", receipt.status, receipt.gas_used, counts()?);
    assert!(receipt.status.is_success());
    assert_eq!(counts()?, (U256::from(1), 1));

    // Solidity reverts a frame in which all went well on Neo's side.
    let receipt = call("undo(string)", Some("poke"))?;
    println!("undo: {}, {} gas, counts {:?}", receipt.status, receipt.gas_used, counts()?);
    assert!(receipt.status.is_success());
    assert_eq!(&receipt.output[64..70], b"undone");
    assert_eq!(counts()?, (U256::from(1), 1));

    // Neo faults: Solidity sees a call that failed.
    let receipt = call("run(string)", Some("fail"))?;
    println!("fail: {}, counts {:?}", receipt.status, counts()?);
    assert!(!receipt.status.is_success());
    assert_eq!(counts()?, (U256::from(1), 1));

    let receipt = call("run(string)", Some("poke"))?;
    assert!(receipt.status.is_success());
    assert_eq!(counts()?, (U256::from(2), 2));
    Ok(())
}
