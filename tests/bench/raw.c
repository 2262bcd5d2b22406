#include "tests/bench/raw.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define RAM   (UINT64_C(16) << 20)
#define RF    (UINT64_C(1) << 16)
#define BATCH 1000

struct raw_vm {
	int kvm, vm, cpu;
	uint8_t *ram;
	struct kvm_run *run;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool complain(const char *what)
{
	perror(what);
	return false;
}

/* The image is our own; only what would crash this program is checked. */
static bool load_elf(struct raw_vm *v, const char *path)
{
	static char file[1 << 20];
	Elf64_Ehdr h;
	Elf64_Phdr p;
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, file, sizeof(file));

	if (fd >= 0)
		close(fd);
	if (n < (ssize_t)sizeof(h))
		return complain(path);
	memcpy(&h, file, sizeof(h));
	for (size_t i = 0; i < h.e_phnum; i++) {
		if (h.e_phoff + (i + 1) * sizeof(p) > (size_t)n)
			return false;
		memcpy(&p, file + h.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type != PT_LOAD)
			continue;
		if (p.p_offset + p.p_filesz > (size_t)n ||
		    p.p_paddr + p.p_filesz > RAM)
			return false;
		memcpy(v->ram + p.p_paddr, file + p.p_offset, p.p_filesz);
	}
	return true;
}

/* Long mode, the first GiB identity-mapped by tables at 0x1000. */
static bool enter_long_mode(struct raw_vm *v, uint64_t rip)
{
	struct kvm_regs regs = {.rip = rip, .rflags = 2, .rdi = 0x8000};
	struct kvm_sregs s;
	uint64_t entry[3] = {0x2003, 0x3003, 0x83};

	for (int i = 0; i < 3; i++)
		memcpy(v->ram + 0x1000 * (i + 1), &entry[i], 8);
	if (ioctl(v->cpu, KVM_GET_SREGS, &s))
		return complain("KVM_GET_SREGS");
	for (uint64_t i = 1; i < 8; i++) {
		uint64_t pde = i << 21 | 0x83;

		memcpy(v->ram + 0x3000 + 8 * i, &pde, 8);
	}
	s.cr3 = 0x1000;
	s.cr4 |= 0x20;
	s.cr0 |= 0x80000001;
	s.efer = 0x500;
	s.cs = (struct kvm_segment){.limit = ~0u,
				    .selector = 8,
				    .type = 11,
				    .present = 1,
				    .s = 1,
				    .l = 1,
				    .g = 1};
	s.ss = (struct kvm_segment){.limit = ~0u,
				    .selector = 16,
				    .type = 3,
				    .present = 1,
				    .s = 1,
				    .db = 1,
				    .g = 1};
	s.ds = s.es = s.fs = s.gs = s.ss;
	if (ioctl(v->cpu, KVM_SET_SREGS, &s) ||
	    ioctl(v->cpu, KVM_SET_REGS, &regs))
		return complain("KVM_SET_SREGS");
	return true;
}

static bool create(struct raw_vm *v)
{
	struct kvm_userspace_memory_region slot = {.memory_size = RAM};
	int size;

	v->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (v->kvm < 0)
		return complain("/dev/kvm");
	v->vm = ioctl(v->kvm, KVM_CREATE_VM, 0);
	v->ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (v->vm < 0 || v->ram == MAP_FAILED)
		return complain("KVM_CREATE_VM");
	slot.userspace_addr = (uintptr_t)v->ram;
	ioctl(v->vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	if (ioctl(v->vm, KVM_SET_USER_MEMORY_REGION, &slot))
		return complain("KVM_SET_USER_MEMORY_REGION");
	v->cpu = ioctl(v->vm, KVM_CREATE_VCPU, 0);
	size = ioctl(v->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (v->cpu < 0 || size < 0)
		return complain("KVM_CREATE_VCPU");
	v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->cpu, 0);
	return v->run != MAP_FAILED || complain("mmap of kvm_run");
}

/* One KVM_RUN that must end in KVM_EXIT_DEBUG. */
static bool run_to_debug(struct raw_vm *v)
{
	if (ioctl(v->cpu, KVM_RUN, 0))
		return complain("KVM_RUN");
	if (v->run->exit_reason == KVM_EXIT_DEBUG)
		return true;
	fprintf(stderr, "raw loop: exit reason %u\n", v->run->exit_reason);
	return false;
}

static bool resume_past_breakpoint(struct raw_vm *v)
{
	struct kvm_regs regs;

	if (ioctl(v->cpu, KVM_GET_REGS, &regs))
		return complain("KVM_GET_REGS");
	regs.rflags |= RF;
	if (ioctl(v->cpu, KVM_SET_REGS, &regs))
		return complain("KVM_SET_REGS");
	return run_to_debug(v);
}

static bool rate(struct raw_vm *v, bool (*once)(struct raw_vm *),
		 double seconds, double *per_second)
{
	for (int round = 0; round < 3; round++) {
		double begin = now(), end = begin;
		uint64_t n = 0;

		while (end - begin < seconds) {
			for (int i = 0; i < BATCH; i++)
				if (!once(v))
					return false;
			n += BATCH;
			end = now();
		}
		if (*per_second < (double)n / (end - begin))
			*per_second = (double)n / (end - begin);
	}
	return true;
}

bool raw_measure(const char *image, uint64_t loop, double seconds,
		 struct raw_rates *rates)
{
	struct kvm_guest_debug step = {.control = KVM_GUESTDBG_ENABLE |
						  KVM_GUESTDBG_SINGLESTEP};
	struct kvm_guest_debug bp = {.control = KVM_GUESTDBG_ENABLE |
						KVM_GUESTDBG_USE_HW_BP};
	struct raw_vm v = {-1, -1, -1, NULL, NULL};
	double begin = now();
	bool ok;

	bp.arch.debugreg[0] = loop;
	bp.arch.debugreg[7] = 0x403;
	ok = create(&v) && load_elf(&v, image) && enter_long_mode(&v, loop) &&
	     !ioctl(v.cpu, KVM_SET_GUEST_DEBUG, &step) && run_to_debug(&v);
	rates->create_ms = (now() - begin) * 1e3;
	ok = ok && rate(&v, run_to_debug, seconds, &rates->steps) &&
	     !ioctl(v.cpu, KVM_SET_GUEST_DEBUG, &bp) &&
	     rate(&v, resume_past_breakpoint, seconds, &rates->breakpoints);
	close(v.cpu);
	close(v.vm);
	close(v.kvm);
	return ok;
}
