//! Decoded scripts: an array of decoded instructions, made once and shared by all
//! machines that run the script.
//!
//! Each instruction becomes a [`DecodedInst`] with its handler, its operand and
//! its cost. One more stands for the implicit RET behind the last byte. A jump
//! into the middle of an instruction is legal; the instructions that it leads to
//! are not part of this array but are decoded on demand into [`MisalignedInsts`],
//! which belong to the execution.

mod decode;
mod link;

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use neovm_types::{PriceTable, Script, engine_internals::Constants};

use crate::{inst::DecodedInst, tier::HotCounters};

/// The size of the largest script that can be decoded, in bytes: 256 MiB.
pub const MAX_SCRIPT_SIZE: usize = 1 << 28;

/// A decoded script: immutable, and shared between executions and threads.
///
/// The prices are decoded in with the script: a [`crate::Vm`] runs only code
/// that was decoded with its own prices.
pub struct Code {
    script: Script,
    prices: Arc<PriceTable>,
    insts: Vec<DecodedInst>,
    /// The index of the instruction that starts at each position; [`NO_INST`] within an instruction.
    index: Box<[u32]>,
    /// The byte strings and wide integers that instructions push.
    constants: Constants,
    /// The counters of a tier that compiles hot parts of it, if there is one.
    hot_counters: Option<HotCounters>,
}

const NO_INST: u32 = u32::MAX;

impl Code {
    /// Returns the script.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Returns the prices that are decoded in.
    pub fn prices(&self) -> &Arc<PriceTable> {
        &self.prices
    }

    /// Returns the memory that the decoded form takes, in bytes, without the script itself.
    pub fn memory(&self) -> usize {
        let hot_counters = self.hot_counters.as_ref().map_or(0, HotCounters::memory);
        self.insts.capacity() * size_of::<DecodedInst>()
            + self.index.len() * size_of::<u32>()
            + self.constants.memory()
            + hot_counters
    }

    /// The byte strings and wide integers that instructions push, by their operands.
    pub(crate) fn constants(&self) -> &Constants {
        &self.constants
    }

    /// The counters of the tier, if there is one.
    pub(crate) fn hot_counters(&self) -> Option<&HotCounters> {
        self.hot_counters.as_ref()
    }

    /// All decoded instructions, in the order of their positions.
    pub(crate) fn insts(&self) -> &[DecodedInst] {
        &self.insts
    }

    /// The number of the instruction that starts at a position; that of the
    /// RET behind the last byte too.
    pub(crate) fn inst_index(&self, position: usize) -> Option<usize> {
        self.index.get(position).filter(|&&place| place != NO_INST).map(|&place| place as usize)
    }

    /// The decoded instruction that starts at a position; none within an instruction.
    pub(crate) fn inst(&self, position: usize) -> Option<*const DecodedInst> {
        let place = *self.index.get(position)?;
        // Derived from the pointer to all of them: whoever holds it walks on to the others.
        ((place as usize) < self.insts.len()).then(|| self.insts.as_ptr().wrapping_add(place as usize))
    }
}

impl core::fmt::Debug for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Code").field("script", &self.script.hash()).field("insts", &self.insts.len()).finish()
    }
}

/// The number of positions of a page of misaligned instructions.
const PAGE: usize = 64;

/// Instructions that begin inside others because jumps led there, each decoded
/// once. Their general handlers run them and find the next one by its position,
/// so overlapping streams of instructions share them.
#[derive(Default)]
pub(crate) struct MisalignedInsts {
    /// A decoded instruction for each position, allocated by the page when a jump
    /// first leads there. They stay where they are. The offset of those that are
    /// not decoded yet is [`NOT_DECODED`].
    pages: Vec<Option<Box<[DecodedInst; PAGE]>>>,
}

const NOT_DECODED: u32 = u32::MAX;

impl MisalignedInsts {
    /// Returns their memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        pages * size_of::<[DecodedInst; PAGE]>() + self.pages.len() * size_of::<usize>()
    }
}
