#include "stub/core/format.h"

#include "stub/core/layouts.h"

#define LAYOUT(type, ...)                                         \
	static const struct wire_layout type##_layout = {         \
		.name = #type,                                    \
		.size = sizeof(struct type),                      \
		.field = (const struct wire_field[]){__VA_ARGS__, \
						     {.kind = WIRE_END}}}
/* clang-format off */

#define S struct core_machine
LAYOUT(core_machine,
	WIRE_U32(S, vcpus), WIRE_U32(S, generation), WIRE_U64(S, saved_at),
	WIRE_U64(S, monotonic), WIRE_NAME(S, program), WIRE_NAME(S, target),
	WIRE_STR(S, caps), WIRE_STR(S, vm_log), WIRE_STR(S, image));
#undef S

#define S struct core_vcpu
LAYOUT(core_vcpu,
	WIRE_U32(S, groups, .max = X86_GROUP_ALL), WIRE_U32(S, thread_id),
	WIRE_SUB(S, info, 1, &x86_cpu_info_layout),
	WIRE_SUB(S, state, 1, &x86_state_layout));
#undef S

#define S struct core_msr
LAYOUT(core_msr,
	WIRE_U32(S, index), WIRE_FLAG(S, readable), WIRE_U64(S, value),
	WIRE_STR(S, error));
#undef S

#define S struct target_kernel_trace
LAYOUT(target_kernel_trace,
	WIRE_FLAG(S, on), WIRE_AS(S, events, 8), WIRE_U64(S, lost));
#undef S

#define S struct target_kernel_event
LAYOUT(target_kernel_event,
	WIRE_U64(S, time_ns), WIRE_U32(S, vcpu), WIRE_NAME(S, text));
#undef S

#define S struct core_exit_counts
LAYOUT(core_exit_counts,
	WIRE_SUB(S, total, 1, &exit_counts_layout),
	WIRE_SUB(S, since, 1, &exit_counts_layout));
#undef S

#define S struct core_absent
LAYOUT(core_absent,
	WIRE_U32(S, note), WIRE_U32(S, vcpu), WIRE_U64(S, arg),
	WIRE_U32(S, code, .max = ERR_INTERNAL), WIRE_NAME(S, error));
#undef S

#define S struct target_region
LAYOUT(target_region,
	WIRE_U64(S, start), WIRE_U64(S, size), WIRE_FLAG(S, ram),
	WIRE_FLAG(S, read_only), WIRE_NAME(S, name));
#undef S

#define S struct target_stop
LAYOUT(target_stop,
	WIRE_ENUM(S, kind, STOP_CATCH), WIRE_U32(S, vcpu), WIRE_U32(S, signal),
	WIRE_ENUM(S, bp_type, BP_ACCESS), WIRE_U64(S, addr),
	WIRE_U32(S, status), WIRE_U32(S, catchpoint), WIRE_STR(S, text), WIRE_STR(S, status_word));
#undef S

#define S struct target_evidence
LAYOUT(target_evidence,
	WIRE_U32(S, vcpu), WIRE_SUB(S, exit, 1, &exit_info_layout),
	WIRE_FLAG(S, has_state), WIRE_FLAG(S, from_before),
	WIRE_U64(S, age_ns), WIRE_SUB(S, state, 1, &x86_state_layout));
#undef S

#define S struct target_stat
LAYOUT(target_stat,
	WIRE_NAME(S, name), WIRE_U64(S, value), WIRE_U64(S, since),
	WIRE_FLAG(S, is_gauge));
#undef S

#define S struct target_io_range
LAYOUT(target_io_range,
	WIRE_FLAG(S, mmio), WIRE_U64(S, base), WIRE_U64(S, len),
	WIRE_NAME(S, name), WIRE_FLAG(S, in_kernel), WIRE_U64(S, reads),
	WIRE_U64(S, writes), WIRE_STR(S, device, .since = 2));
#undef S

#define S struct target_device
LAYOUT(target_device,
	WIRE_NAME(S, name), WIRE_NAME(S, about), WIRE_U32(S, irqs),
	WIRE_FLAG(S, in_kernel));
#undef S

#define S struct target_device_reg
LAYOUT(target_device_reg,
	WIRE_NAME(S, name), WIRE_U32(S, index), WIRE_U32(S, count),
	WIRE_U32(S, size, .max = 8), WIRE_U64(S, value), WIRE_STR(S, bits));
#undef S
/* clang-format on */

const struct core_note_def core_notes[CORE_NOTES] = {
	[CORE_STRINGS] = {"strings", NULL, false, false},
	[CORE_MACHINE] = {"machine", &core_machine_layout, false, false},
	[CORE_VCPU] = {"registers", &core_vcpu_layout, false, true},
	[CORE_REGION] = {"memory map", &target_region_layout, true, false},
	[CORE_STOP] = {"last stop", &target_stop_layout, false, false},
	[CORE_EVIDENCE] = {"evidence of the last stop", &target_evidence_layout,
			   false, false},
	[CORE_MSR] = {"MSRs", &core_msr_layout, true, true},
	[CORE_CPUID] = {"CPUID", &x86_cpuid_entry_layout, true, true},
	[CORE_LAPIC] = {"local APIC", &x86_lapic_layout, false, true},
	[CORE_CHIPS] = {"interrupt controllers", &x86_chips_layout, false,
			false},
	[CORE_CLOCK] = {"clocks", &x86_clock_layout, false, true},
	[CORE_STAT] = {"counters", &target_stat_layout, true, true},
	[CORE_RECORD] = {"flight recorder", &exit_record_layout, true, true},
	[CORE_EXIT_COUNTS] = {"exit counters", &core_exit_counts_layout, false,
			      true},
	[CORE_KERNEL_TRACE] = {"kernel trace", &target_kernel_trace_layout,
			       false, false},
	[CORE_KERNEL_EVENT] = {"kernel events", &target_kernel_event_layout,
			       true, false},
	[CORE_IO_RANGE] = {"I/O ranges", &target_io_range_layout, true, false},
	[CORE_HOST] = {"host", &x86_host_layout, false, false},
	[CORE_ABSENT] = {"list of what is missing", &core_absent_layout, true,
			 false},
	[CORE_DEVICE] = {"devices", &target_device_layout, true, false},
	[CORE_DEVICE_REG] = {"registers of a device", &target_device_reg_layout,
			     true, false},
};
