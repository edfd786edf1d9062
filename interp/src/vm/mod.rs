//! The machine: its state and its public interface.

mod context;
mod exception;
mod fork;
mod items;
mod promoted;
mod refcount;
mod run;
mod view;

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::AtomicBool;

use neovm_types::{
    Fault, FaultKind, Gas, Hardfork, Limits, OpCode, PriceTable, Script, StackItem,
    engine_internals::{Candidate, ItemVec, collect_cycles},
    item::Results,
};

pub use self::{
    context::LoadOptions,
    run::{Outcome, Stop},
    view::{ContextView, Invocation},
};
use crate::{
    config::{Dispatch, RunOptions, VmConfig},
    dispatch::Reason,
    frame::{Frame, Load, TryBlock},
    gas::GasCounter,
    host::Host,
    inst::DecodedInst,
    observe::RefDelta,
    ops::Table,
    stack::{Cells, SENTINELS},
};

/// The number of cells that the arena always has above the limit, for
/// instructions that push before the limit is checked.
const SLACK: usize = 16;

/// The number of slots that a new machine has room for.
const FIRST_SLOTS: usize = 256;

/// The number of empty cells behind all slots. No instruction can name a slot
/// farther away than that.
const EMPTY_SLOTS: usize = 256;

/// The greatest stack size that a limit can allow: 16 Mi items.
pub const MAX_STACK_LIMIT: u32 = 1 << 24;

/// The state of an execution.
///
/// Source: `VMState.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The execution has not ended: it has not begun, or was stopped and can go on.
    Break,
    /// The last context returned.
    Halt,
    /// The execution ended with a fault.
    Fault,
}

impl State {
    /// Returns the name of the state, as nodes show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Break => "BREAK",
            Self::Halt => "HALT",
            Self::Fault => "FAULT",
        }
    }
}

