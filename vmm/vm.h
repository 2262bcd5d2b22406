/*
 * The live machine from the inside: what vmm/live.c (the target), vcpu.c (the
 * threads), exits.c, step.c, plant.c and story.c share.  Nobody else includes
 * this.
 *
 * One vCPU's life:
 *
 *            release: go = true                   KVM_RUN loop
 *   PARKED ---------------------> RUNNING ----------------------+
 *     ^                              |                          |
 *     |    a stop of its own, or     | another vCPU of the same |
 *     +------ `stopping` seen -------+ resume steps off a       |
 *     |                                breakpoint first: wait   |
 *     +---------------------------------------------------------+
 *
 *   PARKED   not in KVM_RUN and no I/O exit pending, but for a read that a
 *            catchpoint holds back (vmm/catch/catch.h): registers are readable
 *            and writable by the server thread, through the fd.
 *   RUNNING  the registers belong to the vCPU's thread.
 *
 * All-stop: the first vCPU with something to report sets vm->stopping and
 * kicks the others (immediate_exit, then a signal); each completes a pending
 * I/O exit and parks.  The last one to park makes the event fd readable.  A
 * vCPU's own stop stays in v->pending until it has been reported; a breakpoint
 * that goes away meanwhile takes its unreported stops with it.
 *
 * Stepping off a planted breakpoint lifts the patch, so nobody else may run:
 * vm->overs counts the vCPUs of this resume that still have to do that, and
 * the others wait for 0.
 *
 * That wait is for the beginning of a resume.  Later one vCPU may have to be
 * alone for a step (vcpu_alone_begin()): the others leave KVM_RUN, and wait
 * before they enter it again.
 *
 * Locking: fields under "lock" are guarded by vm->lock.  A vCPU's other fields
 * belong to its thread while RUNNING and to the server thread while PARKED;
 * the hand-over is under the lock.  The plants, the slots and the debug
 * registers' plan change only while every vCPU is PARKED.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/buf.h"
#include "stub/inspect.h"
#include "stub/target.h"
#include "vmm/catch/catch.h"
#include "vmm/dev/bus.h"
#include "vmm/boot/symbols.h"
#include "vmm/convert.h"
#include "vmm/dev/devices.h"
#include "vmm/live.h"
#include "vmm/power_on.h"
#include "vmm/recorder.h"
#include "vmm/slots.h"

#define VM_DEBUG_SLOTS 4
#define VCPU_ASSISTS   24      /* more than arch/assist.c knows */
#define DR6_BS	       BIT(14) /* SDM Vol 3B, "Debug Status Register (DR6)" */

struct vm;
struct vcpu_power_on;
struct kernel_trace; /* vmm/inspect/kernel_trace.c */

enum vcpu_phase {
	VCPU_PARKED,
	VCPU_RUNNING,
};

/* Addresses where a single-step may land instead of the next instruction. */
struct landing {
	gva_t addr;
	bool exception; /* a gate: the CPU has pushed a frame */
	bool has_error; /* ... with an error code on it */
};

/* Where the gate of #PF lies, as last seen (assist_syscall.c). */
struct pf_gate {
	gva_t gva;
	uint64_t cr3;
	gpa_t gpa;
};

/* How often --assist did an instruction. */
struct assist_count {
	const char *name;   /* of the instruction, static */
	char label[24];	    /* "assist_fwait" */
	uint64_t n, before; /* before: at the last resume */
};

/* --irqchip user; bus lock but where it says otherwise. */
struct vcpu_irq {
	enum x86_run_state run_state;
	bool nmi, init, sipi; /* came, and not yet taken */
	uint8_t sipi_vector;
	bool woken;	      /* its thread: from HLT, by what it is to take */
	uint8_t cr8;	      /* its thread: what KVM was last told */
	bool poked, sleeping; /* vm->lock */
};

/* Who runs the devices' timers, vmm/timers.h; bus lock. */
struct timers {
	pthread_t thread;
	pthread_cond_t cond;
	bool made, quit;
};

struct vcpu {
	struct vm *vm;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	bool thread_made;

