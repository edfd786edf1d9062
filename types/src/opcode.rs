//! The table of opcodes, from which everything else is derived.
//!
//! A row has an opcode's byte, mnemonic and operand, the numbers of items that it
//! pops and pushes (`n` if that depends on the stack or the host), its price, its
//! family (the file that holds its handler) and a description.
//!
//! Sources: `OpCode.cs` of the reference engine, `ApplicationEngine.OpCodePrices.cs`
//! of the reference node.

/// The kind of an opcode's operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperandKind {
    /// No operand.
    None,
    /// A signed integer with this number of bytes, little-endian.
    Int(u8),
    /// Data after a length prefix with this number of bytes, little-endian.
    Data(u8),
    /// A signed one-byte offset from the position of the opcode.
    Jump8,
    /// A signed four-byte offset from the position of the opcode.
    Jump32,
    /// A signed four-byte offset from the position of the opcode, for a pointer.
    Address,
    /// Signed one-byte offsets of a catch and a finally block, 0 for none.
    Try8,
    /// Signed four-byte offsets of a catch and a finally block, 0 for none.
    Try32,
    /// The index of a slot or the number of slots, one byte.
    Slot,
    /// The numbers of local variables and of arguments, one byte each.
    Slots,
    /// The byte of a stack item type.
    Type,
    /// The index of a method token, two bytes.
    Token,
    /// The identifier of a system call, four bytes.
    Syscall,
}

impl OperandKind {
    /// Returns the number of bytes of the length prefix, 0 if there is none.
    pub const fn prefix_size(self) -> usize {
        match self {
            Self::Data(prefix) => prefix as usize,
            _ => 0,
        }
    }

    /// Returns the number of bytes of the operand, 0 if a length prefix says it.
    pub const fn fixed_size(self) -> usize {
        match self {
            Self::None | Self::Data(_) => 0,
            Self::Int(size) => size as usize,
            Self::Jump8 | Self::Slot | Self::Type => 1,
            Self::Try8 | Self::Slots | Self::Token => 2,
            Self::Jump32 | Self::Address | Self::Syscall => 4,
            Self::Try32 => 8,
        }
    }
}

/// The number of items that an opcode pops or pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Always this number.
    Exactly(u8),
    /// It depends on the stack or the host.
    Variable,
}

/// The family of an opcode: the file that holds its handler, as in the
/// reference's `JumpTable.*.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Pushes of constants.
    Push,
    /// Jumps, calls, exceptions and system calls.
    Control,
    /// The order of the evaluation stack.
    Stack,
    /// Static fields, local variables and arguments.
    Slot,
    /// Byte strings.
    Splice,
    /// Bitwise operations and equality.
    Bitwise,
    /// Operations on integers and booleans.
    Numeric,
    /// Arrays, structs and maps.
    Compound,
    /// Types, and faults with messages.
    Types,
}

/// A row of the opcode table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The opcode.
    pub opcode: OpCode,
    /// The opcode's name in assembly text.
    pub mnemonic: &'static str,
    /// The kind of the opcode's operand.
    pub operand: OperandKind,
    /// The number of items that the opcode pops.
    pub pops: Arity,
    /// The number of items that the opcode pushes.
    pub pushes: Arity,
    /// The opcode's price, in units of the execution fee factor.
    pub price: u32,
    /// The opcode's family.
    pub family: Family,
    /// What the opcode does.
    pub doc: &'static str,
}

macro_rules! arity {
    (n) => {
        Arity::Variable
    };
    ($count:literal) => {
        Arity::Exactly($count)
    };
}

macro_rules! opcodes {
    ($($byte:literal $name:ident [$($operand:tt)*] $pops:tt $pushes:tt $price:literal $family:ident $doc:literal;)*) => {
        /// The opcode of an instruction.
        #[allow(non_camel_case_types, reason = "the mnemonics are the names in use")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum OpCode {
            $(#[doc = $doc] $name = $byte,)*
        }

        impl OpCode {
            /// All opcodes, in the order of their bytes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the opcode with this byte, if there is one.
            pub const fn from_byte(byte: u8) -> Option<Self> {
                BY_BYTE[byte as usize]
            }

            /// Returns the opcode's row of the table.
            pub const fn info(self) -> &'static OpInfo {
                match self {
                    $(Self::$name => &OpInfo {
                        opcode: Self::$name,
                        mnemonic: stringify!($name),
                        operand: OperandKind::$($operand)*,
                        pops: arity!($pops),
                        pushes: arity!($pushes),
                        price: $price,
                        family: Family::$family,
                        doc: $doc,
                    },)*
                }
            }
        }
    };
}

