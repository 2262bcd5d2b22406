/*
 * Source: SDM Vol 3A, "Paging", "Page-Fault Exceptions" and "Protection Keys";
 * APM Vol 2, "Page Translation and Protection".  KVM's walker
 * (arch/x86/kvm/mmu/paging_tmpl.h) follows the same order: present, reserved
 * bits, then permissions of the last level.
 */
#include "arch/paging/paging.h"

#include <string.h>

#define ENTRY_P	   BIT(0)
#define ENTRY_W	   BIT(1)
#define ENTRY_U	   BIT(2)
#define ENTRY_PS   BIT(7)
#define ENTRY_NX   BIT(63)
#define PAGE_SHIFT 12

void paging_init(struct paging *p, const struct x86_state *s,
		 const struct x86_cpu_info *cpu)
{
	bool lma = s->efer & X86_EFER_LMA;

	*p = (struct paging){
		.cr3 = s->cr3,
		.wp = s->cr0 & X86_CR0_WP,
		.nxe = s->efer & X86_EFER_NXE,
		.smep = s->cr4 & X86_CR4_SMEP,
		.smap = s->cr4 & X86_CR4_SMAP,
		.pse = s->cr4 & X86_CR4_PSE,
		.pke = lma && s->cr4 & X86_CR4_PKE,
		.ac = s->rflags & X86_FL_AC,
		.pkru = s->fpu.pkru,
		.cpu = *cpu,
	};
	if (cpu->maxphyaddr < 32 || cpu->maxphyaddr > 52)
		p->cpu.maxphyaddr = 52;
	if (!(s->cr0 & X86_CR0_PG))
		p->mode = PAGING_NONE;
	else if (!(s->cr4 & X86_CR4_PAE))
		p->mode = PAGING_32;
	else if (!lma)
		p->mode = PAGING_PAE;
	else
		p->mode = s->cr4 & X86_CR4_LA57 ? PAGING_5LEVEL : PAGING_4LEVEL;
	if (p->mode == PAGING_PAE && s->pdptr_valid) {
		memcpy(p->pdptr, s->pdptr, sizeof(p->pdptr));
		p->pdptr_valid = true;
	}
}

/* ---- the shape of each mode ---- */

struct shape {
	int levels;
	unsigned int entry_size; /* bytes */
	unsigned int index_bits; /* of every level but the top one of PAE */
	unsigned int width;	 /* bits of a linear address */
};

static const struct shape shapes[] = {
	[PAGING_NONE] = {0, 0, 0, 64},	 [PAGING_32] = {2, 4, 10, 32},
	[PAGING_PAE] = {3, 8, 9, 32},	 [PAGING_4LEVEL] = {4, 8, 9, 48},
	[PAGING_5LEVEL] = {5, 8, 9, 57},
};

static unsigned int shift_of(const struct shape *shape, int level)
{
	return PAGE_SHIFT + (unsigned int)(level - 1) * shape->index_bits;
}

/*
 * Canonical, or for 32-bit modes: zero-extended or, as symbol readers like to
 * have it, sign-extended.
 */
static bool is_linear(const struct shape *shape, gva_t gva)
{
	unsigned int unused = 64 - shape->width;
	int64_t extended = (int64_t)(gva << unused) >> unused;

	return (gva_t)extended == gva || (shape->width == 32 && !(gva >> 32));
}

/* Bits of a physical address in an entry, page offset excluded. */
static uint64_t frame_mask(const struct paging *p)
{
	return BITS(p->cpu.maxphyaddr - 1u, PAGE_SHIFT);
}

static bool is_leaf(const struct paging *p, int level, uint64_t entry)
{
	if (level == 1)
		return true;
	if (!(entry & ENTRY_PS))
		return false;
	if (p->mode == PAGING_32)
		return p->pse;
	return level == 2 || (level == 3 && p->mode != PAGING_PAE);
}

/* ---- reserved bits (SDM Vol 3A, "Reserved-Bit Checking") ---- */

static uint64_t reserved_32(const struct paging *p, int level, uint64_t entry)
{
	/* KVM: PSE-36 with 4 bits of address, whatever MAXPHYADDR is */
	return level == 2 && is_leaf(p, level, entry) ? BITS(21, 17) : 0;
}

static uint64_t reserved_pae_top(const struct paging *p)
{
	return BIT(63) | BITS(62, p->cpu.maxphyaddr) | BITS(8, 5) | BITS(2, 1);
}

