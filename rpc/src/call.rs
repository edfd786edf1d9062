//! Running scripts over the state, for an answer: nothing of them is kept.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use neovm_chain::{Signer, Transaction, WitnessScopes};
use neovm_host::{CallTrace, Chain, Execution, Invocation, Job, PendingInvocation, Receipt, StateView};
use neovm_interp::Outcome;
use neovm_storage::{Store, checked};
use neovm_types::{
    CallFlags, Hash160, Script, ScriptBuilder, StackItem,
    item::{JsonError, JsonLimits, write_json_stack},
};
use uuid::Uuid;

use crate::{
    error::{ErrorKind, RpcError},
    node::Node,
    output::text,
    session::{Entries, Unreadable},
    signers::transaction,
};

/// How large the entries of a session's iterators are together, in bytes, before no more are read.
const MAX_SESSION_SIZE: usize = 4 << 20;

/// How many instructions run before the time is looked at.
const SLICE: u64 = 100_000;

/// The same, where entries of the state may come from another node.
const SLICE_OF_FORK: u64 = 500;

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
    /// Runs a script in the block that comes next, in a transaction of these signers: of nobody if they are not given.
    pub(crate) fn call_script(
        &self,
        script: Script,
        signers: Option<Vec<Signer>>,
        gas: i64,
        traced: bool,
    ) -> Result<Called, RpcError> {
        let invocation = Invocation::new(script).with_gas(gas);
        self.over_state(|state| {
            let mut pending = self.prepare(state, &invocation)?;
            if let Some(transaction) = self.transaction(state, &invocation.script, signers)? {
                pending = pending.in_transaction(transaction);
            }
            let job = pending.job();
            let mut trace = CallTrace::default();
            let mut execution = self.execute(state, &job, traced.then_some(&mut trace), self.limits.time)?;
            let (iterators, of_results) = self.read_iterators(&mut execution);
            Ok(Called { receipt: execution.finish(), iterators, of_results, trace })
        })
    }

    /// Runs a job, within the time that a call may take. Iterators among the results are not read.
    pub(crate) fn run(&self, job: &Job<'_>) -> Result<Receipt, RpcError> {
        self.over_state(|state| Ok(self.execute(state, job, None, self.limits.time)?.finish()))
    }

    /// Does something over the state after the last block, of which nothing comes if that cannot be read.
    pub(crate) fn over_state<T>(&self, run: impl FnOnce(&dyn Store) -> Result<T, RpcError>) -> Result<T, RpcError> {
        checked(self.chain().state(), run).map_err(|error| ErrorKind::InternalServerError.with(error))?
    }

    /// Makes the transaction that a test invocation is in. A list without signers makes none.
    ///
    /// Source: `Session.cs` of the plugin RpcServer of the reference node.
    fn transaction(
        &self,
        state: &dyn Store,
        script: &Script,
        signers: Option<Vec<Signer>>,
    ) -> Result<Option<Transaction>, RpcError> {
        let signers = signers.unwrap_or_else(|| vec![Signer::new(Hash160([0; 20]), WitnessScopes::NONE)]);
        if signers.is_empty() {
            return Ok(None);
        }
        let view = StateView::new(self.network(), state);
        let valid_until_block = view.height()?.saturating_add(view.max_valid_until_block_increment()?);
        transaction(signers, script.clone(), valid_until_block).map(Some)
    }

    /// Makes the block and the transaction that an invocation runs in.
    fn prepare(&self, state: &dyn Store, invocation: &Invocation) -> Result<PendingInvocation, RpcError> {
        let chain = Chain::with_store(Arc::clone(self.chain().network()), state);
        chain.prepare(invocation).map_err(|fault| ErrorKind::InvalidParams.with(fault))
    }

    /// Runs a job to its end, within a time, and records the calls if there is a trace for them.
    fn execute<'a>(
        &'a self,
        state: &'a dyn Store,
        job: &'a Job<'a>,
        trace: Option<&mut CallTrace>,
        time: Duration,
    ) -> Result<Execution<'a>, RpcError> {
        let mut execution = Execution::new(self.network(), state, job)?;
        let slice = if self.first_block() > 0 { SLICE_OF_FORK } else { SLICE };
        let end = Instant::now() + time;
        let is_late = || Instant::now() >= end;
        let ended = if let Some(trace) = trace {
            traced_run(&mut execution, trace, is_late)
        } else {
            loop {
                execution.set_budget(Some(slice));
                match execution.run() {
                    Outcome::Stopped(_) if is_late() => break false,
                    Outcome::Stopped(_) => {}
                    _ => break true,
                }
            }
        };
        if !ended {
            let seconds = time.as_secs_f32();
            return Err(ErrorKind::ExecutionFailed.with(format_args!("it takes more than {seconds} s")));
        }
        Ok(execution)
    }

    /// Calls methods of contracts, each of which returns one result, within a time; none if one of them faults.
    pub(crate) fn query(
        &self,
        calls: &[(Hash160, &str, Vec<StackItem>)],
        gas: i64,
        time: Duration,
    ) -> Result<Option<Receipt>, RpcError> {
        let mut script = ScriptBuilder::new();
        for (contract, method, arguments) in calls {
            script.dynamic_call(*contract, method, CallFlags::ALL, arguments);
        }
        let script = script.build().map_err(|error| ErrorKind::InvalidParams.with(error))?;
        let invocation = Invocation::new(script).with_gas(gas);
        let receipt = self.over_state(|state| {
            let pending = self.prepare(state, &invocation)?;
            Ok(self.execute(state, &pending.job(), None, time)?.finish())
        })?;
        Ok(Some(receipt).filter(|receipt| receipt.halted() && receipt.stack.len() == calls.len()))
    }

    /// Calls a method of a native contract, which must not fail.
    pub(crate) fn native(
        &self,
        contract: Hash160,
        method: &str,
        arguments: Vec<StackItem>,
    ) -> Result<StackItem, RpcError> {
        let receipt = self.query(&[(contract, method, arguments)], self.limits.gas, self.limits.time)?;
        let result = receipt.and_then(|receipt| receipt.stack.first().cloned());
        result.ok_or_else(|| ErrorKind::InternalServerError.with(format_args!("Can't call {method}.")))
    }

    /// Reads the iterators among the results.
    fn read_iterators(&self, execution: &mut Execution<'_>) -> Iterators {
        let (mut iterators, mut of_results) = (HashMap::new(), Vec::new());
        let mut left = (self.limits.session_entries, MAX_SESSION_SIZE);
        if self.limits.sessions == 0 {
            return (iterators, of_results);
        }
        let results = execution.vm().results().to_vec();
        for item in &results {
            let entries = read_entries(execution, item, &mut left);
            of_results.push(entries.map(|entries| {
                let id = Uuid::new_v4();
                iterators.insert(id, entries);
                id
            }));
        }
        (iterators, of_results)
    }
}

