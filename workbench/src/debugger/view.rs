//! What is shown of an execution: the contexts, where they stand, and what they hold.

use neovm::{ContextView, Hash160, OpCode, Script, StackItem};

use super::{ConditionError, Debugger, Watched};
use crate::{debug_info, scripts::RunningScript};

/// A context on the invocation stack.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// The name of the contract, or what the script is called.
    pub contract: String,
    /// The hash of the contract or script.
    pub hash: Hash160,
    /// The name of the function; empty for a script that is no contract.
    pub function: String,
    /// The position of the next instruction in bytes; of a caller, that of the call.
    pub position: usize,
    /// The place in the source, if debug information tells.
    pub line: Option<Line>,
    /// The stack and the slots.
    pub context: ContextView,
    /// The place of the script, see [`Scripts::get`](crate::Scripts::get).
    pub script: usize,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The path of the document, as the compiler wrote it.
    pub document: String,
    /// The number of the document.
    pub number: usize,
    /// Where it begins: line and column, counted from 1.
    pub start: (u32, u32),
    /// Where it ends.
    pub end: (u32, u32),
}

/// A kind of slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// The arguments of a function.
    Argument,
    /// Its local variables.
    Local,
    /// The static fields of a contract.
    Static,
}

impl SlotKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Argument, Self::Local, Self::Static];

    /// The word for it, which with a number stands for a variable without a name: `arg0`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Argument => "arg",
            Self::Local => "local",
            Self::Static => "static",
        }
    }
}

/// A variable with its value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Variable {
    /// What it is called: by debug information or manifest, or else by its slot.
    pub name: String,
    /// The type by debug information or manifest.
    pub type_name: Option<String>,
    /// The kind of slot.
    pub kind: SlotKind,
    /// The number of the slot.
    pub index: usize,
    /// The value. Compounds are those of the machine.
    pub value: StackItem,
}

/// The slots of a kind.
pub(super) fn slots(context: &ContextView, kind: SlotKind) -> &[StackItem] {
    match kind {
        SlotKind::Argument => &context.arguments,
        SlotKind::Local => &context.locals,
        SlotKind::Static => &context.statics,
    }
}

/// Returns whether the instruction at a position is a call behind which another position
/// lies: that is where the caller goes on.
pub fn is_call_before(script: &Script, call: usize, position: usize) -> bool {
    let calls =
        |opcode| matches!(opcode, OpCode::CALL | OpCode::CALL_L | OpCode::CALLA | OpCode::CALLT | OpCode::SYSCALL);
    script.instruction(call).is_ok_and(|it| calls(it.opcode) && call + it.size() == position)
}

/// The position of the call that a context waits for. There is none if it has not run
/// yet, as a method while `_initialize` runs.
fn call_before(script: &RunningScript, position: usize) -> Option<usize> {
    let starts = script.starts();
    let before = starts.partition_point(|start| *start < position).checked_sub(1)?;
    Some(starts[before]).filter(|call| is_call_before(&script.script, *call, position))
}

/// Where the function begins that holds a position.
pub(super) fn function_start(script: &RunningScript, position: usize) -> usize {
    let known = script.debug.as_ref().and_then(|info| info.method_at(position)).map(|method| *method.range.start());
    known.or_else(|| script.functions.at(position).map(|(start, _)| start)).unwrap_or(0)
}

