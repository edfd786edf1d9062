//! Integers against a big-integer library.

use neovm_types::{FaultKind, I256, Integer};
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{Signed, Zero};
use proptest::prelude::*;

fn big(value: Integer) -> BigInt {
    BigInt::from_signed_bytes_le(&value.wide().to_le_bytes())
}

/// What the rules make of an exact result.
fn ruled(exact: &BigInt) -> Result<Integer, FaultKind> {
    let bytes = exact.to_signed_bytes_le();
    Integer::from_le_bytes(&bytes).ok_or(FaultKind::IntegerSize(bytes.len()))
}

/// Powers of two and their neighbours, of both signs, that 32 bytes hold.
fn edges() -> Vec<Integer> {
    let mut values = Vec::new();
    for bits in [0u32, 1, 7, 8, 15, 31, 32, 63, 64, 127, 128, 191, 192, 254, 255] {
        for near in -1..=1 {
            let value: BigInt = (BigInt::from(1) << bits) + near;
            values.extend([value.clone(), -value]);
        }
    }
    values.iter().filter_map(|value| Integer::from_bigint(value).ok()).collect()
}

fn integer() -> impl Strategy<Value = Integer> {
    prop_oneof![
        2 => prop::sample::select(edges()),
        1 => any::<i64>().prop_map(Integer::from),
        1 => (-20i64..20).prop_map(Integer::from),
        3 => prop::collection::vec(any::<u8>(), 0..=32).prop_map(|bytes| Integer::from_le_bytes(&bytes).unwrap()),
    ]
}

#[test]
fn edges_reach_both_ends() {
    let shown: Vec<String> = edges().iter().map(ToString::to_string).collect();
    let end = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
    assert!(shown.contains(&format!("-{end}")));
    assert!(shown.contains(&end.replace("968", "967")));
    assert!(!shown.contains(&end.to_owned()));
}

#[test]
fn all_pairs_of_edges_compute_as_exact() {
    for a in edges() {
        for b in edges() {
            check_pair(a, b).unwrap();
        }
    }
}

fn check_pair(a: Integer, b: Integer) -> Result<(), TestCaseError> {
    let (x, y) = (big(a), big(b));
    prop_assert_eq!(a.add(b), ruled(&(&x + &y)), "{} + {}", a, b);
    prop_assert_eq!(a.sub(b), ruled(&(&x - &y)), "{} - {}", a, b);
    prop_assert_eq!(a.mul(b), ruled(&(&x * &y)), "{} * {}", a, b);
    if y.is_zero() {
        prop_assert_eq!(a.div(b), Err(FaultKind::DivideByZero));
        prop_assert_eq!(a.rem(b), Err(FaultKind::DivideByZero));
    } else {
        prop_assert_eq!(a.div(b), ruled(&(&x / &y)), "{} / {}", a, b);
        prop_assert_eq!(a.rem(b), ruled(&(&x % &y)), "{} % {}", a, b);
    }
    prop_assert_eq!(Ok(a.bitand(b)), ruled(&(&x & &y)), "{} & {}", a, b);
    prop_assert_eq!(Ok(a.bitor(b)), ruled(&(&x | &y)), "{} | {}", a, b);
    prop_assert_eq!(Ok(a.bitxor(b)), ruled(&(&x ^ &y)), "{} ^ {}", a, b);
    prop_assert_eq!(a.cmp(&b), x.cmp(&y), "{} and {}", a, b);
    prop_assert_eq!(a == b, x == y);
    prop_assert_eq!(a.wide().cmp(&b.wide()), x.cmp(&y));
    Ok(())
}

fn check_one(a: Integer) -> Result<(), TestCaseError> {
    let x = big(a);
    prop_assert_eq!(a.neg(), ruled(&-&x));
    prop_assert_eq!(a.abs(), ruled(&x.abs()));
    prop_assert_eq!(Ok(a.not()), ruled(&!&x));
    prop_assert_eq!(a.is_zero(), x.is_zero());
    prop_assert_eq!(a.is_negative(), x.is_negative());
    prop_assert_eq!(BigInt::from(a.signum()), x.signum());
    match x.sign() {
        Sign::Minus => prop_assert_eq!(a.sqrt(), Err(FaultKind::NegativeSqrt)),
        _ => prop_assert_eq!(a.sqrt(), ruled(&x.sqrt())),
    }
    let bytes = if x.is_zero() { Vec::new() } else { x.to_signed_bytes_le() };
    prop_assert_eq!(a.to_le_bytes().to_vec(), bytes.clone());
    prop_assert_eq!(a.byte_len(), bytes.len());
    prop_assert_eq!(Integer::from_le_bytes(&bytes), Some(a));
    prop_assert_eq!(a.to_string(), x.to_string());
    prop_assert_eq!(a.to_string().parse(), Ok(a));
    prop_assert_eq!(matches!(a, Integer::Small(_)), i64::try_from(&x).is_ok());
    Ok(())
}

