//! The one table of opcodes: everything else derives from it.
//!
//! A row tells an opcode's byte, mnemonic, operand, how many items it pops and
//! pushes (`n`: depends on the stack or the host), its price in price units,
//! its family (the file that holds its handler) and what it does.
//! Sources: `OpCode.cs` of the reference engine, `ApplicationEngine.OpCodePrices.cs`
//! of the reference node.

/// The shape of an opcode's operand, in the bytes after the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperandKind {
    /// No operand.
    None,
    /// A signed integer of so many bytes, little-endian.
    Int(u8),
    /// Bytes behind a length prefix of so many bytes, little-endian.
    Data(u8),
    /// A signed one-byte offset from the opcode's own position.
    Jump8,
    /// A signed four-byte offset from the opcode's own position.
    Jump32,
    /// A four-byte offset whose target becomes a pointer item.
    Address,
    /// Two one-byte offsets: catch and finally, 0 for none.
    Try8,
    /// Two four-byte offsets: catch and finally, 0 for none.
    Try32,
    /// The index or number of slots, one byte.
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
    /// Bytes of the length prefix: 0 when the operand has a fixed size.
    pub const fn prefix_size(self) -> usize {
        match self {
            Self::Data(prefix) => prefix as usize,
            _ => 0,
        }
    }

    /// Bytes of the operand itself; 0 when a length prefix tells.
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

/// How many items an opcode pops or pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Always so many.
    Exactly(u8),
    /// As the stack or the host decides.
    Variable,
}

