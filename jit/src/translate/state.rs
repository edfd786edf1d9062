//! What is known of the items while a region is translated.

use cranelift_codegen::ir::Value;
use neovm_interp::tier;

use crate::analysis::instruction::Slot;

/// An item of the evaluation stack or a slot, as it is known at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A small integer, known.
    Const(i64),
    /// A small integer, of type `I64`.
    Int(Value),
    /// A boolean, of type `I8`.
    Bool(Value),
    Null,
    /// A small integer, a boolean or Null, which shows when it runs: the two words
    /// of the item, its tag and its payload. That of Null is zero.
    Scalar(Value, Value),
    /// A copy, not made yet, of the item at an address.
    Ref(Address, Origin),
    /// In its own cell in memory. The flag tells that it is no small integer.
    Mem(bool),
}

/// A place in memory: so many bytes from a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) base: Value,
    pub(crate) offset: i32,
}

/// Where an item lies that a [`Item::Ref`] will be a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In a slot of the frame, by its number in the region.
    Slot(usize),
    /// In a static field.
    Static(u8),
    /// In a cell of the stack further down, by its number in the region.
    Stack(usize),
    /// In an array.
    Element,
}

/// What is known of an item where blocks meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Bool,
    Null,
    /// One of these three.
    Scalar,
    /// A copy, not made yet, of what lies where the region knows.
    Ref(Origin),
    Mem,
}

impl Kind {
    /// What the machine was seen to hold.
    pub(crate) fn of_feedback(kind: Option<&tier::Kind>) -> Self {
        match kind {
            Some(tier::Kind::Integer) => Self::Int,
            Some(tier::Kind::Boolean) => Self::Bool,
            Some(tier::Kind::Null) => Self::Null,
            Some(tier::Kind::Scalar) => Self::Scalar,
            _ => Self::Mem,
        }
    }

    /// What holds for both.
    pub(crate) fn join(self, other: Self) -> Self {
        let is_scalar = |kind| matches!(kind, Self::Int | Self::Bool | Self::Null | Self::Scalar);
        match (self, other) {
            _ if self == other => self,
            _ if is_scalar(self) && is_scalar(other) => Self::Scalar,
            _ => Self::Mem,
        }
    }
}

impl Item {
    /// Whether it is in registers, or known.
    pub(crate) fn is_value(&self) -> bool {
        !matches!(self, Self::Ref(..) | Self::Mem(_))
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Const(_) | Self::Int(_) => Kind::Int,
            Self::Bool(_) => Kind::Bool,
            Self::Null => Kind::Null,
            Self::Scalar(..) => Kind::Scalar,
            Self::Ref(_, Origin::Element) | Self::Mem(_) => Kind::Mem,
            Self::Ref(_, origin) => Kind::Ref(*origin),
        }
    }
}

/// What is known where a block begins: of the stack from the lowest item that
/// the region touches on, and of the slots that it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) stack: Vec<Kind>,
    pub(crate) slots: Vec<Kind>,
}

impl Shape {
    /// What is known of a state.
    pub(crate) fn of(state: &State) -> Self {
        let kinds = |items: &[Item]| items.iter().map(Item::kind).collect();
        Self { stack: kinds(&state.stack), slots: kinds(&state.slots) }
    }

    /// Keeps what holds for a state too; whether that is less than before.
    pub(crate) fn join(&mut self, state: &State) -> bool {
        let kinds = self.stack.iter_mut().chain(&mut self.slots);
        let mut less = false;
        for (kind, item) in kinds.zip(state.stack.iter().chain(&state.slots)) {
            let joined = kind.join(item.kind());
            less |= joined != *kind;
            *kind = joined;
        }
        less
    }
}

/// A slot of the frame that a region uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsedSlot {
    pub(crate) slot: Slot,
    /// Whether the region stores it.
    pub(crate) stored: bool,
}

/// The items at a point: what an exit restores.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// From the lowest item that the region touches up to the top.
    pub(crate) stack: Vec<Item>,
    pub(crate) slots: Vec<Item>,
}
