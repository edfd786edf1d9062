//! The call tree as text.

use std::fmt;

use neovm::{StackItem, storage::Value};

use super::{Argument, Call, CallTree, Change, Ended, Step};
use crate::show::{self, push};

/// A call tree as lines of text, see [`CallTree::text`].
#[derive(Debug)]
pub struct CallTreeText<'a> {
    tree: &'a CallTree,
    width: Option<usize>,
}

impl CallTree {
    /// Shows the calls as a tree: the gas of each in datoshi, with the calls that lie
    /// in it and without, the method, the arguments, and below that what it did. Lines
    /// are cut off after `width` characters.
    pub fn text(&self, width: Option<usize>) -> CallTreeText<'_> {
        CallTreeText { tree: self, width }
    }
}

impl fmt::Display for CallTreeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is still to be written, the last first: the lines before it, and the line or the call.
        let mut rest: Vec<(String, bool, Part<'_>)> = Vec::new();
        let roots = self.tree.calls.iter().enumerate().filter(|(_, call)| call.parent.is_none());
        rest.extend(roots.rev().map(|(place, _)| (String::new(), true, Part::Call(place))));
        while let Some((indent, is_last, part)) = rest.pop() {
            let is_root = matches!(part, Part::Call(place) if self.tree.calls[place].parent.is_none());
            let branch = match (is_root, is_last) {
                (true, _) => "",
                (false, true) => "└─ ",
                (false, false) => "├─ ",
            };
            let text = match part {
                Part::Call(place) => head(&self.tree.calls[place]),
                Part::Step(step) => step_text(step),
                Part::End(ended) => end_text(ended),
            };
            self.write_line(f, &format!("{indent}{branch}{text}"))?;
            if let Part::Call(place) = part {
                let below = match (is_root, is_last) {
                    (true, _) => indent,
                    (false, true) => indent + "   ",
                    (false, false) => indent + "│  ",
                };
                let call = &self.tree.calls[place];
                rest.push((below.clone(), true, Part::End(&call.ended)));
                let parts = call.steps.iter().rev().map(|step| match step {
                    Step::Call(place) => Part::Call(*place),
                    step => Part::Step(step),
                });
                rest.extend(parts.map(|part| (below.clone(), false, part)));
            }
        }
        match self.tree.omitted {
            0 => Ok(()),
            count => writeln!(f, "{} more, not recorded", show::count(count, "call or event")),
        }
    }
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Call(usize),
    Step(&'a Step),
    End(&'a Ended),
}

impl CallTreeText<'_> {
    fn write_line(&self, f: &mut fmt::Formatter<'_>, line: &str) -> fmt::Result {
        let cut = self.width.filter(|width| line.chars().count() > *width);
        match cut.and_then(|width| line.char_indices().nth(width.saturating_sub(3))) {
            Some((end, _)) => writeln!(f, "{}...", &line[..end]),
            None => writeln!(f, "{line}"),
        }
    }
}

fn head(call: &Call) -> String {
    let (total, own) = (call.total_gas.datoshi_ceil(), call.own_gas.datoshi_ceil());
    let mut text = if total == own { format!("[{total}] ") } else { format!("[{total}, own {own}] ") };
    text.push_str(&call.name);
    if let Some(method) = &call.method {
        push(&mut text, format_args!(".{}({})", method.escape_debug(), list(&call.arguments)));
    }
    text
}

fn list(arguments: &[Argument]) -> String {
    let one = |argument: &Argument| match argument.name.as_str() {
        "" => argument.value.clone(),
        name => format!("{name} = {}", argument.value),
    };
    arguments.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn step_text(step: &Step) -> String {
    match step {
        Step::Event(event) => format!("event {}({})", event.name.escape_debug(), list(&event.values)),
        Step::Log(message) => format!("log {message:?}"),
        Step::Change(change) => change_text(change),
        // Calls are shown with what is in them.
        Step::Call(_) => String::new(),
    }
}

fn change_text(change: &Change) -> String {
    let show = |value: &Value| show::item(&StackItem::from(&value[..]));
    let what = match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{} -> {}", show(old), show(new)),
        (None, Some(new)) => format!("added {}", show(new)),
        (Some(old), None) => format!("deleted {}", show(old)),
        (None, None) => String::new(),
    };
    format!("storage 0x{}: {what}", hex::encode(change.key.local()))
}

fn end_text(ended: &Ended) -> String {
    match ended {
        Ended::Open => "is not at its end".into(),
        Ended::Returned(values) if values.is_empty() => "returns".into(),
        Ended::Returned(values) => format!("returns {}", list(values)),
        Ended::Threw(text) => format!("throws {}", show::one_line(text)),
        Ended::Faulted(Some(text)) => format!("faults: {}", show::one_line(text)),
        Ended::Faulted(None) => "faults".into(),
    }
}