	/* lock */
	enum vcpu_phase phase;
	bool go;
	bool nudged; /* kicked out for somebody who wants to be alone */
	pid_t tid;

	struct target_action action;
	bool chosen;   /* the next release lets this vCPU go */
	bool suspends; /* its STOP_RESET is one into S3 */
	bool over;     /* steps off a patched breakpoint first */
	struct target_stop pending;
	bool has_pending;
	bool waiting;	  /* pending from before the last resume: tell it now */
	bool was_running; /* when a pause to look after patches began */

	/* The client was told of a breakpoint here: do not stop here again. */
	bool reported;
	gva_t reported_pc;

	/*
	 * Registers as of the last exit; `fresh` says which groups are true,
	 * and in its upper half which are in kvm_run (enter.c).
	 */
	struct x86_state now;
	unsigned int fresh;
	/* Last state before the exit, where the host wipes it (caps->shutdown).
	 */
	struct x86_state before;
	bool has_before;
	uint64_t before_ns; /* recorder_now() of it */

	atomic_bool yield; /* run by the server thread, and time is up */
	bool io_pending;   /* an I/O or MMIO exit that KVM has not completed */
	bool watch_hit;	   /* that exit touched a watched range: stop */
	struct target_stop watch_stop;
	struct caught caught; /* a catchpoint that exit hit: stop */
	struct held held;     /* what the next release does first */
	bool releasing;	      /* doing that: `before` has been told */
	bool dropping;	      /* accesses are not made, only finished */
	bool step_over_done;  /* a step inside the step has done it */
	bool gate_told;	      /* the catchpoint on the handler at gate_pc */
	gva_t gate_pc;
	atomic_bool inside; /* in KVM_RUN, or about to be */
	bool stepping;	    /* guest debug has SINGLESTEP */
	bool passing;	    /* step with the exec slot at pass_pc left out */
	bool bare;	    /* ... with them all left out, for more landings */
	gva_t pass_pc;
	bool awake;    /* known not to sleep in HLT */
	bool retrying; /* inside watch_retry() */
	bool assisted; /* an instruction was done here: the step is over */
	struct assist_count assist[VCPU_ASSISTS]; /* ends with a NULL name */
	bool own_tf; /* stepping by the guest's own flag: user_step.c */
	/* Debug registers that hold one of the guest's: its bit in DR6. */
	uint8_t guest_slot[VM_DEBUG_SLOTS];
	bool guest_db; /* one has hit: the guest's #DB is queued */
	struct pf_gate pf_gate;
	gva_t pf_armed; /* vm->pf_handler when KVM was last told */
	struct landing landing[VM_DEBUG_SLOTS];
	unsigned int landings;
	struct kvm_guest_debug armed;
	bool armed_valid;
	struct buf story;
	struct target_evidence evidence; /* of its error stop */
	bool has_evidence;
	struct recorder recorder;
	struct vcpu_power_on *power_on;
	struct vcpu_irq irq;
};

/* One planted breakpoint or watchpoint. */
enum plant_method {
	PLANT_PENDING, /* not mapped yet, and no debug register can do it */
	PLANT_PATCH,   /* a byte in guest memory */
	PLANT_SLOT,    /* one or more debug registers */
	PLANT_PAGE,    /* page protection */
};

struct plant {
	struct target_bp bp;
	enum plant_method method;
	gpa_t gpa;	 /* PATCH, PAGE: where bp.addr lies */
	uint8_t saved;	 /* PATCH: the guest's byte */
	bool shadow;	 /* PATCH that a debug register doubles */
	bool lost;	 /* PATCH found overwritten, PAGE refused, once */
	bool hidden;	 /* of `catch exception`: no client asked for it */
	bool wanted;	 /* hidden: some IDT names it (catch_gates_sync()) */
	uint8_t old[16]; /* BP_READ: contents when last looked at */
};

struct debug_slot {
	bool used;
	gva_t addr;
	unsigned int len; /* 1, 2, 4, 8 */
	unsigned int rw;  /* DR7 R/W field: 0 exec, 1 write, 3 read or write */
	unsigned int plant; /* index in vm->plant */
};

