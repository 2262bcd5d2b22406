/* A live machine, saved and opened again. */
#include "stub/mon/monitor.h"
#include "tests/kvm/machine.h"
#include "tests/vmm/core_rig.h"

GUEST(dies, "mov $0x1234, %eax\n"
	    "mov $0x3f8, %edx\n"
	    "mov $'A', %al\n"
	    "out %al, %dx\n"
	    "ud2\n"); /* no IDT: triple fault */

/* Does the command say the same of both, and something? */
static void same(struct target *live, struct target *saved, const char *line)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	if (monitor_run(live, 0, line, &a) != monitor_run(saved, 0, line, &b) ||
	    strcmp(buf_cstr(&a), buf_cstr(&b)) || !a.len ||
	    strstr(buf_cstr(&a), "unknown command"))
		test_fail(__FILE__, __LINE__,
			  "'%s' on the live machine:\n%s\n... saved:\n%s", line,
			  buf_cstr(&a), buf_cstr(&b));
	buf_deinit(&a);
	buf_deinit(&b);
}

static const char *const lines[] = {"why",
				    "info registers",
				    "info status",
				    "info cpus",
				    "exits",
				    "exits summary",
				    "x/4i 0x100000",
				    "xp/4xb 0x100000",
				    "segments",
				    "gdt",
				    "cr",
				    "dr",
				    "efer",
				    "events",
				    "fpu",
				    "mode",
				    "info mem",
				    "maps",
				    "walk 0x100000",
				    "cpuid",
				    "iobus",
				    "vmcs",
				    "vmcs check",
				    "xcr",
				    "info pic",
				    "info ioapic",
				    "irq why"};

static void save_and_compare(enum vm_irqchip irqchip)
{
	const struct machine_options o = {.irqchip = irqchip};
	struct core *core;
	struct machine m;

	machine_start(&m, dies, 64, &o);
	CHECK_STOP(machine_continue(&m), STOP_ERROR);
	core = core_rig_reopen(m.target);
	/* so that nobody offers to run it on */
	m.target->caps = core_target(core)->caps;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		same(m.target, core_target(core), lines[i]);
	core_close(core);
	machine_end(&m);
}

TEST(a_saved_machine_says_what_the_live_one_does)
{
	save_and_compare(IRQCHIP_KERNEL);
}

TEST(nor_does_it_matter_who_has_the_interrupt_controllers)
{
	save_and_compare(IRQCHIP_NONE);
	save_and_compare(IRQCHIP_SPLIT);
}

TEST(every_msr_and_its_value)
{
	struct target *saved;
	uint32_t index, index2;
	struct err err, err2;
	struct core *core;
	struct machine m;
	uint64_t a, b;
	unsigned int n;

	machine_start(&m, dies, 64, NULL);
	CHECK_STOP(machine_continue(&m), STOP_ERROR);
	core = core_rig_reopen(m.target);
	saved = core_target(core);
	for (n = 0; target_msr_at(m.target, n, &index); n++) {
		CHECK(target_msr_at(saved, n, &index2) && index == index2);
		if (!target_get_msr(m.target, 0, index, &a, &err)) {
			CHECK(!target_get_msr(saved, 0, index, &b, &err2));
			CHECK_STR(err2.msg, err.msg);
			continue;
		}
		CHECK_OK(target_get_msr(saved, 0, index, &b, &err2), &err2);
		/* clocks and counters go on; others stay */
		if (index >= 0xc0000080)
			CHECK_EQ(b, a);
	}
	CHECK(n > 10);
	core_close(core);
	machine_end(&m);
}

GUEST(loops, "1: nop\n"
	     "nop\n"
	     "jmp 1b\n");

TEST(planted_breakpoints_are_not_saved)
{
	struct core *core;
	struct machine m;
	struct err err;
	uint8_t byte;

	machine_start(&m, loops, 64, NULL);
	machine_insert(&m, BP_SW, GUEST_BASE + 1, 1);
	CHECK_STOP(machine_continue(&m), STOP_SWBREAK);
	CHECK(!target_span(m.target, GUEST_BASE, 2));
	CHECK(target_span(m.target, GUEST_BASE + 2, 2));
	core = core_rig_reopen(m.target);
	CHECK_OK(target_read_phys(core_target(core), GUEST_BASE + 1, &byte, 1,
				  NULL, &err),
		 &err);
	CHECK_EQ(byte, 0x90);
	core_close(core);
	machine_end(&m);
}
