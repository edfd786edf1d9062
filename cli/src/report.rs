//! The result of a run, for people and for programs.

use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use neovm::{
    FaultKind, Outcome, Script, StackItem, State, Stop, Vm,
    types::{
        manifest::{Method, ParameterType},
        syscalls::syscall_name,
    },
};

use crate::{
    interrupt,
    json::{push, push_results, push_text},
    place::{Site, line, push_sites},
    show,
    terminal::{self, BAD, GOOD, NOTE},
};

/// How many items of a stack are shown to people at most.
const MAX_ITEMS: usize = 20;

/// A run that ended or was stopped.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    state: State,
    gas: u128,
    instructions: u64,
    /// The result stack, or that of the current context if the run was stopped.
    stack: Vec<StackItem>,
}

impl Ended {
    pub(crate) fn new(vm: &Vm, outcome: Outcome) -> Self {
        let running = if matches!(outcome, Outcome::Stopped(_)) { vm.contexts() } else { Vec::new() };
        let stack = running.into_iter().next().map_or_else(|| vm.results().to_vec(), |current| current.stack);
        let gas = vm.gas_consumed().datoshi_ceil();
        Self { outcome, state: vm.state(), gas, instructions: vm.instructions(), stack }
    }

    /// What stopped the run, if it was stopped.
    pub(crate) fn stopped(&self) -> Option<String> {
        let Outcome::Stopped(stop) = &self.outcome else { return None };
        let count = show::count(self.instructions, "instruction");
        Some(match stop {
            Stop::Budget => format!("after {count}, as --max-instructions says"),
            Stop::Interrupted => format!("by Ctrl-C, after {count}"),
            other => format!("after {count}: {other:?}"),
        })
    }

    /// The exit code: 0 for HALT, 3 for FAULT; where the run was stopped 1, or
    /// 130 by Ctrl-C.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.outcome {
            Outcome::Halt => 0,
            Outcome::Fault(_) => 3,
            Outcome::Stopped(Stop::Interrupted) => interrupt::INTERRUPTED,
            _ => 1,
        }
    }

    /// The result in the form of the RPC calls `invokescript` and
    /// `invokefunction`, on a line, with the position of a fault beside it.
    /// `push_events` writes what comes before the stack.
    pub(crate) fn json(&self, script: &Script, push_events: impl FnOnce(&mut String)) -> String {
        let script = BASE64_STANDARD.encode(script.bytes());
        let Self { state, gas, .. } = self;
        let fault = if let Outcome::Fault(fault) = &self.outcome { Some(fault) } else { None };
        let mut out =
            format!("{{\"script\":\"{script}\",\"state\":\"{state}\",\"gasconsumed\":\"{gas}\",\"exception\":");
        push_text(&mut out, fault.map(|fault| fault.kind.to_string()).as_deref());
        let position = serde_json::Value::from(fault.and_then(|fault| fault.position));
        push(&mut out, format_args!(",\"fault_at\":{position}"));
        push_events(&mut out);
        out.push_str(",\"stack\":");
        push_results(&mut out, &self.stack);
        out.push_str("}\n");
        out
    }
}

/// What is shown to people.
pub(crate) struct Report<'a> {
    pub(crate) ended: &'a Ended,
    /// The contexts before the instruction that faulted, or as the run was stopped.
    pub(crate) sites: Vec<Site>,
    /// The method that was called.
    pub(crate) method: Option<&'a Method>,
    /// The system calls that there are.
    pub(crate) syscalls: Syscalls,
    /// Lines between the number of instructions and the stack.
    pub(crate) events: String,
}

/// Where system calls come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syscalls {
    None,
    Stub,
    Chain,
}

impl Report<'_> {
    /// Writes the report to standard output.
    pub(crate) fn write(&self) -> Result<()> {
        terminal::write(&self.text())
    }

    fn text(&self) -> String {
        let Ended { outcome, state, gas, instructions, stack } = self.ended;
        let mut out = String::new();
        let colour = match outcome {
            Outcome::Halt => GOOD,
            Outcome::Fault(_) => BAD,
            _ => NOTE,
        };
        line(&mut out, "state", &format!("{colour}{state}{colour:#}"));
        if let Outcome::Fault(fault) = outcome {
            line(&mut out, "fault", &show::one_line(&fault.kind.to_string()));
            if let FaultKind::NoSyscall(id) = fault.kind {
                line(&mut out, "", &self.syscalls.missing(id));
            }
        } else if let Some(why) = self.ended.stopped() {
            line(&mut out, "stopped", &why);
        }
        push_sites(&mut out, &self.sites);
        let free = if self.syscalls == Syscalls::Stub {
            ", and nothing for system calls: under --host they are free"
        } else {
            ""
        };
        line(&mut out, "gas", &format!("{} GAS ({gas} datoshi){free}", show::gas(*gas)));
        line(&mut out, "instructions", &instructions.to_string());
        out.push_str(&self.events);
        match self.sites.first() {
            Some(current) => push_items(&mut out, &current.view.stack, None),
            None if *outcome == Outcome::Halt => {
                push_items(&mut out, stack, self.method.map(|method| method.return_type));
            }
            None => {}
        }
        out
    }
}

impl Syscalls {
    /// The name of a system call that is missing, and what it needs.
    fn missing(self, id: u32) -> String {
        let name = syscall_name(id).map_or_else(|| format!("{id:#010x}, which no network has,"), Into::into);
        match self {
            Self::None => format!("{name} needs --host STUB.json, a file of system calls"),
            Self::Stub => format!("{name} is not in the file of --host"),
            Self::Chain => match neovm::host::syscalls::find(id) {
                Some(syscall) => format!("{name} is there from {} on", syscall.since),
                None => format!("{name} is not there"),
            },
        }
    }
}

/// Appends a stack, its top last; a result by the type that the manifest names.
pub(crate) fn push_items(out: &mut String, items: &[StackItem], wanted: Option<ParameterType>) {
    line(out, "stack", &show::count(items.len() as u64, "item"));
    for (i, item) in items.iter().enumerate().take(MAX_ITEMS) {
        let (name, value) = show::result(item, wanted);
        push(out, format_args!("{i:>6}  {name:<12}{value}\n"));
    }
    if items.len() > MAX_ITEMS {
        push(out, format_args!("        and {} more\n", items.len() - MAX_ITEMS));
    }
}

/// Whether the contexts before the instruction that faulted must be found by
/// running the script again: the instruction may have popped its operands,
/// unless it ran out of gas before.
pub(crate) fn needs_replay(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fault(fault) if fault.kind != FaultKind::InsufficientGas)
}
