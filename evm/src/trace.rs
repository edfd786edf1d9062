//! Traces of instructions.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use revm::{
    bytecode::opcode::{CREATE, CREATE2, EXP, LOG0, LOG4, OpCode, SELFDESTRUCT, TSTORE},
    context_interface::CreateScheme,
    inspector::Inspector,
    interpreter::{
        CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome, FrameInput, InstructionResult, Interpreter,
        InterpreterAction, InterpreterResult,
        instructions::gas_table_spec,
        interpreter::EthInterpreter,
        interpreter_types::{InputsTr, Jumps, LegacyBytecode, LoopControl, MemoryTr},
    },
    primitives::{Address, Bytes, U256, eip3860::MAX_INITCODE_SIZE, hardfork::SpecId, hex},
};
use serde::Serialize;

use crate::Context;

/// Writes a line of JSON for each instruction, and one for the end of each call and creation.
///
/// Source: EIP-3155, as geth writes it. If there is not enough gas for an instruction, revm does not say what it would
/// have cost: the line has what it costs at least, or the gas that was left if that is more.
#[derive(Debug)]
pub struct Trace<W> {
    to: W,
    fields: TraceFields,
    step: Option<Step>,
    /// For each frame, what the frames around it could be refunded.
    refunds: Vec<i64>,
    /// Why the current frame has failed.
    reason: Option<String>,
    failure: Option<io::Error>,
}

/// What the lines of a [`Trace`] hold beside what all hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceFields {
    /// The stack; null without it.
    pub stack: bool,
    /// The memory, unless there is none.
    pub memory: bool,
    /// What the last call returned, unless it is nothing.
    pub return_data: bool,
    /// A line for the beginning of each call and creation, as geth has it; with the input if `memory` is asked for.
    pub call_frames: bool,
}

impl Default for TraceFields {
    /// The stack alone.
    fn default() -> Self {
        Self { stack: true, memory: false, return_data: false, call_frames: false }
    }
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
    return_data: Option<Bytes>,
    depth: usize,
    refund: i64,
    /// The account that SELFDESTRUCT destroys, and what it has.
    destroyed: Option<(Address, U256)>,
}

