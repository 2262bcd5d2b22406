#include "vmm/boot/multiboot2_info.h"

#include <string.h>

#include "base/bits.h"

enum info_tag {
	IT_END = 0,
	IT_CMDLINE = 1,
	IT_LOADER = 2,
	IT_MODULE = 3,
	IT_MEMINFO = 4,
	IT_MMAP = 6,
	IT_ELF = 9,
	IT_ACPI_OLD = 14,
	IT_ACPI_NEW = 15,
	IT_LOAD_BASE = 21,
};

#define MMAP_ENTRY   24
#define RSDP_V1_SIZE 20
#define RSDP_SIZE    36

/* Tags start at multiples of 8; the size does not count the padding. */
static size_t begin(struct buf *b, enum info_tag type)
{
	const size_t start = b->len;

	put32(b, type);
	put32(b, 0);
	return start;
}

static void end(struct buf *b, size_t start)
{
	const uint32_t size = b->len - start;

	if (!b->failed)
		memcpy(b->data + start + 4, &size, 4);
	put_align(b, 8);
}

static void put_texts(const struct mb2_info *s, struct buf *b)
{
	const struct boot_request *req = s->l->req;
	size_t at = begin(b, IT_CMDLINE);

	put_cmdline(b, req->image, req->cmdline);
	end(b, at);
	at = begin(b, IT_LOADER);
	put_str(b, LOADER_NAME);
	end(b, at);
	for (unsigned int i = 0; i < s->mods; i++) {
		at = begin(b, IT_MODULE);
		put32(b, s->mod[i].base);
		put32(b, s->mod[i].base + s->mod[i].size);
		put_cmdline(b, s->mod[i].path, s->mod[i].args);
		end(b, at);
	}
}

static void put_memory(const struct mb2_info *s, struct buf *b)
{
	struct e820_entry map[MB2_MAX_E820];
	const unsigned int n = e820_build(s->l->mem, map, MB2_MAX_E820);
	size_t at = begin(b, IT_MEMINFO);

	put32(b, multiboot_mem_lower());
	put32(b, multiboot_mem_upper(s->l->mem));
	end(b, at);
	at = begin(b, IT_MMAP);
	put32(b, MMAP_ENTRY);
	put32(b, 0); /* version */
	for (unsigned int i = 0; i < n; i++) {
		put64(b, map[i].base);
		put64(b, map[i].size);
		put32(b, map[i].type);
		put32(b, 0);
	}
	end(b, at);
}

static void put_sections(const struct mb2_info *s, struct buf *b)
{
	size_t at;

	if (!s->sec.headers.len)
		return;
	at = begin(b, IT_ELF);
	put32(b, s->sec.num);
	put32(b, s->sec.entsize);
	put32(b, s->sec.shndx);
	buf_append(b, s->sec.headers.data, s->sec.headers.len);
	end(b, at);
}

/* Copies of the root pointer: its first version's part, then the whole. */
static void put_acpi(const struct mb2_info *s, struct buf *b)
{
	uint8_t rsdp[RSDP_SIZE];
	struct err ignored;
	size_t at;

	if (!s->l->req->rsdp || !guest_mem_read(s->l->mem, s->l->req->rsdp,
						rsdp, sizeof(rsdp), &ignored))
		return;
	at = begin(b, IT_ACPI_OLD);
	buf_append(b, rsdp, RSDP_V1_SIZE);
	end(b, at);
	at = begin(b, IT_ACPI_NEW);
	buf_append(b, rsdp, RSDP_SIZE);
	end(b, at);
}

void mb2_compose(const void *ctx, gpa_t base, struct buf *out)
{
	const struct mb2_info *s = ctx;
	uint32_t total;
	size_t at;

	put32(out, 0); /* total size, below */
	put32(out, 0);
	put_texts(s, out);
	put_memory(s, out);
	put_sections(s, out);
	put_acpi(s, out);
	if (s->relocated) {
		at = begin(out, IT_LOAD_BASE);
		put32(out, s->load_base);
		end(out, at);
	}
	at = begin(out, IT_END);
	end(out, at);
	total = out->len;
	if (!out->failed)
		memcpy(out->data, &total, 4);
}
