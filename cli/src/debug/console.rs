//! The state of a session at the prompt, and how it answers.

use anyhow::{Result, anyhow, ensure};
use neovm::Outcome;
use neovm_workbench::debugger::{Debugger, Direction, Frame, Hit, Motion, Pause, SlotKind};

use super::{Target, commands, method_start};
use crate::{
    chain::Session,
    json::push,
    show,
    terminal::{BAD, GOOD, NOTE},
    trace,
};

/// A session at the prompt.
pub(super) struct Console<'a> {
    pub(super) debugger: Debugger<'a>,
    pub(super) target: &'a Target<'a>,
    pub(super) session: &'a Session<'a>,
    /// The frame that is looked at, counted from the current one.
    pub(super) selected: usize,
    /// Whether `quit` was typed.
    pub(super) is_done: bool,
    /// The command that an empty line repeats.
    repeated: Option<String>,
}

impl<'a> Console<'a> {
    pub(super) fn new(target: &'a Target<'a>, session: &'a Session<'a>, debugger: Debugger<'a>) -> Self {
        Self { debugger, target, session, selected: 0, is_done: false, repeated: None }
    }

    /// Carries out a line, and returns what is to be shown.
    pub(super) fn answer(&mut self, line: &str) -> Result<String> {
        let line = match line.trim() {
            "" => self.repeated.clone().unwrap_or_default(),
            line => line.to_owned(),
        };
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        // print/x value
        let (word, rest) = match word.split_once('/') {
            Some((word, format)) => (word, format!("/{format} {}", rest.trim())),
            None => (word, rest.trim().to_owned()),
        };
        if word.is_empty() || word.starts_with('#') {
            return Ok(String::new());
        }
        let command = commands::find(word)?;
        self.repeated = command.repeats.then(|| line.clone());
        (command.run)(self, &rest)
    }

    /// Goes to the first instruction of the method, from wherever it stands.
    pub(super) fn start(&mut self) -> Result<String> {
        self.debugger.go_to(0)?;
        let Some(start) = method_start(self.session, &self.debugger) else { return Ok(self.stopped(&Pause::Step)) };
        let pause = self.debugger.advance(start)?;
        Ok(self.stopped(&pause))
    }

    /// Goes on or back a number of times, and shows where that leads.
    pub(super) fn go(&mut self, motion: Motion, direction: Direction, times: &str) -> Result<String> {
        let mut pause = Pause::Step;
        for _ in 0..count(times)? {
            pause = self.debugger.go(motion, direction)?;
            if pause != Pause::Step {
                break;
            }
        }
        Ok(self.stopped(&pause))
    }

    pub(super) fn go_to(&mut self, time: u64) -> Result<String> {
        let pause = self.debugger.go_to(time)?;
        Ok(self.stopped(&pause))
    }

    /// Says why it stopped, and where.
    pub(super) fn stopped(&mut self, pause: &Pause) -> String {
        self.selected = 0;
        let mut out = String::new();
        match pause {
            Pause::Step => {}
            Pause::Beginning => out.push_str("at the beginning\n"),
            Pause::Breakpoint(hits) => hits.iter().for_each(|hit| push_hit(&mut out, hit)),
            Pause::Interrupted => push(&mut out, format_args!("{NOTE}interrupted{NOTE:#}\n")),
            Pause::Limit => push(&mut out, format_args!("{NOTE}stopped, as --max-instructions says{NOTE:#}\n")),
            Pause::Ended(outcome) => return self.ended(outcome),
            _ => push(&mut out, format_args!("{pause:?}\n")),
        }
        match self.debugger.ended() {
            Some(outcome) => out + &self.ended(outcome),
            None => out + &self.place(),
        }
    }

