/* Shared by exit_text.c (verdicts) and exit_detail.c (every word decoded). */
#ifndef ARCH_EXIT_IMPL_H
#define ARCH_EXIT_IMPL_H

#include "arch/exit/text.h"

/* Internal-error words that name the hardware exit, told by suberror. */
struct exit_words {
	int vectoring, reason, info1, info2, intr_info,
		error_code; /* -1: none */
	int gpa, cpu;	    /* -1: none */
	int debug, debug_n; /* words whose meaning depends on the caller */
	bool has_insn;
};

/* Which data word is what, by suberror, ndata and flags. */
void exit_words(const struct exit_info *e, struct exit_words *w);

/* ndata, kept inside the array. */
uint32_t exit_words_valid(const struct exit_info *e);

/* "VMX exit 33 INVALID_STATE, failed VM entry" */
void exit_print_hw_reason(struct buf *out, enum exit_vendor vendor,
			  uint64_t word);

/* "hardware exception #PF (vector 14) with error code" */
void exit_print_event(struct buf *out, enum exit_vendor vendor, uint64_t info);

/* "VMX: invalid guest state" for kvm_run.fail_entry's reason. */
void exit_print_entry_failure(struct buf *out, const struct exit_info *e);

const char *exit_suberror_name(uint32_t suberror);
const char *exit_system_event_name(uint32_t type);

#endif
