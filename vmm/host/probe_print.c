/* host_caps as people read it: what was measured, then what follows from it. */
#include "vmm/host/host_caps.h"

#include <stddef.h>

static const char *const verdict[] = {
	[CAP_UNKNOWN] = "?",
	[CAP_NO] = "no",
	[CAP_YES] = "yes",
};

static const char *const planted[] = {
	[INT3_UNKNOWN] = "?",
	[INT3_DEBUG_EXIT] = "debug exit",
	[INT3_INTERNAL_ERROR] = "emulation error",
	[INT3_TO_GUEST] = "to the guest",
};

#define COLUMNS "  %-24s %-17s %-17s %s\n"

static void print_modes(const struct host_caps *c, struct buf *out)
{
	const struct debug_caps *r = &c->real, *k = &c->cpl0, *u = &c->cpl3;

	buf_printf(out, COLUMNS, "measured", "real mode", "long mode, CPL0",
		   "long mode, CPL3");
	buf_printf(out, COLUMNS, "planted int3 (0xcc)", planted[r->int3],
		   planted[k->int3], planted[u->int3]);
	buf_printf(out, COLUMNS, "planted int1 (0xf1)", planted[r->int1],
		   planted[k->int1], planted[u->int1]);
	buf_printf(out, COLUMNS, "execution breakpoint", verdict[r->hw_exec],
		   verdict[k->hw_exec], verdict[u->hw_exec]);
	buf_printf(out, COLUMNS, "data watchpoint", verdict[r->hw_data],
		   verdict[k->hw_data], verdict[u->hw_data]);
	buf_printf(out, COLUMNS, "single-step", verdict[r->step],
		   verdict[k->step], verdict[u->step]);
	buf_printf(out, COLUMNS, "stepped pushf shows TF",
		   verdict[r->step_tf_leaks], verdict[k->step_tf_leaks],
		   verdict[u->step_tf_leaks]);
}

static void print_refused(const struct host_caps *c, struct buf *out)
{
	bool any = c->sse_cpl0 == CAP_NO;

	buf_printf(out, "  %-44s%s",
		   "refused in the guest's kernel mode:", any ? " SSE" : "");
	for (unsigned int i = 0; i < CAP_INSN_COUNT; i++)
		if (c->insn[i] == CAP_NO) {
			buf_printf(out, " %s", cap_insn[i].name);
			any = true;
		}
	buf_str(out, any ? "\n" : " nothing that was tried\n");
}

