//! A line for each instruction before it runs.

use std::io::{self, BufWriter, StderrLock, Write};

use anyhow::{Context, Result};
use neovm::{
    Host, Observer, OpCode, Outcome, Script, Vm,
    types::{Instruction, disassemble},
};

use crate::show;

/// How many items are shown of each stack at most, from its top.
const TOP: usize = 3;

/// The longest instruction whose operand is shown, in bytes.
const MAX_SIZE: usize = 48;

/// Runs as [`Vm::run`] does, and writes a line before each instruction.
pub(crate) fn run(vm: &mut Vm, host: &mut dyn Host) -> Result<Outcome> {
    let mut tracer = Tracer::new();
    let outcome = vm.run_observed(host, &mut tracer);
    tracer.finish()?;
    Ok(outcome)
}

/// Writes a line to standard error for each instruction: its number, the depth
/// of the invocation stack, the position, the instruction, the gas so far, and
/// the stack from its top.
pub(crate) struct Tracer {
    out: BufWriter<StderrLock<'static>>,
    /// The first failure; nothing is written after it.
    written: io::Result<()>,
}

impl Tracer {
    pub(crate) fn new() -> Self {
        Self { out: BufWriter::new(io::stderr().lock()), written: Ok(()) }
    }

    /// Writes the line of the next instruction.
    pub(crate) fn line(&mut self, vm: &Vm) {
        if self.written.is_ok() {
            self.written = write_line(&mut self.out, vm);
        }
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.written.and_then(|()| self.out.flush()).context("cannot write to standard error")
    }
}

impl Observer for Tracer {
    fn before(&mut self, vm: &Vm) {
        self.line(vm);
    }
}

fn write_line(out: &mut impl Write, vm: &Vm) -> io::Result<()> {
    let (Some(script), Some(position)) = (vm.script(), vm.position()) else { return Ok(()) };
    let (number, depth, gas) = (vm.instructions() + 1, vm.depth(), vm.gas_consumed().datoshi_ceil());
    let text = instruction(script, position);
    write!(out, "{number:>8} {depth:>3} {position:>6}  {text:<40} gas {gas:>10}  stack {}:", vm.stack_len())?;
    for item in (0..TOP).map_while(|index| vm.peek(index).ok()) {
        write!(out, " {}", show::item(item))?;
    }
    match vm.stack_len() {
        ..=TOP => writeln!(out),
        count => writeln!(out, " ... {} more", count - TOP),
    }
}

/// The instruction at a position as text. Targets are the labels that `disasm`
/// gives them.
pub(crate) fn instruction(script: &Script, position: usize) -> String {
    if position == script.len() {
        return "RET (behind the script)".into();
    }
    match script.instruction(position) {
        Ok(instruction) => with_operand(script, position, &instruction),
        Err(_) => {
            let byte = script.bytes().get(position).copied().unwrap_or_default();
            let what = OpCode::from_byte(byte).map_or("no opcode".into(), |opcode| format!("{opcode}, cut off"));
            format!("{byte:#04x} ({what})")
        }
    }
}

fn with_operand(script: &Script, position: usize, instruction: &Instruction<'_>) -> String {
    let opcode = instruction.opcode;
    let label = |distance: i32| format!("L{:04}", position as i64 + i64::from(distance));
    let handler = |distance: i32| if distance == 0 { "-".into() } else { label(distance) };
    match instruction.offsets() {
        (Some(catch), Some(finally)) => format!("{opcode} {}, {}", handler(catch), handler(finally)),
        (Some(distance), None) => format!("{opcode} {}", label(distance)),
        (None, _) if instruction.size() > MAX_SIZE => {
            format!("{opcode} ({} bytes, not shown)", instruction.operand.len())
        }
        (None, _) => {
            let alone = Script::from(&script.bytes()[position..position + instruction.size()]);
            let listing = disassemble(&alone);
            let line = listing.lines.first();
            line.map_or_else(String::new, |line| format!("{} {}", line.mnemonic, line.operand).trim_end().into())
        }
    }
}
