//! The consensus count of items.
//!
//! The count is kept as the distance between `sp` and `limit`. An item on a stack
//! takes room because `sp` moves up; an item in a slot or in a counted compound
//! takes room because `limit` moves down. Each compound has its own count of
//! stack references ([`Header::references`]): its items are counted while that is
//! above zero.
//!
//! This count does not decide how long a compound stays in memory.
//!
//! Source: `ReferenceCounter.cs`.

use alloc::vec::Vec;

use neovm_types::{
    StackItem,
    engine_internals::{Candidate, Header, ItemInternals, collect_cycles},
};

use super::Vm;

impl Vm {
    /// Takes room for items; a negative number gives room back.
    #[inline(always)]
    pub(crate) fn take_room(&mut self, items: isize) {
        self.limit = self.limit.wrapping_offset(-items);
    }

    /// Counts an item that becomes part of a counted compound or a slot.
    pub(crate) fn count_in(&mut self, item: &StackItem) {
        self.ref_delta.added += 1;
        self.take_room(1);
        if item.is_compound() {
            self.retain(item);
        }
    }

    /// Stops counting an item that leaves a counted compound or a slot.
    pub(crate) fn count_out(&mut self, item: &StackItem) {
        match item.header() {
            // As in the reference, a compound without references is not counted out.
            Some(header) if header.references() == 0 => {}
            Some(_) => {
                self.ref_delta.removed += 1;
                self.take_room(-1);
                self.release(item);
            }
            None => {
                self.ref_delta.removed += 1;
                self.take_room(-1);
            }
        }
    }

    /// Stops counting items that leave a counted compound. `nested` says whether
    /// there may be compounds among them.
    pub(crate) fn count_out_all(&mut self, items: &[StackItem], nested: bool) {
        if nested {
            return items.iter().for_each(|item| self.count_out(item));
        }
        self.ref_delta.removed += items.len() as u64;
        self.take_room(-(items.len() as isize));
    }

    /// Adds a stack reference to a compound. The caller takes the room for the
    /// reference itself.
    pub(crate) fn retain(&mut self, compound: &StackItem) {
        let Some(header) = compound.header() else { return };
        header.set_references(header.references() + 1);
        if header.is_linked() && header.track() {
            self.track(compound);
        }
        if header.references() == 1 {
            self.retain_items(compound, header.is_nested());
        }
    }

    #[cold]
    fn retain_items(&mut self, compound: &StackItem, nested: bool) {
        if !nested {
            let items = compound.child_count();
            self.ref_delta.added += items as u64;
            return self.take_room(items as isize);
        }
        let mut pending = core::mem::take(&mut self.worklist);
        let mut next = Some(compound.clone());
        while let Some(parent) = next {
            let mut items = parent.child_count() as isize;
            each_compound(&parent, |child| {
                if let Some(header) = child.header() {
                    header.set_references(header.references() + 1);
                    if header.is_linked() && header.track() {
                        self.track(child);
                    }
                    if header.references() == 1 {
                        // Most hold no compounds, so there is nothing to visit.
                        if header.is_nested() {
                            pending.push(child.clone());
                        } else {
                            items += child.child_count() as isize;
                        }
                    }
                }
            });
            self.ref_delta.added += items as u64;
            self.take_room(items);
            next = pending.pop();
        }
        self.worklist = pending;
    }

    /// Removes a stack reference from a compound that has one.
    pub(crate) fn release(&mut self, compound: &StackItem) {
        let Some(header) = compound.header() else { return };
        header.set_references(header.references() - 1);
        if header.references() == 0 {
            self.release_items(compound, header.is_nested() || header.is_linked());
        }
    }

    #[cold]
    fn release_items(&mut self, compound: &StackItem, nested: bool) {
        if !nested {
            let items = compound.child_count();
            self.ref_delta.removed += items as u64;
            return self.take_room(-(items as isize));
        }
        let mut pending = core::mem::take(&mut self.worklist);
        let mut next = Some(compound.clone());
        while let Some(parent) = next {
            if parent.header().is_some_and(Header::is_linked) {
                self.zeros.extend(Candidate::new(&parent));
            }
            let mut items = parent.child_count() as isize;
            each_compound(&parent, |child| match child.header() {
                // As in the reference, these are not counted out.
                Some(header) if header.references() == 0 => items -= 1,
                Some(header) => {
                    header.set_references(header.references() - 1);
                    if header.references() == 0 {
                        if header.is_nested() {
                            pending.push(child.clone());
                        } else {
                            items += child.child_count() as isize;
                        }
                    }
                }
                None => {}
            });
            self.ref_delta.removed += items as u64;
            self.take_room(-items);
            next = pending.pop();
        }
        self.worklist = pending;
    }

