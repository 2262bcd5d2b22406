/*
 * Which mode a processor is in, how it translates, and what protects what.
 *
 * Sources: SDM Vol 3A, "Mode Switching", "Paging Modes and Control Bits",
 * "Linear-Address Preprocessing" (LAM) and "Access Rights"; "Protection Keys".
 */
#include <inttypes.h>

#include "arch/show/show.h"

static const char *mode_text(enum x86_mode mode)
{
	static const char *const names[] = {
		[X86_MODE_REAL] = "real mode",
		[X86_MODE_VM86] = "virtual-8086 mode",
		[X86_MODE_PROT16] = "protected mode, 16-bit code",
		[X86_MODE_PROT32] = "protected mode, 32-bit code",
		[X86_MODE_COMPAT16] = "long mode, 16-bit compatibility code",
		[X86_MODE_COMPAT32] = "long mode, 32-bit compatibility code",
		[X86_MODE_LONG64] = "long mode, 64-bit code",
	};

	return mode < ARRAY_SIZE(names) ? names[mode] : "?";
}

static void put_mode(struct buf *out, const struct x86_state *s)
{
	const enum x86_mode mode = x86_mode(s);
	const uint32_t cs = s->seg[X86_CS].attr, ss = s->seg[X86_SS].attr;

	buf_printf(out, "%s: %s, CPL %u%s\n", x86_mode_name(mode),
		   mode_text(mode), x86_cpl(s),
		   s->event.smm ? ", system-management mode" : "");
	buf_printf(out,
		   "  from CR0.PE=%d EFER.LMA=%d CS.L=%d CS.D=%d RFLAGS.VM=%d; "
		   "CPL is ",
		   !!(s->cr0 & X86_CR0_PE), !!(s->efer & X86_EFER_LMA),
		   !!(cs & X86_AR_L), !!(cs & X86_AR_DB),
		   !!(s->rflags & X86_FL_VM));
	if (mode == X86_MODE_REAL || mode == X86_MODE_VM86)
		buf_printf(out, "always %u there\n", x86_cpl(s));
	else
		buf_printf(out, "SS.DPL=%u\n",
			   (ss & X86_AR_DPL) >> X86_AR_DPL_SHIFT);
}

/* States that no processor can be in, though a debugger may have made them. */
static void put_contradictions(struct buf *out, const struct x86_state *s)
{
	const bool pe = s->cr0 & X86_CR0_PE, pg = s->cr0 & X86_CR0_PG;
	const bool lme = s->efer & X86_EFER_LME, lma = s->efer & X86_EFER_LMA;
	const uint32_t cs = s->seg[X86_CS].attr;

	if (pg && !pe)
		buf_str(out, "  impossible: CR0.PG=1 needs CR0.PE=1\n");
	if (lma != (lme && pg))
		buf_printf(out,
			   "  impossible: EFER.LMA=%d with EFER.LME=%d and "
			   "CR0.PG=%d\n",
			   lma, lme, pg);
	if (lma && !(s->cr4 & X86_CR4_PAE))
		buf_str(out, "  impossible: EFER.LMA=1 needs CR4.PAE=1\n");
	if (lma && (cs & X86_AR_L) && (cs & X86_AR_DB))
		buf_str(out, "  impossible: CS.L=1 and CS.D=1 exclude each "
			     "other in long mode\n");
}

/* The words of KVM's own tables, for those who read its traces. */
static const char *kvm_walker(enum paging_mode mode)
{
	static const char *const names[] = {
		[PAGING_NONE] = "nonpaging",
		[PAGING_32] = "paging32, 2 levels",
		[PAGING_PAE] = "paging64, 3 levels",
		[PAGING_4LEVEL] = "paging64, 4 levels",
		[PAGING_5LEVEL] = "paging64, 5 levels",
	};

	return mode < ARRAY_SIZE(names) ? names[mode] : "?";
}

static unsigned int linear_bits(enum paging_mode mode)
{
	return mode == PAGING_5LEVEL ? 57 : mode == PAGING_4LEVEL ? 48 : 32;
}

