/* The feature files as bytes of the program: struct xml_file of embed.h. */
	.macro	xml_file path, name
	.section .rodata
1:	.asciz	"\name"
2:	.incbin "\path\name"
3:
	.section .data.rel.ro, "aw"
	.quad	1b, 2b, 3b - 2b
	.endm

	.section .data.rel.ro, "aw"
	.globl	xml_embedded
	.balign	8
xml_embedded:
	xml_file "xml/", "64bit-core.xml"
	xml_file "xml/", "64bit-sse.xml"
	xml_file "xml/", "64bit-segments.xml"
	xml_file "xml/", "64bit-system.xml"
	xml_file "xml/", "64bit-avx.xml"
	xml_file "xml/", "64bit-avx512.xml"
	xml_file "xml/", "64bit-pkeys.xml"
	xml_file "xml/", "32bit-core.xml"
	xml_file "xml/", "32bit-sse.xml"
	xml_file "xml/", "32bit-avx.xml"
	xml_file "xml/", "32bit-avx512.xml"
	xml_file "xml/", "32bit-segments.xml"
	.quad	0, 0, 0
	.section .note.GNU-stack, "", @progbits
