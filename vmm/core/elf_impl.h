/* Between elf_core.c (head, notes) and elf_load.c (memory) only. */
#ifndef VMM_CORE_ELF_IMPL_H
#define VMM_CORE_ELF_IMPL_H

#include "stub/core/elf.h"
#include "vmm/core/elf_core.h"

/* All of it, or an error that says what could not be read. */
bool elf_core_read_at(const struct elf_core *e, uint64_t offset, void *buf,
		      size_t len, const char *what, struct err *err) MUST_CHECK;

/* Take a PT_LOAD; e->load has room. */
bool elf_core_add_load(struct elf_core *e, const struct elf_phdr *p,
		       unsigned int segment, struct err *err) MUST_CHECK;
/* After the last one. */
bool elf_core_join_loads(struct elf_core *e, struct err *err) MUST_CHECK;

#endif
