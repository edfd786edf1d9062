//! Byte strings. Source: `JumpTable.Splice.cs`.

use neovm_types::{Buffer, FaultKind, OpCode, StackItem};

use super::Done;
use crate::vm::Vm;

pub(super) fn new_buffer(vm: &mut Vm) -> Done {
    let length = vm.pop_i32()?;
    let length = vm.limits.check_item_size(length.into())?;
    vm.push(StackItem::Buffer(Buffer::zeroed(length)));
    Ok(())
}

pub(super) fn memcpy(vm: &mut Vm) -> Done {
    let count = pop_count(vm, OpCode::MEMCPY)?;
    let source_index = vm.pop_i32()?;
    if source_index < 0 {
        return Err(FaultKind::NegativeSource(source_index));
    }
    let source = vm.pop()?;
    let length = source.with_bytes(<[u8]>::len)?;
    let end = source_index.checked_add(count).ok_or(FaultKind::Overflow)?;
    if end as usize > length {
        return Err(FaultKind::SourceOutOfRange { index: source_index, count, length });
    }
    let index = vm.pop_i32()?;
    if index < 0 {
        // The message names the index into the source, as in the reference.
        return Err(FaultKind::NegativeDestination(source_index));
    }
    let target = vm.pop_buffer()?;
    let length = target.len();
    let fits = index.checked_add(count).ok_or(FaultKind::Overflow)? as usize <= length;
    if !fits {
        return Err(FaultKind::DestinationOutOfRange { index, count, length });
    }
    let range = source_index as usize..end as usize;
    match &source {
        StackItem::Buffer(buffer) if buffer.is_same(&target) => target.copy_within(range, index as usize),
        source => source.with_bytes(|bytes| target.write(index as usize, &bytes[range]))?,
    }
}

pub(super) fn cat(vm: &mut Vm) -> Done {
    let second = vm.pop()?;
    second.with_bytes(|_| ())?;
    let first = vm.pop()?;
    let limits = vm.limits;
    let joined = first.with_bytes(|first| {
        second.with_bytes(|second| {
            limits.check_item_size((first.len() + second.len()) as i64)?;
            Ok(Buffer::joined(first, second))
        })
    })???;
    vm.push(StackItem::Buffer(joined));
    Ok(())
}

/// Pops a number of bytes. Faults if it is negative.
fn pop_count(vm: &mut Vm, opcode: OpCode) -> Result<i32, FaultKind> {
    let count = vm.pop_i32()?;
    if count < 0 { Err(FaultKind::NegativeCount { opcode, count }) } else { Ok(count) }
}

/// Pops the count and the index of SUBSTR.
pub(super) fn pop_range(vm: &mut Vm) -> Result<(i32, i32), FaultKind> {
    let opcode = OpCode::SUBSTR;
    let count = pop_count(vm, opcode)?;
    let index = vm.pop_i32()?;
    if index < 0 { Err(FaultKind::NegativeIndex { opcode, index }) } else { Ok((index, count)) }
}

pub(super) fn substr(vm: &mut Vm) -> Done {
    let opcode = OpCode::SUBSTR;
    let (index, count) = pop_range(vm)?;
    let item = vm.pop()?;
    let length = item.with_bytes(<[u8]>::len)?;
    let end = index.checked_add(count).ok_or(FaultKind::Overflow)?;
    if end as usize > length {
        return Err(FaultKind::RangeOutOfRange { opcode, index, count, end, length });
    }
    push_part(vm, &item, index as usize, end as usize)
}

/// Pops the count of LEFT or RIGHT, and the item whose part is taken. Returns the
/// length of the item, too.
fn pop_part(vm: &mut Vm, opcode: OpCode) -> Result<(usize, usize, StackItem), FaultKind> {
    let count = pop_count(vm, opcode)?;
    let item = vm.pop()?;
    let length = item.with_bytes(<[u8]>::len)?;
    if count as usize > length {
        return Err(FaultKind::CountOutOfRange { opcode, count, length });
    }
    Ok((count as usize, length, item))
}

pub(super) fn left(vm: &mut Vm) -> Done {
    let (count, _, item) = pop_part(vm, OpCode::LEFT)?;
    push_part(vm, &item, 0, count)
}

pub(super) fn right(vm: &mut Vm) -> Done {
    let (count, length, item) = pop_part(vm, OpCode::RIGHT)?;
    push_part(vm, &item, length - count, length)
}

/// Pushes a buffer with a range of the bytes of an item, which has that range.
pub(super) fn push_part(vm: &mut Vm, item: &StackItem, start: usize, end: usize) -> Done {
    let part = item.with_bytes(|bytes| bytes.get(start..end).map(Buffer::new))?;
    vm.push(StackItem::Buffer(part.ok_or_else(|| FaultKind::Engine("a range past its bytes"))?));
    Ok(())
}
