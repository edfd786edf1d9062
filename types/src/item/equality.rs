//! Equality of items, with the limits on how much it may look at.
//!
//! Sources: `Types/StackItem.cs`, `Types/ByteString.cs`, `Types/Struct.cs`.

use alloc::{rc::Rc, vec::Vec};

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

/// Two structs of equal length whose items are compared from the last to the first.
struct Pair {
    a: Rc<Array>,
    b: Rc<Array>,
    /// How many items are still to be compared.
    left: usize,
}

/// What a comparison of structs may still look at.
struct Allowance {
    items: u32,
    size: u32,
}

fn equal_structs(a: &Rc<Array>, b: &Rc<Array>, limits: &Limits) -> Result<bool, FaultKind> {
    let mut allowance = Allowance { items: limits.max_stack_size, size: limits.max_comparable_size };
    let mut open = Vec::new();
    allowance.take_item()?;
    if !enter(a, b, &mut allowance, &mut open)? {
        return Ok(false);
    }
    while let Some(pair) = open.last_mut() {
        match pair.compare_to_structs(&mut allowance)? {
            Compared::Different => return Ok(false),
            Compared::All => drop(open.pop()),
            Compared::UpTo(a, b) => {
                if !enter(&a, &b, &mut allowance, &mut open)? {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

/// Begins the comparison of two structs; false if they differ in number of items.
fn enter(a: &Rc<Array>, b: &Rc<Array>, allowance: &mut Allowance, open: &mut Vec<Pair>) -> Result<bool, FaultKind> {
    allowance.take_size()?;
    if Rc::ptr_eq(a, b) {
        return Ok(true);
    }
    let left = a.len();
    if left != b.len() {
        return Ok(false);
    }
    open.push(Pair { a: Rc::clone(a), b: Rc::clone(b), left });
    Ok(true)
}

/// How far the items of two structs were compared.
enum Compared {
    Different,
    All,
    /// Up to two items that are structs themselves.
    UpTo(Rc<Array>, Rc<Array>),
}

impl Pair {
    /// Compares items up to the next that are both structs.
    fn compare_to_structs(&mut self, allowance: &mut Allowance) -> Result<Compared, FaultKind> {
        let (own, other) = (self.a.items(), self.b.items());
        while self.left > 0 {
            self.left -= 1;
            let (a, b) = (&own[self.left], &other[self.left]);
            allowance.take_item()?;
            let equal = match (a, b) {
                (StackItem::ByteString(a), b) => equal_bytes(a, b, &mut allowance.size)?,
                (StackItem::Struct(a), StackItem::Struct(b)) => {
                    return Ok(Compared::UpTo(Rc::clone(a), Rc::clone(b)));
                }
                (a, b) => {
                    allowance.take_size()?;
                    a.equals_plain(b)
                }
            };
            if !equal {
                return Ok(Compared::Different);
            }
        }
        Ok(Compared::All)
    }
}

impl Allowance {
    fn take_item(&mut self) -> Result<(), FaultKind> {
        self.items = self.items.checked_sub(1).ok_or(FaultKind::StructCompareCount)?;
        Ok(())
    }

    fn take_size(&mut self) -> Result<(), FaultKind> {
        self.size = self.size.checked_sub(1).ok_or(FaultKind::StructComparableSize)?;
        Ok(())
    }
}
