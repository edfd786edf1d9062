//! Creating compounds and taking them apart.

use neovm_types::{
    Array, Map, StackItem,
    engine_internals::{ArrayInternals, CompoundInternals, ItemInternals, ItemVec},
};

use super::{Flow, Regs, share};
use crate::{stack::tag, vm::Vm};

/// Pushes a new, empty compound.
#[inline(always)]
unsafe fn push_new(r: &mut Regs, compound: StackItem) -> Flow {
    if let Some(header) = compound.header() {
        header.set_references(1);
    }
    // SAFETY: there is room for one cell at `sp`.
    unsafe { r.sp.write(compound) };
    r.pushed()
}

#[inline(always)]
pub(crate) unsafe fn new_array0(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { push_new(r, StackItem::Array(Array::of_leaves(ItemVec::default()))) }
}

#[inline(always)]
pub(crate) unsafe fn new_struct0(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { push_new(r, StackItem::Struct(Array::of_leaves(ItemVec::default()))) }
}

#[inline(always)]
pub(crate) unsafe fn new_map(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe { push_new(r, StackItem::Map(Map::new())) }
}

/// PACK and PACKSTRUCT: the items move into a compound, which takes the cell of the lowest one. Their references stay
/// counted.
#[inline(always)]
pub(crate) unsafe fn pack(r: &mut Regs, vm: &mut Vm, is_struct: bool) -> Flow {
    // SAFETY: so many cells below the count are occupied, by the stack's
    // height; each is read once, and lies above `sp` then or is written again.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Full;
        }
        let below = (r.sp as usize - vm.stack as usize) / size_of::<StackItem>() - 1;
        let count = match usize::try_from(r.int(1)) {
            Ok(count) if count <= below => count,
            _ => return Flow::Full,
        };
        let mut items = ItemVec::with_capacity(count);
        let mut nested = false;
        for depth in 2..count + 2 {
            nested |= r.tag(depth) >= tag::ARRAY;
            items.push(vm.promote(r.at(depth).read()));
        }
        let array = if nested { Array::new(items) } else { Array::of_leaves(items) };
        array.header().set_references(1);
        let place = r.at(count + 1);
        place.write(if is_struct { StackItem::Struct(array) } else { StackItem::Array(array) });
        r.sp = place.add(1);
        r.limit = r.limit.wrapping_sub(count);
    }
    r.next()
}

/// UNPACK of an array or struct.
#[inline(always)]
pub(crate) unsafe fn unpack(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the tag says that there is an item; room is checked before cells
    // are written; no method of the array runs while its items are read.
    unsafe {
        if r.tag(1) > tag::MAP {
            return Flow::Full;
        }
        let (StackItem::Array(array) | StackItem::Struct(array)) = &*r.at(1) else { return Flow::Full };
        let (header, items) = (array.header(), &*array.items());
        let (references, count) = (header.references(), items.len());
        let uncounted = |item: &StackItem| item.header().is_some_and(|header| header.references() == 0);
        if references == 0 || header.is_linked() || header.is_nested() && items.iter().any(uncounted) {
            return Flow::Full;
        }
        // Without the last reference to the compound, its items no longer count as part of it. They are on the stack
        // now, so their own references stay.
        let limit = if references == 1 { r.limit.wrapping_add(count) } else { r.limit };
        if !r.has_room(count + 1) || limit > vm.end {
            return Flow::Full;
        }
        r.limit = limit;
        header.set_references(references - 1);
        let array = array.clone();
        r.drop_cell(1);
        r.sp = r.at(1);
        if array.is_unique() && !array.is_borrowed() {
            while let Some(item) = (*array.items()).pop() {
                put(r, item);
            }
        } else {
            (*array.items()).iter().rev().for_each(|item| {
                if references > 1 {
                    share(item);
                }
                put(r, item.clone());
            });
        }
        r.set_int(0, count as i64);
    }
    r.pushed()
}

/// Pushes an item that is already counted and for which there is room.
#[inline(always)]
unsafe fn put(r: &mut Regs, item: StackItem) {
    // SAFETY: the caller has the room.
    unsafe {
        r.sp.write(item);
        r.sp = r.sp.add(1);
    }
}

/// APPEND of an item that is not a compound to an array that has other counted references.
#[inline(always)]
pub(crate) unsafe fn append(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the tags say that both are items. Nothing reads the array's items
    // when one is added.
    unsafe {
        if r.tag(1) >= tag::ARRAY || r.tag(2) > tag::MAP {
            return Flow::Full;
        }
        let (StackItem::Array(array) | StackItem::Struct(array)) = &*r.at(2) else { return Flow::Full };
        let header = array.header();
        if header.references() <= 1 || !header.is_writable() {
            return Flow::Full;
        }
        (*array.items()).push(vm.promote(r.at(1).read()));
        header.set_references(header.references() - 1);
        r.drop_cell(2);
        r.limit = r.limit.wrapping_sub(1);
    }
    r.popped(2)
}
