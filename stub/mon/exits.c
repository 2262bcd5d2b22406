/* The flight recorder and the log of the VM. */
#include "stub/mon/internal.h"

const struct mon_command mon_exits_commands[] = {
	{.name = NULL},
};
