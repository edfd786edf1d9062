//! Running the steps of test files.

use std::{ops::Range, path::Path, sync::Arc};

use neovm::{
    Chain, FaultKind, Hash160, StackItem,
    chain::{Header, UnsignedHeader},
    host::{Invocation, Notification},
    storage::{Key, Store, WriteStore},
    types::manifest::ParameterType,
};

use super::{
    base::{Base, Snapshot},
    blocks,
    cheats::Cheats,
    execute::{self, MAX_ENTRIES, Ran, Record, Watch},
    file::{Action, Call, Entry, Event, Step, TestFile, expected_type, stored},
    node::{Problem, Result, Value},
    value::{Names, agrees},
};
use crate::{debug_info::DebugInfo, show};

/// What a step failed with.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: Box<Problem>,
    /// The calls as a tree.
    pub(crate) tree: Option<String>,
}

impl From<Box<Problem>> for Failure {
    fn from(problem: Box<Problem>) -> Self {
        Self { problem, tree: None }
    }
}

/// A fault of what surrounds a step, not of a contract.
fn broken(span: &Range<usize>, error: &FaultKind) -> Box<Problem> {
    Problem::new(span, format!("this cannot run: {error}"))
}

/// A chain on which a test runs.
pub(crate) struct World<'a> {
    pub(crate) chain: Chain<Snapshot>,
    names: &'a Names,
    debug: Vec<(Hash160, Arc<DebugInfo>)>,
    cheats: Cheats,
}

impl<'a> World<'a> {
    /// Deploys the contracts of a file and runs its setup.
    pub(crate) fn prepare(
        base: &Base,
        file: &'a TestFile,
        folder: &Path,
        watch: &Watch,
    ) -> std::result::Result<Self, Failure> {
        let mut world = Self::over(base.chain(), file, folder);
        for contract in &file.contracts {
            let data = contract.data.as_ref();
            let data = data.map(|data| file.names.item(data, ParameterType::Any)).transpose()?;
            let call = contract.files.deployment(data.unwrap_or_default(), &contract.signers);
            let call = call.map_err(|error| broken(&contract.span, &error))?;
            let ran = execute::run(&world.chain, &call, &world.cheats, watch, &mut Record::default());
            let ran = ran.map_err(|error| broken(&contract.span, &error))?;
            if let Some(text) = execute::fault_text(&world.chain, &ran.receipt, &world.debug) {
                let problem = Problem::new(&contract.span, format!("`{}` cannot be deployed", contract.name));
                return Err(problem.label(text).into());
            }
            world.keep(&contract.span, &ran)?;
        }
        for step in &file.setup {
            world.step(step, watch, &mut Record::default())?;
        }
        world.chain = Chain::with_store(Arc::clone(world.chain.network()), world.chain.store().clone().freeze());
        Ok(world)
    }

    /// A test on a copy of a chain.
    pub(crate) fn over(chain: Chain<Snapshot>, file: &'a TestFile, folder: &Path) -> Self {
        let debug = file.contracts.iter().filter_map(|it| Some((it.hash, Arc::clone(it.files.debug.as_ref()?))));
        let cheats = Cheats::new(folder);
        Self { chain, names: &file.names, debug: debug.collect(), cheats }
    }

    fn keep(&mut self, span: &Range<usize>, ran: &Ran) -> Result<()> {
        self.chain.store_mut().write(&ran.receipt.changes).map_err(|error| Problem::new(span, error.to_string()))
    }

    /// Runs a step.
    pub(crate) fn step(&mut self, step: &Step, watch: &Watch, record: &mut Record) -> std::result::Result<(), Failure> {
        match &step.action {
            Action::Call(call) => return self.call(step, call, watch, record),
            Action::Mine(count) => {
                let (header, interval) = self.next(step).map_err(|error| broken(&step.span, &error))?;
                let blocks = blocks::empty(header, *count, interval).map_err(|error| broken(&step.span, &error))?;
                for block in &blocks {
                    self.chain.persist(block).map_err(|error| broken(&step.span, &error))?;
                }
            }
            Action::Oracle(response) => {
                let gas = self.chain.state().gas_for_oracle_response(response.id);
                let gas = gas.map_err(|error| broken(&step.span, &error))?.ok_or_else(|| {
                    Problem::new(&step.span, format!("no oracle request {} waits for its answer", response.id))
                })?;
                let (header, _) = self.next(step).map_err(|error| broken(&step.span, &error))?;
                let block = blocks::answer(&header, blocks::oracle(), response.clone(), gas);
                let block = block.map_err(|error| broken(&step.span, &error))?;
                let receipt = self.chain.persist(&block).map_err(|error| broken(&step.span, &error))?;
                let failed = receipt.transactions.first();
                if let Some(text) = failed.and_then(|failed| execute::fault_text(&self.chain, failed, &self.debug)) {
                    return Err(Problem::new(&step.span, "the answer faults").label(text).into());
                }
            }
        }
        Ok(())
    }

