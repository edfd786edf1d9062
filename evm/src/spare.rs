//! Memory that an execution leaves to the next one on its thread.

use std::cell::RefCell;

use revm::{
    JournalEntry,
    context::{FrameStack, JournalInner, LocalContext, LocalContextTr},
    handler::EthFrame,
    interpreter::interpreter::EthInterpreter,
    primitives::hardfork::SpecId,
};

/// The frames of a machine, one inside of the other.
pub(crate) type Frames = FrameStack<EthFrame<EthInterpreter>>;

/// Frames, buffers and tables, all of them empty: a transfer would take longer to allocate them than to be executed.
pub(crate) struct Spare {
    pub(crate) frames: Frames,
    pub(crate) local: LocalContext,
    pub(crate) journal: JournalInner<JournalEntry>,
    /// Whose precompiled contracts the journal takes for warm.
    pub(crate) rules: Option<SpecId>,
}

thread_local! {
    static SPARE: RefCell<Vec<Spare>> = const { RefCell::new(Vec::new()) };
}

/// As many are kept: executions run inside of each other.
const MAX_SPARE: usize = 4;
/// Frames that were deeper than this, and larger memories, are let go.
const MAX_DEPTH: usize = 16;
const MAX_MEMORY: usize = 1 << 20;

impl Spare {
    /// Takes what an execution has left, or makes it.
    ///
    /// `rules` are those whose precompiled contracts there are, if there are no others.
    pub(crate) fn take(rules: Option<SpecId>) -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
        let spare = spare.unwrap_or_else(|| Self {
            frames: Frames::new(),
            local: LocalContext::default(),
            journal: JournalInner::new(),
            rules: None,
        });
        match rules.is_some() && rules == spare.rules {
            true => spare,
            false => Self { journal: JournalInner::new(), rules, ..spare },
        }
    }

    /// Keeps what an execution leaves, whose journal is finished. `deepest` is the depth of its deepest frame.
    pub(crate) fn keep(mut self, deepest: usize) {
        self.frames.clear();
        self.local.clear();
        let is_small = self.local.shared_memory_buffer.borrow().capacity() <= MAX_MEMORY && deepest <= MAX_DEPTH;
        // At the end of a thread there is nobody to keep it for.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if is_small && spare.len() < MAX_SPARE {
                spare.push(self);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_is_let_go() {
        let capacity = |spare: &Spare| spare.local.shared_memory_buffer.borrow().capacity();
        for (size, deepest, is_kept) in [(1 << 16, 3, true), (2 << 20, 3, false), (1 << 16, 1000, false)] {
            while SPARE.with(|spare| spare.borrow_mut().pop()).is_some() {}
            let spare = Spare::take(None);
            spare.local.shared_memory_buffer.borrow_mut().reserve_exact(size);
            spare.keep(deepest);
            assert_eq!(capacity(&Spare::take(None)) >= size, is_kept, "{size} {deepest}");
        }
    }

    #[test]
    fn a_journal_is_for_the_same_precompiled_contracts() {
        let marked = || {
            let mut spare = Spare::take(Some(SpecId::OSAKA));
            spare.journal.depth = 7;
            spare.keep(0);
        };
        marked();
        assert_eq!(Spare::take(Some(SpecId::OSAKA)).journal.depth, 7);
        marked();
        assert_eq!(Spare::take(Some(SpecId::PRAGUE)).journal.depth, 0);
        marked();
        assert_eq!(Spare::take(None).journal.depth, 0);
    }
}
