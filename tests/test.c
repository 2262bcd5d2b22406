#include "tests/test.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test *tests, **tests_end = &tests;
static int report_fd = -1; /* child: where the reason goes */

enum {
	CHILD_OK = 0,
	CHILD_FAIL = 41,
	CHILD_SKIP = 42,
};

void test_register(struct test *t)
{
	*tests_end = t;
	tests_end = &t->next;
}

static void report(const char *fmt, va_list ap)
{
	char text[1024];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	if (n > 0 && write(report_fd, text, (size_t)n) < 0)
		perror("test: write");
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	char where[256];
	va_list ap;

	snprintf(where, sizeof(where), "%s:%d: ", file, line);
	if (write(report_fd, where, strlen(where)) < 0)
		perror("test: write");
	va_start(ap, fmt);
	report(fmt, ap);
	va_end(ap);
	_exit(CHILD_FAIL);
}

void test_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(fmt, ap);
	va_end(ap);
	_exit(CHILD_SKIP);
}

void test_timeout(unsigned int seconds)
{
	alarm(seconds);
}

static size_t drain(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size - 1 &&
	       (n = read(fd, text + used, size - 1 - used))) {
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			used += (size_t)n;
	}
	text[used] = '\0';
	for (size_t i = 0; i < used; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	return used;
}

/* Emulated machines may need more. */
static unsigned int default_timeout(void)
{
	const char *seconds = getenv("KVMTEST_TIMEOUT");

	return seconds ? (unsigned int)atoi(seconds) : 20;
}

/* Returns 1 when the test failed. */
static int run_one(const char *program, const struct test *t)
{
	char reason[1200];
	int status, pipefd[2];
	pid_t pid;

	if (pipe(pipefd)) {
		perror("pipe");
		return 1;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(pipefd[0]);
		report_fd = pipefd[1];
		alarm(default_timeout());
		t->run();
		fflush(NULL);
		exit(CHILD_OK); /* exit(): leak checkers report here */
	}
	close(pipefd[1]);
	drain(pipefd[0], reason, sizeof(reason));
	close(pipefd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_OK) {
		printf("ok %s/%s\n", program, t->name);
		return 0;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP) {
		printf("skip %s/%s: %s\n", program, t->name, reason);
		return 0;
	}
	if (WIFSIGNALED(status))
		printf("not ok %s/%s: killed by %s %s\n", program, t->name,
		       strsignal(WTERMSIG(status)),
		       WTERMSIG(status) == SIGALRM ? "(time-out)" : reason);
	else
		printf("not ok %s/%s: %s (exit %d)\n", program, t->name, reason,
		       WEXITSTATUS(status));
	return 1;
}

/* Arguments are names of tests to run; none runs all; --list names them. */
int main(int argc, char **argv)
{
	const char *program = strrchr(argv[0], '/');
	int failed = 0;

	program = program ? program + 1 : argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (const struct test *t = tests; t; t = t->next)
			puts(t->name);
		return 0;
	}
	for (const struct test *t = tests; t; t = t->next) {
		bool wanted = argc < 2;

		for (int i = 1; i < argc; i++)
			wanted |= !strcmp(argv[i], t->name);
		if (wanted)
			failed |= run_one(program, t);
	}
	return failed;
}
