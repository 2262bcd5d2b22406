/*
 * Floating-point state: QEMU's lines, then the control and status words by
 * name (SDM Vol 1, "x87 FPU Execution Environment", "MXCSR Control and Status
 * Register").
 */
#include "arch/dump.h"
#include "arch/show/show.h"

#define FLAG(bit, name, meaning)        \
	{                               \
		name, BIT(bit), meaning \
	}
#define FIELD(hi, lo, name, meaning)        \
	{                                   \
		name, BITS(hi, lo), meaning \
	}
#define END                   \
	{                     \
		NULL, 0, NULL \
	}

static const struct bit_name fcw_bits[] = {
	FLAG(0, "IM", "invalid operation masked"),
	FLAG(1, "DM", "denormal operand masked"),
	FLAG(2, "ZM", "division by zero masked"),
	FLAG(3, "OM", "overflow masked"),
	FLAG(4, "UM", "underflow masked"),
	FLAG(5, "PM", "inexact result masked"),
	FLAG(6, "1", "always 1"),
	FIELD(9, 8, "PC", "precision: 0 single, 2 double, 3 extended"),
	FIELD(11, 10, "RC", "rounding: 0 nearest, 1 down, 2 up, 3 to zero"),
	FLAG(12, "X", "infinity control, unused"),
	END,
};

static const struct bit_name fsw_bits[] = {
	FLAG(0, "IE", "invalid operation"),
	FLAG(1, "DE", "denormal operand"),
	FLAG(2, "ZE", "division by zero"),
	FLAG(3, "OE", "overflow"),
	FLAG(4, "UE", "underflow"),
	FLAG(5, "PE", "inexact result"),
	FLAG(6, "SF", "stack fault"),
	FLAG(7, "ES", "an unmasked error waits: the next x87 one gives #MF"),
	FLAG(8, "C0", "condition code"),
	FLAG(9, "C1", "condition code"),
	FLAG(10, "C2", "condition code"),
	FIELD(13, 11, "TOP", "physical register that ST0 is"),
	FLAG(14, "C3", "condition code"),
	FLAG(15, "B", "busy, as ES"),
	END,
};

static const struct bit_name mxcsr_bits[] = {
	FLAG(0, "IE", "invalid operation"),
	FLAG(1, "DE", "denormal operand"),
	FLAG(2, "ZE", "division by zero"),
	FLAG(3, "OE", "overflow"),
	FLAG(4, "UE", "underflow"),
	FLAG(5, "PE", "inexact result"),
	FLAG(6, "DAZ", "denormal operands count as zero"),
	FLAG(7, "IM", "invalid operation masked"),
	FLAG(8, "DM", "denormal operand masked"),
	FLAG(9, "ZM", "division by zero masked"),
	FLAG(10, "OM", "overflow masked"),
	FLAG(11, "UM", "underflow masked"),
	FLAG(12, "PM", "inexact result masked"),
	FIELD(14, 13, "RC", "rounding: 0 nearest, 1 down, 2 up, 3 to zero"),
	FLAG(15, "FZ", "tiny results become zero"),
	FLAG(17, "MM", "misaligned operands allowed (AMD)"),
	END,
};

static void put_tags(struct buf *out, uint32_t ftag)
{
	static const char *const names[] = {"valid", "zero", "special",
					    "empty"};

	buf_str(out, "tags (physical registers 0 to 7):");
	for (unsigned int i = 0; i < 8; i++)
		buf_printf(out, " %s", names[ftag >> (2 * i) & 3]);
	buf_byte(out, '\n');
}

/* What keeps the guest from using all this. */
static void put_traps(struct buf *out, const struct x86_state *s)
{
	if (s->cr0 & BIT(2))
		buf_str(out, "CR0.EM=1: x87 instructions give #NM, SSE ones "
			     "#UD\n");
	if (s->cr0 & BIT(3))
		buf_str(out, "CR0.TS=1: the next x87 or SSE instruction gives "
			     "#NM\n");
	if (!(s->cr4 & BIT(9)))
		buf_str(out, "CR4.OSFXSR=0: SSE instructions give #UD\n");
}

void show_fpu(struct buf *out, const struct x86_state *s)
{
	dump_fpu(out, s);
	buf_printf(out, "x87 control word 0x%04x\n", s->fpu.fctrl);
	show_bits(out, fcw_bits, s->fpu.fctrl);
	buf_printf(out, "x87 status word 0x%04x\n", s->fpu.fstat);
	show_bits(out, fsw_bits, s->fpu.fstat);
	put_tags(out, s->fpu.ftag);
	buf_printf(out, "MXCSR 0x%08x\n", s->fpu.mxcsr);
	show_bits(out, mxcsr_bits, s->fpu.mxcsr);
	put_traps(out, s);
}
