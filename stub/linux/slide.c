#include "stub/linux/slide.h"

#include <stdlib.h>

#include "arch/desc/desc.h"
#include "stub/inspect.h"
#include "stub/linux/kernel.h"

#define MSR_LSTAR 0xc0000082

/* Linux moves by whole 2 MiB, within 1 GiB (arch/x86/boot/compressed/kaslr.c). */
#define SLIDE_ALIGN UINT64_C(0x200000)
#define SLIDE_MAX   UINT64_C(0x40000000)

/* One register or gate whose contents are the address of a known symbol. */
struct place {
	const char *where;
	int vector; /* of an IDT gate, or -1: MSR_LSTAR */
	const char *symbol[4];
};

static const struct place places[] = {
	{"MSR_LSTAR", -1, {"entry_SYSCALL_64", "system_call"}},
	{"IDT[14]",
	 14,
	 {"asm_exc_page_fault", "page_fault", "async_page_fault"}},
	{"IDT[13]", 13, {"asm_exc_general_protection", "general_protection"}},
	{"IDT[6]", 6, {"asm_exc_invalid_op", "invalid_op"}},
	{"IDT[0]", 0, {"asm_exc_divide_error", "divide_error"}},
};

static bool runtime_address(struct target *t, unsigned int vcpu,
			    const struct place *p, uint64_t *addr)
{
	struct x86_view view;
	struct err ignored;
	struct desc gate;

	if (p->vector < 0)
		return target_get_msr(t, vcpu, MSR_LSTAR, addr, &ignored) &&
		       *addr;
	if (!target_view(t, vcpu, &view, &ignored) ||
	    !idt_fetch(&view, (unsigned int)p->vector, &gate, &ignored) ||
	    (gate.kind != DESC_INT_GATE && gate.kind != DESC_TRAP_GATE))
		return false;
	*addr = gate.offset;
	return true;
}

/* The symbol that fits: a slide that Linux could have chosen. */
static bool examine(struct target *t, unsigned int vcpu, const struct place *p,
		    struct slide_clue *clue)
{
	struct target_symbol s;
	uint64_t addr;

	for (unsigned int i = 0; i < ARRAY_SIZE(p->symbol); i++) {
		if (!p->symbol[i] ||
		    !target_linked_symbol(t, p->symbol[i], &s) ||
		    !runtime_address(t, vcpu, p, &addr) ||
		    addr - s.addr >= SLIDE_MAX || (addr - s.addr) % SLIDE_ALIGN)
			continue;
		*clue = (struct slide_clue){p->where, p->symbol[i], addr,
					    addr - s.addr};
		return true;
	}
	return false;
}

/* KERNELOFFSET in the kernel's own note, wherever in memory it lies. */
static bool scan_memory(struct target *t, struct slide_clue *clue)
{
	struct linux_kernel *k = malloc(sizeof(*k));
	struct err ignored;
	bool ok = k && linux_find_info(k, t, &ignored) &&
		  vmcoreinfo_number(k->info, k->len, "KERNELOFFSET", true,
				    &clue->slide);

	if (ok) {
		clue->where = "vmcoreinfo";
		clue->symbol = "KERNELOFFSET";
		clue->addr = k->at;
	}
	free(k);
	return ok;
}

unsigned int slide_clues(struct target *t, unsigned int vcpu, bool scan,
			 struct slide_clue clue[SLIDE_CLUES])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++)
		n += examine(t, vcpu, &places[i], &clue[n]);
	if (!n && scan)
		n += scan_memory(t, &clue[n]);
	return n;
}

unsigned int slide_votes(const struct slide_clue *clue, unsigned int n,
			 unsigned int i)
{
	unsigned int v = 0;

	for (unsigned int k = 0; k < n; k++)
		v += clue[k].slide == clue[i].slide;
	return v;
}

unsigned int slide_best(const struct slide_clue *clue, unsigned int n)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < n; i++)
		if (slide_votes(clue, n, i) > slide_votes(clue, n, best))
			best = i;
	return best;
}
