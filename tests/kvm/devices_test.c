/* A real guest and the machine's devices. */
#include <poll.h>
#include <unistd.h>

#include "tests/kvm/machine.h"
#include "stub/inspect.h"
#include "vmm/dev/devices.h"

static struct machine m;

static void run_until_exit(int status)
{
	struct target_stop stop = machine_continue(&m);

	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(stop.status, status);
}

GUEST(debug_exit, "mov $0xf4, %dx\n"
		  "mov $0x10, %eax\n"
		  "out %eax, %dx\n"
		  "1: jmp 1b\n");

TEST(debug_exit_has_qemus_status)
{
	machine_start(&m, debug_exit, 64, NULL);
	run_until_exit(0x21);
	machine_end(&m);
}

GUEST(power_off, "mov $0x604, %dx\n"
		 "mov $0x2000, %ax\n"
		 "out %ax, %dx\n"
		 "1: jmp 1b\n");

TEST(acpi_power_off_ends_with_0)
{
	machine_start(&m, power_off, 64, NULL);
	run_until_exit(0);
	machine_end(&m);
}

/* Item 5, 16 bits, without firmware. */
GUEST(count_cpus, "mov $0x510, %dx\n"
		  "mov $5, %ax\n"
		  "out %ax, %dx\n"
		  "inc %dx\n"
		  "in %dx, %al\n"
		  "mov %al, %cl\n"
		  "in %dx, %al\n"
		  "mov %al, %ah\n"
		  "mov %cl, %al\n"
		  "mov $0xf4, %dx\n"
		  "out %eax, %dx\n"
		  "1: jmp 1b\n");

TEST(fw_cfg_tells_a_kernel_the_processors)
{
	machine_start(&m, count_cpus, 64, NULL);
	run_until_exit(3);
	machine_end(&m);
}

/* Exits with what comes back, xor the magic number when ebx has it. */
GUEST(backdoor, "mov $0x564d5868, %eax\n"
		"mov $10, %ecx\n"
		"mov $0x5658, %edx\n"
		"xor %ebx, %ebx\n"
		"in %dx, %eax\n"
		"xor $0x564d5868, %ebx\n"
		"or %ebx, %eax\n"
		"mov $0xf4, %dx\n"
		"out %eax, %dx\n"
		"1: jmp 1b\n");

TEST(vmwares_backdoor_changes_registers)
{
	machine_start(&m, backdoor, 64, NULL);
	run_until_exit(13);
	machine_end(&m);
}

GUEST(reboot, "mov $0xfe, %al\n"
	      "out %al, $0x64\n"
	      "1: jmp 1b\n");

TEST(keyboard_controller_resets)
{
	machine_start(&m, reboot, 64, NULL);
	CHECK_STOP(machine_continue(&m), STOP_RESET);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE);
	machine_end(&m);
}

/* KVM's IOAPIC: rax is what pin 4's entry was, then it gets vector 0x34. */
GUEST(ioapic_entry, "mov $0xfec00000, %ebx\n"
		    "movl $0x18, (%rbx)\n"
		    "mov 0x10(%rbx), %eax\n"
		    "movl $0x34, 0x10(%rbx)\n"
		    "out %al, $0xf4\n"
		    "1: jmp 1b\n");

TEST(reset_masks_kvms_ioapic_again)
{
	struct err err;

	machine_start(&m, ioapic_entry, 64, NULL);
	run_until_exit(1);
	CHECK_EQ(machine_reg(&m, "rax"), 0x10000);
	CHECK_OK(target_reset(m.target, &err), &err);
	run_until_exit(1);
	CHECK_EQ(machine_reg(&m, "rax"), 0x10000);
	machine_end(&m);
}

