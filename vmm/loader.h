/*
 * What the loaders share.  Inside vmm/boot.c and vmm/load_*.c only.
 *
 * A loader has a detector, which looks at the contents and touches nothing,
 * and a load function, which claims memory in l->place, fills it, and sets
 * l->result's cpu, low, high and protocol.
 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include "vmm/boot.h"
#include "vmm/elf.h"
#include "vmm/place.h"

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
bool load_flat(struct loader *l, struct err *err) MUST_CHECK;

/* The physical entry of an ELF with a PVH note; *found false without one. */
bool pvh_entry(const struct elf *e, bool *found, uint64_t *entry,
	       struct err *err) MUST_CHECK;

/* ---- shared steps (vmm/load_common.c) ---- */

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

/* Refuse what this boot protocol has no way to pass on. */
bool loader_refuse_args(const struct boot_request *req, const char *protocol,
			bool cmdline, bool initrd, struct err *err) MUST_CHECK;

#endif
