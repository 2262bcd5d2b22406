/*
 * A program that goes round for ever: functions to break on and finish,
 * variables to watch, a known string to find.  No interrupts, no devices.
 */
#include "guest.h"

volatile uint64_t rounds, total;
volatile uint32_t table[8];
const char message[] = "a needle in guest memory";

NOINLINE uint64_t square(uint64_t n)
{
	uint64_t result = n * n;

	return result;
}

NOINLINE uint64_t depth(uint64_t n)
{
	if (n == 0)
		return 0;
	return 1 + depth(n - 1);
}

NOINLINE void update(uint64_t round)
{
	table[round % 8] = (uint32_t)round;
	total += square(round);
}

NOINLINE void go_round(uint64_t round)
{
	update(round);
	rounds = round + depth(3) - 2;
}

__attribute__((section(".text.start"), noreturn)) void _start(void)
{
	for (uint64_t round = 1;; round++)
		go_round(round);
}