    /// The header of the next block, and the time between two blocks.
    fn next(&self, step: &Step) -> std::result::Result<(Header, u64), FaultKind> {
        let interval = self.chain.state().milliseconds_per_block()?.into();
        let last = self.chain.last_header()?;
        let header = blocks::following(&last, step.after.unwrap_or(interval))?;
        let unsigned: &UnsignedHeader = &header;
        match step.time {
            Some(timestamp) if timestamp <= last.timestamp => {
                let before = last.timestamp;
                Err(FaultKind::Host(format!("the time {timestamp} is not after that of the last block, {before}")))
            }
            Some(timestamp) => Ok((blocks::header(&UnsignedHeader { timestamp, ..unsigned.clone() })?, interval)),
            None => Ok((header, interval)),
        }
    }

    fn invocation(&self, step: &Step, call: &Call) -> Result<Invocation> {
        let parameters = call.arguments.iter().zip(&call.method.parameters);
        let items = parameters.map(|(node, parameter)| self.names.item(node, parameter.parameter_type));
        let items = items.collect::<Result<Vec<StackItem>>>()?;
        let invocation = Invocation::call(call.contract, &call.method.name, items);
        let mut invocation = invocation.map_err(|error| broken(&step.span, &error))?;
        invocation.signers.clone_from(&call.signers);
        if step.time.is_some() || step.after.is_some() {
            let (header, _) = self.next(step).map_err(|error| broken(&step.span, &error))?;
            invocation = invocation.with_timestamp(header.timestamp);
        }
        Ok(invocation)
    }

    /// Runs a call, compares what came of it and keeps the changes.
    fn call(
        &mut self,
        step: &Step,
        call: &Call,
        watch: &Watch,
        record: &mut Record,
    ) -> std::result::Result<(), Failure> {
        let invocation = self.invocation(step, call)?;
        let ran = execute::run(&self.chain, &invocation, &self.cheats, watch, record);
        let ran = ran.map_err(|error| broken(&step.span, &error))?;
        let before = self.chain.clone();
        let checked = self.check(call, &ran).and_then(|()| {
            self.keep(&step.span, &ran)?;
            call.storage.iter().try_for_each(|entry| self.check_entry(entry))
        });
        checked
            .map_err(|problem| Failure { problem, tree: execute::tree(&before, &invocation, &self.cheats, watch).ok() })
    }

    fn check(&self, call: &Call, ran: &Ran) -> Result<()> {
        let fault = execute::fault_text(&self.chain, &ran.receipt, &self.debug);
        let kind = ran.receipt.fault.as_ref().map(|fault| fault.kind.to_string());
        match (&call.fault, fault, kind) {
            (None, Some(text), _) => {
                return Err(Problem::new(&call.span, format!("`{}` faults", call.method.name)).label(text));
            }
            (Some((wanted, span)), None, _) => {
                let problem = Problem::new(span, format!("`{}` halts, a fault is expected", call.method.name));
                return Err(problem.label(format!("no fault with {wanted:?}")));
            }
            (Some((wanted, span)), Some(text), Some(kind)) if !kind.contains(wanted) => {
                return Err(Problem::new(span, "the fault is another one").label(text));
            }
            _ => {}
        }
        if let Some(node) = &call.result {
            if ran.is_cut {
                let problem = format!("the iterator has more than {MAX_ENTRIES} entries, which are not compared");
                return Err(Problem::new(&node.span, problem));
            }
            let wanted = expected_type(&call.method);
            let (expected, actual) = (self.names.item(node, wanted)?, ran.results.first());
            if !actual.is_some_and(|actual| agrees(actual, &expected)) {
                let actual = actual.map_or_else(|| "nothing".into(), |actual| self.show(actual, wanted));
                return Err(Problem::new(&node.span, format!("the result is {actual}"))
                    .label(format!("expected {}", self.show(&expected, wanted))));
            }
        }
        if let Some((logs, span)) = &call.logs {
            let actual: Vec<&str> = ran.receipt.logs.iter().map(|log| log.message.as_str()).collect();
            if actual != *logs {
                return Err(Problem::new(span, format!("the logs are {actual:?}")));
            }
        }
        if let Some((events, span)) = &call.events {
            self.check_events(events, span, &ran.receipt.notifications)?;
        }
        if let Some((min, max, span)) = &call.gas {
            let gas = ran.receipt.gas_consumed.datoshi_ceil();
            if gas < u128::from(*min) || gas > u128::from(*max) {
                return Err(Problem::new(span, format!("the gas is {gas} datoshi")));
            }
        }
        Ok(())
    }

