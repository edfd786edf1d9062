/*
 * neovm: a fast engine for smart contracts of Neo N3.
 *
 * There are two levels. The executor level, neovm_run, runs a job of a node (a transaction, a witness, a call) over a
 * storage that the host serves by call-backs, with all system calls and native contracts. The machine level,
 * neovm_machine_new, runs scripts and leaves system calls to the host. docs/embedding.md tells which to choose.
 *
 * Functions return NEOVM_OK or an error, NEOVM_ERR_..., which is negative. Where a function fails, nothing that it
 * writes but the message is to be read. Objects are numbers, handles: one that was released is an error, not a
 * crash.
 *
 * Structs that begin with `size` may grow: set `size` to their sizeof, and all members that you do not use to zero.
 * Structs without it never change. Pointers must be valid for what they say; a null pointer is an error unless a
 * function says otherwise.
 *
 * Threads: engines, interrupts and receipts may be used by any number of threads at once, a machine only by the one
 * that made it. Every function needs less than 256 KiB of stack. The library handles no signals, and writes nothing
 * but what Rust says on standard error of a defect that made it panic. Where there is no memory the process aborts.
 *
 * After fork, the child must not use what the parent made: its engines have no compiler thread, and a lock may be held
 * for ever by a thread that is gone. Call neovm first after fork, or exec.
 */

#ifndef NEOVM_H
#define NEOVM_H

#include <stddef.h>
#include <stdint.h>

// The version of the ABI that this header describes. Functions and members of structs are only added under one
// version: compare with `neovm_abi_version()`, which the library was built with.
#define NEOVM_ABI_VERSION 1

// Success.
#define NEOVM_OK 0

// An argument is null, not aligned, or has a value that it cannot have.
#define NEOVM_ERR_ARGUMENT -1

// The `size` of a struct is less than its first version had, or the struct has members that this library does not
// know and that are not zero.
#define NEOVM_ERR_SIZE -2

// A handle was released, never existed, is another kind's, or is a machine of another thread.
#define NEOVM_ERR_HANDLE -3

// The machine is running, and does not wait for this call-back.
#define NEOVM_ERR_BUSY -4

// Bytes or JSON cannot be read; the message says why.
#define NEOVM_ERR_INPUT -5

// The storage lacks what every execution reads, or what is there is damaged; the message says what.
#define NEOVM_ERR_STATE -6

// There would be too many handles, or values that are too large.
#define NEOVM_ERR_LIMIT -7

// A defect of the library. What the call was about may be half done: release it.
#define NEOVM_ERR_PANIC -8

// What was asked for is a fault of the script, such as an item that cannot be converted: a call-back returns
// `NEOVM_CALL_FAULT` to end the execution with it.
#define NEOVM_ERR_FAULT -9

// A call-back of the storage: there is no value, or no more entries; or it has nothing to say.
#define NEOVM_NONE 0

// A call-back of the storage: it has written a value, or an entry.
#define NEOVM_SOME 1

// A call-back of a machine: go on.
#define NEOVM_CALL_OK 0

// A call-back of a machine: the execution faults, see `neovm_machine_set_fault`.
#define NEOVM_CALL_FAULT 1

// A call-back of a machine: an exception is thrown, see `neovm_machine_set_exception`.
#define NEOVM_CALL_THROW 2

// Bit of `neovm_capabilities`: hot scripts are compiled to machine code.
#define NEOVM_CAP_JIT 1

// Bit of `neovm_capabilities`: signatures are checked by libraries in C and assembly.
#define NEOVM_CAP_NATIVE_SIGNATURES 2

// Bit of `neovm_capabilities`: the executor level is there.
#define NEOVM_CAP_EXECUTOR 4

// Bit of `neovm_capabilities`: the machine level is there.
#define NEOVM_CAP_MACHINE 8

// How an execution ended: the script ran to its end.
#define NEOVM_OUTCOME_HALT 1

// How an execution ended: with a fault.
#define NEOVM_OUTCOME_FAULT 2

// The execution was stopped: it has used its budget of instructions. A machine can go on.
#define NEOVM_OUTCOME_BUDGET 3

// The execution was stopped by an interrupt. A machine can go on.
#define NEOVM_OUTCOME_INTERRUPTED 4