impl Step {
    /// How many values the instruction needs on the stack.
    fn inputs(&self) -> usize {
        OpCode::new(self.op).map_or(0, |op| op.inputs().into())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    pc: usize,
    op: u8,
    gas: String,
    gas_cost: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<&'a str>,
    mem_size: usize,
    stack: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_data: Option<&'a Bytes>,
    depth: usize,
    refund: i64,
    op_name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Begin {
    from: Address,
    to: Address,
    #[serde(skip_serializing_if = "<[u8]>::is_empty")]
    input: Bytes,
    gas: String,
    value: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct End {
    output: String,
    gas_used: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Begin {
    fn new(kind: &'static str, from: Address, to: Address, input: Bytes, gas: u64, value: Option<U256>) -> Self {
        let value = value.map(|value| format!("{value:#x}"));
        Self { from, to, input, gas: format!("{gas:#x}"), value, kind }
    }

    fn of_call(inputs: &CallInputs, context: &Context<'_>) -> Self {
        let value = Some(inputs.value.get());
        let (kind, from, value) = match inputs.scheme {
            CallScheme::Call => ("CALL", inputs.caller, value),
            CallScheme::CallCode => ("CALLCODE", inputs.caller, value),
            CallScheme::DelegateCall => ("DELEGATECALL", inputs.target_address, value),
            CallScheme::StaticCall => ("STATICCALL", inputs.caller, None),
        };
        Self::new(kind, from, inputs.bytecode_address, inputs.input.bytes(context), inputs.gas_limit, value)
    }

    fn of_creation(inputs: &CreateInputs, context: &Context<'_>) -> Self {
        let caller = context.journaled_state.state.get(&inputs.caller());
        let to = inputs.created_address(caller.map_or(0, |account| account.info.nonce));
        let kind = if matches!(inputs.scheme(), CreateScheme::Create2 { .. }) { "CREATE2" } else { "CREATE" };
        Self::new(kind, inputs.caller(), to, inputs.init_code().clone(), inputs.gas_limit(), Some(inputs.value()))
    }
}

impl<W: Write> Trace<W> {
    /// Writes to `to`.
    pub fn new(to: W, fields: TraceFields) -> Self {
        Self { to, fields, step: None, refunds: Vec::new(), reason: None, failure: None }
    }

    /// Ends the trace.
    ///
    /// # Errors
    /// If a line could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.failure.take().map_or_else(|| self.to.flush(), Err)
    }

    fn write(&mut self, line: &impl Serialize) {
        if self.failure.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.to, line).map_err(io::Error::from);
        self.failure = written.and_then(|()| self.to.write_all(b"\n")).err();
    }

    /// The memory, if it is asked for, and its size.
    fn memory(&self, machine: &Interpreter<EthInterpreter>) -> (Option<String>, usize) {
        let size = machine.memory.size();
        let text = || hex::encode_prefixed(&machine.memory.slice(0..size)[..]);
        ((self.fields.memory && size > 0).then(text), size)
    }

    fn write_step(&mut self, step: &Step, cost: u64, error: Option<String>) {
        let texts = || step.stack.iter().map(|value| format!("{value:#x}")).collect();
        let line = Line {
            pc: step.pc,
            op: step.op,
            gas: format!("{:#x}", step.gas),
            gas_cost: format!("{cost:#x}"),
            memory: step.memory.as_deref(),
            mem_size: step.memory_size,
            stack: self.fields.stack.then(texts),
            return_data: step.return_data.as_ref(),
            depth: step.depth,
            refund: step.refund,
            op_name: name(step.op),
            error,
        };
        self.write(&line);
    }

    /// Begins a frame. The first one begins with what the transaction itself could be refunded.
    fn begin(&mut self, context: &Context<'_>, line: impl FnOnce() -> Begin) {
        self.write_begin(line);
        let refund = match self.refunds.is_empty() {
            true => context.chain.refund,
            false => self.step.as_ref().map_or(0, |step| step.refund),
        };
        self.refunds.push(refund);
    }

    fn write_begin(&mut self, line: impl FnOnce() -> Begin) {
        if self.fields.call_frames {
            let mut line = line();
            if !self.fields.memory {
                line.input = Bytes::new();
            }
            self.write(&line);
        }
    }

    /// As geth has it: a call of nothing.
    fn write_destruction(&mut self, (from, balance): (Address, U256), to: Address) {
        self.write_begin(|| Begin::new("SELFDESTRUCT", from, to, Bytes::new(), 0, Some(balance)));
        self.write(&End { output: String::new(), gas_used: "0x0".into(), error: None });
    }

    fn end(&mut self, result: &InterpreterResult) {
        self.refunds.pop();
        let is_halt = result.result.is_halt();
        let gas_used = if is_halt { result.gas.limit() } else { result.gas.total_gas_spent() };
        let output = if is_halt { String::new() } else { hex::encode(&result.output) };
        let known = self.reason.take();
        let error = (!result.result.is_ok()).then(|| known.unwrap_or_else(|| reason(result.result, None)));
        self.write(&End { output, gas_used: format!("{gas_used:#x}"), error });
    }
}

/// The name of an instruction, as geth has it.
fn name(op: u8) -> Cow<'static, str> {
    OpCode::new(op).map_or_else(|| format!("opcode {op:#x} not defined").into(), |op| op.as_str().into())
}

/// Why a frame failed, in geth's words where it has some; by the instruction that failed if that is known.
fn reason(result: InstructionResult, step: Option<&Step>) -> String {
    use InstructionResult as R;
    match (result, step) {
        (R::Revert, _) => "execution reverted".into(),
        // revm calls it an overflow if DUP or SWAP lack something.
        (R::StackUnderflow | R::StackOverflow, Some(step)) if step.stack.len() < step.inputs() => {
            format!("stack underflow ({} <=> {})", step.stack.len(), step.inputs())
        }
        (R::StackUnderflow, _) => "stack underflow".into(),
        (R::StackOverflow, _) => "stack limit reached 1024 (1023)".into(),
        (R::InvalidJump, _) => "invalid jump destination".into(),
        (R::OpcodeNotFound | R::NotActivated | R::InvalidFEOpcode, Some(step)) => {
            format!("invalid opcode: {}", name(step.op))
        }
        (R::OpcodeNotFound | R::NotActivated | R::InvalidFEOpcode, None) => "invalid opcode".into(),
        (R::StateChangeDuringStaticCall, Some(step)) if fails_late(result, step.op) => "write protection".into(),
        (R::StateChangeDuringStaticCall | R::CallNotAllowedInsideStatic, _) => "out of gas: write protection".into(),
        (R::ReentrancySentryOOG, _) => "out of gas: not enough gas for reentrancy sentry".into(),
        (R::InvalidOperandOOG, _) => "gas uint64 overflow".into(),
        (R::CreateInitCodeSizeLimit, Some(Step { stack, .. })) if stack.len() > 2 => {
            let size = stack[stack.len() - 3];
            format!("out of gas: max initcode size exceeded: code size {size} limit {MAX_INITCODE_SIZE}")
        }
        (R::CreateInitCodeSizeLimit, _) => "max initcode size exceeded".into(),
        (R::OutOfOffset, _) => "return data out of bounds".into(),
        (R::CallTooDeep, _) => "max call depth exceeded".into(),
        (R::OutOfFunds, _) => "insufficient balance for transfer".into(),
        (R::CreateCollision, _) => "contract address collision".into(),
        (R::CreateContractSizeLimit, _) => "max code size exceeded".into(),
        (R::CreateContractStartingWithEF, _) => "invalid code: must not begin with 0xef".into(),
        (R::OutOfGas | R::MemoryOOG | R::MemoryLimitOOG | R::PrecompileOOG, _) => "out of gas".into(),
        (other, _) => format!("{other:?}"),
    }
}

/// What an instruction costs by itself, as geth has it: without what its arguments cost. A line has it if the
/// instruction fails before they are looked at.
fn constant_gas(rules: SpecId, op: u8) -> u64 {
    match op {
        CREATE | CREATE2 => 32_000,
        EXP | LOG0..=LOG4 => 0,
        _ => gas_table_spec(rules)[usize::from(op)].into(),
    }
}

/// Whether geth finds out that an instruction fails only while it runs: it has a line without the error before.
fn fails_late(result: InstructionResult, op: u8) -> bool {
    use InstructionResult as R;
    match result {
        R::Revert | R::InvalidJump | R::OpcodeNotFound | R::NotActivated | R::InvalidFEOpcode | R::OutOfOffset => true,
        R::StateChangeDuringStaticCall => matches!(op, TSTORE | LOG0..=LOG4),
        _ => false,
    }
}

/// The gas that CREATE gives to the code of a new contract. It is not part of what the instruction costs, whereas what
/// CALL gives is part of it.
fn given(machine: &mut Interpreter<EthInterpreter>) -> u64 {
    match machine.bytecode.action() {
        Some(InterpreterAction::NewFrame(FrameInput::Create(inputs))) => inputs.gas_limit(),
        _ => 0,
    }
}

impl<'s, W: Write> Inspector<Context<'s>, EthInterpreter> for Trace<W> {
    fn step(&mut self, machine: &mut Interpreter<EthInterpreter>, context: &mut Context<'s>) {
        // revm stops in empty code, which makes an empty contract; geth does not enter it.
        if machine.bytecode.bytecode_len() == 0 {
            self.step = None;
            return;
        }
        let (memory, memory_size) = self.memory(machine);
        let returned = &machine.return_data.0;
        self.step = Some(Step {
            pc: machine.bytecode.pc(),
            op: machine.bytecode.opcode(),
            gas: machine.gas.remaining(),
            memory,
            memory_size,
            stack: machine.stack.data().to_vec(),
            return_data: (self.fields.return_data && !returned.is_empty()).then(|| returned.clone()),
            depth: context.journaled_state.depth,
            refund: 0,
            destroyed: (machine.bytecode.opcode() == SELFDESTRUCT).then(|| {
                let address = machine.input.target_address();
                let account = context.journaled_state.state.get(&address);
                (address, account.map_or(U256::ZERO, |account| account.info.balance))
            }),
        });
    }

