#include "vmm/recorder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/exit/text.h"

bool recorder_init(struct recorder *r, uint32_t capacity, struct err *err)
{
	struct recorder_entry *ring;

	if (!capacity || (capacity & (capacity - 1)))
		return err_set(err, ERR_RANGE,
			       "flight recorder: %u entries asked for, the "
			       "number must be a power of two",
			       capacity);
	ring = calloc(capacity, sizeof(*ring));
	if (!ring)
		return err_set(err, ERR_LIMIT,
			       "flight recorder: no memory for %u entries",
			       capacity);
	*r = (struct recorder){.ring = ring, .mask = capacity - 1};
	return true;
}

void recorder_deinit(struct recorder *r)
{
	free(r->ring);
	memset(r, 0, sizeof(*r));
}

uint64_t recorder_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void recorder_clear(struct recorder *r)
{
	r->total = 0;
}

size_t recorder_count(const struct recorder *r)
{
	return (size_t)min_u64(r->total, r->ring ? r->mask + UINT64_C(1) : 0);
}

const struct recorder_entry *recorder_get(const struct recorder *r, size_t i)
{
	size_t count = recorder_count(r);

	if (i >= count)
		return NULL;
	return &r->ring[(r->total - count + i) & r->mask];
}

static void print_access(struct buf *out, const struct recorder_entry *e)
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

static bool is_access(const struct recorder_entry *e)
{
	return !e->run_errno &&
	       (e->reason == EXIT_IO || e->reason == EXIT_MMIO ||
		e->reason == EXIT_X86_RDMSR || e->reason == EXIT_X86_WRMSR);
}

static void print_userspace_exit(struct buf *out,
				 const struct recorder_entry *e)
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

void recorder_print_entry(struct buf *out, const struct recorder_entry *e)
{
	buf_printf(out, "%5" PRIu64 ".%06" PRIu64 ": ", e->time_ns / 1000000000,
		   e->time_ns / 1000 % 1000000);
	if (is_access(e))
		print_access(out, e);
	else
		print_userspace_exit(out, e);
	buf_printf(out, " | rip 0x%" PRIx64 " cr3 0x%" PRIx64, e->rip, e->cr3);
	if (e->device)
		buf_printf(out, " %s", e->device);
	else if (is_access(e) &&
		 (e->reason == EXIT_IO || e->reason == EXIT_MMIO))
		buf_str(out, " unclaimed");
	if (e->reg)
		buf_printf(out, " %s", e->reg);
	buf_byte(out, '\n');
}

void recorder_print(struct buf *out, const struct recorder *r, size_t max)
{
	size_t count = recorder_count(r);
	size_t first = count > max ? count - max : 0;

	for (size_t i = first; i < count; i++)
		recorder_print_entry(out, recorder_get(r, i));
}
