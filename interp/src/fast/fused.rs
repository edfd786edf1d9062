//! Fused handlers: several instructions at once, as compilers put them.
//!
//! Each looks at everything first - operands, results, room for the highest
//! point in between - and commits last; else it has done nothing and says
//! [`Flow::Unfuse`], and the instructions run one by one. All of them are
//! charged already when a handler runs.

use neovm_types::{
    Buffer, ByteString, StackItem,
    engine_internals::{ArrayInternals, CompoundInternals, ItemInternals, Lent},
};

use super::{
    Flow, Regs, duplicate, share,
    slot::{frame_slot, static_slot},
};
use crate::{
    stack::{drop_cell, tag, tag_of},
    vm::Vm,
};

// Where a second operand comes from.
pub(crate) const SLOT: u8 = 0;
pub(crate) const INT: u8 = 1;

// Operators.
pub(crate) const ADD: u8 = 0;
pub(crate) const SUB: u8 = 1;
pub(crate) const MUL: u8 = 2;
pub(crate) const DIV: u8 = 3;
pub(crate) const MOD: u8 = 4;
pub(crate) const AND: u8 = 5;

// Comparisons.
pub(crate) const LT: u8 = 0;
pub(crate) const LE: u8 = 1;
pub(crate) const GT: u8 = 2;
pub(crate) const GE: u8 = 3;
pub(crate) const EQUAL: u8 = 4;
pub(crate) const NOT_EQUAL: u8 = 5;

#[inline(always)]
fn combined<const OP: u8>(a: i64, b: i64) -> Option<i64> {
    match OP {
        ADD => a.checked_add(b),
        SUB => a.checked_sub(b),
        MUL => a.checked_mul(b),
        DIV => a.checked_div(b),
        MOD => a.checked_rem(b),
        _ => Some(a & b),
    }
}

#[inline(always)]
fn compared<const OP: u8>(a: i64, b: i64) -> bool {
    match OP {
        LT => a < b,
        LE => a <= b,
        GT => a > b,
        GE => a >= b,
        EQUAL => a == b,
        _ => a != b,
    }
}

/// The cells that are fused: those from `ip` on.
impl Regs {
    /// The operand of a cell behind `ip`.
    #[inline(always)]
    unsafe fn operand_at(&self, place: usize) -> u64 {
        // SAFETY: fused cells lie one behind the other in the code.
        unsafe { (*self.ip.add(place)).operand }
    }

    /// Goes on behind the fused cells.
    #[inline(always)]
    fn skip(&mut self, cells: usize) -> Flow {
        self.ip = self.ip.wrapping_add(cells);
        Flow::Next
    }

    /// Goes on behind the fused cells, the last of which jumps if `taken`.
    #[inline(always)]
    unsafe fn branch(&mut self, cells: usize, taken: bool) -> Flow {
        let last = self.ip.wrapping_add(cells - 1);
        // SAFETY: the last cell is a jump, whose operand is a distance.
        let distance = unsafe { (*last).operand } as isize;
        self.ip = if taken { last.wrapping_byte_offset(distance) } else { last.wrapping_add(1) };
        Flow::Next
    }
}

/// The integer in the slot that a cell names.
#[inline(always)]
unsafe fn slot_int(r: &Regs, vm: &Vm, place: usize) -> Option<i64> {
    // SAFETY: a slot that is there is occupied.
    unsafe {
        let slot = frame_slot(r, vm, r.operand_at(place))?;
        if tag_of(slot) != tag::INTEGER {
            return None;
        }
        Some(slot.cast::<i64>().add(1).read())
    }
}

/// The integer that the second cell names or is.
#[inline(always)]
unsafe fn second<const FROM: u8>(r: &Regs, vm: &Vm) -> Option<i64> {
    // SAFETY: the module's.
    unsafe { if FROM == INT { Some(r.operand_at(1) as i64) } else { slot_int(r, vm, 1) } }
}

/// The slot that a cell names, if storing into it drops nothing.
#[inline(always)]
unsafe fn scalar_slot(r: &Regs, vm: &Vm, place: usize) -> Option<*mut StackItem> {
    // SAFETY: a slot that is there is occupied.
    unsafe { frame_slot(r, vm, r.operand_at(place)).filter(|&slot| tag_of(slot) <= tag::LAST_SCALAR) }
}