// A call-back failed. This says nothing of the script, and is no fault: run it again when the cause is gone.
#define NEOVM_OUTCOME_CALLBACK 5

// Compile hot code on a thread of the engine, which begins with the first code that is hot.
#define NEOVM_COMPILE_BACKGROUND 0

// Never compile: the interpreter alone, and no thread.
#define NEOVM_COMPILE_NEVER 1

// Compile hot code on the thread that runs it.
#define NEOVM_COMPILE_FOREGROUND 2

// Compile all code before it runs; for tests.
#define NEOVM_COMPILE_EAGER 3

// `neovm_job.trigger`: a transaction or a test invocation; also if it is 0.
#define NEOVM_TRIGGER_APPLICATION 64

// `neovm_job.trigger`: a witness.
#define NEOVM_TRIGGER_VERIFICATION 32

// `neovm_job.trigger`: what native contracts do before the transactions of a block.
#define NEOVM_TRIGGER_ON_PERSIST 1

// `neovm_job.trigger`: what native contracts do after the transactions of a block.
#define NEOVM_TRIGGER_POST_PERSIST 2

// `neovm_job.container`: the transaction contains the script, if there is one.
#define NEOVM_CONTAINER_DEFAULT 0

// `neovm_job.container`: nothing contains the script.
#define NEOVM_CONTAINER_NONE 1

// `neovm_job.container`: the block contains the script.
#define NEOVM_CONTAINER_BLOCK 2

// Bit of `neovm_job.call_flags`: the other bits are the script's call flags. Without it they are all set.
#define NEOVM_CALL_FLAGS_GIVEN 256

// Bit of `neovm_job.wanted`: the receipt has the call tree. The execution is slower.
#define NEOVM_WANT_CALLS 1

// Bit of `neovm_job.wanted`: the receipt has a job file with the storage that was read, for `neovm job run`.
#define NEOVM_WANT_FILE 2

// Item type: Null.
#define NEOVM_TYPE_ANY 0

// Item type: a position in a script.
#define NEOVM_TYPE_POINTER 16

// Item type.
#define NEOVM_TYPE_BOOLEAN 32

// Item type: an integer of up to 256 bits.
#define NEOVM_TYPE_INTEGER 33

// Item type: bytes that do not change.
#define NEOVM_TYPE_BYTE_STRING 40

// Item type: bytes that can be changed, shared by all references.
#define NEOVM_TYPE_BUFFER 48

// Item type: shared by all references.
#define NEOVM_TYPE_ARRAY 64

// Item type: an array that is copied when it is stored in a compound.
#define NEOVM_TYPE_STRUCT 65

// Item type: shared by all references.
#define NEOVM_TYPE_MAP 72

// Item type: an object of the host.
#define NEOVM_TYPE_INTEROP 96

// The type of a popped argument: an item, as a handle.
#define NEOVM_AS_ITEM 0

// The type of a popped argument: an integer.
#define NEOVM_AS_INTEGER 1

// The type of a popped argument: a boolean.
#define NEOVM_AS_BOOLEAN 2

// The type of a popped argument: bytes.
#define NEOVM_AS_BYTES 3

// The type of a popped argument: whatever it is: numbers, booleans, byte strings and Null as values, everything
// else as a handle.
#define NEOVM_AS_IT_IS 4

// Kind of a value: Null.
#define NEOVM_VALUE_NULL 0

// Kind of a value: an integer. If it does not fit `integer`, it is in `bytes`: little-endian two's complement of
// up to 32 bytes.
#define NEOVM_VALUE_INTEGER 1

// Kind of a value: a boolean, 0 or 1 in `integer`.
#define NEOVM_VALUE_BOOLEAN 2

// Kind of a value: a byte string, in `bytes`.
#define NEOVM_VALUE_BYTES 3

// Kind of a value: an item of the machine, in `item`.
#define NEOVM_VALUE_ITEM 4

// Kind of a value: an object of the host, a number of its own in `item`. Two objects are equal if they came from
// the same push. Only for values that are given to a machine.
#define NEOVM_VALUE_OBJECT 5

// The room for the text of an error.
#define NEOVM_MESSAGE_SIZE 496

