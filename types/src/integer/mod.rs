//! Integers of at most 32 bytes, with the reference's rules.
//!
//! Sources: `Types/Integer.cs`, `JumpTable.Numeric.cs`, `Utility.cs`; the
//! conversions to smaller types are those of .NET's `BigInteger`.

#[allow(unsafe_code, reason = "one machine instruction: see its module")]
mod divide;
pub mod eval;
mod modular;
mod wide;

use core::cmp::Ordering;

use num_bigint::BigInt;
use ruint::aliases::U256;

pub use self::wide::{I256, WideValue};
use crate::{fault::FaultKind, text::shown};

/// The largest size of an integer, in bytes.
pub const MAX_SIZE: usize = 32;

/// An integer of at most 32 bytes: an `i64` where it fits, else 256 bits.
///
/// Each value has one form, so equality of the enum is equality of the integers:
/// a [`WideValue`] cannot be made of a value that an `i64` holds.
///
/// ```compile_fail,E0308
/// use neovm_types::{I256, Integer};
///
/// let two_forms_of_five = Integer::Wide(I256::from(5i64));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integer {
    /// A value that fits an `i64`.
    Small(i64),
    /// Any other value.
    Wide(WideValue),
}

use Integer::{Small, Wide};

/// Reads two's complement bytes, little-endian; none if there are more than eight.
#[inline]
pub fn small_from_le_bytes(bytes: &[u8]) -> Option<i64> {
    // Two reads that may overlap: a copy of a length that is not known is slow.
    let unsigned = match bytes.len() {
        0 => return Some(0),
        1 => u64::from(bytes[0]),
        length @ 2..=3 => {
            let low = u16::from_le_bytes([bytes[0], bytes[1]]);
            u64::from(low) | u64::from(bytes[length - 1]) << (8 * (length - 1))
        }
        length @ 4..=8 => {
            let (low, high) = (bytes.first_chunk::<4>()?, bytes.last_chunk::<4>()?);
            u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << (8 * (length - 4))
        }
        _ => return None,
    };
    let unused = 64 - 8 * bytes.len() as u32;
    Some(((unsigned << unused) as i64) >> unused)
}

impl Integer {
    /// Reads two's complement bytes, little-endian; none if there are more than 32.
    pub fn from_le_bytes(bytes: &[u8]) -> Option<Self> {
        if let Some(value) = small_from_le_bytes(bytes) {
            return Some(Small(value));
        }
        I256::from_le_bytes(bytes).map(Self::from)
    }

    /// Returns the shortest two's complement form, little-endian: no bytes for zero.
    pub fn to_le_bytes(self) -> smallvec::SmallVec<[u8; MAX_SIZE]> {
        let length = self.byte_len();
        match self {
            Small(value) => smallvec::SmallVec::from_slice(&value.to_le_bytes()[..length]),
            Wide(value) => smallvec::SmallVec::from_slice(&value.get().to_le_bytes()[..length]),
        }
    }

    /// Returns the number of bytes of the shortest form: 0 for zero.
    pub fn byte_len(self) -> usize {
        match self {
            Small(0) => 0,
            Small(value) => (64 - (value ^ (value >> 63)).leading_zeros()) as usize / 8 + 1,
            Wide(value) => value.byte_len(),
        }
    }

    /// Returns all 256 bits.
    pub fn wide(self) -> I256 {
        match self {
            Small(value) => I256::from(value),
            Wide(value) => value.get(),
        }
    }

    /// Returns whether the integer is zero.
    pub const fn is_zero(self) -> bool {
        matches!(self, Small(0))
    }

    /// Returns whether the integer is negative.
    pub const fn is_negative(self) -> bool {
        match self {
            Small(value) => value < 0,
            Wide(value) => value.get().is_negative(),
        }
    }

    /// Returns -1, 0 or 1, as the integer's sign is.
    pub const fn signum(self) -> i64 {
        match self {
            Small(value) => value.signum(),
            Wide(value) if value.get().is_negative() => -1,
            Wide(_) => 1,
        }
    }

    /// Converts to an `i32`, as .NET casts a `BigInteger` to `int`.
    ///
    /// # Errors
    /// [`FaultKind::Overflow`] for a value that fits a `u32`, [`FaultKind::Int32`]
    /// for any other that does not fit.
    pub fn to_i32(self) -> Result<i32, FaultKind> {
        match self {
            Small(value) => i32::try_from(value).map_err(|_| match u32::try_from(value) {
                Ok(_) => FaultKind::Overflow,
                Err(_) => FaultKind::Int32,
            }),
            Wide(_) => Err(FaultKind::Int32),
        }
    }

    /// Returns the integer as an index if it is one of `count` items.
    pub fn to_index(self, count: usize) -> Option<usize> {
        match self {
            Small(value) => usize::try_from(value).ok().filter(|&index| index < count),
            Wide(_) => None,
        }
    }

    fn to_bigint(self) -> BigInt {
        self.wide().to_bigint()
    }

