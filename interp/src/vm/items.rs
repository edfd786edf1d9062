//! Items on the evaluation stack and in slots.
//!
//! Source: `EvaluationStack.cs`, `Slot.cs`.

use alloc::vec::Vec;

use neovm_types::{
    Array, Buffer, FaultKind, Integer, Map, Pointer, StackItem,
    engine_internals::{ItemInternals, ItemVec},
    opcode::SlotKind,
};

use super::{EMPTY_SLOTS, SLACK, Vm};
use crate::{
    frame::Frame,
    stack::{Cells, SENTINELS, drop_cell, set_empty, tag, tag_of},
};

/// The evaluation stack of the current context.
impl Vm {
    /// Returns the number of items on the evaluation stack.
    pub fn stack_len(&self) -> usize {
        self.cells_between(self.stack, self.sp)
    }

    /// Pushes an item.
    pub fn push(&mut self, item: impl Into<StackItem>) {
        let item = item.into();
        if item.is_compound() {
            self.retain(&item);
        }
        self.ref_delta.added += 1;
        self.put(item);
    }

    /// Removes the top item and returns it.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if there is none.
    #[inline]
    pub fn pop(&mut self) -> Result<StackItem, FaultKind> {
        self.check_index(0)?;
        let item = self.take_top();
        self.ref_delta.removed += 1;
        if item.is_compound() {
            self.release_cell(&item);
        }
        Ok(item)
    }

    /// Removes the top item after a function has looked at it.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if there is none.
    #[inline]
    pub fn pop_with<R>(&mut self, look: impl FnOnce(&StackItem) -> R) -> Result<R, FaultKind> {
        self.check_index(0)?;
        // SAFETY: there is an item below `sp`.
        let result = look(unsafe { &*self.sp.sub(1) });
        self.drop_top();
        Ok(result)
    }

    /// Removes the top item, which must exist.
    #[inline]
    fn drop_top(&mut self) {
        self.ref_delta.removed += 1;
        self.sp = self.sp.wrapping_sub(1);
        // SAFETY: the cell was occupied, and no longer is.
        unsafe {
            if tag_of(self.sp) < tag::ARRAY {
                drop_cell(self.sp);
            } else {
                self.release_cell(&self.sp.read());
            }
        }
    }

    /// Removes the topmost `count` items.
    ///
    /// # Errors
    /// [`FaultKind::StackIndex`] if there are fewer; the items that are there
    /// are removed.
    pub fn drop_items(&mut self, count: usize) -> Result<(), FaultKind> {
        for _ in 0..count {
            self.check_index(0)?;
            self.drop_top();
        }
        Ok(())
    }

    /// Returns the item at a depth from the top, 0 for the top.
    ///
    /// # Errors
    /// [`FaultKind::PeekIndex`] if there is none.
    pub fn peek(&self, index: usize) -> Result<&StackItem, FaultKind> {
        let count = self.stack_len();
        if index >= count {
            return Err(FaultKind::PeekIndex { index: index as i64, count });
        }
        // SAFETY: the cells between `stack` and `sp` are occupied.
        Ok(unsafe { &*self.sp.sub(index + 1) })
    }

    /// Removes the top item and returns it as an integer.
    ///
    /// # Errors
    /// Those of [`Vm::pop`] and [`StackItem::to_integer`].
    pub fn pop_integer(&mut self) -> Result<Integer, FaultKind> {
        self.pop()?.to_integer()
    }

    /// Removes the top item and returns it as an `i32`, as the reference casts it.
    ///
    /// # Errors
    /// Those of [`Vm::pop`] and [`StackItem::to_i32`].
    pub fn pop_i32(&mut self) -> Result<i32, FaultKind> {
        self.pop()?.to_i32()
    }

    /// Removes the top item and returns it as a boolean.
    ///
    /// # Errors
    /// Those of [`Vm::pop`] and [`StackItem::to_boolean`].
    pub fn pop_boolean(&mut self) -> Result<bool, FaultKind> {
        self.pop()?.to_boolean()
    }

