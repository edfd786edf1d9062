//! What a client shows: the stack, scopes, variables, sources, instructions.

use anyhow::{Context, Result};
use neovm::{StackItem, storage::Key};
use neovm_workbench::{
    RunningScript,
    debugger::{Frame, SlotKind},
};
use serde_json::{Value, json};

use super::{
    arguments::{Disassemble, Evaluate, Scopes, SourceRequest, StackTrace, Variables},
    session::Adapter,
};
use crate::{
    debug::{commands, console::title, inspect::value_of_type},
    show, trace,
};

/// How many variables are told of at most, unless a client asks for a number of them.
const MAX_VARIABLES: usize = 1000;

/// How many instructions are told of at most.
const MAX_INSTRUCTIONS: usize = 10_000;

/// Positions are below this: an address is the number of a script, from 1, and a position.
const SCRIPT_SIZE: u64 = 1 << 24;

/// The frame that stands for an execution that has ended.
const ENDED: usize = usize::MAX >> 12;

/// What a reference stands for.
#[derive(Clone)]
pub(super) enum Shown {
    Slots(usize, SlotKind),
    Stack(usize),
    /// The storage of the contract with an id.
    Storage(i32),
    Events,
    Results,
    Item(StackItem),
}

impl Adapter<'_, '_> {
    fn frame(&self, id: usize) -> Result<Frame> {
        let frame = self.console.debugger.frames().into_iter().nth(id);
        frame.with_context(|| format!("there is no frame {id}"))
    }

    pub(super) fn stack_trace(&self, arguments: &StackTrace) -> Value {
        let frames = self.console.debugger.frames();
        if frames.is_empty() {
            let ended = json!({"id": ENDED, "name": "the execution has ended", "line": 0, "column": 0, "presentationHint": "label"});
            return json!({"stackFrames": [ended], "totalFrames": 1});
        }
        let levels = if arguments.levels == 0 { usize::MAX } else { arguments.levels };
        let shown = frames.iter().enumerate().skip(arguments.start_frame).take(levels);
        let shown: Vec<Value> = shown.map(|(id, frame)| self.stack_frame(id, frame)).collect();
        json!({"stackFrames": shown, "totalFrames": frames.len()})
    }

    fn stack_frame(&self, id: usize, frame: &Frame) -> Value {
        let mut told = json!({
            "id": id,
            "name": title(frame),
            "instructionPointerReference": address(frame.script, frame.position),
        });
        match &frame.line {
            Some(line) => {
                let found = self.console.target.sources.get(line.number).and_then(Option::as_ref);
                let path = found.map_or_else(|| line.document.clone(), |source| source.path.display().to_string());
                let name = line.document.rsplit(['/', '\\']).next().unwrap_or_default();
                told["source"] = json!({"name": name, "path": path});
                told["line"] = self.counting.line(line.start.0).into();
                told["column"] = self.counting.column(line.start.1).into();
                told["endLine"] = self.counting.line(line.end.0).into();
                told["endColumn"] = self.counting.column(line.end.1).into();
            }
            None => {
                let script = self.console.debugger.scripts().get(frame.script);
                let line = script.starts().partition_point(|start| *start < frame.position) + 1;
                let name = format!("{} (instructions)", script.name);
                told["source"] = json!({"name": name, "sourceReference": frame.script + 1});
                told["line"] = self.counting.line(u32::try_from(line).unwrap_or(u32::MAX)).into();
                told["column"] = self.counting.column(1).into();
            }
        }
        told
    }

    fn refer(&mut self, shown: Shown) -> usize {
        self.shown.push(shown);
        self.shown.len()
    }

