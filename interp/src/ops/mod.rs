//! General handlers: what each opcode means.
//!
//! A handler is a plain function over the machine. It lies in the file of its
//! family, as in the `JumpTable.*.cs` of the reference, so that one can be read
//! beside the other. It pops and checks in the order of the reference, because
//! the order decides which fault is reported. [`Table`] binds opcodes to
//! handlers; the hardfork chooses the table.

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

use neovm_types::{FaultKind, Hardfork, OpCode};

pub(crate) use self::{
    compound::{index_out_of_range, indexed_len, item_size},
    control::raise,
};
use crate::{host::Host, vm::Vm};

/// The result of a handler.
pub(crate) type Done = Result<(), FaultKind>;

/// A handler that does not involve the host.
pub(crate) type SimpleFn = fn(&mut Vm) -> Done;

/// A handler that may call the host, or that changes whose gas counts.
pub(crate) type HostedFn = fn(&mut Vm, &mut dyn Host) -> Done;

/// A general handler.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Simple(SimpleFn),
    Hosted(HostedFn),
}

use Handler::{Hosted, Simple};

/// The handlers of a hardfork.
pub(crate) struct Table([Handler; 256]);

impl Table {
    /// Returns the handler of the byte of an opcode.
    pub(crate) const fn handler(&self, opcode: u8) -> Handler {
        self.0[opcode as usize]
    }

    /// Returns the handlers that a hardfork runs.
    ///
    /// Source: `ApplicationEngine.cs` of the reference node (`Create`).
    pub(crate) fn of(hardfork: Hardfork) -> &'static Self {
        match hardfork {
            before if before < Hardfork::Echidna => &BEFORE_ECHIDNA,
            before if before < Hardfork::Gorgon => &BEFORE_GORGON,
            _ => &CURRENT,
        }
    }

    /// The handlers of the reference engine itself.
    const fn engine() -> Self {
        let mut handlers = [Simple(control::nop as SimpleFn); 256];
        let mut i = 0;
        while i < OpCode::ALL.len() {
            handlers[OpCode::ALL[i] as usize] = engine_handler(OpCode::ALL[i]);
            i += 1;
        }
        Self(handlers)
    }

    /// Replaces the handlers of some opcodes.
    const fn with(mut self, changes: &[(OpCode, SimpleFn)]) -> Self {
        let mut i = 0;
        while i < changes.len() {
            self.0[changes[i].0 as usize] = Simple(changes[i].1);
            i += 1;
        }
        self
    }
}

static CURRENT: Table = Table::engine();
static BEFORE_GORGON: Table = Table::engine().with(legacy::BEFORE_GORGON);
static BEFORE_ECHIDNA: Table = Table::engine().with(legacy::BEFORE_GORGON).with(legacy::BEFORE_ECHIDNA);

