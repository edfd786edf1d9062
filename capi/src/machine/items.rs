//! Items by handles, and values.

use std::collections::HashSet;

use neovm::{
    FaultKind, Integer, StackItem,
    types::{
        engine_internals::{Candidate, collect_cycles},
        item::Interop,
    },
};

use crate::{
    abi::*,
    boundary::{self, Failure, Outcome},
    handles::Table,
};

/// A machine holds no more handles than this. It is far more than items fit on its stack.
const MAX_HANDLES: usize = 1 << 18;

/// Items that have handles, and bytes that were given out.
#[derive(Default)]
pub(crate) struct Items {
    table: Table<StackItem>,
    /// Those that are released when the call-back returns.
    passing: Vec<neovm_item>,
    /// How many call-backs run.
    depth: usize,
    /// What the bytes that were given out belong to.
    lent: Vec<Lent>,
    /// Compounds by which the host may have closed cycles, of which no machine knows.
    linked: Vec<Candidate>,
    /// How many of them are looked through next.
    due: usize,
}

/// What bytes belong to that were given out.
enum Lent {
    /// A byte string, whose bytes never change.
    Item(#[expect(dead_code, reason = "it is held for its bytes")] StackItem),
    /// A copy.
    Copy(#[expect(dead_code, reason = "it is held for its bytes")] Box<[u8]>),
}

/// What there was before a call-back.
pub(super) struct Mark {
    passing: usize,
    lent: usize,
}

/// An object of the host: a number of its own.
#[derive(Debug)]
pub(crate) struct Object(pub(crate) u64);

/// A fault as the reason why a function fails.
pub(crate) fn fault(kind: &FaultKind) -> Failure {
    Failure::new(NEOVM_ERR_FAULT, kind)
}

impl Items {
    pub(super) fn mark(&mut self) -> Mark {
        self.depth += 1;
        Mark { passing: self.passing.len(), lent: self.lent.len() }
    }

    pub(super) fn release_to(&mut self, mark: &Mark) {
        self.depth -= 1;
        for handle in self.passing.split_off(mark.passing) {
            self.table.remove(handle);
        }
        self.lent.truncate(mark.lent);
    }

    /// Takes back the bytes that were given out outside of call-backs.
    pub(crate) fn take_back_bytes(&mut self) {
        self.lent.clear();
    }

    /// Releases all handles. Cycles are freed by [`Items::collect`], when the machine holds nothing either.
    pub(crate) fn clear(&mut self) {
        self.table = Table::new();
        self.passing.clear();
        self.lent.clear();
    }

    /// Frees cycles that nothing refers to any more. While a script may run, those with a consensus count are
    /// left alone, for its machine has to take it off.
    pub(crate) fn collect(&mut self, may_run: bool) {
        collect_cycles(&mut self.linked, may_run);
        self.due = 2 * self.linked.len() + 64;
    }

    /// Takes note of a compound that the host has put something into.
    pub(crate) fn note_link(&mut self, item: &StackItem) {
        self.linked.extend(Candidate::new(item));
        if self.linked.len() > self.due {
            self.collect(true);
        }
    }

    /// Takes note of all compounds of a copy, which has the cycles of what was copied.
    pub(crate) fn note_copy(&mut self, copy: &StackItem) {
        let (mut seen, mut open) = (HashSet::new(), vec![copy.clone()]);
        while let Some(item) = open.pop() {
            if item.address().is_some_and(|address| seen.insert(address)) {
                self.linked.extend(Candidate::new(&item));
                item.for_each_child(|child| open.push(child.clone()));
            }
        }
        if self.linked.len() > self.due {
            self.collect(true);
        }
    }

    pub(crate) fn get(&self, handle: neovm_item) -> Outcome<StackItem> {
        let item = self.table.get(handle).cloned();
        item.ok_or_else(|| Failure::new(NEOVM_ERR_HANDLE, "the item was released, or is another machine's"))
    }

    /// Makes a handle, which lives until the call-back returns.
    pub(crate) fn add(&mut self, item: StackItem) -> Outcome<neovm_item> {
        let handle = self.keep(item)?;
        if self.depth > 0 {
            self.passing.push(handle);
        }
        Ok(handle)
    }

    /// Makes a handle that lives until it is released.
    pub(crate) fn keep(&mut self, item: StackItem) -> Outcome<neovm_item> {
        if self.table.len() >= MAX_HANDLES {
            return Err(Failure::new(NEOVM_ERR_LIMIT, "the machine has too many items with handles"));
        }
        self.table.insert(item)
    }

    pub(crate) fn release(&mut self, handle: neovm_item) -> Outcome {
        self.get(handle)?;
        self.table.remove(handle);
        Ok(())
    }

    /// Makes an item of a value.
    ///
    /// # Safety
    /// The bytes that the value names are there.
    pub(crate) unsafe fn item(&self, value: &neovm_value) -> Outcome<StackItem> {
        boundary::check_reserved(value.reserved)?;
        // SAFETY: the caller's word.
        let bytes = unsafe { boundary::bytes(value.bytes) };
        Ok(match value.kind {
            NEOVM_VALUE_NULL => StackItem::Null,
            NEOVM_VALUE_INTEGER => {
                let bytes = bytes?;
                if bytes.is_empty() {
                    value.integer.into()
                } else {
                    let integer = Integer::from_le_bytes(bytes);
                    integer.ok_or_else(|| Failure::argument("an integer has more than 32 bytes"))?.into()
                }
            }
            NEOVM_VALUE_BOOLEAN => (value.integer != 0).into(),
            NEOVM_VALUE_BYTES => bytes?.into(),
            NEOVM_VALUE_ITEM => self.get(value.item)?,
            NEOVM_VALUE_OBJECT => StackItem::Interop(Interop::new(Object(value.item))),
            other => return Err(Failure::argument(format!("kind {other} of a value"))),
        })
    }

    /// Writes items as values, each as it is.
    ///
    /// # Safety
    /// So many values can be written at `values`.
    pub(crate) unsafe fn write(
        &mut self,
        list: impl IntoIterator<Item = StackItem>,
        values: *mut neovm_value,
    ) -> Outcome {
        for (i, item) in list.into_iter().enumerate() {
            let value = self.value(item, NEOVM_AS_IT_IS)?;
            // SAFETY: the caller's word.
            unsafe { boundary::put(values.add(i), value)? };
        }
        Ok(())
    }

    /// Makes a value of an item, as an argument of a type is one.
    pub(crate) fn value(&mut self, item: StackItem, wanted: u8) -> Outcome<neovm_value> {
        match wanted {
            NEOVM_AS_ITEM => {
                let item = self.add(item)?;
                Ok(neovm_value { kind: NEOVM_VALUE_ITEM, item, ..neovm_value::NULL })
            }
            NEOVM_AS_INTEGER => {
                let integer = item.to_integer().map_err(|kind| fault(&kind))?;
                Ok(self.integer(integer))
            }
            NEOVM_AS_BOOLEAN => {
                let value = item.to_boolean().map_err(|kind| fault(&kind))?;
                Ok(neovm_value { kind: NEOVM_VALUE_BOOLEAN, integer: value.into(), ..neovm_value::NULL })
            }
            NEOVM_AS_BYTES => self.bytes(item),
            NEOVM_AS_IT_IS => match item {
                StackItem::Null => Ok(neovm_value::NULL),
                StackItem::Boolean(_) => self.value(item, NEOVM_AS_BOOLEAN),
                StackItem::Integer(_) | StackItem::BigInteger(_) => self.value(item, NEOVM_AS_INTEGER),
                StackItem::ByteString(_) => self.value(item, NEOVM_AS_BYTES),
                _ => self.value(item, NEOVM_AS_ITEM),
            },
            other => Err(Failure::argument(format!("{other} is no type of an argument"))),
        }
    }

    fn integer(&mut self, integer: Integer) -> neovm_value {
        let value = neovm_value { kind: NEOVM_VALUE_INTEGER, ..neovm_value::NULL };
        match integer {
            Integer::Small(integer) => neovm_value { integer, ..value },
            Integer::Wide(_) => neovm_value { bytes: self.copy(&integer.to_le_bytes()), ..value },
        }
    }

    fn bytes(&mut self, item: StackItem) -> Outcome<neovm_value> {
        let bytes = match &item {
            StackItem::ByteString(_) => {
                // They stay where they are as long as the item is held.
                let bytes = item.with_bytes(neovm_bytes::of).map_err(|kind| fault(&kind))?;
                self.lent.push(Lent::Item(item));
                bytes
            }
            // Those of a buffer may change.
            _ => item.with_bytes(|bytes| self.copy(bytes)).map_err(|kind| fault(&kind))?,
        };
        Ok(neovm_value { kind: NEOVM_VALUE_BYTES, bytes, ..neovm_value::NULL })
    }

    fn copy(&mut self, bytes: &[u8]) -> neovm_bytes {
        let copy: Box<[u8]> = bytes.into();
        let bytes = neovm_bytes::of(&copy);
        self.lent.push(Lent::Copy(copy));
        bytes
    }
}
