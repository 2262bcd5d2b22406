/*
 * Guests that are stepped along a path: a sequence of marks in their text.
 *
 * STEP_GUEST(id, "body", "handlers") is a 64-bit guest with tables of its own:
 * GDT, TSS, an IDT whose gates 0x01, 0x03, 0x06, 0x0d, 0x0e, 0x34 and 0x40 lead
 * to labels that `handlers` defines (db_ID, bp_ID, ud_ID, gp_ID, pf_ID, irq_ID,
 * int_ID; CPL 3 may call 0x01, 0x03 and 0x40), and page tables that let CPL 3
 * in.  The body begins at CPL 0 behind all that, with interrupts off.
 *
 * Memory: see the enum.  Selectors: 0x08 code, 0x10 data, 0x1b 32-bit user
 * code, 0x23 user data, 0x2b user code, 0x33 user data, 0x48 32-bit code.
 */
#ifndef TESTS_KVM_STEP_RIG_H
#define TESTS_KVM_STEP_RIG_H

#include "tests/kvm/machine.h"

enum {
	STEP_STACK = 0x88000,	   /* the body's */
	STEP_STACK0 = 0x8a000,	   /* of interrupts from CPL 3 */
	STEP_USER_STACK = 0x8c000, /* free for CPL 3 */
	STEP_SCRATCH = 0x8e000,	   /* a page of zeros */
	STEP_SIZE = 0xc10,	   /* bytes of every such guest */
};

#define STEP_GATE(id, n, handler, type)                                \
	".org guest_" #id " + 0x800 + 16 * " n "\n"                    \
	".word " handler "_" #id " - guest_" #id "\n.word 8\n.byte 0," \
	" " type "\n.word 0x10\n.quad 0\n"

#define STEP_TABLES(id)                                                        \
	".org guest_" #id " + 0x700\n"                                         \
	"step_gdt_" #id ": .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n"  \
	".quad 0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff\n"   \
	".quad 0x00cff3000000ffff, 0x0000891007800067, 0, "                    \
	"0x00cf9b000000ffff\n"                                                 \
	"step_gdtr_" #id ": .word 0x4f\n.quad 0x100700\n"                      \
	"step_idtr_" #id ": .word 0x40f\n.quad 0x100800\n"                     \
	".org guest_" #id                                                      \
	" + 0x784\n.quad 0x8a000\n" STEP_GATE(id, "1", "db", "0xee")           \
		STEP_GATE(id, "3", "bp", "0xee") STEP_GATE(id, "6", "ud",      \
							   "0x8e")             \
			STEP_GATE(id, "13", "gp", "0x8e")                      \
				STEP_GATE(id, "14", "pf", "0x8e")              \
					STEP_GATE(id, "0x34", "irq", "0x8e")   \
						STEP_GATE(id, "0x40", "int",   \
							  "0xee") ".org "      \
								  "guest_" #id \
								  " + 0xc10\n"

#define STEP_SET_UP(id)                                            \
	"cli\n"                                                    \
	"lgdt step_gdtr_" #id "(%rip)\n"                           \
	"lidt step_idtr_" #id "(%rip)\n"                           \
	"mov $0x88000, %esp\n"                                     \
	"pushq $8\n"                                               \
	"lea step_code_" #id "(%rip), %rax\n"                      \
	"push %rax\n"                                              \
	"lretq\n"                                                  \
	"step_code_" #id ": mov $0x10, %eax\n"                     \
	"mov %eax, %ss\n"                                          \
	"mov %eax, %ds\n"                                          \
	"mov %eax, %es\n"                                          \
	"mov $0x38, %eax\n"                                        \
	"ltr %ax\n"                                                \
	"mov %cr3, %rax\n" /* let CPL 3 in: each level, entry 0 */ \
	"orq $4, (%rax)\n"                                         \
	"mov (%rax), %rbx\n"                                       \
	"and $~0xfff, %rbx\n"                                      \
	"orq $4, (%rbx)\n"                                         \
	"mov (%rbx), %rbx\n"                                       \
	"and $~0xfff, %rbx\n"                                      \
	"orq $4, (%rbx)\n"                                         \
	"mov %rax, %cr3\n"

#define STEP_GUEST(id, body, handlers) \
	GUEST(id, STEP_SET_UP(id) body handlers STEP_TABLES(id))

/* In the text: a name for the next instruction's address. */
#define MARK(name)                                           \
	"771: .pushsection step_marks, \"aw\"\n.quad 771b\n" \
	"772: .asciz \"" #name "\"\n.org 772b + 24\n.popsection\n"

/* machine_start() of a guest with marks. */
#define step_start(m, id, mode, options)                            \
	do {                                                        \
		step_guest = guest_##id;                            \
		step_base = (mode) == 16 ? GUEST_REAL : GUEST_BASE; \
		machine_start(m, id, mode, options);                \
	} while (0)
extern const uint8_t *step_guest;
extern gva_t step_base;

/* Where a mark of that guest is. */
gva_t step_at(const char *mark);
/* Skip where nothing stops a step in a handler. */
void step_need_landings(const struct machine *m);
/* Run to a mark, with a breakpoint there if the host has any, or fail. */
void step_run_to(struct machine *m, const char *mark);
/*
 * Step vCPU 0 along marks separated by blanks: each stop is at the next one,
 * and RFLAGS has no TF there.  A processor need not stop at "mark?"; where it
 * matters which, ask machine_pc().
 */
void step_path(struct machine *m, const char *marks);

#endif
