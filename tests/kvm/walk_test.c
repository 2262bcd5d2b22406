/*
 * The page walk of arch/paging/paging.c against KVM's own, by KVM_TRANSLATE, on
 * page tables of random content.  KVM answers for a supervisor read.
 */
#include "arch/paging/paging.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/test.h"
#include "vmm/convert.h"
#include "vmm/host/cpuid.h"
#include "vmm/kvm.h"

#define RAM_SIZE 0x100000u
#define TABLES	 0x10000u /* 16 pages of entries */
#define TABLE_N	 16u

struct oracle {
	int kvm, vm, vcpu;
	uint8_t *ram;
	struct x86_cpu_info info;
	struct x86_state state;
};

static void must(int result, const char *what)
{
	if (result < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", what, strerror(errno));
}

static void oracle_init(struct oracle *o)
{
	struct kvm_userspace_memory_region slot = {.memory_size = RAM_SIZE};
	static struct cpuid_table cpuid;
	struct err err;
	struct kvm_cpuid2 *raw;

	o->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (o->kvm < 0)
		test_skip("/dev/kvm: %s", strerror(errno));
	o->vm = ioctl(o->kvm, KVM_CREATE_VM, 0);
	must(o->vm, "KVM_CREATE_VM");
	o->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(o->ram != MAP_FAILED);
	slot.userspace_addr = (uint64_t)(uintptr_t)o->ram;
	must(ioctl(o->vm, KVM_SET_USER_MEMORY_REGION, &slot), "memory");
	o->vcpu = ioctl(o->vm, KVM_CREATE_VCPU, 0);
	must(o->vcpu, "KVM_CREATE_VCPU");
	CHECK_OK(cpuid_supported(o->kvm, &cpuid, &err), &err);
	raw = calloc(1, sizeof(*raw) + sizeof(cpuid.entry));
	CHECK(raw);
	raw->nent = cpuid.n;
	memcpy(raw->entries, cpuid.entry, cpuid.n * sizeof(cpuid.entry[0]));
	must(ioctl(o->vcpu, KVM_SET_CPUID2, raw), "KVM_SET_CPUID2");
	free(raw);
	cpuid_info(&cpuid, &o->info);
}

static void oracle_deinit(struct oracle *o)
{
	munmap(o->ram, RAM_SIZE);
	close(o->vcpu);
	close(o->vm);
	close(o->kvm);
}

static bool try_mode(struct oracle *o, uint64_t cr4, uint64_t efer)
{
	struct kvm_sregs sregs;

	must(ioctl(o->vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cr0 = X86_CR0_PG | X86_CR0_PE | X86_CR0_WP | 0x30;
	sregs.cr3 = TABLES;
	sregs.cr4 = cr4;
	sregs.efer = efer;
	sregs.cs.l = 0;
	sregs.cs.s = sregs.cs.present = 1;
	if (ioctl(o->vcpu, KVM_SET_SREGS, &sregs))
		return false;
	must(ioctl(o->vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	convert_from_sregs(&o->state, &sregs);
	o->state.rflags = 2;
	return true;
}

static bool read_ram(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err)
{
	const struct oracle *o = ctx;

	if (!range_ok(0, RAM_SIZE, gpa, len))
		return err_set_fault(err, gpa, "no memory");
	memcpy(buf, o->ram + gpa, len);
	return true;
}

/* An entry that mostly leads on; now and then with a bit that should not be. */
static uint64_t random_entry(void)
{
	uint64_t e = (TABLES + 0x1000u * ((uint64_t)random() % TABLE_N)) | 7;

	switch (random() % 16) {
	case 0:
		return e & ~UINT64_C(1);
	case 1:
	case 2:
		return e | 0x80; /* large, and badly aligned */
	case 3:
		return (e & 0xfff) | 0x80;
	case 4:
		return (e & 0xfff) | 0x80 | BIT(12 + random() % 52);
	case 5:
		return e | BIT(12 + random() % 52);
	case 6:
		return e | BIT(random() % 12);
	default:
		return e;
	}
}

static void fill_tables(struct oracle *o, enum paging_mode kind)
{
	uint8_t *p = o->ram + TABLES;

	for (unsigned int i = 0; i < TABLE_N * 0x1000; i += 8) {
		uint64_t e = random_entry();

		if (kind == PAGING_32) /* two entries of 4 bytes */
			e = (uint32_t)e | random_entry() << 32;
		memcpy(p + i, &e, 8);
	}
	if (kind != PAGING_PAE)
		return;
	/* KVM loads no pointers with reserved bits. */
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t e = (TABLES + 0x1000 * (i + 1)) | (i < 3);

		memcpy(p + 8 * i, &e, 8);
	}
}

static gva_t random_address(const struct paging *p)
{
	gva_t gva = (gva_t)random() << 31 ^ (gva_t)random() ^
		    (gva_t)random() << 50;

	switch (p->mode) {
	case PAGING_4LEVEL:
		return (gva_t)((int64_t)(gva << 16) >> 16);
	case PAGING_5LEVEL:
		return (gva_t)((int64_t)(gva << 7) >> 7);
	default:
		return (uint32_t)gva;
	}
}

static void compare(struct oracle *o, const struct paging *p,
		    unsigned int *seen)
{
	const struct phys_reader mem = {read_ram, o};
	struct kvm_translation tr = {
		.linear_address = random_address(p),
	};
	struct walk w;
	char text[200];
	bool ok = paging_walk(p, &mem, tr.linear_address, ACCESS_READ, &w);

	must(ioctl(o->vcpu, KVM_TRANSLATE, &tr), "KVM_TRANSLATE");
	walk_explain(&w, text, sizeof(text));
	if (ok != !!tr.valid || (ok && w.gpa != tr.physical_address))
		test_fail(__FILE__, __LINE__,
			  "%s paging: KVM says %s 0x%llx; we: %s",
			  paging_mode_name(p->mode),
			  tr.valid ? "valid" : "fault",
			  (unsigned long long)tr.physical_address, text);
	seen[w.result]++;
}

static enum paging_mode kind_of(uint64_t cr4, uint64_t efer)
{
	if (!(cr4 & X86_CR4_PAE))
		return PAGING_32;
	return efer & X86_EFER_LMA ? PAGING_4LEVEL : PAGING_PAE;
}

static void differential(uint64_t cr4, uint64_t efer)
{
	unsigned int seen[WALK_NO_TABLE + 1] = {0};
	struct oracle o;
	struct paging p;

	srandom(1);
	oracle_init(&o);
	if ((cr4 & X86_CR4_LA57) && !o.info.la57)
		test_skip("this KVM has no 5-level paging");
	for (unsigned int round = 0; round < 20; round++) {
		fill_tables(&o, kind_of(cr4, efer));
		if (!try_mode(&o, cr4, efer))
			test_skip("KVM_SET_SREGS refuses: %s", strerror(errno));
		paging_init(&p, &o.state, &o.info);
		if (p.mode == PAGING_NONE)
			test_skip("this KVM pages in long mode only");
		for (unsigned int i = 0; i < 1000; i++)
			compare(&o, &p, seen);
	}
	if (seen[WALK_OK] < 100 || seen[WALK_NOT_PRESENT] < 100)
		test_fail(__FILE__, __LINE__,
			  "too little seen: %u translated, %u not present, %u "
			  "reserved, %u without table",
			  seen[WALK_OK], seen[WALK_NOT_PRESENT],
			  seen[WALK_RESERVED], seen[WALK_NO_TABLE]);
	if (cr4 & X86_CR4_PAE)
		CHECK(seen[WALK_RESERVED] > 100);
	oracle_deinit(&o);
}

TEST(four_level_walk_is_kvms)
{
	differential(X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA);
}

TEST(four_level_walk_with_nx_is_kvms)
{
	differential(X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
}

TEST(five_level_walk_is_kvms)
{
	differential(X86_CR4_PAE | X86_CR4_LA57,
		     X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
}

TEST(two_level_walk_is_kvms)
{
	differential(0, 0);
}

TEST(two_level_walk_with_large_pages_is_kvms)
{
	differential(X86_CR4_PSE, 0);
}

TEST(pae_walk_is_kvms)
{
	differential(X86_CR4_PAE, X86_EFER_NXE);
}
