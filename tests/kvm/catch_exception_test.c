/* Catchpoints on exceptions and interrupts, and injected ones. */
#include "tests/kvm/catch_rig.h"

#define AT(offset) (GUEST_BASE + (offset))

static struct machine m;

static void start(const uint8_t *image, const uint8_t *end, unsigned int mode,
		  const struct machine_options *o)
{
	machine_start_bytes(&m, image, (size_t)(end - image), mode, o);
	if (m.caps.cpl0.int3 == INT3_TO_GUEST)
		test_skip("no planted byte comes back on this host");
}

static struct target_stop next_stop(enum target_stop_kind kind)
{
	struct target_stop stop = machine_continue(&m);

	CHECK_STOP(stop, kind);
	return stop;
}

/*
 * An IDT whose gates 0 to 47 lead to handlers of 16 bytes each, 64f on: they
 * put their vector into %bl and go on behind the instruction at %rbp.
 */
#define WITH_IDT(body)                                                \
	"lea 8f(%rip), %rsi\n"                                        \
	"lea 64f(%rip), %rax\n"                                       \
	"mov $48, %ecx\n"                                             \
	"1: mov %ax, (%rsi)\n"                                        \
	"mov %cs, 2(%rsi)\n"                                          \
	"movw $0x8e00, 4(%rsi)\n"                                     \
	"mov %eax, %edx\n"                                            \
	"shr $16, %edx\n"                                             \
	"mov %dx, 6(%rsi)\n"                                          \
	"movq $0, 8(%rsi)\n"                                          \
	"add $16, %rsi\n"                                             \
	"add $16, %eax\n"                                             \
	"dec %ecx\n"                                                  \
	"jnz 1b\n"                                                    \
	"sub $48*16, %rsi\n"                                          \
	"push %rsi\n"                                                 \
	"pushw $48*16-1\n"                                            \
	"lidt (%rsp)\n"                                               \
	"mov %rsp, %r12\n" body "out %al, $0xf4\n"                    \
	".balign 16\n64:\n"                                           \
	".set vector, 0\n.rept 48\n.balign 16\nmov $vector, %bl\n"    \
	"mov %r12, %rsp\njmp *%rbp\n.set vector, vector + 1\n.endr\n" \
	".balign 16\n"                                                \
	"8: .skip 48*16\n"

#define START(id, o) start(guest_##id, guest_##id##_end, 64, o)

/* r13 is the faulting instruction each time. */
GUEST(faults, WITH_IDT("out %al, $0x80\n" /* the IDT is loaded now */
		       "lea 2f(%rip), %r13\n"
		       "lea 3f(%rip), %rbp\n"
		       "2: ud2\n"
		       "3: lea 2f(%rip), %r13\n"
		       "lea 3f(%rip), %rbp\n"
		       "mov $0x7fff00000000, %rax\n"
		       "2: mov %eax, (%rax)\n"
		       "3: lea 4f(%rip), %rbp\n"
		       "lea 2f(%rip), %r13\n"
		       "mov $0x1f0, %eax\n"
		       "2: mov %ax, %ds\n"
		       "4: nop\n"));

/* Up to where the guest has its IDT. */
static void with_idt(const char *catch)
{
	rig_monitor(&m, "catch pio 0x80");
	next_stop(STOP_CATCH);
	rig_monitor(&m, "catch delete 1");
	rig_monitor(&m, catch);
}

TEST(the_stop_tells_vector_error_code_and_rip)
{
	struct target_stop stop;
	char at[40];

	START(faults, NULL);
	with_idt("catch exception 0-31");
	stop = next_stop(STOP_CATCH);
	snprintf(at, sizeof(at), "at 0x%x:0x%x, in its handler",
		 (unsigned int)machine_reg(&m, "cs"),
		 (unsigned int)machine_reg(&m, "r13"));
	CHECK_HAS(stop.text, "catchpoint 2: exception #UD (vector 6) at ");
	CHECK_HAS(stop.text, at);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 0); /* nothing has run */
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "exception #PF (vector 14) error code 0x2 (");
	CHECK_HAS(stop.text, "cr2 0x7fff00000000 at ");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "exception #GP (vector 13) error code 0x1f0 at ");
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 13);
	CHECK_EQ(rig_hits(&m, 2), 3);
	machine_end(&m);
}

TEST(only_the_vectors_asked_for)
{
	START(faults, NULL);
	with_idt("catch exception #PF notify");
	rig_monitor(&m, "catch exception #GP ignore");
	next_stop(STOP_EXITED);
	CHECK_EQ(rig_hits(&m, 2), 1);
	CHECK_EQ(rig_hits(&m, 3), 1);
	CHECK_HAS(rig_notes(&m), "exception #PF (vector 14)");
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 13);
	machine_end(&m);
}

