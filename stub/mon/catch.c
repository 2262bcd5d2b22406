/* Catchpoints, injected events, the list of breakpoints. */
#include "stub/mon/internal.h"

const struct mon_command mon_catch_commands[] = {
	{.name = NULL},
};
