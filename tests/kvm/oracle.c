#include "tests/kvm/oracle.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/test.h"
#include "vmm/convert.h"
#include "vmm/kvm.h"

static void must(int result, const char *what)
{
	if (result < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", what, strerror(errno));
}

/* Does this parameter of a KVM module say yes? */
static bool parameter(const char *path)
{
	FILE *f = fopen(path, "r");
	int c = f ? fgetc(f) : 'N';

	if (f)
		fclose(f);
	return c == 'Y' || c == '1';
}

static void find_host(struct oracle *o)
{
	unsigned int a, b, c, d;

	o->two_dimensional = parameter("/sys/module/kvm_intel/parameters/"
				       "ept") ||
			     parameter("/sys/module/kvm_amd/parameters/npt");
	if (access("/sys/module/kvm_pvm", F_OK) == 0)
		o->two_dimensional = false;
	cpuid_info(&o->supported, &o->host);
	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		o->host.gbpages = d & BIT(26);
}

static void make_vm(struct oracle *o)
{
	struct kvm_userspace_memory_region slot = {.memory_size = ORACLE_RAM};

	o->vm = ioctl(o->kvm, KVM_CREATE_VM, 0);
	must(o->vm, "KVM_CREATE_VM");
	/* VMX without unrestricted guest wants them somewhere */
	must(ioctl(o->vm, KVM_SET_TSS_ADDR, 0xfffbd000ul), "KVM_SET_TSS_ADDR");
	o->ram = mmap(NULL, ORACLE_RAM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(o->ram != MAP_FAILED);
	slot.userspace_addr = (uint64_t)(uintptr_t)o->ram;
	must(ioctl(o->vm, KVM_SET_USER_MEMORY_REGION, &slot), "memory");
}

void oracle_init(struct oracle *o)
{
	struct err err;

	memset(o, 0, sizeof(*o));
	o->random = ORACLE_SEED;
	o->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (o->kvm < 0)
		test_skip("/dev/kvm: %s", strerror(errno));
	make_vm(o);
	o->vcpu = ioctl(o->vm, KVM_CREATE_VCPU, 0);
	must(o->vcpu, "KVM_CREATE_VCPU");
	o->run_size = (size_t)ioctl(o->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	o->run = mmap(NULL, o->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      o->vcpu, 0);
	CHECK(o->run != MAP_FAILED);
	CHECK_OK(cpuid_supported(o->kvm, &o->supported, &err), &err);
	o->cpuid = o->supported;
	find_host(o);
	oracle_set_cpuid(o);
}

void oracle_deinit(struct oracle *o)
{
	munmap(o->run, o->run_size);
	munmap(o->ram, ORACLE_RAM);
	close(o->vcpu);
	close(o->vm);
	close(o->kvm);
}

void oracle_set_cpuid(struct oracle *o)
{
	struct kvm_cpuid2 *raw;

	raw = calloc(1, sizeof(*raw) + sizeof(o->cpuid.entry));
	CHECK(raw);
	raw->nent = o->cpuid.n;
	memcpy(raw->entries, o->cpuid.entry,
	       o->cpuid.n * sizeof(o->cpuid.entry[0]));
	must(ioctl(o->vcpu, KVM_SET_CPUID2, raw), "KVM_SET_CPUID2");
	free(raw);
	cpuid_info(&o->cpuid, &o->info);
	if (o->two_dimensional)
		o->info.gbpages = o->host.gbpages;
	else
		o->info.gbpages &= cpuid_flag_get(&o->supported, "pdpe1gb");
}

bool oracle_mode(struct oracle *o, uint64_t cr4, uint64_t efer)
{
	struct kvm_sregs sregs;

	must(ioctl(o->vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cr0 = X86_CR0_PG | X86_CR0_PE | X86_CR0_WP | 0x30;
	sregs.cr3 = ORACLE_TABLES;
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
	const uint8_t *ram = ctx;

	if (!range_ok(0, ORACLE_RAM, gpa, len))
		return err_set_fault(err, gpa, "no memory");
	memcpy(buf, ram + gpa, len);
	return true;
}

struct phys_reader oracle_reader(const struct oracle *o)
{
	return (struct phys_reader){read_ram, o->ram};
}

/* ---- random tables ---- */

uint64_t oracle_random(struct oracle *o) /* xorshift64* */
{
	o->random ^= o->random >> 12;
	o->random ^= o->random << 25;
	o->random ^= o->random >> 27;
	return (o->random * UINT64_C(0x2545f4914f6cdd1d)) >> 8;
}

static uint64_t below(struct oracle *o, uint64_t n)
{
	return oracle_random(o) % n;
}

/* An entry that mostly leads on; now and then with a bit that should not be. */
static uint64_t random_entry(struct oracle *o)
{
	uint64_t e = (ORACLE_TABLES + 0x1000 * below(o, ORACLE_PAGES)) | 7;

	switch (below(o, 16)) {
	case 0:
		return e & ~UINT64_C(1);
	case 1:
	case 2:
		return e | 0x80; /* large, and badly aligned */
	case 3:
		return (e & 0xfff) | 0x80;
	case 4:
		return (e & 0xfff) | 0x80 | BIT(12 + below(o, 52));
	case 5:
		return e | BIT(12 + below(o, 52));
	case 6:
		return e ^ BIT(below(o, 12));
	case 7: /* fewer rights */
		return e ^ (const uint64_t[]) { 2, 4, BIT(63) }[below(o, 3)];
	default:
		return e;
	}
}

static void fix_pae_top(struct oracle *o)
{
	/* KVM loads no pointers with reserved bits. */
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t e = (ORACLE_TABLES + 0x1000 * (i + 1)) | (i < 3);

		memcpy(o->ram + ORACLE_TABLES + 8 * i, &e, 8);
	}
}

void oracle_scribble(struct oracle *o, unsigned int n)
{
	bool pae = o->state.cr4 & X86_CR4_PAE &&
		   !(o->state.efer & X86_EFER_LMA);

	while (n--) {
		uint64_t e = random_entry(o);
		uint64_t at = below(o, ORACLE_PAGES * 512);

		if (!(o->state.cr4 & X86_CR4_PAE)) /* two of 4 bytes */
			e = (uint32_t)e | random_entry(o) << 32;
		memcpy(o->ram + ORACLE_TABLES + 8 * at, &e, 8);
	}
	if (pae)
		fix_pae_top(o);
}

gva_t oracle_address(struct oracle *o, enum paging_mode mode)
{
	gva_t gva = oracle_random(o) << 8 ^ oracle_random(o);

	switch (mode) {
	case PAGING_4LEVEL:
		return (gva_t)((int64_t)(gva << 16) >> 16);
	case PAGING_5LEVEL:
		return (gva_t)((int64_t)(gva << 7) >> 7);
	default:
		return (uint32_t)gva;
	}
}

bool oracle_translate(struct oracle *o, gva_t gva, gpa_t *gpa)
{
	struct kvm_translation tr = {.linear_address = gva};

	must(ioctl(o->vcpu, KVM_TRANSLATE, &tr), "KVM_TRANSLATE");
	*gpa = tr.physical_address;
	return tr.valid;
}
