#include "arch/x86_state.h"

enum x86_mode x86_mode(const struct x86_state *s)
{
	uint32_t cs = s->seg[X86_CS].attr;

	if (!(s->cr0 & X86_CR0_PE))
		return X86_MODE_REAL;
	if (s->efer & X86_EFER_LMA) {
		if (cs & X86_AR_L)
			return X86_MODE_LONG64;
		return cs & X86_AR_DB ? X86_MODE_COMPAT32 : X86_MODE_COMPAT16;
	}
	if (s->rflags & X86_FL_VM)
		return X86_MODE_VM86;
	return cs & X86_AR_DB ? X86_MODE_PROT32 : X86_MODE_PROT16;
}

const char *x86_mode_name(enum x86_mode mode)
{
	static const char *const names[] = {
		[X86_MODE_REAL] = "real",
		[X86_MODE_VM86] = "vm86",
		[X86_MODE_PROT16] = "prot16",
		[X86_MODE_PROT32] = "prot32",
		[X86_MODE_COMPAT16] = "compat16",
		[X86_MODE_COMPAT32] = "compat32",
		[X86_MODE_LONG64] = "long64",
	};

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "?";
}

unsigned int x86_cpl(const struct x86_state *s)
{
	switch (x86_mode(s)) {
	case X86_MODE_REAL:
		return 0;
	case X86_MODE_VM86:
		return 3;
	default:
		return (s->seg[X86_SS].attr & X86_AR_DPL) >> X86_AR_DPL_SHIFT;
	}
}

gva_t x86_linear_pc(const struct x86_state *s)
{
	if (x86_mode(s) == X86_MODE_LONG64)
		return s->rip;
	return (uint32_t)(s->seg[X86_CS].base + (uint32_t)s->rip);
}
