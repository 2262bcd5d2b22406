/* Between the arch/cpuid_*.c files that print. */
#ifndef ARCH_CPUID_IMPL_H
#define ARCH_CPUID_IMPL_H

#include "arch/cpuid_text.h"

/* Words separated by blanks, in lines of at most 78 columns. */
struct wrap {
	struct buf *out;
	unsigned int indent, column;
};

void wrap_start(struct wrap *w, struct buf *out, unsigned int indent);
void wrap_word(struct wrap *w, const char *word);
void wrap_end(struct wrap *w);

const char *cpuid_reg_name(enum cpuid_reg reg);

/* "core" for domain type 2 ...; "package" for what contains them all. */
const char *cpuid_level_name(uint32_t type);

/* 12 characters: EBX EDX ECX of leaf 0, EBX ECX EDX of a hypervisor's. */
void cpuid_vendor(const struct x86_cpuid_entry *e, bool in_order, char to[13]);

/* "family 6 (0x6), model 85 (0x55), stepping 4" */
void cpuid_print_model(uint32_t eax, struct buf *out);

#endif
