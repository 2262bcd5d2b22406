/* Lines of a kernel's trace: parsed inside their bounds, whatever they are. */
#include <stdlib.h>
#include <string.h>

#include "arch/exit/kernel_event.h"
#include "arch/exit/namer.h"
#include "tests/fuzz/fuzz.h"

static void one_line(const char *line, size_t len, struct exit_namer *n)
{
	struct exit_name name;
	struct exit_record r;
	struct kernel_event e;
	unsigned int vcpu;

	kernel_event_lost(line, len);
	if (!kernel_event_parse(line, len, &e))
		return;
	if (e.text < line || e.text + e.len != line + len || !e.len)
		abort();
	kernel_event_vcpu(e.text, e.len, &vcpu);
	if (!kernel_event_access(e.text, &r))
		return;
	exit_namer_next(n, &r, &name);
	if (!memchr(name.reg, '\0', sizeof(name.reg)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *line = text;
	struct exit_namer n;

	if (!text)
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	exit_namer_init(&n);
	while (line < text + size) {
		size_t len = strcspn(line, "\n");

		line[len] = '\0';
		one_line(line, len, &n);
		line += len + 1;
	}
	free(text);
	return 0;
}