    /// Removes the item at a depth from the top and returns it.
    pub(crate) fn remove(&mut self, index: usize) -> Result<StackItem, FaultKind> {
        self.check_index(index)?;
        // SAFETY: the cells from `sp - index - 1` up to `sp` are occupied.
        let item = unsafe {
            let place = self.sp.sub(index + 1);
            let item = place.read();
            place.copy_from(place.add(1), index);
            item
        };
        let item = self.promote(item);
        self.sp = self.sp.wrapping_sub(1);
        self.ref_delta.removed += 1;
        if item.is_compound() {
            self.release_cell(&item);
        }
        Ok(item)
    }

    /// Inserts an item below the topmost `index` items.
    pub(crate) fn insert(&mut self, index: usize, item: StackItem) -> Result<(), FaultKind> {
        let count = self.stack_len();
        if index > count {
            return Err(FaultKind::InsertIndex { index, count });
        }
        self.push(item);
        self.items_mut(index + 1).rotate_right(1);
        Ok(())
    }

    /// Returns the topmost `count` items, or all if there are fewer, the top last.
    pub(crate) fn items_mut(&mut self, count: usize) -> &mut [StackItem] {
        let count = count.min(self.stack_len());
        // SAFETY: the cells between `stack` and `sp` are occupied, and borrowed with `self`.
        unsafe { core::slice::from_raw_parts_mut(self.sp.sub(count), count) }
    }

    /// Removes the topmost `count` items, which must exist, and returns them, the
    /// top first. They stay counted, for the compound that they move into.
    pub(crate) fn take_items(&mut self, count: usize) -> ItemVec {
        (0..count).map(|_| self.take_top()).collect()
    }

    /// Pushes a new compound and takes room for its `items` items. References to
    /// compounds among them are already counted.
    pub(crate) fn put_counted(&mut self, compound: StackItem, items: usize) {
        if let Some(header) = compound.header() {
            header.set_references(1);
        }
        self.ref_delta.added += 1 + items as u64;
        self.take_room(items as isize);
        self.put(compound);
    }

    /// Removes all items.
    pub(crate) fn clear_stack(&mut self) {
        // This cannot fail: there are that many.
        let _ = self.drop_items(self.stack_len());
    }

    /// Pops an item of a type that the reference checks when it pops.
    fn pop_as(&mut self, name: &'static str, is: impl FnOnce(&StackItem) -> bool) -> Result<StackItem, FaultKind> {
        self.check_index(0)?;
        if !is(self.peek(0)?) {
            return Err(FaultKind::WrongType(name));
        }
        self.pop()
    }

    pub(crate) fn pop_primitive(&mut self) -> Result<StackItem, FaultKind> {
        self.pop_as("PrimitiveType", StackItem::is_primitive)
    }

    pub(crate) fn pop_compound(&mut self) -> Result<StackItem, FaultKind> {
        self.pop_as("CompoundType", StackItem::is_compound)
    }

    /// Pops an array or a struct.
    pub(crate) fn pop_array(&mut self) -> Result<(StackItem, Array), FaultKind> {
        let item = self.pop_as("Array", |item| matches!(item, StackItem::Array(_) | StackItem::Struct(_)))?;
        match &item {
            StackItem::Array(array) | StackItem::Struct(array) => {
                let array = array.clone();
                Ok((item, array))
            }
            _ => Err(FaultKind::WrongType("Array")),
        }
    }

    pub(crate) fn pop_map(&mut self) -> Result<Map, FaultKind> {
        match self.pop_as("Map", |item| matches!(item, StackItem::Map(_)))? {
            StackItem::Map(map) => Ok(map),
            _ => Err(FaultKind::WrongType("Map")),
        }
    }

    pub(crate) fn pop_buffer(&mut self) -> Result<Buffer, FaultKind> {
        match self.pop_as("Buffer", |item| matches!(item, StackItem::Buffer(_)))? {
            StackItem::Buffer(buffer) => Ok(buffer),
            _ => Err(FaultKind::WrongType("Buffer")),
        }
    }

    pub(crate) fn pop_pointer(&mut self) -> Result<Pointer, FaultKind> {
        match self.pop_as("Pointer", |item| matches!(item, StackItem::Pointer(_)))? {
            StackItem::Pointer(pointer) => Ok(pointer),
            _ => Err(FaultKind::WrongType("Pointer")),
        }
    }