/// The family of an opcode: the file that holds its handler, as in the
/// reference's `JumpTable.*.cs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Constants.
    Push,
    /// Jumps, calls, exceptions, system calls.
    Control,
    /// Order of the evaluation stack.
    Stack,
    /// Static fields, local variables, arguments.
    Slot,
    /// Byte strings.
    Splice,
    /// Bits and equality.
    Bitwise,
    /// Integers and booleans.
    Numeric,
    /// Arrays, structs, maps.
    Compound,
    /// Types and messages.
    Types,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The opcode.
    pub opcode: OpCode,
    /// Its name in assembly text.
    pub mnemonic: &'static str,
    /// The shape of its operand.
    pub operand: OperandKind,
    /// How many items it pops.
    pub pops: Arity,
    /// How many items it pushes.
    pub pushes: Arity,
    /// Its price, in units of the execution fee factor.
    pub price: u32,
    /// Its family.
    pub family: Family,
    /// What it does, in a sentence.
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
        /// An instruction's opcode.
        #[allow(non_camel_case_types, reason = "the mnemonics are the names in use")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum OpCode {
            $(#[doc = $doc] $name = $byte,)*
        }

        impl OpCode {
            /// All opcodes, in the order of their bytes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The opcode of a byte, if it is defined.
            pub const fn from_byte(byte: u8) -> Option<Self> {
                BY_BYTE[byte as usize]
            }

            /// The opcode's row of the table.
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
    0x00 PUSHINT8     [Int(1)]   0 1     1 Push     "Pushes the 8-bit signed integer of its operand.";
    0x01 PUSHINT16    [Int(2)]   0 1     1 Push     "Pushes the 16-bit signed integer of its operand.";
    0x02 PUSHINT32    [Int(4)]   0 1     1 Push     "Pushes the 32-bit signed integer of its operand.";
    0x03 PUSHINT64    [Int(8)]   0 1     1 Push     "Pushes the 64-bit signed integer of its operand.";
    0x04 PUSHINT128   [Int(16)]  0 1     4 Push     "Pushes the 128-bit signed integer of its operand.";
    0x05 PUSHINT256   [Int(32)]  0 1     4 Push     "Pushes the 256-bit signed integer of its operand.";
    0x08 PUSHT        [None]     0 1     1 Push     "Pushes true.";
    0x09 PUSHF        [None]     0 1     1 Push     "Pushes false.";
    0x0a PUSHA        [Address]  0 1     4 Push     "Pushes a pointer to the instruction at an offset from this one.";
    0x0b PUSHNULL     [None]     0 1     1 Push     "Pushes Null.";
    0x0c PUSHDATA1    [Data(1)]  0 1     8 Push     "Pushes a byte string; one byte tells its length.";
    0x0d PUSHDATA2    [Data(2)]  0 1   512 Push     "Pushes a byte string; two bytes tell its length.";
    0x0e PUSHDATA4    [Data(4)]  0 1  4096 Push     "Pushes a byte string; four bytes tell its length.";
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
    0x22 JMP          [Jump8]    0 0     2 Control  "Jumps; one-byte offset.";
    0x23 JMP_L        [Jump32]   0 0     2 Control  "Jumps; four-byte offset.";
    0x24 JMPIF        [Jump8]    1 0     2 Control  "Jumps if the item is true; one-byte offset.";
    0x25 JMPIF_L      [Jump32]   1 0     2 Control  "Jumps if the item is true; four-byte offset.";
    0x26 JMPIFNOT     [Jump8]    1 0     2 Control  "Jumps if the item is false; one-byte offset.";
    0x27 JMPIFNOT_L   [Jump32]   1 0     2 Control  "Jumps if the item is false; four-byte offset.";
    0x28 JMPEQ        [Jump8]    2 0     2 Control  "Jumps if two integers are equal; one-byte offset.";
    0x29 JMPEQ_L      [Jump32]   2 0     2 Control  "Jumps if two integers are equal; four-byte offset.";
    0x2a JMPNE        [Jump8]    2 0     2 Control  "Jumps if two integers differ; one-byte offset.";
    0x2b JMPNE_L      [Jump32]   2 0     2 Control  "Jumps if two integers differ; four-byte offset.";
    0x2c JMPGT        [Jump8]    2 0     2 Control  "Jumps if the first integer is greater than the second; one-byte offset.";
    0x2d JMPGT_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is greater than the second; four-byte offset.";
    0x2e JMPGE        [Jump8]    2 0     2 Control  "Jumps if the first integer is not less than the second; one-byte offset.";
    0x2f JMPGE_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is not less than the second; four-byte offset.";
    0x30 JMPLT        [Jump8]    2 0     2 Control  "Jumps if the first integer is less than the second; one-byte offset.";
    0x31 JMPLT_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is less than the second; four-byte offset.";
    0x32 JMPLE        [Jump8]    2 0     2 Control  "Jumps if the first integer is not greater than the second; one-byte offset.";
    0x33 JMPLE_L      [Jump32]   2 0     2 Control  "Jumps if the first integer is not greater than the second; four-byte offset.";
    0x34 CALL         [Jump8]    0 0   512 Control  "Calls the method at a one-byte offset.";
    0x35 CALL_L       [Jump32]   0 0   512 Control  "Calls the method at a four-byte offset.";
    0x36 CALLA        [None]     1 0   512 Control  "Calls the method that a pointer of this load points to.";
    0x37 CALLT        [Token]    n n 32768 Control  "Calls the method of a token of the contract; the host does it.";
    0x38 ABORT        [None]     0 0     0 Control  "Faults.";
    0x39 ASSERT       [None]     1 0     1 Control  "Faults if the item is false.";
    0x3a THROW        [None]     1 0   512 Control  "Throws the item as an exception.";
    0x3b TRY          [Try8]     0 0     4 Control  "Opens a try block; one-byte offsets of its catch and finally blocks, 0 for none.";
    0x3c TRY_L        [Try32]    0 0     4 Control  "Opens a try block; four-byte offsets of its catch and finally blocks, 0 for none.";
    0x3d ENDTRY       [Jump8]    0 0     4 Control  "Leaves a try or catch block for a one-byte offset, through the finally block if there is one.";
    0x3e ENDTRY_L     [Jump32]   0 0     4 Control  "Leaves a try or catch block for a four-byte offset, through the finally block if there is one.";
    0x3f ENDFINALLY   [None]     0 0     4 Control  "Ends a finally block; goes on, or throws the pending exception again.";
    0x40 RET          [None]     0 0     0 Control  "Returns from the current context.";
    0x41 SYSCALL      [Syscall]  n n     0 Control  "Calls a function of the host.";
    0x43 DEPTH        [None]     0 1     2 Stack    "Pushes the number of items on the evaluation stack.";
    0x45 DROP         [None]     1 0     2 Stack    "Removes the top item.";
    0x46 NIP          [None]     2 1     2 Stack    "Removes the second item from the top.";
    0x48 XDROP        [None]     n n    16 Stack    "Removes the item at the depth that the top item tells.";
    0x49 CLEAR        [None]     n 0    16 Stack    "Removes all items of the evaluation stack.";
    0x4a DUP          [None]     1 2     2 Stack    "Pushes the top item again.";
    0x4b OVER         [None]     2 3     2 Stack    "Pushes a copy of the second item from the top.";
    0x4d PICK         [None]     n n     2 Stack    "Pushes a copy of the item at the depth that the top item tells.";
    0x4e TUCK         [None]     2 3     2 Stack    "Inserts a copy of the top item below the second.";
    0x50 SWAP         [None]     2 2     2 Stack    "Swaps the two top items.";
    0x51 ROT          [None]     3 3     2 Stack    "Moves the third item from the top to the top.";
    0x52 ROLL         [None]     n n    16 Stack    "Moves the item at the depth that the top item tells to the top.";
    0x53 REVERSE3     [None]     3 3     2 Stack    "Reverses the order of the three top items.";
    0x54 REVERSE4     [None]     4 4     2 Stack    "Reverses the order of the four top items.";
    0x55 REVERSEN     [None]     n n    16 Stack    "Reverses the order of as many items as the top item tells.";
    0x56 INITSSLOT    [Slot]     0 0    16 Slot     "Makes the static fields, all Null.";
    0x57 INITSLOT     [Slots]    n 0    64 Slot     "Makes the local variables, all Null, and takes the arguments from the stack.";
    0x58 LDSFLD0      [None]     0 1     2 Slot     "Pushes static field 0.";
    0x59 LDSFLD1      [None]     0 1     2 Slot     "Pushes static field 1.";
    0x5a LDSFLD2      [None]     0 1     2 Slot     "Pushes static field 2.";
    0x5b LDSFLD3      [None]     0 1     2 Slot     "Pushes static field 3.";
    0x5c LDSFLD4      [None]     0 1     2 Slot     "Pushes static field 4.";
    0x5d LDSFLD5      [None]     0 1     2 Slot     "Pushes static field 5.";
    0x5e LDSFLD6      [None]     0 1     2 Slot     "Pushes static field 6.";
    0x5f LDSFLD       [Slot]     0 1     2 Slot     "Pushes the static field of its operand.";
    0x60 STSFLD0      [None]     1 0     2 Slot     "Pops an item into static field 0.";
    0x61 STSFLD1      [None]     1 0     2 Slot     "Pops an item into static field 1.";
    0x62 STSFLD2      [None]     1 0     2 Slot     "Pops an item into static field 2.";
    0x63 STSFLD3      [None]     1 0     2 Slot     "Pops an item into static field 3.";
    0x64 STSFLD4      [None]     1 0     2 Slot     "Pops an item into static field 4.";
    0x65 STSFLD5      [None]     1 0     2 Slot     "Pops an item into static field 5.";
    0x66 STSFLD6      [None]     1 0     2 Slot     "Pops an item into static field 6.";
    0x67 STSFLD       [Slot]     1 0     2 Slot     "Pops an item into the static field of its operand.";
    0x68 LDLOC0       [None]     0 1     2 Slot     "Pushes local variable 0.";
    0x69 LDLOC1       [None]     0 1     2 Slot     "Pushes local variable 1.";
    0x6a LDLOC2       [None]     0 1     2 Slot     "Pushes local variable 2.";
    0x6b LDLOC3       [None]     0 1     2 Slot     "Pushes local variable 3.";
    0x6c LDLOC4       [None]     0 1     2 Slot     "Pushes local variable 4.";
    0x6d LDLOC5       [None]     0 1     2 Slot     "Pushes local variable 5.";
    0x6e LDLOC6       [None]     0 1     2 Slot     "Pushes local variable 6.";
    0x6f LDLOC        [Slot]     0 1     2 Slot     "Pushes the local variable of its operand.";
    0x70 STLOC0       [None]     1 0     2 Slot     "Pops an item into local variable 0.";
    0x71 STLOC1       [None]     1 0     2 Slot     "Pops an item into local variable 1.";
    0x72 STLOC2       [None]     1 0     2 Slot     "Pops an item into local variable 2.";
    0x73 STLOC3       [None]     1 0     2 Slot     "Pops an item into local variable 3.";
    0x74 STLOC4       [None]     1 0     2 Slot     "Pops an item into local variable 4.";
    0x75 STLOC5       [None]     1 0     2 Slot     "Pops an item into local variable 5.";
    0x76 STLOC6       [None]     1 0     2 Slot     "Pops an item into local variable 6.";
    0x77 STLOC        [Slot]     1 0     2 Slot     "Pops an item into the local variable of its operand.";
    0x78 LDARG0       [None]     0 1     2 Slot     "Pushes argument 0.";
    0x79 LDARG1       [None]     0 1     2 Slot     "Pushes argument 1.";
    0x7a LDARG2       [None]     0 1     2 Slot     "Pushes argument 2.";
    0x7b LDARG3       [None]     0 1     2 Slot     "Pushes argument 3.";
    0x7c LDARG4       [None]     0 1     2 Slot     "Pushes argument 4.";
    0x7d LDARG5       [None]     0 1     2 Slot     "Pushes argument 5.";
    0x7e LDARG6       [None]     0 1     2 Slot     "Pushes argument 6.";
    0x7f LDARG        [Slot]     0 1     2 Slot     "Pushes the argument of its operand.";
    0x80 STARG0       [None]     1 0     2 Slot     "Pops an item into argument 0.";
    0x81 STARG1       [None]     1 0     2 Slot     "Pops an item into argument 1.";
    0x82 STARG2       [None]     1 0     2 Slot     "Pops an item into argument 2.";
    0x83 STARG3       [None]     1 0     2 Slot     "Pops an item into argument 3.";
    0x84 STARG4       [None]     1 0     2 Slot     "Pops an item into argument 4.";
    0x85 STARG5       [None]     1 0     2 Slot     "Pops an item into argument 5.";
    0x86 STARG6       [None]     1 0     2 Slot     "Pops an item into argument 6.";
    0x87 STARG        [Slot]     1 0     2 Slot     "Pops an item into the argument of its operand.";
    0x88 NEWBUFFER    [None]     1 1   256 Splice   "Makes a zeroed buffer of a length.";
    0x89 MEMCPY       [None]     5 0  2048 Splice   "Copies bytes into a buffer.";
    0x8b CAT          [None]     2 1  2048 Splice   "Joins two byte strings into a buffer.";
    0x8c SUBSTR       [None]     3 1  2048 Splice   "Takes a range of bytes into a buffer.";
    0x8d LEFT         [None]     2 1  2048 Splice   "Takes the first bytes into a buffer.";
    0x8e RIGHT        [None]     2 1  2048 Splice   "Takes the last bytes into a buffer.";
    0x90 INVERT       [None]     1 1     4 Bitwise  "Inverts all bits.";
    0x91 AND          [None]     2 1     8 Bitwise  "Bitwise and.";
    0x92 OR           [None]     2 1     8 Bitwise  "Bitwise or.";
    0x93 XOR          [None]     2 1     8 Bitwise  "Bitwise exclusive or.";
    0x97 EQUAL        [None]     2 1    32 Bitwise  "Pushes whether two items are equal.";
    0x98 NOTEQUAL     [None]     2 1    32 Bitwise  "Pushes whether two items differ.";
    0x99 SIGN         [None]     1 1     4 Numeric  "Sign of an integer: -1, 0 or 1.";
    0x9a ABS          [None]     1 1     4 Numeric  "Absolute value.";
    0x9b NEGATE       [None]     1 1     4 Numeric  "Negative value.";
    0x9c INC          [None]     1 1     4 Numeric  "Adds one.";
    0x9d DEC          [None]     1 1     4 Numeric  "Subtracts one.";
    0x9e ADD          [None]     2 1     8 Numeric  "Sum.";
    0x9f SUB          [None]     2 1     8 Numeric  "Difference.";
    0xa0 MUL          [None]     2 1     8 Numeric  "Product.";
    0xa1 DIV          [None]     2 1     8 Numeric  "Quotient, rounded toward zero.";
    0xa2 MOD          [None]     2 1     8 Numeric  "Remainder, with the sign of the dividend.";
    0xa3 POW          [None]     2 1    64 Numeric  "Power; the exponent is limited as shifts are.";
    0xa4 SQRT         [None]     1 1    64 Numeric  "Square root, rounded down.";
    0xa5 MODMUL       [None]     3 1    32 Numeric  "Remainder of a product.";
    0xa6 MODPOW       [None]     3 1  2048 Numeric  "Remainder of a power; exponent -1 asks for the modular inverse.";
    0xa8 SHL          [None]     2 1     8 Numeric  "Shift left.";
    0xa9 SHR          [None]     2 1     8 Numeric  "Arithmetic shift right.";
    0xaa NOT          [None]     1 1     4 Numeric  "Logical not.";
    0xab BOOLAND      [None]     2 1     8 Numeric  "Logical and.";
    0xac BOOLOR       [None]     2 1     8 Numeric  "Logical or.";
    0xb1 NZ           [None]     1 1     4 Numeric  "Pushes whether an integer is not zero.";
    0xb3 NUMEQUAL     [None]     2 1     8 Numeric  "Pushes whether two integers are equal.";
    0xb4 NUMNOTEQUAL  [None]     2 1     8 Numeric  "Pushes whether two integers differ.";
    0xb5 LT           [None]     2 1     8 Numeric  "Pushes whether the first is less; false with a Null.";
    0xb6 LE           [None]     2 1     8 Numeric  "Pushes whether the first is not greater; false with a Null.";
    0xb7 GT           [None]     2 1     8 Numeric  "Pushes whether the first is greater; false with a Null.";
    0xb8 GE           [None]     2 1     8 Numeric  "Pushes whether the first is not less; false with a Null.";
    0xb9 MIN          [None]     2 1     8 Numeric  "The lesser of two integers.";
    0xba MAX          [None]     2 1     8 Numeric  "The greater of two integers.";
    0xbb WITHIN       [None]     3 1     8 Numeric  "Pushes whether an integer lies in a range, its upper end left out.";
    0xbe PACKMAP      [None]     n 1  2048 Compound "Packs pairs from the stack into a map.";
    0xbf PACKSTRUCT   [None]     n 1  2048 Compound "Packs items from the stack into a struct.";
    0xc0 PACK         [None]     n 1  2048 Compound "Packs items from the stack into an array.";
    0xc1 UNPACK       [None]     1 n  2048 Compound "Pushes the items of a compound, and their count.";
    0xc2 NEWARRAY0    [None]     0 1    16 Compound "Makes an empty array.";
    0xc3 NEWARRAY     [None]     1 1   512 Compound "Makes an array of Nulls.";
    0xc4 NEWARRAY_T   [Type]     1 1   512 Compound "Makes an array of the default value of a type.";
    0xc5 NEWSTRUCT0   [None]     0 1    16 Compound "Makes an empty struct.";
    0xc6 NEWSTRUCT    [None]     1 1   512 Compound "Makes a struct of Nulls.";
    0xc8 NEWMAP       [None]     0 1     8 Compound "Makes an empty map.";
    0xca SIZE         [None]     1 1     4 Compound "Number of items or bytes.";
    0xcb HASKEY       [None]     2 1    64 Compound "Pushes whether an index or key is there.";
    0xcc KEYS         [None]     1 1    16 Compound "Array of the keys of a map.";
    0xcd VALUES       [None]     1 1  8192 Compound "Array of the values, structs cloned.";
    0xce PICKITEM     [None]     2 1    64 Compound "Pushes the item at an index or key.";
    0xcf APPEND       [None]     2 0  8192 Compound "Appends an item to an array; a struct is cloned.";
    0xd0 SETITEM      [None]     3 0  8192 Compound "Sets the item at an index or key; a struct is cloned.";
    0xd1 REVERSEITEMS [None]     1 0  8192 Compound "Reverses an array or buffer in place.";
    0xd2 REMOVE       [None]     2 0    16 Compound "Removes the item at an index or key.";
    0xd3 CLEARITEMS   [None]     1 0    16 Compound "Removes all items.";
    0xd4 POPITEM      [None]     1 1    16 Compound "Removes the last item of an array and pushes it.";
    0xd8 ISNULL       [None]     1 1     2 Types    "Pushes whether the item is Null.";
    0xd9 ISTYPE       [Type]     1 1     2 Types    "Pushes whether the item is of a type.";
    0xdb CONVERT      [Type]     1 1  8192 Types    "Converts the item to a type.";
    0xe0 ABORTMSG     [None]     1 0     0 Types    "Faults with a message.";
    0xe1 ASSERTMSG    [None]     2 0     1 Types    "Faults with a message if the item below it is false.";
}

/// Each byte's opcode, and each opcode's operand: looked up, because decoding
/// asks for every instruction.
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
    /// Its name in assembly text.
    pub const fn mnemonic(self) -> &'static str {
        self.info().mnemonic
    }

    /// The opcode of a mnemonic, upper case.
    pub fn from_mnemonic(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.mnemonic() == text)
    }

    /// The shape of its operand.
    pub const fn operand(self) -> OperandKind {
        OPERANDS[self as usize]
    }
}

impl core::fmt::Display for OpCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.mnemonic())
    }
}

/// The table as a Markdown page: `docs/opcodes.md`.
pub fn markdown_table() -> alloc::string::String {
    use core::fmt::Write;
    let mut page = alloc::string::String::from(
        "# Opcodes\n\nMade from the table in `types/src/opcode.rs`; do not edit. `n`: depends on the stack or the host.\n\n\
         | byte | mnemonic | operand | pops | pushes | price | family | what it does |\n|---|---|---|---|---|---|---|---|\n",
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
