/*
 * The lines of dump_vmcs() and dump_vmcb(), as one table each: the printer
 * fills them in and the importer matches them, so that both know the same
 * text.
 *
 * In `text`, % and a letter stand for the next field's value: %2, %4, %5 and
 * %8 are that many hexadecimal digits, %q is 16 of them, %p a pointer, %d a
 * decimal number.  Blanks match any number of blanks, none included.
 *
 * A listing needs not have every field of a line that has VMCS_LINE_ALWAYS:
 * older forms of the line lack some.
 */
#ifndef ARCH_VMCS_LAYOUT_H
#define ARCH_VMCS_LAYOUT_H

#include "arch/vmcs/vmcs.h"

#define VMCS_LINE_FIELDS 7

enum vmcs_section {
	VMCS_S_HEAD,
	VMCS_S_GUEST, /* a VMCB's save area */
	VMCS_S_HOST,
	VMCS_S_CONTROL,
};

enum {
	VMCS_LINE_HEAD = 1 << 0,   /* a listing starts here */
	VMCS_LINE_TITLE = 1 << 1,  /* starts its section */
	VMCS_LINE_ALWAYS = 1 << 2, /* every kernel prints it */
	VMCS_LINE_INPUT = 1 << 3,  /* other kernels' form: never printed */
	VMCS_LINE_FIRST = 1 << 4,  /* stands once, near a listing's start */
	VMCS_LINE_LIST = 1 << 5,   /* the title of a list of MSRs */
};

struct vmcs_line {
	uint8_t section, flags;
	uint8_t nfields;
	const char *text;
	uint16_t field[VMCS_LINE_FIELDS];
};

/* In the order they are printed. */
extern const struct vmcs_line vmcs_lines[], vmcb_lines[];
extern const unsigned int vmcs_line_count, vmcb_line_count;

/* The table of a kind, and how many lines it has. */
const struct vmcs_line *vmcs_layout(enum vmcs_kind kind, unsigned int *count);

/* Every kernel prints this line, and the model has none of its fields. */
bool vmcs_line_missing(const struct vmcs_model *m, const struct vmcs_line *l);

#endif