struct vm {
	struct target target;
	int kvm_fd, fd;
	struct vm_config config;
	struct boot_result boot;
	struct cpuid_table cpuid;
	struct convert_caps convert;
	struct guest_mem mem;
	struct slots slots;
	struct bus bus;
	struct devices devices;
	struct ioapic_ops ioapic_ops;
	struct lapic_ops lapic_ops;
	struct timers timers;
	struct chips_power_on chips;
	/* Bus lock, --irqchip kernel: lines that devices hold up, and how often
	 * each was raised. */
	uint32_t irq_lines;
	uint64_t irq_raised[IOAPIC_PINS];
	char *cmdline; /* --append and what the devices add to it */
	struct vcpu *vcpu;
	unsigned int vcpus;
	struct stats *stats; /* may be NULL */
	struct symbols symbols;
	bool symbols_loaded;
	void *symbol_file; /* --symbols, owned: symbols point into it */
	char *image_path;  /* absolute, once somebody asked */

	pthread_mutex_t lock;
	pthread_cond_t go_cond;	    /* vCPU threads: go, a turn, quit */
	pthread_cond_t parked_cond; /* server thread: running is 0 */
	int stop_fd;  /* eventfd: everyone parked, something to report */
	int timer_fd; /* verification of patches while running */
	int epoll_fd; /* both, for the server */

	/* lock */
	unsigned int running;
	bool signalled; /* stop_fd has been made readable */
	unsigned int overs;
	struct vcpu *over_owner;
	_Atomic(struct vcpu *) alone; /* set under the lock, read without */
	bool stopping, quit;
	bool interrupt_wanted;
	unsigned int interrupt_vcpu;

	bool timer_on;
	bool run_here; /* vcpu_run_here() pays on this kernel */
	bool kick_timer_made;
	timer_t kick_timer;
	uint64_t kick_at; /* recorder_now() when it comes */
	bool block_irqs;  /* no interrupts while stepping */
	bool ever_ran, ever_loaded;
	struct kernel_trace *kernel_trace; /* NULL: off */
	struct plant *plant;
	unsigned int plants, plants_max;
	struct debug_slot slot[VM_DEBUG_SLOTS];
	bool assist_syscall;	  /* the last debug register is for ... */
	_Atomic gva_t pf_handler; /* ... this; 0: not known; set under lock */
	uint8_t patch_byte;

	struct catches catches;

	/* lock: what the guest asked for, through a device */
	bool exit_wanted, reset_wanted;
	bool sleep_wanted; /* the reset is one into S3 */
	bool asleep;	   /* nothing runs */
	int exit_status;
	const char *request_by;

	struct msr_list *msr_list; /* made by vmm/inspect/msr.c; free() it */
	struct io_list *io_list;   /* the same, vmm/inspect/io.c */
	struct device_text *device_text; /* the same, vmm/inspect/device.c */
};

/* ---- vm.c ---- */
bool vm_create(int kvm_fd, const struct vm_config *config, struct vm *vm,
	       struct err *err) MUST_CHECK;
void vm_destroy(struct vm *vm);
bool vm_reset(struct vm *vm, struct err *err) MUST_CHECK;
/*
 * As after a wake-up from ACPI S3: like a reset, but memory and standby devices
 * stay, and the first vCPU is at the waking vector.  Nothing runs until
 * vm->asleep ends.
 */
bool vm_sleep(struct vm *vm, struct err *err) MUST_CHECK;
void vm_phys_reader(struct vm *vm, struct phys_reader *reader);

/* ---- vcpu.c ---- */
bool vcpu_create(struct vm *vm, unsigned int index, struct vcpu *v,
		 struct err *err) MUST_CHECK;
