/*
 * The shape is that of QEMU's x86_cpu_dump_state(), byte for byte: people and
 * scripts have been reading it for twenty years.
 */
#include "arch/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XCR0_YMM BIT(2)
#define XCR0_ZMM BITS(7, 5)

static bool is_cs64(const struct x86_state *s)
{
	return x86_mode(s) == X86_MODE_LONG64;
}

/* ---- general registers ---- */

static void put_gprs_64(struct buf *out, const struct x86_state *s)
{
	static const char *const names[] = {"RAX", "RBX", "RCX", "RDX",
					    "RSI", "RDI", "RBP", "RSP",
					    "R8 ", "R9 ", "R10", "R11",
					    "R12", "R13", "R14", "R15"};

	for (unsigned int i = 0; i < X86_NR_GPR; i++)
		buf_printf(out, "%s=%016" PRIx64 "%c", names[i], s->gpr[i],
			   i % 4 == 3 ? '\n' : ' ');
}

static void put_gprs_32(struct buf *out, const struct x86_state *s)
{
	static const char *const names[] = {"EAX", "EBX", "ECX", "EDX",
					    "ESI", "EDI", "EBP", "ESP"};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		buf_printf(out, "%s=%08" PRIx32 "%c", names[i],
			   (uint32_t)s->gpr[i], i % 4 == 3 ? '\n' : ' ');
}

static void put_pc_line(struct buf *out, const struct x86_state *s)
{
	static const struct {
		uint32_t mask;
		char letter;
	} flags[] = {{0x400, 'D'}, {0x800, 'O'}, {0x80, 'S'}, {0x40, 'Z'},
		     {0x10, 'A'},  {0x4, 'P'},	 {0x1, 'C'}};
	char letters[ARRAY_SIZE(flags) + 1] = "";

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		letters[i] = s->rflags & flags[i].mask ? flags[i].letter : '-';
	if (is_cs64(s))
		buf_printf(out, "RIP=%016" PRIx64 " RFL=", s->rip);
	else
		buf_printf(out, "EIP=%08" PRIx32 " EFL=", (uint32_t)s->rip);
	buf_printf(out, "%08" PRIx32 " [%s] CPL=%u II=%d A20=1 SMM=%d HLT=%d\n",
		   (uint32_t)s->rflags, letters, x86_cpl(s),
		   s->event.interrupt_shadow != 0, s->event.smm,
		   s->run_state == X86_HALTED);
}

/* ---- segments ---- */

static const char *system_type(unsigned int type, bool lma)
{
	static const char *const names[2][16] = {
		{"Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16",
		 "TaskGate", "IntGate16", "TrapGate16", "Reserved", "TSS32-avl",
		 "Reserved", "TSS32-busy", "CallGate32", "Reserved",
		 "IntGate32", "TrapGate32"},
		{"<hiword>", "Reserved", "LDT", "Reserved", "Reserved",
		 "Reserved", "Reserved", "Reserved", "Reserved", "TSS64-avl",
		 "Reserved", "TSS64-busy", "CallGate64", "Reserved",
		 "IntGate64", "TrapGate64"},
	};

	return names[lma][type & 15];
}

static void put_segment_type(struct buf *out, uint32_t attr, bool lma)
{
	const char *kind;

	buf_printf(out, " DPL=%u ", (attr & X86_AR_DPL) >> X86_AR_DPL_SHIFT);
	if (!(attr & X86_AR_S)) {
		buf_str(out, system_type(attr, lma));
		return;
	}
	if (attr & 8)
		kind = attr & X86_AR_L	  ? "CS64"
		       : attr & X86_AR_DB ? "CS32"
					  : "CS16";
	else
		kind = attr & X86_AR_DB || lma ? "DS  " : "DS16";
	buf_printf(out, "%s [%c%c%c]", kind,
		   !(attr & 4) ? '-'
		   : attr & 8  ? 'C'
			       : 'E',
		   !(attr & 2) ? '-'
		   : attr & 8  ? 'R'
			       : 'W',
		   attr & 1 ? 'A' : '-');
}

static void put_segment(struct buf *out, const char *name,
			const struct x86_state *s, enum x86_seg_index index)
{
	const struct x86_seg *seg = &s->seg[index];
	uint32_t attr = seg->attr & 0xf0ff;

	/* An unusable segment counts as one that is not present. */
	if (seg->attr & X86_AR_UNUSABLE)
		attr &= ~(uint32_t)X86_AR_P;
	buf_printf(out, "%-3s=%04x ", name, seg->sel & 0xffff);
	if (is_cs64(s))
		buf_printf(out, "%016" PRIx64, seg->base);
	else
		buf_printf(out, "%08" PRIx32, (uint32_t)seg->base);
	buf_printf(out, " %08" PRIx32 " %08" PRIx32, seg->limit, attr << 8);
	if ((s->cr0 & X86_CR0_PE) && (attr & X86_AR_P))
		put_segment_type(out, attr, s->efer & X86_EFER_LMA);
	buf_byte(out, '\n');
}

static void put_segments(struct buf *out, const struct x86_state *s)
{
	static const struct {
		const char *name;
		enum x86_seg_index index;
	} order[] = {{"ES", X86_ES},	{"CS", X86_CS}, {"SS", X86_SS},
		     {"DS", X86_DS},	{"FS", X86_FS}, {"GS", X86_GS},
		     {"LDT", X86_LDTR}, {"TR", X86_TR}};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		put_segment(out, order[i].name, s, order[i].index);
}

