#include "tests/stub/fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"

#define PTE_ADDR BITS(51, 12)

struct fake_target *fake_of(struct target *t)
{
	return t->priv;
}

void fake_die(const char *what)
{
	fprintf(stderr, "fake target: %s\n", what);
	_exit(1);
}

bool fake_called(struct fake_target *f, enum fake_op op, struct err *err)
{
	f->calls[op]++;
	if (f->fail[op].pass) {
		f->fail[op].pass--;
		return true;
	}
	if (!f->fail[op].times)
		return true;
	f->fail[op].times--;
	*err = f->fail[op].err;
	return false;
}

/* ---- memory ---- */

static struct fake_region *find_region(struct fake_target *f, gpa_t gpa,
				       uint64_t len)
{
	unsigned int i;

	for (i = 0; i < f->regions; i++)
		if (range_ok(f->region[i].info.start, f->region[i].info.size,
			     gpa, len))
			return &f->region[i];
	return NULL;
}

void *fake_ram(struct fake_target *f, gpa_t gpa, size_t len)
{
	struct fake_region *r = find_region(f, gpa, len);

	return r ? r->data + (gpa - r->info.start) : NULL;
}

void fake_add_region(struct fake_target *f, gpa_t start, uint64_t size,
		     bool read_only, const char *name)
{
	struct fake_region *r = &f->region[f->regions];

	if (f->regions >= FAKE_REGIONS)
		fake_die("too many regions");
	r->data = calloc(1, size);
	if (!r->data)
		fake_die("out of memory");
	r->info = (struct target_region){start, size, true, read_only, name};
	f->regions++;
}

static bool op_read_phys(struct target *t, gpa_t gpa, void *buf, size_t len,
			 struct err *err)
{
	struct fake_target *f = fake_of(t);
	const void *from;

	if (!fake_called(f, FAKE_READ, err))
		return false;
	from = fake_ram(f, gpa, len);
	if (!from)
		return err_set_fault(err, gpa,
				     "no memory at physical 0x%" PRIx64, gpa);
	memcpy(buf, from, len);
	return true;
}

static bool op_write_phys(struct target *t, gpa_t gpa, const void *buf,
			  size_t len, struct err *err)
{
	struct fake_target *f = fake_of(t);
	struct fake_region *r;

	if (!fake_called(f, FAKE_WRITE, err))
		return false;
	r = find_region(f, gpa, len);
	if (!r)
		return err_set_fault(err, gpa,
				     "no memory at physical 0x%" PRIx64, gpa);
	if (r->info.read_only)
		return err_set_fault(
			err, gpa, "physical 0x%" PRIx64 " is read-only", gpa);
	memcpy(r->data + (gpa - r->info.start), buf, len);
	buf_printf(&f->log, "write %#" PRIx64 " %zu\n", gpa, len);
	return true;
}

static bool op_region(struct target *t, unsigned int index,
		      struct target_region *region)
{
	struct fake_target *f = fake_of(t);

	if (index >= f->regions)
		return false;
	*region = f->region[index].info;
	return true;
}

static uint64_t *entry_at(struct fake_target *f, gpa_t table, gva_t gva,
			  int level)
{
	unsigned int index = (gva >> (12 + 9 * (level - 1))) & 0x1ff;
	uint64_t *e = fake_ram(f, table + 8 * index, 8);

	if (!e)
		fake_die("page table outside RAM");
	return e;
}

void fake_map(struct fake_target *f, gva_t gva, gpa_t gpa, uint64_t flags)
{
	gpa_t table = f->cr3;
	int level;

	for (level = 4; level > 1; level--) {
		uint64_t *e = entry_at(f, table, gva, level);

		if (!*e) {
			if (f->next_table >= FAKE_RAM)
				fake_die("no room for page tables");
			*e = f->next_table | FAKE_PTE_P | FAKE_PTE_RW |
			     FAKE_PTE_US;
			f->next_table += 4096;
		}
		table = *e & PTE_ADDR;
	}
	*entry_at(f, table, gva, 1) = flags ? (gpa & PTE_ADDR) | flags : 0;
}

/* ---- registers ---- */

static struct x86_seg segment(uint32_t sel, uint32_t attr)
{
	return (struct x86_seg){.limit = UINT32_MAX, .attr = attr, .sel = sel};
}

void fake_cpu_init(const struct fake_target *f, unsigned int n,
		   struct x86_state *s)
{
	unsigned int i, data = 0xc093; /* flat data, DPL 0, accessed */

	memset(s, 0, sizeof(*s));
	for (i = 0; i < X86_NR_GPR; i++)
		s->gpr[i] = 0x1111 * (i + 1) + ((uint64_t)n << 32);
	s->gpr[X86_RSP] = 0x8000;
	s->gpr[X86_RBP] = 0x8080;
	s->rip = 0x1000 + 0x100 * n;
	s->rflags = 2;
	for (i = 0; i < X86_LDTR; i++)
		s->seg[i] = segment(0x10, data);
	s->seg[X86_CS] = segment(0x08, 0xa09b); /* 64-bit code */
	s->seg[X86_LDTR] = segment(0, X86_AR_UNUSABLE);
	s->seg[X86_TR] = (struct x86_seg){0x6000, 0x67, 0x8b, 0x18};
	s->seg[X86_GS].base = 0x5000;
	s->gdt = (struct x86_dtable){0x7000, 0x27};
	s->idt = (struct x86_dtable){0x7800, 0xfff};
	s->cr0 = X86_CR0_PE | X86_CR0_WP | X86_CR0_PG | 0x10;
	s->cr3 = f->cr3;
	s->cr4 = X86_CR4_PAE;
	s->efer = X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE | 1;
	s->apic_base = 0xfee00800 | (n ? 0 : 0x100);
	s->fpu.fctrl = 0x37f;
	s->fpu.ftag = 0xffff;
	s->fpu.mxcsr = 0x1f80;
	for (i = 0; i < 16; i++)
		memset(s->fpu.xmm[i], 0x10 + (int)i, 16);
	s->dr6 = 0xffff0ff0;
	s->dr7 = 0x400;
	s->msr.k_gs_base = 0x5500;
	s->xcr0 = 3;
	s->run_state = X86_RUNNABLE;
}

