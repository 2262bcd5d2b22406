#include "vmm/boot/elf.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"

bool elf_is(const void *data, size_t size)
{
	return size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

static bool check_ident(const struct elf *e, struct err *err)
{
	const uint8_t *id = e->data;

	if (e->size < EI_NIDENT)
		return err_set(err, ERR_MALFORMED,
			       "%s: truncated ELF file: %zu bytes", e->name,
			       e->size);
	if (id[EI_CLASS] != ELFCLASS32 && id[EI_CLASS] != ELFCLASS64)
		return err_set(err, ERR_MALFORMED,
			       "%s: ELF EI_CLASS %u is neither 32 nor 64 bits",
			       e->name, id[EI_CLASS]);
	if (id[EI_DATA] != ELFDATA2LSB)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: ELF EI_DATA %u: not little-endian, so not "
			       "for x86",
			       e->name, id[EI_DATA]);
	return true;
}

static bool check_machine(const struct elf *e, unsigned int machine,
			  unsigned int type, struct err *err)
{
	const bool ok = machine == EM_X86_64 || (machine == EM_386 && !e->is64);

	if (!ok)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: ELF e_machine %u with %d-bit EI_CLASS: "
			       "not an x86 image",
			       e->name, machine, e->is64 ? 64 : 32);
	if (type != ET_EXEC && type != ET_DYN)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: ELF e_type %u: not an executable%s",
			       e->name, type,
			       type == ET_REL	 ? " (an object file: link it)"
			       : type == ET_CORE ? " (a core file)"
						 : "");
	return true;
}

/* A table of n entries at off: inside the file, entries large enough. */
static bool check_table(const struct elf *e, const char *what, uint64_t off,
			uint64_t n, uint64_t entsize, uint64_t need,
			struct err *err)
{
	if (!n)
		return true;
	if (entsize < need)
		return err_set(err, ERR_MALFORMED,
			       "%s: ELF e_%chentsize %" PRIu64 " is smaller "
			       "than %" PRIu64,
			       e->name, what[0], entsize, need);
	if (!range_ok(0, e->size, off, n * entsize))
		return err_set(err, ERR_MALFORMED,
			       "%s: %" PRIu64 " %s headers at offset 0x%" PRIx64
			       " lie beyond the end of the file (%zu bytes): "
			       "truncated?",
			       e->name, n, what, off, e->size);
	return true;
}

static void take64(struct elf *e, const Elf64_Ehdr *h)
{
	e->entry = h->e_entry;
	e->phoff = h->e_phoff;
	e->shoff = h->e_shoff;
	e->phnum = h->e_phnum;
	e->phentsize = h->e_phentsize;
	e->shnum = h->e_shnum;
	e->shentsize = h->e_shentsize;
	e->shstrndx = h->e_shstrndx;
}

static void take32(struct elf *e, const Elf32_Ehdr *h)
{
	e->entry = h->e_entry;
	e->phoff = h->e_phoff;
	e->shoff = h->e_shoff;
	e->phnum = h->e_phnum;
	e->phentsize = h->e_phentsize;
	e->shnum = h->e_shnum;
	e->shentsize = h->e_shentsize;
	e->shstrndx = h->e_shstrndx;
}

static bool read_header(struct elf *e, struct err *err)
{
	const size_t need = e->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	union {
		Elf64_Ehdr h64;
		Elf32_Ehdr h32;
	} h;

	if (e->size < need)
		return err_set(err, ERR_MALFORMED,
			       "%s: truncated ELF file: %zu bytes, the header "
			       "alone has %zu",
			       e->name, e->size, need);
	memcpy(&h, e->data, need);
	if (e->is64)
		take64(e, &h.h64);
	else
		take32(e, &h.h32);
	/* e_machine and e_type lie at the same place in both */
	return check_machine(e, h.h64.e_machine, h.h64.e_type, err);
}

bool elf_open(struct elf *e, const char *name, const void *data, size_t size,
	      struct err *err)
{
	struct elf new = {.name = name, .data = data, .size = size};

	if (!elf_is(data, size))
		return err_set(err, ERR_MALFORMED, "%s: not an ELF file", name);
	if (!check_ident(&new, err))
		return false;
	new.is64 = new.data[EI_CLASS] == ELFCLASS64;
	if (!read_header(&new, err) ||
	    !check_table(&new, "program", new.phoff, new.phnum, new.phentsize,
			 new.is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr),
			 err))
		return false;
	if (!new.shoff)
		new.shnum = 0;
	*e = new;
	return true;
}

