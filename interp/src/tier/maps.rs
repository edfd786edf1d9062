//! The builtin that looks for keys in maps. It has no effect, so it may be called repeatedly.

use core::{ptr, sync::atomic::AtomicU32};

use neovm_types::{StackItem, engine_internals::MapInternals};

/// The result of [`super::builtins::MAP_FIND`] if the item is not a map, or the other one no key. No value has this
/// address.
pub const NO_MAP: i64 = 1;

/// See [`super::builtins::MAP_FIND`]. Threads that run the same code share `seen`; whatever it holds, the key decides.
///
/// # Safety
/// `map` and `key` point to items, and `seen` to a number.
pub(super) unsafe extern "C" fn map_find(
    map: *const StackItem,
    key: *const StackItem,
    seen: *const AtomicU32,
) -> *const StackItem {
    // SAFETY: the caller guarantees it.
    let (map, key, seen) = unsafe { (&*map, &*key, &*seen) };
    let StackItem::Map(map) = map else { return ptr::without_provenance(NO_MAP as usize) };
    match map.value(key, Some(seen)) {
        Ok(value) => value.unwrap_or(ptr::null()),
        Err(_) => ptr::without_provenance(NO_MAP as usize),
    }
}
