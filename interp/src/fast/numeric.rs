//! Small integers and booleans.

use super::{Flow, Regs};
use crate::{stack::tag, vm::Vm};

macro_rules! unary {
    ($name:ident, |$a:ident| $result:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: the tag tells that it is an integer.
            unsafe {
                if r.tag(1) != tag::INTEGER {
                    return Flow::Heap;
                }
                let $a = r.int(1);
                let Some(result) = $result else { return Flow::Heap };
                r.set_int(1, result);
            }
            r.next()
        }
    };
}

unary!(inc, |a| a.checked_add(1));
unary!(dec, |a| a.checked_sub(1));
unary!(negate, |a| a.checked_neg());
unary!(abs, |a| a.checked_abs());
unary!(sign, |a| Some(a.signum()));
unary!(invert, |a| Some(!a));

macro_rules! binary {
    ($name:ident, |$a:ident, $b:ident, $vm:ident| $result:expr) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, $vm: &mut Vm) -> Flow {
            // SAFETY: the tags tell that both are integers.
            unsafe {
                if r.tag(1) | r.tag(2) != tag::INTEGER {
                    return Flow::Heap;
                }
                let ($a, $b) = (r.int(2), r.int(1));
                let Some(result) = $result else { return Flow::Heap };
                r.set_int(2, result);
            }
            r.popped(1)
        }
    };
}

binary!(add, |a, b, _vm| a.checked_add(b));
binary!(sub, |a, b, _vm| a.checked_sub(b));
binary!(mul, |a, b, _vm| a.checked_mul(b));
binary!(div, |a, b, _vm| a.checked_div(b));
binary!(rem, |a, b, _vm| a.checked_rem(b));
binary!(and, |a, b, _vm| Some(a & b));
binary!(or, |a, b, _vm| Some(a | b));
binary!(xor, |a, b, _vm| Some(a ^ b));
binary!(min, |a, b, _vm| Some(a.min(b)));
binary!(max, |a, b, _vm| Some(a.max(b)));
binary!(shl, |a, b, vm| shift_left(a, b, vm));
binary!(shr, |a, b, vm| (0..=i64::from(vm.limits.max_shift)).contains(&b).then(|| a >> b.min(63)));

/// Shift left where an `i64` holds the result.
#[inline(always)]
fn shift_left(value: i64, bits: i64, vm: &Vm) -> Option<i64> {
    let shifted = value.wrapping_shl(bits as u32);
    let keeps_all = (0..64).contains(&bits) && shifted >> (bits & 63) == value;
    (keeps_all && bits <= i64::from(vm.limits.max_shift)).then_some(shifted)
}

macro_rules! compare {
    ($name:ident, $op:tt) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: the tags tell that both are integers.
            unsafe {
                if r.tag(1) | r.tag(2) != tag::INTEGER {
                    return Flow::Heap;
                }
                let result = r.int(2) $op r.int(1);
                r.set_bool(2, result);
            }
            r.popped(1)
        }
    };
}

compare!(num_equal, ==);
compare!(num_not_equal, !=);
compare!(lt, <);
compare!(le, <=);
compare!(gt, >);
compare!(ge, >=);

#[inline(always)]
pub(crate) unsafe fn not(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the module's.
    unsafe {
        let Some(value) = r.truth(1) else { return Flow::Full };
        r.set_bool(1, !value);
    }
    r.next()
}

#[inline(always)]
pub(crate) unsafe fn nz(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the module's.
    unsafe {
        let Some(value) = r.truth(1) else { return Flow::Full };
        r.set_bool(1, value);
    }
    r.next()
}

macro_rules! logic {
    ($name:ident, $op:tt) => {
        #[inline(always)]
        pub(crate) unsafe fn $name(r: &mut Regs, _: &mut Vm) -> Flow {
            // SAFETY: the module's.
            unsafe {
                let (Some(a), Some(b)) = (r.truth(2), r.truth(1)) else { return Flow::Full };
                r.set_bool(2, a $op b);
            }
            r.popped(1)
        }
    };
}

logic!(bool_and, &);
logic!(bool_or, |);

#[inline(always)]
pub(crate) unsafe fn within(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tags tell that all three are integers.
    unsafe {
        if r.tag(1) | r.tag(2) | r.tag(3) != tag::INTEGER {
            return Flow::Full;
        }
        let inside = (r.int(2)..r.int(1)).contains(&r.int(3));
        r.set_bool(3, inside);
    }
    r.popped(2)
}

/// Equality of integers.
#[inline(always)]
pub(crate) unsafe fn equal<const WHEN: bool>(r: &mut Regs, _: &mut Vm) -> Flow {
    // SAFETY: the tags tell that both are integers.
    unsafe {
        if r.tag(1) | r.tag(2) != tag::INTEGER {
            return Flow::Heap;
        }
        let equal = r.int(2) == r.int(1);
        r.set_bool(2, equal == WHEN);
    }
    r.popped(1)
}
