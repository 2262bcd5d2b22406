/*
 * A machine made of a script, for every test above the target interface.
 *
 *	struct fake_target *f = fake_create(2);         // 2 vCPUs, long mode
 *	struct target *t = &f->target;                  // give this to the code
 *
 *	fake_push_swbreak(f, 1, 0x1000);                // the next resume ends
 *so
 *	...                                             // run the code under
 *test CHECK_STR(fake_log(f), "insert 0 0x1000 1\nresume c s\n");
 *	fake_log_clear(f);
 *	fake_destroy(f);
 *
 * At the start: FAKE_RAM bytes of zeroed RAM at 0, mapped one to one by real
 * 4-level tables that lie in the RAM from FAKE_TABLES up; every vCPU is in
 * 64-bit mode at CPL 0 with rip = 0x1000 + 0x100 * vcpu, rsp = 0x8000 and
 * distinct values in the other registers (see fake_cpu_init()); all
 * capabilities are on; four hardware slots.  Tests change f->cpu[], f->info,
 * f->target.caps and f->ops (a private copy of the ops) as they like before
 * the code under test looks; a NULL op is one this target lacks.
 *
 * Running: a resume is answered by the first of the pushed stops, at once.
 * Without one the machine runs by itself: every byte is a one-byte nop, so a
 * step or range moves rip, and a continue goes to the nearest inserted
 * BP_SW or BP_HW above rip.  With none of those it runs on, event_fd silent,
 * until target_interrupt() (unless f->deaf) or fake_stop_now().
 *
 * Logged calls, one line each, addresses as %#llx:
 *	resume A0 A1 ...	c, s, h (hold) or rSTART-END for each vCPU
 *	interrupt VCPU
 *	insert TYPE ADDR LEN	only when it was not inserted; "phys" follows
 *	remove TYPE ADDR LEN	only when it was inserted
 *	set VCPU GROUPS		groups in hex
 *	write GPA LEN
 *	reset
 *	step-irqs 0|1
 *	msr VCPU INDEX VALUE	set_msr
 *	inject VCPU KIND VECTOR [ERROR] [at PAYLOAD]
 *	kernel-trace on|off
 *	io r|w mmio|pio ADDR SIZE [VALUE]
 *	catch ID KIND FIRST LAST	add; KIND is enum catch_kind
 *	uncatch ID
 *	action ID N		N is enum catch_action
 *	triple-fault 0|1
 * Reads are counted, not logged: f->calls[].
 *
 * Failures: fake_fail(f, FAKE_INSERT, 1, ERR_LIMIT, "no slot") makes the next
 * call of that op fail; fake_fail_after() lets some calls pass first.
 *
 * Threading: one thread, except that fake_stop_now() and fake_note() may come
 * from any.
 */
#ifndef TESTS_STUB_FAKE_TARGET_H
#define TESTS_STUB_FAKE_TARGET_H

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "stub/breakpoint.h"
#include "stub/catch.h"
#include "stub/inspect.h"
#include "stub/target.h"

#define FAKE_VCPUS   8
#define FAKE_RAM     UINT64_C(0x400000) /* bytes of RAM at 0 */
#define FAKE_TABLES  UINT64_C(0x300000) /* page tables from here to the end */
#define FAKE_REGIONS 8
#define FAKE_STOPS   64
#define FAKE_BPS     (BP_MAX + 8)

enum fake_op {
	FAKE_READ,
	FAKE_WRITE,
	FAKE_GET,
	FAKE_SET,
	FAKE_RESUME,
	FAKE_INTERRUPT,
	FAKE_INSERT,
	FAKE_REMOVE,
	FAKE_RESET,
	FAKE_NR_OPS,
};

struct fake_region {
	struct target_region info;
	uint8_t *data; /* [info.size], owned */
};

/*
 * Answers for the inspection commands, filled by tests; arrays are the
 * test's.  What is NULL or has has_* false is "not there".
 */
struct fake_inspect {
	struct {
		uint32_t index;
		uint64_t value;
	} msr[64]; /* the same for every vCPU */
	unsigned int msrs;
	const struct x86_cpuid *cpuid[CPUID_SETS];
	const struct x86_lapic *lapic; /* [vCPUs] */
	const struct x86_chips *chips;
	const struct x86_clock *clock;
	const struct target_stat *stat; /* for every vCPU and the VM */
	unsigned int stats;
	const struct exit_record *record; /* vCPU 0's */
	size_t records;
	uint64_t records_total;			/* 0: as many as there are */
	const struct exit_record *record_of[8]; /* vCPU 1's and up */
	size_t records_of[8];
	const struct exit_counts *counts, *counts_since; /* vCPU 0's */
	bool has_kernel_trace; /* it can be switched on */
	struct target_kernel_trace kernel_trace;
	const struct target_kernel_event *kernel_event;
	const struct target_evidence *evidence;
	const struct target_io_range *io_range;
	unsigned int io_ranges;
	const struct target_device *device;
	unsigned int devices;
	/* of each device, up to one with a NULL name */
	const struct target_device_reg *const *device_reg;
	bool hears_button;
	uint64_t io_value; /* what every device read answers; writes log */
	const char *vm_log;
	const struct x86_host *host;
	const struct target_symbol *symbol; /* sorted by address */
	unsigned int symbols;
	const char *image;
};

