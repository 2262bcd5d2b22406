/*
 * Monitor command lines: each line of the input is one command, on a fresh
 * fake machine; a line that begins with '!' is a --batch argument, and one
 * that begins with '>' lets the guest run first.
 */
#include <stdlib.h>
#include <string.h>

#include "stub/mon/monitor.h"
#include "tests/fuzz/fuzz.h"
#include "tests/stub/fake_target.h"

#define LINES_MAX 32

static void let_run(struct target *t)
{
	const struct target_action go[2] = {{.kind = ACTION_CONTINUE},
					    {.kind = ACTION_CONTINUE}};
	struct err err;

	if (!t->running && !target_resume(t, go, &err))
		abort();
}

/* `exits save` and what may be short for it: a fuzzer leaves disks alone. */
static bool writes_files(const char *line)
{
	return strstr(line, "sa") != NULL;
}

static void run_line(struct target *t, const char *line, struct buf *out)
{
	unsigned int vcpu = (unsigned char)*line & 1;

	if (writes_files(line))
		return;
	if (*line == '!') {
		monitor_batch(t, vcpu, line + 1, out);
		return;
	}
	if (*line == '>') {
		let_run(t);
		line++;
	}
	monitor_run(t, vcpu, line, out);
	/* Silence would leave the user in the dark. */
	if (!out->len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_target *f = fake_create(2);
	char *text = malloc(size + 1), *line = text;
	struct buf out = BUF_INIT;

	if (!text)
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	for (int i = 0; line && i < LINES_MAX; i++) {
		char *next = strchr(line, '\n');

		if (next)
			*next++ = '\0';
		buf_clear(&out);
		run_line(&f->target, line, &out);
		line = next;
	}
	buf_deinit(&out);
	free(text);
	fake_destroy(f);
	return 0;
}
