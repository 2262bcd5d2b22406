#include "arch/exit/impl.h"

#include <inttypes.h>
#include <string.h>

#include "arch/exit/names.h"

enum {
	EMULATION_HAS_BYTES = 1
}; /* flag in data[0]; the one that is ABI */

#define VMX_FAILED_ENTRY BIT(31)

/* ---- which word is what ---- */

uint32_t exit_words_valid(const struct exit_info *e)
{
	return (uint32_t)min_u64(e->ndata, EXIT_MAX_DATA);
}

/*
 * flags, [size and 15 bytes in two words,] then, on kernels that tell it,
 * reason, info1, info2, intr_info, error code, and whatever the place that
 * failed has added.
 */
static void emulation_words(const struct exit_info *e, struct exit_words *w)
{
	int n = (int)exit_words_valid(e);
	int at = 1;

	/* without flags word: none, or two words of an old SGX path */
	if (n < 3)
		return;
	if (e->data[0] & EMULATION_HAS_BYTES) {
		w->has_insn = true;
		at = 3;
	}
	if (n >= at + 5) {
		w->reason = at;
		w->info1 = at + 1;
		w->info2 = at + 2;
		w->intr_info = at + 3;
		w->error_code = at + 4;
		at += 5;
	}
	w->debug = at;
	w->debug_n = n - at;
}

/* vectoring info, exit reason, qualification [, GPA] [, CPU] */
static void delivery_words(const struct exit_info *e, struct exit_words *w)
{
	uint32_t n = exit_words_valid(e);

	if (n < 3)
		return;
	w->vectoring = 0;
	w->reason = 1;
	w->info1 = 2;
	if (n >= 5) {
		w->gpa = 3;
		w->cpu = 4;
	} else if (n == 4) {
		/* older kernels give the GPA of an EPT misconfig, no CPU */
		if (e->vendor != EXIT_VENDOR_SVM && e->data[1] == 49)
			w->gpa = 3;
		else
			w->cpu = 3;
	}
}

/* IDT-vectoring info, interruption info [, error code [, CPU]] */
static void simul_words(const struct exit_info *e, struct exit_words *w)
{
	uint32_t n = exit_words_valid(e);

	if (n < 2)
		return;
	w->vectoring = 0;
	w->intr_info = 1;
	if (n >= 3)
		w->error_code = 2;
	if (n >= 4)
		w->cpu = 3;
}

void exit_words(const struct exit_info *e, struct exit_words *w)
{
	*w = (struct exit_words){-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, false};
	if (e->reason != EXIT_INTERNAL_ERROR || e->run_errno)
		return;
	switch (e->suberror) {
	case SUBERROR_EMULATION:
		emulation_words(e, w);
		break;
	case SUBERROR_SIMUL_EX:
		simul_words(e, w);
		break;
	case SUBERROR_DELIVERY_EV:
		delivery_words(e, w);
		break;
	case SUBERROR_UNEXPECTED_EXIT:
		if (e->ndata >= 1)
			w->reason = 0;
		if (e->ndata >= 2)
			w->cpu = 1;
		break;
	default:
		break;
	}
}

