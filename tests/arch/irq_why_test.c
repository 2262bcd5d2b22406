/* Why an interrupt does not arrive: a machine where all is well, then not. */
#include "arch/irq/lapic.h"
#include "arch/irq/why.h"
#include "tests/test.h"

#define VCPUS 2

static struct x86_state cpu[VCPUS];
static struct x86_lapic lapic[VCPUS];
static struct x86_chips chips;
static struct irq_machine m = {VCPUS, cpu, lapic, &chips};
static struct buf out;

static void put(unsigned int vcpu, unsigned int offset, uint32_t value)
{
	memcpy(lapic[vcpu].regs + offset, &value, sizeof(value));
}

static void set_bit(unsigned int vcpu, unsigned int bits, unsigned int vector)
{
	unsigned int offset = bits + vector / 32 * 0x10;

	put(vcpu, offset, lapic_reg(&lapic[vcpu], offset) | 1u << vector % 32);
}

/* Long mode, interrupts on; pin 4 sends 0x34 to vCPU 0; the 8259s masked. */
static void setup(void)
{
	for (unsigned int i = 0; i < VCPUS; i++) {
		cpu[i] = (struct x86_state){.rflags = 0x202,
					    .rip = 0x1000,
					    .cr0 = 0x80000001,
					    .efer = 0x500,
					    .idt = {.limit = 0xfff},
					    .apic_base = 0xfee00800};
		memset(&lapic[i], 0, sizeof(lapic[i]));
		put(i, LAPIC_ID, i << 24);
		put(i, LAPIC_SVR, 0x1ff);
		put(i, LAPIC_DFR, ~0u);
		for (unsigned int r = LAPIC_LVT_TIMER; r <= LAPIC_LVT_ERROR;
		     r += 0x10)
			put(i, r, LVT_MASKED);
	}
	memset(&chips, 0, sizeof(chips));
	chips.has_pic = chips.has_ioapic = true;
	for (unsigned int i = 0; i < 2; i++)
		chips.pic[i] = (struct x86_pic){
			.imr = 0xff, .irq_base = (uint8_t)(0x20 + 8 * i)};
	for (unsigned int i = 0; i < IOAPIC_PINS; i++)
		chips.ioapic.redir[i] = LVT_MASKED;
	chips.ioapic.redir[4] = 0x34;
}

static const char *all(void)
{
	buf_clear(&out);
	irq_why_all(&m, &out);
	return buf_cstr(&out);
}

static const char *vector(unsigned int v)
{
	buf_clear(&out);
	irq_why_vector(&m, v, &out);
	return buf_cstr(&out);
}

static const char *line(unsigned int n)
{
	buf_clear(&out);
	irq_why_line(&m, n, &out);
	return buf_cstr(&out);
}

/* ---- in the local APIC ---- */

static void request(void)
{
	setup();
	set_bit(0, LAPIC_IRR, 0x34);
}

TEST(nothing_waits)
{
	setup();
	CHECK_HAS(all(), "no interrupt waits");
}

TEST(a_request_with_nothing_in_its_way)
{
	request();
	CHECK_STR(all(), "vCPU 0: vector 0x34 waits in the local APIC (IRR) "
			 "(IOAPIC "
			 "pin 4)\n"
			 "  Nothing holds it back: vCPU 0 takes it as soon as "
			 "it runs "
			 "on.\n");
}

TEST(interrupts_off)
{
	request();
	cpu[0].rflags = 2;
	CHECK_HAS(all(), "vCPU 0 has RFLAGS.IF clear at 0x1000");
}

TEST(halted_with_interrupts_off)
{
	request();
	cpu[0].rflags = 2;
	cpu[0].run_state = X86_HALTED;
	CHECK_HAS(all(), "halted with RFLAGS.IF clear at 0x1000: only an NMI");
}

TEST(halted_with_interrupts_on_wakes)
{
	request();
	cpu[0].run_state = X86_HALTED;
	CHECK_HAS(all(), "Nothing holds it back");
}

TEST(shadow)
{
	request();
	cpu[0].event.interrupt_shadow = 2;
	CHECK_HAS(all(), "0x1000 is in the shadow of STI");
	cpu[0].event.interrupt_shadow = 1;
	CHECK_HAS(all(), "shadow of MOV SS or POP SS");
}

