/*
 * The target description: which registers a debugger is told of, in which
 * order, with which types (GDB manual, "Target Descriptions").
 *
 * It is read from one XML file a feature: xml/64bit-*.xml, which are compiled
 * in, or files of the same names in a directory of the user's.  Each register
 * must be one of reg_table, with the same size.  A register's number is its
 * place in the documents unless a regnum attribute restarts the count, which
 * is gdb's own rule.
 *
 * Beside the description of 64-bit code there are those of 32- and 16-bit code,
 * xml/32bit-*.xml, always the compiled-in ones.  They differ from each other in
 * the architecture that they name.  Their g packet is shorter: a client must
 * get the registers by the description that it has read.
 *
 * A struct tdesc does not change once loaded.
 */
#ifndef XML_TDESC_H
#define XML_TDESC_H

#include <stddef.h>

#include "arch/regs.h"
#include "base/err.h"

#define TDESC_MAX_REGNUM 1023

struct tdesc_reg {
	const char *name; /* def->name */
	unsigned int regnum;
	unsigned int bits;
	const struct reg_def *def;
	size_t g_offset; /* bytes into the g packet */
};

/* The kind of code that a description is for. */
enum tdesc_code {
	TDESC_64,
	TDESC_32,
	TDESC_16,
};
#define TDESC_CODES 3

struct tdesc;

/*
 * Read the features that a CPU with `info` has from directory `dir`, or the
 * compiled-in ones when it is NULL.  An error in a file names the file, the
 * line and the column.
 */
bool tdesc_load(const char *dir, const struct x86_cpu_info *info,
		struct tdesc **t, struct err *err) MUST_CHECK;
void tdesc_free(struct tdesc *t); /* NULL is fine */

/* Of those that tdesc_load() made together, the one for this code; t's own. */
const struct tdesc *tdesc_for(const struct tdesc *t, enum tdesc_code code);
enum tdesc_code tdesc_code(const struct tdesc *t);

/* target.xml: one document without includes.  Valid as long as t. */
const char *tdesc_xml(const struct tdesc *t, size_t *len);

/* One more than the largest register number; there are gaps below it. */
unsigned int tdesc_reg_count(const struct tdesc *t);
/* NULL for a number that no register has. */
const struct tdesc_reg *tdesc_reg(const struct tdesc *t, unsigned int regnum);
const struct tdesc_reg *tdesc_find(const struct tdesc *t, const char *name);

/*
 * Bytes of a g packet: the registers in order of number, without gaps, all but
 * those of the system feature, which are read one by one.
 */
size_t tdesc_g_size(const struct tdesc *t);

#endif
