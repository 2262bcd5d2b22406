/* Between arch/msr_names.c and its table. */
#ifndef ARCH_MSR_TABLE_H
#define ARCH_MSR_TABLE_H

#include <stdint.h>

/* A register, or `count` of them `stride` numbers apart: '*' counts from 0. */
struct msr_row {
	uint32_t first;
	uint16_t count, stride;
	const char *name, *meaning;
};

extern const struct msr_row msr_rows[];
extern const unsigned int msr_rows_count;

#endif
