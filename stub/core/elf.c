#include "stub/core/elf.h"

/* Both classes: `a` is the width of addresses, offsets and sizes. */
#define LAYOUT(id, type, ...)                                     \
	const struct wire_layout id##_layout = {                  \
		.name = #id,                                      \
		.size = sizeof(struct type),                      \
		.field = (const struct wire_field[]){__VA_ARGS__, \
						     {.kind = WIRE_END}}}
/* clang-format off */

#define S struct elf_ehdr
#define EHDR(a)                                                          \
	WIRE_RAW(S, ident), WIRE_U16(S, type), WIRE_U16(S, machine),     \
	WIRE_U32(S, version), WIRE_AS(S, entry, a), WIRE_AS(S, phoff, a), \
	WIRE_AS(S, shoff, a), WIRE_U32(S, flags), WIRE_U16(S, ehsize),   \
	WIRE_U16(S, phentsize), WIRE_U16(S, phnum),                      \
	WIRE_U16(S, shentsize), WIRE_U16(S, shnum), WIRE_U16(S, shstrndx)
LAYOUT(elf64_ehdr, elf_ehdr, EHDR(8));
LAYOUT(elf32_ehdr, elf_ehdr, EHDR(4));
#undef S

#define S struct elf_phdr
LAYOUT(elf64_phdr, elf_phdr,
	WIRE_U32(S, type), WIRE_U32(S, flags), WIRE_U64(S, offset),
	WIRE_U64(S, vaddr), WIRE_U64(S, paddr), WIRE_U64(S, filesz),
	WIRE_U64(S, memsz), WIRE_U64(S, align));
LAYOUT(elf32_phdr, elf_phdr,
	WIRE_U32(S, type), WIRE_AS(S, offset, 4), WIRE_AS(S, vaddr, 4),
	WIRE_AS(S, paddr, 4), WIRE_AS(S, filesz, 4), WIRE_AS(S, memsz, 4),
	WIRE_U32(S, flags), WIRE_AS(S, align, 4));
#undef S

#define S struct elf_shdr
#define SHDR(a)                                                              \
	WIRE_U32(S, name), WIRE_U32(S, type), WIRE_AS(S, flags, a),          \
	WIRE_AS(S, addr, a), WIRE_AS(S, offset, a), WIRE_AS(S, size, a),     \
	WIRE_U32(S, link), WIRE_U32(S, info), WIRE_AS(S, addralign, a),      \
	WIRE_AS(S, entsize, a)
LAYOUT(elf64_shdr, elf_shdr, SHDR(8));
LAYOUT(elf32_shdr, elf_shdr, SHDR(4));
#undef S
/* clang-format on */