/* A string of bytes with one instruction, the last one with another. */
GUEST(rep_outs, "lea 2f(%rip), %rsi\n"
		"mov $5, %ecx\n"
		"mov $0x3f8, %dx\n"
		"rep outsb\n"
		"mov $0xe9, %dx\n"
		"mov $'!', %al\n"
		"out %al, %dx\n"
		"mov $0xf4, %dx\n"
		"xor %eax, %eax\n"
		"out %al, %dx\n"
		"1: jmp 1b\n"
		"2: .ascii \"hello\"\n");

TEST(string_output_reaches_the_console)
{
	struct machine_options o = {0};
	char dir[] = "/tmp/kvm-devices-XXXXXX", spec[64], got[16] = "";
	struct err err;
	FILE *f;

	CHECK(mkdtemp(dir));
	snprintf(spec, sizeof(spec), "file:%s/out", dir);
	CHECK_OK(console_open(spec, &o.serial, &err), &err);
	machine_start(&m, rep_outs, 64, &o);
	run_until_exit(1);
	machine_end(&m);
	console_close(o.serial);
	f = fopen(spec + 5, "r");
	CHECK(f && fgets(got, sizeof(got), f));
	fclose(f);
	unlink(spec + 5);
	rmdir(dir);
	CHECK_STR(got, "hello!");
}

GUEST(nobody, "mov $0x300, %dx\n"
	      "xor %eax, %eax\n"
	      "in %dx, %eax\n"
	      "mov $0xd0000000, %ebx\n"
	      "mov (%rbx), %ecx\n"
	      "mov $0xf4, %dx\n"
	      "out %al, %dx\n"
	      "1: jmp 1b\n");

TEST(unclaimed_reads_give_all_ones)
{
	machine_start(&m, nobody, 64, NULL);
	run_until_exit(0xff);
	CHECK_EQ(machine_reg(&m, "rax"), 0xffffffff);
	CHECK_EQ(machine_reg(&m, "rcx"), 0xffffffff);
	machine_end(&m);
}

/*
 * Real mode: the 8259 at vectors 0x20 up with IRQ 4 open, the serial port's
 * receive interrupt on; each byte that comes is sent back plus one, a newline
 * exits.
 */
GUEST(serial_irq, ".code16\n"
		  "cli\n"
		  "xor %ax, %ax\n"
		  "mov %ax, %ds\n"
		  "mov %ax, %ss\n"
		  "mov $0x7000, %sp\n"
		  "mov %ax, (0x24 * 4 + 2)\n"
		  "call 1f\n"
		  "1: pop %ax\n"
		  "add $(3f - 1b), %ax\n"
		  "mov %ax, (0x24 * 4)\n"
		  "mov $0x11, %al\n"
		  "out %al, $0x20\n"
		  "mov $0x20, %al\n"
		  "out %al, $0x21\n"
		  "mov $4, %al\n"
		  "out %al, $0x21\n"
		  "mov $1, %al\n"
		  "out %al, $0x21\n"
		  "mov $0xef, %al\n"
		  "out %al, $0x21\n"
		  "mov $0x3fa, %dx\n" /* FIFO on */
		  "mov $1, %al\n"
		  "out %al, %dx\n"
		  "mov $0x3fc, %dx\n" /* OUT2 */
		  "mov $8, %al\n"
		  "out %al, %dx\n"
		  "mov $0x3f9, %dx\n" /* received data */
		  "mov $1, %al\n"
		  "out %al, %dx\n"
		  "sti\n"
		  "2: hlt\n"
		  "jmp 2b\n"
		  "3: mov $0x3f8, %dx\n"
		  "in %dx, %al\n"
		  "cmp $10, %al\n"
		  "je 4f\n"
		  "inc %al\n"
		  "out %al, %dx\n"
		  "mov $0x3fd, %dx\n" /* more? the 8259 wants an edge */
		  "in %dx, %al\n"
		  "test $1, %al\n"
		  "jnz 3b\n"
		  "mov $0x20, %al\n"
		  "out %al, $0x20\n"
		  "iret\n"
		  "4: out %al, $0xf4\n"
		  "jmp 4b\n"
		  ".code64\n");

