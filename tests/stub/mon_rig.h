/*
 * Monitor commands on the fake target.  The names are short because the tests
 * are lists of commands and what they print.
 */
#ifndef TESTS_STUB_MON_RIG_H
#define TESTS_STUB_MON_RIG_H

#include "base/buf.h"
#include "tests/stub/fake_target.h"

extern struct fake_target *f;
extern struct target *t; /* the target of f */
extern struct buf out;	 /* what the last command printed */

void rig_begin(unsigned int vcpus);
void rig_end(void);

/* Run on vCPU 0; the text is what the user sees.  Else the test fails. */
const char *run(const char *line);
const char *run_fails(const char *line);

void put(gpa_t gpa, const char *bytes, size_t len);

#endif
