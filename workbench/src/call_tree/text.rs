//! The call tree as text.

use std::fmt;

use anstyle::Style;
use neovm::{StackItem, storage::Value};

use super::{Argument, Call, CallTree, Change, Ended, Step};
use crate::show::{self, push};

/// A call tree as lines of text, see [`CallTree::text`].
#[derive(Debug)]
pub struct CallTreeText<'a> {
    tree: &'a CallTree,
    width: Option<usize>,
    colours: CallTreeColours,
}

/// The colours of a call tree; none unless given.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallTreeColours {
    /// Of what is less important: the gas, and the lines that join calls.
    pub dim: Style,
    /// Of contracts and methods.
    pub call: Style,
    /// Of events and logs.
    pub event: Style,
    /// Of changes of the storage.
    pub storage: Style,
    /// Of calls that returned.
    pub good: Style,
    /// Of calls that threw or faulted.
    pub bad: Style,
}

/// A part of a line in one colour.
type Piece = (Style, String);

impl CallTree {
    /// Shows the calls as a tree: the gas of each in datoshi, with the calls that lie
    /// in it and without, the method, the arguments, and below that what it did. Lines
    /// are cut off after `width` characters.
    pub fn text(&self, width: Option<usize>) -> CallTreeText<'_> {
        CallTreeText { tree: self, width, colours: CallTreeColours::default() }
    }
}

impl CallTreeText<'_> {
    /// Shows it in colours, as terminals understand them.
    #[must_use]
    pub fn coloured(self, colours: CallTreeColours) -> Self {
        Self { colours, ..self }
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
            let pieces = match part {
                Part::Call(place) => self.colours.head(&self.tree.calls[place]),
                Part::Step(step) => self.colours.step(step),
                Part::End(ended) => self.colours.end(ended),
            };
            let joint = (self.colours.dim, format!("{indent}{branch}"));
            self.write_line(f, [joint].into_iter().chain(pieces))?;
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
    /// Writes a line, as much of it as fits.
    fn write_line(&self, f: &mut fmt::Formatter<'_>, pieces: impl Iterator<Item = Piece>) -> fmt::Result {
        let pieces: Vec<Piece> = pieces.filter(|(_, text)| !text.is_empty()).collect();
        let length: usize = pieces.iter().map(|(_, text)| text.chars().count()).sum();
        let cut = self.width.filter(|width| length > *width);
        let mut left = cut.map_or(length, |width| width.saturating_sub(3));
        for (style, text) in &pieces {
            let end = text.char_indices().nth(left).map_or(text.len(), |(end, _)| end);
            if end > 0 {
                write!(f, "{style}{}{style:#}", &text[..end])?;
            }
            left = left.saturating_sub(text.chars().count());
        }
        writeln!(f, "{}", if cut.is_some() { "..." } else { "" })
    }
}

impl CallTreeColours {
    fn head(&self, call: &Call) -> Vec<Piece> {
        let (total, own) = (call.total_gas.datoshi_ceil(), call.own_gas.datoshi_ceil());
        let gas = if total == own { format!("[{total}] ") } else { format!("[{total}, own {own}] ") };
        let (mut name, mut arguments) = (call.name.clone(), String::new());
        if let Some(method) = &call.method {
            push(&mut name, format_args!(".{}", method.escape_debug()));
            push(&mut arguments, format_args!("({})", list(&call.arguments)));
        }
        vec![(self.dim, gas), (self.call, name), plain(arguments)]
    }

    fn step(&self, step: &Step) -> Vec<Piece> {
        match step {
            Step::Event(event) => {
                let name = format!("event {}", event.name.escape_debug());
                vec![(self.event, name), plain(format!("({})", list(&event.values)))]
            }
            Step::Log(message) => vec![(self.event, "log".into()), plain(format!(" {message:?}"))],
            Step::Change(change) => {
                let entry = format!("storage 0x{}", hex::encode(change.key.local()));
                vec![(self.storage, entry), plain(format!(": {}", change_text(change)))]
            }
            // Calls are shown with what is in them.
            Step::Call(_) => Vec::new(),
        }
    }

    fn end(&self, ended: &Ended) -> Vec<Piece> {
        match ended {
            Ended::Open => vec![plain("is not at its end".into())],
            Ended::Returned(values) if values.is_empty() => vec![(self.good, "returns".into())],
            Ended::Returned(values) => vec![(self.good, "returns".into()), plain(format!(" {}", list(values)))],
            Ended::Threw(text) => vec![(self.bad, "throws".into()), plain(format!(" {}", show::one_line(text)))],
            Ended::Faulted(Some(text)) => {
                vec![(self.bad, "faults".into()), plain(format!(": {}", show::one_line(text)))]
            }
            Ended::Faulted(None) => vec![(self.bad, "faults".into())],
        }
    }
}

/// A part of a line without colour.
fn plain(text: String) -> Piece {
    (Style::new(), text)
}

fn list(arguments: &[Argument]) -> String {
    let one = |argument: &Argument| match argument.name.as_str() {
        "" => argument.value.clone(),
        name => format!("{name} = {}", argument.value),
    };
    arguments.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn change_text(change: &Change) -> String {
    let show = |value: &Value| show::item(&StackItem::from(&value[..]));
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{} -> {}", show(old), show(new)),
        (None, Some(new)) => format!("added {}", show(new)),
        (Some(old), None) => format!("deleted {}", show(old)),
        (None, None) => String::new(),
    }
}
