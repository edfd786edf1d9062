//! How wide the integers are that instructions take and give, and which items are none: found by running ahead of the
//! machine on copies of its items.
//!
//! The walk follows the instructions from the current one on, as far as it knows what decides jumps, and changes
//! nothing. What it does not know, an item that an instruction of another family pushes, say, is unknown from there
//! on. A tier may presume what the walk finds, and must check it.

use alloc::{collections::BTreeMap, vec::Vec};

use neovm_types::{
    I256, Integer, OpCode, StackItem,
    engine_internals::Lent,
    integer::eval,
    opcode::{Arity, Family, SlotAccess, SlotKind},
};

use super::CodeView;
use crate::{
    ops::item_size,
    stack::{tag, tag_of},
    vm::Vm,
};

/// The most that one walk costs, in ordinary instructions.
const MOST: usize = 512;

/// The cost of a power or a root.
const SLOW: usize = 16;

/// How many items can be moved at the cost of an instruction.
const MOVED: usize = 8;

/// The most calls within one another that the walk follows.
const MOST_CALLS: usize = 8;

/// The longest byte string that the walk copies.
const LONGEST: usize = 64;

/// How wide an integer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// It fits 64 bits.
    Int,
    /// It fits 128 bits.
    I128,
    /// It fits 256 bits, as every integer does.
    Wide,
}

impl Width {
    /// Returns the width of an integer of a number of bits, its sign included.
    pub const fn of_bits(bits: u32) -> Self {
        match bits {
            0..=64 => Self::Int,
            65..=128 => Self::I128,
            _ => Self::Wide,
        }
    }
}

/// What the items were that an instruction took and gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The most bits that the three topmost operands had as integers, their signs included, the top first; 0 where
    /// there was no integer.
    pub operands: [u16; 3],
    /// The most bits that the result had as an integer, or 0.
    pub result: u16,
    /// The kinds of these operands.
    pub kinds: [Kinds; 3],
    /// What a store replaced.
    pub replaced: Replaced,
}

/// The kinds that an operand had, each time that it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kinds {
    /// An integer.
    pub integer: bool,
    /// A boolean.
    pub boolean: bool,
    /// Another item.
    pub other: bool,
}

impl Kinds {
    fn join(self, Self { integer, boolean, other }: Self) -> Self {
        Self { integer: self.integer || integer, boolean: self.boolean || boolean, other: self.other || other }
    }
}

/// What a store replaced, each time that it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replaced {
    /// An integer of one word, a boolean or Null.
    pub small: bool,
    /// An item that is no integer either.
    pub other: bool,
}

impl Seen {
    /// Returns what covers both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let Replaced { small, other: replaces_other } = other.replaced;
        Self {
            operands: core::array::from_fn(|depth| self.operands[depth].max(other.operands[depth])),
            result: self.result.max(other.result),
            kinds: core::array::from_fn(|depth| self.kinds[depth].join(other.kinds[depth])),
            replaced: Replaced { small: self.replaced.small || small, other: self.replaced.other || replaces_other },
        }
    }
}

/// What the walk knows of an item.
#[derive(Clone)]
enum Known {
    Number(Integer),
    Truth(bool),
    Item(StackItem),
    Nothing,
}

use Known::{Item, Nothing, Number, Truth};

impl Known {
    /// Copies an item.
    fn of(item: &StackItem) -> Self {
        match item {
            StackItem::Integer(value) => Number(Integer::Small(*value)),
            StackItem::Boolean(value) => Truth(value.get()),
            StackItem::BigInteger(value) => Number(I256::into(**value)),
            // A clone of bytes that belong to the script would copy them.
            StackItem::ByteString(bytes) if bytes.len() > LONGEST && bytes.is_constant() => Nothing,
            item => Item(item.clone()),
        }
    }

    fn bits(&self) -> u16 {
        self.number().map_or(0, |value| value.wide().bits() as u16)
    }

    fn number(&self) -> Option<Integer> {
        match self {
            Number(value) => Some(*value),
            Truth(value) => Some(Integer::Small((*value).into())),
            Item(_) | Nothing => None,
        }
    }

