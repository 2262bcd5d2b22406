/* Says "bye" on the debug port, then asks isa-debug-exit for status 5. */
	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:	mov	$0x402, %edx
	lea	text(%rip), %rsi
	mov	$4, %ecx
1:	lodsb
	out	%al, (%dx)
	loop	1b
	mov	$2, %eax		/* status: 2 * 2 + 1 */
	mov	$0xf4, %edx
	out	%eax, (%dx)
2:	hlt
	jmp	2b
	.size _start, . - _start
text:	.ascii "bye\n"
	.section .note.GNU-stack, "", @progbits
