/*
 * Why a guest died, in words: the diagnosis behind each exit that ends a run.
 *
 * Pure: everything it goes by is handed in, so a live guest, a saved crash and
 * a recorded exit in a test get the same answer.  What is not known is left
 * NULL, and the story gets shorter.
 */
#ifndef ARCH_DIAG_STORY_H
#define ARCH_DIAG_STORY_H

#include "arch/cpuid_table.h"
#include "arch/decode.h"
#include "arch/exit/text.h"
#include "arch/host.h"
#include "arch/view.h"
#include "arch/vmcs/vmcs.h"
#include "base/buf.h"

/* Who else can be asked; any of them may be NULL. */
struct story_ops {
	/*
	 * Who answers a physical address: append "RAM", "device NAME", "nothing
	 * ..."; true when it is RAM.
	 */
	bool (*place)(void *ctx, gpa_t gpa, struct buf *out);
	/* A page walk entry by entry, in lines. */
	void (*walk)(void *ctx, gva_t gva, uint32_t access, struct buf *out);
	bool (*msr)(void *ctx, uint32_t index, uint64_t *value);
	/* Append " <name+4>" for an address of the image. */
	void (*symbol)(void *ctx, gva_t addr, struct buf *out);
	/* The structure the processor refused, for its checks. */
	const struct vmcs_model *(*vmcs)(void *ctx);
};

struct story_in {
	const struct exit_info *exit;
	const struct x86_view *view;   /* NULL: the registers are lost */
	const struct decoded *insn;    /* at rip; with view */
	const struct x86_host *host;   /* never NULL */
	const struct x86_cpuid *cpuid; /* the guest's */
	bool stale;	 /* the registers are from before the death */
	uint64_t age_ns; /* ... by this much */
	int in_service;	 /* vector the local APIC has in service, or -1 */
	const struct story_ops *ops;
	void *ctx;
};

struct story_out {
	struct buf verdict; /* one line without its end; empty: nothing found */
	struct buf body;    /* lines that prove it */
	struct buf fix;	    /* what to do, one piece of advice a line */
	struct buf more;    /* longer evidence: the walk of an address */
};

/* Tell what this exit means.  The buffers are the caller's, and appended to. */
void story_tell(const struct story_in *in, struct story_out *out);

void story_deinit(struct story_out *out);

#endif
