/* Steps and the guest's interrupts: what comes in, where it lands, TF. */
#include "stub/inspect.h"
#include "tests/kvm/step_rig.h"

static struct machine m;

/* clang-format off */

/* rsi is the local APIC, which is on; r14 counts, r15 collects the flags. */
#define APIC                            \
	"mov $0xfee00000, %esi\n"       \
	"movl $0x1ff, 0xf0(%rsi)\n"     \
	"xor %r14d, %r14d\n"            \
	"xor %r15d, %r15d\n"

#define TIMER(mode, count)                     \
	"movl $(0x34 + " mode "), 0x320(%rsi)\n" \
	"movl $0xb, 0x3e0(%rsi)\n"             \
	"movl $" count ", 0x380(%rsi)\n"

#define IRQ(id)                                       \
	"irq_" #id ": "                               \
	MARK(irq) "or 16(%rsp), %r15\n"               \
	MARK(count) "inc %r14d\n"                     \
	MARK(eoi) "movl $0, 0xb0(%rsi)\n"             \
	MARK(iret) "iretq\n"                          \
	"db_" #id ": bp_" #id ": ud_" #id ": gp_" #id \
	": pf_" #id ": int_" #id ": hlt\n"

STEP_GUEST(halt, APIC
	"sti\n"
	"nop\n"
	MARK(hlt) "hlt\n"
	MARK(after) "nop\n"
	MARK(loop) "jmp 1f\n"
	"1: jmp 1b\n", IRQ(halt));
/* clang-format on */

TEST(a_step_out_of_hlt_is_at_the_handler_with_our_controllers)
{
	static const struct machine_options user = {.irqchip = IRQCHIP_USER};
	static const struct target_event event = {.kind = EVENT_INTERRUPT,
						  .vector = 0x34};
	struct err err;

	step_start(&m, halt, 64, &user);
	step_run_to(&m, "hlt");
	step_path(&m, "after");
	CHECK_OK(target_inject(m.target, 0, &event, &err), &err);
	step_need_landings(&m);
	step_path(&m, "irq count eoi iret after loop");
	CHECK_EQ(machine_reg(&m, "r15") & 0x100, 0);
	machine_end(&m);
}

/* clang-format off */
STEP_GUEST(sleep, APIC TIMER("0", "50000000")
	"sti\n"
	"nop\n"
	MARK(hlt) "hlt\n"
	MARK(after) "nop\n"
	MARK(loop) "jmp 1f\n"
	"1: jmp 1b\n", IRQ(sleep));
/* clang-format on */

TEST(a_step_out_of_hlt_is_at_the_handler_of_the_timer)
{
	step_start(&m, sleep, 64, NULL);
	step_run_to(&m, "hlt");
	step_path(&m, "after");
	step_need_landings(&m);
	step_path(&m, "irq count eoi iret after loop");
	CHECK_EQ(machine_reg(&m, "r15") & 0x100, 0);
	machine_end(&m);
}

/* clang-format off */
STEP_GUEST(busy, APIC TIMER("0x20000", "20000")
	"sti\n"
	MARK(l0) "nop\n"
	"1: "
	MARK(l1) "inc %rbx\n"
	MARK(l2) "pushf\n"
	MARK(l3) "pop %rcx\n"
	MARK(l4) "or %rcx, %r15\n"
	MARK(l5) "jmp 1b\n", IRQ(busy));
/* clang-format on */

static unsigned int in_handler(unsigned int steps)
{
	unsigned int n = 0;
	gva_t pc;

	while (steps--) {
		CHECK_STOP(machine_step(&m), STOP_STEP);
		CHECK_EQ(machine_reg(&m, "eflags") & 0x100, 0);
		pc = machine_pc(&m, 0);
		CHECK(pc >= step_at("l0") && pc <= step_at("iret"));
		n += pc >= step_at("irq");
	}
	return n;
}

TEST(steps_keep_interrupts_out_and_tf_is_never_seen)
{
	step_start(&m, busy, 64, NULL);
	if (!m.caps.block_irq)
		test_skip("this KVM has no KVM_GUESTDBG_BLOCKIRQ");
	step_run_to(&m, "l1");
	target_set_step_irqs(m.target, true);
	CHECK_EQ(in_handler(100), 0);
	CHECK_STOP(machine_run_for(&m, 50), STOP_INTERRUPT);
	CHECK(machine_reg(&m, "r14") > 0);
	CHECK_EQ(machine_reg(&m, "r15") & 0x100, 0);
	machine_end(&m);
}

TEST(steps_that_let_interrupts_in_land_in_the_handler)
{
	step_start(&m, busy, 64, NULL);
	step_run_to(&m, "l1");
	target_set_step_irqs(m.target, false);
	step_need_landings(&m);
	CHECK(in_handler(100) > 0);
	CHECK_STOP(machine_run_for(&m, 50), STOP_INTERRUPT);
	CHECK(machine_reg(&m, "r14") > 0);
	CHECK_EQ(machine_reg(&m, "r15") & 0x100, 0);
	machine_end(&m);
}
