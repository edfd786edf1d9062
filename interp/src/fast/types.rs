//! Conversions between types.

use neovm_types::{Buffer, ByteString, ItemType, StackItem, integer::small_from_le_bytes};

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

/// CONVERT of a scalar that already has the type.
#[inline(always)]
pub(crate) unsafe fn convert(r: &mut Regs) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let same = match r.tag(1) {
            tag::INTEGER => ItemType::Integer,
            tag::BOOLEAN => ItemType::Boolean,
            _ => return Flow::Heap,
        };
        if r.operand() == same as u64 { r.next() } else { Flow::Heap }
    }
}

/// CONVERT of items that already have the type, and of items that are not compounds.
#[inline(always)]
pub(crate) unsafe fn convert_heap(r: &mut Regs) -> Flow {
    // SAFETY: the tag says whether there is an item.
    unsafe {
        if r.tag(1) > tag::MAP {
            return Flow::Full;
        }
        let item = &mut *r.at(1);
        if item.item_type() as u64 == r.operand() && !item.is_null() {
            return r.next();
        }
        const INTEGER: u64 = ItemType::Integer as u64;
        const BUFFER: u64 = ItemType::Buffer as u64;
        const BYTE_STRING: u64 = ItemType::ByteString as u64;
        if let (StackItem::ByteString(bytes), INTEGER) = (&*item, r.operand())
            && let Some(value) = small_from_le_bytes(bytes)
        {
            *item = StackItem::Integer(value);
            return r.next();
        }
        *item = match (&*item, r.operand()) {
            (StackItem::ByteString(bytes), BUFFER) => StackItem::Buffer(Buffer::new(bytes)),
            (StackItem::Buffer(_), BYTE_STRING) => {
                let StackItem::Buffer(buffer) = core::mem::take(item) else { return Flow::Full };
                StackItem::ByteString(ByteString::from_buffer(buffer))
            }
            (item, _) if item.is_compound() => return Flow::Full,
            // The general handler reports the fault.
            (item, to) => match ItemType::from_byte(to as u8).and_then(|to| item.convert(to).ok()) {
                Some(converted) => converted,
                None => return Flow::Full,
            },
        };
    }
    r.next()
}

/// ISTYPE; for compounds only if they have other counted references.
#[inline(always)]
pub(crate) unsafe fn is_type(r: &mut Regs) -> Flow {
    // SAFETY: the tag says whether there is an item; it is dropped before its cell is written.
    unsafe {
        let asked = ItemType::from_byte(r.operand() as u8);
        if r.tag(1) > tag::MAP || asked.is_none() || asked == Some(ItemType::Any) {
            return Flow::Full;
        }
        let is = Some((*r.at(1)).item_type()) == asked;
        if !r.discard(1) {
            return Flow::Full;
        }
        r.set_bool(1, is);
    }
    r.next()
}

/// EQUAL and NOTEQUAL of items that are not compounds, within the limits.
#[inline(always)]
pub(crate) unsafe fn equal(r: &mut Regs, vm: &mut Vm, when: bool) -> Flow {
    // SAFETY: the tags say that both are items; both are dropped before a cell is written.
    unsafe {
        if r.tag(1) >= tag::ARRAY || r.tag(2) >= tag::ARRAY {
            return Flow::Full;
        }
        let Ok(equal) = (*r.at(2)).equals(&*r.at(1), &vm.limits) else { return Flow::Full };
        r.drop_cell(2);
        r.drop_cell(1);
        r.set_bool(2, equal == when);
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn is_null(r: &mut Regs) -> Flow {
    // SAFETY: a scalar needs no dropping.
    unsafe {
        if r.tag(1) > tag::LAST_SCALAR {
            return Flow::Heap;
        }
        let null = r.tag(1) == tag::NULL;
        r.set_bool(1, null);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn is_null_heap(r: &mut Regs) -> Flow {
    // SAFETY: as above.
    unsafe {
        let null = r.tag(1) == tag::NULL;
        if !r.discard(1) {
            return Flow::Full;
        }
        r.set_bool(1, null);
    }
    r.next()
}
