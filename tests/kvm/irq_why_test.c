/* Guests whose interrupts do not arrive, each for another reason. */
#include "stub/mon/monitor.h"
#include "tests/kvm/machine.h"

static struct machine m;
static struct buf out;
static const struct machine_options split = {.irqchip = IRQCHIP_SPLIT};
static const struct machine_options two = {.vcpus = 2};

static const char *run(const char *line)
{
	buf_clear(&out);
	if (!monitor_run(m.target, 0, line, &out))
		test_fail(__FILE__, __LINE__, "%s: %s", line, buf_cstr(&out));
	return buf_cstr(&out);
}

#define EXIT "out %al, $0xf4\n9: jmp 9b\n"

/* rsi: the local APIC, software-enabled.  No interrupts. */
#define LAPIC                     \
	"cli\n"                   \
	"mov $0x88000, %esp\n"    \
	"mov $0xfee00000, %esi\n" \
	"movl $0x1ff, 0xf0(%rsi)\n"

/* The 8259s stay out of it. */
#define NO_PIC "movl $0x10700, 0x350(%rsi)\n"

/* rbx: the IOAPIC; pin 4's redirection entry. */
#define PIN_4(high, low)               \
	"mov $0xfec00000, %ebx\n"      \
	"movl $0x19, (%rbx)\n"         \
	"movl $" high ", 0x10(%rbx)\n" \
	"movl $0x18, (%rbx)\n"         \
	"movl $" low ", 0x10(%rbx)\n"

/* COM1's transmitter is empty and says so: line 4 goes up. */
#define LINE_4_UP           \
	"mov $0x3fc, %dx\n" \
	"mov $8, %al\n"     \
	"out %al, %dx\n"    \
	"mov $0x3f9, %dx\n" \
	"mov $2, %al\n"     \
	"out %al, %dx\n"

/* An IDT at 0x90000 whose gate `vector` leads to `handler`. */
#define GATE(vector, handler)                      \
	"lea " handler "(%rip), %rax\n"            \
	"mov $(0x90000 + 16 * " vector "), %edi\n" \
	"mov %ax, (%rdi)\n"                        \
	"mov %cs, 2(%rdi)\n"                       \
	"movw $0x8e00, 4(%rdi)\n"                  \
	"shr $16, %eax\n"                          \
	"mov %ax, 6(%rdi)\n"                       \
	"movl $0, 8(%rdi)\n"                       \
	"movl $0, 12(%rdi)\n"                      \
	"movw $0xfff, 0x8f000\n"                   \
	"movl $0x90000, 0x8f002\n"                 \
	"movl $0, 0x8f006\n"                       \
	"lidt 0x8f000\n"

static void run_to_exit(void)
{
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
}

/* ebp is the word of the ISR that the handler saw. */
static void need_in_service(void)
{
	if (!machine_reg(&m, "rbp"))
		test_skip("this KVM ends an interrupt as it delivers it");
}

/* ---- the local APIC's own ---- */

/* The timer fires at once; its vector shows up in the IRR and stays there. */
/* clang-format off */
GUEST(timer, LAPIC
      "movl $0xb, 0x3e0(%rsi)\n"
      "movl $0x40, 0x320(%rsi)\n"
      "movl $1, 0x380(%rsi)\n"
      "1: testl $1, 0x220(%rsi)\n"
      "jz 1b\n" EXIT);
/* clang-format on */

TEST(interrupts_are_off)
{
	machine_start(&m, timer, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("irq why"), "vCPU 0: vector 0x40 waits in the local APIC "
				  "(IRR) (its LVT "
				  "timer)\n  vCPU 0 has RFLAGS.IF clear at 0x");
	CHECK_HAS(run("irq why 0x40"), "one-shot and has fired already");
	CHECK_HAS(run("info lapic"), "IRR\t 64 \n");
	machine_end(&m);
}

/* clang-format off */
GUEST(masked_timer, LAPIC
      "movl $0xb, 0x3e0(%rsi)\n"
      "movl $0x10040, 0x320(%rsi)\n"
      "movl $0xffffffff, 0x380(%rsi)\n" EXIT);
/* clang-format on */

TEST(the_timers_entry_is_masked)
{
	machine_start(&m, masked_timer, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("irq why"), "timer runs\n  The entry is masked (bit 16 "
				  "of register 0x320)");
	machine_end(&m);
}

/* clang-format off */
GUEST(priority, LAPIC
      "movl $0x50, 0x80(%rsi)\n"
      "sti\n"
      "movl $0x40042, 0x300(%rsi)\n"
      "nop\n" EXIT);
/* clang-format on */

