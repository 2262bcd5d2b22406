#include "tests/test.h"

#include "stub/rsp/frame.h"

static struct frame_in in;

static void start(void)
{
	struct err err;

	CHECK_OK(frame_init(&in, &err), &err);
}

/* Feed it all; the events as letters, "P(body)" for a packet. */
static const char *events(const char *data, size_t len, size_t piece)
{
	static struct buf out;
	enum frame_event event;

	buf_clear(&out);
	for (size_t at = 0; at < len;) {
		size_t n = len - at < piece ? len - at : piece;

		at += frame_feed(&in, data + at, n, &event);
		if (event == FRAME_PACKET)
			buf_printf(&out, "P(%.*s)", (int)in.len, in.body);
		else
			buf_str(&out, &"\0\0\0\0I\0A\0N\0B\0L\0"[2 * event]);
	}
	return buf_cstr(&out);
}

static const char *all(const char *text)
{
	return events(text, strlen(text), SIZE_MAX);
}

TEST(one_packet)
{
	start();
	CHECK_STR(all("$m0,4#fd"), "P(m0,4)");
	CHECK_EQ(in.len, 4);
}

TEST(byte_by_byte_is_the_same)
{
	static const char text[] = "+$g#67-junk$?#3f\003";

	start();
	CHECK_STR(events(text, sizeof(text) - 1, 1), "AP(g)NP(?)I");
	CHECK_STR(all(text), "AP(g)NP(?)I");
}

TEST(checksum_digits_of_either_case)
{
	start();
	CHECK_STR(all("$m0,4#FD"), "P(m0,4)");
}

TEST(bad_checksums)
{
	start();
	CHECK_STR(all("$g#66"), "B");
	CHECK_STR(all("$g#6z"), "B");
	CHECK_STR(all("$g#+7$g#67"), "BP(g)");
}

TEST(checksums_are_not_checked_without_acks)
{
	start();
	in.check = false;
	CHECK_STR(all("$g#00"), "P(g)");
}

TEST(interrupt_byte_inside_a_packet_is_data)
{
	start();
	CHECK_STR(all("$X0,1:\003#22\003"), "P(X0,1:\003)I");
}

TEST(dollar_starts_over)
{
	start();
	CHECK_STR(all("$m0,$g#67"), "P(g)");
	CHECK_STR(all("$g#$?#3f"), "P(?)");
	CHECK_STR(all("$g#6$?#3f"), "P(?)");
}

TEST(the_longest_packet_and_one_more)
{
	char *text = malloc(FRAME_BODY_MAX + 6);
	uint8_t sum;

	start();
	memset(text, 'a', FRAME_BODY_MAX + 5);
	text[0] = '$';
	sum = frame_sum(text + 1, FRAME_BODY_MAX);
	sprintf(text + FRAME_BODY_MAX + 1, "#%02x", sum);
	CHECK(all(text)[0] == 'P');
	CHECK_EQ(in.len, FRAME_BODY_MAX);

	text[FRAME_BODY_MAX + 1] = 'a';
	sprintf(text + FRAME_BODY_MAX + 2, "#00");
	CHECK_STR(all(text), "L");
	CHECK_STR(all("$g#67"), "P(g)");
	free(text);
}

TEST(a_long_line_without_end_is_no_event)
{
	static char text[65536];

	start();
	memset(text, 'f', sizeof(text));
	CHECK_STR(all("$"), "");
	for (int i = 0; i < 100; i++)
		CHECK_STR(events(text, sizeof(text), SIZE_MAX), "");
	CHECK_STR(all("#00"), "L");
}

TEST(nul_bytes_are_data)
{
	start();
	CHECK(events("$a\0b#c3", 7, SIZE_MAX)[0] == 'P');
	CHECK_EQ(in.len, 3);
}

TEST(output_frame)
{
	struct buf out = BUF_INIT;
	size_t at;

	buf_str(&out, "+");
	at = frame_open(&out);
	buf_str(&out, "OK");
	frame_close(&out, at);
	CHECK_STR(buf_cstr(&out), "+$OK#9a");
	buf_deinit(&out);
}

/* '*' would start a run length: a client must not see it bare. */
TEST(escapes_there_and_back)
{
	char data[256], text[512];
	struct buf out = BUF_INIT;
	size_t len;

	for (int i = 0; i < 256; i++)
		data[i] = (char)i;
	CHECK_EQ(frame_escape(&out, data, 256, 1000), 256);
	CHECK_EQ(out.len, 260);
	CHECK(!memchr(out.data, '#', out.len) &&
	      !memchr(out.data, '$', out.len) &&
	      !memchr(out.data, '*', out.len));
	memcpy(text, out.data, out.len);
	CHECK(frame_unescape(text, out.len, &len));
	CHECK_EQ(len, 256);
	CHECK(!memcmp(text, data, 256));
	buf_deinit(&out);
}

TEST(escapes_at_every_place_of_a_word)
{
	char data[24], back[48];
	struct buf out = BUF_INIT;
	size_t len;

	for (unsigned int i = 0; i < sizeof(data); i++) {
		memset(data, 'a', sizeof(data));
		data[i] = "#$}*"[i % 4];
		for (size_t room = 0; room <= 25; room++) {
			size_t n;

			buf_clear(&out);
			n = frame_escape(&out, data, sizeof(data), room);
			CHECK_EQ(out.len, n + (n > i));
			CHECK(n >= (room < 25 ? room - (room > i) : 24));
			memcpy(back, buf_cstr(&out), out.len);
			CHECK(frame_unescape(back, out.len, &len));
			CHECK(len == n && !memcmp(back, data, n));
		}
	}
	buf_deinit(&out);
}

TEST(sums_of_every_length)
{
	static char data[3000];
	unsigned int sum = 0;

	memset(data, 0xff, sizeof(data));
	for (size_t n = 0; n < sizeof(data); n++) {
		CHECK_EQ(frame_sum(data, n), sum & 0xff);
		sum += 0xff;
	}
}

TEST(escapes_never_split)
{
	struct buf out = BUF_INIT;

	CHECK_EQ(frame_escape(&out, "ab#c", 4, 3), 2);
	CHECK_STR(buf_cstr(&out), "ab");
	CHECK_EQ(frame_escape(&out, "#c", 2, 2), 1);
	CHECK_STR(buf_cstr(&out), "ab}\003");
	buf_deinit(&out);
}

TEST(escape_at_the_end_is_malformed)
{
	char text[] = "ab}";
	size_t len;

	CHECK(!frame_unescape(text, 3, &len));
}
