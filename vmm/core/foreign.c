/*
 * Core files of QEMU (dump-guest-memory) and of Linux itself (/proc/vmcore):
 * what their notes tell of the vCPUs, and what has to be assumed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stub/core/compat.h"
#include "stub/core/vmcoreinfo.h"
#include "vmm/core/saved.h"

#define PHYS_OF_KERNEL UINT64_C(0xffffffff80000000) /* __START_KERNEL_map */

struct foreign {
	struct saved *s;
	unsigned int prstatus, qemu; /* notes of each, so far */
	const char *vmcoreinfo;
	size_t vmcoreinfo_len;
};

static bool blame(const struct saved *s, const struct core_raw_note *raw,
		  const char *what, struct err *err)
{
	return err_set(err, ERR_MALFORMED,
		       "%s: the note at 0x%" PRIx64 " (%s)"
		       ": %s",
		       s->elf.name, raw->offset, raw->owner, what);
}

/* The state of the n-th vCPU, or NULL when there are too many. */
static struct core_vcpu *vcpu_at(struct saved *s, unsigned int n)
{
	struct core_vcpu *more;

	if (n < s->vcpus)
		return &s->vcpu[n];
	if (n >= SAVED_VCPUS_MAX)
		return NULL;
	more = realloc(s->vcpu, (n + 1) * sizeof(*more));
	if (!more)
		return NULL;
	s->vcpu = more;
	memset(&more[n], 0, sizeof(*more));
	more[n].thread_id = (int)n + 1;
	s->vcpus = n + 1;
	return &more[n];
}

static bool take_prstatus(struct foreign *f, const struct core_raw_note *raw,
			  struct err *err)
{
	struct core_vcpu *v = vcpu_at(f->s, f->prstatus);
	struct prstatus32 p32;
	struct prstatus p;

	if (!v)
		return blame(f->s, raw, "there are too many vCPUs", err);
	if (raw->len != PRSTATUS64_BYTES && raw->len != PRSTATUS32_BYTES)
		return blame(f->s, raw,
			     "NT_PRSTATUS of an x86 processor has 336 or 144 "
			     "bytes",
			     err);
	f->prstatus++;
	if (v->groups) /* QEMU's note has told more */
		return true;
	if (raw->len == PRSTATUS64_BYTES) {
		if (!wire_get(&prstatus_layout, 1, raw->desc, &p, NULL, err))
			return false;
		prstatus_to_state(&v->state, &p);
	} else {
		if (!wire_get(&prstatus32_layout, 1, raw->desc, &p32, NULL,
			      err))
			return false;
		prstatus32_to_state(&v->state, &p32);
	}
	v->groups = X86_GROUP_GPR;
	return true;
}

static bool take_qemu(struct foreign *f, const struct core_raw_note *raw,
		      struct err *err)
{
	struct core_vcpu *v = vcpu_at(f->s, f->qemu);
	struct qemu_cpu q;

	if (!v)
		return blame(f->s, raw, "there are too many vCPUs", err);
	if (raw->len < QEMU_CPU_OLD)
		return blame(f->s, raw, "a CPU of QEMU has at least 432 bytes",
			     err);
	if (!wire_get(&qemu_cpu_layout, raw->len < QEMU_CPU_BYTES ? 1 : 2,
		      raw->desc, &q, NULL, err))
		return false;
	if (q.version != 1)
		return blame(f->s, raw, "only version 1 of it is known", err);
	qemu_cpu_to_state(&v->state, &q, f->s->elf.x86_64);
	v->groups = X86_GROUP_GPR | X86_GROUP_SYS;
	f->qemu++;
	return true;
}

static bool take_notes(struct foreign *f, struct err *err)
{
	struct core_note_iter it = {0, 0};
	struct core_raw_note raw;

	while (elf_core_note(&f->s->elf, &it, &raw)) {
		if (!strcmp(raw.owner, "QEMU") && raw.type == CORE_NT_QEMU) {
			if (!take_qemu(f, &raw, err))
				return false;
		} else if (!strcmp(raw.owner, "CORE") &&
			   raw.type == CORE_NT_PRSTATUS) {
			if (!take_prstatus(f, &raw, err))
				return false;
		} else if (!strcmp(raw.owner, VMCOREINFO_OWNER)) {
			f->vmcoreinfo = (const char *)raw.desc;
			f->vmcoreinfo_len = raw.len;
		}
	}
	return true;
}

/* ---- what is not in the file ---- */

