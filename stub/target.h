/*
 * The target interface: what the protocol server and the monitor commands need
 * of a machine.  Implementations: the live VM (vmm/live.c), later a saved
 * crash, and the fake of the tests.
 *
 * A target is one const struct target_ops, capabilities and private data.  A
 * NULL op means "this target cannot".  Only the target_*() wrappers call ops:
 * they check vCPU numbers, run state and ranges once, keep a cache of register
 * images, and give one error text.
 *
 * Threading: every function here is called by the server thread only.  An
 * implementation with threads of its own makes event_fd readable and lets the
 * server ask for the next stop; it never calls back.
 *
 * Stops are all-stop: from target_resume() until next_stop() reports, no
 * register or memory access is possible except target_interrupt().
 */
#ifndef STUB_TARGET_H
#define STUB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/view.h"
#include "base/buf.h"
#include "base/err.h"
#include "xml/tdesc.h"

struct bp_list; /* stub/breakpoint.h */
struct target;
struct mon_command;	   /* stub/mon/monitor.h */
struct target_inspect_ops; /* stub/inspect.h */
struct target_catch_ops;   /* stub/catch.h */

/* ---- resuming ---- */

enum target_action_kind {
	ACTION_HOLD, /* stay stopped */
	ACTION_CONTINUE,
	ACTION_STEP,  /* one instruction */
	ACTION_RANGE, /* step while start <= linear pc < end */
};

struct target_action {
	enum target_action_kind kind;
	gva_t start, end; /* ACTION_RANGE */
};

/* ---- stopping ---- */

enum target_stop_kind {
	STOP_NONE, /* nothing happened yet: the state before the first run */
	STOP_INTERRUPT, /* asked for by target_interrupt() */
	STOP_STEP,	/* step or range finished */
	STOP_SWBREAK,	/* at a BP_SW of ours; pc is its address */
	STOP_HWBREAK,	/* at a BP_HW of ours; pc is its address */
	STOP_WATCH,	/* a data watchpoint of ours fired; see addr, bp_type */
	STOP_ERROR,  /* the guest died: triple fault, KVM internal error... */
	STOP_EXITED, /* the guest ended itself: status */
	STOP_RESET,  /* the guest asked for a reset; it is at its reset state */
	STOP_CATCH,  /* a catchpoint was hit; see text */
};

enum gdb_signal { /* GDB's numbers, not the host's */
	GDB_SIGNAL_0 = 0,
	GDB_SIGNAL_INT = 2,
	GDB_SIGNAL_ILL = 4,
	GDB_SIGNAL_TRAP = 5,
	GDB_SIGNAL_ABRT = 6,
	GDB_SIGNAL_BUS = 10,
	GDB_SIGNAL_SEGV = 11,
	GDB_SIGNAL_TERM = 15,
};

enum bp_type { /* the digit of the Z packet */
	BP_SW = 0,
	BP_HW = 1,
	BP_WRITE = 2,
	BP_READ = 3,
	BP_ACCESS = 4,
};

struct target_stop {
	enum target_stop_kind kind;
	unsigned int vcpu;    /* 0-based */
	int signal;	      /* enum gdb_signal */
	enum bp_type bp_type; /* STOP_WATCH: which packet asked for it */
	gva_t addr; /* STOP_WATCH: an address inside the watched range */
	int status; /* STOP_EXITED: exit status, 0..255 */
	unsigned int catchpoint; /* STOP_CATCH: its id (stub/catch.h) */
	/*
	 * The story: first line is the one-line verdict, then what led there
	 * and the register dump.  NULL when there is nothing to tell.  Owned by
	 * the target, valid until its next resume or reset.  A target that
	 * keeps evidence (stub/inspect.h) leaves it NULL at a STOP_ERROR.
	 */
	const char *text;
	/* Short reason for "info status": "shutdown", "internal-error", or NULL
	 */
	const char *status_word;
};

/* ---- breakpoints as the target sees them ---- */

struct target_bp {
	enum bp_type type;
	gva_t addr;   /* linear; physical when `physical` is set */
	uint64_t len; /* bytes; 1 for BP_SW and BP_HW */
	bool physical;
};

struct target_region { /* one piece of the guest-physical map */
	gpa_t start;
	uint64_t size; /* bytes */
	bool ram, read_only;
	const char *name;
};

struct target_caps {
	bool can_write; /* memory and registers */
	bool can_run;
	bool can_reset;
	unsigned int hw_slots; /* exact data watchpoints at a time; 4 on x86 */
};

/*
 * All ops are called with the vCPUs stopped unless the comment says otherwise.
 * Physical ranges never wrap.  Outputs are untouched on failure.
 */
