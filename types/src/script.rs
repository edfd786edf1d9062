//! Scripts: their bytes, hash and strict validation.
//!
//! Source: `Script.cs`.

use alloc::{sync::Arc, vec, vec::Vec};

use crate::{
    fault::FaultKind,
    hash::{Hash160, hash160},
    instruction::Instruction,
    item::ItemType,
    opcode::{OpCode, OperandKind},
};

/// The bytes of a program. Clones share them.
///
/// Any bytes are a script: a bad instruction faults only when it is reached.
/// [`Script::validate`] is the strict check that nodes make when a contract is
/// deployed and before a witness is verified.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Script(Arc<[u8]>);

/// Why a script fails strict validation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ScriptError {
    /// The position of the instruction that is wrong, in bytes.
    pub position: usize,
    /// What is wrong. Its `Display` is the reference's message.
    pub kind: FaultKind,
}

impl Script {
    /// Creates a script from its bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes of the script.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the number of bytes of the script.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the script has no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns RIPEMD-160 of SHA-256 of the bytes: the script hash, which identifies an account.
    pub fn hash(&self) -> Hash160 {
        hash160(&self.0)
    }

    /// Decodes the instruction at a position.
    ///
    /// # Errors
    /// Those of [`Instruction::decode`].
    pub fn instruction(&self, position: usize) -> Result<Instruction<'_>, FaultKind> {
        Instruction::decode(&self.0, position)
    }

    /// Returns the instructions with their positions, from the start of the script
    /// up to its end or the first instruction that cannot be decoded.
    pub fn instructions(&self) -> impl Iterator<Item = (usize, Result<Instruction<'_>, FaultKind>)> {
        let mut position = Some(0);
        core::iter::from_fn(move || {
            let at = position.filter(|&at| at < self.len())?;
            let instruction = self.instruction(at);
            position = instruction.as_ref().ok().map(|instruction| at + instruction.size());
            Some((at, instruction))
        })
    }

    /// Checks the script as the reference's strict mode does: every instruction is
    /// whole, every offset leads to an instruction, every type is defined.
    ///
    /// # Errors
    /// [`ScriptError`] for the first instruction that is wrong.
    pub fn validate(&self) -> Result<(), ScriptError> {
        self.validated_starts().map(|_| ())
    }

    /// Checks the script as [`Script::validate`] does, and returns for each position
    /// whether an instruction starts there.
    ///
    /// # Errors
    /// Those of [`Script::validate`].
    pub fn validated_starts(&self) -> Result<Vec<bool>, ScriptError> {
        use OperandKind::{Address, Jump8, Jump32, Try8, Try32, Type};
        let mut starts = vec![false; self.len()];
        let mut with_checked_operands = Vec::new();
        for (position, instruction) in self.instructions() {
            let instruction = instruction.map_err(|kind| ScriptError { position, kind })?;
            starts[position] = true;
            if matches!(instruction.opcode.operand(), Jump8 | Jump32 | Address | Try8 | Try32 | Type) {
                with_checked_operands.push((position, instruction));
            }
        }
        let starts_at = |target: i32| usize::try_from(target).is_ok_and(|target| starts.get(target) == Some(&true));
        for (position, instruction) in with_checked_operands {
            check_operand(position, &instruction, starts_at).map_err(|kind| ScriptError { position, kind })?;
        }
        Ok(starts)
    }
}

fn check_operand(
    position: usize,
    instruction: &Instruction<'_>,
    starts_at: impl Fn(i32) -> bool,
) -> Result<(), FaultKind> {
    let opcode = instruction.opcode;
    let wrong = FaultKind::BadInstruction { position, opcode };
    let (first, second) = instruction.offsets();
    for offset in [first, second].into_iter().flatten() {
        let target = (position as i32).checked_add(offset).ok_or(FaultKind::Overflow)?;
        if !starts_at(target) {
            return Err(wrong);
        }
    }
    if opcode.operand() == OperandKind::Type {
        let item_type = ItemType::from_byte(instruction.operand[0]).ok_or(FaultKind::BadScript)?;
        if opcode != OpCode::NEWARRAY_T && item_type == ItemType::Any {
            return Err(wrong);
        }
    }
    Ok(())
}

impl core::fmt::Debug for Script {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Vec<u8>> for Script {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<&[u8]> for Script {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}