#[test]
fn single_edges_compute_as_exact() {
    for a in edges() {
        check_one(a).unwrap();
    }
}

/// Shifts and powers by all amounts that the engine allows.
#[test]
fn shifts_and_powers_of_edges_are_exact() {
    for a in edges() {
        let x = big(a);
        for bits in 0..=256 {
            assert_eq!(a.shl(bits), ruled(&(&x << bits)), "{a} << {bits}");
            assert_eq!(Ok(a.shr(bits)), ruled(&(&x >> bits)), "{a} >> {bits}");
        }
        for exponent in (0..20).chain([63, 64, 127, 128, 254, 255, 256]) {
            assert_eq!(a.pow(exponent), ruled(&x.pow(exponent)), "{a} ** {exponent}");
        }
    }
}

/// The remainder of a power, from the exact power.
fn exact_mod_pow(base: Integer, exponent: u32, modulus: Integer) -> Result<Integer, FaultKind> {
    if modulus.is_zero() {
        return Err(FaultKind::DivideByZero);
    }
    ruled(&(big(base).pow(exponent) % big(modulus)))
}

#[test]
fn modular_operations_of_edges_are_exact() {
    let mut values = edges();
    values.retain(|value| value.byte_len() % 8 < 2);
    for &a in &values {
        for &modulus in &values {
            for exponent in [0, 1, 2, 3, 10] {
                let power = a.mod_pow(i64::from(exponent).into(), modulus);
                assert_eq!(power, exact_mod_pow(a, exponent, modulus), "{a} ** {exponent} % {modulus}");
            }
            for &b in &values {
                let exact = (!modulus.is_zero()).then(|| big(a) * big(b) % big(modulus));
                let expected = exact.map_or(Err(FaultKind::DivideByZero), |exact| ruled(&exact));
                assert_eq!(a.mod_mul(b, modulus), expected, "{a} * {b} % {modulus}");
            }
            check_inverse(a, modulus).unwrap();
        }
    }
}

fn check_inverse(value: Integer, modulus: Integer) -> Result<(), TestCaseError> {
    let result = value.mod_pow((-1).into(), modulus);
    let expected = if value <= 0.into() {
        Err(FaultKind::InverseOfNonPositive(value))
    } else if modulus < 2.into() {
        Err(FaultKind::ModulusTooSmall(modulus))
    } else {
        big(value).modinv(&big(modulus)).map_or(Err(FaultKind::NoInverse), |inverse| ruled(&inverse))
    };
    prop_assert_eq!(result, expected, "inverse of {} modulo {}", value, modulus);
    Ok(())
}