// Bytes. They are not terminated by a zero. `data` may be null if `length` is 0. Wherever the library hands out bytes or
// a list, the pointer is null if the length is 0.
typedef struct neovm_bytes {
    // The first one.
    const uint8_t *data;
    // How many.
    size_t length;
} neovm_bytes;

// What an engine is made with. Members that are zero have their defaults.
typedef struct neovm_engine_options {
    // `sizeof(neovm_engine_options)`.
    size_t size;
    // `mainnet` (the default), `testnet`, `private`, or the settings of a network as JSON, see docs/embedding.md.
    struct neovm_bytes network;
    // How many bytes decoded scripts may take; 64 MiB by default.
    uint64_t cache_bytes;
    // How many bytes machine code may take.
    uint64_t machine_code_bytes;
    // When scripts are compiled: `NEOVM_COMPILE_BACKGROUND` and so on.
    uint32_t compile;
    // 0.
    uint32_t reserved;
} neovm_engine_options;

// An engine: the settings of a network, and scripts that are decoded and compiled once. Any number of threads use it
// at once.
typedef uint64_t neovm_engine;

// Why a function failed, in words. The caller owns it; set `size` and pass it, or pass null. It is written only where
// a function fails.
typedef struct neovm_message {
    // `sizeof(neovm_message)`.
    size_t size;
    // The length of the text in bytes.
    size_t length;
    // The text: UTF-8, terminated by a zero, cut off if it is longer.
    char text[NEOVM_MESSAGE_SIZE];
} neovm_message;

// A flag by which one thread stops executions of others.
typedef uint64_t neovm_interrupt;

// What a machine is made with. Members that are zero have their defaults.
typedef struct neovm_machine_options {
    // `sizeof(neovm_machine_options)`.
    size_t size;
    // The gas limit, in datoshi; 0 for the greatest one, `INT64_MAX`.
    int64_t gas;
    // What a price unit costs, in picoGAS; 300,000 by default.
    uint64_t fee_factor;
    // The number of instructions after which it stops; 0 for no limit.
    uint64_t budget;
    // By what another thread stops it; 0 for nothing.
    neovm_interrupt interrupt;
    // The name of the hardfork whose rules are followed, such as `Gorgon`; by default the last one that is active
    // on MainNet.
    struct neovm_bytes hardfork;
} neovm_machine_options;

// A machine. It belongs to the thread that made it.
typedef uint64_t neovm_machine;

// What a machine asks of its host.
//
// Call-backs are called on the thread of the machine, while it runs. They may call all functions that take the machine
// but `neovm_machine_run`, `_step`, `_reset` and `_free`, and any function that does not take it. They must not unwind
// or jump out (longjmp, C++ exceptions).
//
// They return `NEOVM_CALL_OK`, `NEOVM_CALL_FAULT` or `NEOVM_CALL_THROW`. If they return anything else, such as an error
// of their own, the execution ends with `NEOVM_OUTCOME_CALLBACK`, which is no fault; the machine must be reset then.
//
// Items that are made in a call-back are released when it returns, see `neovm_item_keep`.
typedef struct neovm_host {
    // `sizeof(neovm_host)`.
    size_t size;
    // What the call-backs get.
    void *context;
    // Runs a system call. Without it, system calls are faults.
    int32_t (*system_call)(void *context, neovm_machine machine, uint32_t id);
    // Runs CALLT: calls what a method token stands for. Without it, CALLT is a fault.
    int32_t (*call_token)(void *context, neovm_machine machine, uint32_t token);
    // Called after a script was unloaded, with the id that `neovm_machine_load` gave; `threw` is 1 if an exception
    // passed through it, and 0 if it returned. While an exception passes nothing can be loaded. Optional.
    int32_t (*unloaded)(void *context, neovm_machine machine, uint64_t load, uint32_t threw);
} neovm_host;

// How a script is loaded.
typedef struct neovm_load_options {
    // `sizeof(neovm_load_options)`.
    size_t size;
    // Where it starts, in bytes.
    size_t position;
    // How many items it must return; any number if `checks_return_count` is 0.
    uint32_t return_count;
    // 1 if the number of items that it returns is checked.
    uint32_t checks_return_count;
    // 1 if its instructions and fees are free.
    uint32_t is_free;
    // 0.
    uint32_t reserved;
} neovm_load_options;

