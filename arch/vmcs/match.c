#include "arch/vmcs/match.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A line whose text up to its first value has this much is surely meant. */
#define SURE 5

struct scan {
	const char *p, *end;
	struct vmcs_match *m;
	bool sure; /* the line is this one, so say what is wrong in it */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

/* At the end of a line: on to the text of the next, behind marks of quoting. */
static void skip_wrap(struct scan *s)
{
	if (s->p < s->end && *s->p == '\r')
		s->p++;
	if (s->p == s->end || *s->p != '\n')
		return;
	s->p++;
	while (s->p < s->end && (is_blank(*s->p) || *s->p == '>'))
		s->p++;
}

static bool accept(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	return true;
}

/* vmcs_print() puts the class behind a value. */
static void skip_mark(struct scan *s)
{
	if (s->end - s->p >= 3 && s->p[0] == '[' && s->p[2] == ']' &&
	    strchr("EDP", s->p[1]))
		s->p += 3;
}

static bool torn(struct scan *s, unsigned int field, const char *wanted)
{
	if (!s->sure)
		return false;
	snprintf(s->m->why, sizeof(s->m->why), "%s: %s%s",
		 vmcs_field_name(field),
		 s->p == s->end || *s->p == '\n' || *s->p == '\r' ? "the line "
								    "ends "
								    "before "
								  : "no ",
		 wanted);
	return false;
}

static bool number(struct scan *s, unsigned int field, unsigned int min_digits,
		   unsigned int base, uint64_t *value)
{
	const char *start = s->p;
	unsigned int bits = vmcs_field_bits(field);
	uint64_t v = 0;

	for (; s->p < s->end && isxdigit((unsigned char)*s->p); s->p++) {
		unsigned int digit =
			(unsigned int)*s->p <= '9'
				? (unsigned int)*s->p - '0'
				: ((unsigned int)*s->p | 0x20) - 'a' + 10;

		if (digit >= base)
			break;
		if (v > (UINT64_MAX - digit) / base ||
		    s->p - start >= (base == 16 ? 16 : 20))
			return torn(s, field, "value of 64 bits");
		v = v * base + digit;
	}
	if (s->p - start < (ptrdiff_t)min_digits) {
		char wanted[48];

		snprintf(wanted, sizeof(wanted), "%u %s digit%s", min_digits,
			 base == 16 ? "hexadecimal" : "decimal",
			 min_digits > 1 ? "s" : "");
		return torn(s, field, wanted);
	}
	if (s->p < s->end && (isalnum((unsigned char)*s->p) || *s->p == '_'))
		return torn(s, field, "end of the number");
	if (bits < 64 && v >> bits) {
		snprintf(s->m->why, sizeof(s->m->why),
			 "%s: 0x%" PRIx64 " does not fit its %u bits",
			 vmcs_field_name(field), v, bits);
		return false;
	}
	*value = v;
	return true;
}

/* A pointer that the kernel did not want to show. */
static bool hidden_pointer(struct scan *s)
{
	const char *close;

	if (s->p == s->end || *s->p != '(')
		return false;
	close = memchr(s->p, ')', min_u64((uint64_t)(s->end - s->p), 32));
	if (!close)
		return false;
	s->p = close + 1;
	return true;
}

static bool value(struct scan *s, unsigned int field, char format,
		  struct vmcs_value *v)
{
	unsigned int digits = 1, base = 16;

	*v = (struct vmcs_value){.class = VMCS_NA, .why = VMCS_UNPRINTED};
	if (accept(s, "n/a") || (format == 'p' && hidden_pointer(s)) ||
	    (format == 'd' && accept(s, "-1")))
		return true;
	if (format == 'd')
		base = 10;
	else if (format == 'q')
		digits = 16;
	else if (format != 'p')
		digits = (unsigned int)format - '0';
	if (!number(s, field, digits, base, &v->value))
		return false;
	v->class = VMCS_EXACT;
	skip_mark(s);
	return true;
}

/* One character of the line's own text. */
static bool literal(struct scan *s, const char **text)
{
	if (is_blank(**text)) {
		while (is_blank((*text)[1]))
			(*text)++;
		skip_blanks(s);
		skip_wrap(s);
		return true;
	}
	/* "n/a" stands without its 0x */
	if (!strncmp(*text, "0x%", 3) && s->end - s->p >= 3 &&
	    !memcmp(s->p, "n/a", 3)) {
		(*text)++;
		return true;
	}
	if (s->p == s->end || *s->p != **text)
		return false;
	s->p++;
	return true;
}

enum vmcs_match_result vmcs_match(const struct vmcs_line *l, const char *p,
				  const char *end, struct vmcs_match *m)
{
	struct scan s = {p, end, m, false};
	unsigned int field = 0, weight = 0;

	for (const char *text = l->text; *text; text++) {
		const char *at = text;

		if (*text == '%') {
			s.sure |= weight >= SURE;
			if (!value(&s, l->field[field], *++text,
				   &m->value[field]))
				return s.sure ? VMCS_MATCH_TORN : VMCS_MATCH_NO;
			field++;
			continue;
		}
		if (!literal(&s, &text)) {
			char wanted[] = {'\'', *at, '\'', '\0'};

			if (!s.sure)
				return VMCS_MATCH_NO;
			torn(&s, l->field[field - 1], wanted);
			return VMCS_MATCH_TORN;
		}
		weight += !is_blank(*at);
	}
	m->end = s.p;
	return VMCS_MATCH_YES;
}

unsigned int vmcs_match_weight(const struct vmcs_line *l)
{
	unsigned int weight = 0;

	for (const char *p = l->text; *p; p++)
		if (*p == '%')
			p++;
		else
			weight += !is_blank(*p);
	return weight;
}
