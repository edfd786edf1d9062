//! General handlers: what each opcode means.
//!
//! A handler is a plain function over the machine; its file is its family's,
//! as in the reference's `JumpTable.*.cs`, so that one can be read beside the
//! other. What it pops and checks happens in the reference's order, because
//! the order decides which fault is reported. [`Table`] binds opcodes to
//! handlers; a hardfork is another table.

mod bitwise;
mod compound;
mod control;
mod legacy;
mod numeric;
mod push;
mod slot;
mod splice;
mod stack;
mod types;

use neovm_types::{FaultKind, OpCode};

pub(crate) use self::compound::{indexed_len, item_size};
use crate::{host::Host, vm::Vm};

/// The result of a handler.
pub(crate) type Done = Result<(), FaultKind>;

/// A handler that the host has no part in.
pub(crate) type PlainFn = fn(&mut Vm) -> Done;

/// A handler that may call the host, or that changes whose gas counts.
pub(crate) type HostedFn = fn(&mut Vm, &mut dyn Host) -> Done;

/// A general handler.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Plain(PlainFn),
    Hosted(HostedFn),
}

use Handler::{Hosted, Plain};

/// The handlers of a hardfork.
pub(crate) struct Table([Handler; 256]);

impl Table {
    /// The handler of an opcode's byte.
    pub(crate) const fn handler(&self, opcode: u8) -> Handler {
        self.0[opcode as usize]
    }

    /// The handlers of the reference engine itself.
    const fn engine() -> Self {
        let mut handlers = [Plain(control::nop as PlainFn); 256];
        let mut i = 0;
        while i < OpCode::ALL.len() {
            handlers[OpCode::ALL[i] as usize] = engine_handler(OpCode::ALL[i]);
            i += 1;
        }
        Self(handlers)
    }

    /// The same table with other handlers for some opcodes.
    const fn with(mut self, changes: &[(OpCode, PlainFn)]) -> Self {
        let mut i = 0;
        while i < changes.len() {
            self.0[changes[i].0 as usize] = Plain(changes[i].1);
            i += 1;
        }
        self
    }
}

/// Which handlers run the opcodes that a hardfork changed.
///
/// Source: `ApplicationEngine.cs` of the reference node (`ComposeDefaultJumpTable`
/// and the two others).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Hardfork {
    /// From hardfork Gorgon on: the reference engine's own.
    #[default]
    Default,
    /// From Echidna up to Gorgon.
    NotGorgon,
    /// Before Echidna.
    NotEchidna,
}

static DEFAULT: Table = Table::engine();
static NOT_GORGON: Table = Table::engine().with(legacy::NOT_GORGON);
static NOT_ECHIDNA: Table = Table::engine().with(legacy::NOT_GORGON).with(legacy::NOT_ECHIDNA);

impl Hardfork {
    /// All of them, the newest first.
    pub const ALL: [Self; 3] = [Self::Default, Self::NotGorgon, Self::NotEchidna];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::NotGorgon => "NotGorgon",
            Self::NotEchidna => "NotEchidna",
        }
    }

    /// The hardfork of a name, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fork| fork.name().eq_ignore_ascii_case(name))
    }

    pub(crate) const fn table(self) -> &'static Table {
        match self {
            Self::Default => &DEFAULT,
            Self::NotGorgon => &NOT_GORGON,
            Self::NotEchidna => &NOT_ECHIDNA,
        }
    }
}