impl core::fmt::Display for State {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// A machine that runs scripts.
///
/// Load a script with [`Vm::load_script`] or decoded code with [`Vm::load`],
/// call [`Vm::run`], read [`Vm::results`]. [`Vm::reset`] makes it ready for
/// another execution and keeps its memory.
///
/// A machine is not `Send`: its items share their contents by
/// [`Rc`](alloc::rc::Rc), whose counts are not atomic, also with whoever took
/// results from it. Create one machine for each thread, and share decoded
/// [`Code`](crate::Code) among them. To give results to another thread,
/// serialize them or copy their contents.
///
/// An array, struct or map counts its references for one machine at a time.
/// Once a machine was reset or dropped, or its results were taken, another
/// machine may be given what it held. If two machines hold a compound at once,
/// memory stays sound, but both count their items wrongly and may apply the
/// item limit too early or too late: give each of them a
/// [copy](StackItem::deep_copy).
///
/// The fields that handlers and compiled code use most lie in the first 128
/// bytes, where displacements of one byte reach them; [`crate::tier::layout`]
/// checks that.
#[repr(C)]
pub struct Vm {
    /// The instruction that is running, or the next one.
    pub(crate) ip: *const DecodedInst,
    /// Behind the top item of the current evaluation stack.
    pub(crate) sp: *mut StackItem,
    /// The current context's first local variable. Its arguments lie below.
    pub(crate) slots: *mut StackItem,
    /// The highest `sp` that the item limit allows. `limit - sp` is the room
    /// left for items, so `limit` moves down for each item in a slot or in a
    /// counted compound. It is never above `end`.
    pub(crate) limit: *mut StackItem,
    /// The highest `limit` that the arena has memory for.
    pub(crate) end: *mut StackItem,
    /// The bottom of the current evaluation stack.
    pub(crate) stack: *mut StackItem,
    /// The static fields of the current load.
    pub(crate) statics: *mut StackItem,
    /// The number of local variables of the current context.
    pub(crate) locals: u32,
    pub(crate) statics_count: u32,
    /// The offset of the last argument from `slots` in bytes, at most 0. All
    /// cells behind the last local variable that an index can reach are empty.
    pub(crate) args_offset: i64,
    /// The current code's constants.
    pub(crate) constants: *const u64,
    /// The hot counters of the current code, see [`crate::tier`]; null if nothing
    /// is counted.
    pub(crate) counters: *const u32,
    /// The lowest `limit` that compiled code can go on with.
    pub(crate) needed: *mut StackItem,
    /// The bounds of calls between compiled methods.
    pub(crate) calls: crate::tier::Calls,
    pub(crate) limits: Limits,
    /// The units and instructions left of the grant, see [`crate::gas`]; 0 if there is none.
    pub(crate) meter: i64,
    pub(crate) frames: Vec<Frame>,
    pub(crate) try_blocks: Vec<TryBlock>,
    pub(crate) loads: Vec<Load>,
    /// The number of frames that waited when the current load was pushed.
    pub(crate) load_frames: usize,
    pub(crate) try_base: u32,
    /// Whether the running instruction has set where execution continues.
    pub(crate) jumped: bool,
    /// Whether an instruction that may call the host is running. Its context
    /// continues behind it.
    pub(crate) in_instruction: bool,
    /// Whether the dispatch loop has to return after this instruction.
    pub(crate) chunk_over: bool,
    /// Why the chain of tail calls ended.
    #[cfg_attr(not(neovm_tail_calls), allow(dead_code, reason = "the loop returns it"))]
    pub(crate) reason: Reason,
    pub(crate) dispatch: Dispatch,
    pub(crate) hardfork: Hardfork,
    pub(crate) table: &'static Table,
    /// The changes of the reference count by general handlers, summed up.
    pub(crate) ref_delta: RefDelta,
    pub(crate) gas: GasCounter,
    pub(crate) pending: Option<StackItem>,
    /// The exit that compiled code took last.
    pub(crate) exit: *const crate::tier::Exit,
    /// The index of the instruction whose guard failed, plus one; 0 if none is
    /// known.
    pub(crate) failed_guard: u64,
    /// Which parts of try blocks run where compiled code is left: 0 for the try block, 1 for the catch block.
    pub(crate) try_parts: [u64; crate::tier::MAX_TRIES],
    /// The frames of the compiled methods that were left, the innermost first.
    pub(crate) left_frames: Vec<crate::tier::LeftFrame>,
    /// The fault of an instruction that compiled code ran.
    pub(crate) failed: Option<FaultKind>,
    prices: Arc<PriceTable>,
    state: State,
    fault: Option<Fault>,
    budget: Option<u64>,
    interrupt: Option<Arc<AtomicBool>>,
    /// The id of the last load, see [`crate::host::LoadId`].
    last_load: u64,
    arena: Cells,
    slot_cells: Cells,
    /// Linked compounds whose consensus count dropped to zero.
    zeros: Vec<Candidate>,
    /// Those that something outside the cycle still holds.
    held: Vec<Candidate>,
    held_due: usize,
    /// All linked compounds, and those that were dropped by an exception. They
    /// are searched when the machine ends.
    tracked: Vec<Candidate>,
    tracked_due: usize,
    /// The memory of the last load's static fields, for the next load.
    spare_statics: Vec<StackItem>,
    /// The reference counter's list of compounds to visit, kept for its memory.
    worklist: Vec<StackItem>,
    /// Copies of constants of the current code.
    promoted: promoted::PromotedConstants,
}

impl Vm {
    /// Creates a machine with nothing loaded.
    pub fn new(config: VmConfig, options: RunOptions) -> Self {
        let mut limits = config.limits;
        limits.max_stack_size = limits.max_stack_size.min(MAX_STACK_LIMIT);
        limits.max_item_size = limits.max_item_size.min(i32::MAX as u32);
        let arena = Cells::new(limits.max_stack_size as usize + 4 * SENTINELS + SLACK);
        let slot_cells = Cells::new_empty(FIRST_SLOTS + EMPTY_SLOTS);
        let mut vm = Self {
            ip: core::ptr::null(),
            sp: arena.start(),
            slots: slot_cells.start(),
            limit: arena.start(),
            end: arena.start(),
            stack: arena.start(),
            statics: core::ptr::null_mut(),
            locals: 0,
            statics_count: 0,
            args_offset: 0,
            constants: core::ptr::null(),
            counters: core::ptr::null(),
            needed: core::ptr::null_mut(),
            calls: crate::tier::Calls::default(),
            limits,
            meter: 0,
            frames: Vec::new(),
            try_blocks: Vec::new(),
            loads: Vec::new(),
            load_frames: 0,
            try_base: 0,
            jumped: false,
            in_instruction: false,
            chunk_over: false,
            reason: Reason::Refill,
            dispatch: config.dispatch,
            hardfork: config.hardfork,
            table: Table::of(config.hardfork),
            ref_delta: RefDelta::default(),
            gas: GasCounter::new(&options),
            pending: None,
            exit: core::ptr::null(),
            failed_guard: 0,
            try_parts: [0; crate::tier::MAX_TRIES],
            left_frames: Vec::new(),
            failed: None,
            prices: config.prices,
            state: State::Break,
            fault: None,
            budget: options.budget,
            interrupt: None,
            last_load: 0,
            arena,
            slot_cells,
            zeros: Vec::new(),
            held: Vec::new(),
            held_due: 64,
            tracked: Vec::new(),
            tracked_due: 64,
            spare_statics: Vec::new(),
            worklist: Vec::new(),
            promoted: promoted::PromotedConstants::new(),
        };
        vm.set_bounds();
        vm
    }

