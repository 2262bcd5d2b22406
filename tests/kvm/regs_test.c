/* Registers of a live guest: real values, and refusals that change nothing. */
#include "arch/regs.h"
#include "tests/kvm/machine.h"

GUEST(idle, "1: jmp 1b\n");

static bool try_write(struct machine *m, const char *name, uint64_t value,
		      struct err *err)
{
	const struct reg_def *reg = reg_find(name);
	const struct x86_state *old;
	struct x86_state s;

	old = target_state(m->target, 0, X86_GROUP_ALL, err);
	CHECK(reg && old);
	s = *old;
	return reg_write(reg, &s, NULL, &value, err) &&
	       target_set_state(m->target, 0, reg->group, &s, err);
}

TEST(every_register_is_read_back_as_written)
{
	static const char *const name[] = {
		"rax",	     "r12",	"r13",		"r14",
		"r15",	     "fs_base", "gs_base",	"cr2",
		"k_gs_base", "lstar",	"sysenter_eip", "dr0"};
	struct machine m;
	struct err err;

	machine_start(&m, idle, 64, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(name); i++)
		CHECK_OK(try_write(&m, name[i], 0x7000 + 16 * i, &err), &err);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	for (unsigned int i = 0; i < ARRAY_SIZE(name); i++)
		CHECK_EQ(machine_reg(&m, name[i]), 0x7000 + 16 * i);
	machine_end(&m);
}

TEST(vector_and_x87_registers_are_real)
{
	const struct x86_state *old;
	struct x86_state s;
	struct machine m;
	struct err err;

	machine_start(&m, idle, 64, NULL);
	old = target_state(m.target, 0, X86_GROUP_FPU, &err);
	CHECK(old != NULL);
	CHECK_EQ(old->fpu.mxcsr, 0x1f80);
	CHECK_EQ(old->fpu.fctrl, 0x37f);
	CHECK_EQ(old->fpu.ftag, 0xffff);
	s = *old;
	memset(s.fpu.xmm[15], 0x5a, 16);
	memcpy(s.fpu.st[0], "\0\0\0\0\0\0\0\x80\xff\x3f", 10); /* 1.0 */
	s.fpu.ftag = 0x3fff; /* register 7, the only one in use, is valid */
	s.fpu.fstat = 7 << 11;
	CHECK_OK(target_set_state(m.target, 0, X86_GROUP_FPU, &s, &err), &err);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	old = target_state(m.target, 0, X86_GROUP_FPU, &err);
	CHECK(old != NULL);
	CHECK_EQ(old->fpu.xmm[15][7], 0x5a);
	CHECK(!memcmp(old->fpu.st[0], s.fpu.st[0], 10));
	CHECK_EQ(old->fpu.ftag, 0x3fff);
	machine_end(&m);
}

TEST(refused_writes_name_the_register_and_change_nothing)
{
	static const struct {
		const char *name;
		uint64_t value;
	} bad[] = {
		{"cr0", 0x80000000},
		{"cr4", UINT64_C(1) << 31},
		{"efer", 1 << 5},
		{"fs_base", UINT64_C(1) << 63},
		{"lstar", UINT64_C(1) << 63},
		{"pat", 2},
	};
	struct machine m;
	struct err err;

	machine_start(&m, idle, 64, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t before = machine_reg(&m, bad[i].name);

		CHECK(!try_write(&m, bad[i].name, bad[i].value, &err));
		CHECK_HAS(err.msg, bad[i].name);
		CHECK_EQ(machine_reg(&m, bad[i].name), before);
	}
	CHECK_STOP(machine_step(&m), STOP_STEP);
	machine_end(&m);
}

TEST(a_value_that_kvm_takes_and_does_not_keep_is_an_error)
{
	struct machine m;
	struct err err;

	machine_start(&m, idle, 64, NULL);
	if (try_write(&m, "debugctl", 1, &err))
		CHECK_EQ(machine_reg(&m, "debugctl"), 1);
	else
		CHECK_HAS(err.msg, "0x1d9");
	machine_end(&m);
}

TEST(writing_registers_keeps_the_pending_exception)
{
	const struct x86_state *old;
	struct x86_state s;
	struct machine m;
	struct err err;

	machine_start(&m, idle, 64, NULL);
	old = target_state(m.target, 0, X86_GROUP_ALL, &err);
	CHECK(old != NULL);
	s = *old;
	s.event.exception_pending = true;
	s.event.exception_nr = 6;
	CHECK_OK(target_set_state(m.target, 0, X86_GROUP_EVENT, &s, &err),
		 &err);
	s.gpr[X86_RAX] = 1;
	CHECK_OK(target_set_state(m.target, 0, X86_GROUP_GPR, &s, &err), &err);
	old = target_state(m.target, 0, X86_GROUP_EVENT, &err);
	CHECK(old &&
	      (old->event.exception_pending || old->event.exception_injected));
	CHECK_EQ(old->event.exception_nr, 6);
	machine_end(&m);
}
