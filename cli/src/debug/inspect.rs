//! The commands that show.

use anyhow::{Result, anyhow, ensure};
use neovm::{StackItem, host::native, storage::Key};
use neovm_workbench::{
    Format,
    debugger::{SlotKind, Variable},
    formatted, readings,
};

use super::console::{Console, number, title};
use crate::{
    diff::{contract_name, values},
    input,
    json::push,
    show, trace,
};

/// How many rows are shown of what may have any number.
pub(super) const MAX_ROWS: usize = 50;

/// How many instructions or lines are shown before and behind where it stands.
const AROUND: usize = 5;

pub(super) fn place(console: &mut Console<'_>, _: &str) -> Result<String> {
    console.frame()?;
    Ok(console.place())
}

pub(super) fn frames(console: &mut Console<'_>, _: &str) -> Result<String> {
    console.frame()?;
    let frames = console.debugger.frames();
    let mut out = String::new();
    for (i, frame) in frames.iter().enumerate().take(MAX_ROWS) {
        let mark = if i == console.selected { '>' } else { ' ' };
        push(&mut out, format_args!("{mark} {i:>3}  {}, byte {}\n", title(frame), frame.position));
    }
    push_more(&mut out, frames.len());
    Ok(out)
}

fn push_more(out: &mut String, count: usize) {
    if count > MAX_ROWS {
        push(out, format_args!("       and {} more\n", count - MAX_ROWS));
    }
}

pub(super) fn frame(console: &mut Console<'_>, text: &str) -> Result<String> {
    let wanted = number(text, console.selected as u64)?;
    select(console, usize::try_from(wanted)?)
}

pub(super) fn up(console: &mut Console<'_>, count: &str) -> Result<String> {
    let wanted = console.selected.saturating_add(usize::try_from(number(count, 1)?)?);
    select(console, wanted)
}

pub(super) fn down(console: &mut Console<'_>, count: &str) -> Result<String> {
    let count = usize::try_from(number(count, 1)?)?;
    let wanted = console.selected.checked_sub(count).ok_or_else(|| anyhow!("there is no frame below"))?;
    select(console, wanted)
}

fn select(console: &mut Console<'_>, number: usize) -> Result<String> {
    let count = console.debugger.frames().len();
    ensure!(number < count, "there is no frame {number}; they are numbered up to {}", count.saturating_sub(1));
    console.selected = number;
    Ok(console.place())
}

pub(super) fn stack(console: &mut Console<'_>, _: &str) -> Result<String> {
    let items = console.frame()?.context.stack;
    if items.is_empty() {
        return Ok("the stack is empty\n".into());
    }
    let mut out = String::new();
    for (i, item) in items.iter().rev().enumerate().take(MAX_ROWS) {
        push(&mut out, format_args!("stack[{i}]  {}\n", typed(item)));
    }
    push_more(&mut out, items.len());
    Ok(out)
}

/// A value with its type, unless that is plain to see.
fn typed(item: &StackItem) -> String {
    format!("{:<11} {}", item.item_type().name(), show::item(item))
}

pub(super) fn slots(console: &mut Console<'_>, _: &str) -> Result<String> {
    variables(console, &[SlotKind::Argument, SlotKind::Local])
}

pub(super) fn statics(console: &mut Console<'_>, _: &str) -> Result<String> {
    variables(console, &[SlotKind::Static])
}

fn variables(console: &Console<'_>, kinds: &[SlotKind]) -> Result<String> {
    let frame = console.frame()?;
    let mut out = String::new();
    for kind in kinds {
        for variable in console.debugger.variables(&frame, *kind).iter().take(MAX_ROWS) {
            push_variable(&mut out, variable);
        }
    }
    Ok(if out.is_empty() { "nothing\n".into() } else { out })
}

/// A value as it is shown everywhere, with hash and address beside the bytes of an account or a contract.
pub(super) fn value_of_type(value: &StackItem, type_name: Option<&str>) -> String {
    let text = show::item(value);
    let hash = type_name.is_some_and(|name| ["Hash160", "UInt160"].contains(&name));
    match formatted(value, Format::Address) {
        Ok(address) if hash => format!("{text} ({address})"),
        _ => text,
    }
}

fn push_variable(out: &mut String, variable: &Variable) {
    let Variable { name, kind, index, value, type_name, .. } = variable;
    let slot = format!("{}{index}", kind.word());
    let name = if *name == slot { String::new() } else { format!("{name} ") };
    push(out, format_args!("{slot:<9} {name}= {}\n", value_of_type(value, type_name.as_deref())));
}

