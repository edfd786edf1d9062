//! Arrays, structs, maps. Source: `JumpTable.Compound.cs`.

use alloc::{vec, vec::Vec};

use neovm_types::{
    Array, FaultKind, Integer, ItemType, Map, OpCode, StackItem,
    engine_internals::{ArrayInternals, CompoundInternals, Header, ItemInternals, MapInternals},
    item::StructCloneLimit,
};

use super::Done;
use crate::vm::Vm;

/// Pops a number of items, which may be at most `limit`.
fn pop_size(vm: &mut Vm, what: &'static str, limit: impl Fn(&Vm) -> usize) -> Result<usize, FaultKind> {
    let size = vm.pop_i32()?;
    let limit = limit(vm);
    match usize::try_from(size) {
        Ok(count) if count <= limit => Ok(count),
        _ => Err(FaultKind::CompoundSize { what, size, limit }),
    }
}

pub(super) fn pack_map(vm: &mut Vm) -> Done {
    let size = vm.pop_i32()?;
    let limit = vm.stack_len();
    // The reference doubles it in 32 bits, without a check.
    if size < 0 || i64::from(size.wrapping_mul(2)) > limit as i64 {
        return Err(FaultKind::MapSize { size, limit });
    }
    let map = Map::new();
    for _ in 0..size {
        let key = vm.pop_primitive()?;
        let value = vm.pop()?;
        map.insert(key, value)?;
    }
    vm.push(StackItem::Map(map));
    Ok(())
}

pub(super) fn pack_struct(vm: &mut Vm) -> Done {
    let count = pop_size(vm, "struct", Vm::stack_len)?;
    let items = vm.take_items(count);
    vm.put_counted(StackItem::structure(items), count);
    Ok(())
}

pub(super) fn pack(vm: &mut Vm) -> Done {
    let count = pop_size(vm, "array", Vm::stack_len)?;
    let items = vm.take_items(count);
    vm.put_counted(StackItem::array(items), count);
    Ok(())
}

pub(super) fn unpack(vm: &mut Vm) -> Done {
    let compound = vm.pop_compound()?;
    let count = match &compound {
        StackItem::Map(map) => {
            for (key, value) in map.to_vec().into_iter().rev() {
                vm.push(value);
                vm.push(key);
            }
            map.len()
        }
        StackItem::Array(array) | StackItem::Struct(array) => {
            for item in array.to_vec().into_iter().rev() {
                vm.push(item);
            }
            array.len()
        }
        item => return Err(wrong_type(OpCode::UNPACK, item)),
    };
    vm.push(count as i64);
    Ok(())
}

fn wrong_type(opcode: OpCode, item: &StackItem) -> FaultKind {
    FaultKind::TypeForOpcode { opcode, item: item.item_type().name() }
}

pub(super) fn new_array0(vm: &mut Vm) -> Done {
    vm.put_counted(StackItem::array(Vec::new()), 0);
    Ok(())
}

pub(super) fn new_struct0(vm: &mut Vm) -> Done {
    vm.put_counted(StackItem::structure(Vec::new()), 0);
    Ok(())
}

/// Makes an array of items that are not compounds.
fn leaves(items: Vec<StackItem>) -> StackItem {
    StackItem::Array(Array::of_leaves(items))
}

/// Repeats an item that is not a compound; the common ones without cloning each.
fn filled(item: &StackItem, count: usize) -> Vec<StackItem> {
    match item {
        StackItem::Null => (0..count).map(|_| StackItem::Null).collect(),
        StackItem::Integer(value) => (0..count).map(|_| StackItem::Integer(*value)).collect(),
        StackItem::Boolean(value) => (0..count).map(|_| StackItem::Boolean(*value)).collect(),
        other => vec![other.clone(); count],
    }
}

fn pop_new_size(vm: &mut Vm, what: &'static str) -> Result<usize, FaultKind> {
    pop_size(vm, what, |vm| vm.limits.max_stack_size as usize)
}

pub(super) fn new_array(vm: &mut Vm) -> Done {
    let count = pop_new_size(vm, "array")?;
    vm.put_counted(leaves(filled(&StackItem::Null, count)), count);
    Ok(())
}

