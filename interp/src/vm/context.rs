//! Contexts: loading scripts, calls, returns and jumps.
//!
//! Sources: `ExecutionContext.cs`, `ExecutionEngine.cs` (`LoadContext`,
//! `ContextUnloaded`), `JumpTable.Control.cs` (`Ret`, `ExecuteCall`).

use alloc::{sync::Arc, vec::Vec};

use neovm_types::{FaultKind, Pointer, Script, StackItem, engine_internals::pointer};

use super::{State, Vm};
use crate::{
    caller::Caller,
    code::Code,
    config::Dispatch,
    frame::{Frame, Load},
    host::{Host, HostError, LoadId, Unload},
    inst::DecodedInst,
    stack::{SENTINELS, write_sentinels},
};

/// How a script is loaded.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The number of items that the script must return, or -1 for any number.
    pub return_count: i32,
    /// The position that execution starts at, in bytes.
    pub position: usize,
    /// Whether instructions and fees are free while the script is the current one.
    pub free: bool,
}

impl LoadOptions {
    /// Sets the number of items that the script must return, or -1 for any number.
    #[must_use]
    pub const fn with_return_count(self, return_count: i32) -> Self {
        Self { return_count, ..self }
    }

    /// Sets the position that execution starts at, in bytes.
    #[must_use]
    pub const fn with_position(self, position: usize) -> Self {
        Self { position, ..self }
    }

    /// Sets whether instructions and fees are free while the script is the current one.
    #[must_use]
    pub const fn with_free(self, free: bool) -> Self {
        Self { free, ..self }
    }
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { return_count: -1, position: 0, free: false }
    }
}

impl Vm {
    /// Decodes a script and loads it on top of the invocation stack, with an
    /// evaluation stack and static fields of its own. Returns the id of the load.
    ///
    /// # Errors
    /// Those of [`Code::decode`] and [`Vm::load`].
    pub fn load_script(&mut self, script: impl Into<Script>, options: LoadOptions) -> Result<LoadId, FaultKind> {
        let code = Code::decode(script.into(), self.prices())?;
        self.load(Arc::new(code), options)
    }

    /// Loads decoded code on top of the invocation stack, with an evaluation
    /// stack and static fields of its own. Returns the id of the load.
    ///
    /// A machine that halted can be loaded again; its results add up.
    ///
    /// # Errors
    /// [`FaultKind::MaxInvocationStackSize`] if there are too many contexts,
    /// [`FaultKind::ReturnCountRange`] or [`FaultKind::OutOfScript`] for
    /// invalid options, [`FaultKind::Host`] for code that was decoded with
    /// other prices than the machine's.
    pub fn load(&mut self, code: Arc<Code>, options: LoadOptions) -> Result<LoadId, FaultKind> {
        if !Arc::ptr_eq(code.prices(), self.prices()) && code.prices() != self.prices() {
            return Err(FaultKind::Host("the code was decoded with other prices than the machine's".into()));
        }
        if !(-1..=i32::from(u16::MAX)).contains(&options.return_count) {
            return Err(FaultKind::ReturnCountRange(options.return_count.into()));
        }
        let length = code.script().len();
        if options.position > length {
            return Err(FaultKind::OutOfScript { position: options.position as i64, length });
        }
        self.check_depth()?;
        // Otherwise a host that loads one short script after another would keep a meter running for ever.
        self.settle();
        self.begin_context();
        self.last_load += 1;
        let id = LoadId(self.last_load);
        let stack = self.begin_stack();
        let frames = self.frames.len();
        let LoadOptions { return_count, position, free } = options;
        let statics = Vec::new();
        self.loads.push(Load { code, misaligned: None, id, stack, statics, return_count, frames, free });
        self.stack = stack;
        if self.state == State::Halt {
            self.state = State::Break;
        }
        self.select_load();
        self.ip = self.inst_at(position);
        self.loaded();
        Ok(id)
    }

    /// Puts a context on top of the current one that starts at a position of
    /// the same script. It shares the load: evaluation stack, static fields and
    /// [`LoadId`]. This is what CALL does; hosts use it to run `_initialize`
    /// before a method.
    ///
    /// # Errors
    /// [`FaultKind::MaxInvocationStackSize`] if there are too many contexts,
    /// [`FaultKind::OutOfScript`] if the position is outside the script or no
    /// script is loaded.
    pub fn call(&mut self, position: i64) -> Result<(), FaultKind> {
        // The reference makes the context, which checks its position, before it loads it.
        let target = self.inst_in_script(position)?;
        self.check_depth()?;
        self.begin_context();
        self.ip = target;
        Ok(())
    }

