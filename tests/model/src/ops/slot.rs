//! Static fields, local variables and arguments. Sources: `JumpTable.Slot.cs`, `Slot.cs`.

use crate::{
    error::{Done, fault},
    item::Item,
    machine::Machine,
    opcode::{Instruction, Op::*},
};

/// One of the three kinds of slots.
#[derive(Clone, Copy)]
enum Slot {
    Statics,
    Locals,
    Arguments,
}

impl Machine<'_> {
    pub(super) fn slot_op(&mut self, instruction: &Instruction<'_>) -> Done {
        let byte = instruction.op as u8;
        match instruction.op {
            INITSSLOT => return self.init_statics(instruction.byte(0)),
            INITSLOT => return self.init_slots(instruction.byte(0), instruction.byte(1)),
            _ => {}
        }
        // Eight opcodes load and eight store. The last of each eight has the index as its operand.
        let index = if byte & 7 == 7 { instruction.byte(0) } else { byte & 7 }.into();
        match byte & !7 {
            0x58 => self.load_slot(Slot::Statics, index),
            0x60 => self.store_slot(Slot::Statics, index),
            0x68 => self.load_slot(Slot::Locals, index),
            0x70 => self.store_slot(Slot::Locals, index),
            0x78 => self.load_slot(Slot::Arguments, index),
            _ => self.store_slot(Slot::Arguments, index),
        }
    }

    /// Creates slots that hold Null, and counts them.
    fn new_slot(&mut self, count: u8) -> Vec<Item> {
        self.counter.count += i64::from(count);
        vec![Item::Null; count.into()]
    }

    fn init_statics(&mut self, count: u8) -> Done {
        if self.context().load.statics.borrow().is_some() {
            return fault("INITSSLOT cannot be executed twice.");
        }
        if count == 0 {
            return fault("The operand 0 is invalid for OpCode.INITSSLOT.");
        }
        let slot = self.new_slot(count);
        self.context().load.statics.replace(Some(slot));
        Ok(())
    }

    fn init_slots(&mut self, locals: u8, arguments: u8) -> Done {
        let context = self.context();
        if context.locals.is_some() || context.arguments.is_some() {
            return fault("INITSLOT cannot be executed twice.");
        }
        if locals == 0 && arguments == 0 {
            return fault("The operand 0 is invalid for OpCode.INITSLOT.");
        }
        if locals > 0 {
            let slot = self.new_slot(locals);
            self.context().locals = Some(slot);
        }
        if arguments > 0 {
            let mut items = Vec::new();
            for _ in 0..arguments {
                items.push(self.pop()?);
            }
            items.iter().for_each(|item| self.counter.add(item));
            self.context().arguments = Some(items);
        }
        Ok(())
    }

    /// Applies a function to a slot. Faults if the slot does not exist.
    fn with_slot<R>(&mut self, slot: Slot, action: impl FnOnce(&mut Vec<Item>) -> R) -> Done<R> {
        let context = self.context();
        let mut statics = context.load.statics.borrow_mut();
        let items = match slot {
            Slot::Statics => statics.as_mut(),
            Slot::Locals => context.locals.as_mut(),
            Slot::Arguments => context.arguments.as_mut(),
        };
        items.map_or_else(|| fault("Slot has not been initialized."), |items| Ok(action(items)))
    }

    fn load_slot(&mut self, slot: Slot, index: usize) -> Done {
        let item = self.with_slot(slot, |items| items.get(index).cloned().ok_or(items.len()))?;
        match item {
            Ok(item) => {
                self.push(item);
                Ok(())
            }
            Err(count) => fault(format!("Index out of range when loading from slot: {index}, {index}/[0, {count}).")),
        }
    }

    fn store_slot(&mut self, slot: Slot, index: usize) -> Done {
        let count = self.with_slot(slot, |items| items.len())?;
        if index >= count {
            return fault(format!("Index out of range when storing to slot: {index}, {index}/[0, {count})."));
        }
        let item = self.pop()?;
        let old = self.with_slot(slot, |items| items[index].clone())?;
        self.counter.remove(&old);
        self.counter.add(&item);
        self.with_slot(slot, |items| items[index] = item)
    }
}
