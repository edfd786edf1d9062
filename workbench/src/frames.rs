//! The functions on the invocation stack.

use std::collections::HashMap;

use neovm::{Execution, LoadId};

use crate::scripts::Scripts;

/// A function: a method, or what a CALL leads to.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The place of its script.
    pub(crate) script: usize,
    pub(crate) name: String,
}

/// Knows which functions are running, from the first to the current one.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The contexts on the invocation stack, the current one last: their loads and functions.
    open: Vec<(LoadId, usize)>,
    functions: Vec<Function>,
    /// The functions by script and position.
    places: HashMap<(usize, usize), usize>,
}

impl Frames {
    pub(crate) fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Brings the frames up to date before an instruction, and returns whether they have
    /// changed. A context that is new begins at the position where it stands.
    pub(crate) fn update(&mut self, execution: &Execution<'_>, scripts: &mut Scripts) -> bool {
        let vm = execution.vm();
        let (depth, load) = (vm.depth(), vm.current_load());
        let is_same = |open: Option<&(LoadId, usize)>| open.map(|(load, _)| *load) == load;
        if depth == self.open.len() && is_same(self.open.last()) {
            return false;
        }
        if depth < self.open.len() && is_same(self.open[..depth].last()) {
            self.open.truncate(depth);
            return true;
        }
        if let Some((load, function)) =
            self.open.last().filter(|_| depth == self.open.len() + 1 && is_same(self.open.last()))
        {
            // A CALL within a script.
            let script = self.functions[*function].script;
            let (load, position) = (*load, vm.position().unwrap_or_default());
            let function = self.function(script, position, scripts);
            self.open.push((load, function));
            return true;
        }
        let places = scripts.of_contexts(execution);
        let contexts: Vec<(LoadId, usize)> =
            vm.invocation_stack().map(|context| (context.load, context.position)).collect();
        let shared = self.open.iter().zip(contexts.iter().rev());
        let shared = shared.take_while(|((old, _), (new, _))| old == new).count();
        self.open.truncate(shared);
        for ((load, position), script) in contexts.iter().zip(places).rev().skip(shared) {
            let function = self.function(script, *position, scripts);
            self.open.push((*load, function));
        }
        true
    }

    /// The functions that run, the current one last.
    pub(crate) fn open(&self) -> impl Iterator<Item = usize> {
        self.open.iter().map(|(_, function)| *function)
    }

    fn function(&mut self, script: usize, position: usize, scripts: &Scripts) -> usize {
        *self.places.entry((script, position)).or_insert_with(|| {
            self.functions.push(Function { script, name: scripts.get(script).function_name(position) });
            self.functions.len() - 1
        })
    }
}
