/* Between the files of the memory commands. */
#ifndef STUB_MON_MEMORY_H
#define STUB_MON_MEMORY_H

#include "arch/paging/explain.h"
#include "arch/view.h"
#include "stub/inspect.h"
#include "stub/mon/expr.h"
#include "stub/mon/internal.h"

/* memory_walk.c */
enum mon_result mon_walk(struct mon_ctx *ctx);
enum mon_result mon_gva2gpa(struct mon_ctx *ctx);

/* memory_maps.c */
enum mon_result mon_info_mem(struct mon_ctx *ctx);
enum mon_result mon_info_tlb(struct mon_ctx *ctx);
enum mon_result mon_maps(struct mon_ctx *ctx);
enum mon_result mon_gpa2gva(struct mon_ctx *ctx);

/* memory_dump.c */
enum mon_result mon_x(struct mon_ctx *ctx);
enum mon_result mon_xp(struct mon_ctx *ctx);

/* memory_bus.c */
enum mon_result mon_iobus(struct mon_ctx *ctx);
enum mon_result mon_info_mtree(struct mon_ctx *ctx);

/* memory_search.c */
enum mon_result mon_search(struct mon_ctx *ctx);

/* What the walk of a vCPU can go by; NULL pointers where nothing is known. */
struct mon_rules {
	struct walk_rules walk;
	struct x86_cpu_info supported, host;
};

/*
 * Fill *r for `guest`, which stays the caller's.  Nothing of it can fail: what
 * the target does not tell is not known.  The PAT is read when it can be, the
 * host and its CPUIDs on demand: under a hypervisor each leaf is an exit.
 */
void mon_rules_init(struct mon_ctx *ctx, const struct paging *guest,
		    bool cpuids, struct mon_rules *r);

/* ---- who answers a physical address ---- */

/*
 * Is it RAM?  *same: how many bytes from there on have the same owner.  With a
 * buffer, append "RAM (name)", "device NAME", "device NAME, inside KVM" or
 * "nothing: no memory and no device".
 */
bool mon_owner(struct target *t, gpa_t gpa, uint64_t *same, struct buf *name);

/* The device range an address lies in; false when none. */
bool mon_find_io(struct target *t, bool mmio, uint64_t addr,
		 struct target_io_range *range);

#endif
