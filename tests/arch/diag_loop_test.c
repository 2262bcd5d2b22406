/* Code lies at linear 0x100 (physical 0x5100), data at linear 0x800. */
#include "arch/diag/loop.h"

#include "arch/decode.h"
#include "tests/arch/paging_rig.h"
#include "tests/test.h"

static struct x86_view view;
static struct loop loop;
static struct buf out;

static void setup(uint64_t rip)
{
	struct x86_state *s = &rig.state;

	rig_long_mode();
	s->rip = rip;
	s->seg[X86_CS].attr = 0xa09b;
	s->gpr[X86_RDI] = 0x800;
	s->gpr[X86_RDX] = 0x3fd;
	s->gpr[X86_RCX] = 0x1b;
	rig_put32(0x5800, 0x1234);
}

/* Put these bytes at linear 0x100 and look from pc. */
static const char *look(uint64_t pc, const char *hex)
{
	uint8_t *to = rig.ram + 0x5100;
	unsigned int byte;
	int used;

	setup(pc);
	while (sscanf(hex, "%2x%n", &byte, &used) == 1) {
		*to++ = (uint8_t)byte;
		hex += used + (hex[used] == ' ');
	}
	view_init(&view, &rig.state, &rig.info, &rig_mem);
	loop_find(&view, &loop);
	buf_clear(&out);
	loop_print(&out, &loop, NULL);
	return buf_cstr(&out);
}

static void need_decoder(void)
{
	if (!decode_available())
		test_skip("built without an instruction decoder");
}

TEST(a_jump_to_itself)
{
	CHECK_STR(look(0x100, "eb fe"), "a loop of 1 instruction at 0x100 that "
					"nothing in it leaves");
	CHECK_EQ(loop.kind, LOOP_ENDLESS);
}

TEST(pause_and_jump_seen_from_both)
{
	look(0x100, "f3 90 eb fc");
	CHECK(loop.kind == LOOP_ENDLESS && loop.pauses && loop.insns == 2);
	look(0x102, "f3 90 eb fc");
	CHECK(loop.kind == LOOP_ENDLESS && loop.start == 0x100);
}

TEST(straight_code_is_no_loop)
{
	look(0x100, "90 90 90 c3");
	CHECK_EQ(loop.kind, LOOP_NONE);
	look(0x100, "0f 0b eb fc");
	CHECK_EQ(loop.kind, LOOP_NONE);
	look(0x3000, "90");
	CHECK_EQ(loop.kind, LOOP_NONE);
}

TEST(waiting_for_memory)
{
	need_decoder();
	/* pause; cmpl $0, (%rdi); jne */
	CHECK_STR(look(0x102, "f3 90 83 3f 00 75 f9"), "a loop of 3 "
						       "instructions (with "
						       "PAUSE) at 0x100 that "
						       "waits "
						       "for a change of 0x800 "
						       "(4 bytes, now 0x1234)");
	CHECK_EQ(loop.kind, LOOP_MEMORY);
}

TEST(trying_to_take_a_lock)
{
	need_decoder();
	/* lock btsl $0, (%rdi); jc */
	CHECK_HAS(look(0x100, "f0 0f ba 2f 00 72 f9"), "that tries to get hold "
						       "of 0x800");
	CHECK_EQ(loop.kind, LOOP_LOCK);
	look(0x100, "87 07 85 c0 75 fa"); /* xchg %eax,(%rdi); test; jnz */
	CHECK_EQ(loop.kind, LOOP_LOCK);
}

TEST(polling_a_port)
{
	need_decoder();
	CHECK_HAS(look(0x100, "ec a8 20 74 fb"), "that polls port 0x3fd");
	CHECK_HAS(look(0x100, "e4 64 a8 02 75 fa"), "that polls port 0x64");
	CHECK_HAS(look(0x100, "0f 32 a8 01 74 fa"), "that polls MSR 0x1b");
}

TEST(polling_device_memory)
{
	need_decoder();
	look(0x100, "f3 90 83 3f 00 75 f9");
	rig_put64(0x4008, 0x40000003);
	rig.state.gpr[X86_RDI] = 0x1010;
	loop_find(&view, &loop);
	buf_clear(&out);
	loop_print(&out, &loop, NULL);
	CHECK_HAS(buf_cstr(&out), "that polls device memory at 0x1010");
}

TEST(delays)
{
	need_decoder();
	look(0x100, "ff c9 75 fc"); /* dec %ecx; jnz */
	CHECK_EQ(loop.kind, LOOP_COUNT);
	look(0x100, "e2 fe"); /* loop . */
	CHECK_EQ(loop.kind, LOOP_COUNT);
	look(0x100, "0f 31 39 d8 72 fa"); /* rdtsc; cmp; jb */
	CHECK_EQ(loop.kind, LOOP_TIME);
}

