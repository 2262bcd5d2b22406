/* The tables of arch/'s structs; format.c has those of the notes. */
#ifndef STUB_CORE_LAYOUTS_H
#define STUB_CORE_LAYOUTS_H

#include "base/wire.h"

extern const struct wire_layout x86_state_layout, x86_cpu_info_layout,
	x86_cpuid_entry_layout, x86_lapic_layout, x86_chips_layout,
	x86_clock_layout, x86_host_layout, exit_info_layout, exit_record_layout,
	exit_counts_layout;

#endif