/* ---- system registers ---- */

static void put_system_64(struct buf *out, const struct x86_state *s)
{
	buf_printf(out,
		   "GDT=     %016" PRIx64 " %08x\n"
		   "IDT=     %016" PRIx64 " %08x\n"
		   "CR0=%08" PRIx32 " CR2=%016" PRIx64 " CR3=%016" PRIx64
		   " CR4=%08" PRIx32 "\n",
		   s->gdt.base, s->gdt.limit, s->idt.base, s->idt.limit,
		   (uint32_t)s->cr0, s->cr2, s->cr3, (uint32_t)s->cr4);
}

static void put_system_32(struct buf *out, const struct x86_state *s)
{
	buf_printf(out,
		   "GDT=     %08" PRIx32 " %08x\n"
		   "IDT=     %08" PRIx32 " %08x\n"
		   "CR0=%08" PRIx32 " CR2=%08" PRIx32 " CR3=%08" PRIx32
		   " CR4=%08" PRIx32 "\n",
		   (uint32_t)s->gdt.base, s->gdt.limit, (uint32_t)s->idt.base,
		   s->idt.limit, (uint32_t)s->cr0, (uint32_t)s->cr2,
		   (uint32_t)s->cr3, (uint32_t)s->cr4);
}

void dump_registers(struct buf *out, const struct x86_state *s)
{
	if (is_cs64(s))
		put_gprs_64(out, s);
	else
		put_gprs_32(out, s);
	put_pc_line(out, s);
	put_segments(out, s);
	if (s->efer & X86_EFER_LMA)
		put_system_64(out, s);
	else
		put_system_32(out, s);
	for (unsigned int i = 0; i < 4; i++)
		buf_printf(out, "DR%u=%016" PRIx64 " ", i, s->dr[i]);
	buf_printf(out, "\nDR6=%016" PRIx64 " DR7=%016" PRIx64 "\n", s->dr6,
		   s->dr7);
	buf_printf(out, "EFER=%016" PRIx64 "\n", s->efer);
}

/* ---- floating point and vectors ---- */

static uint64_t quad(const void *bytes, unsigned int index)
{
	uint64_t value;

	memcpy(&value, (const char *)bytes + 8 * index, 8);
	return value;
}

/* Quadwords of `bytes`, highest first, each with a leading separator. */
static void put_quads(struct buf *out, const void *bytes, unsigned int n,
		      const char *first)
{
	while (n--) {
		buf_printf(out, "%s%016" PRIx64, first, quad(bytes, n));
		first = " ";
	}
}

static void put_x87(struct buf *out, const struct x86_fpu *f)
{
	unsigned int valid = 0;

	for (unsigned int i = 0; i < 8; i++)
		if ((f->ftag >> (2 * i) & 3) != 3)
			valid |= 1u << i;
	buf_printf(out, "FCW=%04x FSW=%04x [ST=%u] FTW=%02x MXCSR=%08x\n",
		   f->fctrl, f->fstat, f->fstat >> 11 & 7, valid, f->mxcsr);
	for (unsigned int i = 0; i < 8; i++) {
		uint16_t top;

		memcpy(&top, &f->st[i][8], 2);
		buf_printf(out, "FPR%u=%016" PRIx64 " %04x%c", i,
			   quad(f->st[i], 0), top, i & 1 ? '\n' : ' ');
	}
}

static void put_zmms(struct buf *out, const struct x86_fpu *f, unsigned int n)
{
	for (unsigned int i = 0; i < 8; i++)
		buf_printf(out, "Opmask%02u=%016" PRIx64 "%c", i, f->k[i],
			   i % 4 == 3 ? '\n' : ' ');
	for (unsigned int i = 0; i < n; i++) {
		buf_printf(out, "ZMM%02u", i);
		if (i < 16) {
			put_quads(out, f->zmmh[i], 4, "=");
			put_quads(out, f->ymmh[i], 2, " ");
			put_quads(out, f->xmm[i], 2, " ");
		} else {
			put_quads(out, f->hi16[i - 16], 8, "=");
		}
		buf_byte(out, '\n');
	}
}

void dump_fpu(struct buf *out, const struct x86_state *s)
{
	const struct x86_fpu *f = &s->fpu;
	bool cs64 = is_cs64(s);
	unsigned int n = cs64 ? 16 : 8;

	put_x87(out, f);
	if ((s->xcr0 & XCR0_ZMM) == XCR0_ZMM) {
		put_zmms(out, f, cs64 ? 32 : 8);
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		if (s->xcr0 & XCR0_YMM) {
			buf_printf(out, "YMM%02u", i);
			put_quads(out, f->ymmh[i], 2, "=");
			put_quads(out, f->xmm[i], 2, " ");
			buf_byte(out, '\n');
		} else {
			buf_printf(out, "XMM%02u", i);
			put_quads(out, f->xmm[i], 2, "=");
			buf_byte(out, i & 1 ? '\n' : ' ');
		}
	}
}

/* ---- code ---- */

void dump_code(struct buf *out, const uint8_t *bytes, const bool *valid,
	       unsigned int count, unsigned int before)
{
	buf_str(out, "Code=");
	for (unsigned int i = 0; i < count; i++) {
		char cell[3] = "??";

		if (valid[i])
			snprintf(cell, sizeof(cell), "%02x", bytes[i]);
		buf_printf(out, i == before ? "%s<%s>" : "%s%s", i ? " " : "",
			   cell);
	}
	buf_byte(out, '\n');
}
