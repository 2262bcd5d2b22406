/*
 * --assist: a guest ends up the same whether the processor, KVM's emulator or
 * this program did its instructions.
 */
#include "arch/decode.h"
#include "tests/kvm/machine.h"
#include "vmm/vm.h"

#define START               \
	"mov %cr4, %rax\n"  \
	"or $0x200, %eax\n" \
	"mov %rax, %cr4\n"  \
	"mov $0x6000, %ebx\n"

GUEST(control, START "fninit\n"
		     "fwait\n"
		     "fnstcw (%rbx)\n"
		     "movw $0x27f, 2(%rbx)\n"
		     "fldcw 2(%rbx)\n"
		     "fnstcw 4(%rbx)\n"
		     "fnstsw %ax\n"
		     "movw %ax, 6(%rbx)\n"
		     "movl $0x1fa0, 8(%rbx)\n"
		     "ldmxcsr 8(%rbx)\n"
		     "stmxcsr 12(%rbx)\n"
		     "movb $1, %al\n"
		     "out %al, $0xf4\n");

static void start(struct machine *m, const uint8_t *image, size_t size)
{
	struct machine_options o = {.assist = true};

	if (!decode_available())
		test_skip("built without an instruction decoder");
	machine_start_bytes(m, image, size, 64, &o);
}

#define START_GUEST(m, id) \
	start(m, guest_##id, (size_t)(guest_##id##_end - guest_##id))

TEST(fpu_control_instructions)
{
	struct target_stop stop;
	uint16_t w[4];
	uint32_t mxcsr;
	struct machine m;

	START_GUEST(&m, control);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_EXITED);
	machine_read(&m, 0x6000, w, sizeof(w));
	machine_read(&m, 0x600c, &mxcsr, sizeof(mxcsr));
	CHECK_EQ(w[0], 0x37f);
	CHECK_EQ(w[2], 0x27f);
	CHECK_EQ(w[3], 0);
	CHECK_EQ(mxcsr, 0x1fa0);
	machine_end(&m);
}

TEST(a_step_is_one_instruction)
{
	struct machine m;

	START_GUEST(&m, control);
	for (int i = 0; i < 4; i++)
		CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 16);
	CHECK_STOP(machine_step(&m), STOP_STEP); /* fninit */
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 18);
	CHECK_STOP(machine_step(&m), STOP_STEP); /* fwait */
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE + 19);
	machine_end(&m);
}

TEST(each_is_counted_and_marked_in_the_recorder)
{
	struct exit_record last = {.where = 0};
	struct target_stat stat;
	struct machine m;
	uint64_t fwaits = 0;

	START_GUEST(&m, control);
	if (m.caps.sse_cpl0 != CAP_NO)
		test_skip("this host runs FPU instructions at CPL 0 itself");
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	for (unsigned int i = 0; target_stat(m.target, 0, i, &stat); i++)
		if (!strcmp(stat.name, "assist_fwait"))
			fwaits = stat.value;
	CHECK_EQ(fwaits, 1);
	CHECK(target_record(m.target, 0, 0, &last));
	CHECK_STR(last.device, "assist");
	CHECK_STR(last.reg, "fwait");
	machine_end(&m);
}

TEST(without_it_they_kill_the_guest_where_kvm_emulates)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, control, 64, NULL);
	stop = machine_continue(&m);
	if (stop.kind == STOP_EXITED)
		test_skip("this host runs FPU instructions at CPL 0 itself");
	CHECK_STOP(stop, STOP_ERROR);
	machine_end(&m);
}

GUEST(cx16, START "mov $1, %eax\n"
		  "xor %edx, %edx\n"
		  "movq $1, (%rbx)\n"
		  "movq $0, 8(%rbx)\n"
		  "mov %rbx, %rsi\n"
		  "mov $7, %ebx\n"
		  "mov $9, %ecx\n"
		  "lock cmpxchg16b (%rsi)\n"
		  "setz %cl\n"
		  "movb $1, %al\n"
		  "out %al, $0xf4\n");

TEST(cmpxchg16b)
{
	uint64_t pair[2];
	struct machine m;

	START_GUEST(&m, cx16);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	machine_read(&m, 0x6000, pair, sizeof(pair));
	CHECK_EQ(pair[0], 7);
	CHECK_EQ(pair[1], 9);
	CHECK_EQ(machine_reg(&m, "rcx"), 1);
	machine_end(&m);
}

/* A gate for vector 0x80 at 0x5800: handler GUEST_BASE + 0x100. */
#define GATE_80                      \
	"movl $0x00080100, 0x5800\n" \
	"movw %cs, 0x5802\n"         \
	"movl $0x00108e00, 0x5804\n" \
	"movl $0, 0x5808\n"          \
	"movl $0, 0x580c\n"          \
	"sub $16, %rsp\n"            \
	"movw $0xfff, 6(%rsp)\n"     \
	"movq $0x5000, 8(%rsp)\n"    \
	"lidt 6(%rsp)\n"

GUEST(int80, GATE_80 "mov $5, %edx\n"
		     "int $0x80\n"
		     "movb $1, %al\n"
		     "out %al, $0xf4\n"
		     ".org guest_int80 + 0x100\n"
		     "inc %edx\n"
		     "iretq\n");

TEST(int_n_goes_through_the_gate_and_comes_back)
{
	struct machine m;

	START_GUEST(&m, int80);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rdx"), 6);
	machine_end(&m);
}

GUEST(fault, START "movl $0xffffffff, (%rbx)\n" GATE_80 "movl $0x00080100, "
		   "0x50d0\n" /* #GP */
		   "movw %cs, 0x50d2\n"
		   "movl $0x00108e00, 0x50d4\n"
		   "movl $0, 0x50d8\n"
		   "ldmxcsr (%rbx)\n"
		   "nop\n"
		   ".org guest_fault + 0x100\n"
		   "pop %rdx\n"		/* error code */
		   "mov (%rsp), %rcx\n" /* rip: still on the ldmxcsr */
		   "mov (%rcx), %ecx\n"
		   "movb $1, %al\n"
		   "out %al, $0xf4\n");

TEST(a_bad_operand_faults_as_on_hardware)
{
	struct machine m;

	START_GUEST(&m, fault);
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rdx"), 0);
	CHECK_EQ(machine_reg(&m, "rcx") & 0xffffff, 0x13ae0f);
	machine_end(&m);
}
