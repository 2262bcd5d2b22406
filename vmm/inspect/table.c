#include "vmm/inspect/inspect.h"

const struct target_inspect_ops live_inspect_ops = {
	.records = live_records,
	.record = live_record,
};
