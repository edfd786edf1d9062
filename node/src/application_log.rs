//! Application logs: what each execution of a block did, as JSON.
//!
//! Source: `LogReader.cs` of the plugin ApplicationLogs of the reference node.

use std::fmt::Write;

use neovm_chain::Block;
use neovm_host::{BlockReceipt, Notification, Receipt, Trigger};
use neovm_types::{
    Hash256, Limits, StackItem,
    item::{JsonError, JsonLimits, binary::serialized_size, write_json_stack},
    json::write_string,
};

/// The application logs of a block and its transactions.
///
/// After a fault there are no notifications: the reference drops them. (neo-go
/// keeps them in its logs.)
#[derive(Clone, Copy, Debug)]
pub struct ApplicationLogs<'a> {
    block: &'a Block,
    receipt: &'a BlockReceipt,
}

impl<'a> ApplicationLogs<'a> {
    /// The logs of a block that was executed with this receipt.
    pub const fn new(block: &'a Block, receipt: &'a BlockReceipt) -> Self {
        Self { block, receipt }
    }

    /// Returns what the RPC call `getapplicationlog` answers for the block:
    /// `{"blockhash":..,"executions":[..]}`.
    pub fn block_json(&self) -> String {
        let mut out = format!("{{\"blockhash\":\"{}\",\"executions\":", self.block.hash());
        self.push_persisting(&mut out, Form::Block);
        out.push('}');
        out
    }

    /// Returns what the RPC call `getapplicationlog` answers for the transaction at
    /// an index: `{"txid":..,"executions":[..]}`. None if the block has fewer.
    pub fn transaction_json(&self, index: usize) -> Option<String> {
        let transaction = self.block.transactions().get(index)?;
        let receipt = self.receipt.transactions.get(index)?;
        let mut out = format!("{{\"txid\":\"{}\",\"executions\":[", transaction.hash());
        push_execution(&mut out, Form::Transaction, Trigger::Application, receipt, transaction.system_fee);
        out.push_str("]}");
        Some(out)
    }

    /// Returns all logs of the block on one line:
    /// `{"block":height,"hash":..,"executions":[..],"txs":[..]}`.
    pub fn line(&self) -> String {
        let Self { block, receipt } = self;
        let mut out = format!("{{\"block\":{},\"hash\":\"{}\",\"executions\":", block.index, block.hash());
        self.push_persisting(&mut out, Form::Line(None));
        out.push_str(",\"txs\":[");
        for (i, (transaction, receipt)) in block.transactions().iter().zip(&receipt.transactions).enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            let form = Form::Line(Some(transaction.hash()));
            push_execution(&mut out, form, Trigger::Application, receipt, transaction.system_fee);
        }
        out.push_str("]}");
        out
    }

    /// Appends the executions before and after the transactions.
    fn push_persisting(&self, out: &mut String, form: Form) {
        out.push('[');
        push_execution(out, form, Trigger::OnPersist, &self.receipt.on_persist, i64::MAX);
        out.push(',');
        push_execution(out, form, Trigger::PostPersist, &self.receipt.post_persist, i64::MAX);
        out.push(']');
    }
}

/// What a log is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The RPC call, of a block.
    Block,
    /// The RPC call, of a transaction.
    Transaction,
    /// A line of all logs, which has everything, with the hash of a transaction.
    Line(Option<Hash256>),
}

/// The largest size of an item that the plugin keeps, and of what it shows of one, in bytes: its setting `MaxStackSize`.
const MAX_STACK_SIZE: usize = 65_535;

/// The stack as JSON, for the RPC call as the plugin keeps it: Null in place of items that cannot be serialized.
///
/// Source: `LogStorageStore.cs` (`PutStackItemState`) of the plugin.
fn stack_json(form: Form, stack: &[StackItem]) -> Result<String, JsonError> {
    let mut out = String::new();
    if let Form::Line(_) = form {
        write_json_stack(&mut out, stack, JsonLimits::default())?;
        return Ok(out);
    }
    let (max_items, limits) =
        (Limits::default().max_stack_size as usize, JsonLimits { text: MAX_STACK_SIZE, ..JsonLimits::default() });
    for item in stack {
        let is_kept = serialized_size(item, MAX_STACK_SIZE, max_items).is_ok();
        let mut text = String::new();
        write_json_stack(&mut text, [if is_kept { item } else { &StackItem::Null }], limits)?;
        out.push(if out.is_empty() { '[' } else { ',' });
        out.push_str(&text[1..text.len() - 1]);
    }
    out.push_str(if out.is_empty() { "[]" } else { "]" });
    Ok(out)
}

/// Appends what came of an execution with a gas limit in datoshi.
fn push_execution(out: &mut String, form: Form, trigger: Trigger, receipt: &Receipt, limit: i64) {
    let state = if receipt.halted() { "HALT" } else { "FAULT" };
    let stack = stack_json(form, &receipt.stack);
    out.push('{');
    if let Form::Line(Some(hash)) = form {
        push(out, format_args!("\"hash\":\"{hash}\","));
    }
    push(out, format_args!("\"trigger\":\"{trigger:?}\",\"vmstate\":\"{state}\""));
    match (&stack, &receipt.fault) {
        (Err(error), _) => push_exception(out, unshown(error)),
        // The plugin tells it of transactions alone.
        (Ok(_), _) if form == Form::Block => {}
        (Ok(_), Some(fault)) => push_exception(out, &fault.kind.to_string()),
        (Ok(_), None) => out.push_str(",\"exception\":null"),
    }
    let gas = receipt.gas_datoshi(limit);
    push(out, format_args!(",\"gasconsumed\":\"{gas}\""));
    // A stack that cannot be shown is left out.
    if let Ok(stack) = stack {
        push(out, format_args!(",\"stack\":{stack}"));
    }
    out.push_str(",\"notifications\":[");
    for (i, notification) in receipt.notifications.iter().enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        push_notification(out, notification);
    }
    out.push_str("]}");
}

fn push_exception(out: &mut String, text: &str) {
    out.push_str(",\"exception\":");
    push_text(out, text);
}

fn push_notification(out: &mut String, notification: &Notification) {
    push(out, format_args!("{{\"contract\":\"{}\",\"eventname\":", notification.contract));
    push_text(out, &notification.event);
    out.push_str(",\"state\":");
    match notification.state.to_json() {
        Ok(json) => out.push_str(&json),
        Err(_) => out.push_str("\"error: recursive reference\""),
    }
    out.push('}');
}

/// The reference's text of why items cannot be shown.
///
/// Source: `StackItemExtensions.cs` (`ToJson`).
fn unshown(error: &JsonError) -> &'static str {
    if *error == JsonError::Cycle { "Circular reference." } else { "Max size reached." }
}

/// Appends formatted text, which cannot fail for a [`String`].
pub(crate) fn push(out: &mut String, text: impl std::fmt::Display) {
    let _ = write!(out, "{text}");
}

fn push_text(out: &mut String, text: &str) {
    let _ = write_string(out, text);
}
