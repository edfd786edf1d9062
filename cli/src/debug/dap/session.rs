//! A program that is debugged: the requests that run it.

use anyhow::{Result, anyhow};
use neovm::{Outcome, types::text::quoted};
use neovm_workbench::debugger::{Condition, Debugger, Direction, Motion, Pause};
use serde_json::{Value, json};

use super::{
    Counting,
    arguments::{Launch, Step},
    breakpoints::Groups,
    connection::{Connection, Incoming, Request},
    views::Shown,
};
use crate::{debug::console::Console, diff::values, show};

/// The only thread that there is.
const THREAD: u32 = 1;

/// A session with a client.
pub(super) struct Adapter<'c, 'a> {
    pub(super) connection: &'c mut Connection,
    pub(super) console: Console<'a>,
    pub(super) counting: Counting,
    pub(super) launch: Launch,
    pub(super) groups: Groups,
    /// What references of variables stand for, until it runs again.
    pub(super) shown: Vec<Shown>,
    /// How many notifications and logs the client was told of.
    told: (usize, usize),
    is_done: bool,
}

/// What is to be done once a request was answered.
pub(super) enum Then {
    Nothing,
    Begin,
    Go(Motion, Direction),
    End,
}

impl<'c, 'a> Adapter<'c, 'a> {
    pub(super) fn new(
        connection: &'c mut Connection,
        console: Console<'a>,
        counting: Counting,
        launch: Launch,
    ) -> Self {
        let (groups, shown) = (Groups::default(), Vec::new());
        Self { connection, console, counting, launch, groups, shown, told: (0, 0), is_done: false }
    }

