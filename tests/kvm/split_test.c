/* --irqchip split: the guest's interrupts through our own IOAPIC. */
#include <unistd.h>

#include "tests/kvm/machine.h"
#include "vmm/dev/devices.h"

#define VECTOR	   0x34
#define REMOTE_IRR 0x4000u

static struct machine m;
static const struct machine_options split = {.irqchip = IRQCHIP_SPLIT};

/*
 * Long mode: vector 0x34 leads to `handler`, the local APIC is on, and `pin`
 * sends that vector to processor 0 with these flags.  Then rbx is the IOAPIC
 * with the low half of the pin's entry selected, rsi the local APIC, rcx 0, and
 * r8 what that entry was before.
 */
#define SET_UP(handler, pin, flags)              \
	"mov $0x88000, %esp\n"                   \
	"lea " handler "(%rip), %rax\n"          \
	"mov $0x90340, %edi\n"                   \
	"mov %ax, (%rdi)\n"                      \
	"mov %cs, 2(%rdi)\n"                     \
	"movw $0x8e00, 4(%rdi)\n"                \
	"shr $16, %eax\n"                        \
	"mov %ax, 6(%rdi)\n"                     \
	"movl $0, 8(%rdi)\n"                     \
	"movl $0, 12(%rdi)\n"                    \
	"movw $0xfff, 0x8f000\n"                 \
	"movl $0x90000, 0x8f002\n"               \
	"movl $0, 0x8f006\n"                     \
	"lidt 0x8f000\n"                         \
	"mov $0xfee00000, %esi\n"                \
	"movl $0x1ff, 0xf0(%rsi)\n"              \
	"mov $0xfec00000, %ebx\n"                \
	"movl $(0x11 + 2 * " pin "), (%rbx)\n"   \
	"movl $0, 0x10(%rbx)\n"                  \
	"movl $(0x10 + 2 * " pin "), (%rbx)\n"   \
	"mov 0x10(%rbx), %r8d\n"                 \
	"movl $(0x34 + " flags "), 0x10(%rbx)\n" \
	"xor %ecx, %ecx\n"

/* OUT2 and the interrupt of an empty transmitter; it is empty. */
#define SERIAL_ON           \
	"mov $0x3fc, %dx\n" \
	"mov $8, %al\n"     \
	"out %al, %dx\n"    \
	"mov $0x3f9, %dx\n" \
	"mov $2, %al\n"     \
	"out %al, %dx\n"

/* Reading IIR takes the serial port's interrupt back. */
#define SERIAL_ACK          \
	"mov $0x3fa, %dx\n" \
	"in %dx, %al\n"

#define EOI  "movl $0, 0xb0(%rsi)\n"
#define EXIT "mov $1, %al\nout %al, $0xf4\n"

static void run_to_exit(void)
{
	struct target_stop stop = machine_continue(&m);

	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(stop.status, 3);
}

/*
 * STI comes before the interrupt does: Bochs' SVM drops KVM's interrupt window
 * when a guest goes from STI straight to HLT with one pending.
 */
/* clang-format off */
GUEST(edge, SET_UP("handler_edge", "4", "0")
      "sti\n" SERIAL_ON
      "1: hlt\n"
      "jmp 1b\n"
      "handler_edge: inc %ecx\n" SERIAL_ACK
      "movzbl %al, %r9d\n" EOI EXIT
      "2: jmp 2b\n");
/* clang-format on */

static void run_edge(void)
{
	run_to_exit();
	CHECK_EQ(machine_reg(&m, "r8"), 0x10000);
	CHECK_EQ(machine_reg(&m, "rcx"), 1);
	CHECK_EQ(machine_reg(&m, "r9") & 0xf, 2); /* transmitter empty */
}

TEST(serial_interrupt_comes_through_pin_4)
{
	machine_start(&m, edge, 64, &split);
	run_edge();
	machine_end(&m);
}

