//! A builder for scripts.
//!
//! Sources: `ScriptBuilder.cs` of the reference engine, and of the reference
//! node `Extensions/VM/ScriptBuilderExtensions.cs`.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use crate::{
    call_flags::CallFlags,
    hash::{Hash160, syscall_id},
    integer::Integer,
    item::{ItemType, StackItem},
    opcode::{OpCode, OperandKind},
    script::Script,
    text::count,
};

/// A place in a script that is being built, which jumps can refer to. A label
/// belongs to the builder that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// Why a script cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// An instruction refers to a label that was never bound.
    #[error("{opcode} refers to label {label}, which is not bound")]
    UnboundLabel {
        /// The instruction's opcode.
        opcode: OpCode,
        /// The number of the label: labels are numbered from 0 as they are made.
        label: usize,
    },
    /// A label is bound to two places.
    #[error("label {label} is bound twice")]
    BoundTwice {
        /// The number of the label.
        label: usize,
    },
    /// The operand does not have the size that the opcode needs.
    #[error("{opcode} cannot have an operand of {}: it takes {}", count(*.size as u64, "byte"), taken(*kind))]
    OperandSize {
        /// The opcode.
        opcode: OpCode,
        /// The shape of its operand.
        kind: OperandKind,
        /// The number of bytes that were passed.
        size: usize,
    },
    /// The opcode does not take a label.
    #[error("{opcode} does not take a label")]
    NotAJump {
        /// The opcode.
        opcode: OpCode,
    },
    /// The catch or finally block of a TRY would be the TRY itself. Its offset would
    /// be 0, which stands for no block.
    #[error("a TRY cannot be its own catch or finally block")]
    TryItself,
    /// No script can make an item of this type.
    #[error("no instruction pushes an item of type {item_type}")]
    Unpushable {
        /// Its type.
        item_type: ItemType,
    },
    /// A compound contains itself.
    #[error("the item to push contains itself")]
    Cycle,
    /// The script is longer than [`ScriptBuilder::MAX_LENGTH`].
    #[error("the script is longer than {} bytes", ScriptBuilder::MAX_LENGTH)]
    TooLong,
}

/// How many bytes an operand has, in words.
fn taken(kind: OperandKind) -> String {
    match kind.prefix_size() {
        0 => kind.fixed_size().to_string(),
        prefix => format!("at most {}", (1_u64 << (8 * prefix)) - 1),
    }
}

/// An instruction that refers to labels.
#[derive(Debug)]
struct Reference {
    /// Where the instruction is inserted into the builder's bytes.
    place: usize,
    opcode: OpCode,
    targets: [Option<Label>; 2],
}

/// Builds a script, instruction by instruction.
///
/// The methods return the builder, so calls can be chained. The first error is kept
/// and returned by [`ScriptBuilder::build`].
#[derive(Debug, Default)]
pub struct ScriptBuilder {
    bytes: Vec<u8>,
    references: Vec<Reference>,
    /// Where each label is bound: a position in the bytes, and the number of
    /// references before it.
    labels: Vec<Option<(usize, usize)>>,
    error: Option<BuildError>,
}

/// A step of pushing an item.
enum Work {
    Item(StackItem),
    Pack(usize, OpCode),
    /// The compound with this address has been pushed.
    Leave(usize),
}

impl ScriptBuilder {
    /// The largest length of a script, in bytes. It is more than any network accepts.
    pub const MAX_LENGTH: usize = 1 << 24;

    /// Creates a builder for an empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pushes an item.
    ///
    /// Integers, booleans, byte strings and Null take the shortest instruction there
    /// is. Arrays, structs and maps are packed from their items, which are pushed in
    /// reverse order; a buffer is converted from a byte string. A compound that
    /// occurs several times is pushed several times. Cycles, pointers and interop
    /// objects are errors.
    pub fn push(&mut self, item: impl Into<StackItem>) -> &mut Self {
        let mut open = BTreeSet::new();
        let mut work = vec![Work::Item(item.into())];
        while let (Some(next), true) = (work.pop(), self.error.is_none()) {
            match next {
                Work::Item(item) => self.push_one(item, &mut work, &mut open),
                Work::Pack(count, opcode) => {
                    self.push_integer(Integer::Small(count as i64));
                    self.op(opcode);
                }
                Work::Leave(address) => drop(open.remove(&address)),
            }
        }
        self
    }

