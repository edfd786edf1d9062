//! Compiled code in text that is the same in each run: for people, and for tests that
//! compare it with what was expected.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
    sync::Arc,
};

use neovm_interp::tier::{After, Area, CodeView, Held, HeldTry, Leave, OwnFrame, Restored, TryPart, layout};

use super::stats::ExitRecord;
use crate::{analysis::instruction::Ins, compile::Compiled, translate::Cells};

/// The registers of the machine that compiled code reads and writes, by their offsets.
const REGISTERS: [(i32, &str); 14] = [
    (layout::SP, "sp"),
    (layout::LIMIT, "limit"),
    (layout::ARGS_OFFSET, "args_offset"),
    (layout::LOCALS, "locals"),
    (layout::STATICS, "statics"),
    (layout::STATICS_COUNT, "statics_count"),
    (layout::NEEDED, "needed"),
    (layout::STACK, "stack"),
    (layout::NATIVE_LIMIT, "native_limit"),
    (layout::ROOM, "room"),
    (layout::SLOTS_END, "slots_end"),
    (layout::MAX_SHIFT, "max_shift"),
    (layout::MAX_ITEM_SIZE, "max_item_size"),
    (layout::FAILED_GUARD, "failed_guard"),
];

/// Returns CLIF with names in place of what differs from one run to the next, or from one
/// layout of the machine to another: addresses of exits, of instructions and of what the code refers to, and
/// offsets of the machine's registers.
pub(crate) fn clif(text: &str, code: CodeView<'_>, made: &Compiled) -> String {
    let mut names: HashMap<usize, String> = HashMap::new();
    for index in 0..code.inst_count() {
        names.insert(code.inst_address(index), format!("<inst {}>", inst(code, index)));
        names.extend(code.byte_string(index).map(|(payload, _)| (payload, format!("<bytes {index}>"))));
    }
    names.extend(made.machine_code.cells.iter().flat_map(Cells::names));
    for record in &made.exits {
        names.insert(core::ptr::from_ref(&record.exit).addr(), format!("<exit {}>", record.exit.number));
    }
    narrow(text).split_inclusive("\n}\n").map(|function| named(function, &names)).collect()
}

/// Returns the text of a function with names in place of addresses and of the machine's registers.
fn named(function: &str, names: &HashMap<usize, String>) -> String {
    let machines = machines(function);
    let is_part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '+';
    let mut out = String::with_capacity(function.len());
    let mut rest = function;
    while let Some(start) = rest.find(is_part_of_word) {
        let (before, from) = rest.split_at(start);
        let (word, behind) = from.split_at(from.find(|c| !is_part_of_word(c)).unwrap_or(from.len()));
        out.push_str(before);
        match word.strip_prefix("0x").and_then(address).and_then(|address| names.get(&address)) {
            Some(name) => out.push_str(name),
            None => out.push_str(&register(word, &machines).unwrap_or_else(|| word.to_owned())),
        }
        rest = behind;
    }
    out + rest
}

/// Returns CLIF with positions of the script, in bytes, in a narrow column.
fn narrow(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let (position, instruction) = match line.strip_prefix('@') {
            Some(marked) => marked.split_once(' ').unwrap_or((marked, "")),
            None => ("", line),
        };
        let instruction = instruction.trim_start();
        // Writing to a string cannot fail.
        let _ = match usize::from_str_radix(position, 16) {
            Ok(position) => writeln!(out, "{:<6}{instruction}", format!("@{position}")),
            Err(_) if line.starts_with("    ") && !instruction.starts_with("block") => {
                writeln!(out, "      {instruction}")
            }
            Err(_) => writeln!(out, "{instruction}"),
        };
    }
    out
}

/// Reads a hexadecimal number, in groups of digits.
fn address(digits: &str) -> Option<usize> {
    usize::from_str_radix(&digits.replace('_', ""), 16).ok()
}

/// Returns the values of a function that are the machine: `v0`, and what is loaded from where `v0` is kept on the
/// native stack.
fn machines(text: &str) -> HashSet<&str> {
    let mut machines = HashSet::from(["v0"]);
    let mut addresses = HashMap::new();
    let mut kept: HashSet<&str> = HashSet::new();
    for line in text.lines() {
        let instruction = line.split(';').next().unwrap_or(line);
        let words: Vec<_> = instruction.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            [.., value, "=", "stack_addr.i64", slot] => _ = addresses.insert(value, slot),
            ["store", .., "v0", address] => kept.extend(addresses.get(address)),
            [.., value, "=", "load.i64", "notrap", address]
                if addresses.get(address).is_some_and(|slot| kept.contains(slot)) =>
            {
                machines.insert(value);
            }
            _ => {}
        }
    }
    machines
}

/// Names a register of the machine: `v0+24`, say.
fn register(word: &str, machines: &HashSet<&str>) -> Option<String> {
    let (machine, offset) = word.split_once('+')?;
    let offset: i32 = machines.contains(machine).then(|| offset.parse().ok())??;
    let (_, name) = REGISTERS.iter().find(|(known, _)| *known == offset)?;
    Some(format!("{machine}+{name}"))
}

