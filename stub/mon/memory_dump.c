/* x, xp: memory contents in QEMU's layouts. */
#include <inttypes.h>
#include <string.h>

#include "arch/decode.h"
#include "stub/mon/memory.h"

#define COUNT_MAX  65536
#define STRING_MAX 4096 /* bytes of one string */

struct dump {
	struct mon_ctx *ctx;
	bool physical, device;
	unsigned int count;
	char format; /* x d u o c i s */
	unsigned int size;
	uint64_t addr;
};

/* ---- the command line ---- */

static bool take_letter(struct dump *d, char c)
{
	static const char sizes[] = "bhwg";
	const char *size = strchr(sizes, c);

	if (c && size)
		d->size = 1u << (size - sizes);
	else if (c && strchr("xduocis", c))
		d->format = c;
	else
		return false;
	return true;
}

/* "/4xb": a count, then a format and a size, each at most once in effect. */
static bool parse_format(struct dump *d, const char *word)
{
	struct err *err = &d->ctx->err;
	unsigned int count = 0;
	const char *at = word + 1;
	char shown[40];

	mon_printable(shown, sizeof(shown), word);
	for (; *at >= '0' && *at <= '9' && count <= COUNT_MAX; at++)
		count = 10 * count + (unsigned int)(*at - '0');
	if (at > word + 1)
		d->count = count;
	if (!d->count || d->count > COUNT_MAX)
		return err_set(err, ERR_RANGE, "'%s': the count is 1 to %u",
			       shown, COUNT_MAX);
	for (; *at; at++)
		if (!take_letter(d, *at))
			return err_set(err, ERR_USAGE,
				       "'%s': '%c' is no format (x d u o c i "
				       "s) and no size (b h w g)",
				       shown,
				       *at > ' ' && *at <= '~' ? *at : '?');
	if (d->format == 'c')
		d->size = 1;
	return true;
}

static bool parse(struct dump *d)
{
	struct mon_ctx *ctx = d->ctx;
	char shown[40];
	int i = 0;

	if (d->physical && i < ctx->argc && !strcmp(ctx->argv[i], "-d")) {
		d->device = true;
		i++;
	}
	if (i < ctx->argc && ctx->argv[i][0] == '/' &&
	    !parse_format(d, ctx->argv[i++]))
		return false;
	if (i == ctx->argc)
		return err_set(&ctx->err, ERR_USAGE, "%s: no address",
			       ctx->command->name);
	if (!mon_value(ctx, ctx->argv[i++], &d->addr))
		return false;
	if (i < ctx->argc)
		return err_set(
			&ctx->err, ERR_USAGE, "'%s' is one word too many",
			mon_printable(shown, sizeof(shown), ctx->argv[i]));
	if (d->device && (d->format == 'i' || d->format == 's'))
		return err_set(&ctx->err, ERR_USAGE,
			       "'/%c': a device is read as numbers", d->format);
	return true;
}

/* ---- reading ---- */

/* How many of len bytes can be read; the reason for the next is in ctx->err. */
static size_t read_some(struct dump *d, uint64_t addr, void *buf, size_t len)
{
	struct mon_ctx *ctx = d->ctx;
	size_t got = 0;
	bool ok;

	if (d->physical)
		ok = target_read_phys(ctx->target, addr, buf, len, &got,
				      &ctx->err);
	else
		ok = target_read_virt(ctx->target, ctx->vcpu, addr, buf, len,
				      &got, &ctx->err);
	return ok ? len : got;
}

/* One cell at a time, with whatever that does to the device. */
static size_t read_device(struct dump *d, uint64_t addr, uint8_t *buf,
			  size_t len)
{
	struct mon_ctx *ctx = d->ctx;
	uint64_t value = 0;
	size_t done;

	for (done = 0; done < len; done += d->size) {
		if (!target_io(ctx->target, true, addr + done, d->size, false,
			       &value, &ctx->err))
			break;
		memcpy(buf + done, &value, d->size);
	}
	return done;
}

/* A device at this physical address explains itself. */
static void explain_device(struct dump *d, gpa_t gpa)
{
	struct target_io_range io;

	if (d->device || !mon_find_io(d->ctx->target, true, gpa, &io))
		return;
	if (io.in_kernel)
		err_set(&d->ctx->err, ERR_FAULT,
			"physical 0x%" PRIx64 " is a register of KVM's own "
			"%s; `info %s` shows its state",
			gpa, io.name, io.name);
	else
		err_set(&d->ctx->err, ERR_FAULT,
			"physical 0x%" PRIx64 " is a register of device %s; "
			"`xp -d 0x%" PRIx64 "` reads it, with its side effects",
			gpa, io.name, gpa);
}

static enum mon_result cannot(struct dump *d, uint64_t addr)
{
	struct err ignored;
	struct walk w;

	buf_printf(d->ctx->out, "%016" PRIx64 ": Cannot access memory\n", addr);
	if (d->physical)
		explain_device(d, addr);
	else if (target_walk(d->ctx->target, d->ctx->vcpu, addr, ACCESS_DEBUG,
			     &w, &ignored) &&
		 w.result == WALK_OK)
		explain_device(d, w.gpa);
	return MON_ERR;
}

/* ---- numbers ---- */

static void print_char(struct buf *out, uint8_t c)
{
	const char *escape = c == '\'' || c == '\\' ? "\\" : "";

	if (c == '\n')
		buf_str(out, "'\\n'");
	else if (c == '\r')
		buf_str(out, "'\\r'");
	else if (c >= ' ' && c <= '~')
		buf_printf(out, "'%s%c'", escape, c);
	else
		buf_printf(out, "'\\x%02x'", c);
}

