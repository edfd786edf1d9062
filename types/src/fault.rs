//! Faults: what ended an execution, where, and the reference's message for it.

use alloc::string::String;

#[cfg(doc)]
use crate::limits::Limits;
use crate::{integer::Integer, opcode::OpCode};

/// Why an execution faulted, or why an exception was thrown that a script can catch.
///
/// Displayed as the message of the reference engine, byte for byte: nodes show
/// it to users, and scripts can read the messages of catchable exceptions.
///
/// Sources: `JumpTable.*.cs`, `EvaluationStack.cs`, `Types/*.cs`, `Instruction.cs`.
// The tag takes a word: results, which mostly hold no fault, are then moved by words. Moved by parts that overlap, each
// move would wait until the one before it has reached the cache.
#[repr(u64)]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "fields are what the message says")]
pub enum FaultKind {
    // Script
    /// A byte that is not an opcode was reached, or strict validation met a type that is not
    /// defined.
    #[error("Exception of type 'Neo.VM.BadScriptException' was thrown.")]
    BadScript,
    /// Strict validation: a jump does not lead to an instruction, or the type `Any` is not allowed
    /// here.
    #[error("ip: {position}, opcode: {opcode}")]
    BadInstruction { position: usize, opcode: OpCode },
    /// The script ends inside the length prefix of an operand.
    #[error("Instruction out of bounds. InstructionPointer: {position}")]
    PrefixOutOfBounds { position: usize },
    /// The four-byte length prefix of an operand is negative.
    #[error("Instruction out of bounds. InstructionPointer: {position}, operandSize: {size}")]
    NegativeOperand { position: usize, size: i32 },
    /// The script ends inside an operand.
    #[error("Instrucion out of bounds. InstructionPointer: {position}, operandSize: {size}, length: {length}")]
    OperandOutOfBounds { position: usize, size: i32, length: usize },
    /// The end of an operand does not fit 32 bits.
    #[error("Specified argument was out of the range of valid values. (Parameter 'start')")]
    OperandOverflow,

    // Limits
    /// Out of gas.
    #[error("Insufficient GAS.")]
    InsufficientGas,
    /// More items than [`Limits::max_stack_size`] are on the stacks, in the slots and inside
    /// compounds.
    #[error("MaxStackSize exceed: {count}/{limit}")]
    MaxStackSize { count: i64, limit: u32 },
    /// More contexts than [`Limits::max_invocation_stack_size`] would be on the invocation stack.
    #[error("MaxInvocationStackSize exceed: {count}")]
    MaxInvocationStackSize { count: usize },
    /// A byte string or buffer would be longer than [`Limits::max_item_size`], or its size is
    /// negative.
    #[error("MaxItemSize exceed: {size}/{limit}")]
    MaxItemSize { size: i64, limit: u32 },
    /// More try blocks than [`Limits::max_try_nesting_depth`] would be open in a context.
    #[error("MaxTryNestingDepth exceed.")]
    MaxTryNestingDepth,
    /// The distance of a shift or the exponent of POW is negative or over [`Limits::max_shift`].
    #[error("Invalid shift value: {shift}/{limit}")]
    InvalidShift { shift: i32, limit: u32 },

