//! Fused handlers: each runs several instructions at once, see [`super::patterns`].
//!
//! A fused handler first checks everything: its operands, its results, and room for the largest number of items that
//! its instructions would have between them. It changes the machine last. If a check fails, it has changed nothing
//! and returns [`Flow::Unfuse`], and the instructions run one by one. All of them are charged before the handler
//! runs.

use core::ops::Range;

use neovm_types::{
    OpCode::{self, DEC},
    StackItem,
    engine_internals::{ArrayInternals, CompoundInternals, append as concatenate, share_memory},
    integer::eval,
};

use super::{
    Flow, Regs,
    floor_mod::{AGREE, DIFFER},
    fused_data, fused_moves, fused_wide,
    patterns::{Fused, Source},
    share,
    slot::frame_slot,
    splice::bytes,
    statics,
};
use crate::{
    inst::DecodedInst,
    stack::{tag, tag_of},
    vm::Vm,
};

/// Runs a fused handler.
///
/// # Safety
/// See [`crate::fast`]; the instructions at `ip` are those of a pattern of the handler.
#[inline(always)]
pub(crate) unsafe fn run(fused: Fused, r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the caller's guarantees are what each handler asks for.
    unsafe {
        match fused {
            // They work on items that own memory.
            Fused::InitStatics | Fused::Append => Flow::Heap,
            Fused::SetStaticBuffer => fused_data::set_static_buffer(r, vm),
            Fused::PushBuffer => fused_data::push_buffer(r, vm),
            Fused::SetStaticData => fused_data::set_static_data(r, vm),
            Fused::SetStaticInt => fused_data::set_static_int(r, vm),
            Fused::Set(from, operator) => set(r, vm, from, operator),
            Fused::JumpIfCompared { from, comparison, when } => jump_if_compared(r, vm, from, comparison, when),
            Fused::DecrementAndCopy => decrement_and_copy(r, vm),
            Fused::JumpIfNotNegative => jump_if_not_negative(r),
            Fused::FloorMod => floor_mod(r, vm),
            Fused::JumpSlot(from, comparison) => jump_slot(r, vm, from, comparison),
            Fused::CombineSlot(from, operator) => combine_slot(r, vm, from, operator),
            Fused::PickItem(from) => pick_item(r, vm, from),
            Fused::Step(operator) => step(r, vm, operator),
            Fused::JumpCopy(comparison) => jump_copy(r, comparison),
            Fused::JumpIfTopCompared { comparison, when } => jump_if_top_compared(r, comparison, when),
            Fused::CombineInt(operator) => combine_int(r, operator),
            Fused::CombineTop(operator) => combine_top(r, vm, operator),
            Fused::PushTwo(from) => fused_moves::push_two(r, vm, from),
            Fused::CombineTopAndStore(from, operator) => combine_top_and_store(r, vm, from, operator),
            Fused::CombineAndStore(operator) => combine_and_store(r, vm, operator),
            Fused::Move(Source::Slot) => fused_moves::move_slot(r, vm),
            Fused::Move(Source::Int) => fused_moves::move_int(r, vm),
            Fused::StoreAndLoad => fused_moves::store_and_load(r, vm),
            Fused::DecrementAndJumpIfCopy => decrement_and_jump_if_copy(r),
            Fused::JumpIfCopy => jump_if_copy(r),
        }
    }
}

/// Runs the form of a fused handler for operands that own memory, if there is one.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
pub(crate) unsafe fn run_heap(fused: Fused, r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the caller's guarantees are what each handler asks for.
    unsafe {
        match fused {
            Fused::InitStatics => statics::init(r, vm),
            Fused::Append => append(r, vm),
            _ => run_wide::<false>(fused, r, vm),
        }
    }
}

