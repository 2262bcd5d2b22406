/* From a local APIC into the processor. */
#include "arch/irq/why_impl.h"

#include <inttypes.h>

#include "arch/exit/names.h"
#include "base/bits.h"

enum {
	SHADOW_MOV_SS = 1,
	SHADOW_STI = 2
};

bool why_apic_on(const struct irq_machine *m, unsigned int vcpu)
{
	return m->cpu[vcpu].apic_base & APIC_BASE_EN;
}

bool why_apic_takes(struct why *w, unsigned int vcpu)
{
	const struct x86_lapic *l = &w->m->lapic[vcpu];

	if (!why_apic_on(w->m, vcpu)) {
		why_say(w,
			"The local APIC of vCPU %u is off (IA32_APIC_BASE.EN "
			"is 0), so it takes nothing.",
			vcpu);
		return false;
	}
	if (lapic_reg(l, LAPIC_SVR) & SVR_ENABLED)
		return true;
	why_say(w,
		"The local APIC of vCPU %u is software-disabled (bit 8 of the "
		"spurious-interrupt register, SPIV, is 0), so it takes "
		"nothing: the guest has to set that bit.",
		vcpu);
	return false;
}

/* ---- the processor ---- */

/* True when it is not even running. */
static bool not_started(struct why *w, unsigned int vcpu)
{
	switch (w->m->cpu[vcpu].run_state) {
	case X86_WAIT_INIT:
		why_say(w,
			"vCPU %u has not been started: it waits for INIT and "
			"SIPI from another processor.",
			vcpu);
		return true;
	case X86_WAIT_SIPI:
		why_say(w,
			"vCPU %u has had INIT and waits for SIPI from another "
			"processor.",
			vcpu);
		return true;
	default:
		return false;
	}
}

static void check_first(struct why *w, const struct x86_state *s,
			unsigned int vcpu)
{
	const struct x86_events *e = &s->event;
	const char *name = exception_name(e->exception_nr);

	if (e->exception_pending || e->exception_injected)
		why_say(w, "vCPU %u takes an exception first: %s.", vcpu,
			name ? name : "of a reserved vector");
	if (e->interrupt_injected)
		why_say(w,
			"vCPU %u takes interrupt 0x%x first: that one is "
			"on its way in.",
			vcpu, e->interrupt_nr);
	if (e->nmi_injected)
		why_say(w, "vCPU %u takes an NMI first.", vcpu);
}

static void check_shadow(struct why *w, const struct x86_state *s)
{
	if (!(s->event.interrupt_shadow & (SHADOW_STI | SHADOW_MOV_SS)))
		return;
	why_say(w,
		"The instruction at 0x%" PRIx64 " is in the shadow of %s: it "
		"is executed first.",
		x86_linear_pc(s),
		s->event.interrupt_shadow & SHADOW_STI ? "STI"
						       : "MOV SS or POP SS");
}

static void check_if(struct why *w, const struct x86_state *s,
		     unsigned int vcpu)
{
	if (s->rflags & X86_FL_IF)
		return;
	if (s->run_state == X86_HALTED)
		why_say(w,
			"vCPU %u is halted with RFLAGS.IF clear at 0x%" PRIx64
			": only an NMI, an SMI or INIT can wake it. The guest "
			"needs STI right before HLT.",
			vcpu, x86_linear_pc(s));
	else
		why_say(w,
			"vCPU %u has RFLAGS.IF clear at 0x%" PRIx64 ": the "
			"guest has to get to STI, POPF or IRET.",
			vcpu, x86_linear_pc(s));
}

/* Bytes of an IDT entry (SDM Vol 3A, "IDT Descriptors"). */
static unsigned int gate_size(const struct x86_state *s)
{
	if (s->efer & X86_EFER_LMA)
		return 16;
	return s->cr0 & X86_CR0_PE ? 8 : 4;
}

static void check_idt(struct why *w, const struct x86_state *s,
		      unsigned int vcpu, int vector)
{
	unsigned int size = gate_size(s);

	if (vector < 0 || ((unsigned int)vector + 1) * size <= s->idt.limit + 1)
		return;
	why_say(w,
		"The IDT of vCPU %u (limit 0x%x) ends before vector 0x%x: "
		"taking it raises #GP instead.",
		vcpu, s->idt.limit, (unsigned int)vector);
}

static void nothing(struct why *w, unsigned int vcpu, unsigned int before)
{
	if (w->reasons == before)
		why_say(w,
			"Nothing holds it back: vCPU %u takes it as soon as it "
			"runs on.",
			vcpu);
}

void why_cpu(struct why *w, unsigned int vcpu, int vector)
{
	const struct x86_state *s = &w->m->cpu[vcpu];

	if (not_started(w, vcpu))
		return;
	check_first(w, s, vcpu);
	check_shadow(w, s);
	check_if(w, s, vcpu);
	check_idt(w, s, vcpu, vector);
}

void why_cpu_nmi(struct why *w, unsigned int vcpu)
{
	const struct x86_state *s = &w->m->cpu[vcpu];
	unsigned int before = w->reasons;

	if (not_started(w, vcpu))
		return;
	if (s->event.nmi_masked)
		why_say(w,
			"vCPU %u is inside an NMI handler: the next NMI waits "
			"for its IRET.",
			vcpu);
	if (s->event.smm)
		why_say(w, "vCPU %u is in SMM: NMIs wait for RSM.", vcpu);
	check_shadow(w, s);
	check_idt(w, s, vcpu, 2);
	nothing(w, vcpu, before);
}

/* ---- priorities ---- */

