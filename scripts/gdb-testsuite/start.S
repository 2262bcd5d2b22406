/*
 * What a test program of gdb's suite starts with on a bare machine: PVH's
 * 32-bit entry, paging and long mode, then main() as a C library calls it.
 * The program ends by ACPI power-off (status 0) or isa-debug-exit.
 *
 * The first 4 MiB are mapped in 4 KiB pages without the one at 0, so that a
 * null pointer faults as in a process; 1 GiB is mapped in all.
 */
	.section .note.pvh, "a", @note
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	pvh_start

	.section .text.start, "ax"
	.globl pvh_start
	.type pvh_start, @function
	.code32
pvh_start:
	.cfi_startproc
	.cfi_undefined 16		/* rip: the outermost frame */
	cli
	cld
	mov	$low + 8, %edi		/* not the page at 0 */
	mov	$0x1003, %eax
	mov	$1023, %ecx
1:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b
	mov	$pd, %edi
	movl	$low + 3, (%edi)
	movl	$low + 0x1003, 8(%edi)
	add	$16, %edi
	mov	$0x400083, %eax
	mov	$510, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b
	movl	$pd + 3, pdpt
	movl	$pdpt + 3, pml4
	mov	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER: LME, SCE */
	rdmsr
	or	$0x101, %eax
	wrmsr
	xor	%eax, %eax
	mov	$8, %edx		/* STAR: CS 8, SS 16 */
	mov	$0xc0000081, %ecx
	wrmsr
	mov	$system_call, %eax	/* LSTAR */
	xor	%edx, %edx
	inc	%ecx
	wrmsr
	lgdt	gdt_pointer
	mov	$int3_gate, %eax	/* IDT[3]: interrupt gate, CS 8 */
	mov	$8 << 16, %ebx
	mov	%ax, %bx
	mov	%ebx, idt + 3 * 16
	mov	$0x8e00, %ax
	mov	%eax, idt + 3 * 16 + 4
	lidt	idt_pointer
	mov	%cr0, %eax
	and	$~4, %eax		/* no EM */
	or	$0x80000003, %eax	/* PG, MP, PE */
	mov	%eax, %cr0
	ljmp	$8, $_start
	.cfi_endproc
	.size pvh_start, . - pvh_start

	.globl _start
	.type _start, @function
	.code64
_start:	.cfi_startproc
	.cfi_undefined 16		/* rip: the outermost frame */
	mov	$16, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$stack_end, %esp
	xor	%ebp, %ebp
	mov	$1, %edi		/* argc */
	lea	argv(%rip), %rsi
	lea	name(%rip), %rax
	mov	%rax, (%rsi)
	lea	environ(%rip), %rdx
	call	main
	mov	%eax, %edi
	call	exit
	ud2
	.cfi_endproc
	.size _start, . - _start

/* no system has the call: back to the program, which is at CPL 0 already */
	.type system_call, @function
system_call:
	.cfi_startproc
	.cfi_undefined 16
	mov	$-38, %rax		/* -ENOSYS */
	push	%r11
	popfq
	jmp	*%rcx
	.cfi_endproc
	.size system_call, . - system_call

/*
 * int3 is passed over.  Not by iretq, which KVMs that emulate the kernel's mode
 * do not know: rip, rflags and two registers go to below the program's stack
 * pointer and are popped there.
 */
	.type int3_gate, @function
int3_gate:
	.cfi_startproc
	.cfi_undefined 16
	push	%rax
	push	%rcx
	mov	40(%rsp), %rax		/* its rsp */
	mov	16(%rsp), %rcx		/* rip */
	mov	%rcx, -8(%rax)
	mov	32(%rsp), %rcx		/* rflags */
	mov	%rcx, -16(%rax)
	mov	8(%rsp), %rcx		/* rax */
	mov	%rcx, -24(%rax)
	mov	(%rsp), %rcx		/* rcx */
	lea	-24(%rax), %rsp
	pop	%rax
	popfq
	ret
	.cfi_endproc
	.size int3_gate, . - int3_gate

/* int setjmp(jmp_buf), longjmp(jmp_buf, int): rbx rbp r12-r15 rsp rip */
	.globl setjmp, _setjmp
	.type setjmp, @function
	.type _setjmp, @function
setjmp:
_setjmp:
	.cfi_startproc
	pop	%rdx
	mov	%rbx, (%rdi)
	mov	%rbp, 8(%rdi)
	mov	%r12, 16(%rdi)
	mov	%r13, 24(%rdi)
	mov	%r14, 32(%rdi)
	mov	%r15, 40(%rdi)
	mov	%rsp, 48(%rdi)
	mov	%rdx, 56(%rdi)
	xor	%eax, %eax
	jmp	*%rdx
	.cfi_endproc
	.size setjmp, . - setjmp
	.size _setjmp, . - _setjmp

	.globl longjmp
	.type longjmp, @function
longjmp:
	.cfi_startproc
	mov	%esi, %eax
	cmp	$1, %eax
	adc	$0, %eax		/* 0 becomes 1 */
	mov	(%rdi), %rbx
	mov	8(%rdi), %rbp
	mov	16(%rdi), %r12
	mov	24(%rdi), %r13
	mov	32(%rdi), %r14
	mov	40(%rdi), %r15
	mov	48(%rdi), %rsp
	jmp	*56(%rdi)
	.cfi_endproc
	.size longjmp, . - longjmp

/* _exit(status) never returns */
	.globl _exit
	.type _exit, @function
_exit:	.cfi_startproc
	test	%dil, %dil
	jnz	1f
	mov	$0x604, %edx		/* PM1a control: S5, SLP_EN */
	mov	$0x2000, %eax
	out	%ax, (%dx)
1:	mov	%edi, %eax		/* ends with 2 * status + 1 */
	mov	$0xf4, %edx
	out	%eax, (%dx)
2:	hlt
	jmp	2b
	.cfi_endproc
	.size _exit, . - _exit

	.section .rodata
	.balign 8
gdt:	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
gdt_pointer:
	.word 23
	.long gdt
idt_pointer:
	.word	4 * 16 - 1
	.long	idt
name:	.asciz "program"

	.data
	.balign 8
argv:	.quad 0, 0
	.globl environ
environ:
	.quad 0

	.bss
	.balign 4096
pml4:	.skip 4096
pdpt:	.skip 4096
pd:	.skip 4096
low:	.skip 2 * 4096
idt:	.skip 4 * 16
	.section .note.GNU-stack, "", @progbits
