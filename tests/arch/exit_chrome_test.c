#include "arch/exit/chrome.h"

#include "arch/exit/text.h"
#include "tests/base/json_check.h"
#include "tests/test.h"

static struct buf out;
static struct chrome_trace trace;

static const struct exit_record out_f8 = {
	.time_ns = 12345678901,
	.reason = EXIT_IO,
	.where = 0x3f8,
	.value = 0x41,
	.rip = 0x10002f,
	.cr3 = 0x1000,
	.size = 1,
	.count = 1,
	.is_write = true,
};

static void check_valid(void)
{
	size_t at;

	CHECK(!out.failed);
	if (!json_valid(out.data, out.len, &at))
		test_fail(__FILE__, __LINE__, "not JSON at %zu: %.60s", at,
			  out.data + at);
}

static void begin(void)
{
	buf_clear(&out);
	chrome_begin(&trace, &out);
}

static const char *end(void)
{
	chrome_end(&trace);
	check_valid();
	return buf_cstr(&out);
}

TEST(the_checker_knows_json)
{
	static const char *const good[] = {"{}", "[1, -2.5e3,\"a\\u00ff\"]",
					   "{\"a\":{\"b\":[true,null]}} "};
	static const char *const bad[] = {
		"",   "{",	  "[1,]",	"{\"a\":}", "{a:1}",
		"01", "\"a\nb\"", "\"\\x\"",	"[1] 2",    "\"\\u12g4\"",
		"1.", "[1 2]",	  "{\"a\":1,}",
	};
	size_t at;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(json_valid(good[i], strlen(good[i]), &at));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!json_valid(bad[i], strlen(bad[i]), &at));
	CHECK(!json_valid("\"\x80\"", 3, &at));
}

TEST(an_empty_trace_is_valid)
{
	begin();
	CHECK_HAS(end(), "\"process_name\"");
}

TEST(an_access_has_its_name_and_arguments)
{
	const struct exit_name name = {
		.device = "16550", .claimed = true, .reg = "THR"};
	const char *text;

	begin();
	chrome_track(&trace, 1, 1234);
	chrome_exit(&trace, 1234, &out_f8, &name, "uart_putc+0x8");
	text = end();
	CHECK_HAS(text, "\"tid\":1234,\"name\":\"thread_name\",\"args\":"
			"{\"name\":\"vCPU 1\"}");
	CHECK_HAS(text, "{\"ph\":\"i\",\"pid\":1,\"tid\":1234,"
			"\"ts\":12345678.901,\"s\":\"t\","
			"\"name\":\"pio_write 16550 THR\",");
	CHECK_HAS(text, "\"args\":{\"rip\":\"0x10002f\",\"cr3\":\"0x1000\","
			"\"symbol\":\"uart_putc+0x8\",\"device\":\"16550\","
			"\"register\":\"THR\",\"port\":\"0x3f8\","
			"\"access\":\"write\",\"value\":\"0x41\",\"size\":1,"
			"\"count\":1}}");
}

TEST(other_exits_and_kernel_lines)
{
	const struct exit_record hlt = {.reason = EXIT_HLT, .count = 1};
	const struct exit_record failed = {.run_errno = 14, .count = 1};
	const struct exit_name none = {.reg = ""};
	const char *text;

	begin();
	chrome_exit(&trace, 1, &hlt, &none, NULL);
	chrome_exit(&trace, 1, &failed, &none, NULL);
	chrome_kernel(&trace, 1, 1500, "kvm_exit: vcpu 0 reason \"HLT\"");
	text = end();
	CHECK_HAS(text, "\"name\":\"KVM_EXIT_HLT\"");
	CHECK_HAS(text, "\"name\":\"error\"");
	CHECK_HAS(text, "\"errno\":14");
	CHECK_HAS(text, "\"ts\":1.500,\"s\":\"t\",\"name\":\"kvm_exit\","
			"\"cat\":\"kernel\",\"args\":{\"text\":"
			"\"kvm_exit: vcpu 0 reason \\\"HLT\\\"\"}}");
}

/* A symbol may hold whatever a symbol table holds. */
TEST(every_byte_is_escaped)
{
	struct exit_name name = {.device = "\"dev\\"};
	char symbol[256];

	for (unsigned int i = 0; i < 255; i++)
		symbol[i] = (char)(i + 1);
	symbol[255] = '\0';
	memcpy(name.reg, symbol, sizeof(name.reg) - 1);
	begin();
	chrome_exit(&trace, -1, &out_f8, &name, symbol);
	chrome_kernel(&trace, -1, UINT64_MAX, symbol);
	end();
}

TEST(output_can_be_taken_between_events)
{
	const struct exit_name none = {.reg = ""};
	struct buf all = BUF_INIT;

	begin();
	for (int i = 0; i < 3; i++) {
		buf_append(&all, out.data, out.len);
		buf_clear(&out);
		chrome_exit(&trace, 1, &out_f8, &none, NULL);
	}
	chrome_end(&trace);
	buf_append(&all, out.data, out.len);
	buf_clear(&out);
	buf_append(&out, all.data, all.len);
	check_valid();
	buf_deinit(&all);
}
