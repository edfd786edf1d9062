//! Powers modulo an odd number, in Montgomery form: no division per step.

use ruint::aliases::U256;

use super::divide::{div_rem, divide_two};

/// `base` to `exponent` modulo `modulus`, which is not zero.
pub(super) fn pow_mod(base: U256, exponent: U256, modulus: U256) -> U256 {
    match u64::try_from(modulus) {
        Ok(1) => U256::ZERO,
        Ok(small) if small & 1 == 1 => {
            let (_, rest) = div_rem(base.into_limbs(), modulus.into_limbs());
            U256::from(Montgomery::new(small).pow(rest[0], exponent))
        }
        _ if modulus.bit(0) => wide_pow(base % modulus, exponent, modulus),
        _ => base.pow_mod(exponent, modulus),
    }
}

/// The most bits of the exponent that are multiplied at once.
const WINDOW: usize = 4;

/// Exponents of fewer bits are multiplied bit by bit: they do not repay the table of powers.
const LEAST_FOR_WINDOWS: usize = 24;

/// Raises a number to a power that is not zero: from the top bit on, squares the result for each bit, and multiplies it
/// by an odd power of the number for each group of bits that begins and ends with 1.
fn power<T: Copy>(base: T, exponent: U256, multiply: impl Fn(T, T) -> T) -> T {
    let mut left = exponent.bit_len();
    let window = if left < LEAST_FOR_WINDOWS { 1 } else { WINDOW };
    let mut powers = [base; 1 << (WINDOW - 1)];
    if window > 1 {
        // Twice as many each time: few products wait for others.
        let (mut known, mut next) = (1, multiply(base, base));
        while known < powers.len() {
            for i in 0..known {
                powers[known + i] = multiply(powers[i], next);
            }
            known *= 2;
            next = multiply(next, next);
        }
    }
    let mut result = None;
    while left > 0 {
        let size = window.min(left);
        let bits = bits_at(exponent.as_limbs(), left - size, size);
        let is_set = bits >> (size - 1) == 1;
        let zeros = if is_set { bits.trailing_zeros() as usize } else { size - 1 };
        let taken = size - zeros;
        let squared = result.map(|value| (0..taken).fold(value, |value, _| multiply(value, value)));
        let factor = is_set.then(|| powers[bits >> zeros >> 1]);
        result = match (squared, factor) {
            (Some(squared), Some(factor)) => Some(multiply(squared, factor)),
            (squared, factor) => squared.or(factor),
        };
        left -= taken;
    }
    result.unwrap_or(base)
}

/// Returns up to 8 bits of a number, from bit `at` on.
fn bits_at(words: &[u64; 4], at: usize, size: usize) -> usize {
    let (word, shift) = (at / 64, at % 64);
    let above = if shift + size > 64 { words[word + 1] << (64 - shift) } else { 0 };
    (words[word] >> shift | above) as usize & ((1 << size) - 1)
}

/// Arithmetic modulo an odd number of 64 bits.
struct Montgomery {
    modulus: u64,
    /// 1/modulus, modulo 2^64.
    inverse: u64,
}

impl Montgomery {
    /// Below this modulus, results of products need not be reduced fully.
    const LAZY: u64 = 1 << 62;

    fn new(modulus: u64) -> Self {
        Self { modulus, inverse: inverse(modulus) }
    }

    /// a * b / 2^64 modulo the modulus, as upper word of the product and what to subtract from it. Both are below the
    /// modulus if a * b is less than 2^64 times the modulus.
    #[inline(always)]
    fn halves(&self, a: u64, b: u64) -> (u64, u64) {
        let product = u128::from(a) * u128::from(b);
        // The product of this and the modulus has the same lower word.
        let factor = (product as u64).wrapping_mul(self.inverse);
        let multiple = u128::from(factor) * u128::from(self.modulus);
        ((product >> 64) as u64, (multiple >> 64) as u64)
    }

    /// a * b / 2^64 modulo the modulus.
    #[inline(always)]
    fn multiply(&self, a: u64, b: u64) -> u64 {
        let (high, less) = self.halves(a, b);
        let (result, borrow) = high.overflowing_sub(less);
        if borrow { result.wrapping_add(self.modulus) } else { result }
    }

