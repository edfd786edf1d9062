/*
 * What calls cost, in nanoseconds: costs FILE CONTRACT METHOD [DIVISOR], with a file as the example executor.c takes it.
 * A divisor makes it shorter, and the figures less exact.
 */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

#define main example_main
#include "../../examples/executor.c"
#undef main

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int32_t one_argument(void *context, neovm_machine machine, uint32_t id)
{
    const uint8_t types[] = {NEOVM_AS_INTEGER};
    neovm_value value;
    (void)context;
    (void)id;
    if (neovm_machine_pop(machine, types, 1, &value) != NEOVM_OK)
        return NEOVM_CALL_FAULT;
    return neovm_machine_push(machine, &value, 1) == NEOVM_OK ? NEOVM_CALL_OK : NEOVM_CALL_FAULT;
}

static int32_t nothing(void *context, neovm_machine machine, uint32_t id)
{
    (void)context;
    (void)machine;
    (void)id;
    return NEOVM_CALL_OK;
}

static int divisor = 1;

/* Runs a loop of 100,000 turns with a system call, or with a NOP and NOPs in its place. */
static double turns(neovm_engine engine, int calls, int32_t (*system_call)(void *, neovm_machine, uint32_t))
{
    /* PUSHINT32 100000; DUP, then SYSCALL or NOPs, DROP; DEC, DUP, JMPIF back; DROP */
    uint8_t script[] = {0x02, 0xa0, 0x86, 0x01, 0x00, 0x4a, 0x41, 1, 2, 3, 4, 0x45, 0x9d, 0x4a, 0x24, 0xf7, 0x45};
    neovm_host host = {sizeof host, NULL, system_call, NULL, NULL};
    double best = 1e18;
    int i;
    if (!calls)
        memset(script + 6, 0x21, 5);
    for (i = 0; i < (divisor > 1 ? 1 : 7); i++) {
        neovm_machine machine;
        uint32_t outcome = 0;
        double begun;
        neovm_machine_new(engine, NULL, &host, &machine, NULL);
        neovm_machine_load(machine, script, sizeof script, NULL, NULL);
        begun = now();
        neovm_machine_run(machine, &outcome);
        begun = (now() - begun) / 100000;
        if (outcome != NEOVM_OUTCOME_HALT)
            exit(1);
        best = begun < best ? begun : best;
        neovm_machine_free(machine);
    }
    return best;
}

int main(int argc, char **argv)
{
    struct store store;
    neovm_engine_options options = {0};
    neovm_engine engine;
    neovm_machine machine;
    neovm_storage storage = {0};
    neovm_job job = {0};
    neovm_receipt receipt;
    size_t length;
    uint8_t *contract;
    double begun, version, view, base;
    int i, count;

    if (argc < 4 || argc > 5 || !read_store(&store, argv[1]))
        return 2;
    if (argc == 5 && (divisor = atoi(argv[4])) < 1)
        return 2;
    options.size = sizeof options;
    options.network.data = (const uint8_t *)"private";
    options.network.length = strlen("private");
    options.compile = NEOVM_COMPILE_NEVER;
    if (neovm_engine_new(&options, &engine, NULL) != NEOVM_OK)
        return 1;
    begun = now();
    count = 10000000 / divisor;
    for (i = 0; i < count; i++)
        neovm_abi_version();
    version = (now() - begun) / count;
    neovm_machine_new(engine, NULL, NULL, &machine, NULL);
    begun = now();
    count = 1000000 / divisor;
    for (i = 0; i < count; i++)
        neovm_machine_set_budget(machine, 0);
    view = (now() - begun) / count;
    neovm_machine_free(machine);
    printf("call of a function                    %8.1f ns\n", version);
    printf("call that takes a machine             %8.1f ns\n", view);
    base = turns(engine, 0, nothing);
    printf("system call, nothing done             %8.1f ns\n", turns(engine, 1, nothing) - base);
    printf("system call, one popped, one pushed   %8.1f ns\n", turns(engine, 1, one_argument) - base);

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
    count = 10000 / divisor;
    for (i = -count / 10; i < count; i++) {
        if (i == 0)
            begun = now();
        if (neovm_run(engine, &job, &storage, &receipt, NULL) != NEOVM_OK)
            return 1;
        neovm_receipt_free(receipt);
    }
    printf("execution: a call of %-16s %8.1f ns\n", argv[3], (now() - begun) / count);
    neovm_engine_free(engine);
    return 0;
}