/*
 * Linux saves no control registers, but says where the kernel's own page
 * tables are: with those its memory can be read, on every processor.
 */
static bool assume_linux(struct foreign *f)
{
	uint64_t tables, base = 0, la57 = 0;

	if (!f->vmcoreinfo || !f->s->elf.x86_64 ||
	    !vmcoreinfo_number(f->vmcoreinfo, f->vmcoreinfo_len,
			       "SYMBOL(swapper_pg_dir)", true, &tables))
		return false;
	(void)vmcoreinfo_number(f->vmcoreinfo, f->vmcoreinfo_len,
				"NUMBER(phys_base)", false, &base);
	(void)vmcoreinfo_number(f->vmcoreinfo, f->vmcoreinfo_len,
				"NUMBER(pgtable_l5_enabled)", false, &la57);
	for (unsigned int i = 0; i < f->s->vcpus; i++) {
		struct core_vcpu *v = &f->s->vcpu[i];
		struct x86_state *s = &v->state;

		s->cr0 = X86_CR0_PE | X86_CR0_WP | X86_CR0_PG;
		s->cr3 = tables - PHYS_OF_KERNEL + base;
		s->cr4 = X86_CR4_PAE | (la57 ? X86_CR4_LA57 : 0);
		s->efer = X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE;
		s->seg[X86_CS].attr = X86_AR_L | X86_AR_P | X86_AR_S | 0xb;
		s->seg[X86_SS].attr = X86_AR_DB | X86_AR_P | X86_AR_S | 0x3 |
				      (s->seg[X86_CS].sel & 3)
					      << X86_AR_DPL_SHIFT;
		v->groups |= X86_GROUP_SYS;
	}
	return true;
}

/* Of the processor nothing is saved: what is in use is there. */
static void assume_features(struct core_vcpu *v)
{
	uint64_t cr4 = v->state.cr4;

	v->info = (struct x86_cpu_info){.maxphyaddr = 52,
					.gbpages = true,
					.nx = true,
					.la57 = cr4 & X86_CR4_LA57,
					.pku = cr4 & X86_CR4_PKE,
					.pcid = cr4 & X86_CR4_PCIDE,
					.smep = cr4 & X86_CR4_SMEP,
					.smap = cr4 & X86_CR4_SMAP};
}

static void tell(struct saved *s, const struct foreign *f, bool linux_tables)
{
	buf_printf(&s->about, "saved by %s, not by kvm-gdbserver\n",
		   f->qemu	   ? "QEMU"
		   : f->vmcoreinfo ? "Linux"
				   : "some program");
	buf_str(&s->about, "not in the file: why the guest stopped, FPU, debug "
			   "registers, "
			   "MSRs, pending events, CPUID, interrupt "
			   "controllers, exits\n");
	if (f->qemu)
		buf_str(&s->about, "assumed: EFER, from CR0, CR4 and the kind "
				   "of file; "
				   "CR8 and the APIC base are shown as 0\n");
	else if (linux_tables)
		buf_str(&s->about, "assumed: CR0, CR3, CR4 and EFER, which are "
				   "not in "
				   "the file: addresses go through the "
				   "kernel's own page "
				   "tables, which VMCOREINFO names\n");
	else
		buf_str(&s->about, "not in the file either: control registers "
				   "and page "
				   "tables; only physical memory can be "
				   "read\n");
}

bool saved_take_foreign(struct saved *s, struct err *err)
{
	struct foreign f = {.s = s};
	bool linux_tables = false;

	if (!take_notes(&f, err))
		return false;
	if (!s->vcpus)
		return err_set(err, ERR_MALFORMED,
			       "%s: there is no note with the registers of a "
			       "vCPU",
			       s->elf.name);
	if (f.qemu && f.qemu < s->vcpus)
		return err_set(err, ERR_MALFORMED,
			       "%s: it has %u notes of Linux's kind with "
			       "registers, and %u of QEMU's",
			       s->elf.name, f.prstatus, f.qemu);
	if (!f.qemu)
		linux_tables = assume_linux(&f);
	for (unsigned int i = 0; i < s->vcpus; i++)
		assume_features(&s->vcpu[i]);
	s->stop = (struct target_stop){.kind = STOP_INTERRUPT,
				       .signal = GDB_SIGNAL_TRAP,
				       .text = "why the guest had stopped is "
					       "not in this file\n"};
	tell(s, &f, linux_tables);
	return true;
}
