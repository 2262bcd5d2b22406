#include "arch/paging/explain.h"

#include <inttypes.h>

#include "arch/paging/entry.h"
#include "arch/paging/impl.h"

/* Order: kvm_mmu_trace_pferr_flags of newer kernels. */
static const struct {
	uint32_t bit;
	const char *name;
} pfec_names[] = {
	{PFEC_P, "P"},	 {PFEC_W, "W"},	      {PFEC_U, "U"},
	{PFEC_PK, "PK"}, {PFEC_RSVD, "RSVD"}, {PFEC_F, "F"},
};

void pfec_print(uint32_t pfec, struct buf *out)
{
	const char *sep = "";

	for (size_t i = 0; i < ARRAY_SIZE(pfec_names); i++) {
		if (!(pfec & pfec_names[i].bit))
			continue;
		buf_printf(out, "%s%s", sep, pfec_names[i].name);
		sep = "|";
	}
}

static void print_pferr(uint32_t pfec, struct buf *out)
{
	buf_printf(out, "pferr %x", pfec);
	if (pfec)
		buf_byte(out, ' ');
	pfec_print(pfec, out);
	buf_byte(out, '\n');
}

static void print_access(uint32_t access, struct buf *out)
{
	buf_printf(out, "%s %s", access & ACCESS_USER ? "user" : "supervisor",
		   access & ACCESS_FETCH   ? "fetch"
		   : access & ACCESS_WRITE ? "write"
					   : "read");
}

static void print_head(const struct paging *p, const struct walk *w,
		       struct buf *out)
{
	const struct {
		bool on;
		const char *name;
	} flags[] = {{p->wp, "WP"},	{p->nxe, "NXE"}, {p->smep, "SMEP"},
		     {p->smap, "SMAP"}, {p->ac, "AC"},	 {p->pke, "PKE"}};

	buf_str(out, "  ");
	print_access(w->access, out);
	if (!w->level && w->result == WALK_OK) {
		buf_str(out, ", paging is off (CR0.PG=0): linear is "
			     "physical\n");
		return;
	}
	buf_printf(out, ", %s paging, CR3=0x%" PRIx64,
		   paging_mode_name(p->mode), p->cr3);
	if (p->pcid)
		buf_printf(out, " (PCID %u)", (unsigned int)(p->cr3 & 0xfff));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].on)
			buf_printf(out, " %s", flags[i].name);
	buf_byte(out, '\n');
	if (w->linear != w->gva)
		buf_printf(out,
			   "  LAM drops the metadata bits: 0x%" PRIx64 " is "
			   "walked as 0x%" PRIx64 "\n",
			   w->gva, w->linear);
}

/* ---- one level ---- */

static void print_place(const struct paging *p, const struct walk_step *step,
			struct buf *out)
{
	const struct paging_shape *shape = &paging_shapes[p->mode];
	bool pointer = p->mode == PAGING_PAE && step->level == 3;
	uint64_t offset = step->entry_gpa & (pointer ? 31 : 4095);

	buf_printf(out, "  %s[%u] ", walk_level_name(p, step->level),
		   (unsigned int)(offset / shape->entry_size));
	if (pointer && p->pdptr_valid)
		buf_str(out, "as the CPU has cached it: ");
	else
		buf_printf(out, "at 0x%" PRIx64 ": ", step->entry_gpa);
}

static void print_reserved(const struct paging *p, const struct walk_step *step,
			   struct buf *out)
{
	struct entry_fault faults[ENTRY_HINGES];
	unsigned int n = entry_faults(p, step, faults);

	for (unsigned int i = 0; i < n; i++) {
		buf_str(out, "  reserved: ");
		entry_fault_print(p, step, &faults[i], out);
		buf_byte(out, '\n');
	}
}

static void print_target(const struct walk_rules *rules,
			 const struct walk_step *step, struct buf *out)
{
	const struct paging *p = rules->guest;
	uint64_t e = step->entry;

	if (!paging_is_leaf(p, step->level, e)) {
		buf_printf(out, "; table at 0x%" PRIx64,
			   paging_next_table(p, e));
		return;
	}
	buf_printf(out, "; %s page at 0x%" PRIx64,
		   page_size_name(BIT(
			   paging_shift(&paging_shapes[p->mode], step->level))),
		   paging_frame(p, step->level, e));
	if (rules->has_pat)
		buf_printf(out, ", %s",
			   entry_memory_type(p, step->level, e, rules->pat));
}

