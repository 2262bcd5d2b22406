/* iobus, info mtree: who answers which address. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stub/mon/memory.h"

static void print_io(const struct target_io_range *io, struct buf *out)
{
	char range[48];
	int digits = io->mmio ? 8 : 4;

	if (io->len == 1)
		snprintf(range, sizeof(range), "0x%0*" PRIx64, digits,
			 io->base);
	else
		snprintf(range, sizeof(range), "0x%0*" PRIx64 "-0x%0*" PRIx64,
			 digits, io->base, digits, io->base + io->len - 1);
	buf_printf(out, "%s %-21s  %-16s  ", io->mmio ? "mmio" : "port", range,
		   io->name);
	if (io->in_kernel)
		buf_str(out, "inside KVM, accesses n/a (kernel-private)\n");
	else
		buf_printf(out, "%" PRIu64 " reads, %" PRIu64 " writes\n",
			   io->reads, io->writes);
}

enum mon_result mon_iobus(struct mon_ctx *ctx)
{
	struct target_io_range io;
	bool kernel = false;
	unsigned int i;

	for (i = 0; target_io_range(ctx->target, i, &io); i++) {
		print_io(&io, ctx->out);
		kernel |= io.in_kernel;
	}
	if (!i)
		buf_printf(ctx->out, "%s does not tell its devices\n",
			   ctx->target->ops->name);
	if (kernel)
		buf_str(ctx->out, "what KVM answers itself shows in tracefs: "
				  "kvm_pio, kvm_mmio, kvm_apic\n");
	return MON_OK;
}

/* ---- info mtree ---- */

struct tree {
	struct mon_ctx *ctx;
	bool flat;
};

static void print_leaf(const struct tree *tree, uint64_t base, uint64_t len,
		       const char *kind, const char *prefix, const char *name,
		       const char *suffix)
{
	buf_printf(tree->ctx->out,
		   "%s%016" PRIx64 "-%016" PRIx64 " (prio 0, %s): %s%s%s\n",
		   tree->flat ? "  " : "    ", base, base + len - 1, kind,
		   prefix, name, suffix);
}

static void print_io_leaf(const struct tree *tree,
			  const struct target_io_range *io)
{
	print_leaf(tree, io->base, io->len, "i/o", io->in_kernel ? "kvm-" : "",
		   io->name, "");
}

/* The index of the first range of this kind; ports come first. */
static unsigned int first_of(struct target *t, bool mmio)
{
	struct target_io_range io;
	unsigned int i = 0;

	while (target_io_range(t, i, &io) && io.mmio != mmio)
		i++;
	return i;
}

/* Both lists are sorted by address; so is what comes of them. */
static void print_memory(const struct tree *tree)
{
	struct target *t = tree->ctx->target;
	unsigned int k = first_of(t, true), i = 0;
	struct target_region r;
	struct target_io_range io;
	bool has_region = target_region(t, i, &r);
	bool has_io = target_io_range(t, k, &io);

	while (has_region || has_io) {
		if (has_region && (!has_io || r.start < io.base)) {
			print_leaf(tree, r.start, r.size,
				   r.read_only ? "rom" : "ram", "",
				   r.name ? r.name : "ram", " KVM");
			has_region = target_region(t, ++i, &r);
		} else {
			print_io_leaf(tree, &io);
			has_io = target_io_range(t, ++k, &io);
		}
	}
}

static void print_ports(const struct tree *tree)
{
	struct target_io_range io;

	for (unsigned int i = 0;
	     target_io_range(tree->ctx->target, i, &io) && !io.mmio; i++)
		print_io_leaf(tree, &io);
}

static void print_root(const struct tree *tree, unsigned int number,
		       const char *space, const char *root, uint64_t last)
{
	struct buf *out = tree->ctx->out;

	if (tree->flat)
		buf_printf(out,
			   "FlatView #%u\n AS \"%s\", root: %s\n"
			   " Root memory region: %s\n",
			   number, space, root, root);
	else
		buf_printf(out,
			   "address-space: %s\n  %016x-%016" PRIx64 " (prio 0, "
			   "i/o): "
			   "%s\n",
			   space, 0, last, root);
}

enum mon_result mon_info_mtree(struct mon_ctx *ctx)
{
	struct tree tree = {.ctx = ctx, .flat = ctx->argc};
	char shown[40];

	if (ctx->argc && strcmp(ctx->argv[0], "-f")) {
		err_set(&ctx->err, ERR_USAGE, "'%s' is not -f",
			mon_printable(shown, sizeof(shown), ctx->argv[0]));
		return MON_USAGE;
	}
	print_root(&tree, 0, "memory", "system", UINT64_MAX);
	print_memory(&tree);
	buf_byte(ctx->out, '\n');
	print_root(&tree, 1, "I/O", "io", 0xffff);
	print_ports(&tree);
	return MON_OK;
}
