//! Types of items.

use cranelift_codegen::ir::{InstBuilder, condcodes::IntCC, types::I8};
use neovm_interp::tier::layout;
use neovm_types::{OpCode, item::ItemType};

use super::{
    Translator,
    state::{Item, Kind, Origin},
};
use crate::analysis::instruction::Ins;

impl Translator<'_> {
    pub(super) fn types(&mut self, ins: &Ins) {
        let item = self.peek(0);
        let own = match item.kind() {
            Kind::Int | Kind::I128 | Kind::Wide => Some(ItemType::Integer),
            Kind::Bool => Some(ItemType::Boolean),
            _ => None,
        };
        let wanted = ItemType::from_byte(ins.operand as u8);
        match (ins.opcode, item) {
            (OpCode::ISNULL, Item::Ref(address, _)) => {
                let tag = self.load(address.base, address.offset);
                let is_null = self.builder.ins().icmp_imm_s(IntCC::Equal, tag, layout::NULL);
                self.pop();
                self.push(Item::Bool(is_null));
            }
            (OpCode::ISNULL, Item::Scalar(tag, _)) => {
                let is_null = self.builder.ins().icmp_imm_s(IntCC::Equal, tag, layout::NULL);
                self.pop();
                self.push(Item::Bool(is_null));
            }
            (OpCode::ISNULL, Item::Mem(_)) => self.call_builtin(ins),
            (OpCode::ISNULL, _) => self.replace_by(item == Item::Null),
            (OpCode::ISTYPE, _) if own.is_some() && !matches!(wanted, None | Some(ItemType::Any)) => {
                self.replace_by(own == wanted);
            }
            (OpCode::ISTYPE, Item::Ref(address, _)) if wanted.is_some_and(|wanted| tag_of(wanted).is_some()) => {
                let tag = self.load(address.base, address.offset);
                let expected = wanted.and_then(tag_of).unwrap_or_default();
                let is_type = self.builder.ins().icmp_imm_s(IntCC::Equal, tag, expected);
                self.pop();
                self.push(Item::Bool(is_type));
            }
            (OpCode::CONVERT, _) if own.is_some() && own == wanted => {}
            (OpCode::CONVERT, Item::Ref(_, Origin::Constant(_))) if wanted == Some(ItemType::ByteString) => {}
            (OpCode::CONVERT, _) => {
                self.call_builtin_with(ins, !matches!(wanted, Some(ItemType::Integer | ItemType::Boolean)));
            }
            (OpCode::ASSERTMSG, _) => self.leave_at(ins),
            _ => self.call_builtin(ins),
        }
    }

    /// Replaces the item on top by a known boolean.
    fn replace_by(&mut self, value: bool) {
        self.pop();
        let value = self.builder.ins().iconst(I8, i64::from(value));
        self.push(Item::Bool(value));
    }
}

/// Returns the tag that exactly the items of a type have; none for types with several tags.
fn tag_of(item_type: ItemType) -> Option<i64> {
    Some(match item_type {
        ItemType::Boolean => layout::BOOLEAN,
        ItemType::ByteString => layout::BYTE_STRING,
        ItemType::Buffer => layout::BUFFER,
        ItemType::Array => layout::ARRAY,
        ItemType::Struct => layout::STRUCT,
        ItemType::Map => layout::MAP,
        ItemType::Any | ItemType::Pointer | ItemType::Integer | ItemType::InteropInterface => return None,
    })
}
