/* device, info qtree: the devices of the machine, and the registers of one. */
#include "stub/mon/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stub/inspect.h"

enum {
	NAME_WIDTH = 16,
	ABOUT_WIDTH = 35,
	REG_WIDTH = 24,
};

/* ---- where ---- */

static void put_range(const struct target_io_range *io, struct buf *out)
{
	buf_printf(out, "0x%0*" PRIx64, io->mmio ? 8 : 4, io->base);
	if (io->len > 1)
		buf_printf(out, "-0x%0*" PRIx64, io->mmio ? 8 : 4,
			   io->base + io->len - 1);
}

static bool is_of(const struct target_io_range *io,
		  const struct target_device *d)
{
	return io->device && !strcmp(io->device, d->name);
}

/* "port 0x0060 0x0064", "-" */
static void put_ranges(struct target *t, const struct target_device *d,
		       struct buf *out)
{
	struct target_io_range io;
	bool any = false;

	for (unsigned int i = 0; target_io_range(t, i, &io); i++) {
		if (!is_of(&io, d))
			continue;
		buf_str(out, any ? " " : io.mmio ? "mmio " : "port ");
		put_range(&io, out);
		any = true;
	}
	if (!any)
		buf_byte(out, '-');
}

/* "0,8", "20-23" */
static void put_lines(const struct target_device *d, struct buf *out)
{
	unsigned int last;

	if (!d->irqs)
		buf_byte(out, '-');
	for (unsigned int i = 0; i < 32; i = last + 1) {
		last = i;
		if (!(d->irqs >> i & 1))
			continue;
		while (last < 31 && d->irqs >> (last + 1) & 1)
			last++;
		buf_printf(out, "%s%u", d->irqs & (BIT(i) - 1) ? "," : "", i);
		if (last > i)
			buf_printf(out, "-%u", last);
	}
}

static void put_padded(struct buf *out, size_t from, size_t width)
{
	buf_printf(out, "%*s", (int)(width - min_u64(width, out->len - from)),
		   "");
}

static enum mon_result list(struct mon_ctx *ctx)
{
	struct buf *out = ctx->out;
	struct target_device d;
	size_t start = out->len;
	unsigned int i;

	buf_printf(out, "%-*s %-5s %-*s at\n", NAME_WIDTH, "device", "irq",
		   ABOUT_WIDTH, "what it is");
	for (i = 0; target_device(ctx->target, i, &d); i++) {
		size_t at;

		buf_printf(out, "%-*s ", NAME_WIDTH, d.name);
		at = out->len;
		put_lines(&d, out);
		put_padded(out, at, 6);
		buf_printf(out, "%-*s ", ABOUT_WIDTH, d.about);
		put_ranges(ctx->target, &d, out);
		buf_str(out, d.in_kernel ? ", inside KVM\n" : "\n");
	}
	if (i)
		return MON_OK;
	out->len = start;
	err_set(&ctx->err, ERR_UNSUPPORTED, "%s does not tell its devices",
		ctx->target->ops->name);
	return MON_ERR;
}

/* ---- one ---- */

static void put_head(struct mon_ctx *ctx, const struct target_device *d)
{
	struct target_io_range io;
	struct buf *out = ctx->out;

	buf_printf(out, "%s: %s\n", d->name, d->about);
	for (unsigned int i = 0; target_io_range(ctx->target, i, &io); i++) {
		if (!is_of(&io, d))
			continue;
		buf_printf(out, "  %s ", io.mmio ? "mmio" : "port");
		put_range(&io, out);
		if (io.in_kernel)
			buf_str(out, ", inside KVM\n");
		else
			buf_printf(out,
				   ", %" PRIu64 " reads, %" PRIu64 " writes\n",
				   io.reads, io.writes);
	}
	if (d->irqs) {
		buf_str(out, "  interrupt line ");
		put_lines(d, out);
		buf_byte(out, '\n');
	}
}

/* Arrays of plain numbers: several to a line. */
static unsigned int per_line(const struct target_device_reg *r)
{
	if (!r->count || r->bits)
		return 1;
	return r->size == 1 ? 16 : r->size == 8 ? 4 : 8;
}

static void put_reg(const struct target_device_reg *r, struct buf *out)
{
	unsigned int per = per_line(r);
	size_t at;

	if (r->index % per == 0) {
		buf_str(out, "  ");
		at = out->len;
		buf_str(out, r->name);
		if (r->count)
			buf_printf(out, per > 1 ? "[0x%02x]" : "[%u]",
				   r->index);
		put_padded(out, at, REG_WIDTH);
	}
	buf_printf(out, per > 1 ? " %0*" PRIx64 : " 0x%0*" PRIx64,
		   2 * (int)r->size, r->value);
	if (r->bits && *r->bits)
		buf_printf(out, "  %s", r->bits);
	if (!r->count || r->index % per == per - 1 || r->index + 1 >= r->count)
		buf_byte(out, '\n');
}

