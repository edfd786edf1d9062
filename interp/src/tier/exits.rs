//! Exits: leaving compiled code with the machine in the state that the interpreter would have produced.
//!
//! For each value that it holds, machine code stores one word to the item's cell. Tables say the rest, and [`leave`]
//! follows them.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicU32, Ordering};

use neovm_types::{FaultKind, StackItem};

use super::{BuiltinStatus, STATUS_MASK, calls::LeftFrame, items::copy_item, layout, wide::integer_item};
use crate::{
    dispatch::Reason,
    frame::{TryBlock, TryState},
    host::Host,
    inst::DecodedInst,
    vm::Vm,
};

/// How the interpreter continues where compiled code is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It runs the instruction at `ip`, which is not charged yet.
    Resume,
    /// As `Resume`, because speculation failed.
    Deopt,
}

/// A place where compiled code is left: what has to be done there, and how often it has been taken.
#[derive(Debug)]
pub struct Exit {
    /// How often it was taken for reasons other than gas.
    pub taken: AtomicU32,
    /// How often it was taken for lack of gas.
    pub starved: AtomicU32,
    /// The number of the exit, for the tier.
    pub number: u32,
    /// The number of the region, for the tier.
    pub region: u32,
    /// What has to be done.
    pub plan: Plan,
}

/// What has to be done where compiled code is left.
#[derive(Debug)]
pub struct Plan {
    /// The decoded instruction at which the interpreter continues, see [`super::CodeView::inst_address`].
    pub cell: usize,
    /// How the interpreter continues.
    pub leave: Leave,
    /// The units and instructions that the meter was charged in advance.
    pub refund: i64,
    /// If the meter holds less than this before the refund, compiled code is left for lack of gas.
    pub min_gas: i64,
    /// The end of the evaluation stack, in bytes from the base of the function.
    pub top: i32,
    /// The items that are not in memory.
    pub items: Box<[Restored]>,
    /// The try blocks that the function opened and did not close, the outermost first.
    pub tries: Box<[HeldTry]>,
    /// The frames of inlined methods, the innermost first; then the frame of the function, if there are any or if other
    /// compiled code calls it.
    pub frames: Box<[OwnFrame]>,
    /// The call that it follows, if any.
    pub after: After,
}

/// A try block that compiled code opened. Positions are in bytes, and -1 where there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldTry {
    /// The position of its catch block.
    pub catch: i32,
    /// The position of its finally block.
    pub finally: i32,
    /// The position behind its finally block, if that runs.
    pub end: i32,
    /// The part that runs.
    pub part: TryPart,
}

/// The part of a try block that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryPart {
    /// The try block itself.
    Try,
    /// The catch block.
    Catch,
    /// The finally block, which no exception led to.
    Finally,
    /// The try block if the word with this index in [`layout::TRY_PARTS`] is 0, else the catch block.
    Stored(usize),
}

/// The call that an exit follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// No call.
    Nothing,
    /// The call of a builtin whose status is not [`BuiltinStatus::Done`]. The status is in the machine's stack pointer.
    Builtin,
    /// The call of a compiled method that was left. The machine's registers are set, and the frame of this function
    /// lies below the method's.
    Method,
}

/// The frame of a compiled method that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnFrame {
    /// The decoded instruction at which it continues.
    pub cell: usize,
    /// The offset of its slots from those of the function, in bytes.
    pub offset: i32,
    /// The number of local variables. The machine knows that of the frame in which compiled code was entered.
    pub locals: u32,
    /// The number of arguments.
    pub arguments: u32,
}

/// An item that is not in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The area that its cell is in.
    pub area: Area,
    /// The offset of its cell in the area, in bytes.
    pub offset: i32,
    /// Its value.
    pub value: Held,
}

/// An area of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The evaluation stack, from the base of the function on.
    Stack,
    /// Local variables and arguments.
    Slots,
    /// Static fields.
    Statics,
}

/// The value of an item that is not in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// This integer.
    Constant(i64),
    /// The integer in the second word of the cell.
    Integer,
    /// The boolean in the first byte of the second word of the cell.
    Boolean,
    /// Null.
    Null,
    /// The integer in both words of the cell, the lower one first.
    I128,
    /// The integer of four words at the address in the second word of the cell.
    Wide,
    /// A copy of the item in another cell, by area and offset in bytes.
    Copy(Area, i32),
    /// A copy of the item whose address is in the second word of the cell.
    CopyOf,
    /// The byte string of the script that an instruction pushes, by the payload of its item.
    ByteString(usize),
}

impl Exit {
    /// How often a [`Leave::Deopt`] exit is taken before the tier is notified.
    pub const PATIENCE: u32 = 32;

    /// Creates an exit that has not been taken yet.
    pub const fn new(number: u32, region: u32, plan: Plan) -> Self {
        Self { taken: AtomicU32::new(0), starved: AtomicU32::new(0), number, region, plan }
    }

    /// Returns the number of bytes of memory that it uses.
    pub fn memory(&self) -> usize {
        let Plan { items, tries, frames, .. } = &self.plan;
        size_of::<Self>() + size_of_val(&**items) + size_of_val(&**tries) + size_of_val(&**frames)
    }

    /// Counts the exit and returns how the interpreter continues.
    fn count(&self, meter: i64) -> Reason {
        let starved = meter < self.plan.min_gas;
        let counter = if starved { &self.starved } else { &self.taken };
        // Counts may get lost between threads; that does not justify a locked instruction.
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        match self.plan.leave {
            _ if starved => Reason::Starved,
            Leave::Resume => Reason::Resume,
            Leave::Deopt => Reason::Deopt,
        }
    }
}

