/* Kernel images built in memory, for the loader tests. */
#ifndef TESTS_VMM_IMAGES_H
#define TESTS_VMM_IMAGES_H

#include <elf.h>

#include "base/buf.h"
#include "vmm/boot/boot.h"
#include "vmm/guest_mem.h"

#define IMAGE_PHDRS 8
#define IMAGE_BODY  0x1000 /* file offset of the contents */

/* An ELF file: headers, then the body. */
struct elf_image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[IMAGE_PHDRS];
	uint8_t body[0x3000];
};

/* x86-64 executable without program headers; entry 0x100000. */
void elf_image_init(struct elf_image *im);
/* Append a PT_LOAD of filesz body bytes. */
Elf64_Phdr *elf_image_load(struct elf_image *im, uint64_t vaddr, uint64_t paddr,
			   uint64_t filesz, uint64_t memsz);
/* The file; bits 32 = as ELF32 for i386. */
void elf_image_file(const struct elf_image *im, unsigned int bits,
		    struct buf *out);

/* A request for these bytes, everything else at its default. */
struct boot_request image_request(const void *data, size_t size);

/* Load into fresh memory of 128 MiB and check the CPU state. */
bool image_boot(struct guest_mem *mem, const struct boot_request *req,
		struct boot_result *r, struct err *err);

/* Guest memory of so many MiB. */
void image_memory(struct guest_mem *mem, uint64_t mib);

uint64_t guest_get(const struct guest_mem *mem, gpa_t at, unsigned int size);
/* A NUL-terminated string; static buffer. */
const char *guest_str(const struct guest_mem *mem, gpa_t at);

/* Check a state against the VM-entry rules that any loader must obey. */
void check_entry_state(const struct x86_state *s);

/* A temporary file with these bytes; the name is static, the caller removes. */
const char *temp_file(const void *data, size_t size);

#endif
