#include "stub/trace.h"

#include "base/buf.h"
#include "base/log.h"

/* Bytes of a packet that are shown. */
#define SHOWN 400

static void trace(const char *arrow, const char *bytes, size_t len)
{
	struct buf text = BUF_INIT;
	size_t shown = len < SHOWN ? len : SHOWN;

	for (size_t i = 0; i < shown; i++) {
		unsigned char b = (unsigned char)bytes[i];

		if (b >= 32 && b < 127 && b != '\\')
			buf_byte(&text, b);
		else
			buf_printf(&text, "\\x%02x", b);
	}
	if (shown < len)
		buf_printf(&text, "... (%zu bytes)", len);
	log_msg(LOG_DEBUG, "%s %s", arrow, buf_cstr(&text));
	buf_deinit(&text);
}

void trace_input(const char *body, size_t len)
{
	if (log_enabled(LOG_DEBUG))
		trace("<-", body, len);
}

void trace_output(const char *bytes, size_t len)
{
	if (log_enabled(LOG_DEBUG))
		trace("->", bytes, len);
}
