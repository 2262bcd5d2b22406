/*
 * What `maps` of a million 4-KiB pages and one `walk` cost, as monitor commands
 * on a live machine.
 */
#ifndef TESTS_BENCH_MAPS_H
#define TESTS_BENCH_MAPS_H

/* Measure and print some lines. */
void maps_bench(void);

#endif
