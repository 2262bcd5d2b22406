/*
 * Lines of the host kernel's trace of KVM (tracefs, "trace" and "trace_pipe").
 * Source: Documentation/trace/ftrace.rst, "Output format";
 * include/trace/events/kvm.h and arch/x86/kvm/trace.h for the events.
 */
#ifndef ARCH_EXIT_KERNEL_EVENT_H
#define ARCH_EXIT_KERNEL_EVENT_H

#include "arch/exit/record.h"

struct kernel_event {
	int tid;	  /* host thread */
	uint64_t time_ns; /* by the trace's clock; microseconds are all it has */
	const char *text; /* "kvm_exit: vcpu 0 reason ...", in the line */
	size_t len;
};

/* One line, without newline.  False for comments and what is no event. */
bool kernel_event_parse(const char *line, size_t len, struct kernel_event *e);

/* "CPU:1 [LOST 123 EVENTS]": how many; 0 for other lines. */
uint64_t kernel_event_lost(const char *line, size_t len);

/* "vcpu 3" somewhere in an event's text. */
bool kernel_event_vcpu(const char *text, size_t len, unsigned int *vcpu);

/* kvm_pio, kvm_mmio and kvm_msr as a record: what, where and the value. */
bool kernel_event_access(const char *text, struct exit_record *e);

#endif
