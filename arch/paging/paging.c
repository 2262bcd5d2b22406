/*
 * Source: SDM Vol 3A, "Paging", "Page-Fault Exceptions" and "Protection Keys";
 * APM Vol 2, "Page Translation and Protection".  KVM's walker
 * (arch/x86/kvm/mmu/paging_tmpl.h) follows the same order: present, reserved
 * bits, then permissions of the last level.
 */
#include "arch/paging/paging.h"

#include <string.h>

#include "arch/paging/impl.h"

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
		.lam = lma && s->seg[X86_CS].attr & X86_AR_L,
		.lam_sup = s->cr4 & X86_CR4_LAM_SUP,
		.pcid = lma && s->cr4 & X86_CR4_PCIDE,
		.pkru = s->fpu.pkru,
	};
	paging_set_cpu(p, cpu);
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

void paging_set_cpu(struct paging *p, const struct x86_cpu_info *cpu)
{
	p->cpu = *cpu;
	if (cpu->maxphyaddr < 32 || cpu->maxphyaddr > 52)
		p->cpu.maxphyaddr = 52;
}

void paging_set_cr3(struct paging *p, uint64_t cr3)
{
	p->cr3 = cr3;
	p->pdptr_valid = false;
}

/* ---- linear addresses ---- */

/*
 * SDM Vol 1, "Linear-Address Masking": the highest bit that still counts, or 0
 * when all do.  Bit 63 tells whose pointer it is.
 */
static unsigned int lam_bit(const struct paging *p, gva_t gva)
{
	if (!p->lam)
		return 0;
	if (gva >> 63)
		return !p->lam_sup ? 0 : p->mode == PAGING_5LEVEL ? 56 : 47;
	if (p->cr3 & X86_CR3_LAM_U57)
		return 56;
	return p->cr3 & X86_CR3_LAM_U48 ? 47 : 0;
}

gva_t paging_untag(const struct paging *p, gva_t gva, uint32_t access)
{
	unsigned int bit = lam_bit(p, gva), unused = 63 - bit;
	gva_t extended;

	if (!bit || (access & ACCESS_FETCH))
		return gva;
	extended = (gva_t)((int64_t)(gva << unused) >> unused);
	return (extended & ~BIT(63)) | (gva & BIT(63));
}

/*
 * Canonical, or for 32-bit modes: zero-extended or, as symbol readers like to
 * have it, sign-extended.
 */
static bool is_linear(const struct paging_shape *shape, gva_t gva)
{
	return paging_canonical(shape, gva) == gva ||
	       (shape->width == 32 && !(gva >> 32));
}

/* ---- one entry ---- */

static bool read_entry(const struct paging *p, const struct phys_reader *mem,
		       int level, gpa_t table, struct walk *w)
{
	const struct paging_shape *shape = &paging_shapes[p->mode];
	struct walk_step *step = &w->step[w->steps];
	uint64_t index = (uint32_t)(w->linear >> paging_shift(shape, level)) &
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
				 paging_reserved(p, level, step->entry);
	return true;
}

static void add_rights(const struct paging *p, const struct walk_step *step,
		       struct walk *w)
{
	unsigned int rights = paging_rights(p, step->level, step->entry);

	w->writable &= !!(rights & RIGHT_W);
	w->user &= !!(rights & RIGHT_U);
	w->executable &= !!(rights & RIGHT_X);
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
	unsigned int shift = paging_shift(&paging_shapes[p->mode], leaf->level);

	w->page_size = BIT(shift);
	w->gpa = paging_frame(p, leaf->level, leaf->entry) |
		 (w->linear & (w->page_size - 1));
	if (w->access & ACCESS_DEBUG)
		return end_walk(p, w, WALK_OK, 0);
	w->keyed = key_refuses(p, w);
	if (!w->keyed && !rights_refuse(p, w))
		return end_walk(p, w, WALK_OK, 0);
	return end_walk(p, w, WALK_PROTECTED,
			PFEC_P | (w->keyed ? PFEC_PK : 0));
}

static void begin(const struct paging *p, struct walk *w, gva_t gva,
		  uint32_t access)
{
	w->gva = gva;
	w->linear = paging_untag(p, gva, access);
	w->access = access;
	w->result = WALK_OK;
	w->level = 0;
	w->steps = 0;
	w->gpa = w->linear;
	w->page_size = 4096;
	w->writable = w->user = w->executable = true;
	w->keyed = false;
	w->pfec = 0;
}

bool paging_walk(const struct paging *p, const struct phys_reader *mem,
		 gva_t gva, uint32_t access, struct walk *w)
{
	const struct paging_shape *shape = &paging_shapes[p->mode];
	gpa_t table = paging_root(p);

	begin(p, w, gva, access);
	if (p->mode == PAGING_NONE)
		return true;
	if (!is_linear(shape, w->linear))
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
		if (paging_is_leaf(p, level, step->entry))
			break;
		table = paging_next_table(p, step->entry);
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
