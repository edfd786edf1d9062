//! A line for each instruction before it runs.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};
use neovm::{Host, Observer, Outcome, Script, Vm, types::disassemble};

use crate::show;

/// Items that are shown of each stack, from its top.
const TOP: usize = 3;

/// Most bytes of an instruction that are shown as such.
const MAX_SIZE: usize = 48;

/// Runs as [`Vm::run`] does and writes to standard error what comes next:
/// number, depth of contexts, position, instruction, gas so far, stack.
pub(crate) fn run(vm: &mut Vm, host: &mut dyn Host) -> Result<Outcome> {
    let mut tracer = Tracer { out: BufWriter::new(io::stderr().lock()), written: Ok(()) };
    let outcome = vm.run_observed(host, &mut tracer);
    let Tracer { mut out, written } = tracer;
    written.and_then(|()| out.flush()).context("cannot write to standard error")?;
    Ok(outcome)
}

struct Tracer<W> {
    out: W,
    /// The first failure; nothing is written after it.
    written: io::Result<()>,
}

impl<W: Write> Observer for Tracer<W> {
    fn before(&mut self, vm: &Vm) {
        if self.written.is_ok() {
            self.written = write_line(&mut self.out, vm);
        }
    }
}

fn write_line(out: &mut impl Write, vm: &Vm) -> io::Result<()> {
    let (Some(script), Some(position)) = (vm.script(), vm.position()) else { return Ok(()) };
    let (number, depth, gas) = (vm.instructions() + 1, vm.depth(), vm.gas_consumed());
    let text = instruction(script, position);
    write!(out, "{number:>8} {depth:>3} {position:>6}  {text:<40} gas {gas:>10}  stack {}:", vm.stack_len())?;
    for item in (0..TOP).map_while(|index| vm.peek(index).ok()) {
        write!(out, " {}", show::item(item))?;
    }
    writeln!(out)
}

/// An instruction as text; places are distances from it.
fn instruction(script: &Script, position: usize) -> String {
    if position == script.len() {
        return "RET (behind the script)".into();
    }
    match script.instruction(position) {
        Ok(instruction) if instruction.size() > MAX_SIZE => {
            format!("{} ({} bytes)", instruction.opcode, instruction.operand.len())
        }
        Ok(instruction) => {
            let alone = Script::from(&script.bytes()[position..position + instruction.size()]);
            let listing = disassemble(&alone);
            listing.lines.first().map_or_else(String::new, |line| format!("{} {}", line.mnemonic, line.operand))
        }
        Err(fault) => fault.to_string(),
    }
}
