//! Breakpoints of a client, who sends all of a kind at once.

use std::{collections::HashMap, fs};

use anyhow::{Result, anyhow, ensure};
use neovm_workbench::debugger::{Condition, Debugger};
use serde_json::{Value, json};

use super::{
    arguments::{
        Extras, FunctionBreakpoint, SetBreakpoints, SetExceptionBreakpoints, SetFunctionBreakpoints,
        SetInstructionBreakpoints, SourceBreakpoint,
    },
    session::Adapter,
};

/// The numbers of the breakpoints that the client has set, by what they were set with.
#[derive(Default)]
pub(super) struct Groups(HashMap<String, Vec<u32>>);

impl Groups {
    /// Puts breakpoints in the place of those that a group had, and returns what the
    /// client is told of each.
    fn replace(
        &mut self,
        debugger: &mut Debugger<'_>,
        group: String,
        conditions: Vec<Result<Condition>>,
        describe: impl Fn(&Condition) -> Value,
    ) -> Value {
        let old = self.0.remove(&group).unwrap_or_default();
        for id in old {
            debugger.remove_breakpoint(id);
        }
        let mut ids = Vec::new();
        let mut answer = |condition: Result<Condition>| match condition {
            Ok(condition) => {
                let mut told = describe(&condition);
                let id = debugger.add_breakpoint(condition, false);
                ids.push(id);
                (told["verified"], told["id"]) = (true.into(), id.into());
                told
            }
            Err(error) => json!({"verified": false, "message": format!("{error:#}")}),
        };
        let told: Vec<Value> = conditions.into_iter().map(&mut answer).collect();
        self.0.insert(group, ids);
        json!({"breakpoints": told})
    }
}

impl Extras {
    /// Refuses what would be ignored: a breakpoint that stops each time is another one.
    fn refuse(&self) -> Result<()> {
        let given = [&self.condition, &self.hit_condition, &self.log_message].into_iter().flatten();
        ensure!(given.into_iter().all(String::is_empty), "breakpoints have no conditions, hit counts or log messages");
        Ok(())
    }
}

impl Adapter<'_, '_> {
    pub(super) fn set_breakpoints(&mut self, arguments: SetBreakpoints) -> Value {
        let counting = self.counting;
        let reference = arguments.source.source_reference.filter(|reference| *reference > 0);
        let path = arguments.source.path.unwrap_or_default();
        let document = self.document(&path);
        let condition = |breakpoint: &SourceBreakpoint| {
            breakpoint.extras.refuse()?;
            let line = counting.own_line(breakpoint.line);
            match reference {
                // A line of a disassembly.
                Some(reference) => self.listed(reference, line),
                None => Ok(self.console.debugger.line(&document, line)?),
            }
        };
        let conditions: Vec<Result<Condition>> = arguments.breakpoints.iter().map(condition).collect();
        let group = reference.map_or_else(|| format!("source {path}"), |reference| format!("listing {reference}"));
        let describe = |condition: &Condition| match condition {
            Condition::Line { line, .. } => json!({"line": counting.line(*line)}),
            _ => json!({}),
        };
        self.groups.replace(&mut self.console.debugger, group, conditions, describe)
    }

    /// What the debug information calls the file with a path.
    fn document(&self, path: &str) -> String {
        let target = self.console.target;
        let wanted = fs::canonicalize(path).unwrap_or_else(|_| path.into());
        let number = target.sources.iter().position(|source| source.as_ref().is_some_and(|it| it.path == wanted));
        let known = number.and_then(|number| target.info.as_ref()?.documents.get(number));
        known.cloned().unwrap_or_else(|| path.into())
    }

    /// The condition for a line of the listing of a script.
    fn listed(&self, reference: usize, line: u32) -> Result<Condition> {
        let script = self.console.debugger.scripts().all().get(reference - 1);
        let script = script.ok_or_else(|| anyhow!("there is no source {reference}"))?;
        let position = script.starts().get((line as usize).saturating_sub(1)).copied();
        let position = position.ok_or_else(|| anyhow!("the listing has no line {line}"))?;
        Ok(Condition::Offset { script: script.hash, position })
    }

    pub(super) fn set_function_breakpoints(&mut self, arguments: SetFunctionBreakpoints) -> Value {
        // Whatever the prompt knows is a function here, also `opcode THROW`.
        let condition = |breakpoint: FunctionBreakpoint| {
            breakpoint.extras.refuse()?;
            Ok(self.console.debugger.condition(&breakpoint.name)?)
        };
        let conditions = arguments.breakpoints.into_iter().map(condition).collect();
        self.groups.replace(&mut self.console.debugger, "functions".into(), conditions, |_| json!({}))
    }

    pub(super) fn set_instruction_breakpoints(&mut self, arguments: SetInstructionBreakpoints) -> Value {
        let conditions = arguments.breakpoints.into_iter().map(|breakpoint| {
            breakpoint.extras.refuse()?;
            let (place, position) = self.located(&breakpoint.instruction_reference, breakpoint.offset)?;
            let script = &self.console.debugger.scripts().all()[place];
            let is_instruction = script.starts().binary_search(&position).is_ok();
            ensure!(is_instruction, "no instruction begins at byte {position} of {}", script.name);
            Ok(Condition::Offset { script: script.hash, position })
        });
        let conditions = conditions.collect();
        self.groups.replace(&mut self.console.debugger, "instructions".into(), conditions, |_| json!({}))
    }

    pub(super) fn set_exception_breakpoints(&mut self, arguments: SetExceptionBreakpoints) -> Result<Value> {
        let condition = |filter: String| match filter.as_str() {
            "thrown" => Ok(Condition::Exception),
            "fault" => Ok(Condition::Fault),
            _ => Err(anyhow!("there is no filter {filter:?}")),
        };
        let conditions = arguments.filters.into_iter().map(condition).collect();
        Ok(self.groups.replace(&mut self.console.debugger, "exceptions".into(), conditions, |_| json!({})))
    }
}
