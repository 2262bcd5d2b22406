/*
 * KVM's page-walk tracepoints of this thread, read from a tracefs instance of
 * our own that goes away with the test.
 */
#ifndef TESTS_KVM_KVM_TRACE_H
#define TESTS_KVM_KVM_TRACE_H

#include <stddef.h>

/*
 * Record kvm_mmu_pagetable_walk, _paging_element and _walker_error.  Skips the
 * test where tracefs cannot be mounted or the kernel lacks the events.
 */
void kvm_trace_start(void);

/*
 * The events since the last call, one line each and without what ftrace puts
 * before them: "kvm_mmu_paging_element: pte 2003 level 4\n".  Static memory.
 */
const char *kvm_trace_read(void);

#endif
