//! Constants. Source: `JumpTable.Push.cs`.

use std::rc::Rc;

use num_bigint::BigInt;

use crate::{
    error::{Done, fault, overflow},
    item::Item,
    machine::Machine,
    opcode::{Instruction, Op::*},
};

impl Machine<'_> {
    pub(super) fn push_op(&mut self, instruction: &Instruction<'_>) -> Done {
        let item = match instruction.op {
            PUSHINT8 | PUSHINT16 | PUSHINT32 | PUSHINT64 | PUSHINT128 | PUSHINT256 => {
                Item::integer(BigInt::from_signed_bytes_le(instruction.operand))?
            }
            PUSHT => Item::Boolean(true),
            PUSHF => Item::Boolean(false),
            PUSHNULL => Item::Null,
            PUSHA => self.pointer(instruction.offset(0))?,
            PUSHDATA1 | PUSHDATA2 | PUSHDATA4 => {
                self.check_item_size(instruction.operand.len() as i64)?;
                Item::bytes(instruction.operand)
            }
            op => Item::small(i32::from(op as u8) - i32::from(PUSH0 as u8)),
        };
        self.push(item);
        Ok(())
    }

    fn pointer(&mut self, offset: i32) -> Done<Item> {
        let context = self.context();
        let Some(position) = (context.position as i32).checked_add(offset) else { return overflow() };
        let script = Rc::clone(&context.load.script);
        if position < 0 || position as usize > script.len() {
            return fault(format!("Bad pointer address(Instruction instruction) {position}"));
        }
        Ok(Item::Pointer(script, position as usize))
    }

    /// Checks the size of a byte string (`AssertMaxItemSize`).
    pub(super) fn check_item_size(&self, size: i64) -> Done {
        let limit = self.limits.max_item_size;
        if size < 0 || size > i64::from(limit) {
            return fault(format!("MaxItemSize exceed: {size}/{limit}"));
        }
        Ok(())
    }
}
