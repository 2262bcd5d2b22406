/*
 * dmesg: the log of a Linux guest; kaslr: how far it runs from where it was
 * linked.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stub/inspect.h"
#include "stub/linux/kernel.h"
#include "stub/linux/slide.h"
#include "stub/mon/expr.h"
#include "stub/mon/internal.h"

#define DMESG_MAX (UINT64_C(16) << 20) /* bytes of output */

/* The banner is where the slide says, and reads like one. */
static void print_banner(struct mon_ctx *ctx, uint64_t slide)
{
	static const char start[] = "Linux version ";
	char text[64] = {0};
	struct target_symbol s;
	struct err ignored;

	if (!target_linked_symbol(ctx->target, "linux_banner", &s))
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

/*
 * Per-CPU variables are linked at 0 and are offsets: they stay, but in a Linux
 * of 6.15 and later, which links them like everything else.
 */
static bool percpu_moves(struct target *t)
{
	struct target_symbol s;

	return target_linked_symbol(t, "__per_cpu_start", &s) && s.addr;
}

static void print_advice(struct mon_ctx *ctx, uint64_t slide)
{
	const char *image = target_image(ctx->target);

	if (!slide) {
		buf_str(ctx->out, "no slide: the kernel runs where it was "
				  "linked\n");
		return;
	}
	buf_printf(ctx->out,
		   "in gdb:\n  symbol-file\n  add-symbol-file %s -o 0x%" PRIx64
		   "%s\n",
		   image ? image : "vmlinux", slide,
		   percpu_moves(ctx->target) ? "" : " -s .data..percpu 0");
	buf_printf(ctx->out,
		   "in LLDB:\n  target modules load --file %s --slide "
		   "0x%" PRIx64 "\n",
		   image ? image : "vmlinux", slide);
}

static enum mon_result mon_kaslr(struct mon_ctx *ctx)
{
	struct slide_clue f[SLIDE_CLUES];
	unsigned int n = slide_clues(ctx->target, ctx->vcpu, true, f), best;

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
	best = slide_best(f, n);
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

/* ---- the log ---- */

static void print_log(struct mon_ctx *ctx, const struct printk_log *log,
		      uint64_t last)
{
	uint64_t from = log->count > last ? log->count - last : 0;
	struct printk_record r;

	for (uint64_t i = from; i < log->count; i++) {
		if (ctx->out->len > DMESG_MAX) {
			buf_str(ctx->out, "[...] more than 16 MiB\n");
			return;
		}
		if (printk_read(log, i, &r))
			printk_print(ctx->out, &r);
	}
}

static enum mon_result mon_dmesg(struct mon_ctx *ctx)
{
	uint64_t last = UINT64_MAX;
	struct linux_kernel *k;
	struct printk_log log;
	bool ok;

	if (ctx->argc && !mon_value(ctx, ctx->argv[0], &last))
		return MON_USAGE;
	k = malloc(sizeof(*k));
	if (!k) {
		err_set(&ctx->err, ERR_LIMIT, "out of memory");
		return MON_ERR;
	}
	ok = linux_find(k, ctx->target, ctx->vcpu, &ctx->err) &&
	     linux_log(k, &log, &ctx->err);
	if (ok)
		print_log(ctx, &log, last);
	free(k);
	return ok ? MON_OK : MON_ERR;
}

const struct mon_command mon_linux_commands[] = {
	{
		.name = "dmesg",
		.usage = "[count]",
		.help = "the log of a Linux guest, or its last records",
		.long_help = "Reads printk's ring buffer in the guest's "
			     "memory, "
			     "with what the kernel tells in its VMCOREINFO: no "
			     "symbols are needed, and the console need not "
			     "have "
			     "worked.  Linux 5.10 and later, from its first "
			     "initcalls on (before that there is earlyprintk).",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_dmesg,
	},
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