/// Describes an instruction: its position and its opcode.
fn inst(code: CodeView<'_>, index: usize) -> String {
    let opcode = Ins::read(code, index).map_or_else(|| "end".into(), |ins| format!("{:?}", ins.opcode));
    format!("{} {opcode}", code.position(index))
}

/// Returns what each exit restores, one line for the exit and one for each item that is
/// not in memory.
pub(crate) fn exits(code: CodeView<'_>, exits: &[Arc<ExitRecord>]) -> String {
    let mut text = String::new();
    for record in exits {
        // Writing to a string cannot fail.
        let _ = write_exit(&mut text, code, record);
    }
    text
}

fn write_exit(out: &mut String, code: CodeView<'_>, record: &ExitRecord) -> std::fmt::Result {
    let plan = &record.exit.plan;
    write!(out, "exit {}: {} before {}", record.exit.number, record.why.name(), inst(code, record.inst))?;
    if plan.leave == Leave::Deopt {
        write!(out, ", deopt")?;
    }
    match plan.after {
        After::Nothing => {}
        After::Builtin => write!(out, ", after a builtin")?,
        After::Method => write!(out, ", after a method")?,
    }
    if plan.refund != 0 {
        write!(out, ", refund {}", meter(plan.refund))?;
    }
    if plan.min_gas > 0 {
        write!(out, ", needs {}", meter(plan.min_gas))?;
    }
    let overflows: Vec<_> = record.overflows.iter().map(|&index| inst(code, index)).collect();
    if !overflows.is_empty() {
        write!(out, ", overflow of {}", overflows.join(" or "))?;
    }
    writeln!(out)?;
    for OwnFrame { offset, locals, arguments, .. } in &plan.frames {
        writeln!(out, "    frame of {locals} locals and {arguments} arguments at {}", offset / layout::ITEM)?;
    }
    writeln!(out, "    height {}", plan.top / layout::ITEM)?;
    for HeldTry { catch, finally, end, part } in &plan.tries {
        let handler = |name, position| if position < 0 { String::new() } else { format!(", {name} at {position}") };
        let part = match part {
            TryPart::Try => "try block".into(),
            TryPart::Catch => "catch block".into(),
            TryPart::Finally => "finally block".into(),
            TryPart::Stored(index) => format!("try or catch block, by word {index}"),
        };
        let (catch, finally, end) = (handler("catch", *catch), handler("finally", *finally), handler("end", *end));
        writeln!(out, "    in a {part}{catch}{finally}{end}")?;
    }
    for Restored { area, offset, value } in &plan.items {
        let value = match value {
            Held::Constant(value) => value.to_string(),
            Held::Integer => "integer".into(),
            Held::Boolean => "boolean".into(),
            Held::Null => "null".into(),
            Held::Copy(area, offset) => format!("copy of {}", cell(*area, *offset)),
            Held::I128 => "integer of two words there".into(),
            Held::Wide => "integer of four words at the address there".into(),
            Held::ByteString(_) => "byte string of the script".into(),
            Held::CopyOf => "copy of the item at the address there".into(),
        };
        writeln!(out, "    {} = {value}", cell(*area, *offset))?;
    }
    Ok(())
}

/// Names a cell, by its area and its offset in bytes.
fn cell(area: Area, offset: i32) -> String {
    let index = offset / layout::ITEM;
    match area {
        Area::Stack => format!("stack {index}"),
        Area::Slots if index < 0 => format!("argument {}", -index - 1),
        Area::Slots => format!("local {index}"),
        Area::Statics => format!("static {index}"),
    }
}

/// Describes an amount of the meter, which holds units of gas above the count of instructions.
fn meter(amount: i64) -> String {
    let instructions = i64::from(amount as i32);
    format!("{} units and {instructions} instructions", (amount - instructions) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_have_names() {
        let text = "      v1 = stack_addr.i64 ss0\n      store notrap aligned v0, v1\n@10   v2 = stack_addr.i64 ss0\n\
                    @10   v3 = load.i64 notrap v2\n      v4 = stack_addr.i64 ss1\n      v5 = load.i64 notrap v4\n";
        let machines = machines(text);
        assert_eq!(machines, HashSet::from(["v0", "v3"]));
        let name = |base: &str| register(&format!("{base}+{}", layout::LIMIT), &machines);
        assert_eq!((name("v0").as_deref(), name("v3").as_deref()), (Some("v0+limit"), Some("v3+limit")));
        assert_eq!((name("v5"), name("v01")), (None, None));
        assert_eq!(register("v0", &machines), None);
        assert_eq!(register("v0+100000", &machines), None);
    }

    #[test]
    fn positions_are_in_a_narrow_column() {
        let clif = "function u0:0() {\n\n                block0(v0: i64):\n                    v1 = iconst.i64 1\n@000a           v2 = iadd v0, v1\n}\n";
        let narrowed = "function u0:0() {\n\nblock0(v0: i64):\n      v1 = iconst.i64 1\n@10   v2 = iadd v0, v1\n}\n";
        assert_eq!(narrow(clif), narrowed);
    }

    #[test]
    fn amounts_below_zero_are_split_as_those_above() {
        assert_eq!(meter(3 << 32 | 2), "3 units and 2 instructions");
        assert_eq!(meter(-(3 << 32 | 2)), "-3 units and -2 instructions");
    }
}
