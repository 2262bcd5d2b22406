/* vmcs and vmcb: what the kernel's own dump would show. */
#include "stub/mon/vmcs.h"

#include "stub/mon/internal.h"

const struct mon_command mon_vmcs_commands[] = {
	{.name = NULL},
};
