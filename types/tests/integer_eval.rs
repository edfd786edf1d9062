//! What fast handlers, fused handlers and folded constants compute, against the
//! general rules of integers.

use neovm_types::{
    FaultKind, I256, Integer,
    OpCode::{self, *},
    integer::eval,
};

/// Powers of two with their neighbours, of both signs, that 32 bytes hold.
fn edges() -> Vec<Integer> {
    let mut edges = vec![Integer::Small(0)];
    for bits in [0, 1, 2, 3, 7, 8, 15, 31, 32, 33, 62, 63, 64, 126, 127, 128, 191, 253, 254, 255] {
        let power = Integer::Small(2).pow(bits);
        for near in [-2, -1, 0, 1, 2, 5] {
            let value = power.clone().and_then(|power| power.add(Integer::Small(near)));
            let negated = value.clone().and_then(Integer::neg);
            edges.extend([value, negated].into_iter().flatten());
        }
    }
    edges.extend([Integer::Small(i64::MIN), I256::MIN.into()]);
    edges
}

fn small_edges() -> Vec<i64> {
    let small = |edge| if let Integer::Small(value) = edge { Some(value) } else { None };
    edges().into_iter().filter_map(small).collect()
}

/// The general result of an opcode with one operand; none if it is no such opcode.
fn general_unary(opcode: OpCode, value: Integer) -> Option<Result<Integer, FaultKind>> {
    Some(match opcode {
        INC => value.add(Integer::Small(1)),
        DEC => value.sub(Integer::Small(1)),
        NEGATE => value.neg(),
        ABS => value.abs(),
        SIGN => Ok(Integer::Small(value.signum())),
        INVERT => Ok(value.not()),
        _ => return None,
    })
}

fn general_binary(opcode: OpCode, a: Integer, b: Integer) -> Option<Result<Integer, FaultKind>> {
    Some(match opcode {
        ADD => a.add(b),
        SUB => a.sub(b),
        MUL => a.mul(b),
        DIV => a.div(b),
        MOD => a.rem(b),
        AND => Ok(a.bitand(b)),
        OR => Ok(a.bitor(b)),
        XOR => Ok(a.bitxor(b)),
        MIN => Ok(a.min(b)),
        MAX => Ok(a.max(b)),
        _ => return None,
    })
}

fn general_compare(opcode: OpCode, a: Integer, b: Integer) -> Option<bool> {
    Some(match opcode {
        EQUAL | NUMEQUAL => a == b,
        NOTEQUAL | NUMNOTEQUAL => a != b,
        LT => a < b,
        LE => a <= b,
        GT => a > b,
        GE => a >= b,
        _ => return None,
    })
}

/// A general result, if an `i64` holds it.
fn small(result: Option<Result<Integer, FaultKind>>) -> Option<i64> {
    match result {
        Some(Ok(Integer::Small(value))) => Some(value),
        _ => None,
    }
}

fn wide(result: Option<Result<Integer, FaultKind>>) -> Option<I256> {
    result.and_then(Result::ok).map(Integer::wide)
}

#[test]
fn small_integers_compute_as_all_do() {
    for &opcode in OpCode::ALL {
        for a in small_edges() {
            let (value, result) = (Integer::Small(a), eval::unary(opcode, a));
            assert_eq!(result, small(general_unary(opcode, value)), "{opcode} of {a}");
            for b in small_edges() {
                let (second, result) = (Integer::Small(b), eval::binary(opcode, a, b));
                // The quotient that the processor computes with this remainder overflows.
                let is_left = opcode == MOD && (a, b) == (i64::MIN, -1);
                let expected = small(general_binary(opcode, value, second)).filter(|_| !is_left);
                assert_eq!(result, expected, "{a} {opcode} {b}");
                assert_eq!(eval::compare(opcode, a, b), general_compare(opcode, value, second), "{a} {opcode} {b}");
            }
        }
    }
}

