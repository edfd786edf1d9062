//! Builtins that look for keys in maps. They have no effect, so they may be called repeatedly.
//!
//! `seen` is the index of the entry where an instruction found its key last, which is looked at first. Threads that run
//! the same code share it; whatever it holds, the key decides.

use core::{ptr, sync::atomic::AtomicU32};

use neovm_types::{Map, StackItem, engine_internals::MapInternals};

use crate::stack::{tag, tag_of};

/// Returns the map in a cell.
///
/// # Safety
/// There is an item.
#[inline(always)]
unsafe fn map_in<'a>(item: *const StackItem) -> Option<&'a Map> {
    // SAFETY: guaranteed by the caller.
    if let StackItem::Map(map) = unsafe { &*item } { Some(map) } else { None }
}

/// See [`super::builtins::MAP_VALUE`].
///
/// # Safety
/// `map` and `key` point to items, and `seen` to a number.
pub(super) unsafe extern "C" fn map_value(
    map: *const StackItem,
    key: *const StackItem,
    seen: *const AtomicU32,
) -> *const StackItem {
    // SAFETY: the caller guarantees it.
    let (map, key, seen) = unsafe { (map_in(map), &*key, &*seen) };
    map.and_then(|map| map.value(key, Some(seen)).ok().flatten()).unwrap_or(ptr::null())
}

/// See [`super::builtins::MAP_PLACE`].
///
/// # Safety
/// As for [`map_value`].
pub(super) unsafe extern "C" fn map_place(
    map: *const StackItem,
    key: *const StackItem,
    seen: *const AtomicU32,
) -> *mut StackItem {
    // SAFETY: the caller guarantees it; values are items.
    unsafe {
        let place = map_in(map).and_then(|map| map.place(&*key, Some(&*seen)).ok().flatten());
        place.filter(|&place| tag_of(place) <= tag::WIDE).unwrap_or(ptr::null_mut())
    }
}

/// See [`super::builtins::MAP_HAS_KEY`].
///
/// # Safety
/// As for [`map_value`].
pub(super) unsafe extern "C" fn map_has_key(
    map: *const StackItem,
    key: *const StackItem,
    seen: *const AtomicU32,
) -> i64 {
    // SAFETY: the caller guarantees it.
    let (map, key, seen) = unsafe { (map_in(map), &*key, &*seen) };
    map.and_then(|map| map.value(key, Some(seen)).ok()).map_or(-1, |value| value.is_some().into())
}
