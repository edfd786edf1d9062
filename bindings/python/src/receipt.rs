//! Receipts: what came of an execution.

use std::{collections::HashMap, sync::Arc};

use neovm::{
    Execution, Hash160, OpCode, Outcome, Receipt as HostReceipt, StackItem, Stop, Store,
    host::{CallTrace, Chain, Contract, PendingInvocation, StateView},
    storage::{Batch, Value},
    types::{
        disasm::{Line, Listing, disassemble},
        manifest::{Event, ParameterType},
        text::plain,
    },
};
use pyo3::{
    IntoPyObjectExt, PyTraverseError, PyVisit,
    exceptions::{PyRuntimeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyList, PyTuple},
};

use crate::{
    hash::{UInt160, UInt256},
    signals::Signals,
    state::State,
    value::{Graph, NodeId},
};

/// How many instructions run until Python is asked whether somebody pressed Ctrl-C.
const SLICE: u64 = 5_000_000;

/// How many entries of an iterator that was returned are read at most.
const MAX_ENTRIES: usize = 2048;

/// An execution that can be repeated: nothing in it changes.
pub(crate) struct Run {
    pub(crate) chain: Chain<State>,
    pub(crate) pending: PendingInvocation,
    pub(crate) script: Vec<u8>,
}

/// What came of an execution.
#[derive(Debug)]
struct Data {
    graph: Graph,
    stack: Vec<NodeId>,
    gas: u128,
    instructions: u64,
    notifications: Vec<NotificationData>,
    logs: Vec<(Hash160, String)>,
    changes: Batch,
    /// The values before the changes: a folder does not keep them.
    former: Vec<Option<Value>>,
    fault: Option<FaultData>,
}

#[derive(Debug)]
struct NotificationData {
    contract: Hash160,
    event: String,
    state: NodeId,
    /// The names and types of the values, if the manifest has the event.
    parameters: Option<Vec<(String, ParameterType)>>,
}

#[derive(Debug)]
struct FaultData {
    kind: String,
    message: String,
    opcode: Option<OpCode>,
    position: Option<usize>,
    frames: Vec<Frame>,
}

impl Run {
    /// Executes it. To be called without the GIL.
    fn perform(&self, signals: Signals) -> PyResult<Data> {
        self.chain.store().over(|state| self.perform_over(state, signals))
    }

    fn perform_over(&self, state: &dyn Store, signals: Signals) -> PyResult<Data> {
        let job = self.pending.job();
        let mut execution =
            Execution::new(self.chain.network(), state, &job).map_err(|error| self.chain.store().failed(error))?;
        execution.set_budget(Some(SLICE));
        let mut outcome = execution.run();
        while matches!(outcome, Outcome::Stopped(Stop::Budget)) {
            signals.check()?;
            execution.set_budget(Some(SLICE));
            outcome = execution.run();
        }
        let entries = returned_entries(&mut execution);
        let frames = if outcome == Outcome::Halt { Vec::new() } else { frames(&execution) };
        let instructions = execution.vm().instructions();
        let receipt = execution.finish();
        let former: Result<_, _> = receipt.changes.iter().map(|(key, _)| state.get(key)).collect();
        let former = former.map_err(|error| self.chain.store().failed(error))?;
        let view = StateView::new(self.chain.network(), state);
        Ok(Data { former, ..Self::data(&view, receipt, &entries, frames, instructions) })
    }

    fn data(
        view: &StateView<'_>,
        receipt: HostReceipt,
        entries: &[Option<StackItem>],
        mut frames: Vec<Frame>,
        instructions: u64,
    ) -> Data {
        let stack = receipt.stack.iter().enumerate();
        let stack = stack.map(|(i, item)| entries.get(i).and_then(Option::as_ref).unwrap_or(item));
        let states = receipt.notifications.iter().map(|notification| &notification.state);
        let (graph, mut nodes) = Graph::of(stack.chain(states));
        let states = nodes.split_off(receipt.stack.len());
        let notifications = receipt.notifications.into_iter().zip(states).map(|(notification, state)| {
            let parameters = parameters(view, notification.contract, &notification.event);
            NotificationData {
                contract: notification.contract,
                event: notification.event.to_string(),
                state,
                parameters,
            }
        });
        let fault = receipt.fault.map(|fault| {
            let place = receipt.fault_place;
            let position = place.map(|place| place.position).or(fault.position);
            if let (Some(frame), Some(position)) = (frames.first_mut(), position) {
                frame.position = position;
            }
            let kind = format!("{:?}", fault.kind);
            let end = kind.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(kind.len());
            let kind = kind[..end].to_owned();
            FaultData { kind, message: fault.kind.to_string(), opcode: fault.opcode, position, frames }
        });
        Data {
            graph,
            stack: nodes,
            gas: receipt.gas_consumed.datoshi_ceil(),
            instructions,
            notifications: notifications.collect(),
            logs: receipt.logs.into_iter().map(|log| (log.script_hash, log.message)).collect(),
            changes: receipt.changes,
            former: Vec::new(),
            fault,
        }
    }