TEST(task_priority)
{
	request();
	put(0, LAPIC_TPR, 0x30);
	CHECK_HAS(all(), "task priority of vCPU 0 is 0x30, which holds off all "
			 "vectors below 0x40");
	put(0, LAPIC_TPR, 0x20);
	CHECK_HAS(all(), "Nothing holds it back");
}

TEST(missing_eoi_of_another_vector)
{
	request();
	set_bit(0, LAPIC_ISR, 0x3f);
	CHECK_HAS(all(), "has vector 0x3f in service, whose priority is not "
			 "lower");
}

TEST(higher_request_goes_first)
{
	request();
	set_bit(0, LAPIC_IRR, 0x80);
	CHECK_HAS(all(), "Vector 0x80 is requested too and goes first");
}

TEST(apic_off)
{
	request();
	cpu[0].apic_base = 0xfee00000;
	CHECK_HAS(all(), "vCPU 0 is off (IA32_APIC_BASE.EN is 0)");
}

TEST(another_event_is_on_its_way)
{
	request();
	cpu[0].event.interrupt_injected = true;
	cpu[0].event.interrupt_nr = 0x21;
	CHECK_HAS(all(), "takes interrupt 0x21 first");
	cpu[0].event.exception_pending = true;
	cpu[0].event.exception_nr = 14;
	CHECK_HAS(all(), "takes an exception first: #PF");
}

TEST(short_idt)
{
	request();
	cpu[0].idt.limit = 0x1ff;
	CHECK_HAS(all(), "(limit 0x1ff) ends before vector 0x34");
}

TEST(processor_not_started)
{
	setup();
	set_bit(1, LAPIC_IRR, 0x40);
	cpu[1].run_state = X86_WAIT_INIT;
	CHECK_HAS(all(), "vCPU 1 has not been started");
	cpu[1].run_state = X86_WAIT_SIPI;
	CHECK_HAS(all(), "vCPU 1 has had INIT and waits for SIPI");
}

TEST(reserved_vector_in_the_irr)
{
	setup();
	set_bit(0, LAPIC_IRR, 5);
	CHECK_HAS(all(), "Vectors below 0x10 are reserved");
}

TEST(nmi_inside_an_nmi_handler)
{
	setup();
	cpu[0].event.nmi_pending = cpu[0].event.nmi_masked = true;
	CHECK_HAS(all(), "an NMI waits\n  vCPU 0 is inside an NMI handler");
}

/* ---- from the IOAPIC ---- */

static void assert_pin_4(uint64_t entry)
{
	setup();
	chips.ioapic.redir[4] = entry;
	chips.ioapic.irr = 1 << 4;
}

TEST(masked_pin)
{
	assert_pin_4(0x34 | LVT_MASKED);
	CHECK_HAS(all(), "IRQ 4: an edge of it waits\n by the IOAPIC, pin 4, "
			 "as "
			 "vector 0x34 (edge):\n  IOAPIC pin 4 is masked");
	CHECK_HAS(all(), "An edge on a masked pin is lost");
	CHECK_HAS(all(), "Line 4 is masked: bit 4 of the master 8259's IMR");
	CHECK_HAS(all(), "LINT0 of vCPU 0 is masked");
}

TEST(remote_irr_in_service)
{
	assert_pin_4(0x34 | LVT_LEVEL | LVT_REMOTE_IRR);
	set_bit(0, LAPIC_ISR, 0x34);
	CHECK_HAS(all(), "IRQ 4: the line is up\n by the IOAPIC, pin 4, as "
			 "vector "
			 "0x34 (level):\n  It was sent as vector 0x34");
	CHECK_HAS(all(), "vCPU 0 has it in service");
	CHECK(!strstr(all(), "8259"));
}

TEST(remote_irr_requested)
{
	assert_pin_4(0x34 | LVT_LEVEL | LVT_REMOTE_IRR);
	set_bit(0, LAPIC_IRR, 0x34);
	cpu[0].rflags = 2;
	CHECK_HAS(all(), "It waits in the local APIC of vCPU 0:\n  vCPU 0 has "
			 "RFLAGS.IF clear");
}

