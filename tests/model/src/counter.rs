//! The count of items. Source: `ReferenceCounter.cs`.

use crate::item::Item;

/// Counts references from evaluation stacks and slots, and from compounds
/// that are themselves referenced.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    pub(crate) count: i64,
}

impl Counter {
    /// A reference to an item more. The first one to a compound counts what is inside.
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

    /// A reference to an item less. The last one to a compound uncounts what
    /// is inside; a compound without references is left alone.
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
