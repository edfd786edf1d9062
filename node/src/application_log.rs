//! Application logs: what each execution of a block did, as JSON.
//!
//! Source: `LogReader.cs` of the plugin ApplicationLogs of the reference node.

use std::fmt::Write;

use neovm_chain::Block;
use neovm_host::{BlockReceipt, Notification, Receipt, Trigger};
use neovm_types::{
    Hash256,
    item::{JsonError, JsonLimits, write_json_stack},
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
        self.push_persisting(&mut out);
        out.push('}');
        out
    }

    /// Returns what the RPC call `getapplicationlog` answers for the transaction at
    /// an index: `{"txid":..,"executions":[..]}`. None if the block has fewer.
    pub fn transaction_json(&self, index: usize) -> Option<String> {
        let transaction = self.block.transactions().get(index)?;
        let receipt = self.receipt.transactions.get(index)?;
        let mut out = format!("{{\"txid\":\"{}\",\"executions\":[", transaction.hash());
        push_execution(&mut out, None, Trigger::Application, receipt, transaction.system_fee);
        out.push_str("]}");
        Some(out)
    }

    /// Returns all logs of the block on one line:
    /// `{"block":height,"hash":..,"executions":[..],"txs":[..]}`.
    pub fn line(&self) -> String {
        let Self { block, receipt } = self;
        let mut out = format!("{{\"block\":{},\"hash\":\"{}\",\"executions\":", block.index, block.hash());
        self.push_persisting(&mut out);
        out.push_str(",\"txs\":[");
        for (i, (transaction, receipt)) in block.transactions().iter().zip(&receipt.transactions).enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            push_execution(&mut out, Some(transaction.hash()), Trigger::Application, receipt, transaction.system_fee);
        }
        out.push_str("]}");
        out
    }

    /// Appends the executions before and after the transactions.
    fn push_persisting(&self, out: &mut String) {
        out.push('[');
        push_execution(out, None, Trigger::OnPersist, &self.receipt.on_persist, i64::MAX);
        out.push(',');
        push_execution(out, None, Trigger::PostPersist, &self.receipt.post_persist, i64::MAX);
        out.push(']');
    }
}

/// Appends what came of an execution with a gas limit in datoshi.
fn push_execution(out: &mut String, hash: Option<Hash256>, trigger: Trigger, receipt: &Receipt, limit: i64) {
    out.push('{');
    if let Some(hash) = hash {
        push(out, format_args!("\"hash\":\"{hash}\","));
    }
    let state = if receipt.halted() { "HALT" } else { "FAULT" };
    let mut stack = String::new();
    let shown = write_json_stack(&mut stack, &receipt.stack, JsonLimits::default());
    let exception = match (&shown, &receipt.fault) {
        (Err(error), _) => Some(unshown(error)),
        (Ok(()), fault) => fault.as_ref().map(|fault| fault.kind.to_string()),
    };
    push(out, format_args!("\"trigger\":\"{trigger:?}\",\"vmstate\":\"{state}\",\"exception\":"));
    match &exception {
        Some(text) => push_text(out, text),
        None => out.push_str("null"),
    }
    let gas = receipt.gas_datoshi(limit);
    push(out, format_args!(",\"gasconsumed\":\"{gas}\""));
    // A stack that cannot be shown is left out.
    if shown.is_ok() {
        push(out, format_args!(",\"stack\":{stack}"));
    }
    out.push_str(",\"notifications\":[");
    for (i, notification) in receipt.notifications.iter().enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        push_notification(out, notification);
    }
    out.push_str("]}");
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
fn unshown(error: &JsonError) -> String {
    if *error == JsonError::Cycle { "Circular reference.".into() } else { "Max size reached.".into() }
}

/// Appends formatted text, which cannot fail for a [`String`].
pub(crate) fn push(out: &mut String, text: impl std::fmt::Display) {
    let _ = write!(out, "{text}");
}

fn push_text(out: &mut String, text: &str) {
    let _ = write_string(out, text);
}
