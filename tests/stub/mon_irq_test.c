/* info lapic and its kin, irq why, on the fake. */
#include "arch/irq/lapic.h"
#include "stub/mon/internal.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct x86_lapic lapic[2];
static struct x86_chips chips;
static struct buf out;

static void setup(void)
{
	uint32_t request = 1 << 20; /* vector 0x34 */
	uint32_t id = 1 << 24;

	f = fake_create(2);
	memcpy(lapic[1].regs + LAPIC_IRR + 0x10, &request, sizeof(request));
	memcpy(lapic[1].regs + LAPIC_ID, &id, sizeof(id));
	chips.has_ioapic = true;
	f->inspect.lapic = lapic;
	f->inspect.chips = &chips;
}

static const char *run(const char *line, bool ok)
{
	buf_clear(&out);
	CHECK(monitor_run(&f->target, 1, line, &out) == ok);
	return buf_cstr(&out);
}

TEST(the_table_is_fit)
{
	struct err err;

	CHECK_OK(monitor_check_table(mon_irq_commands, &err), &err);
}

TEST(info_lapic_is_of_one_vcpu_or_all)
{
	setup();
	CHECK_HAS(run("info lapic", true), "state for CPU 1 ");
	CHECK(!strstr(run("info lapic", true), "state for CPU 0 "));
	CHECK_HAS(run("info lapic -a", true), "state for CPU 0 ");
	CHECK_HAS(run("info lapic x", false), "'x'");
	CHECK_HAS(run("info lapic 7", false), "no local APIC has the ID 7\n"
					      "usage: ");
	CHECK_HAS(run("info lapic 1", true), "state for CPU 1 ");
	fake_destroy(f);
}

TEST(what_a_machine_lacks_is_said)
{
	setup();
	CHECK_HAS(run("info pic", true), "no 8259s");
	CHECK_HAS(run("info pit", false), "no 8254");
	CHECK_HAS(run("info ioapic", true), "pin 23");
	f->inspect.chips = NULL;
	CHECK_HAS(run("info ioapic", false), "no interrupt controllers");
	CHECK_HAS(run("info irq", false), "no interrupt controllers");
	fake_destroy(f);
}

TEST(info_irq_counts)
{
	static const struct target_stat stat = {
		.name = "irq_injections", .value = 9, .since = 2};

	setup();
	chips.raised[4] = 3;
	f->inspect.stat = &stat;
	f->inspect.stats = 1;
	CHECK_STR(run("info irq", true), "IRQ statistics for ioapic:\n 4: 3\n"
					 "vCPU 0 took 9 interrupts, 2 since "
					 "the last resume\n"
					 "vCPU 1 took 9 interrupts, 2 since "
					 "the last resume\n");
	fake_destroy(f);
}

TEST(irq_why_gathers_all_vcpus)
{
	setup();
	CHECK_HAS(run("irq why", true), "vCPU 1: vector 0x34 waits");
	CHECK_HAS(run("irq why 0x34", true), "vCPU 1: vector 0x34 waits");
	CHECK_HAS(run("irq why irq 4", true), "IRQ 4: the line is");
	f->inspect.chips = NULL;
	CHECK_HAS(run("irq why", true), "(not known: the fake has no interrupt "
					"controllers)\n");
	f->inspect.lapic = NULL;
	CHECK_HAS(run("irq why", false), "the fake has no");
	fake_destroy(f);
}

TEST(irq_why_names_bad_words)
{
	setup();
	CHECK_HAS(run("irq why irq", false), "'irq' wants the number");
	CHECK_HAS(run("irq why irq 24", false), "no interrupt line 24");
	CHECK_HAS(run("irq why irq x", false), "'x'");
	CHECK_HAS(run("irq why 256", false), "'256' is no vector");
	CHECK_HAS(run("irq why 1 2", false), "'2' is one argument too many");
	CHECK_HAS(run("irq why nosuch", false), "'nosuch'");
	fake_destroy(f);
}
