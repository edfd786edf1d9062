//! The EVM and another machine call each other: what either does in a frame that fails is undone in both.

use std::{cell::Cell, rc::Rc};

use neovm_evm::{
    Evm, EvmError, Fork, MAX_NESTING, Message, PrecompileCall, PrecompileError, Receipt, State, Status, Suspended,
    World,
    primitives::{Address, Bytes, KECCAK_EMPTY, TxKind, U256, address, hex},
    revm::context_interface::result::HaltReason,
};
use neovm_storage::{Key, Layer, MemoryStore, StoreError};

/// A contract that counts its calls, changes a slot to and fro, writes a log, and makes the calls that it is told to.
const COUNTER: Address = address!("00000000000000000000000000000000000000e0");
/// What leads to the other machine; or a contract that does in the EVM what the other machine does.
const OTHER: Address = address!("00000000000000000000000000000000000000e1");
/// A precompiled contract that counts in the storage; or a contract that does so.
const WRITER: Address = address!("00000000000000000000000000000000000000e2");

/// Adds one to slot 0.
const COUNT: &str = "5f546001015f55";
/// Changes slot 1 from 0 to 1 and from 1 to 0, and writes a log without topics.
const TOGGLE_AND_LOG: &str = "6001546001036001555f5fa0";

/// A contract that runs `first`, then makes the calls that its input lists, and then ends well or reverts.
///
/// The input is a byte, which is not zero if it reverts, and the calls: the length of the input in two bytes, the last
/// byte of the address, the input.
fn contract(first: &str) -> Vec<u8> {
    let first = hex::decode(first.replace(' ', "")).unwrap();
    let start = first.len() as u8 + 2;
    let (end, revert) = (start + 0x2b, start + 0x34);
    let rest = format!(
        "6001 5b 8036111560{end:02x}57 803560e81c 90600301 8160081c 80825f37 5f5f825f5f 8760ff16 5af150 019050 60{start:02x}56
        5b 5f355f1a 60{revert:02x}57 00 5b 5f5ffd"
    );
    let digits: String = rest.split_whitespace().collect();
    [first, hex::decode(digits).unwrap()].concat()
}

/// A call, and the calls in it.
#[derive(Clone, Debug)]
struct Node {
    to: Address,
    fails: bool,
    calls: Vec<Node>,
}

impl Node {
    fn input(&self) -> Vec<u8> {
        let mut input = vec![u8::from(self.fails)];
        for call in &self.calls {
            let inner = call.input();
            input.extend((inner.len() as u16).to_be_bytes());
            input.push(call.to[19]);
            input.extend(inner);
        }
        input
    }

    fn parse(to: Address, input: &[u8]) -> Self {
        let (fails, mut rest) = (input[0] != 0, &input[1..]);
        let mut calls = Vec::new();
        while let [high, low, last, inner @ ..] = rest {
            let (inner, others) = inner.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            calls.push(Self::parse(Address::left_padding_from(&[*last]), inner));
            rest = others;
        }
        Self { to, fails, calls }
    }

    /// A tree at random, of calls in at most `executions` executions inside of each other.
    fn random(random: &mut Random, to: Address, depth: u32, executions: usize) -> Self {
        let count = if depth == 0 || to == WRITER { 0 } else { random.below(4) };
        let call = |random: &mut Random| {
            let inner = [COUNTER, OTHER, WRITER][random.below(3) as usize];
            let enters = (to, inner) == (OTHER, COUNTER);
            let inner = if enters && executions == 1 { OTHER } else { inner };
            Self::random(random, inner, depth - 1, executions - usize::from(enters && executions > 1))
        };
        let calls = (0..count).map(|_| call(random)).collect();
        Self { to, fails: random.below(4) == 0, calls }
    }
}

/// Numbers that look as if they were random.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn key(name: &str) -> Key {
    Key::new(5, name.as_bytes())
}

fn number(layer: &Layer<'_>, name: &str) -> u64 {
    layer.get(&key(name)).unwrap().map_or(0, |bytes| u64::from_le_bytes(bytes[..].try_into().unwrap()))
}

fn count(layer: &Layer<'_>, name: &str) -> Result<(), StoreError> {
    layer.put(key(name), (number(layer, name) + 1).to_le_bytes()[..].into())
}

fn reverted() -> PrecompileError {
    PrecompileError::Revert(Bytes::new())
}

/// The other machine: a frame of it, with the frames that it calls.
struct Other<'e, 's> {
    evm: &'e Suspended<'s>,
    gas: u64,
    used: Cell<u64>,
}

impl<'s> Other<'_, 's> {
    fn run(&self, layer: &Rc<Layer<'s>>, node: &Node) -> Result<(), PrecompileError> {
        count(layer, if node.to == WRITER { "writes" } else { "calls" })?;
        for call in &node.calls {
            if call.to == COUNTER {
                let gas = self.gas - self.used.get();
                self.used.set(self.used.get() + self.evm.call(layer, &message(OTHER, call, gas))?.gas_used);
            } else {
                let above = Layer::above(layer);
                if self.run(&above, call).is_ok() {
                    above.commit()?;
                }
            }
        }
        if node.fails { Err(reverted()) } else { Ok(()) }
    }
}