/// Reads the entries of an iterator, as long as the number and the bytes that are left allow; none if the item is no
/// iterator. An entry that cannot be read is an error of the call that comes to it.
fn read_entries(
    execution: &mut Execution<'_>,
    item: &StackItem,
    (left, bytes): &mut (usize, usize),
) -> Option<Entries> {
    let mut items = VecDeque::new();
    loop {
        let entry = match execution.traverse(item, 1) {
            Ok(entries) => match entries?.first() {
                None => return Some(Entries { items, is_cut: false }),
                Some(entry) => Ok(entry.clone()),
            },
            Err(fault) => Err(Unreadable(fault.to_string())),
        };
        // The entry that there is no room for tells that there are more.
        if *left == 0 || *bytes == 0 {
            return Some(Entries { items, is_cut: true });
        }
        let entry = entry.map(|entry| Budget::default().item(&entry));
        *left -= 1;
        *bytes = bytes.saturating_sub(entry.as_ref().map_or_else(|error| error.0.len(), String::len));
        items.push_back(entry);
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

/// How much JSON of items an answer may still have, in bytes.
///
/// Items may be the same one over and over, inside each other and beside each other. What was written of an item that
/// turns out to be too large counts as well: it has cost as much.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(16 << 20)
    }
}

impl Budget {
    /// An item as JSON, or why it cannot be shown.
    ///
    /// Source: `RpcServer.SmartContract.cs` (`GetInvokeResult`) of the reference node.
    pub(crate) fn item(&mut self, item: &StackItem) -> String {
        let mut out = String::new();
        let limits = JsonLimits { text: self.0, ..JsonLimits::default() };
        let written = write_json_stack(&mut out, [item], limits);
        self.0 = self.0.saturating_sub(out.len());
        match written {
            Ok(()) => out[1..out.len() - 1].to_owned(),
            Err(JsonError::Cycle) => text("error: Circular reference."),
            Err(_) => text("error: Max size reached."),
        }
    }
}
