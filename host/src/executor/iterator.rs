//! Iterators over storage.
//!
//! Sources: `StorageIterator.cs`, `FindOptions.cs` of the reference node.

use std::{fmt, rc::Rc, sync::Arc};

use neovm_interp::Caller;
use neovm_storage::{Item, Key, Seek, Value};
use neovm_types::{FaultKind, Interop, StackItem, manifest::ParameterType};

use super::Executor;
use crate::{
    fault,
    parameter::{Parameter, Return, object},
    stored::deserialize,
};

bitflags::bitflags! {
    /// What an iterator gives.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct FindOptions: u8 {
        /// Keys alone.
        const KEYS_ONLY = 1;
        /// Keys without the prefix.
        const REMOVE_PREFIX = 1 << 1;
        /// Values alone.
        const VALUES_ONLY = 1 << 2;
        /// Values as items.
        const DESERIALIZE_VALUES = 1 << 3;
        /// The first field of deserialized values.
        const PICK_FIELD_0 = 1 << 4;
        /// The second field of deserialized values.
        const PICK_FIELD_1 = 1 << 5;
        /// The greatest key first.
        const BACKWARDS = 1 << 7;
    }
}

/// The bits may have no meaning: [`FindOptions::check`] refuses them.
impl Parameter for FindOptions {
    const TYPE: ParameterType = ParameterType::Integer;

    fn from_item(item: StackItem, caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        u8::from_item(item, caller).map(Self::from_bits_retain)
    }
}

impl FindOptions {
    /// Checks that the options go together.
    ///
    /// Source: `ApplicationEngine.Storage.cs` (`Find`).
    ///
    /// # Errors
    /// A fault that says which do not.
    pub fn check(self) -> Result<(), FaultKind> {
        let picks = Self::PICK_FIELD_0 | Self::PICK_FIELD_1;
        let with_value = Self::VALUES_ONLY | Self::DESERIALIZE_VALUES | picks;
        if Self::from_bits(self.bits()).is_none() {
            Err(fault("undefined find options"))
        } else if self.contains(Self::KEYS_ONLY) && self.intersects(with_value) {
            Err(fault("KeysOnly goes with no option for values"))
        } else if self.contains(Self::VALUES_ONLY) && self.contains(Self::REMOVE_PREFIX) {
            Err(fault("ValuesOnly does not go with RemovePrefix"))
        } else if self.contains(picks) {
            Err(fault("PickField0 does not go with PickField1"))
        } else if self.intersects(picks) && !self.contains(Self::DESERIALIZE_VALUES) {
            Err(fault("PickField0 and PickField1 need DeserializeValues"))
        } else {
            Ok(())
        }
    }
}

/// The object by which scripts hold an iterator of their execution.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    number: u64,
    /// Shared with the entry in [`Iterators`], which goes when nobody else holds it.
    held: Rc<()>,
}

impl Handle {
    /// Whether anybody but [`Iterators`] holds it.
    fn is_held(&self) -> bool {
        Rc::strong_count(&self.held) > 1
    }
}

impl Parameter for Handle {
    const TYPE: ParameterType = ParameterType::InteropInterface;

    fn from_item(item: StackItem, _: &mut Caller<'_>) -> Result<Self, FaultKind> {
        handle(&item)
    }

    #[inline]
    fn pop(caller: &mut Caller<'_>) -> Result<Self, FaultKind> {
        caller.pop_with(handle)?
    }
}

#[inline]
fn handle(item: &StackItem) -> Result<Handle, FaultKind> {
    object(item)?.downcast_ref().cloned().ok_or_else(|| fault("the argument is no iterator"))
}

impl Return for Handle {
    const TYPE: ParameterType = ParameterType::InteropInterface;

    fn into_item(self) -> Option<StackItem> {
        Some(StackItem::Interop(Interop::new(self)))
    }
}

/// The iterators of an execution.
#[derive(Debug, Default)]
pub(super) struct Iterators<'s> {
    /// In the order of their numbers.
    entries: Vec<(Handle, StorageIterator<'s>)>,
    made: u64,
    /// The number of entries at which those that no script holds are looked for.
    full: usize,
}

impl<'s> Iterators<'s> {
    /// There is room for so many before it is looked for more.
    const ROOM: usize = 64;

    fn add(&mut self, iterator: StorageIterator<'s>) -> Handle {
        if self.entries.len() >= self.full {
            self.entries.retain(|(handle, _)| handle.is_held());
            self.full = 2 * self.entries.len() + Self::ROOM;
        }
        let handle = Handle { number: self.made, held: Rc::default() };
        self.made += 1;
        self.entries.push((handle.clone(), iterator));
        handle
    }

    /// Returns the same for a copy of the execution; none while scripts hold iterators.
    pub(super) fn fork(&mut self) -> Option<Self> {
        self.entries.retain(|(handle, _)| handle.is_held());
        self.entries.is_empty().then(|| Self { entries: Vec::new(), made: self.made, full: self.full })
    }