    fn check_index(&self, index: usize) -> Result<(), FaultKind> {
        let count = self.stack_len();
        if index >= count { Err(FaultKind::StackIndex { index: index as i64, count }) } else { Ok(()) }
    }

    /// Pushes an item whose references are already counted.
    pub(crate) fn put(&mut self, item: StackItem) {
        if self.sp >= self.end {
            self.grow_arena(1);
        }
        // SAFETY: `sp` is below `end`, within the arena.
        unsafe { self.sp.write(item) };
        self.sp = self.sp.wrapping_add(1);
    }

    /// Removes the top item, which must exist, and returns it; it stays counted. The
    /// item may outlive the code, so a constant is copied.
    pub(super) fn take_top(&mut self) -> StackItem {
        debug_assert!(self.sp > self.arena.start(), "the stack holds an item");
        self.sp = self.sp.wrapping_sub(1);
        // SAFETY: the cell was occupied, and no longer is.
        let item = unsafe { self.sp.read() };
        self.promote(item)
    }

    /// Makes room for more cells, or for a limit that has risen above `end`.
    #[cold]
    pub(crate) fn grow_arena(&mut self, cells: usize) {
        let start = self.arena.start();
        let used = self.cells_between(start, self.sp);
        let top = self.cells_between(start, self.limit.max(self.sp)).max(used);
        let capacity = (top + cells + SENTINELS + SLACK).next_power_of_two();
        self.arena.grow(used, Cells::new(capacity));
        let moved = self.arena.start();
        let rebase = |place| rebased(place, start, moved);
        self.sp = rebase(self.sp);
        self.stack = rebase(self.stack);
        self.limit = rebase(self.limit);
        self.end = self.arena.end().wrapping_sub(SLACK);
        for load in &mut self.loads {
            load.stack = rebase(load.stack);
        }
    }

    /// Calls a function with each item on a stack, in a slot or in a static field.
    pub(super) fn each_held(&self, mut f: impl FnMut(&StackItem)) {
        let (arena, slots) = (self.arena.start(), self.slot_cells.start());
        for (start, end) in [(arena, self.sp), (slots, self.slot_top())] {
            for i in 0..self.cells_between(start, end) {
                let cell = start.wrapping_add(i);
                // SAFETY: these cells hold items or sentinels.
                unsafe {
                    if tag_of(cell) != tag::EMPTY {
                        f(&*cell);
                    }
                }
            }
        }
        self.loads.iter().flat_map(|load| &load.statics).for_each(f);
    }

    /// Drops the items above `floor` without counting.
    pub(super) fn drop_cells(&mut self, floor: *mut StackItem) {
        while self.sp > floor {
            self.sp = self.sp.wrapping_sub(1);
            // SAFETY: cells between the arena's start and `sp` hold items or sentinels.
            unsafe {
                if tag_of(self.sp) != tag::EMPTY {
                    drop_cell(self.sp);
                }
            }
        }
    }
}

/// Slots: local variables and arguments of the current context.
impl Vm {
    /// Returns the end of the slots in use.
    fn slot_top(&self) -> *mut StackItem {
        self.slots.wrapping_add(self.locals as usize)
    }

    /// Creates the slots of the current context: local variables, which are Null,
    /// and arguments, which are popped. Faults if the stack has too few items.
    pub(crate) fn make_slots(&mut self, locals: u32, arguments: u32) -> Result<(), FaultKind> {
        self.ref_delta.added += u64::from(locals);
        self.take_room(locals as isize);
        if self.stack_len() < arguments as usize {
            return Err(FaultKind::StackIndex { index: 0, count: 0 });
        }
        self.reserve_slots((locals + arguments) as usize);
        let first = self.slot_top();
        // SAFETY: `reserve_slots` made room for all; the stack holds the arguments.
        unsafe {
            self.slots = first.add(arguments as usize);
            self.sp = self.sp.sub(arguments as usize);
            // The first argument was on top, and lies next to the local variables.
            first.copy_from_nonoverlapping(self.sp, arguments as usize);
            for i in 0..locals as usize {
                self.slots.add(i).write(StackItem::Null);
            }
        }
        self.take_room(arguments as isize);
        self.locals = locals;
        self.args_offset = -((arguments as usize * size_of::<StackItem>()) as i64);
        Ok(())
    }

