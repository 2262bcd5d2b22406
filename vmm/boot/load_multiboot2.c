/* Multiboot 2: header of tags in the first 32 KiB, ELF or address tag. */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "vmm/boot/cpu.h"
#include "vmm/boot/lowmem.h"
#include "vmm/boot/multiboot.h"
#include "vmm/boot/multiboot2_info.h"

#define HEADER_MAGIC 0xe85250d6
#define BOOT_MAGIC   0x36d76289
#define SEARCH	     32768
#define ARCH_I386    0
#define TAG_OPTIONAL 1 /* flag */
#define FROM_START   UINT32_MAX

enum header_tag {
	HT_END = 0,
	HT_INFO_REQUEST = 1,
	HT_ADDRESS = 2,
	HT_ENTRY = 3,
	HT_CONSOLE = 4,
	HT_FRAMEBUFFER = 5,
	HT_MODULE_ALIGN = 6,
	HT_EFI_BS = 7,
	HT_ENTRY_EFI32 = 8,
	HT_ENTRY_EFI64 = 9,
	HT_RELOCATABLE = 10,
};

enum preference {
	PREFER_NONE,
	PREFER_LOWEST,
	PREFER_HIGHEST,
};

struct header {
	size_t offset; /* in the file */
	uint32_t length;
	bool has_address, has_entry, relocatable;
	struct mb_address address;
	uint32_t entry;
	uint32_t min, max, align, preference;
};

/* One tag of the header; payload is size - 8 bytes. */
struct tag {
	uint16_t type, flags;
	uint32_t size;
	const uint8_t *payload;
};

bool multiboot2_detect(const struct boot_request *req)
{
	size_t offset;

	return multiboot_find(req, HEADER_MAGIC, 4, 8, SEARCH, &offset);
}

static uint32_t word(const struct tag *t, unsigned int i)
{
	uint32_t value;

	memcpy(&value, t->payload + i * 4, 4);
	return value;
}

/* The boot information that a kernel insists on. */
static bool take_info_request(const struct boot_request *req,
			      const struct tag *t, struct header *h,
			      struct err *err)
{
	for (unsigned int i = 0; i < (t->size - 8) / 4; i++)
		if (word(t, i) > MB2_LAST_TYPE && !(t->flags & TAG_OPTIONAL))
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: Multiboot 2 header: requires boot "
				       "information of the unknown type %u",
				       req->image, word(t, i));
	return true;
}

static bool take_address(const struct boot_request *req, const struct tag *t,
			 struct header *h, struct err *err)
{
	h->has_address = true;
	h->address = (struct mb_address){word(t, 0), word(t, 1), word(t, 2),
					 word(t, 3)};
	if (h->address.load == FROM_START)
		h->address.load = h->address.header - (uint32_t)h->offset;
	return true;
}

static bool take_entry(const struct boot_request *req, const struct tag *t,
		       struct header *h, struct err *err)
{
	h->has_entry = true;
	h->entry = word(t, 0);
	return true;
}

static bool take_framebuffer(const struct boot_request *req,
			     const struct tag *t, struct header *h,
			     struct err *err)
{
	if (!(t->flags & TAG_OPTIONAL))
		log_msg(LOG_WARN, "%s asks for a frame buffer; there is none",
			req->image);
	return true;
}

static bool take_relocatable(const struct boot_request *req,
			     const struct tag *t, struct header *h,
			     struct err *err)
{
	h->relocatable = true;
	h->min = word(t, 0);
	h->max = word(t, 1);
	h->align = word(t, 2) ? word(t, 2) : 1;
	h->preference = word(t, 3);
	if (h->align & (h->align - 1))
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot 2 relocatable tag: align 0x%x "
			       "is not a power of two",
			       req->image, h->align);
	return true;
}

static const struct {
	enum header_tag type;
	uint32_t min_size;
	bool (*take)(const struct boot_request *req, const struct tag *t,
		     struct header *h,
		     struct err *err); /* NULL: nothing to do */
} header_tags[] = {
	{HT_INFO_REQUEST, 8, take_info_request},
	{HT_ADDRESS, 24, take_address},
	{HT_ENTRY, 12, take_entry},
	{HT_CONSOLE, 12, NULL},
	{HT_FRAMEBUFFER, 20, take_framebuffer},
	{HT_MODULE_ALIGN, 8, NULL}, /* they always are */
	{HT_EFI_BS, 8, NULL},	    /* nothing of EFI here */
	{HT_ENTRY_EFI32, 12, NULL},
	{HT_ENTRY_EFI64, 12, NULL},
	{HT_RELOCATABLE, 24, take_relocatable},
};

static bool take_tag(const struct boot_request *req, const struct tag *t,
		     struct header *h, struct err *err)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(header_tags); i++) {
		if (header_tags[i].type != t->type)
			continue;
		if (t->size < header_tags[i].min_size)
			return err_set(err, ERR_MALFORMED,
				       "%s: Multiboot 2 header tag %u: size %u "
				       "is less than %u",
				       req->image, t->type, t->size,
				       header_tags[i].min_size);
		return !header_tags[i].take ||
		       header_tags[i].take(req, t, h, err);
	}
	if (t->flags & TAG_OPTIONAL)
		return true;
	return err_set(err, ERR_UNSUPPORTED,
		       "%s: Multiboot 2 header: requires the unknown tag %u",
		       req->image, t->type);
}

