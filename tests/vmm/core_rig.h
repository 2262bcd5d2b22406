/*
 * Saved crashes for tests: of a fake target, or built byte by byte.
 */
#ifndef TESTS_VMM_CORE_RIG_H
#define TESTS_VMM_CORE_RIG_H

#include "base/buf.h"
#include "stub/core/elf.h"
#include "tests/stub/fake_target.h"
#include "vmm/core/core.h"

/* A temporary file without a name that has these bytes. */
int core_rig_file(const void *data, size_t len);

/* Save the target and read the file back; *bytes gets it when not NULL. */
void core_rig_save(struct target *t, struct buf *bytes);

/* Save the target and open what was written. */
struct core *core_rig_reopen(struct target *t);
/* The same with the linear addresses of vCPU 0. */
struct core *core_rig_reopen_linear(struct target *t);

/* Open these bytes; NULL and *err when they are refused. */
struct core *core_rig_open(const struct buf *bytes, struct err *err);

/* ---- cores built by hand ---- */

#define CORE_RIG_SEGMENTS 8

struct core_rig {
	struct elf_ehdr ehdr;
	struct elf_phdr phdr[CORE_RIG_SEGMENTS];
	unsigned int phdrs;
	struct buf notes; /* of segment 0 */
	struct buf data;  /* what follows the notes */
};

/* A 64-bit core of an x86-64 machine with an empty PT_NOTE. */
void core_rig_init(struct core_rig *r);
void core_rig_deinit(struct core_rig *r);
/* A PT_LOAD with len bytes of `fill` in the file; its header may be changed. */
struct elf_phdr *core_rig_load(struct core_rig *r, uint64_t paddr, size_t len,
			       uint8_t fill);
/* The file.  Offsets of segments are relative to the data before this. */
void core_rig_build(struct core_rig *r, struct buf *bytes);

#endif