    /// Sets the stack pointers of an empty machine.
    fn set_bounds(&mut self) {
        self.sp = self.arena.start();
        self.stack = self.sp;
        self.end = self.arena.end().wrapping_sub(SLACK);
        self.limit = self.sp.wrapping_add(self.limits.max_stack_size as usize);
        self.slots = self.slot_cells.start();
    }

    /// Empties the machine for another execution and informs the host, which
    /// drops the state that it keeps for the loads. The interrupt flag is kept.
    pub fn reset(&mut self, options: RunOptions, host: &mut dyn Host) {
        if !self.is_empty() {
            self.release_all();
        }
        self.set_bounds();
        (self.held_due, self.tracked_due) = (64, 64);
        self.gas = GasCounter::new(&options);
        self.meter = 0;
        self.in_instruction = false;
        self.state = State::Break;
        self.fault = None;
        self.budget = options.budget;
        host.machine_reset();
    }

    /// Returns whether the machine holds neither a script nor an item, as when it is new, and mostly once its results
    /// were taken.
    pub fn is_empty(&self) -> bool {
        self.loads.is_empty()
            && self.sp == self.arena.start()
            && self.pending.is_none()
            && self.tracked.is_empty()
            && self.zeros.is_empty()
            && self.held.is_empty()
    }

    fn release_all(&mut self) {
        self.forget_counts();
        self.drop_slots();
        self.frames.clear();
        self.drop_cells(self.arena.start());
        self.pending = None;
        self.loads.clear();
        self.release_promoted();
        self.statics = core::ptr::null_mut();
        self.statics_count = 0;
        self.try_blocks.clear();
        self.try_base = 0;
        self.zeros.clear();
        self.held.clear();
        if !self.tracked.is_empty() {
            collect_cycles(&mut self.tracked, false);
            // Compounds that others hold are tracked by the next machine.
            self.tracked.drain(..).for_each(|compound| compound.forget());
        }
    }

    /// Returns the state of the execution.
    pub fn state(&self) -> State {
        self.state
    }

    /// Returns the fault that the execution ended with, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Returns the items that the outermost contexts returned, bottom first. It
    /// is empty while a context is loaded.
    pub fn results(&self) -> &[StackItem] {
        if !self.loads.is_empty() {
            return &[];
        }
        let start = self.arena.start();
        // SAFETY: with no context loaded the arena holds results alone, from its
        // start up to `sp`; nothing is written while `self` is borrowed.
        unsafe { core::slice::from_raw_parts(start, self.cells_between(start, self.sp)) }
    }

    /// Removes the results and returns them, bottom first.
    pub fn take_results(&mut self) -> Results {
        let count = self.results().len();
        if count == 0 {
            return Results::default();
        }
        let mut results = ItemVec::with_capacity(count);
        self.sp = self.arena.start();
        for index in 0..count {
            // SAFETY: the arena holds that many results from its start on, which were moved out of the code that they
            // may have come from. `sp` lies below them, so that nobody reads their cells again.
            let item = unsafe { self.sp.add(index).read() };
            if item.is_compound() {
                self.release_cell(&item);
            }
            results.push(item);
        }
        results.into()
    }

    /// Returns the reference count that the item limit applies to: the number
    /// of items on all stacks and in slots, and of those inside counted
    /// compounds.
    pub fn reference_count(&self) -> i64 {
        i64::from(self.limits.max_stack_size) - self.room()
    }

    /// Returns the gas used by instructions and fees. A charge that exceeded
    /// the limit is included.
    pub fn gas_consumed(&self) -> Gas {
        self.gas.consumed(self.meter)
    }

    /// Returns the gas left.
    pub fn gas_left(&self) -> Gas {
        self.gas.left(self.meter)
    }

