#include "vmm/core/elf_core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/core/elf_impl.h"

/* Program headers that are taken; a dump with linear addresses has many. */
#define PHDRS_MAX    (1u << 20)
/* Notes are held in memory; ours of 254 vCPUs take 80 MiB. */
#define NOTES_MAX    (UINT64_C(512) << 20)
#define SEGMENTS_MAX 64 /* PT_NOTEs */

static bool read_struct(const struct elf_core *e,
			const struct wire_layout *layout, uint64_t offset,
			void *to, const char *what, struct err *err)
{
	uint8_t bytes[64]; /* the largest: headers of ELF64 */

	return elf_core_read_at(e, offset, bytes, wire_size(layout, 1), what,
				err) &&
	       wire_get(layout, 1, bytes, to, NULL, err);
}

/* ---- what kind of file ---- */

static const struct {
	const char *magic;
	size_t len;
	const char *what;
} formats[] = {
	{"KDUMP   ", 8,
	 "a kdump-compressed dump (of makedumpfile, or of QEMU's "
	 "dump-guest-memory with -z, -l or -s): makedumpfile -E, or "
	 "dump-guest-memory without those options, writes an ELF core"},
	{"DISKDUMP", 8, "a diskdump; only ELF cores can be read"},
	{"makedumpfile", 12,
	 "a flattened stream of makedumpfile: `makedumpfile -R' makes a file "
	 "of it, and -E an ELF core"},
	{"PAGEDU64", 8, "a Windows crash dump; only ELF cores can be read"},
	{"PAGEDUMP", 8, "a Windows crash dump; only ELF cores can be read"},
	{"EMiL", 4, "a LiME memory image; only ELF cores can be read"},
	{"QEVM", 4,
	 "a QEMU migration stream; dump-guest-memory writes an ELF core"},
	{"LibvirtQemudSave", 16,
	 "a libvirt save image; `virsh dump --memory-only' writes an ELF "
	 "core"},
	{"\x1f\x8b", 2, "compressed by gzip; unpack it first"},
	{"\xfd\x37zXZ", 5, "compressed by xz; unpack it first"},
	{"\x28\xb5\x2f\xfd", 4, "compressed by zstd; unpack it first"},
	{"\x04\x22\x4d\x18", 4, "compressed by lz4; unpack it first"},
};

static bool explain_format(const struct elf_core *e, const uint8_t *head,
			   size_t len, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (len >= formats[i].len &&
		    !memcmp(head, formats[i].magic, formats[i].len))
			return err_set(err, ERR_UNSUPPORTED, "%s is %s",
				       e->name, formats[i].what);
	return err_set(err, ERR_MALFORMED,
		       "%s is no ELF core file: it begins with %02x %02x %02x "
		       "%02x",
		       e->name, head[0], head[1], head[2], head[3]);
}

static bool check_ident(struct elf_core *e, struct err *err)
{
	uint8_t head[ELF_IDENT] = {0};
	size_t len = min_u64(e->size, sizeof(head));

	if (!e->size)
		return err_set(err, ERR_MALFORMED, "%s is empty", e->name);
	if (!elf_core_read_at(e, 0, head, len, "its head", err))
		return false;
	if (memcmp(head, "\177ELF", 4))
		return explain_format(e, head, len, err);
	if (head[4] != ELF_CLASS_32 && head[4] != ELF_CLASS_64)
		return err_set(err, ERR_MALFORMED,
			       "%s: ELF header: class %u is neither 32 nor 64 "
			       "bits",
			       e->name, head[4]);
	if (head[5] != ELF_LSB)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: ELF header: it is not little-endian, so "
			       "not of an x86 machine",
			       e->name);
	e->is64 = head[4] == ELF_CLASS_64;
	return true;
}