static void print_single(const struct host_caps *c, struct buf *out)
{
	static const char *const after[] = {
		[SHUTDOWN_UNKNOWN] = "?",
		[SHUTDOWN_KEEPS] = "those of the fault",
		[SHUTDOWN_RESETS] = "already reset",
	};
	const struct {
		const char *what;
		enum cap_verdict v;
	} rows[] = {
		{"RFLAGS.RF passes an execution breakpoint", c->rf_resume},
		{"stepping into a fault stops in its handler", c->step_fault},
		{"hypercalls by the vendor's instruction", c->hypercall},
		{"CPUID shows the guest what --cpu says", c->cpuid},
		{"SYSCALL enters the guest's kernel mode", c->syscall},
		{"SSE runs in the guest's kernel mode", c->sse_cpl0},
		{"32-bit paging can be switched on", c->paging32},
		{"writes to a read-only slot become MMIO", c->readonly_slot},
		{"a signal stops a spinning vCPU", c->kick},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		buf_printf(out, "  %-44s %s\n", rows[i].what,
			   verdict[rows[i].v]);
	buf_printf(out, "  %-44s %s\n", "registers after a triple fault",
		   after[c->shutdown]);
	print_refused(c, out);
}

static void print_offered(const struct host_caps *c, struct buf *out)
{
	const struct {
		const char *name;
		bool on;
	} list[] = {
		{"block-irq", c->block_irq},
		{"sync-regs", c->sync_regs},
		{"exit-on-emulation-failure", c->exit_on_emulation_failure},
		{"exception-payload", c->exception_payload},
		{"xsave2", c->xsave2},
		{"sregs2", c->sregs2},
		{"debugregs", c->debugregs},
		{"memory-fault", c->memory_fault},
		{"triple-fault-event", c->triple_fault_event},
		{"user-space-msr", c->user_space_msr},
		{"irqchip", c->irqchip},
		{"split-irqchip", c->split_irqchip},
		{"pit2", c->pit2},
		{"stats-fd", c->stats_fd},
	};

	for (int on = 1; on >= 0; on--) {
		size_t start;

		buf_str(out, on ? "offered by KVM:" : "not offered:");
		start = out->len;
		for (size_t i = 0; i < ARRAY_SIZE(list); i++)
			if (list[i].on == on)
				buf_printf(out, " %s", list[i].name);
		buf_str(out, out->len == start ? " nothing\n" : "\n");
	}
	buf_printf(out, "guest debug flags 0x%x, at most %u vCPUs\n",
		   c->guest_debug2, c->max_vcpus);
}

/* ---- what follows ---- */

uint8_t host_caps_patch_byte(const struct host_caps *caps)
{
	const struct debug_caps *k = &caps->cpl0, *r = &caps->real;

	if (k->int3 == INT3_DEBUG_EXIT)
		return 0xcc;
	if (k->int3 != INT3_INTERNAL_ERROR)
		return 0;
	return r->int3 != INT3_INTERNAL_ERROR &&
			       k->int1 == INT3_INTERNAL_ERROR &&
			       r->int1 == INT3_INTERNAL_ERROR
		       ? 0xf1
		       : 0xcc;
}

static void decide_sw(const struct host_caps *c, struct buf *out)
{
	uint8_t byte = host_caps_patch_byte(c);

	buf_str(out, "  software breakpoints: ");
	if (!byte) {
		buf_str(out, c->cpl0.hw_exec == CAP_YES
				     ? "debug registers, 4 at a time: a "
				       "planted "
				       "byte would go to the guest\n"
				     : "not here: a planted byte goes to the "
				       "guest, debug registers do not work\n");
		return;
	}
	buf_printf(out, "planted 0x%02X, which this KVM %s\n", byte,
		   c->cpl0.int3 == INT3_DEBUG_EXIT ? "hands over"
						   : "reports as an emulation "
						     "error: that is the hit");
	if (byte == 0xf1)
		buf_str(out, "    (and not 0xCC, which goes to the guest in "
			     "real mode)\n");
	if (c->cpl3.int3 == INT3_TO_GUEST)
		buf_str(out, "    in user mode (CPL3) they do not stop the "
			     "guest: it gets the trap itself\n");
}

static void decide_hw(const struct host_caps *c, struct buf *out)
{
	const struct debug_caps *k = &c->cpl0;
	const char *exec = "not here: debug registers do not stop the guest";

	if (k->hw_exec == CAP_YES)
		exec = "debug registers, 4 at a time";
	else if (host_caps_patch_byte(c))
		exec = "planted like software breakpoints: debug registers "
		       "do not stop the guest here";
	buf_printf(out, "  hardware breakpoints: %s%s\n", exec,
		   k->hw_exec == CAP_YES && c->cpl3.hw_exec == CAP_NO ? "; not "
									"in "
									"user "
									"mode "
									"(CPL3)"
								      : "");
	if (k->hw_exec == CAP_YES)
		buf_printf(out, "  going on from one: %s\n",
			   c->rf_resume == CAP_YES ? "RFLAGS.RF"
						   : "a step without it, since "
						     "RFLAGS.RF does "
						     "not pass it");
	if (k->hw_data == CAP_YES)
		buf_printf(out,
			   "  data watchpoints: debug registers, 4 at a "
			   "time%s\n",
			   c->readonly_slot == CAP_YES ? ", then page "
							 "protection"
						       : "");
	else if (c->readonly_slot == CAP_YES)
		buf_str(out, "  data watchpoints: page protection, because "
			     "debug registers never fire on data here\n");
	else
		buf_str(out, "  data watchpoints: not here: neither debug "
			     "registers nor read-only slots work\n");
}

static void decide_step(const struct host_caps *c, struct buf *out)
{
	if (c->cpl0.step != CAP_YES) {
		buf_str(out, "  single-step: not here\n");
		return;
	}
	buf_printf(out, "  single-step: trap flag%s%s\n",
		   c->cpl0.step_tf_leaks == CAP_YES ? ", taken out of what "
						      "pushf saved"
						    : "",
		   c->step_fault == CAP_NO ? "; a fault's handler is reached "
					     "by a temporary "
					     "breakpoint"
					   : "");
	if (c->cpl3.step == CAP_NO)
		buf_str(out, "    in user mode (CPL3) by the guest's own trap "
			     "flag, through its #DB gate\n");
	if (!c->block_irq)
		buf_str(out, "    interrupts cannot be held back by KVM while "
			     "stepping\n");
}

static void decide_rest(const struct host_caps *c, struct buf *out)
{
	if (c->shutdown == SHUTDOWN_RESETS)
		buf_str(out, "  after a triple fault: registers shown are "
			     "those from before the last run\n");
	if (c->kick == CAP_NO)
		buf_str(out, "  interrupting: a spinning guest cannot be "
			     "stopped here\n");
	if (c->cpuid == CAP_NO)
		buf_str(out, "  --cpu: CPUID shows the processor's own flags "
			     "all the "
			     "same; Linux is\n    told on its command line "
			     "(clearcpuid=) which not to use\n");
	if (c->syscall == CAP_NO)
		buf_str(out, "  SYSCALL: ends in a page fault at LSTAR; "
			     "--assist completes it, with one debug "
			     "register\n");
	if (c->paging32 == CAP_NO)
		buf_str(out, "  guests that switch on 32-bit paging die of a "
			     "triple fault here\n");
}

void host_caps_print(const struct host_caps *c, struct buf *out)
{
	buf_printf(out, "host: %s, Linux %s, /dev/kvm served by %s\n\n",
		   c->vendor[0] ? c->vendor : "?", c->kernel, c->backend);
	print_modes(c, out);
	buf_str(out, "\n");
	print_single(c, out);
	buf_str(out, "\n");
	print_offered(c, out);
	buf_str(out, "\ndecisions\n");
	decide_sw(c, out);
	decide_hw(c, out);
	decide_step(c, out);
	decide_rest(c, out);
	if (c->trouble[0])
		buf_printf(out, "\nnot everything could be measured: %s\n",
			   c->trouble);
}
