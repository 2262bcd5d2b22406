/* The task-state segment: stacks and the I/O permission bitmap. */
#include <inttypes.h>
#include <string.h>

#include "arch/desc/gate_check.h"
#include "arch/desc/tss.h"
#include "arch/show/tables.h"

#define IO_BITMAP_BYTES 8192u
#define RANGES_MAX	32u

/* Does the field hold a stack pointer, and is it one the processor uses? */
static bool is_stack(const char *name)
{
	return !strncmp(name, "rsp", 3) || !strncmp(name, "ist", 3) ||
	       !strcmp(name, "esp0") || !strcmp(name, "esp1") ||
	       !strcmp(name, "esp2") || !strcmp(name, "sp0") ||
	       !strcmp(name, "sp1") || !strcmp(name, "sp2");
}

/* In a legacy TSS esp0 is relative to ss0's base, which is 0 in practice. */
static void put_stack(struct buf *out, const struct x86_view *v,
		      const struct tss *tss, const char *name, uint64_t sp)
{
	char text[200], ss_name[] = "ss0";
	uint64_t ss;
	struct desc d;
	struct err err;

	if (!sp) {
		buf_str(out, "  not set");
		return;
	}
	if (tss->width < 64) {
		ss_name[2] = name[strlen(name) - 1];
		if (!tss_get(tss, ss_name, &ss) ||
		    !desc_fetch(v, (uint16_t)ss, &d, &err)) {
			buf_printf(out, "  BAD: its %s: no descriptor",
				   ss_name);
			return;
		}
		sp = (uint32_t)(sp + d.base);
	} else {
		sp &= ~UINT64_C(15);
	}
	if (stack_check(v, sp, 48, text, sizeof(text)))
		buf_printf(out, "  writable, %s", text);
	else
		buf_printf(out, "  BAD: %s", text);
}

static void put_fields(struct buf *out, const struct x86_view *v,
		       const struct tss *tss)
{
	const struct tss_field *f;
	uint64_t value;

	for (f = tss_fields(tss->width); f->name; f++) {
		buf_printf(out, "  %-10s  ", f->name);
		if (!tss_get(tss, f->name, &value)) {
			buf_str(out, "beyond TR's limit: using it gives #TS\n");
			continue;
		}
		buf_printf(out, "%0*" PRIx64, f->size * 2, value);
		if (is_stack(f->name))
			put_stack(out, v, tss, f->name, value);
		buf_byte(out, '\n');
	}
}

/* Ports whose bit is 0, as ranges; port n is bit n of the bitmap. */
static void put_ports(struct buf *out, const uint8_t *map, uint32_t ports)
{
	unsigned int ranges = 0;
	uint32_t at = 0, end;

	buf_str(out, "ports allowed at any CPL:");
	while (at < ports && ranges <= RANGES_MAX) {
		if (map[at / 8] >> (at % 8) & 1) {
			at++;
			continue;
		}
		for (end = at; end + 1 < ports; end++)
			if (map[(end + 1) / 8] >> ((end + 1) % 8) & 1)
				break;
		if (ranges == RANGES_MAX)
			buf_str(out, " ...");
		else if (end > at)
			buf_printf(out, " 0x%x-0x%x", at, end);
		else
			buf_printf(out, " 0x%x", at);
		ranges++;
		at = end + 1;
	}
	buf_str(out, ranges ? "\n" : " none\n");
}

static void put_bitmap(struct buf *out, const struct x86_view *v,
		       const struct tss *tss)
{
	const struct x86_seg *tr = &v->s->seg[X86_TR];
	uint8_t map[IO_BITMAP_BYTES];
	uint64_t base;
	uint32_t len;
	struct err err;

	if (!tss_get(tss, "iomap_base", &base))
		return;
	if (base >= tr->limit) {
		buf_printf(out,
			   "no I/O permission bitmap: it would begin at 0x%x, "
			   "and TR's limit is 0x%x\n",
			   (unsigned int)base, tr->limit);
		return;
	}
	if (base < TSS_MAX)
		buf_printf(out,
			   "BAD: iomap_base 0x%x lies inside the TSS: its "
			   "fields count as permissions\n",
			   (unsigned int)base);
	/* A check reads two bytes, so the last one only ends the map. */
	len = (uint32_t)min_u64(tr->limit - base, IO_BITMAP_BYTES);
	buf_printf(out, "I/O permission bitmap of %u bytes; ", len);
	if (view_read(v, tr->base + base, map, len, &err))
		put_ports(out, map, len * 8);
	else
		buf_printf(out, "cannot be read: %s\n", err.msg);
}

bool show_tss(struct buf *out, const struct x86_view *v, struct err *err)
{
	const struct x86_seg *tr = &v->s->seg[X86_TR];
	struct tss tss;

	if (!tss_fetch(v, &tss, err))
		return false;
	buf_printf(out, "%u-bit TSS at 0x%" PRIx64 ", limit 0x%x (TR %04x)\n",
		   tss.width, tr->base, tr->limit, tr->sel & 0xffff);
	put_fields(out, v, &tss);
	put_bitmap(out, v, &tss);
	return true;
}
