//! Instructions of a region, with their operands resolved.

use neovm_interp::tier::CodeView;
use neovm_types::{
    OpCode,
    opcode::{Arity, OperandKind, SlotKind},
};

use super::{
    inline::Inlined,
    tries::{self, Handlers},
};

/// A slot of the current frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    Local(u8),
    Argument(u8),
}

/// What an instruction does with a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotUse {
    Load(Slot),
    Store(Slot),
    LoadStatic(u8),
    StoreStatic(u8),
}

/// An instruction of a region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ins {
    /// The index among the decoded instructions of the script; see [`super::inline`] for those of inlined methods.
    pub(crate) index: usize,
    pub(crate) opcode: OpCode,
    /// The operand as a number; the first one of two.
    pub(crate) operand: i64,
    /// The index of the instruction that a jump or call leads to; none if it leads to no
    /// instruction.
    pub(crate) target: Option<usize>,
    /// The small integer on top of the stack, if the previous instruction pushed one.
    pub(crate) constant: Option<i64>,
    /// The number of items that UNPACK finds in its array, if it was the same each time.
    pub(crate) unpacked: Option<usize>,
    /// The numbers of items that a call pops and pushes, if compiled code calls the method.
    pub(crate) call: Option<(usize, usize)>,
    /// Whether it is a RET that leads back to compiled code.
    pub(crate) returns: bool,
    /// The handlers of a TRY; none if it is left to the interpreter.
    pub(crate) handlers: Option<Handlers>,
    /// Where ENDTRY or ENDFINALLY leads to, or an exception that the instruction or the called method throws; none if
    /// the interpreter decides.
    pub(crate) leads_to: Option<usize>,
    /// What becomes of a call, or of an instruction of the called method, where the method is inlined.
    pub(crate) inlined: Option<Inlined>,
}

impl Ins {
    /// Reads the instruction with an index. Returns none for bytes that are no instruction, and
    /// for the RET behind the last byte.
    pub(crate) fn read(code: CodeView<'_>, index: usize) -> Option<Self> {
        let position = code.position(index);
        let instruction = code.script().instruction(position).ok()?;
        let opcode = instruction.opcode;
        let operand = match opcode.operand() {
            OperandKind::Jump8 | OperandKind::Jump32 | OperandKind::Int(1 | 2 | 4 | 8) => instruction.int(),
            OperandKind::Slot | OperandKind::Type | OperandKind::Slots => {
                instruction.operand.iter().rev().fold(0, |sum, &byte| sum << 8 | i64::from(byte))
            }
            _ => 0,
        };
        let offsets = instruction.offsets();
        let handlers = Handlers::read(code, position, offsets);
        let target = offsets.0.filter(|_| offsets.1.is_none()).and_then(|offset| tries::target(code, position, offset));
        let (constant, unpacked, call, returns, leads_to, inlined) = (None, None, None, false, None, None);
        Some(Self { index, opcode, operand, target, constant, unpacked, call, returns, handlers, leads_to, inlined })
    }

    /// Returns whether the instruction pushes the message of an ASSERTMSG that follows, which is text.
    pub(crate) fn pushes_message(&self, code: CodeView<'_>) -> bool {
        let is_data = matches!(self.opcode, OpCode::PUSHDATA1 | OpCode::PUSHDATA2 | OpCode::PUSHDATA4);
        let instruction = |index| code.script().instruction(code.position(index)).ok();
        is_data
            && instruction(self.index).is_some_and(|data| core::str::from_utf8(data.operand).is_ok())
            && instruction(self.index + 1).is_some_and(|next| next.opcode == OpCode::ASSERTMSG)
    }

