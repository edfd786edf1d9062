//! Byte strings and buffers. Source: `JumpTable.Splice.cs`; `ApplicationEngine.cs` of the node for SUBSTR before Echidna.

use super::stray;
use crate::{
    error::{Done, fault, overflow},
    item::Item,
    machine::{Hardfork, Machine},
    opcode::Op::{self, *},
};

/// The maximum length of a byte array in .NET (`Array.MaxLength`).
const MAX_ARRAY: i32 = 0x7fff_ffc7;

impl Machine<'_> {
    pub(super) fn splice_op(&mut self, op: Op) -> Done {
        match op {
            NEWBUFFER => {
                let length = self.pop_i32()?;
                self.check_item_size(length.into())?;
                self.push(Item::buffer(vec![0; length as usize]));
                Ok(())
            }
            MEMCPY => self.memcpy(),
            CAT => {
                let second = self.pop_span()?;
                let first = self.pop_span()?;
                self.check_item_size((first.len() + second.len()) as i64)?;
                self.push(Item::buffer([first, second].concat()));
                Ok(())
            }
            SUBSTR => self.substr(),
            LEFT => {
                let (bytes, count) = self.pop_side(op)?;
                self.push(Item::buffer(bytes[..count].to_vec()));
                Ok(())
            }
            RIGHT => {
                let (bytes, count) = self.pop_side(op)?;
                self.push(Item::buffer(bytes[bytes.len() - count..].to_vec()));
                Ok(())
            }
            op => stray(op),
        }
    }

    /// Pops a count and a byte string that has at least that number of bytes.
    fn pop_side(&mut self, op: Op) -> Done<(Vec<u8>, usize)> {
        let count = self.pop_i32()?;
        if count < 0 {
            return fault(format!("The count can not be negative for {}, count: {count}.", op.name()));
        }
        let bytes = self.pop_span()?;
        let length = bytes.len();
        if count as usize > length {
            return fault(format!("The count is out of range for {}, {count}/[0, {length}].", op.name()));
        }
        Ok((bytes, count as usize))
    }

    fn substr(&mut self) -> Done {
        let count = self.pop_i32()?;
        if count < 0 {
            return fault(format!("The count can not be negative for SUBSTR, count: {count}."));
        }
        let index = self.pop_i32()?;
        if index < 0 {
            return fault(format!("The index can not be negative for SUBSTR, index: {index}."));
        }
        let bytes = self.pop_span()?;
        let length = bytes.len();
        let end = match index.checked_add(count) {
            Some(end) => end,
            None if self.hardfork == Hardfork::NotEchidna => index.wrapping_add(count),
            None => return overflow(),
        };
        if i64::from(end) > length as i64 {
            return fault(format!(
                "The index + count is out of range for SUBSTR, index: {index}, count: {count}, {end}/[0, {length}]."
            ));
        }
        if end < 0 {
            // The wrapped end passed the check, but creating the buffer or the slice fails.
            return fault(match count {
                count if count > MAX_ARRAY => "Array dimensions exceeded supported range.",
                _ => "Specified argument was out of the range of valid values.",
            });
        }
        self.push(Item::buffer(bytes[index as usize..end as usize].to_vec()));
        Ok(())
    }

    fn memcpy(&mut self) -> Done {
        let count = self.pop_i32()?;
        if count < 0 {
            return fault(format!("The count can not be negative for MEMCPY, count: {count}."));
        }
        let from = self.pop_i32()?;
        if from < 0 {
            return fault(format!("The source index can not be negative for MEMCPY, index: {from}."));
        }
        let source = self.pop_span()?;
        let Some(from_end) = from.checked_add(count) else { return overflow() };
        if from_end as usize > source.len() {
            return fault(format!(
                "The source index + count is out of range for MEMCPY, index: {from}, count: {count}, {from}/[0, {}].",
                source.len()
            ));
        }
        let to = self.pop_i32()?;
        if to < 0 {
            // The reference names the source index here by mistake.
            return fault(format!("The destination index can not be negative for MEMCPY, index: {from}."));
        }
        let target = self.pop_buffer()?;
        let length = target.borrow().len();
        let Some(to_end) = to.checked_add(count) else { return overflow() };
        if to_end as usize > length {
            return fault(format!(
                "The destination index + count is out of range for MEMCPY, index: {to}, count: {count}, {to}/[0, {length}]."
            ));
        }
        target.borrow_mut()[to as usize..to_end as usize].copy_from_slice(&source[from as usize..from_end as usize]);
        Ok(())
    }
}
