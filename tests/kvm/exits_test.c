/* The flight recorder of real guests. */
#include "arch/exit/text.h"
#include "stub/inspect.h"
#include "stub/mon/monitor.h"
#include "tests/kvm/machine.h"

static struct machine m;
static struct buf out;

static const char *monitor(const char *line)
{
	buf_clear(&out);
	CHECK(monitor_run(m.target, 0, line, &out));
	return buf_cstr(&out);
}

/* The next place where `part` is printed, from *at on, which moves on. */
#define CHECK_NEXT(at, part)                                                   \
	do {                                                                   \
		const char *found_ = strstr(at, part);                         \
		if (!found_)                                                   \
			test_fail(__FILE__, __LINE__, "no \"%s\" in %s", part, \
				  at);                                         \
		at = found_ + strlen(part);                                    \
	} while (0)

static void finish(void)
{
	buf_deinit(&out);
	machine_end(&m);
}

GUEST(touches, "mov $0x3f8, %edx\n"
	       "mov $0x41, %al\n"
	       "out %al, %dx\n"
	       "mov $0xa, %al\n"
	       "out %al, $0x70\n"
	       "in $0x71, %al\n"
	       "mov $0xcf8, %edx\n"
	       "mov $0x80001010, %eax\n"
	       "out %eax, %dx\n"
	       "mov $0xcfc, %edx\n"
	       "in %dx, %eax\n"
	       "mov $0xfed000f0, %ebx\n"
	       "mov (%rbx), %eax\n"
	       "movl $0x12345678, 0x10(%rbx)\n"
	       "xor %eax, %eax\n"
	       "out %al, $0xf4\n"
	       "1: jmp 1b\n");

TEST(registers_are_named_in_order)
{
	const char *at;

	machine_start(&m, touches, 64, NULL);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	at = monitor("exits");
	CHECK_NEXT(at, "kvm_pio: pio_write at 0x3f8 size 1 count 1 val 0x41 | "
		       "rip 0x1000");
	CHECK_NEXT(at, " 16550 THR\n");
	CHECK_NEXT(at, "pio_write at 0x70 size 1 count 1 val 0xa | ");
	CHECK_NEXT(at, " cmos index\n");
	CHECK_NEXT(at, "pio_read at 0x71 ");
	CHECK_NEXT(at, " cmos RTC_A\n");
	CHECK_NEXT(at, "val 0x80001010 | ");
	CHECK_NEXT(at, "unclaimed: pci CONFIG_ADDRESS[00:02.0 0x10 BAR0]\n");
	CHECK_NEXT(at, "pio_read at 0xcfc size 4 count 1 val 0xffffffff | ");
	CHECK_NEXT(at, "unclaimed: pci CONFIG_DATA[00:02.0 0x10 BAR0]\n");
	CHECK_NEXT(at, "kvm_mmio: mmio read len 4 gpa 0xfed000f0 val 0x0 | ");
	CHECK_NEXT(at, " hpet MAIN_CNT\n");
	CHECK_NEXT(at, "mmio write len 4 gpa 0xfed00100 val 0x12345678 | ");
	CHECK_NEXT(at, " isa-debug-exit EXIT\n");
	CHECK_HAS(monitor("mmio 1"), "hpet timer 0 configuration\n");
	CHECK_HAS(monitor("exits 9 unclaimed r pci"), "pio_read at 0xcfc");
	finish();
}

/* 64 writes of rising values to the POST port. */
GUEST(many, "xor %eax, %eax\n"
	    "1: out %al, $0x80\n"
	    "inc %eax\n"
	    "cmp $64, %eax\n"
	    "jne 1b\n"
	    "out %al, $0xf4\n"
	    "2: jmp 2b\n");

TEST(the_ring_keeps_the_last_ones_and_counts_the_rest)
{
	struct exit_counts total, since;
	struct exit_record e;
	uint64_t all;
	size_t kept;

	machine_start(&m, many, 64, NULL);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	kept = target_records(m.target, 0, &all);
	CHECK_EQ(kept, 65);
	CHECK_EQ(all, 65);
	CHECK(target_record(m.target, 0, 63, &e));
	CHECK_EQ(e.value, 63);
	CHECK(target_exit_counts(m.target, 0, &total, &since));
	CHECK_EQ(total.by_reason[EXIT_IO], 65);
	CHECK_EQ(since.by_reason[EXIT_IO], 65);
	CHECK(total.ran_ns > 0 && since.ran_ns == total.ran_ns);
	finish();
}

TEST(a_small_ring_tells_its_losses)
{
	const struct machine_options small = {.recorder = 10};

	machine_start(&m, many, 64, &small);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(target_records(m.target, 0, NULL), 10);
	CHECK_HAS(monitor("exits all"), "val 0x37 |");
	CHECK(!strstr(buf_cstr(&out), "val 0x36 |"));
	CHECK_HAS(buf_cstr(&out), "55 older exits are overwritten");
	finish();
}