static const struct target_action go = {.kind = ACTION_CONTINUE};

/* Read n bytes that the guest sends, or fail after some seconds. */
static void expect_bytes(int fd, const char *text)
{
	char got[16] = "";
	size_t n = 0;

	while (n < strlen(text)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t r;

		CHECK(poll(&p, 1, 5000) == 1);
		r = read(fd, got + n, sizeof(got) - 1 - n);
		CHECK(r > 0);
		n += (size_t)r;
	}
	CHECK_STR(got, text);
}

TEST(serial_interrupt_wakes_a_halted_guest)
{
	struct machine_options o = {0};
	struct err err;
	int out[2];

	CHECK(!pipe(out));
	dup2(out[1], 1);
	CHECK_OK(console_open("stdio", &o.serial, &err), &err);
	machine_start(&m, serial_irq, 16, &o);
	CHECK_OK(target_resume(m.target, &go, &err), &err);
	usleep(100000);
	live_serial_input(m.live, "H", 1);
	expect_bytes(out[0], "I");
	live_serial_input(m.live, "@`", 2);
	expect_bytes(out[0], "Aa");
	live_serial_input(m.live, "\n", 1);
	CHECK_STOP(machine_wait(&m), STOP_EXITED);
	machine_end(&m);
	console_close(o.serial);
}

/* The RTC at 256 Hz; polls the slave PIC, exits with what register C says. */
GUEST(rtc_periodic, "cli\n"
		    "mov $0x11, %al\n"
		    "out %al, $0xa0\n"
		    "mov $0x70, %al\n"
		    "out %al, $0xa1\n"
		    "mov $2, %al\n"
		    "out %al, $0xa1\n"
		    "mov $1, %al\n"
		    "out %al, $0xa1\n"
		    "mov $0x0a, %al\n"
		    "out %al, $0x70\n"
		    "mov $0x28, %al\n"
		    "out %al, $0x71\n"
		    "mov $0x0b, %al\n"
		    "out %al, $0x70\n"
		    "mov $0x42, %al\n"
		    "out %al, $0x71\n"
		    "1: mov $0x0a, %al\n"
		    "out %al, $0xa0\n"
		    "in $0xa0, %al\n"
		    "test $1, %al\n"
		    "jz 1b\n"
		    "mov $0x0c, %al\n"
		    "out %al, $0x70\n"
		    "in $0x71, %al\n"
		    "and $0xc0, %al\n"
		    "shr $2, %al\n"
		    "out %al, $0xf4\n"
		    "1: jmp 1b\n");

TEST(rtc_raises_irq_8)
{
	machine_start(&m, rtc_periodic, 64, NULL);
	run_until_exit(0x61);
	machine_end(&m);
}

TEST(rtc_raises_irq_8_of_our_own_8259)
{
	const struct machine_options o = {.irqchip = IRQCHIP_USER};

	machine_start(&m, rtc_periodic, 64, &o);
	run_until_exit(0x61);
	machine_end(&m);
}

/* Exits with LSR's break bit and the byte that follows. */
GUEST(read_break, "mov $0x3fd, %dx\n"
		  "1: in %dx, %al\n"
		  "test $1, %al\n"
		  "jz 1b\n"
		  "mov %al, %ah\n"
		  "mov $0x3f8, %dx\n"
		  "in %dx, %al\n"
		  "in %dx, %al\n"
		  "and $0x10, %ah\n"
		  "sub $'t', %al\n"
		  "or %ah, %al\n"
		  "out %al, $0xf4\n"
		  "1: jmp 1b\n");

TEST(sysrq_is_a_break_and_a_key)
{
	struct err err;

	machine_start(&m, read_break, 64, NULL);
	CHECK_OK(target_type(m.target, true, "t", 1, &err), &err);
	CHECK(!target_type(m.target, true, "t", 1, &err));
	CHECK_HAS(err.msg, "has not read the last break");
	run_until_exit(0x21);
	machine_end(&m);
}