impl Debugger<'_> {
    /// The contexts on the invocation stack, the current one first. Those of an execution
    /// that faulted are still there.
    pub fn frames(&self) -> Vec<Frame> {
        let contexts = self.execution.vm().contexts();
        let running = self.execution.running_scripts();
        let frame = |(depth, (context, running)): (usize, (ContextView, neovm::host::RunningScript))| {
            let place = self.scripts.known(&context.script, running.hash)?;
            let script = self.scripts.get(place);
            let call = (depth > 0).then(|| call_before(script, context.position)).flatten();
            let position = call.unwrap_or(context.position);
            Some(Frame {
                contract: script.name.clone(),
                hash: running.hash,
                function: script.function_name(function_start(script, position)),
                line: line(script, position),
                position,
                context,
                script: place,
            })
        };
        contexts.into_iter().zip(running).enumerate().filter_map(frame).collect()
    }

    /// The variables of a kind in a frame.
    pub fn variables(&self, frame: &Frame, kind: SlotKind) -> Vec<Variable> {
        let names = self.names(frame, kind);
        let items = slots(&frame.context, kind);
        let variable = |(index, value): (usize, &StackItem)| {
            let known = names.iter().find(|(slot, ..)| *slot == index);
            let name = known.map_or_else(|| format!("{}{index}", kind.word()), |(_, name, _)| name.clone());
            Variable { name, type_name: known.map(|(.., it)| it.clone()), kind, index, value: value.clone() }
        };
        items.iter().enumerate().map(variable).collect()
    }

    /// What the slots of a kind are called: number, name and type.
    fn names(&self, frame: &Frame, kind: SlotKind) -> Vec<(usize, String, String)> {
        let script = self.scripts.get(frame.script);
        let of_debug = |variables: &[debug_info::Variable]| {
            let name = |it: &debug_info::Variable| (it.slot, it.name.escape_debug().to_string(), it.type_name.clone());
            variables.iter().map(name).collect::<Vec<_>>()
        };
        let function = script.debug.as_ref().and_then(|info| info.method_at(frame.position));
        match (kind, &script.debug, function) {
            (SlotKind::Static, Some(info), _) => of_debug(&info.statics),
            (SlotKind::Local, _, Some(function)) => of_debug(&function.locals),
            (SlotKind::Argument, _, Some(function)) => of_debug(&function.parameters),
            (SlotKind::Argument, ..) => {
                let method = script.functions.at(frame.position).and_then(|(_, method)| method);
                let parameters = method.map(|method| &method.parameters[..]).unwrap_or_default();
                let named = parameters.len() == frame.context.arguments.len();
                let name = |(i, it): (usize, &neovm::types::manifest::Parameter)| {
                    (i, it.name.escape_debug().to_string(), it.parameter_type.name().to_owned())
                };
                parameters.iter().filter(|_| named).enumerate().map(name).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Finds the variable with a name in a frame; `arg0`, `local0` and `static0` name slots.
    pub fn variable(&self, frame: &Frame, name: &str) -> Option<Variable> {
        // Of several with a name, the last one was declared last.
        let order = [SlotKind::Local, SlotKind::Argument, SlotKind::Static];
        let named = order
            .into_iter()
            .find_map(|kind| self.variables(frame, kind).into_iter().rev().find(|variable| variable.name == name));
        named.or_else(|| {
            let (kind, index) = order.into_iter().find_map(|kind| {
                let index = name.strip_prefix(kind.word())?.parse::<usize>().ok()?;
                Some((kind, index))
            })?;
            self.variables(frame, kind).into_iter().nth(index)
        })
    }

    /// What to watch for a variable of the current function.
    ///
    /// # Errors
    /// [`ConditionError`] if there is no such variable.
    pub fn watched(&self, name: &str) -> Result<Watched, ConditionError> {
        self.watched_in(0, name)
    }

    /// What to watch for a variable of a frame, counted from the current one.
    ///
    /// # Errors
    /// [`ConditionError`] if there is no such variable.
    pub fn watched_in(&self, number: usize, name: &str) -> Result<Watched, ConditionError> {
        let frames = self.frames();
        let found = frames.get(number).and_then(|frame| Some((frame, self.variable(frame, name)?)));
        let (frame, variable) = found.ok_or_else(|| ConditionError::Variable(name.into()))?;
        Ok(Watched {
            name: variable.name,
            kind: variable.kind,
            index: variable.index,
            script: frame.hash,
            function: function_start(self.scripts.get(frame.script), frame.position),
            depth: (variable.kind != SlotKind::Static).then_some(frames.len() - number),
        })
    }
}

fn line(script: &RunningScript, position: usize) -> Option<Line> {
    let info = script.debug.as_ref()?;
    let point = info.point_at(position)?;
    let document = info.documents.get(point.document)?.clone();
    Some(Line { document, number: point.document, start: point.start, end: point.end })
}
