//! Instructions that reorder the evaluation stack.

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

#[inline(always)]
pub(crate) unsafe fn depth(r: &mut Regs, vm: &mut Vm) -> Flow {
    let count = (r.sp as usize - vm.stack as usize) / size_of::<neovm_types::StackItem>();
    // SAFETY: there is room for one cell at `sp`.
    unsafe { r.set_int(0, count as i64) };
    r.pushed()
}

#[inline(always)]
pub(crate) unsafe fn drop_top(r: &mut Regs) -> Flow {
    // SAFETY: the cell is occupied or a sentinel.
    if unsafe { r.tag(1) } <= tag::LAST_SCALAR { r.popped(1) } else { Flow::Heap }
}

#[inline(always)]
pub(crate) unsafe fn drop_heap(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the cell is occupied or a sentinel. It is left above `sp`.
    unsafe {
        if r.tag(1) > tag::MAP || !r.release(vm, r.at(1)) {
            return Flow::Full;
        }
        r.drop_cell(1);
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn nip(r: &mut Regs) -> Flow {
    // SAFETY: the tags say that both cells are occupied; the second is overwritten.
    unsafe {
        if r.tag(1) > tag::MAP || r.tag(2) > tag::LAST_SCALAR {
            return Flow::Heap;
        }
        Regs::copy(r.at(1), r.at(2));
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn nip_heap(r: &mut Regs) -> Flow {
    // SAFETY: the tags say that both cells are occupied; the second is overwritten.
    unsafe {
        if r.tag(1) > tag::MAP || !r.discard(2) {
            return Flow::Full;
        }
        Regs::copy(r.at(1), r.at(2));
    }
    r.popped(1)
}

#[inline(always)]
pub(crate) unsafe fn dup(r: &mut Regs) -> Flow {
    // SAFETY: the cell is occupied or a sentinel.
    unsafe { r.push_copy(r.at(1)) }
}

#[inline(always)]
pub(crate) unsafe fn over(r: &mut Regs) -> Flow {
    // SAFETY: the cell is occupied or a sentinel.
    unsafe { r.push_copy(r.at(2)) }
}

#[inline(always)]
pub(crate) unsafe fn pick(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the index is checked against the number of items below it.
    unsafe {
        if r.tag(1) != tag::INTEGER {
            return Flow::Full;
        }
        let below = (r.sp as usize - vm.stack as usize) / size_of::<neovm_types::StackItem>() - 1;
        let index = r.int(1) as u64;
        if index >= below as u64 {
            return Flow::Full;
        }
        let index_cell = r.at(1);
        r.sp = index_cell;
        let flow = r.push_copy(r.at(index as usize + 1));
        if flow == Flow::Full {
            r.sp = index_cell.wrapping_add(1);
        }
        flow
    }
}

/// Returns whether the stack has at least `cells` items.
#[inline(always)]
fn has(r: &Regs, vm: &Vm, cells: usize) -> bool {
    r.at(cells) >= vm.stack
}

#[inline(always)]
unsafe fn exchange(r: &mut Regs, a: usize, b: usize) {
    use core::mem::MaybeUninit;
    // SAFETY: both cells are occupied.
    unsafe {
        let mut held = MaybeUninit::uninit();
        Regs::copy(r.at(a), held.as_mut_ptr());
        Regs::copy(r.at(b), r.at(a));
        Regs::copy(held.as_ptr(), r.at(b));
    }
}

#[inline(always)]
pub(crate) unsafe fn swap(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: both cells are occupied where they are exchanged.
    unsafe {
        if !has(r, vm, 2) {
            return Flow::Full;
        }
        exchange(r, 1, 2);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn rot(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the three cells are occupied where they are exchanged.
    unsafe {
        if !has(r, vm, 3) {
            return Flow::Full;
        }
        exchange(r, 2, 3);
        exchange(r, 1, 2);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn reverse3(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the three cells are occupied where they are exchanged.
    unsafe {
        if !has(r, vm, 3) {
            return Flow::Full;
        }
        exchange(r, 1, 3);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn reverse4(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the four cells are occupied where they are exchanged.
    unsafe {
        if !has(r, vm, 4) {
            return Flow::Full;
        }
        exchange(r, 1, 4);
        exchange(r, 2, 3);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn tuck(r: &mut Regs) -> Flow {
    // SAFETY: both cells are occupied where they are moved, and a scalar is
    // copied; there is room for one cell.
    unsafe {
        if r.tag(1) > tag::LAST_SCALAR || r.tag(2) > tag::MAP {
            return Flow::Heap;
        }
        Regs::copy(r.at(1), r.sp);
        Regs::copy(r.at(2), r.at(1));
        Regs::copy(r.sp, r.at(2));
    }
    r.pushed()
}

#[inline(always)]
pub(crate) unsafe fn tuck_heap(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: both cells are occupied; the copy that lies on top stays there.
    unsafe {
        if !has(r, vm, 2) {
            return Flow::Full;
        }
        let flow = r.push_copy(r.at(1));
        if flow != Flow::Full {
            exchange(r, 2, 3);
        }
        flow
    }
}
