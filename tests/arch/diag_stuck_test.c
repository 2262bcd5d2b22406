#include "arch/diag/stuck.h"

#include "tests/test.h"

static struct stuck_vcpu v[4];
static struct buf out;

static const struct loop endless = {
	.kind = LOOP_ENDLESS, .start = 0x1000, .insns = 1};
static const struct loop memory = {.kind = LOOP_MEMORY,
				   .start = 0x1000,
				   .insns = 3,
				   .read = LOOP_READS_MEMORY,
				   .has_at = true,
				   .at = 0x5000,
				   .size = 4,
				   .has_value = true};
static const struct loop delay = {
	.kind = LOOP_TIME, .start = 0x1000, .insns = 5};

static void setup(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = (struct stuck_vcpu){.number = i, .has_irqchip = true};
}

static const char *one(unsigned int i)
{
	buf_clear(&out);
	stuck_print(&out, &v[i], NULL);
	return buf_cstr(&out);
}

/* The machine's verdict, or "". */
static const char *all(unsigned int n)
{
	buf_clear(&out);
	if (!stuck_verdict(&out, v, n))
		CHECK(!out.len);
	return buf_cstr(&out);
}

TEST(processors_that_sleep)
{
	setup();
	v[0].run_state = X86_HALTED;
	CHECK_STR(one(0), "halted with IF=0: only NMI or SMI can wake it");
	v[0].nmi_masked = true;
	CHECK_STR(one(0), "halted with IF=0: only SMI or INIT (NMIs are masked "
			  "too) can wake it");
	v[0].irqs_on = true;
	CHECK_STR(one(0), "in HLT, waiting for an interrupt");
	v[1].run_state = X86_WAIT_INIT;
	CHECK_STR(one(1), "waits for INIT and SIPI: nobody has started it");
	v[1].run_state = X86_WAIT_SIPI;
	CHECK_HAS(one(1), "has had INIT, waits for SIPI");
	v[2].left_at_hlt = true;
	v[2].has_irqchip = false;
	v[2].irqs_on = true;
	CHECK_HAS(one(2), "no interrupt controller: nothing can wake it");
	CHECK_STR(one(3), "runs");
}

TEST(processors_that_spin)
{
	setup();
	v[0].loop = endless;
	CHECK_STR(one(0), "spinning: a loop of 1 instruction at 0x1000 that "
			  "nothing in it leaves; IF=0: only NMI or SMI gets it "
			  "out");
	v[0].irqs_on = true;
	CHECK_HAS(one(0), "leaves; IF=1");
	v[0].loop = memory;
	CHECK_HAS(one(0), "waits for a change of 0x5000 (4 bytes, now 0x0)");
	v[0].loop = delay;
	CHECK_HAS(one(0), "passing time: a loop of 5 instructions");
	v[0].has_exits = v[0].has_run_time = true;
	v[0].run_ns = 1234567890;
	CHECK_HAS(one(0), "; 0 exits in 1.234 s");
}

TEST(a_loop_with_hlt_is_a_halt)
{
	setup();
	v[0].loop = endless;
	v[0].loop.halts = true;
	CHECK_EQ(stuck_state(&v[0]), STUCK_HALTED_DEAF);
	v[0].irqs_on = true;
	CHECK_EQ(stuck_state(&v[0]), STUCK_HALTED);
}

TEST(nobody_is_left)
{
	setup();
	v[0].run_state = X86_HALTED;
	v[1].run_state = X86_WAIT_INIT;
	CHECK_HAS(all(2), "the only processor that was started is halted");
	v[1] = (struct stuck_vcpu){.loop = endless, .has_irqchip = true};
	CHECK_HAS(all(2), "every processor that was started is halted or loops "
			  "for ever with interrupts off");
	v[1].irqs_on = true;
	CHECK_STR(all(2), "");
}

TEST(one_waits_for_the_dead)
{
	setup();
	v[0].loop = memory;
	v[1].run_state = X86_HALTED;
	v[2].run_state = X86_WAIT_INIT;
	v[3].loop = endless;
	CHECK_STR(all(4), "vCPU 0 waits for a change of memory at 0x5000, and "
			  "no processor is left to make it: vCPU 1 is halted "
			  "with IF=0, vCPU 2 is not started, vCPU 3 is in an "
			  "endless loop with IF=0; only a device that writes "
			  "memory could\n");
	v[0].irqs_on = true;
	CHECK_HAS(all(4), "only an interrupt handler or a device could\n");
	CHECK_HAS(all(1), "no processor is left to make it; only");
}

TEST(somebody_runs)
{
	setup();
	v[0].loop = memory;
	CHECK_STR(all(2), "");
	v[1].run_state = X86_HALTED;
	v[1].irqs_on = true;
	CHECK_STR(all(2), "");
}

TEST(a_deadlock)
{
	setup();
	v[0].loop = v[1].loop = memory;
	CHECK_HAS(all(2), "vCPU 0 waits for a change of memory at 0x5000, and "
			  "no processor is left to make it: vCPU 1 waits too");
	v[1].irqs_on = true;
	CHECK_STR(all(2), "");
}

TEST(a_panic)
{
	setup();
	v[1].loop = delay;
	v[0].run_state = v[2].run_state = X86_HALTED;
	CHECK_HAS(all(3), "vCPU 1 passes the time with interrupts off, vCPU 0 "
			  "is halted with IF=0, vCPU 2 is halted with IF=0: a "
			  "kernel that has panicked looks like this\n");
	/* Linux enables interrupts again at the end of panic() */
	v[1].irqs_on = true;
	CHECK_HAS(all(3), "vCPU 1 passes the time, vCPU 0 is halted with IF=0");
	v[0].irqs_on = v[2].irqs_on = true;
	CHECK_STR(all(3), "");
}

TEST(an_idle_machine)
{
	setup();
	v[0].run_state = v[1].run_state = X86_HALTED;
	v[0].irqs_on = v[1].irqs_on = true;
	CHECK_HAS(all(2), "all wait for an interrupt; `irq why`");
	v[1].run_state = X86_WAIT_INIT;
	CHECK_HAS(all(2), "the machine waits for an interrupt");
}