    fn check_depth(&self) -> Result<(), FaultKind> {
        let count = self.depth();
        if count >= self.limits.max_invocation_stack_size as usize {
            return Err(FaultKind::MaxInvocationStackSize { count });
        }
        Ok(())
    }

    /// Suspends the current context, if there is one, and begins another above it.
    fn begin_context(&mut self) {
        if !self.loads.is_empty() {
            // A context that is running an instruction continues behind it; one
            // that was just loaded has not begun.
            let ip = if self.in_instruction && !self.jumped { self.next_ip() } else { self.ip };
            self.slots = self.push_frame(ip, self.slots);
        }
        self.jumped = true;
    }

    /// Suspends the current context, which has its slots at `slots` and continues
    /// at `ip`, and begins one without slots and try blocks. Returns where the
    /// slots of the new context begin.
    #[inline(always)]
    pub(crate) fn push_frame(&mut self, ip: *const DecodedInst, slots: *mut StackItem) -> *mut StackItem {
        let Self { locals, args_offset, try_base, .. } = *self;
        self.frames.push(Frame { ip, slots, args_offset, locals, try_base });
        self.locals = 0;
        self.args_offset = 0;
        self.try_base = self.try_blocks.len() as u32;
        slots.wrapping_add(locals as usize)
    }

    /// Begins an evaluation stack above the current one.
    fn begin_stack(&mut self) -> *mut StackItem {
        if self.sp.wrapping_add(SENTINELS) >= self.end || self.limit.wrapping_add(SENTINELS) > self.end {
            self.limit = self.limit.wrapping_add(SENTINELS);
            self.grow_arena(SENTINELS);
        } else {
            self.limit = self.limit.wrapping_add(SENTINELS);
        }
        // SAFETY: there is room for the sentinels below `end`.
        self.sp = unsafe { write_sentinels(self.sp) };
        self.sp
    }

    /// Makes the state of the topmost load the current one.
    pub(super) fn select_load(&mut self) {
        match self.loads.last_mut() {
            Some(load) => {
                self.stack = load.stack;
                self.constants = load.code.constants().start();
                // Only tail calls enter compiled code.
                let counts = cfg!(neovm_tail_calls) && self.dispatch == Dispatch::Auto;
                let hot_counters = load.code.hot_counters().filter(|_| counts);
                self.counters = hot_counters.map_or(core::ptr::null(), |hot| hot.counters(&load.code));
                self.statics = load.statics.as_mut_ptr();
                self.statics_count = load.statics.len() as u32;
                self.load_frames = load.frames;
                let free = load.free;
                self.set_free(free);
            }
            None => {
                self.stack = self.arena.start();
                self.counters = core::ptr::null();
                self.statics = core::ptr::null_mut();
                self.statics_count = 0;
                self.load_frames = 0;
                self.ip = core::ptr::null();
                self.set_free(false);
            }
        }
    }

    /// Creates the static fields of the current load, all Null.
    pub(crate) fn make_statics(&mut self, count: u32) {
        if let Some(load) = self.loads.last_mut() {
            load.statics = core::mem::take(&mut self.spare_statics);
            load.statics.resize_with(count as usize, Default::default);
            self.statics = load.statics.as_mut_ptr();
            self.statics_count = count;
        }
    }

    /// Returns from the current context.
    pub(crate) fn return_from_context(&mut self, host: &mut dyn Host) -> Result<(), HostError> {
        self.jumped = true;
        let Some(load) = self.loads.last() else { return Ok(()) };
        if self.frames.len() > load.frames {
            self.end_context();
            return Ok(());
        }
        let count = self.stack_len();
        if load.return_count >= 0 && load.return_count as usize != count {
            return Err(FaultKind::ReturnCount { expected: load.return_count, count }.into());
        }
        // The items move down onto the stack below and stay counted. Constants
        // of the code are copied, because the code may be dropped.
        let below = self.stack.wrapping_sub(SENTINELS);
        for i in 0..count {
            // SAFETY: the sentinels lie below the stack's items, both within
            // the arena; the lowest item moves first.
            unsafe {
                let item = self.stack.add(i).read();
                below.add(i).write(self.promote(item));
            }
        }
        self.sp = self.sp.wrapping_sub(SENTINELS);
        self.take_room(SENTINELS as isize);
        self.unload(host, Unload::Returned)
    }

    /// Drops the current context, which is not the first of its load.
    pub(super) fn end_context(&mut self) {
        self.release_slots();
        self.try_blocks.truncate(self.try_base as usize);
        if let Some(frame) = self.frames.pop() {
            self.restore_slots(&frame);
            self.try_base = frame.try_base;
            self.ip = frame.ip;
        }
    }

