//! Running one call of a test, and looking on if that is asked for.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use neovm::{
    Chain, Execution, FaultKind, Hash160, Receipt, StackItem,
    host::{Contract, Invocation, native},
    storage::WriteStore,
};

use super::{base::Snapshot, cheats::Cheats};
use crate::{
    call_tree::{CallTree, Ended},
    coverage::{Coverage, CoverageRecorder},
    debug_info::DebugInfo,
};

/// How many entries of an iterator are read at most.
pub(crate) const MAX_ENTRIES: usize = 1000;

/// After how many instructions the tree of calls of a test that failed is cut off.
const MAX_TREE: u64 = 1_000_000;

/// What is recorded of all calls of a test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// The gas of each method.
    pub(crate) gas: bool,
    /// The contracts whose coverage is recorded.
    pub(crate) coverage: Vec<(Hash160, Coverage)>,
    pub(crate) interrupt: Option<Arc<AtomicBool>>,
}

impl Watch {
    /// Nothing is recorded; a flag stops what runs.
    pub(crate) fn stopped_by(interrupt: Option<&Arc<AtomicBool>>) -> Self {
        Self { interrupt: interrupt.cloned(), ..Self::default() }
    }
}

/// What was recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// The gas of all calls, in datoshi.
    pub(crate) gas: u128,
    /// Calls of methods of contracts that are not native: `Token.mint`, and the gas, in datoshi.
    pub(crate) calls: Vec<(String, u128)>,
    pub(crate) coverage: Vec<(Hash160, Coverage)>,
}

/// What came of a call.
pub(crate) struct Ran {
    pub(crate) receipt: Receipt,
    /// The result stack; an iterator is the list of its entries.
    pub(crate) results: Vec<StackItem>,
    /// Whether an iterator has more entries than were read.
    pub(crate) is_cut: bool,
}

/// Runs an invocation. The chain does not change.
pub(crate) fn run(
    chain: &Chain<Snapshot>,
    invocation: &Invocation,
    cheats: &Cheats,
    watch: &Watch,
    record: &mut Record,
) -> Result<Ran, FaultKind> {
    let pending = chain.prepare(invocation)?;
    let job = pending.job();
    let mut execution = Execution::new(chain.network(), chain.store(), &job)?;
    execution.attach(cheats.attach());
    run_one(&mut execution, watch, record);
    let mut results = execution.vm().results().to_vec();
    let mut is_cut = false;
    for result in &mut results {
        if let Some(mut entries) = execution.traverse(result, MAX_ENTRIES + 1)? {
            is_cut |= entries.len() > MAX_ENTRIES;
            entries.truncate(MAX_ENTRIES);
            *result = StackItem::array(entries);
        }
    }
    let receipt = execution.finish();
    record.gas += receipt.gas_consumed.datoshi_ceil();
    Ok(Ran { receipt, results, is_cut })
}

/// Runs an execution, and looks on if that is asked for.
fn run_one(execution: &mut Execution<'_>, watch: &Watch, record: &mut Record) {
    execution.set_interrupt(watch.interrupt.clone());
    if watch.gas || !watch.coverage.is_empty() {
        look_on(execution, watch, record);
    } else {
        execution.run();
    }
}

/// Runs an invocation without the contract of tests, and keeps what it changed.
pub(crate) fn change(
    chain: &mut Chain<Snapshot>,
    invocation: &Invocation,
    watch: &Watch,
    record: &mut Record,
) -> Result<(), FaultKind> {
    let pending = chain.prepare(invocation)?;
    let job = pending.job();
    let mut execution = Execution::new(chain.network(), chain.store(), &job)?;
    run_one(&mut execution, watch, record);
    let receipt = execution.finish();
    chain.store_mut().write(&receipt.changes).map_err(|error| FaultKind::Host(error.to_string()))
}

fn look_on(execution: &mut Execution<'_>, watch: &Watch, record: &mut Record) {
    let mut tree = watch.gas.then(CallTree::default);
    if record.coverage.is_empty() {
        record.coverage.clone_from(&watch.coverage);
    }
    let recorded = std::mem::take(&mut record.coverage).into_iter();
    let mut recorders: Vec<(Hash160, CoverageRecorder)> =
        recorded.map(|(hash, coverage)| (hash, CoverageRecorder::new(hash, coverage))).collect();
    let outcome = execution.run_watched(|execution| {
        tree.iter_mut().for_each(|tree| tree.watch(execution));
        recorders.iter_mut().for_each(|(_, recorder)| recorder.watch(execution));
    });
    record.coverage = recorders.into_iter().map(|(hash, recorder)| (hash, recorder.finish(execution))).collect();
    let Some(mut tree) = tree else { return };
    tree.finish(execution, &outcome);
    for call in tree.calls() {
        if let Some(method) = &call.method
            && !method.starts_with('_')
            && native::find(call.script_hash).is_none()
            && matches!(call.ended, Ended::Returned(_))
        {
            record.calls.push((format!("{}.{method}", call.name), call.total_gas.datoshi_ceil()));
        }
    }
}

/// The calls of an invocation as a tree, for the report of a test that failed: up to [`MAX_TREE`] instructions.
pub(crate) fn tree(
    chain: &Chain<Snapshot>,
    invocation: &Invocation,
    cheats: &Cheats,
    watch: &Watch,
) -> Result<String, FaultKind> {
    let pending = chain.prepare(invocation)?;
    let job = pending.job();
    let mut execution = Execution::new(chain.network(), chain.store(), &job)?;
    execution.attach(cheats.attach());
    let mut tree = CallTree::default();
    let stop = Arc::new(AtomicBool::new(false));
    execution.set_interrupt(Some(Arc::clone(&stop)));
    let count = Cell::new(0);
    let outcome = execution.run_watched(|execution| {
        tree.watch(execution);
        count.set(count.get() + 1);
        let is_interrupted = watch.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
        stop.store(is_interrupted || count.get() >= MAX_TREE, Ordering::Relaxed);
    });
    tree.finish(&execution, &outcome);
    let mut text = tree.text(None).to_string();
    if count.get() >= MAX_TREE {
        text += &format!("... the calls of the first {MAX_TREE} instructions\n");
    }
    Ok(text)
}

/// What a fault says, and where it happened: the line of the source if it is known.
pub(crate) fn fault_text(
    chain: &Chain<Snapshot>,
    receipt: &Receipt,
    debug: &[(Hash160, Arc<DebugInfo>)],
) -> Option<String> {
    let fault = receipt.fault.as_ref()?;
    let text = crate::show::one_line(&fault.kind.to_string());
    let Some(place) = &receipt.fault_place else { return Some(text) };
    let known = debug.iter().find(|(hash, _)| *hash == place.script_hash).map(|(_, info)| info);
    let line = known.and_then(|info| {
        let point = info.point_at(place.position)?;
        Some(format!("{}:{}", info.short_name(point.document), point.start.0))
    });
    let contract = chain.contract(place.script_hash).ok().flatten();
    let at = line.unwrap_or_else(|| format!("byte {} of {}", place.position, name(contract.as_deref())));
    Some(format!("{text}, at {at}"))
}

fn name(contract: Option<&Contract>) -> String {
    contract.map_or_else(|| "the script".into(), |contract| contract.state().manifest.name.escape_debug().to_string())
}