TEST(hidden_from_every_debugger_read)
{
	uint8_t before[16], after[16];
	gva_t handler;

	START(faults, NULL);
	with_idt("catch exception #UD");
	next_stop(STOP_CATCH);
	handler = machine_pc(&m, 0);
	machine_read(&m, handler, after, sizeof(after));
	CHECK_EQ(after[0], 0xb3); /* mov imm8, %bl */
	CHECK_EQ(after[1], 6);
	rig_monitor(&m, "catch delete all");
	machine_read(&m, handler, before, sizeof(before));
	CHECK(!memcmp(before, after, sizeof(before)));
	CHECK_HAS(rig_monitor(&m, "bl"), "no breakpoints");
	next_stop(STOP_EXITED);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 13);
	machine_end(&m);
}

TEST(a_breakpoint_in_the_same_place_is_the_clients)
{
	struct target_stop stop;
	gva_t handler;

	START(faults, NULL);
	with_idt("catch exception #UD");
	next_stop(STOP_CATCH);
	handler = machine_pc(&m, 0);
	machine_insert(&m, BP_SW, handler, 1);
	machine_set_reg(&m, "rip", machine_reg(&m, "r13")); /* once more */
	stop = next_stop(STOP_SWBREAK);
	CHECK_HAS(stop.text, "catchpoint 2: exception #UD");
	machine_remove(&m, BP_SW, handler, 1);
	next_stop(STOP_EXITED);
	CHECK_EQ(rig_hits(&m, 2), 2);
	machine_end(&m);
}

TEST(a_step_into_the_handler_is_a_hit_once)
{
	START(faults, NULL);
	if (m.caps.cpl0.step != CAP_YES || m.caps.cpl0.hw_exec != CAP_YES)
		test_skip("steps do not stop in handlers on this host");
	with_idt("catch exception #UD notify");
	machine_set_reg(&m, "rip", machine_pc(&m, 0) + 14); /* the UD2 */
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_HAS(rig_notes(&m), "exception #UD");
	CHECK_EQ(rig_hits(&m, 2), 1);
	CHECK_STOP(machine_step(&m), STOP_STEP);
	CHECK_EQ(machine_reg(&m, "rbx") & 0xff, 6);
	CHECK_EQ(rig_hits(&m, 2), 1);
	machine_end(&m);
}

TEST(an_idt_that_comes_later_is_found)
{
	START(faults, NULL);
	CHECK_HAS(rig_monitor(&m, "catch exception #PF"), "note: not now: ");
	rig_monitor(&m, "catch pio 0x80");
	CHECK_EQ(next_stop(STOP_CATCH).catchpoint, 2);
	CHECK_EQ(next_stop(STOP_CATCH).catchpoint, 1);
	machine_end(&m);
}

/* The same, with nobody stopping meanwhile. */
GUEST(late, WITH_IDT("mov $50000, %r14d\n"
		     "5: lea 4f(%rip), %rbp\n"
		     "2: ud2\n"
		     "4: dec %r14d\n"
		     "jnz 5b\n"
		     "jmp 5b\n"));

TEST(an_idt_is_followed_while_the_guest_runs)
{
	START(late, NULL);
	rig_monitor(&m, "catch exception #UD");
	CHECK_HAS(next_stop(STOP_CATCH).text, "exception #UD");
	machine_end(&m);
}

/* A reset must not leave bytes behind. */
TEST(a_reset_starts_over)
{
	struct err err;

	START(faults, NULL);
	with_idt("catch exception #UD");
	next_stop(STOP_CATCH);
	CHECK_OK(target_reset(m.target, &err), &err);
	rig_monitor(&m, "catch pio 0x80");
	next_stop(STOP_CATCH);
	CHECK_HAS(next_stop(STOP_CATCH).text, "#UD");
	next_stop(STOP_EXITED);
	machine_end(&m);
}

GUEST(real, ".code16\n"
	    "xor %ax, %ax\n"
	    "mov %ax, %ds\n"
	    "movw $0x7c00+2f-guest_real, 6*4\n"
	    "movw %cs, 6*4+2\n"
	    "out %al, $0x80\n"
	    "1: ud2\n"
	    "out %al, $0xf4\n"
	    "2: pop %ax\n"
	    "add $2, %ax\n"
	    "push %ax\n"
	    "iret\n.code64\n");

TEST(real_mode)
{
	struct target_stop stop;

	start(guest_real, guest_real_end, 16, NULL);
	if (m.caps.real.int3 == INT3_TO_GUEST &&
	    m.caps.real.int1 == INT3_TO_GUEST)
		test_skip("no planted byte comes back in real mode");
	with_idt("catch exception 6");
	stop = next_stop(STOP_CATCH);
	CHECK_HAS(stop.text, "exception #UD (vector 6) at 0x0:0x7c");
	next_stop(STOP_EXITED);
	machine_end(&m);
}
