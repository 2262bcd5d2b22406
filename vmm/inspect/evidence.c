/* What vmm/story.c kept of the exit behind the last error stop. */
#include "vmm/inspect/inspect.h"

bool live_evidence(struct target *t, struct target_evidence *evidence)
{
	const struct vcpu *v = &inspect_vm(t)->vcpu[t->last.vcpu];

	if (t->last.kind != STOP_ERROR || !v->has_evidence)
		return false;
	*evidence = v->evidence;
	return true;
}
