/*
 * Between the engine (check.c) and the tables of checks (check_*.c).
 *
 * A check is a row: which section of the manual has it, the rule in words, and
 * a function that looks.  The function asks for fields with check_get(), which
 * fails the row as "could not be made" where one is not known, and reports
 * what it finds with check_fail().
 */
#ifndef ARCH_VMCS_CHECK_H
#define ARCH_VMCS_CHECK_H

#include "arch/vmcs/impl.h"

enum check_section {
	CHECK_CONTROLS,
	CHECK_REGISTERS,
	CHECK_SEGMENTS,
	CHECK_SEGMENTS_KVM, /* those that KVM makes too; see is_emulated() */
	CHECK_TABLES,
	CHECK_RIP,
	CHECK_RIP_KVM,
	CHECK_NON_REGISTER,
	CHECK_PDPTES,
	CHECK_VMRUN,
	CHECK_INJECTION,
};

struct check;

struct vmcs_check_row {
	uint8_t section;     /* enum check_section */
	const char *subject; /* "CS.attr": what the skipped list names */
	const char *rule;    /* "D/B must be 0 when ..." */
	void (*run)(struct check *c, unsigned int arg);
	unsigned int arg;
};

/* Ended by a NULL rule. */
extern const struct vmcs_check_row vmx_register_checks[], vmx_segment_checks[],
	vmx_state_checks[], svm_checks[];

/* The value of a field; false when it is not known. */
bool check_get(struct check *c, unsigned int field, uint64_t *value);

/* The row cannot be made for want of this field, though it has a value. */
void check_lack(struct check *c, unsigned int field);

/*
 * The row is about something that only counts while `state` (1 yes, 0 no, -1
 * not known) holds.  False: it does not, go no further.  When it is not known,
 * a violation is reported as conditional on `what`.
 */
bool check_if(struct check *c, int state, const char *what);

/* The row's rule is violated by this field; the text says what satisfies it. */
void check_fail(struct check *c, unsigned int field, const char *fmt, ...)
	PRINTF(3, 4);

const struct vmcs_model *check_model(const struct check *c);

/* ---- facts that several rows hang on: 1 yes, 0 no, -1 not known ---- */

int check_entry_control(const struct vmcs_model *m, uint32_t bit);
int check_unrestricted(const struct vmcs_model *m);
int check_ept(const struct vmcs_model *m);
int check_v8086(const struct vmcs_model *m);
bool check_usable(const struct vmcs_model *m, unsigned int segment);

/* Is it canonical for this many bits of linear address? */
bool check_canonical_for(uint64_t value, unsigned int bits);
/* Report the field when it is not canonical on the processor. */
void check_canonical(struct check *c, unsigned int field, uint64_t value);

#endif