fn message(caller: Address, node: &Node, gas: u64) -> Message {
    let (to, input) = (TxKind::Call(node.to), node.input().into());
    Message { caller, to, value: U256::ZERO, input, gas, is_static: false }
}

fn other<'s>(call: &mut PrecompileCall<'_, 's>) -> Result<Bytes, PrecompileError> {
    let (node, gas) = (Node::parse(OTHER, call.input()), call.gas_left());
    let mut used = 0;
    let result = call.suspend(|evm, layer| {
        let other = Other { evm, gas, used: Cell::new(0) };
        let result = other.run(layer, &node);
        used = other.used.get();
        result
    });
    call.charge(used)?;
    result.map(|()| Bytes::new())
}

fn writer(call: &mut PrecompileCall<'_, '_>) -> Result<Bytes, PrecompileError> {
    call.write(|layer| count(layer, "writes"))?;
    if call.input()[0] == 0 { Ok(Bytes::new()) } else { Err(reverted()) }
}

/// What is left of a tree of calls.
#[derive(Debug, PartialEq)]
struct Left {
    is_success: bool,
    counts: [u64; 4],
    logs: usize,
    refunded: u64,
}

const GAS: u64 = 1_000_000_000;

/// Runs a tree with the other machine, or all of it in the EVM.
fn run(node: &Node, with_other: bool) -> Left {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    let state = State::new(&layer);
    let set_code = |address, first: &str| state.set_account(address, 1, U256::ZERO, &contract(first)).unwrap();
    set_code(COUNTER, &format!("{COUNT}{TOGGLE_AND_LOG}"));
    // To clear it gives a refund, which setting it again takes back.
    state.set_slot(COUNTER, U256::from(1), U256::from(1)).unwrap();
    let mut world = World::new(&layer);
    if with_other {
        world = world.with_precompile(OTHER, other).with_precompile(WRITER, writer);
    } else {
        set_code(OTHER, COUNT);
        set_code(WRITER, COUNT);
    }
    let receipt = call(&world, node).unwrap();
    let slot = |address, slot| state.slot(address, U256::from(slot)).unwrap().to::<u64>();
    let of_others = if with_other {
        [number(&layer, "calls"), number(&layer, "writes")]
    } else {
        [slot(OTHER, 0), slot(WRITER, 0)]
    };
    let keys = receipt.changes.iter().filter(|(key, _)| key.local().starts_with(b"p")).count();
    assert_eq!(keys, 0, "a place in the journal was left behind");
    Left {
        is_success: receipt.status.is_success(),
        counts: [slot(COUNTER, 0), slot(COUNTER, 1), of_others[0], of_others[1]],
        logs: receipt.logs.len(),
        refunded: receipt.gas_refunded,
    }
}

fn call(world: &World<'_>, node: &Node) -> Result<Receipt, EvmError> {
    Evm::new(Fork::LATEST, 1).call(world, &Default::default(), &message(Address::ZERO, node, GAS), 0)
}

#[test]
fn two_machines_undo_what_one_would() {
    let mut random = Random(1);
    let (mut all, mut refunds) = (0, 0);
    for _ in 0..3_000 {
        let node = Node::random(&mut random, COUNTER, 7, MAX_NESTING);
        let expected = run(&node, false);
        assert_eq!(run(&node, true), expected, "{node:?}");
        all += expected.counts.iter().sum::<u64>();
        refunds += u64::from(expected.refunded > 0);
    }
    assert!(all > 10_000 && refunds > 100, "{all} {refunds}");
}

/// A chain of calls that goes to and fro between the machines.
fn to_and_fro(length: usize) -> Node {
    let mut node = Node { to: COUNTER, fails: false, calls: Vec::new() };
    for place in 0..length {
        node = Node { to: if place % 2 == 0 { OTHER } else { COUNTER }, fails: false, calls: vec![node] };
    }
    node
}

#[test]
fn only_so_many_executions_run_inside_of_each_other() {
    let left = run(&to_and_fro(40), true);
    assert!(left.is_success);
    assert_eq!(left.counts[0], MAX_NESTING as u64);
    assert_eq!(left.counts[2], MAX_NESTING as u64);
    // The last one is told why.
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    State::new(&layer).set_account(COUNTER, 1, U256::ZERO, &contract(COUNT)).unwrap();
    let seen = Rc::new(Cell::new(0));
    let told = Rc::clone(&seen);
    let world = World::new(&layer).with_precompile(OTHER, move |call| {
        let node = Node::parse(OTHER, call.input());
        call.suspend(|evm, layer| {
            let receipt = evm.call(layer, &message(OTHER, &node.calls[0], 5_000_000))?;
            if receipt.status == Status::Halt(HaltReason::CallTooDeep) {
                assert_eq!(receipt.gas_used, 0);
                told.set(told.get() + 1);
            }
            Ok::<_, EvmError>(Bytes::new())
        })
    });
    assert!(call(&world, &to_and_fro(41)).is_ok());
    assert_eq!(seen.get(), 1);
}

