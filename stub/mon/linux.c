/* kaslr: how far a Linux guest runs from where it was linked. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/desc/desc.h"
#include "stub/core/vmcoreinfo.h"
#include "stub/inspect.h"
#include "stub/mon/internal.h"
#include "stub/mon/state.h"

enum {
	MSR_LSTAR = 0xc0000082,
	PAGE = 4096,
	CLUES = 6,
};

/* Linux moves by whole 2 MiB, within 1 GiB (arch/x86/boot/compressed/kaslr.c). */
#define SLIDE_ALIGN UINT64_C(0x200000)
#define SLIDE_MAX   UINT64_C(0x40000000)
#define SCAN_MAX    (UINT64_C(4) << 30) /* bytes looked through for vmcoreinfo */

/* One register or gate whose contents are the address of a known symbol. */
struct clue {
	const char *where;
	int vector; /* of an IDT gate, or -1: MSR_LSTAR */
	const char *symbol[4];
};

static const struct clue clues[] = {
	{"MSR_LSTAR", -1, {"entry_SYSCALL_64", "system_call"}},
	{"IDT[14]",
	 14,
	 {"asm_exc_page_fault", "page_fault", "async_page_fault"}},
	{"IDT[13]", 13, {"asm_exc_general_protection", "general_protection"}},
	{"IDT[6]", 6, {"asm_exc_invalid_op", "invalid_op"}},
	{"IDT[0]", 0, {"asm_exc_divide_error", "divide_error"}},
};

struct finding {
	const char *where, *symbol;
	uint64_t addr, slide;
};

static bool runtime_address(struct mon_ctx *ctx, const struct clue *c,
			    uint64_t *addr)
{
	struct x86_view view;
	struct err ignored;
	struct desc gate;

	if (c->vector < 0)
		return target_get_msr(ctx->target, ctx->vcpu, MSR_LSTAR, addr,
				      &ignored) &&
		       *addr;
	if (!target_view(ctx->target, ctx->vcpu, &view, &ignored) ||
	    !idt_fetch(&view, (unsigned int)c->vector, &gate, &ignored) ||
	    (gate.kind != DESC_INT_GATE && gate.kind != DESC_TRAP_GATE))
		return false;
	*addr = gate.offset;
	return true;
}

/* The symbol of the clue that fits: a slide that Linux could have chosen. */
static bool examine(struct mon_ctx *ctx, const struct clue *c,
		    struct finding *f)
{
	struct target_symbol s;
	uint64_t addr;

	if (!runtime_address(ctx, c, &addr))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(c->symbol); i++) {
		if (!c->symbol[i] ||
		    !target_symbol_find(ctx->target, c->symbol[i], &s) ||
		    addr - s.addr >= SLIDE_MAX || (addr - s.addr) % SLIDE_ALIGN)
			continue;
		*f = (struct finding){c->where, c->symbol[i], addr,
				      addr - s.addr};
		return true;
	}
	return false;
}

/* KERNELOFFSET in the kernel's own note, wherever in memory it lies. */
static bool scan(struct mon_ctx *ctx, struct finding *f)
{
	struct target_region r;
	uint8_t page[PAGE];
	const char *text;
	struct err ignored;
	uint64_t seen = 0;
	size_t len;

	for (unsigned int i = 0; target_region(ctx->target, i, &r); i++) {
		for (uint64_t at = 0; r.ram && at + PAGE <= r.size;
		     at += PAGE) {
			if ((seen += PAGE) > SCAN_MAX)
				return false;
			if (!target_read_phys(ctx->target, r.start + at, page,
					      PAGE, NULL, &ignored) ||
			    !vmcoreinfo_in_page(page, &text, &len) ||
			    !vmcoreinfo_number(text, len, "KERNELOFFSET", true,
					       &f->slide))
				continue;
			f->where = "vmcoreinfo";
			f->symbol = "KERNELOFFSET";
			f->addr = r.start + at;
			return true;
		}
	}
	return false;
}

