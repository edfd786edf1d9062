//! What an execution returned.

use alloc::{collections::BTreeSet, vec::Vec};
use core::{fmt, ops::Deref};

use super::{
    StackItem,
    compound::Header,
    cycles::{Candidate, collect_cycles},
    item_vec::ItemVec,
};

/// The items that an execution returned, the top of the stack last. It dereferences to a slice.
///
/// A script may return compounds that hold themselves, which references that are counted never free. These are freed
/// when the results are dropped, unless somebody else holds them: who keeps a clone of a compound beyond the results
/// clears it in the end, if it may be part of a cycle.
///
/// ```
/// use neovm_types::{StackItem, item::Results};
///
/// let array = neovm_types::Array::new(vec![1.into()]);
/// array.push(StackItem::Array(array.clone()))?;
/// let results = Results::from(vec![2.into(), StackItem::Array(array)]);
/// assert_eq!(results[0], 2);
/// drop(results); // the array, too
/// # Ok::<_, neovm_types::FaultKind>(())
/// ```
#[derive(Clone, Default)]
pub struct Results(ItemVec);

impl Drop for Results {
    fn drop(&mut self) {
        // Mostly there is nothing to look for.
        if !self.0.iter().any(is_nested) {
            return;
        }
        let mut linked = linked_compounds(&self.0);
        drop(self.0.take());
        if !linked.is_empty() {
            collect_cycles(&mut linked, false);
        }
    }
}

fn is_nested(item: &StackItem) -> bool {
    item.header().is_some_and(Header::is_nested)
}

/// The linked compounds among items and all that they hold. Each cycle has one.
fn linked_compounds(items: &[StackItem]) -> Vec<Candidate> {
    let mut pending: Vec<StackItem> = items.iter().filter(|item| is_nested(item)).cloned().collect();
    let (mut seen, mut linked) = (BTreeSet::new(), Vec::new());
    while let Some(item) = pending.pop() {
        if !seen.insert(item.address()) {
            continue;
        }
        if item.header().is_some_and(Header::is_linked) {
            linked.extend(Candidate::new(&item));
        }
        item.for_each_child(|child| pending.extend(is_nested(child).then(|| child.clone())));
    }
    linked
}

impl From<Vec<StackItem>> for Results {
    fn from(items: Vec<StackItem>) -> Self {
        Self(items.into())
    }
}

impl From<ItemVec> for Results {
    fn from(items: ItemVec) -> Self {
        Self(items)
    }
}

impl Deref for Results {
    type Target = [StackItem];

    fn deref(&self) -> &[StackItem] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Results {
    type Item = &'a StackItem;
    type IntoIter = core::slice::Iter<'a, StackItem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<U> PartialEq<U> for Results
where
    [StackItem]: PartialEq<U>,
{
    fn eq(&self, other: &U) -> bool {
        **self == *other
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
