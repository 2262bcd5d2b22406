/*
 * The clock of the machine's devices, CLOCK_MONOTONIC, and a thread that runs
 * their timers when they are due (struct device_class.run), under the bus lock.
 * It goes on while the debugger has the guest stopped, as the in-kernel timers
 * do.
 */
#ifndef VMM_TIMERS_H
#define VMM_TIMERS_H

#include "vmm/vm.h"

/* For struct devices_config. */
void timers_clock(struct vm *vm, struct device_clock *clock);

/* When the devices are made. */
bool timers_start(struct vm *vm, struct err *err) MUST_CHECK;
/* Does nothing when they were never started. */
void timers_stop(struct vm *vm);

#endif
