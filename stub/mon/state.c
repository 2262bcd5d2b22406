/* The commands about the state of the processors: their rows. */
#include "stub/mon/state.h"

const struct mon_command mon_state_commands[] = {
	{
		.name = "clock",
		.usage = "",
		.help = "the guest's clocks: kvmclock, TSC, offset, host time",
		.long_help = "kvmclock, the host's time and its TSC are read "
			     "at the same moment.  Time goes on while the "
			     "guest is stopped.",
		.needs = MON_NEED_STOPPED,
		.run = mon_clock,
	},
	{
		.name = "cr",
		.usage = "",
		.help = "control registers by bit name",
		.long_help = "CR0, CR2, CR3, CR4 and CR8: each bit that is set "
			     "with its meaning, then the names of those that "
			     "are not.",
		.needs = MON_NEED_STOPPED,
		.run = mon_cr,
	},
	{
		.name = "dr",
		.usage = "",
		.help = "the guest's own debug registers, decoded",
		.long_help = "What the guest has put into DR0-DR3, DR6 and "
			     "DR7; the debugger's own breakpoints are not "
			     "among them.  While one of those is in a debug "
			     "register, the guest's own do not fire.",
		.needs = MON_NEED_STOPPED,
		.run = mon_dr,
	},
	{
		.name = "efer",
		.usage = "",
		.help = "EFER by bit name",
		.long_help = "Each bit that is set with its meaning, and "
			     "whether LMA agrees with LME and CR0.PG.",
		.needs = MON_NEED_STOPPED,
		.run = mon_efer,
	},
	{
		.name = "events",
		.usage = "",
		.help = "exceptions, interrupts, NMI and SMI about to happen",
		.long_help = "What KVM has pending or injected for the vCPU, "
			     "its interrupt shadow, NMI masking, SMM and run "
			     "state.  What an interrupt controller still "
			     "holds is in `irq why`.",
		.needs = MON_NEED_STOPPED,
		.run = mon_events,
	},
	{
		.name = "fpu",
		.usage = "",
		.help = "x87, SSE and AVX registers; control words by bit name",
		.long_help = "The registers as `info registers` prints them, "
			     "then the x87 control and status words, the "
			     "tags and MXCSR.",
		.needs = MON_NEED_STOPPED,
		.run = mon_fpu,
	},
	{
		.name = "gdt",
		.usage = "[N]",
		.help = "the global descriptor table, or its entry N",
		.long_help = "Each descriptor as it lies in memory now, and "
			     "which registers were loaded from it; equal ones "
			     "share a line.  N counts entries of 8 bytes: for "
			     "a selector divide by 8, as in `gdt $cs/8`.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_gdt,
	},
	{
		.name = "idt",
		.usage = "[VECTOR]",
		.help = "the interrupt gates, each handler walked and checked",
		.long_help = "Each gate with its handler's name, followed as "
			     "the processor would on an exception at CPL 0: "
			     "type, present, the code segment's descriptor, "
			     "the handler's page, the IST stack.  The first "
			     "thing wrong is a line with BAD.  Gates with the "
			     "same bytes share a line.\n"
			     "With a vector, every step for that one.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_idt,
	},
	{
		.name = "ldt",
		.usage = "[N]",
		.help = "the local descriptor table, or its entry N",
		.long_help = "As `gdt`, for the table that LDTR holds.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_ldt,
	},
	{
		.name = "mode",
		.usage = "",
		.help = "CPU mode, CPL, paging and protections, and from what",
		.long_help = "The processor's mode and the paging it does "
			     "(with KVM's name for that walker), which of WP, "
			     "NX, SMEP, SMAP, PKU, PCID and LAM hold, and the "
			     "bits from which all this follows.",
		.needs = MON_NEED_STOPPED,
		.run = mon_mode,
	},
	{
		.name = "segments",
		.usage = "",
		.help = "segment registers beside their descriptors in memory",
		.long_help = "The hidden part of each of the eight registers, "
			     "and under it the descriptor that its selector "
			     "means now.  DIFFERS tells what a reload would "
			     "change.",
		.needs = MON_NEED_STOPPED,
		.run = mon_segments,
	},
	{
		.name = "stats",
		.usage = "[-a] [NAME]",
		.help = "KVM's counters, and their change since the last "
			"resume",
		.long_help = "The counters of the machine and of the vCPU: "
			     "the total, what was added since the guest was "
			     "last resumed, and that per second.  Rows of 0 "
			     "are left out, unless -a is given.  With NAME, "
			     "only counters whose name contains it.\n"
			     "run_time_ns and user_exits are this program's; "
			     "the others, such as exits and halt_exits, are "
			     "KVM's and count what it handles itself too.",
		.needs = MON_NEED_STOPPED,
		.max_args = 2,
		.run = mon_stats,
	},
	{
		.name = "tss",
		.usage = "",
		.help = "the task-state segment: stacks walked, I/O bitmap",
		.long_help = "Every field of the TSS that TR holds.  A stack "
			     "that the processor could not push to has BAD "
			     "behind it.",
		.needs = MON_NEED_STOPPED,
		.run = mon_tss,
	},
	{
		.name = "where",
		.usage = "",
		.help = "where each vCPU is, and what it waits for",
		.long_help = "For each vCPU: the address and its symbol, mode, "
			     "CPL, IF, run state, exits since the last "
			     "resume and the last one that came to user "
			     "space; then what it seems to wait for, and in "
			     "a 64-bit kernel who called: by its frame "
			     "pointers, or else what return addresses lie on "
			     "the stack.  The last line says so when nobody "
			     "is left to end the wait; of Linux with what its "
			     "log says of that.\n"
			     "A vCPU counts as spinning when the shortest "
			     "way from its instruction back to it changes "
			     "nothing but waits: it reads the same memory, a "
			     "device or the time, or nothing leads out of "
			     "it.  That is read off the code, so look again "
			     "after a while (or step) to be sure.",
		.needs = MON_NEED_STOPPED,
		.run = mon_where,
	},
	{
		.name = "xcr",
		.usage = "",
		.help = "XCR0 by bit name",
		.long_help = "Which state components the guest has enabled "
			     "for XSAVE.",
		.needs = MON_NEED_STOPPED,
		.run = mon_xcr,
	},
	{.name = NULL},
};
