/*
 * The test harness.  A test program is a list of TEST()s and TEST_MAIN.
 *
 * Each test runs in a child process with an alarm, so a crash or hang fails
 * that test alone.  Output, one line a test, is what scripts/run-tests counts:
 *   ok PROGRAM/NAME
 *   not ok PROGRAM/NAME: reason
 *   skip PROGRAM/NAME: reason
 * The exit status is 1 when a test failed.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *t);
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));
void test_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
/*
 * Seconds until the running test is killed; default 20, or KVMTEST_TIMEOUT of
 * the environment.
 */
void test_timeout(unsigned int seconds);

#define TEST(id)                                                     \
	static void id(void);                                        \
	static struct test test_##id = {#id, id, NULL};              \
	__attribute__((constructor)) static void register_##id(void) \
	{                                                            \
		test_register(&test_##id);                           \
	}                                                            \
	static void id(void)

#define CHECK(cond)                                                 \
	do {                                                        \
		if (!(cond))                                        \
			test_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

/* A call that returns false with *err filled. */
#define CHECK_OK(call, err)                                            \
	do {                                                           \
		if (!(call))                                           \
			test_fail(__FILE__, __LINE__, "%s: %s", #call, \
				  (err)->msg);                         \
	} while (0)

#define CHECK_EQ(a, b)                                                        \
	do {                                                                  \
		uint64_t a_ = (uint64_t)(a), b_ = (uint64_t)(b);              \
		if (a_ != b_)                                                 \
			test_fail(__FILE__, __LINE__,                         \
				  "%s is 0x%" PRIx64 ", expected 0x%" PRIx64, \
				  #a, a_, b_);                                \
	} while (0)

#define CHECK_STR(a, b)                                                \
	do {                                                           \
		const char *a_ = (a), *b_ = (b);                       \
		if (!a_ || strcmp(a_, b_))                             \
			test_fail(__FILE__, __LINE__,                  \
				  "%s is \"%s\", expected \"%s\"", #a, \
				  a_ ? a_ : "(null)", b_);             \
	} while (0)

/* `text` contains `part`. */
#define CHECK_HAS(text, part)                                                \
	do {                                                                 \
		const char *t_ = (text), *p_ = (part);                       \
		if (!t_ || !strstr(t_, p_))                                  \
			test_fail(__FILE__, __LINE__, "no \"%s\" in \"%s\"", \
				  p_, t_ ? t_ : "(null)");                   \
	} while (0)

#endif
