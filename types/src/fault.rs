//! Faults as data: what went wrong, where, and the reference's words for it.

use alloc::string::String;

use crate::{integer::Integer, opcode::OpCode};

/// Why an execution faulted, or what an exception that a script may catch says.
///
/// The text of each is what the reference engine reports, byte for byte: nodes
/// show it to users, and scripts can read that of the catchable ones.
/// Sources: `JumpTable.*.cs`, `EvaluationStack.cs`, `Types/*.cs`, `Instruction.cs`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message says what each field is")]
pub enum FaultKind {
    // Script
    #[error("Exception of type 'Neo.VM.BadScriptException' was thrown.")]
    BadScript,
    #[error("ip: {position}, opcode: {opcode}")]
    BadInstruction { position: usize, opcode: OpCode },
    #[error("Instruction out of bounds. InstructionPointer: {position}")]
    PrefixOutOfBounds { position: usize },
    #[error("Instruction out of bounds. InstructionPointer: {position}, operandSize: {size}")]
    NegativeOperand { position: usize, size: i32 },
    #[error("Instrucion out of bounds. InstructionPointer: {position}, operandSize: {size}, length: {length}")]
    OperandOutOfBounds { position: usize, size: i32, length: usize },
    #[error("Specified argument was out of the range of valid values. (Parameter 'start')")]
    OperandOverflow,

    // Limits
    #[error("Insufficient GAS.")]
    InsufficientGas,
    #[error("MaxStackSize exceed: {count}/{limit}")]
    MaxStackSize { count: i64, limit: u32 },
    #[error("MaxInvocationStackSize exceed: {count}")]
    MaxInvocationStackSize { count: usize },
    #[error("MaxItemSize exceed: {size}/{limit}")]
    MaxItemSize { size: i64, limit: u32 },
    #[error("MaxTryNestingDepth exceed.")]
    MaxTryNestingDepth,
    #[error("Invalid shift value: {shift}/{limit}")]
    InvalidShift { shift: i32, limit: u32 },

