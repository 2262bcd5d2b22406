/*
 * What `make bench` runs under every server: from PVH's 32-bit entry to long
 * mode, then a loop of ordinary instructions that never ends.
 */
	.section .note.pvh, "a", @note
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start

	.section .text.start, "ax"
	.globl _start
	.code32
_start:	cli
	mov	$pd, %edi		/* 16 MiB in 2 MiB pages */
	mov	$0x83, %eax
	mov	$8, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b
	movl	$pd + 3, pdpt
	movl	$pdpt + 3, pml4
	mov	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER.LME */
	rdmsr
	or	$0x100, %eax
	wrmsr
	lgdt	gdt_pointer
	mov	%cr0, %eax
	or	$0x80000001, %eax
	mov	%eax, %cr0
	ljmp	$8, $in_long_mode

	.code64
	.globl in_long_mode
in_long_mode:
	xor	%ecx, %ecx
	lea	counter(%rip), %rdi
	.globl bench_loop
bench_loop:
	inc	%rcx
	mov	%rcx, (%rdi)
	lea	1(%rcx,%rcx,2), %rdx
	xor	%rdx, %rax
	jmp	bench_loop

	.balign 8
gdt:	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
gdt_pointer:
	.word 23
	.long gdt

	.bss
	.balign 4096
pml4:	.skip 4096
pdpt:	.skip 4096
pd:	.skip 4096
counter:
	.skip 4096
	.section .note.GNU-stack, "", @progbits
