//! Division of unsigned integers of four words, least significant word first.
//!
//! A divisor of one word takes one hardware division a word; a longer one takes Knuth's algorithm D ("The Art of
//! Computer Programming", volume 2, section 4.3.1).

/// Divides a number of two words by a word, which is greater than the upper word, so that the quotient fits a word.
#[inline(always)]
pub(super) fn divide_two(high: u64, low: u64, divisor: u64) -> (u64, u64) {
    debug_assert!(high < divisor, "the quotient fits a word");
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let (quotient, rest);
        // SAFETY: the quotient fits, so the instruction does not trap. It touches nothing but its registers.
        unsafe {
            core::arch::asm!(
                "div {}",
                in(reg) divisor,
                inlateout("rax") low => quotient,
                inlateout("rdx") high => rest,
                options(pure, nomem, nostack)
            );
        }
        (quotient, rest)
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    {
        let value = u128::from(high) << 64 | u128::from(low);
        ((value / u128::from(divisor)) as u64, (value % u128::from(divisor)) as u64)
    }
}

/// Returns the quotient and the remainder of two words by a divisor that is not zero.
#[inline]
pub(super) fn div_rem_two(value: u128, divisor: u128) -> (u128, u128) {
    let (low, high) = (value as u64, (value >> 64) as u64);
    let divisor_high = (divisor >> 64) as u64;
    if divisor_high == 0 {
        let divisor = divisor as u64;
        // Most quotients fit a word: one division is saved.
        let (upper, rest) = if high < divisor { (0, high) } else { (high / divisor, high % divisor) };
        let (lower, rest) = divide_two(rest, low, divisor);
        return (u128::from(upper) << 64 | u128::from(lower), u128::from(rest));
    }
    // The quotient fits a word. Dividing by the upper word of the shifted divisor gives it or one more.
    let shift = divisor_high.leading_zeros();
    let top = ((divisor << shift) >> 64) as u64;
    let half = value >> 1;
    let (estimate, _) = divide_two((half >> 64) as u64, half as u64, top);
    let mut quotient = (estimate >> (63 - shift)).saturating_sub(1);
    let mut rest = value.wrapping_sub(u128::from(quotient).wrapping_mul(divisor));
    if rest >= divisor {
        quotient += 1;
        rest -= divisor;
    }
    (u128::from(quotient), rest)
}

/// Returns the number of words up to the highest one that is not zero.
fn length(value: &[u64; 4]) -> usize {
    4 - value.iter().rev().take_while(|&&word| word == 0).count()
}

/// Returns the quotient and the remainder by a divisor that is not zero.
pub(super) fn div_rem(value: &[u64; 4], divisor: &[u64; 4]) -> ([u64; 4], [u64; 4]) {
    let (value_length, divisor_length) = (length(value), length(divisor));
    let two = |words: &[u64; 4]| u128::from(words[1]) << 64 | u128::from(words[0]);
    let four = |number: u128| [number as u64, (number >> 64) as u64, 0, 0];
    if value_length <= 2 && divisor_length <= 2 {
        let (quotient, rest) = div_rem_two(two(value), two(divisor));
        return (four(quotient), four(rest));
    }
    if divisor_length <= 2 {
        let (quotient, rest) = div_rem_by_two(value, two(divisor));
        return (quotient, four(rest));
    }
    if value_length < divisor_length {
        return ([0; 4], *value);
    }
    divide_long(value, value_length, divisor, divisor_length)
}

/// Returns the quotient and the remainder by a divisor of two words that is not zero.
#[inline]
pub(super) fn div_rem_by_two(value: &[u64; 4], divisor: u128) -> ([u64; 4], u128) {
    if divisor >> 64 == 0 {
        let (quotient, rest) = divide_by_word(value, divisor as u64);
        return (quotient, rest.into());
    }
    match length(value) {
        0 | 1 => ([0; 4], value[0].into()),
        length => divide_by_two_words(value, length, divisor),
    }
}

/// Divides by one word.
#[inline]
fn divide_by_word(value: &[u64; 4], divisor: u64) -> ([u64; 4], u64) {
    let (mut quotient, mut rest) = ([0; 4], 0);
    for i in (0..4).rev() {
        // The first divisions are often saved.
        if rest == 0 && value[i] < divisor {
            rest = value[i];
        } else {
            (quotient[i], rest) = divide_two(rest, value[i], divisor);
        }
    }
    (quotient, rest)
}

/// Algorithm D for a number of two to four words and a divisor of two.
fn divide_by_two_words(value: &[u64; 4], length: usize, divisor: u128) -> ([u64; 4], u128) {
    let shift = divisor.leading_zeros();
    let divisor = divisor << shift;
    let word = |i: usize| {
        let (above, below) = (value.get(i).copied().unwrap_or(0), i.checked_sub(1).map_or(0, |below| value[below]));
        above << shift | (below >> 1) >> (63 - shift)
    };
    let mut rest = u128::from(word(length)) << 64 | u128::from(word(length - 1));
    let mut quotient = [0; 4];
    for i in (0..length - 1).rev() {
        let longer = rest << 64 | u128::from(word(i));
        // The first division is often saved.
        if rest >> 64 == 0 && longer < divisor {
            rest = longer;
        } else {
            (quotient[i], rest) = divide_three(rest, word(i), divisor);
        }
    }
    (quotient, rest >> shift)
}

