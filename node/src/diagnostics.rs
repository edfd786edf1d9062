//! The diagnostics of a test invocation.

use neovm_host::{CallNode, CallTrace};
use neovm_storage::{Batch, Store, StoreError};
use neovm_types::json::write_base64;

use crate::application_log::push;

/// Returns the `diagnostics` of the RPC call `invokefunction`: which script called which, and what
/// changed over a store, in the order of keys. The value of a key that was deleted is the former one.
///
/// Source: `RpcServer.SmartContract.cs` of the reference node (`GetInvokeResult`,
/// `ToJson`).
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn diagnostics_json(calls: &CallTrace, changes: &Batch, store: &dyn Store) -> Result<String, StoreError> {
    let mut out = String::from("{\"invokedcontracts\":");
    push_calls(&mut out, calls);
    out.push_str(",\"storagechanges\":[");
    for (i, (key, new)) in changes.iter().enumerate() {
        let old = store.get(key)?;
        let (state, value) = match (&old, new) {
            (None, new) => ("Added", new.as_ref()),
            (Some(_), Some(new)) => ("Changed", Some(new)),
            (Some(old), None) => ("Deleted", Some(old)),
        };
        let comma = if i > 0 { "," } else { "" };
        push(&mut out, format_args!("{comma}{{\"state\":\"{state}\""));
        for (name, bytes) in [("key", &key[..]), ("value", value.map_or(&[], |value| &value[..]))] {
            push(&mut out, format_args!(",\"{name}\":"));
            let _ = write_base64(&mut out, bytes);
        }
        out.push('}');
    }
    out.push_str("]}");
    Ok(out)
}

/// Appends which script called which, as a tree: `{"hash":..,"call":[..]}`.
fn push_calls(out: &mut String, calls: &CallTrace) {
    let mut depth_before = None;
    for CallNode { depth, script_hash, .. } in calls.nodes() {
        match depth_before {
            None => {}
            Some(before) if *depth > before => out.push_str(",\"call\":["),
            Some(before) => {
                out.push('}');
                (*depth..before).for_each(|_| out.push_str("]}"));
                out.push(',');
            }
        }
        push(out, format_args!("{{\"hash\":\"{script_hash}\""));
        depth_before = Some(*depth);
    }
    let Some(last) = depth_before else { return out.push_str("null") };
    out.push('}');
    (0..last).for_each(|_| out.push_str("]}"));
}
