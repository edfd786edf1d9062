//! The seam to a tier above the interpreter: a compiler that makes machine code
//! of what is hot.
//!
//! The interpreter counts how often jumps back and calls reach a place. It tells
//! the code's [`Tier`] of places that are hot, and the tier may put an entry
//! there with [`Code::enter_by`]: a function with the signature of a handler that
//! runs any number of instructions and leaves the machine between two of them.
//! Here is all that such a function may rely on: where the machine's registers
//! lie ([`layout`]), the functions it may call ([`builtins`]), and how to
//! leave ([`Exit`]).
//!
//! Nothing here is for embedders.

pub mod builtins;
mod calls;
mod exits;
mod items;
pub mod layout;

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU32, Ordering};

use neovm_types::{FaultKind, StackItem};

pub(crate) use self::calls::Calls;
pub use self::{
    builtins::{Builtin, BuiltinStatus, STATUS_MASK},
    exits::{After, Area, Exit, Held, Leave, OwnFrame, Plan, Restored},
    items::NO_INTEGER,
};

use crate::{
    code::{Code, DecodedInst},
    dispatch::Reason,
    fast::{self, Op},
    host::Host,
    stack::{tag, tag_of},
    vm::Vm,
};

/// Makes hot parts of one script faster. It is dropped with the script.
pub trait Tier: Send + Sync {
    /// A place was reached as often as the threshold says: the number of an
    /// instruction, which runs next, and what the machine holds there.
    fn hot(&self, code: &Arc<Code>, place: usize, seen: &TypeFeedback);

    /// An exit was taken [`Exit::PATIENCE`] times more because something that
    /// its code took for granted does not hold: the last time by the guard of an
    /// instruction, if that is known. The machine holds what is seen.
    fn failing(&self, code: &Arc<Code>, exit: &Exit, guard: Option<usize>, seen: &TypeFeedback);

    /// Bytes of memory.
    fn memory(&self) -> usize;
}

/// What a script's tier is told of, and counts.
pub(crate) struct HotCounters {
    tier: Arc<dyn Tier>,
    /// How often the place of each cell may be reached until it is hot.
    counters: Box<[AtomicU32]>,
    /// Whether places where scripts begin are hot at once.
    eager: bool,
}

impl HotCounters {
    pub(crate) fn new(tier: Arc<dyn Tier>, cells: usize, threshold: u32) -> Self {
        let counters = (0..cells).map(|_| AtomicU32::new(threshold.max(1))).collect();
        Self { tier, counters, eager: threshold <= 1 }
    }

    pub(crate) fn memory(&self) -> usize {
        self.counters.len() * size_of::<AtomicU32>() + self.tier.memory()
    }

    /// Where the counter of a cell at address 0 would be.
    pub(crate) fn counters(&self, code: &Code) -> *const u32 {
        let cells = code.insts().as_ptr().addr() / (size_of::<DecodedInst>() / size_of::<u32>());
        self.counters.as_ptr().cast::<u32>().wrapping_byte_sub(cells)
    }
}

/// The counter of a cell.
///
/// # Safety
/// `counters` are those of the code whose cell it is, which lives on.
#[cfg(neovm_tail_calls)]
#[inline(always)]
pub(crate) unsafe fn counter<'a>(counters: *const u32, cell: *const DecodedInst) -> &'a AtomicU32 {
    let place = cell.addr() / (size_of::<DecodedInst>() / size_of::<u32>());
    // SAFETY: each cell has a counter; see `HotCounters::counters`.
    unsafe { &*counters.wrapping_byte_add(place).cast::<AtomicU32>() }
}

/// What an item is, as far as compiled code tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An integer of at most 64 bits.
    Integer,
    /// True or false.
    Boolean,
    /// Null.
    Null,
    /// Now one of these, now another.
    Scalar,
    /// An array or a struct.
    Array,
    /// A byte string or a buffer.
    Bytes,
    /// Anything else.
    Other,
}

impl Kind {
    fn is_scalar(self) -> bool {
        matches!(self, Self::Integer | Self::Boolean | Self::Null | Self::Scalar)
    }

    /// What was seen both times.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            _ if self.is_scalar() && other.is_scalar() => Self::Scalar,
            _ => Self::Other,
        }
    }

    fn of(item: &StackItem) -> Self {
        match item {
            StackItem::Integer(_) => Self::Integer,
            StackItem::Boolean(_) => Self::Boolean,
            StackItem::Null => Self::Null,
            StackItem::Array(_) | StackItem::Struct(_) => Self::Array,
            StackItem::ByteString(_) | StackItem::Buffer(_) => Self::Bytes,
            _ => Self::Other,
        }
    }
}

/// What the machine holds where a place is hot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeFeedback {
    /// Local variables.
    pub locals: Vec<Kind>,
    /// Arguments.
    pub arguments: Vec<Kind>,
    /// Items of the evaluation stack, the top first, at most [`TypeFeedback::DEPTH`].
    pub stack: Vec<Kind>,
    /// How many items the array or struct on top has, if there is one.
    pub count: Option<usize>,
}

impl TypeFeedback {
    /// How many items of the evaluation stack are looked at.
    pub const DEPTH: usize = 16;
}

impl Code {
    /// The number of instructions; that of the RET behind the last byte is one less.
    pub fn places(&self) -> usize {
        self.insts().len()
    }

    /// The position of an instruction, in bytes.
    pub fn position(&self, place: usize) -> usize {
        self.insts()[place].offset as usize
    }

