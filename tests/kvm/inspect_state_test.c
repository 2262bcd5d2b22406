/* The live answers behind the state commands: clock, statistics, symbols. */
#include "arch/decode.h"
#include "stub/inspect.h"
#include "stub/mon/monitor.h"
#include "tests/kvm/machine.h"
#include "vmm/demo_image.h"

/* Sixteen bytes to a port nobody has, then a loop. */
GUEST(chatter, "	mov	$0x10, %ecx\n"
	       "	mov	$0x80, %edx\n"
	       "1:	out	%al, (%dx)\n"
	       "	dec	%ecx\n"
	       "	jnz	1b\n"
	       "2:	jmp	2b\n");

/* Its own GDT and IDT: vector 3 has a handler, 4 leads nowhere. */
GUEST(gates, "	lea	gates_idt(%rip), %rax\n"
	     "	lea	gates_handler(%rip), %rcx\n"
	     "	mov	%cx, 48(%rax)\n"
	     "	mov	%cs, 50(%rax)\n"
	     "	movw	$0x8e00, 52(%rax)\n"
	     "	shr	$16, %rcx\n"
	     "	mov	%cx, 54(%rax)\n"
	     "	movw	$0x8e00, 68(%rax)\n"
	     "	mov	%rax, gates_idtr+2(%rip)\n"
	     "	lidt	gates_idtr(%rip)\n"
	     "1:	jmp	1b\n"
	     "gates_handler:\n"
	     "	iretq\n"
	     "	.balign 16\n"
	     "gates_idt:\n"
	     "	.zero	80\n"
	     "gates_idtr:\n"
	     "	.word	79\n"
	     "	.quad	0\n");

/* Halts for good; waits for a word that nobody writes. */
GUEST(halts, "	cli\n"
	     "	hlt\n");
GUEST(loops, "1:	pause\n"
	     "	jmp	1b\n");
GUEST(waits, "	lea	waits_word(%rip), %rdi\n"
	     "1:	pause\n"
	     "	cmpl	$0, (%rdi)\n"
	     "	je	1b\n"
	     "	.balign 8\n"
	     "waits_word:\n"
	     "	.long	0\n");

/*
 * Starts the second processor, which halts for good, and waits for a word from
 * it.
 */
GUEST(betrayed, "	lea	betrayed_ap(%rip), %rsi\n"
		"	mov	$0x8000, %edi\n"
		"	mov	$2, %ecx\n"
		"	rep movsb\n"
		"	mov	$0xfee00000, %esi\n"
		"	movl	$0x1ff, 0xf0(%rsi)\n"
		"	movl	$0x01000000, 0x310(%rsi)\n"
		"	movl	$0x00004500, 0x300(%rsi)\n"
		"	mov	$1000, %ecx\n"
		"1:	loop	1b\n"
		"	movl	$0x01000000, 0x310(%rsi)\n"
		"	movl	$0x00004608, 0x300(%rsi)\n"
		"	lea	betrayed_word(%rip), %rdi\n"
		"2:	pause\n"
		"	cmpl	$0, (%rdi)\n"
		"	je	2b\n"
		"betrayed_ap:\n"
		"	cli\n"
		"	hlt\n"
		"	.balign 8\n"
		"betrayed_word:\n"
		"	.long	0\n");

static struct machine m;
static struct buf out;
static struct err err;

static const char *say(const char *line)
{
	buf_clear(&out);
	if (!monitor_run(m.target, 0, line, &out))
		test_fail(__FILE__, __LINE__, "%s: %s", line, buf_cstr(&out));
	return buf_cstr(&out);
}

static struct target_stat stat_of(unsigned int vcpu, const char *name)
{
	struct target_stat s;

	for (unsigned int i = 0; target_stat(m.target, vcpu, i, &s); i++)
		if (!strcmp(s.name, name))
			return s;
	test_fail(__FILE__, __LINE__, "no counter %s", name);
}

TEST(clocks_go_on)
{
	struct x86_clock a, b;

	machine_start(&m, chatter, 64, NULL);
	CHECK_OK(target_clock(m.target, 0, &a, &err), &err);
	machine_run_for(&m, 20);
	CHECK_OK(target_clock(m.target, 0, &b, &err), &err);
	CHECK(a.has_kvmclock && b.kvmclock_ns > a.kvmclock_ns);
	CHECK(b.guest_tsc > a.guest_tsc);
	CHECK_HAS(say("clock"), "kvmclock       ");
	machine_end(&m);
}

/* Let chatter say all it has to say; an emulator takes its time. */
static void run_until_said(const char *counter)
{
	uint64_t said = 0;

	for (int i = 0; i < 100 && said < 16; i++) {
		machine_run_for(&m, 20);
		said += stat_of(0, counter).since;
	}
	CHECK(said >= 16);
}

