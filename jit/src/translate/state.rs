//! What is known about items while a region is translated.

use cranelift_codegen::ir::Value;
use neovm_interp::tier::{self, Width, layout};

use crate::analysis::{
    inline::InlinedFrame,
    instruction::Slot,
    tries::{self, OpenTry},
};

/// An item of the evaluation stack or of a slot, as it is known at a point of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A small integer that is a constant.
    Const(i64),
    /// A small integer, of type `I64`.
    Int(Value),
    /// A boolean, of type `I8`.
    Bool(Value),
    /// An integer of two words, the lower one first. It may fit one.
    I128([Value; 2]),
    /// An integer of four words, the lowest first. It may fit fewer.
    Wide([Value; 4]),
    Null,
    /// A small integer, a boolean or Null, which is decided at run time: the tag and the payload of the item. The
    /// payload of Null is zero.
    Scalar(Value, Value),
    /// A pending copy of the item at an address.
    Ref(Address, Origin),
    /// An item in its own cell in memory. The flag says that it is presumed not to be a small value.
    Mem(bool),
}

/// A place in memory: an offset in bytes from a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) base: Value,
    pub(crate) offset: i32,
}

/// Where the item lies that an [`Item::Ref`] is a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A slot of the frame, by its index in the region.
    Slot(usize),
    /// A static field.
    Static(u8),
    /// A cell further down the stack, by its index in the region.
    Stack(usize),
    /// An array or a map.
    Element,
    /// The script: a byte string that the instruction with this index pushes.
    Constant(usize),
}

/// What is known about an item where blocks meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    /// An integer of two words.
    I128,
    /// An integer of four words.
    Wide,
    Bool,
    Null,
    /// An integer, a boolean or Null.
    Scalar,
    /// A pending copy of the item at an origin.
    Ref(Origin),
    Mem,
}

impl Kind {
    /// Returns the kind that an observation of the machine justifies.
    pub(crate) fn of_feedback(kind: Option<&tier::Kind>) -> Self {
        match kind {
            Some(tier::Kind::Integer) => Self::Int,
            Some(tier::Kind::I128) => Self::I128,
            Some(tier::Kind::Wide) => Self::Wide,
            Some(tier::Kind::Boolean) => Self::Bool,
            Some(tier::Kind::Null) => Self::Null,
            Some(tier::Kind::Scalar) => Self::Scalar,
            _ => Self::Mem,
        }
    }

    /// Returns the width of an integer.
    pub(crate) fn width(self) -> Option<Width> {
        match self {
            Self::Int => Some(Width::Int),
            Self::I128 => Some(Width::I128),
            Self::Wide => Some(Width::Wide),
            _ => None,
        }
    }

    /// Returns what holds for both kinds.
    pub(crate) fn join(self, other: Self) -> Self {
        let is_scalar = |kind| matches!(kind, Self::Int | Self::Bool | Self::Null | Self::Scalar);
        let is_integer = |kind| matches!(kind, Self::Int | Self::I128 | Self::Wide);
        match (self, other) {
            _ if self == other => self,
            (Self::Int | Self::I128, Self::Int | Self::I128) => Self::I128,
            _ if is_integer(self) && is_integer(other) => Self::Wide,
            _ if is_scalar(self) && is_scalar(other) => Self::Scalar,
            _ => Self::Mem,
        }
    }
}

impl Item {
    /// Returns whether the item is in registers or constant.
    pub(crate) fn is_value(&self) -> bool {
        !matches!(self, Self::Ref(..) | Self::Mem(_))
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Const(_) | Self::Int(_) => Kind::Int,
            Self::I128(_) => Kind::I128,
            Self::Wide(_) => Kind::Wide,
            Self::Bool(_) => Kind::Bool,
            Self::Null => Kind::Null,
            Self::Scalar(..) => Kind::Scalar,
            Self::Ref(_, Origin::Element) | Self::Mem(_) => Kind::Mem,
            Self::Ref(_, origin) => Kind::Ref(*origin),
        }
    }
}

/// What is known at the start of a block about the stack, from the lowest item that the region touches, and about the
/// slots that the region uses; and the try blocks that the region has open, which are the same on all ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) stack: Vec<Kind>,
    pub(crate) slots: Vec<Kind>,
    pub(crate) tries: Vec<OpenTry>,
}

impl Shape {
    /// Returns what is known in a state.
    pub(crate) fn of(state: &State) -> Self {
        let kinds = |items: &[Item]| items.iter().map(Item::kind).collect();
        Self { stack: kinds(&state.stack), slots: kinds(&state.slots), tries: state.open_tries() }
    }

    /// Keeps what also holds in a state, and returns whether that is less than before.
    pub(crate) fn join(&mut self, state: &State) -> bool {
        let kinds = self.stack.iter_mut().chain(&mut self.slots);
        let mut less = tries::join(&mut self.tries, &state.open_tries()).unwrap_or(false);
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
    /// The number of the frame that it is part of; see [`crate::analysis::inline`].
    pub(crate) frame: usize,
    /// The offset from the slots of the function, in bytes.
    pub(crate) offset: i32,
    /// Whether the region stores the slot.
    pub(crate) stored: bool,
}

impl UsedSlot {
    /// Makes a slot of the function's own frame.
    pub(crate) fn own(slot: Slot, stored: bool) -> Self {
        Self { slot, frame: 0, offset: offset_from(0, slot), stored }
    }

    /// Returns all slots of the frames of inlined methods, in a function with a number of local variables.
    pub(crate) fn inlined(frames: &[InlinedFrame], own_locals: usize) -> impl Iterator<Item = Self> {
        frames.iter().enumerate().flat_map(move |(index, frame)| {
            let slots = (0..frame.locals).map(Slot::Local).chain((0..frame.arguments).map(Slot::Argument));
            let first = own_locals + frame.slots;
            slots.map(move |slot| Self { slot, frame: index + 1, offset: offset_from(first, slot), stored: true })
        })
    }
}

/// Returns the offset in bytes of a slot in a frame whose local variables begin with the cell `first`.
fn offset_from(first: usize, slot: Slot) -> i32 {
    let cell = match slot {
        Slot::Local(n) => first as i32 + i32::from(n),
        Slot::Argument(n) => first as i32 - i32::from(n) - 1,
    };
    cell * layout::ITEM
}

/// The items at a point of the code, which exits restore.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The stack from the lowest item that the region touches to the top.
    pub(crate) stack: Vec<Item>,
    pub(crate) slots: Vec<Item>,
    /// The try blocks that the region has open, the outermost first.
    pub(crate) tries: Vec<Tried>,
}

/// A try block that the region has open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tried {
    pub(crate) open: OpenTry,
    /// Whether its catch block runs, a word, if only that tells.
    pub(crate) is_catch: Option<Value>,
}

impl State {
    /// Returns the try blocks that the region has open.
    pub(crate) fn open_tries(&self) -> Vec<OpenTry> {
        self.tries.iter().map(|tried| tried.open).collect()
    }

    /// Sets the try blocks that the region has open, which are not both a try and a catch block unless they were.
    pub(crate) fn set_tries(&mut self, open: &[OpenTry]) {
        self.tries.truncate(open.len());
        for (place, &open) in open.iter().enumerate() {
            match self.tries.get_mut(place) {
                Some(tried) if tried.open == open => {}
                Some(tried) => *tried = Tried { open, is_catch: None },
                None => self.tries.push(Tried { open, is_catch: None }),
            }
        }
    }
}
