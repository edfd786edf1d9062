//! A store that another program serves by call-backs.
//!
//! Run it with `cargo run --example custom_store`.

use std::{cell::Cell, collections::BTreeMap, error::Error, iter, ops::Bound, sync::Arc};

use neovm::{
    Hash160, Network, ProtocolSettings,
    host::{Chain, Invocation, execute},
    storage::{Cursor, Direction, Entry, Key, Store, StoreError, Value},
};

/// Bytes as they pass between the programs.
type Bytes = Vec<u8>;

/// Returns the value of a key.
type Get<'a> = dyn Fn(&[u8]) -> Result<Option<Bytes>, String> + 'a;

/// Returns the entry that follows a key.
type Next<'a> = dyn Fn(Bound<&[u8]>, Direction) -> Result<Option<(Bytes, Bytes)>, String> + 'a;

/// What the other program offers: the value of a key, and the entry that comes
/// next after a key or at it.
struct CallBacks<'a> {
    get: &'a Get<'a>,
    next: &'a Next<'a>,
}

impl Store for CallBacks<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        (self.get)(key).map(|value| value.map(Value::from)).map_err(StoreError)
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        if from.is_some_and(|from| !from.starts_with(prefix)) {
            return Box::new(iter::empty());
        }
        let prefix = prefix.to_vec();
        let mut place = match (from, direction) {
            (Some(from), _) => Bound::Included(from.to_vec()),
            (None, Direction::Forward) => Bound::Included(prefix.clone()),
            (None, Direction::Backward) => behind(&prefix),
        };
        // One call for each entry, when it is asked for.
        Box::new(iter::from_fn(move || {
            let entry = (self.next)(place.as_ref().map(|key| &key[..]), direction);
            let entry = entry.map(|entry| entry.filter(|(key, _)| key.starts_with(&prefix)));
            entry.map_err(StoreError).transpose().map(|entry| {
                let (key, value) = entry?;
                let entry: Entry = (Key::from_bytes(&key), Value::from(value));
                place = Bound::Excluded(key);
                Ok(entry)
            })
        }))
    }
}

/// The end of the keys with a prefix.
fn behind(prefix: &[u8]) -> Bound<Bytes> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}

/// Serves the state of a chain by call-backs, and runs a script over it.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let network = Arc::new(Network::new(ProtocolSettings::private()));
    let chain = Chain::with_network(Arc::clone(&network))?;
    let data: BTreeMap<Bytes, Bytes> =
        chain.store().iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();

    let calls = Cell::new(0);
    let get = |key: &[u8]| {
        calls.set(calls.get() + 1);
        Ok(data.get(key).cloned())
    };
    let next = |place: Bound<&[u8]>, direction| {
        calls.set(calls.get() + 1);
        let entry = match direction {
            Direction::Forward => data.range::<[u8], _>((place, Bound::Unbounded)).next(),
            Direction::Backward => data.range::<[u8], _>((Bound::Unbounded, place)).next_back(),
        };
        Ok(entry.map(|(key, value)| (key.clone(), value.clone())))
    };
    let store = CallBacks { get: &get, next: &next };

    let neo: Hash160 = "0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5".parse()?;
    for (method, arguments) in [("getCommittee", vec![]), ("getCandidates", vec![]), ("totalSupply", vec![])] {
        let invocation = Invocation::call(neo, method, arguments)?;
        let pending = chain.prepare(&invocation)?;
        let receipt = execute(&network, &store, &pending.job())?;
        println!("{method}: {:?} after {} calls", receipt.stack, calls.take());
        let expected = chain.invoke(&invocation)?;
        assert!(receipt.halted(), "{:?}", receipt.fault);
        assert_eq!(format!("{:?}", receipt.stack), format!("{:?}", expected.stack));
        assert_eq!(receipt.gas_consumed, expected.gas_consumed);
    }

    // What the other program cannot read is a fault of the script.
    let store = CallBacks { get: &|_| Err("the disk is gone".into()), next: &next };
    let pending = chain.prepare(&Invocation::call(neo, "totalSupply", vec![])?)?;
    let error = execute(&network, &store, &pending.job()).expect_err("nothing can be read");
    println!("{error}");
    assert!(error.to_string().contains("the disk is gone"));
    Ok(())
}
