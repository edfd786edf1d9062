//! Equality of items, with the limits on how much it may look at.
//!
//! Sources: `Types/StackItem.cs`, `Types/ByteString.cs`, `Types/Struct.cs`.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Array, ByteString, StackItem};
use crate::{fault::FaultKind, limits::Limits};

impl StackItem {
    /// Returns whether two items are equal, as the instruction EQUAL decides.
    /// Structs are compared item by item; arrays, maps and buffers by reference.
    ///
    /// # Errors
    /// [`FaultKind::ComparableSize`], [`FaultKind::StructComparableSize`] or
    /// [`FaultKind::StructCompareCount`] if the comparison exceeds the limits.
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
            (Self::BigInteger(a), Self::BigInteger(b)) => **a == **b,
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
    a: Array,
    b: Array,
    /// How many items are still to be compared.
    left: usize,
    /// What could be looked at when the comparison of this pair began.
    begun: Allowance,
}

/// What a comparison of structs may still look at.
#[derive(Clone, Copy)]
struct Allowance {
    items: u32,
    size: u32,
}

/// A comparison of structs under way.
struct Comparison {
    open: Vec<Pair>,
    allowance: Allowance,
    /// What pairs that are equal took, by their addresses: structs that hold the
    /// same ones many times over are looked at once.
    known: BTreeMap<(usize, usize), Allowance>,
}

fn equal_structs(a: &Array, b: &Array, limits: &Limits) -> Result<bool, FaultKind> {
    let allowance = Allowance { items: limits.max_stack_size, size: limits.max_comparable_size };
    let mut work = Comparison { open: Vec::new(), allowance, known: BTreeMap::new() };
    work.allowance.take_item()?;
    if !work.enter(a.clone(), b.clone())? {
        return Ok(false);
    }
    while let Some(pair) = work.open.last_mut() {
        match pair.compare_to_structs(&mut work.allowance)? {
            Compared::Different => return Ok(false),
            Compared::All => work.leave(),
            Compared::UpTo(a, b) => {
                if !work.enter(a, b)? {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

impl Comparison {
    /// Begins the comparison of two structs; false if they differ in number of items.
    fn enter(&mut self, a: Array, b: Array) -> Result<bool, FaultKind> {
        let begun = self.allowance;
        self.allowance.take_size()?;
        if a.is_same(&b) {
            return Ok(true);
        }
        if let Some(rest) = self.known.get(&addresses(&a, &b)).and_then(|cost| begun.without(*cost)) {
            self.allowance = rest;
            return Ok(true);
        }
        let left = a.len();
        if left != b.len() {
            return Ok(false);
        }
        if left > 0 {
            self.open.push(Pair { a, b, left, begun });
        }
        Ok(true)
    }

    /// Ends the comparison of a pair that is equal. Only what others hold too
    /// can come again.
    fn leave(&mut self) {
        let Some(pair) = self.open.pop() else { return };
        if pair.a.strong_count() > 2 && pair.b.strong_count() > 2 {
            let (begun, end) = (pair.begun, self.allowance);
            let cost = Allowance { items: begun.items - end.items, size: begun.size - end.size };
            self.known.insert(addresses(&pair.a, &pair.b), cost);
        }
    }
}

fn addresses(a: &Array, b: &Array) -> (usize, usize) {
    (a.address(), b.address())
}

/// How far the items of two structs were compared.
enum Compared {
    Different,
    All,
    /// Up to two items that are structs themselves.
    UpTo(Array, Array),
}

impl Pair {
    /// Compares items up to the next that are both structs.
    fn compare_to_structs(&mut self, allowance: &mut Allowance) -> Result<Compared, FaultKind> {
        let Self { a, b, left, .. } = self;
        a.look(|own| b.look(|other| compare_items(own, other, left, allowance)))
    }
}

/// Compares the first `left` items of two structs, from the last to the first.
fn compare_items(
    own: &[StackItem],
    other: &[StackItem],
    left: &mut usize,
    allowance: &mut Allowance,
) -> Result<Compared, FaultKind> {
    while *left > 0 {
        let plain = plain_run(&own[..*left], &other[..*left], *allowance);
        *left -= plain;
        allowance.items -= plain as u32;
        allowance.size -= plain as u32;
        let (Some(a), Some(b)) = (own[..*left].last(), other[..*left].last()) else { break };
        *left -= 1;
        allowance.take_item()?;
        let equal = match (a, b) {
            (StackItem::ByteString(a), b) => equal_bytes(a, b, &mut allowance.size)?,
            (StackItem::Struct(a), StackItem::Struct(b)) => return Ok(Compared::UpTo(a.clone(), b.clone())),
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

/// How many items at the end are equal and of the simplest types, as far as
/// may be looked at: the usual case, without a check for each.
fn plain_run(a: &[StackItem], b: &[StackItem], allowance: Allowance) -> usize {
    let most = allowance.items.min(allowance.size) as usize;
    let equal = |(a, b): &(&StackItem, &StackItem)| match (a, b) {
        (StackItem::Integer(a), StackItem::Integer(b)) => a == b,
        (StackItem::Boolean(a), StackItem::Boolean(b)) => a == b,
        (StackItem::Null, StackItem::Null) => true,
        _ => false,
    };
    a.iter().rev().zip(b.iter().rev()).take(most).take_while(equal).count()
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

    /// What is left when so much is taken; none if there is not enough.
    fn without(self, cost: Self) -> Option<Self> {
        Some(Self { items: self.items.checked_sub(cost.items)?, size: self.size.checked_sub(cost.size)? })
    }
}