bool vcpu_start_thread(struct vcpu *v, struct err *err) MUST_CHECK;
void vcpu_destroy(struct vcpu *v); /* the thread has been told to quit */
bool vcpu_power_on(struct vcpu *v, struct err *err) MUST_CHECK;
/* Ask everyone to park; vm->lock held. */
void vm_stop_all_locked(struct vm *vm);
/* Let the chosen vCPUs run; vm->lock held. */
void vm_release_locked(struct vm *vm);
/* Stop events that were signalled and not yet looked at; vm->lock held. */
void vm_drain_locked(struct vm *vm);
/* Block until every vCPU is parked; vm->lock held. */
void vm_wait_parked_locked(struct vm *vm);

/* Run as v->action says until there is a stop, or STOP_NONE when kicked. */
void vcpu_run_to_stop(struct vcpu *v, struct target_stop *stop);
/*
 * Let nobody else run guest code until vcpu_alone_end(); waits for its turn.
 * Called from v's thread, outside KVM_RUN.
 */
void vcpu_alone_begin(struct vcpu *v);
void vcpu_alone_end(struct vcpu *v);
/* Have the other vCPUs leave KVM_RUN and arm again; vm->lock held. */
void vcpu_nudge_others_locked(struct vcpu *v);
/* Running no more: tell the others, and the server when it was the last. */
void vcpu_park(struct vcpu *v, const struct target_stop *stop);

/* ---- here.c: a vCPU on the server thread ---- */
/*
 * Run a vCPU, the only one chosen, on the server thread for a moment: a step or
 * a near breakpoint is over before its thread would have woken up.  True when
 * it has stopped; false when its thread must go on.
 */
bool vcpu_run_here(struct vcpu *v);
/* Does the calling thread run it by vcpu_run_here()? */
bool vcpu_is_here(const struct vcpu *v);
/* Measure whether this kernel lets a vCPU change threads cheaply. */
void vm_decide_run_here(struct vm *vm);
void vm_end_run_here(struct vm *vm);
/* Make the calling thread the one that KVM thinks runs v; nanoseconds. */
uint64_t vcpu_touch(struct vcpu *v);
/*
 * It did not run for longer than its clock tells.  A guest with kvmclock finds
 * a note of that there, and Linux's watchdogs (soft lockup, RCU stall, hung
 * task) let it pass (KVM api.rst, KVM_KVMCLOCK_CTRL).
 */
void vcpu_was_paused(struct vcpu *v);
/* Install the handler of the signal that makes KVM_RUN return. */
void kick_install(void);
#define KICK_SIGNAL SIGUSR1

/* ---- enter.c: one KVM_RUN and the registers around it ---- */
enum enter_result {
	ENTER_EXIT,   /* run->exit_reason tells */
	ENTER_KICKED, /* stop was asked for */
	ENTER_ERRNO,  /* *os_errno tells */
};
enum enter_result vcpu_enter(struct vcpu *v, int *os_errno);
/* Asleep in HLT: a step must let the interrupt in that wakes it. */
bool vcpu_is_halted(const struct vcpu *v);
/* Tell KVM what to trap, from v->stepping and the plants; false: errno. */
bool vcpu_arm(struct vcpu *v);
/*
 * Let KVM finish a pending I/O or MMIO exit without running the guest.  True
 * when an exit came out of it that must be handled (run->exit_reason).
 */
bool vcpu_complete_io(struct vcpu *v);
/* Bring these groups of v->now up to date. */
bool vcpu_fetch(struct vcpu *v, unsigned int groups,
		struct err *err) MUST_CHECK;
/* The same where a failing ioctl is no reason to stop; it is logged. */
const struct x86_state *vcpu_now(struct vcpu *v, unsigned int groups);
/* Only rip and cr3, which an exit often brings along: costs less. */
void vcpu_place(struct vcpu *v, uint64_t *rip, uint64_t *cr3);
bool vcpu_store(struct vcpu *v, unsigned int groups, const struct x86_state *s);
/* The same, with the error; v->now is not true any more. */
bool vcpu_set_state(struct vcpu *v, unsigned int groups,
		    const struct x86_state *s, struct err *err) MUST_CHECK;
/* Guest-linear memory as the guest wrote it, from the vCPU's own thread. */
bool vcpu_read(struct vcpu *v, gva_t gva, void *buf, size_t len, size_t *done);
bool vcpu_write(struct vcpu *v, gva_t gva, const void *buf, size_t len);
bool vcpu_walk(struct vcpu *v, gva_t gva, struct walk *w);

