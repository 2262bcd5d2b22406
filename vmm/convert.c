#include "vmm/convert.h"

#include <errno.h>
#include <string.h>

#include "vmm/convert_fpu.h"
#include "vmm/kvm.h"

/* Where each gpr[] lies in struct kvm_regs. */
static const size_t gpr_offset[X86_NR_GPR] = {
	[X86_RAX] = offsetof(struct kvm_regs, rax),
	[X86_RBX] = offsetof(struct kvm_regs, rbx),
	[X86_RCX] = offsetof(struct kvm_regs, rcx),
	[X86_RDX] = offsetof(struct kvm_regs, rdx),
	[X86_RSI] = offsetof(struct kvm_regs, rsi),
	[X86_RDI] = offsetof(struct kvm_regs, rdi),
	[X86_RBP] = offsetof(struct kvm_regs, rbp),
	[X86_RSP] = offsetof(struct kvm_regs, rsp),
	[X86_R8] = offsetof(struct kvm_regs, r8),
	[X86_R9] = offsetof(struct kvm_regs, r9),
	[X86_R10] = offsetof(struct kvm_regs, r10),
	[X86_R11] = offsetof(struct kvm_regs, r11),
	[X86_R12] = offsetof(struct kvm_regs, r12),
	[X86_R13] = offsetof(struct kvm_regs, r13),
	[X86_R14] = offsetof(struct kvm_regs, r14),
	[X86_R15] = offsetof(struct kvm_regs, r15),
};

static const size_t seg_offset[X86_NR_SEG] = {
	[X86_CS] = offsetof(struct kvm_sregs, cs),
	[X86_SS] = offsetof(struct kvm_sregs, ss),
	[X86_DS] = offsetof(struct kvm_sregs, ds),
	[X86_ES] = offsetof(struct kvm_sregs, es),
	[X86_FS] = offsetof(struct kvm_sregs, fs),
	[X86_GS] = offsetof(struct kvm_sregs, gs),
	[X86_LDTR] = offsetof(struct kvm_sregs, ldt),
	[X86_TR] = offsetof(struct kvm_sregs, tr),
};

void convert_from_regs(struct x86_state *s, const struct kvm_regs *r)
{
	for (unsigned int i = 0; i < X86_NR_GPR; i++)
		memcpy(&s->gpr[i], (const char *)r + gpr_offset[i], 8);
	s->rip = r->rip;
	s->rflags = r->rflags;
}

void convert_to_regs(struct kvm_regs *r, const struct x86_state *s)
{
	for (unsigned int i = 0; i < X86_NR_GPR; i++)
		memcpy((char *)r + gpr_offset[i], &s->gpr[i], 8);
	r->rip = s->rip;
	r->rflags = s->rflags;
}

static void from_segment(struct x86_seg *to, const struct kvm_segment *k)
{
	to->base = k->base;
	to->limit = k->limit;
	to->sel = k->selector;
	to->attr = (k->type & 15u) | (k->s & 1u) << 4 | (k->dpl & 3u) << 5 |
		   (k->present & 1u) << 7 | (k->avl & 1u) << 12 |
		   (k->l & 1u) << 13 | (k->db & 1u) << 14 | (k->g & 1u) << 15 |
		   (k->unusable & 1u) << 16;
}

static void to_segment(struct kvm_segment *k, const struct x86_seg *from)
{
	*k = (struct kvm_segment){
		.base = from->base,
		.limit = from->limit,
		.selector = (uint16_t)from->sel,
		.type = from->attr & 15,
		.s = from->attr >> 4 & 1,
		.dpl = from->attr >> 5 & 3,
		.present = from->attr >> 7 & 1,
		.avl = from->attr >> 12 & 1,
		.l = from->attr >> 13 & 1,
		.db = from->attr >> 14 & 1,
		.g = from->attr >> 15 & 1,
		.unusable = from->attr >> 16 & 1,
	};
}

