#include "tests/vmm/images.h"

#include <unistd.h>

#include "tests/test.h"

void elf_image_init(struct elf_image *im)
{
	memset(im, 0, sizeof(*im));
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_ident[EI_VERSION] = EV_CURRENT;
	im->eh.e_type = ET_EXEC;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_version = EV_CURRENT;
	im->eh.e_entry = 0x100000;
	im->eh.e_phoff = sizeof(Elf64_Ehdr);
	im->eh.e_ehsize = sizeof(Elf64_Ehdr);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
}

Elf64_Phdr *elf_image_load(struct elf_image *im, uint64_t vaddr, uint64_t paddr,
			   uint64_t filesz, uint64_t memsz)
{
	Elf64_Phdr *p = &im->ph[im->eh.e_phnum++];

	*p = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = IMAGE_BODY,
		.p_vaddr = vaddr,
		.p_paddr = paddr,
		.p_filesz = filesz,
		.p_memsz = memsz,
		.p_align = 0x1000,
	};
	return p;
}

static void file32(const struct elf_image *im, struct buf *out)
{
	Elf32_Ehdr eh = {
		.e_type = im->eh.e_type,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = im->eh.e_entry,
		.e_phoff = sizeof(eh),
		.e_shoff = im->eh.e_shoff,
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = im->eh.e_phnum,
		.e_shentsize = sizeof(Elf32_Shdr),
		.e_shnum = im->eh.e_shnum,
		.e_shstrndx = im->eh.e_shstrndx,
	};

	memcpy(eh.e_ident, im->eh.e_ident, EI_NIDENT);
	eh.e_ident[EI_CLASS] = ELFCLASS32;
	buf_append(out, &eh, sizeof(eh));
	for (int i = 0; i < IMAGE_PHDRS; i++) {
		const Elf64_Phdr *p = &im->ph[i];
		Elf32_Phdr p32 = {
			.p_type = p->p_type,
			.p_offset = p->p_offset,
			.p_vaddr = p->p_vaddr,
			.p_paddr = p->p_paddr,
			.p_filesz = p->p_filesz,
			.p_memsz = p->p_memsz,
			.p_flags = p->p_flags,
			.p_align = p->p_align,
		};

		buf_append(out, &p32, sizeof(p32));
	}
}

void elf_image_file(const struct elf_image *im, unsigned int bits,
		    struct buf *out)
{
	if (bits == 32) {
		file32(im, out);
	} else {
		buf_append(out, &im->eh, sizeof(im->eh));
		buf_append(out, im->ph, sizeof(im->ph));
	}
	while (out->len < IMAGE_BODY)
		buf_byte(out, 0);
	buf_append(out, im->body, sizeof(im->body));
}

struct boot_request image_request(const void *data, size_t size)
{
	return (struct boot_request){
		.image = "kernel",
		.data = data,
		.size = size,
		.cmdline = "",
		.vcpus = 1,
		.maxphyaddr = 40,
	};
}

bool image_boot(struct guest_mem *mem, const struct boot_request *req,
		struct boot_result *r, struct err *err)
{
	guest_mem_deinit(mem);
	image_memory(mem, 128);
	if (!boot_load(mem, req, r, err))
		return false;
	check_entry_state(&r->cpu);
	return true;
}

void image_memory(struct guest_mem *mem, uint64_t mib)
{
	struct err err;

	CHECK_OK(guest_mem_init(mem, mib << 20, &err), &err);
}

uint64_t guest_get(const struct guest_mem *mem, gpa_t at, unsigned int size)
{
	uint64_t value = 0;
	struct err err;

	CHECK_OK(guest_mem_read(mem, at, &value, size, &err), &err);
	return value;
}

const char *guest_str(const struct guest_mem *mem, gpa_t at)
{
	static char text[4096];
	struct err err;

	CHECK_OK(guest_mem_read(mem, at, text, sizeof(text) - 1, &err), &err);
	return text;
}

static void check_limit(const struct x86_seg *s)
{
	if ((s->limit & 0xfff) != 0xfff)
		CHECK(!(s->attr & X86_AR_G));
	if (s->limit >> 20)
		CHECK(s->attr & X86_AR_G);
	CHECK_EQ(s->attr & 0xf00, 0);
}

void check_entry_state(const struct x86_state *s)
{
	const bool lma = s->efer & X86_EFER_LMA;
	const struct x86_seg *tr = &s->seg[X86_TR];

	CHECK_EQ(s->rflags, 2);
	for (int i = X86_CS; i <= X86_GS; i++) {
		CHECK_EQ(s->seg[i].attr & (X86_AR_S | X86_AR_P | X86_AR_DPL),
			 X86_AR_S | X86_AR_P);
		CHECK_EQ(s->seg[i].attr & X86_AR_TYPE, i == X86_CS ? 11 : 3);
		CHECK_EQ(s->seg[i].sel & 7, 0);
		check_limit(&s->seg[i]);
	}
	CHECK_EQ(tr->attr & ~X86_AR_AVL, 0x8b);
	check_limit(tr);
	CHECK(s->seg[X86_LDTR].attr & X86_AR_UNUSABLE);
	CHECK_EQ(!!(s->cr0 & X86_CR0_PG), lma);
	CHECK_EQ(!!(s->seg[X86_CS].attr & X86_AR_L), lma);
	if (lma) {
		CHECK(s->cr0 & X86_CR0_PE);
		CHECK(s->cr4 & X86_CR4_PAE);
		CHECK(s->efer & X86_EFER_LME);
		CHECK(!(s->seg[X86_CS].attr & X86_AR_DB));
	} else {
		CHECK_EQ(s->rip >> 32, 0);
	}
	CHECK(s->gdt.limit <= 0xffff && s->idt.limit <= 0xffff);
}

const char *temp_file(const void *data, size_t size)
{
	static char name[4][64];
	static int next;
	char *path = name[next++ % 4];
	int fd;

	strcpy(path, "/tmp/kvm-gdbserver-test-XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
	close(fd);
	return path;
}