/// Runs the form of a fused handler for integers that own memory, if there is one. If `QUICK` it is the quick form, see
/// [`super::wide`], which those of [`crate::op::Form::has_quick`] have.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
pub(crate) unsafe fn run_wide<const QUICK: bool>(fused: Fused, r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the caller's guarantees are what each handler asks for.
    unsafe {
        match fused {
            Fused::Set(from, operator) => fused_wide::set::<QUICK>(r, vm, from, operator),
            Fused::Step(operator) => fused_wide::step::<QUICK>(r, vm, operator),
            Fused::CombineSlot(from, operator) => fused_wide::combine_slot::<QUICK>(r, vm, from, operator),
            Fused::CombineTop(operator) => fused_wide::combine_top::<QUICK>(r, vm, operator),
            Fused::CombineInt(operator) => fused_wide::combine_int::<QUICK>(r, operator),
            Fused::CombineTopAndStore(from, operator) => {
                fused_wide::combine_top_and_store::<QUICK>(r, vm, from, operator)
            }
            Fused::CombineAndStore(operator) => fused_wide::combine_and_store::<QUICK>(r, vm, operator),
            Fused::PushTwo(from) => fused_moves::push_two_heap(r, vm, from),
            Fused::StoreAndLoad => fused_moves::store_and_load_heap::<QUICK>(r, vm),
            Fused::Move(Source::Slot) => fused_moves::move_slot_heap::<QUICK>(r, vm),
            Fused::Move(Source::Int) => fused_wide::move_int::<QUICK>(r, vm),
            Fused::JumpIfCompared { from, comparison, when } => {
                fused_wide::jump_if_compared(r, vm, from, comparison, when)
            }
            Fused::JumpSlot(from, comparison) => fused_wide::jump_slot(r, vm, from, comparison),
            Fused::JumpIfTopCompared { comparison, when } => {
                fused_wide::jump_if_top_compared::<QUICK>(r, comparison, when)
            }
            _ if QUICK => Flow::Heap,
            _ => Flow::Full,
        }
    }
}

/// The fused instructions, by their distance from `ip`.
impl Regs {
    /// Returns the operand of an instruction.
    #[inline(always)]
    pub(super) unsafe fn operand_at(&self, index: usize) -> u64 {
        // SAFETY: decoded instructions are contiguous.
        unsafe { (*self.ip.add(index)).operand }
    }

    /// Continues after the last of `count` instructions.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: usize) -> Flow {
        self.ip = self.ip.wrapping_add(count);
        Flow::Next
    }

    /// Continues after the last of `count` instructions, or at its target if `taken`.
    #[inline(always)]
    pub(super) unsafe fn branch(&mut self, count: usize, taken: bool) -> Flow {
        let last = self.ip.wrapping_add(count - 1);
        // SAFETY: the last one is a jump, whose operand is a distance.
        let distance = unsafe { (*last).operand } as isize;
        self.ip = if taken { last.wrapping_byte_offset(distance) } else { last.wrapping_add(1) };
        Flow::Next
    }
}

/// Returns the integer in the slot that an instruction names.
#[inline(always)]
unsafe fn slot_int(r: &Regs, vm: &Vm, index: usize) -> Option<i64> {
    // SAFETY: a slot that is there is occupied.
    unsafe {
        let slot = frame_slot(r, vm, r.operand_at(index))?;
        if tag_of(slot) != tag::INTEGER {
            return None;
        }
        Some(slot.cast::<i64>().add(1).read())
    }
}

/// Returns the integer that an instruction pushes, from a slot or as a constant.
#[inline(always)]
unsafe fn int_from(r: &Regs, vm: &Vm, from: Source, index: usize) -> Option<i64> {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        match from {
            Source::Slot => slot_int(r, vm, index),
            Source::Int => Some(r.operand_at(index) as i64),
        }
    }
}

/// Returns the slot that an instruction names, if its item is a scalar, which needs no dropping when it is
/// overwritten.
#[inline(always)]
pub(super) unsafe fn scalar_slot(r: &Regs, vm: &Vm, index: usize) -> Option<*mut StackItem> {
    // SAFETY: a slot that is there is occupied.
    unsafe { frame_slot(r, vm, r.operand_at(index)).filter(|&slot| tag_of(slot) <= tag::LAST_SCALAR) }
}

#[inline(always)]
pub(super) unsafe fn write_int(slot: *mut StackItem, value: i64) {
    // SAFETY: the cell holds nothing that needs dropping; this is an integer's layout.
    unsafe {
        slot.cast::<u64>().write(tag::INTEGER);
        slot.cast::<i64>().add(1).write(value);
    }
}

/// slot, slot or integer, operator, store
#[inline(always)]
unsafe fn set(r: &mut Regs, vm: &mut Vm, from: Source, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the slot is written.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), int_from(r, vm, from, 1)) else { return Flow::Heap };
        let (Some(result), Some(slot)) = (eval::binary(operator, a, b), scalar_slot(r, vm, 3)) else {
            return Flow::Heap;
        };
        if !r.has_room(2) {
            return Flow::Heap;
        }
        write_int(slot, result);
        r.skip(4)
    }
}

