/*
 * Small helpers on integers and arrays, and the one table type that names bits.
 */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stddef.h>
#include <stdint.h>

#define BIT(n)	      (UINT64_C(1) << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK    __attribute__((warn_unused_result))
#define PRINTF(f, a)  __attribute__((format(printf, f, a)))

/* Mask of bits hi..lo, both inclusive, 0 <= lo <= hi <= 63. */
#define BITS(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * Is [start, start + len) inside [base, base + size)?  Written by subtraction,
 * so no sum can wrap.  len 0 is in range when start is in [base, base + size].
 */
static inline int range_ok(uint64_t base, uint64_t size, uint64_t start,
			   uint64_t len)
{
	return start >= base && start - base <= size &&
	       len <= size - (start - base);
}

/* Do [a, a + alen) and [b, b + blen) share a byte?  Neither may wrap. */
static inline int ranges_overlap(uint64_t a, uint64_t alen, uint64_t b,
				 uint64_t blen)
{
	return alen && blen && (a > b ? a - b < blen : b - a < alen);
}

/*
 * One named bit or bit field of a register.  Tables end with a NULL name and
 * are ordered from bit 0 upwards.
 */
struct bit_name {
	const char *name;
	uint64_t mask;
	const char *meaning;
};

struct buf;

/*
 * Append the names of the bits set in value: "PE MP ET"; a field of several
 * bits prints as NAME=hex.  Set bits that no entry names print as "bitN".
 */
void bits_print(struct buf *out, const struct bit_name *table, uint64_t value);

#endif
