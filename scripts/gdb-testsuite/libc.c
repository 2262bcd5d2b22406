/*
 * As much of a C library as the test programs of gdb's suite call; printf and
 * the like are in stdio.c.  Built without debug information, as a C library
 * is: gdb steps over it.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PM_TIMER 0x608
#define EXITS	 32

/* start.S and guest.ld */
void _exit(int status) __attribute__((noreturn));
extern char heap_start[], heap_end[];

static int error;

int *__errno_location(void)
{
	return &error;
}

/* ---- memory and strings ---- */

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	void *start = to;

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if ((uintptr_t)t - (uintptr_t)f >= n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *start = to;

	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(n)
			 : "a"(byte)
			 : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	memcpy(to, from, strlen(from) + 1);
	return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t n)
{
	size_t i = 0;

	for (; i < n && from[i]; i++)
		to[i] = from[i];
	for (; i < n; i++)
		to[i] = 0;
	return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (!*a)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = malloc(n);

	return copy ? memcpy(copy, s, n) : NULL;
}

int atoi(const char *s)
{
	int value = 0, sign = *s == '-' ? -1 : 1;

	for (s += *s == '-' || *s == '+'; *s >= '0' && *s <= '9'; s++)
		value = value * 10 + *s - '0';
	return sign * value;
}

long strtol(const char *restrict s, char **restrict end, int base)
{
	long value = 0, sign = *s == '-' ? -1 : 1;
	int digit;

	for (s += *s == '-' || *s == '+';; s++) {
		digit = *s >= '0' && *s <= '9' ? *s - '0'
			: (*s | 32) >= 'a' && (*s | 32) <= 'z'
				? (*s | 32) - 'a' + 10
				: 99;
		if (digit >= (base ? base : 10))
			break;
		value = value * (base ? base : 10) + digit;
	}
	if (end)
		*end = (char *)s;
	return sign * value;
}

int abs(int n)
{
	return n < 0 ? -n : n;
}

/* ---- heap: taken from the front, given back never ---- */

static char *heap = heap_start;

void *malloc(size_t n)
{
	size_t left = (size_t)(heap_end - heap);
	size_t size = ((n + 15) & ~(size_t)15) + 16;
	char *block = heap;

	if (n > left || size > left) {
		error = ENOMEM;
		return NULL;
	}
	heap += size;
	*(size_t *)block = n;
	return block + 16;
}

void free(void *p)
{
}

void *calloc(size_t count, size_t n)
{
	void *p = n && count > SIZE_MAX / n ? NULL : malloc(count * n);

	return p ? memset(p, 0, count * n) : NULL;
}

void *realloc(void *old, size_t n)
{
	void *p = malloc(n);
	size_t had = old ? *(size_t *)((char *)old - 16) : 0;

	return p && old ? memcpy(p, old, had < n ? had : n) : p;
}

/* ---- the end ---- */

static void (*at_exit[EXITS])(void);
static int exits;

int atexit(void (*call)(void))
{
	if (exits == EXITS)
		return -1;
	at_exit[exits++] = call;
	return 0;
}

void exit(int status)
{
	while (exits)
		at_exit[--exits]();
	_exit(status);
}

void abort(void)
{
	_exit(127);
}

void __assert_fail(const char *what, const char *file, unsigned int line,
		   const char *function)
{
	printf("%s:%u: %s: %s\n", file, line, function, what);
	abort();
}

/* ---- what a process has: a number and time, no signals and no input ---- */

pid_t getpid(void)
{
	return 1;
}

unsigned int alarm(unsigned int seconds)
{
	return 0;
}

/* by ACPI's power management timer: 24 bits at 3.579545 MHz */
int usleep(useconds_t time)
{
	uint64_t left = time * 3579545UL / 1000000;
	uint32_t last, now;

	__asm__ volatile("inl %w1, %0" : "=a"(last) : "Nd"(PM_TIMER));
	for (uint64_t passed = 0; passed < left; last = now) {
		for (int i = 0; i < 1000; i++)
			__asm__ volatile("pause");
		__asm__ volatile("inl %w1, %0" : "=a"(now) : "Nd"(PM_TIMER));
		passed += (now - last) & 0xffffff;
	}
	return 0;
}

unsigned int sleep(unsigned int seconds)
{
	while (seconds--)
		usleep(1000000);
	return 0;
}

pid_t getppid(void)
{
	return 0;
}

int getpagesize(void)
{
	return 4096;
}

int pause(void)
{
	for (;;)
		__asm__ volatile("pause");
}

char *getenv(const char *name)
{
	return NULL;
}

__sighandler_t signal(int number, __sighandler_t handler)
{
	error = ENOSYS;
	return SIG_ERR;
}

/* glibc's ctype.h asks for a table: one for ASCII */
const unsigned short **__ctype_b_loc(void)
{
	static unsigned short classes[384];
	static const unsigned short *table = classes + 128;

	for (int c = 0; c < 128; c++) {
		int upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
		int digit = c >= '0' && c <= '9';

		classes[128 + c] =
			(unsigned short)((upper ? _ISupper : 0) |
					 (lower ? _ISlower : 0) |
					 (digit ? _ISdigit : 0) |
					 (upper || lower ? _ISalpha : 0) |
					 (upper || lower || digit ? _ISalnum
								  : 0) |
					 (c > 32 && c < 127 ? _ISgraph : 0) |
					 (c >= 32 && c < 127 ? _ISprint : 0) |
					 (c == ' ' || (c >= 9 && c <= 13)
						  ? _ISspace
						  : 0));
	}
	return &table;
}
