#include "vmm/boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "vmm/boot/ivt.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/lowmem.h"

#define FILE_MAX   (INT64_C(1) << 32) /* larger than any kernel or initrd */
#define READ_CHUNK (1 << 16)

static const struct {
	const char *name;
	bool (*load)(struct loader *l, struct err *err);
} kinds[] = {
	[BOOT_BZIMAGE] = {"bzImage", load_bzimage},
	[BOOT_PVH] = {"PVH", load_pvh},
	[BOOT_MULTIBOOT1] = {"Multiboot 1", load_multiboot1},
	[BOOT_MULTIBOOT2] = {"Multiboot 2", load_multiboot2},
	[BOOT_ELF64] = {"ELF64", load_elf64},
	[BOOT_FLAT] = {"flat binary", load_flat},
	[BOOT_FIRMWARE] = {"firmware", load_firmware},
};

const char *boot_kind_name(enum boot_kind kind)
{
	return kind < ARRAY_SIZE(kinds) ? kinds[kind].name : "?";
}

/* Contents that are certainly no flat binary, and what to do with them. */
static const struct {
	size_t offset, len;
	const char *magic;
	const char *what;
} wrong[] = {
	{0, 3, "\x1f\x8b\x08", "gzip-compressed: unpack it with zcat"},
	{0, 6,
	 "\xfd"
	 "7zXZ",
	 "xz-compressed: unpack it with xzcat"},
	{0, 4, "\x28\xb5\x2f\xfd", "zstd-compressed: unpack it with zstdcat"},
	{0, 4, "\x04\x22\x4d\x18", "LZ4-compressed: unpack it with lz4cat"},
	{0, 4, "\x02\x21\x4c\x18", "LZ4-compressed: unpack it with lz4cat"},
	{0, 4, "\xca\xfe\xba\xbe", "a Mach-O or Java file"},
	{0, 4, "\xcf\xfa\xed\xfe", "a Mach-O file"},
	{0, 8, "!<arch>\n", "an ar archive (a library or a Debian package)"},
	{0, 6, "070701", "a cpio archive: give it with --initrd"},
	{0, 4, "QFI\xfb", "a qcow2 disk image"},
	{0, 2, "#!", "a script"},
	{0x8001, 5, "CD001", "an ISO 9660 disk image"},
};

static bool is_efi(const struct boot_request *req)
{
	const uint8_t *d = req->data;
	uint32_t pe;

	if (req->size < 0x40 || memcmp(d, "MZ", 2))
		return false;
	memcpy(&pe, d + 0x3c, sizeof(pe));
	return range_ok(0, req->size, pe, 4) && !memcmp(d + pe, "PE\0", 4);
}

static bool check_flat(const struct boot_request *req, struct err *err)
{
	const char *d = req->data,
		   *what = is_efi(req) ? "an EFI program" : NULL;

	if (!req->size)
		return err_set(err, ERR_MALFORMED, "%s: the file is empty",
			       req->image);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong) && !what; i++)
		if (range_ok(0, req->size, wrong[i].offset, wrong[i].len) &&
		    !memcmp(d + wrong[i].offset, wrong[i].magic, wrong[i].len))
			what = wrong[i].what;
	if (!what)
		return true;
	return err_set(err, ERR_UNSUPPORTED,
		       "%s: this is %s; to run the bytes all the same, say "
		       "--mode 16, 32 or 64",
		       req->image, what);
}

static bool detect_multiboot(const struct boot_request *req,
			     enum boot_kind *kind)
{
	if (multiboot1_detect(req))
		*kind = BOOT_MULTIBOOT1;
	else if (multiboot2_detect(req))
		*kind = BOOT_MULTIBOOT2;
	else
		return false;
	return true;
}

static bool detect_elf(const struct boot_request *req, enum boot_kind *kind,
		       struct err *err)
{
	uint32_t entry;
	struct elf e;
	bool pvh;

	if (!elf_open(&e, req->image, req->data, req->size, err) ||
	    !pvh_entry(&e, &pvh, &entry, err))
		return false;
	if (pvh)
		*kind = BOOT_PVH;
	else if (detect_multiboot(req, kind))
		return true;
	else if (e.is64)
		*kind = BOOT_ELF64;
	else
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: a 32-bit ELF file with neither a PVH note "
			       "nor a Multiboot header: no boot protocol known "
			       "for it",
			       req->image);
	return true;
}

