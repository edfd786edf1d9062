//! 256-bit two's complement integers on four limbs.

use core::cmp::Ordering;

use num_bigint::BigInt;
use ruint::aliases::U256;

use super::divide;

/// A signed integer of 256 bits, two's complement, least significant limb first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct I256([u64; 4]);

/// A 256-bit integer that does not fit an `i64`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct WideValue(I256);

impl WideValue {
    /// Wraps a value; none if it fits an `i64`.
    #[inline(always)]
    pub const fn new(value: I256) -> Option<Self> {
        if value.to_i64().is_some() { None } else { Some(Self(value)) }
    }

    /// Returns the value.
    #[inline(always)]
    pub const fn get(self) -> I256 {
        self.0
    }

    /// Overwrites the value, as [`I256::load`] reads it: word by word.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the compiler would join the stores of words")]
    pub fn store(&mut self, value: Self) {
        let place = core::ptr::from_mut(&mut self.0.0).cast::<u64>();
        let [first, second, third, fourth] = value.0.0;
        // No loop: in unoptimized builds its calls would keep a handler of the interpreter from ending in a jump.
        // SAFETY: words that are borrowed can be written.
        unsafe {
            place.write_volatile(first);
            place.add(1).write_volatile(second);
            place.add(2).write_volatile(third);
            place.add(3).write_volatile(fourth);
        }
    }
}

impl core::ops::Deref for WideValue {
    type Target = I256;

    #[inline(always)]
    fn deref(&self) -> &I256 {
        &self.0
    }
}

impl core::fmt::Debug for WideValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<I256> for super::Integer {
    #[inline]
    fn from(value: I256) -> Self {
        value.to_i64().map_or(Self::Wide(WideValue(value)), Self::Small)
    }
}

impl I256 {
    /// Zero.
    pub const ZERO: Self = Self([0; 4]);
    /// The least value, -2^255.
    pub const MIN: Self = Self([0, 0, 0, 1 << 63]);

    /// Returns the integer, read word by word. A wider load of words that were just written has to wait for all of
    /// these stores.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the compiler would join the loads of words")]
    #[must_use]
    pub fn load(&self) -> Self {
        let place = core::ptr::from_ref(&self.0).cast::<u64>();
        // SAFETY: words that are borrowed can be read.
        unsafe {
            Self([
                place.read_volatile(),
                place.add(1).read_volatile(),
                place.add(2).read_volatile(),
                place.add(3).read_volatile(),
            ])
        }
    }

    /// Makes an integer of its words, least significant first.
    #[inline(always)]
    pub const fn from_limbs(limbs: [u64; 4]) -> Self {
        Self(limbs)
    }

    /// Returns the words, least significant first.
    #[inline(always)]
    pub const fn limbs(&self) -> [u64; 4] {
        self.0
    }

    /// Returns the number of bits that hold the integer with its sign: 1 for zero.
    pub const fn bits(&self) -> u32 {
        let sign = ((self.0[3] as i64) >> 63) as u64;
        let mut limb = 3;
        while limb > 0 && self.0[limb] == sign {
            limb -= 1;
        }
        limb as u32 * 64 + 65 - (self.0[limb] ^ sign).leading_zeros()
    }

    /// Returns whether the integer is negative.
    #[inline(always)]
    pub const fn is_negative(&self) -> bool {
        self.0[3] >> 63 == 1
    }

    /// Returns whether the integer is zero.
    pub const fn is_zero(&self) -> bool {
        self.0[0] | self.0[1] | self.0[2] | self.0[3] == 0
    }

    /// Returns the value if it fits an `i64`.
    #[inline(always)]
    pub const fn to_i64(&self) -> Option<i64> {
        let low = self.0[0] as i64;
        let sign = (low >> 63) as u64;
        if self.0[1] == sign && self.0[2] == sign && self.0[3] == sign { Some(low) } else { None }
    }

