/* INTERNAL_ERROR 1: KVM's emulator was needed and could not go on. */
#include <inttypes.h>
#include <string.h>

#include "arch/assist.h"
#include "arch/diag/fault.h"
#include "arch/diag/story_impl.h"

#define VMX_INVALID_STATE 0x80000021u
#define VMX_TASK_SWITCH	  9
#define VMX_EPT_VIOLATION 48
#define VMX_EPT_MISCONFIG 49
#define SVM_NPF		  0x400

struct emulation {
	const struct story_in *in;
	struct story_out *out;
	const struct x86_state *s;
	struct decoded insn; /* by the bytes KVM had, or by memory */
	gva_t pc;	     /* linear */
	struct walk fetch;
	bool has_reason;
	uint64_t reason; /* of the hardware's exit */
};

#define SAY(w, ...) buf_printf(&(w)->out->verdict, __VA_ARGS__)

static void begin_verdict(struct emulation *w)
{
	SAY(w, "KVM internal error 1 (emulation failure): ");
}

/* "movdqa (SSE2)" */
static void put_insn(const struct emulation *w, struct buf *out)
{
	if (w->insn.result != DECODE_OK) {
		buf_str(out, "the instruction");
		return;
	}
	buf_str(out, w->insn.mnemonic);
	if (w->insn.flags & (DECODE_X87 | DECODE_MMX | DECODE_SSE | DECODE_VEX |
			     DECODE_EVEX) ||
	    w->insn.cpuid)
		buf_printf(out, " (%s)", w->insn.isa);
}

/* ---- the causes, the plainest first; each false when it is not it ---- */

/* A breakpoint set at an address that is not the start of an instruction. */
static bool is_broken(struct emulation *w)
{
	int at = exit_planted_byte(w->in->exit);

	if (at <= 0)
		return false;
	begin_verdict(w);
	SAY(w,
	    "a software breakpoint is planted at 0x%" PRIx64 ", inside the "
	    "instruction",
	    w->pc + (uint64_t)at);
	story_at_rip(w->in, &w->out->verdict);
	SAY(w, ", and broke it");
	story_fix(w->out, "delete that breakpoint and set it where an "
			  "instruction begins");
	return true;
}

static bool cannot_fetch(struct emulation *w)
{
	char text[256];

	if (w->fetch.result == WALK_OK)
		return false;
	walk_explain(&w->fetch, text, sizeof(text));
	begin_verdict(w);
	SAY(w, "the instruction");
	story_at_rip(w->in, &w->out->verdict);
	SAY(w, " cannot be fetched: %s", text);
	story_walk(w->in, w->pc, w->fetch.access, &w->out->more);
	story_caller(w->in, &w->out->body);
	return true;
}

static bool is_outside_ram(struct emulation *w)
{
	struct buf place = BUF_INIT;
	bool ram = story_place(w->in, w->fetch.gpa, &place);

	if (!ram) {
		begin_verdict(w);
		SAY(w, "the guest jumped to 0x%" PRIx64, w->pc);
		story_symbol(w->in, w->pc, &w->out->verdict);
		SAY(w, ", physical 0x%" PRIx64 ", where no RAM is (%s)",
		    w->fetch.gpa, buf_cstr(&place));
		story_caller(w->in, &w->out->body);
		story_fix(w->out, "find the jump, call or return that went "
				  "there: a wrong function pointer, or an "
				  "overwritten return address");
	}
	buf_deinit(&place);
	return !ram;
}

static bool has_changed(struct emulation *w)
{
	const struct exit_info *e = w->in->exit;
	uint8_t bytes[EXIT_MAX_INSN];
	unsigned int n = exit_fetched(e, bytes);

	n = (unsigned int)min_u64(n, e->insn_len);
	if (w->insn.length) /* what is behind it is look-ahead */
		n = (unsigned int)min_u64(n, w->insn.length);
	if (!n || !memcmp(bytes, e->insn, n))
		return false;
	begin_verdict(w);
	SAY(w, "KVM emulated other bytes than memory holds");
	story_at_rip(w->in, &w->out->verdict);
	SAY(w, ": the code has changed since, or KVM translates rip otherwise");
	story_fix(w->out, "code that changes itself or another processor's "
			  "needs a serializing instruction; a wrong walk by "
			  "KVM shows in `walk $rip x`");
	return true;
}

