/*
 * KVM's binary statistics of the VM and of each vCPU (KVM api.rst,
 * KVM_GET_STATS_FD; Linux 5.14), and how they have changed since the guest was
 * resumed.
 *
 * Threading: the server thread; the files may be read while vCPUs run.
 */
#ifndef VMM_STATS_H
#define VMM_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;
struct stats;

/*
 * Open them.  NULL when memory is short; a kernel without statistics makes
 * ones without rows but our own.
 */
struct stats *stats_create(struct vm *vm);
void stats_destroy(struct stats *s);

/*
 * The guest is about to run, or has stopped.  A resume that only steps is not
 * marked until somebody has looked at the counters: reading them would cost a
 * tenth of the step.
 */
void stats_resumed(struct stats *s, bool only_steps);
void stats_stopped(struct stats *s);

struct target_stat;
/* The i-th row of a vCPU or of TARGET_VM; false at the end. */
bool stats_row(struct stats *s, unsigned int vcpu, unsigned int i,
	       struct target_stat *row);

#endif
