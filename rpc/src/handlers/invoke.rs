//! Test invocations, and the sessions that hold their iterators.
//!
//! Sources: `RpcServer.SmartContract.cs`, `RpcServer.Wallet.cs` (`InvokeContractVerify`) of the
//! reference node.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_chain::{Signer, Transaction, Witness, WitnessScopes};
use neovm_host::{Container, Entry, Job, Notification, Receipt, Trigger};
use neovm_node::diagnostics_json;
use neovm_types::{OpCode, Script, StackItem, manifest::ParameterType};
use uuid::Uuid;

use crate::{
    arguments::{self, arguments},
    call::{Budget, Called},
    error::{Answer, ErrorKind, RpcError},
    node::Node,
    output::{Object, list},
    params::{Params, invalid, trimmed},
    signers::{signers, transaction},
};

pub(crate) fn function(node: &Node, params: &Params<'_>) -> Answer {
    let (contract, method) = (params.hash160(0)?, params.text(1)?);
    let script = arguments::call(contract, &method, &arguments(params, 2)?)?;
    invoke(node, script, signers(params, 3, node.settings().address_version)?, params.boolean(4))
}

pub(crate) fn script(node: &Node, params: &Params<'_>) -> Answer {
    let script = Script::from(params.bytes(0)?);
    invoke(node, script, signers(params, 1, node.settings().address_version)?, params.boolean(2))
}

/// Source: `RpcServer.SmartContract.cs` (`GetInvokeResult`).
fn invoke(node: &Node, script: Script, signers: Option<Vec<Signer>>, traced: bool) -> Answer {
    let encoded = BASE64_STANDARD.encode(script.bytes());
    let called = node.call_script(script, signers, node.limits.gas, traced)?;
    let Called { receipt, iterators, of_results, trace } = called;
    let mut budget = Budget::default();
    let notifications = list(receipt.notifications.iter().map(|event| notification(event, &mut budget)));
    let result = |(i, item): (usize, &StackItem)| match of_results.get(i).copied().flatten() {
        Some(id) => Object::new()
            .text("type", "InteropInterface")
            .text("interface", "IIterator")
            .text("id", &id.to_string())
            .finish(),
        None => budget.item(item),
    };
    let mut out = outcome(&encoded, &receipt, node.limits.gas).raw("notifications", notifications);
    if traced {
        let diagnostics = diagnostics_json(&trace, &receipt.changes, node.chain().state());
        out = out.raw("diagnostics", diagnostics.map_err(|error| ErrorKind::InternalServerError.with(error))?);
    }
    out = out.raw("stack", list(receipt.stack.iter().enumerate().map(result)));
    if !iterators.is_empty() {
        let id = node.sessions().open(iterators, node.limits.sessions, node.limits.session_time);
        out = out.text("session", &id.to_string());
    }
    Ok(out.finish())
}

/// What all results of executions begin with.
fn outcome(script: &str, receipt: &Receipt, gas: i64) -> Object {
    Object::new()
        .text("script", script)
        .text("state", if receipt.halted() { "HALT" } else { "FAULT" })
        .text("gasconsumed", &receipt.gas_datoshi(gas).to_string())
        .optional_text("exception", receipt.fault.as_ref().map(|fault| fault.kind.to_string()).as_deref())
}

fn notification(event: &Notification, budget: &mut Budget) -> String {
    Object::new()
        .text("eventname", &event.event)
        .text("contract", &event.contract.to_string())
        .raw("state", budget.item(&event.state))
        .finish()
}

pub(crate) fn contract_verify(node: &Node, params: &Params<'_>) -> Answer {
    let hash = params.hash160(0)?;
    let arguments = arguments(params, 1)?;
    let contract = node.view().contract(hash)?.ok_or(ErrorKind::UnknownContract)?;
    let method = contract.method("verify", arguments.len()).ok_or_else(|| {
        let count = arguments.len();
        ErrorKind::InvalidContractVerification
            .with(format_args!("The smart contract {hash} haven't got verify method with {count} input parameters."))
    })?;
    if method.return_type != ParameterType::Boolean {
        let why = "The verify method doesn't return boolean value.";
        return Err(ErrorKind::InvalidContractVerification.with(why));
    }
    let invocation = arguments::pushed(&arguments)?;
    let signers = signers(params, 2, node.settings().address_version)?;
    let signers = signers.filter(|signers| !signers.is_empty());
    let signers = signers.unwrap_or_else(|| vec![Signer::new(hash, WitnessScopes::NONE)]);
    let witness = Witness { invocation, verification: Script::new([]) };
    let transaction = transaction(signers, Script::new([OpCode::RET as u8]), 0)?;
    verify(node, &transaction, hash, witness)
}

fn verify(node: &Node, transaction: &Transaction, hash: neovm_types::Hash160, witness: Witness) -> Answer {
    let encoded = BASE64_STANDARD.encode(witness.invocation.bytes());
    let job = Job {
        trigger: Trigger::Verification,
        container: Container::Transaction(transaction),
        block: None,
        gas: node.limits.gas,
        entry: Entry::Witness { hash, witness, strict: false },
    };
    let receipt = node.run(&job)?;
    let mut budget = Budget::default();
    let stack = list(receipt.stack.iter().map(|item| budget.item(item)));
    Ok(outcome(&encoded, &receipt, node.limits.gas).raw("stack", stack).finish())
}

pub(crate) fn traverse_iterator(node: &Node, params: &Params<'_>) -> Answer {
    let limits = &node.limits;
    check_sessions(node)?;
    let (session, iterator) = (id(params, 0, "session id")?, id(params, 1, "iterator id")?);
    let count: i32 = params.integer(2)?;
    let count = usize::try_from(count).unwrap_or(0);
    if count > limits.iterator_entries {
        return Err(ErrorKind::InvalidParams.with(format_args!("Invalid iterator items count: {count}")));
    }
    Ok(list(node.sessions().read(session, iterator, count, limits.session_time)?))
}

pub(crate) fn terminate_session(node: &Node, params: &Params<'_>) -> Answer {
    check_sessions(node)?;
    let was_open = node.sessions().close(id(params, 0, "session id")?, node.limits.session_time);
    if was_open { Ok("true".into()) } else { Err(ErrorKind::UnknownSession.into()) }
}

fn check_sessions(node: &Node) -> Result<(), RpcError> {
    if node.limits.sessions > 0 { Ok(()) } else { Err(ErrorKind::SessionsDisabled.into()) }
}

fn id(params: &Params<'_>, index: usize, what: &str) -> Result<Uuid, RpcError> {
    let value = params.required(index)?;
    let id = value.as_str().map(trimmed).filter(|text| !text.starts_with("urn:"));
    let id = id.map(|text| text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text));
    id.and_then(|text| text.parse().ok()).ok_or_else(|| invalid(what, value))
}
