/*
 * Page tables with something of everything, in the paging mode that the first
 * letter of the command line names: 2 32-bit, p PAE, 4 and 5 levels.  Then it
 * halts for ever.  For lists of what is mapped.
 */
	.section .note.pvh, "a", @note
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start

	.macro	entry table, index, low, high=0
	movl	$\low, \table + 8 * \index
	movl	$\high, \table + 8 * \index + 4
	.endm

	.section .text.start, "ax"
	.globl _start
	.code32
_start:	cli
	mov	$0x9000, %esp
	lgdt	gdt_pointer
	mov	24(%ebx), %eax		/* hvm_start_info.cmdline_paddr */
	mov	(%eax), %al
	cmp	$'2', %al
	je	two_levels

	entry	pt, 5, 0x5001
	entry	pt, 6, 0x5123		/* global, accessed */
	entry	pt, 7, 0x7067		/* dirty, accessed, user */
	entry	pt, 9, 0x901b		/* uncached */
	entry	pt, 10, 0xa087		/* PAT */
	entry	pt, 511, 0xb007
	entry	pd, 0, 0x83
	entry	pd, 1, 0x2001e3
	entry	pd, 2, pt + 7
	entry	pd, 3, pt + 1		/* read-only from here on */
	entry	pd, 511, 0x401087	/* PAT of a large page */
	cmp	$'p', %al
	je	three_levels

	entry	pt, 8, 0x8003, 0x80000000 /* no-execute */
	entry	pdpt, 0, pd + 7
	entry	pdpt, 1, 0x40000083
	entry	pdpt, 3, pd + 3
	entry	pml4, 0, pdpt + 7
	entry	pml4, 256, pdpt + 3
	entry	pml4, 511, pdpt + 7
	entry	pml5, 0, pml4 + 7
	entry	pml5, 511, pml4 + 3
	mov	$pml4, %ebx
	mov	$0x20, %edx		/* CR4.PAE */
	cmp	$'5', %al
	jne	1f
	mov	$pml5, %ebx
	or	$0x1000, %edx		/* CR4.LA57 */
1:	mov	%edx, %cr4
	mov	$0xc0000080, %ecx	/* EFER.LME, NXE */
	rdmsr
	or	$0x900, %eax
	wrmsr
	call	page
	ljmp	$8, $in_long_mode

three_levels:
	entry	pdpt, 0, pd + 1
	entry	pdpt, 3, pd + 1
	mov	$pdpt, %ebx
	mov	$0x20, %edx
	mov	%edx, %cr4
	call	page
	jmp	stop

two_levels:
	movl	$0x83, pd
	movl	$pt + 7, pd + 4
	movl	$pt + 1, pd + 8
	movl	$0x4001e3, pd + 4 * 768
	movl	$0x401087, pd + 4 * 1023
	movl	$0x5001, pt + 4 * 5
	movl	$0x5123, pt + 4 * 6
	movl	$0x7067, pt + 4 * 7
	movl	$0x901b, pt + 4 * 9
	movl	$0xa087, pt + 4 * 1023
	mov	$pd, %ebx
	mov	$0x10, %edx		/* CR4.PSE */
	mov	%edx, %cr4
	call	page
stop:	hlt
	jmp	stop

page:	mov	%ebx, %cr3
	mov	%cr0, %eax
	or	$0x80000001, %eax
	mov	%eax, %cr0
	ret

	.code64
in_long_mode:
	hlt
	jmp	in_long_mode

	.balign 8
gdt:	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
gdt_pointer:
	.word 23
	.long gdt
words:	.long 0x12345678, -2, 0x80000001, 7
	.globl words
	.asciz "it's\n"

	.bss
	.balign 4096
pml5:	.skip 4096
pml4:	.skip 4096
pdpt:	.skip 4096
pd:	.skip 4096
pt:	.skip 4096
