//! Types, and ABORT and ASSERT with messages. Sources: `JumpTable.Types.cs`, `ConvertTo` of `Types/*.cs`.

use num_bigint::BigInt;

use super::stray;
use crate::{
    error::{Done, fault, invalid_cast},
    integer,
    item::{Item, Kind, type_name},
    machine::Machine,
    opcode::{Instruction, Op::*},
};

const BOOLEAN: u8 = 0x20;
const INTEGER: u8 = 0x21;
const BYTE_STRING: u8 = 0x28;
const BUFFER: u8 = 0x30;
const ARRAY: u8 = 0x40;
const STRUCT: u8 = 0x41;

impl Machine<'_> {
    pub(super) fn types_op(&mut self, instruction: &Instruction<'_>) -> Done {
        match instruction.op {
            ISNULL => {
                let item = self.pop()?;
                self.push(Item::Boolean(matches!(item, Item::Null)));
                Ok(())
            }
            ISTYPE => {
                let item = self.pop()?;
                let byte = instruction.byte(0);
                if is_any_or_unknown(byte) {
                    return fault(format!("Invalid type: {}", shown_type(byte)));
                }
                self.push(Item::Boolean(item.type_byte() == byte));
                Ok(())
            }
            CONVERT => {
                let item = self.pop()?;
                let item = self.convert(item, instruction.byte(0))?;
                self.push(item);
                Ok(())
            }
            ABORTMSG => {
                let message = self.pop()?.text()?;
                fault(format!("ABORTMSG is executed. Reason: {message}"))
            }
            ASSERTMSG => {
                let message = self.pop()?.text()?;
                if self.pop_boolean()? {
                    return Ok(());
                }
                fault(format!("ASSERTMSG is executed with false result. Reason: {message}"))
            }
            op => stray(op),
        }
    }

    fn convert(&mut self, item: Item, byte: u8) -> Done<Item> {
        match &item {
            Item::Null if is_any_or_unknown(byte) => {
                fault(format!("Type Null can't be converted to StackItemType: {}", shown_type(byte)))
            }
            Item::Null => Ok(item),
            item if item.type_byte() == byte => Ok(item.clone()),
            item if byte == BOOLEAN => Ok(Item::Boolean(item.to_boolean()?)),
            item if item.is_primitive() => match byte {
                INTEGER => Item::integer(item.to_integer()?),
                BYTE_STRING => Ok(Item::bytes(&item.span()?)),
                BUFFER => Ok(Item::buffer(item.span()?)),
                _ => invalid_cast(),
            },
            Item::Buffer(bytes) => match byte {
                INTEGER if bytes.borrow().len() > integer::MAX_SIZE => invalid_cast(),
                INTEGER => Item::integer(BigInt::from_signed_bytes_le(&bytes.borrow())),
                BYTE_STRING => Ok(Item::bytes(&bytes.borrow())),
                _ => invalid_cast(),
            },
            Item::Compound(list) => match (list.kind, byte) {
                (Kind::Array, STRUCT) => Ok(self.copied(Kind::Struct, list.sub_items())),
                (Kind::Struct, ARRAY) => Ok(self.copied(Kind::Array, list.sub_items())),
                _ => invalid_cast(),
            },
            _ => invalid_cast(),
        }
    }

    fn copied(&mut self, kind: Kind, items: Vec<Item>) -> Item {
        Item::Compound(self.new_compound(kind, items))
    }
}

fn is_any_or_unknown(byte: u8) -> bool {
    byte == 0 || type_name(byte).is_none()
}

/// Returns a type as .NET formats an enumeration value: its name, or its number if it has none.
fn shown_type(byte: u8) -> String {
    type_name(byte).map_or_else(|| byte.to_string(), String::from)
}