    /// Drops the current load and its last context. The evaluation stack of the
    /// load is already empty.
    fn unload(&mut self, host: &mut dyn Host, how: Unload) -> Result<(), HostError> {
        let Some(load) = self.loads.last_mut() else { return Ok(()) };
        let id = load.id;
        if !load.statics.is_empty() {
            let statics = core::mem::take(&mut load.statics);
            self.release_statics(statics);
        }
        self.end_context();
        // `pop` would move the load, which is large.
        self.loads.truncate(self.loads.len() - 1);
        self.release_promoted();
        self.select_load();
        let was_in_instruction = core::mem::replace(&mut self.in_instruction, false);
        let mut caller = match how {
            Unload::Returned => Caller::new(self),
            Unload::Threw => Caller::unwinding(self),
        };
        let result = host.context_unloaded(&mut caller, id, how);
        self.in_instruction = was_in_instruction;
        result
    }

    /// Drops the current context, which does not handle an exception. The items of
    /// its evaluation stack are dropped but stay counted, as in the reference.
    pub(super) fn unwind_context(&mut self, host: &mut dyn Host) -> Result<(), HostError> {
        let Some(load) = self.loads.last() else { return Ok(()) };
        if self.frames.len() > load.frames {
            self.end_context();
            return Ok(());
        }
        let count = self.stack_len();
        self.track_stack();
        self.drop_cells(self.stack);
        self.sp = self.stack.wrapping_sub(SENTINELS);
        self.take_room((count + SENTINELS) as isize);
        self.unload(host, Unload::Threw)
    }

    /// Returns the decoded instruction at a position of the current script. The
    /// position must not be behind the end.
    pub(crate) fn inst_at(&mut self, position: usize) -> *const DecodedInst {
        let Some(load) = self.loads.last_mut() else { return core::ptr::null() };
        match load.code.inst(position) {
            Some(cell) => cell,
            None => load.misaligned.get_or_insert_default().inst(&load.code, position),
        }
    }

    /// Returns the decoded instruction at a position. There is one at the end of
    /// the script, too.
    fn inst_in_script(&mut self, position: i64) -> Result<*const DecodedInst, FaultKind> {
        let length = self.script().map_or(0, Script::len);
        match usize::try_from(position) {
            Ok(inside) if inside <= length && !self.loads.is_empty() => Ok(self.inst_at(inside)),
            _ => Err(FaultKind::OutOfScript { position, length }),
        }
    }

    /// Continues at a position, as the reference does by setting its instruction
    /// pointer.
    pub(crate) fn go_to(&mut self, position: i64) -> Result<(), FaultKind> {
        self.ip = self.inst_in_script(position)?;
        self.jumped = true;
        Ok(())
    }

    /// Jumps to an offset from the current instruction. A jump to the end of the
    /// script faults.
    pub(crate) fn jump(&mut self, offset: i32) -> Result<(), FaultKind> {
        let target = self.target(offset)?;
        let length = self.script().map_or(0, Script::len);
        if target < 0 || target as usize >= length {
            return Err(FaultKind::JumpOutOfRange(target.into()));
        }
        self.go_to(target.into())
    }

    /// Returns the position at an offset from the current instruction.
    pub(crate) fn target(&self, offset: i32) -> Result<i32, FaultKind> {
        (self.inst().offset as i32).checked_add(offset).ok_or(FaultKind::Overflow)
    }

    /// Returns the decoded instruction behind the current one. For the implicit
    /// RET at the end of the script this is the RET itself.
    pub(crate) fn next_ip(&mut self) -> *const DecodedInst {
        let Some(script) = self.script() else { return self.ip };
        let (position, op) = (self.inst().offset as usize, self.inst().op);
        if position >= script.len() {
            return self.ip;
        }
        if op != crate::op::Op::Misaligned {
            return self.ip.wrapping_add(1);
        }
        let size = script.instruction(position).map_or(1, |instruction| instruction.size());
        self.inst_at(position + size)
    }

    /// Returns a pointer to a position of the current load.
    pub(crate) fn pointer(&self, position: u32) -> Pointer {
        // The low halves of two ids differ unless four billion loads lie between
        // them.
        pointer(self.loads.last().map_or(0, |load| load.id.get() as u32), position)
    }

    /// Sets whether instructions and fees of the current load are free.
    pub fn set_context_free(&mut self, free: bool) {
        if let Some(load) = self.loads.last_mut() {
            load.free = free;
            self.set_free(free);
        }
    }

    /// Sets whether what follows is free. What the meter has counted was not, or was.
    fn set_free(&mut self, free: bool) {
        if self.gas.free != free {
            self.settle();
            self.gas.free = free;
        }
    }
}
