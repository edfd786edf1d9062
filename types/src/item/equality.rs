//! Equality of items, with the limits on how much it may look at.
//!
//! Sources: `Types/StackItem.cs`, `Types/ByteString.cs`, `Types/Struct.cs`.

use alloc::{rc::Rc, vec, vec::Vec};

use super::{Array, ByteString, StackItem};
use crate::{fault::FaultKind, limits::Limits};

impl StackItem {
    /// Whether two items are equal, as EQUAL tells. Structs are compared item
    /// by item, arrays, maps and buffers by reference.
    ///
    /// # Errors
    /// [`FaultKind::ComparableSize`] and its kin where the limits forbid the comparison.
    pub fn equals(&self, other: &Self, limits: &Limits) -> Result<bool, FaultKind> {
        match (self, other) {
            (Self::ByteString(a), b) => equal_bytes(a, b, &mut limits.max_comparable_size.clone()),
            (Self::Struct(a), Self::Struct(b)) => equal_structs(a, b, limits),
            (a, b) => Ok(a.equals_plain(b)),
        }
    }

    /// Equality of items that are neither byte strings nor structs.
    fn equals_plain(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::BigInteger(a), Self::BigInteger(b)) => a == b,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Null, Self::Null) => true,
            (Self::Pointer(a), Self::Pointer(b)) => a == b,
            (Self::Interop(a), Self::Interop(b)) => a == b,
            (a, b) => a.is_same(b),
        }
    }
}

/// Compares a byte string, and takes what the comparison looked at from what is left.
fn equal_bytes(a: &ByteString, b: &StackItem, left: &mut u32) -> Result<bool, FaultKind> {
    let too_large = |size, limit| Err(FaultKind::ComparableSize { size, limit });
    if a.len() > *left as usize || *left == 0 {
        return too_large(a.len(), *left);
    }
    let limit = *left;
    let StackItem::ByteString(b) = b else {
        *left -= 1;
        return Ok(false);
    };
    if b.len() > limit as usize {
        return too_large(b.len(), limit);
    }
    *left -= a.len().max(b.len()).max(1) as u32;
    Ok(a == b)
}

fn equal_structs(a: &Rc<Array>, b: &Rc<Array>, limits: &Limits) -> Result<bool, FaultKind> {
    let mut pending: Vec<(StackItem, StackItem)> =
        vec![(StackItem::Struct(Rc::clone(a)), StackItem::Struct(Rc::clone(b)))];
    let mut count = limits.max_stack_size;
    let mut left = limits.max_comparable_size;
    while let Some((a, b)) = pending.pop() {
        if count == 0 {
            return Err(FaultKind::StructCompareCount);
        }
        count -= 1;
        if let StackItem::ByteString(a) = &a {
            if !equal_bytes(a, &b, &mut left)? {
                return Ok(false);
            }
            continue;
        }
        if left == 0 {
            return Err(FaultKind::StructComparableSize);
        }
        left -= 1;
        let equal = match (&a, &b) {
            (StackItem::Struct(a), StackItem::Struct(b)) => Rc::ptr_eq(a, b) || push_pairs(a, b, &mut pending),
            (a, b) => a.equals_plain(b),
        };
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Lists the pairs of items of two structs for comparison, the last one to be
/// taken first; false if they differ in number.
fn push_pairs(a: &Array, b: &Array, pending: &mut Vec<(StackItem, StackItem)>) -> bool {
    if a.len() != b.len() {
        return false;
    }
    pending.reserve(a.len());
    let first = pending.len();
    a.for_each(|item| pending.push((item.clone(), StackItem::Null)));
    let mut place = first;
    b.for_each(|item| {
        pending[place].1 = item.clone();
        place += 1;
    });
    true
}
