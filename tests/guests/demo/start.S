/*
 * Entry in long mode, and the two interrupt handlers' outer halves.  Nothing
 * of the state at entry is relied upon but 64-bit mode and that this image is
 * identity-mapped.
 */
	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	.cfi_startproc
	.cfi_undefined rip		/* the outermost frame */
	cli
	cld
	lea	boot_stack_top(%rip), %rsp
	xor	%ebp, %ebp
	lgdt	gdt_pointer(%rip)
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	pushq	$0x08
	lea	1f(%rip), %rax
	push	%rax
	lretq
1:	call	demo_main
2:	cli
	hlt
	jmp	2b
	.cfi_endproc
	.size _start, . - _start

	.text
/* Where a processor that SIPI woke arrives, on the boot processor's tables. */
	.globl ap_entry64
	.type ap_entry64, @function
ap_entry64:
	.cfi_startproc
	.cfi_undefined rip
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$1, %edi
	lock xadd %edi, cpus_started(%rip)	/* edi: this processor's number */
	cmp	$16, %edi			/* MAX_CPUS */
	jae	2f
	mov	%edi, %eax
	shl	$12, %eax
	lea	ap_stacks(%rip), %rsp
	add	%rax, %rsp
	xor	%ebp, %ebp
	call	other_cpu_main
2:	cli
	hlt
	jmp	2b
	.cfi_endproc
	.size ap_entry64, . - ap_entry64

	.macro save_registers
	.irp r, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	push	%\r
	.cfi_adjust_cfa_offset 8
	.endr
	cld
	.endm

	.macro restore_registers
	.irp r, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
	pop	%\r
	.cfi_adjust_cfa_offset -8
	.endr
	.endm

/* The processor pushed ss, rsp, rflags, cs, rip and, for a fault, a code. */
	.macro trap_frame error
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rsp, 40 + \error
	.cfi_offset rip, -40
	.cfi_offset rsp, -16
	.endm

	.globl timer_entry
	.type timer_entry, @function
timer_entry:
	trap_frame 0
	push	%rbp			/* 16-byte alignment, and a frame */
	.cfi_adjust_cfa_offset 8
	save_registers
	call	on_timer
	restore_registers
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	iretq
	.cfi_endproc
	.size timer_entry, . - timer_entry

	.globl page_fault_entry
	.type page_fault_entry, @function
page_fault_entry:
	trap_frame 8
	save_registers
	lea	72(%rsp), %rdi		/* struct trap_frame */
	call	on_page_fault
	restore_registers
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	iretq
	.cfi_endproc
	.size page_fault_entry, . - page_fault_entry

	.section .rodata
	.balign 8
	.globl gdt
gdt:	.quad 0
	.quad 0x00af9b000000ffff	/* 0x08: 64-bit code */
	.quad 0x00cf93000000ffff	/* 0x10: data */
gdt_end:
	.globl gdt_pointer
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.bss
	.balign 16
boot_stack:
	.skip 8192
boot_stack_top:
ap_stacks:				/* number n's lies below ap_stacks + n pages */
	.skip 16 * 4096
	.section .note.GNU-stack, "", @progbits
