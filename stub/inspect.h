/*
 * The second half of the target interface: what only inspection commands ask
 * for.  Everything here is readable on a saved crash too, if it was saved.
 *
 * As in stub/target.h: a NULL op means "this target cannot"; only the
 * target_*() wrappers call ops, and only on a stopped target unless the
 * comment says otherwise.  Outputs are untouched on failure.  Server thread.
 */
#ifndef STUB_INSPECT_H
#define STUB_INSPECT_H

#include "arch/clock.h"
#include "arch/cpuid_table.h"
#include "arch/exit/record.h"
#include "arch/exit/text.h"
#include "arch/host.h"
#include "arch/irq/chips.h"
#include "arch/x86_state.h"
#include "base/buf.h"
#include "base/err.h"

struct target;

enum target_cpuid {
	CPUID_GUEST,	 /* what this vCPU's CPUID instruction answers */
	CPUID_SUPPORTED, /* what KVM would let a guest see */
	CPUID_HOST,	 /* what the host processor answers */
	CPUID_SETS,
};

/* One of KVM's counters (KVM_GET_STATS_FD), or of our own. */
struct target_stat {
	const char *name; /* owned by the target */
	uint64_t value;
	uint64_t since; /* its change since the last resume */
	bool is_gauge;	/* a present value, not a running count */
};

#define TARGET_VM UINT32_MAX /* "vCPU" number of the machine as a whole */

/* One range of ports or of device memory, and who answers it. */
struct target_io_range {
	bool mmio;
	uint64_t base, len; /* bytes */
	const char *name;   /* owned by the target */
	bool in_kernel;	    /* KVM answers: accesses never reach user space */
	uint64_t reads, writes; /* answered so far; 0 when in_kernel */
	const char *device;	/* struct target_device.name, or NULL */
};

/* A device of the machine; where it answers: target_io_range.device. */
struct target_device {
	const char *name;  /* unique; owned by the target, as is about */
	const char *about; /* what it is, one line */
	uint32_t irqs;	   /* a bit per interrupt line it can drive */
	bool in_kernel;	   /* KVM has it: no registers here */
};

/* One of a device's registers, as it is now. */
struct target_device_reg {
	const char *name; /* the target's until the next call, as is bits */
	uint32_t index, count; /* element of an array; count 0: no array */
	uint32_t size;	       /* bytes: 1, 2, 4, 8 */
	uint64_t value;
	const char *bits; /* names of those that are set, or NULL */
};

struct target_symbol {
	const char *name; /* owned by the target */
	uint64_t addr;	  /* where it starts */
	uint64_t size;	  /* bytes; 0 = not known */
};

/*
 * The exit behind the last error stop, with the registers the story is about:
 * the vCPU's own, or where KVM has wiped them, those of the last exit before.
 * stub/why.c makes the text of it; the fields of `exit` that are "of the vCPU"
 * are filled there.
 */
struct target_evidence {
	unsigned int vcpu;
	struct exit_info exit;
	bool has_state;
	bool from_before; /* state is from the last exit before the death */
	uint64_t age_ns;  /* from_before: how long before */
	/* GPR, SYS, DEBUG, EVENT, XCR; FPU too when CR4.PKE is set */
	struct x86_state state;
};

/* What the host's kernel recorded by itself about our vCPUs. */
struct target_kernel_trace {
	bool on;
	size_t events; /* that can be read */
	uint64_t lost; /* no more in the kernel's buffer */
};

struct target_kernel_event {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	unsigned int vcpu;
	/* "kvm_exit: ..." as in the trace; the target's until it resumes */
	const char *text;
};

enum target_event_kind {
	EVENT_NMI,
	EVENT_INTERRUPT, /* vector, through the local APIC or KVM_INTERRUPT */
	EVENT_EXCEPTION, /* vector, perhaps an error code */
	EVENT_GSI,	 /* interrupt line `vector`: pulse it */
};

struct target_event {
	enum target_event_kind kind;
	uint32_t vector;
	bool has_error;
	uint32_t error;
	bool has_payload; /* EVENT_EXCEPTION: CR2 of #PF, DR6 bits of #DB */
	uint64_t payload;
};