TEST(reset_masks_the_pins_again)
{
	struct err err;

	machine_start(&m, edge, 64, &split);
	run_edge();
	CHECK_OK(target_reset(m.target, &err), &err);
	run_edge();
	machine_end(&m);
}

/*
 * A level pin: the first handler leaves the line up, so the EOI brings another
 * interrupt, which takes it down.  r10 is the entry once that has ended; then a
 * byte to send brings the next.  r9 is the entry as the first handler sees it.
 *
 * At least three interrupts: where KVM emulates the guest in batches it may
 * report the EOI before the handler got to the line, and there is one more.
 */
/* clang-format off */
GUEST(level, SET_UP("handler_level", "4", "0x8000") SERIAL_ON
      "sti\n"
      "1: cmp $2, %ecx\n"
      "jb 1b\n"
      "2: mov 0x10(%rbx), %r10d\n"
      "test $0x4000, %r10d\n"
      "jnz 2b\n"
      "mov %ecx, %r11d\n"
      "mov $0x3f8, %dx\n"
      "out %al, %dx\n"
      "3: cmp %r11d, %ecx\n"
      "je 3b\n" EXIT
      "4: jmp 4b\n"
      "handler_level: inc %ecx\n"
      "cmp $1, %ecx\n"
      "ja 5f\n"
      "mov 0x10(%rbx), %r9d\n"
      "jmp 6f\n"
      "5: push %rax\n"
      "push %rdx\n" SERIAL_ACK
      "pop %rdx\n"
      "pop %rax\n"
      "6: " EOI
      "iretq\n");
/* clang-format on */

TEST(level_interrupt_repeats_until_it_is_served)
{
	machine_start(&m, level, 64, &split);
	run_to_exit();
	CHECK(machine_reg(&m, "rcx") >= 3);
	CHECK_EQ(machine_reg(&m, "r9"), VECTOR | 0x8000 | REMOTE_IRR);
	CHECK_EQ(machine_reg(&m, "r10"), VECTOR | 0x8000);
	machine_end(&m);
}

/*
 * Halted until someone outside holds pin 10 up: interrupts without end, of
 * which ten are enough.  The guest reads the IOAPIC where it gets to run
 * between them: a KVM that emulates in batches tells of an EOI when it leaves
 * for another reason, and it does not leave for HLT.
 */
/* clang-format off */
GUEST(held, SET_UP("handler_held", "10", "0x8000")
      "sti\n"
      "hlt\n"
      "1: mov 0x10(%rbx), %eax\n"
      "jmp 1b\n"
      "handler_held: inc %ecx\n"
      "cmp $10, %ecx\n"
      "je 2f\n" EOI
      "iretq\n"
      "2: " EXIT
      "3: jmp 3b\n");
/* clang-format on */

static void drive(unsigned int pin, int level)
{
	struct devices *d = live_devices(m.live);

	pthread_mutex_lock(&d->bus->lock);
	ioapic_set_pin(&d->ioapic, pin, level);
	pthread_mutex_unlock(&d->bus->lock);
}

TEST(another_thread_raises_a_line_of_a_halted_guest)
{
	static const struct target_action go = {.kind = ACTION_CONTINUE};
	struct target_stop stop;
	struct err err;

	machine_start(&m, held, 64, &split);
	CHECK_OK(target_resume(m.target, &go, &err), &err);
	usleep(50000);
	drive(10, 1);
	stop = machine_wait(&m);
	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rcx"), 10);
	machine_end(&m);
}

/* The tables: no 8259s, our IOAPIC's version. */
TEST(tables_tell_of_the_ioapic_alone)
{
	uint8_t mp[0x200], version = 0;
	uint32_t config;

	machine_start(&m, edge, 64, &split);
	machine_read(&m, 0x9fc00, mp, sizeof(mp));
	CHECK(!memcmp(mp, "_MP_", 4));
	memcpy(&config, mp + 4, 4);
	machine_read(&m, config + 44 + 20 + 8 + 2, &version, 1);
	CHECK_EQ(version, IOAPIC_VERSION);
	machine_end(&m);
}