void convert_from_sregs(struct x86_state *s, const struct kvm_sregs *k)
{
	for (unsigned int i = 0; i < X86_NR_SEG; i++) {
		struct kvm_segment seg;

		memcpy(&seg, (const char *)k + seg_offset[i], sizeof(seg));
		from_segment(&s->seg[i], &seg);
	}
	s->gdt = (struct x86_dtable){k->gdt.base, k->gdt.limit};
	s->idt = (struct x86_dtable){k->idt.base, k->idt.limit};
	s->cr0 = k->cr0;
	s->cr2 = k->cr2;
	s->cr3 = k->cr3;
	s->cr4 = k->cr4;
	s->cr8 = k->cr8;
	s->efer = k->efer;
	s->apic_base = k->apic_base;
}

/* *k keeps what the image does not have (the interrupt bitmap). */
static void to_sregs(struct kvm_sregs *k, const struct x86_state *s)
{
	for (unsigned int i = 0; i < X86_NR_SEG; i++) {
		struct kvm_segment seg;

		to_segment(&seg, &s->seg[i]);
		memcpy((char *)k + seg_offset[i], &seg, sizeof(seg));
	}
	k->gdt.base = s->gdt.base;
	k->gdt.limit = (uint16_t)s->gdt.limit;
	k->idt.base = s->idt.base;
	k->idt.limit = (uint16_t)s->idt.limit;
	k->cr0 = s->cr0;
	k->cr2 = s->cr2;
	k->cr3 = s->cr3;
	k->cr4 = s->cr4;
	k->cr8 = s->cr8;
	k->efer = s->efer;
	k->apic_base = s->apic_base;
}

static bool get_sys(int fd, const struct convert_caps *caps,
		    struct x86_state *s, struct err *err)
{
	struct kvm_sregs2 pae;
	struct kvm_sregs k;

	if (!KVM_CALL(fd, KVM_GET_SREGS, &k, err))
		return false;
	convert_from_sregs(s, &k);
	s->pdptr_valid = false;
	if (!caps->sregs2 || !(s->cr0 & X86_CR0_PG) ||
	    !(s->cr4 & X86_CR4_PAE) || (s->efer & X86_EFER_LMA))
		return true;
	if (!KVM_CALL(fd, KVM_GET_SREGS2, &pae, err))
		return false;
	s->pdptr_valid = pae.flags & KVM_SREGS2_FLAGS_PDPTRS_VALID;
	memcpy(s->pdptr, pae.pdptrs, sizeof(s->pdptr));
	return true;
}

static bool get_debug(int fd, struct x86_state *s, struct err *err)
{
	struct kvm_debugregs d;

	if (!KVM_CALL(fd, KVM_GET_DEBUGREGS, &d, err))
		return false;
	memcpy(s->dr, d.db, sizeof(s->dr));
	s->dr6 = d.dr6;
	s->dr7 = d.dr7;
	return true;
}

/* The MSRs of struct x86_msrs; a host without one of them leaves it 0. */
static const struct {
	uint32_t index;
	size_t offset;
} msr_table[] = {
	{0xc0000081, offsetof(struct x86_msrs, star)},
	{0xc0000082, offsetof(struct x86_msrs, lstar)},
	{0xc0000083, offsetof(struct x86_msrs, cstar)},
	{0xc0000084, offsetof(struct x86_msrs, sfmask)},
	{0xc0000102, offsetof(struct x86_msrs, k_gs_base)},
	{0x174, offsetof(struct x86_msrs, sysenter_cs)},
	{0x175, offsetof(struct x86_msrs, sysenter_esp)},
	{0x176, offsetof(struct x86_msrs, sysenter_eip)},
	{0x277, offsetof(struct x86_msrs, pat)},
	{0x10, offsetof(struct x86_msrs, tsc)},
	{0x1d9, offsetof(struct x86_msrs, debugctl)},
};

