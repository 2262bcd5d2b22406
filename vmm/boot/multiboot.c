#include "vmm/boot/multiboot.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "vmm/boot/lowmem.h"

#define MAX_LOADED_SECTIONS 16

bool multiboot_find(const struct boot_request *req, uint32_t magic,
		    unsigned int words, unsigned int align, size_t limit,
		    size_t *offset)
{
	const size_t end = min_u64(limit, req->size);
	const uint8_t *data = req->data;

	for (size_t at = 0; at + words * 4 <= end; at += align) {
		uint32_t word, sum = 0;

		for (unsigned int i = 0; i < words; i++) {
			memcpy(&word, data + at + i * 4, 4);
			if (!i && word != magic)
				break;
			sum += word;
			if (i == words - 1 && !sum) {
				*offset = at;
				return true;
			}
		}
	}
	return false;
}

bool multiboot_plan_address(const struct boot_request *req, size_t offset,
			    const struct mb_address *a, struct mb_plan *plan,
			    struct err *err)
{
	const uint32_t before = a->header - a->load;
	uint64_t filesz, memsz;

	if (a->load > a->header || before > offset)
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot header at offset 0x%zx: "
			       "load_addr 0x%x and header_addr 0x%x point "
			       "before the start of the file",
			       req->image, offset, a->load, a->header);
	offset -= before;
	filesz = a->load_end ? (uint64_t)a->load_end - a->load
			     : req->size - offset;
	if ((a->load_end && a->load_end < a->load) ||
	    !range_ok(0, req->size, offset, filesz))
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot header: load_addr 0x%x and "
			       "load_end_addr 0x%x do not fit a file of %zu "
			       "bytes: truncated?",
			       req->image, a->load, a->load_end, req->size);
	memsz = a->bss_end ? (uint64_t)a->bss_end - a->load : filesz;
	if (a->bss_end && (a->bss_end < a->load || memsz < filesz))
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot header: bss_end_addr 0x%x lies "
			       "before the end of the loaded part (0x%" PRIx64
			       ")",
			       req->image, a->bss_end, a->load + filesz);
	if (!memsz)
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot header: load_addr 0x%x to "
			       "load_end_addr 0x%x: nothing to load",
			       req->image, a->load, a->load_end);
	plan->is_elf = false;
	plan->file_offset = offset;
	plan->base = a->load;
	plan->filesz = filesz;
	plan->memsz = memsz;
	return true;
}

/* Lowest and highest byte of all segments, and where e_entry is loaded. */
static bool survey(const struct elf *e, struct mb_plan *plan, struct err *err)
{
	gpa_t low = UINT64_MAX, last = 0;

	plan->entry = e->entry;
	for (unsigned int i = 0; i < e->phnum; i++) {
		struct elf_segment s;

		if (!elf_segment(e, i, &s, err))
			return false;
		if (s.type != PT_LOAD || !s.memsz)
			continue;
		if (s.paddr + (s.memsz - 1) < s.paddr)
			return err_set(err, ERR_MALFORMED,
				       "%s: program header %u: p_paddr "
				       "0x%" PRIx64 " and p_memsz 0x%" PRIx64
				       " wrap around",
				       e->name, i, s.paddr, s.memsz);
		low = min_u64(low, s.paddr);
		last = max_u64(last, s.paddr + (s.memsz - 1));
		if (e->entry >= s.vaddr && e->entry - s.vaddr < s.memsz)
			plan->entry = e->entry - s.vaddr + s.paddr;
	}
	plan->base = low;
	plan->memsz = low <= last ? last - low + 1 : 0;
	return true;
}

bool multiboot_plan_elf(const struct boot_request *req, struct mb_plan *plan,
			struct err *err)
{
	plan->is_elf = true;
	return elf_open(&plan->elf, req->image, req->data, req->size, err) &&
	       survey(&plan->elf, plan, err);
}

bool multiboot_put(struct loader *l, const struct mb_plan *plan, uint64_t bias,
		   struct err *err)
{
	const uint8_t *data = l->req->data;

	if (plan->is_elf) {
		if (!loader_elf(l, &plan->elf, bias, err))
			return false;
	} else if (!loader_put(l, plan->base + bias, data + plan->file_offset,
			       plan->filesz, plan->memsz, "Multiboot image",
			       err)) {
		return err_prefix(err, "%s", l->req->image);
	}
	if (!guest_mem_is_ram(l->mem, plan->entry, 1))
		return err_set(err, ERR_MALFORMED,
			       "%s: entry point 0x%" PRIx64 " is not in guest "
			       "memory",
			       l->req->image, plan->entry);
	return true;
}

uint32_t multiboot_mem_lower(void)
{
	return LOW_EBDA >> 10;
}

uint32_t multiboot_mem_upper(const struct guest_mem *mem)
{
	return (min_u64(mem->ram_size, GUEST_HOLE_BASE) - LOW_END) >> 10;
}

/* Put a section into memory and its address into the header table. */
static bool load_section(struct loader *l, const struct mb_plan *plan,
			 const struct elf_section *s, uint8_t *header)
{
	const bool is64 = plan->elf.is64;
	const struct place_want want = {
		.what = "ELF section",
		.size = s->size,
		.align = 16,
		.min = max_u64(LOW_END, l->result->high + 1),
		.max = GUEST_HOLE_BASE,
		.order = PLACE_BOTTOM_UP,
	};
	struct err ignored; /* symbols are a courtesy */
	gpa_t at;

	if (!range_ok(0, plan->elf.size, s->offset, s->size) ||
	    !place_find(&l->place, &want, &at, &ignored) ||
	    !guest_mem_write(l->mem, at, plan->elf.data + s->offset, s->size,
			     &ignored))
		return false;
	if (is64)
		memcpy(header + offsetof(Elf64_Shdr, sh_addr), &at, 8);
	else
		memcpy(header + offsetof(Elf32_Shdr, sh_addr), &at, 4);
	return true;
}

void multiboot_sections(struct loader *l, const struct mb_plan *plan,
			struct mb_sections *sec)
{
	const struct elf *e = &plan->elf;
	unsigned int loaded = 0;
	struct elf_section s;
	struct err ignored;

	*sec = (struct mb_sections){0};
	if (!plan->is_elf || !e->shnum || !elf_section(e, 0, &s, &ignored))
		return;
	sec->num = e->shnum;
	sec->entsize = e->shentsize;
	sec->shndx = e->shstrndx;
	buf_append(&sec->headers, e->data + e->shoff,
		   (size_t)e->shnum * e->shentsize);
	for (unsigned int i = 0; i < e->shnum && !sec->headers.failed; i++) {
		uint8_t *header =
			(uint8_t *)sec->headers.data + (size_t)i * e->shentsize;

		if (!elf_section(e, i, &s, &ignored) || s.addr || !s.size ||
		    (s.type != SHT_SYMTAB && s.type != SHT_STRTAB))
			continue;
		if (loaded == MAX_LOADED_SECTIONS)
			break;
		loaded += load_section(l, plan, &s, header);
	}
}

void put_cmdline(struct buf *b, const char *path, const char *args)
{
	buf_str(b, path);
	if (args && args[0]) {
		buf_byte(b, ' ');
		buf_str(b, args);
	}
	buf_byte(b, 0);
}

size_t cmdline_size(const char *path, const char *args)
{
	return strlen(path) + (args && args[0] ? strlen(args) + 1 : 0) + 1;
}
