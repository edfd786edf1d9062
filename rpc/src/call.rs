//! Running scripts over the state, for an answer: nothing of them is kept.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use neovm_chain::Signer;
use neovm_host::{CallTrace, Chain, Execution, Invocation, Job, Receipt};
use neovm_interp::Outcome;
use neovm_storage::ChainState;
use neovm_types::{CallFlags, Hash160, Script, ScriptBuilder, StackItem, item::JsonError};
use uuid::Uuid;

use crate::{
    error::{ErrorKind, RpcError},
    node::Node,
    output::{list, text},
    session::Entries,
};

/// How large the entries of a session's iterators are together, in bytes, before no more are read.
const MAX_SESSION_SIZE: usize = 4 << 20;

/// How many instructions run before the time is looked at.
const SLICE: u64 = 100_000;

/// The iterators among the results, and which of the results each is.
type Iterators = (HashMap<Uuid, Entries>, Vec<Option<Uuid>>);

/// What came of a test invocation.
pub(crate) struct Called {
    pub(crate) receipt: Receipt,
    /// The iterators among the results, and the entries of each.
    pub(crate) iterators: HashMap<Uuid, Entries>,
    /// The iterator that each result is.
    pub(crate) of_results: Vec<Option<Uuid>>,
    /// Which script called which, if that was asked for.
    pub(crate) trace: CallTrace,
}

impl Node {
    /// Runs a script in the block that comes next.
    pub(crate) fn call_script(
        &self,
        script: Script,
        signers: Vec<Signer>,
        gas: i64,
        traced: bool,
    ) -> Result<Called, RpcError> {
        let chain: Chain<&ChainState> = Chain::with_store(Arc::clone(self.chain().network()), self.chain().state());
        let invocation = Invocation { signers, ..Invocation::new(script).with_gas(gas) };
        let pending = chain.prepare(&invocation).map_err(|fault| ErrorKind::InvalidParams.with(fault))?;
        self.run(&pending.job(), traced)
    }

    /// Runs a job, within the time that a call may take.
    pub(crate) fn run(&self, job: &Job<'_>, traced: bool) -> Result<Called, RpcError> {
        let mut execution = Execution::new(self.network(), self.chain().state(), job)?;
        let mut trace = CallTrace::default();
        let end = Instant::now() + self.limits.time;
        let is_late = || Instant::now() >= end;
        let ended = if traced {
            traced_run(&mut execution, &mut trace, is_late)
        } else {
            loop {
                execution.set_budget(Some(SLICE));
                match execution.run() {
                    Outcome::Stopped(_) if is_late() => break false,
                    Outcome::Stopped(_) => {}
                    _ => break true,
                }
            }
        };
        if !ended {
            let seconds = self.limits.time.as_secs_f32();
            return Err(ErrorKind::ExecutionFailed.with(format_args!("it takes more than {seconds} s")));
        }
        let (iterators, of_results) = self.read_iterators(&mut execution)?;
        Ok(Called { receipt: execution.finish(), iterators, of_results, trace })
    }

    /// Calls methods of contracts, each of which returns one result; none if one of them faults.
    pub(crate) fn query(
        &self,
        calls: &[(Hash160, &str, Vec<StackItem>)],
        gas: i64,
    ) -> Result<Option<Receipt>, RpcError> {
        let mut script = ScriptBuilder::new();
        for (contract, method, arguments) in calls {
            script.dynamic_call(*contract, method, CallFlags::ALL, arguments);
        }
        let script = script.build().map_err(|error| ErrorKind::InvalidParams.with(error))?;
        let receipt = self.call_script(script, Vec::new(), gas, false)?.receipt;
        Ok(Some(receipt).filter(|receipt| receipt.halted() && receipt.stack.len() == calls.len()))
    }

    /// Calls a method of a native contract, which must not fail.
    pub(crate) fn native(
        &self,
        contract: Hash160,
        method: &str,
        arguments: Vec<StackItem>,
    ) -> Result<StackItem, RpcError> {
        let receipt = self.query(&[(contract, method, arguments)], self.limits.gas)?;
        let result = receipt.and_then(|receipt| receipt.stack.first().cloned());
        result.ok_or_else(|| ErrorKind::InternalServerError.with(format_args!("Can't call {method}.")))
    }

    /// Reads the iterators among the results.
    fn read_iterators(&self, execution: &mut Execution<'_>) -> Result<Iterators, RpcError> {
        let (mut iterators, mut of_results) = (HashMap::new(), Vec::new());
        let mut left = (self.limits.session_entries, MAX_SESSION_SIZE);
        if self.limits.sessions == 0 {
            return Ok((iterators, of_results));
        }
        let results = execution.vm().results().to_vec();
        for item in &results {
            let entries = read_entries(execution, item, &mut left)?;
            of_results.push(entries.map(|entries| {
                let id = Uuid::new_v4();
                iterators.insert(id, entries);
                id
            }));
        }
        Ok((iterators, of_results))
    }
}

/// Reads the entries of an iterator, as long as the number and the bytes that are left allow; none if the item is no
/// iterator.
fn read_entries(
    execution: &mut Execution<'_>,
    item: &StackItem,
    (left, bytes): &mut (usize, usize),
) -> Result<Option<Entries>, RpcError> {
    /// An entry can be large.
    const STEP: usize = 16;
    let mut items = VecDeque::new();
    loop {
        let wanted = if *bytes == 0 { 0 } else { STEP.min(*left) };
        // One more tells whether there are more.
        let Some(entries) = execution.traverse(item, wanted.max(1))? else { return Ok(None) };
        if wanted == 0 || entries.len() < wanted {
            items.extend(entries.iter().take(wanted).map(item_json));
            *left -= entries.len().min(wanted);
            return Ok(Some(Entries { items, is_cut: wanted == 0 && !entries.is_empty() }));
        }
        let read: Vec<_> = entries.iter().map(item_json).collect();
        *left -= read.len();
        *bytes = bytes.saturating_sub(read.iter().map(String::len).sum());
        items.extend(read);
    }
}

/// Runs an execution and records the calls. Returns false if it takes too long.
fn traced_run(execution: &mut Execution<'_>, trace: &mut CallTrace, is_late: impl Fn() -> bool) -> bool {
    loop {
        for _ in 0..1024 {
            trace.watch(execution);
            if execution.step().is_some() {
                trace.watch(execution);
                return true;
            }
        }
        if is_late() {
            return false;
        }
    }
}

/// An item as JSON, or why it cannot be shown.
///
/// Source: `RpcServer.SmartContract.cs` (`GetInvokeResult`) of the reference node.
pub(crate) fn item_json(item: &StackItem) -> String {
    item.to_json().unwrap_or_else(|error| match error {
        JsonError::Cycle => text("error: Circular reference."),
        _ => text(TOO_LARGE),
    })
}

/// What stands for items that are too large to be shown.
const TOO_LARGE: &str = "error: Max size reached.";

/// Items as a list. They may be the same one over and over: beyond a size none is written.
pub(crate) fn stack_json<T>(items: impl Iterator<Item = T>, json: impl Fn(T) -> String) -> String {
    const MAX_SIZE: usize = 16 << 20;
    let mut size = 0;
    list(items.map(|item| {
        let shown = if size > MAX_SIZE { text(TOO_LARGE) } else { json(item) };
        size += shown.len();
        shown
    }))
}
