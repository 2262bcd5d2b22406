/*
 * Plain ELF64 executable, no boot protocol: entered at e_entry in 64-bit mode
 * with the first 4 GiB identity-mapped and each segment mapped where it was
 * linked (p_vaddr) as well.
 */
#include <elf.h>
#include <inttypes.h>

#include "base/bits.h"
#include "vmm/boot/cpu.h"
#include "vmm/boot/paging.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/lowmem.h"

#define PAGE	   UINT64_C(4096)
#define STACK_SIZE 0x1000

/*
 * A segment needs a mapping of its own when the identity does not do.  One
 * linked below 1 MiB but loaded elsewhere stays out: Linux's per-CPU template
 * is linked at 0, and our GDT has to stay reachable there.
 */
static bool needs_map(const struct elf_segment *s)
{
	if (s->type != PT_LOAD || !s->memsz || s->vaddr < LOW_END)
		return false;
	return s->vaddr != s->paddr || s->paddr >= GUEST_HOLE_END;
}

static bool collect_maps(const struct elf *e, struct boot_map *map,
			 unsigned int *maps, struct err *err)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < e->phnum; i++) {
		struct elf_segment s;

		if (!elf_segment(e, i, &s, err))
			return false;
		if (!needs_map(&s))
			continue;
		if ((s.vaddr ^ s.paddr) & (PAGE - 1))
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: program header %u: p_vaddr "
				       "0x%" PRIx64 " and p_paddr 0x%" PRIx64
				       " differ within a page, so no page "
				       "table can map it",
				       e->name, i, s.vaddr, s.paddr);
		/* loader_elf() has claimed each, so there are few enough */
		map[n++] = (struct boot_map){s.vaddr, s.paddr, s.memsz};
	}
	*maps = n;
	return true;
}

static bool entry_mapped(const struct loader *l, uint64_t entry,
			 const struct boot_map *map, unsigned int maps)
{
	for (unsigned int i = 0; i < maps; i++)
		if (range_ok(map[i].vaddr, map[i].len - 1, entry, 0))
			return true;
	return entry < GUEST_HOLE_END && guest_mem_is_ram(l->mem, entry, 1);
}

static bool enter(struct loader *l, const struct elf *e, struct err *err)
{
	struct boot_map map[PLACE_MAX];
	struct x86_state *cpu = &l->result->cpu;
	unsigned int maps = 0;
	gpa_t cr3, stack;

	if (!collect_maps(e, map, &maps, err))
		return false;
	if (!entry_mapped(l, e->entry, map, maps))
		return err_set(err, ERR_MALFORMED,
			       "%s: ELF e_entry 0x%" PRIx64 " is neither in a "
			       "segment nor in "
			       "guest memory",
			       e->name, e->entry);
	if (!boot_page_tables(l->mem, &l->place, map, maps, &cr3, err))
		return err_prefix(err, "%s", e->name);
	if (!boot_cpu_long64(cpu, l->mem, &l->place, cr3, e->entry, err) ||
	    !place_info(&l->place, "stack", STACK_SIZE, 16, &stack, err))
		return false;
	cpu->gpr[X86_RSP] = stack + STACK_SIZE;
	l->result->protocol = "ELF64, entered in long mode";
	return true;
}

/* A program for an operating system would only crash in a puzzling way. */
static bool check_freestanding(const struct elf *e, struct err *err)
{
	for (unsigned int i = 0; i < e->phnum; i++) {
		struct elf_segment s;

		if (!elf_segment(e, i, &s, err))
			return false;
		if (s.type == PT_INTERP)
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: program header %u is PT_INTERP: a "
				       "program that needs a dynamic linker, "
				       "not a kernel",
				       e->name, i);
	}
	return true;
}

bool load_elf64(struct loader *l, struct err *err)
{
	struct elf e;

	return loader_refuse_args(l->req, "a plain ELF64 image", true, true,
				  err) &&
	       elf_open(&e, l->req->image, l->req->data, l->req->size, err) &&
	       check_freestanding(&e, err) && loader_elf(l, &e, 0, err) &&
	       enter(l, &e, err);
}
