//! Functions that take an item.

use neovm::{
    Limits, StackItem,
    types::item::{Map, binary},
};

use super::{
    Machine,
    items::{Items, Object, fault},
};
use crate::{
    abi::*,
    boundary::{self, Failure, Outcome, guard},
};

/// The most bytes that an item can be serialized to, and the most items, as StdLib has them.
const MAX_SERIALIZED: (usize, usize) =
    (Limits::DEFAULT.max_item_size as usize, Limits::DEFAULT.max_stack_size as usize);
/// More items cannot be put into a compound at once: a machine could not hold them.
const MAX_CHILDREN: usize = 4096;

/// Makes an item of a value, and a handle for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_new(
    machine: neovm_machine,
    value: *const neovm_value,
    item: *mut neovm_item,
) -> i32 {
    guard(|| {
        boundary::check(item)?;
        // SAFETY: the value of the caller is there.
        let value = unsafe { boundary::list(value, 1)? }[0];
        let handle = Machine::enter(machine, |_, _, items| {
            // SAFETY: the bytes that it names are there.
            let made = unsafe { items.item(&value)? };
            items.add(made)
        })?;
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(item, handle) }
    })
}

/// Makes a compound, and a handle for it: an array or a struct of `count` values, or a map of `count` / 2 keys and values
/// in turn. With `NEOVM_TYPE_BUFFER`, the one value is its bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_new_compound(
    machine: neovm_machine,
    item_type: u32,
    values: *const neovm_value,
    count: usize,
    item: *mut neovm_item,
) -> i32 {
    guard(|| {
        boundary::check(item)?;
        if count > MAX_CHILDREN {
            return Err(Failure::new(NEOVM_ERR_LIMIT, "these are more items than a machine holds"));
        }
        // SAFETY: the list of the caller is there.
        let values = unsafe { boundary::list(values, count)? };
        let handle = Machine::enter(machine, |_, _, items| {
            // SAFETY: the bytes that the values name are there.
            let children = values.iter().map(|value| unsafe { items.item(value) }).collect::<Outcome<Vec<_>>>()?;
            items.add(compound(item_type, children)?)
        })?;
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(item, handle) }
    })
}

fn compound(item_type: u32, children: Vec<StackItem>) -> Outcome<StackItem> {
    match item_type {
        NEOVM_TYPE_ARRAY => Ok(StackItem::array(children)),
        NEOVM_TYPE_STRUCT => Ok(StackItem::structure(children)),
        NEOVM_TYPE_MAP => {
            let map = Map::new();
            let (pairs, []) = children.as_chunks() else {
                return Err(Failure::argument("a map needs a value for each key"));
            };
            for [key, value] in pairs {
                map.insert(key.clone(), value.clone()).map_err(|kind| fault(&kind))?;
            }
            Ok(StackItem::Map(map))
        }
        NEOVM_TYPE_BUFFER => match &children[..] {
            [item] => item.with_bytes(StackItem::buffer).map_err(|kind| fault(&kind)),
            _ => Err(Failure::argument("a buffer needs one value")),
        },
        other => Err(Failure::argument(format!("{other:#x} is no type of a compound"))),
    }
}

/// Writes the type of an item, and how many children it has: 2 for each entry of a map. For a buffer or byte string
/// it writes the number of bytes. `count` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_type(
    machine: neovm_machine,
    item: neovm_item,
    item_type: *mut u32,
    count: *mut usize,
) -> i32 {
    guard(|| {
        let (kind, children) = Machine::enter(machine, |_, _, items| {
            let item = items.get(item)?;
            let count = match &item {
                StackItem::Map(map) => 2 * map.len(),
                StackItem::ByteString(_) | StackItem::Buffer(_) => item.primitive_size().unwrap_or(0),
                _ => item.child_count(),
            };
            Ok((item.item_type() as u32, count))
        })?;
        // SAFETY: the caller has room for the numbers.
        unsafe {
            boundary::put(item_type, kind)?;
            if count.is_null() { Ok(()) } else { boundary::put(count, children) }
        }
    })
}

/// Writes an item as a value: `as` is `NEOVM_AS_INTEGER` and so on. Returns `NEOVM_ERR_FAULT` if it cannot be converted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_value(
    machine: neovm_machine,
    item: neovm_item,
    wanted: u8,
    value: *mut neovm_value,
) -> i32 {
    guard(|| {
        boundary::check(value)?;
        let found = Machine::enter(machine, |_, _, items| {
            let item = items.get(item)?;
            items.value(item, wanted)
        })?;
        // SAFETY: the caller has room for the value.
        unsafe { boundary::put(value, found) }
    })
}

/// Writes children of a compound: `count` of them from `first` on; keys and values of a map, in turn. Numbers, booleans,
/// byte strings and Null are values, everything else gets a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_children(
    machine: neovm_machine,
    item: neovm_item,
    first: usize,
    count: usize,
    values: *mut neovm_value,
) -> i32 {
    guard(|| {
        boundary::check_list(values, count)?;
        Machine::enter(machine, |_, _, items| {
            let children = children(&items.get(item)?, first, count)?;
            // SAFETY: the caller has room for `count` values.
            unsafe { items.write(children, values) }
        })
    })
}

fn children(item: &StackItem, first: usize, count: usize) -> Outcome<Vec<StackItem>> {
    let child = |i: usize| match item {
        StackItem::Array(array) | StackItem::Struct(array) => array.get(i),
        StackItem::Map(map) => map.entry(i / 2).map(|(key, value)| if i.is_multiple_of(2) { key } else { value }),
        _ => None,
    };
    let end = first.checked_add(count).filter(|_| count <= 2 * MAX_CHILDREN);
    let found = end.and_then(|end| (first..end).map(child).collect());
    found.ok_or_else(|| Failure::argument("there are fewer children"))
}

