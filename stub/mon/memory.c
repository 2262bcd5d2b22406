/* Page walks, maps and memory contents. */
#include "stub/mon/internal.h"

const struct mon_command mon_memory_commands[] = {
	{.name = NULL},
};
