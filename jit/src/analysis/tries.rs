//! Try blocks that a region opens. They exist only here: compiled code pushes them onto the machine's stack of try
//! blocks where it is left.

use neovm_interp::tier::{CodeView, MAX_TRIES};
use neovm_types::OpCode;

use super::instruction::Ins;

/// The first instructions of the handlers of a try block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handlers {
    pub(crate) catch: Option<usize>,
    pub(crate) finally: Option<usize>,
}

/// A try block that a region opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenTry {
    /// The index of its TRY.
    inst: usize,
    pub(crate) handlers: Handlers,
    pub(crate) part: Part,
}

/// The part of a try block that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Try,
    Catch,
    /// One of these, which is known only at run time.
    Either,
    /// The finally block, which no exception led to, and the instruction behind it.
    Finally {
        end: usize,
    },
}

impl Handlers {
    /// Reads the handlers of a TRY at a position. Returns none if it faults, or if a handler is not an instruction.
    pub(crate) fn read(code: CodeView<'_>, position: usize, offsets: (Option<i32>, Option<i32>)) -> Option<Self> {
        let handler = |offset: Option<i32>| match offset? {
            0 => Some(None),
            offset => target(code, position, offset).map(Some),
        };
        let (catch, finally) = (handler(offsets.0)?, handler(offsets.1)?);
        (catch.is_some() || finally.is_some()).then_some(Self { catch, finally })
    }
}

/// Returns the index of the instruction that an offset from a position leads to; none if it leads to no instruction.
pub(crate) fn target(code: CodeView<'_>, position: usize, offset: i32) -> Option<usize> {
    let target = usize::try_from(position as i64 + i64::from(offset)).ok()?;
    (target < code.script().len()).then(|| code.inst_index(target)).flatten()
}

impl OpenTry {
    /// Returns what holds for both; none if they differ in more than whether the catch block runs.
    pub(crate) fn join(self, other: Self) -> Option<Self> {
        let part = match (self.part, other.part) {
            (part, same) if part == same => part,
            (Part::Finally { .. }, _) | (_, Part::Finally { .. }) => return None,
            _ => Part::Either,
        };
        (self.inst == other.inst).then_some(Self { part, ..self })
    }
}

/// Joins the try blocks on two ways to an instruction, and returns whether less is known than on the first. Returns
/// none if they are different blocks.
pub(crate) fn join(open: &mut [OpenTry], others: &[OpenTry]) -> Option<bool> {
    if open.len() != others.len() {
        return None;
    }
    let mut less = false;
    for (block, &other) in open.iter_mut().zip(others) {
        let joined = block.join(other)?;
        less |= joined != *block;
        *block = joined;
    }
    Some(less)
}

/// Returns the place of the innermost try block that catches an exception, and the start of its catch block. Returns
/// none if the exception leaves the region, or a finally block runs first.
pub(crate) fn catcher(open: &[OpenTry]) -> Option<(usize, usize)> {
    for (place, block) in open.iter().enumerate().rev() {
        match block.part {
            Part::Try => return block.handlers.catch.map(|catch| (place, catch)),
            // Its handlers have run.
            Part::Finally { .. } => {}
            Part::Catch if block.handlers.finally.is_none() => {}
            Part::Catch | Part::Either => return None,
        }
    }
    None
}

/// Closes the try blocks within one that catches an exception, whose catch block runs.
pub(crate) fn catch(open: &mut Vec<OpenTry>, place: usize) {
    open.truncate(place + 1);
    open[place].part = Part::Catch;
}

impl Ins {
    /// Finds out where a TRY, ENDTRY or ENDFINALLY, or an exception of the instruction leads to, with the try blocks
    /// that the region has open before it.
    pub(crate) fn resolve_tries(&mut self, open: &[OpenTry]) {
        use OpCode::*;
        self.handlers = self.handlers.filter(|_| open.len() < MAX_TRIES);
        self.leads_to = match self.opcode {
            ENDTRY | ENDTRY_L => open.last().zip(self.target).and_then(|(block, end)| match block.part {
                Part::Finally { .. } => None,
                _ => block.handlers.finally.or(Some(end)),
            }),
            ENDFINALLY => open.last().and_then(|block| match block.part {
                Part::Finally { end } => Some(end),
                _ => None,
            }),
            _ if self.throws() => catcher(open).map(|(_, catch)| catch),
            _ => None,
        };
    }

    /// Opens and closes the try blocks that the instruction does, if it runs in the region and throws nothing.
    pub(crate) fn follow_tries(&self, open: &mut Vec<OpenTry>) {
        use OpCode::*;
        match self.opcode {
            TRY | TRY_L => {
                open.extend(self.handlers.map(|handlers| OpenTry { inst: self.index, handlers, part: Part::Try }));
            }
            ENDTRY | ENDTRY_L => match (open.last_mut(), self.target) {
                (Some(OpenTry { handlers: Handlers { finally: Some(_), .. }, part, .. }), Some(end)) => {
                    *part = Part::Finally { end };
                }
                _ => drop(open.pop()),
            },
            ENDFINALLY => drop(open.pop()),
            _ => {}
        }
    }

    /// Returns the start of the catch block that an exception of the instruction itself leads to.
    pub(crate) fn catch(&self) -> Option<usize> {
        self.leads_to.filter(|_| self.throws() && !self.is_call())
    }

    /// Returns the start of the catch block that an exception of the instruction, or of the method that it calls, leads
    /// to.
    pub(crate) fn may_reach(&self) -> Option<usize> {
        self.leads_to.filter(|_| self.throws())
    }

    /// Returns whether exceptions of the instruction may be caught in compiled code.
    pub(crate) fn throws(&self) -> bool {
        matches!(self.opcode, OpCode::THROW | OpCode::PICKITEM | OpCode::SETITEM) || self.is_call()
    }

    fn is_call(&self) -> bool {
        matches!(self.opcode, OpCode::CALL | OpCode::CALL_L)
    }
}