static bool take_tags(const struct boot_request *req, struct header *h,
		      struct err *err)
{
	const uint8_t *data = (const uint8_t *)req->data + h->offset;
	uint64_t at = 16;

	while (at < h->length) {
		struct tag t = {0};

		if (range_ok(0, h->length, at, 8)) {
			memcpy(&t.type, data + at, 2);
			memcpy(&t.flags, data + at + 2, 2);
			memcpy(&t.size, data + at + 4, 4);
		}
		if (t.size < 8 || !range_ok(0, h->length, at, t.size))
			return err_set(err, ERR_MALFORMED,
				       "%s: Multiboot 2 header: tag %u at "
				       "offset %" PRIu64 ": size %u does not "
				       "fit header_length %u",
				       req->image, t.type, at, t.size,
				       h->length);
		if (t.type == HT_END)
			break;
		t.payload = data + at + 8;
		if (!take_tag(req, &t, h, err))
			return false;
		at += ((uint64_t)t.size + 7) & ~UINT64_C(7);
	}
	return true;
}

static bool take_header(const struct boot_request *req, struct header *h,
			struct err *err)
{
	uint32_t arch;

	*h = (struct header){0};
	if (!multiboot_find(req, HEADER_MAGIC, 4, 8, SEARCH, &h->offset))
		return err_set(err, ERR_MALFORMED, "%s: no Multiboot 2 header",
			       req->image);
	memcpy(&arch, (const uint8_t *)req->data + h->offset + 4, 4);
	memcpy(&h->length, (const uint8_t *)req->data + h->offset + 8, 4);
	if (arch != ARCH_I386)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: Multiboot 2 header: architecture %u is "
			       "not i386",
			       req->image, arch);
	if (h->length < 16 || !range_ok(0, req->size, h->offset, h->length))
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot 2 header at offset 0x%zx: "
			       "header_length %u does not fit a file of %zu "
			       "bytes",
			       req->image, h->offset, h->length, req->size);
	return take_tags(req, h, err);
}

static bool make_plan(const struct boot_request *req, const struct header *h,
		      struct mb_plan *plan, struct err *err)
{
	if (h->has_address) {
		if (!multiboot_plan_address(req, h->offset, &h->address, plan,
					    err))
			return false;
		if (!h->has_entry)
			return err_set(err, ERR_MALFORMED,
				       "%s: Multiboot 2 header: an address tag "
				       "without an entry address tag",
				       req->image);
	} else if (!elf_is(req->data, req->size)) {
		return err_set(err, ERR_MALFORMED,
			       "%s: Multiboot 2 header without an address tag "
			       "in a file that is not ELF: nothing says where "
			       "to load it",
			       req->image);
	} else if (!multiboot_plan_elf(req, plan, err)) {
		return false;
	}
	if (h->has_entry)
		plan->entry = h->entry;
	return true;
}

/* How far a relocatable image is moved. */
static bool choose_bias(const struct loader *l, const struct header *h,
			const struct mb_plan *plan, uint64_t *bias,
			struct err *err)
{
	const struct place_want want = {
		.what = "relocatable Multiboot image",
		.size = plan->memsz,
		.align = h->align,
		.min = max_u64(h->min, h->max > LOW_END ? LOW_END : 0x1000),
		.max = (uint64_t)h->max + 1,
		.order = h->preference == PREFER_HIGHEST ? PLACE_TOP_DOWN
							 : PLACE_BOTTOM_UP,
	};
	gpa_t at;

	*bias = 0;
	if (!h->relocatable || !plan->memsz)
		return true;
	if (h->preference == PREFER_NONE && !(plan->base & (h->align - 1)) &&
	    plan->base >= h->min && plan->base <= h->max &&
	    plan->memsz - 1 <= h->max - plan->base)
		return true;
	if (!place_search(&l->place, &want, &at, err))
		return err_prefix(err, "%s", l->req->image);
	*bias = at - plan->base;
	return true;
}

static bool enter(struct loader *l, const struct mb_plan *plan,
		  struct mb2_info *s, struct err *err)
{
	const struct loader_blob blob = {"Multiboot 2 information", 8,
					 mb2_compose, s};
	struct x86_state *cpu = &l->result->cpu;
	gpa_t at = 0;
	bool ok;

	ok = loader_modules(l, PLACE_BOTTOM_UP, s->mod, &s->mods, err);
	if (ok)
		multiboot_sections(l, plan, &s->sec);
	ok = ok && loader_blob(l, &blob, &at, err);
	buf_deinit(&s->sec.headers);
	if (!ok || !boot_cpu_prot32(cpu, l->mem, &l->place, plan->entry, err))
		return false;
	cpu->gpr[X86_RAX] = BOOT_MAGIC;
	cpu->gpr[X86_RBX] = at;
	l->result->protocol = plan->is_elf ? "Multiboot 2, ELF"
					   : "Multiboot 2, address tag";
	return true;
}

bool load_multiboot2(struct loader *l, struct err *err)
{
	struct mb2_info s = {.l = l};
	struct mb_plan plan = {0};
	struct header h;
	uint64_t bias;

	if (!take_header(l->req, &h, err) ||
	    !make_plan(l->req, &h, &plan, err) ||
	    !choose_bias(l, &h, &plan, &bias, err))
		return false;
	plan.entry += bias;
	s.relocated = h.relocatable;
	s.load_base = plan.base + bias;
	return multiboot_put(l, &plan, bias, err) && enter(l, &plan, &s, err);
}
