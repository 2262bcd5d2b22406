#include <unistd.h>

#include "stub/spin.h"
#include "tests/test.h"

TEST(learns_from_short_waits_and_forgets_after_a_long_one)
{
	struct spin s = {0};
	struct pollfd p = {.events = POLLIN};
	int fd[2];
	char byte;

	CHECK(!pipe(fd));
	p.fd = fd[0];
	CHECK(write(fd[1], "x", 1) == 1);
	for (int i = 0; i < 100 && !s.us; i++) /* a busy host may be late */
		CHECK_EQ(spin_poll(&s, &p, 1, -1), 1);
	CHECK(s.us > 0);
	CHECK(read(fd[0], &byte, 1) == 1);
	CHECK_EQ(spin_poll(&s, &p, 1, 5), 0);
	CHECK_EQ(s.us, 0);
}

TEST(no_timeout_means_no_waiting)
{
	struct spin s = {.us = 50};
	struct pollfd p = {.fd = -1};

	CHECK_EQ(spin_poll(&s, &p, 1, 0), 0);
}
