//! Items of byte strings, and of compounds that have other counted references.

use neovm_types::{
    Array, StackItem,
    engine_internals::{ArrayInternals, CompoundInternals, MapInternals},
};

use super::{Flow, Regs, share, unshare};
use crate::{
    ops::{indexed_len, item_size},
    stack::{tag, tag_of},
    vm::Vm,
};

/// Returns the array or struct in a cell, if another reference to it is counted: this reference can then be dropped
/// without further work.
#[inline(always)]
unsafe fn shared_array<'a>(r: &Regs, depth: usize) -> Option<&'a mut Array> {
    // SAFETY: the tag says what the cell is.
    unsafe {
        if r.tag(depth) & !1 != tag::ARRAY {
            return None;
        }
        let (StackItem::Array(array) | StackItem::Struct(array)) = &mut *r.at(depth) else { return None };
        (array.header().references() > 1 && !array.is_unique()).then_some(array)
    }
}

/// Drops such a reference. The caller leaves its cell above `sp` or overwrites it.
///
/// Where rustc does not see that the array is not freed, because the functions of `Rc` are calls, what frees it takes a
/// place on the native stack, which would keep tail calls from being jumps: this is a call then.
#[cfg_attr(neovm_shared_generics, inline(never))]
#[cfg_attr(not(neovm_shared_generics), inline(always))]
unsafe fn drop_shared(array: &mut Array) {
    let header = array.header();
    header.set_references(header.references() - 1);
    // SAFETY: it is the one in the cell, and `shared_array` found another: the array
    // is not freed, which needs no registers to be saved.
    unsafe {
        core::hint::assert_unchecked(!array.is_unique());
        core::ptr::drop_in_place(array);
    }
}

