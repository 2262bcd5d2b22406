#include "arch/exit/record.h"

#include <inttypes.h>

#include "arch/exit/text.h"

static void print_access(struct buf *out, const struct exit_record *e)
{
	const char *dir = e->is_write ? "write" : "read";

	switch (e->reason) {
	case EXIT_IO:
		buf_printf(out,
			   "kvm_pio: pio_%s at 0x%" PRIx64 " size %u count %u "
			   "val 0x%" PRIx64 "%"
			   "s",
			   dir, e->where, e->size, e->count, e->value,
			   e->count > 1 ? " (...)" : "");
		break;
	case EXIT_MMIO:
		buf_printf(out,
			   "kvm_mmio: mmio %s len %u gpa 0x%" PRIx64 " val "
			   "0x"
			   "%" PRIx64,
			   dir, e->size, e->where, e->value);
		break;
	default:
		buf_printf(out, "kvm_msr: msr_%s %" PRIx64 " = 0x%" PRIx64 "%s",
			   dir, e->where, e->value, e->denied ? " (#GP)" : "");
		break;
	}
}

bool exit_record_is_access(const struct exit_record *e)
{
	return !e->run_errno &&
	       (e->reason == EXIT_IO || e->reason == EXIT_MMIO ||
		e->reason == EXIT_X86_RDMSR || e->reason == EXIT_X86_WRMSR);
}

static void print_userspace_exit(struct buf *out, const struct exit_record *e)
{
	buf_str(out, "kvm_userspace_exit: reason ");
	if (e->run_errno) {
		/* EINTR is what the kernel's event calls a restart */
		buf_printf(out, "%s (%d)",
			   e->run_errno == 4 ? "restart" : "error",
			   e->run_errno);
		return;
	}
	exit_reason_print(out, e->reason);
	buf_printf(out, " (%u)", e->reason);
}

void exit_record_print(struct buf *out, const struct exit_record *e)
{
	buf_printf(out, "%5" PRIu64 ".%06" PRIu64 ": ", e->time_ns / 1000000000,
		   e->time_ns / 1000 % 1000000);
	if (exit_record_is_access(e))
		print_access(out, e);
	else
		print_userspace_exit(out, e);
	buf_printf(out, " | rip 0x%" PRIx64 " cr3 0x%" PRIx64, e->rip, e->cr3);
	if (e->device)
		buf_printf(out, " %s", e->device);
	else if (exit_record_is_access(e) &&
		 (e->reason == EXIT_IO || e->reason == EXIT_MMIO))
		buf_str(out, " unclaimed");
	if (e->reg)
		buf_printf(out, " %s", e->reg);
	buf_byte(out, '\n');
}