static void print_step(const struct walk_rules *rules,
		       const struct walk_step *step, unsigned int rights,
		       struct buf *out)
{
	const struct paging *p = rules->guest;

	buf_printf(out, "kvm_mmu_paging_element: pte %" PRIx64 " level %d\n",
		   step->entry, step->level);
	print_place(p, step, out);
	if (!(step->entry & ENTRY_P)) {
		buf_printf(out, "not present%s\n",
			   step->entry ? "; the other bits are the guest's own"
				       : "");
		return;
	}
	entry_print_bits(p, step->level, step->entry, out);
	print_target(rules, step, out);
	buf_printf(out, "; so far r%c%c%c\n", rights & RIGHT_W ? 'w' : '-',
		   rights & RIGHT_X ? 'x' : '-', rights & RIGHT_U ? 'u' : '-');
	print_reserved(p, step, out);
}

static void print_steps(const struct walk_rules *rules, const struct walk *w,
			struct buf *out)
{
	unsigned int rights = RIGHTS_ALL;

	for (unsigned int i = 0; i < w->steps; i++) {
		const struct walk_step *step = &w->step[i];

		rights &= paging_rights(rules->guest, step->level, step->entry);
		print_step(rules, step, rights, out);
	}
	if (w->result == WALK_NO_TABLE)
		buf_printf(out,
			   "  %s would lie at 0x%" PRIx64 ", where there is "
			   "no memory\n",
			   walk_level_name(rules->guest, w->level),
			   w->step[w->steps].entry_gpa);
}

/* ---- by other rules ---- */

static void print_outcome(const struct walk *w, struct buf *out)
{
	if (w->result == WALK_OK) {
		buf_printf(out, "reaches physical 0x%" PRIx64, w->gpa);
		return;
	}
	buf_printf(out, "gives #PF(0x%x) ", w->pfec);
	pfec_print(w->pfec, out);
}

/* "pdpe1gb=0 MAXPHYADDR=36", of what differs */
static void print_facts(const struct x86_cpu_info *cpu,
			const struct x86_cpu_info *other, struct buf *out)
{
	const char *sep = "";

	if (cpu->gbpages != other->gbpages) {
		buf_printf(out, "pdpe1gb=%d", cpu->gbpages);
		sep = " ";
	}
	if (cpu->maxphyaddr != other->maxphyaddr) {
		buf_printf(out, "%sMAXPHYADDR=%u", sep, cpu->maxphyaddr);
		sep = " ";
	}
	if (cpu->amd != other->amd)
		buf_printf(out, "%svendor=%s", sep, cpu->amd ? "AMD" : "Intel");
}

static bool walk_differs(const struct walk *a, const struct walk *b)
{
	return a->result != b->result || a->pfec != b->pfec ||
	       (a->result == WALK_OK && a->gpa != b->gpa);
}

/*
 * Who goes by the host's rules here.  Since Linux 5.14 KVM's own walk does so
 * for 1-GiB pages where the processor walks guest tables itself
 * (guest_can_use_gbpages() in arch/x86/kvm/mmu/mmu.c).
 */
static void print_who(const struct walk_rules *rules,
		      const struct phys_reader *mem, const struct walk *host,
		      struct buf *out)
{
	struct paging kvm = *rules->guest;
	struct walk w;

	kvm.cpu.gbpages = rules->host->gbpages;
	paging_walk(&kvm, mem, host->gva, host->access, &w);
	if (rules->two_dimensional == 0)
		buf_str(out, "this host's KVM has none and goes by the "
			     "guest's\n");
	else if (rules->two_dimensional < 0)
		buf_str(out, "KVM's emulator and shadow paging go by the "
			     "guest's\n");
	else if (walk_differs(&w, host))
		buf_str(out, "so here, and only KVM's emulator goes by the "
			     "guest's\n");
	else
		buf_str(out, "so here, from Linux 5.14 on for KVM's emulator "
			     "too\n");
}

/* Every processor with these modes has at least 36 address bits. */
bool walk_hangs_on_cpuid(const struct paging *p, const struct walk *w)
{
	for (unsigned int i = 0; i < w->steps; i++) {
		const struct walk_step *step = &w->step[i];
		uint64_t bits = p->mode == PAGING_PAE ? BITS(62, 36)
						      : BITS(51, 36);

		if (step->level == 3)
			bits |= ENTRY_PS;
		if (step->level >= 4)
			bits |= BIT(8);
		if (step->entry & bits)
			return true;
	}
	return false;
}

