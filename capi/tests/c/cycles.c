/*
 * Items that hold themselves, made in all ways that there are, again and again: cycles FILE ROUNDS, with a file as the
 * example executor.c takes it. Fails if the memory in use grows.
 */
#include <malloc.h>

#define main example_main
#include "../../examples/executor.c"
#undef main

static void check(int32_t status, const char *what)
{
    if (status != NEOVM_OK) {
        fprintf(stderr, "%s: %s\n", what, neovm_status_text(status));
        exit(1);
    }
}

static neovm_value item_value(neovm_item item)
{
    neovm_value value = {0};
    value.kind = NEOVM_VALUE_ITEM;
    value.item = item;
    return value;
}

static neovm_item compound(neovm_machine machine, uint32_t type)
{
    neovm_item item;
    check(neovm_item_new_compound(machine, type, NULL, 0, &item), "compound");
    return item;
}

/* An array that holds a map that holds the array, and a copy of that. */
static neovm_item host_cycle(neovm_machine machine)
{
    neovm_item array = compound(machine, NEOVM_TYPE_ARRAY), map = compound(machine, NEOVM_TYPE_MAP), copy;
    neovm_value zero = {0}, of_array = item_value(array), of_map = item_value(map);

    zero.kind = NEOVM_VALUE_INTEGER;
    check(neovm_item_set(machine, array, &zero, &of_map), "set");
    check(neovm_item_set(machine, map, &zero, &of_array), "set");
    check(neovm_item_copy(machine, array, &copy), "copy");
    check(neovm_item_release(machine, copy), "release");
    check(neovm_item_release(machine, map), "release");
    return array;
}

/* Throws a cycle, or pushes one. */
static int32_t system_call(void *context, neovm_machine machine, uint32_t id)
{
    neovm_value value = item_value(host_cycle(machine));
    (void)context;
    if (id == 0) {
        check(neovm_machine_set_exception(machine, &value), "exception");
        return NEOVM_CALL_THROW;
    }
    check(neovm_machine_push(machine, &value, 1), "push");
    return NEOVM_CALL_OK;
}

/* NEWARRAY0, DUP, DUP, APPEND: an array that holds itself. */
#define CYCLE 0xc2, 0x4a, 0x4a, 0xcf

static void machines(neovm_engine engine)
{
    static const uint8_t scripts[][12] = {
        {CYCLE},                                           /* left as the result */
        {CYCLE, 0x45},                                     /* DROP: given up while it runs */
        {CYCLE, 0x38},                                     /* ABORT: a fault with it on the stack */
        {CYCLE, 0x22, 0},                                  /* JMP 0: stopped by the budget */
        {0x41, 1, 0, 0, 0},                                /* SYSCALL 1: the host's as the result */
        {0x41, 0, 0, 0, 0},                                /* SYSCALL 0: the host's as an exception that nobody catches */
        {0x3b, 8, 0, 0x41, 0, 0, 0, 0, 0x3d, 2},           /* TRY: caught, and left as the result */
    };
    static const size_t lengths[] = {4, 5, 5, 6, 5, 5, 10};
    static const uint32_t outcomes[] = {NEOVM_OUTCOME_HALT, NEOVM_OUTCOME_HALT, NEOVM_OUTCOME_FAULT, NEOVM_OUTCOME_BUDGET,
                                        NEOVM_OUTCOME_HALT, NEOVM_OUTCOME_FAULT, NEOVM_OUTCOME_HALT};
    neovm_host host = {sizeof host, NULL, system_call, NULL, NULL};
    neovm_machine_options options = {0};
    neovm_machine machine;
    size_t i;

    options.size = sizeof options;
    options.budget = 100;
    check(neovm_machine_new(engine, &options, &host, &machine, NULL), "machine");
    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint32_t outcome;
        neovm_value result;
        check(neovm_machine_load(machine, scripts[i], lengths[i], NULL, NULL), "load");
        check(neovm_machine_run(machine, &outcome), "run");
        if (outcome != outcomes[i]) {
            fprintf(stderr, "script %zu ended with outcome %u\n", i, outcome);
            exit(1);
        }
        /* The host has a handle of the result, if there is one, and releases the first one. */
        if (neovm_machine_results(machine, 0, 1, &result) == NEOVM_OK && i == 0)
            check(neovm_item_release(machine, result.item), "release");
        host_cycle(machine);
        check(neovm_machine_reset(machine, &options), "reset");
    }
    /* Released before the machine is, and not. */
    for (i = 0; i < 200; i++)
        check(neovm_item_release(machine, host_cycle(machine)), "release");
    host_cycle(machine);
    check(neovm_machine_free(machine), "free");
}

static void executions(neovm_engine engine, const neovm_storage *storage)
{
    /* NEWARRAY0, DUP, DUP, APPEND, and then nothing, DROP, ABORT or JMP. */
    static const uint8_t scripts[][6] = {{CYCLE}, {CYCLE, 0x45}, {CYCLE, 0x38}, {CYCLE, 0x22, 0}};
    static const size_t lengths[] = {4, 5, 5, 6};
    uint32_t wanted;
    size_t i;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (wanted = 0; wanted < 4; wanted++) {
            neovm_job job = {0};
            neovm_receipt receipt;
            job.size = sizeof job;
            job.gas = 100000000;
            job.budget = 100;
            job.script.data = scripts[i];
            job.script.length = lengths[i];
            job.wanted = wanted;
            check(neovm_run(engine, &job, storage, &receipt, NULL), "run");
            check(neovm_receipt_free(receipt), "free");
        }
    }
}

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

int main(int argc, char **argv)
{
    struct store store;
    neovm_engine_options options = {0};
    neovm_engine engine;
    neovm_storage storage = {0};
    int i, rounds;
    size_t used[3], first, second, each;

    if (argc != 3 || !read_store(&store, argv[1]) || (rounds = atoi(argv[2])) < 1)
        return 2;
    options.size = sizeof options;
    options.network.data = (const uint8_t *)"private";
    options.network.length = strlen("private");
    options.compile = NEOVM_COMPILE_NEVER;
    check(neovm_engine_new(&options, &engine, NULL), "engine");
    storage.size = sizeof storage;
    storage.context = &store;
    storage.get = get;
    storage.seek = seek;
    storage.next = next;
    storage.close = close_cursor;
    /* Caches fill up in the first third. What is made once later, in one of the others, is no leak. */
    for (i = 0; i < 3 * rounds; i++) {
        machines(engine);
        executions(engine, &storage);
        if ((i + 1) % rounds == 0)
            used[i / rounds] = in_use();
    }
    first = used[1] > used[0] ? used[1] - used[0] : 0;
    second = used[2] > used[1] ? used[2] - used[1] : 0;
    each = (first < second ? first : second) / (size_t)rounds;
    printf("%zu and %zu bytes more in %d rounds\n", first, second, rounds);
    neovm_engine_free(engine);
    for (i = 0; i < (int)store.count; i++) {
        free(store.entries[i].key);
        free(store.entries[i].value);
    }
    free(store.entries);
    /* One item has more. */
    return each > 16;
}
