#include "arch/exit/filter.h"

#include "arch/exit/text.h"
#include "tests/test.h"

static struct exit_filter f;
static const struct exit_name uart = {
	.device = "16550", .claimed = true, .reg = "THR"};
static const struct exit_name nobody = {.device = "vga", .reg = "CRTC index"};
static const struct exit_record out = {
	.reason = EXIT_IO,
	.where = 0x3f8,
	.value = 0x41,
	.rip = 0x1000,
	.size = 1,
	.is_write = true,
};
static const struct exit_record hlt = {.reason = EXIT_HLT, .rip = 0x2000};
static const struct exit_name none;

static bool matches(const struct exit_record *e, const struct exit_name *name)
{
	return exit_filter_match(&f, e, name);
}

static void words(const char *a, const char *b)
{
	f = (struct exit_filter){0};
	CHECK(exit_filter_word(&f, a));
	CHECK(!b || exit_filter_word(&f, b));
}

TEST(an_empty_filter_takes_all)
{
	CHECK(matches(&out, &uart));
	CHECK(matches(&hlt, &none));
}

TEST(kinds_add_up)
{
	words("mmio", NULL);
	CHECK(!matches(&out, &uart));
	words("mmio", "pio");
	CHECK(matches(&out, &uart));
	words("hlt", NULL);
	CHECK(matches(&hlt, &none));
	words("KVM_EXIT_HLT", NULL);
	CHECK(matches(&hlt, &none));
	words("kvm_exit_io", NULL);
	CHECK(matches(&out, &uart));
	CHECK(!matches(&hlt, &none));
}

TEST(directions_are_for_accesses)
{
	words("w", NULL);
	CHECK(matches(&out, &uart));
	CHECK(!matches(&hlt, &none));
	words("read", NULL);
	CHECK(!matches(&out, &uart));
	words("r", "write");
	CHECK(matches(&out, &uart));
	CHECK(!matches(&hlt, &none));
}

TEST(a_failed_run_is_no_access)
{
	struct exit_record e = out;

	e.run_errno = 14;
	words("pio", NULL);
	CHECK(!matches(&e, &none));
	words("error", NULL);
	CHECK(matches(&e, &none));
	words("restart", NULL);
	CHECK(!matches(&e, &none));
	e.run_errno = 4;
	CHECK(matches(&e, &none));
	words("unclaimed", NULL);
	CHECK(!matches(&e, &none));
}

TEST(devices_and_registers)
{
	words("w", NULL);
	CHECK(exit_filter_device(&f, "cmos"));
	CHECK(!matches(&out, &uart));
	CHECK(exit_filter_device(&f, "16550"));
	CHECK(matches(&out, &uart));
	f.reg = "hr";
	CHECK(matches(&out, &uart));
	f.reg = "LSR";
	CHECK(!matches(&out, &uart));
	while (f.devices < FILTER_DEVICES)
		CHECK(exit_filter_device(&f, "x"));
	CHECK(!exit_filter_device(&f, "one too many"));
}

TEST(unclaimed_is_where_nobody_answered)
{
	words("unclaimed", NULL);
	CHECK(!matches(&out, &uart));
	CHECK(matches(&out, &nobody));
	CHECK(!matches(&hlt, &none));
}

TEST(ranges_are_of_bytes)
{
	struct exit_record e = out;

	f = (struct exit_filter){
		.has_where = true, .where = 0x3f9, .where_last = 0x3f9};
	CHECK(!matches(&out, &uart));
	CHECK(!matches(&hlt, &none));
	e.size = 2;
	CHECK(matches(&e, &uart));
	e.where = UINT64_MAX; /* does not wrap */
	CHECK(!matches(&e, &uart));
	e.reason = EXIT_X86_WRMSR; /* an MSR is one place */
	e.where = 0x3f8;
	CHECK(!matches(&e, &none));
	f = (struct exit_filter){
		.has_rip = true, .rip = 0x1000, .rip_last = 0x1fff};
	CHECK(matches(&out, &uart));
	CHECK(!matches(&hlt, &none));
}

TEST(values_under_a_mask)
{
	f = (struct exit_filter){
		.has_value = true, .value = 0x1, .mask = UINT64_MAX};
	CHECK(!matches(&out, &uart));
	f.mask = 0xf;
	CHECK(matches(&out, &uart));
	CHECK(!matches(&hlt, &none));
}

TEST(words_are_known_by_list)
{
	const char *word;
	unsigned int n = 0;

	CHECK(!exit_filter_word(&f, "htl"));
	CHECK(!exit_filter_word(&f, ""));
	CHECK(!exit_filter_word(&f, "KVM_EXIT_"));
	for (; (word = exit_filter_word_at(n)); n++)
		CHECK(exit_filter_word(&f, word));
	CHECK(n > 40);
}
