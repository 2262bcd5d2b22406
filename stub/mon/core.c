/* Saving the machine. */
#include "stub/mon/internal.h"

const struct mon_command mon_core_commands[] = {
	{.name = NULL},
};