    /// The address of an instruction's cell.
    pub fn inst_address(&self, place: usize) -> usize {
        self.insts().as_ptr().wrapping_add(place).addr()
    }

    /// What the meter is charged for an instruction.
    pub fn meter_cost(&self, place: usize) -> i64 {
        self.insts()[place].single_cost(self.prices())
    }

    /// What the meter is charged before the entry at an instruction is gone to.
    pub fn entry_cost(&self, place: usize) -> i64 {
        self.insts()[place].cost
    }

    /// What an instruction pushes, if it is a small integer.
    pub fn small_constant(&self, place: usize) -> Option<i64> {
        let cell = &self.insts()[place];
        (cell.single == Op::Int).then_some(cell.operand as i64)
    }

    /// Whether a remainder with the divisor's sign begins at an instruction, as
    /// compilers write it: 14 instructions that end in a JMPIFNOT, ADD and JMP where
    /// the signs differ, and NIP where they do not. The value is on top of the
    /// stack, above the divisor.
    pub fn is_floor_mod(&self, place: usize) -> bool {
        fast::fuse::is_floor_mod(&self.insts()[place..])
    }

    /// The builtin that runs an instruction; none where there are no tail calls.
    pub fn inst_builtin(&self, place: usize) -> Option<builtins::InstBuiltin> {
        builtins::of_inst(&self.insts()[place])
    }

    /// Lets the interpreter enter compiled code at an instruction, or takes the
    /// entry away. Machines that run just now see it soon.
    ///
    /// # Safety
    /// The entry has a handler's signature, keeps the machine's invariants as
    /// its handlers do, and lives as long as this code.
    #[allow(unused_variables, reason = "without tail calls nothing is entered")]
    pub unsafe fn enter_by(&self, place: usize, entry: Option<*const u8>) {
        #[cfg(neovm_tail_calls)]
        {
            use crate::dispatch::tail_call::{COUNTING, TailFn};
            let cell = &self.insts()[place];
            // SAFETY: the caller's word.
            let entry = entry.map(|entry| unsafe { core::mem::transmute::<*const u8, TailFn>(entry) });
            // Code of a tier counts.
            cell.handler.set(entry.unwrap_or(COUNTING[cell.op as usize]));
        }
    }

    /// Makes an instruction hot again after so many times more.
    pub fn reset_counter(&self, place: usize, times: u32) {
        if let Some(hot_counters) = self.hot_counters() {
            hot_counters.counters[place].store(times, Ordering::Relaxed);
        }
    }
}

impl Vm {
    /// Goes on where a general handler failed for compiled code.
    pub(crate) fn fail_compiled(&mut self, host: &mut dyn Host) -> Result<(), FaultKind> {
        let kind = self.failed.take().unwrap_or(FaultKind::Engine("compiled code failed without a fault"));
        self.conclude(Err(kind), false, host)
    }

    /// Looks at the machine where compiled code left it.
    pub(crate) fn leave_compiled(&mut self, reason: Reason) {
        self.rebuild_frames();
        if self.limit > self.end {
            self.grow_arena(0);
        }
        if reason != Reason::Deopt || self.exit.is_null() {
            return;
        }
        // SAFETY: compiled code lives as long as the code it was made of.
        let exit = unsafe { &*self.exit };
        if exit.taken.load(Ordering::Relaxed).is_multiple_of(Exit::PATIENCE)
            && let Some(load) = self.loads.last()
            && let Some(hot_counters) = load.code.hot_counters()
        {
            let guard = (self.failed_guard as usize).checked_sub(1);
            hot_counters.tier.failing(&load.code, exit, guard, &self.seen());
        }
    }

    /// Tells the tier that the instruction at `ip` is hot.
    pub(crate) fn report_hot(&mut self) {
        let Some(load) = self.loads.last() else { return };
        let (Some(hot_counters), Some(place)) =
            (load.code.hot_counters(), load.code.place(self.inst().offset as usize))
        else {
            return;
        };
        hot_counters.tier.hot(&load.code, place, &self.seen());
    }

    /// Tells the tier of what was loaded, if it wants to know at once.
    #[inline(always)]
    pub(crate) fn loaded(&mut self) {
        if self.loads.last().and_then(|load| load.code.hot_counters()).is_some_and(|tiers| tiers.eager) {
            self.report_hot();
        }
    }

    fn seen(&self) -> TypeFeedback {
        let kinds = |first: *const StackItem, count: usize| {
            (0..count)
                .map(|i| {
                    let cell = first.wrapping_add(i);
                    // SAFETY: the callers name cells that are occupied.
                    unsafe { if tag_of(cell) == tag::EMPTY { Kind::Other } else { Kind::of(&*cell) } }
                })
                .collect::<Vec<_>>()
        };
        let (locals, arguments) = (self.locals as usize, self.argument_count());
        let depth = self.stack_len().min(TypeFeedback::DEPTH);
        let stack = kinds(self.sp.wrapping_sub(depth), depth).into_iter().rev().collect::<Vec<_>>();
        let top = (stack.first() == Some(&Kind::Array)).then(|| self.sp.wrapping_sub(1));
        // SAFETY: the topmost cell is occupied.
        let count = top.and_then(|top| match unsafe { &*top } {
            StackItem::Array(array) | StackItem::Struct(array) => Some(array.len()),
            _ => None,
        });
        TypeFeedback {
            locals: kinds(self.slots, locals),
            arguments: kinds(self.slots.wrapping_sub(arguments), arguments).into_iter().rev().collect(),
            stack,
            count,
        }
    }
}