TEST(user_exits_are_counted)
{
	machine_start(&m, chatter, 64, NULL);
	CHECK_EQ(stat_of(0, "user_exits").value, 0);
	run_until_said("user_exits");
	CHECK(stat_of(TARGET_VM, "run_time_ns").since > 0);
	machine_run_for(&m, 20);
	CHECK(stat_of(0, "user_exits").value >= 16);
	CHECK(stat_of(0, "user_exits").since < 16);
	machine_end(&m);
}

TEST(kvms_own_counters)
{
	struct target_stat s;
	bool any = false;

	machine_start(&m, chatter, 64, NULL);
	for (unsigned int i = 0; target_stat(m.target, 0, i, &s); i++)
		any |= !strcmp(s.name, "exits");
	if (!any) {
		CHECK_HAS(say("stats -a"), "no KVM_GET_STATS_FD");
		test_skip("this KVM has no binary statistics");
	}
	CHECK_EQ(stat_of(0, "exits").since, 0);
	run_until_said("exits");
	CHECK_HAS(say("stats exits"), "vCPU 0\n  exits ");
	machine_end(&m);
}

TEST(a_step_is_counted_once_looked_at)
{
	machine_start(&m, chatter, 64, NULL);
	stat_of(0, "user_exits");
	for (int i = 0; i < 2; i++)
		machine_step(&m);
	machine_step(&m); /* the out */
	CHECK(stat_of(0, "user_exits").since >= 1);
	CHECK(stat_of(0, "user_exits").since < 4);
	machine_end(&m);
}

TEST(the_idt_of_a_guest)
{
	machine_start(&m, gates, 64, NULL);
	machine_run_for(&m, 20);
	CHECK_HAS(say("idt"), "limit 0x4f: 5 gates of 16 bytes");
	CHECK_HAS(say("idt"), "[3]       #BP  64-bit interrupt gate  ");
	CHECK_HAS(say("idt 3"), "the handler is executable");
	CHECK_HAS(say("idt 4"), "BAD  selector 0x0000 is null: gives #GP");
	machine_end(&m);
}

TEST(where_a_guest_loops)
{
	machine_start(&m, loops, 64, NULL);
	machine_run_for(&m, 20);
	CHECK_HAS(say("where"), "spinning: a loop of 2 instructions (with "
				"PAUSE) at 0x100000 that nothing in it leaves");
	machine_end(&m);
}

TEST(where_a_guest_spins)
{
	if (!decode_available())
		test_skip("built without an instruction decoder");
	machine_start(&m, waits, 64, NULL);
	machine_run_for(&m, 20);
	CHECK_HAS(say("where"), "* vCPU 0  0x1000");
	CHECK_HAS(say("where"), "spinning: a loop of 3 instructions (with "
				"PAUSE) at 0x100007 that waits for a change of "
				"0x10001");
	CHECK_HAS(say("where"), "(4 bytes, now 0x0)");
	CHECK_HAS(say("where"), "no processor is left to make it");
	machine_end(&m);
}

TEST(where_one_waits_for_another_that_has_halted)
{
	static const struct machine_options two = {.vcpus = 2};

	if (!decode_available())
		test_skip("built without an instruction decoder");
	machine_start(&m, betrayed, 64, &two);
	machine_run_for(&m, 200);
	CHECK_HAS(say("where"), "vCPU 1  0x8002 (0800:0002)  real CPL0 IF=0  "
				"halted");
	CHECK_HAS(say("why"), "\nvCPU 0 waits for a change of memory at "
			      "0x1000");
	CHECK_HAS(say("why"), ", and no processor is left to make it: vCPU 1 "
			      "is halted with IF=0; only ");
	machine_end(&m);
}

TEST(where_a_guest_has_halted)
{
	machine_start(&m, halts, 64, NULL);
	machine_run_for(&m, 20);
	CHECK_HAS(say("where"), "IF=0  halted");
	CHECK_HAS(say("where"), "halted with IF=0: only NMI or SMI can wake");
	CHECK_HAS(say("events"), "run state  halted");
	machine_end(&m);
}

TEST(where_nothing_can_wake_it)
{
	static const struct machine_options bare = {.irqchip = IRQCHIP_NONE};

	machine_start(&m, halts, 64, &bare);
	machine_continue(&m);
	CHECK_HAS(say("where"), "no interrupt controller: nothing can wake it");
	machine_end(&m);
}

TEST(symbols_of_the_demo)
{
	struct target_symbol s;

	machine_start_bytes(&m, demo_image, demo_image_size, 64, NULL);
	CHECK(target_symbol_find(m.target, "_start", &s));
	CHECK_EQ(s.addr, machine_pc(&m, 0));
	CHECK(target_symbol_at(m.target, s.addr, &s));
	CHECK_STR(s.name, "_start");
	CHECK(!target_symbol_find(m.target, "no_such_symbol", &s));
	CHECK(!target_symbol_at(m.target, 0x5000, &s));
	machine_end(&m);
}
