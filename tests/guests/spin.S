/* Spins with interrupts off: only a kick from outside can stop it. */
	.section .text.start, "ax"
	.globl _start, spin
	.type _start, @function
_start:	cli
	mov	$0x123456789abcdef0, %rbx
spin:	inc	%rcx
	jmp	spin
	.size _start, . - _start
	.section .note.GNU-stack, "", @progbits