TEST(remote_irr_whose_eoi_went_astray)
{
	assert_pin_4(0x34 | LVT_LEVEL | LVT_REMOTE_IRR);
	CHECK_HAS(all(), "has not reached the IOAPIC yet, or went astray");
}

TEST(destination_nobody_has)
{
	assert_pin_4(0x34 | LVT_LEVEL | UINT64_C(7) << 56);
	CHECK_HAS(all(), "destination, physical 0x7, matches no vCPU");
	assert_pin_4(0x34 | LVT_LEVEL | LVT_LOGICAL | UINT64_C(4) << 56);
	CHECK_HAS(all(), "destination, logical 0x4, matches no vCPU");
}

TEST(destination_that_takes_nothing)
{
	assert_pin_4(0x34 | LVT_LEVEL | UINT64_C(1) << 56);
	put(1, LAPIC_SVR, 0xff);
	CHECK_HAS(all(), "local APIC of vCPU 1 is software-disabled");
	cpu[1].apic_base = 0;
	CHECK_HAS(all(), "local APIC of vCPU 1 is off");
}

TEST(odd_delivery)
{
	assert_pin_4(0x05 | LVT_LEVEL);
	CHECK_HAS(all(), "vector, 0x5, is reserved");
	assert_pin_4(0x734 | LVT_LEVEL);
	CHECK_HAS(all(), "delivery mode is ExtINT");
}

TEST(edge_sent_while_the_line_stays_up)
{
	setup();
	chips.pic[0].last_irr = 1 << 4;
	CHECK_HAS(all(), "IRQ 4: the line is up\n  The line is up, but "
			 "edge-triggered, and its edge has been sent");
	set_bit(0, LAPIC_ISR, 0x34); /* the handler is at it */
	CHECK_HAS(all(), "no interrupt waits");
}

TEST(an_edge_the_unused_8259_remembers_is_no_news)
{
	setup();
	chips.pic[0].irr = 1 << 4;
	CHECK_HAS(all(), "no interrupt waits");
	CHECK_HAS(line(4), "IRQ 4: the line is down;");
}

TEST(an_edge_that_nobody_opened_waits)
{
	setup();
	chips.ioapic.redir[4] = LVT_MASKED;
	chips.pic[0].irr = 1 << 4;
	CHECK_HAS(all(), "IRQ 4: an edge of it waits\n by the 8259s");
	CHECK_HAS(line(4), "IRQ 4: the line is not up, an edge of it waits;");
}

/* ---- from the 8259s ---- */

/* As a PC without IOAPIC has it: line n open, LINT0 passes. */
static void pic_line(unsigned int n)
{
	setup();
	chips.ioapic.redir[4] = LVT_MASKED;
	chips.pic[0].imr = chips.pic[1].imr = 0;
	chips.pic[n / 8].irr = (uint8_t)(1 << n % 8);
	chips.pic[n / 8].last_irr = chips.pic[n / 8].irr;
	put(0, LAPIC_LVT_LINT0, 0x700);
}

TEST(open_8259_with_interrupts_off)
{
	pic_line(4);
	cpu[0].rflags = 2;
	CHECK_STR(all(), "IRQ 4: the line is up\n"
			 " by the 8259s, as vector 0x24:\n"
			 "  vCPU 0 has RFLAGS.IF clear at 0x1000: the guest "
			 "has to get to STI, POPF or IRET.\n");
}

TEST(masked_line_and_masked_cascade)
{
	pic_line(12);
	chips.pic[0].imr = 4;
	CHECK_HAS(all(), "Line 2 is masked: bit 2 of the master");
	chips.pic[1].imr = 0x10;
	CHECK_HAS(all(), "Line 12 is masked: bit 4 of the slave 8259's IMR "
			 "(0x10 at port 0xa1)");
}

TEST(missing_eoi_at_the_8259)
{
	pic_line(4);
	chips.pic[0].isr = 2;
	CHECK_HAS(all(), "has line 1 in service, whose priority is not lower: "
			 "the guest has not sent its EOI (0x20 to port 0x20)");
	chips.pic[0].isr = 0x40; /* lower priority */
	CHECK_HAS(all(), "Nothing is in its way");
	chips.pic[0].priority_add = 6; /* rotated: 6 is the highest */
	CHECK_HAS(all(), "has line 6 in service");
}