    /// Executes it again and records which contract called which.
    fn calls(&self, signals: Signals) -> PyResult<CallTrace> {
        self.chain.store().over(|state| self.calls_over(state, signals))
    }

    fn calls_over(&self, state: &dyn Store, signals: Signals) -> PyResult<CallTrace> {
        let job = self.pending.job();
        let mut execution =
            Execution::new(self.chain.network(), state, &job).map_err(|error| self.chain.store().failed(error))?;
        let mut calls = CallTrace::default();
        execution.set_budget(Some(SLICE));
        while matches!(execution.run_watched(|execution| calls.watch(execution)), Outcome::Stopped(Stop::Budget)) {
            signals.check()?;
            execution.set_budget(Some(SLICE));
        }
        calls.watch(&execution);
        if self.chain.store().is_outdated() {
            return Err(PyRuntimeError::new_err("the chain was saved since: the state that the script ran on is gone"));
        }
        Ok(calls)
    }
}

/// For each item of the result stack that is an iterator, an array of its entries.
fn returned_entries(execution: &mut Execution<'_>) -> Vec<Option<StackItem>> {
    let results: Vec<StackItem> = execution.vm().results().to_vec();
    let entries = |item: &StackItem| execution.traverse(item, MAX_ENTRIES).ok().flatten().map(StackItem::array);
    results.iter().map(entries).collect()
}

/// The names and types of an event's values.
fn parameters(view: &StateView<'_>, contract: Hash160, event: &str) -> Option<Vec<(String, ParameterType)>> {
    let contract = view.contract(contract).ok()??;
    let event: &Event = contract.state().manifest.abi.events.iter().find(|known| &*known.name == event)?;
    Some(event.parameters.iter().map(|it| (it.name.clone(), it.parameter_type)).collect())
}

/// The contexts on the invocation stack, the current one first.
fn frames(execution: &Execution<'_>) -> Vec<Frame> {
    let contexts = execution.vm().invocation_stack();
    // Many contexts may run one script. All of them are alive, so that an address is that of one script.
    let mut listings: HashMap<*const u8, Listing<'_>> = HashMap::new();
    let frames = contexts.zip(execution.running_scripts()).enumerate().map(|(depth, (context, running))| {
        let script = context.script;
        let listing = listings.entry(script.bytes().as_ptr()).or_insert_with(|| disassemble(script));
        // A caller stands behind its call.
        let place = |line: &Line<'_>| line.offset + if depth == 0 { 0 } else { line.bytes.len() };
        let found = listing.lines.binary_search_by_key(&context.position, place);
        let line = found.ok().map(|line| &listing.lines[line]);
        let instruction = line.map(|line| format!("{} {}", line.mnemonic, line.operand).trim_end().to_owned());
        let position = line.map_or(context.position, |line| line.offset);
        let contract = running.contract.as_deref();
        Frame {
            contract: UInt160(running.hash),
            name: contract.map(|contract| contract.state().manifest.name.clone()),
            method: contract.and_then(|contract| method_around(contract, position)),
            position,
            instruction,
        }
    });
    frames.collect()
}

/// The method that holds a position: the last one that begins before it.
fn method_around(contract: &Contract, position: usize) -> Option<String> {
    let methods = contract.state().manifest.abi.methods.iter();
    let before = methods.filter(|method| usize::try_from(method.offset).is_ok_and(|offset| offset <= position));
    before.max_by_key(|method| method.offset).map(|method| method.name.clone())
}

/// A context on the invocation stack.
#[pyclass(frozen, get_all, module = "neovm")]
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The hash of the script, or of the contract that it belongs to.
    contract: UInt160,
    /// The name of the contract; None for a script that is none's.
    name: Option<String>,
    /// The last method of the manifest that begins at or before the position.
    method: Option<String>,
    /// The position of the instruction, in bytes.
    position: usize,
    /// The instruction.
    instruction: Option<String>,
}

#[pymethods]
impl Frame {
    fn __str__(&self) -> String {
        let name = self.name.clone().unwrap_or_else(|| "script".into());
        let method = self.method.as_ref().map_or_else(String::new, |method| format!(".{method}"));
        let instruction = self.instruction.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        format!("{name}{method}, byte {}{instruction}", self.position)
    }

    fn __repr__(&self) -> String {
        format!("<Frame {}>", self.__str__())
    }
}