static bool is_no_insn(struct emulation *w)
{
	if (w->insn.result != DECODE_UNKNOWN)
		return false;
	begin_verdict(w);
	SAY(w, "the bytes");
	story_at_rip(w->in, &w->out->verdict);
	SAY(w, " are no instruction: the guest runs into data, or its code "
	       "was overwritten");
	story_caller(w->in, &w->out->body);
	story_fix(w->out, "compare the code with the image: `x/8i $rip` and "
			  "objdump; find what jumped here or wrote there");
	return true;
}

/* The operand outside RAM, if there is one. */
static const struct decode_mem *device_operand(const struct emulation *w,
					       struct buf *place)
{
	struct walk walk;

	for (unsigned int i = 0; i < w->insn.mems; i++) {
		const struct decode_mem *m = &w->insn.mem[i];

		if (m->unknown ||
		    !paging_walk(&w->in->view->paging, &w->in->view->mem,
				 m->addr, ACCESS_DEBUG, &walk))
			continue;
		buf_clear(place);
		if (!story_place(w->in, walk.gpa, place))
			return m;
	}
	return NULL;
}

static bool touches_device(struct emulation *w)
{
	struct buf place = BUF_INIT;
	const struct decode_mem *m = device_operand(w, &place);

	if (m) {
		begin_verdict(w);
		put_insn(w, &w->out->verdict);
		story_at_rip(w->in, &w->out->verdict);
		SAY(w,
		    " %s 0x%" PRIx64 ", where no RAM is (%s), and KVM's "
		    "emulator does not know this instruction",
		    m->write ? "writes" : "reads", m->addr, buf_cstr(&place));
		story_fix(w->out, "use plain mov of 1, 2, 4 or 8 bytes for "
				  "device memory; if RAM was meant, the "
				  "address is wrong");
	}
	buf_deinit(&place);
	return m != NULL;
}

static bool is_invalid_state(struct emulation *w)
{
	struct buf first = BUF_INIT;
	struct vmcs_tally tally;

	if (!w->has_reason || w->reason != VMX_INVALID_STATE ||
	    w->in->host->vendor == EXIT_VENDOR_SVM)
		return false;
	begin_verdict(w);
	SAY(w, "the guest's state is not valid for VM entry");
	if (!story_checks(w->in, &w->out->body, &first, &tally)) {
		memset(&tally, 0, sizeof(tally));
	} else if (first.len) {
		SAY(w, " (%s)", buf_cstr(&first));
	} else {
		buf_str(&w->out->body, "checks of VM entry: ");
		vmcs_print_tally(&w->out->body, &tally);
		buf_str(&w->out->body, ", so what KVM found invalid lies "
				       "in fields user space cannot see, or "
				       "the host's kernel is at fault\n");
		story_fix(w->out, "no register is at fault as far as can be "
				  "seen: try another host kernel, and report "
				  "this one");
	}
	SAY(w, ", so KVM had to emulate, and its emulator does not know ");
	put_insn(w, &w->out->verdict);
	story_at_rip(w->in, &w->out->verdict);
	if (w->in->host->unrestricted_guest == 0)
		story_fix(w->out, "this host's CPU or KVM has no unrestricted "
				  "guest: real mode and mode switches are "
				  "emulated there");
	buf_deinit(&first);
	return true;
}

static bool is_int3(const struct emulation *w)
{
	return w->insn.result == DECODE_OK && (w->insn.flags & DECODE_INT);
}

/* A host whose KVM runs the kernel's code in its emulator. */
static bool is_emulating_host(struct emulation *w)
{
	if (w->in->host->runs_cpl0_natively != 0 || x86_cpl(w->s) == 3)
		return false;
	begin_verdict(w);
	put_insn(w, &w->out->verdict);
	story_at_rip(w->in, &w->out->verdict);
	if (is_int3(w))
		SAY(w,
		    ": this host's KVM (%s) cannot deliver a guest's own "
		    "%s at CPL %u",
		    w->in->host->module, w->insn.mnemonic, x86_cpl(w->s));
	else
		SAY(w,
		    ": this host's KVM (%s) runs CPL-%u code in its "
		    "emulator, which does not know this instruction",
		    w->in->host->module, x86_cpl(w->s));
	if (assist_knows(&w->insn))
		story_fix(w->out, "start with --assist: it does this "
				  "instruction in KVM's place");
	else
		story_fix(w->out, "build the guest without it (integer code: "
				  "-mgeneral-regs-only, no BMI), or use a "
				  "host with VMX or SVM; `caps` lists what "
				  "works here");
	return true;
}

