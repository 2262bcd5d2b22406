#include "arch/diag/callers.h"

#include <inttypes.h>
#include <string.h>

#define SLOTS	  256 /* of 8 bytes, looked through above the stack pointer */
#define FRAME_MAX 0x10000 /* bytes from one frame to the next, at most */
#define CALL_MAX  7	  /* bytes of the longest near call */

/* FF /2 in n bytes: an indirect call? */
static bool is_indirect(const uint8_t *insn, size_t n)
{
	const uint8_t modrm = insn[1], mod = modrm >> 6, rm = modrm & 7;
	size_t len = 2;

	if (insn[0] != 0xff || (modrm >> 3 & 7) != 2)
		return false;
	if (mod != 3)
		len += rm == 4;
	if (mod == 1)
		len += 1;
	else if (mod == 2 || (mod == 0 && rm == 5))
		len += 4;
	return len == n;
}

/* Is there a near call just before, in executable memory? */
static bool is_return_address(const struct x86_view *v, gva_t at)
{
	uint8_t code[CALL_MAX];
	struct err ignored;
	struct walk w;

	if (at < CALL_MAX ||
	    !paging_walk(&v->paging, &v->mem, at, ACCESS_DEBUG, &w) ||
	    !w.executable ||
	    !view_read(v, at - CALL_MAX, code, CALL_MAX, &ignored))
		return false;
	if (code[CALL_MAX - 5] == 0xe8)
		return true;
	for (size_t n = 2; n <= CALL_MAX; n++)
		if (is_indirect(code + CALL_MAX - n, n))
			return true;
	return false;
}

static void follow_frames(const struct x86_view *v, struct callers *c)
{
	gva_t frame = v->s->gpr[X86_RBP], below = v->s->gpr[X86_RSP];
	uint64_t pair[2]; /* the caller's frame pointer, the return address */
	struct err ignored;

	while (c->n < CALLERS_MAX && frame >= below && !(frame & 7) &&
	       frame - below < FRAME_MAX &&
	       view_read(v, frame, pair, sizeof(pair), &ignored) &&
	       is_return_address(v, pair[1])) {
		c->at[c->n++] = pair[1];
		below = frame + 16;
		frame = pair[0];
	}
	c->chained = c->n > 1;
}

static void scan_stack(const struct x86_view *v, struct callers *c)
{
	gva_t at = v->s->gpr[X86_RSP] & ~UINT64_C(7);

	c->n = 0;
	for (unsigned int i = 0; i < SLOTS && c->n < CALLERS_MAX;
	     i++, at += 8) {
		struct err ignored;
		uint64_t value;

		if (!view_read(v, at, &value, sizeof(value), &ignored))
			return;
		if (is_return_address(v, value))
			c->at[c->n++] = value;
	}
}

void callers_find(const struct x86_view *v, struct callers *c)
{
	*c = (struct callers){0};
	if (x86_mode(v->s) != X86_MODE_LONG64 || x86_cpl(v->s))
		return;
	follow_frames(v, c);
	if (!c->chained)
		scan_stack(v, c);
}

/*
 * A call that does not return may be a function's last instruction: the name
 * is that of the call, not of what lies behind it.
 */
static void put_name(struct buf *out, gva_t at, const struct show_names *names)
{
	struct buf here = BUF_INIT, call = BUF_INIT;
	size_t len;

	show_name(&here, names, at);
	show_name(&call, names, at - 1);
	len = strcspn(buf_cstr(&call), "+>");
	if (strcspn(buf_cstr(&here), "+>") == len &&
	    !strncmp(buf_cstr(&here), buf_cstr(&call), len))
		buf_str(out, buf_cstr(&here));
	else
		buf_str(out, buf_cstr(&call));
	if (!call.len)
		buf_printf(out, " 0x%" PRIx64, at);
	buf_deinit(&here);
	buf_deinit(&call);
}

void callers_print(struct buf *out, const struct callers *c,
		   const struct show_names *names)
{
	if (!c->n)
		return;
	buf_str(out, c->chained ? "called from" : "on its stack:");
	for (unsigned int i = 0; i < c->n; i++)
		put_name(out, c->at[i], names);
}
