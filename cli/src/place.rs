//! Where a run ended: the instruction with its operands and slots, and the calls
//! that led there.

use std::rc::Rc;

use neovm::{
    ContextView, Script, StackItem,
    types::{manifest::Method, opcode::Arity},
};
use neovm_workbench::debugger::is_call_before;

use crate::{input::Program, json::push, show, trace};

/// How many callers are shown at most.
const MAX_CALLERS: usize = 10;

/// How many items of a slot, or operands, are shown at most.
const MAX_ITEMS: usize = 16;

/// A context of a run, and the functions of its script.
pub(crate) struct Site {
    pub(crate) view: ContextView,
    functions: Rc<Functions>,
}

/// The functions of a script, and whose it is.
pub(crate) struct Functions {
    /// What the script belongs to, unless it is the program that was given.
    of: Option<String>,
    functions: neovm_workbench::Functions,
}

impl Functions {
    pub(crate) fn new(script: &Script, methods: &[Method], of: Option<String>) -> Self {
        Self { of, functions: neovm_workbench::Functions::new(script, methods) }
    }

    /// The functions of the program that was given.
    pub(crate) fn of_program(program: &Program) -> Self {
        let methods = program.manifest().map(|manifest| &manifest.abi.methods[..]);
        Self::new(&program.script, methods.unwrap_or_default(), None)
    }

    /// The name of the function at a position, with a comma before it.
    fn name(&self, position: usize) -> String {
        let of = self.of.as_ref().map_or_else(String::new, |of| format!(" of {of}"));
        match (self.functions.at(position), &self.of) {
            (Some((_, Some(method))), _) => format!(", in {}{of}", method.name.escape_debug()),
            (Some((start, None)), _) => format!(", in the function at byte {start}{of}"),
            (None, Some(of)) => format!(", in {of}"),
            (None, None) => String::new(),
        }
    }
}

impl Site {
    pub(crate) fn new(view: ContextView, functions: Rc<Functions>) -> Self {
        Self { view, functions }
    }

    /// The contexts of a run without a chain.
    pub(crate) fn of_program(program: &Program, contexts: Vec<ContextView>) -> Vec<Self> {
        let own = Rc::new(Functions::of_program(program));
        let site = |view: ContextView| {
            if view.script == program.script {
                return Self::new(view, Rc::clone(&own));
            }
            let functions = Functions::new(&view.script, &[], Some("another script".into()));
            Self::new(view, functions.into())
        };
        contexts.into_iter().map(site).collect()
    }

    /// The caller: the instruction that called, or where it begins if it has not
    /// run yet, as a method while `_initialize` runs.
    fn caller(&self) -> String {
        let ContextView { script, position, .. } = &self.view;
        let starts = script.instructions().map(|(start, _)| start);
        match starts.into_iter().find(|start| is_call_before(script, *start, *position)) {
            Some(start) => format!("byte {start}, {}{}", trace::instruction(script, start), self.functions.name(start)),
            None => format!("byte {position}{}", self.functions.name(*position)),
        }
    }
}

/// Appends where the current context stands and what it holds.
pub(crate) fn push_sites(out: &mut String, sites: &[Site]) {
    let Some(Site { view: current, functions }) = sites.first() else { return };
    let ContextView { script, position, .. } = current;
    let text = trace::instruction(script, *position);
    line(out, "at", &format!("byte {position}, {text}{}", functions.name(*position)));
    let operands = operands(current);
    if !operands.is_empty() {
        line(out, "operands", &items(operands, |_| None));
    }
    let method = functions.functions.at(*position).and_then(|(_, method)| method);
    let parameters = method.map(|method| &method.parameters[..]).unwrap_or_default();
    let named = parameters.len() == current.arguments.len();
    let name = |index: usize| named.then(|| parameters[index].name.escape_debug().to_string());
    push_slot(out, "arguments", &current.arguments, name);
    push_slot(out, "locals", &current.locals, |_| None);
    push_slot(out, "statics", &current.statics, |_| None);
    let callers = &sites[1..];
    for (i, caller) in callers.iter().take(MAX_CALLERS).enumerate() {
        line(out, if i == 0 { "called from" } else { "" }, &caller.caller());
    }
    if callers.len() > MAX_CALLERS {
        line(out, "", &format!("and {} more", callers.len() - MAX_CALLERS));
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
