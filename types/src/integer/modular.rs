//! Powers modulo an odd number, in Montgomery form: no division per step.

use ruint::aliases::U256;

/// `base` to `exponent` modulo `modulus`, which is not zero.
pub(super) fn pow_mod(base: U256, exponent: U256, modulus: U256) -> U256 {
    match u64::try_from(modulus) {
        Ok(1) => U256::ZERO,
        Ok(small) if small & 1 == 1 => U256::from(Montgomery::new(small).pow((base % modulus).to(), exponent)),
        _ if modulus.bit(0) => wide_pow(base % modulus, exponent, modulus),
        _ => base.pow_mod(exponent, modulus),
    }
}

/// Bits of the exponent that one step takes.
const WINDOW: usize = 4;

/// Goes over an exponent from the top, `WINDOW` bits at a time: calls `square`
/// before each bit and `multiply` with the value of each window.
fn windows<T>(mut value: T, exponent: U256, square: impl Fn(T) -> T, multiply: impl Fn(T, usize) -> T) -> T {
    for window in (0..exponent.bit_len().div_ceil(WINDOW)).rev() {
        for _ in 0..WINDOW {
            value = square(value);
        }
        let digit = (exponent >> (window * WINDOW)).as_limbs()[0] as usize % (1 << WINDOW);
        if digit != 0 {
            value = multiply(value, digit);
        }
    }
    value
}

/// Arithmetic modulo an odd number of 64 bits.
struct Montgomery {
    modulus: u64,
    /// -1/modulus, modulo 2^64.
    inverse: u64,
}

impl Montgomery {
    fn new(modulus: u64) -> Self {
        Self { modulus, inverse: negative_inverse(modulus) }
    }

    /// a * b / 2^64 modulo the modulus.
    fn multiply(&self, a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        let factor = (product as u64).wrapping_mul(self.inverse);
        let (sum, carry) = product.overflowing_add(u128::from(factor) * u128::from(self.modulus));
        let high = (sum >> 64) as u64;
        if carry || high >= self.modulus { high.wrapping_sub(self.modulus) } else { high }
    }

    fn pow(&self, base: u64, exponent: U256) -> u64 {
        // 2^64 and 2^128 modulo the modulus.
        let one = (u64::MAX % self.modulus + 1) % self.modulus;
        let square = (u128::from(one) * u128::from(one) % u128::from(self.modulus)) as u64;
        let base = self.multiply(base, square);
        let mut powers = [one; 1 << WINDOW];
        for i in 1..powers.len() {
            powers[i] = self.multiply(powers[i - 1], base);
        }
        let result = windows(one, exponent, |v| self.multiply(v, v), |v, digit| self.multiply(v, powers[digit]));
        self.multiply(result, 1)
    }
}

/// -1/value modulo 2^64, for an odd value.
fn negative_inverse(value: u64) -> u64 {
    // Newton: each step doubles the number of right bits; the value itself has three.
    let inverse = (0..5).fold(value, |x, _| x.wrapping_mul(2u64.wrapping_sub(value.wrapping_mul(x))));
    inverse.wrapping_neg()
}

fn wide_pow(base: U256, exponent: U256, modulus: U256) -> U256 {
    let inverse = negative_inverse(modulus.as_limbs()[0]);
    let multiply = |a: U256, b: U256| a.mul_redc(b, modulus, inverse);
    // 2^256 modulo the modulus, and its square.
    let one = (U256::MAX % modulus + U256::from(1)) % modulus;
    let base = multiply(base, one.mul_mod(one, modulus));
    let mut powers = [one; 1 << WINDOW];
    for i in 1..powers.len() {
        powers[i] = multiply(powers[i - 1], base);
    }
    let result = windows(one, exponent, |v| multiply(v, v), |v, digit| multiply(v, powers[digit]));
    multiply(result, U256::from(1))
}
