/* where, mode, segments and the other registers, in words. */
#include "stub/mon/internal.h"

const struct mon_command mon_state_commands[] = {
	{.name = NULL},
};