static unsigned int gather(struct mon_ctx *ctx, struct finding f[CLUES])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(clues); i++)
		n += examine(ctx, &clues[i], &f[n]);
	if (!n)
		n += scan(ctx, &f[n]);
	return n;
}

/* How many findings agree with the i-th. */
static unsigned int votes(const struct finding *f, unsigned int n,
			  unsigned int i)
{
	unsigned int v = 0;

	for (unsigned int k = 0; k < n; k++)
		v += f[k].slide == f[i].slide;
	return v;
}

/* The banner is where the slide says, and reads like one. */
static void print_banner(struct mon_ctx *ctx, uint64_t slide)
{
	static const char start[] = "Linux version ";
	char text[64] = {0};
	struct target_symbol s;
	struct err ignored;

	if (!target_symbol_find(ctx->target, "linux_banner", &s))
		return;
	if (target_read_virt(ctx->target, ctx->vcpu, s.addr + slide, text,
			     sizeof(text) - 1, NULL, &ignored) &&
	    !strncmp(text, start, strlen(start)))
		buf_printf(ctx->out, "  %-10s  0x%" PRIx64 "  \"%.*s...\"\n",
			   "banner", s.addr + slide, (int)strcspn(text, "(\n"),
			   text);
	else
		buf_printf(ctx->out,
			   "  %-10s  0x%" PRIx64 "  no banner there: not "
			   "mapped, or these are not this kernel's symbols\n",
			   "banner", s.addr + slide);
}

static void print_advice(struct mon_ctx *ctx, uint64_t slide)
{
	const char *image = target_image(ctx->target);

	if (!slide) {
		buf_str(ctx->out, "no slide: the kernel runs where it was "
				  "linked\n");
		return;
	}
	buf_printf(ctx->out, "in gdb:\n  symbol-file %s -o 0x%" PRIx64 "\n",
		   image ? image : "vmlinux", slide);
	buf_printf(ctx->out,
		   "in LLDB:\n  target modules load --file %s --slide "
		   "0x%" PRIx64 "\n",
		   image ? image : "vmlinux", slide);
}

static enum mon_result mon_kaslr(struct mon_ctx *ctx)
{
	struct finding f[CLUES];
	unsigned int n = gather(ctx, f), best = 0;

	if (!n) {
		err_set(&ctx->err, ERR_NOT_FOUND,
			target_image(ctx->target)
				? "nothing found yet: neither MSR_LSTAR nor "
				  "the IDT holds an address that fits the "
				  "symbols, and there is no vmcoreinfo in "
				  "memory; let the kernel run further"
				: "the image has no symbols to compare with: "
				  "start with --symbols vmlinux");
		return MON_ERR;
	}
	for (unsigned int i = 1; i < n; i++)
		if (votes(f, n, i) > votes(f, n, best))
			best = i;
	buf_printf(ctx->out, "KASLR slide 0x%" PRIx64 "\n", f[best].slide);
	for (unsigned int i = 0; i < n; i++)
		buf_printf(ctx->out,
			   "  %-10s  0x%" PRIx64 "  %s + 0x%" PRIx64 "%s\n",
			   f[i].where, f[i].addr, f[i].symbol, f[i].slide,
			   f[i].slide == f[best].slide ? "" : "  (disagrees)");
	print_banner(ctx, f[best].slide);
	print_advice(ctx, f[best].slide);
	return MON_OK;
}

const struct mon_command mon_linux_commands[] = {
	{
		.name = "kaslr",
		.usage = "",
		.help = "how far Linux runs from where it was linked",
		.long_help = "Compares MSR_LSTAR and gates of the IDT with the "
			     "symbols of the image (or of --symbols), or reads "
			     "vmcoreinfo in the guest's memory, and prints the "
			     "commands that move gdb's or LLDB's symbols "
			     "there.",
		.needs = MON_NEED_STOPPED,
		.run = mon_kaslr,
	},
	{.name = NULL},
};
