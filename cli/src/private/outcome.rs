//! What came of an execution on a private chain, for people and for programs.

use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use neovm::{
    Receipt, Script,
    chain::Transaction,
    crypto::address_from_script_hash,
    host::{Log, Notification},
    types::manifest::ParameterType,
};
use neovm_node::ApplicationLogs;
use neovm_private::{MinedBlock, PrivateChain, SendError};

use super::names;
use crate::{
    diff,
    json::{push, push_results, push_text},
    place::line,
    report,
    show::{self, one_line},
    terminal::{self, BAD, GOOD},
};

/// The exit code of a fault.
pub(crate) const FAULT: u8 = 3;

/// Writes what a test run came to, and returns the exit code.
pub(crate) fn tested(
    chain: &PrivateChain,
    script: &Script,
    receipt: &Receipt,
    returned: Option<ParameterType>,
    json: bool,
) -> Result<u8> {
    let mut out = String::new();
    if json {
        let (state, gas) = (state(receipt), receipt.gas_datoshi(i64::MAX));
        push(&mut out, format_args!("{{\"script\":\"{}\"", BASE64_STANDARD.encode(script.bytes())));
        push(&mut out, format_args!(",\"state\":\"{state}\",\"gasconsumed\":\"{gas}\",\"exception\":"));
        push_text(&mut out, receipt.fault.as_ref().map(|fault| fault.kind.to_string()).as_deref());
        diff::push_json_events(&mut out, receipt);
        out.push_str(",\"stack\":");
        push_results(&mut out, &receipt.stack);
        out.push_str("}\n");
    } else {
        push_receipt(&mut out, chain, receipt, returned);
    }
    terminal::write(&out)?;
    Ok(if receipt.halted() || json { 0 } else { FAULT })
}

/// Writes what a transaction in a block of its own came to, and returns the exit code. With `json` it is the answer of
/// the RPC call `getapplicationlog`.
pub(crate) fn sent(
    chain: &PrivateChain,
    transaction: &Transaction,
    mined: &MinedBlock,
    returned: Option<ParameterType>,
    more: &[(&str, String)],
    json: bool,
) -> Result<u8> {
    let receipt = &mined.receipt.transactions[0];
    let mut out = String::new();
    if json {
        out = ApplicationLogs::new(&mined.block, &mined.receipt).transaction_json(0).unwrap_or_default();
        out.push('\n');
    } else {
        line(&mut out, "transaction", &transaction.hash().to_string());
        line(&mut out, "block", &mined.block.index.to_string());
        let fees = [transaction.system_fee, transaction.network_fee].map(|fee| show::gas(fee.unsigned_abs().into()));
        line(&mut out, "fees", &format!("{} GAS system, {} GAS network", fees[0], fees[1]));
        more.iter().for_each(|(name, text)| line(&mut out, name, text));
        push_receipt(&mut out, chain, receipt, returned);
    }
    terminal::write(&out)?;
    Ok(if receipt.halted() || json { 0 } else { FAULT })
}

fn state(receipt: &Receipt) -> &'static str {
    if receipt.halted() { "HALT" } else { "FAULT" }
}

fn push_receipt(out: &mut String, chain: &PrivateChain, receipt: &Receipt, returned: Option<ParameterType>) {
    let colour = if receipt.halted() { GOOD } else { BAD };
    line(out, "state", &format!("{colour}{}{colour:#}", state(receipt)));
    if let Some(fault) = &receipt.fault {
        line(out, "fault", &one_line(&fault.kind.to_string()));
    }
    if let Some(place) = &receipt.fault_place {
        let of = names::name(chain, place.script_hash);
        line(out, "at", &format!("byte {} of {of}", place.position));
    }
    line(out, "gas", &format!("{} GAS", show::gas(receipt.gas_consumed.datoshi_ceil())));
    let notification = |event: &Notification| {
        let contract = names::view(chain).contract(event.contract).ok().flatten();
        let (name, of) = (event.event.escape_debug(), names::name(chain, event.contract));
        format!("{name} of {of}: {}", diff::values_of(contract.as_deref(), event))
    };
    diff::push_list(out, "notifications", "notification", receipt.notifications.iter().map(notification));
    let log = |log: &Log| format!("{}: {:?}", names::name(chain, log.script_hash), log.message);
    diff::push_list(out, "logs", "log", receipt.logs.iter().map(log));
    // What returns nothing leaves a Null.
    if receipt.halted() && returned != Some(ParameterType::Void) {
        report::push_items(out, &receipt.stack, returned);
    }
}

/// An error of sending; a fault in the test run is said to be one, and that nothing was sent.
pub(crate) fn unsent(chain: &PrivateChain, error: SendError) -> anyhow::Error {
    match error {
        SendError::Fault(fault) => {
            let what = one_line(&fault.kind.to_string());
            anyhow::anyhow!("nothing was sent: in a test run the script faults: {what}")
        }
        SendError::Funds { account, has, needs } => {
            let settings = chain.blockchain().network().settings();
            let address = address_from_script_hash(account.0, settings.address_version);
            let has = show::gas(has.to_string().parse().unwrap_or_default());
            let needs = show::gas(needs.unsigned_abs().into());
            anyhow::anyhow!("nothing was sent: {address} has {has} GAS, and the fees are {needs} GAS")
        }
        error => error.into(),
    }
}
