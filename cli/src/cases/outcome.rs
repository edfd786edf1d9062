//! The outcomes that are written.

use neovm::{
    host::{BlockReceipt, Receipt},
    storage::{Batch, Key, MemoryStore, Store, Value as Stored},
};
use serde_json::{Map, Value, json};

/// What came of a script, with its changes against the state before.
pub(super) fn outcome(receipt: &Receipt, limit: i64, before: &MemoryStore) -> Value {
    let mut outcome = outcome_without_changes(receipt, limit);
    outcome["changes"] = changes(&receipt.changes, |key| before.get(key).ok().flatten());
    outcome
}

/// What came of a script with a gas limit in datoshi, but for its changes.
pub(super) fn outcome_without_changes(receipt: &Receipt, limit: i64) -> Value {
    let mut outcome = receipt.to_json(limit);
    outcome.as_object_mut().map(|members| members.remove("changes"));
    outcome
}

/// What came of a block, with the changes against the state before.
pub(super) fn block(hash: &str, receipt: &BlockReceipt, before: &MemoryStore) -> Map<String, Value> {
    let mut state = before.clone();
    for (key, value) in &receipt.on_persist.changes {
        set(&mut state, key, value.as_ref());
    }
    let mut transactions = Vec::new();
    for transaction in &receipt.transactions {
        transactions.push(json!({"outcome": outcome(transaction, i64::MAX, &state)}));
        for (key, value) in &transaction.changes {
            set(&mut state, key, value.as_ref());
        }
    }
    let mut fields = Map::new();
    fields.insert("hash".into(), hash.into());
    fields.insert("onPersist".into(), outcome_without_changes(&receipt.on_persist, 0));
    fields.insert("txs".into(), transactions.into());
    fields.insert("postPersist".into(), outcome_without_changes(&receipt.post_persist, 0));
    fields.insert("changes".into(), changes(&receipt.changes, |key| before.get(key).ok().flatten()));
    fields
}

fn set(state: &mut MemoryStore, key: &Key, value: Option<&Stored>) {
    match value {
        Some(value) => state.insert(key.clone(), value.clone()),
        None => state.remove(key),
    };
}

/// Net changes.
fn changes(changes: &Batch, old: impl Fn(&Key) -> Option<Stored>) -> Value {
    let change = |(key, value): &(Key, Option<Stored>)| {
        let old = old(key);
        let mut change = json!({"key": hex::encode(&**key)});
        change["op"] = match (&old, value) {
            (None, Some(_)) => "add",
            (Some(old), Some(new)) if old != new => "change",
            (Some(_), None) => "delete",
            _ => return None,
        }
        .into();
        if let Some(value) = value {
            change["value"] = hex::encode(value).into();
        }
        if let Some(old) = old {
            change["old"] = hex::encode(old).into();
        }
        Some(change)
    };
    changes.iter().filter_map(change).collect::<Vec<_>>().into()
}
