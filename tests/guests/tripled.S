/* Dies at once: an undefined instruction with no interrupt table. */
	.section .text.start, "ax"
	.globl _start, no_way_out
	.type _start, @function
_start:	lea	stack_top(%rip), %rsp
	push	$0
	lidt	nothing(%rip)
	mov	$0x5ca1ab1e, %rbx
	call	no_way_out
	hlt
	.size _start, . - _start
	.type no_way_out, @function
no_way_out:
	ud2
	.size no_way_out, . - no_way_out
	.balign 8
nothing:
	.word 0
	.quad 0
	.bss
	.skip 4096
stack_top:
	.section .note.GNU-stack, "", @progbits