    fn kinds(&self) -> Kinds {
        Kinds { integer: matches!(self, Number(_)), boolean: matches!(self, Truth(_)), other: matches!(self, Item(_)) }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Number(value) => Some(!value.is_zero()),
            Truth(value) => Some(*value),
            Item(item) => item.to_boolean().ok(),
            Nothing => None,
        }
    }

    fn key(self) -> Option<StackItem> {
        match self {
            Number(value) => Some(value.into()),
            Truth(value) => Some(value.into()),
            Item(item) => Some(item),
            Nothing => None,
        }
    }
}

/// A try block: the first instruction of its finally block, if it has one, and the one that follows.
#[derive(Clone, Copy)]
struct Tried {
    finally: Option<usize>,
    end: Option<usize>,
}

/// Slots by kind and index.
type Slots = BTreeMap<(u8, u8), Known>;

struct Walk<'a> {
    vm: &'a Vm,
    code: CodeView<'a>,
    /// The items above those of the machine that have not been looked at.
    stack: Vec<Known>,
    /// The number of items of the machine that were copied or popped.
    taken: usize,
    /// The slots that were stored.
    slots: Slots,
    /// The callers of the current method: where each continues, and the slots of it that were stored.
    callers: Vec<(usize, Slots)>,
    seen: BTreeMap<usize, Seen>,
    /// What the last instruction replaced.
    replaced: Replaced,
    /// The try blocks that the walk opened.
    tries: Vec<Tried>,
    /// What is left of [`MOST`]. Each instruction costs 1, and what it has to do besides.
    left: usize,
}

impl Vm {
    /// Returns what the items are that the instructions from the current one on take and give, by the instruction's
    /// index.
    pub(super) fn look_ahead(&self) -> BTreeMap<usize, Seen> {
        let Some(load) = self.loads.last() else { return BTreeMap::new() };
        let code = CodeView::new(&load.code);
        let Some(mut index) = load.code.inst_index(self.inst().offset as usize) else { return BTreeMap::new() };
        let (stack, slots, seen) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let (callers, tries) = (Vec::new(), Vec::new());
        let replaced = Replaced::default();
        let mut walk = Walk { vm: self, code, stack, taken: 0, slots, callers, seen, replaced, tries, left: MOST };
        while walk.left > 0 {
            let Some(next) = walk.step(index) else { break };
            index = next;
        }
        walk.seen
    }
}