union msr_call {
	struct kvm_msrs head;
	struct {
		uint32_t nmsrs, pad;
		struct kvm_msr_entry entry[ARRAY_SIZE(msr_table)];
	} all;
};

static bool get_msrs(int fd, struct x86_state *s, struct err *err)
{
	/* One call each: KVM stops at the first it does not have. */
	union msr_call call = {.all.nmsrs = ARRAY_SIZE(msr_table)};
	int got;

	for (size_t i = 0; i < ARRAY_SIZE(msr_table); i++)
		call.all.entry[i].index = msr_table[i].index;
	if (!KVM_CALL_INT(fd, KVM_GET_MSRS, (unsigned long)&call, &got, err))
		return false;
	memset(&s->msr, 0, sizeof(s->msr));
	for (int i = 0; i < got; i++)
		memcpy((char *)&s->msr + msr_table[i].offset,
		       &call.all.entry[i].data, 8);
	return true;
}

static bool set_one_msr(int fd, uint32_t index, uint64_t value, struct err *err)
{
	union msr_call call = {.all.nmsrs = 1};
	int done;

	call.all.entry[0].index = index;
	call.all.entry[0].data = value;
	if (!KVM_CALL_INT(fd, KVM_SET_MSRS, (unsigned long)&call, &done, err))
		return false;
	/* Read back: KVM drops some values without a word. */
	if (done == 1 &&
	    !KVM_CALL_INT(fd, KVM_GET_MSRS, (unsigned long)&call, &done, err))
		return false;
	if (done == 1 && call.all.entry[0].data == value)
		return true;
	return err_set(err, ERR_REFUSED,
		       "KVM refuses value 0x%llx for MSR 0x%x",
		       (unsigned long long)value, index);
}

/* Only what differs: rewriting the TSC would shift the guest's time. */
static bool set_msrs(int fd, const struct x86_state *s, struct err *err)
{
	struct x86_state now;

	if (!get_msrs(fd, &now, err))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(msr_table); i++) {
		uint64_t want, have;

		memcpy(&want, (const char *)&s->msr + msr_table[i].offset, 8);
		memcpy(&have, (const char *)&now.msr + msr_table[i].offset, 8);
		if (want != have && msr_table[i].index != 0x10 &&
		    !set_one_msr(fd, msr_table[i].index, want, err))
			return false;
	}
	return true;
}

static bool get_events(int fd, struct x86_state *s, struct err *err)
{
	static const enum x86_run_state state[] = {
		[KVM_MP_STATE_RUNNABLE] = X86_RUNNABLE,
		[KVM_MP_STATE_UNINITIALIZED] = X86_WAIT_INIT,
		[KVM_MP_STATE_INIT_RECEIVED] = X86_WAIT_SIPI,
		[KVM_MP_STATE_HALTED] = X86_HALTED,
		[KVM_MP_STATE_SIPI_RECEIVED] = X86_RUNNABLE,
	};
	struct kvm_vcpu_events e;
	struct kvm_mp_state mp;

	if (!KVM_CALL(fd, KVM_GET_VCPU_EVENTS, &e, err))
		return false;
	s->event = (struct x86_events){
		.exception_injected = e.exception.injected,
		.exception_pending = e.exception.pending,
		.exception_has_error = e.exception.has_error_code,
		.exception_nr = e.exception.nr,
		.exception_error = e.exception.error_code,
		.exception_has_payload = e.exception_has_payload,
		.exception_payload = e.exception_payload,
		.interrupt_injected = e.interrupt.injected,
		.interrupt_soft = e.interrupt.soft,
		.interrupt_nr = e.interrupt.nr,
		.interrupt_shadow = e.interrupt.shadow & 3,
		.nmi_injected = e.nmi.injected,
		.nmi_pending = e.nmi.pending,
		.nmi_masked = e.nmi.masked,
		.smm = e.smi.smm,
		.smm_pending = e.smi.pending,
	};
	/* Without an in-kernel irqchip there is no MP state to ask for. */
	s->run_state = X86_RUNNABLE;
	if (KVM_CALL(fd, KVM_GET_MP_STATE, &mp, err) &&
	    mp.mp_state < ARRAY_SIZE(state))
		s->run_state = state[mp.mp_state];
	return true;
}