// The state of a machine, see `neovm_machine_view`.
typedef struct neovm_machine_data {
    // `sizeof(neovm_machine_data)`.
    size_t size;
    // `NEOVM_OUTCOME_HALT` or `NEOVM_OUTCOME_FAULT`; 0 if it has not ended.
    uint32_t outcome;
    // What the call-back returned that failed; 0 if none failed.
    int32_t callback_error;
    // The gas that was consumed in picoGAS: the lower half of 128 bits.
    uint64_t gas_pico_low;
    // The upper half.
    uint64_t gas_pico_high;
    // The number of instructions.
    uint64_t instructions;
    // The consensus count of items.
    int64_t references;
    // The number of contexts on the invocation stack.
    size_t depth;
    // The number of items on the stack of the current context.
    size_t stack_size;
    // The number of results.
    size_t result_count;
    // Where the current context is, in bytes; -1 if there is none.
    int64_t position;
    // The instruction there; -1 if there is none.
    int32_t opcode;
    // 0.
    uint32_t reserved;
    // The id of the script that is running; 0 if there is none.
    uint64_t load;
    // Why it faulted, UTF-8. It is valid until the machine runs, is reset or is freed.
    struct neovm_bytes fault;
} neovm_machine_data;

// An item of a machine.
typedef uint64_t neovm_item;

// A value that goes into a machine or comes out of it.
typedef struct neovm_value {
    // `NEOVM_VALUE_INTEGER` and so on: which of the other members counts.
    uint32_t kind;
    // 0.
    uint32_t reserved;
    // An integer, or a boolean.
    int64_t integer;
    // Bytes. What a machine gives is valid until the call-back returns; outside of one, until the machine runs, is
    // reset or is freed.
    struct neovm_bytes bytes;
    // An item.
    neovm_item item;
} neovm_value;

// What came of an execution. It does not change; any number of threads read it at once.
typedef uint64_t neovm_receipt;

// An item of a receipt.
typedef struct neovm_node {
    // `NEOVM_TYPE_ARRAY` and so on.
    uint32_t item_type;
    // The number of children: the items of an array or struct, or the keys and values of a map, in turn.
    uint32_t count;
    // An integer that fits; a boolean as 0 or 1; the position of a pointer.
    int64_t integer;
    // Bytes of a byte string or buffer; an integer that does not fit `integer`, as little-endian two's complement;
    // the name of an object's type.
    struct neovm_bytes bytes;
    // Positions in `nodes`. A compound that occurs several times is one node, and a cycle is one of nodes.
    const uint32_t *children;
} neovm_node;

// A notification of a receipt.
typedef struct neovm_notification {
    // The contract's hash.
    uint8_t contract[20];
    // The position of the event's values in `nodes`: an array.
    uint32_t state;
    // The name of the event, UTF-8.
    struct neovm_bytes event;
} neovm_notification;

// A message that a script logged.
typedef struct neovm_log {
    // The script's hash.
    uint8_t script_hash[20];
    // 0.
    uint32_t reserved;
    // The message, UTF-8.
    struct neovm_bytes message;
} neovm_log;

// A change to the storage. It may be to the value that is there already.
typedef struct neovm_change {
    // The key, with the id of the contract in its first four bytes, little-endian.
    struct neovm_bytes key;
    // The new value, if the entry is not deleted.
    struct neovm_bytes value;
    // 1 if the entry is deleted, otherwise 0.
    uint32_t deleted;
    // 0.
    uint32_t reserved;
} neovm_change;

// A script that ran.
typedef struct neovm_call {
    // The script's hash.
    uint8_t script_hash[20];
    // 0 for the script that was loaded first.
    uint32_t depth;
} neovm_call;