    pub(super) fn debugger(&mut self) -> &mut Debugger<'a> {
        &mut self.console.debugger
    }

    /// Answers requests until the client disconnects.
    pub(super) fn serve(mut self) -> Result<()> {
        while !self.is_done {
            match self.connection.next() {
                Incoming::Request(request) => self.handle(&request)?,
                Incoming::Malformed(why) => self.connection.output("stderr", &format!("{why}\n"))?,
                Incoming::Closed(None) => break,
                Incoming::Closed(Some(why)) => return Err(anyhow!(why)),
            }
        }
        Ok(())
    }

    fn handle(&mut self, request: &Request) -> Result<()> {
        match self.answer(request) {
            Ok((body, then)) => {
                self.connection.respond(request, Ok(body))?;
                self.follow(&then)
            }
            Err(error) => self.connection.respond(request, Err(error)),
        }
    }

    fn answer(&mut self, request: &Request) -> Result<(Value, Then)> {
        use Direction::{Back, Forward};
        let body = match request.command.as_str() {
            "configurationDone" => return Ok((Value::Null, Then::Begin)),
            "continue" => return Ok((json!({"allThreadsContinued": true}), Then::Go(Motion::Continue, Forward))),
            "reverseContinue" => return Ok((Value::Null, Then::Go(Motion::Continue, Back))),
            "next" => return Self::step(request, [Motion::Over, Motion::LineOver], Forward),
            "stepIn" => return Self::step(request, [Motion::Into, Motion::LineInto], Forward),
            "stepBack" => return Self::step(request, [Motion::Into, Motion::LineOver], Back),
            "stepOut" => return Ok((Value::Null, Then::Go(Motion::Out, Forward))),
            "pause" => {
                // What ran has stopped by now; what does not run is not to stop later.
                self.debugger().interrupt().store(false, std::sync::atomic::Ordering::Relaxed);
                Value::Null
            }
            "disconnect" | "terminate" => return Ok((Value::Null, Then::End)),
            "threads" => json!({"threads": [{"id": THREAD, "name": "execution"}]}),
            "setBreakpoints" => self.set_breakpoints(request.arguments()?),
            "setFunctionBreakpoints" => self.set_function_breakpoints(request.arguments()?),
            "setInstructionBreakpoints" => self.set_instruction_breakpoints(request.arguments()?),
            "setExceptionBreakpoints" => self.set_exception_breakpoints(request.arguments()?)?,
            "stackTrace" => self.stack_trace(&request.arguments()?),
            "scopes" => self.scopes(&request.arguments()?)?,
            "variables" => self.variables(&request.arguments()?)?,
            "evaluate" => self.evaluate(&request.arguments()?)?,
            "source" => self.source(&request.arguments()?)?,
            "disassemble" => self.disassemble(&request.arguments()?)?,
            other => return Err(anyhow!("{} is not supported", quoted(other))),
        };
        Ok((body, Then::Nothing))
    }

    fn step(request: &Request, [instruction, line]: [Motion; 2], direction: Direction) -> Result<(Value, Then)> {
        let step: Step = request.arguments()?;
        let is_instruction = step.granularity.as_deref() == Some("instruction");
        Ok((Value::Null, Then::Go(if is_instruction { instruction } else { line }, direction)))
    }

    fn follow(&mut self, then: &Then) -> Result<()> {
        if !matches!(then, Then::Nothing) {
            self.shown.clear();
        }
        match then {
            Then::Nothing => Ok(()),
            Then::End => {
                self.is_done = true;
                Ok(())
            }
            Then::Begin if self.launch.no_debug => self.run_through(),
            Then::Begin if self.launch.stop_on_entry => {
                self.console.start()?;
                match self.debugger().ended().cloned() {
                    Some(outcome) => self.paused(&Pause::Ended(outcome), "entry"),
                    None => self.paused(&Pause::Step, "entry"),
                }
            }
            Then::Begin => self.go(Motion::Continue, Direction::Forward),
            Then::Go(motion, direction) => self.go(*motion, *direction),
        }
    }

    /// Runs to the end without stopping.
    fn run_through(&mut self) -> Result<()> {
        let ids: Vec<u32> = self.debugger().breakpoints().iter().map(|breakpoint| breakpoint.id).collect();
        for id in ids {
            self.debugger().enable_breakpoint(id, false);
        }
        self.launch.stop_on_end = false;
        self.go(Motion::Continue, Direction::Forward)
    }

    fn go(&mut self, motion: Motion, direction: Direction) -> Result<()> {
        let pause = self.debugger().go(motion, direction)?;
        self.paused(&pause, "step")
    }

    /// Tells the client that it stopped, and why.
    fn paused(&mut self, pause: &Pause, step: &str) -> Result<()> {
        self.tell_events()?;
        let (reason, text, ids) = match pause {
            Pause::Ended(outcome) => return self.ended(outcome),
            Pause::Breakpoint(hits) => {
                let is_exception = |condition: &Condition| matches!(condition, Condition::Exception | Condition::Fault);
                let reason =
                    if hits.iter().any(|hit| is_exception(&hit.condition)) { "exception" } else { "breakpoint" };
                let what: Vec<String> = hits.iter().filter_map(|hit| hit.what.clone()).collect();
                (reason, what.join("; "), hits.iter().map(|hit| hit.id).collect::<Vec<_>>())
            }
            Pause::Interrupted => ("pause", String::new(), Vec::new()),
            Pause::Limit => ("pause", "as many instructions ran as --max-instructions allows".into(), Vec::new()),
            Pause::Beginning => (step, "the beginning".into(), Vec::new()),
            _ => (step, String::new(), Vec::new()),
        };
        self.stopped(reason, &text, &ids)
    }

    fn stopped(&mut self, reason: &str, text: &str, ids: &[u32]) -> Result<()> {
        let mut body = json!({"reason": reason, "threadId": THREAD, "allThreadsStopped": true});
        if !text.is_empty() {
            body["description"] = text.into();
            body["text"] = text.into();
        }
        if !ids.is_empty() {
            body["hitBreakpointIds"] = ids.into();
        }
        self.connection.event("stopped", body)
    }

    fn ended(&mut self, outcome: &Outcome) -> Result<()> {
        let vm = self.console.debugger.execution().vm();
        let gas = show::gas(vm.gas_consumed().datoshi_ceil());
        let text = match outcome {
            Outcome::Fault(fault) => format!("faulted: {}", show::one_line(&fault.kind.to_string())),
            _ => {
                let results: Vec<String> = vm.results().iter().rev().map(show::item).collect();
                format!("halted with {}", if results.is_empty() { "nothing".into() } else { results.join(", ") })
            }
        };
        self.connection.output("console", &format!("{text}; {gas} GAS\n"))?;
        if self.launch.stop_on_end {
            return self.stopped("end", &text, &[]);
        }
        let code = if matches!(outcome, Outcome::Fault(_)) { 3 } else { 0 };
        self.connection.event("exited", json!({"exitCode": code}))?;
        self.connection.event("terminated", json!({}))
    }

    /// Shows events and logs that are new.
    fn tell_events(&mut self) -> Result<()> {
        let execution = self.console.debugger.execution();
        let (notifications, logs) = (execution.notifications(), execution.logs());
        let mut out = String::new();
        for event in notifications.iter().skip(self.told.0) {
            let contract = self.console.session.name(event.contract);
            out += &format!(
                "event {} of {contract}: {}\n",
                show::one_line(&event.event),
                values(self.console.session, event)
            );
        }
        for log in logs.iter().skip(self.told.1) {
            out += &format!("log of {}: {:?}\n", self.console.session.name(log.script_hash), log.message);
        }
        self.told = (notifications.len(), logs.len());
        if out.is_empty() { Ok(()) } else { self.connection.output("stdout", &out) }
    }
}
