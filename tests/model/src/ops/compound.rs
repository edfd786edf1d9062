//! Arrays, structs and maps. Sources: `JumpTable.Compound.cs`, `Types/Struct.cs`;
//! `ApplicationEngine.cs` of the node for indexes before Gorgon.

use std::{collections::VecDeque, rc::Rc};

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

use super::stray;
use crate::{
    error::{Done, catchable, fault, overflow},
    integer,
    item::{Compound, Item, Kind, type_name},
    machine::{Hardfork, Machine},
    opcode::{
        Instruction,
        Op::{self, *},
    },
};

const LISTS: &[Kind] = &[Kind::Array, Kind::Struct];
const ALL: &[Kind] = &[Kind::Array, Kind::Struct, Kind::Map];

impl Machine<'_> {
    pub(super) fn compound_op(&mut self, instruction: &Instruction<'_>) -> Done {
        let op = instruction.op;
        match op {
            PACKMAP => self.pack_map(),
            PACKSTRUCT => self.pack(Kind::Struct, "struct"),
            PACK => self.pack(Kind::Array, "array"),
            UNPACK => self.unpack(),
            NEWARRAY0 => self.new_list(Kind::Array, 0, Item::Null),
            NEWSTRUCT0 => self.new_list(Kind::Struct, 0, Item::Null),
            NEWARRAY => {
                let count = self.pop_new_size("array")?;
                self.new_list(Kind::Array, count, Item::Null)
            }
            NEWSTRUCT => {
                let count = self.pop_new_size("struct")?;
                self.new_list(Kind::Struct, count, Item::Null)
            }
            NEWARRAY_T => self.new_typed(instruction.byte(0)),
            NEWMAP => self.new_list(Kind::Map, 0, Item::Null),
            SIZE => self.size(),
            HASKEY => self.has_key(),
            KEYS => {
                let map = self.pop_compound("Map", &[Kind::Map])?;
                let keys = map.keys.borrow().clone();
                self.push_list(Kind::Array, keys);
                Ok(())
            }
            VALUES => self.values(),
            PICKITEM => self.pick_item(),
            APPEND => self.append(),
            SETITEM => self.set_item(),
            REVERSEITEMS => self.reverse_items(),
            REMOVE => self.remove_item(),
            CLEARITEMS => self.clear_items(),
            POPITEM => self.pop_item(),
            op => stray(op),
        }
    }

    fn pack_map(&mut self) -> Done {
        let size = self.pop_i32()?;
        let count = self.stack_len();
        // Doubled in 32 bits without an overflow check.
        if size < 0 || i64::from(size.wrapping_mul(2)) > count as i64 {
            return fault(format!("The map size is out of valid range, 2*{size}/[0, {count}]."));
        }
        let map = self.new_compound(Kind::Map, Vec::new());
        for _ in 0..size {
            let key = self.pop_primitive()?;
            let value = self.pop()?;
            map.set(key, value)?;
        }
        self.push(Item::Compound(map));
        Ok(())
    }

    fn pack(&mut self, kind: Kind, name: &str) -> Done {
        let size = self.pop_i32()?;
        let size = in_range(name, size, self.stack_len())?;
        let mut items = Vec::new();
        for _ in 0..size {
            items.push(self.pop()?);
        }
        self.push_list(kind, items);
        Ok(())
    }

    fn unpack(&mut self) -> Done {
        let compound = self.pop_compound("CompoundType", ALL)?;
        let values = compound.values.borrow().clone();
        let keys = compound.keys.borrow().clone();
        for index in (0..values.len()).rev() {
            self.push(values[index].clone());
            if let Some(key) = keys.get(index) {
                self.push(key.clone());
            }
        }
        self.push_integer(values.len())
    }

    fn pop_new_size(&mut self, name: &str) -> Done<usize> {
        let size = self.pop_i32()?;
        in_range(name, size, self.limits.max_stack_size as usize)
    }

    fn new_list(&mut self, kind: Kind, count: usize, item: Item) -> Done {
        self.push_list(kind, vec![item; count]);
        Ok(())
    }

    fn new_typed(&mut self, byte: u8) -> Done {
        let count = self.pop_new_size("array")?;
        let item = match type_name(byte) {
            None => return fault(format!("Invalid type for NEWARRAY_T: {byte}")),
            Some("Boolean") => Item::Boolean(false),
            Some("Integer") => Item::small(0),
            Some("ByteString") => Item::bytes(&[]),
            Some(_) => Item::Null,
        };
        self.new_list(Kind::Array, count, item)
    }

    fn size(&mut self) -> Done {
        let item = self.pop()?;
        let size = match &item {
            Item::Compound(compound) => compound.count(),
            Item::Buffer(bytes) => bytes.borrow().len(),
            item => match item.size() {
                Some(size) => size,
                None => return wrong_type(SIZE, item),
            },
        };
        self.push_integer(size)
    }

    fn has_key(&mut self) -> Done {
        let key = self.pop_primitive()?;
        let item = self.pop()?;
        let count = match &item {
            Item::Compound(map) if map.kind == Kind::Map => {
                let found = map.find(&key)?.is_some();
                self.push(Item::Boolean(found));
                return Ok(());
            }
            Item::Compound(list) => list.count(),
            Item::Buffer(bytes) => bytes.borrow().len(),
            Item::ByteString(bytes) => bytes.len(),
            item => return wrong_type(HASKEY, item),
        };
        let index = key.to_integer()?;
        if self.hardfork < Hardfork::Default {
            let index = integer::to_i32(&index)?;
            if index < 0 {
                return fault(format!("The negative index {index} is invalid for OpCode HASKEY."));
            }
        } else if index.is_negative() || index >= BigInt::from(self.limits.max_item_size) {
            return fault(format!("The index {index} is invalid for OpCode HASKEY."));
        }
        self.push(Item::Boolean(index < BigInt::from(count)));
        Ok(())
    }

    fn values(&mut self) -> Done {
        let item = self.pop()?;
        let values = match &item {
            Item::Compound(compound) => compound.values.borrow().clone(),
            item => return wrong_type(VALUES, item),
        };
        let values = values.into_iter().map(|item| self.stored(item)).collect::<Done<_>>()?;
        self.push_list(Kind::Array, values);
        Ok(())
    }

    /// Returns an item in the form in which lists store it: structs are copied.
    fn stored(&mut self, item: Item) -> Done<Item> {
        match &item {
            Item::Compound(original) if original.kind == Kind::Struct => {
                Ok(Item::Compound(self.copy_struct(Rc::clone(original))?))
            }
            _ => Ok(item),
        }
    }

    /// Copies a struct and the structs in it, level by level, up to a maximum number of items
    /// (`Struct.Clone`).
    fn copy_struct(&mut self, original: Rc<Compound>) -> Done<Rc<Compound>> {
        let mut left = i64::from(self.limits.max_stack_size) - 1;
        let result = self.new_compound(Kind::Struct, Vec::new());
        let mut queue = VecDeque::from([(Rc::clone(&result), original)]);
        while let Some((copy, original)) = queue.pop_front() {
            for item in original.sub_items() {
                left -= 1;
                if left < 0 {
                    return fault("Beyond struct subitem clone limits!");
                }
                let item = match item {
                    Item::Compound(inner) if inner.kind == Kind::Struct => {
                        let inner_copy = self.new_compound(Kind::Struct, Vec::new());
                        queue.push_back((Rc::clone(&inner_copy), inner));
                        Item::Compound(inner_copy)
                    }
                    item => item,
                };
                copy.values.borrow_mut().push(item);
            }
        }
        Ok(result)
    }

    /// Checks the index of PICKITEM, SETITEM or REMOVE. The exception for a missing index is
    /// catchable, unless `removing`.
    fn index(&self, key: &Item, what: &str, count: usize, removing: bool) -> Done<usize> {
        let index = key.to_integer()?;
        if self.hardfork < Hardfork::Default {
            integer::to_i32(&index)?;
        }
        match index.to_usize() {
            Some(index) if index < count => Ok(index),
            _ => {
                let message = format!("The index of {what} is out of range, {index}/[0, {count}).");
                if removing { fault(message) } else { catchable(message) }
            }
        }
    }

    fn pick_item(&mut self) -> Done {
        let key = self.pop_primitive()?;
        let container = self.pop()?;
        let item = match &container {
            Item::Compound(map) if map.kind == Kind::Map => match map.find(&key)? {
                Some(index) => map.values.borrow()[index].clone(),
                None => return catchable(format!("Key {} not found in Map.", key.key_text())),
            },
            Item::Compound(list) => {
                let index = self.index(&key, "VMArray", list.count(), false)?;
                list.values.borrow()[index].clone()
            }
            Item::Buffer(bytes) => {
                let index = self.index(&key, "Buffer", bytes.borrow().len(), false)?;
                Item::small(bytes.borrow()[index])
            }
            item if item.is_primitive() => {
                let bytes = item.span()?;
                let index = self.index(&key, "PrimitiveType", bytes.len(), false)?;
                Item::small(bytes[index])
            }
            item => return wrong_type(PICKITEM, item),
        };
        self.push(item);
        Ok(())
    }

    fn append(&mut self) -> Done {
        let item = self.pop()?;
        let list = self.pop_compound("Array", LISTS)?;
        let item = self.stored(item)?;
        list.values.borrow_mut().push(item.clone());
        if list.references.get() != 0 {
            self.counter.add(&item);
        }
        Ok(())
    }

    fn set_item(&mut self) -> Done {
        let value = self.pop()?;
        let value = self.stored(value)?;
        let key = self.pop_primitive()?;
        let container = self.pop()?;
        match &container {
            Item::Compound(map) if map.kind == Kind::Map => self.set_in_map(map, key, value),
            Item::Compound(list) => self.set_in_list(list, &key, value),
            Item::Buffer(bytes) => {
                let index = self.index(&key, "Buffer", bytes.borrow().len(), false)?;
                if !value.is_primitive() {
                    return fault("Only primitive type values can be set in Buffer in SETITEM.");
                }
                let byte = self.to_byte(&value.to_integer()?)?;
                bytes.borrow_mut()[index] = byte;
                Ok(())
            }
            item => wrong_type(SETITEM, item),
        }
    }

    /// Checks twice whether the list is counted, because the old item may have held the last reference
    /// to the list.
    fn set_in_list(&mut self, list: &Rc<Compound>, key: &Item, value: Item) -> Done {
        let index = self.index(key, "VMArray", list.count(), false)?;
        if list.references.get() != 0 {
            let old = list.values.borrow()[index].clone();
            self.counter.remove(&old);
        }
        list.values.borrow_mut()[index] = value.clone();
        if list.references.get() != 0 {
            self.counter.add(&value);
        }
        Ok(())
    }

    /// Checks only once whether the map is counted.
    fn set_in_map(&mut self, map: &Rc<Compound>, key: Item, value: Item) -> Done {
        if map.references.get() != 0 {
            match map.find(&key)? {
                None => self.counter.add(&key),
                Some(index) => {
                    let old = map.values.borrow()[index].clone();
                    self.counter.remove(&old);
                }
            }
            self.counter.add(&value);
        }
        map.set(key, value)
    }

    /// Returns a number as a byte. Negative numbers from -128 on pass the first check, but the cast
    /// that follows accepts them only before Gorgon, which replaced the cast by a checked one.
    fn to_byte(&self, value: &BigInt) -> Done<u8> {
        if self.hardfork < Hardfork::Default {
            integer::to_i32(value)?;
        }
        match value.to_i16() {
            Some(byte @ 0..=255) => Ok(byte as u8),
            Some(byte @ -128..0) if self.hardfork < Hardfork::Default => Ok(byte as u8),
            Some(-128..0) => overflow(),
            _ => fault(format!("Overflow in SETITEM, {value} is not a byte type.")),
        }
    }

    fn reverse_items(&mut self) -> Done {
        match &self.pop()? {
            Item::Compound(list) if list.kind != Kind::Map => list.values.borrow_mut().reverse(),
            Item::Buffer(bytes) => bytes.borrow_mut().reverse(),
            item => return wrong_type(REVERSEITEMS, item),
        }
        Ok(())
    }

    fn remove_item(&mut self) -> Done {
        let key = self.pop_primitive()?;
        let container = self.pop()?;
        match &container {
            Item::Compound(map) if map.kind == Kind::Map => {
                let old = map.remove(&key)?;
                if let (Some(old), true) = (old, map.references.get() != 0) {
                    self.counter.remove(&key);
                    self.counter.remove(&old);
                }
            }
            Item::Compound(list) => {
                let index = self.index(&key, "VMArray", list.count(), true)?;
                let old = list.values.borrow_mut().remove(index);
                if list.references.get() != 0 {
                    self.counter.remove(&old);
                }
            }
            item => return wrong_type(REMOVE, item),
        }
        Ok(())
    }

    fn clear_items(&mut self) -> Done {
        let compound = self.pop_compound("CompoundType", ALL)?;
        let items = compound.sub_items();
        compound.keys.take();
        compound.values.take();
        if compound.references.get() != 0 {
            items.iter().for_each(|item| self.counter.remove(item));
        }
        Ok(())
    }

    fn pop_item(&mut self) -> Done {
        let list = self.pop_compound("Array", LISTS)?;
        let Some(item) = list.values.borrow().last().cloned() else {
            return fault(
                "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')",
            );
        };
        self.push(item.clone());
        list.values.borrow_mut().pop();
        if list.references.get() != 0 {
            self.counter.remove(&item);
        }
        Ok(())
    }
}

/// Returns a size, or faults if it exceeds the limit.
fn in_range(name: &str, size: i32, limit: usize) -> Done<usize> {
    if size < 0 || size as usize > limit {
        return fault(format!("The {name} size is out of valid range, {size}/[0, {limit}]."));
    }
    Ok(size as usize)
}

fn wrong_type(op: Op, item: &Item) -> Done {
    fault(format!("Invalid type for {}: {}", op.name(), item.type_name()))
}
