//! Fast handlers: the common case of the opcodes on which scripts spend their time.
//!
//! A fast handler checks the tags of its operands and does the work in the common case: small integers, room on the
//! stack, compounds that have other references. Otherwise it changes nothing and returns [`Flow::Full`], and the
//! general handler of the opcode ([`crate::ops`]) applies all rules. The meaning of each opcode under every hardfork
//! is thus stated there; the handlers here only make it fast, and are correct under all hardforks.
//!
//! Many fast handlers have two forms. The first one handles scalars, which own no memory, and needs no stack frame of
//! its own. If an operand owns memory, it returns [`Flow::Heap`], and the second form runs ([`run_heap`]). Those for
//! wide integers have a quick form between the two, which calls nothing ([`wide`]).
//!
//! # Safety
//! All functions here work on raw cells, the 16 bytes of memory that hold one
//! stack item. They rely on what the machine guarantees between two
//! instructions:
//! - The cells from the base of the current stack up to `sp` are occupied. Below
//!   the base lie [`crate::stack::SENTINELS`] cells with a tag of their own.
//! - `sp <= limit <= end`, so that one cell can be written at `sp`.
//! - `vm.locals` cells from `slots` on and the arguments below it are occupied.
//! - `ip` points to a decoded instruction of the current code.

pub(crate) mod compound;
pub(crate) mod control;
pub(crate) mod floor_mod;
pub(crate) mod fused;
mod fused_data;
mod fused_moves;
mod fused_wide;
pub(crate) mod numeric;
pub(crate) mod pack;
pub(crate) mod patterns;
pub(crate) mod push;
mod regs;
pub(crate) mod slot;
pub(crate) mod splice;
pub(crate) mod stack;
pub(crate) mod statics;
pub(crate) mod types;
pub(crate) mod wide;

use neovm_types::OpCode::*;

use self::patterns::RunBy;
pub(crate) use self::{
    patterns::for_each_form,
    regs::{Regs, duplicate, share, unshare},
};
use crate::{
    op::{Form, Op},
    vm::Vm,
};

/// What a fast handler did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It ran the instruction and set `ip`.
    Next,
    /// It changed nothing: the general handler has to run.
    Full,
    /// It ran the instruction, but now there are more items than the limit allows.
    Limit,
    /// It changed nothing: the form for operands that own memory has to run.
    Heap,
    /// It changed nothing: the fused instructions have to run one by one.
    Unfuse,
}

/// Makes an array with the instance of a generic function for each form.
#[cfg(neovm_tail_calls)]
macro_rules! form_table {
    ($function:ident; $($number:literal)*) => {
        [$($function::<$number>),*]
    };
}
#[cfg(neovm_tail_calls)]
pub(crate) use form_table;

/// Runs the handler of a form.
///
/// # Safety
/// See the module; the instructions at `ip` are those of the form.
#[inline(always)]
pub(crate) unsafe fn run<const FORM: usize>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: guaranteed by the caller.
    unsafe {
        match const { Form::from_number(FORM).run_by() } {
            RunBy::Op(op) => run_op(op, r, vm),
            RunBy::Fused(fused) => fused::run(fused, r, vm),
        }
    }
}

/// Runs the handler of a form for operands that own memory, if it has one.
///
/// # Safety
/// As for [`run`].
#[cfg(neovm_tail_calls)]
#[inline(always)]
pub(crate) unsafe fn run_heap<const FORM: usize>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: guaranteed by the caller.
    unsafe {
        match const { Form::from_number(FORM).run_by() } {
            RunBy::Op(op) => run_op_heap(op, r, vm),
            RunBy::Fused(fused) => fused::run_heap(fused, r, vm),
        }
    }
}

/// Runs the quick handler of a form for operands that own memory, if it has one; see [`wide`].
///
/// # Safety
/// As for [`run`].
#[cfg(neovm_tail_calls)]
#[inline(always)]
pub(crate) unsafe fn run_quick<const FORM: usize>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: guaranteed by the caller.
    unsafe {
        match const { Form::from_number(FORM).run_by() } {
            RunBy::Op(op) => run_op_quick(op, r, vm),
            RunBy::Fused(fused) => fused::run_wide::<true>(fused, r, vm),
        }
    }
}

/// Runs the handler of a form that is known only at run time.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
pub(crate) unsafe fn run_form(form: Form, r: &mut Regs, vm: &mut Vm) -> Flow {
    macro_rules! by_number {
        (; $($number:literal)*) => {
            match form.number() {
                // SAFETY: guaranteed by the caller.
                $($number => unsafe { run_apart::<$number>(r, vm) },)*
                _ => Flow::Full,
            }
        };
    }
    for_each_form!(by_number)
}

