/* Multiboot 1: header in the first 8 KiB, ELF or address fields. */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "vmm/boot/cpu.h"
#include "vmm/boot/multiboot.h"

#define HEADER_MAGIC 0x1badb002
#define BOOT_MAGIC   0x2badb002
#define SEARCH	     8192
#define INFO_SIZE    116
#define MOD_SIZE     16
#define MMAP_SIZE    24
#define MAX_E820     8

enum { /* header flags; the low half are requirements */
	HDR_PAGE_ALIGN = 1 << 0,
	HDR_MEMORY = 1 << 1,
	HDR_VIDEO = 1 << 2,
	HDR_REQUIRED = 0xffff,
	HDR_ADDRESS = 1 << 16,
};

enum { /* information flags */
	INFO_MEMORY = 1 << 0,
	INFO_CMDLINE = 1 << 2,
	INFO_MODS = 1 << 3,
	INFO_ELF = 1 << 5,
	INFO_MMAP = 1 << 6,
	INFO_LOADER = 1 << 9,
};

struct header {
	uint32_t magic, flags, checksum;
	struct mb_address address; /* with HDR_ADDRESS */
	uint32_t entry;
};

struct info {
	const struct loader *l;
	struct e820_entry map[MAX_E820];
	unsigned int maps;
	struct loaded_module mod[BOOT_MAX_MODULES + 1];
	unsigned int mods;
	struct mb_sections sec;
};

bool multiboot1_detect(const struct boot_request *req)
{
	size_t offset;

	return multiboot_find(req, HEADER_MAGIC, 3, 4, SEARCH, &offset);
}

/* Module strings follow each other; put their headers. */
static void compose_mods(const struct info *s, gpa_t strings, struct buf *out)
{
	for (unsigned int i = 0; i < s->mods; i++) {
		const struct loaded_module *m = &s->mod[i];

		put32(out, m->base);
		put32(out, m->base + m->size);
		put32(out, strings);
		put32(out, 0);
		strings += cmdline_size(m->path, m->args);
	}
}

static void compose_mmap(const struct info *s, struct buf *out)
{
	for (unsigned int i = 0; i < s->maps; i++) {
		put32(out, MMAP_SIZE - 4); /* not counting this word */
		put64(out, s->map[i].base);
		put64(out, s->map[i].size);
		put32(out, s->map[i].type);
	}
}

/* information, modules, memory map, section headers, strings */
static void compose(const void *ctx, gpa_t base, struct buf *out)
{
	const struct info *s = ctx;
	const struct boot_request *req = s->l->req;
	const struct mb_sections *sec = &s->sec;
	const gpa_t mods = base + INFO_SIZE;
	const gpa_t mmap = mods + s->mods * MOD_SIZE;
	const gpa_t headers = mmap + s->maps * MMAP_SIZE;
	const gpa_t name = headers + sec->headers.len;
	const gpa_t cmdline = name + sizeof(LOADER_NAME);

	put32(out, INFO_MEMORY | INFO_CMDLINE | INFO_MODS | INFO_MMAP |
			   INFO_LOADER | (sec->headers.len ? INFO_ELF : 0));
	put32(out, multiboot_mem_lower());
	put32(out, multiboot_mem_upper(s->l->mem));
	put32(out, 0); /* boot device: none */
	put32(out, cmdline);
	put32(out, s->mods);
	put32(out, s->mods ? mods : 0);
	put32(out, sec->num);
	put32(out, sec->entsize);
	put32(out, sec->headers.len ? headers : 0);
	put32(out, sec->shndx);
	put32(out, s->maps * MMAP_SIZE);
	put32(out, mmap);
	put_zero(out, 12); /* drives, BIOS configuration table */
	put32(out, name);
	put_zero(out, INFO_SIZE - 68); /* APM, VBE, frame buffer */
	compose_mods(s, cmdline + cmdline_size(req->image, req->cmdline), out);
	compose_mmap(s, out);
	buf_append(out, sec->headers.data, sec->headers.len);
	put_str(out, LOADER_NAME);
	put_cmdline(out, req->image, req->cmdline);
	for (unsigned int i = 0; i < s->mods; i++)
		put_cmdline(out, s->mod[i].path, s->mod[i].args);
}

static bool enter(struct loader *l, const struct mb_plan *plan, struct err *err)
{
	struct info s = {.l = l};
	const struct loader_blob blob = {"Multiboot information", 8, compose,
					 &s};
	struct x86_state *cpu = &l->result->cpu;
	gpa_t at = 0;
	bool ok;

	s.maps = e820_build(l->mem, s.map, MAX_E820);
	ok = loader_modules(l, PLACE_BOTTOM_UP, s.mod, &s.mods, err);
	if (ok)
		multiboot_sections(l, plan, &s.sec);
	ok = ok && loader_blob(l, &blob, &at, err);
	buf_deinit(&s.sec.headers);
	if (!ok || !boot_cpu_prot32(cpu, l->mem, &l->place, plan->entry, err))
		return false;
	cpu->gpr[X86_RAX] = BOOT_MAGIC;
	cpu->gpr[X86_RBX] = at;
	l->result->protocol = plan->is_elf ? "Multiboot 1, ELF"
					   : "Multiboot 1, address fields";
	return true;
}

/* Read and check the header. */
static bool take_header(const struct boot_request *req, size_t *offset,
			struct header *h, struct err *err)
{
	const uint8_t *data = req->data;

	if (!multiboot_find(req, HEADER_MAGIC, 3, 4, SEARCH, offset))
		return err_set(err, ERR_MALFORMED, "%s: no Multiboot header",
			       req->image);
	*h = (struct header){0};
	memcpy(h, data + *offset, min_u64(sizeof(*h), req->size - *offset));
	if (h->flags & HDR_REQUIRED &
	    ~(HDR_PAGE_ALIGN | HDR_MEMORY | HDR_VIDEO))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: Multiboot header flags 0x%08x ask for "
			       "features that nobody has defined",
			       req->image, h->flags);
	if (h->flags & HDR_ADDRESS && req->size - *offset < sizeof(*h))
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot header at offset 0x%zx: the file "
			       "ends (%zu bytes) before its address fields",
			       req->image, *offset, req->size);
	if (h->flags & HDR_VIDEO)
		log_msg(LOG_WARN, "%s asks for a video mode; there is none",
			req->image);
	return true;
}

bool load_multiboot1(struct loader *l, struct err *err)
{
	const struct boot_request *req = l->req;
	struct mb_plan plan = {0};
	struct header h;
	size_t offset;
	bool ok;

	if (!take_header(req, &offset, &h, err))
		return false;
	if (h.flags & HDR_ADDRESS) {
		ok = multiboot_plan_address(req, offset, &h.address, &plan,
					    err);
		plan.entry = h.entry;
	} else if (elf_is(req->data, req->size)) {
		ok = multiboot_plan_elf(req, &plan, err);
	} else {
		ok = err_set(err, ERR_MALFORMED,
			     "%s: Multiboot header at offset 0x%zx without "
			     "address fields (flags 0x%08x) in a file that is "
			     "not ELF: nothing says where to load it",
			     req->image, offset, h.flags);
	}
	return ok && multiboot_put(l, &plan, 0, err) && enter(l, &plan, err);
}
