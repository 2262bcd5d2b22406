/* --irqchip user: the guest's interrupts through our own controllers. */
#include <unistd.h>

#include "stub/inspect.h"
#include "tests/kvm/machine.h"
#include "vmm/dev/devices.h"

static struct machine m;
static const struct machine_options user = {.irqchip = IRQCHIP_USER};
static const struct machine_options two = {.irqchip = IRQCHIP_USER, .vcpus = 2};

/*
 * Long mode: vector 0x34 leads to handler_ID, the NMI to nmi_ID; rsi is the
 * local APIC, which is on, and rcx 0.  CLI, for under Bochs guests start with
 * interrupts on.
 */
#define GATE(handler, at)               \
	"lea " handler "(%rip), %rax\n" \
	"mov $" at ", %edi\n"           \
	"mov %ax, (%rdi)\n"             \
	"mov %cs, 2(%rdi)\n"            \
	"movw $0x8e00, 4(%rdi)\n"       \
	"shr $16, %eax\n"               \
	"mov %ax, 6(%rdi)\n"            \
	"movl $0, 8(%rdi)\n"            \
	"movl $0, 12(%rdi)\n"

#define SET_UP(id)                                                      \
	"cli\n"                                                         \
	"mov $0x88000, %esp\n" GATE("handler_" #id, "0x90340")          \
		GATE("nmi_" #id, "0x90020") "movw $0xfff, 0x8f000\n"    \
					    "movl $0x90000, 0x8f002\n"  \
					    "movl $0, 0x8f006\n"        \
					    "lidt 0x8f000\n"            \
					    "mov $0xfee00000, %esi\n"   \
					    "movl $0x1ff, 0xf0(%rsi)\n" \
					    "xor %ecx, %ecx\n"

#define EOI	"movl $0, 0xb0(%rsi)\n"
#define EXIT	"mov $1, %al\nout %al, $0xf4\n"
#define NMI(id) "nmi_" #id ": inc %r8d\niretq\n"

static void run_to_exit(void)
{
	struct target_stop stop = machine_continue(&m);

	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(stop.status, 3);
}

static const struct x86_state *state_of(unsigned int vcpu)
{
	const struct x86_state *s;
	struct err err;

	s = target_state(m.target, vcpu, X86_GROUP_SYS | X86_GROUP_EVENT, &err);
	CHECK(s != NULL);
	return s;
}

/* Three ticks of the local APIC's timer, periodic, each ending a HLT. */
GUEST(tick, SET_UP(tick) "movl $0x20034, 0x320(%rsi)\n"
			 "movl $0xb, 0x3e0(%rsi)\n"
			 "movl $1000000, 0x380(%rsi)\n"
			 "1: sti\nhlt\ncli\n"
			 "cmp $3, %ecx\n"
			 "jb 1b\n" EXIT "2: jmp 2b\n"
			 "handler_tick: inc %ecx\n" EOI "iretq\n" NMI(tick));

TEST(timer_ends_a_halt)
{
	machine_start(&m, tick, 64, &user);
	run_to_exit();
	CHECK_EQ(machine_reg(&m, "rcx"), 3);
	machine_end(&m);
}

/* The same without HLT: KVM has to be left for the interrupt. */
GUEST(spin, SET_UP(spin) "movl $0x20034, 0x320(%rsi)\n"
			 "movl $0xb, 0x3e0(%rsi)\n"
			 "movl $1000000, 0x380(%rsi)\n"
			 "sti\n"
			 "1: cmp $3, %ecx\n"
			 "jb 1b\n" EXIT "2: jmp 2b\n"
			 "handler_spin: inc %ecx\n" EOI "iretq\n" NMI(spin));

TEST(timer_interrupts_a_loop)
{
	machine_start(&m, spin, 64, &user);
	run_to_exit();
	machine_end(&m);
}

/* The 8254 through the 8259s and LINT0, as on a PC without an APIC. */
GUEST(pit, SET_UP(pit) "mov $0x11, %al\nout %al, $0x20\n"
		       "mov $0x30, %al\nout %al, $0x21\n"
		       "mov $4, %al\nout %al, $0x21\n"
		       "mov $1, %al\nout %al, $0x21\n"
		       "mov $0xfe, %al\nout %al, $0x21\n"
		       "movl $0x700, 0x350(%rsi)\n"
		       "lea handler_pit(%rip), %rax\n"
		       "mov %ax, 0x90300\nmov %cs, 0x90302\n"
		       "movw $0x8e00, 0x90304\n"
		       "shr $16, %eax\nmov %ax, 0x90306\n"
		       "movl $0, 0x90308\n"
		       "mov $0x34, %al\nout %al, $0x43\n"
		       "mov $0x00, %al\nout %al, $0x40\n"
		       "mov $0x08, %al\nout %al, $0x40\n"
		       "1: sti\nhlt\ncli\n"
		       "cmp $3, %ecx\n"
		       "jb 1b\n" EXIT "2: jmp 2b\n"
		       "handler_pit: inc %ecx\n"
		       "mov $0x20, %al\nout %al, $0x20\niretq\n" NMI(pit));

TEST(pit_ticks_through_the_pic)
{
	struct x86_chips chips;
	struct err err;

	machine_start(&m, pit, 64, &user);
	run_to_exit();
	CHECK_OK(target_chips(m.target, &chips, &err), &err);
	CHECK(chips.has_pic && chips.has_pit && chips.has_ioapic);
	CHECK_EQ(chips.pic[0].irq_base, 0x30);
	CHECK_EQ(chips.pic[0].imr, 0xfe);
	CHECK_EQ(chips.pit.channel[0].mode, 2);
	CHECK_EQ(chips.pit.channel[0].count, 0x800);
	machine_end(&m);
}

/* An IPI to itself, held back by CR8 until that falls. */
GUEST(tpr, SET_UP(tpr) "mov $4, %eax\n"
		       "mov %rax, %cr8\n"
		       "mov 0x80(%rsi), %r9d\n"
		       "sti\n"
		       "movl $0x40034, 0x300(%rsi)\n"
		       "nop\nnop\n"
		       "mov %ecx, %r10d\n"
		       "xor %eax, %eax\n"
		       "mov %rax, %cr8\n"
		       "1: cmp $1, %ecx\n"
		       "jb 1b\n" EXIT "2: jmp 2b\n"
		       "handler_tpr: inc %ecx\n" EOI "iretq\n" NMI(tpr));

TEST(cr8_is_the_task_priority)
{
	machine_start(&m, tpr, 64, &user);
	run_to_exit();
	CHECK_EQ(machine_reg(&m, "r9"), 0x40);
	CHECK_EQ(machine_reg(&m, "r10"), 0);
	machine_end(&m);
}

/* Run until it sleeps, however long a loaded host takes; where that is. */
static gva_t halted_at(void)
{
	do {
		CHECK_STOP(machine_run_for(&m, 50), STOP_INTERRUPT);
	} while (state_of(0)->run_state != X86_HALTED);
	return machine_pc(&m, 0);
}

/* An NMI to itself with interrupts off, then one from the debugger in HLT. */
GUEST(nmi, SET_UP(nmi) "xor %r8d, %r8d\n"
		       "movl $0x44400, 0x300(%rsi)\n"
		       "1: cmp $1, %r8d\n"
		       "jb 1b\n"
		       "hlt\n" EXIT "2: jmp 2b\n"
		       "handler_nmi: iretq\n" NMI(nmi));

TEST(nmi_comes_with_interrupts_off_and_ends_a_halt)
{
	static const struct target_event event = {.kind = EVENT_NMI};
	struct err err;

	machine_start(&m, nmi, 64, &user);
	halted_at();
	CHECK_EQ(machine_reg(&m, "r8"), 1);
	CHECK_EQ(state_of(0)->run_state, X86_HALTED);
	CHECK_OK(target_inject(m.target, 0, &event, &err), &err);
	run_to_exit();
	CHECK_EQ(machine_reg(&m, "r8"), 2);
	machine_end(&m);
}

/* A level line, held up from outside: again and again, until it falls. */
GUEST(level, SET_UP(level) "mov $0xfec00000, %ebx\n"
			   "movl $0x25, (%rbx)\n"
			   "movl $0, 0x10(%rbx)\n"
			   "movl $0x24, (%rbx)\n"
			   "movl $0x8034, 0x10(%rbx)\n"
			   "1: sti\nhlt\ncli\n"
			   "jmp 1b\n"
			   "handler_level: inc %ecx\n"
			   "mov 0x10(%rbx), %r9d\n"
			   "cmp $10, %ecx\n"
			   "je 2f\n" EOI "iretq\n"
			   "2: " EXIT "3: jmp 3b\n" NMI(level));

TEST(level_line_interrupts_until_it_falls)
{
	static const struct target_action go = {.kind = ACTION_CONTINUE};
	struct devices *d;
	struct err err;

	machine_start(&m, level, 64, &user);
	d = live_devices(m.live);
	CHECK_OK(target_resume(m.target, &go, &err), &err);
	usleep(20000);
	pthread_mutex_lock(&d->bus->lock);
	devices_set_line(d, 10, 1);
	pthread_mutex_unlock(&d->bus->lock);
	CHECK_STOP(machine_wait(&m), STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rcx"), 10);
	CHECK_EQ(machine_reg(&m, "r9"), 0xc034); /* remote IRR */
	machine_end(&m);
}

/* The second processor is started, and interrupts the first. */
GUEST(ipi, SET_UP(ipi) "mov $ap_ipi - guest_ipi + 0x100000, %esi\n"
		       "mov $0x8000, %edi\n"
		       "mov $128, %ecx\n"
		       "rep movsb\n"
		       "mov $0xfee00000, %esi\n"
		       "movl $0x01000000, 0x310(%rsi)\n"
		       "movl $0x00004500, 0x300(%rsi)\n"
		       "movl $0x00004608, 0x300(%rsi)\n"
		       "xor %ecx, %ecx\n"
		       "1: sti\nhlt\ncli\n"
		       "cmp $1, %ecx\n"
		       "jb 1b\n" EXIT "2: jmp 2b\n"
		       "handler_ipi: inc %ecx\n" EOI
		       "iretq\n" NMI(ipi) "ap_ipi: .code16\n"
					  "xor %ax, %ax\n"
					  "mov %ax, %ds\n"
					  "lgdtl %cs:ap_gdtr_ipi - ap_ipi\n"
					  "mov %cr0, %eax\n"
					  "or $1, %al\n"
					  "mov %eax, %cr0\n"
					  "mov $8, %ax\n"
					  "mov %ax, %ds\n"
					  "mov $0xfee00000, %esi\n"
					  "movl $0, %ds:0x310(%esi)\n"
					  "movl $0x34, %ds:0x300(%esi)\n"
					  "3: hlt\njmp 3b\n"
					  ".balign 4\n"
					  "ap_gdt_ipi: .quad 0, "
					  "0x00cf92000000ffff\n"
					  "ap_gdtr_ipi: .word 15\n"
					  ".long 0x8000 + ap_gdt_ipi - ap_ipi\n"
					  ".code64\n"
					  ".fill 128, 1, 0x90\n");

TEST(second_processor_starts_and_sends_an_ipi)
{
	machine_start(&m, ipi, 64, &two);
	CHECK_EQ(state_of(1)->run_state, X86_WAIT_INIT);
	run_to_exit();
	CHECK(state_of(1)->run_state != X86_WAIT_SIPI);
	machine_end(&m);
}

/* Halted with nothing to come. */
GUEST(halt, SET_UP(halt) "sti\n"
			 "1: hlt\n"
			 "jmp 1b\n"
			 "handler_halt: inc %ecx\n" EOI "iretq\n" NMI(halt));

TEST(interrupt_key_stops_a_halted_guest)
{
	gva_t pc;

	machine_start(&m, halt, 64, &user);
	pc = halted_at();
	CHECK_EQ(state_of(0)->run_state, X86_HALTED);
	CHECK_EQ(halted_at(), pc); /* still asleep */
	machine_end(&m);
}

/*
 * A step over HLT ends asleep, and the next one is in the handler, or past it
 * where no debug register catches that: processors clear TF as they take an
 * interrupt.  One emulator steps over STI and the instruction after it at once.
 */
TEST(step_goes_over_hlt_and_into_what_wakes_it)
{
	static const struct target_event event = {.kind = EVENT_INTERRUPT,
						  .vector = 0x34};
	struct err err;
	gva_t hlt;

	machine_start(&m, halt, 64, &user);
	hlt = halted_at() - 1;
	machine_end(&m);
	machine_start(&m, halt, 64, &user);
	for (int i = 0; i < 64 && machine_pc(&m, 0) != hlt + 1; i++)
		CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), hlt + 1);
	CHECK_EQ(state_of(0)->run_state, X86_HALTED);
	CHECK_OK(target_inject(m.target, 0, &event, &err), &err);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK(machine_pc(&m, 0) != hlt + 1);
	if (m.caps.cpl0.hw_exec == CAP_YES) {
		CHECK_EQ(machine_reg(&m, "rcx"), 0);
		CHECK_STOP(machine_step(&m), STOP_STEP);
	}
	CHECK_EQ(machine_reg(&m, "rcx"), 1);
	machine_end(&m);
}

/* The recorder names what was accessed. */
TEST(recorder_shows_apic_registers)
{
	struct exit_record r;
	bool seen = false;

	machine_start(&m, halt, 64, &user);
	halted_at();
	for (unsigned int i = 0; target_record(m.target, 0, i, &r); i++)
		seen |= r.reg && !strcmp(r.reg, "APIC_SPIV") && r.device &&
			!strcmp(r.device, "lapic") && r.is_write;
	CHECK(seen);
	machine_end(&m);
}

TEST(reset_starts_over)
{
	struct err err;

	machine_start(&m, tick, 64, &user);
	run_to_exit();
	CHECK_OK(target_reset(m.target, &err), &err);
	CHECK_EQ(state_of(0)->apic_base, 0xfee00900);
	run_to_exit();
	CHECK_EQ(machine_reg(&m, "rcx"), 3);
	machine_end(&m);
}
