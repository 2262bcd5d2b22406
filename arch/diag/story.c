#include "arch/diag/story.h"

#include <inttypes.h>
#include <string.h>

#include "arch/diag/story_impl.h"

void story_deinit(struct story_out *out)
{
	buf_deinit(&out->verdict);
	buf_deinit(&out->body);
	buf_deinit(&out->fix);
	buf_deinit(&out->more);
}

void story_tell(const struct story_in *in, struct story_out *out)
{
	const struct exit_info *e = in->exit;

	if (e->run_errno)
		story_errno(in, out);
	else if (e->reason == EXIT_SHUTDOWN)
		story_shutdown(in, out);
	else if (e->reason == EXIT_FAIL_ENTRY)
		story_entry(in, out);
	else if (e->reason != EXIT_INTERNAL_ERROR)
		return;
	else if (e->suberror == SUBERROR_EMULATION)
		story_emulation(in, out);
	else
		story_delivery(in, out);
}

/* ---- shared words ---- */

void story_symbol(const struct story_in *in, gva_t addr, struct buf *out)
{
	if (in->ops->symbol)
		in->ops->symbol(in->ctx, addr, out);
}

void story_at_rip(const struct story_in *in, struct buf *out)
{
	if (!in->view)
		return;
	buf_printf(out, " at rip 0x%" PRIx64, in->view->s->rip);
	story_symbol(in, x86_linear_pc(in->view->s), out);
}

void story_fix(struct story_out *out, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	buf_byte(&line, '\n');
	if (line.len > 1 && !strstr(buf_cstr(&out->fix), buf_cstr(&line)))
		buf_append(&out->fix, line.data, line.len);
	buf_deinit(&line);
}

bool story_place(const struct story_in *in, gpa_t gpa, struct buf *out)
{
	struct err err;
	uint8_t byte;
	bool ram;

	if (in->ops->place)
		return in->ops->place(in->ctx, gpa, out);
	ram = in->view->mem.read(in->view->mem.ctx, gpa, &byte, 1, &err);
	buf_str(out, ram ? "RAM" : "no memory");
	return ram;
}

void story_walk(const struct story_in *in, gva_t gva, uint32_t access,
		struct buf *out)
{
	struct walk w;
	char text[256];

	if (in->ops->walk) {
		in->ops->walk(in->ctx, gva, access, out);
		return;
	}
	paging_walk(&in->view->paging, &in->view->mem, gva, access, &w);
	walk_explain(&w, text, sizeof(text));
	buf_printf(out, "  %s\n", text);
}

static uint32_t access_of(const struct story_in *in, const struct decode_mem *m)
{
	return (m->write ? ACCESS_WRITE : 0) |
	       (x86_cpl(in->view->s) == 3 ? ACCESS_USER : 0);
}

void story_operand(const struct story_in *in, const struct decode_mem *m,
		   struct buf *out)
{
	uint32_t access = access_of(in, m);
	struct walk w;

	buf_printf(out, "  %s 0x%" PRIx64 " (%s%s%s",
		   m->stack ? "stack" : "operand", m->addr,
		   m->read ? "read" : "", m->read && m->write ? ", " : "",
		   m->write ? "write" : "");
	if (m->size)
		buf_printf(out, ", %u byte%s", m->size,
			   m->size == 1 ? "" : "s");
	if (!paging_walk(&in->view->paging, &in->view->mem, m->addr, access,
			 &w)) {
		buf_str(out, "):\n");
		story_walk(in, m->addr, access, out);
		return;
	}
	buf_printf(out, "): physical 0x%" PRIx64 ", ", w.gpa);
	story_place(in, w.gpa, out);
	buf_byte(out, '\n');
}

/* ---- the checks of VM entry ---- */

/* "violated: CS.attr = 0xe09b (exact)\n  SDM ..." -> "CS.attr = 0xe09b" */
static void first_violation(const char *text, struct buf *first)
{
	static const char start[] = "violated: ";
	const char *line = strstr(text, start);

	if (line && (line == text || line[-1] == '\n')) {
		line += sizeof(start) - 1;
		buf_append(first, line, strcspn(line, "\n"));
	}
}

bool story_checks(const struct story_in *in, struct buf *out, struct buf *first,
		  struct vmcs_tally *tally)
{
	const struct vmcs_model *m = in->ops->vmcs ? in->ops->vmcs(in->ctx)
						   : NULL;
	size_t before = out->len;

	if (!m)
		return false;
	*tally = vmcs_check(m, out);
	if (out->len > before)
		first_violation(out->data + before, first);
	return true;
}

/* ---- where it came from ---- */

/* The call instruction that ends at `end`; its start, or 0. */
static gva_t call_before(const struct story_in *in, gva_t end,
			 struct decoded *call)
{
	const struct x86_state *s = in->view->s;
	gva_t base = x86_linear_pc(s) - s->rip;
	struct err err;
	uint8_t bytes[DECODE_MAX_BYTES];

	/* longest first: the tail of a long call may look like a short one */
	for (unsigned int n = 8; n >= 2; n--) {
		if (end < n || !view_read(in->view, end - n, bytes, n, &err))
			continue;
		decode_insn_at(s, end - n - base, bytes, n, call);
		if (call->length == n && (call->flags & DECODE_CALL))
			return end - n;
	}
	return 0;
}

/* A register that holds rip too: the guest came by `jmp *%rax`, or a call. */
static void put_registers(const struct story_in *in, struct buf *out)
{
	static const char *const names[] = {"rax", "rbx", "rcx", "rdx",
					    "rsi", "rdi", "rbp", "rsp",
					    "r8",  "r9",  "r10", "r11",
					    "r12", "r13", "r14", "r15"};
	const struct x86_state *s = in->view->s;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (s->gpr[i] == s->rip)
			buf_printf(out,
				   "  %s holds this address too: an indirect "
				   "jump or call by it?\n",
				   names[i]);
}

void story_caller(const struct story_in *in, struct buf *out)
{
	const struct x86_state *s = in->view->s;
	enum x86_mode mode = x86_mode(s);
	unsigned int size = mode == X86_MODE_LONG64	      ? 8
			    : s->seg[X86_CS].attr & X86_AR_DB ? 4
							      : 2;
	bool flat = mode == X86_MODE_LONG64;
	gva_t sp = flat ? s->gpr[X86_RSP]
			: (uint32_t)(s->seg[X86_SS].base + s->gpr[X86_RSP]);
	struct decoded call;
	uint64_t word = 0;
	struct err err;
	gva_t at;

	put_registers(in, out);
	if (!view_read(in->view, sp, &word, size, &err))
		return;
	if (!flat)
		word = (uint32_t)(word + s->seg[X86_CS].base);
	at = call_before(in, word, &call);
	if (!at)
		return;
	buf_printf(out, "  top of the stack: 0x%" PRIx64, word);
	story_symbol(in, word, out);
	buf_printf(out, ", behind the call at 0x%" PRIx64 ": %s\n", at,
		   call.text);
}
