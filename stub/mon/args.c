#include "stub/mon/args.h"

#include <string.h>

#include "base/cursor.h"

const char *mon_printable(char *to, size_t size, const char *word)
{
	size_t n = 0;

	while (word[n] && n + 1 < size) {
		to[n] = word[n] < ' ' || word[n] > '~' ? '?' : word[n];
		n++;
	}
	to[n] = '\0';
	if (word[n] && n >= 3)
		memcpy(to + n - 3, "...", 3);
	return to;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Copy one word from *from to *to, without its quotes. */
static bool take_word(const char **from, char **to, struct err *err)
{
	const char *in = *from;
	char *out = *to, quote = '\0';
	char shown[40];

	while (*in && (quote || !is_blank(*in))) {
		if (quote && *in == quote) {
			quote = '\0';
			in++;
			continue;
		}
		if (!quote && (*in == '"' || *in == '\'')) {
			quote = *in++;
			continue;
		}
		if (quote == '"' && *in == '\\' && in[1])
			in++;
		*out++ = *in++;
	}
	if (quote)
		return err_set(err, ERR_MALFORMED, "no closing %c after %s",
			       quote,
			       mon_printable(shown, sizeof(shown), *from));
	*out++ = '\0';
	*from = in;
	*to = out;
	return true;
}

static bool too_many(struct err *err)
{
	return err_set(err, ERR_LIMIT, "more than %d words in one command",
		       MON_WORDS);
}

bool mon_split(const char *line, struct mon_words *w, struct err *err)
{
	char *to = w->text;

	w->n = 0;
	w->quoted = 0;
	if (strnlen(line, MON_LINE_MAX + 1) > MON_LINE_MAX)
		return err_set(err, ERR_LIMIT,
			       "the command line is longer than %d bytes",
			       MON_LINE_MAX);
	for (;;) {
		while (is_blank(*line))
			line++;
		if (!*line)
			return true;
		if (w->n == MON_WORDS)
			return too_many(err);
		if (*line == '"' || *line == '\'')
			w->quoted |= BIT(w->n);
		w->word[w->n++] = to;
		if (!take_word(&line, &to, err))
			return false;
	}
}

bool mon_split_format(struct mon_words *w, int i, struct err *err)
{
	const char *last = w->word[w->n - 1];
	size_t end = (size_t)(last - w->text) + strlen(last) + 1;
	size_t at = (size_t)(w->word[i] - w->text);
	size_t name = strcspn(w->word[i], "/");

	if (!name || !w->word[i][name] || (w->quoted & BIT(i)))
		return true;
	if (w->n == MON_WORDS)
		return too_many(err);
	at += name;
	memmove(w->text + at + 1, w->text + at, end - at);
	w->text[at] = '\0';
	for (int k = w->n; k > i + 1; k--)
		w->word[k] = w->word[k - 1] + 1;
	w->word[i + 1] = w->text + at + 1;
	w->quoted = (w->quoted & (BIT(i + 1) - 1)) |
		    (w->quoted & ~(BIT(i + 1) - 1)) << 1;
	w->n++;
	return true;
}

static bool not_a(const char *word, const char *what, struct err *err)
{
	char shown[40];

	return err_set(err, ERR_MALFORMED, "'%s' is not %s",
		       mon_printable(shown, sizeof(shown), word), what);
}

static uint64_t take_number(struct cursor *c)
{
	if (cur_accept_str(c, "0x") || cur_accept_str(c, "0X"))
		return cur_hex(c);
	return cur_dec(c);
}

bool mon_number(const char *word, uint64_t *value, struct err *err)
{
	struct cursor c = cur_str(word);
	uint64_t v = take_number(&c);

	if (!cur_done(&c))
		return not_a(word,
			     "a number: write 0x1f or decimal, up to 64 bits",
			     err);
	*value = v;
	return true;
}

bool mon_size(const char *word, uint64_t *bytes, struct err *err)
{
	static const char units[] = "kKmMgGtT";
	struct cursor c = cur_str(word);
	uint64_t v = take_number(&c);
	unsigned int shift = 0;
	const char *unit;
	int next = cur_peek(&c);

	if (next > 0 && (unit = strchr(units, next))) {
		shift = 10 * (unsigned int)((unit - units) / 2 + 1);
		cur_accept(&c, (char)next);
	}
	if (!cur_done(&c))
		return not_a(word, "a size: write 4096, 0x1000, 4K, 16M or 1G",
			     err);
	if (v << shift >> shift != v)
		return err_set(err, ERR_RANGE, "%s bytes are more than 2^64",
			       word);
	*bytes = v << shift;
	return true;
}

bool mon_index(const char *word, const char *what, unsigned int count,
	       unsigned int *index, struct err *err)
{
	uint64_t v;

	if (!mon_number(word, &v, err))
		return err_prefix(err, "%s", what);
	if (v >= count)
		return err_set(err, ERR_RANGE,
			       "there is no %s %s; the last one is %u", what,
			       word, count - 1);
	*index = (unsigned int)v;
	return true;
}