#[test]
fn modular_powers_fault_in_the_order_of_the_reference() {
    let number = Integer::from;
    assert_eq!(number(2).mod_pow(number(-2), number(0)), Err(FaultKind::NegativeExponent));
    assert_eq!(number(2).mod_pow(number(0), number(0)), Err(FaultKind::DivideByZero));
    assert_eq!(number(0).mod_pow(number(-1), number(0)), Err(FaultKind::InverseOfNonPositive(number(0))));
    assert_eq!(number(3).mod_pow(number(-1), number(1)), Err(FaultKind::ModulusTooSmall(number(1))));
    assert_eq!(number(6).mod_pow(number(-1), number(9)), Err(FaultKind::NoInverse));
    assert_eq!(number(19).mod_pow(number(-1), number(141)), Ok(number(52)));
    assert_eq!(number(5).mod_pow(number(0), number(1)), Ok(number(0)));
    assert_eq!(number(-5).mod_pow(number(3), number(-7)), Ok(number(-6)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_pairs_compute_as_exact(a in integer(), b in integer()) {
        check_pair(a, b)?;
        check_one(a)?;
    }

    #[test]
    fn random_shifts_and_powers_are_exact(a in integer(), amount in 0u32..=256) {
        let x = big(a);
        prop_assert_eq!(a.shl(amount), ruled(&(&x << amount)));
        prop_assert_eq!(Ok(a.shr(amount)), ruled(&(&x >> amount)));
        prop_assert_eq!(a.pow(amount), ruled(&x.pow(amount)));
    }

    #[test]
    fn random_modular_operations_are_exact(a in integer(), b in integer(), modulus in integer(), small in 0u32..40) {
        prop_assume!(!modulus.is_zero());
        prop_assert_eq!(a.mod_mul(b, modulus), ruled(&(big(a) * big(b) % big(modulus))));
        prop_assert_eq!(a.mod_pow(i64::from(small).into(), modulus), exact_mod_pow(a, small, modulus));
        check_inverse(a, modulus)?;
        if !b.is_negative() {
            let power: BigUint = big(a).magnitude().modpow(big(b).magnitude(), big(modulus).magnitude());
            let negative = a.is_negative() && big(b).bit(0);
            let expected = BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, power);
            prop_assert_eq!(a.mod_pow(b, modulus), ruled(&expected));
        }
    }

    #[test]
    fn bytes_beyond_the_shortest_form_do_not_matter(value in integer(), size in 0usize..=32) {
        let wide = value.wide().to_le_bytes();
        if size >= value.byte_len() {
            prop_assert_eq!(Integer::from_le_bytes(&wide[..size]), Some(value));
            prop_assert_eq!(I256::from_le_bytes(&wide[..size]), Some(value.wide()));
        }
    }
}

#[test]
fn faults_tell_the_size_that_a_result_would_have() {
    let max: Integer = Integer::from_le_bytes(&[[0xff; 31].as_slice(), &[0x7f]].concat()).unwrap();
    assert_eq!(max.add(1.into()), Err(FaultKind::IntegerSize(33)));
    assert_eq!(max.mul(max), Err(FaultKind::IntegerSize(64)));
    assert_eq!(Integer::from(1).shl(256), Err(FaultKind::IntegerSize(33)));
    assert_eq!(max.pow(256), Err(FaultKind::IntegerSize(8161)));
    let message = "Integer size 33 bytes exceeds maximum allowed size of 32 bytes. (Parameter 'value')";
    assert_eq!(max.add(1.into()).unwrap_err().to_string(), message);
}

#[test]
fn more_than_32_bytes_are_no_integer() {
    assert_eq!(Integer::from_le_bytes(&[0; 33]), None);
    assert_eq!(I256::from_le_bytes(&[0; 33]), None);
    assert_eq!(Integer::from_le_bytes(&[]), Some(0.into()));
    assert_eq!(Integer::from_le_bytes(&[0xff; 32]), Some((-1).into()));
}

#[test]
fn casts_to_32_bits_fault_in_two_ways() {
    let cast = |value: i64| Integer::from(value).to_i32();
    assert_eq!(cast(i64::from(i32::MAX)), Ok(i32::MAX));
    assert_eq!(cast(i64::from(i32::MIN)), Ok(i32::MIN));
    assert_eq!(cast(1 << 31), Err(FaultKind::Overflow));
    assert_eq!(cast((1 << 32) - 1), Err(FaultKind::Overflow));
    assert_eq!(cast(1 << 32), Err(FaultKind::Int32));
    assert_eq!(cast(-(1 << 31) - 1), Err(FaultKind::Int32));
    assert_eq!(Integer::from(i64::MAX).add(1.into()).unwrap().to_i32(), Err(FaultKind::Int32));
}

#[test]
fn indexes_lie_below_the_count() {
    let index = |value: i64| Integer::from(value).to_index(3);
    assert_eq!([index(-1), index(0), index(2), index(3)], [None, Some(0), Some(2), None]);
    assert_eq!(Integer::from(i64::MAX).mul(4.into()).unwrap().to_index(usize::MAX), None);
}

#[test]
fn texts_that_are_no_integers_are_refused() {
    let long = "1".repeat(81);
    let over = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
    for text in ["", "-", "+", "--1", "1 ", " 1", "0x10", "1_000", "1.0", "١", over, &long] {
        let error = text.parse::<Integer>().unwrap_err();
        assert!(error.to_string().contains("is not a decimal integer of at most 32 bytes"), "{text}");
    }
    assert_eq!("+5".parse(), Ok(Integer::from(5)));
    assert_eq!("-0".parse(), Ok(Integer::from(0)));
    assert_eq!("007".parse(), Ok(Integer::from(7)));
    assert_eq!(format!("{:>5}|{:<5}|{:+}", Integer::from(-7), Integer::from(7), Integer::from(7)), "   -7|7    |+7");
}