struct fake_target {
	struct target target;
	struct target_ops ops; /* target.ops points here */

	struct fake_region region[FAKE_REGIONS];
	unsigned int regions;
	gpa_t cr3, next_table;

	struct x86_state cpu[FAKE_VCPUS];
	struct x86_state power_on[FAKE_VCPUS]; /* what a reset restores */
	struct x86_cpu_info info;

	pthread_mutex_t lock; /* guards queue, queued, now, event */
	struct target_stop queue[FAKE_STOPS];
	unsigned int queued;
	struct target_stop now; /* valid while event_fd is readable */
	bool event;
	int event_fd;
	bool deaf; /* interrupts do nothing */

	struct target_action action[FAKE_VCPUS]; /* of the last resume */
	/* Called in each resume, before the stop is chosen; may be NULL. */
	void (*on_resume)(struct fake_target *f,
			  const struct target_action *actions);

	struct target_bp bp[FAKE_BPS]; /* what is inserted now */
	unsigned int bps;

	unsigned int calls[FAKE_NR_OPS];
	struct {
		unsigned int pass, times;
		struct err err;
	} fail[FAKE_NR_OPS];
	struct buf log;

	struct fake_inspect inspect; /* what stub/inspect.h's ops answer */
	struct target_inspect_ops inspect_ops;

	struct target_catch catch[CATCH_MAX]; /* stub/catch.h's ops */
	unsigned int catches, last_catch;
	const char *catch_limits; /* what limits() says, or NULL */
	struct buf notes;	  /* under the lock */
	atomic_uint noted;	  /* calls that fetched some */
};

struct fake_target *fake_create(unsigned int nvcpus);
void fake_destroy(struct fake_target *f);

/* The state that fake_create() gives vCPU n. */
void fake_cpu_init(const struct fake_target *f, unsigned int n,
		   struct x86_state *s);

/* ---- memory ---- */

/* More memory, zeroed; must not overlap what is there. */
void fake_add_region(struct fake_target *f, gpa_t start, uint64_t size,
		     bool read_only, const char *name);
/* Host address of guest-physical bytes, to look at or fill; NULL if none. */
void *fake_ram(struct fake_target *f, gpa_t gpa, size_t len);

/* Low bits of a page-table entry. */
enum {
	FAKE_PTE_P = 1,
	FAKE_PTE_RW = 2,
	FAKE_PTE_US = 4
};

/* Point the 4 KiB page at gva at gpa with these bits; flags 0 unmaps. */
void fake_map(struct fake_target *f, gva_t gva, gpa_t gpa, uint64_t flags);

/* ---- stops ---- */

/* End the next resume that has no earlier stop waiting.  Text is not copied. */
void fake_push_stop(struct fake_target *f, const struct target_stop *stop);
/* The usual ones; where a pc is given, the vCPU's rip is there at the stop. */
void fake_push_swbreak(struct fake_target *f, unsigned int vcpu, gva_t pc);
void fake_push_hwbreak(struct fake_target *f, unsigned int vcpu, gva_t pc);
void fake_push_watch(struct fake_target *f, unsigned int vcpu,
		     enum bp_type type, gva_t addr);
void fake_push_error(struct fake_target *f, unsigned int vcpu, int signal,
		     const char *status_word, const char *text);
void fake_push_exit(struct fake_target *f, int status);

/* Stop a machine that runs by itself, as an event of the guest would. */
void fake_stop_now(struct fake_target *f, const struct target_stop *stop);

/* STOP_CATCH of that catchpoint, which the test has added. */
void fake_push_catch(struct fake_target *f, unsigned int vcpu, unsigned int id,
		     const char *text);
/* A line of a CATCH_NOTIFY hit, at any time. */
void fake_note(struct fake_target *f, const char *line);

/* ---- failures and records ---- */

/* The next `times` calls of this op fail so. */
void fake_fail(struct fake_target *f, enum fake_op op, unsigned int times,
	       enum err_code code, const char *text);
/* The same after `pass` calls that succeed. */
void fake_fail_after(struct fake_target *f, enum fake_op op, unsigned int pass,
		     unsigned int times, enum err_code code, const char *text);

const char *fake_log(const struct fake_target *f);
void fake_log_clear(struct fake_target *f);

/* Is this one inserted in the machine now? */
bool fake_has_bp(const struct fake_target *f, enum bp_type type, gva_t addr);

/* Resume all vCPUs and fetch the stop, failing the test when either cannot. */
struct target_stop fake_run(struct fake_target *f);

#endif
