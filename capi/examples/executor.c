/*
 * The executor level over a file of keys and values: calls a method of a contract, and writes back what it changed.
 *
 *     executor FILE CONTRACT METHOD
 *
 * Each line of the file is a key and a value in hexadecimal, in the order of the keys. CONTRACT has 40 digits, in the
 * order of bytes that scripts see.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neovm.h"

struct entry {
    uint8_t *key, *value;
    size_t key_length, value_length;
};

struct store {
    struct entry *entries;
    size_t count;
};

struct cursor {
    size_t next, end;
    int backward;
};

static uint8_t *from_hex(const char *text, size_t *length)
{
    size_t i, digits = strspn(text, "0123456789abcdef");
    uint8_t *bytes = malloc(digits / 2 + 1);

    for (i = 0; i < digits / 2; i++) {
        unsigned byte;
        sscanf(text + 2 * i, "%2x", &byte);
        bytes[i] = (uint8_t)byte;
    }
    *length = digits / 2;
    return bytes;
}

static int compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* The first entry whose key is not less than a key. */
static size_t find(const struct store *store, const uint8_t *key, size_t length)
{
    size_t low = 0, high = store->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct entry *entry = &store->entries[middle];
        if (compare(entry->key, entry->key_length, key, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_at(const struct store *store, size_t place, const uint8_t *key, size_t length)
{
    const struct entry *entry = &store->entries[place];
    return place < store->count && compare(entry->key, entry->key_length, key, length) == 0;
}

static int32_t get(void *context, const uint8_t *key, size_t length, neovm_bytes *value)
{
    const struct store *store = context;
    size_t place = find(store, key, length);
    if (!is_at(store, place, key, length))
        return NEOVM_NONE;
    value->data = store->entries[place].value;
    value->length = store->entries[place].value_length;
    return NEOVM_SOME;
}

static int starts_with(const struct entry *entry, const uint8_t *prefix, size_t length)
{
    return entry->key_length >= length && memcmp(entry->key, prefix, length) == 0;
}

static int32_t seek(void *context, const uint8_t *prefix, size_t prefix_length, const uint8_t *from, size_t from_length,
                    uint32_t backward, void **out)
{
    const struct store *store = context;
    size_t first = find(store, prefix, prefix_length), end = first;
    struct cursor *cursor = malloc(sizeof *cursor);

    while (end < store->count && starts_with(&store->entries[end], prefix, prefix_length))
        end++;
    if (from != NULL) {
        size_t start = find(store, from, from_length);
        if (!backward)
            first = start > end ? end : start;
        else if (start < end)
            end = is_at(store, start, from, from_length) ? start + 1 : start;
    }
    cursor->next = backward ? end : first;
    cursor->end = backward ? first : end;
    cursor->backward = (int)backward;
    *out = cursor;
    return NEOVM_SOME;
}

static int32_t next(void *context, void *position, neovm_bytes *key, neovm_bytes *value)
{
    const struct store *store = context;
    struct cursor *cursor = position;
    const struct entry *entry;

    if (cursor->next == cursor->end)
        return NEOVM_NONE;
    entry = &store->entries[cursor->backward ? --cursor->next : cursor->next++];
    key->data = entry->key;
    key->length = entry->key_length;
    value->data = entry->value;
    value->length = entry->value_length;
    return NEOVM_SOME;
}

static void close_cursor(void *context, void *cursor)
{
    (void)context;
    free(cursor);
}

static void put_hex(FILE *file, const uint8_t *bytes, size_t length)
{
    size_t i;
    for (i = 0; i < length; i++)
        fprintf(file, "%02x", bytes[i]);
}

static int read_store(struct store *store, const char *path)
{
    static char key[1 << 12], value[1 << 22];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    memset(store, 0, sizeof *store);
    while (fscanf(file, "%4095s %4194303s", key, value) == 2) {
        struct entry *entry;
        store->entries = realloc(store->entries, (store->count + 1) * sizeof *entry);
        entry = &store->entries[store->count++];
        entry->key = from_hex(key, &entry->key_length);
        /* An empty value is a dash. */
        entry->value = from_hex(value, &entry->value_length);
    }
    fclose(file);
    return 1;
}

static void write_store(const struct store *store, const neovm_receipt_data *receipt, const char *path)
{
    FILE *file = fopen(path, "w");
    size_t i = 0, change = 0;
    /* Both are in the order of their keys. */
    while (i < store->count || change < receipt->change_count) {
        const struct entry *old = &store->entries[i];
        const neovm_change *new = &receipt->changes[change];
        int order = i == store->count ? 1 : change == receipt->change_count ? -1
            : compare(old->key, old->key_length, new->key.data, new->key.length);
        const uint8_t *value = order < 0 ? old->value : new->value.data;
        size_t length = order < 0 ? old->value_length : new->value.length;
        if (order < 0 || !new->deleted) {
            put_hex(file, order < 0 ? old->key : new->key.data, order < 0 ? old->key_length : new->key.length);
            fputc(' ', file);
            put_hex(file, value, length);
            fputs(length ? "\n" : "-\n", file);
        }
        i += order <= 0;
        change += order >= 0;
    }
    fclose(file);
}

static void print_item(const neovm_receipt_data *receipt, uint32_t place)
{
    const neovm_node *node = &receipt->nodes[place];
    uint32_t i;
    switch (node->item_type) {
    case NEOVM_TYPE_INTEGER: printf("%lld", (long long)node->integer); break;
    case NEOVM_TYPE_BOOLEAN: printf("%s", node->integer ? "true" : "false"); break;
    case NEOVM_TYPE_ANY: printf("null"); break;
    case NEOVM_TYPE_BYTE_STRING: printf("\"%.*s\"", (int)node->bytes.length, (const char *)node->bytes.data); break;
    default:
        printf("[");
        for (i = 0; i < node->count; i++) {
            printf(i ? ", " : "");
            print_item(receipt, node->children[i]);
        }
        printf("]");
    }
}

int main(int argc, char **argv)
{
    struct store store;
    neovm_engine_options options = {0};
    neovm_message why = {sizeof why, 0, {0}};
    neovm_storage storage = {0};
    neovm_job job = {0};
    neovm_receipt_data data = {0};
    neovm_engine engine;
    neovm_receipt receipt;
    size_t length, i;
    uint8_t *contract;

    if (argc != 4 || !read_store(&store, argv[1])) {
        fprintf(stderr, "usage: executor FILE CONTRACT METHOD\n");
        return 2;
    }
    options.size = sizeof options;
    options.network.data = (const uint8_t *)"private";
    options.network.length = strlen("private");
    if (neovm_engine_new(&options, &engine, &why) != NEOVM_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    storage.size = sizeof storage;
    storage.context = &store;
    storage.get = get;
    storage.seek = seek;
    storage.next = next;
    storage.close = close_cursor;
    contract = from_hex(argv[2], &length);
    job.size = sizeof job;
    job.gas = 2000000000;
    job.call_contract.data = contract;
    job.call_contract.length = length;
    job.call_method.data = (const uint8_t *)argv[3];
    job.call_method.length = strlen(argv[3]);
    if (neovm_run(engine, &job, &storage, &receipt, &why) != NEOVM_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    data.size = sizeof data;
    neovm_receipt_view(receipt, &data);
    if (data.outcome == NEOVM_OUTCOME_HALT) {
        for (i = 0; i < data.stack_count; i++) {
            print_item(&data, data.stack[i]);
            printf("\n");
        }
        write_store(&store, &data, argv[1]);
    } else {
        printf("fault: %.*s\n", (int)data.fault.length, (const char *)data.fault.data);
    }
    printf("gas %lld datoshi, %zu notifications, %zu changes\n", (long long)data.gas_datoshi, data.notification_count,
           data.change_count);
    neovm_receipt_free(receipt);
    neovm_engine_free(engine);
    for (i = 0; i < store.count; i++) {
        free(store.entries[i].key);
        free(store.entries[i].value);
    }
    free(store.entries);
    free(contract);
    return 0;
}