    // Stack and slots
    /// An instruction takes more items than the stack has.
    #[error("Out of stack bounds: {index}/{count} (Parameter 'index')")]
    StackIndex { index: i64, count: usize },
    /// More items were to be reversed than the stack has.
    #[error("Out of stack bounds: {n}/{count} (Parameter 'n')")]
    StackRange { n: i64, count: usize },
    /// An item was read at a depth that the stack does not have.
    #[error("Peek index is out of stack bounds: {index}/{count}")]
    PeekIndex { index: i64, count: usize },
    /// TUCK on a stack of fewer than two items.
    #[error("Insert index is out of stack bounds: {index}/{count}")]
    InsertIndex { index: usize, count: usize },
    /// SWAP on a stack of fewer than two items.
    #[error(
        "Specified argument was out of the range of valid values. (Parameter 'Swap index is out of stack bounds: {index}/{count}')"
    )]
    SwapIndex { index: usize, count: usize },
    /// PICK, ROLL, XDROP or REVERSEN with a negative number.
    #[error("The negative value {n} is invalid for OpCode.{opcode}.")]
    NegativeStackIndex { n: i32, opcode: OpCode },
    /// A slot was used before INITSSLOT or INITSLOT made it.
    #[error("Slot has not been initialized.")]
    NoSlot,
    /// A slot was read at an index that it does not have.
    #[error("Index out of range when loading from slot: {index}, {index}/[0, {count}).")]
    SlotLoad { index: usize, count: usize },
    /// A slot was written at an index that it does not have.
    #[error("Index out of range when storing to slot: {index}, {index}/[0, {count}).")]
    SlotStore { index: usize, count: usize },
    /// INITSSLOT or INITSLOT for slots that are there already.
    #[error("{0} cannot be executed twice.")]
    SlotTwice(OpCode),
    /// INITSSLOT of no static fields, or INITSLOT of neither local variables nor arguments.
    #[error("The operand {operand} is invalid for OpCode.{opcode}.")]
    InvalidOperand { operand: u32, opcode: OpCode },

    // Types and conversions
    /// An item is not of the type that the instruction needs, or cannot be converted to it.
    #[error("Specified cast is not valid.")]
    InvalidCast,
    /// An item is not of the type that the instruction needs, which is named as in the reference.
    #[error("The item can't be casted to type Neo.VM.Types.{0}")]
    WrongType(&'static str),
    /// CONVERT of Null to `Any` or to a type that is not defined.
    #[error("Type Null can't be converted to StackItemType: {0}")]
    ConvertNull(String),
    /// ISTYPE with `Any` or with a type that is not defined.
    #[error("Invalid type: {0}")]
    UnknownType(String),
    /// An item has a type that the opcode cannot work on.
    #[error("Invalid type for {opcode}: {item}")]
    TypeForOpcode { opcode: OpCode, item: &'static str },
    /// NEWARRAY_T with a type that is not defined.
    #[error("Invalid type for {opcode}: {byte}")]
    TypeByte { opcode: OpCode, byte: u8 },
    /// A byte string of more than 32 bytes was used as an integer.
    #[error("Can not convert ByteString to an integer, MaxSize of Integer is exceeded: {0}/32.")]
    ByteStringToInteger(usize),
    /// A byte string that is read as text is not UTF-8.
    #[error("Unable to translate bytes [{byte:02X}] at index {index} from specified code page to Unicode.")]
    NotUtf8 { byte: u8, index: usize },

    // Integers
    /// An integer does not fit 32 bytes.
    #[error("Integer size {0} bytes exceeds maximum allowed size of 32 bytes. (Parameter 'value')")]
    IntegerSize(usize),
    /// An index, a count or another number that must fit 32 bits does not.
    #[error("Value was either too large or too small for an Int32.")]
    Int32,
    /// A computation with 32-bit integers overflowed, such as an index plus a count or the target
    /// of a jump.
    #[error("Arithmetic operation resulted in an overflow.")]
    Overflow,
    /// DIV, MOD, MODMUL or MODPOW by zero.
    #[error("Attempted to divide by zero.")]
    DivideByZero,
    /// SQRT of a negative integer.
    #[error("value can not be negative")]
    NegativeSqrt,
    /// MODPOW with an exponent below -1.
    #[error("exponent ('-1') must be a non-negative value. (Parameter 'exponent')\nActual value was -1.")]
    NegativeExponent,
    /// MODPOW with the exponent -1 and a base that is not positive.
    #[error("value ('{0}') must be a non-negative and non-zero value. (Parameter 'value')\nActual value was {0}.")]
    InverseOfNonPositive(Integer),
    /// MODPOW with the exponent -1 and a modulus below 2.
    #[error("modulus ('{0}') must be greater than or equal to '2'. (Parameter 'modulus')\nActual value was {0}.")]
    ModulusTooSmall(Integer),
    /// MODPOW with the exponent -1, where the base has no inverse.
    #[error("Operation is not valid due to the current state of the object.")]
    NoInverse,

    // Comparison and cloning
    /// A byte string to compare is longer than [`Limits::max_comparable_size`].
    #[error("The operand exceeds the maximum comparable size, {size}/{limit}.")]
    ComparableSize { size: usize, limit: u32 },
    /// Comparing two structs would look at more bytes than [`Limits::max_comparable_size`].
    #[error("The operand exceeds the maximum comparable size in struct comparison.")]
    StructComparableSize,
    /// Comparing two structs would look at too many items.
    #[error("Too many struct items to compare in struct comparison.")]
    StructCompareCount,
    /// Cloning a struct would copy too many items.
    #[error("Beyond struct subitem clone limits!")]
    StructCloneLimit,

    // Byte strings
    /// A byte-string instruction with a negative count.
    #[error("The count can not be negative for {opcode}, count: {count}.")]
    NegativeCount { opcode: OpCode, count: i32 },
    /// A byte-string instruction with a negative index.
    #[error("The index can not be negative for {opcode}, index: {index}.")]
    NegativeIndex { opcode: OpCode, index: i32 },
    /// LEFT or RIGHT of more bytes than there are.
    #[error("The count is out of range for {opcode}, {count}/[0, {length}].")]
    CountOutOfRange { opcode: OpCode, count: i32, length: usize },
    /// SUBSTR of a range that does not lie in the byte string.
    #[error("The index + count is out of range for {opcode}, index: {index}, count: {count}, {end}/[0, {length}].")]
    RangeOutOfRange { opcode: OpCode, index: i32, count: i32, end: i32, length: usize },
    /// SUBSTR of older hardforks: the end of the range overflows and the count is more than an
    /// array can have.
    #[error("Array dimensions exceeded supported range.")]
    ArrayDimensions,
    /// SUBSTR of older hardforks: the end of the range overflows.
    #[error("Specified argument was out of the range of valid values.")]
    ArgumentRange,
    /// MEMCPY from a negative index.
    #[error("The source index can not be negative for MEMCPY, index: {0}.")]
    NegativeSource(i32),
    /// MEMCPY to a negative index. The message has the index of the source, as in the reference.
    #[error("The destination index can not be negative for MEMCPY, index: {0}.")]
    NegativeDestination(i32),
    /// MEMCPY of a range that does not lie in the source.
    #[error(
        "The source index + count is out of range for MEMCPY, index: {index}, count: {count}, {index}/[0, {length}]."
    )]
    SourceOutOfRange { index: i32, count: i32, length: usize },
    /// MEMCPY to a range that does not lie in the destination.
    #[error(
        "The destination index + count is out of range for MEMCPY, index: {index}, count: {count}, {index}/[0, {length}]."
    )]
    DestinationOutOfRange { index: i32, count: i32, length: usize },

    // Compounds
    /// PACK, PACKSTRUCT, NEWARRAY or NEWSTRUCT with a negative number of items, or with too many.
    #[error("The {what} size is out of valid range, {size}/[0, {limit}].")]
    CompoundSize { what: &'static str, size: i32, limit: usize },
    /// PACKMAP with a negative number of pairs, or with more than the stack holds.
    #[error("The map size is out of valid range, 2*{size}/[0, {limit}].")]
    MapSize { size: i32, limit: usize },
    /// A map key is longer than 64 bytes.
    #[error("Key size {0} bytes exceeds maximum allowed size of 64 bytes. (Parameter 'key')")]
    KeySize(usize),
    /// REMOVE of a map key that is longer than 64 bytes.
    #[error("Can not remove key from map, MaxKeySize of Map is exceeded: {0}/64. (Parameter 'key')")]
    RemoveKeySize(usize),
    /// HASKEY with an index that is negative or not below [`Limits::max_item_size`].
    #[error("The index {index} is invalid for OpCode {opcode}.")]
    InvalidIndex { index: Integer, opcode: OpCode },
    /// HASKEY of older hardforks: the index is negative.
    #[error("The negative index {index} is invalid for OpCode {opcode}.")]
    NegativeKeyIndex { index: i32, opcode: OpCode },
    /// PICKITEM or SETITEM at an index that is not there. A script can catch it.
    #[error("{}", index_message(what, index, *count))]
    IndexOutOfRange { what: &'static str, index: Integer, count: usize },
    /// REMOVE at an index that is not there.
    #[error("{}", index_message(what, index, *count))]
    RemoveIndex { what: &'static str, index: Integer, count: usize },
    /// PICKITEM with a key that is not in the map. A script can catch it.
    #[error("{}", key_message(.0))]
    KeyNotFound(String),
    /// An index is not in an array, as with POPITEM of an empty one.
    #[error(
        "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')"
    )]
    ListIndex,
    /// SETITEM of an item that is not primitive into a buffer.
    #[error("Only primitive type values can be set in Buffer in SETITEM.")]
    BufferValue,
    /// SETITEM of an integer that is not a byte into a buffer.
    #[error("Overflow in SETITEM, {0} is not a byte type.")]
    NotAByte(Integer),
    /// A read-only compound was to be changed.
    #[error("{0}")]
    ReadOnly(&'static str),

    // Control
    /// A jump or call leads out of the script.
    #[error(
        "Specified argument was out of the range of valid values. (Parameter 'Jump out of range for position: {0}')"
    )]
    JumpOutOfRange(i64),
    /// The instruction pointer was to be set to a position outside of the script.
    #[error("Out of script bounds: {position}/{length} (Parameter 'value')")]
    OutOfScript { position: i64, length: usize },
    /// PUSHA to a position outside of the script.
    #[error("Bad pointer address(Instruction instruction) {0}")]
    BadPointer(i64),
    /// CALLA with a pointer into another script.
    #[error("Pointers can't be shared between scripts")]
    ForeignPointer,
    /// ABORT was executed.
    #[error("{0} is executed.")]
    Abort(OpCode),
    /// ABORTMSG was executed.
    #[error("{opcode} is executed. Reason: {message}")]
    AbortMessage { opcode: OpCode, message: String },
    /// ASSERT found false.
    #[error("{0} is executed with false result.")]
    Assert(OpCode),
    /// ASSERTMSG found false.
    #[error("{opcode} is executed with false result. Reason: {message}")]
    AssertMessage { opcode: OpCode, message: String },
    /// A try block has neither a catch nor a finally block.
    #[error("catchOffset and finallyOffset can't both be 0 in a TRY block.")]
    TryWithoutHandler,
    /// ENDTRY or ENDFINALLY outside of a try block.
    #[error("The corresponding TRY block cannot be found.")]
    NoTry,
    /// ENDTRY in a finally block.
    #[error("The opcode ENDTRY can't be executed in a FINALLY block.")]
    EndTryInFinally,
    /// A context returned another number of items than its caller expects.
    #[error("Return value count mismatch: expected {expected}, but got {count} items on the evaluation stack")]
    ReturnCount { expected: i32, count: usize },
    /// A script was loaded that is to return fewer than -1 or more than 65,535 items.
    #[error("Out of range: {0} (Parameter 'rvcount')")]
    ReturnCountRange(i64),
    /// An exception was thrown that no context catches; with its message, if it has one.
    #[error("An unhandled exception was thrown.{}{}", if .0.is_some() { " " } else { "" }, .0.as_deref().unwrap_or(""))]
    Unhandled(Option<String>),
    /// CALLT with a token that the host does not know.
    #[error("Token not found: {0}")]
    NoToken(u16),
    /// SYSCALL with an identifier that the host does not know.
    #[error("Syscall not found: {0}")]
    NoSyscall(u32),

    /// The host ended the execution, with this message.
    #[error("{0}")]
    Host(String),
    /// The engine is in a state that should be impossible. This is a defect of
    /// the engine: no script should be able to cause it.
    #[error("engine error: {0}")]
    Engine(&'static str),
}

