//! The pairing-friendly curve BLS12-381, with the rules of the library that the
//! reference node uses.
//!
//! Points of the groups G1 and G2 are read in compressed form only, and lie in
//! the subgroup. The library fails to read G2's point at infinity: it looks for a
//! root that does not exist. Elements of GT are any that have a canonical
//! encoding.
//!
//! Source: `Neo.Cryptography.BLS12_381` 3.9.0.
#![allow(unsafe_code, reason = "blst is a C library")]

use blst::{
    BLST_ERROR, blst_bendian_from_fp, blst_final_exp, blst_fp, blst_fp_from_bendian, blst_fp12, blst_fp12_is_equal,
    blst_fp12_mul, blst_fp12_one, blst_fp12_sqr, blst_miller_loop, blst_p1, blst_p1_add_or_double, blst_p1_affine,
    blst_p1_affine_compress, blst_p1_affine_in_g1, blst_p1_affine_is_equal, blst_p1_affine_is_inf, blst_p1_from_affine,
    blst_p1_is_equal, blst_p1_mult, blst_p1_to_affine, blst_p1_uncompress, blst_p2, blst_p2_add_or_double,
    blst_p2_affine, blst_p2_affine_compress, blst_p2_affine_in_g2, blst_p2_affine_is_equal, blst_p2_affine_is_inf,
    blst_p2_from_affine, blst_p2_is_equal, blst_p2_mult, blst_p2_to_affine, blst_p2_uncompress,
};

/// The prime of the base field, in big-endian order.
const FIELD_PRIME: [u8; 48] = [
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7, 0x64, 0x77, 0x4b,
    0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24, 0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53,
    0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab,
];

/// The order of the groups, in little-endian order.
const ORDER: [u8; 32] = [
    0x01, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0x02, 0xa4, 0xbd, 0x53, 0x05, 0xd8, 0xa1,
    0x09, 0x08, 0xd8, 0x39, 0x33, 0x48, 0x7d, 0x9d, 0x29, 0x53, 0xa7, 0xed, 0x73,
];

/// A number below the order of the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar([u8; 32]);

impl Scalar {
    /// Reads 32 bytes in little-endian order; `None` if they are not a number
    /// below the order.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        bytes.iter().rev().lt(ORDER.iter().rev()).then_some(Self(bytes))
    }

    /// Returns the number that adds up to the order, or 0 for 0.
    #[must_use]
    pub fn negated(self) -> Self {
        if self.0 == [0; 32] {
            return self;
        }
        let (mut difference, mut borrow) = ([0; 32], false);
        for ((byte, minuend), subtrahend) in difference.iter_mut().zip(ORDER).zip(self.0) {
            let (partial, below) = minuend.overflowing_sub(subtrahend);
            let (whole, again) = partial.overflowing_sub(u8::from(borrow));
            (*byte, borrow) = (whole, below || again);
        }
        Self(difference)
    }

    /// The bits, the highest first.
    fn bits(&self) -> impl Iterator<Item = bool> {
        self.0.into_iter().rev().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
    }
}

/// Defines a group: its points in affine and in projective coordinates, which the
/// reference tells apart.
macro_rules! group {
    (
        $affine:ident, $projective:ident, $size:literal, reads_infinity: $reads_infinity:literal,
        $raw_affine:ty, $raw:ty,
        $uncompress:ident, $in_group:ident, $compress:ident, $affine_equal:ident, $is_infinity:ident,
        $from_affine:ident, $to_affine:ident, $equal:ident, $add:ident, $mult:ident
    ) => {
        #[doc = concat!("A point of the group in affine coordinates, ", $size, " bytes in compressed form.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $affine($raw_affine);

        /// A point of the group in projective coordinates.
        #[derive(Clone, Copy, Debug)]
        pub struct $projective($raw);

        impl $affine {
            /// Reads the compressed form of a point; `None` if the bytes are no
            /// point of the subgroup.
            pub fn from_compressed(bytes: &[u8; $size]) -> Option<Self> {
                let mut point = <$raw_affine>::default();
                // SAFETY: both pointers are valid, and the input has the bytes that are read.
                let error = unsafe { $uncompress(&mut point, bytes.as_ptr()) };
                // SAFETY: the pointer is valid.
                let is_good = error == BLST_ERROR::BLST_SUCCESS && unsafe { $in_group(&point) };
                let point = Self(point);
                (is_good && ($reads_infinity || !point.is_infinity())).then_some(point)
            }

            /// Returns the compressed form.
            pub fn to_compressed(&self) -> [u8; $size] {
                let mut bytes = [0; $size];
                // SAFETY: both pointers are valid, and the output has the bytes that are written.
                unsafe { $compress(bytes.as_mut_ptr(), &self.0) };
                bytes
            }

            fn is_infinity(&self) -> bool {
                // SAFETY: the pointer is valid.
                unsafe { $is_infinity(&self.0) }
            }
        }

        impl PartialEq for $affine {
            fn eq(&self, other: &Self) -> bool {
                // SAFETY: both pointers are valid.
                unsafe { $affine_equal(&self.0, &other.0) }
            }
        }

        impl Eq for $affine {}

        impl $projective {
            /// Returns the sum of two points.
            #[must_use]
            pub fn add(&self, other: &Self) -> Self {
                let mut sum = <$raw>::default();
                // SAFETY: all pointers are valid.
                unsafe { $add(&mut sum, &self.0, &other.0) };
                Self(sum)
            }

            /// Returns a multiple of the point.
            #[must_use]
            pub fn mul(&self, scalar: &Scalar) -> Self {
                let mut product = <$raw>::default();
                // SAFETY: all pointers are valid, and the scalar has the bits that are read.
                unsafe { $mult(&mut product, &self.0, scalar.0.as_ptr(), 256) };
                Self(product)
            }
        }

        impl PartialEq for $projective {
            fn eq(&self, other: &Self) -> bool {
                // SAFETY: both pointers are valid.
                unsafe { $equal(&self.0, &other.0) }
            }
        }

        impl Eq for $projective {}

        impl From<$affine> for $projective {
            fn from(point: $affine) -> Self {
                let mut projective = <$raw>::default();
                // SAFETY: both pointers are valid.
                unsafe { $from_affine(&mut projective, &point.0) };
                Self(projective)
            }
        }

        impl From<$projective> for $affine {
            fn from(point: $projective) -> Self {
                let mut affine = <$raw_affine>::default();
                // SAFETY: both pointers are valid.
                unsafe { $to_affine(&mut affine, &point.0) };
                Self(affine)
            }
        }
    };
}

