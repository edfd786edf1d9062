#include "_cgo_export.h"

static int32_t get(void *context, const uint8_t *key, size_t length, neovm_bytes *value)
{
    return neovmGoGet((uintptr_t)context, (uint8_t *)key, length, value);
}

static int32_t seek(void *context, const uint8_t *prefix, size_t prefix_length, const uint8_t *from, size_t from_length,
                    uint32_t backward, void **cursor)
{
    uintptr_t number = 0;
    int32_t status = neovmGoSeek((uintptr_t)context, (uint8_t *)prefix, prefix_length, (uint8_t *)from, from_length,
                                 backward, &number);
    *cursor = (void *)number;
    return status;
}

static int32_t next(void *context, void *cursor, neovm_bytes *key, neovm_bytes *value)
{
    return neovmGoNext((uintptr_t)context, (uintptr_t)cursor, key, value);
}

static void close_cursor(void *context, void *cursor)
{
    neovmGoClose((uintptr_t)context, (uintptr_t)cursor);
}

static void prefetch(void *context, const neovm_bytes *keys, size_t count)
{
    neovmGoPrefetch((uintptr_t)context, (neovm_bytes *)keys, count);
}

static int32_t current_block(void *context, uint8_t *hash, uint32_t *index)
{
    return neovmGoCurrentBlock((uintptr_t)context, hash, index);
}

static int32_t block_hash(void *context, uint32_t index, uint8_t *hash)
{
    return neovmGoBlockHash((uintptr_t)context, index, hash);
}

static int32_t block(void *context, const uint8_t *hash, neovm_bytes *header, neovm_bytes *transactions)
{
    return neovmGoBlock((uintptr_t)context, (uint8_t *)hash, header, transactions);
}

static int32_t transaction(void *context, const uint8_t *hash, neovm_bytes *bytes, uint32_t *index)
{
    return neovmGoTransaction((uintptr_t)context, (uint8_t *)hash, bytes, index);
}

static int32_t conflict(void *context, const uint8_t *hash, const uint8_t *signer, uint32_t *index)
{
    return neovmGoConflict((uintptr_t)context, (uint8_t *)hash, (uint8_t *)signer, index);
}

int32_t neovm_go_run(neovm_engine engine, const neovm_job *job, uintptr_t run, int prefetches, int has_ledger,
                     neovm_receipt *receipt, neovm_receipt_data *data, neovm_message *message)
{
    neovm_storage storage = {sizeof storage, (void *)run, get, seek, next, close_cursor};
    int32_t status;
    if (prefetches)
        storage.prefetch = prefetch;
    if (has_ledger) {
        storage.current_block = current_block;
        storage.block_hash = block_hash;
        storage.block = block;
        storage.transaction = transaction;
        storage.conflict = conflict;
    }
    status = neovm_run(engine, job, &storage, receipt, message);
    return status == NEOVM_OK ? neovm_receipt_view(*receipt, data) : status;
}

static int32_t system_call(void *context, neovm_machine machine, uint32_t id)
{
    (void)machine;
    return neovmGoSystemCall((uintptr_t)context, id);
}

static int32_t call_token(void *context, neovm_machine machine, uint32_t token)
{
    (void)machine;
    return neovmGoCallToken((uintptr_t)context, token);
}

static int32_t unloaded(void *context, neovm_machine machine, uint64_t load, uint32_t threw)
{
    (void)machine;
    return neovmGoUnloaded((uintptr_t)context, load, threw);
}

int32_t neovm_go_machine(neovm_engine engine, const neovm_machine_options *options, uintptr_t host,
                         int has_system_call, int has_call_token, int has_unloaded, neovm_machine *machine,
                         neovm_message *message)
{
    neovm_host table = {sizeof table, (void *)host};
    if (has_system_call)
        table.system_call = system_call;
    if (has_call_token)
        table.call_token = call_token;
    if (has_unloaded)
        table.unloaded = unloaded;
    return neovm_machine_new(engine, options, &table, machine, message);
}