/// Divides three words by two, whose highest bit is set, and which are more than the upper two.
#[inline(always)]
fn divide_three(upper: u128, low: u64, divisor: u128) -> (u64, u128) {
    let (high, middle) = ((upper >> 64) as u64, upper as u64);
    let (top, next) = ((divisor >> 64) as u64, divisor as u64);
    let (mut digit, rest) = if high < top {
        let (digit, rest) = divide_two(high, middle, top);
        (digit, u128::from(rest))
    } else {
        (u64::MAX, u128::from(middle) + u128::from(top))
    };
    let product = u128::from(digit) * u128::from(next);
    let mut left = rest << 64 | u128::from(low);
    // Where the rest exceeds a word, nothing has to be corrected.
    let mut is_short = rest >> 64 == 0 && left < product;
    while is_short {
        digit -= 1;
        let (more, overflows) = left.overflowing_add(divisor);
        left = more;
        is_short = !overflows && left < product;
    }
    (digit, left.wrapping_sub(product))
}

/// Algorithm D, for divisors of three words or more that are not longer than the value.
fn divide_long(value: &[u64; 4], value_length: usize, divisor: &[u64; 4], n: usize) -> ([u64; 4], [u64; 4]) {
    let shift = divisor[n - 1].leading_zeros();
    let upper = |low: u64| if shift == 0 { 0 } else { low >> (64 - shift) };
    let (mut v, mut u) = ([0; 4], [0; 5]);
    for i in 0..4_usize {
        let below = i.checked_sub(1);
        v[i] = divisor[i] << shift | below.map_or(0, |below| upper(divisor[below]));
        u[i] = value[i] << shift | below.map_or(0, |below| upper(value[below]));
    }
    u[value_length] |= upper(value[value_length - 1]);
    let mut quotient = [0; 4];
    for j in (0..=value_length - n).rev() {
        let digit = quotient_digit(&u[j..=j + n], &v[..n]);
        quotient[j] = subtract_multiple(&mut u[j..=j + n], &v[..n], digit);
    }
    let mut rest = [0; 4];
    for i in 0..n {
        rest[i] = u[i] >> shift;
        if shift > 0 {
            rest[i] |= u[i + 1] << (64 - shift);
        }
    }
    (quotient, rest)
}

/// Estimates one word of a quotient from the upper words: the result is right, or one too large.
fn quotient_digit(u: &[u64], v: &[u64]) -> u64 {
    let n = v.len();
    let (high, middle, low) = (u[n], u[n - 1], u[n - 2]);
    let (top, next) = (v[n - 1], v[n - 2]);
    if high >= top {
        return u64::MAX;
    }
    let (mut digit, rest) = divide_two(high, middle, top);
    let mut rest = u128::from(rest);
    while rest >> 64 == 0 && u128::from(digit) * u128::from(next) > rest << 64 | u128::from(low) {
        digit -= 1;
        rest += u128::from(top);
    }
    digit
}

/// Subtracts a multiple of the divisor and returns the factor: `digit`, or less if that is too much.
fn subtract_multiple(u: &mut [u64], v: &[u64], mut digit: u64) -> u64 {
    // `u` is one word longer.
    let longer = || v.iter().copied().chain([0]);
    let (mut carry, mut borrow) = (0, false);
    for (word, factor) in u.iter_mut().zip(longer()) {
        let product = u128::from(digit) * u128::from(factor) + carry;
        let (less, first) = word.overflowing_sub(product as u64);
        let (less, second) = less.overflowing_sub(u64::from(borrow));
        (*word, borrow, carry) = (less, first | second, product >> 64);
    }
    while borrow {
        digit -= 1;
        let mut carry = false;
        for (word, more) in u.iter_mut().zip(longer()) {
            let (sum, first) = word.overflowing_add(more);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, first | second);
        }
        borrow = !carry;
    }
    digit
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use ruint::aliases::U256;

    use super::*;

    /// Numbers whose words are small, large, or anything, of each length.
    fn numbers() -> Vec<[u64; 4]> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let words = [0, 1, 2, 1 << 63, (1 << 63) - 1, u64::MAX, u64::MAX - 1, 1 << 32];
        let mut numbers: Vec<[u64; 4]> = Vec::new();
        for length in 1..=4 {
            for _ in 0..60 {
                let mut word = || match next() % 3 {
                    0 => next(),
                    _ => words[next() as usize % words.len()],
                };
                let mut number = [0; 4];
                number[..length].fill_with(&mut word);
                numbers.push(number);
            }
        }
        numbers
    }

    #[test]
    fn quotients_and_remainders_are_right() {
        for value in numbers() {
            for divisor in numbers().into_iter().filter(|divisor| *divisor != [0; 4]) {
                let (quotient, rest) = div_rem(&value, &divisor);
                let expected = U256::from_limbs(value).div_rem(U256::from_limbs(divisor));
                assert_eq!((U256::from_limbs(quotient), U256::from_limbs(rest)), expected, "{value:x?} / {divisor:x?}");
            }
        }
    }
}