static void take_phdr(const struct elf *e, unsigned int i,
		      struct elf_segment *s)
{
	const uint8_t *at = e->data + e->phoff + (size_t)i * e->phentsize;

	if (e->is64) {
		Elf64_Phdr p;

		memcpy(&p, at, sizeof(p));
		*s = (struct elf_segment){p.p_type,  p.p_offset, p.p_vaddr,
					  p.p_paddr, p.p_filesz, p.p_memsz,
					  p.p_align};
	} else {
		Elf32_Phdr p;

		memcpy(&p, at, sizeof(p));
		*s = (struct elf_segment){p.p_type,  p.p_offset, p.p_vaddr,
					  p.p_paddr, p.p_filesz, p.p_memsz,
					  p.p_align};
	}
}

bool elf_segment(const struct elf *e, unsigned int i, struct elf_segment *seg,
		 struct err *err)
{
	struct elf_segment s;

	take_phdr(e, i, &s);
	if (s.type != PT_LOAD && s.type != PT_NOTE) {
		*seg = s;
		return true;
	}
	if (!range_ok(0, e->size, s.offset, s.filesz))
		return err_set(err, ERR_MALFORMED,
			       "%s: program header %u: p_offset 0x%" PRIx64
			       " and p_filesz 0x%" PRIx64 " reach beyond the "
			       "end of the file "
			       "(%zu bytes): "
			       "truncated?",
			       e->name, i, s.offset, s.filesz, e->size);
	if (s.type == PT_LOAD && s.filesz > s.memsz)
		return err_set(err, ERR_MALFORMED,
			       "%s: program header %u: p_filesz 0x%" PRIx64
			       " is greater than p_memsz 0x%" PRIx64,
			       e->name, i, s.filesz, s.memsz);
	*seg = s;
	return true;
}

bool elf_section(const struct elf *e, unsigned int i, struct elf_section *sec,
		 struct err *err)
{
	const size_t need = e->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	const uint8_t *at;

	if (!check_table(e, "section", e->shoff, e->shnum, e->shentsize, need,
			 err))
		return false;
	at = e->data + e->shoff + (size_t)i * e->shentsize;
	if (e->is64) {
		Elf64_Shdr s;

		memcpy(&s, at, sizeof(s));
		*sec = (struct elf_section){s.sh_type,	 s.sh_link,
					    s.sh_flags,	 s.sh_addr,
					    s.sh_offset, s.sh_size,
					    s.sh_entsize};
	} else {
		Elf32_Shdr s;

		memcpy(&s, at, sizeof(s));
		*sec = (struct elf_section){s.sh_type,	 s.sh_link,
					    s.sh_flags,	 s.sh_addr,
					    s.sh_offset, s.sh_size,
					    s.sh_entsize};
	}
	return true;
}

/* The note at *off, and *off moved past it; false at the end or on nonsense. */
static bool next_note(const uint8_t *notes, uint64_t size, uint64_t align,
		      uint64_t *off, struct elf_note *note)
{
	uint64_t name_at, desc_at;
	Elf64_Nhdr h; /* the same as Elf32_Nhdr */

	if (!range_ok(0, size, *off, sizeof(h)))
		return false;
	memcpy(&h, notes + *off, sizeof(h));
	name_at = *off + sizeof(h);
	desc_at = (name_at + h.n_namesz + align - 1) & ~(align - 1);
	if (!range_ok(0, size, name_at, h.n_namesz) ||
	    !range_ok(0, size, desc_at, h.n_descsz))
		return false;
	*note = (struct elf_note){
		.type = h.n_type,
		.name = (const char *)notes + name_at,
		.namesz = h.n_namesz,
		.desc = notes + desc_at,
		.descsz = h.n_descsz,
	};
	*off = (desc_at + h.n_descsz + align - 1) & ~(align - 1);
	return true;
}

bool elf_find_note(const struct elf *e, const char *owner, uint32_t type,
		   struct elf_note *note, struct err *err)
{
	*note = (struct elf_note){0};
	for (unsigned int i = 0; i < e->phnum; i++) {
		struct elf_segment s;
		struct elf_note n;
		uint64_t off = 0;

		if (!elf_segment(e, i, &s, err))
			return false;
		if (s.type != PT_NOTE)
			continue;
		while (next_note(e->data + s.offset, s.filesz,
				 s.align == 8 ? 8 : 4, &off, &n)) {
			if (n.type != type || n.namesz != strlen(owner) + 1 ||
			    memcmp(n.name, owner, n.namesz))
				continue;
			*note = n;
			return true;
		}
	}
	return true;
}
