//! Static fields, local variables and arguments.

use neovm_types::StackItem;

use super::{Flow, Regs};
use crate::{
    stack::{tag, tag_of},
    vm::Vm,
};

#[inline(always)]
pub(crate) unsafe fn init(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: room and items are checked before slots are made of them.
    unsafe {
        let (locals, arguments) = (r.operand() as usize & 0xff, r.operand() as usize >> 8);
        let count = locals + arguments;
        let items = (r.sp as usize - vm.stack as usize) / size_of::<StackItem>();
        let base = r.slots.wrapping_add(arguments);
        let fits = base.wrapping_add(locals) <= vm.slots_end();
        if vm.locals | vm.arguments != 0 || count == 0 || items < arguments || !fits {
            return Flow::Full;
        }
        r.sp = r.at(arguments);
        for i in 0..arguments {
            Regs::copy(r.sp.add(i), r.slots.add(i));
        }
        for i in 0..locals {
            base.add(i).cast::<u64>().write(tag::NULL);
        }
        r.slots = base;
        r.limit = r.limit.wrapping_sub(count);
        vm.locals = locals as u32;
        vm.arguments = arguments as u32;
    }
    if r.sp > r.limit { Flow::Limit } else { r.next() }
}

/// Pops an item into a slot whose old item is plain.
#[inline(always)]
unsafe fn store(r: &mut Regs, slot: *mut StackItem) -> Flow {
    // SAFETY: the slot is occupied; the item on top, if there is one, moves into it.
    unsafe {
        if r.tag(1) > tag::MAP || tag_of(slot) > tag::PLAIN {
            return Flow::Counted;
        }
        Regs::copy(r.at(1), slot);
    }
    r.popped(1)
}

/// Pops an item into a slot whose old item needs no more than dropping.
#[inline(always)]
unsafe fn store_counted(r: &mut Regs, slot: *mut StackItem) -> Flow {
    // SAFETY: as above; the old item is dropped before it is overwritten.
    unsafe {
        if r.tag(1) > tag::MAP || !super::unshare(&*slot) {
            return Flow::Full;
        }
        slot.drop_in_place();
        Regs::copy(r.at(1), slot);
    }
    r.popped(1)
}

macro_rules! slots {
    ($load:ident, $store:ident, $store_counted:ident, $count:ident, |$r:ident, $vm:ident, $index:ident| $place:expr) => {
        slots!(@one $load, $count, |$r, $vm, $index| $r.push_copy($place));
        slots!(@one $store, $count, |$r, $vm, $index| store($r, $place));
        slots!(@one $store_counted, $count, |$r, $vm, $index| store_counted($r, $place));
    };
    (@one $name:ident, $count:ident, |$r:ident, $vm:ident, $index:ident| $body:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name($r: &mut Regs, $vm: &mut Vm) -> Flow {
            // SAFETY: the index is below the number of slots.
            unsafe {
                let $index = $r.operand() as usize;
                if $index >= $vm.$count as usize { Flow::Full } else { $body }
            }
        }
    };
}

slots!(load_local, store_local, store_local_counted, locals, |r, vm, index| r.slots.add(index));
slots!(load_argument, store_argument, store_argument_counted, arguments, |r, vm, index| r.slots.sub(index + 1));
slots!(load_static, store_static, store_static_counted, statics_count, |r, vm, index| vm.statics.add(index));
