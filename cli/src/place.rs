//! Where a run ended: the instruction with its operands and slots, and the calls
//! that led there.

use std::collections::BTreeMap;

use neovm::{
    ContextView, OpCode, Script, StackItem,
    types::{manifest::Method, opcode::Arity},
};

use crate::{input::Program, json::push, show, trace};

/// How many callers are shown at most.
const MAX_CALLERS: usize = 10;

/// How many items of a slot, or operands, are shown at most.
const MAX_ITEMS: usize = 16;

/// The functions of a program: the methods of its manifest, and whatever its
/// instructions call.
pub(crate) struct Functions<'a> {
    script: &'a Script,
    /// Where they start, in bytes.
    starts: BTreeMap<usize, Option<&'a Method>>,
}

impl<'a> Functions<'a> {
    pub(crate) fn of(program: &'a Program) -> Self {
        let script = &program.script;
        let called = script.instructions().filter_map(|(position, instruction)| {
            let instruction = instruction.ok()?;
            let is_call = matches!(instruction.opcode, OpCode::CALL | OpCode::CALL_L | OpCode::PUSHA);
            let offset = instruction.offsets().0.filter(|_| is_call)?;
            Some((usize::try_from(position as i64 + i64::from(offset)).ok()?, None))
        });
        let mut starts: BTreeMap<usize, Option<&Method>> = called.collect();
        let methods = program.manifest().into_iter().flat_map(|manifest| &manifest.abi.methods);
        starts.extend(methods.map(|method| (method.offset as usize, Some(method))));
        Self { script, starts }
    }

    /// The start of the function that holds a position, and its method.
    fn at(&self, position: usize) -> Option<(usize, Option<&'a Method>)> {
        self.starts.range(..=position).next_back().map(|(start, method)| (*start, *method))
    }

    /// The name of the function at a position, with a comma before it.
    fn name(&self, script: &Script, position: usize) -> String {
        if script != self.script {
            return ", in another script".into();
        }
        match self.at(position) {
            Some((_, Some(method))) => format!(", in {}", method.name.escape_debug()),
            Some((start, None)) => format!(", in the function at byte {start}"),
            None => String::new(),
        }
    }

    /// Appends where the current context stands and what it holds.
    pub(crate) fn push_site(&self, out: &mut String, contexts: &[ContextView]) {
        let Some(current) = contexts.first() else { return };
        let ContextView { script, position, .. } = current;
        let text = trace::instruction(script, *position);
        line(out, "at", &format!("byte {position}, {text}{}", self.name(script, *position)));
        let operands = operands(current);
        if !operands.is_empty() {
            line(out, "operands", &items(operands, |_| None));
        }
        let method = if script == self.script { self.at(*position).and_then(|(_, method)| method) } else { None };
        let parameters = method.map(|method| &method.parameters[..]).unwrap_or_default();
        let named = parameters.len() == current.arguments.len();
        let name = |index: usize| named.then(|| parameters[index].name.escape_debug().to_string());
        push_slot(out, "arguments", &current.arguments, name);
        push_slot(out, "locals", &current.locals, |_| None);
        push_slot(out, "statics", &current.statics, |_| None);
        let callers = &contexts[1..];
        for (i, caller) in callers.iter().take(MAX_CALLERS).enumerate() {
            line(out, if i == 0 { "called from" } else { "" }, &self.caller(caller));
        }
        if callers.len() > MAX_CALLERS {
            line(out, "", &format!("and {} more", callers.len() - MAX_CALLERS));
        }
    }

    /// A caller: the instruction that called, or where it begins if it has not run
    /// yet, as a method while `_initialize` runs.
    fn caller(&self, caller: &ContextView) -> String {
        let ContextView { script, position, .. } = caller;
        let calls =
            |opcode| matches!(opcode, OpCode::CALL | OpCode::CALL_L | OpCode::CALLA | OpCode::CALLT | OpCode::SYSCALL);
        let call = script.instructions().find_map(|(start, instruction)| {
            let instruction = instruction.ok()?;
            (calls(instruction.opcode) && start + instruction.size() == *position).then_some(start)
        });
        match call {
            Some(start) => format!("byte {start}, {}{}", trace::instruction(script, start), self.name(script, start)),
            None => format!("byte {position}{}", self.name(script, *position)),
        }
    }
}

/// The operands of the next instruction, the last one on top of the stack; none if
/// their number depends on the stack, as it does for PACK.
fn operands(context: &ContextView) -> &[StackItem] {
    let count = match context.next.map(|opcode| opcode.info().pops) {
        Some(Arity::Exactly(count)) => usize::from(count),
        Some(Arity::Variable) | None => 0,
    };
    &context.stack[context.stack.len().saturating_sub(count)..]
}

fn push_slot(out: &mut String, what: &str, slot: &[StackItem], name: impl Fn(usize) -> Option<String>) {
    if !slot.is_empty() {
        line(out, what, &items(slot, name));
    }
}

/// Items separated by commas, with their names if they have names.
fn items(items: &[StackItem], name: impl Fn(usize) -> Option<String>) -> String {
    let mut text = String::new();
    for (i, item) in items.iter().take(MAX_ITEMS).enumerate() {
        text.push_str(if i > 0 { ", " } else { "" });
        name(i).iter().for_each(|name| push(&mut text, format_args!("{name} = ")));
        text.push_str(&show::item(item));
    }
    if items.len() > MAX_ITEMS {
        push(&mut text, format_args!(" and {} more", items.len() - MAX_ITEMS));
    }
    text
}

/// Appends a line of a report: its heading, and the text.
pub(crate) fn line(out: &mut String, what: &str, text: &str) {
    push(out, format_args!("{what:<14}{text}\n"));
}