/// slot, INC or DEC, store
#[inline(always)]
unsafe fn step(r: &mut Regs, vm: &mut Vm, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the slot is written.
    unsafe {
        let Some(result) = slot_int(r, vm, 0).and_then(|value| eval::unary(operator, value)) else {
            return Flow::Heap;
        };
        let Some(slot) = scalar_slot(r, vm, 2) else { return Flow::Heap };
        if !r.has_room(1) {
            return Flow::Heap;
        }
        write_int(slot, result);
        r.skip(3)
    }
}

/// slot, DEC, DUP, store
#[inline(always)]
unsafe fn decrement_and_copy(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: everything is checked before the slot and the stack are written.
    unsafe {
        let Some(result) = slot_int(r, vm, 0).and_then(|value| eval::unary(DEC, value)) else { return Flow::Unfuse };
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
unsafe fn combine_slot(r: &mut Regs, vm: &mut Vm, from: Source, operator: OpCode) -> Flow {
    // SAFETY: everything is checked before the stack is written.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), int_from(r, vm, from, 1)) else { return Flow::Heap };
        let Some(result) = eval::binary(operator, a, b) else { return Flow::Heap };
        if !r.has_room(2) {
            return Flow::Heap;
        }
        r.set_int(0, result);
        r.sp = r.sp.add(1);
        r.skip(3)
    }
}

/// slot, operator: applied to the item on top
#[inline(always)]
unsafe fn combine_top(r: &mut Regs, vm: &mut Vm, operator: OpCode) -> Flow {
    // SAFETY: the tag says that the top item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(b) = slot_int(r, vm, 0) else { return Flow::Heap };
        let Some(result) = eval::binary(operator, r.int(1), b) else { return Flow::Heap };
        if !r.has_room(1) {
            return Flow::Heap;
        }
        r.set_int(1, result);
        r.skip(2)
    }
}

/// integer, operator: applied to the item on top
#[inline(always)]
unsafe fn combine_int(r: &mut Regs, operator: OpCode) -> Flow {
    // SAFETY: the tag says that the top item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(result) = eval::binary(operator, r.int(1), r.operand() as i64) else { return Flow::Heap };
        if !r.has_room(1) {
            return Flow::Heap;
        }
        r.set_int(1, result);
        r.skip(2)
    }
}

/// slot, slot or integer, comparison, JMPIF or JMPIFNOT
#[inline(always)]
unsafe fn jump_if_compared(r: &mut Regs, vm: &mut Vm, from: Source, comparison: OpCode, when: bool) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), int_from(r, vm, from, 1)) else { return Flow::Heap };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(4, eval::compare(comparison, a, b) == Some(when))
    }
}

/// slot, slot or integer, comparing jump
#[inline(always)]
unsafe fn jump_slot(r: &mut Regs, vm: &mut Vm, from: Source, comparison: OpCode) -> Flow {
    // SAFETY: as the documentation of the module guarantees.
    unsafe {
        let (Some(a), Some(b)) = (slot_int(r, vm, 0), int_from(r, vm, from, 1)) else { return Flow::Heap };
        if !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(3, eval::compare(comparison, a, b) == Some(true))
    }
}

/// comparison, JMPIF or JMPIFNOT
#[inline(always)]
unsafe fn jump_if_top_compared(r: &mut Regs, comparison: OpCode, when: bool) -> Flow {
    // SAFETY: the tags say that both items are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER {
            return Flow::Heap;
        }
        let taken = eval::compare(comparison, r.int(2), r.int(1)) == Some(when);
        r.sp = r.at(2);
        r.branch(2, taken)
    }
}

/// DUP, integer, comparing jump
#[inline(always)]
unsafe fn jump_copy(r: &mut Regs, comparison: OpCode) -> Flow {
    // SAFETY: the tag says that the top item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(3, eval::compare(comparison, r.int(1), r.operand_at(1) as i64) == Some(true))
    }
}

/// DUP, JMPIF
#[inline(always)]
unsafe fn jump_if_copy(r: &mut Regs) -> Flow {
    // SAFETY: the tag says that the top item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(1) {
            return Flow::Unfuse;
        }
        r.branch(2, r.int(1) != 0)
    }
}

/// DEC, DUP, JMPIF
#[inline(always)]
unsafe fn decrement_and_jump_if_copy(r: &mut Regs) -> Flow {
    // SAFETY: the tag says that the top item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(1) {
            return Flow::Unfuse;
        }
        let Some(result) = eval::unary(DEC, r.int(1)) else { return Flow::Unfuse };
        r.set_int(1, result);
        r.branch(3, result != 0)
    }
}