/// An event that a contract sent.
#[pyclass(frozen, get_all, module = "neovm")]
pub(crate) struct Notification {
    /// The contract.
    contract: UInt160,
    /// The name of the event.
    name: String,
    /// The values, by the types that the manifest names.
    args: Py<PyTuple>,
    /// The names of the values; empty if the manifest lacks the event.
    names: Py<PyTuple>,
}

#[pymethods]
impl Notification {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.args)
    }

    /// The value with a name, or at an index.
    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let args = self.args.bind(py);
        if !key.is_instance_of::<pyo3::types::PyString>() {
            return args.as_any().get_item(key);
        }
        let names = self.names.bind(py);
        match names.as_sequence().index(key) {
            Ok(index) => args.get_item(index),
            Err(_) => Err(pyo3::exceptions::PyKeyError::new_err(key.clone().unbind())),
        }
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.args.bind(py).len()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<Notification {}{}>", self.name, self.args.bind(py).repr()?))
    }
}

/// A call of a contract, and the calls that it made.
#[pyclass(frozen, get_all, module = "neovm")]
pub(crate) struct Call {
    /// The contract, or the hash of the script.
    contract: UInt160,
    /// The name of the contract; None for a script that is none's.
    name: Option<String>,
    /// The method.
    method: Option<String>,
    /// The calls that it made, in their order.
    calls: Py<PyList>,
}

#[pymethods]
impl Call {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.calls)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let name = self.name.clone().unwrap_or_else(|| "script".into());
        let method = self.method.as_ref().map_or_else(String::new, |method| format!(".{method}"));
        let calls = self.calls.bind(py);
        let calls = if calls.is_empty() { String::new() } else { format!(" {}", calls.repr()?) };
        Ok(format!("<{name}{method}{calls}>"))
    }
}

/// What came of an execution.
///
/// Gas is in datoshi: 10^-8 GAS.
#[pyclass(frozen, module = "neovm")]
pub(crate) struct Receipt {
    data: Data,
    run: Run,
    wanted: ParameterType,
}

impl Receipt {
    /// Executes. `wanted` is the type of the result.
    pub(crate) fn of(run: Run, wanted: ParameterType, signals: Signals) -> PyResult<Self> {
        Ok(Self { data: run.perform(signals)?, run, wanted })
    }

    pub(crate) fn halted(&self) -> bool {
        self.data.fault.is_none()
    }

    pub(crate) fn state_changes(&self) -> &Batch {
        &self.data.changes
    }

    fn values(&self, py: Python<'_>, nodes: &[NodeId]) -> PyResult<Vec<Py<PyAny>>> {
        nodes.iter().map(|node| self.data.graph.to_python(py, *node, ParameterType::Any)).collect()
    }
}

#[pymethods]
impl Receipt {
    /// Whether the script ran to its end.
    #[getter]
    fn ok(&self) -> bool {
        self.halted()
    }