    fn step_end(&mut self, machine: &mut Interpreter<EthInterpreter>, context: &mut Context<'s>) {
        let Some(mut step) = self.step.take() else { return };
        let result = machine.bytecode.action().as_ref().and_then(|action| action.instruction_result());
        let is_destruction = result == Some(InstructionResult::SelfDestruct);
        let result = result.filter(|result| !result.is_ok());
        let cost = match result {
            // There is no instruction that could cost something.
            Some(InstructionResult::OpcodeNotFound | InstructionResult::NotActivated) => 0,
            Some(InstructionResult::OutOfGas) => step.gas.max(constant_gas(context.cfg.spec, step.op)),
            Some(result) if !fails_late(result, step.op) => constant_gas(context.cfg.spec, step.op),
            _ => step.gas.saturating_sub(machine.gas.remaining()).saturating_sub(given(machine)),
        };
        // What it adds to the refund it has added already.
        step.refund = self.refunds.last().unwrap_or(&0) + machine.gas.refunded();
        let is_late = result.is_none_or(|result| fails_late(result, step.op));
        if is_late {
            self.write_step(&step, cost, None);
        }
        if let Some(result) = result {
            self.reason = Some(reason(result, Some(&step)));
            if is_late {
                (step.stack, step.return_data) = (machine.stack.data().to_vec(), None);
                (step.memory, step.memory_size) = self.memory(machine);
            }
            self.write_step(&step, cost, self.reason.clone());
        }
        if let (true, Some(destroyed), Some(to)) = (is_destruction, step.destroyed, step.stack.last()) {
            self.write_destruction(destroyed, Address::from_word((*to).into()));
        }
        // A call that it makes begins with its refund.
        self.step = Some(step);
    }

    fn call(&mut self, context: &mut Context<'s>, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.begin(context, || Begin::of_call(inputs, context));
        None
    }

    fn call_end(&mut self, _: &mut Context<'s>, _: &CallInputs, outcome: &mut CallOutcome) {
        self.end(&outcome.result);
    }

    fn create(&mut self, context: &mut Context<'s>, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.begin(context, || Begin::of_creation(inputs, context));
        None
    }

    fn create_end(&mut self, _: &mut Context<'s>, _: &CreateInputs, outcome: &mut CreateOutcome) {
        if outcome.result.result == InstructionResult::OutOfGas && self.reason.is_none() {
            self.reason = Some("contract creation code storage out of gas".into());
        }
        self.end(&outcome.result);
    }
}
