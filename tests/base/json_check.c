#include "tests/base/json_check.h"

#include <string.h>

#define DEPTH_MAX 32

struct json {
	const char *at, *end;
	int depth;
};

static bool value(struct json *j);

static bool take(struct json *j, char c)
{
	if (j->at == j->end || *j->at != c)
		return false;
	j->at++;
	return true;
}

static void blanks(struct json *j)
{
	while (j->at < j->end && strchr(" \t\r\n", *j->at) && *j->at)
		j->at++;
}

static bool digits(struct json *j)
{
	const char *from = j->at;

	while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
		j->at++;
	return j->at > from;
}

static bool number(struct json *j)
{
	take(j, '-');
	if (!take(j, '0') && !digits(j))
		return false;
	if (take(j, '.') && !digits(j))
		return false;
	if (take(j, 'e') || take(j, 'E')) {
		if (!take(j, '+'))
			take(j, '-');
		return digits(j);
	}
	return true;
}

static bool escape(struct json *j)
{
	if (take(j, 'u')) {
		for (int i = 0; i < 4; i++, j->at++)
			if (j->at == j->end || !*j->at ||
			    !strchr("0123456789abcdefABCDEF", *j->at))
				return false;
		return true;
	}
	if (j->at == j->end || !*j->at || !strchr("\"\\/bfnrt", *j->at))
		return false;
	j->at++;
	return true;
}

/* ASCII only, which is all that our writers make. */
static bool string(struct json *j)
{
	if (!take(j, '"'))
		return false;
	while (!take(j, '"')) {
		if (j->at == j->end || *j->at < 0x20 || *j->at == 0x7f)
			return false;
		if (take(j, '\\')) {
			if (!escape(j))
				return false;
		} else {
			j->at++;
		}
	}
	return true;
}

static bool word(struct json *j, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(j->end - j->at) < len || memcmp(j->at, text, len) != 0)
		return false;
	j->at += len;
	return true;
}

/* What is between brackets, in any number, with commas between. */
static bool members(struct json *j, char close, bool named)
{
	blanks(j);
	if (take(j, close))
		return true;
	for (;;) {
		blanks(j);
		if (named) {
			if (!string(j))
				return false;
			blanks(j);
			if (!take(j, ':'))
				return false;
		}
		if (!value(j))
			return false;
		blanks(j);
		if (take(j, close))
			return true;
		if (!take(j, ','))
			return false;
	}
}

static bool value(struct json *j)
{
	bool ok;

	if (++j->depth > DEPTH_MAX)
		return false;
	blanks(j);
	if (take(j, '{'))
		ok = members(j, '}', true);
	else if (take(j, '['))
		ok = members(j, ']', false);
	else if (j->at < j->end && *j->at == '"')
		ok = string(j);
	else
		ok = word(j, "true") || word(j, "false") || word(j, "null") ||
		     number(j);
	j->depth--;
	return ok;
}

bool json_valid(const char *text, size_t len, size_t *at)
{
	struct json j = {text, text + len, 0};
	bool ok = value(&j);

	blanks(&j);
	*at = (size_t)(j.at - text);
	return ok && j.at == j.end;
}
