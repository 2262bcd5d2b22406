/*
 * PVH: an ELF whose Xen note gives a 32-bit physical entry point.  Layouts and
 * CPU state: Xen's docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h.
 */
#include <inttypes.h>
#include <string.h>

#include "vmm/boot/cpu.h"
#include "vmm/boot/loader.h"

#define NOTE_PHYS32_ENTRY 18
#define START_MAGIC	  0x336ec578
#define START_VERSION	  1
#define START_SIZE	  56
#define MEMMAP_SIZE	  24
#define MODLIST_SIZE	  32
#define MAX_E820	  8

bool pvh_entry(const struct elf *e, bool *found, uint32_t *entry,
	       struct err *err)
{
	struct elf_note note;

	if (!elf_find_note(e, "Xen", NOTE_PHYS32_ENTRY, &note, err))
		return false;
	*found = note.desc;
	if (!note.desc)
		return true;
	if (note.descsz < sizeof(*entry))
		return err_set(err, ERR_MALFORMED,
			       "%s: PVH note: descsz %u is less than 4 bytes",
			       e->name, note.descsz);
	memcpy(entry, note.desc, sizeof(*entry));
	return true;
}

struct start_info {
	const struct boot_request *req;
	struct e820_entry map[MAX_E820];
	unsigned int maps;
	struct loaded_module mod[BOOT_MAX_MODULES + 1];
	unsigned int mods;
};

static void compose_modlist(const struct start_info *s, gpa_t strings,
			    struct buf *out)
{
	for (unsigned int i = 0; i < s->mods; i++) {
		const struct loaded_module *m = &s->mod[i];

		put64(out, m->base);
		put64(out, m->size);
		put64(out, strings);
		put64(out, 0);
		strings += (m->args ? strlen(m->args) : 0) + 1;
	}
}

/* start_info, memory map, module list, module strings, command line */
static void compose(const void *ctx, gpa_t base, struct buf *out)
{
	const struct start_info *s = ctx;
	const gpa_t map = base + START_SIZE;
	const gpa_t mods = map + s->maps * MEMMAP_SIZE;
	const gpa_t cmdline = mods + s->mods * MODLIST_SIZE;
	const gpa_t strings = cmdline + strlen(s->req->cmdline) + 1;

	put32(out, START_MAGIC);
	put32(out, START_VERSION);
	put32(out, 0); /* flags: not the initial domain */
	put32(out, s->mods);
	put64(out, s->mods ? mods : 0);
	put64(out, cmdline);
	put64(out, s->req->rsdp);
	put64(out, map);
	put32(out, s->maps);
	put32(out, 0);
	for (unsigned int i = 0; i < s->maps; i++) {
		put64(out, s->map[i].base);
		put64(out, s->map[i].size);
		put32(out, s->map[i].type);
		put32(out, 0);
	}
	compose_modlist(s, strings, out);
	put_str(out, s->req->cmdline);
	for (unsigned int i = 0; i < s->mods; i++)
		put_str(out, s->mod[i].args);
}

static bool enter(struct loader *l, uint32_t entry, struct err *err)
{
	struct start_info s = {.req = l->req};
	const struct loader_blob blob = {"PVH start info", 8, compose, &s};
	gpa_t at;

	if (!guest_mem_is_ram(l->mem, entry, 1))
		return err_set(err, ERR_MALFORMED,
			       "%s: PVH note: entry point 0x%" PRIx32 " is not "
			       "in "
			       "guest "
			       "memory",
			       l->req->image, entry);
	if (!loader_modules(l, PLACE_TOP_DOWN, s.mod, &s.mods, err))
		return false;
	s.maps = e820_build(l->mem, s.map, MAX_E820);
	if (!loader_blob(l, &blob, &at, err) ||
	    !boot_cpu_prot32(&l->result->cpu, l->mem, &l->place, entry, err))
		return false;
	l->result->cpu.gpr[X86_RBX] = at;
	l->result->protocol = "PVH (32-bit entry of the Xen note)";
	return true;
}

bool load_pvh(struct loader *l, struct err *err)
{
	struct elf e;
	uint32_t entry;
	bool found;

	if (!elf_open(&e, l->req->image, l->req->data, l->req->size, err) ||
	    !pvh_entry(&e, &found, &entry, err))
		return false;
	if (!found)
		return err_set(err, ERR_MALFORMED, "%s: no PVH note", e.name);
	return loader_elf(l, &e, 0, err) && enter(l, entry, err);
}
