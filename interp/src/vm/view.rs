//! Views of the invocation stack, for debuggers and hosts.

use alloc::vec::Vec;

use neovm_types::{OpCode, Script, StackItem};

use super::Vm;
use crate::{host::LoadId, stack::SENTINELS};

/// A copy of a context. Its compounds are shared with the machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContextView {
    /// The script of the context.
    pub script: Script,
    /// The position of its next instruction, in bytes.
    pub position: usize,
    /// The opcode at the position: RET behind the last byte, `None` for an
    /// undefined byte.
    pub next: Option<OpCode>,
    /// The evaluation stack, bottom first. Contexts of one load share it.
    pub stack: Vec<StackItem>,
    /// The local variables.
    pub locals: Vec<StackItem>,
    /// The arguments.
    pub arguments: Vec<StackItem>,
    /// The static fields of the load.
    pub statics: Vec<StackItem>,
}

/// An entry of the invocation stack, see [`Vm::invocation_stack`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Invocation<'a> {
    /// The load that the context belongs to.
    pub load: LoadId,
    /// The script of the context.
    pub script: &'a Script,
    /// The position of the next instruction, in bytes. During a system call, this
    /// is the SYSCALL instruction in the current context, and the instruction behind
    /// the call in all others.
    pub position: usize,
    /// The opcode at the position: RET behind the last byte, `None` for an
    /// undefined byte.
    pub opcode: Option<OpCode>,
}

impl Vm {
    /// Returns the id of the load that the current context belongs to.
    pub fn current_load(&self) -> Option<LoadId> {
        self.loads.last().map(|load| load.id)
    }

    /// Returns the ids of all loads, the current one first. The second is the id of
    /// the script that called the current one.
    pub fn loads(&self) -> impl DoubleEndedIterator<Item = LoadId> + ExactSizeIterator {
        self.loads.iter().rev().map(|load| load.id)
    }

    /// Returns the contexts on the invocation stack, the current one first,
    /// without the items on their stacks; see [`Vm::contexts`] for those.
    pub fn invocation_stack(&self) -> impl Iterator<Item = Invocation<'_>> {
        let mut loads = self.loads.as_slice();
        (0..self.depth()).rev().filter_map(move |level| {
            while let Some((top, below)) = loads.split_last()
                && top.frames > level
            {
                loads = below;
            }
            let load = loads.last()?;
            let ip = self.frames.get(level).map_or(self.ip, |frame| frame.ip);
            // SAFETY: the instruction pointers of all contexts point into the
            // code of their load, or into its misaligned instructions.
            let inst = unsafe { &*ip };
            let (position, opcode) = (inst.offset as usize, OpCode::from_byte(inst.opcode));
            Some(Invocation { load: load.id, script: load.code.script(), position, opcode })
        })
    }

    /// Returns copies of the contexts on the invocation stack, the current one first.
    pub fn contexts(&self) -> Vec<ContextView> {
        let mut views = Vec::with_capacity(self.depth());
        let mut slots = (self.ip, self.slots, self.locals, self.args_offset);
        let mut top = self.sp;
        let mut below = self.frames.len();
        for load in self.loads.iter().rev() {
            // SAFETY: the cells of a load's evaluation stack, up to the sentinels
            // of the next, are occupied; so are the slots of each context.
            let stack = unsafe { self.items(load.stack, top) };
            loop {
                let (ip, base, locals, args_offset) = slots;
                // SAFETY: as above; `ip` points to a decoded instruction of the load.
                let (cell, locals, mut arguments) = unsafe {
                    let first = base.wrapping_byte_offset(args_offset as isize);
                    let locals = self.items(base, base.wrapping_add(locals as usize));
                    (&*ip, locals, self.items(first, base))
                };
                arguments.reverse();
                let script = load.code.script().clone();
                let statics = load.statics.clone();
                views.push(ContextView {
                    next: OpCode::from_byte(cell.opcode),
                    position: cell.offset as usize,
                    script,
                    stack: stack.clone(),
                    locals,
                    arguments,
                    statics,
                });
                let done = below == load.frames;
                if let Some(frame) = below.checked_sub(1).map(|at| &self.frames[at]) {
                    slots = (frame.ip, frame.slots, frame.locals, frame.args_offset);
                    below -= 1;
                }
                if done {
                    break;
                }
            }
            top = load.stack.wrapping_sub(SENTINELS);
        }
        views
    }

    /// Returns copies of the items from one cell up to another.
    ///
    /// # Safety
    /// The cells from `from` up to `to` are occupied by items.
    unsafe fn items(&self, from: *const StackItem, to: *const StackItem) -> Vec<StackItem> {
        let count = self.cells_between(from, to);
        // SAFETY: guaranteed by the caller.
        (0..count).map(|i| unsafe { (*from.add(i)).clone() }).collect()
    }
}
