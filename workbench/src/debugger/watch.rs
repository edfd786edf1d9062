//! Finding out, instruction by instruction, which breakpoints are hit.

use std::collections::HashMap;

use neovm::{
    Execution, Gas, Hash160, LoadId, OpCode, Outcome,
    storage::{Key, Value},
};

use super::{Breakpoint, Condition, Hit, SlotKind, digest::digest, view};
use crate::{scripts::Scripts, show};

/// A variable whose value is looked at: a slot of a function at a depth of the
/// invocation stack, or a static field of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watched {
    /// What it is called.
    pub name: String,
    /// Which kind of slot it is.
    pub kind: SlotKind,
    /// The number of the slot.
    pub index: usize,
    pub(super) script: Hash160,
    /// Where the function begins.
    pub(super) function: usize,
    /// The depth of its context; none for static fields.
    pub(super) depth: Option<usize>,
}

/// A value as text, which may be cut off, and a digest of the whole.
type Shown = (String, u64);

/// The numbers of breakpoints that were hit, and what has happened.
type Found = Vec<(u32, Option<String>)>;

/// The breakpoints that were hit.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Those that stop now.
    pub(super) hits: Vec<Hit>,
    /// Those that stop before the instruction that ran, since it threw an exception.
    pub(super) thrown: Vec<Hit>,
}

/// Asks the breakpoints after each instruction.
#[derive(Debug)]
pub(super) struct Monitor {
    conditions: Vec<(u32, Condition)>,
    /// The breakpoints by script and position, of the scripts that have run.
    places: HashMap<usize, HashMap<usize, Vec<u32>>>,
    /// What watched entries and variables held when they were looked at last.
    entries: HashMap<u32, Option<Value>>,
    slots: HashMap<u32, Shown>,
    has_places: bool,
    last: Last,
}

/// The instruction that runs, and what was there before it.
#[derive(Clone, Copy, Debug)]
struct Last {
    load: Option<LoadId>,
    depth: usize,
    opcode: Option<OpCode>,
    /// The position of the instruction behind it.
    next: usize,
    gas: Gas,
}

impl Last {
    fn of(execution: &Execution<'_>) -> Self {
        let vm = execution.vm();
        let position = vm.position().unwrap_or_default();
        let size = vm.script().and_then(|script| script.instruction(position).ok()).map_or(0, |it| it.size());
        let gas = vm.gas_consumed();
        Self { load: vm.current_load(), depth: vm.depth(), opcode: vm.opcode(), next: position + size, gas }
    }

    /// Whether the instruction threw an exception that was caught.
    fn threw(&self, execution: &Execution<'_>) -> bool {
        let vm = execution.vm();
        let Some(opcode) = self.opcode else { return false };
        let is_next = vm.current_load() == self.load && vm.position() == Some(self.next) && vm.depth() == self.depth;
        match opcode {
            OpCode::THROW => true,
            OpCode::SYSCALL | OpCode::CALLT => !is_next && vm.depth() <= self.depth,
            // They go on elsewhere.
            OpCode::RET | OpCode::CALL | OpCode::CALL_L | OpCode::CALLA => false,
            OpCode::TRY | OpCode::TRY_L | OpCode::ENDTRY | OpCode::ENDTRY_L | OpCode::ENDFINALLY => false,
            _ if (OpCode::JMP..=OpCode::JMPLE_L).contains(&opcode) => false,
            _ => !is_next,
        }
    }
}

impl Monitor {
    pub(super) fn new(breakpoints: &[Breakpoint], execution: &Execution<'_>, scripts: &Scripts) -> Self {
        let enabled = breakpoints.iter().filter(|breakpoint| breakpoint.is_enabled);
        let conditions: Vec<_> = enabled.map(|breakpoint| (breakpoint.id, breakpoint.condition.clone())).collect();
        let has_places = conditions.iter().any(|(_, condition)| condition.is_place());
        let mut monitor = Self {
            conditions,
            places: HashMap::new(),
            entries: HashMap::new(),
            slots: HashMap::new(),
            has_places,
            last: Last::of(execution),
        };
        for (id, condition) in &monitor.conditions {
            match condition {
                Condition::Storage(key) => drop(monitor.entries.insert(*id, value(execution, key))),
                Condition::Slot(watched) => {
                    watched.value(execution, scripts).map(|value| monitor.slots.insert(*id, value));
                }
                _ => {}
            }
        }
        monitor
    }

    /// Returns what was hit once an instruction ran.
    pub(super) fn look(&mut self, execution: &Execution<'_>, ended: Option<&Outcome>, scripts: &mut Scripts) -> Seen {
        if self.conditions.is_empty() {
            return Seen::default();
        }
        let thrown = self.thrown(execution, ended);
        let mut hits = Vec::new();
        if ended.is_none() {
            self.look_at_place(execution, scripts, &mut hits);
            self.look_at_next(execution, &mut hits);
        }
        self.look_at_values(execution, scripts, &mut hits);
        self.last = Last::of(execution);
        Seen { hits: self.hits(hits), thrown: self.hits(thrown) }
    }

    fn hits(&self, found: Found) -> Vec<Hit> {
        let hit = |(id, what)| {
            let (_, condition) = self.conditions.iter().find(|(known, _)| *known == id)?;
            Some(Hit { id, condition: condition.clone(), what })
        };
        found.into_iter().filter_map(hit).collect()
    }

