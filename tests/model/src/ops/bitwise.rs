//! Bitwise operations and equality. Sources: `JumpTable.Bitwisee.cs`, `Types/ByteString.cs`, `Types/Struct.cs`.

use std::rc::Rc;

use super::stray;
use crate::{
    error::{Done, fault},
    item::{Compound, Item, Kind},
    machine::Machine,
    opcode::Op::{self, *},
};

impl Machine<'_> {
    pub(super) fn bitwise_op(&mut self, op: Op) -> Done {
        match op {
            INVERT => {
                let x = self.pop_integer()?;
                self.push_integer(!x)
            }
            AND | OR | XOR => {
                let b = self.pop_integer()?;
                let a = self.pop_integer()?;
                self.push_integer(match op {
                    AND => a & b,
                    OR => a | b,
                    _ => a ^ b,
                })
            }
            EQUAL | NOTEQUAL => {
                let b = self.pop()?;
                let a = self.pop()?;
                let equal = self.equal(&a, &b)?;
                self.push(Item::Boolean(equal == (op == EQUAL)));
                Ok(())
            }
            op => stray(op),
        }
    }

    fn equal(&self, a: &Item, b: &Item) -> Done<bool> {
        match (a, b) {
            (Item::ByteString(a), b) => equal_bytes(a, b, &mut self.limits.max_comparable_size.clone()),
            (Item::Compound(a), Item::Compound(b)) if a.kind == Kind::Struct && b.kind == Kind::Struct => {
                self.equal_structs(a, b)
            }
            _ => Ok(equal_plain(a, b)),
        }
    }

    /// Compares structs item by item, starting with the last items.
    fn equal_structs(&self, a: &Rc<Compound>, b: &Rc<Compound>) -> Done<bool> {
        let mut left = vec![Item::Compound(Rc::clone(a))];
        let mut right = vec![Item::Compound(Rc::clone(b))];
        let mut items = self.limits.max_stack_size;
        let mut bytes = self.limits.max_comparable_size;
        while let (Some(a), Some(b)) = (left.pop(), right.pop()) {
            if items == 0 {
                return fault("Too many struct items to compare in struct comparison.");
            }
            items -= 1;
            if let Item::ByteString(a) = &a {
                if !equal_bytes(a, &b, &mut bytes)? {
                    return Ok(false);
                }
                continue;
            }
            if bytes == 0 {
                return fault("The operand exceeds the maximum comparable size in struct comparison.");
            }
            bytes -= 1;
            match (&a, &b) {
                (Item::Compound(a), Item::Compound(b)) if Rc::ptr_eq(a, b) => {}
                (Item::Compound(a), Item::Compound(b)) if a.kind == Kind::Struct && b.kind == Kind::Struct => {
                    if a.count() != b.count() {
                        return Ok(false);
                    }
                    left.extend(a.sub_items());
                    right.extend(b.sub_items());
                }
                _ if !equal_plain(&a, &b) => return Ok(false),
                _ => {}
            }
        }
        Ok(true)
    }
}

/// Compares a byte string with an item and subtracts the cost of the comparison from the limit.
fn equal_bytes(a: &Rc<[u8]>, b: &Item, limit: &mut u32) -> Done<bool> {
    let too_large = |size| fault(format!("The operand exceeds the maximum comparable size, {size}/{limit}."));
    if a.len() > *limit as usize || *limit == 0 {
        return too_large(a.len());
    }
    let Item::ByteString(b) = b else {
        *limit -= 1;
        return Ok(false);
    };
    if b.len() > *limit as usize {
        return too_large(b.len());
    }
    *limit -= a.len().max(b.len()).max(1) as u32;
    Ok(a == b)
}

/// Compares items without a limit: objects by identity, others by type and value.
fn equal_plain(a: &Item, b: &Item) -> bool {
    match (a, b) {
        (Item::Null, Item::Null) => true,
        (Item::Boolean(a), Item::Boolean(b)) => a == b,
        (Item::Integer(a), Item::Integer(b)) => a == b,
        (Item::Pointer(a, at), Item::Pointer(b, bt)) => at == bt && Rc::ptr_eq(a, b),
        (Item::Buffer(a), Item::Buffer(b)) => Rc::ptr_eq(a, b),
        (Item::Compound(a), Item::Compound(b)) => Rc::ptr_eq(a, b),
        (Item::Interop(a), Item::Interop(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }
}
