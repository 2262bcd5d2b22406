#include "stub/core/layouts.h"

#include "arch/clock.h"
#include "arch/cpuid_table.h"
#include "arch/exit/record.h"
#include "arch/exit/text.h"
#include "arch/host.h"
#include "arch/irq/chips.h"
#include "arch/x86_state.h"

#define LAYOUT(type, ...)                                         \
	const struct wire_layout type##_layout = {                \
		.name = #type,                                    \
		.size = sizeof(struct type),                      \
		.field = (const struct wire_field[]){__VA_ARGS__, \
						     {.kind = WIRE_END}}}
/* clang-format off */

/* ---- registers ---- */

#define S struct x86_seg
static LAYOUT(x86_seg,
	WIRE_U64(S, base), WIRE_U32(S, limit), WIRE_U32(S, attr),
	WIRE_U32(S, sel));
#undef S

#define S struct x86_dtable
static LAYOUT(x86_dtable, WIRE_U64(S, base), WIRE_U32(S, limit));
#undef S

#define S struct x86_fpu
static LAYOUT(x86_fpu,
	WIRE_RAW(S, st),
	WIRE_U32(S, fctrl), WIRE_U32(S, fstat), WIRE_U32(S, ftag),
	WIRE_U32(S, fiseg), WIRE_U32(S, fioff), WIRE_U32(S, foseg),
	WIRE_U32(S, fooff), WIRE_U32(S, fop),
	WIRE_RAW(S, xmm), WIRE_U32(S, mxcsr), WIRE_U32(S, pkru),
	WIRE_RAW(S, ymmh), WIRE_ARRAY(S, k, 8), WIRE_RAW(S, zmmh),
	WIRE_RAW(S, hi16));
#undef S

#define S struct x86_msrs
static LAYOUT(x86_msrs,
	WIRE_U64(S, star), WIRE_U64(S, lstar), WIRE_U64(S, cstar),
	WIRE_U64(S, sfmask), WIRE_U64(S, k_gs_base), WIRE_U64(S, sysenter_cs),
	WIRE_U64(S, sysenter_esp), WIRE_U64(S, sysenter_eip), WIRE_U64(S, pat),
	WIRE_U64(S, tsc), WIRE_U64(S, debugctl));
#undef S

#define S struct x86_events
static LAYOUT(x86_events,
	WIRE_FLAG(S, exception_injected), WIRE_FLAG(S, exception_pending),
	WIRE_FLAG(S, exception_has_error), WIRE_U8(S, exception_nr),
	WIRE_U32(S, exception_error), WIRE_FLAG(S, exception_has_payload),
	WIRE_U64(S, exception_payload), WIRE_FLAG(S, interrupt_injected),
	WIRE_FLAG(S, interrupt_soft), WIRE_U8(S, interrupt_nr),
	WIRE_U8(S, interrupt_shadow), WIRE_FLAG(S, nmi_injected),
	WIRE_FLAG(S, nmi_pending), WIRE_FLAG(S, nmi_masked), WIRE_FLAG(S, smm),
	WIRE_FLAG(S, smm_pending));
#undef S

#define S struct x86_state
LAYOUT(x86_state,
	WIRE_ARRAY(S, gpr, 8), WIRE_U64(S, rip), WIRE_U64(S, rflags),
	WIRE_SUB(S, seg, X86_NR_SEG, &x86_seg_layout),
	WIRE_SUB(S, gdt, 1, &x86_dtable_layout),
	WIRE_SUB(S, idt, 1, &x86_dtable_layout),
	WIRE_U64(S, cr0), WIRE_U64(S, cr2), WIRE_U64(S, cr3), WIRE_U64(S, cr4),
	WIRE_U64(S, cr8), WIRE_U64(S, efer), WIRE_U64(S, apic_base),
	WIRE_ARRAY(S, pdptr, 8), WIRE_FLAG(S, pdptr_valid),
	WIRE_SUB(S, fpu, 1, &x86_fpu_layout), WIRE_ARRAY(S, dr, 8),
	WIRE_U64(S, dr6), WIRE_U64(S, dr7),
	WIRE_SUB(S, msr, 1, &x86_msrs_layout), WIRE_U64(S, xcr0),
	WIRE_SUB(S, event, 1, &x86_events_layout),
	WIRE_ENUM(S, run_state, X86_HALTED));
#undef S

#define S struct x86_cpu_info
LAYOUT(x86_cpu_info,
	WIRE_U8(S, maxphyaddr, .max = 52), WIRE_FLAG(S, amd),
	WIRE_FLAG(S, gbpages), WIRE_FLAG(S, nx), WIRE_FLAG(S, la57),
	WIRE_FLAG(S, pku), WIRE_FLAG(S, pcid), WIRE_FLAG(S, smep),
	WIRE_FLAG(S, smap), WIRE_FLAG(S, xsave), WIRE_FLAG(S, avx),
	WIRE_FLAG(S, avx512));
#undef S

#define S struct x86_cpuid_entry
LAYOUT(x86_cpuid_entry,
	WIRE_U32(S, leaf), WIRE_U32(S, index), WIRE_FLAG(S, has_index),
	WIRE_ARRAY(S, reg, 4));
#undef S

/* ---- interrupt controllers and clocks ---- */

