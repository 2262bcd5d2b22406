/*
 * Copied to 0x8000, where STARTUP interrupts send a processor in real mode;
 * goes to long mode in one step.  Addresses are relative to its start, which
 * is also where CS points.
 */
	.section .rodata
	.globl ap_trampoline, ap_trampoline_end, ap_cr3
	.balign 16
	.code16
ap_trampoline:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	mov	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	ap_cr3 - ap_trampoline, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx		/* EFER.LME */
	rdmsr
	or	$0x100, %eax
	wrmsr
	lgdtl	ap_gdt_pointer - ap_trampoline
	mov	%cr0, %eax
	and	$0x9fffffff, %eax		/* caches on */
	or	$0x80000001, %eax		/* PG, PE */
	mov	%eax, %cr0
	ljmpl	$0x08, $ap_entry64

	.balign 8
ap_cr3:	.long 0
ap_gdt_pointer:
	.word 23
	.long gdt
ap_trampoline_end:
	.code64
	.section .note.GNU-stack, "", @progbits
