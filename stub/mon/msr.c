/* rdmsr, wrmsr, msrs, cpuid. */
#include "stub/mon/internal.h"

const struct mon_command mon_msr_commands[] = {
	{.name = NULL},
};