const fn engine_handler(opcode: OpCode) -> Handler {
    use OpCode::*;
    match opcode {
        PUSHINT8 | PUSHINT16 | PUSHINT32 | PUSHINT64 => Simple(push::small_int),
        PUSHINT128 | PUSHINT256 => Simple(push::wide_int),
        PUSHT => Simple(push::boolean::<true>),
        PUSHF => Simple(push::boolean::<false>),
        PUSHA => Simple(push::address),
        PUSHNULL => Simple(push::null),
        PUSHDATA1 | PUSHDATA2 | PUSHDATA4 => Simple(push::data),
        PUSHM1 | PUSH0 | PUSH1 | PUSH2 | PUSH3 | PUSH4 | PUSH5 | PUSH6 | PUSH7 | PUSH8 | PUSH9 | PUSH10 | PUSH11
        | PUSH12 | PUSH13 | PUSH14 | PUSH15 | PUSH16 => Simple(push::small_int),
        NOP => Simple(control::nop),
        JMP | JMP_L => Simple(control::jmp),
        JMPIF | JMPIF_L => Simple(control::jmp_if),
        JMPIFNOT | JMPIFNOT_L => Simple(control::jmp_if_not),
        JMPEQ | JMPEQ_L => Simple(control::jmp_eq),
        JMPNE | JMPNE_L => Simple(control::jmp_ne),
        JMPGT | JMPGT_L => Simple(control::jmp_gt),
        JMPGE | JMPGE_L => Simple(control::jmp_ge),
        JMPLT | JMPLT_L => Simple(control::jmp_lt),
        JMPLE | JMPLE_L => Simple(control::jmp_le),
        CALL | CALL_L => Simple(control::call),
        CALLA => Simple(control::call_pointer),
        CALLT => Hosted(control::call_token),
        ABORT => Simple(control::abort),
        ASSERT => Simple(control::assert),
        THROW => Hosted(control::throw),
        TRY | TRY_L => Simple(control::try_),
        ENDTRY | ENDTRY_L => Simple(control::end_try),
        ENDFINALLY => Hosted(control::end_finally),
        RET => Hosted(control::ret),
        SYSCALL => Hosted(control::syscall),
        DEPTH => Simple(stack::depth),
        DROP => Simple(stack::drop_top),
        NIP => Simple(stack::nip),
        XDROP => Simple(stack::xdrop),
        CLEAR => Simple(stack::clear),
        DUP => Simple(stack::dup),
        OVER => Simple(stack::over),
        PICK => Simple(stack::pick),
        TUCK => Simple(stack::tuck),
        SWAP => Simple(stack::swap),
        ROT => Simple(stack::rot),
        ROLL => Simple(stack::roll),
        REVERSE3 => Simple(stack::reverse3),
        REVERSE4 => Simple(stack::reverse4),
        REVERSEN => Simple(stack::reverse_n),
        INITSSLOT => Simple(slot::init_statics),
        INITSLOT => Simple(slot::init),
        LDSFLD0 | LDSFLD1 | LDSFLD2 | LDSFLD3 | LDSFLD4 | LDSFLD5 | LDSFLD6 | LDSFLD => Simple(slot::load_static),
        STSFLD0 | STSFLD1 | STSFLD2 | STSFLD3 | STSFLD4 | STSFLD5 | STSFLD6 | STSFLD => Simple(slot::store_static),
        LDLOC0 | LDLOC1 | LDLOC2 | LDLOC3 | LDLOC4 | LDLOC5 | LDLOC6 | LDLOC => Simple(slot::load_local),
        STLOC0 | STLOC1 | STLOC2 | STLOC3 | STLOC4 | STLOC5 | STLOC6 | STLOC => Simple(slot::store_local),
        LDARG0 | LDARG1 | LDARG2 | LDARG3 | LDARG4 | LDARG5 | LDARG6 | LDARG => Simple(slot::load_argument),
        STARG0 | STARG1 | STARG2 | STARG3 | STARG4 | STARG5 | STARG6 | STARG => Simple(slot::store_argument),
        NEWBUFFER => Simple(splice::new_buffer),
        MEMCPY => Simple(splice::memcpy),
        CAT => Simple(splice::cat),
        SUBSTR => Simple(splice::substr),
        LEFT => Simple(splice::left),
        RIGHT => Simple(splice::right),
        INVERT => Simple(bitwise::invert),
        AND => Simple(bitwise::and),
        OR => Simple(bitwise::or),
        XOR => Simple(bitwise::xor),
        EQUAL => Simple(bitwise::equal),
        NOTEQUAL => Simple(bitwise::not_equal),
        SIGN => Simple(numeric::sign),
        ABS => Simple(numeric::abs),
        NEGATE => Simple(numeric::negate),
        INC => Simple(numeric::inc),
        DEC => Simple(numeric::dec),
        ADD => Simple(numeric::add),
        SUB => Simple(numeric::sub),
        MUL => Simple(numeric::mul),
        DIV => Simple(numeric::div),
        MOD => Simple(numeric::rem),
        POW => Simple(numeric::pow),
        SQRT => Simple(numeric::sqrt),
        MODMUL => Simple(numeric::mod_mul),
        MODPOW => Simple(numeric::mod_pow),
        SHL => Simple(numeric::shl),
        SHR => Simple(numeric::shr),
        NOT => Simple(numeric::not),
        BOOLAND => Simple(numeric::bool_and),
        BOOLOR => Simple(numeric::bool_or),
        NZ => Simple(numeric::nz),
        NUMEQUAL => Simple(numeric::num_equal),
        NUMNOTEQUAL => Simple(numeric::num_not_equal),
        LT => Simple(numeric::lt),
        LE => Simple(numeric::le),
        GT => Simple(numeric::gt),
        GE => Simple(numeric::ge),
        MIN => Simple(numeric::min),
        MAX => Simple(numeric::max),
        WITHIN => Simple(numeric::within),
        PACKMAP => Simple(compound::pack_map),
        PACKSTRUCT => Simple(compound::pack_struct),
        PACK => Simple(compound::pack),
        UNPACK => Simple(compound::unpack),
        NEWARRAY0 => Simple(compound::new_array0),
        NEWARRAY => Simple(compound::new_array),
        NEWARRAY_T => Simple(compound::new_array_t),
        NEWSTRUCT0 => Simple(compound::new_struct0),
        NEWSTRUCT => Simple(compound::new_struct),
        NEWMAP => Simple(compound::new_map),
        SIZE => Simple(compound::size),
        HASKEY => Simple(compound::has_key),
        KEYS => Simple(compound::keys),
        VALUES => Simple(compound::values),
        PICKITEM => Simple(compound::pick_item),
        APPEND => Simple(compound::append),
        SETITEM => Simple(compound::set_item),
        REVERSEITEMS => Simple(compound::reverse_items),
        REMOVE => Simple(compound::remove),
        CLEARITEMS => Simple(compound::clear_items),
        POPITEM => Simple(compound::pop_item),
        ISNULL => Simple(types::is_null),
        ISTYPE => Simple(types::is_type),
        CONVERT => Simple(types::convert),
        ABORTMSG => Simple(types::abort_message),
        ASSERTMSG => Simple(types::assert_message),
    }
}
