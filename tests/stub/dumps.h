/* Register dumps of real guests, as QEMU printed them, and their reader. */
#ifndef TESTS_STUB_DUMPS_H
#define TESTS_STUB_DUMPS_H

#include "arch/x86_state.h"
#include "tests/test.h"

extern const char dump_invalid_state[], dump_wrmsr[], dump_entry[], dump_1gib[];

void dump_read(const char *text, struct x86_state *s);

#define DUMP_CODE_MAX	 64
#define DUMP_CODE_BEFORE 20 /* of them lie before rip */

/* The bytes of the "Code=" line; returns how many, 0 without one. */
unsigned int dump_code_bytes(const char *text, uint8_t bytes[DUMP_CODE_MAX]);

#endif
