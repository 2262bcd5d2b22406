#include "stub/mon/monitor.h"
#include "tests/stub/mon_rig.h"
#include "tests/test.h"

static void setup(void)
{
	rig_begin(2);
	f->cpu[0].msr.pat = 0x0007040600070406;
}

/* ---- walk ---- */

TEST(walk_defaults_to_a_read_at_the_cpus_privilege)
{
	setup();
	CHECK_HAS(run("walk $rip+8"), "addr 1008 pferr 0\n  supervisor read");
	CHECK_HAS(buf_cstr(&out), "4-KiB page at 0x1000, WB; so far rwx-\n");
	CHECK_HAS(buf_cstr(&out), "the supervisor read reaches physical "
				  "0x1008, RAM (ram)\n");
	f->cpu[0].seg[X86_SS].attr |= 3 << X86_AR_DPL_SHIFT;
	target_forget(&f->target);
	CHECK_HAS(run("walk 0x1000"), "addr 1000 pferr 4 U\n  user read");
	CHECK_HAS(buf_cstr(&out), "kvm_mmu_walker_error: pferr 5 P|U\n");
	CHECK_HAS(run("walk 0x1000 s w"), "supervisor write");
	rig_end();
}

TEST(walk_of_another_process)
{
	setup();
	*(uint64_t *)fake_ram(f, 0x5000, 8) = FAKE_TABLES + 0x1003;
	CHECK_HAS(run("walk 0x1000 x -cr3 0x5000"), "CR3=0x5000");
	CHECK_HAS(buf_cstr(&out), "PML4E[0] at 0x5000: P RW; table at "
				  "0x301000");
	CHECK_HAS(buf_cstr(&out), "supervisor fetch reaches physical 0x1000");
	rig_end();
}

TEST(walk_names_bad_words)
{
	setup();
	CHECK_HAS(run_fails("walk"), "it wants an argument");
	CHECK_HAS(run_fails("walk 1x"), "'1x' is not");
	CHECK_HAS(run_fails("walk 1 q"), "'q' is none of r, w, x, u, s, -cr3");
	CHECK_HAS(buf_cstr(&out), "usage: walk ADDR");
	CHECK_HAS(run_fails("walk 1 rw"), "'rw' is none of");
	CHECK_HAS(run_fails("walk 1 -cr3"), "'-cr3' wants a value");
	CHECK_HAS(run_fails("walk -cr3 5"), "no address");
	CHECK_HAS(run_fails("walk 1 -cr3 $zork"), "'$zork' is no register");
	rig_end();
}

/* CPUID tables of a vendor that knows the leaf, with that EDX and EAX. */
static void cpuid(struct x86_cpuid *table, uint32_t edx, uint32_t eax)
{
	*table = (struct x86_cpuid){.n = 2};
	table->entry[0] = (struct x86_cpuid_entry){.leaf = 0x80000001,
						   .reg = {0, 0, 0, edx}};
	table->entry[1] = (struct x86_cpuid_entry){.leaf = 0x80000008,
						   .reg = {eax, 0, 0, 0}};
}

TEST(walk_compares_with_the_host)
{
	static const struct x86_host intel = {.vendor = EXIT_VENDOR_VMX,
					      .ept = 1};
	static struct x86_cpuid host;

	setup();
	cpuid(&host, 1u << 26, 46);
	f->info.gbpages = false;
	f->inspect.cpuid[CPUID_HOST] = &host;
	f->inspect.host = &intel;
	*(uint64_t *)fake_ram(f, FAKE_TABLES + 0x1000, 8) = 0x83;
	CHECK_HAS(run("walk 0x100000 x"), "pferr 19 P|RSVD|F");
	CHECK_HAS(buf_cstr(&out), "guest CPUID says pdpe1gb=0 MAXPHYADDR=40; "
				  "hardware with two-dimensional paging uses "
				  "the host's pdpe1gb=1 MAXPHYADDR=46: there "
				  "this reaches physical 0x100000; so here, "
				  "from Linux 5.14");
	rig_end();
}

/* ---- who is there ---- */

TEST(walk_names_the_device_it_reaches)
{
	static const struct target_io_range io[] = {
		{.mmio = true,
		 .base = 0xfee00000,
		 .len = 4096,
		 .name = "LAPIC",
		 .in_kernel = true},
	};

	setup();
	f->inspect.io_range = io;
	f->inspect.io_ranges = 1;
	fake_map(f, 0x700000, 0xfee00000, FAKE_PTE_P);
	fake_map(f, 0x701000, 0xfed00000, FAKE_PTE_P);
	CHECK_HAS(run("walk 0x700020"), "reaches physical 0xfee00020, device "
					"LAPIC, inside KVM\n");
	CHECK_HAS(run("walk 0x701000"), "0xfed00000, nothing: no memory and no "
					"device");
	rig_end();
}

/* ---- gva2gpa ---- */

TEST(gva2gpa_in_qemus_shape)
{
	setup();
	CHECK_STR(run("gva2gpa $rsp-8"), "gpa: 0x7ff8\n");
	CHECK_STR(run("gva2gpa 0xdead00000000"), "Unmapped\n");
	CHECK_HAS(run_fails("gva2gpa zork"), "'zork' is neither");
	rig_end();
}
