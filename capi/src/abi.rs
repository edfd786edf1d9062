//! Types and constants of the header.

use std::ffi::c_char;

use crate::boundary::Versioned;

/// The version of the ABI that this header describes. Functions and members of structs are only added under one
/// version: compare with `neovm_abi_version()`, which the library was built with.
pub const NEOVM_ABI_VERSION: u32 = 1;

/// Success.
pub const NEOVM_OK: i32 = 0;
/// An argument is null, not aligned, or has a value that it cannot have.
pub const NEOVM_ERR_ARGUMENT: i32 = -1;
/// The `size` of a struct is less than its first version had, or the struct has members that this library does not
/// know and that are not zero.
pub const NEOVM_ERR_SIZE: i32 = -2;
/// A handle was released, never existed, is another kind's, or is a machine of another thread.
pub const NEOVM_ERR_HANDLE: i32 = -3;
/// The machine is running, and does not wait for this call-back.
pub const NEOVM_ERR_BUSY: i32 = -4;
/// Bytes or JSON cannot be read; the message says why.
pub const NEOVM_ERR_INPUT: i32 = -5;
/// The storage lacks what every execution reads, or what is there is damaged; the message says what.
pub const NEOVM_ERR_STATE: i32 = -6;
/// There would be too many handles, or values that are too large.
pub const NEOVM_ERR_LIMIT: i32 = -7;
/// A defect of the library. What the call was about may be half done: release it.
pub const NEOVM_ERR_PANIC: i32 = -8;
/// What was asked for is a fault of the script, such as an item that cannot be converted: a call-back returns
/// `NEOVM_CALL_FAULT` to end the execution with it.
pub const NEOVM_ERR_FAULT: i32 = -9;

/// A call-back of the storage: there is no value, or no more entries; or it has nothing to say.
pub const NEOVM_NONE: i32 = 0;
/// A call-back of the storage: it has written a value, or an entry.
pub const NEOVM_SOME: i32 = 1;

/// A call-back of a machine: go on.
pub const NEOVM_CALL_OK: i32 = 0;
/// A call-back of a machine: the execution faults, see `neovm_machine_set_fault`.
pub const NEOVM_CALL_FAULT: i32 = 1;
/// A call-back of a machine: an exception is thrown, see `neovm_machine_set_exception`.
pub const NEOVM_CALL_THROW: i32 = 2;

/// Bit of `neovm_capabilities`: hot scripts are compiled to machine code.
pub const NEOVM_CAP_JIT: u64 = 1;
/// Bit of `neovm_capabilities`: signatures are checked by libraries in C and assembly.
pub const NEOVM_CAP_NATIVE_SIGNATURES: u64 = 2;
/// Bit of `neovm_capabilities`: the executor level is there.
pub const NEOVM_CAP_EXECUTOR: u64 = 4;
/// Bit of `neovm_capabilities`: the machine level is there.
pub const NEOVM_CAP_MACHINE: u64 = 8;

/// How an execution ended: the script ran to its end.
pub const NEOVM_OUTCOME_HALT: u32 = 1;
/// How an execution ended: with a fault.
pub const NEOVM_OUTCOME_FAULT: u32 = 2;
/// The execution was stopped: it has used its budget of instructions. A machine can go on.
pub const NEOVM_OUTCOME_BUDGET: u32 = 3;
/// The execution was stopped by an interrupt. A machine can go on.
pub const NEOVM_OUTCOME_INTERRUPTED: u32 = 4;
/// A call-back failed. This says nothing of the script, and is no fault: run it again when the cause is gone.
pub const NEOVM_OUTCOME_CALLBACK: u32 = 5;

/// Compile hot code on a thread of the engine, which begins with the first code that is hot.
pub const NEOVM_COMPILE_BACKGROUND: u32 = 0;
/// Never compile: the interpreter alone, and no thread.
pub const NEOVM_COMPILE_NEVER: u32 = 1;
/// Compile hot code on the thread that runs it.
pub const NEOVM_COMPILE_FOREGROUND: u32 = 2;
/// Compile all code before it runs; for tests.
pub const NEOVM_COMPILE_EAGER: u32 = 3;

