/*
 * What the clients asked for, over what is planted in the target.
 *
 * gdb removes every breakpoint at each stop and inserts all of them again
 * before it resumes.  So a request plants at once, because only then can a
 * refusal reach the user with its reason, but a release only marks: bp_sync(),
 * called right before every resume, takes out what nobody asked for again.
 *
 * One entry stands for one {type, addr, len, physical}; asking twice is the
 * same as asking once (GDB manual, "Packets", z/Z: "should be implemented in
 * an idempotent way").  Different entries at one address are independent; that
 * they may share a planted byte is the target's business.
 *
 * A reset of the guest, by command or its own, is noticed through
 * target.generation: the next request or sync plants everything again.
 *
 * Threading: server thread only.
 */
#ifndef STUB_BREAKPOINT_H
#define STUB_BREAKPOINT_H

#include "stub/target.h"

#define BP_MAX 4096 /* entries, wanted or not */

struct bp_entry {
	struct target_bp bp;
	unsigned int vcpu; /* whose page tables translate */
	bool wanted;	   /* some client wants it: not released since */
	uint64_t hits;	   /* stops since it was first asked for */
};

struct bp_list {
	struct bp_entry *entry; /* [n], by address, then type, then length */
	size_t n, cap;
	unsigned int generation; /* target.generation they are planted in */
};

void bp_list_init(struct bp_list *list);
/* Forgets everything; the target keeps what is planted. */
void bp_list_deinit(struct bp_list *list);

/*
 * Want this breakpoint and plant it unless it is planted already.  Fails with
 * the target's own words, or with ERR_LIMIT beyond BP_MAX; a failed request
 * leaves the list as it was.
 */
bool bp_request(struct bp_list *list, struct target *t, unsigned int vcpu,
		const struct target_bp *bp, struct err *err) MUST_CHECK;

/*
 * No longer want it.  One that was never asked for is fine, as in gdbserver:
 * gdb may clean up what a refused request did not leave behind.
 */
bool bp_release(struct bp_list *list, const struct target_bp *bp,
		struct err *err) MUST_CHECK;
void bp_release_all(struct bp_list *list);

/*
 * Make the target match the list.  On failure everything possible has been
 * done; *err has the first error and what failed is tried again next time.
 */
bool bp_sync(struct bp_list *list, struct target *t,
	     struct err *err) MUST_CHECK;

/* Plant all wanted ones again after a reset; bp_sync() does this itself. */
bool bp_replant(struct bp_list *list, struct target *t,
		struct err *err) MUST_CHECK;

/* How many are wanted. */
size_t bp_count(const struct bp_list *list);

/*
 * The wanted breakpoint of this type whose range holds addr, or NULL; the
 * lowest when there are several.  Valid until the next request or sync.
 */
struct bp_entry *bp_find(const struct bp_list *list, enum bp_type type,
			 gva_t addr);

/*
 * Count a stop on the breakpoint that caused it: pc is the stopped vCPU's
 * linear pc, used for BP_SW and BP_HW.  NULL when it is none of ours.
 */
struct bp_entry *bp_hit(struct bp_list *list, const struct target_stop *stop,
			gva_t pc);

/* "software breakpoint", "write watchpoint", ... for messages. */
const char *bp_type_name(enum bp_type type);

#endif
