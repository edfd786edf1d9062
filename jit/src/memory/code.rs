//! Machine code in memory, which is freed when it is dropped.

use std::{
    io,
    sync::{Arc, Mutex},
};

use cranelift_jit::{BranchProtection, JITMemoryKind, JITMemoryProvider, SystemMemoryProvider};
use cranelift_module::ModuleResult;

use crate::{lock, translate::Cells};

/// Each function's memory begins with a page, so that it can be made executable.
const PAGE: usize = 4096;

/// The pages of machine code: Cranelift's module writes them, and is gone when
/// the code is entered.
#[derive(Clone)]
pub(super) struct Pages(Arc<Mutex<Mapped>>);

struct Mapped {
    provider: SystemMemoryProvider,
    bytes: usize,
}

impl Default for Pages {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Mapped { provider: SystemMemoryProvider::new(), bytes: 0 })))
    }
}

impl JITMemoryProvider for Pages {
    fn allocate(&mut self, size: usize, align: u64, kind: JITMemoryKind) -> io::Result<*mut u8> {
        let mut mapped = lock(&self.0);
        mapped.bytes += size.next_multiple_of(PAGE);
        mapped.provider.allocate(size, align, kind)
    }

    unsafe fn free_memory(&mut self) {
        // SAFETY: the caller's word.
        unsafe { lock(&self.0).provider.free_memory() };
    }

    fn finalize(&mut self, protection: BranchProtection) -> ModuleResult<()> {
        lock(&self.0).provider.finalize(protection)
    }
}

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
// free them, which any thread may.
unsafe impl Send for MachineCode {}
// SAFETY: as above.
unsafe impl Sync for MachineCode {}

impl MachineCode {
    /// Bytes that it takes: whole pages, and what keeps them.
    pub(crate) fn memory(&self) -> usize {
        let cells: usize = self.cells.iter().map(Cells::memory).sum();
        size_of::<Mapped>() + lock(&self.pages.0).bytes + cells
    }
}

impl Drop for MachineCode {
    fn drop(&mut self) {
        // SAFETY: a machine is dropped with the script's code, when nobody runs it,
        // or before anybody could.
        unsafe { self.pages.free_memory() };
    }
}
