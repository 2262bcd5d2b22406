/*
 * From real mode to 32 and to 64 bits, with a call and a loop in each: what a
 * debugger must decode in three ways.  Loaded at 0x7c00 with CS = 0, it first
 * makes that 0x7c0: pc and linear address then differ.
 */
	.section .text.start, "ax"
	.globl _start
	.code16
_start:	cli
	ljmp	$0x7c0, $(real_mode - _start)
	.globl real_mode
real_mode:
	mov	$0x7c0, %ax
	mov	%ax, %ss
	mov	$0x1000, %sp
	mov	$0x1234, %ax
	call	real_function
	mov	$0x7c0, %ax
	mov	%ax, %ds
	lgdtl	gdt_pointer - _start
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $in_32_bits
	.globl real_function
real_function:
	inc	%ax
	ret

	.code32
	.globl in_32_bits
in_32_bits:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$0x8c00, %esp
	xor	%ebp, %ebp
	mov	$0x12345678, %eax
	call	function_32
	mov	$0x9000, %edi		/* 2 MiB, one page */
	movl	$0xa003, (%edi)
	movl	$0, 4(%edi)
	movl	$0xb003, 0x1000(%edi)
	movl	$0, 0x1004(%edi)
	movl	$0x83, 0x2000(%edi)
	movl	$0, 0x2004(%edi)
	mov	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	%edi, %cr3
	mov	$0xc0000080, %ecx	/* EFER.LME */
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	ljmp	$24, $in_64_bits
	.globl function_32
function_32:
	push	%ebp
	mov	%esp, %ebp
	inc	%eax
	pop	%ebp
	ret

	.code64
	.globl in_64_bits
in_64_bits:
	xor	%ebp, %ebp
	movabs	$0x123456789abcdef0, %rax
1:	call	function_64
	jmp	1b
	.globl function_64
function_64:
	push	%rbp
	mov	%rsp, %rbp
	inc	%rax
	pop	%rbp
	ret

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00af9b000000ffff
gdt_pointer:
	.word 31
	.long gdt
	.section .note.GNU-stack, "", @progbits
