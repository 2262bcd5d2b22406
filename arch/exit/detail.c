#include "arch/exit/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arch/exit/impl.h"
#include "arch/exit/names.h"

enum {
	MEMORY_FAULT_PRIVATE = 8,
	NOTIFY_CONTEXT_INVALID = 1,
};

static const char *const suberrors[] = {
	[SUBERROR_EMULATION] = "emulation failure",
	[SUBERROR_SIMUL_EX] = "simultaneous exceptions",
	[SUBERROR_DELIVERY_EV] = "event delivery",
	[SUBERROR_UNEXPECTED_EXIT] = "unexpected exit reason",
};

const char *exit_suberror_name(uint32_t suberror)
{
	if (suberror < ARRAY_SIZE(suberrors) && suberrors[suberror])
		return suberrors[suberror];
	return "unknown suberror";
}

static const char *const system_events[] = {
	[1] = "shutdown",	 [2] = "reset",	  [3] = "crash",
	[4] = "wakeup",		 [5] = "suspend", [6] = "SEV termination",
	[7] = "TDX fatal error",
};

const char *exit_system_event_name(uint32_t type)
{
	if (type < ARRAY_SIZE(system_events) && system_events[type])
		return system_events[type];
	return "unknown type";
}

/* ---- qualifications of the exits seen in reports ---- */

static void print_io_qualification(struct buf *out, uint64_t q)
{
	buf_printf(out, ": %s%s%s of %u bytes, port 0x%x",
		   q & BIT(5) ? "rep " : "", q & BIT(4) ? "string " : "",
		   q & BIT(3) ? "in" : "out", (unsigned int)(q & 7) + 1,
		   (unsigned int)(q >> 16) & 0xffff);
}

static void print_ept_qualification(struct buf *out, uint64_t q)
{
	buf_printf(out, ": guest %s%s%s, page allows %c%c%c%s",
		   q & BIT(0) ? "read" : "", q & BIT(1) ? "write" : "",
		   q & BIT(2) ? "fetch" : "", q & BIT(3) ? 'r' : '-',
		   q & BIT(4) ? 'w' : '-', q & BIT(5) ? 'x' : '-',
		   (q & BIT(7)) && !(q & BIT(8)) ? ", while walking its page "
						   "tables"
						 : "");
}

static void print_npf_info(struct buf *out, uint64_t q)
{
	buf_printf(out, ": guest %s, %s%s",
		   q & BIT(4)	? "fetch"
		   : q & BIT(1) ? "write"
				: "read",
		   q & BIT(0) ? "page protection" : "page not mapped",
		   q & BIT(33) ? ", while walking its page tables" : "");
}

/* What the vendors call the same four words. */
static const struct {
	const char *info1, *info2, *intr_info;
} labels[] = {
	[EXIT_VENDOR_OTHER] = {"info1", "info2", "intr_info"},
	[EXIT_VENDOR_VMX] = {"exit qualification", "IDT-vectoring info",
			     "VM-exit interruption info"},
	[EXIT_VENDOR_SVM] = {"EXITINFO1", "EXITINFO2", "EXITINTINFO"},
};

static void print_info1(struct buf *out, const struct exit_info *e,
			const struct exit_words *w)
{
	uint64_t reason = w->reason >= 0 ? e->data[w->reason] : UINT64_MAX;
	uint64_t info = e->data[w->info1];

	buf_printf(out, "  %s 0x%" PRIx64, labels[e->vendor].info1, info);
	if (e->vendor == EXIT_VENDOR_SVM && reason == 0x400)
		print_npf_info(out, info);
	else if (e->vendor == EXIT_VENDOR_VMX && reason == 30)
		print_io_qualification(out, info);
	else if (e->vendor == EXIT_VENDOR_VMX && reason == 48)
		print_ept_qualification(out, info);
	buf_byte(out, '\n');
}

/* `decode`: the word has the event format rather than free content. */
static void print_event_word(struct buf *out, const struct exit_info *e,
			     const char *label, uint64_t info, bool decode)
{
	buf_printf(out, "  %s 0x%" PRIx64, label, info);
	if (decode) {
		buf_str(out, ": ");
		exit_print_event(out, e->vendor, info);
	}
	buf_byte(out, '\n');
}

/* ---- the lines ---- */

static void print_bytes(struct buf *out, const char *label,
			const uint8_t *bytes, unsigned int n)
{
	buf_printf(out, "  %s:", label);
	for (unsigned int i = 0; i < n; i++)
		buf_printf(out, " %02x", bytes[i]);
	buf_byte(out, '\n');
}

static void detail_insn(struct buf *out, const struct exit_info *e)
{
	uint8_t bytes[EXIT_MAX_INSN];
	unsigned int n = exit_fetched(e, bytes), common;

	if (n)
		print_bytes(out,
			    "bytes KVM had fetched (the first instruction "
			    "failed, the rest is look-ahead)",
			    bytes, n);
	if (e->insn_len && !n)
		print_bytes(out, "guest memory at rip", e->insn, e->insn_len);
	common = n < e->insn_len ? n : e->insn_len;
	if (common && memcmp(bytes, e->insn, common)) {
		print_bytes(out, "guest memory at rip now", e->insn,
			    e->insn_len);
		buf_str(out, "  the two differ\n");
	}
	if (e->has_regs && !e->insn_len)
		buf_str(out, "  guest memory at rip cannot be read\n");
}

