/*
 * Saving the guest: through the client, against writing as many bytes plainly.
 */
#ifndef TESTS_BENCH_DUMP_H
#define TESTS_BENCH_DUMP_H

#include <stdbool.h>

struct client;

/* Put bytes that are not zero into 96 MiB of the guest. */
bool dump_fill(struct client *c);

/*
 * MB/s of `monitor COMMAND FILE` with a file in this folder, the best of some
 * rounds; 0, and a word why, when it fails.  Holes in the file do not count.
 */
double dump_rate(struct client *c, const char *command, const char *folder);

/* MB/s of write(2), 1 MiB at a time, and fsync(2) of as much. */
double dump_plain_rate(const char *folder);

/* A folder in memory where there is one: the disk is not what is measured. */
const char *dump_folder(const char *otherwise);

#endif
