/* The flight recorders of the vCPUs. */
#include "vmm/inspect/inspect.h"

size_t live_records(struct target *t, unsigned int vcpu, uint64_t *total)
{
	const struct recorder *r = &inspect_vm(t)->vcpu[vcpu].recorder;

	*total = r->total;
	return recorder_count(r);
}

bool live_record(struct target *t, unsigned int vcpu, size_t i,
		 struct exit_record *record)
{
	const struct exit_record *e =
		recorder_get(&inspect_vm(t)->vcpu[vcpu].recorder, i);

	if (!e)
		return false;
	*record = *e;
	return true;
}

bool live_exit_counts(struct target *t, unsigned int vcpu,
		      struct exit_counts *total, struct exit_counts *since)
{
	const struct recorder *r = &inspect_vm(t)->vcpu[vcpu].recorder;

	if (!recorder_on(r))
		return false;
	*total = *since = r->counts;
	since->ran_ns -= r->marked.ran_ns;
	since->from_ns = r->marked.from_ns;
	for (unsigned int i = 0; i < EXIT_COUNTERS; i++)
		since->by_reason[i] -= r->marked.by_reason[i];
	return true;
}
