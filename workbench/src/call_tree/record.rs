//! Recording calls.

use std::collections::HashMap;

use neovm::{
    Execution, Gas, LoadId, OpCode, Outcome, StackItem,
    host::Notification,
    storage::{Key, Value},
    types::manifest::{Method, Parameter, ParameterType},
};

use super::{Argument, Call, Change, Ended, Event, Step};
use crate::{scripts::Scripts, show};

/// How many calls are recorded at most, and how many things that calls did. What is
/// left out is counted with the call that it lies in.
const MAX_CALLS: usize = 1 << 16;
const MAX_STEPS: usize = 1 << 18;

/// How many results of a script are recorded at most.
const MAX_RESULTS: usize = 16;

/// Records the calls of an execution.
///
/// ```
/// use neovm::{Chain, Execution, ProtocolSettings, host::Invocation};
/// use neovm_workbench::CallTree;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = Chain::new(ProtocolSettings::private())?;
/// let gas = "0xd2a4cff31913016155e38e474a2c06d08be276cf".parse()?;
/// let pending = chain.prepare(&Invocation::call(gas, "decimals", vec![])?)?;
/// let mut execution = Execution::new(chain.network(), chain.store(), &pending.job())?;
/// let mut tree = CallTree::default();
/// let outcome = execution.run_watched(|execution| tree.watch(execution));
/// tree.finish(&execution, &outcome);
/// assert_eq!(
///     tree.text(None).to_string(),
///     "\
/// [984060, own 984030] entry script
/// ├─ [30] GasToken.decimals()
/// │  └─ returns 8
/// └─ returns 8
/// "
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct CallTree {
    pub(super) calls: Vec<Call>,
    /// The calls under way, the current one last.
    open: Vec<Open>,
    scripts: Scripts,
    /// The end of the current call, if the instruction that runs now is its last.
    returning: Option<Returning>,
    /// What was consumed and run when the execution was looked at last.
    gas: Gas,
    instructions: u64,
    notifications: usize,
    logs: usize,
    steps: usize,
    pub(super) omitted: u64,
}

/// A call under way.
#[derive(Debug)]
struct Open {
    load: LoadId,
    /// Its place; that of the call around it if it is not recorded.
    call: usize,
    is_recorded: bool,
    method: Option<Method>,
    /// The values of keys that calls within it have changed.
    changed: HashMap<Key, Option<Value>>,
}

/// What a call returns and changed.
#[derive(Debug)]
struct Returning {
    load: LoadId,
    results: Vec<Argument>,
    changes: Vec<Change>,
}

impl CallTree {
    /// Returns the calls. One that lies in another comes behind it.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Takes note of what the last instruction did. To be called before each
    /// instruction; after the last one follows [`CallTree::finish`].
    pub fn watch(&mut self, execution: &Execution<'_>) {
        let vm = execution.vm();
        let (gas, instructions) = (vm.gas_consumed(), vm.instructions());
        if let Some(open) = self.open.last() {
            let call = &mut self.calls[open.call];
            call.own_gas = call.own_gas.saturating_add(gas.saturating_sub(self.gas));
            call.instructions += instructions - self.instructions;
        }
        (self.gas, self.instructions) = (gas, instructions);
        self.note_events(execution);
        let is_same =
            self.open.len() == vm.loads().len() && self.open.last().map(|open| open.load) == vm.current_load();
        if !is_same {
            self.close(execution);
            self.open(execution);
        }
        self.returning = None;
        if vm.opcode() == Some(OpCode::RET) {
            self.note_return(execution);
        }
    }

    /// Takes note of how the execution ended or was stopped.
    pub fn finish(&mut self, execution: &Execution<'_>, outcome: &Outcome) {
        self.watch(execution);
        let mut text = match outcome {
            Outcome::Fault(fault) => Some(fault.kind.to_string()),
            _ => None,
        };
        let is_fault = text.is_some();
        while let Some(open) = self.open.pop() {
            if open.is_recorded && is_fault {
                self.calls[open.call].ended = Ended::Faulted(text.take());
            }
        }
        for place in (0..self.calls.len()).rev() {
            let total = self.calls[place].total_gas.saturating_add(self.calls[place].own_gas);
            self.calls[place].total_gas = total;
            if let Some(parent) = self.calls[place].parent {
                self.calls[parent].total_gas = self.calls[parent].total_gas.saturating_add(total);
            }
        }
    }