TEST(one_that_is_off_keeps_nothing)
{
	const struct machine_options off = {.recorder = RECORDER_OFF};
	struct exit_counts total, since;

	machine_start(&m, many, 64, &off);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_HAS(monitor("exits"), "no exit has reached user space");
	CHECK(!target_exit_counts(m.target, 0, &total, &since));
	finish();
}

GUEST(steps, "out %al, $0x80\n"
	     "nop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\n"
	     "out %al, $0xf4\n"
	     "1: jmp 1b\n");

/* Steps share one entry, whatever a step is made of on this host. */
TEST(single_steps_do_not_push_accesses_out)
{
	const struct machine_options small = {.recorder = 4};

	machine_start(&m, steps, 64, &small);
	for (int i = 0; i < 9; i++)
		CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_HAS(monitor("exits"), " post POST\n");
	CHECK_HAS(buf_cstr(&out), "reason KVM_EXIT_DEBUG (4)");
	CHECK_HAS(buf_cstr(&out), " times)");
	finish();
}

GUEST(halts, "hlt\n1: jmp 1b\n");

TEST(a_halt_is_recorded)
{
	const struct machine_options bare = {.irqchip = IRQCHIP_NONE};

	machine_start(&m, halts, 64, &bare);
	CHECK_STOP(machine_continue(&m), STOP_INTERRUPT);
	CHECK_HAS(monitor("exits hlt"), "reason KVM_EXIT_HLT (5)");
	finish();
}

GUEST(spins, "sti\n1: jmp 1b\n");

TEST(the_debuggers_interrupt_is_recorded)
{
	struct target_stop stop;

	machine_start(&m, spins, 64, NULL);
	stop = machine_run_for(&m, 20);
	CHECK_STOP(stop, STOP_INTERRUPT);
	CHECK_HAS(monitor("exits restart"), "reason restart (4) | rip 0x1000");
	finish();
}

/* Without interrupt controllers every access to their registers is seen. */
GUEST(controllers, "mov $0x11, %al\n"
		   "out %al, $0x20\n"
		   "mov $0x20, %al\n"
		   "out %al, $0x21\n"
		   "mov $0x34, %al\n"
		   "out %al, $0x43\n"
		   "xor %eax, %eax\n"
		   "out %al, $0x40\n"
		   "mov $0xfee00000, %ebx\n"
		   "movl $0x1ff, 0xf0(%rbx)\n"
		   "mov $0xfec00000, %ebx\n"
		   "movl $0x18, (%rbx)\n"
		   "movl $0x34, 0x10(%rbx)\n"
		   "out %al, $0xf4\n"
		   "1: jmp 1b\n");

TEST(interrupt_controllers_are_named_where_kvm_has_none)
{
	const struct machine_options bare = {.irqchip = IRQCHIP_NONE};
	const char *at;

	machine_start(&m, controllers, 64, &bare);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	at = monitor("exits");
	CHECK_NEXT(at, "pic master ICW1\n");
	CHECK_NEXT(at, "pic master ICW2 vector base\n");
	CHECK_NEXT(at, "pit control[counter 0, low and high byte, mode 2]\n");
	CHECK_NEXT(at, "pit counter 0[low byte]\n");
	CHECK_NEXT(at, "gpa 0xfee000f0 val 0x1ff ");
	CHECK_NEXT(at, "lapic APIC_SPIV\n");
	CHECK_NEXT(at, "ioapic IOREGSEL[redirection 4 low]\n");
	CHECK_NEXT(at, "ioapic IOWIN[redirection 4 low]\n");
	finish();
}

/*
 * The boot processor starts the other one; both write to the POST port, each
 * its own values, until the first has written 200 and ends the guest.
 */
GUEST(two_post, "mov $ap_two_post - guest_two_post + 0x100000, %esi\n"
		"mov $0x8000, %edi\n"
		"mov $64, %ecx\n"
		"rep movsb\n"
		"mov $0xfee00000, %esi\n"
		"movl $0x1ff, 0xf0(%rsi)\n"
		"movl $0x01000000, 0x310(%rsi)\n"
		"movl $0x00004500, 0x300(%rsi)\n"
		"mov $1000, %ecx\n1: loop 1b\n"
		"movl $0x01000000, 0x310(%rsi)\n"
		"movl $0x00004608, 0x300(%rsi)\n"
		"sti\n"
		"xor %ecx, %ecx\n"
		"2: mov $1, %al\n"
		"out %al, $0x80\n"
		"pause\n"
		"in $0x64, %al\n"
		"cmpb $0, 0x9000\n" /* has the other one been here? */
		"je 2b\n"
		"inc %ecx\n"
		"cmp $200, %ecx\n"
		"jne 2b\n"
		"out %al, $0xf4\n"
		"3: jmp 3b\n"
		"ap_two_post: .code16\n"
		"sti\n"
		"xor %ax, %ax\n"
		"mov %ax, %ds\n"
		"4: mov $2, %al\n"
		"out %al, $0x80\n"
		"movb $1, 0x9000\n"
		"jmp 4b\n"
		".code64\n"
		".fill 64, 1, 0x90\n");