// What came of an execution, see `neovm_receipt_view`.
typedef struct neovm_receipt_data {
    // `sizeof(neovm_receipt_data)`.
    size_t size;
    // `NEOVM_OUTCOME_HALT` and so on.
    uint32_t outcome;
    // What the call-back returned that failed, or one of the codes above if it returned what makes no sense; 0 if
    // none failed.
    int32_t callback_error;
    // The gas that was consumed in picoGAS (10^-12 GAS): the lower half of 128 bits.
    uint64_t gas_pico_low;
    // The upper half.
    uint64_t gas_pico_high;
    // The gas in datoshi, rounded up; the gas limit if it does not fit, as nodes report it.
    int64_t gas_datoshi;
    // The number of instructions.
    uint64_t instructions;
    // Why it faulted or failed, UTF-8.
    struct neovm_bytes fault;
    // The position of the fault in its script, in bytes; -1 if it has no place.
    int64_t fault_position;
    // The depth of the invocation stack at the fault.
    uint32_t fault_depth;
    // The opcode there; -1 if there is none.
    int32_t fault_opcode;
    // The script that faulted.
    uint8_t fault_script[20];
    // 1 if the fault is at the end of the script, where a RET is not written; otherwise 0.
    uint32_t fault_at_end;
    // All items.
    const struct neovm_node *nodes;
    // How many.
    size_t node_count;
    // The result stack, the top last: positions in `nodes`.
    const uint32_t *stack;
    // How many.
    size_t stack_count;
    // The notifications; none after a fault.
    const struct neovm_notification *notifications;
    // How many.
    size_t notification_count;
    // The messages of scripts, also those before a fault.
    const struct neovm_log *logs;
    // How many.
    size_t log_count;
    // The changes to the storage in the order of their keys; none after a fault.
    const struct neovm_change *changes;
    // How many.
    size_t change_count;
    // The scripts that ran, if they were wanted: a tree, each node before those below it.
    const struct neovm_call *calls;
    // How many.
    size_t call_count;
    // A job file, if it was wanted: JSON.
    struct neovm_bytes file;
} neovm_receipt_data;

// The fields of a block's header that scripts can see, for hosts that do not have its bytes.
typedef struct neovm_block {
    // `sizeof(neovm_block)`.
    size_t size;
    // Milliseconds since 1970.
    uint64_t timestamp;
    // The random number of the block.
    uint64_t nonce;
    // The height.
    uint32_t index;
    // The position of the node that proposed it.
    uint32_t primary;
    // In the order of bytes that scripts see: the reverse of what people write.
    uint8_t previous_hash[32];
    // As above.
    uint8_t merkle_root[32];
    // As above.
    uint8_t next_consensus[20];
    // 0.
    uint32_t reserved;
} neovm_block;

// An execution. Members that are zero are not given.
//
// What runs is, if given: the script; the call; the witness; otherwise what `trigger` says runs: the transaction's
// script, or what native contracts do before or after a block.
typedef struct neovm_job {
    // `sizeof(neovm_job)`.
    size_t size;
    // The job as JSON, see docs/embedding.md. It stands for all members down to `call_arguments`.
    struct neovm_bytes json;
    // The gas limit, in datoshi; not negative.
    int64_t gas;
    // `NEOVM_TRIGGER_APPLICATION` and so on; 0 stands for that.
    uint32_t trigger;
    // What contains the script: `NEOVM_CONTAINER_DEFAULT` and so on.
    uint32_t container;
    // The bytes of the transaction. What does not matter to an execution need not be valid.
    struct neovm_bytes transaction;
    // The bytes of the block that is being persisted, or of its header alone.
    struct neovm_bytes block;
    // The header's fields, if `block` is not given.
    const struct neovm_block *block_fields;
    // A script.
    struct neovm_bytes script;
    // Its call flags with `NEOVM_CALL_FLAGS_GIVEN`; 0 for all of them.
    uint32_t call_flags;
    // Further results that are wanted: `NEOVM_WANT_CALLS`, `NEOVM_WANT_FILE`.
    uint32_t wanted;
    // A witness: the 20 bytes of the account.
    struct neovm_bytes witness_account;
    // Its invocation script.
    struct neovm_bytes invocation;
    // Its verification script; without one the account is a contract.
    struct neovm_bytes verification;
    // A call: the 20 bytes of the contract's hash.
    struct neovm_bytes call_contract;
    // The method.
    struct neovm_bytes call_method;
    // The arguments: a list as JSON, in the form that the RPC takes, see docs/embedding.md.
    struct neovm_bytes call_arguments;
    // The number of instructions after which the execution is stopped; 0 for no limit.
    uint64_t budget;
    // By what another thread stops the execution; 0 for nothing.
    neovm_interrupt interrupt;
} neovm_job;

