//! The commands that run, and those that say where to stop.

use anyhow::{Result, anyhow, ensure};
use neovm_workbench::debugger::{Breakpoint, Direction, Motion, Pause};

use super::console::{Console, count, number};
use crate::{json::push, show};

pub(super) fn start(console: &mut Console<'_>, _: &str) -> Result<String> {
    console.start()
}

pub(super) fn run(console: &mut Console<'_>, _: &str) -> Result<String> {
    console.debugger.go_to(0)?;
    console.go(Motion::Continue, Direction::Forward, "")
}

pub(super) fn resume(console: &mut Console<'_>, times: &str) -> Result<String> {
    let mut pause = Pause::Step;
    for _ in 0..count(times)? {
        pause = console.debugger.go(Motion::Continue, Direction::Forward)?;
        if !matches!(pause, Pause::Breakpoint(_)) || console.debugger.ended().is_some() {
            break;
        }
    }
    Ok(console.stopped(&pause))
}

pub(super) fn step(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::LineInto, Direction::Forward, times)
}

pub(super) fn next(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::LineOver, Direction::Forward, times)
}

pub(super) fn step_into(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::Into, Direction::Forward, times)
}

pub(super) fn step_over(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::Over, Direction::Forward, times)
}

pub(super) fn step_out(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::Out, Direction::Forward, times)
}

pub(super) fn back(console: &mut Console<'_>, times: &str) -> Result<String> {
    let time = console.debugger.time().saturating_sub(count(times)?);
    console.go_to(time)
}

pub(super) fn back_step(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::LineInto, Direction::Back, times)
}

pub(super) fn back_next(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::LineOver, Direction::Back, times)
}

pub(super) fn back_out(console: &mut Console<'_>, times: &str) -> Result<String> {
    console.go(Motion::Out, Direction::Back, times)
}

pub(super) fn back_continue(console: &mut Console<'_>, _: &str) -> Result<String> {
    console.go(Motion::Continue, Direction::Back, "")
}

pub(super) fn go_to(console: &mut Console<'_>, time: &str) -> Result<String> {
    ensure!(!time.is_empty(), "goto which instruction? They are counted from 0");
    console.go_to(number(time, 0)?)
}

pub(super) fn set_break(console: &mut Console<'_>, place: &str) -> Result<String> {
    if place.is_empty() { breakpoints(console, "") } else { add(console, place, false) }
}

pub(super) fn set_temporary(console: &mut Console<'_>, place: &str) -> Result<String> {
    add(console, place, true)
}

fn add(console: &mut Console<'_>, place: &str, is_temporary: bool) -> Result<String> {
    let condition = console.debugger.condition(place)?;
    console.debugger.add_breakpoint(condition, is_temporary);
    Ok(console.debugger.breakpoints().last().map(line).unwrap_or_default())
}

pub(super) fn watch(console: &mut Console<'_>, name: &str) -> Result<String> {
    ensure!(!name.is_empty(), "watch which variable?");
    let watched = console.debugger.watched_in(console.selected, name)?;
    console.debugger.add_breakpoint(neovm_workbench::debugger::Condition::Slot(watched), false);
    Ok(console.debugger.breakpoints().last().map(line).unwrap_or_default())
}

pub(super) fn breakpoints(console: &mut Console<'_>, _: &str) -> Result<String> {
    let all = console.debugger.breakpoints();
    Ok(if all.is_empty() { "no breakpoints\n".into() } else { all.iter().map(line).collect() })
}

/// A breakpoint on a line.
fn line(breakpoint: &Breakpoint) -> String {
    let mut out = format!("breakpoint {}, {}", breakpoint.id, show::one_line(&breakpoint.condition.to_string()));
    out.push_str(if breakpoint.is_temporary { ", once" } else { "" });
    out.push_str(if breakpoint.is_enabled { "" } else { ", disabled" });
    if breakpoint.hits > 0 {
        push(&mut out, format_args!(", hit {}", show::count(breakpoint.hits, "time")));
    }
    out + "\n"
}

pub(super) fn delete(console: &mut Console<'_>, ids: &str) -> Result<String> {
    each(console, ids, |console, id| console.debugger.remove_breakpoint(id))
}

pub(super) fn enable(console: &mut Console<'_>, ids: &str) -> Result<String> {
    each(console, ids, |console, id| console.debugger.enable_breakpoint(id, true))
}

pub(super) fn disable(console: &mut Console<'_>, ids: &str) -> Result<String> {
    each(console, ids, |console, id| console.debugger.enable_breakpoint(id, false))
}

/// Does something to the breakpoints with these numbers, or to all.
fn each(console: &mut Console<'_>, ids: &str, change: impl Fn(&mut Console<'_>, u32) -> bool) -> Result<String> {
    let all = console.debugger.breakpoints().iter().map(|breakpoint| breakpoint.id);
    let ids = match ids {
        "" => all.collect(),
        ids => ids
            .split_whitespace()
            .map(|id| id.parse().map_err(|_| anyhow!("{id:?} is not the number of a breakpoint")))
            .collect::<Result<Vec<u32>>>()?,
    };
    for id in ids {
        ensure!(change(console, id), "there is no breakpoint {id}");
    }
    Ok(String::new())
}