TEST(work_is_no_waiting)
{
	need_decoder();
	/* movb $0,(%rdi); inc %rdi; dec %ecx; jnz */
	look(0x100, "c6 07 00 48 ff c7 ff c9 75 f6");
	CHECK_EQ(loop.kind, LOOP_WORK);
	/* cmpb $0,(%rdi); inc %rdi (flags kept: lea); jne */
	look(0x100, "80 3f 00 48 8d 7f 01 75 f7");
	CHECK_EQ(loop.kind, LOOP_WORK);
	/* call; test; jnz */
	look(0x100, "e8 00 01 00 00 85 c0 75 f7");
	CHECK_EQ(loop.kind, LOOP_WORK);
}

TEST(the_way_out_does_not_count)
{
	need_decoder();
	/* test %eax,%eax; jz out; pause; jmp back; out: ret */
	look(0x100, "85 c0 74 04 f3 90 eb f8 c3");
	CHECK(loop.kind == LOOP_COUNT && loop.insns == 4);
}

TEST(an_idle_loop_halts)
{
	need_decoder();
	CHECK_HAS(look(0x101, "f4 eb fd"), "(with HLT)");
	CHECK(loop.kind == LOOP_ENDLESS && loop.halts);
}

/*
 * What gcc -O0 makes of loops, at 0x100; the stack pointer is 0xf00 and the
 * frame pointer 0xf20, with the pointer to 0x800 at -8(%rbp).
 */
#define RELAX "55 48 89 e5 f3 90 90 5d c3 " /* 0x100: pause */
#define WAIT_PTR                                              \
	"e8 f2 ff ff ff "      /* 0x109: call relax */        \
	"48 8b 45 f8 "	       /* 0x10e: mov -8(%rbp),%rax */ \
	"8b 00 85 c0 74 f1 c3" /* mov (%rax),%eax; test; je 0x109 */

static const char *look_O0(uint64_t pc, const char *hex)
{
	need_decoder();
	look(pc, hex);
	rig.state.gpr[X86_RSP] = 0xf00;
	rig.state.gpr[X86_RBP] = 0xf20;
	rig_put64(0x5f18, 0x800);
	memset(&loop, 0, sizeof(loop));
	loop_find(&view, &loop);
	buf_clear(&out);
	loop_print(&out, &loop, NULL);
	return buf_cstr(&out);
}

TEST(a_flag_through_a_pointer_on_the_stack)
{
	for (uint64_t pc = 0x109; pc < 0x117; pc += pc == 0x109	  ? 5
						    : pc == 0x10e ? 4
								  : 2)
		CHECK_STR(look_O0(pc, RELAX WAIT_PTR), "a loop of 11 "
						       "instructions (with "
						       "PAUSE) at 0x100 "
						       "that waits for a "
						       "change of 0x800 (4 "
						       "bytes, now "
						       "0x1234)");
}

TEST(a_function_that_the_loop_calls)
{
	look_O0(0x104, RELAX WAIT_PTR);
	CHECK_EQ(loop.kind, LOOP_NONE); /* no return address */
	rig_put64(0x5f08, 0x10e);
	loop_find(&view, &loop);
	CHECK(loop.kind == LOOP_MEMORY && !loop.has_at);
	rig.state.rip = 0x108; /* the return: the frame is the caller's */
	loop_find(&view, &loop);
	CHECK(loop.kind == LOOP_MEMORY && loop.at == 0x800);
}

TEST(a_list_is_walked)
{
	/* mov -8(%rbp),%rax; mov (%rax),%rax; mov %rax,-8(%rbp) */
	look_O0(0x100, "48 8b 45 f8 48 8b 00 48 89 45 f8 48 8b 45 f8 "
		       "8b 40 08 83 f8 03 75 e9");
	CHECK_EQ(loop.kind, LOOP_WORK);
}

TEST(a_port_read_by_a_function)
{
	/* inb() of -O0; mov $0x3fd,%edi; call; movzbl; and $0x20; test; je */
	static const char code[] = "55 48 89 e5 48 83 ec 18 89 f8 66 89 45 ec "
				   "0f b7 45 ec 89 c2 "
				   "ec 88 45 ff 0f b6 45 ff c9 c3 "
				   "bf fd 03 00 00 e8 d8 ff ff ff 0f b6 c0 83 "
				   "e0 20 85 c0 74 ec "
				   "c3";

	CHECK_HAS(look_O0(0x11e, code), "that polls a port");
	look_O0(0x114, code); /* at the in */
	rig_put64(0x5f28, 0x128);
	rig.state.gpr[X86_RBP] = 0xf20;
	rig_put64(0x5f0c, 0x3fd);
	loop_find(&view, &loop);
	CHECK(loop.kind == LOOP_DEVICE && loop.has_at && loop.at == 0x3fd);
}

TEST(real_mode_code)
{
	need_decoder();
	setup(0x10);
	rig.state.cr0 = rig.state.efer = rig.state.cr4 = 0;
	rig.state.seg[X86_CS] = (struct x86_seg){0x5100, 0xffff, 0x9b, 0x510};
	rig_put32(0x5110, 0xfeeb);
	view_init(&view, &rig.state, &rig.info, &rig_mem);
	loop_find(&view, &loop);
	CHECK(loop.kind == LOOP_ENDLESS && loop.start == 0x5110);
}
