//! The limits of an execution.

use crate::fault::FaultKind;

/// How much a script may use. The default is what Neo's networks use.
///
/// ```
/// use neovm_types::Limits;
///
/// let limits = Limits::DEFAULT.with_max_stack_size(64);
/// assert_eq!(limits.max_invocation_stack_size, 1024);
/// ```
///
/// Source: `ExecutionEngineLimits.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
#[non_exhaustive]
pub struct Limits {
    /// The largest number of bits that SHL and SHR shift by, and the largest exponent of POW.
    pub max_shift: u32,
    /// The largest size of a byte string or buffer, in bytes.
    pub max_item_size: u32,
    /// The largest number of items on all stacks and in all slots, including those
    /// inside compounds that are counted.
    pub max_stack_size: u32,
    /// The largest number of bytes that one comparison of byte strings or structs looks at.
    pub max_comparable_size: u32,
    /// The largest number of contexts on the invocation stack.
    pub max_invocation_stack_size: u32,
    /// The largest number of open try blocks in one context. Networks have 16; 0 is none here, while the reference would
    /// let the first one of each context pass (`JumpTable.Control.cs`, `ExecuteTry`).
    pub max_try_nesting_depth: u32,
    /// Whether a script can catch the exceptions of PICKITEM and SETITEM.
    pub catch_engine_exceptions: bool,
}

impl Limits {
    /// The limits of Neo's networks.
    pub const DEFAULT: Self = Self {
        max_shift: 256,
        max_stack_size: 2 * 1024,
        max_item_size: u16::MAX as u32 * 2,
        max_comparable_size: 65536,
        max_invocation_stack_size: 1024,
        max_try_nesting_depth: 16,
        catch_engine_exceptions: true,
    };

    /// Sets the bits that SHL and SHR may shift by, and the highest exponent of POW.
    #[must_use]
    pub const fn with_max_shift(self, max_shift: u32) -> Self {
        Self { max_shift, ..self }
    }

    /// Sets the number of items on all stacks and in all slots.
    #[must_use]
    pub const fn with_max_stack_size(self, max_stack_size: u32) -> Self {
        Self { max_stack_size, ..self }
    }

    /// Sets the number of bytes of a byte string or buffer.
    #[must_use]
    pub const fn with_max_item_size(self, max_item_size: u32) -> Self {
        Self { max_item_size, ..self }
    }

    /// Sets the number of bytes that one comparison may look at.
    #[must_use]
    pub const fn with_max_comparable_size(self, max_comparable_size: u32) -> Self {
        Self { max_comparable_size, ..self }
    }

    /// Sets the number of contexts on the invocation stack.
    #[must_use]
    pub const fn with_max_invocation_stack_size(self, max_invocation_stack_size: u32) -> Self {
        Self { max_invocation_stack_size, ..self }
    }

    /// Sets the number of open try blocks of one context.
    #[must_use]
    pub const fn with_max_try_nesting_depth(self, max_try_nesting_depth: u32) -> Self {
        Self { max_try_nesting_depth, ..self }
    }

    /// Sets whether a script can catch the faults of PICKITEM and SETITEM.
    #[must_use]
    pub const fn with_catch_engine_exceptions(self, catch_engine_exceptions: bool) -> Self {
        Self { catch_engine_exceptions, ..self }
    }

    /// Checks the size of a byte string or buffer.
    ///
    /// # Errors
    /// [`FaultKind::MaxItemSize`] if the size is negative or over the limit.
    pub fn check_item_size(&self, size: i64) -> Result<usize, FaultKind> {
        if size < 0 || size > i64::from(self.max_item_size) {
            return Err(FaultKind::MaxItemSize { size, limit: self.max_item_size });
        }
        Ok(size as usize)
    }

    /// Checks the distance of a shift or the exponent of a power.
    ///
    /// # Errors
    /// [`FaultKind::InvalidShift`] if the number is negative or over the limit.
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