    fn push_one(&mut self, item: StackItem, work: &mut Vec<Work>, open: &mut BTreeSet<usize>) {
        match &item {
            StackItem::Integer(value) => self.push_integer(Integer::Small(*value)),
            StackItem::BigInteger(value) => self.push_integer(Integer::Wide(value.get())),
            StackItem::Boolean(value) => self.emit(&[if value.get() { OpCode::PUSHT } else { OpCode::PUSHF } as u8]),
            StackItem::Null => self.emit(&[OpCode::PUSHNULL as u8]),
            StackItem::ByteString(bytes) => self.push_bytes(bytes),
            StackItem::Buffer(buffer) => {
                buffer.with(|bytes| self.push_bytes(bytes));
                self.op_with(OpCode::CONVERT, &[ItemType::Buffer as u8]);
            }
            StackItem::Array(array) | StackItem::Struct(array) => {
                let (empty, pack) = match item {
                    StackItem::Array(_) => (OpCode::NEWARRAY0, OpCode::PACK),
                    _ => (OpCode::NEWSTRUCT0, OpCode::PACKSTRUCT),
                };
                let items = array.to_vec();
                let count = items.len();
                self.push_compound(array.address(), count, [empty, pack], items, (work, open));
            }
            StackItem::Map(map) => {
                let entries = map.to_vec();
                let count = entries.len();
                let items = entries.into_iter().flat_map(|(key, value)| [key, value]);
                let opcodes = [OpCode::NEWMAP, OpCode::PACKMAP];
                self.push_compound(map.address(), count, opcodes, items, (work, open));
            }
            StackItem::Pointer(_) | StackItem::Interop(_) => {
                self.fail(BuildError::Unpushable { item_type: item.item_type() });
            }
        }
    }

    /// Adds the steps for a compound. They are taken from the end of the list, so
    /// the items are pushed in reverse order, as packing needs them.
    fn push_compound(
        &mut self,
        address: usize,
        count: usize,
        [empty, pack]: [OpCode; 2],
        items: impl IntoIterator<Item = StackItem>,
        (work, open): (&mut Vec<Work>, &mut BTreeSet<usize>),
    ) {
        if count == 0 {
            self.op(empty);
        } else if open.insert(address) {
            work.extend([Work::Leave(address), Work::Pack(count, pack)]);
            work.extend(items.into_iter().map(Work::Item));
        } else {
            self.fail(BuildError::Cycle);
        }
    }

    fn push_integer(&mut self, value: Integer) {
        if let Integer::Small(small @ -1..=16) = value {
            return self.emit(&[(OpCode::PUSH0 as i64 + small) as u8]);
        }
        let (opcode, size) = match value.byte_len() {
            1 => (OpCode::PUSHINT8, 1),
            2 => (OpCode::PUSHINT16, 2),
            3..=4 => (OpCode::PUSHINT32, 4),
            5..=8 => (OpCode::PUSHINT64, 8),
            9..=16 => (OpCode::PUSHINT128, 16),
            _ => (OpCode::PUSHINT256, 32),
        };
        self.op_with(opcode, &value.wide().to_le_bytes()[..size]);
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        let opcode = match bytes.len() {
            0..=0xff => OpCode::PUSHDATA1,
            0x100..=0xffff => OpCode::PUSHDATA2,
            _ => OpCode::PUSHDATA4,
        };
        self.op_with(opcode, bytes);
    }

    /// Adds an instruction without an operand.
    pub fn op(&mut self, opcode: OpCode) -> &mut Self {
        self.op_with(opcode, &[])
    }