pub(super) fn new_struct(vm: &mut Vm) -> Done {
    let count = pop_new_size(vm, "struct")?;
    let fields = Array::of_leaves(filled(&StackItem::Null, count));
    vm.put_counted(StackItem::Struct(fields), count);
    Ok(())
}

pub(super) fn new_array_t(vm: &mut Vm) -> Done {
    let count = pop_new_size(vm, "array")?;
    let byte = vm.inst().operand as u8;
    let item = match ItemType::from_byte(byte) {
        Some(ItemType::Boolean) => StackItem::from(false),
        Some(ItemType::Integer) => StackItem::Integer(0),
        Some(ItemType::ByteString) => StackItem::from(""),
        Some(_) => StackItem::Null,
        None => return Err(FaultKind::TypeByte { opcode: OpCode::NEWARRAY_T, byte }),
    };
    vm.put_counted(leaves(filled(&item, count)), count);
    Ok(())
}

pub(super) fn new_map(vm: &mut Vm) -> Done {
    vm.put_counted(StackItem::map(), 0);
    Ok(())
}

pub(super) fn size(vm: &mut Vm) -> Done {
    let item = vm.pop()?;
    let size = item_size(&item).ok_or_else(|| wrong_type(OpCode::SIZE, &item))?;
    vm.push(size as i64);
    Ok(())
}

/// Returns the number of entries or bytes of an item, if it has any.
#[inline(always)]
pub(crate) fn item_size(item: &StackItem) -> Option<usize> {
    match item {
        StackItem::Array(array) | StackItem::Struct(array) => Some(array.len()),
        StackItem::Map(map) => Some(map.len()),
        StackItem::Buffer(buffer) => Some(buffer.len()),
        item => item.primitive_size(),
    }
}

/// Returns the number of items or bytes that HASKEY compares an index with.
pub(crate) fn indexed_len(item: &StackItem) -> Option<usize> {
    match item {
        StackItem::Array(array) | StackItem::Struct(array) => Some(array.len()),
        StackItem::Buffer(buffer) => Some(buffer.len()),
        StackItem::ByteString(bytes) => Some(bytes.len()),
        _ => None,
    }
}

pub(super) fn has_key(vm: &mut Vm) -> Done {
    let key = vm.pop_primitive()?;
    let item = vm.pop()?;
    if let StackItem::Map(map) = &item {
        let found = map.contains(&key)?;
        vm.push(found);
        return Ok(());
    }
    let count = indexed_len(&item).ok_or_else(|| wrong_type(OpCode::HASKEY, &item))?;
    let index = key.to_integer()?;
    if index.is_negative() || index >= Integer::Small(vm.limits.max_item_size.into()) {
        return Err(FaultKind::InvalidIndex { index, opcode: OpCode::HASKEY });
    }
    vm.push(index.to_index(count).is_some());
    Ok(())
}

pub(super) fn keys(vm: &mut Vm) -> Done {
    let map = vm.pop_map()?;
    let count = map.len();
    vm.put_counted(leaves(map.keys()), count);
    Ok(())
}

pub(super) fn values(vm: &mut Vm) -> Done {
    let item = vm.pop()?;
    let mut values = match &item {
        StackItem::Array(array) | StackItem::Struct(array) => array.to_vec(),
        StackItem::Map(map) => map.values(),
        item => return Err(wrong_type(OpCode::VALUES, item)),
    };
    let mut cloned = 0;
    for value in &mut values {
        let StackItem::Struct(fields) = value else { continue };
        // A struct that is there many times would be cloned as often. Clones that
        // are too many in any case are only counted, for the fault that follows.
        let is_over = vm.reference_count() + cloned > i64::from(vm.limits.max_stack_size);
        if is_over {
            count_clone(vm, fields)?;
            *value = StackItem::Null;
        } else {
            let (clone, visited) = cloned_struct(vm, fields)?;
            cloned += i64::from(visited);
            *value = clone;
        }
    }
    vm.push(StackItem::array(values));
    Ok(())
}