    fn push_step(&mut self, call: usize, step: Step) {
        if self.steps == MAX_STEPS {
            self.omitted += 1;
            return;
        }
        self.steps += 1;
        self.calls[call].steps.push(step);
    }

    /// Takes note of new notifications and logs. Those whose scripts threw are gone.
    fn note_events(&mut self, execution: &Execution<'_>) {
        let (events, logs) = (execution.notifications(), execution.logs());
        self.notifications = self.notifications.min(events.len());
        for event in &events[self.notifications..] {
            let sender = self.open.iter().rev().find(|open| self.calls[open.call].script_hash == event.contract);
            if let Some(call) = sender.or(self.open.last()).map(|open| open.call) {
                let event = self.event(event);
                self.push_step(call, Step::Event(event));
            }
        }
        for log in &logs[self.logs..] {
            if let Some(call) = self.open.last().map(|open| open.call) {
                self.push_step(call, Step::Log(log.message.clone()));
            }
        }
        (self.notifications, self.logs) = (events.len(), logs.len());
    }

    fn event(&self, event: &Notification) -> Event {
        let values =
            if let StackItem::Array(values) = &event.state { values.to_vec() } else { vec![event.state.clone()] };
        let declared = self.scripts.with_hash(event.contract).and_then(|script| script.event(&event.event));
        let parameters = declared.map(|event| &event.parameters[..]).filter(|them| them.len() == values.len());
        Event { name: event.event.to_string(), values: arguments(&values, parameters.unwrap_or_default()) }
    }

    /// Takes note of what the current call returns and changed, if the next
    /// instruction is its last.
    fn note_return(&mut self, execution: &Execution<'_>) {
        let (vm, Some(open)) = (execution.vm(), self.open.last()) else { return };
        if vm.invocation_stack().nth(1).is_some_and(|below| below.load == open.load) {
            return;
        }
        let results = match &open.method {
            Some(method) if method.return_type == ParameterType::Void => Vec::new(),
            Some(method) => vm.peek(0).iter().map(|item| argument(item, "", Some(method.return_type))).collect(),
            None => {
                let count = vm.stack_len().min(MAX_RESULTS);
                (0..count).rev().filter_map(|index| vm.peek(index).ok()).map(|item| argument(item, "", None)).collect()
            }
        };
        // The changes of a call that a finally block made do not stay, nor do those it cannot be told of.
        let changes = if vm.pending_exception().is_some() { Vec::new() } else { changes(execution, &open.changed) };
        self.returning = Some(Returning { load: open.load, results, changes });
    }

    /// Closes the calls that are not on the invocation stack any more.
    fn close(&mut self, execution: &Execution<'_>) {
        let vm = execution.vm();
        let still = self.open.iter().zip(vm.loads().rev()).take_while(|(open, load)| open.load == *load).count();
        while self.open.len() > still {
            let Some(open) = self.open.pop() else { return };
            match self.returning.take() {
                Some(returning) if returning.load == open.load => self.close_returned(open, returning),
                _ if open.is_recorded => {
                    let exception = vm.pending_exception().or(vm.peek(0).ok());
                    self.calls[open.call].ended = Ended::Threw(exception.map(show::item).unwrap_or_default());
                }
                _ => {}
            }
        }
    }

    fn close_returned(&mut self, open: Open, returning: Returning) {
        if let Some(caller) = self.open.last_mut() {
            caller.changed.extend(open.changed);
            caller.changed.extend(returning.changes.iter().map(|change| (change.key.clone(), change.new.clone())));
        }
        if open.is_recorded {
            self.calls[open.call].ended = Ended::Returned(returning.results);
            returning.changes.into_iter().for_each(|change| self.push_step(open.call, Step::Change(change)));
        }
    }