    /// Adds an instruction with the bytes of its operand. A length prefix is added
    /// where the opcode has one.
    pub fn op_with(&mut self, opcode: OpCode, operand: &[u8]) -> &mut Self {
        let kind = opcode.operand();
        let (prefix, size) = (kind.prefix_size(), operand.len());
        let fits = if prefix == 0 { size == kind.fixed_size() } else { (size as u64) >> (8 * prefix) == 0 };
        if !fits {
            self.fail(BuildError::OperandSize { opcode, kind, size });
            return self;
        }
        self.emit(&[opcode as u8]);
        self.emit(&size.to_le_bytes()[..prefix]);
        self.emit(operand);
        self
    }

    /// Adds bytes without looking at them.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.emit(bytes);
        self
    }

    /// Adds a system call, by name.
    pub fn syscall(&mut self, name: &str) -> &mut Self {
        self.syscall_id(syscall_id(name))
    }

    /// Adds a system call, by identifier.
    pub fn syscall_id(&mut self, id: u32) -> &mut Self {
        self.op_with(OpCode::SYSCALL, &id.to_le_bytes())
    }

    /// Adds a call of a contract's method as Neo's tools build it: pushes an array of
    /// the arguments, the flags, the method and the hash, and calls
    /// `System.Contract.Call`.
    pub fn dynamic_call(&mut self, hash: Hash160, method: &str, flags: CallFlags, args: &[StackItem]) -> &mut Self {
        self.push(StackItem::array(args)).dynamic_call_of_pushed(hash, method, flags)
    }

    /// Adds the same call where the array of the arguments has been pushed.
    pub fn dynamic_call_of_pushed(&mut self, hash: Hash160, method: &str, flags: CallFlags) -> &mut Self {
        self.push(flags).push(method).push(hash).syscall("System.Contract.Call")
    }

    /// Returns a new label, which is not bound yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Binds a label to the next instruction.
    pub fn bind(&mut self, label: Label) -> &mut Self {
        let place = (self.bytes.len(), self.references.len());
        match self.labels.get_mut(label.0) {
            Some(bound @ None) => *bound = Some(place),
            _ => self.fail(BuildError::BoundTwice { label: label.0 }),
        }
        self
    }

    /// Adds an instruction with the offset of a label: a jump, a call, ENDTRY or
    /// PUSHA. An opcode with a one-byte offset is replaced by its long form if the
    /// label is too far away.
    pub fn jump(&mut self, opcode: OpCode, label: Label) -> &mut Self {
        match opcode.operand() {
            OperandKind::Jump8 | OperandKind::Jump32 | OperandKind::Address => {
                self.refer(opcode, [Some(label), None]);
            }
            _ => self.fail(BuildError::NotAJump { opcode }),
        }
        self
    }

    /// Adds a call of a method in this script.
    pub fn call(&mut self, label: Label) -> &mut Self {
        self.jump(OpCode::CALL, label)
    }

    /// Pushes a pointer to a label.
    pub fn pusha(&mut self, label: Label) -> &mut Self {
        self.jump(OpCode::PUSHA, label)
    }

    /// Opens a try block with these catch and finally blocks.
    pub fn try_block(&mut self, catch: Option<Label>, finally: Option<Label>) -> &mut Self {
        self.refer(OpCode::TRY, [catch, finally]);
        self
    }

    /// Ends a try or catch block; execution goes on at a label.
    pub fn end_try(&mut self, label: Label) -> &mut Self {
        self.jump(OpCode::ENDTRY, label)
    }

    fn refer(&mut self, opcode: OpCode, targets: [Option<Label>; 2]) {
        self.references.push(Reference { place: self.bytes.len(), opcode, targets });
    }

    fn emit(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > Self::MAX_LENGTH {
            self.fail(BuildError::TooLong);
        } else if self.error.is_none() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }

    /// Returns the script, with its labels resolved.
    ///
    /// # Errors
    /// [`BuildError`] for the first thing that went wrong.
    pub fn build(&self) -> Result<Script, BuildError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut layout = Layout::new(self);
        // A longer instruction moves those after it, so this is repeated until all fit.
        while layout.lengthen()? {}
        layout.script()
    }
}

