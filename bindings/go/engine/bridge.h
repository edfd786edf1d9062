/* What the package needs in C: tables of call-backs that lead to Go. */
#ifndef NEOVM_GO_BRIDGE_H
#define NEOVM_GO_BRIDGE_H

#if defined(__has_include)
#if !__has_include(<neovm.h>)
#error "there is no neovm.h: make the library by `capi/package.sh DIR`, and set PKG_CONFIG_PATH=DIR/lib/pkgconfig"
#endif
#endif
#include <neovm.h>

#if NEOVM_ABI_VERSION < 1
#error "neovm.h is older than this package"
#endif

/* Runs a job over the storage of a run, which a handle of Go stands for, and shows the receipt. */
int32_t neovm_go_run(neovm_engine engine, const neovm_job *job, uintptr_t run, int prefetches, int has_ledger,
                     neovm_receipt *receipt, neovm_receipt_data *data, neovm_message *message);

/* Makes a machine whose call-backs lead to a handle of Go. */
int32_t neovm_go_machine(neovm_engine engine, const neovm_machine_options *options, uintptr_t host, int has_system_call,
                         int has_call_token, int has_unloaded, neovm_machine *machine, neovm_message *message);

#endif
