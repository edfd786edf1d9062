//! The result of a run, for people and for programs.

use std::io::Write;

use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use neovm::{
    ContextView, Engine, FaultKind, Outcome, StackItem, Stop, Vm,
    types::{
        manifest::{Method, ParameterType},
        syscalls::syscall_name,
    },
};

use crate::{
    input::Program,
    interrupt,
    invocation::Invocation,
    json::{push, push_results, push_text},
    place::{Functions, line},
    show,
    terminal::{BAD, GOOD, NOTE},
};

/// How many items of a stack are shown to people at most.
const MAX_ITEMS: usize = 20;

/// A run that ended or was stopped.
pub(crate) struct Report<'a> {
    pub(crate) invocation: &'a Invocation,
    pub(crate) engine: &'a Engine,
    pub(crate) program: &'a Program,
    /// The method that was called.
    pub(crate) method: Option<&'a Method>,
    pub(crate) vm: &'a Vm,
    pub(crate) outcome: &'a Outcome,
}

/// The result in the form of the RPC call invokescript, on a line, with the
/// position of a fault beside it. Of a run that was stopped, the stack so far.
pub(crate) fn json(program: &Program, vm: &Vm) -> String {
    let script = BASE64_STANDARD.encode(program.script.bytes());
    let (state, gas) = (vm.state(), vm.gas_consumed().datoshi_ceil());
    let mut out = format!("{{\"script\":\"{script}\",\"state\":\"{state}\",\"gasconsumed\":\"{gas}\",\"exception\":");
    push_text(&mut out, vm.fault().map(|fault| fault.kind.to_string()).as_deref());
    let position = serde_json::Value::from(vm.fault().and_then(|fault| fault.position));
    push(&mut out, format_args!(",\"fault_at\":{position},\"stack\":"));
    let running = if vm.fault().is_none() { vm.contexts() } else { Vec::new() };
    push_results(&mut out, running.first().map_or(vm.results(), |current| &current.stack));
    out.push_str("}\n");
    out
}

/// What stopped a run, if it was stopped.
pub(crate) fn stopped(outcome: &Outcome, vm: &Vm) -> Option<String> {
    let Outcome::Stopped(stop) = outcome else { return None };
    let count = show::count(vm.instructions(), "instruction");
    Some(match stop {
        Stop::Budget => format!("after {count}, as --max-instructions says"),
        Stop::Interrupted => format!("by Ctrl-C, after {count}"),
        other => format!("after {count}: {other:?}"),
    })
}

/// The exit code of a run: 0 for HALT, 3 for FAULT; where it was stopped 1, or
/// 130 by Ctrl-C.
pub(crate) fn exit_code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Halt => 0,
        Outcome::Fault(_) => 3,
        Outcome::Stopped(Stop::Interrupted) => interrupt::INTERRUPTED,
        _ => 1,
    }
}

impl Report<'_> {
    /// Writes the report for people to standard output.
    pub(crate) fn write(&self) -> Result<()> {
        let mut out = anstream::stdout().lock();
        out.write_all(self.text().as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
    }

    fn text(&self) -> String {
        let Self { vm, outcome, .. } = self;
        let mut out = String::new();
        let colour = match outcome {
            Outcome::Halt => GOOD,
            Outcome::Fault(_) => BAD,
            _ => NOTE,
        };
        line(&mut out, "state", &format!("{colour}{}{colour:#}", vm.state()));
        let mut contexts = Vec::new();
        if let Outcome::Fault(fault) = outcome {
            line(&mut out, "fault", &fault.kind.to_string());
            contexts = self.before_fault();
            if let FaultKind::NoSyscall(id) = fault.kind {
                line(&mut out, "", &missing_syscall(id, self.invocation.host.is_some()));
            }
        } else if let Some(why) = stopped(outcome, vm) {
            line(&mut out, "stopped", &why);
            contexts = vm.contexts();
        }
        Functions::of(self.program).push_site(&mut out, &contexts);
        let gas = vm.gas_consumed().datoshi_ceil();
        let free = if self.invocation.host.is_some() {
            ", and nothing for system calls: under --host they are free"
        } else {
            ""
        };
        line(&mut out, "gas", &format!("{} GAS ({gas} datoshi){free}", show::gas(gas)));
        line(&mut out, "instructions", &vm.instructions().to_string());
        match contexts.first() {
            Some(current) => push_items(&mut out, &current.stack, None),
            None if matches!(outcome, Outcome::Halt) => {
                push_items(&mut out, vm.results(), self.method.map(|method| method.return_type));
            }
            None => {}
        }
        out
    }

    /// The contexts before the instruction that faulted. That instruction may have
    /// popped its operands, so the script runs again up to there. If the second run
    /// is interrupted or ends otherwise, the contexts are as the fault left them.
    fn before_fault(&self) -> Vec<ContextView> {
        let is_out_of_gas = self.vm.fault().is_some_and(|fault| fault.kind == FaultKind::InsufficientGas);
        if is_out_of_gas { None } else { self.replayed() }.unwrap_or_else(|| self.vm.contexts())
    }

    fn replayed(&self) -> Option<Vec<ContextView>> {
        let mut again = self.invocation.prepare(self.engine, self.program).ok()?;
        interrupt::watch(&mut again.vm);
        // Bytes that are no instruction do not count as one.
        again.vm.set_budget(Some(self.vm.instructions().saturating_sub(1)));
        if !matches!(again.vm.run(again.host.as_mut()), Outcome::Stopped(Stop::Budget)) {
            return None;
        }
        for _ in 0..2 {
            let contexts = again.vm.contexts();
            if let Some(outcome) = again.vm.step(again.host.as_mut()) {
                return (outcome == *self.outcome).then_some(contexts);
            }
        }
        None
    }
}

/// The name of a system call that the host does not have, and what it needs.
fn missing_syscall(id: u32, has_host: bool) -> String {
    let name = syscall_name(id).map_or_else(|| format!("{id:#010x}, which no network has,"), Into::into);
    let what = if has_host { "is not in the file of --host" } else { "needs --host STUB.json, a file of system calls" };
    format!("{name} {what}")
}

/// Appends a stack, its top last; a result by the type that the manifest names.
fn push_items(out: &mut String, items: &[StackItem], wanted: Option<ParameterType>) {
    line(out, "stack", &show::count(items.len() as u64, "item"));
    for (i, item) in items.iter().enumerate().take(MAX_ITEMS) {
        let (name, value) = show::result(item, wanted);
        push(out, format_args!("{i:>6}  {name:<12}{value}\n"));
    }
    if items.len() > MAX_ITEMS {
        push(out, format_args!("        and {} more\n", items.len() - MAX_ITEMS));
    }
}