/// `neovm_job.trigger`: a transaction or a test invocation; also if it is 0.
pub const NEOVM_TRIGGER_APPLICATION: u32 = 0x40;
/// `neovm_job.trigger`: a witness.
pub const NEOVM_TRIGGER_VERIFICATION: u32 = 0x20;
/// `neovm_job.trigger`: what native contracts do before the transactions of a block.
pub const NEOVM_TRIGGER_ON_PERSIST: u32 = 0x01;
/// `neovm_job.trigger`: what native contracts do after the transactions of a block.
pub const NEOVM_TRIGGER_POST_PERSIST: u32 = 0x02;

/// `neovm_job.container`: the transaction contains the script, if there is one.
pub const NEOVM_CONTAINER_DEFAULT: u32 = 0;
/// `neovm_job.container`: nothing contains the script.
pub const NEOVM_CONTAINER_NONE: u32 = 1;
/// `neovm_job.container`: the block contains the script.
pub const NEOVM_CONTAINER_BLOCK: u32 = 2;

/// Bit of `neovm_job.call_flags`: the other bits are the script's call flags. Without it they are all set.
pub const NEOVM_CALL_FLAGS_GIVEN: u32 = 0x100;

/// Bit of `neovm_job.wanted`: the receipt has the call tree. The execution is slower.
pub const NEOVM_WANT_CALLS: u32 = 1;
/// Bit of `neovm_job.wanted`: the receipt has a job file with the storage that was read, for `neovm job run`.
pub const NEOVM_WANT_FILE: u32 = 2;

/// Item type: Null.
pub const NEOVM_TYPE_ANY: u32 = 0x00;
/// Item type: a position in a script.
pub const NEOVM_TYPE_POINTER: u32 = 0x10;
/// Item type.
pub const NEOVM_TYPE_BOOLEAN: u32 = 0x20;
/// Item type: an integer of up to 256 bits.
pub const NEOVM_TYPE_INTEGER: u32 = 0x21;
/// Item type: bytes that do not change.
pub const NEOVM_TYPE_BYTE_STRING: u32 = 0x28;
/// Item type: bytes that can be changed, shared by all references.
pub const NEOVM_TYPE_BUFFER: u32 = 0x30;
/// Item type: shared by all references.
pub const NEOVM_TYPE_ARRAY: u32 = 0x40;
/// Item type: an array that is copied when it is stored in a compound.
pub const NEOVM_TYPE_STRUCT: u32 = 0x41;
/// Item type: shared by all references.
pub const NEOVM_TYPE_MAP: u32 = 0x48;
/// Item type: an object of the host.
pub const NEOVM_TYPE_INTEROP: u32 = 0x60;

/// The type of a popped argument: an item, as a handle.
pub const NEOVM_AS_ITEM: u8 = 0;
/// The type of a popped argument: an integer.
pub const NEOVM_AS_INTEGER: u8 = 1;
/// The type of a popped argument: a boolean.
pub const NEOVM_AS_BOOLEAN: u8 = 2;
/// The type of a popped argument: bytes.
pub const NEOVM_AS_BYTES: u8 = 3;
/// The type of a popped argument: whatever it is: numbers, booleans, byte strings and Null as values, everything
/// else as a handle.
pub const NEOVM_AS_IT_IS: u8 = 4;

/// Kind of a value: Null.
pub const NEOVM_VALUE_NULL: u32 = 0;
/// Kind of a value: an integer. If it does not fit `integer`, it is in `bytes`: little-endian two's complement of
/// up to 32 bytes.
pub const NEOVM_VALUE_INTEGER: u32 = 1;
/// Kind of a value: a boolean, 0 or 1 in `integer`.
pub const NEOVM_VALUE_BOOLEAN: u32 = 2;
/// Kind of a value: a byte string, in `bytes`.
pub const NEOVM_VALUE_BYTES: u32 = 3;
/// Kind of a value: an item of the machine, in `item`.
pub const NEOVM_VALUE_ITEM: u32 = 4;
/// Kind of a value: an object of the host, a number of its own in `item`. Two objects are equal if they came from
/// the same push. Only for values that are given to a machine.
pub const NEOVM_VALUE_OBJECT: u32 = 5;