group!(
    G1Affine,
    G1Projective,
    48,
    reads_infinity: true,
    blst_p1_affine,
    blst_p1,
    blst_p1_uncompress,
    blst_p1_affine_in_g1,
    blst_p1_affine_compress,
    blst_p1_affine_is_equal,
    blst_p1_affine_is_inf,
    blst_p1_from_affine,
    blst_p1_to_affine,
    blst_p1_is_equal,
    blst_p1_add_or_double,
    blst_p1_mult
);

group!(
    G2Affine,
    G2Projective,
    96,
    reads_infinity: false,
    blst_p2_affine,
    blst_p2,
    blst_p2_uncompress,
    blst_p2_affine_in_g2,
    blst_p2_affine_compress,
    blst_p2_affine_is_equal,
    blst_p2_affine_is_inf,
    blst_p2_from_affine,
    blst_p2_to_affine,
    blst_p2_is_equal,
    blst_p2_add_or_double,
    blst_p2_mult
);

/// An element of the field in which pairings have their results. The group's
/// operation, which is written as an addition, is the field's multiplication.
#[derive(Clone, Copy, Debug)]
pub struct Gt(blst_fp12);

impl Gt {
    /// The length of the encoding, in bytes.
    pub const SIZE: usize = 576;

    /// The neutral element.
    pub fn identity() -> Self {
        // SAFETY: the pointer is to a constant of the library.
        Self(unsafe { *blst_fp12_one() })
    }

    /// Reads the twelve coefficients, the highest first; `None` if one of them is
    /// not below the prime. The element need not lie in the subgroup.
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let mut element = blst_fp12::default();
        for (index, coefficient) in bytes.as_chunks::<48>().0.iter().enumerate() {
            if *coefficient >= FIELD_PRIME {
                return None;
            }
            // SAFETY: both pointers are valid, and the input has the bytes that are read.
            unsafe { blst_fp_from_bendian(coefficient_mut(&mut element, index), coefficient.as_ptr()) };
        }
        Some(Self(element))
    }

    /// Returns the twelve coefficients, the highest first.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let (mut bytes, mut element) = ([0; Self::SIZE], self.0);
        for (index, coefficient) in bytes.as_chunks_mut::<48>().0.iter_mut().enumerate() {
            // SAFETY: both pointers are valid, and the output has the bytes that are written.
            unsafe { blst_bendian_from_fp(coefficient.as_mut_ptr(), coefficient_mut(&mut element, index)) };
        }
        bytes
    }

    /// Returns the sum of two elements.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let mut product = blst_fp12::default();
        // SAFETY: all pointers are valid.
        unsafe { blst_fp12_mul(&mut product, &self.0, &other.0) };
        Self(product)
    }

    /// Returns a multiple of the element.
    #[must_use]
    pub fn mul(&self, scalar: &Scalar) -> Self {
        let mut result = Self::identity();
        for bit in scalar.bits() {
            let mut square = blst_fp12::default();
            // SAFETY: both pointers are valid.
            unsafe { blst_fp12_sqr(&mut square, &result.0) };
            result = if bit { Self(square).add(self) } else { Self(square) };
        }
        result
    }
}

/// The coefficient at an index of the encoding.
fn coefficient_mut(element: &mut blst_fp12, index: usize) -> &mut blst_fp {
    let place = 11 - index;
    &mut element.fp6[place / 6].fp2[place / 2 % 3].fp[place % 2]
}

impl PartialEq for Gt {
    fn eq(&self, other: &Self) -> bool {
        // SAFETY: both pointers are valid.
        unsafe { blst_fp12_is_equal(&self.0, &other.0) }
    }
}

impl Eq for Gt {}

/// Returns the pairing of two points.
pub fn pairing(g1: &G1Affine, g2: &G2Affine) -> Gt {
    if g1.is_infinity() || g2.is_infinity() {
        return Gt::identity();
    }
    let (mut miller, mut result) = (blst_fp12::default(), blst_fp12::default());
    // SAFETY: all pointers are valid.
    unsafe {
        blst_miller_loop(&mut miller, &g2.0, &g1.0);
        blst_final_exp(&mut result, &miller);
    }
    Gt(result)
}