static bool get_xcr(int fd, const struct convert_caps *caps,
		    struct x86_state *s, struct err *err)
{
	struct kvm_xcrs x;

	s->xcr0 = 1;
	if (!caps->xcrs)
		return true;
	if (!KVM_CALL(fd, KVM_GET_XCRS, &x, err))
		return false;
	for (unsigned int i = 0; i < x.nr_xcrs && i < KVM_MAX_XCRS; i++)
		if (x.xcrs[i].xcr == 0)
			s->xcr0 = x.xcrs[i].value;
	return true;
}

bool convert_get(int fd, const struct convert_caps *caps, unsigned groups,
		 struct x86_state *s, struct err *err)
{
	struct kvm_regs r;

	if (groups & X86_GROUP_GPR) {
		if (!KVM_CALL(fd, KVM_GET_REGS, &r, err))
			return false;
		convert_from_regs(s, &r);
	}
	if ((groups & X86_GROUP_SYS) && !get_sys(fd, caps, s, err))
		return false;
	if ((groups & X86_GROUP_FPU) && !convert_get_fpu(fd, caps, s, err))
		return false;
	if ((groups & X86_GROUP_DEBUG) && !get_debug(fd, s, err))
		return false;
	if ((groups & X86_GROUP_MSR) && !get_msrs(fd, s, err))
		return false;
	if ((groups & X86_GROUP_XCR) && !get_xcr(fd, caps, s, err))
		return false;
	return !(groups & X86_GROUP_EVENT) || get_events(fd, s, err);
}

static bool set_gpr(int fd, const struct x86_state *s, struct err *err)
{
	struct kvm_vcpu_events events;
	struct kvm_regs r;

	convert_to_regs(&r, s);
	return KVM_CALL(fd, KVM_GET_VCPU_EVENTS, &events, err) &&
	       KVM_CALL(fd, KVM_SET_REGS, &r, err) &&
	       KVM_CALL(fd, KVM_SET_VCPU_EVENTS, &events, err);
}

/*
 * Registers that KVM may take and quietly not keep: an emulating host drops
 * CR0.PG outside long mode, for one.  CR0.ET is always 1 on these processors.
 */
static bool kept(const struct kvm_sregs *want, const struct kvm_sregs *got,
		 struct err *err)
{
	const struct {
		const char *name;
		uint64_t want, got;
	} table[] = {
		{"cr0", want->cr0 | BIT(4), got->cr0 | BIT(4)},
		{"cr3", want->cr3, got->cr3},
		{"cr4", want->cr4, got->cr4},
		{"efer", want->efer, got->efer},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].want != table[i].got)
			return err_set(err, ERR_REFUSED,
				       "%s 0x%llx: this host's KVM takes it "
				       "and keeps 0x%llx; nothing was changed",
				       table[i].name,
				       (unsigned long long)table[i].want,
				       (unsigned long long)table[i].got);
	return true;
}

static bool set_sys(int fd, const struct x86_state *s, struct err *err)
{
	struct kvm_sregs old, k, got;
	struct err ignored;

	if (!KVM_CALL(fd, KVM_GET_SREGS, &old, err))
		return false;
	k = old;
	to_sregs(&k, s);
	if (!KVM_CALL(fd, KVM_SET_SREGS, &k, err)) {
		if (err->os_errno != EINVAL)
			return false;
		return err_set(err, ERR_REFUSED,
			       "KVM refuses this combination of segment and "
			       "control registers (cr0 0x%llx cr3 0x%llx cr4 "
			       "0x%llx efer 0x%llx cs 0x%x/0x%x)",
			       (unsigned long long)s->cr0,
			       (unsigned long long)s->cr3,
			       (unsigned long long)s->cr4,
			       (unsigned long long)s->efer, s->seg[X86_CS].sel,
			       s->seg[X86_CS].attr);
	}
	if (!KVM_CALL(fd, KVM_GET_SREGS, &got, err))
		return false;
	if (kept(&k, &got, err))
		return true;
	if (!KVM_CALL(fd, KVM_SET_SREGS, &old, &ignored))
		err_prefix(err, "and the old values could not be put back");
	return false;
}