impl Restored {
    /// Writes the item to its cell.
    ///
    /// # Safety
    /// The second word of the cell holds what [`Held`] says.
    unsafe fn restore(self, vm: &mut Vm, base: *mut StackItem, slots: *mut StackItem) {
        let place = |vm: &Vm, area, offset: i32| {
            let first = match area {
                Area::Stack => base,
                Area::Slots => slots,
                Area::Statics => vm.statics,
            };
            first.wrapping_byte_offset(offset as isize)
        };
        let cell = place(vm, self.area, self.offset);
        let words = cell.cast::<i64>();
        // SAFETY: the cell belongs to the function and has two words; tags and
        // payloads are those of items, see `layout`.
        unsafe {
            let (tag, payload) = match self.value {
                Held::ByteString(payload) => (layout::BYTE_STRING, payload as i64),
                Held::Constant(value) => (layout::INTEGER, value),
                Held::Integer => (layout::INTEGER, words.add(1).read()),
                Held::Boolean => (layout::BOOLEAN, words.add(1).read() & 1),
                Held::Null => (layout::NULL, 0),
                Held::I128 => {
                    let (low, high) = (words.read() as u64, words.add(1).read());
                    let sign = (high >> 63) as u64;
                    return cell.write(integer_item([low, high as u64, sign, sign]));
                }
                Held::Wide => {
                    let limbs = words.add(1).cast::<*const [u64; 4]>().read();
                    return cell.write(integer_item(limbs.read()));
                }
                Held::Copy(area, offset) => return copy_item(vm, place(vm, area, offset), cell),
                Held::CopyOf => return copy_item(vm, words.add(1).cast::<*const StackItem>().read(), cell),
            };
            words.write(tag);
            words.add(1).write(payload);
        }
    }
}

impl HeldTry {
    fn open(self, vm: &mut Vm) {
        let Self { catch, finally, end, part } = self;
        let state = match part {
            TryPart::Try => TryState::Try,
            TryPart::Catch => TryState::Catch,
            TryPart::Finally => TryState::Finally,
            TryPart::Stored(index) if vm.try_parts[index] == 0 => TryState::Try,
            TryPart::Stored(_) => TryState::Catch,
        };
        vm.try_blocks.push(TryBlock { catch, finally, end, state });
    }
}

/// Leaves compiled code by an exit; see [`super::builtins::LEAVE`].
///
/// # Safety
/// The caller is compiled code of the machine's current script, and has stored what the plan of the exit says.
pub(super) unsafe extern "C" fn leave(
    vm: &mut Vm,
    exit: *const Exit,
    meter: i64,
    base: *mut StackItem,
    slots: *mut StackItem,
) {
    // SAFETY: exits live as long as the code that leaves by them.
    let taken = unsafe { &*exit };
    let plan = &taken.plan;
    for item in &plan.items {
        // SAFETY: guaranteed by the caller.
        unsafe { item.restore(vm, base, slots) };
    }
    // No method that compiled code calls opens a try block. So those of this function lie below the frames of
    // methods that were left, which are made later.
    for block in &plan.tries {
        block.open(vm);
    }
    let mut ip = plan.cell as *const DecodedInst;
    let innermost = vm.left_frames.len();
    for &OwnFrame { cell, offset, locals, arguments } in &plan.frames {
        let (ip, slots) = (cell as *const DecodedInst, slots.wrapping_byte_offset(offset as isize));
        vm.left_frames.push(LeftFrame { ip, slots, locals, arguments });
    }
    if plan.after == After::Method {
        return;
    }
    let mut reason = taken.count(meter);
    if plan.after == After::Builtin {
        let status = vm.sp.addr() as u64 & STATUS_MASK;
        vm.sp = vm.sp.map_addr(|address| address & !(STATUS_MASK as usize));
        if status == BuiltinStatus::Resume as u64 {
            ip = ip.wrapping_add(1);
            if let Some(frame) = vm.left_frames.get_mut(innermost) {
                frame.ip = ip;
            }
        } else {
            reason = if status == BuiltinStatus::Limit as u64 { Reason::Limit } else { Reason::Failed };
        }
    } else {
        vm.sp = base.wrapping_byte_offset(plan.top as isize);
    }
    vm.meter = meter + plan.refund;
    vm.slots = slots;
    vm.ip = ip;
    vm.exit = exit;
    vm.reason = reason;
}

impl Vm {
    /// Ends an instruction whose builtin faulted.
    pub(crate) fn fail_compiled(&mut self, host: &mut dyn Host) -> Result<(), FaultKind> {
        self.rebuild_frames();
        let kind = self.failed.take().unwrap_or(FaultKind::Engine("compiled code failed without a fault"));
        self.conclude(Err(kind), false, host)
    }

    /// Completes the machine's state after compiled code was left, and notifies the tier of an exit that fails often.
    pub(crate) fn leave_compiled(&mut self, reason: Reason) {
        self.rebuild_frames();
        let failed_guard = core::mem::take(&mut self.failed_guard);
        if self.limit > self.end {
            self.grow_arena(0);
        }
        if reason != Reason::Deopt || self.exit.is_null() {
            return;
        }
        // SAFETY: compiled code lives as long as the code it was made of.
        let exit = unsafe { &*self.exit };
        if exit.taken.load(Ordering::Relaxed).is_multiple_of(Exit::PATIENCE)
            && let Some(load) = self.loads.last()
            && let Some(hot_counters) = load.code.hot_counters()
        {
            let guard = (failed_guard as usize).checked_sub(1);
            hot_counters.tier.failing(&load.code, exit, guard, &|| self.feedback());
        }
    }
}
