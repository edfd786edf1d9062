//! The builtins: functions of the interpreter that compiled code calls.
//!
//! One table lists them with the types of their parameters and results. A function of another type does not compile,
//! and the compiler derives its calls from the table. A builtin that does not take the machine only reads, so it may be
//! called repeatedly.

use alloc::borrow::Cow;
use core::sync::atomic::AtomicU32;

use neovm_types::StackItem;
#[cfg(neovm_tail_calls)]
use neovm_types::{FaultKind, OpCode};

use super::{
    Exit,
    calls::{begin_calls, release_slots},
    exits::leave,
    items::{bytes_length, copy_item, item_byte, item_size, slice_integer},
    maps::map_find,
    text::{append_bytes, assign_bytes, bytes_equal, slice_equal},
    tries::{begin_tries, index_exception},
    wide::{
        TwoWords, compute_wide, div_i128, div_wide, div_wide_by_i128, div_wide_to_i128, mul_wide, read_wide,
        reciprocal, rem_i128, rem_wide, rem_wide_by_i128, store_wide, take_wide, write_i128, write_wide,
    },
};
use crate::{dispatch::Reason, inst::DecodedInst, vm::Vm};
#[cfg(neovm_tail_calls)]
use crate::{
    fast::{self, Flow, Regs, for_each_form, form_table, patterns::FORMS},
    op::Form,
    ops::Handler,
};

/// A function of the interpreter that takes and returns words of 64 bits by the C calling convention of the platform.
#[derive(Clone, Debug)]
pub struct Builtin<const PARAMETERS: usize, const RESULTS: usize> {
    name: Cow<'static, str>,
    address: *const u8,
}

impl<const PARAMETERS: usize, const RESULTS: usize> Builtin<PARAMETERS, RESULTS> {
    /// Returns the name of the function, which is unique.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the address of the function.
    pub fn address(&self) -> *const u8 {
        self.address
    }
}

/// Counts one parameter, which must be a word. (Nothing is compiled where addresses have 32 bits.)
const fn word<T>() -> usize {
    assert!(size_of::<T>() == 8 || cfg!(not(target_pointer_width = "64")), "compiled code passes words");
    1
}

/// Counts the words of a result, one or two.
const fn words<T>() -> usize {
    let words = size_of::<T>() / 8;
    assert!(words == 1 || words == 2 || cfg!(not(target_pointer_width = "64")), "compiled code returns words");
    words
}

