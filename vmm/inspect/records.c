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