/// The positions of all instructions in the script.
struct Layout<'a> {
    builder: &'a ScriptBuilder,
    /// The opcode of each reference, in its short or long form.
    opcodes: Vec<OpCode>,
    /// The position of each reference in the script, and of the script's end.
    starts: Vec<usize>,
}

impl<'a> Layout<'a> {
    fn new(builder: &'a ScriptBuilder) -> Self {
        let opcodes = builder.references.iter().map(|reference| reference.opcode).collect();
        let mut layout = Self { builder, opcodes, starts: Vec::new() };
        layout.place();
        layout
    }

    fn place(&mut self) {
        let mut added = 0;
        self.starts.clear();
        for (reference, opcode) in self.builder.references.iter().zip(&self.opcodes) {
            self.starts.push(reference.place + added);
            added += size(*opcode);
        }
        self.starts.push(self.builder.bytes.len() + added);
    }

    /// Gives instructions their long form where they need it. Returns whether there were any.
    fn lengthen(&mut self) -> Result<bool, BuildError> {
        let mut changed = false;
        for i in 0..self.opcodes.len() {
            let near = self.offsets(i)?.iter().all(|&offset| i8::try_from(offset).is_ok());
            if let (Some(long), false) = (long_form(self.opcodes[i]), near) {
                self.opcodes[i] = long;
                changed = true;
            }
        }
        self.place();
        Ok(changed)
    }

    /// Returns the offsets of both targets of a reference, 0 for none.
    fn offsets(&self, reference: usize) -> Result<[i32; 2], BuildError> {
        let [first, second] = self.builder.references[reference].targets;
        Ok([self.offset(reference, first)?, self.offset(reference, second)?])
    }

    fn offset(&self, reference: usize, target: Option<Label>) -> Result<i32, BuildError> {
        let Some(label) = target else { return Ok(0) };
        let opcode = self.opcodes[reference];
        let bound = self.builder.labels.get(label.0).copied().flatten();
        let (place, before) = bound.ok_or(BuildError::UnboundLabel { opcode, label: label.0 })?;
        let next_place = self.builder.references.get(before).map_or(self.builder.bytes.len(), |next| next.place);
        let position = self.starts[before] - next_place + place;
        let offset = position as i64 - self.starts[reference] as i64;
        match i32::try_from(offset) {
            Ok(0) if matches!(opcode, OpCode::TRY | OpCode::TRY_L) => Err(BuildError::TryItself),
            Ok(offset) => Ok(offset),
            Err(_) => Err(BuildError::TooLong),
        }
    }

    fn script(&self) -> Result<Script, BuildError> {
        let length = self.starts[self.opcodes.len()];
        if length > ScriptBuilder::MAX_LENGTH {
            return Err(BuildError::TooLong);
        }
        let mut script = Vec::with_capacity(length);
        let mut done = 0;
        for (i, opcode) in self.opcodes.iter().enumerate() {
            let place = self.builder.references[i].place;
            script.extend_from_slice(&self.builder.bytes[done..place]);
            done = place;
            script.push(*opcode as u8);
            let [first, second] = self.offsets(i)?;
            match opcode.operand() {
                OperandKind::Jump8 => script.push(first as u8),
                OperandKind::Try8 => script.extend([first as u8, second as u8]),
                OperandKind::Try32 => script.extend([first.to_le_bytes(), second.to_le_bytes()].concat()),
                _ => script.extend(first.to_le_bytes()),
            }
        }
        script.extend_from_slice(&self.builder.bytes[done..]);
        Ok(Script::from(script))
    }
}

const fn size(opcode: OpCode) -> usize {
    1 + opcode.operand().fixed_size()
}

/// Returns the long form of an opcode with one-byte offsets.
const fn long_form(opcode: OpCode) -> Option<OpCode> {
    match opcode.operand() {
        // The long form of an opcode is the next one.
        OperandKind::Jump8 | OperandKind::Try8 => OpCode::from_byte(opcode as u8 + 1),
        _ => None,
    }
}

impl From<Hash160> for StackItem {
    fn from(hash: Hash160) -> Self {
        hash.0.as_slice().into()
    }
}