/* e_ehsize is not looked at: QEMU writes a wrong one. */
static bool read_ehdr(struct elf_core *e, struct elf_ehdr *h, struct err *err)
{
	size_t phdr =
		wire_size(e->is64 ? &elf64_phdr_layout : &elf32_phdr_layout, 1);

	if (!read_struct(e, e->is64 ? &elf64_ehdr_layout : &elf32_ehdr_layout,
			 0, h, "the ELF header", err))
		return false;
	if (h->type != ELF_CORE)
		return err_set(err, ERR_MALFORMED,
			       "%s is an ELF file, but no core: e_type is %u, "
			       "not %u",
			       e->name, h->type, ELF_CORE);
	if (h->machine != ELF_X86_64 && h->machine != ELF_386)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: ELF header: e_machine is %u, which is no "
			       "x86 processor",
			       e->name, h->machine);
	if (h->phentsize != phdr)
		return err_set(err, ERR_MALFORMED,
			       "%s: ELF header: e_phentsize is %u, not %zu",
			       e->name, h->phentsize, phdr);
	e->x86_64 = h->machine == ELF_X86_64;
	return true;
}

/* How many program headers there are. */
static bool read_phnum(const struct elf_core *e, const struct elf_ehdr *h,
		       uint32_t *phnum, struct err *err)
{
	const struct wire_layout *layout = e->is64 ? &elf64_shdr_layout
						   : &elf32_shdr_layout;
	struct elf_shdr s = {.info = h->phnum};

	if (h->phnum == ELF_PN_XNUM &&
	    !read_struct(e, layout, h->shoff, &s, "section header 0", err))
		return false;
	if (!s.info || s.info > PHDRS_MAX)
		return err_set(err, ERR_MALFORMED,
			       "%s: ELF header: %u program headers; %s",
			       e->name, s.info,
			       s.info ? "no core has so many"
				      : "a core has at least one");
	*phnum = s.info;
	return true;
}

/* ---- notes ---- */