    fn get(&mut self, handle: &Handle) -> Option<&mut StorageIterator<'s>> {
        // Mostly it is the last one.
        let last = self.entries.last().filter(|(known, _)| known.number == handle.number);
        let place = match last {
            Some(_) => self.entries.len() - 1,
            None => self.entries.binary_search_by_key(&handle.number, |(known, _)| known.number).ok()?,
        };
        let (known, iterator) = &mut self.entries[place];
        Rc::ptr_eq(&known.held, &handle.held).then_some(iterator)
    }
}

/// Iterators, which scripts hold by handles.
impl<'s> Executor<'s> {
    /// Keeps an iterator, as long as scripts hold the object that is returned.
    pub(crate) fn add_iterator(&mut self, iterator: StorageIterator<'s>) -> Handle {
        self.iterators.add(iterator)
    }

    pub(crate) fn iterator(&mut self, handle: &Handle) -> Result<&mut StorageIterator<'s>, FaultKind> {
        self.iterators.get(handle).ok_or_else(|| fault("an iterator of another execution"))
    }
}

/// A value of up to this number of bytes is copied each time that a script asks for it.
const SHORT: usize = 64;

/// An iterator over entries of the storage.
pub struct StorageIterator<'s> {
    entries: Box<dyn Iterator<Item = <Seek<'s> as Iterator>::Item> + 's>,
    prefix_length: usize,
    options: FindOptions,
    forgets_last: bool,
    current: Option<(Key, Item)>,
    /// The item that scripts get copies of, and the value that it was made of, unless that is short.
    original: Option<(Value, StackItem)>,
}

impl<'s> StorageIterator<'s> {
    /// Creates an iterator over entries, whose keys, without the contract's id,
    /// lose `prefix_length` bytes if the options say so.
    pub fn new(
        entries: impl Iterator<Item = <Seek<'s> as Iterator>::Item> + 's,
        prefix_length: usize,
        options: FindOptions,
    ) -> Self {
        let entries = Box::new(entries);
        Self { entries, prefix_length, options, forgets_last: false, current: None, original: None }
    }

    /// The same iterator, but one that has no entry after the end: the reference's `Select` clears it there.
    pub fn forgetting_last(self) -> Self {
        Self { forgets_last: true, ..self }
    }

    /// Advances to the next entry and returns whether there is one. After the
    /// end, the last entry stays, unless the iterator forgets it.
    ///
    /// # Errors
    /// A fault if the storage cannot be read.
    pub fn next_entry(&mut self) -> Result<bool, FaultKind> {
        match self.entries.next() {
            Some(Ok(entry)) => self.current = Some(entry),
            Some(Err(error)) => return Err(fault(error)),
            None if self.forgets_last => self.current = None,
            None => return Ok(false),
        }
        self.original = None;
        Ok(self.current.is_some())
    }

    /// Returns the current entry in the form that the options ask for.
    ///
    /// # Errors
    /// A fault if there is no entry, before the first one or after the end, and if the value has not that form.
    pub fn value(&mut self) -> Result<StackItem, FaultKind> {
        let (key, item) = self.current.as_ref().ok_or_else(|| fault("the iterator stands at no entry"))?;
        let options = self.options;
        let is_cut = options.contains(FindOptions::REMOVE_PREFIX);
        let key = key.local().get(if is_cut { self.prefix_length } else { 0 }..).unwrap_or(&[]);
        if options.contains(FindOptions::KEYS_ONLY) {
            return Ok(key.into());
        }
        let is_short = !options.contains(FindOptions::DESERIALIZE_VALUES) && item.look(<[u8]>::len) <= SHORT;
        let value = if is_short {
            item.look(|bytes| bytes.into())
        } else {
            let stored = item.value();
            let original = match &mut self.original {
                Some((of, original)) if Arc::ptr_eq(of, &stored) => original,
                other => {
                    let original = value_item(&stored, options)?;
                    &mut other.insert((stored, original)).1
                }
            };
            original.deep_copy(false)
        };
        Ok(if options.contains(FindOptions::VALUES_ONLY) { value } else { StackItem::structure([key.into(), value]) })
    }
}

/// The item that a stored value is, or the field of it that the options pick.
fn value_item(stored: &[u8], options: FindOptions) -> Result<StackItem, FaultKind> {
    if !options.contains(FindOptions::DESERIALIZE_VALUES) {
        return Ok(stored.into());
    }
    let value = deserialize(stored)?;
    if options.contains(FindOptions::PICK_FIELD_0) {
        field(&value, 0)
    } else if options.contains(FindOptions::PICK_FIELD_1) {
        field(&value, 1)
    } else {
        Ok(value)
    }
}

fn field(item: &StackItem, index: usize) -> Result<StackItem, FaultKind> {
    let (StackItem::Array(fields) | StackItem::Struct(fields)) = item else {
        return Err(fault("a stored value is no array"));
    };
    fields.get(index).ok_or_else(|| fault(format!("a stored value has no field {index}")))
}

impl fmt::Debug for StorageIterator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageIterator").field("options", &self.options).finish_non_exhaustive()
    }
}
