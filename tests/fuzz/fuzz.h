/*
 * A fuzz target is a file tests/fuzz/NAME_fuzz.c with this one function, in
 * libFuzzer's shape; seeds are files in tests/fuzz/corpus/NAME/.  It must
 * neither crash nor leak, whatever the bytes, and keep no state between calls.
 * `make fuzz` and `make check` find and run it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0; -1 keeps the input out of the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
