//! Where source lines begin while an execution runs.

use neovm::Execution;

use crate::scripts::Scripts;

/// The place of a script, the number of the document and the line.
type Line = (usize, usize, u32);

/// Knows the lines that the contexts are in, and says when another one begins.
#[derive(Debug)]
pub(super) struct Lines {
    /// For each context, the current one last: its line, and the position where it began.
    open: Vec<Option<(Line, usize)>>,
}

impl Lines {
    pub(super) fn new(execution: &Execution<'_>, scripts: &mut Scripts) -> Self {
        let places = scripts.of_contexts(execution);
        let contexts = execution.vm().invocation_stack().zip(places).enumerate();
        let line = |(i, (context, place)): (usize, (neovm::Invocation<'_>, usize))| {
            // A caller stands behind its call.
            let position = if i == 0 { context.position } else { context.position.saturating_sub(1) };
            let point = scripts.get(place).debug.as_ref()?.point_at(position)?;
            Some(((place, point.document, point.start.0), point.position))
        };
        let mut open: Vec<_> = contexts.map(line).collect();
        open.reverse();
        Self { open }
    }

    /// Takes note of the next instruction and returns whether a line begins with it:
    /// another one than the context was in, or the same one again. To be called before
    /// each instruction.
    pub(super) fn begins(&mut self, execution: &Execution<'_>, scripts: &mut Scripts) -> bool {
        let vm = execution.vm();
        let depth = vm.depth();
        self.open.truncate(depth);
        let is_new = self.open.len() < depth;
        self.open.resize(depth, None);
        let (Some(place), Some(position)) = (scripts.current(execution), vm.position()) else { return false };
        let Some(point) = scripts.get(place).debug.as_ref().and_then(|info| info.point_at(position)) else {
            return false;
        };
        if point.position != position && !is_new {
            return false;
        }
        let line = (place, point.document, point.start.0);
        let Some(open) = self.open.last_mut() else { return false };
        if open.is_some_and(|(known, start)| known == line && start != position) {
            return false;
        }
        *open = Some((line, position));
        true
    }

    /// Whether the current context is in a line that is known.
    pub(super) fn is_known(&self) -> bool {
        self.open.last().is_some_and(Option::is_some)
    }
}