#define S struct x86_lapic
LAYOUT(x86_lapic, WIRE_RAW(S, regs));
#undef S

#define S struct x86_pic
static LAYOUT(x86_pic,
	WIRE_U8(S, irr), WIRE_U8(S, imr), WIRE_U8(S, isr),
	WIRE_U8(S, irq_base), WIRE_U8(S, elcr), WIRE_U8(S, last_irr),
	WIRE_U8(S, priority_add),
	WIRE_U8(S, init_state), WIRE_FLAG(S, auto_eoi),
	WIRE_FLAG(S, special_mask), WIRE_FLAG(S, read_isr),
	WIRE_FLAG(S, poll), WIRE_FLAG(S, special_fully_nested));
#undef S

#define S struct x86_ioapic
static LAYOUT(x86_ioapic,
	WIRE_U64(S, base), WIRE_U32(S, select), WIRE_U32(S, id),
	WIRE_U32(S, version), WIRE_U32(S, irr), WIRE_FLAG(S, has_lines),
	WIRE_U32(S, lines), WIRE_ARRAY(S, redir, 8));
#undef S

#define S struct x86_pit_channel
static LAYOUT(x86_pit_channel,
	WIRE_U32(S, count), WIRE_U8(S, mode), WIRE_U8(S, rw_mode),
	WIRE_U8(S, bcd), WIRE_U8(S, gate), WIRE_U64(S, load_time));
#undef S

#define S struct x86_pit
static LAYOUT(x86_pit,
	WIRE_SUB(S, channel, PIT_CHANNELS, &x86_pit_channel_layout),
	WIRE_FLAG(S, speaker), WIRE_U64(S, now));
#undef S

#define S struct x86_chips
LAYOUT(x86_chips,
	WIRE_FLAG(S, has_pic), WIRE_FLAG(S, has_ioapic), WIRE_FLAG(S, has_pit),
	WIRE_SUB(S, pic, 2, &x86_pic_layout),
	WIRE_SUB(S, ioapic, 1, &x86_ioapic_layout),
	WIRE_SUB(S, pit, 1, &x86_pit_layout), WIRE_ARRAY(S, raised, 8));
#undef S

#define S struct x86_clock
LAYOUT(x86_clock,
	WIRE_FLAG(S, has_kvmclock), WIRE_FLAG(S, has_realtime),
	WIRE_FLAG(S, has_host_tsc), WIRE_FLAG(S, has_tsc_offset),
	WIRE_U64(S, kvmclock_ns), WIRE_U64(S, realtime_ns),
	WIRE_U64(S, host_tsc), WIRE_U64(S, tsc_offset),
	WIRE_U64(S, guest_tsc), WIRE_U32(S, tsc_khz));
#undef S

/* ---- exits and the host ---- */

#define S struct exit_record
LAYOUT(exit_record,
	WIRE_U64(S, time_ns), WIRE_U64(S, rip), WIRE_U64(S, cr3),
	WIRE_U64(S, where), WIRE_U64(S, value), WIRE_STR(S, device),
	WIRE_STR(S, reg), WIRE_U32(S, reason), WIRE_U32(S, run_errno),
	WIRE_U32(S, count), WIRE_U8(S, size), WIRE_FLAG(S, is_write),
	WIRE_FLAG(S, denied));
#undef S

#define S struct exit_counts
LAYOUT(exit_counts, WIRE_ARRAY(S, by_reason, 8), WIRE_U64(S, ran_ns),
	WIRE_U64(S, from_ns));
#undef S

#define S struct exit_info
LAYOUT(exit_info,
	WIRE_U32(S, reason), WIRE_U32(S, run_errno), WIRE_U32(S, flags),
	WIRE_ENUM(S, vendor, EXIT_VENDOR_SVM), WIRE_U32(S, suberror),
	WIRE_U32(S, ndata, .max = EXIT_MAX_DATA), WIRE_ARRAY(S, data, 8),
	WIRE_U64(S, hw_reason), WIRE_U32(S, cpu), WIRE_U32(S, exception),
	WIRE_U32(S, error_code), WIRE_U32(S, event_type),
	WIRE_U32(S, notify_flags), WIRE_U64(S, fault_flags),
	WIRE_U64(S, fault_gpa), WIRE_U64(S, fault_size),
	WIRE_FLAG(S, has_regs), WIRE_U64(S, rip), WIRE_U64(S, rax),
	WIRE_U64(S, rcx), WIRE_U64(S, rdx),
	WIRE_FLAG(S, state_reset), WIRE_RAW(S, insn),
	WIRE_U32(S, insn_len, .max = EXIT_MAX_INSN));
#undef S

#define S struct x86_host
LAYOUT(x86_host,
	WIRE_ENUM(S, vendor, EXIT_VENDOR_SVM), WIRE_TEXT(S, module),
	WIRE_TEXT(S, kernel), WIRE_TEXT(S, cpu), WIRE_U32(S, ept),
	WIRE_U32(S, unrestricted_guest), WIRE_U32(S, npt), WIRE_U32(S, vpid),
	WIRE_U32(S, nested), WIRE_U32(S, dump_invalid), WIRE_U32(S, apicv),
	WIRE_U32(S, runs_cpl0_natively), WIRE_U32(S, keeps_state_at_shutdown),
	WIRE_U32(S, emulate_invalid));
#undef S
