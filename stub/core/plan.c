#include "stub/core/plan.h"

#include <stdlib.h>
#include <string.h>

#include "arch/paging/iter.h"
#include "stub/core/elf.h"
#include "stub/target.h"

#define PAGE	 UINT64_C(4096)
#define UNMAPPED BIT(63)

static bool no_memory(struct err *err)
{
	return err_set(err, ERR_LIMIT, "no memory to plan the file");
}

/* False when there are too many, or no memory for more. */
static bool add_load(struct core_plan *p, gva_t vaddr, gpa_t paddr,
		     uint64_t size)
{
	struct core_load_plan *last = p->loads ? &p->load[p->loads - 1] : NULL;
	unsigned int room = p->room ? 2 * p->room : 64;
	struct core_load_plan *more;

	if (last && last->vaddr + last->size == vaddr &&
	    last->paddr + last->size == paddr) {
		last->size += size;
		return true;
	}
	if (p->loads == CORE_LOADS_MAX)
		return false;
	if (p->loads == p->room) {
		more = realloc(p->load, room * sizeof(*more));
		if (!more)
			return false;
		p->load = more;
		p->room = room;
	}
	p->load[p->loads++] = (struct core_load_plan){vaddr, paddr, size};
	return true;
}

bool core_plan_init(struct core_plan *p, struct target *t, struct err *err)
{
	struct target_region r;
	unsigned int n = 0;

	memset(p, 0, sizeof(*p));
	while (target_region(t, n, &r))
		n++;
	p->piece = calloc(n + 1, sizeof(*p->piece));
	if (!p->piece)
		return no_memory(err);
	for (unsigned int i = 0; i < n && target_region(t, i, &r); i++) {
		if (!r.ram || !r.size)
			continue;
		p->piece[p->pieces++] =
			(struct core_piece){.start = r.start, .size = r.size};
		p->memory += r.size;
		if (!add_load(p, r.start, r.start, r.size)) {
			core_plan_deinit(p);
			return no_memory(err);
		}
	}
	return true;
}

void core_plan_deinit(struct core_plan *p)
{
	free(p->piece);
	free(p->load);
	memset(p, 0, sizeof(*p));
}

/* ---- linear addresses ---- */

/* What of a run is memory that the file has. */
static bool add_run(struct core_plan *p, gva_t vaddr, gpa_t gpa, uint64_t size)
{
	for (unsigned int i = 0; i < p->pieces; i++) {
		const struct core_piece *m = &p->piece[i];
		gpa_t first = max_u64(gpa, m->start);
		gpa_t end = min_u64(gpa + size, m->start + m->size);

		if (first < end &&
		    !add_load(p, vaddr + (first - gpa), first, end - first))
			return false;
	}
	return true;
}

static void add_runs(struct core_plan *p, struct paging_iter *it)
{
	struct paging_run run;

	while (paging_iter_next(it, &run)) {
		uint64_t size = run.last - run.start + 1;

		if (run.kind != RUN_PAGES)
			continue;
		if (run.repeats) /* one page at many places: name the first */
			size = run.page_size;
		if (size && size <= UINT64_MAX - run.gpa &&
		    !add_run(p, run.start, run.gpa, size)) {
			p->cut = true;
			p->cut_at = run.start;
			return;
		}
	}
	if (it->cut) {
		p->cut = true;
		p->cut_at = paging_iter_at(it);
	}
}

static int by_paddr(const void *a, const void *b)
{
	const struct core_load_plan *x = a, *y = b;

	return x->paddr < y->paddr ? -1 : x->paddr > y->paddr;
}

/* Memory that no linear address reaches. */
static bool add_unmapped(struct core_plan *p)
{
	unsigned int n = p->loads, k = 0;
	struct core_load_plan *sorted = malloc((n + 1) * sizeof(*sorted));
	bool ok = sorted != NULL;

	if (!ok)
		return false;
	if (n)
		memcpy(sorted, p->load, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_paddr);
	for (unsigned int i = 0; ok && i < p->pieces; i++) {
		gpa_t at = p->piece[i].start, end = at + p->piece[i].size;

		for (; k < n && sorted[k].paddr < end; k++) {
			if (sorted[k].paddr > at)
				ok = ok && add_load(p, at | UNMAPPED, at,
						    sorted[k].paddr - at);
			at = max_u64(at, sorted[k].paddr + sorted[k].size);
		}
		if (at < end)
			ok = ok && add_load(p, at | UNMAPPED, at, end - at);
	}
	free(sorted);
	return ok;
}

bool core_plan_linear(struct core_plan *p, struct target *t, unsigned int vcpu,
		      struct err *err)
{
	struct paging_iter *it;
	struct x86_view view;

	if (!target_view(t, vcpu, &view, err))
		return false;
	it = malloc(sizeof(*it));
	if (!it)
		return no_memory(err);
	p->loads = 0;
	paging_iter_init(it, &view.paging, &view.mem, 0, UINT64_MAX);
	add_runs(p, it);
	free(it);
	return add_unmapped(p) || err_set(err, ERR_LIMIT,
					  "the linear addresses of vCPU %u are "
					  "in too many pieces "
					  "for one file; save it by physical "
					  "address",
					  vcpu);
}

/* ---- the file ---- */

static size_t head_size(const struct core_plan *p)
{
	return wire_size(&elf64_ehdr_layout, 1) +
	       (p->loads + 1) * wire_size(&elf64_phdr_layout, 1);
}

void core_plan_place(struct core_plan *p, uint64_t notes)
{
	uint64_t at = head_size(p);

	p->notes_at = at;
	at += notes;
	for (unsigned int i = 0; i < p->pieces; i++) {
		at = (at + PAGE - 1) & ~(PAGE - 1);
		p->piece[i].offset = at;
		at += p->piece[i].size;
	}
	p->size = at;
}

static uint64_t offset_of(const struct core_plan *p, gpa_t gpa)
{
	for (unsigned int i = 0; i < p->pieces; i++)
		if (range_ok(p->piece[i].start, p->piece[i].size, gpa, 1))
			return p->piece[i].offset + (gpa - p->piece[i].start);
	return 0; /* not reached: loads were made of pieces */
}

static void put_load(const struct core_plan *p, const struct core_load_plan *l,
		     struct buf *out)
{
	const struct elf_phdr h = {.type = ELF_PT_LOAD,
				   .flags = ELF_PF_RWX,
				   .offset = offset_of(p, l->paddr),
				   .vaddr = l->vaddr,
				   .paddr = l->paddr,
				   .filesz = l->size,
				   .memsz = l->size};

	wire_put(out, &elf64_phdr_layout, &h, NULL);
}

void core_plan_put_head(const struct core_plan *p, uint64_t notes,
			struct buf *out)
{
	const struct elf_ehdr e = {
		.ident = {0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_LSB, 1},
		.type = ELF_CORE,
		.machine = ELF_X86_64,
		.version = 1,
		.phoff = wire_size(&elf64_ehdr_layout, 1),
		.ehsize = (uint16_t)wire_size(&elf64_ehdr_layout, 1),
		.phentsize = (uint16_t)wire_size(&elf64_phdr_layout, 1),
		.phnum = (uint16_t)(p->loads + 1),
	};
	const struct elf_phdr note = {.type = ELF_PT_NOTE,
				      .offset = p->notes_at,
				      .filesz = notes,
				      .memsz = notes};

	wire_put(out, &elf64_ehdr_layout, &e, NULL);
	wire_put(out, &elf64_phdr_layout, &note, NULL);
	for (unsigned int i = 0; i < p->loads; i++)
		put_load(p, &p->load[i], out);
}
