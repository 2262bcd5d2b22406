#include "stub/why.h"

#include <inttypes.h>

#include "arch/decode.h"
#include "arch/dump.h"
#include "stub/inspect.h"
#include "stub/target.h"

enum {
	CODE_BYTES = 50,
	CODE_BEFORE = 20,
};

/* Everything the text is made of. */
struct why {
	struct target *t;
	struct buf *out;
	struct target_evidence ev;
	struct x86_view view;
	struct decoded insn; /* at rip, by guest memory as it is now */
};

static bool read_phys(void *ctx, gpa_t gpa, void *buf, size_t len,
		      struct err *err)
{
	return target_read_phys(ctx, gpa, buf, len, NULL, err);
}

/* Guest memory as those registers map it; returns how much was readable. */
static size_t read_at(const struct why *w, gva_t gva, void *buf, size_t len)
{
	size_t done = 0;
	struct err err;

	return paging_read(&w->view.paging, &w->view.mem, gva, buf, len, &done,
			   &err)
		       ? len
		       : done;
}

static void fill_exit(struct why *w)
{
	const struct x86_state *s = &w->ev.state;
	struct exit_info *e = &w->ev.exit;

	if (!w->ev.has_state)
		return;
	e->has_regs = true;
	e->rip = s->rip;
	e->rax = s->gpr[X86_RAX];
	e->rcx = s->gpr[X86_RCX];
	e->rdx = s->gpr[X86_RDX];
	e->code64 = x86_mode(s) == X86_MODE_LONG64;
	e->insn_len = (unsigned int)read_at(w, x86_linear_pc(s), e->insn,
					    sizeof(e->insn));
}

static bool begin(struct why *w, struct target *t, struct buf *out)
{
	const struct phys_reader mem = {read_phys, t};
	struct x86_cpu_info info;

	w->t = t;
	w->out = out;
	if (!target_evidence(t, &w->ev))
		return false;
	target_cpu_info(t, w->ev.vcpu, &info);
	view_init(&w->view, &w->ev.state, &info, &mem);
	fill_exit(w);
	return true;
}

/* ---- lines ---- */

static void end_line(struct buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_byte(out, '\n');
}

static void put_symbol(const struct why *w, gva_t addr)
{
	struct target_symbol symbol;

	if (!target_symbol_at(w->t, addr, &symbol))
		return;
	buf_printf(w->out, " <%s", symbol.name);
	if (addr != symbol.addr)
		buf_printf(w->out, "+%" PRIu64, addr - symbol.addr);
	buf_byte(w->out, '>');
}

/* As gdb's x/i: "=> 0x100005 <start+5>:\tud2" */
static void put_insn(struct why *w)
{
	const struct exit_info *e = &w->ev.exit;
	gva_t pc = x86_linear_pc(&w->ev.state);

	if (!e->insn_len)
		return;
	decode_insn(&w->ev.state, e->insn, e->insn_len, &w->insn);
	buf_printf(w->out, "=> 0x%" PRIx64, pc);
	put_symbol(w, pc);
	buf_printf(w->out, ":\t%s\n", w->insn.text);
}

static void put_code(struct why *w)
{
	uint8_t bytes[CODE_BYTES] = {0};
	bool valid[CODE_BYTES];
	gva_t pc = x86_linear_pc(&w->ev.state);
	unsigned int before =
		(unsigned int)min_u64(CODE_BEFORE, w->ev.state.rip);

	for (unsigned int i = 0; i < CODE_BYTES; i++)
		valid[i] = read_at(w, pc - before + i, &bytes[i], 1) == 1;
	dump_code(w->out, bytes, valid, CODE_BYTES, before);
}

/* Which moment the registers are of, where it is not that of the death. */
static void put_age(struct why *w)
{
	if (!w->ev.exit.state_reset)
		return;
	if (w->ev.from_before)
		buf_printf(w->out,
			   "KVM on this host resets the vCPU at a triple "
			   "fault; these are the registers of %" PRIu64
			   ".%03" PRIu64 " ms before, at its last exit:\n",
			   w->ev.age_ns / 1000000, w->ev.age_ns / 1000 % 1000);
	else
		buf_str(w->out, "KVM on this host resets the vCPU at a triple "
				"fault; these are its registers after that:\n");
}

/* A breakpoint set at an address that is not the start of an instruction. */
static void put_broken(struct why *w)
{
	int at = exit_planted_byte(&w->ev.exit);

	if (at > 0)
		buf_printf(w->out,
			   "  a software breakpoint is planted at 0x%" PRIx64
			   ", %d bytes behind rip: it broke this instruction; "
			   "delete it and use the address where an "
			   "instruction begins\n",
			   x86_linear_pc(&w->ev.state) + (uint64_t)at, at);
}

bool why_error(struct target *t, struct buf *out)
{
	struct why w;

	if (!begin(&w, t, out))
		return false;
	exit_verdict(out, &w.ev.exit);
	end_line(out);
	if (w.ev.has_state)
		put_insn(&w);
	put_broken(&w);
	exit_opening(out, &w.ev.exit);
	end_line(out);
	exit_details(out, &w.ev.exit);
	end_line(out);
	if (!w.ev.has_state)
		return true;
	put_age(&w);
	dump_registers(out, &w.ev.state);
	put_code(&w);
	return true;
}
