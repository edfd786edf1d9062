/* The machine level: runs a script that asks its host for the time, and prints what it leaves. */
#include <stdio.h>
#include <string.h>

#include "neovm.h"

/* System.Runtime.GetTime: an id is the first four bytes of the SHA-256 of the name. */
#define GET_TIME 0x0388c3b7u

static int32_t system_call(void *context, neovm_machine machine, uint32_t id)
{
    const char *unknown = "there is no such system call";
    neovm_value now = {0};

    if (id != GET_TIME) {
        neovm_machine_set_fault(machine, (const uint8_t *)unknown, strlen(unknown));
        return NEOVM_CALL_FAULT;
    }
    /* 2^3 units at 30 datoshi, in picoGAS. */
    if (neovm_machine_add_fee(machine, 8 * 300000) != NEOVM_OK)
        return NEOVM_CALL_FAULT;
    now.kind = NEOVM_VALUE_INTEGER;
    now.integer = *(const int64_t *)context;
    return neovm_machine_push(machine, &now, 1) == NEOVM_OK ? NEOVM_CALL_OK : NEOVM_CALL_FAULT;
}

int main(void)
{
    /* SYSCALL System.Runtime.GetTime, PUSHINT16 1000, DIV */
    const uint8_t script[] = {0x41, 0xb7, 0xc3, 0x88, 0x03, 0x01, 0xe8, 0x03, 0xa1};
    int64_t time = 1700000000000;
    neovm_engine engine;
    neovm_machine machine;
    neovm_message why = {sizeof why, 0, {0}};
    neovm_host host = {sizeof host, &time, system_call, NULL, NULL};
    neovm_machine_data state = {0};
    neovm_value result;
    uint32_t outcome;

    if (neovm_engine_new(NULL, &engine, &why) != NEOVM_OK
        || neovm_machine_new(engine, NULL, &host, &machine, &why) != NEOVM_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    neovm_machine_load(machine, script, sizeof script, NULL, NULL);
    neovm_machine_run(machine, &outcome);
    state.size = sizeof state;
    neovm_machine_view(machine, &state);
    if (outcome != NEOVM_OUTCOME_HALT) {
        fprintf(stderr, "%.*s\n", (int)state.fault.length, (const char *)state.fault.data);
        return 1;
    }
    neovm_machine_results(machine, 0, 1, &result);
    printf("result %lld, gas %llu picoGAS\n", (long long)result.integer, (unsigned long long)state.gas_pico_low);
    neovm_machine_free(machine);
    neovm_engine_free(engine);
    return 0;
}
