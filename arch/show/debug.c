/*
 * The guest's own debug registers (SDM Vol 3B, "Debug Registers").
 */
#include <inttypes.h>

#include "arch/show/show.h"

static const char *condition(unsigned int rw, bool de)
{
	static const char *const names[] = {"execution", "writes", "I/O",
					    "reads and writes"};

	if (rw == 2 && !de)
		return "undefined (R/W=2 needs CR4.DE)";
	return names[rw & 3];
}

static void put_breakpoint(struct buf *out, const struct x86_state *s,
			   unsigned int i, const struct show_names *names)
{
	static const unsigned int sizes[] = {1, 2, 8, 4};
	const unsigned int on = s->dr7 >> (2 * i) & 3;
	const unsigned int rw = s->dr7 >> (16 + 4 * i) & 3;
	const unsigned int len = sizes[s->dr7 >> (18 + 4 * i) & 3];

	buf_printf(out, "DR%u  %016" PRIx64, i, s->dr[i]);
	if (!on) {
		buf_str(out, "  off\n");
		return;
	}
	buf_printf(out, "  on (%s%s%s): %s", on & 1 ? "L" : "",
		   on == 3 ? "+" : "", on & 2 ? "G" : "",
		   condition(rw, s->cr4 & BIT(3)));
	if (rw)
		buf_printf(out, ", %u byte%s", len, len > 1 ? "s" : "");
	else if (len > 1)
		buf_printf(out, " (LEN must be 0, not that of %u bytes)", len);
	if (rw != 2)
		show_name(out, names, s->dr[i]);
	if (rw && (s->dr[i] & (len - 1)))
		buf_str(out, " (not aligned: the low address bits are "
			     "ignored)");
	if (s->dr6 & BIT(i))
		buf_printf(out, "; DR6.B%u says it was met", i);
	buf_byte(out, '\n');
}

void show_debug(struct buf *out, const struct x86_state *s,
		const struct show_names *names)
{
	for (unsigned int i = 0; i < 4; i++)
		put_breakpoint(out, s, i, names);
	buf_printf(out, "DR6  %016" PRIx64 "\n", s->dr6);
	/* bits 4 to 10, 12 and 17 to 31 are fixed */
	show_bits(out, dr6_bits, s->dr6 & ~UINT64_C(0xfffe17f0));
	buf_printf(out, "DR7  %016" PRIx64 "\n", s->dr7);
	show_bits(out, dr7_bits, s->dr7 & ~BIT(10)); /* always 1 */
}
