/*
 * What the loaders share.  Inside vmm/boot/boot.c and vmm/boot/load_*.c only.
 *
 * A loader has a detector, which looks at the contents and touches nothing,
 * and a load function, which claims memory in l->place, fills it, and sets
 * l->result's cpu, low, high and protocol.
 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include "base/buf.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/elf.h"
#include "vmm/boot/place.h"

/* What Multiboot guests are told; boot loaders give name and version. */
#define LOADER_NAME "kvm-gdbserver " VERSION

struct loader {
	struct guest_mem *mem;
	const struct boot_request *req;
	struct boot_result *result;
	struct place place;
};

/* A module or initrd in guest memory; path and args are the request's. */
struct loaded_module {
	const char *path, *args;
	gpa_t base;
	uint64_t size;
};

/* ---- one loader a file ---- */

bool bzimage_detect(const struct boot_request *req);
bool load_bzimage(struct loader *l, struct err *err) MUST_CHECK;
bool load_pvh(struct loader *l, struct err *err) MUST_CHECK;
bool multiboot1_detect(const struct boot_request *req);
bool load_multiboot1(struct loader *l, struct err *err) MUST_CHECK;
bool multiboot2_detect(const struct boot_request *req);
bool load_multiboot2(struct loader *l, struct err *err) MUST_CHECK;
bool load_elf64(struct loader *l, struct err *err) MUST_CHECK;
bool load_firmware(struct loader *l, struct err *err) MUST_CHECK;
bool load_flat(struct loader *l, struct err *err) MUST_CHECK;

/* The physical entry of an ELF with a PVH note; *found false without one. */
bool pvh_entry(const struct elf *e, bool *found, uint32_t *entry,
	       struct err *err) MUST_CHECK;

/* ---- shared steps (vmm/boot/load_common.c) ---- */

/* Copy data to base, zero the rest up to memsz; widens result low and high. */
bool loader_put(struct loader *l, gpa_t base, const void *data, size_t filesz,
		uint64_t memsz, const char *what, struct err *err) MUST_CHECK;

/* All PT_LOAD segments to their physical addresses, moved by `bias`. */
bool loader_elf(struct loader *l, const struct elf *e, uint64_t bias,
		struct err *err) MUST_CHECK;

/* Read a file into guest memory where `want` says (its size is filled in). */
bool loader_file(struct loader *l, const char *path, struct place_want *want,
		 struct loaded_module *mod, struct err *err) MUST_CHECK;

/*
 * The initrd, if any, then the modules, page-aligned; mod has room for
 * BOOT_MAX_MODULES + 1.
 */
bool loader_modules(struct loader *l, enum place_order order,
		    struct loaded_module *mod, unsigned int *count,
		    struct err *err) MUST_CHECK;

/*
 * Boot information with pointers into itself: `compose` appends it for a given
 * base address.  It is called twice, first to learn the size, and its output
 * must not change in length.
 */
struct loader_blob {
	const char *what;
	uint64_t align;
	void (*compose)(const void *ctx, gpa_t base, struct buf *out);
	const void *ctx;
};

bool loader_blob(struct loader *l, const struct loader_blob *blob, gpa_t *at,
		 struct err *err) MUST_CHECK;

/* Append little-endian integers of 2, 4 and 8 bytes, and zeros. */
void put16(struct buf *b, uint16_t value);
void put32(struct buf *b, uint32_t value);
void put64(struct buf *b, uint64_t value);
void put_zero(struct buf *b, size_t n);
void put_align(struct buf *b, size_t align);
/* A string with its NUL; NULL is the empty string. */
void put_str(struct buf *b, const char *text);

/* Refuse what this boot protocol has no way to pass on. */
bool loader_refuse_args(const struct boot_request *req, const char *protocol,
			bool cmdline, bool initrd, struct err *err) MUST_CHECK;

#endif