/// Changes a compound that no script holds yet: sets the item at an index of an array or struct, or appends it if the
/// index is the number of items; for a map, `key` is the key. What a script holds can only be changed by scripts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_set(
    machine: neovm_machine,
    item: neovm_item,
    key: *const neovm_value,
    value: *const neovm_value,
) -> i32 {
    guard(|| {
        // SAFETY: the values of the caller are there.
        let (key, value) = unsafe { (boundary::list(key, 1)?[0], boundary::list(value, 1)?[0]) };
        Machine::enter(machine, |_, _, items| {
            // SAFETY: the bytes that the values name are there.
            let (key, value) = unsafe { (items.item(&key)?, items.item(&value)?) };
            set(items, item, key, value)
        })
    })
}

fn set(items: &mut Items, item: neovm_item, key: StackItem, value: StackItem) -> Outcome {
    let target = items.get(item)?;
    if value.is_compound() {
        items.note_link(&target);
    }
    match target {
        StackItem::Array(array) | StackItem::Struct(array) => {
            let index = key.to_i32().map_err(|kind| fault(&kind))?;
            let index = usize::try_from(index).map_err(|_| Failure::argument("the index is negative"))?;
            let done = if index == array.len() { array.push(value) } else { array.set(index, value).map(drop) };
            done.map_err(|kind| fault(&kind))
        }
        StackItem::Map(map) => map.insert(key, value).map(drop).map_err(|kind| fault(&kind)),
        _ => Err(Failure::argument("the item is no array, struct or map")),
    }
}

/// Writes 1 if two handles stand for the same item, and not only for equal ones, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_is_same(
    machine: neovm_machine,
    first: neovm_item,
    second: neovm_item,
    is_same: *mut u32,
) -> i32 {
    guard(|| {
        boundary::check(is_same)?;
        let same = Machine::enter(machine, |_, _, items| Ok(items.get(first)?.is_same(&items.get(second)?)))?;
        // SAFETY: the caller has room for the number.
        unsafe { boundary::put(is_same, same.into()) }
    })
}

/// Makes a copy of an item and all that it holds, in which what was shared is shared. Cycles are copied, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_copy(machine: neovm_machine, item: neovm_item, copy: *mut neovm_item) -> i32 {
    guard(|| {
        boundary::check(copy)?;
        let handle = Machine::enter(machine, |_, _, items| {
            let made = items.get(item)?.deep_copy(false);
            items.note_copy(&made);
            items.add(made)
        })?;
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(copy, handle) }
    })
}

/// Writes the number of an object of the host, see `NEOVM_VALUE_OBJECT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_object(machine: neovm_machine, item: neovm_item, object: *mut u64) -> i32 {
    guard(|| {
        boundary::check(object)?;
        let number = Machine::enter(machine, |_, _, items| match items.get(item)? {
            StackItem::Interop(object) => object
                .downcast_ref::<Object>()
                .map(|it| it.0)
                .ok_or_else(|| Failure::argument("it is another's object")),
            _ => Err(Failure::argument("the item is no object of the host")),
        })?;
        // SAFETY: the caller has room for the number.
        unsafe { boundary::put(object, number) }
    })
}

/// Serializes an item as StdLib does, and writes the bytes, which are valid as long as those of a value are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_serialize(
    machine: neovm_machine,
    item: neovm_item,
    serialized: *mut neovm_bytes,
) -> i32 {
    guard(|| {
        boundary::check(serialized)?;
        let bytes = Machine::enter(machine, |_, _, items| {
            let (max_size, max_items) = MAX_SERIALIZED;
            let bytes = binary::serialize(&items.get(item)?, max_size, max_items).map_err(|kind| fault(&kind))?;
            Ok(items.value(bytes.into(), NEOVM_AS_BYTES)?.bytes)
        })?;
        // SAFETY: the caller has room for the struct.
        unsafe { boundary::put(serialized, bytes) }
    })
}

/// Makes an item of bytes that were serialized, and a handle for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_deserialize(
    machine: neovm_machine,
    serialized: *const u8,
    length: usize,
    item: *mut neovm_item,
) -> i32 {
    guard(|| {
        boundary::check(item)?;
        // SAFETY: the bytes of the caller are there.
        let bytes = unsafe { boundary::list(serialized, length)? };
        let handle = Machine::enter(machine, |_, _, items| {
            let (max_size, max_items) = MAX_SERIALIZED;
            let made = binary::deserialize(bytes, max_size, max_items).map_err(|kind| fault(&kind))?;
            items.add(made)
        })?;
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(item, handle) }
    })
}

/// Makes another handle of an item, which lives until it is released or the machine is reset or freed, and not only until
/// the call-back returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_item_keep(machine: neovm_machine, item: neovm_item, kept: *mut neovm_item) -> i32 {
    guard(|| {
        boundary::check(kept)?;
        let handle = Machine::enter(machine, |_, _, items| {
            let item = items.get(item)?;
            items.keep(item)
        })?;
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(kept, handle) }
    })
}

/// Releases a handle. What a call-back makes is released when it returns; outside of call-backs everything lives until it
/// is released, or the machine is reset or freed.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_item_release(machine: neovm_machine, item: neovm_item) -> i32 {
    guard(|| Machine::enter(machine, |_, _, items| items.release(item)))
}
