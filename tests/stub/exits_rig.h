/*
 * The monitor's rig with exits in the recorders of its vCPUs.
 */
#ifndef TESTS_STUB_EXITS_RIG_H
#define TESTS_STUB_EXITS_RIG_H

#include "tests/stub/mon_rig.h"
#include "tests/test.h"

#define MS UINT64_C(1000000)

/* vCPU 0 has 4 exits, at 1, 2, 4 and 6 ms; vCPU 1 has 3, at 3, 5 and 7 ms. */
void setup(unsigned int nvcpus);
/* uart_putc at 0x1000, other_cpu at 0x2000. */
void setup_symbols(void);

/* Recorder lines in what is printed. */
unsigned int lines(const char *text);

#endif