    /// The value if it fits an `i128`.
    #[inline(always)]
    fn to_i128(self) -> Option<i128> {
        let [low, high, third, fourth] = self.0;
        let sign = ((high as i64) >> 63) as u64;
        ((third ^ sign) | (fourth ^ sign) == 0).then_some(i128::from(high as i64) << 64 | i128::from(low))
    }

    /// The product of two halves, which always fits.
    #[inline(always)]
    fn product(a: i128, b: i128) -> Self {
        let half = |value: i128| (u128::from(value as u64), u128::from((value >> 64) as u64));
        let ((a0, a1), (b0, b1)) = (half(a), half(b));
        let (low, high) = (a0 * b0, a1 * b1);
        let (middle, carry) = (a0 * b1).overflowing_add(a1 * b0);
        let (low, low_carry) = low.overflowing_add(middle << 64);
        let high = high + (middle >> 64) + (u128::from(carry) << 64) + u128::from(low_carry);
        // A negative factor was taken for itself plus 2^128.
        let excess = |factor: i128, other: i128| ((factor >> 127) & other) as u128;
        let high = high.wrapping_sub(excess(a, b)).wrapping_sub(excess(b, a));
        Self([low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64])
    }

    /// Reads two's complement bytes, little-endian; none if there are more than 32.
    pub fn from_le_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > 32 {
            return None;
        }
        let negative = bytes.last().is_some_and(|top| top & 0x80 != 0);
        let mut whole = [if negative { 0xff } else { 0 }; 32];
        whole[..bytes.len()].copy_from_slice(bytes);
        Some(Self::from_array(whole))
    }

    fn from_array(bytes: [u8; 32]) -> Self {
        let (limbs, _) = bytes.as_chunks();
        Self(core::array::from_fn(|index| u64::from_le_bytes(limbs[index])))
    }

    /// Returns all 32 bytes, little-endian.
    pub fn to_le_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (place, limb) in bytes.as_chunks_mut().0.iter_mut().zip(self.0) {
            *place = limb.to_le_bytes();
        }
        bytes
    }

    /// Returns the number of bytes of the shortest two's complement form: 1 for zero.
    pub fn byte_len(&self) -> usize {
        self.bits().div_ceil(8) as usize
    }

    #[inline]
    pub(super) fn magnitude(&self) -> U256 {
        U256::from_limbs(if self.is_negative() { negated(self.0) } else { self.0 })
    }

    /// The value of a sign and a magnitude, if it fits.
    #[inline]
    pub(super) fn from_magnitude(negative: bool, magnitude: U256) -> Option<Self> {
        let words = magnitude.into_limbs();
        let value = Self(if negative { negated(words) } else { words });
        (value.is_negative() == negative || magnitude.is_zero()).then_some(value)
    }

    /// The lower and the upper two words.
    #[inline(always)]
    fn halves(&self) -> (u128, u128) {
        let [first, second, third, fourth] = self.0;
        (u128::from(second) << 64 | u128::from(first), u128::from(fourth) << 64 | u128::from(third))
    }

    #[inline(always)]
    fn of_halves(low: u128, high: u128) -> Self {
        Self([low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64])
    }

    /// Returns the sum if it fits.
    #[inline(always)]
    pub fn checked_add(&self, rhs: &Self) -> Option<Self> {
        let ((a_low, a_high), (b_low, b_high)) = (self.halves(), rhs.halves());
        let (low, carry) = a_low.overflowing_add(b_low);
        let high = a_high.wrapping_add(b_high).wrapping_add(carry as u128);
        let overflow = ((a_high ^ high) & (b_high ^ high)) >> 127 != 0;
        if overflow { None } else { Some(Self::of_halves(low, high)) }
    }

    /// Returns the difference if it fits.
    #[inline(always)]
    pub fn checked_sub(&self, rhs: &Self) -> Option<Self> {
        let ((a_low, a_high), (b_low, b_high)) = (self.halves(), rhs.halves());
        let (low, borrow) = a_low.overflowing_sub(b_low);
        let high = a_high.wrapping_sub(b_high).wrapping_sub(borrow as u128);
        let overflow = ((a_high ^ b_high) & (a_high ^ high)) >> 127 != 0;
        if overflow { None } else { Some(Self::of_halves(low, high)) }
    }

    /// Whether the integers are equal, without a call.
    #[inline(always)]
    pub(super) fn quick_eq(&self, rhs: &Self) -> bool {
        let ((a_low, a_high), (b_low, b_high)) = (self.halves(), rhs.halves());
        (a_low ^ b_low) | (a_high ^ b_high) == 0
    }

    /// Whether the integer is less than another, without a call.
    #[inline(always)]
    pub(super) fn quick_lt(&self, rhs: &Self) -> bool {
        let ((a_low, a_high), (b_low, b_high)) = (self.halves(), rhs.halves());
        if a_high == b_high { a_low < b_low } else { (a_high as i128) < b_high as i128 }
    }

    /// The product, if each factor has two words: what most are, and no call is needed.
    #[inline(always)]
    pub(super) fn quick_mul(&self, rhs: &Self) -> Option<Self> {
        match (self.to_i128(), rhs.to_i128()) {
            (Some(a), Some(b)) => Some(Self::product(a, b)),
            _ => None,
        }
    }

    /// The quotient and the remainder, if neither integer is negative and the divisor has at most two words and is not
    /// zero: what most are, and no call is needed.
    #[inline(always)]
    pub(super) fn quick_div_rem(&self, rhs: &Self) -> Option<(Self, Self)> {
        let (low, high) = rhs.halves();
        if self.is_negative() || high != 0 || low == 0 {
            return None;
        }
        let (quotient, rest) = divide::div_rem_by_two(self.0, low);
        Some((Self(quotient), Self::of_halves(rest, 0)))
    }

    /// Returns the product if it fits.
    pub fn checked_mul(&self, rhs: &Self) -> Option<Self> {
        let (a, b) = (self.load(), rhs.load());
        if let (Some(a), Some(b)) = (a.to_i128(), b.to_i128()) {
            return Some(Self::product(a, b));
        }
        let product = match (a.magnitude().into_limbs(), b.magnitude().into_limbs()) {
            (words, [word, 0, 0, 0]) | ([word, 0, 0, 0], words) => multiplied(words, word)?,
            (a, b) => U256::from_limbs(a).checked_mul(U256::from_limbs(b))?,
        };
        Self::from_magnitude(a.is_negative() != b.is_negative(), product)
    }

    /// Returns the quotient, rounded toward zero, if it fits and the divisor is not zero.
    pub fn checked_div(&self, rhs: &Self) -> Option<Self> {
        if rhs.is_zero() { None } else { self.div_rem(rhs).0 }
    }

    /// Returns the remainder, with the dividend's sign, if the divisor is not zero.
    pub fn checked_rem(&self, rhs: &Self) -> Option<Self> {
        (!rhs.is_zero()).then(|| self.div_rem(rhs).1)
    }

    /// Quotient toward zero (none for -2^255 / -1) and remainder; the divisor is not zero.
    pub(super) fn div_rem(&self, rhs: &Self) -> (Option<Self>, Self) {
        let (a, b) = (self.load(), rhs.load());
        if a.is_negative() || b.is_negative() {
            return a.div_rem_with_signs(&b);
        }
        let (quotient, remainder) = divide::div_rem(a.0, b.0);
        (Some(Self(quotient)), Self(remainder))
    }

    /// Few integers are negative, and the others need not wait for signs.
    #[cold]
    #[inline(never)]
    fn div_rem_with_signs(&self, rhs: &Self) -> (Option<Self>, Self) {
        let (a, b) = (self.magnitude(), rhs.magnitude());
        let (quotient, remainder) = divide::div_rem(a.into_limbs(), b.into_limbs());
        let (quotient, remainder) = (U256::from_limbs(quotient), U256::from_limbs(remainder));
        let remainder = Self::from_magnitude(self.is_negative(), remainder);
        (Self::from_magnitude(self.is_negative() != rhs.is_negative(), quotient), remainder.unwrap_or(Self::ZERO))
    }

    /// Applies an operation to each pair of the four words, the lowest first.
    #[must_use]
    pub fn zip(&self, rhs: &Self, op: impl Fn(u64, u64) -> u64) -> Self {
        Self(core::array::from_fn(|i| op(self.0[i], rhs.0[i])))
    }

    pub(super) fn not(&self) -> Self {
        Self(self.0.map(|limb| !limb))
    }

    /// Arithmetic shift right by any number of bits.
    pub(super) fn shr(&self, bits: u32) -> Self {
        let sign = if self.is_negative() { u64::MAX } else { 0 };
        let (limbs, bits) = ((bits / 64) as usize, bits % 64);
        let limb = |i: usize| self.0.get(i).copied().unwrap_or(sign);
        Self(core::array::from_fn(|i| {
            let low = limb(i + limbs) >> bits;
            if bits == 0 { low } else { low | limb(i + limbs + 1) << (64 - bits) }
        }))
    }

    /// Shift left, if no bit is lost.
    pub(super) fn checked_shl(&self, bits: u32) -> Option<Self> {
        if self.is_zero() {
            return Some(*self);
        }
        if bits >= 256 {
            return None;
        }
        let (limbs, rest) = ((bits / 64) as usize, bits % 64);
        let limb = |i: usize| i.checked_sub(limbs).map_or(0, |i| self.0[i]);
        let shifted = Self(core::array::from_fn(|i| {
            let high = limb(i) << rest;
            if rest == 0 || i == 0 { high } else { high | limb(i - 1) >> (64 - rest) }
        }));
        (shifted.shr(bits) == *self).then_some(shifted)
    }

    /// Square root of a value that is not negative, rounded down.
    pub(super) fn sqrt(&self) -> Self {
        let value = self.magnitude();
        if value.is_zero() {
            return Self::ZERO;
        }
        // Newton from above: the first guess is not below the root.
        let mut root = U256::from(1) << value.bit_len().div_ceil(2);
        loop {
            let next = (root + value / root) >> 1;
            if next >= root {
                return Self(root.into_limbs());
            }
            root = next;
        }
    }

    pub(super) fn to_bigint(self) -> BigInt {
        BigInt::from_signed_bytes_le(&self.to_le_bytes())
    }
}

