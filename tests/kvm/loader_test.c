/*
 * Every boot protocol on this host's KVM: the start state is accepted, the
 * guest can reload its segments from the GDT it was given, and it finds its
 * boot information.  It reports by isa-debug-exit.
 */
#include "tests/kvm/machine.h"
#include "tests/vmm/images.h"

enum protocol {
	SAW_MULTIBOOT1 = 1,
	SAW_MULTIBOOT2,
	SAW_PVH,
	SAW_LINUX,
	SAW_NOTHING,
};

#define CODE_OFFSET 0x100 /* behind the headers */

GUEST(enter32, ".code32\n"
	       "	mov $0x80000, %esp\n"
	       "	mov %eax, %ebp\n"
	       "	mov $0x18, %eax\n"
	       "	mov %eax, %ds\n	mov %eax, %es\n	mov %eax, %ss\n"
	       "	push $0x10\n"
	       "	call 1f\n"
	       "1:	addl $(2f - 1b), (%esp)\n"
	       "	lret\n"
	       "2:	mov $1, %eax\n"
	       "	cmp $0x2badb002, %ebp\n	je 3f\n"
	       "	inc %eax\n"
	       "	cmp $0x36d76289, %ebp\n	je 3f\n"
	       "	inc %eax\n"
	       "	cmpl $0x336ec578, (%ebx)\n	je 3f\n"
	       "	inc %eax\n"
	       "	cmpl $0x53726448, 0x202(%esi)\n	je 3f\n"
	       "	inc %eax\n"
	       "3:	out %eax, $0xf4\n"
	       "	hlt\n"
	       "	.code64\n");

GUEST(enter64, "	mov $0x80000, %esp\n"
	       "	mov $0x18, %eax\n"
	       "	mov %eax, %ds\n	mov %eax, %es\n	mov %eax, %ss\n"
	       "	push $0x10\n"
	       "	lea 1f(%rip), %rax\n"
	       "	push %rax\n"
	       "	lretq\n"
	       "1:	mov $4, %eax\n"
	       "	cmpl $0x53726448, 0x202(%rsi)\n	je 2f\n"
	       "	inc %eax\n"
	       "2:	out %eax, $0xf4\n"
	       "	hlt\n");

static struct elf_image im;
static struct buf file;

static void put_code(uint8_t *at, unsigned int bits)
{
	if (bits == 32)
		memcpy(at, guest_enter32, guest_enter32_end - guest_enter32);
	else
		memcpy(at, guest_enter64, guest_enter64_end - guest_enter64);
}

/* An ELF64 at 1 MiB of physical memory, its code behind CODE_OFFSET. */
static void elf_kernel(gva_t vaddr, unsigned int bits)
{
	elf_image_init(&im);
	im.eh.e_entry = vaddr + CODE_OFFSET;
	elf_image_load(&im, vaddr, 0x100000, 0x1000, 0x1000);
	put_code(im.body + CODE_OFFSET, bits);
}

static void check_boots(const void *image, size_t size, enum protocol expected)
{
	struct machine m;
	struct target_stop stop;

	machine_start_bytes(&m, image, size, 0, NULL);
	stop = machine_continue(&m);
	CHECK_STOP(stop, STOP_EXITED);
	CHECK_EQ(stop.status, expected << 1 | 1);
	machine_end(&m);
}

static void check_elf_boots(enum protocol expected)
{
	elf_image_file(&im, 64, &file);
	check_boots(file.data, file.len, expected);
}

TEST(multiboot1)
{
	static const uint32_t header[] = {0x1badb002, 0, -0x1badb002};

	elf_kernel(0x100000, 32);
	memcpy(im.body, header, sizeof(header));
	check_elf_boots(SAW_MULTIBOOT1);
}

/* The first 8259's mask is 0xfa, and IRQ 0's vector leads somewhere. */
GUEST(pc_state, ".code32\n"
		"	in $0x21, %al\n"
		"	xor $0xfa, %al\n"
		"	cmpl $0xf000f000, 0x20\n"
		"	je 1f\n"
		"	or $1, %al\n"
		"1:	out %al, $0xf4\n"
		"	hlt\n"
		"	.code64\n");

static void check_pc_state(enum vm_irqchip irqchip)
{
	const struct machine_options o = {.irqchip = irqchip};
	static const uint32_t header[] = {0x1badb002, 0, -0x1badb002};
	struct machine m;

	elf_kernel(0x100000, 32);
	memcpy(im.body, header, sizeof(header));
	memcpy(im.body + CODE_OFFSET, guest_pc_state,
	       guest_pc_state_end - guest_pc_state);
	elf_image_file(&im, 64, &file);
	machine_start_bytes(&m, (const uint8_t *)file.data, file.len, 0, &o);
	CHECK_EQ(machine_continue(&m).status, 1);
	machine_end(&m);
}

TEST(multiboot_finds_what_firmware_leaves)
{
	check_pc_state(IRQCHIP_KERNEL);
	check_pc_state(IRQCHIP_USER);
}

TEST(multiboot2)
{
	static const uint32_t header[] = {0xe85250d6,	      0, 24,
					  -(0xe85250d6 + 24), 0, 8};

	elf_kernel(0x100000, 32);
	memcpy(im.body, header, sizeof(header));
	check_elf_boots(SAW_MULTIBOOT2);
}

TEST(pvh)
{
	static const uint32_t note[] = {4, 4, 18, 0x6e6558,
					0x100000 + CODE_OFFSET};
	Elf64_Phdr *p;

	elf_kernel(0xffffffff80100000, 32);
	memcpy(im.body, note, sizeof(note));
	p = elf_image_load(&im, 0, 0, sizeof(note), sizeof(note));
	p->p_type = PT_NOTE;
	p->p_align = 4;
	check_elf_boots(SAW_PVH);
}

TEST(plain_elf64_at_high_addresses)
{
	elf_kernel(0xffffffff80100000, 64);
	check_elf_boots(SAW_NOTHING);
}

/* One setup sector; the 64-bit entry is 0x200 into what follows. */
static void check_bzimage(unsigned int bits)
{
	static uint8_t image[0x1000];
	const uint64_t load = 0x400000;

	memset(image, 0, sizeof(image));
	memcpy(image + 0x1fe, "\x55\xaa\xeb\x6aHdrS\x0f\x02", 10);
	image[0x1f1] = 1;
	image[0x211] = 1;
	memcpy(image + 0x22c, "\xff\xff\xff\x7f", 4);
	image[0x236] = bits == 64;
	memcpy(image + 0x258, &load, 8);
	put_code(image + 0x400 + (bits == 64 ? 0x200 : 0), bits);
	check_boots(image, sizeof(image), SAW_LINUX);
}

TEST(linux_64_bit_entry)
{
	check_bzimage(64);
}

TEST(linux_32_bit_entry)
{
	check_bzimage(32);
}
