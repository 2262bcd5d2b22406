#include "vmm/inspect/inspect.h"

const struct target_inspect_ops live_inspect_ops = {
	.clock = live_clock,
	.evidence = live_evidence,
	.host = live_host,
	.get_msr = live_get_msr,
	.set_msr = live_set_msr,
	.msr_at = live_msr_at,
	.cpuid = live_cpuid,
	.io_range = live_io_range,
	.io = live_io,
	.records = live_records,
	.record = live_record,
	.exit_counts = live_exit_counts,
	.stat = live_stat,
	.image = live_image,
	.symbol_at = live_symbol_at,
	.symbol_find = live_symbol_find,
	.set_kernel_trace = live_set_kernel_trace,
	.kernel_trace = live_kernel_trace,
	.kernel_event = live_kernel_event,
};