pub(super) fn print(console: &mut Console<'_>, text: &str) -> Result<String> {
    let (format, text) = match text.strip_prefix('/') {
        None => (Format::Plain, text),
        Some(rest) => {
            let (word, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let known = Format::from_letter(word.chars().next().unwrap_or('?')).filter(|_| word.chars().count() == 1);
            let list = Format::ALL.map(|(letter, _, what)| format!("/{letter} {what}")).join(", ");
            (known.ok_or_else(|| anyhow!("there is no format /{word}; there are {list}"))?, text.trim())
        }
    };
    ensure!(!text.is_empty(), "print what? A variable, stack[0], result[0], with [INDEX] for what is in it");
    let frame = console.frame().ok();
    let variable = frame.as_ref().and_then(|frame| console.debugger.variable(frame, text));
    if let (Format::Plain, Some(Variable { value, type_name, .. })) = (format, variable) {
        return Ok(value_of_type(&value, type_name.as_deref()) + "\n");
    }
    let value = console.debugger.evaluate(frame.as_ref(), text)?;
    Ok(formatted(&value, format).map_err(|why| anyhow!(why))? + "\n")
}

pub(super) fn parse(_: &mut Console<'_>, text: &str) -> Result<String> {
    ensure!(!text.is_empty(), "parse what? A number, hexadecimal, base64, an address, a hash or a text");
    let mut out = String::new();
    for reading in readings(text) {
        push(&mut out, format_args!("as {}\n", reading.what));
        for (name, value) in reading.forms {
            push(&mut out, format_args!("  {name:<18}{value}\n"));
        }
    }
    Ok(out)
}

pub(super) fn storage(console: &mut Console<'_>, text: &str) -> Result<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (contract, prefix) = match words[..] {
        [] => (None, None),
        [prefix] if prefix.starts_with("0x") && prefix.len() != 42 => (None, Some(prefix)),
        [contract] => (Some(contract), None),
        [contract, prefix] => (Some(contract), Some(prefix)),
        _ => return Err(anyhow!("storage takes a contract and the beginning of keys")),
    };
    let id = console.debugger.contract_id(contract)?;
    let prefix = match prefix {
        Some(text) if text.starts_with("0x") => input::hex_bytes(text)?,
        text => text.unwrap_or_default().as_bytes().to_vec(),
    };
    let entries = console.debugger.execution().entries(&Key::new(id, &prefix))?;
    let mut out = format!("{} of {}\n", entries_of(entries.len()), name_of(console, id));
    for (key, value) in entries.iter().take(MAX_ROWS) {
        let value = show::item(&StackItem::from(&value[..]));
        push(&mut out, format_args!("  0x{}  {value}\n", hex::encode(key.local())));
    }
    push_more(&mut out, entries.len());
    Ok(out)
}

fn entries_of(count: usize) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}

fn name_of(console: &Console<'_>, id: i32) -> String {
    if native::NATIVES.iter().any(|native| native.id == id) {
        contract_name(id)
    } else {
        console.session.name_of_id(id)
    }
}

pub(super) fn events(console: &mut Console<'_>, _: &str) -> Result<String> {
    let execution = console.debugger.execution();
    let (notifications, logs) = (execution.notifications(), execution.logs());
    let mut out = String::new();
    for event in notifications.iter().take(MAX_ROWS) {
        let (name, contract) = (show::one_line(&event.event), console.session.name(event.contract));
        push(&mut out, format_args!("{name} of {contract}: {}\n", values(console.session, event)));
    }
    push_more(&mut out, notifications.len());
    for log in logs.iter().take(MAX_ROWS) {
        push(&mut out, format_args!("log of {}: {:?}\n", console.session.name(log.script_hash), log.message));
    }
    push_more(&mut out, logs.len());
    Ok(if out.is_empty() { "no events, no logs\n".into() } else { out })
}

pub(super) fn gas(console: &mut Console<'_>, _: &str) -> Result<String> {
    let vm = console.debugger.execution().vm();
    let (consumed, left) = (vm.gas_consumed().datoshi_ceil(), vm.gas_left().datoshi_floor());
    Ok(format!(
        "instructions  {}\nconsumed      {} GAS ({consumed} datoshi)\nleft          {} GAS ({left} datoshi)\n",
        console.debugger.time(),
        show::gas(consumed),
        show::gas(left)
    ))
}

pub(super) fn results(console: &mut Console<'_>, _: &str) -> Result<String> {
    let results = console.debugger.execution().vm().results();
    ensure!(console.debugger.ended().is_some(), "the execution has not ended");
    let mut out = String::new();
    for (i, item) in results.iter().rev().enumerate().take(MAX_ROWS) {
        push(&mut out, format_args!("result[{i}]  {}\n", typed(item)));
    }
    push_more(&mut out, results.len());
    Ok(if out.is_empty() { "no results\n".into() } else { out })
}

pub(super) fn list(console: &mut Console<'_>, text: &str) -> Result<String> {
    let frame = console.frame()?;
    let around = usize::try_from(number(text, AROUND as u64)?)?;
    let line = frame.line.ok_or_else(|| anyhow!("no source is known here; `disasm` shows instructions"))?;
    let source = console.target.sources.get(line.number).and_then(Option::as_ref);
    let name = show::one_line(&line.document);
    let source = source.ok_or_else(|| anyhow!("{name} is not found; name its folder with --source FOLDER"))?;
    let current = line.start.0 as usize;
    let mut out = String::new();
    let first = current.saturating_sub(around).max(1);
    for number in first..=current.saturating_add(around).min(source.text.lines().count()) {
        let mark = if number == current { '>' } else { ' ' };
        let text = console.source_line(line.number, u32::try_from(number)?).unwrap_or_default();
        push(&mut out, format_args!("{}\n", format!("{mark} {number:>5}  {text}").trim_end()));
    }
    Ok(out)
}

pub(super) fn disassembly(console: &mut Console<'_>, text: &str) -> Result<String> {
    let frame = console.frame()?;
    let around = usize::try_from(number(text, AROUND as u64)?)?;
    let script = &frame.context.script;
    let mut positions: Vec<usize> = script.instructions().map(|(position, _)| position).collect();
    positions.push(script.len());
    // The position may lie within an instruction.
    let place = positions.binary_search(&frame.position).unwrap_or_else(|place| {
        positions.insert(place, frame.position);
        place
    });
    let end = place.saturating_add(around).min(positions.len() - 1);
    let mut out = String::new();
    for position in &positions[place.saturating_sub(around)..=end] {
        let mark = if *position == frame.position { '>' } else { ' ' };
        push(&mut out, format_args!("{mark} {position:>5}  {}\n", trace::instruction(script, *position)));
    }
    Ok(out)
}