static void check_priority(struct why *w, unsigned int vcpu,
			   unsigned int vector)
{
	const struct x86_lapic *l = &w->m->lapic[vcpu];
	unsigned int tpr = lapic_reg(l, LAPIC_TPR) & 0xff;
	int isr = lapic_highest(l, LAPIC_ISR);
	int irr = lapic_highest(l, LAPIC_IRR);

	if (vector >> 4 <= tpr >> 4)
		why_say(w,
			"The task priority of vCPU %u is 0x%02x, which holds "
			"off all vectors below 0x%x: the guest has to lower "
			"TPR (CR8).",
			vcpu, tpr, ((tpr >> 4) + 1) << 4);
	if (isr >= 0 && vector >> 4 <= (unsigned int)isr >> 4)
		why_say(w,
			"vCPU %u has vector 0x%x in service, whose priority is "
			"not lower: its handler runs still, or it has not "
			"written EOI (register 0xb0, MSR 0x80b).",
			vcpu, (unsigned int)isr);
	if (irr > (int)vector)
		why_say(w, "Vector 0x%x is requested too and goes first.",
			(unsigned int)irr);
}

void why_requested(struct why *w, unsigned int vcpu, unsigned int vector)
{
	unsigned int before = w->reasons;

	if (!why_apic_on(w->m, vcpu))
		why_say(w,
			"The local APIC of vCPU %u is off (IA32_APIC_BASE.EN "
			"is 0), so it passes nothing on.",
			vcpu);
	if (vector < 16)
		why_say(w, "Vectors below 0x10 are reserved: no priority lets "
			   "them through.");
	else
		check_priority(w, vcpu, vector);
	why_cpu(w, vcpu, (int)vector);
	nothing(w, vcpu, before);
}

/* ---- the local vector table ---- */

bool why_lvt_at(unsigned int i, struct why_lvt *lvt)
{
	static const struct why_lvt table[] = {
		{"timer", LAPIC_LVT_TIMER},	 {"LINT0", LAPIC_LVT_LINT0},
		{"LINT1", LAPIC_LVT_LINT1},	 {"error", LAPIC_LVT_ERROR},
		{"performance", LAPIC_LVT_PERF}, {"thermal", LAPIC_LVT_THERMAL},
		{"CMCI", LAPIC_LVT_CMCI},
	};

	if (i >= ARRAY_SIZE(table))
		return false;
	*lvt = table[i];
	return true;
}

static void check_timer(struct why *w, const struct x86_lapic *l, uint32_t lvt)
{
	if (lvt & LVT_TIMER_DEADLINE)
		why_say(w, "The timer is in TSC-deadline mode: `rdmsr "
			   "TSC_DEADLINE` tells whether it is armed.");
	else if (!lapic_reg(l, LAPIC_INITIAL_COUNT))
		why_say(w, "The timer stands still: its initial count is 0.");
	else if (!(lvt & LVT_TIMER_PERIODIC) &&
		 !lapic_reg(l, LAPIC_CURRENT_COUNT))
		why_say(w, "The timer is one-shot and has fired already: the "
			   "guest has to write the initial count again.");
}

void why_lvt(struct why *w, unsigned int vcpu, const struct why_lvt *entry)
{
	const struct x86_lapic *l = &w->m->lapic[vcpu];
	uint32_t lvt = lapic_reg(l, entry->offset);

	why_target(w, vcpu);
	if (!why_apic_takes(w, vcpu))
		return;
	if (entry->offset == LAPIC_LVT_TIMER)
		check_timer(w, l, lvt);
	if (lvt & LVT_MASKED)
		why_say(w,
			"The entry is masked (bit 16 of register 0x%x): the "
			"guest has to clear that bit.",
			entry->offset);
	if ((lvt & LVT_VECTOR) < 16 && (lvt & LVT_MODE) >> 8 == IRQ_FIXED)
		why_say(w,
			"Its vector, 0x%x, is reserved: vectors begin at "
			"0x10.",
			lvt & LVT_VECTOR);
}

/* ---- the interrupt command register ---- */

static bool is_ordinary(uint32_t icr)
{
	return (icr & LVT_MODE) >> 8 <= IRQ_LOWEST;
}

bool why_ipi_has(const struct irq_machine *m, unsigned int vcpu,
		 unsigned int vector)
{
	uint32_t icr = lapic_reg(&m->lapic[vcpu], LAPIC_ICR);

	return icr && is_ordinary(icr) && (icr & LVT_VECTOR) == vector;
}

bool why_lost_ipi(struct why *w, unsigned int vcpu)
{
	const struct x86_lapic *l = &w->m->lapic[vcpu];
	uint32_t icr = lapic_reg(l, LAPIC_ICR), dest;
	bool wide = w->m->cpu[vcpu].apic_base & APIC_BASE_X2APIC;
	unsigned int before = w->reasons, found = 0;

	if (!icr || !is_ordinary(icr) || (icr & ICR_SHORTHAND))
		return false;
	dest = lapic_reg(l, LAPIC_ICR2) >> (wide ? 0 : 24);
	for (unsigned int i = 0; i < w->m->vcpus; i++) {
		if (!lapic_matches(&w->m->lapic[i], w->m->cpu[i].apic_base,
				   dest, icr & LVT_LOGICAL, wide))
			continue;
		found++;
		why_target(w, i);
		why_apic_takes(w, i);
	}
	if (!found)
		why_say(w,
			"The last IPI of vCPU %u, vector 0x%x, went to %s "
			"destination 0x%x, which no vCPU has.",
			vcpu, icr & LVT_VECTOR,
			icr & LVT_LOGICAL ? "logical" : "physical", dest);
	return w->reasons != before;
}