/// Counts what a clone of a struct would hold.
fn count_clone(vm: &mut Vm, fields: &Array) -> Done {
    let limit = StructCloneLimit::from(&vm.limits);
    let visited = fields.visit_struct(limit, |item| {
        if item.is_compound() {
            vm.retain(item);
        }
    })?;
    vm.ref_delta.cloned += u64::from(visited);
    vm.ref_delta.added += u64::from(visited);
    vm.take_room(visited as isize);
    Ok(())
}

/// A clone of a struct, and how many items it visited.
fn cloned_struct(vm: &mut Vm, fields: &Array) -> Result<(StackItem, u32), FaultKind> {
    let (clone, visited) = fields.clone_struct(StructCloneLimit::from(&vm.limits))?;
    vm.ref_delta.cloned += u64::from(visited);
    Ok((StackItem::Struct(clone), visited))
}

/// Returns an item as a compound stores it: a struct is cloned.
pub(super) fn stored(vm: &mut Vm, item: StackItem) -> Result<StackItem, FaultKind> {
    match &item {
        StackItem::Struct(fields) => Ok(cloned_struct(vm, fields)?.0),
        _ => Ok(item),
    }
}

/// What the reference calls arrays and structs in messages.
const ARRAY: &str = "VMArray";

/// Returns the exception of an index that an array does not have.
pub(crate) fn index_out_of_range(index: Integer, count: usize) -> FaultKind {
    FaultKind::IndexOutOfRange { what: ARRAY, index, count }
}

/// Returns the item of an array at an index. A script may catch the fault if there is none.
fn checked_index(index: Integer, what: &'static str, count: usize) -> Result<usize, FaultKind> {
    index.to_index(count).ok_or(FaultKind::IndexOutOfRange { what, index, count })
}

pub(super) fn pick_item(vm: &mut Vm) -> Done {
    pick_item_by(vm, checked_index)
}

