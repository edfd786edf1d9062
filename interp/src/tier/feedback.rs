//! Hot counters and type feedback: what the interpreter counts, and what it tells a tier.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU32, Ordering};

use neovm_types::StackItem;

use super::{Seen, Tier};
use crate::{
    code::Code,
    inst::DecodedInst,
    op::Op,
    stack::{tag, tag_of},
    vm::Vm,
};

/// The counters of decoded code, and the tier that is notified when one reaches zero.
pub(crate) struct HotCounters {
    pub(super) tier: Arc<dyn Tier>,
    /// For each instruction, how often it can be reached before it is hot.
    pub(super) counters: Box<[AtomicU32]>,
    /// Whether the first instruction of a script is hot from the start.
    eager: bool,
}

impl HotCounters {
    pub(crate) fn new(tier: Arc<dyn Tier>, insts: usize, threshold: u32) -> Self {
        let counters = (0..insts).map(|_| AtomicU32::new(threshold.max(1))).collect();
        Self { tier, counters, eager: threshold <= 1 }
    }

    pub(crate) fn memory(&self) -> usize {
        self.counters.len() * size_of::<AtomicU32>() + self.tier.memory()
    }

    /// Returns the address that the counter of a decoded instruction at address 0 would have.
    pub(crate) fn counters(&self, code: &Code) -> *const u32 {
        let offset = code.insts().as_ptr().addr() / (size_of::<DecodedInst>() / size_of::<u32>());
        self.counters.as_ptr().cast::<u32>().wrapping_byte_sub(offset)
    }
}

/// Returns the counter of a decoded instruction.
///
/// # Safety
/// `counters` are those of the code that the instruction belongs to, and the code stays alive.
#[inline(always)]
pub(crate) unsafe fn counter<'a>(counters: *const u32, inst: *const DecodedInst) -> &'a AtomicU32 {
    let offset = inst.addr() / (size_of::<DecodedInst>() / size_of::<u32>());
    // SAFETY: each decoded instruction has a counter; see `HotCounters::counters`.
    unsafe { &*counters.wrapping_byte_add(offset).cast::<AtomicU32>() }
}

/// The types of items that compiled code tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An integer of at most 64 bits.
    Integer,
    /// An integer of at most 128 bits.
    I128,
    /// An integer of at most 256 bits.
    Wide,
    /// True or false.
    Boolean,
    /// Null.
    Null,
    /// An integer, a boolean or Null: not always of the same type.
    Scalar,
    /// An array or a struct.
    Array,
    /// A byte string or a buffer.
    Bytes,
    /// A map.
    Map,
    /// Anything else.
    Other,
}

impl Kind {
    fn is_scalar(self) -> bool {
        matches!(self, Self::Integer | Self::Boolean | Self::Null | Self::Scalar)
    }

    fn is_integer(self) -> bool {
        matches!(self, Self::Integer | Self::I128 | Self::Wide)
    }

    /// Returns the kind that covers both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            _ if self.is_scalar() && other.is_scalar() => Self::Scalar,
            (Self::Integer | Self::I128, Self::Integer | Self::I128) => Self::I128,
            _ if self.is_integer() && other.is_integer() => Self::Wide,
            _ => Self::Other,
        }
    }

    fn of(item: &StackItem) -> Self {
        match item {
            StackItem::Integer(_) => Self::Integer,
            StackItem::BigInteger(value) if value.bits() <= 128 => Self::I128,
            StackItem::BigInteger(_) => Self::Wide,
            StackItem::Boolean(_) => Self::Boolean,
            StackItem::Null => Self::Null,
            StackItem::Array(_) | StackItem::Struct(_) => Self::Array,
            StackItem::ByteString(_) | StackItem::Buffer(_) => Self::Bytes,
            StackItem::Map(_) => Self::Map,
            _ => Self::Other,
        }
    }
}

/// The types of the items that the machine holds at a hot instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeFeedback {
    /// Local variables.
    pub locals: Vec<Kind>,
    /// Arguments.
    pub arguments: Vec<Kind>,
    /// The topmost items of the evaluation stack, the top first, at most [`TypeFeedback::DEPTH`].
    pub stack: Vec<Kind>,
    /// The number of items in the array or struct on top, if there is one.
    pub count: Option<usize>,
    /// How wide the integers are that the next instructions take and give, by the instruction's index, as far as the
    /// items tell.
    pub seen: BTreeMap<usize, Seen>,
}

impl TypeFeedback {
    /// The largest number of items of the evaluation stack that are recorded.
    pub const DEPTH: usize = 16;
}

impl Vm {
    /// Notifies the tier that the instruction at `ip` is hot.
    #[cold]
    pub(crate) fn report_hot(&mut self) {
        let Some(load) = self.loads.last() else { return };
        let (Some(hot_counters), Some(index)) =
            (load.code.hot_counters(), load.code.inst_index(self.inst().offset as usize))
        else {
            return;
        };
        hot_counters.tier.hot(&load.code, index, &|| self.feedback());
    }

    /// Counts an arrival at the instruction at `ip` from the host or another script, and
    /// notifies the tier if the instruction is hot.
    #[inline(always)]
    pub(crate) fn count_arrival(&mut self) {
        // Misaligned instructions have no counters; their op is one of these two.
        if self.counters.is_null() || matches!(self.inst().op, Op::Misaligned | Op::Bad) {
            return;
        }
        // SAFETY: `select_load` sets `counters` to those of the current code, and `ip` points to one
        // of its aligned instructions.
        let counter = unsafe { counter(self.counters, self.ip) };
        let left = counter.load(Ordering::Relaxed).wrapping_sub(1);
        counter.store(left, Ordering::Relaxed);
        if left == 0 {
            self.report_hot();
        }
    }

    /// Notifies the tier of code that was loaded, if the first instruction is hot from the start.
    #[inline(always)]
    pub(crate) fn loaded(&mut self) {
        if self.loads.last().and_then(|load| load.code.hot_counters()).is_some_and(|counters| counters.eager) {
            self.report_hot();
        }
    }

    pub(super) fn feedback(&self) -> TypeFeedback {
        let kinds = |first: *const StackItem, count: usize| {
            (0..count)
                .map(|i| {
                    let cell = first.wrapping_add(i);
                    // SAFETY: the cells are occupied by items or sentinels.
                    unsafe { if tag_of(cell) == tag::EMPTY { Kind::Other } else { Kind::of(&*cell) } }
                })
                .collect::<Vec<_>>()
        };
        let (locals, arguments) = (self.locals as usize, self.argument_count());
        let depth = self.stack_len().min(TypeFeedback::DEPTH);
        let stack = kinds(self.sp.wrapping_sub(depth), depth).into_iter().rev().collect::<Vec<_>>();
        let top = (stack.first() == Some(&Kind::Array)).then(|| self.sp.wrapping_sub(1));
        // SAFETY: the top cell is occupied.
        let count = top.and_then(|top| match unsafe { &*top } {
            StackItem::Array(array) | StackItem::Struct(array) => Some(array.len()),
            _ => None,
        });
        TypeFeedback {
            locals: kinds(self.slots, locals),
            arguments: kinds(self.slots.wrapping_sub(arguments), arguments).into_iter().rev().collect(),
            stack,
            count,
            seen: self.look_ahead(),
        }
    }
}
