//! Which instructions ran, and which way branches went.

mod file;
mod html;
mod report;

use std::{collections::BTreeMap, sync::Arc};

use neovm::{Execution, Hash160, LoadId, OpCode, Script, types::manifest::Method};

pub use self::{
    file::CoverageFileError,
    report::{LineCoverage, MethodCoverage, Share},
};
use crate::{debug_info::DebugInfo, functions::Functions, scripts::Scripts};

/// How often the instructions of a script ran, in one execution or in several.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The name of the contract.
    pub name: String,
    /// The script.
    pub script: Script,
    /// How often the instruction at each position ran.
    pub(crate) hits: BTreeMap<usize, u64>,
    /// The branches that were reached, by their positions.
    pub(crate) branches: BTreeMap<usize, Branch>,
    pub(crate) functions: Functions,
    pub(crate) debug: Option<Arc<DebugInfo>>,
}

/// How often a conditional jump went each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// How often it jumped.
    pub taken: u64,
    /// How often it went on with the next instruction.
    pub passed: u64,
}

impl Coverage {
    /// Creates the coverage of a script of which nothing ran yet.
    pub fn new(name: String, script: Script, methods: &[Method], debug: Option<Arc<DebugInfo>>) -> Self {
        let functions = Functions::new(&script, methods);
        Self { name, script, hits: BTreeMap::new(), branches: BTreeMap::new(), functions, debug }
    }

    /// Returns how often the instruction at a position ran.
    pub fn hits(&self, position: usize) -> u64 {
        self.hits.get(&position).copied().unwrap_or(0)
    }

    /// Adds what ran in other executions of the same script.
    pub fn merge(&mut self, other: &Self) {
        let add = |own: &mut u64, other: u64| *own = own.saturating_add(other);
        other.hits.iter().for_each(|(position, count)| add(self.hits.entry(*position).or_default(), *count));
        for (position, branch) in &other.branches {
            let own = self.branches.entry(*position).or_default();
            add(&mut own.taken, branch.taken);
            add(&mut own.passed, branch.passed);
        }
    }
}

/// Whether an opcode jumps or goes on, depending on the stack.
pub(crate) fn is_branch(opcode: OpCode) -> bool {
    (OpCode::JMPIF..=OpCode::JMPLE_L).contains(&opcode)
}

/// Records the coverage of one contract.
#[derive(Debug)]
pub struct CoverageRecorder {
    contract: Hash160,
    coverage: Coverage,
    scripts: Scripts,
    /// The branch that runs: its load, the depth, its position and that of the next instruction.
    branch: Option<(LoadId, usize, usize, usize)>,
}

impl CoverageRecorder {
    /// Records what runs of a contract's script, and adds it to the coverage. After an
    /// update of the contract the script is another one, which is not recorded.
    pub fn new(contract: Hash160, coverage: Coverage) -> Self {
        Self { contract, coverage, scripts: Scripts::default(), branch: None }
    }

    /// Takes note of the next instruction, and where the last branch led. To be called
    /// before each instruction; after the last one follows [`CoverageRecorder::finish`].
    pub fn watch(&mut self, execution: &Execution<'_>) {
        self.note_way(execution);
        let vm = execution.vm();
        let (Some(load), Some(position)) = (vm.current_load(), vm.position()) else { return };
        let Some(script) = self.scripts.current(execution).map(|place| self.scripts.get(place)) else { return };
        if script.hash != self.contract || script.script != self.coverage.script {
            return;
        }
        *self.coverage.hits.entry(position).or_default() += 1;
        if vm.opcode().is_some_and(is_branch)
            && let Ok(instruction) = script.script.instruction(position)
        {
            self.branch = Some((load, vm.depth(), position, position + instruction.size()));
        }
    }

    /// Takes note of where the last branch led, unless it faulted.
    fn note_way(&mut self, execution: &Execution<'_>) {
        let vm = execution.vm();
        let Some((load, depth, branch, next)) = self.branch.take() else { return };
        let is_same = Some(load) == vm.current_load() && depth == vm.depth();
        if let Some(position) = vm.position().filter(|_| is_same && vm.fault().is_none()) {
            let counts = self.coverage.branches.entry(branch).or_default();
            *(if position == next { &mut counts.passed } else { &mut counts.taken }) += 1;
        }
    }

    /// Returns what was recorded of an execution that has ended or was stopped.
    pub fn finish(mut self, execution: &Execution<'_>) -> Coverage {
        self.note_way(execution);
        self.coverage
    }
}