static void print_cell(const struct dump *d, uint64_t v)
{
	struct buf *out = d->ctx->out;
	int bits = 8 * (int)d->size, unused = 64 - bits;
	int decimal = (10 * bits + 32) / 33;

	buf_byte(out, ' ');
	switch (d->format) {
	case 'o':
		buf_printf(out, "%#*" PRIo64, (bits + 2) / 3, v);
		break;
	case 'u':
		buf_printf(out, "%*" PRIu64, decimal, v);
		break;
	case 'd':
		buf_printf(out, "%*" PRId64, decimal,
			   (int64_t)(v << unused) >> unused);
		break;
	case 'c':
		print_char(out, (uint8_t)v);
		break;
	default:
		buf_printf(out, "0x%0*" PRIx64, bits / 4, v);
	}
}

static enum mon_result dump_numbers(struct dump *d)
{
	size_t left = (size_t)d->count * d->size;
	size_t line = d->size == 1 ? 8 : 16;
	uint64_t addr = d->addr;
	uint8_t bytes[16];

	while (left) {
		size_t want = left < line ? left : line;
		size_t got = d->device ? read_device(d, addr, bytes, want)
				       : read_some(d, addr, bytes, want);

		got -= got % d->size;
		if (!got)
			return cannot(d, addr);
		buf_printf(d->ctx->out, "%016" PRIx64 ":", addr);
		for (size_t i = 0; i < got; i += d->size) {
			uint64_t v = 0;

			memcpy(&v, bytes + i, d->size);
			print_cell(d, v);
		}
		buf_byte(d->ctx->out, '\n');
		if (got < want)
			return cannot(d, addr + got);
		addr += got;
		left -= got;
	}
	return MON_OK;
}

/* ---- strings ---- */

static void print_string(struct buf *out, const char *text, size_t len)
{
	buf_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if (c == '\t')
			buf_str(out, "\\t");
		else if (c >= ' ' && c <= '~')
			buf_byte(out, c);
		else
			buf_printf(out, "\\x%02x", c);
	}
	buf_byte(out, '"');
}

static enum mon_result dump_strings(struct dump *d)
{
	uint64_t addr = d->addr;

	for (unsigned int i = 0; i < d->count; i++) {
		char text[STRING_MAX];
		size_t got = read_some(d, addr, text, sizeof(text));
		size_t len = strnlen(text, got);

		if (!got)
			return cannot(d, addr);
		buf_printf(d->ctx->out, "%016" PRIx64 ": ", addr);
		print_string(d->ctx->out, text, len);
		if (len == sizeof(text)) {
			buf_str(d->ctx->out, "... (goes on)\n");
			addr += len;
			continue;
		}
		buf_byte(d->ctx->out, '\n');
		if (len == got)
			return cannot(d, addr + got);
		addr += len + 1;
	}
	return MON_OK;
}

/* ---- instructions ---- */

static void print_insn(struct buf *out, uint64_t addr, const uint8_t *bytes,
		       unsigned int n, const char *text)
{
	buf_printf(out, "0x%08" PRIx64 ": ", addr);
	for (unsigned int i = 0; i < n; i++)
		buf_printf(out, " %02x", bytes[i]);
	buf_printf(out, "%*s  %s\n", n < 8 ? (int)(3 * (8 - n)) : 0, "", text);
}

static enum mon_result dump_insns(struct dump *d)
{
	struct mon_ctx *ctx = d->ctx;
	uint64_t addr = d->addr, base = 0;
	const struct x86_state *s;

	s = target_state(ctx->target, ctx->vcpu, X86_GROUP_GPR | X86_GROUP_SYS,
			 &ctx->err);
	if (!s)
		return MON_ERR;
	if (!d->physical && x86_mode(s) != X86_MODE_LONG64)
		base = s->seg[X86_CS].base;
	for (unsigned int i = 0; i < d->count; i++) {
		uint8_t bytes[DECODE_MAX_BYTES];
		size_t got = read_some(d, addr, bytes, sizeof(bytes));
		enum decode_result result;
		struct decoded insn;

		if (!got)
			return cannot(d, addr);
		result = decode_insn_at(s, addr - base, bytes, got, &insn);
		if (result == DECODE_ABSENT) {
			err_set(&ctx->err, ERR_UNSUPPORTED,
				"this build has no instruction decoder "
				"(Zydis); /b shows the bytes");
			return MON_ERR;
		}
		if (result == DECODE_SHORT && got < sizeof(bytes))
			return cannot(d, addr + got);
		if (result != DECODE_OK)
			insn.length = 1;
		print_insn(ctx->out, addr, bytes, insn.length,
			   result == DECODE_OK ? insn.text : "(bad)");
		addr += insn.length;
	}
	return MON_OK;
}

static enum mon_result dump(struct mon_ctx *ctx, bool physical)
{
	struct dump d = {.ctx = ctx,
			 .physical = physical,
			 .count = 1,
			 .format = 'x',
			 .size = 4};

	if (!parse(&d))
		return MON_USAGE;
	switch (d.format) {
	case 'i':
		return dump_insns(&d);
	case 's':
		return dump_strings(&d);
	default:
		return dump_numbers(&d);
	}
}

enum mon_result mon_x(struct mon_ctx *ctx)
{
	return dump(ctx, false);
}

enum mon_result mon_xp(struct mon_ctx *ctx)
{
	return dump(ctx, true);
}