unsigned int exit_fetched(const struct exit_info *e,
			  uint8_t bytes[EXIT_MAX_INSN])
{
	struct exit_words w;
	uint8_t raw[16];

	exit_words(e, &w);
	if (!w.has_insn)
		return 0;
	for (unsigned int i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(e->data[1 + i / 8] >> (8 * (i % 8)));
	memcpy(bytes, raw + 1, EXIT_MAX_INSN);
	return (unsigned int)min_u64(raw[0], EXIT_MAX_INSN);
}

int exit_planted_byte(const struct exit_info *e)
{
	uint8_t bytes[EXIT_MAX_INSN];
	unsigned int n = exit_fetched(e, bytes);
	int at = -1;

	for (unsigned int i = 0; i < n && i < e->insn_len; i++) {
		if (bytes[i] == e->insn[i])
			continue;
		if (at >= 0 || (bytes[i] != EXIT_PLANTED_INT3 &&
				bytes[i] != EXIT_PLANTED_INT1))
			return -1;
		at = (int)i;
	}
	return at;
}

bool exit_hw_reason(const struct exit_info *e, uint64_t *reason)
{
	struct exit_words w;

	exit_words(e, &w);
	if (w.reason < 0)
		return false;
	*reason = e->data[w.reason];
	return true;
}

bool exit_vectoring(const struct exit_info *e, uint32_t *info)
{
	struct exit_words w;
	int at;

	exit_words(e, &w);
	at = w.vectoring;
	/* of SVM that word is EXITINFO2, an address */
	if (at < 0 || e->vendor == EXIT_VENDOR_SVM || !(e->data[at] & BIT(31)))
		return false;
	*info = (uint32_t)e->data[at];
	return true;
}

/* ---- single words ---- */

static void print_vmx_reason(struct buf *out, uint64_t word)
{
	const char *name = vmx_reason_name((uint32_t)word & 0xffff);

	buf_printf(out, "VMX exit %u %s", (unsigned int)word & 0xffff,
		   name ? name : "(no such reason known)");
	if (word & BIT(27))
		buf_str(out, ", from an enclave");
	if (word & VMX_FAILED_ENTRY)
		buf_str(out, ", failed VM entry");
}

static void print_svm_reason(struct buf *out, uint64_t word)
{
	const char *name = svm_reason_name(word);
	const char *exception;

	buf_printf(out, "SVM exit 0x%" PRIx64 " %s", word,
		   name ? name : "(no such code known)");
	if (word >= 0x40 && word < 0x60) {
		exception = exception_name((unsigned int)word - 0x40);
		buf_printf(out, " %s", exception ? exception : "?");
	}
}

void exit_print_hw_reason(struct buf *out, enum exit_vendor vendor,
			  uint64_t word)
{
	if (vendor == EXIT_VENDOR_SVM)
		print_svm_reason(out, word);
	else if (vendor == EXIT_VENDOR_VMX ||
		 (word >> 31 == 1 && vmx_reason_name(word & 0xffff)))
		print_vmx_reason(out, word);
	else
		buf_printf(out,
			   "exit 0x%" PRIx64 ", a number private to this "
			   "host's KVM module",
			   word);
}

void exit_print_event(struct buf *out, enum exit_vendor vendor, uint64_t info)
{
	static const char *const types[8] = {
		"external interrupt",
		"reserved type 1",
		"NMI",
		"hardware exception",
		"software interrupt",
		"privileged software exception",
		"software exception",
		"other event",
	};
	unsigned int vector = info & 0xff, type = info >> 8 & 7;
	const char *name = type == 3 || type == 5 || type == 6
				   ? exception_name(vector)
				   : NULL;

	if (!(info & BIT(31))) {
		buf_str(out, "none");
		return;
	}
	buf_printf(out, "%s ", types[type]);
	if (name)
		buf_printf(out, "%s ", name);
	buf_printf(out, "(vector %u)", vector);
	if (info & BIT(11))
		buf_str(out, " with error code");
	if ((info & BIT(11)) && vendor == EXIT_VENDOR_SVM)
		buf_printf(out, " 0x%x", (uint32_t)(info >> 32));
	if ((info & BIT(12)) && vendor != EXIT_VENDOR_SVM)
		buf_str(out, ", NMI unblocked by iret");
}

void exit_print_entry_failure(struct buf *out, const struct exit_info *e)
{
	uint64_t reason = e->hw_reason;
	const char *text = vmx_instruction_error((uint32_t)reason);

	if (reason == 0xffffffff || reason == UINT64_MAX)
		buf_str(out, "SVM: the CPU refused the guest state or the "
			     "controls");
	else if (reason == 0x80000021)
		buf_str(out, "VMX: invalid guest state");
	else if (reason == 0x80000022)
		buf_str(out, "VMX: loading the guest's MSRs failed");
	else if (reason == 0x80000029)
		buf_str(out, "VMX: machine check during VM entry");
	else if (reason == 0)
		buf_str(out, "no error number was latched");
	else if (reason < 64 && text)
		buf_printf(out, "VMX instruction error %" PRIu64 ": %s", reason,
			   text);
	else
		exit_print_hw_reason(out, e->vendor, reason);
}