    /// Returns the slot that the instruction loads or stores.
    pub(crate) fn slot(&self) -> Option<SlotUse> {
        let access = self.opcode.slot_access()?;
        let index = access.index.unwrap_or(self.operand as u8);
        let slot = match access.kind {
            SlotKind::Static if access.is_store => return Some(SlotUse::StoreStatic(index)),
            SlotKind::Static => return Some(SlotUse::LoadStatic(index)),
            SlotKind::Local => Slot::Local(index),
            SlotKind::Argument => Slot::Argument(index),
        };
        Some(if access.is_store { SlotUse::Store(slot) } else { SlotUse::Load(slot) })
    }

    /// Returns how many items the instruction pops (or reads) and pushes; none if that is not
    /// known before it runs.
    pub(crate) fn effect(&self) -> Option<(usize, usize)> {
        use OpCode::*;
        match self.inlined {
            Some(Inlined::Call(_) | Inlined::Ret(_)) => return Some((0, 0)),
            Some(Inlined::Init) => return Some(((self.operand >> 8) as usize, 0)),
            None => {}
        }
        // Where the count is on top of the stack, it is taken off too.
        let counted = || self.constant.filter(|count| (0..=1024).contains(count)).map(|count| count as usize);
        Some(match self.opcode {
            CALL | CALL_L => self.call?,
            RET if self.returns => (0, 0),
            PICK => (counted()? + 2, counted()? + 2),
            ROLL => (counted()? + 2, counted()? + 1),
            XDROP => (counted()? + 2, counted()?),
            REVERSEN => (counted()? + 1, counted()?),
            PACK | PACKSTRUCT => (counted()? + 1, 1),
            PACKMAP => (2 * counted()? + 1, 1),
            UNPACK => (1, self.unpacked? + 1),
            DUP => (1, 2),
            OVER => (2, 3),
            NIP => (2, 1),
            TUCK => (2, 3),
            SWAP => (2, 2),
            ROT | REVERSE3 => (3, 3),
            REVERSE4 => (4, 4),
            DEPTH => (0, 1),
            _ => match (self.opcode.info().pops, self.opcode.info().pushes) {
                (Arity::Exactly(pops), Arity::Exactly(pushes)) => (pops.into(), pushes.into()),
                _ => return None,
            },
        })
    }

    /// Returns where control goes after the instruction.
    pub(crate) fn flow(&self) -> Flow {
        use OpCode::*;
        match self.inlined {
            Some(Inlined::Call(to) | Inlined::Ret(to)) => return Flow::Jump(to),
            Some(Inlined::Init) => return Flow::Next,
            None => {}
        }
        match self.opcode {
            JMP | JMP_L => self.target.map_or(Flow::Leave, Flow::Jump),
            JMPIF | JMPIF_L | JMPIFNOT | JMPIFNOT_L | JMPEQ | JMPEQ_L | JMPNE | JMPNE_L | JMPGT | JMPGT_L | JMPGE
            | JMPGE_L | JMPLT | JMPLT_L | JMPLE | JMPLE_L => self.target.map_or(Flow::Leave, Flow::Branch),
            CALL | CALL_L if self.call.is_some() => Flow::Call,
            RET if self.returns => Flow::Return,
            TRY | TRY_L if self.handlers.is_some() => Flow::Next,
            ENDTRY | ENDTRY_L | ENDFINALLY => self.leads_to.map_or(Flow::Leave, Flow::Jump),
            THROW if self.leads_to.is_some() => Flow::Throw,
            CALL | CALL_L | CALLA | CALLT | SYSCALL | RET | ABORT | ABORTMSG | THROW | TRY | TRY_L | INITSLOT
            | INITSSLOT => Flow::Leave,
            _ if self.effect().is_none() => Flow::Leave,
            _ => Flow::Next,
        }
    }
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// To the next instruction.
    Next,
    /// To another instruction.
    Jump(usize),
    /// To another instruction, or to the next one.
    Branch(usize),
    /// To the next instruction, after a method has run.
    Call,
    /// Back to the compiled caller of the method.
    Return,
    /// To a catch block, with an exception.
    Throw,
    /// Out of compiled code, before the instruction.
    Leave,
}