TEST(the_task_priority_is_high)
{
	machine_start(&m, priority, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("irq why"), "vector 0x42 waits");
	CHECK_HAS(run("irq why"), "an IPI of vCPU 0");
	CHECK_HAS(run("irq why"), "  The task priority of vCPU 0 is 0x50, "
				  "which holds off all vectors below 0x60");
	CHECK(!strstr(run("irq why"), "RFLAGS.IF"));
	machine_end(&m);
}

/* The handler of 0x51 sends no EOI, so 0x52 has to wait. */
/* clang-format off */
GUEST(no_eoi, LAPIC NO_PIC GATE("0x51", "handler_no_eoi")
      "sti\n"
      "movl $0x40051, 0x300(%rsi)\n"
      "1: test %ecx, %ecx\n"
      "jz 1b\n"
      "movl $0x40052, 0x300(%rsi)\n"
      "nop\n" EXIT
      "handler_no_eoi: mov 0x120(%rsi), %ebp\n"
      "mov $1, %ecx\n"
      "iretq\n");
/* clang-format on */

TEST(an_eoi_is_missing)
{
	machine_start(&m, no_eoi, 64, NULL);
	machine_set_reg(&m, "rcx", 0);
	run_to_exit();
	need_in_service();
	CHECK_HAS(run("irq why"), "  vCPU 0 has vector 0x51 in service, whose "
				  "priority is not "
				  "lower");
	CHECK_HAS(run("irq why 0x51"), "vector 0x51 is in service");
	machine_end(&m);
}

/* clang-format off */
GUEST(halted, LAPIC
      "movl $0x40043, 0x300(%rsi)\n"
      "hlt\n" EXIT);
/* clang-format on */

TEST(halted_with_interrupts_off)
{
	machine_start(&m, halted, 64, NULL);
	CHECK_STOP(machine_run_for(&m, 100), STOP_INTERRUPT);
	CHECK_HAS(run("irq why"), "vector 0x43 waits");
	CHECK_HAS(run("irq why"), "vCPU 0 is halted with RFLAGS.IF clear");
	machine_end(&m);
}

/* clang-format off */
GUEST(lost_ipi, LAPIC
      "movl $0x07000000, 0x310(%rsi)\n"
      "movl $0x44, 0x300(%rsi)\n" EXIT);
GUEST(ipi_to_sleeper, LAPIC
      "movl $0x01000000, 0x310(%rsi)\n"
      "movl $0x45, 0x300(%rsi)\n" EXIT);
/* clang-format on */

TEST(an_ipi_goes_to_nobody)
{
	machine_start(&m, lost_ipi, 64, &two);
	run_to_exit();
	CHECK_HAS(run("irq why"), "vector 0x44, went to physical destination "
				  "0x7, which no vCPU has");
	machine_end(&m);
}

TEST(an_ipi_goes_to_a_processor_that_takes_none)
{
	machine_start(&m, ipi_to_sleeper, 64, &two);
	run_to_exit();
	CHECK_HAS(run("irq why"), "vCPU 0: its last IPI was lost\n  The local "
				  "APIC of vCPU 1 is software-disabled");
	machine_end(&m);
}

/* ---- lines ---- */

GUEST(masked_pin, LAPIC PIN_4("0", "0x18034") LINE_4_UP EXIT);

static void check_masked(void)
{
	run_to_exit();
	CHECK_HAS(run("irq why"), "IRQ 4: the line is up");
	CHECK_HAS(run("irq why"), "pin 4, as vector 0x34 (level):\n  IOAPIC "
				  "pin 4 is masked");
	CHECK_HAS(run("irq why irq 4"), "devices raised it 1 times");
	CHECK_HAS(run("info irq"), " 4: 1\n");
	CHECK_HAS(run("info ioapic"), "  IRR      4  \n");
}

TEST(the_pin_is_masked)
{
	machine_start(&m, masked_pin, 64, NULL);
	check_masked();
	CHECK_HAS(run("irq why"), "master 8259 has never been initialized");
	machine_end(&m);
}

TEST(the_pin_is_masked_split)
{
	machine_start(&m, masked_pin, 64, &split);
	check_masked();
	CHECK(!strstr(run("irq why"), "8259"));
	machine_end(&m);
}

GUEST(nobody, LAPIC PIN_4("0x07000000", "0x8034") LINE_4_UP EXIT);

static void check_nobody(void)
{
	run_to_exit();
	CHECK_HAS(run("irq why"), "destination, physical 0x7, matches no vCPU");
}

TEST(the_destination_does_not_exist)
{
	machine_start(&m, nobody, 64, NULL);
	check_nobody();
	machine_end(&m);
}

TEST(the_destination_does_not_exist_split)
{
	machine_start(&m, nobody, 64, &split);
	check_nobody();
	machine_end(&m);
}