#[test]
fn a_static_call_changes_nothing_in_either_machine() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    State::new(&layer).set_account(COUNTER, 1, U256::ZERO, &contract(COUNT)).unwrap();
    let reader = |call: &mut PrecompileCall<'_, '_>| {
        assert!(call.is_static());
        let called = call.suspend(|evm, layer| {
            assert_eq!(number(layer, "calls"), 0);
            let node = Node { to: COUNTER, fails: false, calls: Vec::new() };
            evm.call(layer, &message(OTHER, &node, 100_000))
        })?;
        Ok(Bytes::from(vec![u8::from(called.status.is_success())]))
    };
    let world = World::new(&layer).with_precompile(OTHER, reader).with_precompile(WRITER, writer);
    let call = |to| {
        let node = Node { to, fails: false, calls: Vec::new() };
        let message = Message { is_static: true, ..message(Address::ZERO, &node, GAS) };
        Evm::new(Fork::LATEST, 1).call(&world, &Default::default(), &message, 0).unwrap()
    };
    let receipt = call(OTHER);
    // The other machine may read, and the contract that it calls cannot write.
    assert!(receipt.status.is_success() && receipt.output[..] == [0], "{receipt:?}");
    assert!(receipt.changes.is_empty());
    let receipt = call(WRITER);
    assert!(!receipt.status.is_success() && receipt.gas_used == GAS, "{receipt:?}");
    assert_eq!(number(&layer, "writes"), 0);
}

#[test]
fn gas_is_shared() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    State::new(&layer).set_account(COUNTER, 1, U256::ZERO, &contract(COUNT)).unwrap();
    let world = World::new(&layer).with_precompile(OTHER, other);
    let evm = Evm::new(Fork::LATEST, 1);
    let inner = Node { to: COUNTER, fails: false, calls: Vec::new() };
    let node = |calls: usize| Node { to: OTHER, fails: false, calls: vec![inner.clone(); calls] };
    let used = |node: &Node, gas| {
        let layer = Layer::above(&layer);
        let world = World::new(&layer).with_precompile(OTHER, other);
        evm.call(&world, &Default::default(), &message(Address::ZERO, node, gas), 0).unwrap()
    };
    // What the EVM uses for the other machine is what the call of the other machine costs.
    let once = used(&inner, GAS).gas_used;
    assert_eq!(used(&node(1), GAS).gas_used, once);
    assert!(used(&node(1), once).status.is_success());
    // With less gas, the call back runs out of it; the other machine goes on, all of its gas gone.
    let receipt = used(&node(1), once - 1);
    assert!(receipt.status.is_success() && receipt.gas_used == once - 1, "{receipt:?}");
    drop(world);
    assert_eq!(State::new(&layer).slot(COUNTER, U256::ZERO).unwrap(), U256::ZERO);
}

#[test]
fn a_failure_in_a_call_back_fails_all() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    let state = State::new(&layer);
    state.set_account(COUNTER, 1, U256::ZERO, &contract(COUNT)).unwrap();
    let hash = state.account(COUNTER).unwrap().unwrap().code_hash;
    assert_ne!(hash, KECCAK_EMPTY);
    layer.delete(&Key::from_bytes(&[&b"EVM\x80c"[..], &hash[..]].concat())).unwrap();
    let world = World::new(&layer).with_precompile(OTHER, |call: &mut PrecompileCall<'_, '_>| {
        let node = Node { to: COUNTER, fails: false, calls: Vec::new() };
        // The other machine takes no notice.
        call.suspend(|evm, layer| {
            let first = evm.call(layer, &message(OTHER, &node, 100_000)).unwrap_err();
            assert_eq!(evm.call(layer, &message(OTHER, &node, 100_000)).unwrap_err(), first);
            Ok::<_, PrecompileError>(Bytes::new())
        })
    });
    let node = Node { to: OTHER, fails: false, calls: Vec::new() };
    let before = layer.changes();
    let error = call(&world, &node).unwrap_err().to_string();
    assert!(error.contains("there is no code with the hash"), "{error}");
    assert_eq!(layer.changes(), before);
}

#[test]
fn an_execution_that_is_over_takes_no_calls() {
    let store = MemoryStore::default();
    let layer = Layer::over(&store);
    let world = World::new(&layer).with_precompile(OTHER, |call: &mut PrecompileCall<'_, '_>| {
        let kept = call.suspend(|evm, _| Ok::<_, PrecompileError>(Rc::clone(evm)))?;
        let node = Node { to: COUNTER, fails: false, calls: Vec::new() };
        let error = call.write(|layer| Ok::<_, PrecompileError>(kept.call(layer, &message(OTHER, &node, 100_000))))?;
        Ok(Bytes::from(error.unwrap_err().to_string().into_bytes()))
    });
    let receipt = call(&world, &Node { to: OTHER, fails: false, calls: Vec::new() }).unwrap();
    assert_eq!(receipt.output[..], b"the execution does not wait for calls"[..]);
}
