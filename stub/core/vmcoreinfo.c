#include "stub/core/vmcoreinfo.h"

#include <string.h>

#include "base/cursor.h"
#include "base/wire.h"

#define PAGE	   4096
#define NOTE_TEXT  24 /* header of 12 bytes, owner of 11 and its padding */
#define FIRST_LINE "OSRELEASE="

/* The rest of the line after KEY=, or NULL. */
static const char *find_key(const char *text, size_t len, const char *key,
			    size_t *value_len)
{
	struct cursor c = cur(text, len);
	size_t n, key_len = strlen(key);

	while (cur_left(&c)) {
		const char *line = cur_until(&c, '\n', &n);

		cur_accept(&c, '\n');
		if (n <= key_len || memcmp(line, key, key_len) ||
		    line[key_len] != '=')
			continue;
		*value_len = n - key_len - 1;
		return line + key_len + 1;
	}
	return NULL;
}

bool vmcoreinfo_number(const char *text, size_t len, const char *key, bool hex,
		       uint64_t *value)
{
	size_t n = 0;
	const char *at = find_key(text, len, key, &n);
	struct cursor c = cur(at ? at : "", n);
	bool negative;
	uint64_t v;

	if (!at)
		return false;
	negative = cur_accept(&c, '-');
	if (cur_accept_str(&c, "0x"))
		hex = true;
	v = hex ? cur_hex(&c) : cur_dec(&c);
	if (!cur_done(&c))
		return false;
	*value = negative ? -v : v;
	return true;
}

static bool is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			return false;
	return len && text[len - 1] == '\n';
}

bool vmcoreinfo_in_page(const uint8_t *page, const char **text, size_t *len)
{
	const char *at = (const char *)page;
	size_t max = PAGE, n, value_len;
	uint64_t size;

	if (!memcmp(page + 12, VMCOREINFO_OWNER, sizeof(VMCOREINFO_OWNER))) {
		if (wire_number(page, 4) != sizeof(VMCOREINFO_OWNER) ||
		    wire_number(page + 8, 4))
			return false;
		size = wire_number(page + 4, 4);
		if (size > VMCOREINFO_MAX)
			return false;
		at += NOTE_TEXT;
		max = min_u64(size, PAGE - NOTE_TEXT);
	}
	if (memcmp(at, FIRST_LINE, strlen(FIRST_LINE)))
		return false;
	n = strnlen(at, max);
	if (!is_text(at, n) || !find_key(at, n, "PAGESIZE", &value_len) ||
	    !memmem(at, n, "\nSYMBOL(", 8))
		return false;
	*text = at;
	*len = n;
	return true;
}
