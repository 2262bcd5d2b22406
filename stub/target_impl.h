/* The checks that every target_*() wrapper makes before it calls an op. */
#ifndef STUB_TARGET_IMPL_H
#define STUB_TARGET_IMPL_H

#include "stub/target.h"

bool target_check_stopped(const struct target *t, struct err *err) MUST_CHECK;
bool target_check_vcpu(const struct target *t, unsigned int vcpu,
		       struct err *err) MUST_CHECK;
/* "a live KVM guest cannot WHAT"; always false. */
bool target_unsupported(const struct target *t, const char *what,
			struct err *err);

#endif
