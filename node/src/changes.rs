//! What a block changes in the storage.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_host::native::LEDGER_ID;
use neovm_storage::{Batch, Key, Store, StoreError, Value};

use crate::application_log::push;

/// The change of an entry: its value before and after, of which one is missing if the
/// entry is added or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Key,
    /// The value before.
    pub old: Option<Value>,
    /// The value after.
    pub new: Option<Value>,
}

/// Returns what a batch changes in a store: without what is written as it was before,
/// and without the Ledger, which is not part of the state root.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn net_changes(batch: &Batch, before: &dyn Store) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::with_capacity(batch.len());
    for (key, new) in batch.iter().filter(|(key, _)| key.contract() != LEDGER_ID) {
        let old = before.get(key)?;
        if old != *new {
            changes.push(Change { key: key.clone(), old, new: new.clone() });
        }
    }
    Ok(changes)
}

/// Returns the changes of a block on one line, in their order:
/// `{"block":height,"changes":[{"state":"Changed","key":..,"value":..}]}` with keys and
/// values in base64. What is deleted has no value.
pub fn changes_line(block: u32, changes: &[Change]) -> String {
    let mut out = format!("{{\"block\":{block},\"changes\":[");
    for (i, change) in changes.iter().enumerate() {
        let state = match (&change.old, &change.new) {
            (_, None) => "Deleted",
            (None, Some(_)) => "Added",
            (Some(_), Some(_)) => "Changed",
        };
        let key = BASE64_STANDARD.encode(&*change.key);
        push(&mut out, format_args!("{}{{\"state\":\"{state}\",\"key\":\"{key}\"", if i > 0 { "," } else { "" }));
        if let Some(value) = &change.new {
            push(&mut out, format_args!(",\"value\":\"{}\"", BASE64_STANDARD.encode(value)));
        }
        out.push('}');
    }
    out.push_str("]}");
    out
}