static void tell_host(const struct walk_rules *rules,
		      const struct phys_reader *mem, const struct walk *w,
		      struct buf *out)
{
	struct paging host = *rules->guest;
	struct walk other;

	if (!rules->host)
		return;
	paging_set_cpu(&host, rules->host);
	paging_walk(&host, mem, w->gva, w->access, &other);
	if (!walk_differs(w, &other))
		return;
	buf_str(out, "  guest CPUID says ");
	print_facts(&rules->guest->cpu, &host.cpu, out);
	buf_str(out, "; hardware with two-dimensional paging uses the host's ");
	print_facts(&host.cpu, &rules->guest->cpu, out);
	buf_str(out, ": there this ");
	print_outcome(&other, out);
	buf_str(out, "; ");
	print_who(rules, mem, &other, out);
}

/* KVM takes away from the guest's CPUID what it does not support itself. */
static void tell_supported(const struct walk_rules *rules,
			   const struct phys_reader *mem, const struct walk *w,
			   struct buf *out)
{
	struct paging kvm = *rules->guest;
	struct walk other;

	if (rules->two_dimensional == 1 || !rules->supported ||
	    rules->supported->gbpages || !kvm.cpu.gbpages)
		return;
	kvm.cpu.gbpages = false;
	paging_walk(&kvm, mem, w->gva, w->access, &other);
	if (!walk_differs(w, &other))
		return;
	buf_str(out, "  guest CPUID says pdpe1gb=1 but KVM on this host "
		     "supports none: its own walk ");
	print_outcome(&other, out);
	buf_byte(out, '\n');
}

void walk_tell(const struct walk_rules *rules, const struct phys_reader *mem,
	       gva_t gva, uint32_t access, struct walk *w, struct buf *out)
{
	paging_walk(rules->guest, mem, gva, access, w);
	if (w->result == WALK_NOT_CANONICAL || !w->level) {
		print_head(rules->guest, w, out);
		return;
	}
	buf_printf(out, "kvm_mmu_pagetable_walk: addr %" PRIx64 " ", w->linear);
	print_pferr(access & (ACCESS_WRITE | ACCESS_USER | ACCESS_FETCH), out);
	print_head(rules->guest, w, out);
	print_steps(rules, w, out);
	if (w->result != WALK_OK) {
		buf_str(out, "kvm_mmu_walker_error: ");
		print_pferr(w->pfec, out);
	}
	tell_host(rules, mem, w, out);
	tell_supported(rules, mem, w, out);
}

/* ---- what to do ---- */

static void advise_reserved(const struct walk_rules *rules,
			    const struct walk *w, struct buf *out)
{
	static const char *const advice[ENTRY_HINGES] = {
		[HINGE_NOTHING] = "clear those bits",
		[HINGE_GBPAGES] = "map this with 2-MiB pages, or give the "
				  "guest the feature (--cpu host,+pdpe1gb)",
		[HINGE_MAXPHYADDR] = "keep addresses within CPUID "
				     "80000008.EAX[7:0], or find who "
				     "overwrote the entry",
		[HINGE_VENDOR] = "clear bit 8: only leaves are global",
		[HINGE_NXE] = "set EFER.NXE (MSR 0xc0000080 bit 11) before "
			      "using NX, or clear bit 63",
		[HINGE_ALIGNMENT] = "align the page's address to its size",
		[HINGE_LEVEL] = "clear PS: this entry points to a table",
	};
	const struct walk_step *last = &w->step[w->steps - 1];
	struct entry_fault faults[ENTRY_HINGES];
	unsigned int n = entry_faults(rules->guest, last, faults);

	buf_printf(out, "the %s at 0x%" PRIx64 " has reserved bits set: ",
		   walk_level_name(rules->guest, last->level), last->entry_gpa);
	for (unsigned int i = 0; i < n; i++) {
		const char *text = advice[faults[i].hinge];

		if (faults[i].hinge == HINGE_GBPAGES && rules->supported &&
		    !rules->supported->gbpages)
			text = "map this with 2-MiB pages; KVM on this host "
			       "gives no guest 1-GiB ones";
		buf_printf(out, "%s%s", i ? "; " : "", text);
	}
}

