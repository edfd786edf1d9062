//! Traces of instructions.

use std::io::{self, Write};

use revm::{
    bytecode::opcode::OpCode,
    inspector::Inspector,
    interpreter::{
        Interpreter,
        interpreter::EthInterpreter,
        interpreter_types::{Jumps, LoopControl, MemoryTr},
    },
    primitives::{U256, hex},
};
use serde::Serialize;

use crate::{Context, Receipt, Status};

/// Writes a line of JSON for each instruction, and one for the end.
///
/// Source: EIP-3155, as geth writes it.
#[derive(Debug)]
pub struct Trace<W> {
    to: W,
    with_memory: bool,
    step: Option<Step>,
    failure: Option<io::Error>,
}

/// An instruction that is about to run.
#[derive(Debug)]
struct Step {
    pc: usize,
    op: u8,
    gas: u64,
    memory: Option<String>,
    memory_size: usize,
    stack: Vec<U256>,
    depth: usize,
    refund: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    pc: usize,
    op: u8,
    gas: String,
    gas_cost: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    mem_size: usize,
    stack: Vec<String>,
    depth: usize,
    refund: i64,
    op_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct End {
    output: String,
    gas_used: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<W: Write> Trace<W> {
    /// Writes to `to`, with the memory on each line if asked for.
    pub fn new(to: W, with_memory: bool) -> Self {
        Self { to, with_memory, step: None, failure: None }
    }

    /// Writes what came of it.
    ///
    /// # Errors
    /// If this or any line before could not be written.
    pub fn finish(mut self, receipt: &Receipt) -> io::Result<()> {
        let error = match &receipt.status {
            Status::Success(_) => None,
            Status::Revert => Some("execution reverted".to_owned()),
            Status::Halt(reason) => Some(reason.to_string()),
        };
        self.write(&End { output: hex::encode(&receipt.output), gas_used: format!("{:#x}", receipt.gas_used), error });
        self.failure.map_or_else(|| self.to.flush(), Err)
    }

    fn write(&mut self, line: &impl Serialize) {
        if self.failure.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.to, line).map_err(io::Error::from);
        self.failure = written.and_then(|()| self.to.write_all(b"\n")).err();
    }
}

impl<'s, W: Write> Inspector<Context<'s>, EthInterpreter> for Trace<W> {
    fn step(&mut self, machine: &mut Interpreter<EthInterpreter>, context: &mut Context<'s>) {
        let memory_size = machine.memory.size();
        let memory = || hex::encode_prefixed(&machine.memory.slice(0..memory_size)[..]);
        self.step = Some(Step {
            pc: machine.bytecode.pc(),
            op: machine.bytecode.opcode(),
            gas: machine.gas.remaining(),
            memory: self.with_memory.then(memory),
            memory_size,
            stack: machine.stack.data().to_vec(),
            depth: context.journaled_state.depth,
            refund: machine.gas.refunded(),
        });
    }

    fn step_end(&mut self, machine: &mut Interpreter<EthInterpreter>, _: &mut Context<'s>) {
        let Some(step) = self.step.take() else { return };
        let result = machine.bytecode.action().as_ref().and_then(|action| action.instruction_result());
        let error = result.filter(|result| result.is_halt()).map(|result| format!("{result:?}"));
        let name = OpCode::new(step.op).map_or("INVALID", |op| op.as_str());
        self.write(&Line {
            pc: step.pc,
            op: step.op,
            gas: format!("{:#x}", step.gas),
            gas_cost: format!("{:#x}", step.gas.saturating_sub(machine.gas.remaining())),
            memory: step.memory,
            mem_size: step.memory_size,
            stack: step.stack.iter().map(|value| format!("{value:#x}")).collect(),
            depth: step.depth,
            refund: step.refund,
            op_name: name,
            error,
        });
    }
}
