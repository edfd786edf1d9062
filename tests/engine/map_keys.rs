//! Maps whose keys a script chose to make look-ups slow: with common beginnings,
//! with values that usual hash functions throw together, and in orders that
//! make trees lean.

use neovm::{NoHost, OpCode, Outcome, StackItem, VmConfig, types::ScriptBuilder};

use crate::{integers, loaded};

/// Keys of a map: with their values, its entries fill the limit of 2,048 items.
const KEYS: i64 = 1_000;

/// A kind of keys, by number.
type Keys = (&'static str, fn(i64) -> StackItem);

/// All differ.
const KINDS: [Keys; 7] = [
    ("ascending", |n| n.into()),
    ("descending", |n| (-n).into()),
    ("from both ends", |n| (if n % 2 == 0 { n } else { -n }).into()),
    ("bits reversed", |n| n.reverse_bits().into()),
    ("multiples of 2^32", |n| (n << 32).into()),
    ("a common beginning", |n| bytes(n, [b'a'; 62], 62)),
    ("a common end, as many letters as the other", |n| bytes(n, [b'z'; 62], 0)),
];

/// The longest key that there can be: a number among equal bytes.
fn bytes(number: i64, filling: [u8; 62], at: usize) -> StackItem {
    let mut key = filling.to_vec();
    key.splice(at..at, (number as u16).to_be_bytes());
    key.as_slice().into()
}

/// Puts all keys into a map, then leaves the sum of what is found, the number of
/// entries, and that number after every key was removed.
fn script(key: fn(i64) -> StackItem, order: impl Fn(i64) -> i64) -> std::sync::Arc<neovm::Code> {
    let mut script = ScriptBuilder::new();
    script.op_with(OpCode::INITSLOT, &[2, 0]).op(OpCode::NEWMAP).op(OpCode::STLOC0);
    for n in 0..KEYS {
        script.op(OpCode::LDLOC0).push(key(n)).push(n).op(OpCode::SETITEM);
    }
    script.push(0);
    for n in (0..KEYS).map(&order) {
        script.op(OpCode::LDLOC0).push(key(n)).op(OpCode::PICKITEM).op(OpCode::ADD);
    }
    script.op(OpCode::LDLOC0).op(OpCode::SIZE);
    for n in (0..KEYS).map(&order) {
        script.op(OpCode::LDLOC0).push(key(n)).op(OpCode::REMOVE);
    }
    script.op(OpCode::LDLOC0).op(OpCode::SIZE).op(OpCode::RET);
    crate::decode(script.build().unwrap())
}

#[test]
fn keys_chosen_to_be_slow_are_found() {
    for (name, key) in KINDS {
        // As they came, backwards, and scattered.
        let orders: [fn(i64) -> i64; 3] = [|n| n, |n| KEYS - 1 - n, |n| n * 7 % KEYS];
        for order in orders {
            let mut vm = loaded(&script(key, order), VmConfig::default());
            assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "{name}");
            assert_eq!(integers(&vm), [(KEYS * (KEYS - 1) / 2) as i32, KEYS as i32, 0], "{name}");
            assert_eq!(vm.reference_count(), 3, "{name}");
        }
    }
}