static uint64_t reserved_mask(const struct paging *p, int level, uint64_t entry)
{
	unsigned int top = p->mode == PAGING_PAE ? 62 : 51;
	uint64_t mask = p->nxe ? 0 : ENTRY_NX;

	if (p->mode == PAGING_32)
		return reserved_32(p, level, entry);
	if (p->mode == PAGING_PAE && level == 3)
		return reserved_pae_top(p);
	if (p->cpu.maxphyaddr <= top)
		mask |= BITS(top, p->cpu.maxphyaddr);
	if (level >= 4)
		return mask | ENTRY_PS | (p->cpu.amd ? BIT(8) : 0);
	if (level == 3 && (entry & ENTRY_PS))
		mask |= BITS(29, 13) | (p->cpu.gbpages ? 0 : ENTRY_PS);
	if (level == 2 && (entry & ENTRY_PS))
		mask |= BITS(20, 13);
	return mask;
}

/* ---- one entry ---- */

static bool read_entry(const struct paging *p, const struct phys_reader *mem,
		       int level, gpa_t table, struct walk *w)
{
	const struct shape *shape = &shapes[p->mode];
	struct walk_step *step = &w->step[w->steps];
	uint64_t index = (uint32_t)(w->gva >> shift_of(shape, level)) &
			 (BIT(shape->index_bits) - 1);
	struct err ignored;

	if (p->mode == PAGING_PAE && level == 3)
		index &= 3;
	*step = (struct walk_step){
		.level = level,
		.entry_gpa = table + index * shape->entry_size,
	};
	if (p->mode == PAGING_PAE && level == 3 && p->pdptr_valid)
		step->entry = p->pdptr[index];
	else if (!mem->read(mem->ctx, step->entry_gpa, &step->entry,
			    shape->entry_size, &ignored))
		return false;
	w->steps++;
	if (step->entry & ENTRY_P)
		step->reserved = step->entry &
				 reserved_mask(p, level, step->entry);
	return true;
}

/* AND this level's rights into the walk's; PDPTEs of PAE have none. */
static void add_rights(const struct paging *p, const struct walk_step *step,
		       struct walk *w)
{
	if (p->mode == PAGING_PAE && step->level == 3)
		return;
	w->writable &= !!(step->entry & ENTRY_W);
	w->user &= !!(step->entry & ENTRY_U);
	if (p->nxe && p->mode != PAGING_32)
		w->executable &= !(step->entry & ENTRY_NX);
}

/* ---- permissions ---- */

/* Does the protection key of a user page refuse this data access? */
static bool key_refuses(const struct paging *p, const struct walk *w)
{
	uint64_t leaf = w->step[w->steps - 1].entry;
	unsigned int bits = p->pkru >> (2 * (leaf >> 59 & 15)) & 3;
	bool write = w->access & ACCESS_WRITE;

	if (!p->pke || !w->user || (w->access & ACCESS_FETCH))
		return false;
	return (bits & 1) ||
	       (bits & 2 && write && (w->access & ACCESS_USER || p->wp));
}

static bool rights_refuse(const struct paging *p, const struct walk *w)
{
	bool user = w->access & ACCESS_USER;

	if (user && !w->user)
		return true;
	if ((w->access & ACCESS_WRITE) && !w->writable && (user || p->wp))
		return true;
	if (w->access & ACCESS_FETCH)
		return !w->executable || (!user && w->user && p->smep);
	return !user && w->user && p->smap && !p->ac;
}

static bool end_walk(const struct paging *p, struct walk *w,
		     enum walk_result result, uint32_t pfec)
{
	uint32_t asked = w->access & (PFEC_W | PFEC_U);

	if ((w->access & ACCESS_FETCH) &&
	    (p->smep || (p->nxe && p->mode != PAGING_32)))
		asked |= PFEC_F;
	w->result = result;
	if (result != WALK_OK && result != WALK_NOT_CANONICAL)
		w->pfec = asked | pfec;
	return result == WALK_OK;
}