#[inline(always)]
unsafe fn write_int(slot: *mut StackItem, value: i64) {
    // SAFETY: the cell holds nothing that needs dropping; this is an integer's layout.
    unsafe {
        slot.cast::<u64>().write(tag::INTEGER);
        slot.cast::<i64>().add(1).write(value);
    }
}

/// slot, slot or integer, operator, store
#[inline(always)]
pub(crate) unsafe fn set<const FROM: u8, const OP: u8>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the slot is written.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), second::<FROM>(r, vm)) else { return Flow::Unfuse };
        let (Some(result), Some(slot)) = (combined::<OP>(a, b), scalar_slot(r, vm, 3)) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        write_int(slot, result);
        r.skip(4)
    }
}

/// slot, INC or DEC, store
#[inline(always)]
pub(crate) unsafe fn step<const BY: i64>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the slot is written.
    unsafe {
        let Some(result) = slot_int(r, vm, 0).and_then(|value| value.checked_add(BY)) else { return Flow::Unfuse };
        let Some(slot) = scalar_slot(r, vm, 2) else { return Flow::Unfuse };
        if !r.has_room(1) {
            return Flow::Unfuse;
        }
        write_int(slot, result);
        r.skip(3)
    }
}

/// slot, DEC, DUP, store
#[inline(always)]
pub(crate) unsafe fn decrement_and_copy(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the slot and the stack are written.
    unsafe {
        let Some(result) = slot_int(r, vm, 0).and_then(|value| value.checked_sub(1)) else { return Flow::Unfuse };
        let Some(slot) = scalar_slot(r, vm, 3) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        write_int(slot, result);
        r.set_int(0, result);
        r.sp = r.sp.add(1);
        r.skip(4)
    }
}

/// slot, slot or integer, operator
#[inline(always)]
pub(crate) unsafe fn combine_slot<const FROM: u8, const OP: u8>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the stack is written.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), second::<FROM>(r, vm)) else { return Flow::Unfuse };
        let Some(result) = combined::<OP>(a, b) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.set_int(0, result);
        r.sp = r.sp.add(1);
        r.skip(3)
    }
}

/// slot, operator: with the item on top
#[inline(always)]
pub(crate) unsafe fn combine_top<const OP: u8>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the tag tells that the top is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Unfuse;
        }
        let Some(b) = slot_int(r, vm, 0) else { return Flow::Unfuse };
        let Some(result) = combined::<OP>(r.int(1), b) else { return Flow::Unfuse };
        if !r.has_room(1) {
            return Flow::Unfuse;
        }
        r.set_int(1, result);
        r.skip(2)
    }
}

/// integer, operator: with the item on top
#[inline(always)]
pub(crate) unsafe fn combine_int<const OP: u8>(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tag tells that the top is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Unfuse;
        }
        let Some(result) = combined::<OP>(r.int(1), r.operand() as i64) else { return Flow::Unfuse };
        if !r.has_room(1) {
            return Flow::Unfuse;
        }
        r.set_int(1, result);
        r.skip(2)
    }
}

/// slot, slot or integer, comparison, JMPIF or JMPIFNOT
#[inline(always)]
pub(crate) unsafe fn compare_slot<const FROM: u8, const OP: u8, const WHEN: bool>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the module's.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), second::<FROM>(r, vm)) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(4, compared::<OP>(a, b) == WHEN)
    }
}

/// slot, slot or integer, comparing jump
#[inline(always)]
pub(crate) unsafe fn jump_slot<const FROM: u8, const OP: u8>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the module's.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), second::<FROM>(r, vm)) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(3, compared::<OP>(a, b))
    }
}

/// comparison, JMPIF or JMPIFNOT
#[inline(always)]
pub(crate) unsafe fn compare<const OP: u8, const WHEN: bool>(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tags tell that both are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER {
            return Flow::Unfuse;
        }
        let taken = compared::<OP>(r.int(2), r.int(1)) == WHEN;
        r.sp = r.at(2);
        r.branch(2, taken)
    }
}

/// DUP, integer, comparing jump
#[inline(always)]
pub(crate) unsafe fn jump_copy<const OP: u8>(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tag tells that the top is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(3, compared::<OP>(r.int(1), r.operand_at(1) as i64))
    }
}

