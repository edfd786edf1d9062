//! What the compiler did, and how its code was left.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use neovm_interp::tier::{CodeView, Exit};

pub use crate::translate::Why;
use crate::{Refusal, compile::Compiled};

/// An exit of a region, with what its tier has to know of it.
#[derive(Debug)]
pub(crate) struct ExitRecord {
    pub(crate) exit: Exit,
    pub(crate) why: Why,
    /// The instruction before which it is left, where a segment begins.
    pub(crate) inst: usize,
    /// The instructions of the segment whose overflows are looked at together.
    pub(crate) overflows: Vec<usize>,
}

impl ExitRecord {
    pub(crate) fn taken(&self) -> u64 {
        self.exit.taken.load(Ordering::Relaxed).into()
    }

    /// Bytes that it takes.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() - size_of::<Exit>() + self.exit.memory() + size_of_val(&*self.overflows)
    }
}

/// What a compiler did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Regions compiled, including recompiled ones.
    pub compiled: u64,
    /// Instructions in them.
    pub instructions: u64,
    /// Regions compiled again because what they speculated on did not hold.
    pub recompiled: u64,
    /// Regions given up because too much did not hold.
    pub given_up: u64,
    /// Regions not compiled, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Bytes that machine code takes in memory, whole pages and what is kept to
    /// leave it included.
    pub bytes: usize,
    /// Time spent compiling.
    pub compile_time: Duration,
    /// How often compiled code was entered.
    pub entered: u64,
    /// How often it was left, by reason.
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

/// What became of a region, for people.
#[derive(Clone, Debug)]
pub struct Report {
    /// Where it begins, in bytes.
    pub position: usize,
    /// How long it took to compile, or to refuse.
    pub time: Duration,
    /// What was made, or why not.
    pub outcome: Result<Details, Refusal>,
}

/// A region that was compiled.
#[derive(Clone, Debug)]
pub struct Details {
    /// Its instructions, and those of methods that are called.
    pub instructions: usize,
    /// Its blocks.
    pub blocks: usize,
    /// Whether it is a loop, or has one.
    pub has_loop: bool,
    /// Bytes of machine code.
    pub size: usize,
    /// Cranelift's intermediate language. Exits, instructions and the machine's registers
    /// have names instead of addresses.
    pub clif: String,
    /// The exits: where compiled code is left, and what is restored there.
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
                clif: super::text::clif(&text.clif, code, &made.exits),
                exits: super::text::exits(code, &made.exits),
                assembly: text.assembly,
            }
        });
        Self { position: code.position(entry), time, outcome }
    }
}

impl core::fmt::Display for Stats {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(
            f,
            "compiled {} region{} ({} recompiled, {} given up) of {} instructions in {:.1} ms: {} bytes",
            self.compiled,
            if self.compiled == 1 { "" } else { "s" },
            self.recompiled,
            self.given_up,
            self.instructions,
            self.compile_time.as_secs_f64() * 1e3,
            self.bytes
        )?;
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