/// PICKITEM of a scalar in an array.
#[inline(always)]
pub(crate) unsafe fn pick_item(r: &mut Regs) -> Flow {
    // SAFETY: the tags say what the cells are. No method of the array runs while
    // its items are read.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(array) = shared_array(r, 2) else { return Flow::Heap };
        let items = &*array.items();
        let place = match items.get(r.int(1) as usize) {
            Some(item) if tag_of(item) <= tag::LAST_SCALAR => core::ptr::from_ref(item),
            _ => return Flow::Heap,
        };
        drop_shared(array);
        Regs::copy(place, r.at(2));
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn pick_item_heap(r: &mut Regs) -> Flow {
    // SAFETY: the tags say what the cells are. No method of the array runs while
    // its items are read; cloning an item runs no foreign code.
    unsafe {
        if r.tag(2) == tag::MAP {
            return pick_from_map(r);
        }
        if r.tag(1) != tag::INTEGER || r.tag(2) > tag::MAP {
            return Flow::Full;
        }
        let Ok(index) = usize::try_from(r.int(1)) else { return Flow::Full };
        let picked = match &*r.at(2) {
            StackItem::Array(array) | StackItem::Struct(array) => {
                let items = &*array.items();
                match items.get(index) {
                    Some(item) if array.header().references() > 1 && share(item) => item.clone(),
                    _ => return Flow::Full,
                }
            }
            StackItem::ByteString(bytes) => match bytes.get(index) {
                Some(&byte) => StackItem::Integer(i64::from(byte)),
                None => return Flow::Full,
            },
            StackItem::Buffer(buffer) => match buffer.get(index) {
                Some(byte) => StackItem::Integer(i64::from(byte)),
                None => return Flow::Full,
            },
            _ => return Flow::Full,
        };
        // The container has other references, as was checked above.
        unshare(&*r.at(2));
        *r.at(2) = picked;
    }
    r.popped(1)
}

/// PICKITEM from a map that has other counted references.
unsafe fn pick_from_map(r: &mut Regs) -> Flow {
    // SAFETY: the second item is a map; the tag says whether there is a key.
    unsafe {
        let StackItem::Map(map) = &*r.at(2) else { return Flow::Full };
        if r.tag(1) >= tag::ARRAY || map.header().references() <= 1 {
            return Flow::Full;
        }
        // The map neither changes nor goes before the value is copied.
        let picked = match map.value(&*r.at(1), None) {
            Ok(Some(value)) if share(&*value) => (*value).clone(),
            _ => return Flow::Full,
        };
        unshare(&*r.at(2));
        r.at(1).drop_in_place();
        *r.at(2) = picked;
    }
    r.popped(1)
}

/// SETITEM of an existing key in a map that has other counted references, if neither the old value nor the new one is
/// a compound: nothing has to be counted.
unsafe fn set_in_map(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the third item is a map; the tags say what the others are. The value moves into the map, which nobody reads
    // and which has another reference.
    unsafe {
        let StackItem::Map(map) = &*r.at(3) else { return Flow::Full };
        let header = map.header();
        if r.tag(1) >= tag::ARRAY || r.tag(2) >= tag::ARRAY || header.references() <= 1 {
            return Flow::Full;
        }
        let place = match map.place(&*r.at(2), None) {
            Ok(Some(place)) if !(*place).is_compound() => &mut *place,
            _ => return Flow::Full,
        };
        drop(core::mem::replace(place, vm.promote(r.at(1).read())));
        header.set_references(header.references() - 1);
        r.drop_cell(2);
        r.at(3).drop_in_place();
    }
    r.popped(3)
}

/// SETITEM in an array that replaces a scalar by a scalar.
#[inline(always)]
pub(crate) unsafe fn set_item(r: &mut Regs) -> Flow {
    // SAFETY: the tags say what the cells are. Nothing reads the array's items
    // when one is replaced, and scalars need no dropping.
    unsafe {
        if r.tag(1) > tag::LAST_SCALAR || r.tag(2) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(array) = shared_array(r, 3) else { return Flow::Heap };
        if !array.header().is_writable() {
            return Flow::Heap;
        }
        let items = &mut *array.items();
        let place = match items.get_mut(r.int(2) as usize) {
            Some(item) if tag_of(item) <= tag::LAST_SCALAR => core::ptr::from_mut(item),
            _ => return Flow::Heap,
        };
        Regs::copy(r.at(1), place);
        drop_shared(array);
    }
    r.popped(3)
}

#[inline(always)]
pub(crate) unsafe fn set_item_heap(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the tags say what the cells are. Nothing reads the array's items
    // when one is replaced; the old item is dropped after that.
    unsafe {
        if r.tag(3) == tag::MAP {
            return set_in_map(r, vm);
        }
        if r.tag(1) >= tag::ARRAY || r.tag(2) != tag::INTEGER || r.tag(3) > tag::MAP {
            return Flow::Full;
        }
        let Ok(index) = usize::try_from(r.int(2)) else { return Flow::Full };
        match &*r.at(3) {
            StackItem::Array(array) | StackItem::Struct(array) => {
                let header = array.header();
                // The host may be reading the items: they are borrowed only after this.
                if header.references() <= 1 || !header.is_writable() {
                    return Flow::Full;
                }
                let items = &mut *array.items();
                let place = match items.get_mut(index) {
                    Some(place) if !place.is_compound() => place,
                    _ => return Flow::Full,
                };
                let old = core::mem::replace(place, vm.promote(r.at(1).read()));
                drop(old);
                header.set_references(header.references() - 1);
            }
            StackItem::Buffer(buffer) if r.tag(1) == tag::INTEGER => match u8::try_from(r.int(1)) {
                Ok(byte) if buffer.set(index, byte).is_ok() => {}
                _ => return Flow::Full,
            },
            _ => return Flow::Full,
        }
        r.at(3).drop_in_place();
    }
    r.popped(3)
}

#[inline(always)]
pub(crate) unsafe fn size(r: &mut Regs) -> Flow {
    // SAFETY: the tag says whether there is an item; it is dropped before it
    // is overwritten.
    unsafe {
        if r.tag(1) > tag::MAP {
            return Flow::Full;
        }
        let Some(size) = item_size(&*r.at(1)) else { return Flow::Full };
        if !r.discard(1) {
            return Flow::Full;
        }
        r.set_int(1, size as i64);
    }
    r.next()
}

/// HASKEY for byte strings, and for compounds that have other counted references. An index that is not a small
/// integer is left to the general handler, because hardforks treat it differently.
#[inline(always)]
pub(crate) unsafe fn has_key(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the tags say that both are items; both are dropped, and one cell is written again.
    unsafe {
        if r.tag(1) >= tag::ARRAY || r.tag(2) > tag::MAP {
            return Flow::Full;
        }
        let found = match (&*r.at(2), &*r.at(1)) {
            (StackItem::Map(map), key) if key.is_primitive() => map.contains(key).ok(),
            (container, StackItem::Integer(index)) if (0..i64::from(vm.limits.max_item_size)).contains(index) => {
                indexed_len(container).map(|length| (*index as usize) < length)
            }
            _ => None,
        };
        let Some(found) = found else { return Flow::Full };
        if !r.discard(2) {
            return Flow::Full;
        }
        r.drop_cell(1);
        r.set_bool(2, found);
    }
    r.popped(1)
}