opcodes! {
    0x00 PUSHINT8     [Int(1)]   0 1     1 Push     "Pushes an 8-bit signed integer.";
    0x01 PUSHINT16    [Int(2)]   0 1     1 Push     "Pushes a 16-bit signed integer.";
    0x02 PUSHINT32    [Int(4)]   0 1     1 Push     "Pushes a 32-bit signed integer.";
    0x03 PUSHINT64    [Int(8)]   0 1     1 Push     "Pushes a 64-bit signed integer.";
    0x04 PUSHINT128   [Int(16)]  0 1     4 Push     "Pushes a 128-bit signed integer.";
    0x05 PUSHINT256   [Int(32)]  0 1     4 Push     "Pushes a 256-bit signed integer.";
    0x08 PUSHT        [None]     0 1     1 Push     "Pushes true.";
    0x09 PUSHF        [None]     0 1     1 Push     "Pushes false.";
    0x0a PUSHA        [Address]  0 1     4 Push     "Pushes a pointer to the instruction at an offset.";
    0x0b PUSHNULL     [None]     0 1     1 Push     "Pushes Null.";
    0x0c PUSHDATA1    [Data(1)]  0 1     8 Push     "Pushes a byte string with a one-byte length.";
    0x0d PUSHDATA2    [Data(2)]  0 1   512 Push     "Pushes a byte string with a two-byte length.";
    0x0e PUSHDATA4    [Data(4)]  0 1  4096 Push     "Pushes a byte string with a four-byte length.";
    0x0f PUSHM1       [None]     0 1     1 Push     "Pushes the integer -1.";
    0x10 PUSH0        [None]     0 1     1 Push     "Pushes the integer 0.";
    0x11 PUSH1        [None]     0 1     1 Push     "Pushes the integer 1.";
    0x12 PUSH2        [None]     0 1     1 Push     "Pushes the integer 2.";
    0x13 PUSH3        [None]     0 1     1 Push     "Pushes the integer 3.";
    0x14 PUSH4        [None]     0 1     1 Push     "Pushes the integer 4.";
    0x15 PUSH5        [None]     0 1     1 Push     "Pushes the integer 5.";
    0x16 PUSH6        [None]     0 1     1 Push     "Pushes the integer 6.";
    0x17 PUSH7        [None]     0 1     1 Push     "Pushes the integer 7.";
    0x18 PUSH8        [None]     0 1     1 Push     "Pushes the integer 8.";
    0x19 PUSH9        [None]     0 1     1 Push     "Pushes the integer 9.";
    0x1a PUSH10       [None]     0 1     1 Push     "Pushes the integer 10.";
    0x1b PUSH11       [None]     0 1     1 Push     "Pushes the integer 11.";
    0x1c PUSH12       [None]     0 1     1 Push     "Pushes the integer 12.";
    0x1d PUSH13       [None]     0 1     1 Push     "Pushes the integer 13.";
    0x1e PUSH14       [None]     0 1     1 Push     "Pushes the integer 14.";
    0x1f PUSH15       [None]     0 1     1 Push     "Pushes the integer 15.";
    0x20 PUSH16       [None]     0 1     1 Push     "Pushes the integer 16.";
    0x21 NOP          [None]     0 0     1 Control  "Does nothing.";
    0x22 JMP          [Jump8]    0 0     2 Control  "Jumps.";
    0x23 JMP_L        [Jump32]   0 0     2 Control  "Jumps; the offset has four bytes.";
    0x24 JMPIF        [Jump8]    1 0     2 Control  "Jumps if the item is true.";
    0x25 JMPIF_L      [Jump32]   1 0     2 Control  "Jumps if the item is true; the offset has four bytes.";
    0x26 JMPIFNOT     [Jump8]    1 0     2 Control  "Jumps if the item is false.";
    0x27 JMPIFNOT_L   [Jump32]   1 0     2 Control  "Jumps if the item is false; the offset has four bytes.";
    0x28 JMPEQ        [Jump8]    2 0     2 Control  "Jumps if two integers are equal.";
    0x29 JMPEQ_L      [Jump32]   2 0     2 Control  "Jumps if two integers are equal; the offset has four bytes.";
    0x2a JMPNE        [Jump8]    2 0     2 Control  "Jumps if two integers differ.";
    0x2b JMPNE_L      [Jump32]   2 0     2 Control  "Jumps if two integers differ; the offset has four bytes.";
    0x2c JMPGT        [Jump8]    2 0     2 Control  "Jumps if the first integer is greater than the second.";
    0x2d JMPGT_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is greater than the second; the offset has four bytes.";
    0x2e JMPGE        [Jump8]    2 0     2 Control  "Jumps if the first integer is greater than or equal to the second.";
    0x2f JMPGE_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is greater than or equal to the second; the offset has four bytes.";
    0x30 JMPLT        [Jump8]    2 0     2 Control  "Jumps if the first integer is less than the second.";
    0x31 JMPLT_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is less than the second; the offset has four bytes.";
    0x32 JMPLE        [Jump8]    2 0     2 Control  "Jumps if the first integer is less than or equal to the second.";
    0x33 JMPLE_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is less than or equal to the second; the offset has four bytes.";
    0x34 CALL         [Jump8]    0 0   512 Control  "Calls the method at an offset.";
    0x35 CALL_L       [Jump32]   0 0   512 Control  "Calls the method at an offset of four bytes.";
    0x36 CALLA        [None]     1 0   512 Control  "Calls the method at a pointer into this script.";
    0x37 CALLT        [Token]    n n 32768 Control  "Calls the method of a token of the contract, through the host.";
    0x38 ABORT        [None]     0 0     0 Control  "Faults.";
    0x39 ASSERT       [None]     1 0     1 Control  "Faults if the item is false.";
    0x3a THROW        [None]     1 0   512 Control  "Throws the item as an exception.";
    0x3b TRY          [Try8]     0 0     4 Control  "Opens a try block with its catch and finally blocks.";
    0x3c TRY_L        [Try32]    0 0     4 Control  "Opens a try block with its catch and finally blocks; the offsets have four bytes.";
    0x3d ENDTRY       [Jump8]    0 0     4 Control  "Ends a try or catch block: runs the finally block, if there is one, and jumps.";
    0x3e ENDTRY_L     [Jump32]   0 0     4 Control  "Ends a try or catch block: runs the finally block, if there is one, and jumps; the offset has four bytes.";
    0x3f ENDFINALLY   [None]     0 0     4 Control  "Ends a finally block: jumps where ENDTRY would, or throws the pending exception again.";
    0x40 RET          [None]     0 0     0 Control  "Returns from the current context.";
    0x41 SYSCALL      [Syscall]  n n     0 Control  "Calls a function of the host.";
    0x43 DEPTH        [None]     0 1     2 Stack    "Pushes the number of items on the evaluation stack.";
    0x45 DROP         [None]     1 0     2 Stack    "Removes the top item.";
    0x46 NIP          [None]     2 1     2 Stack    "Removes the second item from the top.";
    0x48 XDROP        [None]     n n    16 Stack    "Pops a number n and removes the item at depth n.";
    0x49 CLEAR        [None]     n 0    16 Stack    "Removes all items from the evaluation stack.";
    0x4a DUP          [None]     1 2     2 Stack    "Duplicates the top item.";
    0x4b OVER         [None]     2 3     2 Stack    "Pushes a copy of the second item from the top.";
    0x4d PICK         [None]     n n     2 Stack    "Pops a number n and pushes a copy of the item at depth n.";
    0x4e TUCK         [None]     2 3     2 Stack    "Inserts a copy of the top item below the second item.";
    0x50 SWAP         [None]     2 2     2 Stack    "Swaps the top two items.";
    0x51 ROT          [None]     3 3     2 Stack    "Moves the third item from the top to the top.";
    0x52 ROLL         [None]     n n    16 Stack    "Pops a number n and moves the item at depth n to the top.";
    0x53 REVERSE3     [None]     3 3     2 Stack    "Reverses the order of the top three items.";
    0x54 REVERSE4     [None]     4 4     2 Stack    "Reverses the order of the top four items.";
    0x55 REVERSEN     [None]     n n    16 Stack    "Pops a number n and reverses the order of the top n items.";
    0x56 INITSSLOT    [Slot]     0 0    16 Slot     "Creates the static fields, all of them Null.";
    0x57 INITSLOT     [Slots]    n 0    64 Slot     "Creates the local variables, all of them Null, and pops the arguments.";
    0x58 LDSFLD0      [None]     0 1     2 Slot     "Pushes static field 0.";
    0x59 LDSFLD1      [None]     0 1     2 Slot     "Pushes static field 1.";
    0x5a LDSFLD2      [None]     0 1     2 Slot     "Pushes static field 2.";
    0x5b LDSFLD3      [None]     0 1     2 Slot     "Pushes static field 3.";
    0x5c LDSFLD4      [None]     0 1     2 Slot     "Pushes static field 4.";
    0x5d LDSFLD5      [None]     0 1     2 Slot     "Pushes static field 5.";
    0x5e LDSFLD6      [None]     0 1     2 Slot     "Pushes static field 6.";
    0x5f LDSFLD       [Slot]     0 1     2 Slot     "Pushes the static field at an index.";
    0x60 STSFLD0      [None]     1 0     2 Slot     "Pops an item into static field 0.";
    0x61 STSFLD1      [None]     1 0     2 Slot     "Pops an item into static field 1.";
    0x62 STSFLD2      [None]     1 0     2 Slot     "Pops an item into static field 2.";
    0x63 STSFLD3      [None]     1 0     2 Slot     "Pops an item into static field 3.";
    0x64 STSFLD4      [None]     1 0     2 Slot     "Pops an item into static field 4.";
    0x65 STSFLD5      [None]     1 0     2 Slot     "Pops an item into static field 5.";
    0x66 STSFLD6      [None]     1 0     2 Slot     "Pops an item into static field 6.";
    0x67 STSFLD       [Slot]     1 0     2 Slot     "Pops an item into the static field at an index.";
    0x68 LDLOC0       [None]     0 1     2 Slot     "Pushes local variable 0.";
    0x69 LDLOC1       [None]     0 1     2 Slot     "Pushes local variable 1.";
    0x6a LDLOC2       [None]     0 1     2 Slot     "Pushes local variable 2.";
    0x6b LDLOC3       [None]     0 1     2 Slot     "Pushes local variable 3.";
    0x6c LDLOC4       [None]     0 1     2 Slot     "Pushes local variable 4.";
    0x6d LDLOC5       [None]     0 1     2 Slot     "Pushes local variable 5.";
    0x6e LDLOC6       [None]     0 1     2 Slot     "Pushes local variable 6.";
    0x6f LDLOC        [Slot]     0 1     2 Slot     "Pushes the local variable at an index.";
    0x70 STLOC0       [None]     1 0     2 Slot     "Pops an item into local variable 0.";
    0x71 STLOC1       [None]     1 0     2 Slot     "Pops an item into local variable 1.";
    0x72 STLOC2       [None]     1 0     2 Slot     "Pops an item into local variable 2.";
    0x73 STLOC3       [None]     1 0     2 Slot     "Pops an item into local variable 3.";
    0x74 STLOC4       [None]     1 0     2 Slot     "Pops an item into local variable 4.";
    0x75 STLOC5       [None]     1 0     2 Slot     "Pops an item into local variable 5.";
    0x76 STLOC6       [None]     1 0     2 Slot     "Pops an item into local variable 6.";
    0x77 STLOC        [Slot]     1 0     2 Slot     "Pops an item into the local variable at an index.";
    0x78 LDARG0       [None]     0 1     2 Slot     "Pushes argument 0.";
    0x79 LDARG1       [None]     0 1     2 Slot     "Pushes argument 1.";
    0x7a LDARG2       [None]     0 1     2 Slot     "Pushes argument 2.";
    0x7b LDARG3       [None]     0 1     2 Slot     "Pushes argument 3.";
    0x7c LDARG4       [None]     0 1     2 Slot     "Pushes argument 4.";
    0x7d LDARG5       [None]     0 1     2 Slot     "Pushes argument 5.";
    0x7e LDARG6       [None]     0 1     2 Slot     "Pushes argument 6.";
    0x7f LDARG        [Slot]     0 1     2 Slot     "Pushes the argument at an index.";
    0x80 STARG0       [None]     1 0     2 Slot     "Pops an item into argument 0.";
    0x81 STARG1       [None]     1 0     2 Slot     "Pops an item into argument 1.";
    0x82 STARG2       [None]     1 0     2 Slot     "Pops an item into argument 2.";
    0x83 STARG3       [None]     1 0     2 Slot     "Pops an item into argument 3.";
    0x84 STARG4       [None]     1 0     2 Slot     "Pops an item into argument 4.";
    0x85 STARG5       [None]     1 0     2 Slot     "Pops an item into argument 5.";
    0x86 STARG6       [None]     1 0     2 Slot     "Pops an item into argument 6.";
    0x87 STARG        [Slot]     1 0     2 Slot     "Pops an item into the argument at an index.";
    0x88 NEWBUFFER    [None]     1 1   256 Splice   "Creates a buffer of zeros with a length.";
    0x89 MEMCPY       [None]     5 0  2048 Splice   "Copies a range of bytes into a buffer.";
    0x8b CAT          [None]     2 1  2048 Splice   "Concatenates two byte strings into a buffer.";
    0x8c SUBSTR       [None]     3 1  2048 Splice   "Copies a range of bytes into a new buffer.";
    0x8d LEFT         [None]     2 1  2048 Splice   "Copies the first bytes into a new buffer.";
    0x8e RIGHT        [None]     2 1  2048 Splice   "Copies the last bytes into a new buffer.";
    0x90 INVERT       [None]     1 1     4 Bitwise  "Inverts all bits of an integer.";
    0x91 AND          [None]     2 1     8 Bitwise  "Bitwise and of two integers.";
    0x92 OR           [None]     2 1     8 Bitwise  "Bitwise or of two integers.";
    0x93 XOR          [None]     2 1     8 Bitwise  "Bitwise exclusive or of two integers.";
    0x97 EQUAL        [None]     2 1    32 Bitwise  "Pushes whether two items are equal.";
    0x98 NOTEQUAL     [None]     2 1    32 Bitwise  "Pushes whether two items differ.";
    0x99 SIGN         [None]     1 1     4 Numeric  "The sign of an integer: -1, 0 or 1.";
    0x9a ABS          [None]     1 1     4 Numeric  "The absolute value of an integer.";
    0x9b NEGATE       [None]     1 1     4 Numeric  "The negative of an integer.";
    0x9c INC          [None]     1 1     4 Numeric  "Adds one to an integer.";
    0x9d DEC          [None]     1 1     4 Numeric  "Subtracts one from an integer.";
    0x9e ADD          [None]     2 1     8 Numeric  "The sum of two integers.";
    0x9f SUB          [None]     2 1     8 Numeric  "The difference of two integers.";
    0xa0 MUL          [None]     2 1     8 Numeric  "The product of two integers.";
    0xa1 DIV          [None]     2 1     8 Numeric  "The quotient of two integers, rounded toward zero.";
    0xa2 MOD          [None]     2 1     8 Numeric  "The remainder of a division, with the sign of the dividend.";
    0xa3 POW          [None]     2 1    64 Numeric  "An integer raised to a power, which has the same limit as a shift.";
    0xa4 SQRT         [None]     1 1    64 Numeric  "The square root of an integer, rounded down.";
    0xa5 MODMUL       [None]     3 1    32 Numeric  "The remainder of a product.";
    0xa6 MODPOW       [None]     3 1  2048 Numeric  "The remainder of a power, or the modular inverse if the exponent is -1.";
    0xa8 SHL          [None]     2 1     8 Numeric  "Shifts an integer left.";
    0xa9 SHR          [None]     2 1     8 Numeric  "Shifts an integer right, keeping its sign.";
    0xaa NOT          [None]     1 1     4 Numeric  "Logical negation of an item.";
    0xab BOOLAND      [None]     2 1     8 Numeric  "Logical and of two items.";
    0xac BOOLOR       [None]     2 1     8 Numeric  "Logical or of two items.";
    0xb1 NZ           [None]     1 1     4 Numeric  "Pushes whether an integer is not zero.";
    0xb3 NUMEQUAL     [None]     2 1     8 Numeric  "Pushes whether two integers are equal.";
    0xb4 NUMNOTEQUAL  [None]     2 1     8 Numeric  "Pushes whether two integers differ.";
    0xb5 LT           [None]     2 1     8 Numeric  "Pushes whether the first integer is less than the second; false if either is Null.";
    0xb6 LE           [None]     2 1     8 Numeric  "Pushes whether the first integer is less than or equal to the second; false if either is Null.";
    0xb7 GT           [None]     2 1     8 Numeric  "Pushes whether the first integer is greater than the second; false if either is Null.";
    0xb8 GE           [None]     2 1     8 Numeric  "Pushes whether the first integer is greater than or equal to the second; false if either is Null.";
    0xb9 MIN          [None]     2 1     8 Numeric  "The smaller of two integers.";
    0xba MAX          [None]     2 1     8 Numeric  "The larger of two integers.";
    0xbb WITHIN       [None]     3 1     8 Numeric  "Pushes whether an integer is in a range, which does not include its upper end.";
    0xbe PACKMAP      [None]     n 1  2048 Compound "Pops a number n and packs n pairs from the stack into a map.";
    0xbf PACKSTRUCT   [None]     n 1  2048 Compound "Pops a number n and packs n items from the stack into a struct.";
    0xc0 PACK         [None]     n 1  2048 Compound "Pops a number n and packs n items from the stack into an array.";
    0xc1 UNPACK       [None]     1 n  2048 Compound "Pushes the items of a compound and then their number.";
    0xc2 NEWARRAY0    [None]     0 1    16 Compound "Creates an empty array.";
    0xc3 NEWARRAY     [None]     1 1   512 Compound "Creates an array of Nulls with a length.";
    0xc4 NEWARRAY_T   [Type]     1 1   512 Compound "Creates an array with a length, filled with the default value of a type.";
    0xc5 NEWSTRUCT0   [None]     0 1    16 Compound "Creates an empty struct.";
    0xc6 NEWSTRUCT    [None]     1 1   512 Compound "Creates a struct of Nulls with a length.";
    0xc8 NEWMAP       [None]     0 1     8 Compound "Creates an empty map.";
    0xca SIZE         [None]     1 1     4 Compound "The number of items in a compound, or of bytes in another item.";
    0xcb HASKEY       [None]     2 1    64 Compound "Pushes whether an item has an index or key.";
    0xcc KEYS         [None]     1 1    16 Compound "An array of the keys of a map.";
    0xcd VALUES       [None]     1 1  8192 Compound "An array of the values of a compound; structs are cloned.";
    0xce PICKITEM     [None]     2 1    64 Compound "Pushes the item at an index or key.";
    0xcf APPEND       [None]     2 0  8192 Compound "Appends an item to an array; a struct is cloned.";
    0xd0 SETITEM      [None]     3 0  8192 Compound "Sets the item at an index or key; a struct is cloned.";
    0xd1 REVERSEITEMS [None]     1 0  8192 Compound "Reverses an array or buffer in place.";
    0xd2 REMOVE       [None]     2 0    16 Compound "Removes the item at an index or key.";
    0xd3 CLEARITEMS   [None]     1 0    16 Compound "Removes all items from a compound.";
    0xd4 POPITEM      [None]     1 1    16 Compound "Removes the last item from an array and pushes it.";
    0xd8 ISNULL       [None]     1 1     2 Types    "Pushes whether the item is Null.";
    0xd9 ISTYPE       [Type]     1 1     2 Types    "Pushes whether the item has a type.";
    0xdb CONVERT      [Type]     1 1  8192 Types    "Converts the item to a type.";
    0xe0 ABORTMSG     [None]     1 0     0 Types    "Faults with a message.";
    0xe1 ASSERTMSG    [None]     2 0     1 Types    "Faults with a message if the item is false.";
}

