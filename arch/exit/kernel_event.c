#include "arch/exit/kernel_event.h"

#include <string.h>

#include "arch/exit/text.h"
#include "base/cursor.h"

static void skip_blanks(struct cursor *c)
{
	while (cur_accept(c, ' '))
		;
}

/* "-1234 [001] d..1. 1234.567890: text"; the flags are an option. */
static bool parse_from_tid(struct cursor c, struct kernel_event *e)
{
	uint64_t tid, seconds, micros;
	const char *digits;
	size_t len;

	cur_expect(&c, '-');
	tid = cur_dec(&c);
	cur_expect(&c, ' ');
	skip_blanks(&c);
	cur_expect(&c, '[');
	cur_dec(&c);
	cur_expect(&c, ']');
	cur_expect(&c, ' ');
	skip_blanks(&c);
	if (cur_peek(&c) < '0' || cur_peek(&c) > '9') /* flags */
		cur_until(&c, ' ', &len);
	skip_blanks(&c);
	seconds = cur_dec(&c);
	cur_expect(&c, '.');
	digits = c.pos;
	micros = cur_dec(&c);
	if (!cur_ok(&c) || c.pos - digits != 6 || tid > INT32_MAX ||
	    seconds > UINT64_MAX / 2000000000)
		return false;
	cur_expect(&c, ':');
	cur_expect(&c, ' ');
	if (!cur_ok(&c) || !cur_left(&c))
		return false;
	*e = (struct kernel_event){
		.tid = (int)tid,
		.time_ns = seconds * 1000000000 + micros * 1000,
		.text = c.pos,
		.len = cur_left(&c),
	};
	return true;
}

/* A thread's name may hold anything, so each '-' may be the one before tid. */
bool kernel_event_parse(const char *line, size_t len, struct kernel_event *e)
{
	const char *at = line, *end = line + len;

	if (!len || *line == '#')
		return false;
	while ((at = memchr(at, '-', (size_t)(end - at)))) {
		if (parse_from_tid(cur(at, (size_t)(end - at)), e))
			return true;
		at++;
	}
	return false;
}

uint64_t kernel_event_lost(const char *line, size_t len)
{
	struct cursor c = cur(line, len);
	uint64_t lost;

	if (!cur_accept_str(&c, "CPU:"))
		return 0;
	cur_dec(&c);
	if (!cur_accept_str(&c, " [LOST "))
		return 0;
	lost = cur_dec(&c);
	return cur_ok(&c) ? lost : 0;
}

bool kernel_event_vcpu(const char *text, size_t len, unsigned int *vcpu)
{
	static const char word[] = "vcpu ";
	const char *at = memmem(text, len, word, sizeof(word) - 1);
	struct cursor c;
	uint64_t n;

	if (!at)
		return false;
	c = cur(at, len - (size_t)(at - text));
	cur_accept_str(&c, word);
	n = cur_dec(&c);
	if (!cur_ok(&c) || n > UINT32_MAX)
		return false;
	*vcpu = (unsigned int)n;
	return true;
}

/* Take " KEY 0x12" or " KEY 12". */
static uint64_t take_field(struct cursor *c, const char *key)
{
	cur_expect(c, ' ');
	if (!cur_accept_str(c, key))
		cur_fail(c);
	cur_expect(c, ' ');
	return cur_accept_str(c, "0x") ? cur_hex(c) : cur_dec(c);
}

static bool take_direction(struct cursor *c)
{
	bool write = cur_accept_str(c, "write");

	if (!write && !cur_accept_str(c, "read"))
		cur_fail(c);
	return write;
}

static void parse_pio(struct cursor *c, struct exit_record *e)
{
	e->reason = EXIT_IO;
	e->is_write = take_direction(c);
	e->where = take_field(c, "at");
	e->size = (uint8_t)take_field(c, "size");
	e->count = (uint32_t)take_field(c, "count");
	e->value = take_field(c, "val");
}

static void parse_mmio(struct cursor *c, struct exit_record *e)
{
	e->reason = EXIT_MMIO;
	e->is_write = take_direction(c);
	e->size = (uint8_t)take_field(c, "len");
	e->where = take_field(c, "gpa");
	e->value = take_field(c, "val");
}

static void parse_msr(struct cursor *c, struct exit_record *e)
{
	e->is_write = take_direction(c);
	e->reason = e->is_write ? EXIT_X86_WRMSR : EXIT_X86_RDMSR;
	cur_expect(c, ' ');
	e->where = cur_hex(c);
	if (!cur_accept_str(c, " = 0x"))
		cur_fail(c);
	e->value = cur_hex(c);
	e->size = 8;
	e->denied = cur_accept_str(c, " (#GP)");
}

static const struct {
	const char *prefix;
	void (*parse)(struct cursor *c, struct exit_record *e);
} accesses[] = {
	{"kvm_pio: pio_", parse_pio},
	{"kvm_mmio: mmio ", parse_mmio},
	{"kvm_msr: msr_", parse_msr},
};

bool kernel_event_access(const char *text, struct exit_record *e)
{
	struct exit_record r = {.count = 1};
	struct cursor c = cur_str(text);

	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		if (!cur_accept_str(&c, accesses[i].prefix))
			continue;
		accesses[i].parse(&c, &r);
		if (!cur_ok(&c))
			return false;
		*e = r;
		return true;
	}
	return false;
}