struct target_inspect_ops {
	/* ---- model-specific registers ---- */
	/* ERR_NOT_FOUND: KVM does not offer this MSR. */
	bool (*get_msr)(struct target *t, unsigned int vcpu, uint32_t index,
			uint64_t *value, struct err *err);
	bool (*set_msr)(struct target *t, unsigned int vcpu, uint32_t index,
			uint64_t value, struct err *err);
	/* The i-th MSR that can be read, i = 0, 1, ...; false at the end. */
	bool (*msr_at)(struct target *t, unsigned int i, uint32_t *index);

	bool (*cpuid)(struct target *t, unsigned int vcpu,
		      enum target_cpuid which, struct x86_cpuid *table,
		      struct err *err);

	/* ---- interrupts and time ---- */
	bool (*lapic)(struct target *t, unsigned int vcpu,
		      struct x86_lapic *lapic, struct err *err);
	bool (*chips)(struct target *t, struct x86_chips *chips,
		      struct err *err);
	bool (*clock)(struct target *t, unsigned int vcpu,
		      struct x86_clock *clock, struct err *err);
	bool (*inject)(struct target *t, unsigned int vcpu,
		       const struct target_event *event, struct err *err);

	/* ---- exits ---- */
	/* vcpu may be TARGET_VM.  i = 0, 1, ...; false at the end. */
	bool (*stat)(struct target *t, unsigned int vcpu, unsigned int i,
		     struct target_stat *stat);
	/*
	 * How many exits the flight recorder of a vCPU still holds, and
	 * *total, how many there ever were.
	 */
	size_t (*records)(struct target *t, unsigned int vcpu, uint64_t *total);
	/* The i-th of those, 0 = the oldest.  Strings are the target's. */
	bool (*record)(struct target *t, unsigned int vcpu, size_t i,
		       struct exit_record *record);
	/* Exits by reason: ever, and since the last resume. */
	bool (*exit_counts)(struct target *t, unsigned int vcpu,
			    struct exit_counts *total,
			    struct exit_counts *since);
	/*
	 * Have the host's kernel record what it does for our vCPUs (the kvm
	 * tracepoints), or no more; events recorded so far go away with off.
	 */
	bool (*set_kernel_trace)(struct target *t, bool on, struct err *err);
	/* False where there never is one. */
	bool (*kernel_trace)(struct target *t,
			     struct target_kernel_trace *trace);
	/* The i-th event, 0 = the oldest. */
	bool (*kernel_event)(struct target *t, size_t i,
			     struct target_kernel_event *event);
	/* False when the last stop was no error. */
	bool (*evidence)(struct target *t, struct target_evidence *evidence);

	/* ---- the machine ---- */
	/* Ordered by kind (ports first), then base; false at the end. */
	bool (*io_range)(struct target *t, unsigned int i,
			 struct target_io_range *range);
	/* The i-th device; false at the end. */
	bool (*device)(struct target *t, unsigned int i,
		       struct target_device *device);
	/* Its j-th register.  Reading has no side effects. */
	bool (*device_reg)(struct target *t, unsigned int i, unsigned int j,
			   struct target_device_reg *reg);
	/* One access by the debugger; it has the side effects it has. */
	bool (*io)(struct target *t, bool mmio, uint64_t addr,
		   unsigned int size, bool write, uint64_t *value,
		   struct err *err);
	/*
	 * Type at the serial console, all or nothing; `begin`: with a break.
	 * The guest gets it when it runs.
	 */
	bool (*type)(struct target *t, bool begin, const char *text, size_t len,
		     struct err *err);
	/* Press the power button.  *heard: the guest listens for it. */
	bool (*power_button)(struct target *t, bool *heard, struct err *err);
	/* How the VM was made, ioctl by ioctl, and what came back. */
	void (*vm_log)(struct target *t, struct buf *out);
	void (*host)(struct target *t, struct x86_host *host);