    // Stack and slots
    #[error("Out of stack bounds: {index}/{count} (Parameter 'index')")]
    StackIndex { index: i64, count: usize },
    #[error("Out of stack bounds: {n}/{count} (Parameter 'n')")]
    StackRange { n: i64, count: usize },
    #[error("Peek index is out of stack bounds: {index}/{count}")]
    PeekIndex { index: i64, count: usize },
    #[error("Insert index is out of stack bounds: {index}/{count}")]
    InsertIndex { index: usize, count: usize },
    #[error(
        "Specified argument was out of the range of valid values. (Parameter 'Swap index is out of stack bounds: {index}/{count}')"
    )]
    SwapIndex { index: usize, count: usize },
    #[error("The negative value {n} is invalid for OpCode.{opcode}.")]
    NegativeStackIndex { n: i32, opcode: OpCode },
    #[error("Slot has not been initialized.")]
    NoSlot,
    #[error("Index out of range when loading from slot: {index}, {index}/[0, {count}).")]
    SlotLoad { index: usize, count: usize },
    #[error("Index out of range when storing to slot: {index}, {index}/[0, {count}).")]
    SlotStore { index: usize, count: usize },
    #[error("{0} cannot be executed twice.")]
    SlotTwice(OpCode),
    #[error("The operand {operand} is invalid for OpCode.{opcode}.")]
    InvalidOperand { operand: u32, opcode: OpCode },

    // Types and conversions
    #[error("Specified cast is not valid.")]
    InvalidCast,
    #[error("The item can't be casted to type Neo.VM.Types.{0}")]
    WrongType(&'static str),
    #[error("Type Null can't be converted to StackItemType: {0}")]
    ConvertNull(String),
    #[error("Invalid type: {0}")]
    UnknownType(String),
    #[error("Invalid type for {opcode}: {item}")]
    TypeForOpcode { opcode: OpCode, item: &'static str },
    #[error("Invalid type for {opcode}: {byte}")]
    TypeByte { opcode: OpCode, byte: u8 },
    #[error("Can not convert ByteString to an integer, MaxSize of Integer is exceeded: {0}/32.")]
    ByteStringToInteger(usize),
    #[error("Unable to translate bytes [{byte:02X}] at index {index} from specified code page to Unicode.")]
    NotUtf8 { byte: u8, index: usize },

    // Integers
    #[error("Integer size {0} bytes exceeds maximum allowed size of 32 bytes. (Parameter 'value')")]
    IntegerSize(usize),
    #[error("Value was either too large or too small for an Int32.")]
    Int32,
    #[error("Arithmetic operation resulted in an overflow.")]
    Overflow,
    #[error("Attempted to divide by zero.")]
    DivideByZero,
    #[error("value can not be negative")]
    NegativeSqrt,
    #[error("exponent ('-1') must be a non-negative value. (Parameter 'exponent')\nActual value was -1.")]
    NegativeExponent,
    #[error("value ('{0}') must be a non-negative and non-zero value. (Parameter 'value')\nActual value was {0}.")]
    InverseOfNonPositive(Integer),
    #[error("modulus ('{0}') must be greater than or equal to '2'. (Parameter 'modulus')\nActual value was {0}.")]
    ModulusTooSmall(Integer),
    #[error("Operation is not valid due to the current state of the object.")]
    NoInverse,

    // Comparison and cloning
    #[error("The operand exceeds the maximum comparable size, {size}/{limit}.")]
    ComparableSize { size: usize, limit: u32 },
    #[error("The operand exceeds the maximum comparable size in struct comparison.")]
    StructComparableSize,
    #[error("Too many struct items to compare in struct comparison.")]
    StructCompareCount,
    #[error("Beyond struct subitem clone limits!")]
    StructCloneLimit,
    #[error("Specified method is not supported.")]
    NotSupported,

    // Byte strings
    #[error("The count can not be negative for {opcode}, count: {count}.")]
    NegativeCount { opcode: OpCode, count: i32 },
    #[error("The index can not be negative for {opcode}, index: {index}.")]
    NegativeIndex { opcode: OpCode, index: i32 },
    #[error("The count is out of range for {opcode}, {count}/[0, {length}].")]
    CountOutOfRange { opcode: OpCode, count: i32, length: usize },
    #[error("The index + count is out of range for {opcode}, index: {index}, count: {count}, {end}/[0, {length}].")]
    RangeOutOfRange { opcode: OpCode, index: i32, count: i32, end: i32, length: usize },
    #[error("Array dimensions exceeded supported range.")]
    ArrayDimensions,
    #[error("Specified argument was out of the range of valid values.")]
    ArgumentRange,
    #[error("The source index can not be negative for MEMCPY, index: {0}.")]
    NegativeSource(i32),
    #[error("The destination index can not be negative for MEMCPY, index: {0}.")]
    NegativeDestination(i32),
    #[error(
        "The source index + count is out of range for MEMCPY, index: {index}, count: {count}, {index}/[0, {length}]."
    )]
    SourceOutOfRange { index: i32, count: i32, length: usize },
    #[error(
        "The destination index + count is out of range for MEMCPY, index: {index}, count: {count}, {index}/[0, {length}]."
    )]
    DestinationOutOfRange { index: i32, count: i32, length: usize },

    // Compounds
    #[error("The {what} size is out of valid range, {size}/[0, {limit}].")]
    CompoundSize { what: &'static str, size: i32, limit: usize },
    #[error("The map size is out of valid range, 2*{size}/[0, {limit}].")]
    MapSize { size: i32, limit: usize },
    #[error("Key size {0} bytes exceeds maximum allowed size of 64 bytes. (Parameter 'key')")]
    KeySize(usize),
    #[error("Can not remove key from map, MaxKeySize of Map is exceeded: {0}/64. (Parameter 'key')")]
    RemoveKeySize(usize),
    #[error("The index {index} is invalid for OpCode {opcode}.")]
    InvalidIndex { index: Integer, opcode: OpCode },
    #[error("The negative index {index} is invalid for OpCode {opcode}.")]
    NegativeKeyIndex { index: i32, opcode: OpCode },
    #[error("The index of {what} is out of range, {index}/[0, {count}).")]
    IndexOutOfRange { what: &'static str, index: Integer, count: usize },
    #[error("The index of {what} is out of range, {index}/[0, {count}).")]
    RemoveIndex { what: &'static str, index: Integer, count: usize },
    #[error("Key {0} not found in Map.")]
    KeyNotFound(String),
    #[error(
        "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')"
    )]
    ListIndex,
    #[error("Only primitive type values can be set in Buffer in SETITEM.")]
    BufferValue,
    #[error("Overflow in SETITEM, {0} is not a byte type.")]
    NotAByte(Integer),
    #[error("{0}")]
    ReadOnly(&'static str),

    // Control
    #[error(
        "Specified argument was out of the range of valid values. (Parameter 'Jump out of range for position: {0}')"
    )]
    JumpOutOfRange(i64),
    #[error("Out of script bounds: {position}/{length} (Parameter 'value')")]
    OutOfScript { position: i64, length: usize },
    #[error("Bad pointer address(Instruction instruction) {0}")]
    BadPointer(i64),
    #[error("Pointers can't be shared between scripts")]
    ForeignPointer,
    #[error("{0} is executed.")]
    Abort(OpCode),
    #[error("{opcode} is executed. Reason: {message}")]
    AbortMessage { opcode: OpCode, message: String },
    #[error("{0} is executed with false result.")]
    Assert(OpCode),
    #[error("{opcode} is executed with false result. Reason: {message}")]
    AssertMessage { opcode: OpCode, message: String },
    #[error("catchOffset and finallyOffset can't both be 0 in a TRY block.")]
    TryWithoutHandler,
    #[error("The corresponding TRY block cannot be found.")]
    NoTry,
    #[error("The opcode ENDTRY can't be executed in a FINALLY block.")]
    EndTryInFinally,
    #[error("Return value count mismatch: expected {expected}, but got {count} items on the evaluation stack")]
    ReturnCount { expected: i32, count: usize },
    #[error("Out of range: {0} (Parameter 'rvcount')")]
    ReturnCountRange(i64),
    #[error("An unhandled exception was thrown.{}{}", if .0.is_some() { " " } else { "" }, .0.as_deref().unwrap_or(""))]
    Unhandled(Option<String>),
    #[error("Token not found: {0}")]
    NoToken(u16),
    #[error("Syscall not found: {0}")]
    NoSyscall(u32),

    /// A fault that the host decided on, in its words.
    #[error("{0}")]
    Host(String),
    /// The engine found itself in a state that cannot be: a defect of the
    /// engine, never the script's doing.
    #[error("engine error: {0}")]
    Engine(&'static str),
}

impl FaultKind {
    /// Whether a script can catch it: the exceptions that PICKITEM and SETITEM
    /// throw for an index or key that is not there.
    pub const fn is_catchable(&self) -> bool {
        matches!(self, Self::IndexOutOfRange { .. } | Self::KeyNotFound(_))
    }
}

/// The end of an execution that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong; its text is the message.
    pub kind: FaultKind,
    /// The opcode that was being executed; none where the bytes are no instruction.
    pub opcode: Option<OpCode>,
    /// Position of the instruction pointer in the current script, in bytes;
    /// none where no context is left.
    pub position: Option<usize>,
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.kind)
    }
}

impl core::error::Error for Fault {}