/// An engine: the settings of a network, and scripts that are decoded and compiled once. Any number of threads use it
/// at once.
pub type neovm_engine = u64;
/// A flag by which one thread stops executions of others.
pub type neovm_interrupt = u64;
/// What came of an execution. It does not change; any number of threads read it at once.
pub type neovm_receipt = u64;
/// A machine. It belongs to the thread that made it.
pub type neovm_machine = u64;
/// An item of a machine.
pub type neovm_item = u64;

/// Bytes. They are not terminated by a zero. `data` may be null if `length` is 0. Wherever the library hands out bytes or
/// a list, the pointer is null if the length is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct neovm_bytes {
    /// The first one.
    pub data: *const u8,
    /// How many.
    pub length: usize,
}

impl neovm_bytes {
    pub(crate) const NONE: Self = Self { data: std::ptr::null(), length: 0 };

    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { data: start(bytes), length: bytes.len() }
    }
}

/// Where a list begins that the caller gets: null if it is empty. What an empty slice of Rust begins at leads nowhere
/// either, but is not null, and hosts whose memory is managed (Go) take it for damage.
pub(crate) fn start<T>(list: &[T]) -> *const T {
    if list.is_empty() { std::ptr::null() } else { list.as_ptr() }
}

/// The room for the text of an error.
pub const NEOVM_MESSAGE_SIZE: usize = 496;

/// Why a function failed, in words. The caller owns it; set `size` and pass it, or pass null. It is written only where
/// a function fails.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_message {
    /// `sizeof(neovm_message)`.
    pub size: usize,
    /// The length of the text in bytes.
    pub length: usize,
    /// The text: UTF-8, terminated by a zero, cut off if it is longer.
    pub text: [c_char; NEOVM_MESSAGE_SIZE],
}

/// What an engine is made with. Members that are zero have their defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_engine_options {
    /// `sizeof(neovm_engine_options)`.
    pub size: usize,
    /// `mainnet` (the default), `testnet`, `private`, or the settings of a network as JSON, see docs/embedding.md.
    pub network: neovm_bytes,
    /// How many bytes decoded scripts may take; 64 MiB by default.
    pub cache_bytes: u64,
    /// How many bytes machine code may take.
    pub machine_code_bytes: u64,
    /// When scripts are compiled: `NEOVM_COMPILE_BACKGROUND` and so on.
    pub compile: u32,
    /// 0.
    pub reserved: u32,
}

/// The fields of a block's header that scripts can see, for hosts that do not have its bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_block {
    /// `sizeof(neovm_block)`.
    pub size: usize,
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// The random number of the block.
    pub nonce: u64,
    /// The height.
    pub index: u32,
    /// The position of the node that proposed it.
    pub primary: u32,
    /// In the order of bytes that scripts see: the reverse of what people write.
    pub previous_hash: [u8; 32],
    /// As above.
    pub merkle_root: [u8; 32],
    /// As above.
    pub next_consensus: [u8; 20],
    /// 0.
    pub reserved: u32,
}

/// An execution. Members that are zero are not given.
///
/// What runs is, if given: the script; the call; the witness; otherwise what `trigger` says runs: the transaction's
/// script, or what native contracts do before or after a block.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_job {
    /// `sizeof(neovm_job)`.
    pub size: usize,
    /// The job as JSON, see docs/embedding.md. It stands for all members down to `call_arguments`.
    pub json: neovm_bytes,
    /// The gas limit, in datoshi; not negative.
    pub gas: i64,
    /// `NEOVM_TRIGGER_APPLICATION` and so on; 0 stands for that.
    pub trigger: u32,
    /// What contains the script: `NEOVM_CONTAINER_DEFAULT` and so on.
    pub container: u32,
    /// The bytes of the transaction. What does not matter to an execution need not be valid.
    pub transaction: neovm_bytes,
    /// The bytes of the block that is being persisted, or of its header alone.
    pub block: neovm_bytes,
    /// The header's fields, if `block` is not given.
    pub block_fields: *const neovm_block,
    /// A script.
    pub script: neovm_bytes,
    /// Its call flags with `NEOVM_CALL_FLAGS_GIVEN`; 0 for all of them.
    pub call_flags: u32,
    /// Further results that are wanted: `NEOVM_WANT_CALLS`, `NEOVM_WANT_FILE`.
    pub wanted: u32,
    /// A witness: the 20 bytes of the account.
    pub witness_account: neovm_bytes,
    /// Its invocation script.
    pub invocation: neovm_bytes,
    /// Its verification script; without one the account is a contract.
    pub verification: neovm_bytes,
    /// A call: the 20 bytes of the contract's hash.
    pub call_contract: neovm_bytes,
    /// The method.
    pub call_method: neovm_bytes,
    /// The arguments: a list as JSON, in the form that the RPC takes, see docs/embedding.md.
    pub call_arguments: neovm_bytes,
    /// The number of instructions after which the execution is stopped; 0 for no limit.
    pub budget: u64,
    /// By what another thread stops the execution; 0 for nothing.
    pub interrupt: neovm_interrupt,
}

