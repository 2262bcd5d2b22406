#include "arch/desc/tss.h"

#include <stdio.h>
#include <string.h>

static const struct tss_field fields16[] = {
	{"link", 0, 2},	  {"sp0", 2, 2},  {"ss0", 4, 2},  {"sp1", 6, 2},
	{"ss1", 8, 2},	  {"sp2", 10, 2}, {"ss2", 12, 2}, {"ip", 14, 2},
	{"flags", 16, 2}, {"ax", 18, 2},  {"cx", 20, 2},  {"dx", 22, 2},
	{"bx", 24, 2},	  {"sp", 26, 2},  {"bp", 28, 2},  {"si", 30, 2},
	{"di", 32, 2},	  {"es", 34, 2},  {"cs", 36, 2},  {"ss", 38, 2},
	{"ds", 40, 2},	  {"ldt", 42, 2}, {NULL, 0, 0},
};

static const struct tss_field fields32[] = {
	{"link", 0, 2},	   {"esp0", 4, 4},   {"ss0", 8, 2},
	{"esp1", 12, 4},   {"ss1", 16, 2},   {"esp2", 20, 4},
	{"ss2", 24, 2},	   {"cr3", 28, 4},   {"eip", 32, 4},
	{"eflags", 36, 4}, {"eax", 40, 4},   {"ecx", 44, 4},
	{"edx", 48, 4},	   {"ebx", 52, 4},   {"esp", 56, 4},
	{"ebp", 60, 4},	   {"esi", 64, 4},   {"edi", 68, 4},
	{"es", 72, 2},	   {"cs", 76, 2},    {"ss", 80, 2},
	{"ds", 84, 2},	   {"fs", 88, 2},    {"gs", 92, 2},
	{"ldt", 96, 2},	   {"trap", 100, 2}, {"iomap_base", 102, 2},
	{NULL, 0, 0},
};

static const struct tss_field fields64[] = {
	{"rsp0", 4, 8},	 {"rsp1", 12, 8},	 {"rsp2", 20, 8},
	{"ist1", 36, 8}, {"ist2", 44, 8},	 {"ist3", 52, 8},
	{"ist4", 60, 8}, {"ist5", 68, 8},	 {"ist6", 76, 8},
	{"ist7", 84, 8}, {"iomap_base", 102, 2}, {NULL, 0, 0},
};

const struct tss_field *tss_fields(unsigned int width)
{
	switch (width) {
	case 16:
		return fields16;
	case 32:
		return fields32;
	default:
		return fields64;
	}
}

unsigned int tss_width(const struct x86_state *s)
{
	uint32_t attr = s->seg[X86_TR].attr;

	if ((attr & (X86_AR_UNUSABLE | X86_AR_S)) || !(attr & X86_AR_P))
		return 0;
	switch (attr & X86_AR_TYPE & ~(uint32_t)DESC_TYPE_BUSY) {
	case 1:
		return s->efer & X86_EFER_LMA ? 0 : 16;
	case 9:
		return s->efer & X86_EFER_LMA ? 64 : 32;
	default:
		return 0;
	}
}

/* Bytes of the format, without what an operating system appends. */
static uint32_t tss_size(unsigned int width)
{
	return width == 16 ? 44 : TSS_MAX;
}

bool tss_fetch(const struct x86_view *v, struct tss *tss, struct err *err)
{
	const struct x86_seg *tr = &v->s->seg[X86_TR];
	struct tss new = {.width = tss_width(v->s)};

	if (!new.width)
		return err_set(err, ERR_STATE,
			       "TR (selector 0x%04x, access rights 0x%x) "
			       "refers to no task-state segment",
			       tr->sel & 0xffff, tr->attr);
	new.have = tss_size(new.width);
	if (tr->limit < new.have - 1)
		new.have = tr->limit + 1;
	if (!view_read(v, tr->base, new.bytes, new.have, err))
		return err_prefix(err, "the TSS");
	*tss = new;
	return true;
}

bool tss_get(const struct tss *tss, const char *name, uint64_t *value)
{
	const struct tss_field *f;
	uint64_t v = 0;

	for (f = tss_fields(tss->width); f->name; f++)
		if (!strcmp(f->name, name))
			break;
	if (!f->name || !range_ok(0, tss->have, f->offset, f->size))
		return false;
	memcpy(&v, tss->bytes + f->offset, f->size);
	*value = v;
	return true;
}

bool tss_stack(const struct tss *tss, unsigned int cpl, unsigned int ist,
	       uint16_t *ss, uint64_t *sp, struct err *err)
{
	const char *prefix = tss->width == 16	? "sp"
			     : tss->width == 32 ? "esp"
						: "rsp";
	char sp_name[8], ss_name[8];
	uint64_t stack, selector = 0;

	snprintf(sp_name, sizeof(sp_name), "%s%u", ist ? "ist" : prefix,
		 (ist ? ist : cpl) & 7);
	snprintf(ss_name, sizeof(ss_name), "ss%u", cpl & 3);
	if (!tss_get(tss, sp_name, &stack) ||
	    (tss->width < 64 && !tss_get(tss, ss_name, &selector)))
		return err_set(err, ERR_RANGE,
			       "%s of the %u-bit TSS lies beyond TR's limit, "
			       "which leaves %u bytes",
			       sp_name, tss->width, tss->have);
	*ss = (uint16_t)selector;
	*sp = stack;
	return true;
}