/// The kinds of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// A static field of the loaded script.
    Static,
    /// A local variable of the context.
    Local,
    /// An argument of the context.
    Argument,
}

/// What an instruction that loads or stores a slot accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotAccess {
    /// The kind of the slot.
    pub kind: SlotKind,
    /// Whether the slot is stored; otherwise it is loaded.
    pub is_store: bool,
    /// The index of the slot, if the opcode names it; otherwise the operand does.
    pub index: Option<u8>,
}

/// The opcode of each byte, and the operand of each opcode. Both are looked up for
/// every instruction that is decoded.
static BY_BYTE: [Option<OpCode>; 256] = {
    let mut table = [None; 256];
    let mut i = 0;
    while i < OpCode::ALL.len() {
        table[OpCode::ALL[i] as usize] = Some(OpCode::ALL[i]);
        i += 1;
    }
    table
};
static OPERANDS: [OperandKind; 256] = {
    let mut table = [OperandKind::None; 256];
    let mut i = 0;
    while i < OpCode::ALL.len() {
        table[OpCode::ALL[i] as usize] = OpCode::ALL[i].info().operand;
        i += 1;
    }
    table
};

impl OpCode {
    /// Returns the opcode's name in assembly text.
    pub const fn mnemonic(self) -> &'static str {
        self.info().mnemonic
    }

    /// Returns the opcode with this mnemonic, which is in upper case.
    pub fn from_mnemonic(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.mnemonic() == text)
    }

    /// Returns the kind of the opcode's operand.
    pub const fn operand(self) -> OperandKind {
        OPERANDS[self as usize]
    }

    /// What it accesses, if it loads or stores a slot.
    pub const fn slot_access(self) -> Option<SlotAccess> {
        let byte = self as u8;
        if byte < Self::LDSFLD0 as u8 || byte > Self::STARG as u8 {
            return None;
        }
        // Six groups of eight: seven opcodes name their slot, the last has an operand.
        let group = (byte - Self::LDSFLD0 as u8) / 8;
        let kind = match group {
            0 | 1 => SlotKind::Static,
            2 | 3 => SlotKind::Local,
            _ => SlotKind::Argument,
        };
        let index = if matches!(self.operand(), OperandKind::Slot) { None } else { Some(byte & 7) };
        Some(SlotAccess { kind, is_store: group % 2 == 1, index })
    }
}