impl Walk<'_> {
    /// Follows an instruction, and returns the next one unless the walk ends.
    fn step(&mut self, index: usize) -> Option<usize> {
        let instruction = self.code.script().instruction(self.code.position(index)).ok()?;
        let opcode = instruction.opcode;
        self.spend(if matches!(opcode, OpCode::POW | OpCode::MODPOW | OpCode::SQRT) { SLOW } else { 1 });
        if opcode.info().family == Family::Control {
            return self.control(index, opcode, instruction.offsets());
        }
        let operands = self.operands();
        self.replaced = Replaced::default();
        self.run(index, opcode, instruction.operand)?;
        let result = self.stack.last().map_or(0, Known::bits);
        self.see(index, Seen { result, replaced: self.replaced, ..operands });
        Some(index + 1)
    }

    /// Counts what an instruction has to do.
    fn spend(&mut self, cost: usize) {
        self.left = self.left.saturating_sub(cost);
    }

    /// Returns what the items on top are.
    fn operands(&mut self) -> Seen {
        let mut seen = Seen::default();
        for depth in 0..seen.operands.len() {
            let item = self.peek(depth);
            (seen.operands[depth], seen.kinds[depth]) = (item.bits(), item.kinds());
        }
        seen
    }

    /// Notes what the items were that an instruction took and gave.
    fn see(&mut self, index: usize, seen: Seen) {
        let joined = self.seen.get(&index).map_or(seen, |earlier| earlier.join(seen));
        self.seen.insert(index, joined);
    }

    fn run(&mut self, index: usize, opcode: OpCode, operand: &[u8]) -> Option<()> {
        if let Some(SlotAccess { index, kind, is_store }) = opcode.slot_access() {
            let index = index.or(operand.first().copied())?;
            return self.slot(kind, index, is_store);
        }
        if let (OpCode::INITSLOT, &[locals, arguments]) = (opcode, operand) {
            self.init_slots(locals, arguments);
            return Some(());
        }
        let result = match opcode.info().family {
            Family::Push => self.constant(index, opcode, operand),
            Family::Stack => return self.stack_order(opcode),
            Family::Bitwise | Family::Numeric => self.compute(opcode),
            _ => match opcode {
                OpCode::PICKITEM => self.pick_item(),
                OpCode::SIZE => self.size(),
                OpCode::SETITEM => {
                    let old = [1, 2].map(|depth| self.peek(depth));
                    self.replace(&Self::item_of(old));
                    return self.forget(opcode);
                }
                OpCode::CONVERT if operand == [neovm_types::item::ItemType::Integer as u8] => {
                    let item = self.pop();
                    match item {
                        Item(item) => item.to_integer().map_or(Nothing, Number),
                        item => item.number().map_or(Nothing, Number),
                    }
                }
                _ => return self.forget(opcode),
            },
        };
        self.stack.push(result);
        Some(())
    }

    /// Pops the items of an instruction that the walk does not run, and pushes unknown ones.
    fn forget(&mut self, opcode: OpCode) -> Option<()> {
        let info = opcode.info();
        let (Arity::Exactly(pops), Arity::Exactly(pushes)) = (info.pops, info.pushes) else { return None };
        (0..pops).for_each(|_| drop(self.pop()));
        self.stack.extend((0..pushes).map(|_| Nothing));
        Some(())
    }

    fn control(&mut self, index: usize, opcode: OpCode, offsets: (Option<i32>, Option<i32>)) -> Option<usize> {
        use OpCode::*;
        let code = self.code;
        let target = |offset: Option<i32>| {
            let position = code.position(index) as i64 + i64::from(offset?);
            code.inst_index(usize::try_from(position).ok()?)
        };
        match opcode {
            TRY | TRY_L => {
                let finally = target(offsets.1.filter(|&offset| offset != 0));
                self.tries.push(Tried { finally, end: None });
                return Some(index + 1);
            }
            ENDTRY | ENDTRY_L => {
                let end = target(offsets.0);
                let innermost = self.tries.last_mut()?;
                if innermost.finally.is_none() {
                    self.tries.pop();
                    return end;
                }
                innermost.end = end;
                return innermost.finally;
            }
            ENDFINALLY => return self.tries.pop()?.end,
            CALL | CALL_L => {
                let target = target(offsets.0)?;
                return self.call(index).then_some(target);
            }
            RET => return self.ret(),
            _ => {}
        }
        let taken = match opcode {
            NOP => false,
            JMP | JMP_L => true,
            JMPIF | JMPIF_L => self.pop().truth()?,
            JMPIFNOT | JMPIFNOT_L => !self.pop().truth()?,
            ASSERT => {
                self.pop();
                false
            }
            JMPEQ | JMPEQ_L => self.compare(index, NUMEQUAL)?,
            JMPNE | JMPNE_L => self.compare(index, NUMNOTEQUAL)?,
            JMPGT | JMPGT_L => self.compare(index, GT)?,
            JMPGE | JMPGE_L => self.compare(index, GE)?,
            JMPLT | JMPLT_L => self.compare(index, LT)?,
            JMPLE | JMPLE_L => self.compare(index, LE)?,
            _ => return None,
        };
        if !taken {
            return Some(index + 1);
        }
        target(offsets.0)
    }

    /// Begins a method; returns whether the walk follows it.
    fn call(&mut self, index: usize) -> bool {
        let operands = self.operands();
        self.see(index, operands);
        let (statics, own) = self.split_slots();
        self.slots = statics;
        self.callers.push((index + 1, own));
        self.callers.len() <= MOST_CALLS
    }

    /// Returns to the caller of a method that the walk followed.
    fn ret(&mut self) -> Option<usize> {
        let (index, own) = self.callers.pop()?;
        (self.slots, _) = self.split_slots();
        self.slots.extend(own);
        Some(index)
    }

    /// Takes the slots that were stored: static fields, and those of the frame.
    fn split_slots(&mut self) -> (Slots, Slots) {
        self.spend(self.slots.len());
        let slots = core::mem::take(&mut self.slots);
        slots.into_iter().partition(|((kind, _), _)| *kind == SlotKind::Static as u8)
    }

    /// Makes the slots of a method.
    fn init_slots(&mut self, locals: u8, arguments: u8) {
        self.spend(usize::from(locals) + usize::from(arguments));
        for index in 0..arguments {
            let item = self.pop();
            self.slots.insert((SlotKind::Argument as u8, index), item);
        }
        for index in 0..locals {
            self.slots.insert((SlotKind::Local as u8, index), Item(StackItem::Null));
        }
    }

    /// Compares the two items on top for a jump.
    fn compare(&mut self, index: usize, opcode: OpCode) -> Option<bool> {
        let operands = self.operands();
        self.see(index, operands);
        let (second, first) = (self.pop().number()?, self.pop().number()?);
        eval::compare(opcode, first, second)
    }

    /// Makes sure that at least `count` items are copied, if there are as many.
    fn reach(&mut self, count: usize) {
        let rest = self.vm.stack_len().saturating_sub(self.taken);
        let lacking = count.saturating_sub(self.stack.len()).min(rest);
        if lacking == 0 {
            return;
        }
        self.taken += lacking;
        let first = self.vm.sp.wrapping_sub(self.taken);
        // SAFETY: the stack has more items than were taken, and these are below them.
        let items = (0..lacking).map(|index| Known::of(unsafe { &*first.wrapping_add(index) }));
        self.stack.splice(0..0, items);
    }

    /// Returns the item at a depth.
    fn peek(&mut self, depth: usize) -> Known {
        self.reach(depth + 1);
        let index = self.stack.len().checked_sub(depth + 1);
        index.map_or(Nothing, |index| self.stack[index].clone())
    }

    fn pop(&mut self) -> Known {
        self.reach(1);
        self.stack.pop().unwrap_or(Nothing)
    }

    /// Pops a count.
    fn pop_count(&mut self) -> Option<usize> {
        let Integer::Small(count) = self.pop().number()? else { return None };
        usize::try_from(count).ok()
    }

    fn constant(&self, index: usize, opcode: OpCode, operand: &[u8]) -> Known {
        match opcode {
            OpCode::PUSHT | OpCode::PUSHF => Truth(opcode == OpCode::PUSHT),
            OpCode::PUSHNULL => Item(StackItem::Null),
            OpCode::PUSHDATA1 if operand.len() <= LONGEST => Item(operand.into()),
            _ => self.code.constant(index).map_or(Nothing, Number),
        }
    }

    fn slot(&mut self, kind: SlotKind, index: u8, is_store: bool) -> Option<()> {
        let key = (kind as u8, index);
        if is_store {
            let item = self.pop();
            let old = self.slots.insert(key, item);
            self.replace(&old.or_else(|| self.machine_slot(kind, index)).unwrap_or(Nothing));
            return Some(());
        }
        let item = match self.slots.get(&key) {
            Some(item) => item.clone(),
            None => self.machine_slot(kind, index)?,
        };
        self.stack.push(item);
        Some(())
    }

    /// Notes what a store replaces.
    fn replace(&mut self, old: &Known) {
        self.replaced = match old {
            Number(Integer::Small(_)) | Truth(_) | Item(StackItem::Null) => Replaced { small: true, other: false },
            Item(_) => Replaced { small: false, other: true },
            Number(_) | Nothing => Replaced::default(),
        };
    }

    /// Copies a slot of the machine.
    fn machine_slot(&self, kind: SlotKind, index: u8) -> Option<Known> {
        let vm = self.vm;
        if kind != SlotKind::Static && !self.callers.is_empty() {
            return None;
        }
        let index = usize::from(index);
        let (first, count) = match kind {
            SlotKind::Static => (vm.statics, vm.statics_count as usize),
            SlotKind::Local => (vm.slots, vm.locals as usize),
            SlotKind::Argument => (vm.slots, vm.argument_count()),
        };
        if index >= count {
            return None;
        }
        let cell = if kind == SlotKind::Argument { first.wrapping_sub(index + 1) } else { first.wrapping_add(index) };
        // SAFETY: the frame has the slot. A slot holds an item, or is marked as empty.
        unsafe { (tag_of(cell) != tag::EMPTY).then(|| Known::of(&*cell)) }
    }

    fn stack_order(&mut self, opcode: OpCode) -> Option<()> {
        use OpCode::*;
        let count = match opcode {
            PICK | ROLL | XDROP => self.pop_count()? + 1,
            REVERSEN => self.pop_count()?,
            DUP | DROP => 1,
            OVER | NIP | TUCK | SWAP => 2,
            ROT | REVERSE3 => 3,
            REVERSE4 => 4,
            _ => return self.forget(opcode),
        };
        self.spend(count / MOVED);
        self.reach(count);
        let from = self.stack.len().checked_sub(count)?;
        match opcode {
            PICK | DUP | OVER => self.stack.push(self.stack[from].clone()),
            XDROP | NIP | DROP => drop(self.stack.remove(from)),
            TUCK => self.stack.insert(from, self.stack.last()?.clone()),
            ROLL | SWAP | ROT => self.stack[from..].rotate_left(1),
            _ => self.stack[from..].reverse(),
        }
        Some(())
    }

    fn pick_item(&mut self) -> Known {
        let key_and_container = [self.pop(), self.pop()];
        Self::item_of(key_and_container)
    }

    /// Returns the item of a compound by its key.
    fn item_of([key, container]: [Known; 2]) -> Known {
        let found = match (container, key) {
            (Item(StackItem::Array(array) | StackItem::Struct(array)), Number(Integer::Small(index))) => {
                usize::try_from(index).ok().and_then(|index| array.get(index))
            }
            (Item(StackItem::Map(map)), key) => key.key().and_then(|key| map.get(&key).ok().flatten()),
            _ => None,
        };
        found.map_or(Nothing, |item| Known::of(&item))
    }

    fn size(&mut self) -> Known {
        match self.pop() {
            Item(item) => item_size(&item).map_or(Nothing, |size| Number(Integer::from(size))),
            _ => Nothing,
        }
    }

    /// Runs an instruction on integers.
    fn compute(&mut self, opcode: OpCode) -> Known {
        let Arity::Exactly(count) = opcode.info().pops else { return Nothing };
        let items: [Known; 3] = core::array::from_fn(|depth| match depth < count.into() {
            true => self.pop(),
            false => Nothing,
        });
        if let OpCode::NOT | OpCode::BOOLAND | OpCode::BOOLOR = opcode {
            let result = match (opcode, items[0].truth(), items[1].truth()) {
                (OpCode::NOT, Some(value), _) => Some(!value),
                (OpCode::BOOLAND, Some(b), Some(a)) => Some(a && b),
                (_, Some(b), Some(a)) => Some(a || b),
                _ => None,
            };
            return result.map_or(Nothing, Truth);
        }
        let [top, below, third] = [0, 1, 2].map(|depth| items[depth].number());
        if count == 1 {
            return top.and_then(|value| unary(opcode, value)).map_or(Nothing, Number);
        }
        let (Some(b), Some(a)) = (top, below) else { return Nothing };
        if let Some(result) = eval::compare(opcode, a, b) {
            return Truth(result);
        }
        let result = match (opcode, third) {
            (OpCode::WITHIN, Some(value)) => return Truth(a <= value && value < b),
            (OpCode::MODMUL | OpCode::MODPOW, Some(first)) => self.vm.compute_integer(opcode, first, a, b),
            (OpCode::MODMUL | OpCode::MODPOW, None) => None,
            (OpCode::SHL | OpCode::SHR | OpCode::POW, _) => self.vm.compute_integer(opcode, a, b, b),
            _ => eval::wide_binary(opcode, a.wide(), b.wide()).map(Integer::from),
        };
        result.map_or(Nothing, Number)
    }
}

fn unary(opcode: OpCode, value: Integer) -> Option<Integer> {
    match opcode {
        OpCode::SIGN => Some(Integer::Small(value.signum())),
        OpCode::NZ => Some(Integer::Small((!value.is_zero()).into())),
        OpCode::INVERT => Some(value.not()),
        OpCode::SQRT => value.sqrt().ok(),
        _ => eval::wide_unary(opcode, value.wide()).map(Integer::from),
    }
}

#[cfg(test)]
mod tests;