    /// Returns the number of instructions that have begun, including implicit
    /// RETs and the instruction that faulted.
    pub fn instructions(&self) -> u64 {
        self.gas.instructions(self.meter)
    }

    /// Returns the limits that scripts run under.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the hardfork whose rules the machine follows.
    pub fn hardfork(&self) -> Hardfork {
        self.hardfork
    }

    /// Returns the prices that code for this machine is decoded with.
    pub fn prices(&self) -> &Arc<PriceTable> {
        &self.prices
    }

    /// Returns the exception that has been thrown and not caught: while a
    /// finally block runs, or after the execution faulted because of it.
    pub fn pending_exception(&self) -> Option<&StackItem> {
        self.pending.as_ref()
    }

    /// Returns the number of contexts on the invocation stack.
    pub fn depth(&self) -> usize {
        if self.loads.is_empty() { 0 } else { self.frames.len() + 1 }
    }

    /// Returns the bytes of memory that misaligned instructions take: those
    /// decoded because a jump led into the middle of another instruction.
    pub fn misaligned_memory(&self) -> usize {
        self.loads.iter().filter_map(|load| load.misaligned.as_ref()).map(|misaligned| misaligned.memory()).sum()
    }

    /// Sets the number of instructions that may still begin before [`Vm::run`]
    /// stops with [`Stop::Budget`]; `None` for no budget. Calling `run` again
    /// after setting a new budget continues the execution.
    pub fn set_budget(&mut self, instructions: Option<u64>) {
        self.budget = instructions;
    }

    /// Sets a flag that stops [`Vm::run`] with [`Stop::Interrupted`] within a
    /// millisecond after another thread has set it to true; `None` removes it.
    ///
    /// The machine only reads the flag. It stays set, and keeps stopping the
    /// machine, until its owner clears it. It survives [`Vm::reset`], so that one
    /// flag can guard all executions of a machine, and can be shared by several
    /// machines. A host call in progress is not interrupted.
    pub fn set_interrupt(&mut self, flag: Option<Arc<AtomicBool>>) {
        self.interrupt = flag;
    }

    /// Returns the script of the current context.
    pub fn script(&self) -> Option<&Script> {
        self.loads.last().map(|load| load.code.script())
    }

    /// Returns the position of the current context's next instruction, in bytes.
    pub fn position(&self) -> Option<usize> {
        self.loads.last().map(|_| self.inst().offset as usize)
    }

    /// Returns the opcode at the current position: RET behind the last byte,
    /// `None` for an undefined byte or if no context is loaded.
    pub fn opcode(&self) -> Option<OpCode> {
        self.loads.last()?;
        OpCode::from_byte(self.inst().opcode)
    }

    /// Returns the decoded instruction at the instruction pointer.
    pub(crate) fn inst(&self) -> &DecodedInst {
        debug_assert!(!self.ip.is_null(), "a context is loaded");
        // SAFETY: while a context is loaded, `ip` points to a decoded instruction
        // of its code or to a misaligned one, and the load keeps both. `Vm` calls
        // this at no other time.
        unsafe { &*self.ip }
    }

    /// Returns the end of the memory for slots.
    pub(crate) fn slots_end(&self) -> *mut StackItem {
        self.slot_cells.end().wrapping_sub(EMPTY_SLOTS)
    }

    /// Returns whether the current context has local variables or arguments.
    pub(crate) fn has_slots(&self) -> bool {
        self.locals != 0 || self.args_offset != 0
    }

    /// Returns the number of arguments of the current context.
    pub(crate) fn argument_count(&self) -> usize {
        self.args_offset.unsigned_abs() as usize / size_of::<StackItem>()
    }

    fn cells_between(&self, from: *const StackItem, to: *const StackItem) -> usize {
        (to as usize).wrapping_sub(from as usize) / size_of::<StackItem>()
    }

    /// Returns the room for items below the limit, negative if it is exceeded.
    pub(crate) fn room(&self) -> i64 {
        (self.limit as isize).wrapping_sub(self.sp as isize) as i64 / size_of::<StackItem>() as i64
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.release_all();
    }
}

impl core::fmt::Debug for Vm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Vm")
            .field("state", &self.state)
            .field("depth", &self.depth())
            .field("position", &self.position())
            .field("gas_consumed", &self.gas_consumed())
            .finish_non_exhaustive()
    }
}
