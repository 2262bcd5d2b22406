/*
 * Linux's log in guest memory: printk's ring buffer of 5.10 and later
 * (kernel/printk/printk_ringbuffer.h).
 *
 * Where its fields lie comes from VMCOREINFO, so that neither symbols nor
 * debugging information are needed, and any build is read.  The ring may be in
 * the middle of a change, and the guest may lie: everything is bounded, and a
 * record that makes no sense is left out.
 */
#ifndef STUB_LINUX_PRINTK_H
#define STUB_LINUX_PRINTK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_state.h"
#include "base/buf.h"
#include "base/err.h"

#define PRINTK_TEXT_MAX 2048 /* the kernel's own limit is 1024 */

/* Reads the kernel's linear memory; false with *err filled when it cannot. */
struct printk_memory {
	bool (*read)(void *ctx, gva_t gva, void *buf, size_t len,
		     struct err *err);
	void *ctx;
};

struct printk_log {
	struct printk_memory mem;
	uint64_t first, count;	 /* oldest descriptor's id; how many */
	unsigned int count_bits; /* descriptors in the ring, log2 */
	unsigned int size_bits;	 /* bytes of text in it, log2 */
	gva_t descs, infos, data;
	/* sizes and offsets, bytes; all checked to be small */
	uint64_t desc_size, state, begin, next;
	uint64_t info_size, ts, text_len;
};

struct printk_record {
	uint64_t ns; /* since boot, as the kernel stamps it */
	size_t len;
	char text[PRINTK_TEXT_MAX]; /* any bytes; lines end in newline */
};

/*
 * Look at the ring that this VMCOREINFO text tells of.  mem is copied and used
 * by printk_read() too.
 */
bool printk_open(struct printk_log *log, const char *info, size_t len,
		 const struct printk_memory *mem, struct err *err) MUST_CHECK;

/*
 * The i-th of log->count, oldest first.  False when there is no finished
 * record in that place.
 */
bool printk_read(const struct printk_log *log, uint64_t i,
		 struct printk_record *r);

/*
 * "[   12.345678] text", each line so; what is not printable as \xNN, the way
 * /dev/kmsg does it.  Ends with newline.
 */
void printk_print(struct buf *out, const struct printk_record *r);

#endif