/// DUP, SIGN, -1, JMPNE
#[inline(always)]
unsafe fn jump_if_not_negative(r: &mut Regs) -> Flow {
    // SAFETY: the tag says that the top item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER || !r.has_room(2) {
            return Flow::Unfuse;
        }
        r.branch(4, r.int(1) >= 0)
    }
}

/// Returns the cost of the instructions at some distances from `ip`, each run alone.
#[inline(always)]
unsafe fn single_costs(ip: *const DecodedInst, distances: Range<usize>, vm: &Vm) -> i64 {
    let (mut cost, mut distance) = (0, distances.start);
    // No iterator: at low optimization levels its calls would keep the handler from ending in a jump.
    while distance < distances.end {
        // SAFETY: the instructions of the pattern lie one behind the other.
        cost += unsafe { (*ip.add(distance)).single_cost(vm.prices()) };
        distance += 1;
    }
    cost
}

/// The remainder with the sign of the divisor: see [`floor_mod`](super::floor_mod). Which of its instructions count
/// as run depends on the signs.
#[inline(always)]
unsafe fn floor_mod(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the tags say that both items are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER || !r.has_room(3) {
            return Flow::Unfuse;
        }
        let Some((remainder, differs)) = eval::floor_mod(r.int(1), r.int(2)) else { return Flow::Unfuse };
        // All are charged; those that are jumped over are refunded.
        r.meter += single_costs(r.ip, if differs { AGREE } else { DIFFER }, vm);
        r.set_int(2, remainder);
        r.sp = r.at(1);
        r.skip(AGREE.end)
    }
}

/// CAT, CONVERT to a byte string, store: where the first operand is the byte string in the slot, the second is added to
/// it there.
#[inline(always)]
unsafe fn append(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: everything is checked before the slot is written. Both operands are dropped, so nobody else may hold the
    // byte string in the slot then.
    unsafe {
        let Some(slot) = frame_slot(r, vm, r.operand_at(2)) else { return Flow::Unfuse };
        if tag_of(slot) != tag::BYTE_STRING || r.tag(2) != tag::BYTE_STRING {
            return Flow::Unfuse;
        }
        let (StackItem::ByteString(first), StackItem::ByteString(own)) = (&*r.at(2), &mut *slot) else {
            return Flow::Unfuse;
        };
        let Some(more) = bytes(r, 1) else { return Flow::Unfuse };
        if !share_memory(first, own) || first.len() + more.len() > vm.limits.max_item_size as usize {
            return Flow::Unfuse;
        }
        r.drop_cell(2);
        concatenate(own, more);
        r.drop_cell(1);
        r.sp = r.at(2);
        r.skip(3)
    }
}

/// slot or integer, operator, store: applied to the item on top
#[inline(always)]
unsafe fn combine_top_and_store(r: &mut Regs, vm: &mut Vm, from: Source, operator: OpCode) -> Flow {
    // SAFETY: the tag says that the top item is an integer.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Heap;
        }
        let Some(b) = int_from(r, vm, from, 0) else { return Flow::Heap };
        let (Some(result), Some(slot)) = (eval::binary(operator, r.int(1), b), scalar_slot(r, vm, 2)) else {
            return Flow::Heap;
        };
        if !r.has_room(1) {
            return Flow::Heap;
        }
        write_int(slot, result);
        r.sp = r.at(1);
        r.skip(3)
    }
}

/// operator, store
#[inline(always)]
unsafe fn combine_and_store(r: &mut Regs, vm: &mut Vm, operator: OpCode) -> Flow {
    // SAFETY: the tags say that both items are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER {
            return Flow::Heap;
        }
        let (Some(result), Some(slot)) = (eval::binary(operator, r.int(2), r.int(1)), scalar_slot(r, vm, 1)) else {
            return Flow::Heap;
        };
        write_int(slot, result);
        r.sp = r.at(2);
        r.skip(2)
    }
}

/// slot, slot or integer, PICKITEM: the container stays where it is
#[inline(always)]
unsafe fn pick_item(r: &mut Regs, vm: &mut Vm, from: Source) -> Flow {
    // SAFETY: the slot is occupied and keeps the container; no method of the
    // array runs while its items are read.
    unsafe {
        let Some(slot) = frame_slot(r, vm, r.operand_at(0)) else { return Flow::Unfuse };
        let Some(index) = int_from(r, vm, from, 1) else { return Flow::Unfuse };
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
