/* How a guest dies, and what its user is told. */
#include <sys/mman.h>

#include "tests/kvm/machine.h"
#include "vmm/vm.h"

GUEST(triple, "mov $0x1234, %eax\n" /* 5 bytes */
	      "ud2\n");		    /* no IDT: triple fault */

TEST(triple_fault_is_a_stop_with_the_story)
{
	struct target_stop stop;
	struct machine m;
	struct err err;

	machine_start(&m, triple, 64, NULL);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_ERROR);
	CHECK_EQ(stop.signal, GDB_SIGNAL_SEGV);
	CHECK_HAS(stop.text, "triple fault");
	CHECK_STR(stop.status_word, "shutdown");
	if (m.caps.shutdown == SHUTDOWN_KEEPS) {
		CHECK_HAS(stop.text, "RIP=0000000000100005");
		CHECK_HAS(stop.text, "<0f> 0b");
		CHECK_EQ(machine_reg(&m, "rax"), 0x1234);
	} else { /* KVM reset them: told, with what was known before */
		CHECK_HAS(stop.text, "KVM has reset this vCPU");
		CHECK_HAS(stop.text, "RIP=0000000000100000");
	}
	/* Dead: reads work, resume is refused with the reason. */
	CHECK(!target_resume(m.target,
			     &(struct target_action){.kind = ACTION_CONTINUE},
			     &err));
	CHECK_HAS(err.msg, "triple fault");
	machine_end(&m);
}

TEST(reset_after_death_starts_again)
{
	struct machine m;
	struct err err;

	machine_start(&m, triple, 64, NULL);
	for (int i = 0; i < 3; i++) {
		CHECK_STOP(machine_continue(&m), STOP_ERROR);
		CHECK_OK(target_reset(m.target, &err), &err);
		CHECK_EQ(machine_pc(&m, 0), GUEST_BASE);
	}
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_reg(&m, "rax"), 0x1234);
	machine_end(&m);
}

GUEST(wild, "mov $0xd0000000, %eax\n"
	    "jmp *%rax\n"); /* a jump to where no memory is */

TEST(jump_outside_ram_is_an_emulation_failure)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, wild, 64, NULL);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_ERROR);
	CHECK_EQ(stop.signal, GDB_SIGNAL_ILL);
	CHECK_HAS(stop.text, "KVM internal error. Suberror: 1");
	CHECK_HAS(stop.text, "RIP=00000000d0000000");
	CHECK_STR(stop.status_word, "internal-error");
	machine_end(&m);
}

GUEST(exit0, "xor %eax, %eax\nout %al, $0xf4\n1: jmp 1b\n");
GUEST(exit3, "mov $3, %al\nout %al, $0xf4\n1: jmp 1b\n");

TEST(debug_exit_ends_the_guest_with_its_status)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, exit0, 64, NULL);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(stop.status, 1);
	machine_end(&m);
	machine_start(&m, exit3, 64, NULL);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(stop.status, 7);
	machine_end(&m);
}

GUEST(reboot, "mov $0xfe, %al\nout %al, $0x64\n1: jmp 1b\n");

TEST(reset_request_is_a_stop_at_the_reset_state)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, reboot, 64, NULL);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_RESET);
	CHECK_EQ(machine_pc(&m, 0), GUEST_BASE);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	machine_end(&m);
}

GUEST(hlt, "hlt\n1: jmp 1b\n");

TEST(hlt_without_an_interrupt_controller_says_so)
{
	struct machine_options o = {.irqchip = IRQCHIP_NONE};
	struct target_stop stop;
	struct machine m;

	machine_start(&m, hlt, 64, &o);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_INTERRUPT);
	CHECK_HAS(stop.text, "HLT");
	machine_end(&m);
}

TEST(halted_guest_can_be_interrupted)
{
	struct machine m;

	machine_start(&m, hlt, 64, NULL);
	CHECK_STOP(machine_run_for(&m, 10), STOP_INTERRUPT);
	machine_end(&m);
}

TEST(a_breakpoint_inside_an_instruction_is_blamed)
{
	struct target_stop stop;
	struct machine m;

	machine_start(&m, triple, 64, NULL);
	if (m.caps.cpl0.int3 != INT3_INTERNAL_ERROR)
		test_skip("only an emulating host fails at the instruction");
	machine_insert(&m, BP_SW, GUEST_BASE + 6, 1); /* second byte of ud2 */
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_ERROR);
	CHECK_HAS(stop.text, "breakpoint is planted at 0x100006");
	machine_end(&m);
}

GUEST(touch, "mov $0x200000, %esi\n"
	     "mov (%rsi), %eax\n"
	     "1: jmp 1b\n");

TEST(memory_the_host_cannot_give_is_a_bus_error)
{
	struct target_stop stop;
	struct machine m;
	struct err err;
	struct vm *vm;
	void *page;

	machine_start(&m, touch, 64, NULL);
	vm = m.target->priv;
	page = guest_mem_span(&vm->mem, 0x200000, 4096, &err);
	CHECK(page && !mprotect(page, 4096, PROT_NONE));
	stop = machine_run_for(&m, 20);
	if (stop.kind == STOP_INTERRUPT)
		test_skip("this KVM takes such memory for MMIO");
	CHECK_STOP(stop, STOP_ERROR);
	CHECK_EQ(stop.signal, GDB_SIGNAL_BUS);
	CHECK_HAS(stop.text, "kvm run failed");
	CHECK_HAS(stop.text, "RIP=0000000000100005");
	machine_end(&m);
}

TEST(a_state_the_processor_refuses_to_enter_is_an_abort)
{
	const struct x86_state *old;
	struct target_stop stop;
	struct x86_state s;
	struct machine m;
	struct err err;

	machine_start(&m, touch, 64, NULL);
	old = target_state(m.target, 0, X86_GROUP_SYS, &err);
	CHECK(old != NULL);
	s = *old;
	s.seg[X86_CS].attr |= X86_AR_DB; /* CS.L and CS.D */
	CHECK_OK(target_set_state(m.target, 0, X86_GROUP_SYS, &s, &err), &err);
	stop = machine_run_for(&m, 20);
	if (stop.kind == STOP_INTERRUPT)
		test_skip("this KVM runs code with CS.L and CS.D both set");
	CHECK_STOP(stop, STOP_ERROR);
	CHECK_EQ(stop.signal, GDB_SIGNAL_ABRT);
	CHECK_HAS(stop.text, "KVM: entry failed, hardware error");
	machine_end(&m);
}
