/*
 * The ELF structures of a core file, 64-bit and 32-bit, by field tables
 * (System V gABI, "ELF Header", "Program Header").  Little-endian only.
 */
#ifndef STUB_CORE_ELF_H
#define STUB_CORE_ELF_H

#include "base/wire.h"

#define ELF_IDENT     16
#define ELF_CLASS_32  1
#define ELF_CLASS_64  2
#define ELF_LSB	      1
#define ELF_CORE      4	 /* e_type */
#define ELF_386	      3	 /* e_machine */
#define ELF_X86_64    62 /* e_machine */
#define ELF_PT_LOAD   1
#define ELF_PT_NOTE   4
#define ELF_PF_RWX    7
#define ELF_PN_XNUM   0xffff /* the count is in section header 0, sh_info */
#define ELF_NOTE_HEAD 12     /* namesz, descsz, type: 32 bits each */
#define ELF_SHT_NULL  0

struct elf_ehdr {
	uint8_t ident[ELF_IDENT];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_shdr {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t addralign, entsize;
};

extern const struct wire_layout elf64_ehdr_layout, elf64_phdr_layout,
	elf64_shdr_layout, elf32_ehdr_layout, elf32_phdr_layout,
	elf32_shdr_layout;

#endif
