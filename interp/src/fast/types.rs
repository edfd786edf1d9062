//! Conversions between types.

use neovm_types::{Buffer, ByteString, ItemType, StackItem};

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

/// A plain item that has the type already.
#[inline(always)]
pub(crate) unsafe fn convert(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the module's.
    unsafe {
        let same = match r.tag(1) {
            tag::INTEGER => ItemType::Integer,
            tag::BOOLEAN => ItemType::Boolean,
            _ => return Flow::Counted,
        };
        if r.operand() == same as u64 { r.next() } else { Flow::Counted }
    }
}

/// What has the type already, and the two kinds of byte strings.
#[inline(always)]
pub(crate) unsafe fn convert_counted(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tag tells whether there is an item.
    unsafe {
        if r.tag(1) > tag::MAP {
            return Flow::Full;
        }
        let item = &mut *r.at(1);
        if item.item_type() as u64 == r.operand() && !item.is_null() {
            return r.next();
        }
        const BUFFER: u64 = ItemType::Buffer as u64;
        const BYTE_STRING: u64 = ItemType::ByteString as u64;
        *item = match (&*item, r.operand()) {
            (StackItem::ByteString(bytes), BUFFER) => StackItem::Buffer(Buffer::new(bytes)),
            (StackItem::Buffer(_), BYTE_STRING) => {
                let StackItem::Buffer(buffer) = core::mem::take(item) else { return Flow::Full };
                StackItem::ByteString(ByteString::from_buffer(buffer))
            }
            _ => return Flow::Full,
        };
    }
    r.next()
}
