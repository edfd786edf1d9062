//! Machine code in memory, which is freed when it is dropped.

use super::arena::Pages;
use crate::translate::Cells;

/// Machine code, freed when it is dropped.
pub(crate) struct MachineCode {
    pub(super) pages: Pages,
    /// What the code refers to.
    pub(crate) cells: Vec<Cells>,
    pub(crate) entry: *const u8,
    /// Bytes of code.
    pub(crate) size: usize,
    /// The code in text, if it was asked for.
    pub(crate) text: Option<Box<Text>>,
}

/// A region's code in text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) clif: String,
    pub(crate) assembly: String,
}

// SAFETY: the code is never written again; what can be done with its pages is to
// free them, which any thread may. It is dropped with the script's code, when nobody
// runs it, or before anybody could.
unsafe impl Send for MachineCode {}
// SAFETY: as above.
unsafe impl Sync for MachineCode {}

impl MachineCode {
    /// Bytes that it takes: whole pages, and what keeps them.
    pub(crate) fn memory(&self) -> usize {
        let cells: usize = self.cells.iter().map(Cells::memory).sum();
        self.pages.size() + cells
    }
}