/* How to give the right back that entries on the way down have taken away. */
static void advise_right(const struct paging *p, const struct walk *w,
			 enum paging_right right, const char *how,
			 const char *or_else, struct buf *out)
{
	const struct walk_step *first = NULL;
	unsigned int more = 0;

	for (unsigned int i = 0; i < w->steps; i++) {
		const struct walk_step *step = &w->step[i];

		if (paging_rights(p, step->level, step->entry) & right)
			continue;
		if (first)
			more++;
		else
			first = step;
	}
	if (!first)
		return;
	buf_printf(out, "%s in the %s at 0x%" PRIx64, how,
		   walk_level_name(p, first->level), first->entry_gpa);
	if (more)
		buf_printf(out, " and in %u below it", more);
	buf_printf(out, ", or %s", or_else);
}

static void advise_protected(const struct paging *p, const struct walk *w,
			     struct buf *out)
{
	const struct walk_step *leaf = &w->step[w->steps - 1];
	bool user = w->access & ACCESS_USER;

	if (user && !w->user)
		advise_right(p, w, RIGHT_U,
			     "the page is the supervisor's: "
			     "set US",
			     "do it at CPL 0", out);
	else if ((w->access & ACCESS_WRITE) && !w->writable && (user || p->wp))
		advise_right(p, w, RIGHT_W, "the page is read-only: set RW",
			     user ? "let the guest's #PF handler copy it"
				  : "clear CR0.WP",
			     out);
	else if ((w->access & ACCESS_FETCH) && !w->executable)
		advise_right(p, w, RIGHT_X, "the page is no-execute: clear NX",
			     "find how control got there", out);
	else if (w->keyed)
		buf_printf(out,
			   "PKRU=0x%x denies protection key %u: load another "
			   "PKRU, or give the page another key",
			   p->pkru, (unsigned int)(leaf->entry >> 59 & 15));
	else if (w->access & ACCESS_FETCH)
		buf_str(out, "SMEP: the page is the user's; clear US in its "
			     "entry, or find how control got there");
	else
		buf_str(out, "SMAP: the page is the user's; set EFLAGS.AC "
			     "(STAC) around the access");
}

static void advise_not_present(const struct paging *p, const struct walk *w,
			       struct buf *out)
{
	const struct walk_step *last = &w->step[w->steps - 1];

	buf_str(out, "nothing is mapped there: ");
	if (last->entry)
		buf_printf(out,
			   "the %s at 0x%" PRIx64 " is kept with P=0 "
			   "(swapped out, protected, or not yet valid)",
			   walk_level_name(p, last->level), last->entry_gpa);
	else
		buf_printf(out,
			   "fill the %s at 0x%" PRIx64 ", or find where the "
			   "address came from",
			   walk_level_name(p, last->level), last->entry_gpa);
}

static void advise_no_table(const struct paging *p, const struct walk *w,
			    struct buf *out)
{
	const struct walk_step *from = w->steps ? &w->step[w->steps - 1] : NULL;

	if (from)
		buf_printf(out,
			   "the %s at 0x%" PRIx64 " points to a table outside "
			   "memory: correct it; ",
			   walk_level_name(p, from->level), from->entry_gpa);
	else
		buf_str(out, "CR3 points outside memory: load another; ");
	buf_str(out, "KVM's walk takes such a table for not present, hardware "
		     "meets an EPT or NPT violation at it");
}

static void advise_not_canonical(const struct paging *p, const struct walk *w,
				 struct buf *out)
{
	unsigned int width = paging_shapes[p->mode].width;

	buf_printf(out, "0x%" PRIx64 " is not canonical: ", w->gva);
	if (width == 32)
		buf_str(out, "linear addresses have 32 bits here");
	else
		buf_printf(out, "bits 63:%u must be equal", width - 1);
	buf_str(out, ".  No table is asked, the access gives #GP(0) (#SS(0) "
		     "by the stack): find where the pointer came from");
}

void walk_advise(const struct walk_rules *rules, const struct walk *w,
		 struct buf *out)
{
	const struct paging *p = rules->guest;

	if (w->result == WALK_OK) {
		buf_str(out, "the ");
		print_access(w->access, out);
		buf_printf(out, " reaches physical 0x%" PRIx64, w->gpa);
		return;
	}
	if (w->result == WALK_NOT_CANONICAL) {
		advise_not_canonical(p, w, out);
		return;
	}
	buf_printf(out, "#PF(0x%x) with CR2=0x%" PRIx64 ": ", w->pfec,
		   w->linear);
	if (w->result == WALK_NOT_PRESENT)
		advise_not_present(p, w, out);
	else if (w->result == WALK_RESERVED)
		advise_reserved(rules, w, out);
	else if (w->result == WALK_PROTECTED)
		advise_protected(p, w, out);
	else
		advise_no_table(p, w, out);
}