/// An item of a receipt.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct neovm_node {
    /// `NEOVM_TYPE_ARRAY` and so on.
    pub item_type: u32,
    /// The number of children: the items of an array or struct, or the keys and values of a map, in turn.
    pub count: u32,
    /// An integer that fits; a boolean as 0 or 1; the position of a pointer.
    pub integer: i64,
    /// Bytes of a byte string or buffer; an integer that does not fit `integer`, as little-endian two's complement;
    /// the name of an object's type.
    pub bytes: neovm_bytes,
    /// Positions in `nodes`. A compound that occurs several times is one node, and a cycle is one of nodes.
    pub children: *const u32,
}

/// A notification of a receipt.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct neovm_notification {
    /// The contract's hash.
    pub contract: [u8; 20],
    /// The position of the event's values in `nodes`: an array.
    pub state: u32,
    /// The name of the event, UTF-8.
    pub event: neovm_bytes,
}

/// A message that a script logged.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct neovm_log {
    /// The script's hash.
    pub script_hash: [u8; 20],
    /// 0.
    pub reserved: u32,
    /// The message, UTF-8.
    pub message: neovm_bytes,
}

/// A change to the storage. It may be to the value that is there already.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct neovm_change {
    /// The key, with the id of the contract in its first four bytes, little-endian.
    pub key: neovm_bytes,
    /// The new value, if the entry is not deleted.
    pub value: neovm_bytes,
    /// 1 if the entry is deleted, otherwise 0.
    pub deleted: u32,
    /// 0.
    pub reserved: u32,
}

/// A script that ran.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct neovm_call {
    /// The script's hash.
    pub script_hash: [u8; 20],
    /// 0 for the script that was loaded first.
    pub depth: u32,
}

/// What came of an execution, see `neovm_receipt_view`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_receipt_data {
    /// `sizeof(neovm_receipt_data)`.
    pub size: usize,
    /// `NEOVM_OUTCOME_HALT` and so on.
    pub outcome: u32,
    /// What the call-back returned that failed, or one of the codes above if it returned what makes no sense; 0 if
    /// none failed.
    pub callback_error: i32,
    /// The gas that was consumed in picoGAS (10^-12 GAS): the lower half of 128 bits.
    pub gas_pico_low: u64,
    /// The upper half.
    pub gas_pico_high: u64,
    /// The gas in datoshi, rounded up; the gas limit if it does not fit, as nodes report it.
    pub gas_datoshi: i64,
    /// The number of instructions.
    pub instructions: u64,
    /// Why it faulted or failed, UTF-8.
    pub fault: neovm_bytes,
    /// The position of the fault in its script, in bytes; -1 if it has no place.
    pub fault_position: i64,
    /// The depth of the invocation stack at the fault.
    pub fault_depth: u32,
    /// The opcode there; -1 if there is none.
    pub fault_opcode: i32,
    /// The script that faulted.
    pub fault_script: [u8; 20],
    /// 1 if the fault is at the end of the script, where a RET is not written; otherwise 0.
    pub fault_at_end: u32,
    /// All items.
    pub nodes: *const neovm_node,
    /// How many.
    pub node_count: usize,
    /// The result stack, the top last: positions in `nodes`.
    pub stack: *const u32,
    /// How many.
    pub stack_count: usize,
    /// The notifications; none after a fault.
    pub notifications: *const neovm_notification,
    /// How many.
    pub notification_count: usize,
    /// The messages of scripts, also those before a fault.
    pub logs: *const neovm_log,
    /// How many.
    pub log_count: usize,
    /// The changes to the storage in the order of their keys; none after a fault.
    pub changes: *const neovm_change,
    /// How many.
    pub change_count: usize,
    /// The scripts that ran, if they were wanted: a tree, each node before those below it.
    pub calls: *const neovm_call,
    /// How many.
    pub call_count: usize,
    /// A job file, if it was wanted: JSON.
    pub file: neovm_bytes,
}

