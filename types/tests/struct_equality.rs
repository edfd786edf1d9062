//! Equality of structs, and where its limits end it, against a plain rendering
//! of the rules: a stack of pairs, taken from its end.

use neovm_types::{Array, FaultKind, Limits, StackItem};
use proptest::prelude::*;

/// What the rules say of two byte strings, or of one and another item.
fn bytes_equal(a: &[u8], b: &StackItem, left: &mut u32) -> Result<bool, FaultKind> {
    let limit = *left;
    let too_large = |size| FaultKind::ComparableSize { size, limit };
    if a.len() > limit as usize || limit == 0 {
        return Err(too_large(a.len()));
    }
    let StackItem::ByteString(b) = b else {
        *left -= 1;
        return Ok(false);
    };
    if b.len() > limit as usize {
        return Err(too_large(b.len()));
    }
    *left -= a.len().max(b.len()).max(1) as u32;
    Ok(*a == **b)
}

fn structs_equal(a: &Array, b: &Array, limits: &Limits) -> Result<bool, FaultKind> {
    let mut pairs = vec![(StackItem::Struct(a.clone()), StackItem::Struct(b.clone()))];
    let (mut count, mut left) = (limits.max_stack_size, limits.max_comparable_size);
    while let Some((a, b)) = pairs.pop() {
        count = count.checked_sub(1).ok_or(FaultKind::StructCompareCount)?;
        if let StackItem::ByteString(a) = &a {
            if !bytes_equal(a, &b, &mut left)? {
                return Ok(false);
            }
            continue;
        }
        left = left.checked_sub(1).ok_or(FaultKind::StructComparableSize)?;
        match (&a, &b) {
            (StackItem::Struct(a), StackItem::Struct(b)) if a.is_same(b) => {}
            (StackItem::Struct(a), StackItem::Struct(b)) if a.len() == b.len() => {
                pairs.extend(a.to_vec().into_iter().zip(b.to_vec()));
            }
            (StackItem::Integer(a), StackItem::Integer(b)) if a == b => {}
            (StackItem::Boolean(a), StackItem::Boolean(b)) if a == b => {}
            (StackItem::Null, StackItem::Null) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Items that are often equal to another.
fn item() -> impl Strategy<Value = StackItem> {
    let leaf = prop_oneof![
        Just(StackItem::Null),
        Just(StackItem::from(true)),
        Just(StackItem::from(1)),
        (0usize..6).prop_map(|length| vec![7; length].as_slice().into()),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(StackItem::structure))
}

/// The item with all structs in it made anew, so that only their content is the same.
fn anew(item: &StackItem) -> StackItem {
    item.deep_copy(false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn structs_are_compared_as_pairs_on_a_stack(
        items in prop::collection::vec(item(), 0..5),
        other in item(),
        change in 0usize..8,
        is_shared in any::<bool>(),
        max_stack_size in 0u32..30,
        max_comparable_size in 0u32..40,
    ) {
        let mut others: Vec<StackItem> = if is_shared { items.clone() } else { items.iter().map(anew).collect() };
        if let Some(place) = others.get_mut(change) {
            *place = other;
        }
        let limits = Limits::DEFAULT.with_max_stack_size(max_stack_size).with_max_comparable_size(max_comparable_size);
        let (a, b) = (Array::new(items), Array::new(others));
        let found = StackItem::Struct(a.clone()).equals(&StackItem::Struct(b.clone()), &limits);
        prop_assert_eq!(found, structs_equal(&a, &b, &limits));
    }
}
