/*
 * Page tables of any content, under any control registers: the walk ends, stays
 * inside its arrays, and a translation it gives can be derived again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "arch/paging/paging.h"

struct input {
	uint64_t cr0, cr3, cr4, efer, rflags, pdptr[4], gva;
	uint32_t pkru, access;
	uint8_t maxphyaddr, features;
	uint8_t pad[6];
};

struct memory {
	const uint8_t *data;
	size_t size;
};

/* The input repeats up to 64 KiB, so that tables point at tables. */
static bool read_memory(void *ctx, gpa_t gpa, void *buf, size_t len,
			struct err *err)
{
	const struct memory *m = ctx;
	uint8_t *to = buf;

	if (!m->size || !range_ok(0, 65536, gpa, len))
		return err_set_fault(err, gpa, "no memory");
	for (size_t i = 0; i < len; i++)
		to[i] = m->data[(gpa + i) % m->size];
	return true;
}

static void set_up(const struct input *in, struct paging *p)
{
	struct x86_state s = {
		.cr0 = in->cr0,
		.cr3 = in->cr3,
		.cr4 = in->cr4,
		.efer = in->efer,
		.rflags = in->rflags,
		.pdptr_valid = in->features & 8,
		.fpu.pkru = in->pkru,
	};
	struct x86_cpu_info info = {
		.maxphyaddr = in->maxphyaddr,
		.amd = in->features & 1,
		.gbpages = in->features & 2,
	};

	memcpy(s.pdptr, in->pdptr, sizeof(s.pdptr));
	paging_init(p, &s, &info);
}

static void check(const struct walk *w, bool ok)
{
	char text[64];

	walk_explain(w, text, sizeof(text));
	if (w->steps > 5 || ok != (w->result == WALK_OK) || (ok && w->pfec) ||
	    !*text)
		abort();
	if (ok && (w->gpa ^ w->gva) & (w->page_size - 1))
		abort();
	if (w->steps)
		walk_explain_reserved(&w->step[w->steps - 1], text,
				      sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[300];
	struct phys_reader mem;
	struct memory m;
	struct paging p;
	struct input in;
	struct walk w;
	struct err err;
	size_t done;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	m = (struct memory){data + sizeof(in), size - sizeof(in)};
	mem = (struct phys_reader){read_memory, &m};
	set_up(&in, &p);
	check(&w, paging_walk(&p, &mem, in.gva, in.access, &w));
	if (!paging_read(&p, &mem, in.gva, bytes, sizeof(bytes), &done, &err) &&
	    done >= sizeof(bytes))
		abort();
	return 0;
}
