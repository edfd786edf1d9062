//! Copies of structs and deep copies.
//!
//! Sources: `Types/Struct.cs` (`Clone`), `Types/StackItem.cs` and
//! `Types/Array.cs`, `Types/Map.cs`, `Types/Buffer.cs` (`DeepCopy`).

use alloc::{collections::BTreeMap, vec, vec::Vec};

use super::{Array, ByteString, Map, StackItem, compound::Header};
use crate::{fault::FaultKind, limits::Limits};

/// The largest number of items that the clone of a struct may visit.
#[derive(Clone, Copy, Debug)]
pub struct StructCloneLimit(u32);

impl From<&Limits> for StructCloneLimit {
    fn from(limits: &Limits) -> Self {
        Self(limits.max_stack_size.saturating_sub(1))
    }
}

impl Array {
    /// Returns a copy of a struct and the number of items visited. Structs within
    /// it are copied too; all other items are shared.
    ///
    /// # Errors
    /// [`FaultKind::StructCloneLimit`] if it holds more items than the limit.
    pub fn clone_struct(&self, limit: StructCloneLimit) -> Result<(Self, u32), FaultKind> {
        let mut left = limit.0;
        let result = Self::of_leaves(Vec::new());
        let mut pending = vec![(result.clone(), self.clone())];
        while let Some((copy, original)) = pending.pop() {
            left = left.checked_sub(original.visited()).ok_or(FaultKind::StructCloneLimit)?;
            let mut items = original.to_vec();
            for item in &mut items {
                if let StackItem::Struct(inner) = item {
                    let inner_copy = Self::of_leaves(Vec::new());
                    pending.push((inner_copy.clone(), inner.clone()));
                    *item = StackItem::Struct(inner_copy);
                }
            }
            copy.begin(items);
        }
        Ok((result, limit.0 - left))
    }

    /// Returns the number of items that a copy of a struct visits, and calls a
    /// function with each item that the copy would share with the original.
    ///
    /// # Errors
    /// Those of [`Array::clone_struct`].
    pub fn visit_struct(&self, limit: StructCloneLimit, mut shared: impl FnMut(&StackItem)) -> Result<u32, FaultKind> {
        let mut left = limit.0;
        let mut pending = vec![self.clone()];
        while let Some(original) = pending.pop() {
            left = left.checked_sub(original.visited()).ok_or(FaultKind::StructCloneLimit)?;
            original.for_each(|item| match item {
                StackItem::Struct(inner) => pending.push(inner.clone()),
                item => shared(item),
            });
        }
        Ok(limit.0 - left)
    }

    /// Whether nothing in it can change: it holds neither compounds nor buffers.
    fn is_flat(&self) -> bool {
        let is_buffer = |item: &StackItem| matches!(item, StackItem::Buffer(_));
        !self.header().is_nested() && !self.look(|items| items.iter().any(is_buffer))
    }

    /// The deep copy of one that is flat.
    fn flat_copy(&self, immutable: bool) -> Self {
        let copy = Self::of_leaves(self.to_vec());
        if immutable || self.header().is_read_only() {
            copy.header().set_read_only();
        }
        copy
    }

    /// How much of the limit a copy of this struct's own items takes.
    fn visited(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }
}

/// A copy that has no items yet, and its original.
enum Unfilled {
    Array(Array, Array),
    Map(Map, Map),
}

struct DeepCopy {
    immutable: bool,
    /// Copies by the address of the original: of buffers, and of compounds to which there is more than one
    /// reference. Others cannot come again.
    copies: BTreeMap<usize, StackItem>,
    unfilled: Vec<Unfilled>,
}

impl StackItem {
    /// Returns a copy that shares no compound and no buffer with the original; byte
    /// strings are shared. What is shared or cyclic within the original is so within
    /// the copy. If `immutable`, buffers become byte strings and compounds become
    /// read-only.
    pub fn deep_copy(&self, immutable: bool) -> Self {
        match self {
            Self::Array(array) if array.is_flat() => return Self::Array(array.flat_copy(immutable)),
            Self::Struct(array) if array.is_flat() => return Self::Struct(array.flat_copy(immutable)),
            Self::Array(_) | Self::Struct(_) | Self::Map(_) | Self::Buffer(_) => {}
            other => return other.clone(),
        }
        let mut work = DeepCopy { immutable, copies: BTreeMap::new(), unfilled: Vec::new() };
        let result = work.copy(self);
        while let Some(unfilled) = work.unfilled.pop() {
            work.fill(unfilled);
        }
        result
    }

    /// Returns an immutable deep copy as [`StackItem::deep_copy`] does. An array that nobody else holds needs no
    /// copy if nothing in it can change: it becomes read-only.
    #[must_use]
    pub fn into_immutable(self) -> Self {
        if let Self::Array(array) | Self::Struct(array) = &self
            && array.strong_count() == 1
            && array.header().references() == 0
            && array.is_flat()
        {
            array.header().set_read_only();
            return self;
        }
        self.deep_copy(true)
    }
}

impl DeepCopy {
    /// Returns the copy of an item. One that was made before is marked as linked,
    /// since what it is put into may be within it.
    #[inline]
    fn copy(&mut self, item: &StackItem) -> StackItem {
        let (address, references) = match item {
            StackItem::Array(array) | StackItem::Struct(array) => (array.address(), array.strong_count()),
            StackItem::Map(map) => (map.address(), map.strong_count()),
            StackItem::Buffer(buffer) => (buffer.address(), usize::MAX),
            other => return other.clone(),
        };
        if references == 1 {
            return self.empty_copy(item);
        }
        if let Some(copy) = self.copies.get(&address) {
            copy.header().into_iter().for_each(Header::set_linked);
            return copy.clone();
        }
        let copy = self.empty_copy(item);
        self.copies.insert(address, copy.clone());
        copy
    }

    fn empty_copy(&mut self, item: &StackItem) -> StackItem {
        let new_array = || Array::of_leaves(Vec::new());
        match item {
            StackItem::Array(original) => {
                let copy = new_array();
                self.unfilled.push(Unfilled::Array(copy.clone(), original.clone()));
                StackItem::Array(copy)
            }
            StackItem::Struct(original) => {
                let copy = new_array();
                self.unfilled.push(Unfilled::Array(copy.clone(), original.clone()));
                StackItem::Struct(copy)
            }
            StackItem::Map(original) => {
                let copy = Map::new();
                self.unfilled.push(Unfilled::Map(copy.clone(), original.clone()));
                StackItem::Map(copy)
            }
            StackItem::Buffer(buffer) if self.immutable => {
                buffer.with(|bytes| StackItem::ByteString(ByteString::new(bytes)))
            }
            StackItem::Buffer(buffer) => buffer.with(StackItem::buffer),
            other => other.clone(),
        }
    }

    fn fill(&mut self, unfilled: Unfilled) {
        let (copy, original) = match &unfilled {
            Unfilled::Array(copy, original) => {
                copy.begin(original.look(|items| items.iter().map(|item| self.copy(item)).collect()));
                (copy.header(), original.header())
            }
            Unfilled::Map(copy, original) => {
                copy.begin(original, |value| self.copy(value));
                (copy.header(), original.header())
            }
        };
        if self.immutable || original.is_read_only() {
            copy.set_read_only();
        }
    }
}
