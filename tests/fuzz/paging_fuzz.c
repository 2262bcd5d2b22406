/*
 * Page tables of any content, under any control registers: the walk ends, stays
 * inside its arrays, and a translation it gives can be derived again; the
 * iterator says of every run's ends what the walk says; every text ends.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "arch/paging/explain.h"
#include "arch/paging/maps.h"

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
	if (ok && (w->gpa ^ w->linear) & (w->page_size - 1))
		abort();
	if (w->steps)
		walk_explain_reserved(&w->step[w->steps - 1], text,
				      sizeof(text));
}

#define TABLES 32 /* for the iterator to go through */

static void check_end(const struct paging *p, const struct phys_reader *mem,
		      const struct paging_run *run, gva_t gva)
{
	uint64_t offset = gva - run->start;
	struct walk w;
	bool ok = paging_walk(p, mem, gva, ACCESS_DEBUG | ACCESS_FETCH, &w);

	if (run->repeats)
		offset &= run->page_size - 1;
	if (ok != (run->kind == RUN_PAGES))
		abort();
	if (ok && (w.gpa != run->gpa + offset || w.writable != run->writable ||
		   w.user != run->user || w.executable != run->executable))
		abort();
}

static void check_runs(const struct paging *p, const struct phys_reader *mem,
		       gva_t first, gva_t last)
{
	static struct paging_iter it;
	struct paging_run run;
	gva_t before = 0;

	paging_iter_init(&it, p, mem, first, last);
	it.limit = TABLES;
	for (bool any = false; paging_iter_next(&it, &run); any = true) {
		if (run.last < run.start || (any && run.start <= before))
			abort();
		before = run.last;
		if (p->mode == PAGING_NONE)
			return;
		check_end(p, mem, &run, run.start);
		check_end(p, mem, &run, run.last);
	}
}

static bool owner(void *ctx, gpa_t gpa, uint64_t *same, struct buf *name)
{
	*same = 0x3000 - gpa % 0x3000;
	if (name)
		buf_str(name, "owner");
	return gpa / 0x3000 % 2;
}

static void print_all(const struct paging *p, const struct phys_reader *mem,
		      const struct input *in)
{
	const struct x86_cpu_info host = {
		.maxphyaddr = in->pad[0],
		.gbpages = in->features & 4,
		.amd = in->features & 16,
	};
	const struct walk_rules rules = {
		.guest = p,
		.supported = &host,
		.host = &host,
		.two_dimensional = in->pad[1] % 3 - 1,
		.has_pat = true,
		.pat = in->cr0 << 32 | in->cr4,
	};
	const struct maps_options options = {.max_lines = 50,
					     .has_pat = true,
					     .pat = rules.pat,
					     .split = in->features & 32,
					     .owner = owner};
	static struct paging_iter it;
	struct buf out = BUF_INIT;
	struct maps_end end;
	struct walk w;

	walk_tell(&rules, mem, in->gva, in->access, &w, &out);
	walk_advise(&rules, &w, &out);
	paging_iter_init(&it, p, mem, 0, UINT64_MAX);
	it.limit = TABLES;
	maps_print_proc(&it, 50, &out);
	if (p->mode != PAGING_NONE) {
		for (int list = 0; list < 3; list++) {
			paging_iter_init(&it, p, mem, 0, UINT64_MAX);
			it.limit = TABLES;
			if (list)
				paging_iter_compare(&it, &host);
			if (list == 0)
				maps_print_qemu_mem(&it, 50, &out, &end);
			else if (list == 1)
				maps_print_qemu_tlb(&it, 50, &out, &end);
			else
				maps_print(&it, &options, &out, &end);
		}
	}
	if (!out.len)
		abort();
	buf_deinit(&out);
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
	check_runs(&p, &mem, 0, UINT64_MAX);
	check_runs(&p, &mem, min_u64(in.gva, in.cr3), max_u64(in.gva, in.cr3));
	print_all(&p, &mem, &in);
	return 0;
}