    /// Opens the calls that are new on the invocation stack.
    fn open(&mut self, execution: &Execution<'_>) {
        let vm = execution.vm();
        let loads: Vec<LoadId> = vm.loads().rev().skip(self.open.len()).collect();
        for load in loads {
            let is_current = vm.current_load() == Some(load);
            let parent = self.open.last().map(|open| open.call);
            let is_recorded = self.calls.len() < MAX_CALLS;
            let method = if is_current { self.method(execution, load) } else { None };
            let call = if is_recorded {
                let call = self.new_call(execution, load, method.as_ref(), parent);
                self.calls.push(call);
                self.calls.len() - 1
            } else {
                self.omitted += 1;
                parent.unwrap_or(0)
            };
            if let (Some(parent), true) = (parent, is_recorded) {
                self.push_step(parent, Step::Call(call));
            }
            self.open.push(Open { load, call, is_recorded, method, changed: HashMap::new() });
        }
    }

    /// The method that a load begins with. Methods may share their code; the number of
    /// arguments tells them apart.
    fn method(&mut self, execution: &Execution<'_>, load: LoadId) -> Option<Method> {
        let vm = execution.vm();
        let place = self.scripts.current(execution)?;
        let contract = self.scripts.get(place).contract.as_ref()?;
        let start = vm.invocation_stack().take_while(|context| context.load == load).last()?.position;
        let mut here = contract.state().manifest.abi.methods.iter().filter(|method| method.offset as usize == start);
        let first = here.clone().next();
        here.find(|method| method.parameters.len() == vm.stack_len()).or(first).cloned()
    }

    fn new_call(
        &mut self,
        execution: &Execution<'_>,
        load: LoadId,
        method: Option<&Method>,
        parent: Option<usize>,
    ) -> Call {
        let vm = execution.vm();
        let place = vm.invocation_stack().position(|context| context.load == load);
        let script = place.and_then(|place| self.scripts.of_contexts(execution).get(place).copied());
        let script = script.map(|place| self.scripts.get(place));
        let parameters = method.map(|method| &method.parameters[..]).unwrap_or_default();
        let items: Vec<StackItem> = (0..parameters.len()).map_while(|index| vm.peek(index).ok().cloned()).collect();
        Call {
            parent,
            script_hash: script.map(|script| script.hash).unwrap_or_default(),
            name: script.map(|script| script.name.clone()).unwrap_or_default(),
            method: method.map(|method| method.name.clone()),
            arguments: arguments(&items, parameters),
            own_gas: Gas::ZERO,
            total_gas: Gas::ZERO,
            instructions: 0,
            steps: Vec::new(),
            ended: Ended::Open,
        }
    }
}

/// Values with the names and types of parameters, as far as there are any.
fn arguments(items: &[StackItem], parameters: &[Parameter]) -> Vec<Argument> {
    let of = |(i, item): (usize, &StackItem)| match parameters.get(i) {
        Some(parameter) => argument(item, &parameter.name, Some(parameter.parameter_type)),
        None => argument(item, "", None),
    };
    items.iter().enumerate().map(of).collect()
}

fn argument(item: &StackItem, name: &str, wanted: Option<ParameterType>) -> Argument {
    let wanted = wanted.filter(|wanted| *wanted != ParameterType::Any);
    Argument {
        name: name.escape_debug().to_string(),
        type_name: wanted.map_or(item.item_type().name(), ParameterType::name),
        value: wanted.map_or_else(|| show::item(item), |wanted| show::brief(item, wanted)),
    }
}

/// What the current script changed itself: the values differ from those that it, or the
/// last call within it, began with. Storage that cannot be read shows no old values.
fn changes(execution: &Execution<'_>, changed: &HashMap<Key, Option<Value>>) -> Vec<Change> {
    let change = |(key, new): (Key, Option<Value>)| {
        let old = match changed.get(&key) {
            Some(old) => old.clone(),
            None => execution.value_before(&key).ok().flatten(),
        };
        (old != new).then_some(Change { key, old, new })
    };
    execution.changes().into_iter().filter_map(change).collect()
}