    /// Converts from a big integer.
    ///
    /// # Errors
    /// [`FaultKind::IntegerSize`] if it takes more than 32 bytes.
    pub fn from_bigint(value: &BigInt) -> Result<Self, FaultKind> {
        let bytes = value.to_signed_bytes_le();
        Self::from_le_bytes(&bytes).ok_or(FaultKind::IntegerSize(bytes.len()))
    }
}

/// `wide` where it fits; else the fault tells the size that `exact` has.
fn fitting(wide: Option<I256>, exact: impl FnOnce() -> BigInt) -> Result<Integer, FaultKind> {
    match wide {
        Some(value) => Ok(value.into()),
        None => Integer::from_bigint(&exact()),
    }
}

/// Arithmetic. Each operation faults with [`FaultKind::IntegerSize`] if the result
/// takes more than 32 bytes; the fault states the size that it would have.
#[allow(clippy::missing_errors_doc, reason = "the block's doc tells")]
#[allow(clippy::should_implement_trait, reason = "they return a fault")]
impl Integer {
    /// Returns the sum.
    pub fn add(self, rhs: Self) -> Result<Self, FaultKind> {
        match (self, rhs) {
            (Small(a), Small(b)) => Ok(I256::from(i128::from(a) + i128::from(b)).into()),
            (a, b) => fitting(a.wide().checked_add(&b.wide()), || a.to_bigint() + b.to_bigint()),
        }
    }

    /// Returns the difference.
    pub fn sub(self, rhs: Self) -> Result<Self, FaultKind> {
        match (self, rhs) {
            (Small(a), Small(b)) => Ok(I256::from(i128::from(a) - i128::from(b)).into()),
            (a, b) => fitting(a.wide().checked_sub(&b.wide()), || a.to_bigint() - b.to_bigint()),
        }
    }

    /// Returns the product.
    pub fn mul(self, rhs: Self) -> Result<Self, FaultKind> {
        match (self, rhs) {
            (Small(a), Small(b)) => Ok(I256::from(i128::from(a) * i128::from(b)).into()),
            (a, b) => fitting(a.wide().checked_mul(&b.wide()), || a.to_bigint() * b.to_bigint()),
        }
    }

    /// Returns the quotient, rounded toward zero. Also faults with [`FaultKind::DivideByZero`].
    pub fn div(self, rhs: Self) -> Result<Self, FaultKind> {
        match (self, rhs) {
            (_, Small(0)) => Err(FaultKind::DivideByZero),
            (Small(a), Small(b)) => Ok(I256::from(i128::from(a) / i128::from(b)).into()),
            (a, b) => fitting(a.wide().div_rem(&b.wide()).0, || a.to_bigint() / b.to_bigint()),
        }
    }

    /// Returns the remainder, with the dividend's sign. Also faults with [`FaultKind::DivideByZero`].
    pub fn rem(self, rhs: Self) -> Result<Self, FaultKind> {
        match (self, rhs) {
            (_, Small(0)) => Err(FaultKind::DivideByZero),
            (Small(a), Small(b)) => Ok(Small(a.wrapping_rem(b))),
            (a, b) => Ok(a.wide().div_rem(&b.wide()).1.into()),
        }
    }

    /// Returns the negated value.
    pub fn neg(self) -> Result<Self, FaultKind> {
        Small(0).sub(self)
    }

    /// Returns the absolute value.
    pub fn abs(self) -> Result<Self, FaultKind> {
        if self.is_negative() { self.neg() } else { Ok(self) }
    }

    /// Shifts left by a number of bits.
    pub fn shl(self, bits: u32) -> Result<Self, FaultKind> {
        fitting(self.wide().checked_shl(bits), || self.to_bigint() << bits)
    }

    /// Shifts right by a number of bits, keeping the sign.
    #[must_use]
    pub fn shr(self, bits: u32) -> Self {
        match self {
            Small(value) => Small(value >> bits.min(63)),
            Wide(value) => value.shr(bits).into(),
        }
    }

    /// Raises to a power.
    pub fn pow(self, exponent: u32) -> Result<Self, FaultKind> {
        if let Small(base) = self
            && let Some(power) = i128::from(base).checked_pow(exponent)
        {
            return Ok(power.into());
        }
        let mut result = I256::from(1i64);
        let mut square = Some(self.wide());
        let mut rest = exponent;
        while rest != 0 {
            let Some(base) = square else {
                return Self::from_bigint(&num_traits::Pow::pow(self.to_bigint(), exponent));
            };
            if rest & 1 == 1 {
                match result.checked_mul(&base) {
                    Some(product) => result = product,
                    None => return Self::from_bigint(&num_traits::Pow::pow(self.to_bigint(), exponent)),
                }
            }
            rest >>= 1;
            square = base.checked_mul(&base);
        }
        Ok(result.into())
    }