static uint64_t align4(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

/* The note at *pos, which moves on; false, with *why, when it does not fit. */
static bool parse_note(const struct note_segment *s, uint64_t *pos,
		       struct core_raw_note *note, const char **why)
{
	uint64_t left = s->size - *pos, owner, desc, at_desc;
	const uint8_t *at = s->data + *pos;

	*why = "its header is cut";
	if (left < ELF_NOTE_HEAD)
		return false;
	owner = wire_number(at, 4);
	desc = wire_number(at + 4, 4);
	at_desc = ELF_NOTE_HEAD + align4(owner);
	*why = "its owner's name goes past the end of the segment";
	if (at_desc > left)
		return false;
	*why = "its owner's name does not end";
	if (owner && at[ELF_NOTE_HEAD + owner - 1])
		return false;
	*why = "it goes past the end of the segment";
	if (desc > left - at_desc)
		return false;
	*note = (struct core_raw_note){
		.owner = owner ? (const char *)at + ELF_NOTE_HEAD : "",
		.type = (uint32_t)wire_number(at + 8, 4),
		.desc = at + at_desc,
		.len = desc,
		.offset = s->offset + *pos};
	*pos += min_u64(left, at_desc + align4(desc));
	return true;
}

bool elf_core_note(const struct elf_core *e, struct core_note_iter *it,
		   struct core_raw_note *note)
{
	const char *why;

	while (it->segment < e->note_segments) {
		const struct note_segment *s = &e->notes[it->segment];

		if (it->pos < s->size && parse_note(s, &it->pos, note, &why))
			return true;
		it->segment++;
		it->pos = 0;
	}
	return false;
}

static bool check_notes(const struct elf_core *e, const struct note_segment *s,
			unsigned int segment, struct err *err)
{
	struct core_raw_note note;
	const char *why;

	for (uint64_t pos = 0; pos < s->size;)
		if (!parse_note(s, &pos, &note, &why))
			return err_set(err, ERR_MALFORMED,
				       "%s: program header %u (PT_NOTE): the "
				       "note at 0x%" PRIx64 ": %s",
				       e->name, segment, s->offset + pos, why);
	return true;
}

static bool no_memory(const struct elf_core *e, struct err *err)
{
	return err_set(err, ERR_LIMIT, "%s: no memory to read it", e->name);
}

static bool check_room(const struct elf_core *e, const struct elf_phdr *p,
		       unsigned int segment, struct err *err)
{
	uint64_t room = NOTES_MAX;

	for (unsigned int i = 0; i < e->note_segments; i++)
		room -= e->notes[i].size;
	if (p->filesz > room || e->note_segments == SEGMENTS_MAX)
		return err_set(err, ERR_MALFORMED,
			       "%s: program header %u (PT_NOTE): 0x%" PRIx64
			       " bytes; no core has so many notes",
			       e->name, segment, p->filesz);
	if (!range_ok(0, e->size, p->offset, p->filesz))
		return err_set(err, ERR_MALFORMED,
			       "%s is cut short: it ends at 0x%" PRIx64
			       ", and program header %u (PT_NOTE) has "
			       "0x%" PRIx64 " bytes at 0x%" PRIx64,
			       e->name, e->size, segment, p->filesz, p->offset);
	return true;
}

static bool add_notes(struct elf_core *e, const struct elf_phdr *p,
		      unsigned int segment, struct err *err)
{
	struct note_segment *s;

	if (!check_room(e, p, segment, err))
		return false;
	s = realloc(e->notes, (e->note_segments + 1) * sizeof(*s));
	if (!s)
		return no_memory(e, err);
	e->notes = s;
	s += e->note_segments;
	s->offset = p->offset;
	s->size = p->filesz;
	s->data = malloc(p->filesz + 1);
	if (!s->data)
		return no_memory(e, err);
	e->note_segments++;
	return elf_core_read_at(e, p->offset, s->data, p->filesz, "its notes",
				err) &&
	       check_notes(e, s, segment, err);
}

/* ---- opening ---- */

static bool read_segments(struct elf_core *e, const struct elf_ehdr *h,
			  struct err *err)
{
	const struct wire_layout *layout = e->is64 ? &elf64_phdr_layout
						   : &elf32_phdr_layout;
	struct elf_phdr p;
	uint32_t phnum = 0;

	if (!read_phnum(e, h, &phnum, err))
		return false;
	if (!range_ok(0, e->size, h->phoff, (uint64_t)phnum * h->phentsize))
		return err_set(err, ERR_MALFORMED,
			       "%s is cut short: it ends at 0x%" PRIx64
			       ", and its %u program headers are at 0x%" PRIx64,
			       e->name, e->size, phnum, h->phoff);
	e->load = calloc(phnum, sizeof(*e->load));
	if (!e->load)
		return no_memory(e, err);
	for (uint32_t i = 0; i < phnum; i++) {
		if (!read_struct(e, layout,
				 h->phoff + (uint64_t)i * h->phentsize, &p,
				 "a program header", err))
			return false;
		if (p.type == ELF_PT_LOAD && !elf_core_add_load(e, &p, i, err))
			return false;
		if (p.type == ELF_PT_NOTE && !add_notes(e, &p, i, err))
			return false;
	}
	return elf_core_join_loads(e, err);
}

static bool open_all(struct elf_core *e, struct err *err)
{
	struct elf_ehdr h;
	struct stat st;

	if (fstat(e->fd, &st))
		return err_set_errno(err, ERR_IO, "%s", e->name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_MALFORMED, "%s is no regular file",
			       e->name);
	e->size = (uint64_t)st.st_size;
	return check_ident(e, err) && read_ehdr(e, &h, err) &&
	       read_segments(e, &h, err);
}

bool elf_core_open(struct elf_core *e, int fd, const char *name,
		   struct err *err)
{
	*e = (struct elf_core){.fd = fd, .name = name};
	if (open_all(e, err))
		return true;
	elf_core_close(e);
	return false;
}

void elf_core_close(struct elf_core *e)
{
	for (unsigned int i = 0; i < e->note_segments; i++)
		free(e->notes[i].data);
	free(e->notes);
	free(e->load);
	close(e->fd);
	*e = (struct elf_core){.fd = -1};
}
