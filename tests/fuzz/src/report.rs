//! Shows where two executions part.

use std::fmt::Write;

use neovm::{
    Script,
    types::{Instruction, disassemble, text::beginning},
};

use crate::{
    case::{Case, Run},
    compare::Comparer,
    final_state::{FinalState, OUT_OF_GAS},
};

/// The number of instructions shown before the executions part.
const BEFORE: usize = 24;

/// The most characters shown of the items of a machine.
const MOST_TEXT: usize = 300;

/// Describes the case, both final states, and the state of both machines after each instruction up
/// to where they part. Returns `None` if the case does not differ.
pub fn report(comparer: &mut Comparer, case: &Case) -> Option<String> {
    let (last, expected, found) = comparer.difference(case)?;
    let Case { script, reference, subject, runs } = case;
    let mut text = format!("{reference} and {subject} differ in run {last}, of {:?}\n", runs[last]);
    let _ = writeln!(text, "script {}\n{}", hex::encode(script), listing(script));
    let _ = writeln!(text, "{reference}: {expected:?}\n{subject}: {found:?}");
    text.push_str(&parting(comparer, case, last));
    Some(text)
}

/// Shows both machines after each instruction. Compiled code cannot be stepped, so each line comes
/// from a run with as much gas as the instructions so far consumed.
fn parting(comparer: &mut Comparer, case: &Case, last: usize) -> String {
    let run = &case.runs[last];
    let gas = comparer.gas_by_step(&case.script, run);
    let mut standing = |step: usize| {
        let mut shorter = case.clone();
        shorter.runs.truncate(last);
        shorter.runs.push(Run { gas_limit: gas[step], ..run.clone() });
        both(comparer, &shorter)
    };
    // Executions that differ at an instruction mostly differ at all later ones.
    let (mut alike, mut parted) = (0, gas.len() - 1);
    let (expected, found) = standing(parted);
    if expected.agrees(&found) {
        alike = parted;
    }
    while alike + 1 < parted {
        let middle = alike.midpoint(parted);
        let (expected, found) = standing(middle);
        if expected.agrees(&found) { alike = middle } else { parted = middle }
    }
    let place = if alike == parted { "in the last instruction" } else { "in the last of these" };
    let mut text = format!("they part {place}:\n");
    for (step, gas) in gas.iter().enumerate().take(parted + 1).skip(parted.saturating_sub(BEFORE)) {
        let (expected, found) = standing(step);
        let same = expected.agrees(&found);
        let at = if same { "both".into() } else { case.reference.to_string() };
        let _ = writeln!(text, "gas {gas:>8}  {at}: {}", shown(&expected, &case.script));
        if !same {
            let _ = writeln!(text, "              {}: {}", case.subject, shown(&found, &case.script));
        }
    }
    text
}

/// Returns both final states of the last run.
fn both(comparer: &mut Comparer, case: &Case) -> (FinalState, FinalState) {
    let states = [case.reference, case.subject].map(|executor| {
        let ready = comparer.ready(&case.script, executor);
        let states: Vec<FinalState> = case.runs.iter().map(|run| comparer.run(&ready, run)).collect();
        states.into_iter().next_back()
    });
    match states {
        [Some(expected), Some(found)] => (expected, found),
        _ => (FinalState::of_panic("no run"), FinalState::of_panic("no run")),
    }
}

/// Shows a machine that ran out of gas before an instruction.
fn shown(end: &FinalState, script: &[u8]) -> String {
    let next = end.position.and_then(|position| Instruction::decode(script, position).ok());
    let next = next.map_or_else(String::new, |next| next.opcode.to_string());
    let (count, items) = end.items.clone().unwrap_or_default();
    let items = beginning(&items, MOST_TEXT);
    let (instructions, at) = (end.instructions, end.position.map_or_else(|| "-".into(), |at| at.to_string()));
    let fault = match end.fault.as_deref() {
        None => "halted, ",
        // The gas limit was chosen to end the run here.
        Some(OUT_OF_GAS) => "",
        Some(message) => message,
    };
    format!("{instructions} instructions, at {at} {next}: {fault}{count} items: {items}")
}

fn listing(script: &[u8]) -> String {
    let script = Script::from(script);
    let lines = disassemble(&script).lines;
    lines.iter().map(|line| format!("{:5} {} {}\n", line.offset, line.mnemonic, line.operand)).collect()
}
