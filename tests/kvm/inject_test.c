/* Events that the debugger sends: exceptions, interrupts, NMI, lines. */
#include "tests/kvm/catch_rig.h"

static struct machine m;

#define IDT 0x410000u

/*
 * Handlers of 32 bytes for vectors 0 to 63: the vector to %bl, the top of the
 * stack to r12 and r13, the end.
 */
GUEST(idt, ".set vector, 0\n"
	   ".rept 64\n"
	   ".org guest_idt + 32 * vector\n"
	   "mov $vector, %bl\n"
	   "pop %r12\n"
	   "pop %r13\n"
	   "mov %cr2, %r14\n"
	   "out %al, $0xf4\n"
	   ".set vector, vector + 1\n"
	   ".endr\n");

GUEST(spin, "sti\n"
	    "out %al, $0x80\n"
	    "1: jmp 1b\n");
GUEST(masked, "1: jmp 1b\n");

static void start(const uint8_t *image, const uint8_t *end,
		  const struct machine_options *o)
{
	const struct x86_state *old;
	struct x86_state s;
	struct err err;

	machine_start_bytes(&m, image, (size_t)(end - image), 64, o);
	machine_write(&m, 0x400000, guest_idt,
		      (size_t)(guest_idt_end - guest_idt));
	for (unsigned int vector = 0; vector < 64; vector++) {
		gva_t handler = 0x400000 + 32 * vector;
		const uint64_t gate[2] = {
			(handler & 0xffff) | machine_reg(&m, "cs") << 16 |
				UINT64_C(0x8e00) << 32 | (handler >> 16) << 48,
			0};

		machine_write(&m, IDT + 16 * vector, gate, sizeof(gate));
	}
	old = target_state(m.target, 0, X86_GROUP_SYS, &err);
	CHECK(old != NULL);
	s = *old;
	s.idt = (struct x86_dtable){IDT, 64 * 16 - 1};
	CHECK_OK(target_set_state(m.target, 0, X86_GROUP_SYS, &s, &err), &err);
}

#define START(id, o) start(guest_##id, guest_##id##_end, o)

/* The guest ends in the handler of this vector. */
static void ends_in(unsigned int vector)
{
	struct target_stop stop = machine_continue(&m);

	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, vector);
}

TEST(an_exception_with_its_error_code)
{
	START(masked, NULL);
	CHECK_STR(rig_monitor(&m, "inject exception #GP 0x18"),
		  "vCPU 0 takes #GP (vector 13, error code 0x18) before its "
		  "next instruction\n");
	ends_in(13);
	CHECK_EQ(machine_reg(&m, "r12"), 0x18);
	CHECK_EQ(machine_reg(&m, "r13"), GUEST_BASE);
	machine_end(&m);
}

TEST(an_exception_without_one)
{
	START(masked, NULL);
	rig_monitor(&m, "inject exception ud");
	CHECK_HAS(rig_refused(&m, "inject exception ud"), "about to take "
							  "exception 6");
	ends_in(6);
	CHECK_EQ(machine_reg(&m, "r12"), GUEST_BASE);
	machine_end(&m);
}

TEST(a_page_fault_with_its_address)
{
	START(masked, NULL);
	rig_monitor(&m, "inject exception #PF 2 0xdead000");
	ends_in(14);
	CHECK_EQ(machine_reg(&m, "r12"), 2);
	CHECK_EQ(machine_reg(&m, "r14"), 0xdead000);
	machine_end(&m);
}

TEST(an_nmi)
{
	START(masked, NULL);
	rig_monitor(&m, "inject nmi");
	ends_in(2);
	machine_end(&m);
}

/* The guest switches its local APIC on, opens interrupts, and spins. */
GUEST(apic, "mov $0xfee00000, %esi\n"
	    "movl $0x1ff, 0xf0(%rsi)\n"
	    "out %al, $0x80\n"
	    "sti\n"
	    "1: jmp 1b\n");

TEST(an_interrupt_through_the_local_apic)
{
	START(apic, NULL);
	CHECK_HAS(rig_refused(&m, "inject interrupt 0x30"), "switched off");
	rig_monitor(&m, "catch pio 0x80");
	CHECK_STOP(machine_continue(&m), STOP_CATCH);
	CHECK_HAS(rig_refused(&m, "inject interrupt 5"), "below 16");
	rig_monitor(&m, "inject interrupt 0x30");
	ends_in(0x30);
	machine_end(&m);
}

TEST(an_interrupt_without_an_interrupt_chip)
{
	struct machine_options none = {.irqchip = IRQCHIP_NONE};

	START(spin, &none);
	machine_set_reg(&m, "eflags", 2);
	CHECK_HAS(rig_refused(&m, "inject interrupt 0x21"), "interrupts off");
	CHECK_HAS(rig_refused(&m, "inject irq 4"), "no interrupt lines");
	rig_monitor(&m, "catch pio 0x80");
	CHECK_STOP(machine_continue(&m), STOP_CATCH);
	rig_monitor(&m, "inject interrupt 0x21");
	ends_in(0x21);
	machine_end(&m);
}

/* IOAPIC pin 4 as vector 0x34, edge-triggered. */
GUEST(line, "mov $0xff, %al\n"
	    "out %al, $0x21\n" /* the 8259 stays out of it */
	    "mov $0xfee00000, %esi\n"
	    "movl $0x1ff, 0xf0(%rsi)\n"
	    "mov $0xfec00000, %esi\n"
	    "movl $0x18, (%rsi)\n"
	    "movl $0x34, 0x10(%rsi)\n"
	    "movl $0x19, (%rsi)\n"
	    "movl $0, 0x10(%rsi)\n"
	    "out %al, $0x80\n"
	    "sti\n"
	    "1: jmp 1b\n");

static void pulse_line(enum vm_irqchip irqchip)
{
	struct machine_options o = {.irqchip = irqchip};

	START(line, &o);
	rig_monitor(&m, "catch pio 0x80");
	CHECK_STOP(machine_continue(&m), STOP_CATCH);
	CHECK_HAS(rig_refused(&m, "inject irq 24"), "line 24");
	rig_monitor(&m, "inject irq 4");
	ends_in(0x34);
	machine_end(&m);
}

TEST(a_line_of_kvms_ioapic)
{
	pulse_line(IRQCHIP_KERNEL);
}

TEST(a_line_of_our_ioapic)
{
	pulse_line(IRQCHIP_SPLIT);
}

TEST(not_in_the_middle_of_an_instruction)
{
	START(apic, NULL);
	rig_monitor(&m, "catch mmio 0xd0000000 r before");
	machine_set_reg(&m, "rip", 0x420000);
	machine_set_reg(&m, "rsi", 0xd0000000);
	machine_write(&m, 0x420000, "\x8b\x06\x90\x90",
		      4); /* mov (%rsi),%eax */
	CHECK_STOP(machine_continue(&m), STOP_CATCH);
	CHECK_HAS(rig_refused(&m, "inject exception #UD"), "step once first");
	CHECK_STOP(machine_step(&m), STOP_STEP);
	rig_monitor(&m, "inject exception #UD");
	ends_in(6);
	machine_end(&m);
}