struct target_ops {
	const char *name; /* "a live KVM guest": "NAME cannot ..." */

	/* Guest memory as the guest wrote it: planted bytes are hidden. */
	bool (*read_phys)(struct target *t, gpa_t gpa, void *buf, size_t len,
			  struct err *err);
	/*
	 * What is known of [gpa, gpa + len) without reading it: *zero bytes
	 * from gpa on are zero, and *data bytes behind them may be anything.
	 * Together they may be less than len.
	 */
	void (*extent)(struct target *t, gpa_t gpa, uint64_t len,
		       uint64_t *zero, uint64_t *data);
	/*
	 * The same bytes in place, for who only passes them on; valid until
	 * the next call.  NULL: they have to be copied.
	 */
	const void *(*span)(struct target *t, gpa_t gpa, size_t len);
	/* All or nothing.  Writes go under planted bytes, which stay planted. */
	bool (*write_phys)(struct target *t, gpa_t gpa, const void *buf,
			   size_t len, struct err *err);

	/* Fill (at least) the asked groups of *s. */
	bool (*get_state)(struct target *t, unsigned int vcpu, unsigned groups,
			  struct x86_state *s, struct err *err);
	/* Load the named groups from *s; all of one group or an error. */
	bool (*set_state)(struct target *t, unsigned int vcpu, unsigned groups,
			  const struct x86_state *s, struct err *err);
	void (*cpu_info)(struct target *t, unsigned int vcpu,
			 struct x86_cpu_info *info);

	/* actions[0..nvcpus); returns at once. */
	bool (*resume)(struct target *t, const struct target_action *actions,
		       struct err *err);
	/* Running: stop soon, with STOP_INTERRUPT on this vCPU if it can. */
	void (*interrupt)(struct target *t, unsigned int vcpu);
	/* Readable while a stop waits to be fetched. */
	int (*event_fd)(struct target *t);
	/* Every vCPU has parked and there is a stop: fill it, return true. */
	bool (*next_stop)(struct target *t, struct target_stop *stop);

	/*
	 * Plant or remove one breakpoint.  vcpu names whose page tables
	 * translate.  A breakpoint that cannot be honoured is an error that
	 * says what can; one not mapped yet is accepted and planted later.
	 * Inserting what is inserted already succeeds and changes nothing;
	 * removing what is not inserted may be ERR_NOT_FOUND.  A reset may
	 * forget what is inserted: the caller inserts it again.
	 */
	bool (*insert_bp)(struct target *t, unsigned int vcpu,
			  const struct target_bp *bp, struct err *err);
	bool (*remove_bp)(struct target *t, const struct target_bp *bp,
			  struct err *err);
	/* How an inserted one is planted: "byte at physical 0x1000". */
	void (*bp_means)(struct target *t, const struct target_bp *bp,
			 struct buf *out);

	/* index 0, 1, ... ordered by start; false at the end */
	bool (*region)(struct target *t, unsigned int index,
		       struct target_region *region);

	/* Back to the first instruction, image reloaded.  Also after death. */
	bool (*reset)(struct target *t, struct err *err);

	/* Set QEMU's single-step mask: bit 1 = no interrupts while stepping. */
	void (*set_step_irqs)(struct target *t, bool blocked);

	/* Host thread that runs a vCPU, for `info cpus`. */
	int (*thread_id)(struct target *t, unsigned int vcpu);

	/* Text of `monitor caps`: what this target's host really does. */
	void (*describe_caps)(struct target *t, struct buf *out);
	/* The target's own monitor commands, ended by a NULL name; or NULL. */
	const struct mon_command *commands;

	const struct target_inspect_ops *inspect; /* or NULL */
	const struct target_catch_ops *catch;	  /* or NULL */
};

/*
 * Common state.  Implementations embed this first and call target_init();
 * readers use the fields, writers are the target_*() wrappers only.
 */
/*
 * How clients are told of the registers, `monitor arch`.  It is the wish: a
 * client has what was wished when it read its description.
 */
struct target_view {
	bool arch_auto;	      /* by the mode of the vCPU at hand ... */
	enum tdesc_code code; /* ... else this */
	bool linear;	      /* pc and sp outside 64-bit code: with the base */
};

/* By how much the image was moved; kept by target_slide() (stub/inspect.h). */
struct target_slide {
	bool known, tried; /* tried: not again before the next stop */
	unsigned int generation;
	uint64_t by; /* bytes */
};

