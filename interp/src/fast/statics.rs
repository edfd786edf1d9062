//! The beginning of `_initialize`: INITSSLOT and the constants that are stored in static fields behind it, run as one
//! step.
//!
//! Compilers begin contracts that have static fields in this way, and each call of such a contract runs it. Decoding
//! finds out how far the beginning reaches, and the operand of INITSSLOT tells it ([`Beginning`]). What else could
//! fault is checked before anything changes: gas and the number of instructions are charged for all of them by whoever
//! runs the handler, and with an item too many or a byte string that is too long all of them run one by one.

use neovm_types::{Buffer, ByteString, ItemType, PriceTable, StackItem, engine_internals::Lent, item::WideInteger};

use super::{Flow, Regs};
use crate::{inst::DecodedInst, op::Op, vm::Vm};

/// The greatest cost of all instructions together, in units, which has to fit in the upper half of the meter.
const MAX_COST: i64 = 1 << 30;

/// The number of instructions from which on none are added. A budget is looked at once for all of them.
const MAX_LENGTH: u16 = 1000;

/// How far the stores of constants behind an INITSSLOT reach.
struct Beginning {
    /// The number of instructions, without INITSSLOT.
    length: u16,
    /// No fewer than the bytes of all byte strings together.
    bytes: u16,
}

impl Beginning {
    /// The operand of INITSSLOT: the number of static fields in the lower half, and this in the upper.
    const fn into_operand(self, count: u64) -> u64 {
        count | (self.length as u64) << 32 | (self.bytes as u64) << 48
    }

    const fn from_operand(operand: u64) -> Self {
        Self { length: (operand >> 32) as u16, bytes: (operand >> 48) as u16 }
    }
}

/// Finds the stores of constants behind the INITSSLOT that decoded instructions begin with. Returns the operand that
/// INITSSLOT gets, and the number of instructions with it; none if there are no such stores.
pub(crate) fn find(insts: &[DecodedInst], prices: &PriceTable) -> Option<(u64, usize)> {
    let count = insts[0].operand;
    let mut beginning = Beginning { length: 0, bytes: 0 };
    let mut cost = insts[0].single_cost(prices) >> 32;
    // The items in these fields would have to be dropped before they are overwritten.
    let mut owning = [false; 256];
    let mut rest = &insts[1..];
    while beginning.length < MAX_LENGTH
        && let Some(length) = store_length(rest)
    {
        let (store, behind) = rest.split_at(length);
        let field = store[length - 1].operand;
        cost += store.iter().map(|inst| inst.single_cost(prices) >> 32).sum::<i64>();
        // There is always an instruction behind: the RET at the end of the script.
        let size = behind.first().map_or(0, |next| next.offset - store[0].offset);
        let bytes = u16::try_from(u32::from(beginning.bytes) + size);
        let (Ok(bytes), true) = (bytes, field < count && cost <= MAX_COST) else { break };
        if core::mem::replace(&mut owning[field as usize], matches!(store[0].op, Op::Data | Op::WideInt)) {
            break;
        }
        beginning = Beginning { length: beginning.length + length as u16, bytes };
        rest = behind;
    }
    let length = 1 + usize::from(beginning.length);
    (length > 1).then(|| (beginning.into_operand(count), length))
}

/// Returns the number of instructions that push a constant and store it in a static field, if decoded instructions
/// begin with such.
fn store_length(insts: &[DecodedInst]) -> Option<usize> {
    let op = |index: usize| insts.get(index).map(|inst| inst.op);
    match (op(0)?, op(1)?) {
        (Op::Int | Op::True | Op::False | Op::Null | Op::WideInt | Op::Data, Op::StSfld) => Some(2),
        (Op::Data, Op::Convert) if insts[1].operand == ItemType::Buffer as u64 && op(2) == Some(Op::StSfld) => Some(3),
        _ => None,
    }
}

/// Returns the number of instructions that [`init`] runs.
#[cfg(neovm_tail_calls)]
pub(crate) fn length(first: &DecodedInst) -> usize {
    1 + usize::from(Beginning::from_operand(first.operand).length)
}

/// INITSSLOT and the stores behind it.
///
/// # Safety
/// See [`crate::fast`]; [`find`] found the stores.
#[inline(always)]
pub(crate) unsafe fn init(r: &mut Regs, vm: &mut Vm) -> Flow {
    // SAFETY: the stores are decoded instructions behind this one, to fields that exist and own nothing yet.
    unsafe {
        let operand = r.operand();
        let Beginning { length, bytes } = Beginning::from_operand(operand);
        let count = operand as u8;
        // The fields, and one more item on the stack before it is stored.
        let has_room = r.has_room(usize::from(count) + 1);
        if vm.statics_count != 0 || !has_room || u32::from(bytes) > vm.limits.max_item_size {
            return Flow::Unfuse;
        }
        vm.make_statics(count.into());
        r.limit = r.limit.wrapping_sub(count.into());
        let mut store = r.ip.add(1);
        let behind = store.add(length.into());
        while store != behind {
            store = set(vm, store);
        }
        r.ip = behind;
    }
    Flow::Next
}

/// Sets a static field to the constant that an instruction pushes. Returns the instruction behind the store.
#[inline(always)]
unsafe fn set(vm: &Vm, push: *const DecodedInst) -> *const DecodedInst {
    // SAFETY: the operands are those of decoded instructions: places of constants, and a field that exists.
    unsafe {
        let mut store = push.add(1);
        let operand = (*push).operand;
        let item = match (*push).op {
            Op::Int => StackItem::Integer(operand as i64),
            Op::True => StackItem::Boolean(true.into()),
            Op::False => StackItem::Boolean(false.into()),
            Op::WideInt => StackItem::BigInteger(WideInteger::constant(vm.constants, operand as usize)),
            Op::Data => {
                let data = ByteString::constant(vm.constants, operand as usize);
                if (*store).op == Op::Convert {
                    store = store.add(1);
                    StackItem::Buffer(Buffer::new(&data))
                } else {
                    StackItem::ByteString(data)
                }
            }
            _ => StackItem::Null,
        };
        vm.statics.add((*store).operand as usize).write(item);
        store.add(1)
    }
}