	/* ---- symbols of the image, if it has any ---- */
	/* Absolute path of the ELF file they come from, or NULL. */
	const char *(*image)(struct target *t);
	bool (*symbol_at)(struct target *t, gva_t addr,
			  struct target_symbol *symbol);
	bool (*symbol_find)(struct target *t, const char *name,
			    struct target_symbol *symbol);
};

bool target_get_msr(struct target *t, unsigned int vcpu, uint32_t index,
		    uint64_t *value, struct err *err) MUST_CHECK;
bool target_set_msr(struct target *t, unsigned int vcpu, uint32_t index,
		    uint64_t value, struct err *err) MUST_CHECK;
bool target_msr_at(struct target *t, unsigned int i, uint32_t *index);
bool target_cpuid(struct target *t, unsigned int vcpu, enum target_cpuid which,
		  struct x86_cpuid *table, struct err *err) MUST_CHECK;
bool target_lapic(struct target *t, unsigned int vcpu, struct x86_lapic *lapic,
		  struct err *err) MUST_CHECK;
bool target_chips(struct target *t, struct x86_chips *chips,
		  struct err *err) MUST_CHECK;
bool target_clock(struct target *t, unsigned int vcpu, struct x86_clock *clock,
		  struct err *err) MUST_CHECK;
bool target_inject(struct target *t, unsigned int vcpu,
		   const struct target_event *event,
		   struct err *err) MUST_CHECK;
bool target_stat(struct target *t, unsigned int vcpu, unsigned int i,
		 struct target_stat *stat);
/* False: no exit is ever recorded, as in a core file of another program. */
bool target_has_recorder(const struct target *t);
/* *total may be NULL; both are 0 where nothing is recorded. */
size_t target_records(struct target *t, unsigned int vcpu, uint64_t *total);
bool target_record(struct target *t, unsigned int vcpu, size_t i,
		   struct exit_record *record);
/* False where nobody counts; both are 0 then. */
bool target_exit_counts(struct target *t, unsigned int vcpu,
			struct exit_counts *total, struct exit_counts *since);
bool target_set_kernel_trace(struct target *t, bool on,
			     struct err *err) MUST_CHECK;
/* "Off, nothing there" where the target has no such thing. */
void target_kernel_trace(struct target *t, struct target_kernel_trace *trace);
bool target_kernel_event(struct target *t, size_t i,
			 struct target_kernel_event *event);
bool target_evidence(struct target *t, struct target_evidence *evidence);
bool target_io_range(struct target *t, unsigned int i,
		     struct target_io_range *range);
bool target_device(struct target *t, unsigned int i,
		   struct target_device *device);
bool target_device_reg(struct target *t, unsigned int i, unsigned int j,
		       struct target_device_reg *reg);
bool target_io(struct target *t, bool mmio, uint64_t addr, unsigned int size,
	       bool write, uint64_t *value, struct err *err) MUST_CHECK;
bool target_type(struct target *t, bool begin, const char *text, size_t len,
		 struct err *err) MUST_CHECK;
bool target_power_button(struct target *t, bool *heard,
			 struct err *err) MUST_CHECK;
/* False when the target keeps no such log. */
bool target_vm_log(struct target *t, struct buf *out);
/* Fills *host with "not known" where the target does not tell. */
void target_host(struct target *t, struct x86_host *host);
const char *target_image(struct target *t);
/*
 * Symbols of the image, at the addresses where they are now: a Linux that has
 * moved itself (KASLR) is followed as soon as its interrupt gates tell.
 */
bool target_symbol_at(struct target *t, gva_t addr,
		      struct target_symbol *symbol);
bool target_symbol_find(struct target *t, const char *name,
			struct target_symbol *symbol);
/* The same, where the image was linked. */
bool target_linked_symbol(struct target *t, const char *name,
			  struct target_symbol *symbol);
/* By how many bytes a Linux guest has moved; 0 when that is not known. */
uint64_t target_slide(struct target *t);
/* Append " <name+12>" as gdb prints it, or nothing. */
void target_print_symbol(struct target *t, gva_t addr, struct buf *out);

#endif
