/*
 * A fake machine of two vCPUs with exits in their recorders, and short names
 * for running the commands that show them.
 */
#ifndef TESTS_STUB_EXITS_RIG_H
#define TESTS_STUB_EXITS_RIG_H

#include "tests/stub/fake_target.h"
#include "tests/test.h"

#define MS UINT64_C(1000000)

extern struct fake_target *f;
extern struct target *t;
extern struct buf out;

/* vCPU 0 has 4 exits, at 1, 2, 4 and 6 ms; vCPU 1 has 3, at 3, 5 and 7 ms. */
void setup(unsigned int nvcpus);
void teardown(void);
/* uart_putc at 0x1000, other_cpu at 0x2000. */
void setup_symbols(void);

/* What the command prints; fails the test when it fails, or does not. */
const char *run(const char *line);
const char *run_fails(const char *line); /* with the usage */

/* Recorder lines in what is printed. */
unsigned int lines(const char *text);

#endif