    /// Returns the square root, rounded down. Faults with [`FaultKind::NegativeSqrt`]
    /// if the integer is negative.
    pub fn sqrt(self) -> Result<Self, FaultKind> {
        match self {
            value if value.is_negative() => Err(FaultKind::NegativeSqrt),
            Small(value) => Ok(Small(value.isqrt())),
            Wide(value) => Ok(value.sqrt().into()),
        }
    }

    /// Returns the remainder of the product, with the product's sign. Faults with
    /// [`FaultKind::DivideByZero`] if the modulus is zero.
    pub fn mod_mul(self, rhs: Self, modulus: Self) -> Result<Self, FaultKind> {
        if modulus.is_zero() {
            return Err(FaultKind::DivideByZero);
        }
        let modulus = modulus.wide().magnitude();
        let remainder = self.wide().magnitude().mul_mod(rhs.wide().magnitude(), modulus);
        Self::from_remainder(self.is_negative() != rhs.is_negative(), remainder)
    }

    /// Returns the remainder of the power, with the power's sign; for the exponent
    /// -1 the modular inverse.
    pub fn mod_pow(self, exponent: Self, modulus: Self) -> Result<Self, FaultKind> {
        if exponent == Small(-1) {
            return self.mod_inverse(modulus);
        }
        if exponent.is_negative() {
            // The reference tests the sign, and tells that.
            return Err(FaultKind::NegativeExponent);
        }
        if modulus.is_zero() {
            return Err(FaultKind::DivideByZero);
        }
        let modulus = modulus.wide().magnitude();
        let power = exponent.wide().magnitude();
        let remainder = modular::pow_mod(self.wide().magnitude(), power, modulus);
        Self::from_remainder(self.is_negative() && power.bit(0), remainder)
    }

    /// A remainder is below its modulus, so at most 2^255 - 1 but for modulus
    /// -2^255, where it still is: it always fits.
    fn from_remainder(negative: bool, remainder: U256) -> Result<Self, FaultKind> {
        I256::from_magnitude(negative, remainder)
            .map(Self::from)
            .ok_or(FaultKind::Engine("a remainder over its modulus"))
    }

    fn mod_inverse(self, modulus: Self) -> Result<Self, FaultKind> {
        if self.is_negative() || self.is_zero() {
            return Err(FaultKind::InverseOfNonPositive(self));
        }
        if modulus < Small(2) {
            return Err(FaultKind::ModulusTooSmall(modulus));
        }
        let inverse = self.wide().magnitude().inv_mod(modulus.wide().magnitude());
        Self::from_remainder(false, inverse.ok_or(FaultKind::NoInverse)?)
    }

    /// Inverts all bits.
    #[must_use]
    pub fn not(self) -> Self {
        match self {
            Small(value) => Small(!value),
            Wide(value) => value.not().into(),
        }
    }

    /// Returns the bitwise and.
    #[must_use]
    pub fn bitand(self, rhs: Self) -> Self {
        self.wide().zip(&rhs.wide(), |a, b| a & b).into()
    }

    /// Returns the bitwise or.
    #[must_use]
    pub fn bitor(self, rhs: Self) -> Self {
        self.wide().zip(&rhs.wide(), |a, b| a | b).into()
    }

    /// Returns the bitwise exclusive or.
    #[must_use]
    pub fn bitxor(self, rhs: Self) -> Self {
        self.wide().zip(&rhs.wide(), |a, b| a ^ b).into()
    }
}

macro_rules! from_small {
    ($($type:ty),*) => {
        $(
            impl From<$type> for Integer {
                fn from(value: $type) -> Self {
                    Small(value as i64)
                }
            }
        )*
    };
}

from_small!(i8, i16, i32, i64, isize, u8, u16, u32);

impl From<i128> for Integer {
    fn from(value: i128) -> Self {
        I256::from(value).into()
    }
}

impl From<u64> for Integer {
    fn from(value: u64) -> Self {
        i128::from(value).into()
    }
}

impl From<usize> for Integer {
    fn from(value: usize) -> Self {
        (value as i128).into()
    }
}

impl From<u128> for Integer {
    fn from(value: u128) -> Self {
        I256::from(value).into()
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Small(a), Small(b)) => a.cmp(b),
            (a, b) => a.wide().cmp(&b.wide()),
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl core::fmt::Display for Integer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Small(value) => value.fmt(f),
            Wide(value) => value.fmt(f),
        }
    }
}

/// A text that is no integer, or one of more than 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a decimal integer of at most 32 bytes")]
pub struct ParseIntegerError {
    /// The text, cut after 80 characters.
    pub text: alloc::string::String,
}

impl core::str::FromStr for Integer {
    type Err = ParseIntegerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseIntegerError { text: shown(text).into() };
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        // 2^255 has 77 digits; a longer text is refused before it costs time.
        if digits.is_empty() || digits.len() > 80 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        let value: BigInt = text.parse().map_err(|_| error())?;
        Self::from_bigint(&value).map_err(|_| error())
    }
}