    /// Releases the stack reference of a compound that was taken from its cell. The room of the cell has already been
    /// given back.
    pub(crate) fn release_cell(&mut self, compound: &StackItem) {
        match compound.header() {
            Some(header) if header.references() == 0 => self.take_room(1),
            _ => self.release(compound),
        }
    }

    /// Notes that another compound was stored into this one, so that it may be part
    /// of a cycle.
    pub(crate) fn note_link(&mut self, compound: &StackItem) {
        let Some(header) = compound.header() else { return };
        if !header.is_linked() {
            return;
        }
        if header.track() {
            self.track(compound);
        }
        if header.references() == 0 {
            self.zeros.extend(Candidate::new(compound));
        }
    }

    fn track(&mut self, compound: &StackItem) {
        if self.tracked.len() >= self.tracked_due {
            self.tracked.retain(Candidate::is_alive);
            self.tracked_due = 2 * self.tracked.len() + 64;
        }
        self.tracked.extend(Candidate::new(compound));
    }

    /// Clears cycles of linked compounds that have lost their last stack reference, if
    /// nothing outside the cycle refers to them. Those that the pending exception or
    /// the host holds are checked again when another exception is thrown, or when
    /// there are many of them.
    #[inline(always)]
    pub(crate) fn clear_zeros(&mut self) {
        if !self.zeros.is_empty() {
            self.collect_zeros();
        }
    }

    #[cold]
    fn collect_zeros(&mut self) {
        // Most have been freed, or counted again by the instruction that released them.
        self.zeros.retain(Candidate::is_uncounted);
        if self.zeros.is_empty() {
            return;
        }
        collect_cycles(&mut self.zeros, true);
        self.held.append(&mut self.zeros);
        if self.held.len() >= self.held_due {
            self.held.retain(Candidate::is_uncounted);
            collect_cycles(&mut self.held, true);
            self.held_due = 2 * self.held.len() + 64;
        }
    }

    /// Tracks all compounds that can be reached from the current evaluation stack.
    /// They are about to be dropped but stay counted; if the host holds one of them,
    /// [`Vm::forget_counts`] would not find it otherwise.
    pub(super) fn track_stack(&mut self) {
        let mut pending = core::mem::take(&mut self.worklist);
        let stack = self.items_mut(usize::MAX).iter();
        pending.extend(stack.filter(|item| item.is_compound()).cloned());
        let mut found = Vec::new();
        while let Some(compound) = pending.pop() {
            if compound.header().is_some_and(|header| header.mark()) {
                each_compound(&compound, |child| pending.extend(child.is_compound().then(|| child.clone())));
                found.push(compound);
            }
        }
        self.worklist = pending;
        for compound in &found {
            let Some(header) = compound.header() else { continue };
            header.unmark();
            if header.track() {
                self.track(compound);
            }
        }
    }

    /// Resets the counts of all compounds that the machine holds or tracks. Others may
    /// hold them, too, and give them to another machine, which then counts from zero.
    pub(super) fn forget_counts(&mut self) {
        let mut pending = core::mem::take(&mut self.worklist);
        self.each_held(|item| pending.extend(item.is_compound().then(|| item.clone())));
        pending.extend(self.tracked.iter().filter_map(Candidate::upgrade));
        while let Some(compound) = pending.pop() {
            let Some(header) = compound.header() else { continue };
            if header.references() != 0 {
                header.forget();
                each_compound(&compound, |child| pending.extend(child.is_compound().then(|| child.clone())));
            }
        }
        self.worklist = pending;
    }

    /// Schedules the compounds that were held for another check, because the
    /// pending exception is dropped.
    pub(crate) fn look_at_held(&mut self) {
        self.zeros.append(&mut self.held);
    }
}

/// Calls a function with each item of a compound that may itself be a compound.
fn each_compound(parent: &StackItem, f: impl FnMut(&StackItem)) {
    if parent.header().is_some_and(Header::is_nested) {
        parent.for_each_child(f);
    }
}
