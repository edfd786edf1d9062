//! Statistics: what the compiler did, and why compiled code was left.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use neovm_interp::tier::{CodeView, Exit};

pub use crate::translate::Why;
use crate::{Refusal, compile::Compiled};

/// An exit of a region, with what the tier needs to know about it.
#[derive(Debug)]
pub(crate) struct ExitRecord {
    pub(crate) exit: Exit,
    pub(crate) why: Why,
    /// The instruction at the start of the exit's segment, where the interpreter continues.
    pub(crate) inst: usize,
    /// The instructions of the segment whose overflows are checked together.
    pub(crate) overflows: Vec<usize>,
}

impl ExitRecord {
    pub(crate) fn taken(&self) -> u64 {
        self.exit.taken.load(Ordering::Relaxed).into()
    }

    /// Returns the size of the record in bytes.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() - size_of::<Exit>() + self.exit.memory() + size_of_val(&*self.overflows)
    }
}

/// What a compiler has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The number of regions compiled, including recompiled ones.
    pub compiled: u64,
    /// The number of instructions in these regions.
    pub instructions: u64,
    /// The number of regions recompiled because a presumption did not hold.
    pub recompiled: u64,
    /// The number of regions given up because presumptions failed too often.
    pub given_up: u64,
    /// The number of regions refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// The memory that machine code takes, in bytes: whole pages, and the records of exits.
    pub bytes: usize,
    /// The time spent compiling.
    pub compile_time: Duration,
    /// The part of that time that was spent on code which was replaced or given up later.
    pub discarded_time: Duration,
    /// The number of times compiled code was entered.
    pub entered: u64,
    /// The number of times compiled code was left, by reason.
    pub exits: BTreeMap<Why, u64>,
}

impl Stats {
    pub(crate) fn count_exits<'a>(&mut self, records: impl IntoIterator<Item = &'a ExitRecord>) {
        for record in records {
            let starved = record.exit.starved.load(Ordering::Relaxed).into();
            for (why, times) in [(record.why, record.taken()), (Why::Gas, starved)] {
                if times > 0 {
                    *self.exits.entry(why).or_default() += times;
                    self.entered += times;
                }
            }
        }
    }
}

/// What became of a region, for people to read.
#[derive(Clone, Debug)]
pub struct Report {
    /// The position of its first instruction, in bytes.
    pub position: usize,
    /// The time it took to compile, or to refuse, the region.
    pub time: Duration,
    /// What was made, or why nothing was.
    pub outcome: Result<Details, Refusal>,
}

/// A compiled region.
#[derive(Clone, Debug)]
pub struct Details {
    /// The number of instructions, including those of called methods.
    pub instructions: usize,
    /// The number of blocks.
    pub blocks: usize,
    /// Whether the region contains a loop.
    pub has_loop: bool,
    /// The size of the machine code in bytes.
    pub size: usize,
    /// Cranelift's intermediate language. Exits, instructions and the machine's registers
    /// have names instead of addresses.
    pub clif: String,
    /// The exits: where they leave, and what they restore.
    pub exits: String,
    /// Machine code, in the assembler's language.
    pub assembly: String,
}

impl Report {
    pub(crate) fn new(code: CodeView<'_>, entry: usize, made: &Result<Compiled, Refusal>, time: Duration) -> Self {
        let outcome = made.as_ref().map_err(|refusal| *refusal).map(|made| {
            let text = made.machine_code.text.as_deref().cloned().unwrap_or_default();
            Details {
                instructions: made.instructions,
                blocks: made.region.blocks.len(),
                has_loop: made.region.has_loop(),
                size: made.machine_code.size,
                clif: super::text::clif(&text.clif, code, made),
                exits: super::text::exits(code, &made.exits),
                assembly: text.assembly,
            }
        });
        Self { position: code.position(entry), time, outcome }
    }
}

impl core::fmt::Display for Stats {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        write!(
            f,
            "compiled {} region{} ({} recompiled, {} given up) of {} instructions in {:.1} ms",
            self.compiled,
            if self.compiled == 1 { "" } else { "s" },
            self.recompiled,
            self.given_up,
            self.instructions,
            milliseconds(self.compile_time),
        )?;
        if !self.discarded_time.is_zero() {
            write!(f, ", {:.1} ms of it for code that was discarded", milliseconds(self.discarded_time))?;
        }
        writeln!(f, ": {} bytes", self.bytes)?;
        for (reason, count) in &self.refused {
            writeln!(f, "refused {count}: {reason}")?;
        }
        write!(f, "entered {}", self.entered)?;
        for (why, count) in &self.exits {
            write!(f, ", left by {} {count}", why.name())?;
        }
        Ok(())
    }
}