static enum mon_result show(struct mon_ctx *ctx, unsigned int i,
			    const struct target_device *d)
{
	struct target_device_reg reg;

	put_head(ctx, d);
	for (unsigned int j = 0; target_device_reg(ctx->target, i, j, &reg);
	     j++)
		put_reg(&reg, ctx->out);
	if (d->in_kernel)
		buf_str(ctx->out, "  its registers: `info lapic`, `info "
				  "ioapic`, `info pic`, `info pit`\n");
	return MON_OK;
}

static enum mon_result mon_device(struct mon_ctx *ctx)
{
	struct target_device d;
	char shown[40];

	if (!ctx->argc)
		return list(ctx);
	for (unsigned int i = 0; target_device(ctx->target, i, &d); i++)
		if (!strcmp(d.name, ctx->argv[0]))
			return show(ctx, i, &d);
	err_set(&ctx->err, ERR_NOT_FOUND,
		"there is no device '%s'; `device` lists them",
		mon_printable(shown, sizeof(shown), ctx->argv[0]));
	return MON_ERR;
}

/* ---- info qtree ---- */

static void put_node(struct mon_ctx *ctx, const struct target_device *d)
{
	struct target_io_range io;

	buf_printf(ctx->out, "  dev: %s%s, id \"\"\n",
		   d->in_kernel ? "kvm-" : "", d->name);
	for (unsigned int i = 0; i < 32; i++)
		if (d->irqs >> i & 1)
			buf_printf(ctx->out, "    irq = %u (0x%x)\n", i, i);
	for (unsigned int i = 0; target_io_range(ctx->target, i, &io); i++)
		if (is_of(&io, d))
			buf_printf(ctx->out,
				   "    %s %016" PRIx64 "/%016" PRIx64 "\n",
				   io.mmio ? "mmio" : "pio", io.base, io.len);
}

static enum mon_result mon_info_qtree(struct mon_ctx *ctx)
{
	struct target_device d;

	buf_str(ctx->out, "bus: main-system-bus\n  type System\n");
	for (unsigned int i = 0; target_device(ctx->target, i, &d); i++)
		put_node(ctx, &d);
	return MON_OK;
}

const struct mon_command mon_device_commands[] = {
	{
		.name = "device",
		.usage = "[NAME]",
		.help = "the devices of the machine, or one's registers",
		.long_help = "Without a name: every device, where it answers, "
			     "the "
			     "interrupt lines it drives.  With one: its "
			     "registers, "
			     "those a guest cannot read among them, and the "
			     "names "
			     "of the bits that are set.  Looking has no side "
			     "effects, as reading the registers through `x` or "
			     "a "
			     "port would have.  Devices inside KVM have "
			     "commands "
			     "of their own.",
		.needs = MON_NEED_STOPPED,
		.max_args = 1,
		.run = mon_device,
	},
	{
		.name = "info qtree",
		.usage = "",
		.help = "the devices as QEMU prints its tree of them",
		.long_help = "All hang on one bus here.  `device` has more.",
		.needs = MON_NEED_STOPPED,
		.run = mon_info_qtree,
	},
	{
		.name = "sysrq",
		.usage = "KEY",
		.help = "have Linux do a SysRq: a break and a key on COM1",
		.long_help = "`sysrq t` lists the tasks, `w` those that are "
			     "blocked, "
			     "`l` the backtraces of all processors, `m` the "
			     "memory, "
			     "`c` crashes, `h` lists the keys.  What it prints "
			     "comes on the console when the guest runs on.\n"
			     "Linux heeds it where its console is COM1 "
			     "(console=ttyS0), something has opened it, and "
			     "kernel.sysrq (sysrq_always_enabled on the "
			     "command "
			     "line) allows it.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 1,
		.run = mon_sysrq,
	},
	{
		.name = "system_powerdown",
		.usage = "",
		.help = "press the ACPI power button",
		.long_help = "What the guest makes of it is its own: an "
			     "installed Linux shuts down, one without a "
			     "program that listens for it does nothing.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.run = mon_powerdown,
	},
	{
		.name = "type",
		.usage = "TEXT...",
		.help = "input for the guest's serial port COM1",
		.long_help = "Words are joined by one blank, or quoted.  \\n, "
			     "\\r, \\t, \\e, \\\\ and \\xHH are the bytes "
			     "they are in C; no newline is added: `type ls "
			     "/\\n`.  The guest gets it when it runs.",
		.needs = MON_NEED_STOPPED | MON_NEED_RUN,
		.min_args = 1,
		.max_args = 32,
		.run = mon_type,
	},
	{.name = NULL},
};