    pub(super) fn scopes(&mut self, arguments: &Scopes) -> Result<Value> {
        let mut scopes = Vec::new();
        let id = arguments.frame_id;
        let mut add = |adapter: &mut Self, name: &str, shown: Shown, is_expensive: bool| {
            let reference = adapter.refer(shown);
            scopes.push(json!({"name": name, "variablesReference": reference, "expensive": is_expensive}));
        };
        if id == ENDED {
            add(self, "Results", Shown::Results, false);
        } else {
            let frame = self.frame(id)?;
            let names =
                [("Arguments", SlotKind::Argument), ("Locals", SlotKind::Local), ("Static fields", SlotKind::Static)];
            for (name, kind) in names {
                if !self.console.debugger.variables(&frame, kind).is_empty() {
                    add(self, name, Shown::Slots(id, kind), false);
                }
            }
            add(self, "Evaluation stack", Shown::Stack(id), false);
            let contract = self.console.debugger.scripts().get(frame.script).contract.clone();
            if let Some(contract) = contract {
                add(self, "Storage", Shown::Storage(contract.state().id), true);
            }
        }
        add(self, "Events", Shown::Events, true);
        Ok(json!({"scopes": scopes}))
    }

    pub(super) fn variables(&mut self, arguments: &Variables) -> Result<Value> {
        let Variables { variables_reference: reference, start, count } = *arguments;
        let shown = reference.checked_sub(1).and_then(|place| self.shown.get(place)).cloned();
        let shown = shown.with_context(|| format!("there is no reference {reference}: it has run since"))?;
        let count = if count == 0 { MAX_VARIABLES } else { count.min(MAX_VARIABLES) };
        let items: Vec<(String, StackItem, Option<String>)> = self.items(&shown)?;
        let items = items.into_iter().skip(start).take(count);
        let told: Vec<Value> = items.map(|(name, item, kind)| self.variable(&name, &item, kind)).collect();
        Ok(json!({"variables": told}))
    }

    /// What is in something: names, values and types, as far as these are known.
    fn items(&self, shown: &Shown) -> Result<Vec<(String, StackItem, Option<String>)>> {
        let numbered = |items: Vec<StackItem>, name: &str| {
            items.into_iter().enumerate().map(|(i, item)| (format!("{name}[{i}]"), item, None)).collect()
        };
        let execution = self.console.debugger.execution();
        Ok(match shown {
            Shown::Slots(frame, kind) => {
                let variables = self.console.debugger.variables(&self.frame(*frame)?, *kind);
                variables.into_iter().map(|it| (it.name, it.value, it.type_name)).collect()
            }
            Shown::Stack(frame) => numbered(self.frame(*frame)?.context.stack.into_iter().rev().collect(), "stack"),
            Shown::Results => numbered(execution.vm().results().iter().rev().cloned().collect(), "result"),
            Shown::Storage(id) => {
                let entries = execution.entries(&Key::new(*id, &[]))?.into_iter();
                let entry = |(key, value): (Key, neovm::storage::Value)| {
                    (show::item(&key.local().into()), StackItem::from(&value[..]), None)
                };
                entries.map(entry).collect()
            }
            Shown::Events => {
                let events = execution.notifications().iter();
                events.map(|event| (show::one_line(&event.event), event.state.clone(), None)).collect()
            }
            Shown::Item(item) => children(item),
        })
    }

    fn variable(&mut self, name: &str, item: &StackItem, kind: Option<String>) -> Value {
        let value = value_of_type(item, kind.as_deref());
        let kind = kind.unwrap_or_else(|| item.item_type().name().into());
        let count = item.child_count();
        let reference = if count > 0 { self.refer(Shown::Item(item.clone())) } else { 0 };
        let mut told = json!({"name": name, "value": value, "type": kind, "variablesReference": reference});
        match item {
            StackItem::Array(_) | StackItem::Struct(_) => told["indexedVariables"] = count.into(),
            _ => {}
        }
        told
    }

