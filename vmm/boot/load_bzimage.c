/*
 * bzImage by the Linux/x86 boot protocol (Linux Documentation/arch/x86/boot.rst,
 * "64-bit Boot Protocol", "32-bit Boot Protocol"; zero-page.rst).
 */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "vmm/boot/cpu.h"
#include "vmm/boot/paging.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/lowmem.h"

#define SECTOR	       512
#define PAGE	       UINT64_C(4096)
#define DEFAULT_SECTS  4
#define ENTRY64_OFFSET 0x200
#define OLD_INITRD_MAX 0x37ffffff
#define OLD_CMDLINE    255
#define MIN_VERSION    0x0202 /* cmd_line_ptr */
#define LOADER_UNKNOWN 0xff   /* type_of_loader: no number assigned */
#define VID_NORMAL     0xffff

/* Offsets in the file's first sectors and, the same, in boot_params. */
enum {
	HDR_START = 0x1f1,
	HDR_SETUP_SECTS = 0x1f1, /* 1 byte */
	HDR_SYSSIZE = 0x1f4,	 /* 4, in 16-byte units */
	HDR_VID_MODE = 0x1fa,	 /* 2 */
	HDR_BOOT_FLAG = 0x1fe,	 /* 2 */
	HDR_JUMP = 0x201,	 /* 1: the header ends here + 0x202 */
	HDR_MAGIC = 0x202,	 /* 4 */
	HDR_VERSION = 0x206,	 /* 2 */
	HDR_LOADER = 0x210,	 /* 1 */
	HDR_LOADFLAGS = 0x211,	 /* 1 */
	HDR_CODE32_START = 0x214,
	HDR_RAMDISK = 0x218,
	HDR_RAMDISK_SIZE = 0x21c,
	HDR_CMD_LINE = 0x228,
	HDR_INITRD_MAX = 0x22c,	  /* 2.03 */
	HDR_XLOADFLAGS = 0x236,	  /* 2, 2.12 */
	HDR_CMDLINE_SIZE = 0x238, /* 2.06 */
	HDR_SUBARCH = 0x23c,	  /* 2.07 */
	HDR_PREF_ADDRESS = 0x258, /* 8, 2.10 */
	HDR_INIT_SIZE = 0x260,	  /* 2.10 */
	HDR_END = 0x290,	  /* where boot_params' next field is */
};

enum {				 /* fields of boot_params outside the header */
	BP_RSDP = 0x070,	 /* 8 */
	BP_ALT_MEM_K = 0x1e0,	 /* 4 */
	BP_E820_ENTRIES = 0x1e8, /* 1 */
	BP_E820_TABLE = 0x2d0,	 /* 20 bytes each */
	BP_SIZE = 4096,
};

enum {
	LOADED_HIGH = 1 << 0,
	CAN_USE_HEAP = 1 << 7,
	XLF_KERNEL_64 = 1 << 0,
};

/* What the header says, with the defaults of older versions filled in. */
struct setup {
	uint16_t version;
	bool entry64;
	size_t offset; /* protected-mode part in the file */
	uint64_t size;
	gpa_t load;
	uint64_t init_size; /* memory it needs from load on */
	uint64_t initrd_max;
	uint32_t cmdline_size; /* without the NUL */
};

static uint64_t field(const struct boot_request *req, size_t at, size_t size)
{
	uint64_t value = 0;

	if (range_ok(0, req->size, at, size))
		memcpy(&value, (const uint8_t *)req->data + at, size);
	return value;
}

bool bzimage_detect(const struct boot_request *req)
{
	return field(req, HDR_BOOT_FLAG, 2) == 0xaa55 &&
	       field(req, HDR_MAGIC, 4) == 0x53726448; /* "HdrS" */
}

