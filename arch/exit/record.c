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
			   "val 0x%" PRIx64 "%s",
			   dir, e->where, e->size, e->count, e->value,
			   e->count > 1 ? " (...)" : "");
		break;
	case EXIT_MMIO:
		buf_printf(out,
			   "kvm_mmio: mmio %s len %u gpa 0x%" PRIx64 " val "
			   "0x%" PRIx64,
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

/* What where and value are in exits that are no access. */
static const struct {
	uint32_t reason;
	const char *where, *value;
} number_names[] = {
	{EXIT_UNKNOWN, NULL, "hardware reason"},
	{EXIT_EXCEPTION, "vector", "error code"},
	{EXIT_HYPERCALL, "number", NULL},
	{EXIT_DEBUG, "vector", "dr6"},
	{EXIT_FAIL_ENTRY, NULL, "hardware reason"},
	{EXIT_SET_TPR, NULL, "cr8"},
	{EXIT_INTERNAL_ERROR, "suberror", NULL},
	{EXIT_SYSTEM_EVENT, "type", NULL},
	{EXIT_IOAPIC_EOI, "vector", NULL},
	{EXIT_NOTIFY, NULL, "flags"},
	{EXIT_MEMORY_FAULT, "gpa", "flags"},
};

static void print_numbers(struct buf *out, const struct exit_record *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(number_names); i++) {
		if (number_names[i].reason != e->reason)
			continue;
		if (number_names[i].where)
			buf_printf(out, " %s 0x%" PRIx64, number_names[i].where,
				   e->where);
		if (number_names[i].value)
			buf_printf(out, " %s 0x%" PRIx64, number_names[i].value,
				   e->value);
	}
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

void exit_record_print_time(struct buf *out, uint64_t time_ns)
{
	buf_printf(out, "%5" PRIu64 ".%06" PRIu64 ": ", time_ns / 1000000000,
		   time_ns / 1000 % 1000000);
}

void exit_record_print(struct buf *out, const struct exit_record *e)
{
	bool access = exit_record_is_access(e);

	exit_record_print_time(out, e->time_ns);
	if (access)
		print_access(out, e);
	else
		print_userspace_exit(out, e);
	buf_printf(out, " | rip 0x%" PRIx64 " cr3 0x%" PRIx64, e->rip, e->cr3);
	if (access)
		return;
	if (!e->run_errno)
		print_numbers(out, e);
	if (e->count > 1)
		buf_printf(out, " (%u times)", e->count);
}