    pub(super) fn evaluate(&mut self, arguments: &Evaluate) -> Result<Value> {
        let frames = self.console.debugger.frames();
        let number = arguments.frame_id.filter(|id| *id != ENDED).unwrap_or(0);
        let debugger = &self.console.debugger;
        let variable = frames.get(number).and_then(|frame| debugger.variable(frame, arguments.expression.trim()));
        match debugger.evaluate(frames.get(number), &arguments.expression) {
            Ok(item) => {
                let mut told = self.variable("", &item, variable.and_then(|variable| variable.type_name));
                told["result"] = told["value"].take();
                Ok(told)
            }
            Err(error) => {
                // In its console, a client can use the commands that show something.
                // `print/x` is `print` with a format.
                let word =
                    arguments.expression.split([' ', '\t', '/']).find(|word| !word.is_empty()).unwrap_or_default();
                let is_command = arguments.context == "repl" && commands::only_shows(word);
                if !is_command {
                    return Err(error.into());
                }
                self.console.selected = number;
                let text = anstream::adapter::strip_str(&self.console.answer(&arguments.expression)?).to_string();
                Ok(json!({"result": text.trim_end(), "variablesReference": 0}))
            }
        }
    }

    fn script(&self, reference: usize) -> Result<&RunningScript> {
        let script = reference.checked_sub(1).and_then(|place| self.console.debugger.scripts().all().get(place));
        script.with_context(|| format!("there is no source {reference}"))
    }

    pub(super) fn source(&self, arguments: &SourceRequest) -> Result<Value> {
        let reference = arguments.source.source_reference.unwrap_or(arguments.source_reference);
        let script = self.script(reference)?;
        let line = |position: &usize| format!("{position:>6}  {}\n", trace::instruction(&script.script, *position));
        let listing: String = script.starts().iter().chain([&script.script.len()]).map(line).collect();
        Ok(json!({"content": listing}))
    }

    /// The place of a script, and a position in it, that an address stands for.
    pub(super) fn located(&self, reference: &str, offset: i64) -> Result<(usize, usize)> {
        let number = reference.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let number = number.and_then(|number| number.checked_add_signed(offset));
        let number = number.with_context(|| format!("{reference:?} with {offset} is no address"))?;
        let place = usize::try_from(number / SCRIPT_SIZE)?;
        self.script(place)?;
        Ok((place - 1, usize::try_from(number % SCRIPT_SIZE)?))
    }

    pub(super) fn disassemble(&self, arguments: &Disassemble) -> Result<Value> {
        let (place, position) = self.located(&arguments.memory_reference, arguments.offset)?;
        let script = self.console.debugger.scripts().get(place);
        let (script, positions) = (&script.script, script.starts());
        let begin = positions.partition_point(|known| *known < position) as i64;
        let begin = begin.saturating_add(arguments.instruction_offset);
        let count = arguments.instruction_count.min(MAX_INSTRUCTIONS) as i64;
        let instruction = |place_of: i64| {
            let position = usize::try_from(place_of).ok().and_then(|it| positions.get(it).copied());
            match position {
                Some(position) => {
                    let end = script.instruction(position).map_or(position + 1, |it| position + it.size());
                    let bytes = hex::encode(&script.bytes()[position..end]);
                    json!({"address": address(place, position), "instructionBytes": bytes, "instruction": trace::instruction(script, position)})
                }
                // A client wants as many as it has asked for.
                None => {
                    json!({"address": address(place, SCRIPT_SIZE as usize - 1), "instruction": "", "presentationHint": "invalid"})
                }
            }
        };
        let told: Vec<Value> = (0..count).map(|i| instruction(begin.saturating_add(i))).collect();
        Ok(json!({"instructions": told}))
    }
}

/// The address of a position.
fn address(place: usize, position: usize) -> String {
    format!("{:#x}", (place as u64 + 1) * SCRIPT_SIZE + position as u64)
}

/// What an item holds.
fn children(item: &StackItem) -> Vec<(String, StackItem, Option<String>)> {
    match item {
        StackItem::Array(array) | StackItem::Struct(array) => {
            array.to_vec().into_iter().enumerate().map(|(i, item)| (format!("[{i}]"), item, None)).collect()
        }
        StackItem::Map(map) => {
            map.to_vec().into_iter().map(|(key, item)| (format!("[{}]", show::item(&key)), item, None)).collect()
        }
        _ => Vec::new(),
    }
}