    fn reserve_slots(&mut self, count: usize) {
        let start = self.slot_cells.start();
        let used = self.cells_between(start, self.slot_top());
        if used + count + EMPTY_SLOTS <= self.slot_cells.capacity() {
            return;
        }
        let capacity = (used + count).next_power_of_two() + EMPTY_SLOTS;
        self.slot_cells.grow(used, Cells::new_empty(capacity));
        let moved = self.slot_cells.start();
        let rebase = |place| rebased(place, start, moved);
        self.slots = rebase(self.slots);
        for frame in &mut self.frames {
            frame.slots = rebase(frame.slots);
        }
    }

    /// Returns the slots of a kind in the current context; of arguments, the last one
    /// comes first.
    pub(crate) fn slots_of(&mut self, kind: SlotKind) -> &mut [StackItem] {
        let (first, count) = match kind {
            SlotKind::Static => return self.loads.last_mut().map_or(&mut [], |load| &mut load.statics),
            SlotKind::Local => (self.slots, self.locals as usize),
            SlotKind::Argument => (self.slots.wrapping_sub(self.argument_count()), self.argument_count()),
        };
        // SAFETY: `locals` slots from `slots` on and `argument_count` below it
        // are occupied; all are borrowed with `self`.
        unsafe { core::slice::from_raw_parts_mut(first, count) }
    }

    /// Counts out the slots of the current context and drops them.
    pub(super) fn release_slots(&mut self) {
        let count = self.locals as usize + self.argument_count();
        // SAFETY: the slots are occupied, and no longer are once their numbers
        // are zero; nothing reads them in between.
        unsafe {
            if count == 0 {
                return;
            }
            let first = self.slots.sub(self.argument_count());
            self.slots = first;
            self.locals = 0;
            self.args_offset = 0;
            self.release_cells(first, count);
        }
    }

    /// Counts out the static fields of a load that ends and drops them. Their memory
    /// is kept for the next load.
    pub(super) fn release_statics(&mut self, mut statics: Vec<StackItem>) {
        let count = statics.len();
        // SAFETY: the vector no longer owns the items once its length is zero.
        unsafe {
            statics.set_len(0);
            self.release_cells(statics.as_mut_ptr(), count);
        }
        self.spare_statics = statics;
    }

    /// Counts items out and drops them.
    ///
    /// # Safety
    /// `count` cells from `first` on are occupied, and nothing reads them again.
    unsafe fn release_cells(&mut self, first: *mut StackItem, count: usize) {
        let mut leaves = 0;
        for i in 0..count {
            // SAFETY: guaranteed by the caller; each item is dropped once.
            unsafe {
                let cell = first.add(i);
                if tag_of(cell) < tag::ARRAY {
                    drop_cell(cell);
                    leaves += 1;
                } else {
                    self.count_out(&cell.read());
                }
                set_empty(cell);
            }
        }
        self.ref_delta.removed += leaves as u64;
        self.take_room(-leaves);
    }

    /// Restores the slots of a frame that becomes current again.
    pub(super) fn restore_slots(&mut self, frame: &Frame) {
        self.slots = frame.slots;
        self.locals = frame.locals;
        self.args_offset = frame.args_offset;
    }

    /// Drops the items of all slots without counting.
    pub(super) fn drop_slots(&mut self) {
        let top = self.slot_top();
        let start = self.slot_cells.start();
        self.locals = 0;
        self.args_offset = 0;
        self.slots = start;
        for i in 0..self.cells_between(start, top) {
            // SAFETY: the slots of all frames are contiguous and occupied up to the top.
            unsafe {
                drop_cell(start.add(i));
                set_empty(start.add(i));
            }
        }
    }
}

/// Returns the new address of a cell in memory that moved.
fn rebased(place: *mut StackItem, from: *mut StackItem, to: *mut StackItem) -> *mut StackItem {
    to.wrapping_byte_offset((place as isize).wrapping_sub(from as isize))
}
