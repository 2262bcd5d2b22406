#include "vmm/inspect/inspect.h"

const struct target_inspect_ops live_inspect_ops = {
	.evidence = live_evidence,
	.host = live_host,
	.records = live_records,
	.record = live_record,
	.exit_counts = live_exit_counts,
};