static bool check_version(const struct boot_request *req, const struct setup *s,
			  struct err *err)
{
	if (s->version < MIN_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: bzImage header: version %u.%02u; at least "
			       "2.02 is needed",
			       req->image, s->version >> 8, s->version & 0xff);
	if (!(field(req, HDR_LOADFLAGS, 1) & LOADED_HIGH))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: bzImage header: loadflags 0x%02x: a zImage "
			       "for low memory, which has only a 16-bit entry",
			       req->image,
			       (unsigned int)field(req, HDR_LOADFLAGS, 1));
	return true;
}

/* The part behind the setup sectors. */
static bool find_payload(const struct boot_request *req, struct setup *s,
			 struct err *err)
{
	const unsigned int sects = field(req, HDR_SETUP_SECTS, 1);
	uint64_t need = field(req, HDR_SYSSIZE, 4) * 16;

	if (s->version < 0x0204)
		need = (need / 16 & 0xffff) * 16;
	s->offset = ((sects ? sects : DEFAULT_SECTS) + 1) * SECTOR;
	if (req->size <= s->offset)
		return err_set(err, ERR_MALFORMED,
			       "%s: truncated bzImage: %zu bytes, setup_sects "
			       "%u says the kernel starts at %zu",
			       req->image, req->size, sects, s->offset);
	s->size = req->size - s->offset;
	/* the last 16 bytes may be short by what padding rounds up */
	if (need > s->size + 15)
		return err_set(err, ERR_MALFORMED,
			       "%s: truncated bzImage: syssize says %" PRIu64
			       " bytes after the setup sectors, the file has "
			       "%" PRIu64,
			       req->image, need, s->size);
	return true;
}

static bool read_setup(const struct boot_request *req, struct setup *s,
		       struct err *err)
{
	*s = (struct setup){
		.version = field(req, HDR_VERSION, 2),
		.load = LOW_END,
		.initrd_max = OLD_INITRD_MAX,
		.cmdline_size = OLD_CMDLINE,
	};
	if (!check_version(req, s, err) || !find_payload(req, s, err))
		return false;
	if (s->version >= 0x0203)
		s->initrd_max = field(req, HDR_INITRD_MAX, 4);
	if (s->version >= 0x0206)
		s->cmdline_size = field(req, HDR_CMDLINE_SIZE, 4);
	if (s->version >= 0x020a) {
		s->load = field(req, HDR_PREF_ADDRESS, 8);
		s->init_size = field(req, HDR_INIT_SIZE, 4);
	}
	if (s->version >= 0x020c)
		s->entry64 = field(req, HDR_XLOADFLAGS, 2) & XLF_KERNEL_64;
	s->init_size = max_u64(s->init_size, s->size);
	if (s->load >= GUEST_HOLE_BASE || s->load < LOW_END)
		return err_set(err, ERR_MALFORMED,
			       "%s: bzImage header: pref_address 0x%" PRIx64
			       " is not between 1 MiB and 3 GiB",
			       req->image, s->load);
	return true;
}

static void set(uint8_t *bp, size_t at, uint64_t value, size_t size)
{
	memcpy(bp + at, &value, size);
}

static void fill_e820(const struct guest_mem *mem, uint8_t *bp)
{
	struct e820_entry map[8];
	const unsigned int n = e820_build(mem, map, ARRAY_SIZE(map));

	for (unsigned int i = 0; i < n; i++) {
		const size_t at = BP_E820_TABLE + i * 20;

		set(bp, at, map[i].base, 8);
		set(bp, at + 8, map[i].size, 8);
		set(bp, at + 16, map[i].type, 4);
	}
	set(bp, BP_E820_ENTRIES, n, 1);
	set(bp, BP_ALT_MEM_K,
	    (min_u64(mem->ram_size, GUEST_HOLE_BASE) - LOW_END) >> 10, 4);
}

