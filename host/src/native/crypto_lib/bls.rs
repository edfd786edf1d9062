//! BLS12-381 for contracts, which hold points as objects.
//!
//! Source: `CryptoLib.BLS12_381.cs` of the reference node.

use neovm_crypto::bls12_381::{G1Affine, G1Projective, G2Affine, G2Projective, Gt, Scalar, pairing as pair};
use neovm_types::{FaultKind, Interop};

use crate::fault;

/// A point as contracts hold it. The reference tells affine from projective
/// coordinates, and compares points by value also in the instruction EQUAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "an object of a contract is on the heap anyway")]
enum Point {
    G1Affine(G1Affine),
    G1Projective(G1Projective),
    G2Affine(G2Affine),
    G2Projective(G2Projective),
    Gt(Gt),
}

fn point(object: &Interop) -> Result<Point, FaultKind> {
    object.downcast_ref().copied().ok_or_else(|| fault("the argument is no point of BLS12-381"))
}

fn mismatch() -> FaultKind {
    fault("the points of BLS12-381 are of different groups")
}

/// The reference's name for the type of a point, if the object is one.
pub(crate) fn point_name(object: &Interop) -> Option<&'static str> {
    Some(match object.downcast_ref()? {
        Point::G1Affine(_) => "G1Affine",
        Point::G1Projective(_) => "G1Projective",
        Point::G2Affine(_) => "G2Affine",
        Point::G2Projective(_) => "G2Projective",
        Point::Gt(_) => "Gt",
    })
}

pub(super) fn serialize(object: &Interop) -> Result<Vec<u8>, FaultKind> {
    Ok(match point(object)? {
        Point::G1Affine(point) => point.to_compressed().to_vec(),
        Point::G1Projective(point) => G1Affine::from(point).to_compressed().to_vec(),
        Point::G2Affine(point) => point.to_compressed().to_vec(),
        Point::G2Projective(point) => G2Affine::from(point).to_compressed().to_vec(),
        Point::Gt(element) => element.to_bytes().to_vec(),
    })
}

pub(super) fn deserialize(bytes: &[u8]) -> Result<Interop, FaultKind> {
    let point = if let Ok(bytes) = bytes.try_into() {
        G1Affine::from_compressed(bytes).map(Point::G1Affine)
    } else if let Ok(bytes) = bytes.try_into() {
        G2Affine::from_compressed(bytes).map(Point::G2Affine)
    } else if let Ok(bytes) = bytes.try_into() {
        Gt::from_bytes(bytes).map(Point::Gt)
    } else {
        return Err(fault(format!("no point of BLS12-381 has {} bytes", bytes.len())));
    };
    point.map(Interop::by_value).ok_or_else(|| fault("the bytes are no point of BLS12-381"))
}

pub(super) fn equal(x: &Interop, y: &Interop) -> Result<bool, FaultKind> {
    let (x, y) = (point(x)?, point(y)?);
    if std::mem::discriminant(&x) == std::mem::discriminant(&y) { Ok(x == y) } else { Err(mismatch()) }
}

pub(super) fn add(x: &Interop, y: &Interop) -> Result<Interop, FaultKind> {
    use Point as P;
    let (x, y) = (point(x)?, point(y)?);
    let in_g1 = |a: G1Projective, b: G1Projective| P::G1Projective(a.add(&b));
    let in_g2 = |a: G2Projective, b: G2Projective| P::G2Projective(a.add(&b));
    Ok(Interop::by_value(match (x, y) {
        (P::G1Affine(a), P::G1Affine(b)) => in_g1(a.into(), b.into()),
        (P::G1Affine(a), P::G1Projective(b)) => in_g1(a.into(), b),
        (P::G1Projective(a), P::G1Affine(b)) => in_g1(a, b.into()),
        (P::G1Projective(a), P::G1Projective(b)) => in_g1(a, b),
        (P::G2Affine(a), P::G2Affine(b)) => in_g2(a.into(), b.into()),
        (P::G2Affine(a), P::G2Projective(b)) => in_g2(a.into(), b),
        (P::G2Projective(a), P::G2Affine(b)) => in_g2(a, b.into()),
        (P::G2Projective(a), P::G2Projective(b)) => in_g2(a, b),
        (P::Gt(a), P::Gt(b)) => P::Gt(a.add(&b)),
        _ => return Err(mismatch()),
    }))
}

pub(super) fn mul(x: &Interop, scalar: &[u8], negate: bool) -> Result<Interop, FaultKind> {
    let scalar = Scalar::from_bytes(scalar).ok_or_else(|| fault("the scalar of BLS12-381 is not canonical"))?;
    let scalar = if negate { scalar.negated() } else { scalar };
    Ok(Interop::by_value(match point(x)? {
        Point::G1Affine(point) => Point::G1Projective(G1Projective::from(point).mul(&scalar)),
        Point::G1Projective(point) => Point::G1Projective(point.mul(&scalar)),
        Point::G2Affine(point) => Point::G2Projective(G2Projective::from(point).mul(&scalar)),
        Point::G2Projective(point) => Point::G2Projective(point.mul(&scalar)),
        Point::Gt(element) => Point::Gt(element.mul(&scalar)),
    }))
}

pub(super) fn pairing(g1: &Interop, g2: &Interop) -> Result<Interop, FaultKind> {
    let g1 = match point(g1)? {
        Point::G1Affine(point) => point,
        Point::G1Projective(point) => point.into(),
        _ => return Err(mismatch()),
    };
    let g2 = match point(g2)? {
        Point::G2Affine(point) => point,
        Point::G2Projective(point) => point.into(),
        _ => return Err(mismatch()),
    };
    Ok(Interop::by_value(Point::Gt(pair(&g1, &g2))))
}
