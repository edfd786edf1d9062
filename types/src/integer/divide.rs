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
#[inline(always)]
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

#[inline(always)]
fn join(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[inline(always)]
fn four(number: u128) -> [u64; 4] {
    [number as u64, (number >> 64) as u64, 0, 0]
}

/// Returns the upper word of two that are shifted left by fewer bits than a word has.
#[inline(always)]
fn upper(high: u64, low: u64, shift: u32) -> u64 {
    high << shift | (low >> 1) >> (63 - shift)
}

/// Returns the quotient and the remainder by a divisor that is not zero.
#[inline(always)]
pub(super) fn div_rem(value: [u64; 4], divisor: [u64; 4]) -> ([u64; 4], [u64; 4]) {
    let [low, high, third, fourth] = divisor;
    if third | fourth == 0 {
        let (quotient, rest) = div_rem_by_two(value, join(high, low));
        return (quotient, four(rest));
    }
    let (quotient, rest) = divide_long(&value, &divisor);
    (four(quotient), rest)
}

/// Returns the quotient and the remainder by a divisor of two words that is not zero.
///
/// Words stay in registers: where vector instructions read words that were just written, they wait.
#[inline(always)]
pub(super) fn div_rem_by_two(value: [u64; 4], divisor: u128) -> ([u64; 4], u128) {
    let [first, second, third, fourth] = value;
    if third | fourth == 0 {
        let (quotient, rest) = div_rem_two(join(second, first), divisor);
        return (four(quotient), rest);
    }
    if divisor >> 64 == 0 {
        let (quotient, rest) = divide_by_word(value, divisor as u64);
        return (quotient, rest.into());
    }
    let (high, low) = ((divisor >> 64) as u64, divisor as u64);
    let shift = high.leading_zeros();
    let divisor = join(upper(high, low, shift), low << shift);
    let rest = join(upper(0, fourth, shift), upper(fourth, third, shift));
    let (most, rest) = next_digit(rest, upper(third, second, shift), divisor);
    let (middle, rest) = next_digit(rest, upper(second, first, shift), divisor);
    let (least, rest) = divide_three(rest, first << shift, divisor);
    ([least, middle, most, 0], rest >> shift)
}

/// Divides three or four words by one.
#[inline(always)]
fn divide_by_word([first, second, third, fourth]: [u64; 4], divisor: u64) -> ([u64; 4], u64) {
    // Most quotients have two words.
    let (mut upper, mut rest) = ([0; 2], third);
    if fourth != 0 || third >= divisor {
        (upper[1], rest) = (fourth / divisor, fourth % divisor);
        (upper[0], rest) = divide_two(rest, third, divisor);
    }
    let (high, rest) = divide_two(rest, second, divisor);
    let (low, rest) = divide_two(rest, first, divisor);
    ([low, high, upper[0], upper[1]], rest)
}

/// Divides as [`divide_three`] does, at once if the quotient is zero, as that of the upper words often is.
#[inline(always)]
fn next_digit(upper: u128, low: u64, divisor: u128) -> (u64, u128) {
    let value = upper << 64 | u128::from(low);
    if upper >> 64 == 0 && value < divisor { (0, value) } else { divide_three(upper, low, divisor) }
}

/// Divides three words by two, whose highest bit is set, and which are more than the upper two.
#[inline(always)]
fn divide_three(upper: u128, low: u64, divisor: u128) -> (u64, u128) {
    let (high, middle) = ((upper >> 64) as u64, upper as u64);
    let (top, next) = ((divisor >> 64) as u64, divisor as u64);
    if high >= top {
        return divide_three_equal(middle, low, divisor);
    }
    // The estimate is right or too large. Whether by one cannot be foreseen, so that is computed; by two is rare.
    let (digit, rest) = divide_two(high, middle, top);
    let (rest, is_less) = join(rest, low).overflowing_sub(u128::from(digit) * u128::from(next));
    let (sum, carries) = rest.overflowing_add(if is_less { divisor } else { 0 });
    let digit = digit.wrapping_sub(u64::from(is_less));
    if is_less && !carries {
        return (digit - 1, sum.wrapping_add(divisor));
    }
    (digit, sum)
}

/// Does so if the upper words of both are equal: the quotient is the largest word, or less by one or two.
#[inline(always)]
fn divide_three_equal(middle: u64, low: u64, divisor: u128) -> (u64, u128) {
    let (top, next) = ((divisor >> 64) as u64, divisor as u64);
    let product = u128::from(u64::MAX) * u128::from(next);
    let rest = u128::from(middle) + u128::from(top);
    let value = rest << 64 | u128::from(low);
    // Where the rest exceeds a word, nothing has to be corrected.
    let mut is_short = rest >> 64 == 0 && value < product;
    let (mut digit, mut left) = (u64::MAX, value.wrapping_sub(product));
    while is_short {
        digit -= 1;
        let (more, carries) = left.overflowing_add(divisor);
        (left, is_short) = (more, !carries);
    }
    (digit, left)
}

/// Algorithm D for divisors of three or four words: quotients have at most two.
#[inline(never)]
fn divide_long(value: &[u64; 4], divisor: &[u64; 4]) -> (u128, [u64; 4]) {
    let ([u0, u1, u2, u3], [v0, v1, v2, v3]) = (*value, *divisor);
    let shift = if v3 == 0 { v2 } else { v3 }.leading_zeros();
    let above = upper(0, u3, shift);
    let value = [u0 << shift, upper(u1, u0, shift), upper(u2, u1, shift), upper(u3, u2, shift)];
    let w3 = value[3];
    if v3 != 0 {
        let divisor = [v0 << shift, upper(v1, v0, shift), upper(v2, v1, shift), upper(v3, v2, shift)];
        let (digit, rest) = divide_five(above, value, divisor);
        return (digit.into(), shifted_back(rest, shift));
    }
    // A word of zeros below all others makes four words of three.
    let divisor = [0, v0 << shift, upper(v1, v0, shift), upper(v2, v1, shift)];
    let (high, rest) = match above | u64::from(w3 >= divisor[3]) {
        0 => (0, value),
        _ => divide_five(above, value, divisor),
    };
    let (low, rest) = divide_five(rest[3], [0, rest[0], rest[1], rest[2]], divisor);
    (join(high, low), shifted_back([rest[1], rest[2], rest[3], 0], shift))
}

/// Shifts right by fewer bits than a word has.
fn shifted_back([a, b, c, d]: [u64; 4], shift: u32) -> [u64; 4] {
    let lower = |high: u64, low: u64| low >> shift | (high << 1) << (63 - shift);
    [lower(b, a), lower(c, b), lower(d, c), d >> shift]
}

/// Divides five words by four, whose highest bit is set, and which are more than the upper four.
fn divide_five(above: u64, value: [u64; 4], divisor: [u64; 4]) -> (u64, [u64; 4]) {
    let (top, next) = (join(divisor[3], divisor[2]), join(divisor[1], divisor[0]));
    let upper = join(above, value[3]);
    let ((digit, rest), exceeds) = if upper < top {
        (divide_three(upper, value[2], top), false)
    } else {
        let (rest, exceeds) = top.overflowing_add(value[2].into());
        ((u64::MAX, rest), exceeds)
    };
    // The estimate is right or one too large.
    let low = u128::from(digit) * u128::from(divisor[0]);
    let high = u128::from(digit) * u128::from(divisor[1]) + (low >> 64);
    let (low, borrows) = join(value[1], value[0]).overflowing_sub(high << 64 | u128::from(low as u64));
    let (rest, first) = rest.overflowing_sub(high >> 64);
    let (rest, second) = rest.overflowing_sub(borrows.into());
    let four = |high: u128, low: u128| [low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64];
    if (first | second) && !exceeds {
        let (low, carries) = low.overflowing_add(next);
        return (digit - 1, four(rest.wrapping_add(top).wrapping_add(carries.into()), low));
    }
    (digit, four(rest, low))
}

/// See [`super::eval::reciprocal`].
pub(super) fn reciprocal(word: u64) -> u128 {
    if word.count_ones() < 2 {
        return u128::MAX;
    }
    let divisor = word << word.leading_zeros();
    let (high, rest) = divide_two(divisor.wrapping_neg(), 0, divisor);
    let (low, _) = divide_two(rest, 0, divisor);
    join(high, low)
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
                check(value, divisor);
            }
        }
    }

    fn check(value: [u64; 4], divisor: [u64; 4]) {
        let (quotient, rest) = div_rem(value, divisor);
        let expected = U256::from_limbs(value).div_rem(U256::from_limbs(divisor));
        assert_eq!((U256::from_limbs(quotient), U256::from_limbs(rest)), expected, "{value:x?} / {divisor:x?}");
    }

    /// Multiples of divisors and the numbers just below the next multiple, where estimates are wrong if anywhere.
    #[test]
    fn quotients_next_to_multiples_are_right() {
        let numbers = numbers();
        for divisor in numbers.iter().map(|&words| U256::from_limbs(words)).filter(|divisor| !divisor.is_zero()) {
            for &quotient in &numbers {
                let (product, _) = U256::from_limbs(quotient).overflowing_mul(divisor);
                let most = divisor - U256::ONE;
                let values = [product, product.wrapping_add(most), product.wrapping_sub(U256::ONE)];
                // Upper words that are equal, or almost.
                let equal = divisor << (divisor.leading_zeros() / 64 * 64);
                let near = [equal, equal.wrapping_sub(U256::ONE), equal | U256::from(u64::MAX), equal - (equal >> 128)];
                for value in values.into_iter().chain(near) {
                    check(value.into_limbs(), divisor.into_limbs());
                }
            }
        }
    }
}
