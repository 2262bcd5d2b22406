#include "arch/exit/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arch/exit/impl.h"
#include "arch/exit/names.h"

enum {
	SIG_ILL = 4,
	SIG_ABRT = 6,
	SIG_BUS = 10,
	SIG_SEGV = 11
}; /* gdb's */

enum {
	SYSTEM_EVENT_SHUTDOWN = 1,
	SYSTEM_EVENT_RESET = 2,
	SYSTEM_EVENT_CRASH = 3
};

bool exit_is_error(const struct exit_info *e)
{
	/* served, or only asked for by a machine that knows what to do */
	static const uint64_t served =
		BIT(EXIT_IO) | BIT(EXIT_HYPERCALL) | BIT(EXIT_DEBUG) |
		BIT(EXIT_HLT) | BIT(EXIT_MMIO) | BIT(7) | BIT(EXIT_INTR) |
		BIT(11) | BIT(12) | BIT(26) | BIT(EXIT_X86_RDMSR) |
		BIT(EXIT_X86_WRMSR) | BIT(31) | BIT(32) | BIT(33);

	if (e->run_errno)
		return e->run_errno != EINTR && e->run_errno != EAGAIN;
	if (e->reason == EXIT_SYSTEM_EVENT)
		return e->event_type != SYSTEM_EVENT_SHUTDOWN &&
		       e->event_type != SYSTEM_EVENT_RESET;
	return e->reason >= 64 || !(served & BIT(e->reason));
}

unsigned int exit_signal(const struct exit_info *e)
{
	if (e->run_errno)
		return e->run_errno == EFAULT || e->run_errno == EHWPOISON
			       ? SIG_BUS
			       : SIG_ABRT;
	switch (e->reason) {
	case EXIT_SHUTDOWN:
		return SIG_SEGV;
	case EXIT_MEMORY_FAULT:
		return SIG_BUS;
	case EXIT_INTERNAL_ERROR:
		return e->suberror == SUBERROR_EMULATION ? SIG_ILL : SIG_ABRT;
	default:
		return SIG_ABRT;
	}
}

const char *exit_status_word(const struct exit_info *e)
{
	if (e->run_errno)
		return "internal-error";
	if (e->reason == EXIT_SHUTDOWN)
		return "shutdown";
	if (e->reason == EXIT_SYSTEM_EVENT &&
	    e->event_type == SYSTEM_EVENT_CRASH)
		return "guest-panicked";
	if (e->reason == EXIT_SYSTEM_EVENT &&
	    e->event_type == SYSTEM_EVENT_SHUTDOWN)
		return "shutdown";
	return "internal-error";
}

/* ---- verdicts ---- */

static void print_at_rip(struct buf *out, const struct exit_info *e)
{
	if (e->has_regs)
		buf_printf(out, " at rip 0x%" PRIx64, e->rip);
}

static void verdict_shutdown(struct buf *out, const struct exit_info *e)
{
	buf_str(out, "triple fault: an exception could not be delivered, nor "
		     "the double fault that followed");
	if (e->state_reset)
		buf_str(out, "; KVM has reset this vCPU since, its registers "
			     "are not those of the fault");
	else if (e->has_regs)
		buf_printf(out, "; rip 0x%" PRIx64, e->rip);
}

static bool entry_state_invalid(const struct exit_info *e)
{
	struct exit_words w;

	exit_words(e, &w);
	return w.reason >= 0 && e->vendor != EXIT_VENDOR_SVM &&
	       e->data[w.reason] == 0x80000021;
}

static void verdict_emulation(struct buf *out, const struct exit_info *e)
{
	uint8_t bytes[EXIT_MAX_INSN];
	unsigned int n = exit_fetched(e, bytes);

	if (!n) {
		n = e->insn_len;
		memcpy(bytes, e->insn, sizeof(bytes));
	}
	if (entry_state_invalid(e))
		buf_str(out, "the guest state is not valid for VM entry, and ");
	if (!n) {
		buf_str(out, "KVM could not fetch the instruction");
		print_at_rip(out, e);
		return;
	}
	buf_str(out, "KVM cannot emulate the instruction");
	print_at_rip(out, e);
	buf_str(out, ", bytes");
	for (unsigned int i = 0; i < n && i < 8; i++)
		buf_printf(out, " %02x", bytes[i]);
	if (n > 8)
		buf_str(out, " ...");
}

static void verdict_delivery(struct buf *out, const struct exit_info *e)
{
	struct exit_words w;

	exit_words(e, &w);
	if (w.reason < 0) {
		buf_str(out, "the CPU left the guest while delivering an "
			     "event");
	} else {
		exit_print_hw_reason(out, e->vendor, e->data[w.reason]);
		buf_str(out, " while delivering ");
		if (w.vectoring >= 0 && e->vendor != EXIT_VENDOR_SVM)
			exit_print_event(out, e->vendor, e->data[w.vectoring]);
		else
			buf_str(out, "an event");
	}
	print_at_rip(out, e);
}