    fn thrown(&self, execution: &Execution<'_>, ended: Option<&Outcome>) -> Found {
        let is_fault = matches!(ended, Some(Outcome::Fault(_)));
        let waits = |condition: &Condition| match condition {
            Condition::Exception => true,
            Condition::Fault => is_fault,
            _ => false,
        };
        let ids: Vec<u32> = self.conditions.iter().filter(|(_, it)| waits(it)).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let vm = execution.vm();
        let what = match ended {
            Some(Outcome::Fault(fault)) => format!("fault: {}", show::one_line(&fault.kind.to_string())),
            None if self.last.threw(execution) => {
                let exception = vm.pending_exception().or(vm.peek(0).ok());
                format!("exception: {}", exception.map(show::item).unwrap_or_default())
            }
            _ => return Vec::new(),
        };
        ids.into_iter().map(|id| (id, Some(what.clone()))).collect()
    }

    fn look_at_place(&mut self, execution: &Execution<'_>, scripts: &mut Scripts, hits: &mut Found) {
        let position = execution.vm().position();
        let Some((place, position)) = scripts.current(execution).zip(position).filter(|_| self.has_places) else {
            return;
        };
        let conditions = &self.conditions;
        let places = self.places.entry(place).or_insert_with(|| {
            let mut places: HashMap<usize, Vec<u32>> = HashMap::new();
            for (id, condition) in conditions {
                let positions = condition.positions(scripts.get(place));
                positions.into_iter().for_each(|position| places.entry(position).or_default().push(*id));
            }
            places
        });
        let found = places.get(&position).into_iter().flatten();
        hits.extend(found.map(|id| (*id, None)));
    }

    fn look_at_next(&self, execution: &Execution<'_>, hits: &mut Found) {
        let vm = execution.vm();
        for (id, condition) in &self.conditions {
            let is_hit = match condition {
                Condition::OpCode(opcode) => vm.opcode() == Some(*opcode),
                Condition::Syscall(wanted) => {
                    vm.opcode() == Some(OpCode::SYSCALL) && syscall(execution) == Some(*wanted)
                }
                Condition::Gas(limit) => self.last.gas <= *limit && vm.gas_consumed() > *limit,
                _ => false,
            };
            if is_hit {
                let gas = || format!("{} GAS consumed", vm.gas_consumed());
                hits.push((*id, matches!(condition, Condition::Gas(_)).then(gas)));
            }
        }
    }

    /// Looks at what is watched, if the instruction that ran may have changed it.
    fn look_at_values(&mut self, execution: &Execution<'_>, scripts: &Scripts, hits: &mut Found) {
        let may_store = matches!(self.last.opcode, Some(OpCode::SYSCALL | OpCode::CALLT))
            || execution.vm().current_load() != self.last.load;
        let may_assign = self.last.opcode.is_some_and(assigns) || execution.vm().depth() != self.last.depth;
        for (id, condition) in &self.conditions {
            match condition {
                Condition::Storage(key) if may_store => {
                    let new = value(execution, key);
                    let old = self.entries.insert(*id, new.clone()).flatten();
                    if old != new {
                        let show =
                            |value: Option<Value>| value.map_or("nothing".into(), |it| show::item(&(&it[..]).into()));
                        hits.push((*id, Some(format!("{} -> {}", show(old), show(new)))));
                    }
                }
                Condition::Slot(watched) if may_assign => {
                    let Some(new) = watched.value(execution, scripts) else { continue };
                    if let Some(old) = self.slots.insert(*id, new.clone())
                        && old != new
                    {
                        hits.push((*id, Some(format!("{} = {} -> {}", watched.name, old.0, new.0))));
                    }
                }
                _ => {}
            }
        }
    }
}

/// The id of the system call that is the next instruction.
fn syscall(execution: &Execution<'_>) -> Option<u32> {
    let vm = execution.vm();
    let instruction = vm.script()?.instruction(vm.position()?).ok()?;
    Some(u32::from_le_bytes(instruction.operand.try_into().ok()?))
}

/// The value of an entry. What cannot be read is not there.
fn value(execution: &Execution<'_>, key: &Key) -> Option<Value> {
    execution.value(key).ok().flatten()
}

/// Whether an instruction may change a slot, or something that is in one.
fn assigns(opcode: OpCode) -> bool {
    let is_slot = (OpCode::INITSSLOT..=OpCode::STARG).contains(&opcode);
    is_slot
        || (OpCode::MEMCPY..=OpCode::MEMCPY).contains(&opcode)
        || (OpCode::PACKMAP..=OpCode::POPITEM).contains(&opcode)
}

impl Watched {
    /// The value, if it is there now.
    fn value(&self, execution: &Execution<'_>, scripts: &Scripts) -> Option<Shown> {
        let vm = execution.vm();
        let running = execution.running_scripts();
        let place = match self.depth {
            Some(depth) => vm.depth().checked_sub(depth).filter(|place| *place < running.len())?,
            None => running.iter().position(|script| script.hash == self.script)?,
        };
        if running[place].hash != self.script {
            return None;
        }
        let contexts = vm.contexts();
        let context = contexts.get(place)?;
        if self.depth.is_some() {
            let script = scripts.get(scripts.known(&context.script, self.script)?);
            let position = if place == 0 { context.position } else { context.position.saturating_sub(1) };
            if view::function_start(script, position) != self.function {
                return None;
            }
        }
        let slots = view::slots(context, self.kind);
        let item = slots.get(self.index)?;
        Some((show::item(item), digest(item)))
    }
}
