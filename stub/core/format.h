/*
 * The format of a saved crash.
 *
 * An ELF64 core file of a machine: PT_LOADs by guest-physical address, and
 * notes.  NT_PRSTATUS for each vCPU, QEMU's CPU notes and VMCOREINFO are what
 * gdb, crash and drgn read.  Everything else that a target can tell is in
 * notes of our own, owner CORE_OWNER, whose type says what (CORE_TYPE + enum
 * core_note):
 *
 *	desc	= header payload
 *	header	= version:32 vcpu:32 arg:64
 *	payload	= the note's struct, by its table		(one)
 *		| count:32 size:32 count structs of size bytes	(a list)
 *		| strings, each with its NUL			(CORE_STRINGS)
 *
 * The version is the lowest that a reader must know for this very note: a
 * reader skips what is newer than CORE_VERSION, and notes of types it does not
 * know.  To add a field: a row with `.since` at the end of its table, and
 * CORE_VERSION + 1; to add a note: a row in core_notes[].  Nothing else
 * changes, and old files stay readable.
 */
#ifndef STUB_CORE_FORMAT_H
#define STUB_CORE_FORMAT_H

#include "base/wire.h"
#include "stub/inspect.h"
#include "stub/target.h"

/*
 * Type of a note = this + enum core_note: readers that look at types before
 * owners must not take one of ours for NT_PRSTATUS.
 */
#define CORE_TYPE	  0x4b474400
#define CORE_OWNER	  "KVMGDBSERVER"
#define CORE_VERSION	  2
#define CORE_HEADER_BYTES 16

enum core_note {
	CORE_STRINGS = 1, /* of all other notes */
	CORE_MACHINE,	  /* struct core_machine */
	CORE_VCPU,	  /* struct core_vcpu; vcpu */
	CORE_REGION,	  /* list of struct target_region */
	CORE_STOP,	  /* struct target_stop: the last one */
	CORE_EVIDENCE,	  /* struct target_evidence */
	CORE_MSR,	  /* list of struct core_msr; vcpu */
	CORE_CPUID,  /* list of struct x86_cpuid_entry; vcpu, arg = which */
	CORE_LAPIC,  /* struct x86_lapic; vcpu */
	CORE_CHIPS,  /* struct x86_chips */
	CORE_CLOCK,  /* struct x86_clock; vcpu */
	CORE_STAT,   /* list of struct target_stat; vcpu or TARGET_VM */
	CORE_RECORD, /* list of struct exit_record; vcpu, arg = total */
	CORE_EXIT_COUNTS,  /* struct core_exit_counts; vcpu */
	CORE_KERNEL_TRACE, /* struct target_kernel_trace */
	CORE_KERNEL_EVENT, /* list of struct target_kernel_event */
	CORE_IO_RANGE,	   /* list of struct target_io_range */
	CORE_HOST,	   /* struct x86_host */
	CORE_ABSENT,	   /* list of struct core_absent */
	CORE_DEVICE,	   /* list of struct target_device */
	CORE_DEVICE_REG,   /* list of target_device_reg; vcpu = which device */
	CORE_NOTES,
};

struct core_machine {
	uint32_t vcpus;
	uint32_t generation; /* resets so far */
	uint64_t saved_at;   /* CLOCK_REALTIME, nanoseconds */
	uint64_t monotonic;  /* CLOCK_MONOTONIC at that moment, nanoseconds */
	const char *program; /* "kvm-gdbserver 0.1.0" */
	const char *target;  /* what was saved: "a live KVM guest" */
	const char *caps;    /* `monitor caps`, or NULL */
	const char *vm_log;  /* `monitor log vm`, or NULL */
	const char *image;   /* path of the guest's ELF file, or NULL */
};

struct core_vcpu {
	uint32_t groups; /* enum x86_group: which of state's are valid */
	int thread_id;
	struct x86_cpu_info info;
	struct x86_state state;
};

struct core_msr {
	uint32_t index;
	bool readable;
	uint64_t value;
	const char *error; /* !readable: what the target said */
};

struct core_exit_counts {
	struct exit_counts total, since;
};

/* Why something is not in the file: the target's own words. */
struct core_absent {
	uint32_t note, vcpu; /* enum core_note */
	uint64_t arg;
	uint32_t code; /* enum err_code */
	const char *error;
};

struct core_note_def {
	const char *name;		  /* for messages: "local APIC" */
	const struct wire_layout *layout; /* NULL: CORE_STRINGS */
	bool list, per_vcpu;
};

extern const struct core_note_def core_notes[CORE_NOTES]; /* [0] is empty */

#endif
