/* A guest that debugs itself, while it is stepped and debugged from outside. */
#include "tests/kvm/step_rig.h"

static struct machine m;

/* clang-format off */

/* r12 gets the last DR6, r13 the last rip, r14 counts; RF lets it go on. */
#define DB(id)                                        \
	"db_" #id ": "                                \
	MARK(db) "mov %db6, %r12\n"                   \
	MARK(rip) "mov (%rsp), %r13\n"                \
	MARK(count) "inc %r14d\n"                     \
	MARK(rf) "orq $0x10000, 16(%rsp)\n"           \
	MARK(iret) "iretq\n"                          \
	"bp_" #id ": ud_" #id ": gp_" #id ": pf_" #id \
	": int_" #id ": irq_" #id ": hlt\n"

/* Five instructions end with TF set: as many #DB. */
STEP_GUEST(flag, "xor %r14d, %r14d\n"
	MARK(start) "pushf\n"
	MARK(or) "orq $0x100, (%rsp)\n"
	MARK(popf) "popf\n"
	MARK(a) "nop\n"
	MARK(b) "nop\n"
	MARK(c) "pushf\n"
	MARK(d) "andq $~0x100, (%rsp)\n"
	MARK(e) "popf\n"
	MARK(f) "nop\n"
	MARK(end) "nop\n"
	"1: jmp 1b\n", DB(flag));

STEP_GUEST(exec, "xor %r14d, %r14d\n"
	"lea own_exec(%rip), %rax\n"
	"mov %rax, %db0\n"
	"mov $0x402, %eax\n"
	"mov %rax, %db7\n"
	MARK(start) "nop\n"
	MARK(a) "nop\n"
	MARK(own) "own_exec: inc %ebx\n"
	MARK(b) "nop\n"
	MARK(end) "nop\n"
	"1: jmp 1b\n", DB(exec));

STEP_GUEST(data, "xor %r14d, %r14d\n"
	"mov $0x8e000, %edi\n"
	"mov %rdi, %db1\n"
	"mov $0xd00408, %eax\n" /* slot 1: writes of 4 bytes */
	"mov %rax, %db7\n"
	MARK(start) "nop\n"
	MARK(store) "movl $1, (%rdi)\n"
	MARK(b) "nop\n"
	MARK(end) "nop\n"
	"1: jmp 1b\n", DB(data));

STEP_GUEST(icebp, "xor %r14d, %r14d\n"
	MARK(start) "nop\n"
	MARK(own) ".byte 0xf1\n"
	MARK(b) "nop\n"
	MARK(end) "nop\n"
	"1: jmp 1b\n", DB(icebp));
/* clang-format on */

/* From `start` to `end` by steps. */
static void step_through(void)
{
	step_run_to(&m, "start");
	for (int i = 0; i < 60 && machine_pc(&m, 0) != step_at("end"); i++)
		CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_pc(&m, 0), step_at("end"));
}

TEST(own_trap_flag_works_alone_and_under_breakpoints)
{
	step_start(&m, flag, 64, NULL);
	step_run_to(&m, "end");
	CHECK_EQ(machine_reg(&m, "r14"), 5);
	machine_end(&m);
}

TEST(own_trap_flag_works_while_stepped)
{
	step_start(&m, flag, 64, NULL);
	step_need_landings(&m);
	step_through();
	CHECK_EQ(machine_reg(&m, "r14"), 5);
	CHECK_EQ(machine_reg(&m, "r12") & 0x4000, 0x4000);
	machine_end(&m);
}

TEST(own_execution_breakpoint_works_while_stepped)
{
	step_start(&m, exec, 64, NULL);
	step_need_landings(&m);
	step_through();
	CHECK_EQ(machine_reg(&m, "r14"), 1);
	CHECK_EQ(machine_reg(&m, "r12") & 0xf, 1);
	CHECK_EQ(machine_reg(&m, "r13"), step_at("own"));
	machine_end(&m);
}

TEST(own_execution_breakpoint_works_beside_hardware_ones)
{
	step_start(&m, exec, 64, NULL);
	step_need_landings(&m);
	step_run_to(&m, "start"); /* KVM does not tell of MOV to DR */
	machine_insert(&m, BP_HW, step_at("b"), 1);
	CHECK_STOP(machine_continue(&m), STOP_HWBREAK);
	CHECK_EQ(machine_pc(&m, 0), step_at("b"));
	CHECK_EQ(machine_reg(&m, "r14"), 1);
	CHECK_EQ(machine_reg(&m, "r12") & 0xf, 1);
	machine_end(&m);
}

TEST(own_watchpoint_works_while_stepped)
{
	step_start(&m, data, 64, NULL);
	step_need_landings(&m);
	if (m.caps.cpl0.hw_data != CAP_YES)
		test_skip("data debug registers never fire on this host");
	step_through();
	CHECK_EQ(machine_reg(&m, "r14"), 1);
	CHECK_EQ(machine_reg(&m, "r12") & 0xf, 2);
	CHECK_EQ(machine_reg(&m, "r13"), step_at("b"));
	machine_end(&m);
}

TEST(own_int1_works_while_stepped)
{
	step_start(&m, icebp, 64, NULL);
	step_need_landings(&m);
	if (m.caps.cpl0.int1 == INT3_INTERNAL_ERROR)
		test_skip("this KVM's emulator does not know INT1");
	step_through();
	CHECK_EQ(machine_reg(&m, "r14"), 1);
	CHECK_EQ(machine_reg(&m, "r13"), step_at("b"));
	machine_end(&m);
}