    fn check_events(&self, events: &[Event], span: &Range<usize>, actual: &[Notification]) -> Result<()> {
        for (event, sent) in events.iter().zip(actual) {
            let values = if let StackItem::Array(values) = &sent.state { values.to_vec() } else { Vec::new() };
            let same =
                event.contract == sent.contract && *event.name == *sent.event && event.values.len() == values.len();
            if !same {
                return Err(Problem::new(&event.span, format!("the event is {}", self.event(sent))));
            }
            for ((node, wanted), value) in event.values.iter().zip(&values) {
                let expected = self.names.item(node, *wanted)?;
                if !agrees(value, &expected) {
                    return Err(Problem::new(&node.span, format!("the value is {}", self.show(value, *wanted)))
                        .label(format!("expected {}", self.show(&expected, *wanted))));
                }
            }
        }
        if let Some(missing) = events.get(actual.len()) {
            return Err(Problem::new(&missing.span, "the event is not sent"));
        }
        match actual.get(events.len()) {
            Some(more) => Err(Problem::new(span, format!("there is one more event: {}", self.event(more)))),
            None => Ok(()),
        }
    }

    fn check_entry(&self, entry: &Entry) -> Result<()> {
        let span = &entry.value.span;
        let contract = self.chain.contract(entry.contract).map_err(|error| broken(span, &error))?;
        let contract = contract.ok_or_else(|| Problem::new(span, "the contract is not deployed"))?;
        let key = Key::new(contract.state().id, &entry.key);
        let actual = self.chain.store().get(&key).map_err(|error| Problem::new(span, error.to_string()))?;
        let shown = actual.as_ref().map_or_else(
            || "nothing is stored there".into(),
            |value| format!("what is stored is {}", show::item(&StackItem::from(&value[..]))),
        );
        let is_so = match (&entry.value.value, &actual) {
            (Value::Boolean(false), actual) => actual.is_none(),
            (Value::Integer(number), Some(actual)) => {
                neovm::Integer::from_le_bytes(actual).is_some_and(|actual| actual == *number)
            }
            (_, Some(actual)) => stored(self.names, &entry.value)? == actual[..],
            (_, None) => false,
        };
        if is_so { Ok(()) } else { Err(Problem::new(span, shown)) }
    }

    /// A value as people read it; accounts with names by these.
    fn show(&self, item: &StackItem, wanted: ParameterType) -> String {
        let hash = item.with_bytes(|bytes| bytes.try_into().ok().map(Hash160)).ok().flatten();
        match hash.and_then(|hash| self.names.name(hash)) {
            Some(name) => format!("@{name}"),
            None => show::brief(item, wanted),
        }
    }

    fn event(&self, sent: &Notification) -> String {
        let contract = self.names.name(sent.contract).map_or_else(|| sent.contract.to_string(), Into::into);
        let values = if let StackItem::Array(values) = &sent.state { values.to_vec() } else { Vec::new() };
        let values: Vec<String> = values.iter().map(|value| self.show(value, ParameterType::Any)).collect();
        format!("{contract}.{}({})", show::one_line(&sent.event), values.join(", "))
    }
}
