//! What a run leaves on a chain: notifications, logs and storage changes.

use neovm::{
    Receipt, StackItem,
    host::{Contract, Log, Notification, native},
    storage::{Batch, Value},
    types::{item::JsonLimits, manifest::Parameter},
};
use neovm_node::{Change, net_changes};

use crate::{
    chain::Session,
    json::{push, push_result, push_text},
    place::line,
    show,
};

/// How many notifications, logs or changes are shown to people at most, each.
const MAX_EVENTS: usize = 50;

/// Appends notifications and logs for people.
pub(crate) fn push_events(out: &mut String, session: &Session<'_>, receipt: &Receipt) {
    let notification = |event: &Notification| {
        let (name, contract) = (event.event.escape_debug(), session.name(event.contract));
        format!("{name} of {contract}: {}", values(session, event))
    };
    push_list(out, "notifications", "notification", receipt.notifications.iter().map(notification));
    let log = |log: &Log| format!("{}: {:?}", session.name(log.script_hash), log.message);
    push_list(out, "logs", "log", receipt.logs.iter().map(log));
}

/// The values of an event, with the names and in the notation that the manifest of
/// the contract gives.
pub(crate) fn values(session: &Session<'_>, event: &Notification) -> String {
    values_of(session.chain.contract(event.contract).ok().flatten().as_deref(), event)
}

/// The values of an event as [`values`] shows them, given the contract.
pub(crate) fn values_of(contract: Option<&Contract>, event: &Notification) -> String {
    let StackItem::Array(values) = &event.state else { return show::item(&event.state) };
    let values = values.to_vec();
    let events = contract.map(|contract| &contract.state().manifest.abi.events[..]).unwrap_or_default();
    let known = events.iter().find(|known| known.name == event.event && known.parameters.len() == values.len());
    let Some(known) = known else { return show::item(&event.state) };
    let value = |(value, parameter): (&StackItem, &Parameter)| {
        format!("{} = {}", parameter.name.escape_debug(), show::brief(value, parameter.parameter_type))
    };
    values.iter().zip(&known.parameters).map(value).collect::<Vec<_>>().join(", ")
}

/// Appends storage changes for people. What was written as it was before is no change.
pub(crate) fn push_changes(out: &mut String, session: &Session<'_>, changes: &Batch) {
    // A store in memory can always be read.
    let changes = net_changes(changes, session.chain.store()).unwrap_or_default();
    push_net_changes(out, &changes, |id| session.name_of_id(id));
}

/// Appends storage changes for people; `name` names the contract with an id.
pub(crate) fn push_net_changes(out: &mut String, changes: &[Change], name: impl Fn(i32) -> String) {
    if changes.is_empty() {
        line(out, "storage", "0 changes");
    }
    let show = |value: &Value| show::item(&StackItem::from(&value[..]));
    let text = |change: &Change| {
        let (what, value) = match (&change.old, &change.new) {
            (Some(old), Some(new)) => ("changed", format!("{} -> {}", show(old), show(new))),
            (None, new) => ("added", new.as_ref().map(show).unwrap_or_default()),
            (Some(old), None) => ("deleted", show(old)),
        };
        format!("{what:<9}{} 0x{}: {value}", name(change.key.contract()), hex::encode(change.key.local()))
    };
    push_list(out, "storage", "change", changes.iter().map(text));
}

/// The name of the native contract with an id, or the id.
pub(crate) fn contract_name(id: i32) -> String {
    let native = native::NATIVES.into_iter().find(|native| native.id == id);
    native.map_or_else(|| format!("contract {id}"), |native| native.name.into())
}

/// Appends a list with its count, unless it is empty.
pub(crate) fn push_list(out: &mut String, what: &str, one: &str, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    if count == 0 {
        return;
    }
    line(out, what, &show::count(count as u64, one));
    for (i, text) in lines.take(MAX_EVENTS).enumerate() {
        push(out, format_args!("{i:>6}  {text}\n"));
    }
    if count > MAX_EVENTS {
        push(out, format_args!("        and {} more\n", count - MAX_EVENTS));
    }
}

/// Appends notifications as the RPC has them, and logs.
pub(crate) fn push_json_events(out: &mut String, receipt: &Receipt) {
    out.push_str(",\"notifications\":[");
    for (i, notification) in receipt.notifications.iter().enumerate() {
        out.push_str(if i > 0 { ",{\"eventname\":" } else { "{\"eventname\":" });
        push_text(out, Some(&*notification.event));
        push(out, format_args!(",\"contract\":\"{}\",\"state\":", notification.contract));
        push_result(out, &notification.state, JsonLimits::default());
        out.push('}');
    }
    out.push_str("],\"logs\":[");
    for (i, log) in receipt.logs.iter().enumerate() {
        push(out, format_args!("{}{{\"contract\":\"{}\",\"message\":", if i > 0 { "," } else { "" }, log.script_hash));
        push_text(out, Some(&log.message));
        out.push('}');
    }
    out.push(']');
}
