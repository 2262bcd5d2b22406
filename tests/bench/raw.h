/*
 * The bare KVM API on the same guest: what no server can beat.
 */
#ifndef TESTS_BENCH_RAW_H
#define TESTS_BENCH_RAW_H

#include <stdbool.h>
#include <stdint.h>

struct raw_rates {
	double steps;	    /* KVM_RUN single steps a second */
	double breakpoints; /* exec breakpoint stops a second, resumed by RF */
	double create_ms;   /* open /dev/kvm to the first stop */
};

/* image: an ELF64 file; loop: linear address of its loop.  Prints why not. */
bool raw_measure(const char *image, uint64_t loop, double seconds,
		 struct raw_rates *rates);

#endif