/// Defines the builtins: single functions, and a generic one that is instantiated for each form.
macro_rules! builtins {
    (
        { $($(#[$doc:meta])* $constant:ident = $function:ident($($parameter:ident: $type:ty),*) $(-> $result:ty)?;)* }
        each form {
            $(#[$op_doc:meta])*
            $alias:ident, $table:ident = $op_function:ident($($op_parameter:ident: $op_type:ty),*) -> $op_result:ty;
        }
    ) => {
        $(
            $(#[$doc])*
            pub const $constant: Builtin<{ 0 $(+ word::<$type>())* }, { 0 $(+ words::<$result>())? }> = {
                let function: unsafe extern "C" fn($($parameter: $type),*) $(-> $result)? = $function;
                Builtin { name: Cow::Borrowed(stringify!($function)), address: function as *const u8 }
            };
        )*

        $(#[$op_doc])*
        pub type $alias = Builtin<{ 0 $(+ word::<$op_type>())* }, { word::<$op_result>() }>;

        #[cfg(neovm_tail_calls)]
        static $table: [unsafe extern "C" fn($($op_parameter: $op_type),*) -> $op_result; FORMS] =
            for_each_form!(form_table $op_function);
    };
}

builtins! {
    {
        /// Leaves compiled code by an exit, with the meter, the function's base of the evaluation stack and its slots.
        /// The machine holds the index of the guard that failed, if one did ([`super::layout::FAILED_GUARD`]).
        LEAVE = leave(
            vm: &mut Vm,
            exit: *const Exit,
            meter: i64,
            base: *mut StackItem,
            slots: *mut StackItem
        );
        /// Copies an item to a free cell of the evaluation stack, and counts the reference.
        COPY_ITEM = copy_item(vm: &mut Vm, from: *const StackItem, to: *mut StackItem);
        /// Sets the bounds of calls from a region whose inlined methods make up to `own` frames, with slots up to
        /// `slots`. Each method that it calls makes up to `each` frames; that is 0 if it calls none. Returns whether
        /// so much is not allowed.
        BEGIN_CALLS = begin_calls(
            vm: &mut Vm,
            native_stack_pointer: usize,
            slots: *mut StackItem,
            own: usize,
            each: usize
        ) -> u64;
        /// Drops the items in `count` cells from `first` on, which are slots of an inlined method, or empty, and leaves
        /// the cells empty. Returns whether the arena has to grow.
        RELEASE_SLOTS = release_slots(vm: &mut Vm, first: *mut StackItem, count: usize) -> u64;
        /// Returns whether the machine cannot have `most` more try blocks open, or an exception is pending.
        BEGIN_TRIES = begin_tries(vm: &Vm, most: u64) -> u64;
        /// Writes the exception for an index that an array of `count` items does not have to a free cell. Returns
        /// whether that is an exception that a script can catch.
        INDEX_EXCEPTION = index_exception(vm: &Vm, index: i64, count: u64, cell: *mut StackItem) -> u64;
        /// Reads an integer item as four words. Returns how many bits it needs, as 1 (64), 2 (128) or 3 (256); 0 if the
        /// item is not an integer.
        READ_WIDE = read_wide(item: *const StackItem, out: *mut [u64; 4]) -> u64;
        /// Takes an integer out of a cell whose item has been read: 0 is left there.
        TAKE_WIDE = take_wide(cell: *mut StackItem);
        /// Writes an integer of two words to a cell without an item.
        WRITE_I128 = write_i128(cell: *mut StackItem, low: u64, high: u64);
        /// Writes an integer of four words to a cell without an item.
        WRITE_WIDE = write_wide(cell: *mut StackItem, limbs: *const [u64; 4]);
        /// Replaces an item that is not a counted compound by an integer of four words.
        STORE_WIDE = store_wide(cell: *mut StackItem, limbs: *const [u64; 4]);
        /// Divides integers of two words; the divisor is not zero. -2^127 / -1 is -2^127.
        DIV_I128 = div_i128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> TwoWords;
        /// Returns the remainder of that division.
        REM_I128 = rem_i128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> TwoWords;
        /// Multiplies integers of four words. Returns whether the product fits.
        MUL_WIDE = mul_wide(a: *const [u64; 4], b: *const [u64; 4], out: *mut [u64; 4]) -> u64;
        /// Divides integers of four words. Returns whether the divisor is not zero, and the quotient fits.
        DIV_WIDE = div_wide(a: *const [u64; 4], b: *const [u64; 4], out: *mut [u64; 4]) -> u64;
        /// Returns whether the divisor is not zero; if so, writes the remainder.
        REM_WIDE = rem_wide(a: *const [u64; 4], b: *const [u64; 4], out: *mut [u64; 4]) -> u64;
        /// Divides an integer of four words by one of two that is not zero. Returns whether the quotient fits.
        DIV_WIDE_BY_I128 = div_wide_by_i128(
            a: u64,
            b: u64,
            c: u64,
            d: u64,
            low: u64,
            high: u64,
            out: *mut [u64; 4]
        ) -> u64;
        /// Returns that quotient, or -2^127 if its magnitude is not below 2^127.
        DIV_WIDE_TO_I128 = div_wide_to_i128(a: u64, b: u64, c: u64, d: u64, low: u64, high: u64) -> TwoWords;
        /// Returns the remainder of that division.
        REM_WIDE_BY_I128 = rem_wide_by_i128(a: u64, b: u64, c: u64, d: u64, low: u64, high: u64) -> TwoWords;
        /// Returns the reciprocal of a word, see [`neovm_types::integer::eval::reciprocal`].
        RECIPROCAL = reciprocal(divisor: u64) -> TwoWords;
        /// Computes a shift, a power, a root, or the remainder of a product or power, of integers of four words, the
        /// lowest operand first. Returns whether it is done; if not, the instruction faults.
        COMPUTE_WIDE = compute_wide(
            vm: &Vm,
            opcode: u64,
            a: *const [u64; 4],
            b: *const [u64; 4],
            c: *const [u64; 4],
            out: *mut [u64; 4]
        ) -> u64;
        /// Returns what SIZE pushes, or -1 for an item that has no size.
        ITEM_SIZE = item_size(item: *const StackItem) -> i64;
        /// Returns the length of a byte string or buffer, or -1 for another item.
        BYTES_LENGTH = bytes_length(item: *const StackItem) -> i64;
        /// Returns a byte of a byte string or buffer, or -1 if there is none.
        ITEM_BYTE = item_byte(item: *const StackItem, index: i64) -> i64;
        /// Returns the integer that `count` bytes of a byte string or buffer encode, or [`super::NO_INTEGER`].
        SLICE_INTEGER = slice_integer(item: *const StackItem, index: i64, count: i64) -> i64;
        /// Returns whether a part of a byte string or buffer is equal to a byte string, or -1 if there is no such part,
        /// the other item is not a byte string, or EQUAL may not compare them.
        SLICE_EQUAL = slice_equal(
            vm: &Vm,
            item: *const StackItem,
            index: i64,
            count: i64,
            other: *const StackItem
        ) -> i64;
        /// Returns whether two byte strings are equal, or -1 for other items and if EQUAL may not compare them.
        BYTES_EQUAL = bytes_equal(vm: &Vm, first: *const StackItem, second: *const StackItem) -> i64;
        /// Stores a copy of a byte string or buffer in a slot. Returns 0 and does nothing for another item, and if the
        /// slot holds a compound.
        ASSIGN_BYTES = assign_bytes(slot: *mut StackItem, from: *const StackItem) -> u64;
        /// Adds the bytes of a byte string or buffer to the byte string in a slot. Returns 0 and does nothing for other
        /// items, and if there would be too many bytes.
        APPEND_BYTES = append_bytes(vm: &Vm, slot: *mut StackItem, more: *const StackItem) -> u64;
        /// Returns the address of a key's value in a map; null if it has none, and [`super::NO_MAP`] if the item is not a
        /// map or the other one no key. `seen` is the index of the entry that is looked at first, and becomes that of
        /// the entry where the key is.
        MAP_FIND = map_find(map: *const StackItem, key: *const StackItem, seen: *const AtomicU32) -> *const StackItem;
    }
    each form {
        /// Runs one instruction and returns the stack pointer with a [`BuiltinStatus`] in its lowest bits. The slots do
        /// not move.
        InstBuiltin, RUN_INST = run_inst(
            vm: &mut Vm,
            inst: *const DecodedInst,
            sp: *mut StackItem,
            slots: *mut StackItem
        ) -> *mut StackItem;
    }
}

/// Returns the builtin that runs an instruction. Its name consists of the opcode and of the op that runs it alone.
#[cfg(neovm_tail_calls)]
pub(super) fn of_inst(inst: &DecodedInst) -> Option<InstBuiltin> {
    let opcode = OpCode::from_byte(inst.opcode)?;
    let name = Cow::Owned(alloc::format!("{opcode:?}.{:?}", inst.op));
    Some(Builtin { name, address: RUN_INST[inst.op as usize] as *const u8 })
}

/// Returns `None`: without tail calls there are no such builtins.
#[cfg(not(neovm_tail_calls))]
pub(super) fn of_inst(_: &DecodedInst) -> Option<InstBuiltin> {
    None
}

/// How a builtin that runs an instruction ended. This is the lowest three bits of its result; the others are the stack
/// pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BuiltinStatus {
    /// The instruction ran.
    Done = 0,
    /// The instruction ran, but there are now more items than allowed: leave at the instruction, which is charged.
    Limit = Reason::Limit as u8,
    /// The instruction faulted: leave at the instruction, which is charged.
    Failed = Reason::Failed as u8,
    /// The instruction ran, but too little room is left, or the arena has to grow: leave at the next instruction.
    Resume = Reason::Resume as u8,
}

/// The bits of the result that are a [`BuiltinStatus`].
pub const STATUS_MASK: u64 = 7;

/// Runs an instruction for compiled code: by its fast handler, or by its general one.
///
/// # Safety
/// As for a handler: the machine's invariants hold, except for values that compiled code keeps in registers, which the
/// instruction does not read.
#[cfg(neovm_tail_calls)]
unsafe extern "C" fn run_inst<const FORM: usize>(
    vm: &mut Vm,
    ip: *const DecodedInst,
    sp: *mut StackItem,
    slots: *mut StackItem,
) -> *mut StackItem {
    let mut r = Regs { ip, sp, slots, meter: 0, limit: vm.limit };
    // SAFETY: guaranteed by the caller.
    let flow = unsafe {
        if const { Form::from_number(FORM).pattern().is_some() } {
            return sp.map_addr(|address| address | vm.no_builtin() as usize);
        }
        match fast::run::<FORM>(&mut r, vm) {
            Flow::Heap => fast::run_heap::<FORM>(&mut r, vm),
            flow => flow,
        }
    };
    let status = match flow {
        Flow::Next if r.limit < vm.needed => BuiltinStatus::Resume,
        Flow::Next => BuiltinStatus::Done,
        Flow::Limit => BuiltinStatus::Limit,
        Flow::Full | Flow::Heap | Flow::Unfuse => {
            vm.ip = ip;
            vm.sp = sp;
            vm.slots = slots;
            let status = vm.run_general();
            return vm.sp.map_addr(|address| address | status as usize);
        }
    };
    vm.limit = r.limit;
    r.sp.map_addr(|address| address | status as usize)
}

#[cfg(neovm_tail_calls)]
impl Vm {
    /// Refuses a fused form, which a single instruction never has.
    #[cold]
    fn no_builtin(&mut self) -> BuiltinStatus {
        self.failed = Some(FaultKind::Engine("compiled code ran fused instructions"));
        BuiltinStatus::Failed
    }

    /// Runs the instruction at `ip` by its general handler.
    fn run_general(&mut self) -> BuiltinStatus {
        self.jumped = false;
        let result = match self.table.handler(self.inst().opcode) {
            Handler::Simple(handler) => handler(self),
            Handler::Hosted(_) => Err(FaultKind::Engine("compiled code called the host")),
        };
        if let Err(kind) = result {
            self.failed = Some(kind);
            return BuiltinStatus::Failed;
        }
        self.clear_zeros();
        if self.sp > self.limit {
            BuiltinStatus::Limit
        } else if self.limit > self.end || self.limit < self.needed {
            BuiltinStatus::Resume
        } else {
            BuiltinStatus::Done
        }
    }
}
