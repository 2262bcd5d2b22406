/*
 * What the flight recorder costs a guest that does nothing but exit: its own
 * work, and having KVM hand out the registers at every exit.
 */
#ifndef TESTS_BENCH_RECORDER_H
#define TESTS_BENCH_RECORDER_H

/* Measure and print one line. */
void recorder_bench(void);

#endif