struct target {
	const struct target_ops *ops;
	void *priv;
	struct target_caps caps;
	unsigned int nvcpus;
	bool running; /* between resume and the next stop */
	bool dead;    /* after STOP_ERROR or STOP_EXITED, until reset */
	unsigned int generation;    /* counts resets */
	struct target_stop last;    /* what `?` repeats */
	struct target_cache *cache; /* [nvcpus], owned */
	struct target_view view;
	struct target_slide slide;
	struct buf story; /* what target_explain() has made */
	/* What clients asked for, for `bl`; its owner's.  NULL: no server. */
	const struct bp_list *bps;
};

bool target_init(struct target *t, const struct target_ops *ops, void *priv,
		 unsigned int nvcpus, struct err *err) MUST_CHECK;
void target_deinit(struct target *t);

/* Drop cached registers: something below has changed them. */
void target_forget(struct target *t);

/*
 * Registers of a vCPU with at least these groups, from the cache where it is
 * fresh.  The pointer is valid until the next resume, reset or write.  NULL
 * and *err on failure.
 */
const struct x86_state *target_state(struct target *t, unsigned int vcpu,
				     unsigned int groups, struct err *err);
bool target_set_state(struct target *t, unsigned int vcpu, unsigned int groups,
		      const struct x86_state *s, struct err *err) MUST_CHECK;
void target_cpu_info(struct target *t, unsigned int vcpu,
		     struct x86_cpu_info *info);

/* Physical memory.  *done (may be NULL) = bytes before the failing one. */
bool target_read_phys(struct target *t, gpa_t gpa, void *buf, size_t len,
		      size_t *done, struct err *err) MUST_CHECK;
bool target_write_phys(struct target *t, gpa_t gpa, const void *buf, size_t len,
		       struct err *err) MUST_CHECK;
/* As that op; NULL too where there is none. */
const void *target_span(struct target *t, gpa_t gpa, size_t len);
/*
 * For who goes through much memory: how many bytes from gpa on need not be
 * read because they are zero, and how many behind those must be.  Whole pages
 * of 4096, but for the end; the sum is at least 1 and at most len, which is
 * not 0.
 */
void target_extent(struct target *t, gpa_t gpa, uint64_t len, uint64_t *zero,
		   uint64_t *data);

/* Linear memory through the vCPU's page tables, permissions ignored. */
bool target_read_virt(struct target *t, unsigned int vcpu, gva_t gva, void *buf,
		      size_t len, size_t *done, struct err *err) MUST_CHECK;
/* All or nothing: every page is walked before the first byte is written. */
bool target_write_virt(struct target *t, unsigned int vcpu, gva_t gva,
		       const void *buf, size_t len, struct err *err) MUST_CHECK;
/*
 * True when the walk was made; w->result says how it went.  False, *w
 * untouched, when it could not even start.
 */
bool target_walk(struct target *t, unsigned int vcpu, gva_t gva,
		 uint32_t access, struct walk *w, struct err *err) MUST_CHECK;

/*
 * A vCPU for the analysers of arch/: its registers of groups GPR and SYS (and
 * FPU when protection keys are on) and all memory.  Valid until the next
 * resume, reset or write.
 */
bool target_view(struct target *t, unsigned int vcpu, struct x86_view *view,
		 struct err *err) MUST_CHECK;

bool target_resume(struct target *t, const struct target_action *actions,
		   struct err *err) MUST_CHECK;
void target_interrupt(struct target *t, unsigned int vcpu);
int target_event_fd(struct target *t);
/* True when a stop was there; it is then also in t->last. */
bool target_next_stop(struct target *t, struct target_stop *stop);
/*
 * Make t->last.text from the target's evidence, where there is any; part of
 * target_next_stop(), and for a target that begins with a stop.
 */
void target_explain(struct target *t);

bool target_insert_bp(struct target *t, unsigned int vcpu,
		      const struct target_bp *bp, struct err *err) MUST_CHECK;
bool target_remove_bp(struct target *t, const struct target_bp *bp,
		      struct err *err) MUST_CHECK;
/* "not inserted" where the target has nothing better to tell. */
void target_bp_means(struct target *t, const struct target_bp *bp,
		     struct buf *out);
bool target_region(struct target *t, unsigned int index,
		   struct target_region *region);
bool target_reset(struct target *t, struct err *err) MUST_CHECK;
void target_set_step_irqs(struct target *t, bool blocked);
/* Host thread of a vCPU; where the target has none, gdb's number, vcpu + 1. */
int target_thread_id(struct target *t, unsigned int vcpu);
/* False when the target has nothing to tell. */
bool target_describe_caps(struct target *t, struct buf *out);

#endif