/// DUP, JMPIF
#[inline(always)]
pub(crate) unsafe fn jump_if_copy(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tag tells that the top is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(1) {
            return Flow::Unfuse;
        }
        r.branch(2, r.int(1) != 0)
    }
}

/// DEC, DUP, JMPIF
#[inline(always)]
pub(crate) unsafe fn decrement_and_jump_if_copy(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tag tells that the top is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(1) {
            return Flow::Unfuse;
        }
        let Some(result) = r.int(1).checked_sub(1) else { return Flow::Unfuse };
        r.set_int(1, result);
        r.branch(3, result != 0)
    }
}

/// DUP, SIGN, -1, JMPNE
#[inline(always)]
pub(crate) unsafe fn jump_if_not_negative(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tag tells that the top is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(4, r.int(1) >= 0)
    }
}

/// The remainder with the divisor's sign: see `fuse::is_floor_mod`. Which of its
/// cells run depends on the signs.
#[inline(always)]
pub(crate) unsafe fn floor_mod(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the tags tell that both are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER || !r.has_room(3) {
            return Flow::Unfuse;
        }
        let (dividend, divisor) = (r.int(1), r.int(2));
        let Some(remainder) = dividend.checked_rem(divisor) else { return Flow::Unfuse };
        let differ = remainder.signum() != divisor.signum() && remainder != 0;
        // Where the signs differ NIP is jumped over, else ADD and JMP are.
        let cost = |place: usize| (*r.ip.add(place)).single_cost(vm.prices());
        r.meter += if differ { cost(16) } else { cost(14) + cost(15) };
        let result = if differ { remainder + divisor } else { remainder };
        r.set_int(2, result);
        r.sp = r.at(1);
        r.skip(17)
    }
}

/// The slot that a cell names, if its item can be pushed: no compound that is
/// not counted.
#[inline(always)]
unsafe fn shareable_slot(r: &Regs, vm: &Vm, place: usize) -> Option<*mut StackItem> {
    // SAFETY: the cell of a slot is occupied or empty.
    unsafe {
        let slot = frame_slot(r, vm, r.operand_at(place))?;
        let tag = tag_of(slot);
        let can =
            tag < tag::ARRAY || tag <= tag::MAP && (*slot).header().is_some_and(|header| header.references() != 0);
        can.then_some(slot)
    }
}

/// Puts another reference to the item in such a slot into a cell.
#[inline(always)]
unsafe fn share_into(slot: *const StackItem, cell: *mut StackItem) {
    // SAFETY: the slot is occupied, and nothing is in the cell.
    unsafe {
        if tag_of(slot) <= tag::LAST_SCALAR {
            Regs::copy(slot, cell);
        } else {
            share(&*slot);
            cell.write(duplicate(&*slot));
        }
    }
}

/// slot, slot or integer: pushed
#[inline(always)]
pub(crate) unsafe fn push_two<const FROM: u8>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: both slots are looked at before the stack is written.
    unsafe {
        let Some(first) = scalar_slot(r, vm, 0) else { return Flow::Heap };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        if FROM == INT {
            write_int(r.sp.add(1), r.operand_at(1) as i64);
        } else {
            let Some(second) = scalar_slot(r, vm, 1) else { return Flow::Heap };
            Regs::copy(second, r.sp.add(1));
        }
        Regs::copy(first, r.sp);
        r.sp = r.sp.add(2);
        r.skip(2)
    }
}

#[inline(always)]
pub(crate) unsafe fn push_two_heap<const FROM: u8>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: both slots are looked at before the stack is written.
    unsafe {
        let Some(first) = shareable_slot(r, vm, 0) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        if FROM == INT {
            write_int(r.sp.add(1), r.operand_at(1) as i64);
        } else {
            let Some(second) = shareable_slot(r, vm, 1) else { return Flow::Unfuse };
            share_into(second, r.sp.add(1));
        }
        share_into(first, r.sp);
        r.sp = r.sp.add(2);
        r.skip(2)
    }
}

/// store, slot
#[inline(always)]
pub(crate) unsafe fn store_and_load(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the stored item moves into a slot that drops nothing; then the
    // cell on top is free for a plain item.
    unsafe {
        let (Some(to), Some(from)) = (scalar_slot(r, vm, 0), scalar_slot(r, vm, 1)) else { return Flow::Heap };
        if from == to || r.tag(1) > tag::MAP {
            return Flow::Unfuse;
        }
        Regs::copy(r.at(1), to);
        Regs::copy(from, r.at(1));
        r.skip(2)
    }
}

