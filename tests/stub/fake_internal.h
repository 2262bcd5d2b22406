/* Between the files of the fake target. */
#ifndef TESTS_STUB_FAKE_INTERNAL_H
#define TESTS_STUB_FAKE_INTERNAL_H

#include "tests/stub/fake_target.h"

struct fake_target *fake_of(struct target *t);
void fake_die(const char *what) __attribute__((noreturn));
/* Count a call; false with *err filled when the test wants it to fail. */
bool fake_called(struct fake_target *f, enum fake_op op, struct err *err);

/* The ops of fake_run.c. */
bool fake_resume(struct target *t, const struct target_action *actions,
		 struct err *err);
void fake_interrupt(struct target *t, unsigned int vcpu);
int fake_event_fd(struct target *t);
bool fake_next_stop(struct target *t, struct target_stop *stop);
bool fake_reset(struct target *t, struct err *err);
bool fake_insert_bp(struct target *t, unsigned int vcpu,
		    const struct target_bp *bp, struct err *err);
bool fake_remove_bp(struct target *t, const struct target_bp *bp,
		    struct err *err);
void fake_bp_means(struct target *t, const struct target_bp *bp,
		   struct buf *out);

/* fake_catch.c */
extern const struct target_catch_ops fake_catch_ops;

/* fake_inspect.c */
extern const struct target_inspect_ops fake_inspect_ops;

#endif