static bool finish(const struct paging *p, struct walk *w)
{
	const struct walk_step *leaf = &w->step[w->steps - 1];
	unsigned int shift = shift_of(&shapes[p->mode], leaf->level);
	uint64_t offset = w->gva & (BIT(shift) - 1);

	w->page_size = BIT(shift);
	w->gpa = (leaf->entry & frame_mask(p) & ~(BIT(shift) - 1)) | offset;
	if (p->mode == PAGING_32) {
		w->gpa &= UINT32_MAX;
		if (leaf->level == 2)
			w->gpa |= (leaf->entry & BITS(16, 13)) << 19;
	}
	if (w->access & ACCESS_DEBUG)
		return end_walk(p, w, WALK_OK, 0);
	w->keyed = key_refuses(p, w);
	if (!w->keyed && !rights_refuse(p, w))
		return end_walk(p, w, WALK_OK, 0);
	return end_walk(p, w, WALK_PROTECTED,
			PFEC_P | (w->keyed ? PFEC_PK : 0));
}

static gpa_t root_table(const struct paging *p)
{
	if (p->mode == PAGING_PAE)
		return p->cr3 & BITS(31, 5);
	if (p->mode == PAGING_32)
		return p->cr3 & BITS(31, PAGE_SHIFT);
	return p->cr3 & frame_mask(p);
}

static void begin(struct walk *w, gva_t gva, uint32_t access)
{
	w->gva = gva;
	w->access = access;
	w->result = WALK_OK;
	w->level = 0;
	w->steps = 0;
	w->gpa = gva;
	w->page_size = 4096;
	w->writable = w->user = w->executable = true;
	w->keyed = false;
	w->pfec = 0;
}

bool paging_walk(const struct paging *p, const struct phys_reader *mem,
		 gva_t gva, uint32_t access, struct walk *w)
{
	const struct shape *shape = &shapes[p->mode];
	gpa_t table = root_table(p);

	begin(w, gva, access);
	if (p->mode == PAGING_NONE)
		return true;
	if (!is_linear(shape, gva))
		return end_walk(p, w, WALK_NOT_CANONICAL, 0);
	for (int level = shape->levels; level >= 1; level--) {
		const struct walk_step *step = &w->step[w->steps];

		w->level = level;
		if (!read_entry(p, mem, level, table, w))
			return end_walk(p, w, WALK_NO_TABLE, 0);
		if (!(step->entry & ENTRY_P))
			return end_walk(p, w, WALK_NOT_PRESENT, 0);
		/* PDPTEs of PAE were checked when CR3 was loaded. */
		if (step->reserved && !(access & ACCESS_DEBUG) &&
		    !(p->mode == PAGING_PAE && level == 3))
			return end_walk(p, w, WALK_RESERVED,
					PFEC_P | PFEC_RSVD);
		add_rights(p, step, w);
		if (is_leaf(p, level, step->entry))
			break;
		table = step->entry & frame_mask(p);
		if (p->mode == PAGING_32)
			table &= UINT32_MAX;
	}
	return finish(p, w);
}

/* ---- reading ---- */

/* A large page may reach over the end of memory: then go by 4 KiB. */
static bool copy_page(const struct phys_reader *mem, gpa_t gpa, char *to,
		      size_t len, size_t *done, struct err *err)
{
	struct err first;

	*done = 0;
	if (mem->read(mem->ctx, gpa, to, len, &first)) {
		*done = len;
		return true;
	}
	while (*done < len) {
		gpa_t at = gpa + *done;
		size_t n = min_u64(4096 - (at & 4095), len - *done);

		if (!mem->read(mem->ctx, at, to + *done, n, err))
			return false;
		*done += n;
	}
	return true;
}

bool paging_read(const struct paging *p, const struct phys_reader *mem,
		 gva_t gva, void *buf, size_t len, size_t *done,
		 struct err *err)
{
	char text[sizeof(err->msg)];
	struct walk w;

	*done = 0;
	while (*done < len) {
		gva_t at = gva + *done;
		size_t n, got;

		if (at < gva)
			return err_set_fault(err, at,
					     "linear addresses end at 2^64");
		if (!paging_walk(p, mem, at, ACCESS_DEBUG, &w)) {
			walk_explain(&w, text, sizeof(text));
			return err_set_fault(err, at, "%s", text);
		}
		n = min_u64(w.page_size - (at & (w.page_size - 1)),
			    len - *done);
		if (!copy_page(mem, w.gpa, (char *)buf + *done, n, &got, err)) {
			*done += got;
			err->addr = gva + *done;
			return err_prefix(err, "linear 0x%llx",
					  (unsigned long long)err->addr);
		}
		*done += n;
	}
	return true;
}
