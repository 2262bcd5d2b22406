/* The demo guest, an ELF64 file, as bytes of the program. */
	.section .rodata
	.globl demo_image, demo_image_size
	.balign 16
demo_image:
	.incbin DEMO_ELF
demo_image_end:
	.balign 8
demo_image_size:
	.quad demo_image_end - demo_image
	.section .note.GNU-stack, "", @progbits
