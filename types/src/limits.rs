//! The restrictions that an execution runs under.

use crate::fault::FaultKind;

/// What a script may use at most. The default is what the networks run with.
///
/// Source: `ExecutionEngineLimits.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Bits that SHL and SHR may shift by, and the highest exponent of POW.
    pub max_shift: u32,
    /// Items on all stacks and in all slots, with those inside counted compounds.
    pub max_stack_size: u32,
    /// Bytes of a byte string or buffer.
    pub max_item_size: u32,
    /// Bytes that one comparison of byte strings or structs may look at.
    pub max_comparable_size: u32,
    /// Contexts on the invocation stack.
    pub max_invocation_stack_size: u32,
    /// Open try blocks of one context.
    pub max_try_nesting_depth: u32,
    /// Whether a script can catch the faults of PICKITEM and SETITEM.
    pub catch_engine_exceptions: bool,
}

impl Limits {
    /// The limits of the networks.
    pub const DEFAULT: Self = Self {
        max_shift: 256,
        max_stack_size: 2 * 1024,
        max_item_size: u16::MAX as u32 * 2,
        max_comparable_size: 65536,
        max_invocation_stack_size: 1024,
        max_try_nesting_depth: 16,
        catch_engine_exceptions: true,
    };

    /// Checks the size of a byte string or buffer.
    ///
    /// # Errors
    /// [`FaultKind::MaxItemSize`] if it is negative or over the limit.
    pub fn check_item_size(&self, size: i64) -> Result<usize, FaultKind> {
        if size < 0 || size > i64::from(self.max_item_size) {
            return Err(FaultKind::MaxItemSize { size, limit: self.max_item_size });
        }
        Ok(size as usize)
    }

    /// Checks the distance of a shift or the exponent of a power.
    ///
    /// # Errors
    /// [`FaultKind::InvalidShift`] if it is negative or over the limit.
    pub fn check_shift(&self, shift: i32) -> Result<u32, FaultKind> {
        match u32::try_from(shift) {
            Ok(shift) if shift <= self.max_shift => Ok(shift),
            _ => Err(FaultKind::InvalidShift { shift, limit: self.max_shift }),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
