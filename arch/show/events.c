/* What waits to happen to a vCPU (KVM api.rst, KVM_GET_VCPU_EVENTS). */
#include <inttypes.h>

#include "arch/exit/names.h"
#include "arch/show/show.h"

static void put_vector(struct buf *out, unsigned int vector)
{
	const char *name = exception_name(vector);

	if (name)
		buf_printf(out, "%s (vector %u)", name, vector);
	else
		buf_printf(out, "vector %u (0x%x)", vector, vector);
}

static void put_payload(struct buf *out, const struct x86_events *e)
{
	if (!e->exception_has_payload)
		return;
	buf_printf(out, ", %s 0x%" PRIx64,
		   e->exception_nr == 14  ? "for CR2:"
		   : e->exception_nr == 1 ? "for DR6:"
					  : "payload",
		   e->exception_payload);
}

static void put_exception(struct buf *out, const struct x86_events *e)
{
	const bool any = e->exception_injected || e->exception_pending;

	buf_str(out, "exception  ");
	if (!any && !e->exception_nr && !e->exception_error) {
		buf_str(out, "none\n");
		return;
	}
	if (!any)
		buf_str(out, "none; the last one KVM raised itself was ");
	put_vector(out, e->exception_nr);
	if (e->exception_has_error || (!any && e->exception_error))
		buf_printf(out, ", error code 0x%x", e->exception_error);
	put_payload(out, e);
	if (e->exception_injected)
		buf_str(out, ": injected, the next entry delivers it");
	else if (e->exception_pending)
		buf_str(out, ": pending, the next entry injects it");
	buf_byte(out, '\n');
}

static void put_interrupt(struct buf *out, const struct x86_state *s)
{
	const struct x86_events *e = &s->event;

	buf_str(out, "interrupt  ");
	if (e->interrupt_injected)
		buf_printf(out,
			   "vector 0x%x%s: injected, the next entry delivers "
			   "it\n",
			   e->interrupt_nr,
			   e->interrupt_soft ? " (INT n)" : "");
	else
		buf_printf(out, "none injected; RFLAGS.IF=%d\n",
			   !!(s->rflags & X86_FL_IF));
}

static void put_shadow(struct buf *out, unsigned int shadow)
{
	static const char *const text[] = {
		"none",
		"MOV SS: interrupts and #DB wait for one instruction",
		"STI: interrupts wait for one instruction",
		"MOV SS and STI: interrupts wait for one instruction",
	};

	buf_printf(out, "shadow     %s\n", text[shadow & 3]);
}

static const char *run_state_text(enum x86_run_state state)
{
	switch (state) {
	case X86_RUNNABLE:
		return "runs";
	case X86_WAIT_INIT:
		return "waits for INIT and SIPI: nobody has started it";
	case X86_WAIT_SIPI:
		return "has had INIT, waits for SIPI";
	case X86_HALTED:
		return "halted";
	}
	return "?";
}

void show_events(struct buf *out, const struct x86_state *s)
{
	const struct x86_events *e = &s->event;

	buf_printf(out, "run state  %s\n", run_state_text(s->run_state));
	put_exception(out, e);
	put_interrupt(out, s);
	put_shadow(out, e->interrupt_shadow);
	buf_printf(out, "NMI        %s%s%s\n",
		   e->nmi_injected  ? "injected, the next entry delivers it"
		   : e->nmi_pending ? "pending"
				    : "none",
		   e->nmi_masked ? "; masked" : "; not masked",
		   e->nmi_masked ? " until the next IRET" : "");
	buf_printf(out, "SMI        %s; %s SMM\n",
		   e->smm_pending ? "pending" : "none",
		   e->smm ? "in" : "not in");
}
