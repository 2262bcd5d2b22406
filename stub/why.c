#include "stub/why.h"

#include <inttypes.h>
#include <string.h>

#include "arch/diag/story.h"
#include "arch/dump.h"
#include "arch/irq/lapic.h"
#include "stub/inspect.h"
#include "stub/mon/memory.h"
#include "stub/mon/vmcs.h"
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
	struct x86_state passed; /* see pass_io() */
	struct x86_view view;	 /* of ev.state, or of `passed` */
	struct decoded insn;	 /* at its rip, by memory as it is now */
	struct x86_host host;
	struct x86_cpuid cpuid;
	struct vmcs_model model;
	struct story_in in;
	struct story_out story;
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
	e->insn_len = (unsigned int)read_at(w, x86_linear_pc(s), e->insn,
					    sizeof(e->insn));
}

/* ---- what the diagnosis may ask for ---- */

static bool ask_place(void *ctx, gpa_t gpa, struct buf *out)
{
	const struct why *w = ctx;
	uint64_t same;

	return mon_owner(w->t, gpa, &same, out);
}

static void ask_walk(void *ctx, gva_t gva, uint32_t access, struct buf *out)
{
	struct why *w = ctx;
	struct mon_ctx mon = {.target = w->t, .vcpu = w->ev.vcpu};
	struct mon_rules rules;
	struct walk walk;

	mon_rules_init(&mon, &w->view.paging, true, &rules);
	walk_tell(&rules.walk, &w->view.mem, gva, access, &walk, out);
}

static bool ask_msr(void *ctx, uint32_t index, uint64_t *value)
{
	const struct why *w = ctx;
	struct err err;

	return target_get_msr(w->t, w->ev.vcpu, index, value, &err);
}

static void ask_symbol(void *ctx, gva_t addr, struct buf *out)
{
	const struct why *w = ctx;

	target_print_symbol(w->t, addr, out);
}

static const struct vmcs_model *ask_vmcs(void *ctx)
{
	struct why *w = ctx;
	enum vmcs_kind kind;
	struct err err;

	if (!vmcs_native(&w->host, &kind) ||
	    !mon_vmcs_model(w->t, w->ev.vcpu, kind, &w->model, &err))
		return NULL;
	return &w->model;
}

static const struct story_ops ask = {
	.place = ask_place,
	.walk = ask_walk,
	.msr = ask_msr,
	.symbol = ask_symbol,
	.vmcs = ask_vmcs,
};

static int in_service(const struct why *w)
{
	struct x86_lapic lapic;
	struct err err;

	if (!target_lapic(w->t, w->ev.vcpu, &lapic, &err))
		return -1;
	return lapic_highest(&lapic, LAPIC_ISR);
}

/*
 * Registers from before the death are those at the last exit.  After an OUT or
 * an IN they may still point at it: what matters is behind it.
 */
static void pass_io(struct why *w)
{
	struct x86_state *s = &w->passed;
	uint8_t bytes[DECODE_MAX_BYTES];
	size_t n;

	if (!w->ev.from_before || !(w->insn.flags & DECODE_IO) ||
	    (w->insn.flags & DECODE_STRING))
		return;
	*s = w->ev.state;
	s->rip += w->insn.length;
	w->view.s = s;
	n = read_at(w, x86_linear_pc(s), bytes, sizeof(bytes));
	decode_insn(s, bytes, n, &w->insn);
}

static bool begin(struct why *w, struct target *t, struct buf *out)
{
	const struct phys_reader mem = {read_phys, t};
	struct x86_cpu_info info;
	struct err err;

	memset(w, 0, sizeof(*w));
	w->t = t;
	w->out = out;
	if (!target_evidence(t, &w->ev))
		return false;
	target_cpu_info(t, w->ev.vcpu, &info);
	view_init(&w->view, &w->ev.state, &info, &mem);
	fill_exit(w);
	decode_insn(&w->ev.state, w->ev.exit.insn, w->ev.exit.insn_len,
		    &w->insn);
	pass_io(w);
	target_host(t, &w->host);
	w->in = (struct story_in){
		.exit = &w->ev.exit,
		.view = w->ev.has_state ? &w->view : NULL,
		.insn = &w->insn,
		.host = &w->host,
		.stale = w->ev.from_before,
		.age_ns = w->ev.age_ns,
		.in_service = in_service(w),
		.ops = &ask,
		.ctx = w,
	};
	if (target_cpuid(t, w->ev.vcpu, CPUID_GUEST, &w->cpuid, &err))
		w->in.cpuid = &w->cpuid;
	return true;
}

/* ---- lines ---- */

static void end_line(struct buf *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_byte(out, '\n');
}

/* As gdb's x/i: "=> 0x100005 <start+5>:\tud2"; bytes where that is not known */
static void put_insn(struct why *w)
{
	gva_t pc = x86_linear_pc(w->view.s);
	uint8_t bytes[8];
	size_t n;

	if (!w->ev.exit.insn_len)
		return;
	buf_printf(w->out, "=> 0x%" PRIx64, pc);
	target_print_symbol(w->t, pc, w->out);
	buf_printf(w->out, ":\t%s", w->insn.text);
	if (w->insn.result != DECODE_OK) {
		n = read_at(w, pc, bytes, sizeof(bytes));
		for (size_t i = 0; i < n; i++)
			buf_printf(w->out, " %02x", bytes[i]);
	}
	buf_byte(w->out, '\n');
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
	buf_str(w->out, "KVM has reset this vCPU, as it does on this host at a "
			"triple fault; these are ");
	if (w->ev.from_before)
		buf_printf(w->out,
			   "the registers of %" PRIu64 ".%03" PRIu64
			   " ms before, when the guest was last entered:\n",
			   w->ev.age_ns / 1000000, w->ev.age_ns / 1000 % 1000);
	else
		buf_str(w->out, "its registers after that:\n");
}

/* The exit that came before the last one: the guest was alive then. */
static void put_last_sign(struct why *w)
{
	size_t n = target_records(w->t, w->ev.vcpu, NULL);
	struct exit_record r;

	if (n < 2 || !target_record(w->t, w->ev.vcpu, n - 2, &r))
		return;
	buf_str(w->out, "last exit before: ");
	exit_record_print(w->out, &r);
	end_line(w->out);
}

static void put_fix(struct why *w)
{
	const char *line = buf_cstr(&w->story.fix);

	while (*line) {
		size_t len = strcspn(line, "\n");

		buf_printf(w->out, "to do: %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static void put_diagnosis(struct why *w)
{
	story_tell(&w->in, &w->story);
	if (w->t->nvcpus > 1)
		buf_printf(w->out, "vCPU %u: ", w->ev.vcpu);
	if (w->story.verdict.len)
		buf_append(w->out, w->story.verdict.data, w->story.verdict.len);
	else
		exit_verdict(w->out, &w->ev.exit);
	end_line(w->out);
	buf_append(w->out, buf_cstr(&w->story.body), w->story.body.len);
	put_fix(w);
}

bool why_error(struct target *t, struct buf *out)
{
	struct why w;

	if (!begin(&w, t, out))
		return false;
	put_diagnosis(&w);
	if (w.ev.has_state)
		put_insn(&w);
	buf_append(out, buf_cstr(&w.story.more), w.story.more.len);
	story_deinit(&w.story);
	put_last_sign(&w);
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