const fn engine_handler(opcode: OpCode) -> Handler {
    use OpCode::*;
    match opcode {
        PUSHINT8 | PUSHINT16 | PUSHINT32 | PUSHINT64 => Plain(push::small_int),
        PUSHINT128 | PUSHINT256 => Plain(push::wide_int),
        PUSHT => Plain(push::boolean::<true>),
        PUSHF => Plain(push::boolean::<false>),
        PUSHA => Plain(push::address),
        PUSHNULL => Plain(push::null),
        PUSHDATA1 | PUSHDATA2 | PUSHDATA4 => Plain(push::data),
        PUSHM1 | PUSH0 | PUSH1 | PUSH2 | PUSH3 | PUSH4 | PUSH5 | PUSH6 | PUSH7 | PUSH8 | PUSH9 | PUSH10 | PUSH11
        | PUSH12 | PUSH13 | PUSH14 | PUSH15 | PUSH16 => Plain(push::small_int),
        NOP => Plain(control::nop),
        JMP | JMP_L => Plain(control::jmp),
        JMPIF | JMPIF_L => Plain(control::jmp_if),
        JMPIFNOT | JMPIFNOT_L => Plain(control::jmp_if_not),
        JMPEQ | JMPEQ_L => Plain(control::jmp_eq),
        JMPNE | JMPNE_L => Plain(control::jmp_ne),
        JMPGT | JMPGT_L => Plain(control::jmp_gt),
        JMPGE | JMPGE_L => Plain(control::jmp_ge),
        JMPLT | JMPLT_L => Plain(control::jmp_lt),
        JMPLE | JMPLE_L => Plain(control::jmp_le),
        CALL | CALL_L => Plain(control::call),
        CALLA => Plain(control::call_pointer),
        CALLT => Hosted(control::call_token),
        ABORT => Plain(control::abort),
        ASSERT => Plain(control::assert),
        THROW => Hosted(control::throw),
        TRY | TRY_L => Plain(control::try_),
        ENDTRY | ENDTRY_L => Plain(control::end_try),
        ENDFINALLY => Hosted(control::end_finally),
        RET => Hosted(control::ret),
        SYSCALL => Hosted(control::syscall),
        DEPTH => Plain(stack::depth),
        DROP => Plain(stack::drop_top),
        NIP => Plain(stack::nip),
        XDROP => Plain(stack::xdrop),
        CLEAR => Plain(stack::clear),
        DUP => Plain(stack::dup),
        OVER => Plain(stack::over),
        PICK => Plain(stack::pick),
        TUCK => Plain(stack::tuck),
        SWAP => Plain(stack::swap),
        ROT => Plain(stack::rot),
        ROLL => Plain(stack::roll),
        REVERSE3 => Plain(stack::reverse3),
        REVERSE4 => Plain(stack::reverse4),
        REVERSEN => Plain(stack::reverse_n),
        INITSSLOT => Plain(slot::init_statics),
        INITSLOT => Plain(slot::init),
        LDSFLD0 | LDSFLD1 | LDSFLD2 | LDSFLD3 | LDSFLD4 | LDSFLD5 | LDSFLD6 | LDSFLD => Plain(slot::load_static),
        STSFLD0 | STSFLD1 | STSFLD2 | STSFLD3 | STSFLD4 | STSFLD5 | STSFLD6 | STSFLD => Plain(slot::store_static),
        LDLOC0 | LDLOC1 | LDLOC2 | LDLOC3 | LDLOC4 | LDLOC5 | LDLOC6 | LDLOC => Plain(slot::load_local),
        STLOC0 | STLOC1 | STLOC2 | STLOC3 | STLOC4 | STLOC5 | STLOC6 | STLOC => Plain(slot::store_local),
        LDARG0 | LDARG1 | LDARG2 | LDARG3 | LDARG4 | LDARG5 | LDARG6 | LDARG => Plain(slot::load_argument),
        STARG0 | STARG1 | STARG2 | STARG3 | STARG4 | STARG5 | STARG6 | STARG => Plain(slot::store_argument),
        NEWBUFFER => Plain(splice::new_buffer),
        MEMCPY => Plain(splice::memcpy),
        CAT => Plain(splice::cat),
        SUBSTR => Plain(splice::substr),
        LEFT => Plain(splice::left),
        RIGHT => Plain(splice::right),
        INVERT => Plain(bitwise::invert),
        AND => Plain(bitwise::and),
        OR => Plain(bitwise::or),
        XOR => Plain(bitwise::xor),
        EQUAL => Plain(bitwise::equal),
        NOTEQUAL => Plain(bitwise::not_equal),
        SIGN => Plain(numeric::sign),
        ABS => Plain(numeric::abs),
        NEGATE => Plain(numeric::negate),
        INC => Plain(numeric::inc),
        DEC => Plain(numeric::dec),
        ADD => Plain(numeric::add),
        SUB => Plain(numeric::sub),
        MUL => Plain(numeric::mul),
        DIV => Plain(numeric::div),
        MOD => Plain(numeric::rem),
        POW => Plain(numeric::pow),
        SQRT => Plain(numeric::sqrt),
        MODMUL => Plain(numeric::mod_mul),
        MODPOW => Plain(numeric::mod_pow),
        SHL => Plain(numeric::shl),
        SHR => Plain(numeric::shr),
        NOT => Plain(numeric::not),
        BOOLAND => Plain(numeric::bool_and),
        BOOLOR => Plain(numeric::bool_or),
        NZ => Plain(numeric::nz),
        NUMEQUAL => Plain(numeric::num_equal),
        NUMNOTEQUAL => Plain(numeric::num_not_equal),
        LT => Plain(numeric::lt),
        LE => Plain(numeric::le),
        GT => Plain(numeric::gt),
        GE => Plain(numeric::ge),
        MIN => Plain(numeric::min),
        MAX => Plain(numeric::max),
        WITHIN => Plain(numeric::within),
        PACKMAP => Plain(compound::pack_map),
        PACKSTRUCT => Plain(compound::pack_struct),
        PACK => Plain(compound::pack),
        UNPACK => Plain(compound::unpack),
        NEWARRAY0 => Plain(compound::new_array0),
        NEWARRAY => Plain(compound::new_array),
        NEWARRAY_T => Plain(compound::new_array_t),
        NEWSTRUCT0 => Plain(compound::new_struct0),
        NEWSTRUCT => Plain(compound::new_struct),
        NEWMAP => Plain(compound::new_map),
        SIZE => Plain(compound::size),
        HASKEY => Plain(compound::has_key),
        KEYS => Plain(compound::keys),
        VALUES => Plain(compound::values),
        PICKITEM => Plain(compound::pick_item),
        APPEND => Plain(compound::append),
        SETITEM => Plain(compound::set_item),
        REVERSEITEMS => Plain(compound::reverse_items),
        REMOVE => Plain(compound::remove),
        CLEARITEMS => Plain(compound::clear_items),
        POPITEM => Plain(compound::pop_item),
        ISNULL => Plain(types::is_null),
        ISTYPE => Plain(types::is_type),
        CONVERT => Plain(types::convert),
        ABORTMSG => Plain(types::abort_message),
        ASSERTMSG => Plain(types::assert_message),
    }
}
