/* Interrupt controllers, pending interrupts and clocks. */
#include "stub/mon/internal.h"

const struct mon_command mon_irq_commands[] = {
	{.name = NULL},
};
