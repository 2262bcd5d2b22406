/* Steps through mode changes: what the registers say at each of them. */
#include "arch/x86_state.h"
#include "tests/kvm/step_rig.h"

static struct machine m;

/* clang-format off */

/*
 * From real mode to long mode, 32-bit code in it, and 64-bit code.  It is
 * loaded at 0x7c00; the page tables are built from 0x9000 on.
 */
GUEST(modes, ".code16\n"
	"cli\n"
	"xor %ax, %ax\n"
	"mov %ax, %ds\n"
	"mov %ax, %es\n"
	"mov %ax, %ss\n"
	"mov $0x7000, %sp\n"
	"movl $0xa003, 0x9000\n" /* memory is all zeros */
	"movl $0xb003, 0xa000\n"
	"movl $0x83, 0xb000\n"
	MARK(lgdt) "lgdtl gdtr_modes - guest_modes + 0x7c00\n"
	MARK(load) "smsw %ax\n"
	MARK(or) "or $1, %al\n"
	MARK(lmsw) "lmsw %ax\n"
	MARK(ljmp32) "ljmpl $0x18, $prot_modes - guest_modes + 0x7c00\n"
	".code32\n"
	"prot_modes: "
	MARK(prot) "mov $0x10, %eax\n"
	MARK(ds) "mov %eax, %ds\n"
	MARK(ss) "mov %eax, %ss\n"
	MARK(ss1) "mov $0x20, %eax\n" /* CR4.PAE */
	MARK(cr4) "mov %eax, %cr4\n"
	MARK(pml4) "mov $0x9000, %eax\n"
	MARK(cr3) "mov %eax, %cr3\n"
	MARK(efer) "mov $0xc0000080, %ecx\n"
	MARK(rdmsr) "rdmsr\n"
	MARK(lme) "or $0x100, %eax\n"
	MARK(wrmsr) "wrmsr\n"
	MARK(rcr0) "mov %cr0, %eax\n"
	MARK(pg) "or $0x80000000, %eax\n"
	MARK(cr0) "mov %eax, %cr0\n"
	MARK(compat) "nop\n"
	MARK(ljmp64) "ljmp $8, $long_modes - guest_modes + 0x7c00\n"
	".code64\n"
	"long_modes: "
	MARK(long) "movabs $0x123456789abcdef0, %rax\n"
	MARK(back) "pushq $0x18\n"
	MARK(back1) "pushq $again_modes - guest_modes + 0x7c00\n"
	MARK(back2) "lretq\n"
	".code32\n"
	"again_modes: "
	MARK(again) "mov %cr0, %eax\n"
	MARK(nopg) "and $0x7fffffff, %eax\n"
	MARK(off) "mov %eax, %cr0\n" /* leaves long mode */
	MARK(prot2) "nop\n"
	MARK(ljmp16) "ljmp $0x20, $p16_modes - guest_modes + 0x7c00\n"
	".code16\n"
	"p16_modes: "
	MARK(p16) "and $0xfe, %al\n"
	MARK(nope) "mov %eax, %cr0\n"
	MARK(ljmpr) "ljmp $0, $real_modes - guest_modes + 0x7c00\n"
	"real_modes: "
	MARK(real) "sti\n"
	MARK(sti1) "nop\n"
	MARK(pushf) "pushf\n"
	MARK(pop) "pop %bx\n"
	MARK(int) "cli\n"
	MARK(end) "nop\n"
	"1: jmp 1b\n"
	".balign 8\n"
	"gdt_modes: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n"
	".quad 0x00cf9b000000ffff, 0x00009b000000ffff\n"
	"gdtr_modes: .word 0x27\n"
	".long gdt_modes - guest_modes + 0x7c00\n"
	".code64\n");
/* clang-format on */

static void mode_is(enum x86_mode mode)
{
	const struct x86_state *s;
	struct err err;

	s = target_state(m.target, 0, X86_GROUP_GPR | X86_GROUP_SYS, &err);
	CHECK(s != NULL);
	CHECK_STR(x86_mode_name(x86_mode(s)), x86_mode_name(mode));
}

TEST(every_mode_change_is_one_step_and_tells_the_mode)
{
	step_start(&m, modes, 16, NULL);
	step_run_to(&m, "lgdt");
	mode_is(X86_MODE_REAL);
	step_path(&m, "load or lmsw ljmp32");
	mode_is(X86_MODE_PROT16);
	step_path(&m, "prot");
	mode_is(X86_MODE_PROT32);
	step_path(&m, "ds ss ss1? cr4 pml4 cr3 efer rdmsr lme wrmsr rcr0 pg "
		      "cr0 compat");
	mode_is(X86_MODE_COMPAT32);
	step_path(&m, "ljmp64 long");
	mode_is(X86_MODE_LONG64);
	step_path(&m, "back");
	CHECK_EQ(machine_reg(&m, "rax"), 0x123456789abcdef0);
	step_path(&m, "back1 back2 again");
	mode_is(X86_MODE_COMPAT32);
	step_path(&m, "nopg off prot2");
	mode_is(X86_MODE_PROT32);
	step_path(&m, "ljmp16 p16");
	mode_is(X86_MODE_PROT16);
	step_path(&m, "nope ljmpr");
	mode_is(X86_MODE_REAL);
	step_path(&m, "real sti1? pushf pop int");
	CHECK_EQ(machine_reg(&m, "rbx") & 0x100, 0);
	step_path(&m, "end");
	machine_end(&m);
}
