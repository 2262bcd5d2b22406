#include "arch/exit/chrome.h"

#include <inttypes.h>
#include <string.h>

#include "arch/exit/text.h"

/* Bytes beyond ASCII become Latin-1 escapes: valid whatever they were. */
static void put_escaped(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_byte(out, c);
	}
}

static void put_string(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":\"", key);
	put_escaped(out, text, strlen(text));
	buf_byte(out, '"');
}

/* JSON's numbers are doubles: 64 bits go as text. */
static void put_hex(struct buf *out, const char *key, uint64_t value)
{
	buf_printf(out, ",\"%s\":\"0x%" PRIx64 "\"", key, value);
}

/* Up to the name; the rest of the object is the caller's. */
static void begin_event(struct chrome_trace *t, char phase, int tid)
{
	buf_printf(t->out, "%s\n{\"ph\":\"%c\",\"pid\":1,\"tid\":%d",
		   t->any ? "," : "", phase, tid);
	t->any = true;
}

static void put_time(struct buf *out, uint64_t ns)
{
	buf_printf(out, ",\"ts\":%" PRIu64 ".%03u,\"s\":\"t\"", ns / 1000,
		   (unsigned int)(ns % 1000));
}

void chrome_begin(struct chrome_trace *t, struct buf *out)
{
	t->out = out;
	t->any = false;
	buf_str(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	begin_event(t, 'M', 0);
	buf_str(out, ",\"name\":\"process_name\",\"args\":{\"name\":\"guest\"}"
		     "}");
}

void chrome_track(struct chrome_trace *t, unsigned int vcpu, int tid)
{
	begin_event(t, 'M', tid);
	buf_printf(t->out,
		   ",\"name\":\"thread_name\",\"args\":{\"name\":\"vCPU %u\"}}",
		   vcpu);
	begin_event(t, 'M', tid);
	buf_printf(t->out,
		   ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%u"
		   "}}",
		   vcpu);
}

/* The name on the track: what happened, to what. */
static void put_name(struct buf *out, const struct exit_record *e,
		     const struct exit_name *name)
{
	static const char *const verbs[] = {"read", "write"};
	struct buf text = BUF_INIT;

	if (!exit_record_is_access(e)) {
		if (e->run_errno)
			buf_str(&text, e->run_errno == 4 ? "restart" : "error");
		else
			exit_reason_print(&text, e->reason);
	} else {
		buf_printf(&text, "%s_%s ",
			   e->reason == EXIT_IO	    ? "pio"
			   : e->reason == EXIT_MMIO ? "mmio"
						    : "msr",
			   verbs[e->is_write]);
		exit_name_print(&text, e, name);
	}
	put_string(out, "name", buf_cstr(&text));
	put_string(out, "cat", "user exit");
	buf_deinit(&text);
}

static void put_access(struct buf *out, const struct exit_record *e)
{
	const char *place = e->reason == EXIT_IO     ? "port"
			    : e->reason == EXIT_MMIO ? "gpa"
						     : "msr";

	put_hex(out, place, e->where);
	put_string(out, "access", e->is_write ? "write" : "read");
	put_hex(out, "value", e->value);
	buf_printf(out, ",\"size\":%u,\"count\":%u", e->size, e->count);
	if (e->denied)
		buf_str(out, ",\"denied\":true");
}

static void put_numbers(struct buf *out, const struct exit_record *e)
{
	if (e->run_errno) {
		buf_printf(out, ",\"errno\":%d", e->run_errno);
		return;
	}
	buf_printf(out, ",\"reason\":%u,\"times\":%u", e->reason, e->count);
	put_hex(out, "data0", e->where);
	put_hex(out, "data1", e->value);
}

void chrome_exit(struct chrome_trace *t, int tid, const struct exit_record *e,
		 const struct exit_name *name, const char *symbol)
{
	struct buf *out = t->out;

	begin_event(t, 'i', tid);
	put_time(out, e->time_ns);
	put_name(out, e, name);
	buf_printf(out, ",\"args\":{\"rip\":\"0x%" PRIx64 "\"", e->rip);
	put_hex(out, "cr3", e->cr3);
	if (symbol)
		put_string(out, "symbol", symbol);
	if (name->device)
		put_string(out, name->claimed ? "device" : "unclaimed",
			   name->device);
	if (name->reg[0])
		put_string(out, "register", name->reg);
	if (exit_record_is_access(e))
		put_access(out, e);
	else
		put_numbers(out, e);
	buf_str(out, "}}");
}

void chrome_kernel(struct chrome_trace *t, int tid, uint64_t time_ns,
		   const char *line)
{
	struct buf *out = t->out;

	begin_event(t, 'i', tid);
	put_time(out, time_ns);
	buf_str(out, ",\"name\":\"");
	put_escaped(out, line, strcspn(line, ":"));
	buf_str(out, "\",\"cat\":\"kernel\",\"args\":{\"text\":\"");
	put_escaped(out, line, strlen(line));
	buf_str(out, "\"}}");
}

void chrome_end(struct chrome_trace *t)
{
	buf_str(t->out, "\n]}\n");
}
