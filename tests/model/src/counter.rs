//! The reference count. Source: `ReferenceCounter.cs`.

use crate::item::Item;

/// The number of references from evaluation stacks, from slots, and from compounds that are
/// referenced themselves.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    pub(crate) count: i64,
}

impl Counter {
    /// Counts a new reference to an item. The first reference to a compound also counts the items
    /// in it.
    pub(crate) fn add(&mut self, item: &Item) {
        self.count += 1;
        if let Item::Compound(compound) = item {
            let references = compound.references.get() + 1;
            compound.references.set(references);
            if references == 1 {
                compound.sub_items().iter().for_each(|item| self.add(item));
            }
        }
    }

    /// Removes a reference to an item from the count. Removing the last reference to a compound also
    /// removes the references to the items in it; a compound without references is left as it is.
    pub(crate) fn remove(&mut self, item: &Item) {
        let Item::Compound(compound) = item else {
            self.count -= 1;
            return;
        };
        let references = compound.references.get();
        if references == 0 {
            return;
        }
        self.count -= 1;
        compound.references.set(references - 1);
        if references == 1 {
            compound.sub_items().iter().for_each(|item| self.remove(item));
        }
    }
}