TEST(uninitialized_8259)
{
	pic_line(4);
	chips.pic[0].irq_base = 0;
	CHECK_HAS(all(), "never been initialized");
	chips.pic[0].init_state = 1;
	CHECK_HAS(all(), "waits for ICW2 at port 0x21");
}

TEST(virtual_wire_closed)
{
	pic_line(4);
	put(0, LAPIC_LVT_LINT0, LVT_MASKED | 0x700);
	CHECK_HAS(all(), "LINT0 of vCPU 0 is masked (LVT0 0x10700)");
	cpu[0].apic_base = 0; /* then the 8259s reach the processor directly */
	CHECK_HAS(all(), "Nothing is in its way");
}

/* ---- what can never come ---- */

TEST(running_timer_with_a_masked_entry)
{
	setup();
	put(1, LAPIC_LVT_TIMER, LVT_MASKED | 0x40);
	put(1, LAPIC_INITIAL_COUNT, 1000);
	put(1, LAPIC_CURRENT_COUNT, 500);
	CHECK_HAS(all(), "vCPU 1: its local APIC's timer runs\n  The entry is "
			 "masked (bit 16 of register 0x320)");
}

TEST(ipi_to_nobody)
{
	setup();
	put(0, LAPIC_ICR, 0x4041);
	put(0, LAPIC_ICR2, 9u << 24);
	CHECK_HAS(all(), "last IPI of vCPU 0, vector 0x41, went to physical "
			 "destination 0x9, which no vCPU has");
	CHECK_HAS(vector(0x41), "vCPU 0: its last IPI had this vector");
}

/* ---- asked for by name ---- */

TEST(vector_that_a_stopped_timer_would_send)
{
	setup();
	put(0, LAPIC_LVT_TIMER, 0x40);
	cpu[0].rflags = 2;
	CHECK_HAS(vector(0x40), "0x40 is neither requested nor in service");
	CHECK_HAS(vector(0x40), "its LVT timer sends it\n  The timer stands "
				"still: its initial count is 0");
	CHECK_HAS(vector(0x40), "when it comes to vCPU 0:\n  vCPU 0 has "
				"RFLAGS.IF clear");
	put(0, LAPIC_INITIAL_COUNT, 5);
	CHECK_HAS(vector(0x40), "one-shot and has fired already");
	put(0, LAPIC_LVT_TIMER, 0x40 | LVT_TIMER_DEADLINE);
	CHECK_HAS(vector(0x40), "TSC-deadline mode");
}

TEST(vector_in_service)
{
	setup();
	set_bit(1, LAPIC_ISR, 0x50);
	CHECK_HAS(vector(0x50), "vCPU 1: vector 0x50 is in service");
}

TEST(vector_nobody_sends)
{
	setup();
	CHECK_HAS(vector(0x99), "nothing in this machine sends it");
	CHECK_HAS(vector(0x34), "IOAPIC pin 4 sends it; nothing waits there");
	CHECK_HAS(vector(0x24), "line 4 of the 8259s sends it");
}

TEST(low_line)
{
	setup();
	chips.raised[4] = 7;
	CHECK_HAS(line(4), "IRQ 4: the line is down; devices raised it 7 "
			   "times\n"
			   "  Its device does not ask");
	CHECK_HAS(line(4), "by the IOAPIC, pin 4, as vector 0x34 (edge):\n  "
			   "Nothing is in its way");
	CHECK_HAS(line(0), "by the IOAPIC, pin 2");
	CHECK_HAS(line(2), "The slave 8259 drives it");
	CHECK_HAS(line(20), "IOAPIC pin 20 is masked");
}

TEST(machines_with_less)
{
	setup();
	m.chips = NULL;
	set_bit(0, LAPIC_IRR, 0x34);
	CHECK_HAS(all(), "vector 0x34 waits");
	CHECK_HAS(line(4), "no controller for it");
	m.lapic = NULL;
	m.chips = &chips;
	chips.ioapic.irr = 1 << 4;
	CHECK_HAS(all(), "IRQ 4: ");
	m.lapic = lapic;
}