impl core::fmt::Display for OpCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.mnemonic())
    }
}

/// Returns the table as a Markdown page, `docs/opcodes.md`.
pub fn markdown_table() -> alloc::string::String {
    use core::fmt::Write;
    let mut page = alloc::string::String::from(
        "# Opcodes\n\nGenerated from the table in `types/src/opcode.rs`; do not edit. `n` means that the number depends on the stack or the host. Prices are in units of the execution fee factor.\n\n\
         | byte | mnemonic | operand | pops | pushes | price | family | description |\n|---|---|---|---|---|---|---|---|\n",
    );
    for info in OpCode::ALL.iter().map(|op| op.info()) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| {:02X} | {} | {} | {} | {} | {} | {:?} | {} |",
            info.opcode as u8,
            info.mnemonic,
            operand_text(info.operand),
            arity_text(info.pops),
            arity_text(info.pushes),
            info.price,
            info.family,
            info.doc
        );
    }
    page
}

fn operand_text(kind: OperandKind) -> alloc::string::String {
    use alloc::{format, string::String};
    match kind {
        OperandKind::None => String::new(),
        OperandKind::Int(1) => "integer, 1 byte".into(),
        OperandKind::Int(size) => format!("integer, {size} bytes"),
        OperandKind::Data(prefix) => format!("data, {prefix}-byte length"),
        OperandKind::Jump8 => "offset, 1 byte".into(),
        OperandKind::Jump32 => "offset, 4 bytes".into(),
        OperandKind::Address => "address, 4 bytes".into(),
        OperandKind::Try8 => "catch, finally: 1 byte each".into(),
        OperandKind::Try32 => "catch, finally: 4 bytes each".into(),
        OperandKind::Slot => "slot, 1 byte".into(),
        OperandKind::Slots => "locals, arguments: 1 byte each".into(),
        OperandKind::Type => "type, 1 byte".into(),
        OperandKind::Token => "token, 2 bytes".into(),
        OperandKind::Syscall => "system call, 4 bytes".into(),
    }
}

fn arity_text(arity: Arity) -> alloc::string::String {
    match arity {
        Arity::Exactly(count) => alloc::format!("{count}"),
        Arity::Variable => "n".into(),
    }
}
