/* Page walks, maps and memory contents: the table. */
#include "stub/mon/memory.h"

const struct mon_command mon_memory_commands[] = {
	{
		.name = "gva2gpa",
		.usage = "ADDR",
		.help = "the physical address behind a linear one",
		.long_help = "Follows the page tables whatever their rights. "
			     "Prints `gpa: 0x...` or `Unmapped`, as QEMU does; "
			     "`walk` says why.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 1,
		.run = mon_gva2gpa,
	},
	{
		.name = "walk",
		.usage = "ADDR [r|w|x] [u|s] [-cr3 VALUE]",
		.help = "walk the page tables for one access, entry by entry",
		.long_help =
			"Does what the processor would do for a read (r, the "
			"default), write or fetch (x), by user or supervisor "
			"code (default: as the vCPU's CPL), and stops where it "
			"would.  Each level shows its entry in the words of "
			"KVM's kvm_mmu_pagetable_walk, paging_element and "
			"walker_error tracepoints, then where the entry lies, "
			"its bits, and the rights that are left so far (rwxu); "
			"a reserved bit names the CPUID or control bit it "
			"hangs on.  Where the host's processor would decide "
			"otherwise than the guest's CPUID says, both are "
			"told.  The last line says what to do.  -cr3 walks "
			"the tables of another process.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 5,
		.run = mon_walk,
	},
	{.name = NULL},
};