    /// HALT or FAULT.
    #[getter]
    fn state(&self) -> &'static str {
        if self.halted() { "HALT" } else { "FAULT" }
    }

    /// The gas that was consumed, in datoshi.
    #[getter]
    fn gas(&self) -> u128 {
        self.data.gas
    }

    /// The number of instructions that ran.
    #[getter]
    fn instructions(&self) -> u64 {
        self.data.instructions
    }

    /// The script.
    #[getter]
    fn script<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.run.script)
    }

    /// The result stack, the top last.
    #[getter]
    fn stack(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        self.values(py, &self.data.stack)
    }

    /// The top of the result stack, of the type that the manifest names for the method; None
    /// if the stack is empty.
    #[getter]
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.data.stack.last() {
            Some(node) => self.data.graph.to_python(py, *node, self.wanted),
            None => Ok(py.None()),
        }
    }

    /// The events that contracts sent; none after a fault.
    #[getter]
    fn notifications(&self, py: Python<'_>) -> PyResult<Vec<Notification>> {
        let notification = |event: &NotificationData| -> PyResult<Notification> {
            let values = self.data.graph.children(event.state).unwrap_or_default();
            let known = event.parameters.as_ref().filter(|known| known.len() == values.len());
            let value = |(i, node): (usize, &NodeId)| {
                let wanted = known.map_or(ParameterType::Any, |known| known[i].1);
                self.data.graph.to_python(py, *node, wanted)
            };
            let args: PyResult<Vec<_>> = values.iter().enumerate().map(value).collect();
            let names = known.into_iter().flatten().map(|(name, _)| name);
            Ok(Notification {
                contract: UInt160(event.contract),
                name: event.event.clone(),
                args: PyTuple::new(py, args?)?.unbind(),
                names: PyTuple::new(py, names.collect::<Vec<_>>())?.unbind(),
            })
        };
        self.data.notifications.iter().map(notification).collect()
    }

    /// What scripts logged, also before a fault: the script's hash and the message of each.
    #[getter]
    fn logs(&self) -> Vec<(UInt160, String)> {
        self.data.logs.iter().map(|(hash, message)| (UInt160(*hash), message.clone())).collect()
    }

    /// The changes to the storage, in the order of keys: the contract's id, the key, and the
    /// value before and after, which is None if there is none. None after a fault.
    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for ((key, new), old) in self.data.changes.iter().zip(&self.data.former) {
            let bytes = |value: Option<&[u8]>| value.map(|value| PyBytes::new(py, value));
            list.append((key.contract(), PyBytes::new(py, key.local()), bytes(old.as_deref()), bytes(new.as_deref())))?;
        }
        Ok(list)
    }

    /// The message of the fault, in the words of the reference; None if there was none.
    #[getter]
    fn fault(&self) -> Option<&str> {
        self.data.fault.as_ref().map(|fault| fault.message.as_str())
    }

    /// The kind of the fault, as the Rust library calls it.
    #[getter]
    fn fault_kind(&self) -> Option<&str> {
        self.data.fault.as_ref().map(|fault| fault.kind.as_str())
    }

    /// The instruction that faulted.
    #[getter]
    fn fault_opcode(&self) -> Option<String> {
        self.data.fault.as_ref().and_then(|fault| fault.opcode).map(|opcode| opcode.to_string())
    }

    /// The position of the fault in its script, in bytes.
    #[getter]
    fn fault_position(&self) -> Option<usize> {
        self.data.fault.as_ref().and_then(|fault| fault.position)
    }

    /// The contexts on the invocation stack when it faulted, the current one first.
    #[getter]
    fn frames(&self) -> Vec<Frame> {
        self.data.fault.as_ref().map(|fault| fault.frames.clone()).unwrap_or_default()
    }

    /// Which contract called which, the script first. The script runs again, without compiled
    /// code, to find out.
    #[getter]
    fn calls(&self, py: Python<'_>) -> PyResult<Py<Call>> {
        let signals = Signals::new(py)?;
        let calls = py.detach(|| self.run.calls(signals))?;
        call_tree(py, &self.run.chain.state(), &calls)
    }

    /// The hash of the transaction; None if nobody signed.
    #[getter]
    fn transaction_hash(&self) -> Option<UInt256> {
        self.run.pending.transaction().map(|transaction| UInt256(transaction.hash()))
    }

    /// The time stamp of the block that it ran in, in milliseconds.
    #[getter]
    fn time(&self) -> u64 {
        self.run.pending.header().timestamp
    }

    /// The index of the block that it ran in.
    #[getter]
    fn block(&self) -> u32 {
        self.run.pending.header().index
    }

    fn __repr__(&self) -> String {
        match &self.data.fault {
            None => format!("<Receipt HALT, {} datoshi>", self.data.gas),
            Some(fault) => format!("<Receipt FAULT: {}>", plain(&fault.message)),
        }
    }
}

/// Makes the tree of calls. A CALL within a script is no call of its own.
fn call_tree(py: Python<'_>, view: &StateView<'_>, trace: &CallTrace) -> PyResult<Py<Call>> {
    let mut root = None;
    // The contexts that are open: their depth, and the list for the calls that they make.
    let mut open: Vec<(usize, Py<PyList>)> = Vec::new();
    for node in trace.nodes() {
        while open.last().is_some_and(|(depth, _)| *depth >= node.depth) {
            open.pop();
        }
        let parent = open.last().map(|(_, calls)| calls.clone_ref(py));
        if let (true, Some(calls)) = (node.is_internal, &parent) {
            open.push((node.depth, calls.clone_ref(py)));
            continue;
        }
        let contract = view.contract(node.script_hash).ok().flatten();
        let state = contract.as_ref().map(|contract| contract.state());
        let methods = state.map(|state| &state.manifest.abi.methods[..]).unwrap_or_default();
        let method = methods.iter().find(|method| usize::try_from(method.offset) == Ok(node.position));
        let calls = PyList::empty(py).unbind();
        open.push((node.depth, calls.clone_ref(py)));
        let call = Call {
            contract: UInt160(node.script_hash),
            name: state.map(|state| state.manifest.name.clone()),
            method: method.map(|method| method.name.clone()),
            calls,
        };
        let call = Py::new(py, call)?;
        match parent {
            Some(parent) => parent.bind(py).append(call.into_py_any(py)?)?,
            None => root = root.or(Some(call)),
        }
    }
    root.ok_or_else(|| PyValueError::new_err("no script was loaded"))
}

/// So that a receipt can go to another thread.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Run>();
    is_shared::<Arc<Data>>();
};