/// Not all opcodes have a wide form: [`SIGN`] of one has a small result, say.
#[test]
fn wide_integers_compute_as_all_do() {
    for &opcode in OpCode::ALL {
        let has_wide_unary = !matches!(opcode, SIGN | INVERT);
        for a in edges() {
            let expected = wide(general_unary(opcode, a)).filter(|_| has_wide_unary);
            assert_eq!(eval::wide_unary(opcode, a.wide()), expected, "{opcode} of {a}");
            for b in edges() {
                let expected = wide(general_binary(opcode, a, b));
                assert_eq!(eval::wide_binary(opcode, a.wide(), b.wide()), expected, "{a} {opcode} {b}");
                let expected = general_compare(opcode, a, b);
                assert_eq!(eval::compare(opcode, a.wide(), b.wide()), expected, "{a} {opcode} {b}");
            }
        }
    }
}

/// What takes no call is a part of what all operands of some opcodes give.
#[test]
fn quick_results_are_those_of_all_wide_integers() {
    let mut found = [0; 5];
    for a in edges() {
        for b in edges() {
            let (first, second) = (a.wide(), b.wide());
            for (count, opcode) in found.iter_mut().zip([ADD, SUB, MUL, DIV, MOD]) {
                if let Some(result) = eval::quick_binary(opcode, first, second) {
                    *count += 1;
                    assert_eq!(Some(result), eval::wide_binary(opcode, first, second), "{a} {opcode} {b}");
                }
            }
            for opcode in [NUMEQUAL, NUMNOTEQUAL, LT, LE, GT, GE] {
                let expected = eval::compare(opcode, first, second);
                assert_eq!(eval::quick_compare(opcode, first, second), expected, "{a} {opcode} {b}");
            }
        }
    }
    let pairs = edges().len().pow(2);
    assert!(found.iter().all(|&count| count > pairs / 10), "{found:?} of {pairs}");
    assert_eq!(eval::quick_binary(AND, I256::ZERO, I256::ZERO), None);
    assert_eq!(eval::quick_compare(ADD, I256::ZERO, I256::ZERO), None);
}

#[test]
fn small_integers_are_shifted_as_all_are() {
    for max_shift in [0, 1, 63, 256] {
        for (value, bits) in small_edges().into_iter().flat_map(|value| (-2..260).map(move |bits| (value, bits))) {
            let allowed = u32::try_from(bits).ok().filter(|&bits| bits <= max_shift);
            // All bits of an `i64` would be lost, even if they are zero.
            let left = allowed.filter(|&bits| bits < 64).map(|bits| Integer::Small(value).shl(bits));
            let right = allowed.map(|bits| Ok(Integer::Small(value).shr(bits)));
            assert_eq!(eval::shift(SHL, value, bits, max_shift), small(left), "{value} << {bits}, at most {max_shift}");
            assert_eq!(
                eval::shift(SHR, value, bits, max_shift),
                small(right),
                "{value} >> {bits}, at most {max_shift}"
            );
        }
    }
    assert_eq!(eval::shift(ADD, 1, 1, 256), None);
}

#[test]
fn ranges_hold_their_start_alone() {
    for value in small_edges() {
        for start in small_edges() {
            for end in small_edges() {
                assert_eq!(eval::within(value, start, end), (start..end).contains(&value), "{value} in {start}..{end}");
            }
        }
    }
}

#[test]
fn a_floor_remainder_has_the_sign_of_its_divisor() {
    for dividend in small_edges() {
        for divisor in small_edges() {
            let (exact_dividend, exact_divisor) = (i128::from(dividend), i128::from(divisor));
            let expected = dividend.checked_rem(divisor).map(|_| {
                // The Euclidean remainder is never below zero.
                let remainder = exact_dividend.rem_euclid(exact_divisor);
                remainder + if divisor < 0 && remainder != 0 { exact_divisor } else { 0 }
            });
            let result = eval::floor_mod(dividend, divisor);
            assert_eq!(result.map(|(remainder, _)| remainder.into()), expected, "{dividend} mod {divisor}");
            if let Some((remainder, added)) = result {
                assert_eq!(added, remainder != dividend % divisor, "{dividend} mod {divisor}");
            }
        }
    }
}