TEST(two_vcpus_are_merged_by_time)
{
	const struct machine_options two = {.vcpus = 2};
	uint64_t before = 0;
	const char *line;
	unsigned int seen[2] = {0};

	machine_start(&m, two_post, 64, &two);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	line = monitor("exits all post");
	for (; !strncmp(line, "vcpu", 4); line = strchr(line, '\n') + 1) {
		unsigned long long s, us;
		unsigned int vcpu, value;

		CHECK(sscanf(line,
			     "vcpu%u %llu.%llu: kvm_pio: pio_write at 0x80 "
			     "size 1 count 1 val 0x%x |",
			     &vcpu, &s, &us, &value) == 4);
		CHECK_EQ(value, vcpu + 1);
		CHECK(s * 1000000 + us >= before);
		before = s * 1000000 + us;
		seen[vcpu]++;
	}
	CHECK(seen[0] >= 200 && seen[1]);
	CHECK(!strstr(monitor("exits -c 1 100"), "vcpu0"));
	finish();
}

/* Ports and memory that KVM answers by itself, then one that it does not. */
GUEST(in_kernel, "mov $0xfe, %al\n"
		 "out %al, $0x21\n"
		 "mov $0xfee00000, %ebx\n"
		 "movl $0x1ff, 0xf0(%rbx)\n"
		 "mov $0x42, %al\n"
		 "out %al, $0x80\n"
		 "out %al, $0xf4\n"
		 "1: jmp 1b\n");

TEST(the_kernels_trace_shows_what_kvm_serves)
{
	const char *at;

	machine_start(&m, in_kernel, 64, NULL);
	buf_clear(&out);
	if (!monitor_run(m.target, 0, "exits kernel on", &out)) {
		char why[200];

		snprintf(why, sizeof(why), "%.*s",
			 (int)strcspn(buf_cstr(&out), "\n"), buf_cstr(&out));
		machine_end(&m);
		test_skip("%s", why);
	}
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	at = monitor("exits 99 pic lapic post");
	CHECK_NEXT(at, "kvm_pio: pio_write at 0x21 size 1 count 1 val 0xfe "
		       "[kernel] pic master OCW1 mask\n");
	/* our own is there once, as a record, and in its place */
	CHECK_NEXT(at, "kvm_pio: pio_write at 0x80 size 1 count 1 val 0x42 | "
		       "rip 0x1000");
	CHECK(!strstr(at, "at 0x80 "));
	at = monitor("exits kernel 9999");
	CHECK_NEXT(at, "APIC_SPIV = 0x1ff [kernel]\n");
	CHECK_STR(monitor("exits kernel off"), "off\n");
	CHECK(!strstr(monitor("exits"), "[kernel]"));
	finish();
}

TEST(the_log_tells_how_the_machine_was_made)
{
	struct target_bp watch = {
		.type = BP_WRITE, .addr = 0x3000, .len = 1, .physical = true};
	struct err err;
	const char *at;

	machine_start(&m, many, 64, NULL);
	at = monitor("log vm");
	CHECK_NEXT(at, ": kvm: KVM_CREATE_VM type 0 = fd ");
	CHECK_NEXT(at, ": vm: KVM_SET_TSS_ADDR 0x");
	CHECK_NEXT(at, ": vm: KVM_CREATE_IRQCHIP = 0 (");
	CHECK_NEXT(at, " routes (");
	CHECK_NEXT(at, ": vm: KVM_SET_USER_MEMORY_REGION slot 0 gpa "
		       "0x0-0x1ffffff (32 MiB) at host 0x");
	CHECK_NEXT(at, ": vm: KVM_CREATE_VCPU id 0 = fd ");
	CHECK_NEXT(at, ": vcpu0: KVM_SET_CPUID2 ");
	CHECK_NEXT(at, "only counted:\n");
	CHECK_NEXT(at, " KVM_GET_SREGS");
	/* and what comes later */
	CHECK_OK(target_insert_bp(m.target, 0, &watch, &err), &err);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	at = monitor("log vm");
	if (strstr(at, "slot 0 removed")) /* page protection */
		CHECK_NEXT(at, "gpa 0x3000-0x3fff (4 KiB) at host 0x");
	CHECK_NEXT(at, "-- the guest runs from its first instruction --\n");
	CHECK_NEXT(at, " KVM_SET_GUEST_DEBUG");
	finish();
}
