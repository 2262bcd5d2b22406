/* sysrq, type, system_powerdown: what is done to the guest from outside. */
#include <string.h>

#include "base/hex.h"
#include "stub/inspect.h"
#include "stub/mon/device.h"

enum mon_result mon_sysrq(struct mon_ctx *ctx)
{
	const char *key = ctx->argv[0];
	char shown[40];

	if (strlen(key) != 1 || *key <= ' ' || *key > '~') {
		err_set(&ctx->err, ERR_USAGE, "'%s' is not one key",
			mon_printable(shown, sizeof(shown), key));
		return MON_USAGE;
	}
	if (!target_type(ctx->target, true, key, 1, &ctx->err))
		return MON_ERR;
	buf_printf(ctx->out,
		   "a break and '%s' are at COM1; the guest gets "
		   "them when it runs\n",
		   key);
	return MON_OK;
}

enum mon_result mon_powerdown(struct mon_ctx *ctx)
{
	bool heard;

	if (!target_power_button(ctx->target, &heard, &ctx->err))
		return MON_ERR;
	buf_str(ctx->out, heard ? "the power button is pressed; the guest is "
				  "told when "
				  "it runs\n"
				: "the power button is pressed, but the guest "
				  "has not "
				  "enabled its event (PM1_EN)\n");
	return MON_OK;
}

/* The byte behind a backslash; -1: there is no such escape.  *s moves on. */
static int unescape(const char **s)
{
	static const struct {
		char name, byte;
	} escapes[] = {
		{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'e', 27}, {'\\', '\\'}};
	char c = *(*s)++;
	int high, low;

	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
		if (escapes[i].name == c)
			return escapes[i].byte;
	if (c != 'x')
		return -1;
	high = hex_digit((*s)[0]);
	low = high < 0 ? -1 : hex_digit((*s)[1]);
	if (low < 0)
		return -1;
	*s += 2;
	return high << 4 | low;
}

static bool add_word(const char *word, struct buf *text, struct err *err)
{
	const char *s = word;
	char shown[40];

	while (*s) {
		int byte = *s != '\\' ? (uint8_t)*s++ : (s++, unescape(&s));

		if (byte < 0)
			return err_set(err, ERR_USAGE,
				       "'%s': a backslash is followed by n, r, "
				       "t, e, \\ or xHH",
				       mon_printable(shown, sizeof(shown),
						     word));
		buf_byte(text, (uint8_t)byte);
	}
	return true;
}

enum mon_result mon_type(struct mon_ctx *ctx)
{
	struct buf text = BUF_INIT;
	enum mon_result result = MON_OK;

	for (int i = 0; i < ctx->argc && result == MON_OK; i++) {
		if (i)
			buf_byte(&text, ' ');
		if (!add_word(ctx->argv[i], &text, &ctx->err))
			result = MON_USAGE;
	}
	if (result == MON_OK &&
	    !target_type(ctx->target, false, text.data, text.len, &ctx->err))
		result = MON_ERR;
	if (result == MON_OK)
		buf_printf(ctx->out,
			   "%zu bytes are at COM1; the guest gets "
			   "them when it runs\n",
			   text.len);
	buf_deinit(&text);
	return result;
}
