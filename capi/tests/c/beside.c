/* Another library with symbols of the same names as those that neovm is made of. */
#include <stdio.h>

#include "neovm.h"

int blst_p1_add(void) { return 7; }
int secp256k1_ecdsa_verify(void) { return 7; }
int rustsecp256k1_v0_14_context_create(void) { return 7; }
void rust_eh_personality(void) {}

int main(void)
{
    neovm_engine engine;
    int mine = blst_p1_add() + secp256k1_ecdsa_verify() + rustsecp256k1_v0_14_context_create();
    if (mine != 21 || neovm_abi_version() != NEOVM_ABI_VERSION || neovm_engine_new(NULL, &engine, NULL) != NEOVM_OK)
        return 1;
    printf("neovm %s\n", neovm_version());
    return neovm_engine_free(engine);
}