/* Copy the named groups. */
static void copy_groups(struct x86_state *to, const struct x86_state *s,
			unsigned int groups)
{
	if (groups & X86_GROUP_GPR) {
		memcpy(to->gpr, s->gpr, sizeof(to->gpr));
		to->rip = s->rip;
		to->rflags = s->rflags;
	}
	if (groups & X86_GROUP_SYS) {
		memcpy(to->seg, s->seg, sizeof(to->seg));
		to->gdt = s->gdt;
		to->idt = s->idt;
		to->cr0 = s->cr0;
		to->cr2 = s->cr2;
		to->cr3 = s->cr3;
		to->cr4 = s->cr4;
		to->cr8 = s->cr8;
		to->efer = s->efer;
		to->apic_base = s->apic_base;
		memcpy(to->pdptr, s->pdptr, sizeof(to->pdptr));
		to->pdptr_valid = s->pdptr_valid;
	}
	if (groups & X86_GROUP_FPU)
		to->fpu = s->fpu;
	if (groups & X86_GROUP_DEBUG) {
		memcpy(to->dr, s->dr, sizeof(to->dr));
		to->dr6 = s->dr6;
		to->dr7 = s->dr7;
	}
	if (groups & X86_GROUP_MSR)
		to->msr = s->msr;
	if (groups & X86_GROUP_XCR)
		to->xcr0 = s->xcr0;
	if (groups & X86_GROUP_EVENT) {
		to->event = s->event;
		to->run_state = s->run_state;
	}
}

static bool op_get_state(struct target *t, unsigned int vcpu,
			 unsigned int groups, struct x86_state *s,
			 struct err *err)
{
	if (!fake_called(fake_of(t), FAKE_GET, err))
		return false;
	copy_groups(s, &fake_of(t)->cpu[vcpu], groups);
	return true;
}

static bool op_set_state(struct target *t, unsigned int vcpu,
			 unsigned int groups, const struct x86_state *s,
			 struct err *err)
{
	if (!fake_called(fake_of(t), FAKE_SET, err))
		return false;
	copy_groups(&fake_of(t)->cpu[vcpu], s, groups);
	buf_printf(&fake_of(t)->log, "set %u %x\n", vcpu, groups);
	return true;
}

static void op_cpu_info(struct target *t, unsigned int vcpu,
			struct x86_cpu_info *info)
{
	*info = fake_of(t)->info;
}

static void op_set_step_irqs(struct target *t, bool blocked)
{
	buf_printf(&fake_of(t)->log, "step-irqs %d\n", blocked);
}

static void op_describe_caps(struct target *t, struct buf *out)
{
	buf_str(out, "fake target: everything works\n");
}

/* ---- making one ---- */

static const struct target_ops fake_ops = {
	.name = "the fake target",
	.read_phys = op_read_phys,
	.write_phys = op_write_phys,
	.get_state = op_get_state,
	.set_state = op_set_state,
	.cpu_info = op_cpu_info,
	.resume = fake_resume,
	.interrupt = fake_interrupt,
	.event_fd = fake_event_fd,
	.next_stop = fake_next_stop,
	.insert_bp = fake_insert_bp,
	.remove_bp = fake_remove_bp,
	.bp_means = fake_bp_means,
	.region = op_region,
	.reset = fake_reset,
	.set_step_irqs = op_set_step_irqs,
	.describe_caps = op_describe_caps,
};

struct fake_target *fake_create(unsigned int nvcpus)
{
	struct fake_target *f = calloc(1, sizeof(*f));
	struct err err;
	unsigned int i;
	gpa_t gpa;

	if (!f || nvcpus > FAKE_VCPUS)
		fake_die("cannot create");
	f->ops = fake_ops;
	f->inspect_ops = fake_inspect_ops;
	f->ops.inspect = &f->inspect_ops;
	f->ops.catch = &fake_catch_ops;
	if (!target_init(&f->target, &f->ops, f, nvcpus, &err))
		fake_die(err.msg);
	f->target.caps = (struct target_caps){true, true, true, 4};
	f->info = (struct x86_cpu_info){
		.maxphyaddr = 40, .nx = true, .gbpages = true, .xsave = true};
	f->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (f->event_fd < 0)
		fake_die("eventfd");
	pthread_mutex_init(&f->lock, NULL);
	fake_add_region(f, 0, FAKE_RAM, false, "ram");
	f->cr3 = FAKE_TABLES;
	f->next_table = FAKE_TABLES + 4096;
	for (gpa = 0; gpa < FAKE_RAM; gpa += 4096)
		fake_map(f, gpa, gpa, FAKE_PTE_P | FAKE_PTE_RW);
	for (i = 0; i < nvcpus; i++)
		fake_cpu_init(f, i, &f->cpu[i]);
	memcpy(f->power_on, f->cpu, sizeof(f->cpu));
	return f;
}

void fake_destroy(struct fake_target *f)
{
	unsigned int i;

	if (!f)
		return;
	for (i = 0; i < f->regions; i++)
		free(f->region[i].data);
	close(f->event_fd);
	pthread_mutex_destroy(&f->lock);
	buf_deinit(&f->log);
	buf_deinit(&f->notes);
	target_deinit(&f->target);
	free(f);
}
