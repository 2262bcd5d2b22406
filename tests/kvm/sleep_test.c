/* ACPI S3: a guest that sleeps goes on at the vector it left in the FACS. */
#include "tests/kvm/machine.h"
#include "stub/inspect.h"

static struct machine m;
static struct err err;

/*
 * By RSDP, RSDT and FADT to the FACS; 16-bit code at 0x8120 that ends with the
 * status of a byte in memory; PM1_EN = power button, SLP_TYP 1, SLP_EN.
 */
GUEST(sleeper, "	mov 0xe0010, %eax\n"
	       "	mov 36(%rax), %eax\n"
	       "	mov 36(%rax), %eax\n"
	       "	movl $0x8120, 12(%rax)\n"
	       "	movb $5, 0x9000\n"
	       "	movl $0xe69000a0, 0x8120\n" /* mov 0x9000, %al */
	       "	movl $0xf4f4, 0x8124\n"	    /* out %al, $0xf4; hlt */
	       "	mov $0x602, %edx\n"
	       "	mov $0x100, %eax\n"
	       "	out %ax, %dx\n"
	       "	mov $0x604, %edx\n"
	       "	mov $0x2400, %eax\n"
	       "	out %ax, %dx\n"
	       "1:	jmp 1b\n");

static void press(void)
{
	bool heard;

	CHECK_OK(target_power_button(m.target, &heard, &err), &err);
	CHECK(heard);
}

static void check_wakes(enum vm_irqchip irqchip)
{
	const struct machine_options o = {.irqchip = irqchip};
	struct target_stop stop;

	machine_start(&m, sleeper, 64, &o);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_RESET);
	CHECK_HAS(stop.text, "guest sleeps (ACPI S3)");
	CHECK_EQ(machine_reg(&m, "cs"), 0x812);
	CHECK_EQ(machine_reg(&m, "rip"), 0);
	/* it sleeps, and can be interrupted */
	CHECK_STOP(machine_run_for(&m, 50), STOP_INTERRUPT);
	CHECK_EQ(machine_reg(&m, "rip"), 0);
	press();
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(stop.status, 5 << 1 | 1);
	machine_end(&m);
}

TEST(goes_on_at_its_waking_vector)
{
	check_wakes(IRQCHIP_KERNEL);
	check_wakes(IRQCHIP_USER);
}

TEST(reset_ends_the_sleep)
{
	machine_start(&m, sleeper, 64, NULL);
	CHECK_STOP(machine_continue(&m), STOP_RESET);
	CHECK_OK(target_reset(m.target, &err), &err);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE);
	CHECK_STOP(machine_continue(&m), STOP_RESET);
	CHECK_EQ(machine_reg(&m, "cs"), 0x812);
	machine_end(&m);
}
