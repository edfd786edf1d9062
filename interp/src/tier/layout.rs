//! Where things lie, in bytes: what compiled code reads and writes.

use alloc::{rc::Rc, vec::Vec};
use core::mem::offset_of;

use neovm_types::{Array, Limits, StackItem};

use super::Calls;
use crate::{stack::tag, vm::Vm};

/// Behind the top item of the evaluation stack.
pub const SP: i32 = offset_of!(Vm, sp) as i32;
/// The highest stack pointer allowed.
pub const LIMIT: i32 = offset_of!(Vm, limit) as i32;
/// Where the last argument lies, in bytes from the slots.
pub const ARGS_OFFSET: i32 = offset_of!(Vm, args_offset) as i32;
/// The number of local variables, of four bytes.
pub const LOCALS: i32 = offset_of!(Vm, locals) as i32;
/// The first static field.
pub const STATICS: i32 = offset_of!(Vm, statics) as i32;
/// Their number, of four bytes.
pub const STATICS_COUNT: i32 = offset_of!(Vm, statics_count) as i32;
/// The lowest limit that compiled code can go on with: builtins look at it.
pub const NEEDED: i32 = offset_of!(Vm, needed) as i32;
/// The bottom of the evaluation stack.
pub const STACK: i32 = offset_of!(Vm, stack) as i32;
/// The lowest place that the native stack pointer may have in a called method.
pub const NATIVE_LIMIT: i32 = (offset_of!(Vm, calls) + offset_of!(Calls, native_limit)) as i32;
/// What the stack pointer and the place behind a called frame's slots must not
/// exceed together.
pub const ROOM: i32 = (offset_of!(Vm, calls) + offset_of!(Calls, room)) as i32;
/// The place behind the memory for slots.
pub const SLOTS_END: i32 = (offset_of!(Vm, calls) + offset_of!(Calls, slots_end)) as i32;
/// Most bits of a shift, of four bytes.
pub const MAX_SHIFT: i32 = (offset_of!(Vm, limits) + offset_of!(Limits, max_shift)) as i32;

/// Bytes of a stack item: eight of its tag, and eight of its payload.
pub const ITEM: i32 = size_of::<StackItem>() as i32;

/// The tag of a small integer.
pub const INTEGER: i64 = tag::INTEGER as i64;
/// The tag of a boolean, whose payload is 0 or 1.
pub const BOOLEAN: i64 = tag::BOOLEAN as i64;
/// The tag of Null, whose payload means nothing.
pub const NULL: i64 = tag::NULL as i64;
/// Items with tags up to this one can be copied and forgotten.
pub const LAST_SCALAR: i64 = tag::LAST_SCALAR as i64;
/// The tag of a byte string.
pub const BYTE_STRING: i64 = tag::BYTE_STRING as i64;
/// The tag of a buffer.
pub const BUFFER: i64 = tag::BUFFER as i64;
/// The tag of an array; that of a struct is one more.
pub const ARRAY: i64 = tag::ARRAY as i64;
/// The tag of a struct.
pub const STRUCT: i64 = ARRAY + 1;
/// The tag of a map.
pub const MAP: i64 = tag::MAP as i64;

/// Where the parts of an array lie, in bytes from the payload of its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayLayout {
    /// Its consensus count, of four bytes.
    pub references: i32,
    /// Its flags, a byte: [`neovm_types::item::Header::READ_ONLY`] is one.
    pub flags: i32,
    /// A word that is zero while nobody looks at the items.
    pub borrowed: i32,
    /// The first item's address.
    pub items: i32,
    /// The number of items.
    pub length: i32,
}

impl ArrayLayout {
    /// The layout in this build, which the compiler chooses; found by looking at
    /// an array. None if it is not as expected: then compiled code leaves arrays
    /// to the interpreter's operations.
    pub fn find() -> Option<Self> {
        let mut items = Vec::with_capacity(7);
        items.extend([StackItem::Null, StackItem::Null, StackItem::Null]);
        let first = items.as_ptr().addr();
        let array = Rc::new(Array::of_leaves(items));
        let start = Rc::as_ptr(&array).addr();
        let vec = array.as_ptr().addr() - start;
        let item = StackItem::Array(Rc::clone(&array));
        // SAFETY: an array's item has the address of its counted memory as payload.
        let payload = unsafe { core::ptr::from_ref(&item).cast::<usize>().add(1).read() };
        let words = || {
            // SAFETY: the array is made of initialized words, all of them integers
            // or addresses; nothing is done with the copy but to compare it.
            let words =
                unsafe { core::slice::from_raw_parts(Rc::as_ptr(&array).cast::<usize>(), size_of::<Array>() / 8) };
            words.to_vec()
        };
        let quiet = words();
        let mut looked_at = Vec::new();
        array.for_each(|_| looked_at = words());
        let changed: Vec<_> = (0..quiet.len()).filter(|&i| quiet[i] != looked_at[i]).collect();
        let find = |value: usize| (vec / 8..vec / 8 + 3).find(|&i| quiet.get(i) == Some(&value));
        let (ptr, length, capacity) = (find(first)?, find(3)?, find(7)?);
        let [borrowed] = changed[..] else { return None };
        let expected = size_of::<Array>() == 40 && size_of::<StackItem>() == 16 && quiet[borrowed] == 0;
        let distinct = ptr != length && length != capacity && ptr != capacity;
        let base = i32::try_from(start.checked_sub(payload)?).ok()?;
        let word = |i: usize| base + 8 * i as i32;
        let (references, flags) = Array::COUNT_AND_FLAGS;
        (expected && distinct).then_some(Self {
            references: base + references as i32,
            flags: base + flags as i32,
            borrowed: word(borrowed),
            items: word(ptr),
            length: word(length),
        })
    }
}
