//! Pairings: the laws of the groups, and bytes of all kinds.

#![cfg(feature = "bls12-381")]

use neovm_crypto::bls12_381::{G1Affine, G1Projective, G2Affine, G2Projective, Gt, Scalar, pairing};
use proptest::prelude::*;

/// The generators in compressed form.
const G1: &str = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const G2: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                  024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

fn g1() -> G1Affine {
    G1Affine::from_compressed(&bytes(G1)).unwrap()
}

fn g2() -> G2Affine {
    G2Affine::from_compressed(&bytes(G2)).unwrap()
}

fn scalar(number: u64) -> Scalar {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Scalar::from_bytes(&bytes).unwrap()
}

#[test]
fn scalars_are_below_the_order() {
    let mut order = [0; 32];
    order[..].copy_from_slice(&bytes::<32>("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001"));
    order.reverse();
    assert!(Scalar::from_bytes(&order).is_none());
    order[0] = 0;
    let largest = Scalar::from_bytes(&order).unwrap();
    assert_eq!(largest.negated(), scalar(1));
    assert_eq!(scalar(0).negated(), scalar(0));
    assert!(Scalar::from_bytes(&[0; 31]).is_none());
    assert!(Scalar::from_bytes(&[0xff; 32]).is_none());
}

#[test]
fn the_point_at_infinity_is_read_in_the_first_group_alone() {
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    let point = G1Affine::from_compressed(&infinity).unwrap();
    assert_eq!(point.to_compressed(), infinity);
    assert_eq!(pairing(&point, &g2()), Gt::identity());
    let mut infinity = [0; 96];
    infinity[0] = 0xc0;
    assert!(G2Affine::from_compressed(&infinity).is_none());
    let none = G2Affine::from(G2Projective::from(g2()).mul(&scalar(0)));
    assert_eq!(none.to_compressed(), infinity);
    assert_eq!(pairing(&g1(), &none), Gt::identity());
}

/// The file has the compressed forms of 0 to 19 times the generator.
#[test]
fn multiples_of_the_generator_have_their_known_encodings() {
    let multiples = include_str!("data/g1-multiples.txt");
    assert_eq!(multiples.lines().count(), 20);
    let mut sum = G1Projective::from(g1()).mul(&scalar(0));
    for (number, expected) in (0..).zip(multiples.lines()) {
        let expected: [u8; 48] = bytes(expected);
        let product = G1Projective::from(g1()).mul(&scalar(number));
        assert_eq!(G1Affine::from(product).to_compressed(), expected, "{number}");
        assert_eq!(G1Affine::from(sum).to_compressed(), expected, "{number}");
        assert_eq!(G1Affine::from_compressed(&expected), Some(product.into()));
        sum = sum.add(&g1().into());
    }
}

#[test]
fn coefficients_are_below_the_prime() {
    let one = Gt::identity().to_bytes();
    assert_eq!(one.iter().filter(|byte| **byte != 0).count(), 1);
    assert_eq!(one[575], 1, "the lowest coefficient is the last");
    let prime: [u8; 48] =
        bytes("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab");
    let mut element = [0; 576];
    element[48..96].copy_from_slice(&prime);
    assert!(Gt::from_bytes(&element).is_none());
    element[95] -= 1;
    assert_eq!(Gt::from_bytes(&element).unwrap().to_bytes(), element);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn pairings_are_bilinear(a in any::<u32>(), b in any::<u32>()) {
        let (a, b) = (u64::from(a), u64::from(b));
        let p = G1Affine::from(G1Projective::from(g1()).mul(&scalar(a)));
        let q = G2Affine::from(G2Projective::from(g2()).mul(&scalar(b)));
        prop_assert_eq!(pairing(&p, &q), pairing(&g1(), &g2()).mul(&scalar(a * b)));
    }

    #[test]
    fn multiples_add_up(a in any::<u32>(), b in any::<u32>()) {
        let (a, b) = (u64::from(a), u64::from(b));
        let (p, q, e) = (G1Projective::from(g1()), G2Projective::from(g2()), pairing(&g1(), &g2()));
        prop_assert_eq!(p.mul(&scalar(a)).add(&p.mul(&scalar(b))), p.mul(&scalar(a + b)));
        prop_assert_eq!(q.mul(&scalar(a)).add(&q.mul(&scalar(b))), q.mul(&scalar(a + b)));
        prop_assert_eq!(e.mul(&scalar(a)).add(&e.mul(&scalar(b))), e.mul(&scalar(a + b)));
        prop_assert_eq!(p.mul(&scalar(a)).add(&p.mul(&scalar(a).negated())), p.mul(&scalar(0)));
        let point = G1Affine::from(p.mul(&scalar(a)));
        prop_assert_eq!(G1Affine::from_compressed(&point.to_compressed()).map(|same| same == point), Some(true));
    }

    #[test]
    fn arbitrary_bytes_are_points_or_not(bytes in prop::array::uniform32(any::<u8>())) {
        let first: [u8; 48] = std::array::from_fn(|i| bytes[i % 32]);
        let second: [u8; 96] = std::array::from_fn(|i| bytes[i % 31]);
        let third: [u8; 576] = std::array::from_fn(|i| bytes[i % 29]);
        if let Some(point) = G1Affine::from_compressed(&first) {
            prop_assert_eq!(point.to_compressed(), first);
        }
        if let Some(point) = G2Affine::from_compressed(&second) {
            prop_assert_eq!(point.to_compressed(), second);
        }
        if let Some(element) = Gt::from_bytes(&third) {
            prop_assert_eq!(element.to_bytes(), third);
        }
        let _ = Scalar::from_bytes(&bytes).map(Scalar::negated);
    }
}
