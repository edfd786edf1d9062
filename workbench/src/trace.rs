//! Instructions before they run, as lines of text or JSON.

mod filter;

use neovm::{
    OpCode, Script, StackItem, Vm,
    types::{Instruction, disassemble},
};
use serde_json::Value;

pub use self::filter::{Filter, FilterError};
use crate::{
    scripts::RunningScript,
    show::{self, push},
};

/// How many items are shown of each stack at most, from its top.
const TOP: usize = 3;

/// The longest instruction whose operand is shown, in bytes.
const MAX_SIZE: usize = 48;

/// The next instruction of a machine.
pub struct TraceLine<'a> {
    vm: &'a Vm,
    script: &'a mut RunningScript,
    position: usize,
}

impl<'a> TraceLine<'a> {
    /// Looks at the next instruction of a machine, which runs a script.
    pub fn new(vm: &'a Vm, script: &'a mut RunningScript) -> Option<Self> {
        Some(Self { vm, script, position: vm.position()? })
    }

    /// Returns whether a filter lets the line through.
    pub fn passes(&self, filter: &Filter) -> bool {
        filter.passes(self.script, self.position, self.vm)
    }

    /// Appends the line for people: the number of the instruction, the depth of the
    /// invocation stack, the position, the instruction, the gas so far in datoshi,
    /// and the stack from its top.
    pub fn push_text(self, out: &mut String) {
        let Self { vm, script, position } = self;
        let (number, depth, gas) = (vm.instructions() + 1, vm.depth(), vm.gas_consumed().datoshi_ceil());
        let text = &script.texts(position).text;
        push(
            out,
            format_args!("{number:>8} {depth:>3} {position:>6}  {text:<40} gas {gas:>10}  stack {}:", vm.stack_len()),
        );
        for item in (0..TOP).map_while(|index| vm.peek(index).ok()) {
            out.push(' ');
            push_item(out, item, |out, text| out.push_str(text));
        }
        match vm.stack_len() {
            ..=TOP => out.push('\n'),
            count => push(out, format_args!(" ... {} more\n", count - TOP)),
        }
    }

    /// Appends the line for programs: an object with the fields `n` (the number of
    /// the instruction), `depth`, `contract` (a hash), `name`, `method` (if the
    /// manifest names one), `offset`, `opcode` (null for bytes that are no
    /// instruction), `text`, `gas` (what was consumed before, in datoshi), `items`
    /// (how many are on the stack) and `top` (the uppermost three as text).
    pub fn push_json(self, out: &mut String) {
        let Self { vm, script, position } = self;
        let (number, depth, gas) = (vm.instructions() + 1, vm.depth(), vm.gas_consumed().datoshi_ceil());
        let fields = &script.texts(position).fields;
        push(
            out,
            format_args!(
                "{{\"n\":{number},\"depth\":{depth},{fields},\"gas\":\"{gas}\",\"items\":{},\"top\":[",
                vm.stack_len()
            ),
        );
        for (index, item) in (0..TOP).map_while(|index| vm.peek(index).ok()).enumerate() {
            out.push_str(if index > 0 { ",\"" } else { "\"" });
            push_item(out, item, |out, text| {
                let quoted = Value::from(text).to_string();
                out.push_str(&quoted[1..quoted.len() - 1]);
            });
            out.push('"');
        }
        out.push_str("]}\n");
    }
}

/// Appends an item. Most are integers, which need no detour.
fn push_item(out: &mut String, item: &StackItem, push_text: impl FnOnce(&mut String, &str)) {
    match item {
        StackItem::Integer(value) => push(out, value),
        StackItem::Null => out.push_str("null"),
        StackItem::Boolean(value) => push(out, value),
        other => push_text(out, &show::item(other)),
    }
}

/// Returns the instruction at a position as text. Targets are the labels that a
/// disassembly gives them.
pub fn instruction(script: &Script, position: usize) -> String {
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