bool boot_detect(const struct boot_request *req, enum boot_kind *kind,
		 struct err *err)
{
	if (req->firmware)
		*kind = BOOT_FIRMWARE;
	else if (req->load_addr_set || req->entry_set || req->mode)
		*kind = BOOT_FLAT;
	else if (bzimage_detect(req))
		*kind = BOOT_BZIMAGE;
	else if (elf_is(req->data, req->size))
		return detect_elf(req, kind, err);
	else if (!is_efi(req) && detect_multiboot(req, kind))
		return true;
	else if (!check_flat(req, err))
		return false;
	else
		*kind = BOOT_FLAT;
	return true;
}

/* A flat binary may take the firmware area, a ROM image for one. */
static bool start_place(struct loader *l, enum boot_kind kind, struct err *err)
{
	place_init(&l->place, l->mem);
	return kind == BOOT_FLAT || kind == BOOT_FIRMWARE ||
	       place_claim(&l->place, LOW_EBDA, LOW_END - LOW_EBDA,
			   "the firmware tables", err);
}

bool boot_load(struct guest_mem *mem, const struct boot_request *req,
	       struct boot_result *result, struct err *err)
{
	struct boot_result r = {.low = UINT64_MAX};
	struct loader *l;
	bool ok;

	if (!boot_detect(req, &r.kind, err))
		return false;
	l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_LIMIT, "out of memory");
	l->mem = mem;
	l->req = req;
	l->result = &r;
	r.pc = r.kind == BOOT_MULTIBOOT1 || r.kind == BOOT_MULTIBOOT2;
	ok = (!r.pc || ivt_build(mem, err)) && start_place(l, r.kind, err) &&
	     kinds[r.kind].load(l, err);
	free(l);
	if (ok)
		*result = r;
	return ok;
}

/* A PVH kernel may be another one. */
bool boot_is_linux(const struct boot_request *req)
{
	static const char banner[] = "Linux version ";
	enum boot_kind kind;
	struct err ignored;

	if (!boot_detect(req, &kind, &ignored))
		return false;
	return kind == BOOT_BZIMAGE ||
	       (kind == BOOT_PVH &&
		memmem(req->data, req->size, banner, sizeof(banner) - 1));
}

/*
 * User mode asks the processor itself, finds AVX, and glibc's memcpy() uses it;
 * a Linux without XSAVE does not keep those registers over a page fault that
 * another task runs in.  Becomes a variable of init's environment.
 */
static const char no_avx[] = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-"
			     "AVX512F,-AVX512VL,"
			     "-AVX512BW,-AVX_Fast_Unaligned_Load ";

static void put_flags(struct buf *b, const struct boot_request *req)
{
	if (!req->clear || !req->clear[0] || !boot_is_linux(req))
		return;
	if (!strstr(req->cmdline, "clearcpuid="))
		buf_printf(b, "clearcpuid=%s ", req->clear);
	if (strstr(req->clear, "xsave") && !strstr(req->cmdline, "GLIBC_"
								 "TUNABLES="))
		buf_str(b, no_avx);
}

char *boot_cmdline(const struct boot_request *req,
		   const struct boot_wiring *wiring)
{
	struct buf b = BUF_INIT;
	enum boot_kind kind;
	struct err ignored;
	char *text;

	put_flags(&b, req);
	if (boot_detect(req, &kind, &ignored) &&
	    (kind == BOOT_BZIMAGE || kind == BOOT_PVH) &&
	    !strstr(req->cmdline, "virtio_mmio.device="))
		for (unsigned int i = 0; i < wiring->virtios; i++)
			buf_printf(&b, "virtio_mmio.device=4K@0x%x:%u ",
				   wiring->virtio[i].base,
				   wiring->virtio[i].irq);
	buf_str(&b, req->cmdline);
	text = b.failed ? NULL : strdup(buf_cstr(&b));
	buf_deinit(&b);
	return text;
}

static bool read_all(int fd, const char *path, struct buf *b, struct err *err)
{
	for (;;) {
		void *to = buf_reserve(b, READ_CHUNK);
		ssize_t n;

		if (!to || b->len > (uint64_t)FILE_MAX)
			return err_set(err, ERR_LIMIT,
				       "%s: too large to read into memory",
				       path);
		n = read(fd, to, READ_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, ERR_IO, "cannot read %s",
					     path);
		if (!n)
			return true;
		b->len += n;
	}
}

bool boot_read_file(const char *path, void **data, size_t *size,
		    struct err *err)
{
	struct buf b = BUF_INIT;
	struct stat st;
	bool ok;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open %s", path);
	/* a pipe will do as well: the size is only a hint */
	if (!fstat(fd, &st) && st.st_size > 0 && st.st_size <= FILE_MAX)
		buf_reserve(&b, st.st_size + READ_CHUNK);
	ok = read_all(fd, path, &b, err);
	close(fd);
	if (!ok) {
		buf_deinit(&b);
		return false;
	}
	*data = b.data;
	*size = b.len;
	return true;
}