static bool is_task_switch(struct emulation *w)
{
	if (!w->has_reason || w->in->host->vendor != EXIT_VENDOR_VMX ||
	    w->reason != VMX_TASK_SWITCH)
		return false;
	begin_verdict(w);
	SAY(w, "a hardware task switch");
	story_at_rip(w->in, &w->out->verdict);
	SAY(w, " failed: a TSS, its segments or its page directory is wrong");
	story_fix(w->out, "look at `tss`, `gdt` and the task gate in `idt`");
	return true;
}

static bool is_page_exit(const struct emulation *w)
{
	if (!w->has_reason)
		return false;
	if (w->in->host->vendor == EXIT_VENDOR_SVM)
		return w->reason == SVM_NPF;
	return w->in->host->vendor == EXIT_VENDOR_VMX &&
	       (w->reason == VMX_EPT_VIOLATION ||
		w->reason == VMX_EPT_MISCONFIG);
}

/* Nothing better is known. */
static bool is_unknown_to_kvm(struct emulation *w)
{
	begin_verdict(w);
	SAY(w, "KVM's emulator cannot go on with ");
	put_insn(w, &w->out->verdict);
	story_at_rip(w->in, &w->out->verdict);
	if (is_page_exit(w))
		story_fix(w->out, "the access went to memory KVM does not "
				  "back: look at the operands below");
	else
		story_fix(w->out, "the host's kernel emulates what it need "
				  "not or cannot: try a newer one, and report "
				  "the bytes");
	return true;
}

/* ---- facts that go with any of them ---- */

static void put_operands(struct emulation *w)
{
	for (unsigned int i = 0; i < w->insn.mems; i++)
		if (!w->insn.mem[i].unknown)
			story_operand(w->in, &w->insn.mem[i], &w->out->body);
}

static void put_cpuid(struct emulation *w)
{
	const char *flag = w->insn.result == DECODE_OK ? w->insn.cpuid : NULL;

	if (flag && w->in->cpuid && !x86_cpuid_flag(w->in->cpuid, flag))
		buf_printf(&w->out->body,
			   "  %s needs the CPUID flag %s, which this guest "
			   "does not have\n",
			   w->insn.mnemonic, flag);
}

static void decode(struct emulation *w)
{
	uint8_t bytes[EXIT_MAX_INSN];
	unsigned int n = exit_fetched(w->in->exit, bytes);

	if (n)
		decode_insn(w->s, bytes, n, &w->insn);
	else
		w->insn = *w->in->insn;
	/* KVM pads what it did not fetch with nops: short is not the end */
	if (w->insn.result != DECODE_OK && w->in->insn->result == DECODE_OK &&
	    n < w->in->insn->length)
		w->insn = *w->in->insn;
}

void story_emulation(const struct story_in *in, struct story_out *out)
{
	static bool (*const causes[])(struct emulation * w) = {
		is_broken,	   cannot_fetch,      is_outside_ram,
		has_changed,	   is_no_insn,	      touches_device,
		is_invalid_state,  is_emulating_host, is_task_switch,
		is_unknown_to_kvm,
	};
	struct emulation w = {.in = in, .out = out};

	if (!in->view)
		return;
	w.s = in->view->s;
	w.pc = x86_linear_pc(w.s);
	w.has_reason = exit_hw_reason(in->exit, &w.reason);
	decode(&w);
	paging_walk(&in->view->paging, &in->view->mem, w.pc,
		    ACCESS_FETCH | (x86_cpl(w.s) == 3 ? ACCESS_USER : 0),
		    &w.fetch);
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (causes[i](&w))
			break;
	if (w.fetch.result == WALK_OK) {
		put_operands(&w);
		put_cpuid(&w);
	} else if (fault_fix_walk(&w.fetch)) {
		story_fix(out, "%s", fault_fix_walk(&w.fetch));
	}
}