/* ---- exits.c ---- */
/* Handle run->exit_reason.  True: *stop is filled and the vCPU must park. */
bool vcpu_handle_exit(struct vcpu *v, struct target_stop *stop);
/* KVM_RUN failed with this errno. */
void vcpu_handle_errno(struct vcpu *v, int os_errno, struct target_stop *stop);
/* A stop that a device asked for (exit, reset), if any. */
bool vcpu_device_request(struct vcpu *v, struct target_stop *stop);
/* The stop of a request that has been taken. */
void vcpu_request_stop(struct vcpu *v, const struct request *r,
		       struct target_stop *stop);
/* The stop that an access of this exit has hit, completed first, if any. */
bool vcpu_noted_stop(struct vcpu *v, struct target_stop *stop);
/* Make the access of run->exit_reason, if it is one, and nothing more. */
bool vcpu_serve_access(struct vcpu *v);
/*
 * One access on the bus by the guest, recorded, with its catchpoints: e tells
 * which and gets the value and who answered.
 */
void vcpu_access(struct vcpu *v, struct exit_record *e);

/* ---- record.c: what the flight recorder keeps ---- */
/* What every entry has; the rest is filled by who serves the exit. */
struct exit_record vcpu_record(struct vcpu *v);
/* Keep the exit that the vCPU is at, when it is no access. */
void vcpu_record_exit(struct vcpu *v);
/* Keep a KVM_RUN that failed so. */
void vcpu_record_errno(struct vcpu *v, int os_errno);

/* ---- step.c ---- */
enum step_result {
	STEPPED,	  /* one instruction, or its fault's handler entered */
	STEP_STOPPED,	  /* *stop is filled: breakpoint, error, ... */
	STEP_INTERRUPTED, /* asked to park first */
};
enum step_result vcpu_step(struct vcpu *v, struct target_stop *stop);
/*
 * Step over what makes the instruction at pc stop: a patched byte, an access
 * that is held.  Nobody else may run guest code meanwhile.
 */
enum step_result vcpu_step_off(struct vcpu *v, struct target_stop *stop);
/* The same, alone for as long as it takes. */
enum step_result vcpu_step_alone(struct vcpu *v, struct target_stop *stop);

/* ---- user_step.c ---- */
/* Can this vCPU be stepped where it is?  If not, what the client is told. */
bool user_step_can(struct vcpu *v, struct err *err) MUST_CHECK;

/* ---- debug.c: what a DEBUG exit means ---- */
bool vcpu_handle_debug(struct vcpu *v, struct target_stop *stop);
/* Queue the guest's own #DB with these DR6 bits. */
void vcpu_queue_db(struct vcpu *v, uint64_t dr6);
/* The planted or own int3 that an emulating host reports as an error. */
bool vcpu_handle_int3_error(struct vcpu *v, struct target_stop *stop,
			    bool *handled);

/* ---- watch.c ---- */
/* An MMIO exit inside RAM: do the access, note a hit.  False: not ours. */
bool watch_mmio(struct vcpu *v, struct kvm_run *run);
bool watch_protect(struct vm *vm, struct plant *p, struct err *err) MUST_CHECK;
bool watch_unprotect(struct vm *vm, const struct plant *p,
		     struct err *err) MUST_CHECK;
/* An instruction KVM could not emulate against a protected page: run it. */
bool watch_retry(struct vcpu *v, struct target_stop *stop, bool *handled);

/* ---- assist.c ---- */
/* --assist: do the instruction that KVM's emulator refused.  False: cannot. */
bool vcpu_assist(struct vcpu *v);
/* One of these was done for the exit that has just been recorded. */
void vcpu_assist_count(struct vcpu *v, const char *name, gva_t rip);

/* ---- story.c ---- */
/* Keep the evidence of this exit; fill the stop but for its text. */
void story_error(struct vcpu *v, int os_errno, struct target_stop *stop);
void story_halted(struct vcpu *v, struct target_stop *stop);

#endif
