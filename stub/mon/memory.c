/* Page walks, maps and memory contents: the table. */
#include "stub/mon/memory.h"

const struct mon_command mon_memory_commands[] = {
	{
		.name = "gpa2gva",
		.usage = "ADDR",
		.help = "every linear address that maps a physical one",
		.long_help = "Goes through all page tables of the vCPU and "
			     "lists each mapping of the page: its rights and "
			     "the entry that makes it.  Stops after 256.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 1,
		.run = mon_gpa2gva,
	},
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
		.name = "info mem",
		.usage = "[RANGE]",
		.help = "mapped ranges and their rights, in QEMU's layout",
		.long_help = "Each line has start, end (excluded), size, and "
			     "u, r, w as the levels together allow them.  "
			     "Unlike QEMU, five-level paging is listed too.  "
			     "`maps` also tells NX, types and where it goes.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_info_mem,
	},
	{
		.name = "info mtree",
		.usage = "[-f]",
		.help = "the memory and port map, in QEMU's layout",
		.long_help = "What KVM answers itself has names that begin "
			     "with `kvm-`.  -f prints the flat views.  `iobus` "
			     "counts the accesses.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_info_mtree,
	},
	{
		.name = "info tlb",
		.usage = "[RANGE]",
		.help = "every mapped page and its flags, in QEMU's layout",
		.long_help = "Reads the page tables, not a TLB.  Each line has "
			     "the linear address, the physical one, and the "
			     "flags of the last entry: X no-execute, G global, "
			     "P large page, D dirty, A accessed, C PCD, T PWT, "
			     "U user, W writable.  Stops after 65536 lines and "
			     "says how to go on.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_info_tlb,
	},
	{
		.name = "iobus",
		.usage = "",
		.help = "every port and device-memory range, and its accesses",
		.long_help = "Ports first, then device memory.  Accesses are "
			     "the guest's since the machine was made; those "
			     "that KVM answers itself never reach this "
			     "program and are not counted.",
		.needs = MON_NEED_STOPPED,
		.run = mon_iobus,
	},
	{
		.name = "maps",
		.usage = "[-v] [-cr3 VALUE] [RANGE]",
		.help = "what is mapped: rights, page size, type, target",
		.long_help = "Adjacent pages with the same rights (rwxu), "
			     "size, "
			     "memory type and protection key make one line; -v "
			     "splits it where physical memory is not in a row. "
			     " "
			     "The type is the one that the entry selects of "
			     "IA32_PAT; MTRRs and the host may change it.  G, "
			     "A, D: "
			     "all pages of the line are global, accessed, "
			     "dirty; g, "
			     "a, d: some are.  What is not RAM names who "
			     "answers.  "
			     "RESERVED marks pages whose entries have reserved "
			     "bits, by the guest's CPUID, the host's or both: "
			     "KVM's "
			     "own walk and hardware with two-dimensional "
			     "paging "
			     "disagree where only one does.",
		.needs = MON_NEED_STOPPED,
		.max_args = 4,
		.run = mon_maps,
	},
	{
		.name = "search",
		.usage = "[-p] RANGE BYTES|\"TEXT\"|-b|-h|-w|-g VALUE ...",
		.help = "where bytes, a text or a number lie in memory",
		.long_help = "RANGE is of linear addresses, with -p of "
			     "physical "
			     "ones: FIRST-LAST, FIRST+LENGTH.  Then what to "
			     "look "
			     "for, one or more pieces in a row: bytes as "
			     "hexadecimal digits (0f0b), text in quotes, or a "
			     "number of 1, 2, 4 or 8 bytes after -b, -h, -w or "
			     "-g.  "
			     "Only memory is read, never a device.  Stops "
			     "after "
			     "100 places or 3.5 seconds and says how to go on.",
		.needs = MON_NEED_STOPPED,
		.min_args = 2,
		.max_args = MON_WORDS - 2,
		.run = mon_search,
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
	{
		.name = "x",
		.usage = "[/FMT] ADDR",
		.help = "memory at a linear address, in QEMU's layout",
		.long_help = "FMT is a count, a format (x hexadecimal, d "
			     "decimal, u "
			     "unsigned, o octal, c characters, s strings, i "
			     "instructions) and a size (b 1, h 2, w 4, g 8 "
			     "bytes): "
			     "`x /16xb $rsp`, `x/5i $pc`.  Without it: one "
			     "word in "
			     "hexadecimal.  Rights are ignored.  Devices are "
			     "not "
			     "read; see xp -d.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 2,
		.run = mon_x,
	},
	{
		.name = "xp",
		.usage = "[-d] [/FMT] ADDR",
		.help = "memory at a physical address, in QEMU's layout",
		.long_help = "FMT is as for x.  What is not memory is not "
			     "read, "
			     "because reading a device can change it; with -d "
			     "it "
			     "is, one access of the given size a cell.",
		.needs = MON_NEED_STOPPED,
		.min_args = 1,
		.max_args = 3,
		.run = mon_xp,
	},
	{.name = NULL},
};