static void detail_events(struct buf *out, const struct exit_info *e,
			  const struct exit_words *w)
{
	int vectoring = w->vectoring >= 0 ? w->vectoring : w->info2;

	if (vectoring >= 0)
		print_event_word(out, e, labels[e->vendor].info2,
				 e->data[vectoring],
				 e->vendor == EXIT_VENDOR_VMX);
	if (w->intr_info >= 0)
		print_event_word(out, e, labels[e->vendor].intr_info,
				 e->data[w->intr_info],
				 e->vendor != EXIT_VENDOR_OTHER);
	if (w->error_code >= 0)
		buf_printf(out, "  error code 0x%" PRIx64 "\n",
			   e->data[w->error_code]);
}

static void detail_hardware(struct buf *out, const struct exit_info *e,
			    const struct exit_words *w)
{
	if (w->reason >= 0) {
		buf_printf(out, "  hardware exit reason 0x%" PRIx64 ": ",
			   e->data[w->reason]);
		exit_print_hw_reason(out, e->vendor, e->data[w->reason]);
		buf_byte(out, '\n');
	}
	if (w->info1 >= 0)
		print_info1(out, e, w);
	detail_events(out, e, w);
	if (w->gpa >= 0 && e->data[w->gpa] == UINT64_MAX)
		buf_str(out, "  guest-physical address not known\n");
	else if (w->gpa >= 0)
		buf_printf(out, "  guest-physical address 0x%" PRIx64 "\n",
			   e->data[w->gpa]);
	if (w->cpu >= 0)
		buf_printf(out, "  host CPU %" PRIu64 "\n", e->data[w->cpu]);
	for (int i = 0; i < w->debug_n; i++)
		buf_printf(out, "  debug word %d 0x%" PRIx64 "\n", i,
			   e->data[w->debug + i]);
}

static void detail_internal_error(struct buf *out, const struct exit_info *e)
{
	struct exit_words w;

	exit_words(e, &w);
	if (e->suberror == SUBERROR_EMULATION)
		detail_insn(out, e);
	if (w.reason < 0 && w.vectoring < 0 && !w.has_insn) {
		for (uint32_t i = 0; i < exit_words_valid(e); i++)
			buf_printf(out,
				   "  data[%u] 0x%" PRIx64 " (layout not "
				   "known)\n",
				   i, e->data[i]);
		if (!e->ndata)
			buf_str(out, "  KVM gave no data with it\n");
		return;
	}
	detail_hardware(out, e, &w);
}

static void detail_fail_entry(struct buf *out, const struct exit_info *e)
{
	buf_printf(out, "  hardware reason 0x%" PRIx64 ": ", e->hw_reason);
	exit_print_entry_failure(out, e);
	buf_printf(out, "\n  host CPU %u\n", e->cpu);
}

static void detail_errno(struct buf *out, const struct exit_info *e)
{
	const char *meaning = run_errno_meaning(e->run_errno);

	buf_printf(out, "  errno %d%s%s\n", e->run_errno, meaning ? ": " : "",
		   meaning ? meaning : "");
}

static void detail_memory_fault(struct buf *out, const struct exit_info *e)
{
	buf_printf(out,
		   "  guest-physical address 0x%" PRIx64 ", 0x%" PRIx64 " bytes"
		   ", %s "
		   "memory"
		   "\n",
		   e->fault_gpa, e->fault_size,
		   e->fault_flags & MEMORY_FAULT_PRIVATE ? "private"
							 : "shared");
}

static void detail_other(struct buf *out, const struct exit_info *e)
{
	switch (e->reason) {
	case EXIT_EXCEPTION:
		buf_printf(out, "  error code 0x%x\n", e->error_code);
		break;
	case EXIT_UNKNOWN:
		buf_printf(out, "  hardware exit reason 0x%" PRIx64 "\n",
			   e->hw_reason);
		break;
	case EXIT_SYSTEM_EVENT:
		for (uint32_t i = 0; i < exit_words_valid(e); i++)
			buf_printf(out, "  data[%u] 0x%" PRIx64 "\n", i,
				   e->data[i]);
		break;
	case EXIT_NOTIFY:
		if (e->notify_flags & NOTIFY_CONTEXT_INVALID)
			buf_str(out, "  the vCPU's context is not valid any "
				     "more\n");
		break;
	default:
		break;
	}
}

static void detail_flags(struct buf *out, const struct exit_info *e)
{
	static const struct bit_name bits[] = {
		{"in system-management mode", 1, NULL},
		{"bus lock detected", 2, NULL},
		{"in a nested guest", 4, NULL},
		{NULL, 0, NULL},
	};

	for (const struct bit_name *b = bits; b->name; b++)
		if (e->flags & b->mask)
			buf_printf(out, "  %s\n", b->name);
}

void exit_details(struct buf *out, const struct exit_info *e)
{
	if (e->run_errno)
		detail_errno(out, e);
	else if (e->reason == EXIT_INTERNAL_ERROR)
		detail_internal_error(out, e);
	else if (e->reason == EXIT_FAIL_ENTRY)
		detail_fail_entry(out, e);
	else
		detail_other(out, e);
	if (e->reason == EXIT_MEMORY_FAULT)
		detail_memory_fault(out, e);
	if (!e->run_errno)
		detail_flags(out, e);
}
