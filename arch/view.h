/*
 * One vCPU as the analysers see it: its registers, the paging that follows
 * from them, and memory to read.  Nothing is owned.
 */
#ifndef ARCH_VIEW_H
#define ARCH_VIEW_H

#include "arch/paging/paging.h"

struct x86_view {
	const struct x86_state *s; /* at least groups GPR and SYS */
	struct x86_cpu_info cpu;
	struct paging paging;
	struct phys_reader mem;
};

void view_init(struct x86_view *v, const struct x86_state *s,
	       const struct x86_cpu_info *cpu, const struct phys_reader *mem);

/* Linear memory, permissions ignored; all of it or an error. */
bool view_read(const struct x86_view *v, gva_t gva, void *buf, size_t len,
	       struct err *err) MUST_CHECK;

#endif