/* The handler leaves the line up and sends no EOI. */
GUEST(remote_irr, LAPIC NO_PIC GATE("0x34", "handler_remote")
			  PIN_4("0", "0x8034") "sti\n" LINE_4_UP "1: jmp 1b\n"
					       "handler_remote: mov "
					       "0x110(%rsi), %ebp\n" EXIT);

static void check_remote(void)
{
	run_to_exit();
	CHECK_HAS(run("irq why"), "IRQ 4: the line is up");
	CHECK_HAS(run("irq why"), "It was sent as vector 0x34");
	CHECK_HAS(run("info ioapic"), "  Remote IRR 4  \n");
	need_in_service();
	CHECK_HAS(run("irq why"), "vCPU 0 has it in service");
}

TEST(the_pin_waits_for_an_eoi)
{
	machine_start(&m, remote_irr, 64, NULL);
	check_remote();
	machine_end(&m);
}

TEST(the_pin_waits_for_an_eoi_split)
{
	machine_start(&m, remote_irr, 64, &split);
	check_remote();
	machine_end(&m);
}

/* An edge-triggered line whose handler sends the EOI and forgets the device. */
GUEST(edge, LAPIC NO_PIC GATE("0x34", "handler_edge")
		    PIN_4("0", "0x34") "sti\n" LINE_4_UP "1: jmp 1b\n"
				       "handler_edge: movl $0, "
				       "0xb0(%rsi)\n" EXIT);

TEST(an_edge_line_stays_up)
{
	machine_start(&m, edge, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("irq why"), "The line is up, but edge-triggered, and its "
				  "edge has been sent");
	machine_end(&m);
}

TEST(an_edge_line_stays_up_split)
{
	machine_start(&m, edge, 64, &split);
	run_to_exit();
	CHECK_HAS(run("irq why"), "The line is up, but edge-triggered, and its "
				  "edge has been sent");
	machine_end(&m);
}

/* ---- through the 8259s ---- */

/* The master at vectors 0x20 up, with this mask. */
#define PIC(mask)              \
	"mov $0x11, %al\n"     \
	"out %al, $0x20\n"     \
	"mov $0x20, %al\n"     \
	"out %al, $0x21\n"     \
	"mov $4, %al\n"        \
	"out %al, $0x21\n"     \
	"mov $1, %al\n"        \
	"out %al, $0x21\n"     \
	"mov $" mask ", %al\n" \
	"out %al, $0x21\n"

/* clang-format off */
GUEST(pic_open, LAPIC PIC("0xef")
      "movl $0x700, 0x350(%rsi)\n" LINE_4_UP EXIT);
GUEST(pic_closed, LAPIC PIC("0xff")
      "movl $0x10700, 0x350(%rsi)\n" LINE_4_UP EXIT);
GUEST(pic_halfway, LAPIC
      "mov $0x11, %al\n"
      "out %al, $0x20\n" EXIT);
/* clang-format on */

TEST(the_8259_is_open_and_interrupts_are_off)
{
	machine_start(&m, pic_open, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("irq why"), "IRQ 4: the line is up\n by the 8259s, as "
				  "vector "
				  "0x24:\n  vCPU 0 "
				  "has RFLAGS.IF clear");
	CHECK_HAS(run("info pic"), "pic0: irr=10 imr=ef isr=00 hprio=0 "
				   "irq_base=20");
	machine_end(&m);
}

TEST(the_8259_and_the_virtual_wire_are_masked)
{
	machine_start(&m, pic_closed, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("irq why"), "  Line 4 is masked: bit 4 of the master "
				  "8259's IMR (0xff");
	CHECK_HAS(run("irq why"), "  The 8259s' output reaches no processor: "
				  "LINT0 of vCPU 0 is masked");
	machine_end(&m);
}

TEST(the_8259_waits_for_its_next_word)
{
	machine_start(&m, pic_halfway, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("irq why irq 4"), "it waits for ICW2 at port 0x21");
	machine_end(&m);
}

/* ---- the timer chip ---- */

/* clang-format off */
GUEST(pit, "mov $0x34, %al\n"
      "out %al, $0x43\n"
      "mov $0x9c, %al\n"
      "out %al, $0x40\n"
      "mov $0x2e, %al\n"
      "out %al, $0x40\n" EXIT);
/* clang-format on */

TEST(the_8254_as_programmed)
{
	machine_start(&m, pit, 64, NULL);
	run_to_exit();
	CHECK_HAS(run("info pit"), "channel 0 (IRQ 0): count=11932 mode=2 "
				   "(rate "
				   "generator) rw=3 bcd=0 gate=1, 99.9 Hz");
	machine_end(&m);
}