/// Negates four words, modulo 2^256. Few integers are negative, and the others need not wait for the carries.
#[cold]
#[inline(never)]
fn negated(words: [u64; 4]) -> [u64; 4] {
    let mut carry = true;
    words.map(|word| {
        let (sum, over) = (!word).overflowing_add(u64::from(carry));
        carry = over;
        sum
    })
}

/// The product of four words and one, if it has four.
#[inline]
fn multiplied(words: [u64; 4], factor: u64) -> Option<U256> {
    let mut carry = 0;
    let product = words.map(|word| {
        let product = u128::from(word) * u128::from(factor) + u128::from(carry);
        carry = (product >> 64) as u64;
        product as u64
    });
    (carry == 0).then_some(U256::from_limbs(product))
}

impl From<i64> for I256 {
    #[inline(always)]
    fn from(value: i64) -> Self {
        let sign = (value >> 63) as u64;
        Self([value as u64, sign, sign, sign])
    }
}

impl From<i128> for I256 {
    fn from(value: i128) -> Self {
        let sign = (value >> 127) as u64;
        Self([value as u64, (value >> 64) as u64, sign, sign])
    }
}

impl From<u128> for I256 {
    fn from(value: u128) -> Self {
        Self([value as u64, (value >> 64) as u64, 0, 0])
    }
}

impl Ord for I256 {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((a_low, a_high), (b_low, b_high)) = (self.halves(), other.halves());
        (a_high as i128, a_low).cmp(&(b_high as i128, b_low))
    }
}

impl PartialOrd for I256 {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl core::fmt::Display for I256 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let digits = alloc::format!("{}", self.magnitude());
        f.pad_integral(!self.is_negative(), "", &digits)
    }
}

impl core::fmt::Debug for I256 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}