// The state of a chain, which an execution only reads, and what is known of its blocks.
//
// Call-backs are called on the thread that called `neovm_run`, while it runs, with `context`. They return
// `NEOVM_SOME`, `NEOVM_NONE`, or a negative number of their own if they fail: the execution then ends with
// `NEOVM_OUTCOME_CALLBACK`, which is no fault, and no other call-back is called but `close`. They may call neovm, also
// `neovm_run`, but must not unwind or jump out (longjmp, C++ exceptions).
//
// Bytes that a call-back writes stay the host's. They are copied before another call-back is called, and need not be
// valid longer than that.
//
// Keys begin with the id of the contract in four bytes, little-endian. Reading must be consistent: what is read
// does not change during an execution.
typedef struct neovm_storage {
    // `sizeof(neovm_storage)`.
    size_t size;
    // What the call-backs get.
    void *context;
    // Writes the value of a key, if there is one. Required.
    int32_t (*get)(void *context, const uint8_t *key, size_t key_length, struct neovm_bytes *value);
    // Begins to read the entries whose keys start with `prefix`, in the order of their keys as unsigned bytes, or
    // against it if `backward` is 1. If `from` is not null it starts at that key, or behind it in the direction of
    // reading if it is not there. Writes what the other two get, and returns `NEOVM_SOME`. Required.
    int32_t (*seek)(void *context,
                    const uint8_t *prefix,
                    size_t prefix_length,
                    const uint8_t *from,
                    size_t from_length,
                    uint32_t backward,
                    void **cursor);
    // Writes the next entry, if there is one. Required.
    int32_t (*next)(void *context, void *cursor, struct neovm_bytes *key, struct neovm_bytes *value);
    // Ends reading. It is called once for each `seek` that returned `NEOVM_SOME`.
    void (*close)(void *context, void *cursor);
    // Tells which keys will be read soon, so that a host that fetches from afar can fetch them at once. Optional.
    void (*prefetch)(void *context, const struct neovm_bytes *keys, size_t count);
    // Writes hash (32 bytes) and height of the last block that was persisted. The five call-backs from here on are
    // for hosts that do not keep blocks and transactions in the storage of LedgerContract; either all of them are
    // given or none.
    int32_t (*current_block)(void *context, uint8_t *hash, uint32_t *index);
    // Writes the hash of the block at a height.
    int32_t (*block_hash)(void *context, uint32_t index, uint8_t *hash);
    // Writes the header of the block with a hash, and the hashes of its transactions, 32 bytes each.
    int32_t (*block)(void *context,
                     const uint8_t *hash,
                     struct neovm_bytes *header,
                     struct neovm_bytes *transaction_hashes);
    // Writes the transaction with a hash, and the height of its block.
    int32_t (*transaction)(void *context, const uint8_t *hash, struct neovm_bytes *transaction, uint32_t *block_index);
    // Writes the height of the last block with a transaction that conflicts with the one of a hash (32 bytes);
    // `signer` (20 bytes) is null, or the account that has signed it.
    int32_t (*conflict)(void *context, const uint8_t *hash, const uint8_t *signer, uint32_t *block_index);
} neovm_storage;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Returns the version of the ABI that the library was built with. A program that was built with a header of the
// same or a lower version can use the library.
uint32_t neovm_abi_version(void);

// Returns the version of the library, such as `0.1.0`.
const char *neovm_version(void);

// Returns what the library can do: `NEOVM_CAP_JIT` and so on.
uint64_t neovm_capabilities(void);

// Returns what a status means, in a few words that never change and are never released.
const char *neovm_status_text(int32_t status);

// Makes an engine for a network. `options` may be null.
//
// Release it by `neovm_engine_free`. An engine takes its memory as scripts come, up to the limits of its options.
int32_t neovm_engine_new(const struct neovm_engine_options *options,
                         neovm_engine *engine,
                         struct neovm_message *message);

// Releases an engine. Executions that use it go on.
int32_t neovm_engine_free(neovm_engine engine);

// Makes an interrupt, which is not set.
int32_t neovm_interrupt_new(neovm_interrupt *interrupt);