/// A value that goes into a machine or comes out of it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct neovm_value {
    /// `NEOVM_VALUE_INTEGER` and so on: which of the other members counts.
    pub kind: u32,
    /// 0.
    pub reserved: u32,
    /// An integer, or a boolean.
    pub integer: i64,
    /// Bytes. What a machine gives is valid until the call-back returns; outside of one, until the machine runs, is
    /// reset or is freed.
    pub bytes: neovm_bytes,
    /// An item.
    pub item: neovm_item,
}

impl neovm_value {
    pub(crate) const NULL: Self =
        Self { kind: NEOVM_VALUE_NULL, reserved: 0, integer: 0, bytes: neovm_bytes::NONE, item: 0 };
}

/// What a machine is made with. Members that are zero have their defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_machine_options {
    /// `sizeof(neovm_machine_options)`.
    pub size: usize,
    /// The gas limit, in datoshi; 0 for the greatest one, `INT64_MAX`.
    pub gas: i64,
    /// What a price unit costs, in picoGAS; 300,000 by default.
    pub fee_factor: u64,
    /// The number of instructions after which it stops; 0 for no limit.
    pub budget: u64,
    /// By what another thread stops it; 0 for nothing.
    pub interrupt: neovm_interrupt,
    /// The name of the hardfork whose rules are followed, such as `Gorgon`; by default the last one that is active
    /// on MainNet.
    pub hardfork: neovm_bytes,
}

/// How a script is loaded.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_load_options {
    /// `sizeof(neovm_load_options)`.
    pub size: usize,
    /// Where it starts, in bytes.
    pub position: usize,
    /// How many items it must return; any number if `checks_return_count` is 0.
    pub return_count: u32,
    /// 1 if the number of items that it returns is checked.
    pub checks_return_count: u32,
    /// 1 if its instructions and fees are free.
    pub is_free: u32,
    /// 0.
    pub reserved: u32,
}

/// The state of a machine, see `neovm_machine_view`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_machine_data {
    /// `sizeof(neovm_machine_data)`.
    pub size: usize,
    /// `NEOVM_OUTCOME_HALT` or `NEOVM_OUTCOME_FAULT`; 0 if it has not ended.
    pub outcome: u32,
    /// What the call-back returned that failed; 0 if none failed.
    pub callback_error: i32,
    /// The gas that was consumed in picoGAS: the lower half of 128 bits.
    pub gas_pico_low: u64,
    /// The upper half.
    pub gas_pico_high: u64,
    /// The number of instructions.
    pub instructions: u64,
    /// The consensus count of items.
    pub references: i64,
    /// The number of contexts on the invocation stack.
    pub depth: usize,
    /// The number of items on the stack of the current context.
    pub stack_size: usize,
    /// The number of results.
    pub result_count: usize,
    /// Where the current context is, in bytes; -1 if there is none.
    pub position: i64,
    /// The instruction there; -1 if there is none.
    pub opcode: i32,
    /// 0.
    pub reserved: u32,
    /// The id of the script that is running; 0 if there is none.
    pub load: u64,
    /// Why it faulted, UTF-8. It is valid until the machine runs, is reset or is freed.
    pub fault: neovm_bytes,
}

macro_rules! versioned {
    ($($name:ident $last:ident)*) => {
        $(
            // SAFETY: the struct is `repr(C)`, begins with a `usize`, and holds numbers, pointers and arrays of
            // them: any bytes are one, zeros too. `last` is the last member of its first version.
            unsafe impl Versioned for $name {
                const FIRST: usize = std::mem::offset_of!($name, $last) + size_of_val_of(|it: &$name| &it.$last);
            }
        )*
    };
}

/// The size of a member.
const fn size_of_val_of<S, M>(_: fn(&S) -> &M) -> usize {
    size_of::<M>()
}

versioned! {
    neovm_message text
    neovm_engine_options reserved
    neovm_block reserved
    neovm_job interrupt
    neovm_receipt_data file
    neovm_machine_options hardfork
    neovm_load_options reserved
    neovm_machine_data fault
}