/// Runs the handler of a form as [`run`] does. In unoptimized builds it has a frame of its own: the frames of all
/// handlers together would overflow the stack.
///
/// # Safety
/// As for [`run`].
#[cfg_attr(neovm_unoptimized, inline(never))]
#[cfg_attr(not(neovm_unoptimized), inline(always))]
unsafe fn run_apart<const FORM: usize>(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: guaranteed by the caller.
    unsafe { run::<FORM>(r, vm) }
}

/// Runs the fast handler of an op, if it has one.
///
/// # Safety
/// See the module.
#[inline(always)]
pub(crate) unsafe fn run_op(op: Op, r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the caller's guarantees are what each handler asks for.
    unsafe {
        match op {
            Op::Full | Op::Bad | Op::Misaligned => Flow::Full,
            Op::Int => push::int(r),
            Op::True => push::boolean(r, true),
            Op::False => push::boolean(r, false),
            Op::Null => push::null(r),
            Op::WideInt => push::wide_int(r, vm),
            Op::Data => push::data(r, vm),
            Op::Nop => control::nop(r),
            Op::Jmp => control::jmp(r),
            Op::JmpIf => control::jmp_if(r, true),
            Op::JmpIfNot => control::jmp_if(r, false),
            Op::JmpEq => control::compare_and_jump(r, NUMEQUAL),
            Op::JmpNe => control::compare_and_jump(r, NUMNOTEQUAL),
            Op::JmpGt => control::compare_and_jump(r, GT),
            Op::JmpGe => control::compare_and_jump(r, GE),
            Op::JmpLt => control::compare_and_jump(r, LT),
            Op::JmpLe => control::compare_and_jump(r, LE),
            Op::Call => control::call(r, vm),
            Op::Ret => control::ret(r, vm),
            Op::Try => control::begin_try(r, vm),
            Op::EndTry => control::end_try(r, vm),
            Op::EndFinally => control::end_finally(r, vm),
            Op::Assert => control::assert(r),
            Op::Depth => stack::depth(r, vm),
            Op::Drop => stack::drop_top(r),
            Op::Nip => stack::nip(r),
            Op::Dup => stack::dup(r),
            Op::Over => stack::over(r),
            Op::Pick => stack::pick(r, vm),
            Op::Tuck => stack::tuck(r),
            Op::Swap => stack::swap(r, vm),
            Op::Rot => stack::rot(r, vm),
            Op::Reverse3 => stack::reverse3(r, vm),
            Op::Reverse4 => stack::reverse4(r, vm),
            Op::InitSlot => slot::init(r, vm),
            Op::LdSlot => slot::load(r, slot::in_frame(r, vm)),
            Op::StSlot => slot::store(r, slot::in_frame(r, vm)),
            Op::LdSfld => slot::load(r, slot::in_statics(r, vm)),
            Op::StSfld => slot::store(r, slot::in_statics(r, vm)),
            Op::Inc => numeric::unary(r, INC),
            Op::Dec => numeric::unary(r, DEC),
            Op::Negate => numeric::unary(r, NEGATE),
            Op::Abs => numeric::unary(r, ABS),
            Op::Sign => numeric::unary(r, SIGN),
            Op::Invert => numeric::unary(r, INVERT),
            Op::Add => numeric::binary(r, ADD),
            Op::Sub => numeric::binary(r, SUB),
            Op::Mul => numeric::binary(r, MUL),
            Op::Div => numeric::binary(r, DIV),
            Op::Mod => numeric::binary(r, MOD),
            Op::And => numeric::binary(r, AND),
            Op::Or => numeric::binary(r, OR),
            Op::Xor => numeric::binary(r, XOR),
            Op::Shl => numeric::shift(r, vm, SHL),
            Op::Shr => numeric::shift(r, vm, SHR),
            Op::Not => numeric::not(r),
            Op::BoolAnd => numeric::logic(r, |a, b| a & b),
            Op::BoolOr => numeric::logic(r, |a, b| a | b),
            Op::Nz => numeric::nz(r),
            Op::NumEqual => numeric::compare(r, NUMEQUAL),
            Op::NumNotEqual => numeric::compare(r, NUMNOTEQUAL),
            Op::Lt => numeric::compare(r, LT),
            Op::Le => numeric::compare(r, LE),
            Op::Gt => numeric::compare(r, GT),
            Op::Ge => numeric::compare(r, GE),
            Op::Min => numeric::binary(r, MIN),
            Op::Max => numeric::binary(r, MAX),
            Op::Within => numeric::within(r),
            Op::Equal => numeric::compare(r, EQUAL),
            Op::NotEqual => numeric::compare(r, NOTEQUAL),
            Op::PickItem => compound::pick_item(r),
            Op::Convert => types::convert(r),
            Op::SetItem => compound::set_item(r),
            Op::IsNull => types::is_null(r),
            // All of their operands or results own memory.
            Op::InitStatics
            | Op::Size
            | Op::IsType
            | Op::HasKey
            | Op::Append
            | Op::Pack
            | Op::PackStruct
            | Op::Unpack
            | Op::NewArray0
            | Op::NewStruct0
            | Op::NewMap
            | Op::NewBuffer
            | Op::Cat
            | Op::Substr
            | Op::Left
            | Op::Right => Flow::Heap,
        }
    }
}