// Sets an interrupt, if `on` is not 0, or takes it back. Executions that were given it stop at their next
// instruction; one that is in the middle of a system call stops behind that. Any thread may call this.
int32_t neovm_interrupt_set(neovm_interrupt interrupt, uint32_t on);

// Releases an interrupt.
int32_t neovm_interrupt_free(neovm_interrupt interrupt);

// Makes a machine. `options` and `host` may be null. `engine` says where decoded scripts come from; its network does not
// matter.
//
// The machine belongs to the thread that calls this: on other threads its handle stands for nothing. Release it by
// `neovm_machine_free`; at the end of the thread it is released, too.
int32_t neovm_machine_new(neovm_engine engine,
                          const struct neovm_machine_options *options,
                          const struct neovm_host *host,
                          neovm_machine *machine,
                          struct neovm_message *message);

// Releases a machine and all its items. Not while it runs.
int32_t neovm_machine_free(neovm_machine machine);

// Empties a machine for another execution, and releases all its items. `options` may be null; the hardfork stays what it
// was. Not while it runs.
int32_t neovm_machine_reset(neovm_machine machine,
                            const struct neovm_machine_options *options);

// Loads a script on top of the invocation stack, with a stack of its own: what is pushed next are its arguments. In a
// call-back, it runs when that returns. `options` and `load` may be null; `load` gets a number that no other script of
// the machine has.
//
// Returns `NEOVM_ERR_FAULT` if the machine cannot take another script.
int32_t neovm_machine_load(neovm_machine machine,
                           const uint8_t *script,
                           size_t script_length,
                           const struct neovm_load_options *options,
                           uint64_t *load);

// Puts a context on the invocation stack that starts at a position of the current script and shares its stack. With
// this a host runs `_initialize` before a method.
int32_t neovm_machine_call(neovm_machine machine, size_t position);

// Runs until the execution ends or is stopped, and writes how: `NEOVM_OUTCOME_HALT` and so on. If it was stopped, it goes
// on at the next call.
int32_t neovm_machine_run(neovm_machine machine,
                          uint32_t *outcome);

// Runs one instruction, regardless of budget and interrupt, and writes how the execution ended, or 0 if it has not.
int32_t neovm_machine_step(neovm_machine machine, uint32_t *outcome);

// Sets how many instructions may run from now on; 0 for no limit.
int32_t neovm_machine_set_budget(neovm_machine machine, uint64_t instructions);

// Writes the state of a machine.
int32_t neovm_machine_view(neovm_machine machine, struct neovm_machine_data *data);

// Writes results of an execution that has ended, bottom first: `count` of them from `first` on. Numbers, booleans, byte
// strings and Null are values, everything else gets a handle.
int32_t neovm_machine_results(neovm_machine machine,
                              size_t first,
                              size_t count,
                              struct neovm_value *values);

// Pops `count` items off the stack of the current context, the top first, each as `types` says: `NEOVM_AS_INTEGER` and
// so on, as the arguments of a system call come.
//
// Returns `NEOVM_ERR_FAULT` if there are fewer, or one cannot be converted; those before it are popped. The call-back
// then returns `NEOVM_CALL_FAULT` and need not set a fault.
int32_t neovm_machine_pop(neovm_machine machine,
                          const uint8_t *types,
                          size_t count,
                          struct neovm_value *values);

// Pushes values on the stack of the current context, the last one on top.
int32_t neovm_machine_push(neovm_machine machine, const struct neovm_value *values, size_t count);

// Writes the item at a depth from the top of the current context's stack, 0 for the top. It stays there.
int32_t neovm_machine_peek(neovm_machine machine, size_t depth, struct neovm_value *value);

// Charges a fee in picoGAS. Returns `NEOVM_ERR_FAULT` if there is not so much gas: the call-back then returns
// `NEOVM_CALL_FAULT`.
int32_t neovm_machine_add_fee(neovm_machine machine, uint64_t pico);

// Says why a call-back will return `NEOVM_CALL_FAULT`: a text in UTF-8.
int32_t neovm_machine_set_fault(neovm_machine machine, const uint8_t *text, size_t text_length);

// Says what a call-back will throw by returning `NEOVM_CALL_THROW`. A script can catch it.
int32_t neovm_machine_set_exception(neovm_machine machine, const struct neovm_value *value);

