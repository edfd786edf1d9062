//! Offsets in bytes of everything that compiled code reads and writes.

use core::mem::offset_of;

use neovm_types::{
    Array, Limits, StackItem,
    engine_internals::{Header, array_layout, bytes_layout, map_layout},
};

use super::Calls;
use crate::{stack::tag, vm::Vm};

/// The end of the evaluation stack, behind its top item.
pub const SP: i32 = offset_of!(Vm, sp) as i32;
/// The highest stack pointer allowed.
pub const LIMIT: i32 = offset_of!(Vm, limit) as i32;
/// The highest limit that there is memory for.
pub const END: i32 = offset_of!(Vm, end) as i32;
/// The offset of the last argument from the slots, in bytes.
pub const ARGS_OFFSET: i32 = offset_of!(Vm, args_offset) as i32;
/// The number of local variables, of four bytes.
pub const LOCALS: i32 = offset_of!(Vm, locals) as i32;
/// The first static field.
pub const STATICS: i32 = offset_of!(Vm, statics) as i32;
/// The number of static fields, of four bytes.
pub const STATICS_COUNT: i32 = offset_of!(Vm, statics_count) as i32;
/// The lowest limit with which compiled code can continue; builtins check it.
pub const NEEDED: i32 = offset_of!(Vm, needed) as i32;
/// The bottom of the evaluation stack.
pub const STACK: i32 = offset_of!(Vm, stack) as i32;
/// The lowest value of the native stack pointer in a called method.
pub const NATIVE_LIMIT: i32 = (offset_of!(Vm, calls) + offset_of!(Calls, native_limit)) as i32;
/// The bound of the sum of the stack pointer and the end of a called frame's
/// slots.
pub const ROOM: i32 = (offset_of!(Vm, calls) + offset_of!(Calls, room)) as i32;
/// The end of the memory for slots.
pub const SLOTS_END: i32 = (offset_of!(Vm, calls) + offset_of!(Calls, slots_end)) as i32;
/// Where compiled code stores which guard failed: the index of its instruction, plus one.
pub const FAILED_GUARD: i32 = offset_of!(Vm, failed_guard) as i32;
/// Words in which compiled code stores which part of a try block runs.
pub const TRY_PARTS: i32 = offset_of!(Vm, try_parts) as i32;
/// The largest number of bits to shift by, of four bytes.
pub const MAX_SHIFT: i32 = (offset_of!(Vm, limits) + offset_of!(Limits, max_shift)) as i32;
/// The largest size of an item, of four bytes.
pub const MAX_ITEM_SIZE: i32 = (offset_of!(Vm, limits) + offset_of!(Limits, max_item_size)) as i32;

/// Bytes of a stack item: eight of its tag, and eight of its payload.
pub const ITEM: i32 = size_of::<StackItem>() as i32;

/// The tag of a small integer.
pub const INTEGER: i64 = tag::INTEGER as i64;
/// The tag of a boolean, whose payload is 0 or 1.
pub const BOOLEAN: i64 = tag::BOOLEAN as i64;
/// The tag of Null, whose payload is unspecified.
pub const NULL: i64 = tag::NULL as i64;
/// The tag of an integer that does not fit 64 bits.
pub const WIDE: i64 = tag::WIDE as i64;
/// Items with tags up to this one own no memory: they can be copied, and need not be dropped.
pub const LAST_SCALAR: i64 = tag::LAST_SCALAR as i64;
/// The tag of a byte string.
pub const BYTE_STRING: i64 = tag::BYTE_STRING as i64;
/// The tag of a buffer.
pub const BUFFER: i64 = tag::BUFFER as i64;
/// The tag of an array. The tag of a struct is one more.
pub const ARRAY: i64 = tag::ARRAY as i64;
/// The tag of a struct.
pub const STRUCT: i64 = ARRAY + 1;
/// The tag of a cell without an item.
pub const EMPTY: i64 = tag::EMPTY as i64;
/// The tag of a map.
pub const MAP: i64 = tag::MAP as i64;

/// The offset of an array's flags, a byte, from the payload of its item.
pub const ARRAY_FLAGS: i32 = array_layout::FLAGS as i32;
/// The offset of the first item's address.
pub const ARRAY_ITEMS: i32 = array_layout::ITEMS as i32;
/// The offset of the number of items, of eight bytes.
pub const ARRAY_LENGTH: i32 = array_layout::LENGTH as i32;
/// The offset of the number of bytes of a byte string or buffer, of four bytes, from the payload of its item.
pub const BYTES_LENGTH: i32 = bytes_layout::LENGTH as i32;
/// The offset of a map's flags, a byte, from the payload of its item.
pub const MAP_FLAGS: i32 = map_layout::FLAGS as i32;
/// The flags of an array or map whose items must not change: it is read-only, or
/// the host is reading them.
pub const BARRED: u8 = Header::BARRED;

const _: () = {
    let most_used = [
        (SP, 8),
        (LIMIT, 8),
        (offset_of!(Vm, end) as i32, 8),
        (STACK, 8),
        (STATICS, 8),
        (LOCALS, 4),
        (STATICS_COUNT, 4),
        (ARGS_OFFSET, 8),
        (offset_of!(Vm, constants) as i32, 8),
        (offset_of!(Vm, counters) as i32, 8),
        (NEEDED, 8),
        (NATIVE_LIMIT, 8),
        (ROOM, 8),
        (SLOTS_END, 8),
        (MAX_SHIFT, 4),
        (MAX_ITEM_SIZE, 4),
    ];
    let mut i = 0;
    while i < most_used.len() {
        assert!(most_used[i].0 + most_used[i].1 <= 128, "reached by a displacement of one byte");
        i += 1;
    }
    // Where addresses have 32 bits, nothing is compiled.
    if cfg!(target_pointer_width = "64") {
        assert!(size_of::<StackItem>() == 16 && align_of::<StackItem>() == 8, "a tag and a payload");
        assert!(size_of::<Array>() == 8, "an array's item has one address as its payload");
    }
};