#[inline(always)]
pub(crate) unsafe fn store_and_load_heap(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the stored item moves into a slot whose old item is dropped; then
    // the cell on top is free for another.
    unsafe {
        let Some(to) = frame_slot(r, vm, r.operand_at(0)) else { return Flow::Unfuse };
        let Some(from) = shareable_slot(r, vm, 1) else { return Flow::Unfuse };
        if from == to || r.tag(1) > tag::MAP || tag_of(to) >= tag::ARRAY {
            return Flow::Unfuse;
        }
        drop_cell(to);
        Regs::copy(r.at(1), to);
        share_into(from, r.at(1));
        r.skip(2)
    }
}

/// slot, slot or integer, PICKITEM: the container is not moved
#[inline(always)]
pub(crate) unsafe fn pick<const FROM: u8>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the slot is occupied and keeps the container; no method of the
    // array runs while its items are looked at.
    unsafe {
        let Some(slot) = frame_slot(r, vm, r.operand_at(0)) else { return Flow::Unfuse };
        let Some(index) = second::<FROM>(r, vm) else { return Flow::Unfuse };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        if tag_of(slot) > tag::MAP {
            return Flow::Unfuse;
        }
        let (StackItem::Array(array) | StackItem::Struct(array)) = &*slot else { return Flow::Unfuse };
        let items = &*array.items();
        match usize::try_from(index).ok().and_then(|index| items.get(index)) {
            Some(item) if tag_of(item) <= tag::LAST_SCALAR => Regs::copy(item, r.sp),
            Some(item) if array.header().references() > 0 && share(item) => r.sp.write(item.clone()),
            _ => return Flow::Unfuse,
        }
        r.sp = r.sp.add(1);
        r.skip(3)
    }
}

/// The byte string that the first cell holds, if it is not too long.
#[inline(always)]
unsafe fn data<'a>(r: &Regs, vm: &'a Vm) -> Option<&'a ByteString> {
    // SAFETY: the decoder put the constant's place there. The cell at `sp` is
    // free, and the byte string in it need not be dropped.
    unsafe {
        r.sp.write(StackItem::ByteString(ByteString::constant(vm.constants, r.operand() as usize)));
        match &*r.sp {
            StackItem::ByteString(data) if data.len() <= vm.limits.max_item_size as usize && r.has_room(1) => {
                Some(data)
            }
            _ => None,
        }
    }
}

/// The static field that a cell names, if storing into it drops nothing.
#[inline(always)]
unsafe fn scalar_static(r: &Regs, vm: &Vm, place: usize) -> Option<*mut StackItem> {
    // SAFETY: a static field that is there is occupied.
    unsafe { static_slot(r, vm, r.operand_at(place)).filter(|&slot| tag_of(slot) <= tag::LAST_SCALAR) }
}

/// data, CONVERT to a buffer
#[inline(always)]
pub(crate) unsafe fn push_buffer(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the stack is written.
    unsafe {
        let Some(data) = data(r, vm) else { return Flow::Unfuse };
        r.sp.write(StackItem::Buffer(Buffer::new(data)));
        r.sp = r.sp.add(1);
        r.skip(2)
    }
}

/// data, CONVERT to a buffer, static store
#[inline(always)]
pub(crate) unsafe fn set_static_buffer(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the field is written.
    unsafe {
        let (Some(data), Some(field)) = (data(r, vm), scalar_static(r, vm, 2)) else { return Flow::Unfuse };
        field.write(StackItem::Buffer(Buffer::new(data)));
        r.skip(3)
    }
}

/// data, static store
#[inline(always)]
pub(crate) unsafe fn set_static_data(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the field is written.
    unsafe {
        let (Some(_), Some(field)) = (data(r, vm), scalar_static(r, vm, 1)) else { return Flow::Unfuse };
        Regs::copy(r.sp, field);
        r.skip(2)
    }
}

/// integer, static store
#[inline(always)]
pub(crate) unsafe fn set_static_int(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: all is looked at before the field is written.
    unsafe {
        let Some(field) = scalar_static(r, vm, 1) else { return Flow::Unfuse };
        if !r.has_room(1) {
            return Flow::Unfuse;
        }
        write_int(field, r.operand() as i64);
        r.skip(2)
    }
}