static void verdict_internal_error(struct buf *out, const struct exit_info *e)
{
	struct exit_words w;

	buf_printf(out, "KVM internal error %u (%s): ", e->suberror,
		   exit_suberror_name(e->suberror));
	switch (e->suberror) {
	case SUBERROR_EMULATION:
		verdict_emulation(out, e);
		break;
	case SUBERROR_SIMUL_EX:
		buf_str(out, "an exception came while another one was being "
			     "delivered");
		print_at_rip(out, e);
		break;
	case SUBERROR_DELIVERY_EV:
		verdict_delivery(out, e);
		break;
	case SUBERROR_UNEXPECTED_EXIT:
		buf_str(out, "the CPU left the guest for a reason this KVM "
			     "does not handle");
		exit_words(e, &w);
		if (w.reason >= 0) {
			buf_str(out, ", ");
			exit_print_hw_reason(out, e->vendor, e->data[w.reason]);
		}
		print_at_rip(out, e);
		break;
	default:
		buf_printf(out, "%u data words", e->ndata);
		print_at_rip(out, e);
		break;
	}
}

static void verdict_errno(struct buf *out, const struct exit_info *e)
{
	const char *name = run_errno_name(e->run_errno);
	const char *meaning = run_errno_meaning(e->run_errno);

	buf_str(out, "KVM_RUN failed with ");
	if (name)
		buf_str(out, name);
	else
		buf_printf(out, "errno %d", e->run_errno);
	if (e->reason == EXIT_MEMORY_FAULT)
		buf_printf(out, " for guest-physical address 0x%" PRIx64,
			   e->fault_gpa);
	print_at_rip(out, e);
	if (meaning)
		buf_printf(out, ": %s", meaning);
}

static void verdict_other(struct buf *out, const struct exit_info *e)
{
	const char *name = exception_name(e->exception);

	switch (e->reason) {
	case EXIT_UNKNOWN:
		buf_str(out, "the CPU left the guest for a reason KVM does not "
			     "know: ");
		exit_print_hw_reason(out, e->vendor, e->hw_reason);
		break;
	case EXIT_EXCEPTION:
		buf_printf(out, "KVM gave up on exception %s (vector %u)",
			   name ? name : "?", e->exception);
		break;
	case EXIT_SYSTEM_EVENT:
		buf_printf(out, "the guest reported a system event: %s",
			   exit_system_event_name(e->event_type));
		break;
	case EXIT_NOTIFY:
		buf_str(out, "the CPU could not deliver an event to the guest "
			     "for too long");
		break;
	default:
		buf_str(out, "KVM ended the run with ");
		exit_reason_print(out, e->reason);
		buf_printf(out, " (%u), which this program does not serve",
			   e->reason);
		break;
	}
	print_at_rip(out, e);
}

void exit_verdict(struct buf *out, const struct exit_info *e)
{
	if (e->run_errno) {
		verdict_errno(out, e);
	} else if (e->reason == EXIT_SHUTDOWN) {
		verdict_shutdown(out, e);
	} else if (e->reason == EXIT_INTERNAL_ERROR) {
		verdict_internal_error(out, e);
	} else if (e->reason == EXIT_FAIL_ENTRY) {
		buf_printf(out,
			   "VM entry failed, hardware reason 0x%" PRIx64 " (",
			   e->hw_reason);
		exit_print_entry_failure(out, e);
		buf_byte(out, ')');
		print_at_rip(out, e);
	} else if (e->reason == EXIT_MEMORY_FAULT) {
		buf_printf(out,
			   "memory fault at guest-physical address "
			   "0x%" PRIx64,
			   e->fault_gpa);
		print_at_rip(out, e);
	} else {
		verdict_other(out, e);
	}
}

/* ---- QEMU's opening lines ---- */

static void opening_internal_error(struct buf *out, const struct exit_info *e)
{
	buf_printf(out, "KVM internal error. Suberror: %u\n", e->suberror);
	for (uint32_t i = 0; i < e->ndata && i < EXIT_MAX_DATA; i++)
		buf_printf(out, "extra data[%u]: 0x%016" PRIx64 "\n", i,
			   e->data[i]);
	if (e->suberror == SUBERROR_EMULATION)
		buf_str(out, "emulation failure\n");
}

void exit_opening(struct buf *out, const struct exit_info *e)
{
	const char *text;

	if (e->run_errno) {
		text = strerrordesc_np(e->run_errno);
		if (text)
			buf_printf(out, "error: kvm run failed %s\n", text);
		else
			buf_printf(out, "error: kvm run failed error %d\n",
				   e->run_errno);
		return;
	}
	switch (e->reason) {
	case EXIT_SHUTDOWN:
	case EXIT_MEMORY_FAULT:
	case EXIT_SYSTEM_EVENT:
		break;
	case EXIT_INTERNAL_ERROR:
		opening_internal_error(out, e);
		break;
	case EXIT_FAIL_ENTRY:
		buf_printf(out,
			   "KVM: entry failed, hardware error 0x%" PRIx64 "\n",
			   e->hw_reason);
		break;
	case EXIT_UNKNOWN:
		buf_printf(out,
			   "KVM: unknown exit, hardware reason %" PRIx64 "\n",
			   e->hw_reason);
		break;
	case EXIT_EXCEPTION:
		buf_printf(out, "KVM: exception %u exit (error code 0x%x)\n",
			   e->exception, e->error_code);
		break;
	default:
		buf_printf(out, "KVM: unknown exit reason %u\n", e->reason);
		break;
	}
}