impl FaultKind {
    /// Returns whether a script can catch it. Only the exceptions that PICKITEM and
    /// SETITEM throw for a missing index or key can be caught.
    pub const fn is_catchable(&self) -> bool {
        matches!(self, Self::IndexOutOfRange { .. } | Self::KeyNotFound(_))
    }

    /// Returns its message. Those that a script can catch are made quickly: scripts use them to look before they leap.
    pub fn message(&self) -> String {
        match self {
            Self::IndexOutOfRange { what, index, count } => index_message(what, index, *count),
            Self::KeyNotFound(key) => key_message(key),
            kind => alloc::format!("{kind}"),
        }
    }
}

/// Returns the message for a key that is not there.
fn key_message(key: &str) -> String {
    ["Key ", key, " not found in Map."].concat()
}

/// Returns the message for an index that is not there. Formatting it would take most of the time of the exception.
fn index_message(what: &str, index: &Integer, count: usize) -> String {
    let mut message = String::with_capacity(2 * INDEX_MESSAGE);
    message.push_str("The index of ");
    message.push_str(what);
    message.push_str(" is out of range, ");
    match *index {
        Integer::Small(index) => push_decimal(&mut message, index < 0, index.unsigned_abs()),
        Integer::Wide(_) => message.push_str(&alloc::format!("{index}")),
    }
    message.push_str("/[0, ");
    push_decimal(&mut message, false, count as u64);
    message.push_str(").");
    message
}

/// The usual length of such a message.
const INDEX_MESSAGE: usize = 48;

/// Appends a number in decimal digits.
fn push_decimal(text: &mut String, is_negative: bool, mut number: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if is_negative {
        text.push('-');
    }
    text.push_str(core::str::from_utf8(&digits[first..]).unwrap_or_default());
}

/// How an execution faulted.
///
/// Its `Display` says what went wrong and where, as in
/// `Attempted to divide by zero. (DIV at byte 12)`. The message of the reference
/// engine, which nodes report, is the `Display` of [`Fault::kind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The opcode that was being executed, or `None` if no instruction could be decoded.
    pub opcode: Option<OpCode>,
    /// The instruction pointer in the current script, in bytes, or `None` if no
    /// context is left.
    pub position: Option<usize>,
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.kind.fmt(f)?;
        match (self.opcode, self.position) {
            (Some(opcode), Some(position)) => write!(f, " ({opcode} at byte {position})"),
            (None, Some(position)) => write!(f, " (at byte {position})"),
            (_, None) => Ok(()),
        }
    }
}

impl core::error::Error for Fault {}