static bool set_debug(int fd, const struct x86_state *s, struct err *err)
{
	struct kvm_debugregs d = {.dr6 = s->dr6, .dr7 = s->dr7};

	memcpy(d.db, s->dr, sizeof(d.db));
	return KVM_CALL(fd, KVM_SET_DEBUGREGS, &d, err);
}

static bool set_xcr(int fd, const struct convert_caps *caps,
		    const struct x86_state *s, struct err *err)
{
	struct kvm_xcrs x = {.nr_xcrs = 1,
			     .xcrs = {{.xcr = 0, .value = s->xcr0}}};

	if (!caps->xcrs)
		return s->xcr0 == 1 || err_set(err, ERR_UNSUPPORTED,
					       "this host's KVM has no XCR0 to "
					       "set");
	return KVM_CALL(fd, KVM_SET_XCRS, &x, err);
}

static bool set_events(int fd, const struct x86_state *s, struct err *err)
{
	struct kvm_mp_state mp = {
		.mp_state = s->run_state == X86_HALTED ? KVM_MP_STATE_HALTED
			    : s->run_state == X86_RUNNABLE
				    ? KVM_MP_STATE_RUNNABLE
			    : s->run_state == X86_WAIT_SIPI
				    ? KVM_MP_STATE_INIT_RECEIVED
				    : KVM_MP_STATE_UNINITIALIZED};
	struct kvm_vcpu_events e;

	if (!KVM_CALL(fd, KVM_GET_VCPU_EVENTS, &e, err))
		return false;
	e.exception.injected = s->event.exception_injected;
	e.exception.pending = s->event.exception_pending;
	e.exception.has_error_code = s->event.exception_has_error;
	e.exception.nr = s->event.exception_nr;
	e.exception.error_code = s->event.exception_error;
	e.exception_has_payload = s->event.exception_has_payload;
	e.exception_payload = s->event.exception_payload;
	e.interrupt.injected = s->event.interrupt_injected;
	e.interrupt.soft = s->event.interrupt_soft;
	e.interrupt.nr = s->event.interrupt_nr;
	e.interrupt.shadow = s->event.interrupt_shadow;
	e.nmi.injected = s->event.nmi_injected;
	e.nmi.pending = s->event.nmi_pending;
	e.nmi.masked = s->event.nmi_masked;
	return KVM_CALL(fd, KVM_SET_VCPU_EVENTS, &e, err) &&
	       KVM_CALL(fd, KVM_SET_MP_STATE, &mp, err);
}

bool convert_set(int fd, const struct convert_caps *caps, unsigned groups,
		 const struct x86_state *s, struct err *err)
{
	if ((groups & X86_GROUP_SYS) && !set_sys(fd, s, err))
		return false;
	if ((groups & X86_GROUP_GPR) && !set_gpr(fd, s, err))
		return false;
	if ((groups & X86_GROUP_XCR) && !set_xcr(fd, caps, s, err))
		return false;
	if ((groups & X86_GROUP_FPU) && !convert_set_fpu(fd, caps, s, err))
		return false;
	if ((groups & X86_GROUP_DEBUG) && !set_debug(fd, s, err))
		return false;
	if ((groups & X86_GROUP_MSR) && !set_msrs(fd, s, err))
		return false;
	return !(groups & X86_GROUP_EVENT) || set_events(fd, s, err);
}