    /// How the execution ended.
    fn ended(&self, outcome: &Outcome) -> String {
        let vm = self.debugger.execution().vm();
        let cost = format!(
            "after {}, {} GAS",
            show::count(self.debugger.time(), "instruction"),
            show::gas(vm.gas_consumed().datoshi_ceil())
        );
        let Outcome::Fault(fault) = outcome else {
            let mut out = format!("{GOOD}halted{GOOD:#} {cost}\n");
            for (i, item) in vm.results().iter().rev().take(super::inspect::MAX_ROWS).enumerate() {
                push(&mut out, format_args!("result[{i}]  {}\n", show::item(item)));
            }
            return out;
        };
        let message = show::one_line(&fault.kind.to_string());
        format!("{BAD}faulted{BAD:#} {cost}: {message}\n{}", self.place())
    }

    /// Where it stands: the function, the source line, the instruction.
    pub(super) fn place(&self) -> String {
        let frames = self.debugger.frames();
        frames.get(self.selected).map_or_else(String::new, |frame| self.place_of(frame))
    }

    fn place_of(&self, frame: &Frame) -> String {
        let mut out = format!("in {}\n", title(frame));
        if let Some(line) = &frame.line
            && let Some(text) = self.source_line(line.number, line.start.0)
        {
            push(&mut out, format_args!("line {:>5}  {text}\n", line.start.0));
        }
        let instruction = trace::instruction(&frame.context.script, frame.position);
        push(&mut out, format_args!("byte {:>5}  {instruction}\n", frame.position));
        out
    }

    /// A line of a source, if it is found.
    pub(super) fn source_line(&self, document: usize, line: u32) -> Option<String> {
        let source = self.target.sources.get(document)?.as_ref()?;
        let text = source.text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
        Some(show::one_line(&text.replace('\t', "    ")))
    }

    /// The names that exist here: variables, methods, sources, contracts and what places
    /// begin with.
    pub(super) fn names(&self) -> Vec<String> {
        let words = ["opcode", "syscall", "storage", "exception", "fault", "gas", "stack[0]", "result[0]"];
        let mut names: Vec<String> = words.map(Into::into).into();
        if let Ok(frame) = self.frame() {
            let variables = SlotKind::ALL.into_iter().flat_map(|kind| self.debugger.variables(&frame, kind));
            names.extend(variables.map(|variable| variable.name));
        }
        for script in self.debugger.scripts().all() {
            names.push(script.name.clone());
            names.extend(script.functions.iter().filter_map(|(_, method)| Some(method?.name.clone())));
            names.extend(
                script.debug.iter().flat_map(|info| (0..info.documents.len()).map(|it| info.short_name(it) + ":")),
            );
        }
        // They come from contracts, and are shown as they are.
        names.retain(|name| !name.contains(char::is_control));
        names
    }

    /// The frame that is looked at.
    pub(super) fn frame(&self) -> Result<Frame> {
        let frame = self.debugger.frames().into_iter().nth(self.selected);
        frame.ok_or_else(|| anyhow!("nothing runs any more; `start`, `run` or `back` go to where something does"))
    }
}

/// What a frame is called: contract, function, line.
pub(super) fn title(frame: &Frame) -> String {
    let mut out = frame.contract.clone();
    if !frame.function.is_empty() {
        push(&mut out, format_args!(".{}", frame.function));
    }
    if let Some(line) = &frame.line {
        let name = line.document.rsplit(['/', '\\']).next().unwrap_or_default();
        push(&mut out, format_args!(", {}:{}", show::one_line(name), line.start.0));
    }
    out
}

fn push_hit(out: &mut String, hit: &Hit) {
    push(out, format_args!("{NOTE}breakpoint {}{NOTE:#}, {}", hit.id, show::one_line(&hit.condition.to_string())));
    match &hit.what {
        Some(what) => push(out, format_args!(": {what}\n")),
        None => out.push('\n'),
    }
}

/// How often something is to be done; once unless typed.
pub(super) fn count(text: &str) -> Result<u64> {
    let count = number(text, 1)?;
    ensure!(count > 0, "0 times is nothing to do");
    Ok(count)
}

/// A number that was typed, or another one if there is none.
pub(super) fn number(text: &str, otherwise: u64) -> Result<u64> {
    if text.is_empty() {
        return Ok(otherwise);
    }
    text.parse().map_err(|_| anyhow!("{text:?} is not a number"))
}