/// Runs the fast handler of an op for operands that own memory, if it has one. This is a form of its own because it
/// calls functions and therefore needs a stack frame, which the other form avoids.
///
/// # Safety
/// See the module.
#[inline(always)]
pub(crate) unsafe fn run_op_heap(op: Op, r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the caller's guarantees are what each handler asks for.
    unsafe {
        match op {
            Op::Ret => control::ret_heap(r, vm),
            Op::Drop => stack::drop_heap(r, vm),
            Op::Nip => stack::nip_heap(r),
            Op::Tuck => stack::tuck_heap(r, vm),
            Op::InitStatics => slot::init_statics(r, vm),
            Op::StSlot => slot::store_heap::<false>(r, slot::in_frame(r, vm)),
            Op::StSfld => slot::store_heap::<false>(r, slot::in_statics(r, vm)),
            Op::Inc => wide::unary::<false>(r, INC),
            Op::Dec => wide::unary::<false>(r, DEC),
            Op::Negate => wide::unary::<false>(r, NEGATE),
            Op::Abs => wide::unary::<false>(r, ABS),
            Op::Add => wide::binary::<false>(r, ADD),
            Op::Sub => wide::binary::<false>(r, SUB),
            Op::Mul => wide::binary::<false>(r, MUL),
            Op::Div => wide::binary::<false>(r, DIV),
            Op::Mod => wide::binary::<false>(r, MOD),
            Op::And => wide::binary::<false>(r, AND),
            Op::Or => wide::binary::<false>(r, OR),
            Op::Xor => wide::binary::<false>(r, XOR),
            Op::NumEqual => wide::compare::<false>(r, NUMEQUAL),
            Op::NumNotEqual => wide::compare::<false>(r, NUMNOTEQUAL),
            Op::Lt => wide::compare::<false>(r, LT),
            Op::Le => wide::compare::<false>(r, LE),
            Op::Gt => wide::compare::<false>(r, GT),
            Op::Ge => wide::compare::<false>(r, GE),
            Op::Min => wide::binary::<false>(r, MIN),
            Op::Max => wide::binary::<false>(r, MAX),
            Op::Equal => types::equal(r, vm, true),
            Op::NotEqual => types::equal(r, vm, false),
            Op::PickItem => compound::pick_item_heap(r),
            Op::Convert => types::convert_heap(r),
            Op::SetItem => compound::set_item_heap(r, vm),
            Op::Size => compound::size(r),
            Op::IsNull => types::is_null_heap(r),
            Op::IsType => types::is_type(r),
            Op::HasKey => compound::has_key(r, vm),
            Op::Append => pack::append(r, vm),
            Op::Pack => pack::pack(r, vm, false),
            Op::PackStruct => pack::pack(r, vm, true),
            Op::Unpack => pack::unpack(r, vm),
            Op::NewArray0 => pack::new_array0(r),
            Op::NewStruct0 => pack::new_struct0(r),
            Op::NewMap => pack::new_map(r),
            Op::NewBuffer => splice::new_buffer(r, vm),
            Op::Cat => splice::cat(r, vm),
            Op::Substr => splice::substr(r),
            Op::Left => splice::left(r),
            Op::Right => splice::right(r),
            _ => Flow::Full,
        }
    }
}

/// Runs the quick handler of an op for integers that own memory, if it has one; see [`wide`].
///
/// # Safety
/// See the module.
#[cfg(neovm_tail_calls)]
#[inline(always)]
pub(crate) unsafe fn run_op_quick(op: Op, r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the caller's guarantees are what each handler asks for.
    unsafe {
        match op {
            Op::StSlot => slot::store_heap::<true>(r, slot::in_frame(r, vm)),
            Op::StSfld => slot::store_heap::<true>(r, slot::in_statics(r, vm)),
            Op::Inc => wide::unary::<true>(r, INC),
            Op::Dec => wide::unary::<true>(r, DEC),
            Op::Add => wide::binary::<true>(r, ADD),
            Op::Sub => wide::binary::<true>(r, SUB),
            Op::Mul => wide::binary::<true>(r, MUL),
            Op::Div => wide::binary::<true>(r, DIV),
            Op::Mod => wide::binary::<true>(r, MOD),
            Op::NumEqual => wide::compare::<true>(r, NUMEQUAL),
            Op::NumNotEqual => wide::compare::<true>(r, NUMNOTEQUAL),
            Op::Lt => wide::compare::<true>(r, LT),
            Op::Le => wide::compare::<true>(r, LE),
            Op::Gt => wide::compare::<true>(r, GT),
            Op::Ge => wide::compare::<true>(r, GE),
            _ => Flow::Heap,
        }
    }
}