/* boot_params: the kernel's own header and what we add to it. */
static void fill_params(const struct loader *l, const struct setup *s,
			const struct loaded_module *initrd, gpa_t cmdline,
			uint8_t *bp)
{
	const struct boot_request *req = l->req;
	const size_t end = min_u64(HDR_MAGIC + field(req, HDR_JUMP, 1),
				   min_u64(HDR_END, req->size));

	memset(bp, 0, BP_SIZE);
	if (end > HDR_START)
		memcpy(bp + HDR_START, (const uint8_t *)req->data + HDR_START,
		       end - HDR_START);
	set(bp, BP_RSDP, req->rsdp, 8);
	set(bp, HDR_VID_MODE, VID_NORMAL, 2);
	set(bp, HDR_LOADER, LOADER_UNKNOWN, 1);
	bp[HDR_LOADFLAGS] &= ~CAN_USE_HEAP; /* real-mode code only */
	set(bp, HDR_CODE32_START, s->load, 4);
	set(bp, HDR_RAMDISK, initrd->base, 4);
	set(bp, HDR_RAMDISK_SIZE, initrd->size, 4);
	set(bp, HDR_CMD_LINE, cmdline, 4);
	set(bp, HDR_SUBARCH, 0, 4);
	fill_e820(l->mem, bp);
}

static bool put_kernel(struct loader *l, const struct setup *s, struct err *err)
{
	const uint8_t *data = l->req->data;

	if (loader_put(l, s->load, data + s->offset, s->size, s->init_size,
		       "kernel (init_size)", err))
		return true;
	return err_prefix(err, "%s", l->req->image);
}

static bool put_initrd(struct loader *l, const struct setup *s,
		       struct loaded_module *initrd, struct err *err)
{
	struct place_want want = {
		.min = LOW_END,
		.max = min_u64(s->initrd_max + 1, GUEST_HOLE_BASE),
		.order = PLACE_TOP_DOWN,
	};

	*initrd = (struct loaded_module){0};
	return !l->req->initrd ||
	       loader_file(l, l->req->initrd, &want, initrd, err);
}

static bool put_cmdline_checked(struct loader *l, const struct setup *s,
				gpa_t *at, struct err *err)
{
	const char *text = l->req->cmdline;
	const size_t len = strlen(text);

	if (len > s->cmdline_size)
		return err_set(err, ERR_RANGE,
			       "--append: %zu characters; this kernel takes "
			       "%u (cmdline_size)",
			       len, s->cmdline_size);
	return place_info(&l->place, "command line", len + 1, 16, at, err) &&
	       guest_mem_write(l->mem, *at, text, len + 1, err);
}

static bool enter(struct loader *l, const struct setup *s, gpa_t params,
		  struct err *err)
{
	struct x86_state *cpu = &l->result->cpu;
	gpa_t cr3;

	if (!s->entry64) {
		l->result->protocol = "Linux/x86 32-bit boot protocol";
		if (!boot_cpu_prot32(cpu, l->mem, &l->place, s->load, err))
			return false;
	} else {
		l->result->protocol = "Linux/x86 64-bit boot protocol";
		if (!boot_page_tables(l->mem, &l->place, NULL, 0, &cr3, err) ||
		    !boot_cpu_long64(cpu, l->mem, &l->place, cr3,
				     s->load + ENTRY64_OFFSET, err))
			return false;
	}
	cpu->gpr[X86_RSI] = params;
	return true;
}

bool load_bzimage(struct loader *l, struct err *err)
{
	struct loaded_module initrd;
	uint8_t bp[BP_SIZE];
	gpa_t params, cmdline;
	struct setup s;

	if (!loader_refuse_args(l->req, "the Linux boot protocol", false, false,
				err) ||
	    !read_setup(l->req, &s, err) || !put_kernel(l, &s, err) ||
	    !put_initrd(l, &s, &initrd, err) ||
	    !put_cmdline_checked(l, &s, &cmdline, err) ||
	    !place_info(&l->place, "boot_params", BP_SIZE, PAGE, &params, err))
		return false;
	fill_params(l, &s, &initrd, cmdline, bp);
	return guest_mem_write(l->mem, params, bp, BP_SIZE, err) &&
	       enter(l, &s, params, err);
}