    /// That, or more by the modulus, for factors below twice the modulus and a modulus below [`Self::LAZY`].
    #[inline(always)]
    fn multiply_lazily(&self, a: u64, b: u64) -> u64 {
        let (high, less) = self.halves(a, b);
        high + self.modulus - less
    }

    /// Raises a number below the modulus to a power. The modulus is greater than 1.
    fn pow(&self, base: u64, exponent: U256) -> u64 {
        if exponent.is_zero() {
            return 1;
        }
        // Times 2^64.
        let (_, base) = divide_two(base, 0, self.modulus);
        let result = if self.modulus < Self::LAZY {
            power(base, exponent, |a, b| self.multiply_lazily(a, b))
        } else {
            power(base, exponent, |a, b| self.multiply(a, b))
        };
        // Divided by 2^64; the product with 1 is small enough in both cases.
        self.multiply(result, 1)
    }
}

/// 1/value modulo 2^64, for an odd value.
fn inverse(value: u64) -> u64 {
    // Newton: each step doubles the number of right bits; the value itself has three.
    (0..5).fold(value, |x, _| x.wrapping_mul(2u64.wrapping_sub(value.wrapping_mul(x))))
}

fn wide_pow(base: U256, exponent: U256, modulus: U256) -> U256 {
    if exponent.is_zero() {
        return U256::from(1);
    }
    let inverse = inverse(modulus.as_limbs()[0]).wrapping_neg();
    let multiply = |a: U256, b: U256| a.mul_redc(b, modulus, inverse);
    // 2^256 modulo the modulus, and its square.
    let one = (U256::MAX % modulus + U256::from(1)) % modulus;
    let base = multiply(base, one.mul_mod(one, modulus));
    multiply(power(base, exponent, multiply), U256::from(1))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// Numbers around powers of two, and some others.
    fn numbers() -> Vec<U256> {
        let mut numbers = Vec::new();
        for bits in [1, 2, 3, 5, 8, 23, 24, 25, 31, 32, 61, 62, 63, 64, 65, 100, 127, 128, 192, 255] {
            let power = U256::from(1) << bits;
            numbers.extend([power - U256::from(1), power, power + U256::from(1)]);
            numbers.push(U256::from_limbs([0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 11, 7]) % power);
        }
        numbers.extend([U256::ZERO, U256::from(10), U256::MAX]);
        numbers
    }

    /// `base` to `exponent`, one bit after the other.
    fn simple(base: U256, exponent: U256, modulus: U256) -> U256 {
        let start = U256::from(1) % modulus;
        (0..exponent.bit_len()).rev().fold(start, |value, bit| {
            let square = value.mul_mod(value, modulus);
            if exponent.bit(bit) { square.mul_mod(base % modulus, modulus) } else { square }
        })
    }

    #[test]
    fn powers_are_right() {
        let numbers = numbers();
        for (i, &modulus) in numbers.iter().enumerate().filter(|(_, modulus)| !modulus.is_zero()) {
            // Not all combinations, but each pair.
            for (k, &exponent) in numbers.iter().enumerate() {
                for &base in numbers.iter().skip((i + k) % 17).step_by(17) {
                    let expected = simple(base, exponent, modulus);
                    assert_eq!(pow_mod(base, exponent, modulus), expected, "{base} ^ {exponent} % {modulus}");
                }
            }
        }
    }

    #[test]
    fn lazy_products_stay_below_twice_the_modulus() {
        for modulus in [3, 5, (1 << 61) - 1, Montgomery::LAZY - 1] {
            let montgomery = Montgomery::new(modulus);
            for a in [0, 1, modulus - 1, modulus, 2 * modulus - 1] {
                for b in [0, 1, modulus - 1, modulus, 2 * modulus - 1] {
                    let product = montgomery.multiply_lazily(a, b);
                    assert!(product < 2 * modulus, "{a} * {b} % {modulus}");
                    assert_eq!(
                        product % modulus,
                        montgomery.multiply(a % modulus, b % modulus),
                        "{a} * {b} % {modulus}"
                    );
                }
            }
        }
    }
}