static void put_walker(struct buf *out, const struct x86_state *s,
		       const struct paging *p)
{
	buf_printf(out, "paging: %s (KVM's %s)\n", paging_mode_name(p->mode),
		   kvm_walker(p->mode));
	buf_printf(out,
		   "  from CR0.PG=%d CR4.PAE=%d EFER.LMA=%d CR4.LA57=%d "
		   "CR4.PSE=%d\n",
		   !!(s->cr0 & X86_CR0_PG), !!(s->cr4 & X86_CR4_PAE),
		   !!(s->efer & X86_EFER_LMA), !!(s->cr4 & X86_CR4_LA57),
		   !!(s->cr4 & X86_CR4_PSE));
	if (p->mode == PAGING_NONE) {
		buf_str(out, "  a linear address is the physical one\n");
		return;
	}
	buf_printf(out,
		   "  %u-bit linear, %u-bit physical addresses (guest CPUID); "
		   "CR3 0x%" PRIx64 "\n",
		   linear_bits(p->mode), p->cpu.maxphyaddr, s->cr3);
}

static void put_item(struct buf *out, const char *name, bool on,
		     const char *text)
{
	buf_printf(out, "  %-5s %-3s  %s\n", name, on ? "on" : "off", text);
}

static void put_pcid(struct buf *out, const struct x86_state *s, bool lma)
{
	if (lma && (s->cr4 & X86_CR4_PCIDE))
		buf_printf(out,
			   "  PCID  on   CR4.PCIDE=1: the current one is "
			   "0x%x (CR3[11:0])\n",
			   (unsigned int)(s->cr3 & 0xfff));
	else
		put_item(out, "PCID", false, "CR4.PCIDE=0");
}

/* LAM: which address bits are ignored (SDM Vol 1, "Linear-Address Masking"). */
static void put_lam(struct buf *out, const struct x86_state *s,
		    enum paging_mode mode)
{
	const char *user = s->cr3 & BIT(61)   ? "bits 62..57 (LAM_U57)"
			   : s->cr3 & BIT(62) ? "bits 62..48 (LAM_U48)"
					      : "none";
	const char *super = !(s->cr4 & BIT(28))	    ? "none"
			    : mode == PAGING_5LEVEL ? "bits 62..57 (LAM_SUP)"
						    : "bits 62..48 (LAM_SUP)";
	const bool on = (s->cr3 & BITS(62, 61)) || (s->cr4 & BIT(28));

	if (mode < PAGING_4LEVEL || !on)
		put_item(out, "LAM", false, "CR3[62:61]=0, CR4.LAM_SUP=0");
	else
		buf_printf(out,
			   "  LAM   on   ignored in user pointers: %s; in "
			   "supervisor pointers: %s\n",
			   user, super);
}

static void put_pku(struct buf *out, const struct x86_state *s,
		    const struct paging *p)
{
	if (p->pke)
		buf_printf(out,
			   "  PKU   on   CR4.PKE=1: keys restrict user pages; "
			   "PKRU 0x%08x\n",
			   p->pkru);
	else if (s->cr4 & X86_CR4_PKE)
		put_item(out, "PKU", false, "CR4.PKE=1, but not in long mode");
	else
		put_item(out, "PKU", false, "CR4.PKE=0");
}

static void put_protections(struct buf *out, const struct x86_state *s,
			    const struct paging *p)
{
	const bool has_nx = p->mode >= PAGING_PAE;

	put_item(out, "WP", p->wp,
		 p->wp ? "CR0.WP=1: supervisor writes obey read-only pages"
		       : "CR0.WP=0: supervisor writes ignore the W bit");
	put_item(out, "NX", p->nxe && has_nx,
		 !has_nx  ? "entries of 32 bits have no such bit"
		 : p->nxe ? "EFER.NXE=1: bit 63 forbids execution"
			  : "EFER.NXE=0: bit 63 of an entry is reserved");
	put_item(out, "SMEP", p->smep,
		 p->smep ? "CR4.SMEP=1: the supervisor executes no user page"
			 : "CR4.SMEP=0");
	put_item(out, "SMAP", p->smap,
		 !p->smap ? "CR4.SMAP=0"
		 : p->ac  ? "CR4.SMAP=1, but RFLAGS.AC=1 suspends it"
			  : "CR4.SMAP=1: the supervisor reads and writes no "
			    "user page");
	put_pku(out, s, p);
	put_pcid(out, s, s->efer & X86_EFER_LMA);
	put_lam(out, s, p->mode);
}

void show_mode(struct buf *out, const struct x86_state *s,
	       const struct x86_cpu_info *cpu)
{
	struct paging p;

	paging_init(&p, s, cpu);
	put_mode(out, s);
	put_contradictions(out, s);
	put_walker(out, s, &p);
	if (p.mode != PAGING_NONE)
		put_protections(out, s, &p);
}