// Makes an item of a value, and a handle for it.
int32_t neovm_item_new(neovm_machine machine, const struct neovm_value *value, neovm_item *item);

// Makes a compound, and a handle for it: an array or a struct of `count` values, or a map of `count` / 2 keys and values
// in turn. With `NEOVM_TYPE_BUFFER`, the one value is its bytes.
int32_t neovm_item_new_compound(neovm_machine machine,
                                uint32_t item_type,
                                const struct neovm_value *values,
                                size_t count,
                                neovm_item *item);

// Writes the type of an item, and how many children it has: 2 for each entry of a map. For a buffer or byte string
// it writes the number of bytes. `count` may be null.
int32_t neovm_item_type(neovm_machine machine, neovm_item item, uint32_t *item_type, size_t *count);

// Writes an item as a value: `as` is `NEOVM_AS_INTEGER` and so on. Returns `NEOVM_ERR_FAULT` if it cannot be converted.
int32_t neovm_item_value(neovm_machine machine,
                         neovm_item item,
                         uint8_t wanted,
                         struct neovm_value *value);

// Writes children of a compound: `count` of them from `first` on; keys and values of a map, in turn. Numbers, booleans,
// byte strings and Null are values, everything else gets a handle.
int32_t neovm_item_children(neovm_machine machine,
                            neovm_item item,
                            size_t first,
                            size_t count,
                            struct neovm_value *values);

// Changes a compound that no script holds yet: sets the item at an index of an array or struct, or appends it if the
// index is the number of items; for a map, `key` is the key. What a script holds can only be changed by scripts.
int32_t neovm_item_set(neovm_machine machine,
                       neovm_item item,
                       const struct neovm_value *key,
                       const struct neovm_value *value);

// Writes 1 if two handles stand for the same item, and not only for equal ones, otherwise 0.
int32_t neovm_item_is_same(neovm_machine machine, neovm_item first, neovm_item second, uint32_t *is_same);

// Makes a copy of an item and all that it holds, in which what was shared is shared. Cycles are copied, too.
int32_t neovm_item_copy(neovm_machine machine, neovm_item item, neovm_item *copy);

// Writes the number of an object of the host, see `NEOVM_VALUE_OBJECT`.
int32_t neovm_item_object(neovm_machine machine, neovm_item item, uint64_t *object);

// Serializes an item as StdLib does, and writes the bytes, which are valid as long as those of a value are.
int32_t neovm_item_serialize(neovm_machine machine, neovm_item item, struct neovm_bytes *serialized);

// Makes an item of bytes that were serialized, and a handle for it.
int32_t neovm_item_deserialize(neovm_machine machine, const uint8_t *serialized, size_t length, neovm_item *item);

// Makes another handle of an item, which lives until it is released or the machine is reset or freed, and not only until
// the call-back returns.
int32_t neovm_item_keep(neovm_machine machine,
                        neovm_item item,
                        neovm_item *kept);

// Releases a handle. What a call-back makes is released when it returns; outside of call-backs everything lives until it
// is released, or the machine is reset or freed.
int32_t neovm_item_release(neovm_machine machine,
                           neovm_item item);

// Writes what came of an execution. All that `data` points to belongs to the receipt, and is valid until that is
// released.
int32_t neovm_receipt_view(neovm_receipt receipt, struct neovm_receipt_data *data);

// Releases a receipt. It must not be read by another thread meanwhile.
int32_t neovm_receipt_free(neovm_receipt receipt);

// Runs a job over a storage and makes a receipt, which is to be released by `neovm_receipt_free`. Neither the storage
// nor the engine changes: the receipt lists what to write.
//
// All that the arguments point to must be there until this returns, and need not be there afterwards. Any number of
// threads may run jobs with one engine at once, and a call-back may run one, too.
//
// Whatever the script does, the result is `NEOVM_OK` and a receipt. Without a receipt, the job or the storage cannot be
// used, and `message` says why.
int32_t neovm_run(neovm_engine engine,
                  const struct neovm_job *job,
                  const struct neovm_storage *storage,
                  neovm_receipt *receipt,
                  struct neovm_message *message);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NEOVM_H */