/// How an index is checked, which depends on the hardfork.
pub(super) type IndexCheck = fn(Integer, &'static str, usize) -> Result<usize, FaultKind>;

pub(super) fn pick_item_by(vm: &mut Vm, check: IndexCheck) -> Done {
    let key = vm.pop_primitive()?;
    let container = vm.pop()?;
    let missing = || FaultKind::Engine("an index past its items");
    let item = match &container {
        StackItem::Array(array) | StackItem::Struct(array) => {
            let index = check(key.to_integer()?, ARRAY, array.len())?;
            array.get(index).ok_or_else(missing)?
        }
        StackItem::Map(map) => map.get(&key)?.ok_or_else(|| FaultKind::KeyNotFound(key.key_text()))?,
        StackItem::Buffer(buffer) => {
            let index = check(key.to_integer()?, "Buffer", buffer.len())?;
            i64::from(buffer.get(index).ok_or_else(missing)?).into()
        }
        item if item.is_primitive() => {
            let index = key.to_integer()?;
            let byte = item.with_bytes(|bytes| check(index, "PrimitiveType", bytes.len()).map(|index| bytes[index]))?;
            i64::from(byte?).into()
        }
        item => return Err(wrong_type(OpCode::PICKITEM, item)),
    };
    vm.push(item);
    Ok(())
}

pub(super) fn append(vm: &mut Vm) -> Done {
    let item = vm.pop()?;
    let (container, array) = vm.pop_array()?;
    let item = stored(vm, item)?;
    array.engine_push(item.clone())?;
    if array.header().references() != 0 {
        vm.count_in(&item);
    }
    vm.note_link(&container);
    Ok(())
}

pub(super) fn set_item(vm: &mut Vm) -> Done {
    set_item_by(vm, checked_index, to_byte)
}

/// How a value becomes a byte, which depends on the hardfork.
pub(super) type ByteCast = fn(Integer) -> Result<u8, FaultKind>;

/// The range holds negative bytes too, but the cast that follows does not.
fn to_byte(value: Integer) -> Result<u8, FaultKind> {
    match value {
        Integer::Small(small @ 0..=255) => Ok(small as u8),
        Integer::Small(-128..0) => Err(FaultKind::Overflow),
        value => Err(FaultKind::NotAByte(value)),
    }
}

pub(super) fn set_item_by(vm: &mut Vm, check: IndexCheck, cast: ByteCast) -> Done {
    let value = vm.pop()?;
    let value = stored(vm, value)?;
    let key = vm.pop_primitive()?;
    let container = vm.pop()?;
    match &container {
        StackItem::Array(array) | StackItem::Struct(array) => {
            let index = check(key.to_integer()?, ARRAY, array.len())?;
            set_in_array(vm, array, index, value)?;
        }
        StackItem::Map(map) => set_in_map(vm, map, key, value)?,
        StackItem::Buffer(buffer) => {
            let index = check(key.to_integer()?, "Buffer", buffer.len())?;
            if !value.is_primitive() {
                return Err(FaultKind::BufferValue);
            }
            buffer.set(index, cast(value.to_integer()?)?)?;
        }
        item => return Err(wrong_type(OpCode::SETITEM, item)),
    }
    vm.note_link(&container);
    Ok(())
}

/// The references to the array itself are checked again in between: the old item
/// may have held the last counted one.
fn set_in_array(vm: &mut Vm, array: &Array, index: usize, value: StackItem) -> Done {
    let header = array.header();
    if header.references() != 0 {
        let old = array.get(index).ok_or(FaultKind::ListIndex)?;
        vm.count_out(&old);
    }
    array.engine_set(index, value.clone())?;
    if header.references() != 0 {
        vm.count_in(&value);
    }
    Ok(())
}

/// Unlike for an array, what counts is whether the map was counted before.
fn set_in_map(vm: &mut Vm, map: &Map, key: StackItem, value: StackItem) -> Done {
    if map.header().references() != 0 {
        match map.get(&key)? {
            None => vm.count_in(&key),
            Some(old) => vm.count_out(&old),
        }
        vm.count_in(&value);
    }
    map.engine_insert(key, value)?;
    Ok(())
}

pub(super) fn reverse_items(vm: &mut Vm) -> Done {
    let item = vm.pop()?;
    match &item {
        StackItem::Array(array) | StackItem::Struct(array) => array.reverse(),
        StackItem::Buffer(buffer) => buffer.reverse(),
        item => Err(wrong_type(OpCode::REVERSEITEMS, item)),
    }
}

pub(super) fn remove(vm: &mut Vm) -> Done {
    let removable =
        |index: Integer, what, count| index.to_index(count).ok_or(FaultKind::RemoveIndex { what, index, count });
    remove_by(vm, removable)
}

pub(super) fn remove_by(vm: &mut Vm, check: IndexCheck) -> Done {
    let key = vm.pop_primitive()?;
    let container = vm.pop()?;
    match &container {
        StackItem::Array(array) | StackItem::Struct(array) => {
            let index = check(key.to_integer()?, ARRAY, array.len())?;
            let item = array.engine_remove(index)?;
            if array.header().references() != 0 {
                vm.count_out(&item);
            }
        }
        StackItem::Map(map) => {
            let entry = map.engine_remove(&key)?;
            if let (Some((key, value)), true) = (entry, map.header().references() != 0) {
                vm.count_out(&key);
                vm.count_out(&value);
            }
        }
        item => return Err(wrong_type(OpCode::REMOVE, item)),
    }
    Ok(())
}

pub(super) fn clear_items(vm: &mut Vm) -> Done {
    let compound = vm.pop_compound()?;
    let items = match &compound {
        StackItem::Array(array) | StackItem::Struct(array) => array.engine_clear()?,
        StackItem::Map(map) => map.engine_clear()?.into_iter().flat_map(|(key, value)| [key, value]).collect(),
        _ => Vec::new(),
    };
    if compound.header().is_some_and(|header| header.references() != 0) {
        vm.count_out_all(&items, compound.header().is_some_and(Header::is_nested));
    }
    // An array drops its items by itself, and makes few calls for that.
    drop(Array::new(items));
    Ok(())
}

pub(super) fn pop_item(vm: &mut Vm) -> Done {
    let (_, array) = vm.pop_array()?;
    let index = array.len().checked_sub(1).ok_or(FaultKind::ListIndex)?;
    let item = array.get(index).ok_or(FaultKind::ListIndex)?;
    vm.push(item.clone());
    array.engine_remove(index)?;
    if array.header().references() != 0 {
        vm.count_out(&item);
    }
    Ok(())
}
