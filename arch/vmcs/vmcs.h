/*
 * A VMCS or VMCB as far as user space can know it: each field with its value
 * and how that is known.  A model is made from a register image and what else
 * a target tells, or read from a kernel's listing (arch/vmcs/import.h); it is
 * printed as the kernel prints it, and put through the checks that the
 * processor makes at VM entry.
 *
 * Sources: SDM Vol 3C, "Virtual Machine Control Structures" and "VM Entries";
 * APM Vol 2, "Secure Virtual Machine" and the appendix on the VMCB; the text
 * is that of dump_vmcs() and dump_vmcb() of Linux 5.19 to 6.18.
 */
#ifndef ARCH_VMCS_VMCS_H
#define ARCH_VMCS_VMCS_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/clock.h"
#include "arch/cpuid_table.h"
#include "arch/exit/text.h"
#include "arch/host.h"
#include "arch/irq/chips.h"
#include "arch/vmcs/fields.h"
#include "arch/x86_state.h"
#include "base/buf.h"

enum vmcs_kind {
	VMCS_VMX, /* Intel's VMCS */
	VMCS_SVM, /* AMD's VMCB */
};

/* How the value of a field is known. */
enum vmcs_class {
	VMCS_NA,	/* it is not: see why */
	VMCS_EXACT,	/* the value itself, from KVM or from a listing */
	VMCS_DERIVED,	/* follows from exact values by a fixed rule */
	VMCS_PREDICTED, /* what KVM is known to put there */
};

/* Why a value is not known. */
enum vmcs_why {
	VMCS_PRIVATE,	/* it never leaves the kernel */
	VMCS_NO_EXIT,	/* only some error exits carry it; this was none */
	VMCS_UNUSED,	/* the processor does not look at it now */
	VMCS_UNTOLD,	/* user space could have it; this target has not */
	VMCS_UNPRINTED, /* the listing has no such line */
	VMCS_NR_WHY,
};

struct vmcs_value {
	uint64_t value;
	uint8_t class; /* enum vmcs_class */
	uint8_t why;   /* enum vmcs_why, when class is VMCS_NA */
};

struct vmcs_model {
	enum vmcs_kind kind;
	bool imported; /* read from a listing */
	/*
	 * The host enters no guest with such a structure: the model shows how
	 * a host with EPT and unrestricted guest (or NPT) would fill it.
	 */
	bool hypothetical;
	struct vmcs_value field[VMCS_NR_FIELDS];

	/* Of the processor that entered the guest; 0 = not known. */
	unsigned int phys_bits, linear_bits;
	/* 1 yes, 0 no, -1 not known. */
	int unrestricted_guest, paging_assist; /* the second: EPT or NPT */
	int emulate_invalid; /* state that VM entry refuses is emulated */
};

/* ---- making a model of a running or saved vCPU ---- */

/* All but state and host may be NULL: what is missing becomes VMCS_NA. */
struct vmcs_source {
	const struct x86_state *state; /* every group but FPU */
	const struct x86_host *host;
	const struct x86_cpuid *guest_cpuid, *host_cpuid;
	const struct x86_lapic *lapic;
	const struct x86_clock *clock;
	const struct exit_info *exit; /* of the last error stop */
	/*
	 * An MSR that the state does not have: 1 with its value, 0 when the
	 * guest has no such MSR, -1 when that is not known.
	 */
	int (*msr)(void *priv, uint32_t index, uint64_t *value);
	void *priv;
};

void vmcs_build(struct vmcs_model *m, enum vmcs_kind kind,
		const struct vmcs_source *source);

/* Which of the two this host enters guests with; false when neither. */
bool vmcs_native(const struct x86_host *host, enum vmcs_kind *kind);

/* ---- checking ---- */

struct vmcs_tally {
	unsigned int made;	  /* all of what they look at is known */
	unsigned int violated;	  /* of those */
	unsigned int conditional; /* violated if a control that is not known
				     has a certain value; not in made */
	unsigned int skipped;	  /* a field they look at is not known */
	/* What the first violated one is about, or the first conditional. */
	enum vmcs_field first;
};

/*
 * Make the checks of VM entry (VMRUN) on the guest's state.  For each that is
 * violated, or would be under a condition, append to *out (may be NULL) the
 * section of the manual, the field, its value and what would satisfy it.
 * Appends nothing when all hold.
 */
struct vmcs_tally vmcs_check(const struct vmcs_model *m, struct buf *out);

/* "1 of 92 checks fails; 3 could not be made", without newline. */
void vmcs_print_tally(struct buf *out, const struct vmcs_tally *tally);

/* Which checks could not be made and what they lack, two spaces in front. */
void vmcs_print_skipped(struct buf *out, const struct vmcs_model *m);

/* ---- printing ---- */

/* The listing, each value with a letter for its class, then a legend. */
void vmcs_print(struct buf *out, const struct vmcs_model *m);

/* "kernel-private" */
const char *vmcs_why_word(enum vmcs_why why);

/* The access rights of a segment in the SDM's form, whatever the kind. */
uint32_t vmcs_access_rights(const struct vmcs_model *m, unsigned int segment);

#endif
