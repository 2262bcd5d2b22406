/*
 * What the processors of a target wait for: fills the summaries that
 * arch/diag/stuck.h judges.
 */
#ifndef STUB_STUCK_H
#define STUB_STUCK_H

#include "arch/diag/stuck.h"
#include "stub/inspect.h"

/* Prints " <symbol+0x12>" by the target's symbols. */
struct show_names target_names(struct target *t);

/* The last exit that the flight recorder of a vCPU holds; false: none. */
bool target_last_exit(struct target *t, unsigned int vcpu,
		      struct exit_record *record);

/* The counter of that name, of a vCPU or of TARGET_VM; false: none. */
bool target_find_stat(struct target *t, unsigned int vcpu, const char *name,
		      struct target_stat *stat);

bool stuck_gather(struct target *t, unsigned int vcpu, struct stuck_vcpu *v,
		  struct err *err) MUST_CHECK;

/*
 * Who waits for whom, and when that is a hang or looks like a panic, what a
 * Linux guest's log has to say.  v: all vCPUs, as stuck_gather() fills them.
 */
void stuck_machine(struct target *t, const struct stuck_vcpu *v,
		   struct buf *out);

/*
 * For a guest that somebody interrupted: a line for each vCPU that does not
 * simply run, and who waits for whom.  Appends nothing when all run.
 */
void stuck_story(struct target *t, struct buf *out);

/*
 * The last line of that alone, for a stop: only when it is certain that the
 * guest will not get on by itself.  One that merely idles gets none.
 */
void stuck_line(struct target *t, struct buf *out);

#endif
