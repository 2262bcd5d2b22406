/* The story of an error stop, made from a target's evidence. */
#include "stub/why.h"

#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct target_evidence ev;

static void setup(void)
{
	struct err err;

	f = fake_create(1);
	memset(&ev, 0, sizeof(ev));
	ev.has_state = true;
	ev.state = *target_state(&f->target, 0, X86_GROUP_ALL, &err);
	ev.state.rip = 0x1234;
	ev.exit.reason = EXIT_SHUTDOWN;
	f->inspect.evidence = &ev;
	memcpy(fake_ram(f, 0x1234, 2), "\x0f\x0b", 2);
}

/* Die with what is in `ev`; the text of the stop. */
static const char *die(void)
{
	fake_push_error(f, 0, GDB_SIGNAL_SEGV, "shutdown", NULL);
	return fake_run(f).text;
}

TEST(a_stop_gets_its_story_from_the_evidence)
{
	const char *text;

	setup();
	text = die();
	CHECK_HAS(text, "triple fault");
	CHECK_HAS(text, "RIP=0000000000001234 RFL=");
	CHECK_HAS(text, "<0f> 0b 00");
	CHECK(f->target.last.text == text);
	fake_destroy(f);
}

TEST(a_text_of_the_targets_own_stays_without_evidence)
{
	setup();
	f->inspect.evidence = NULL;
	fake_push_error(f, 0, GDB_SIGNAL_SEGV, "shutdown", "own words\n");
	CHECK_STR(fake_run(f).text, "own words\n");
	fake_destroy(f);
}

TEST(wiped_registers_are_told_with_their_age)
{
	setup();
	ev.exit.state_reset = ev.from_before = true;
	ev.age_ns = 2345678;
	CHECK_HAS(die(), "the registers of 2.345 ms before, when the guest was "
			 "last entered:\nRAX=");
	ev.from_before = false;
	fake_destroy(f);
}

TEST(an_exit_without_registers_is_told_too)
{
	setup();
	ev.has_state = false;
	ev.exit = (struct exit_info){.reason = EXIT_FAIL_ENTRY, .hw_reason = 7};
	CHECK_HAS(die(), "VMX instruction error 7");
	CHECK(!strstr(f->target.last.text, "RIP="));
	fake_destroy(f);
}

TEST(the_exit_before_has_a_line_of_its_own)
{
	static const struct exit_record records[2] = {{.rip = 0x1200},
						      {.rip = 0x1234}};

	setup();
	ev.exit.reason = EXIT_INTERNAL_ERROR;
	f->inspect.record = records;
	f->inspect.records = ARRAY_SIZE(records);
	CHECK_HAS(die(), "\nlast exit before: ");
	CHECK_HAS(f->target.last.text, "\nKVM internal error. Suberror: ");
	fake_destroy(f);
}

/* What a failed `x` or `m` shows: level, entry and reason. */
TEST(a_failed_read_names_the_entry)
{
	struct err err;
	uint8_t byte;

	f = fake_create(1);
	CHECK(!target_read_virt(&f->target, 0, 0x7f0000000000, &byte, 1, NULL,
				&err));
	CHECK_HAS(err.msg, "linear 0x7f0000000000: PML4E at physical 0x");
	CHECK_HAS(err.msg, " is not present (0x0)");
	CHECK(!target_read_virt(&f->target, 0, 0x800000000000, &byte, 1, NULL,
				&err));
	CHECK_HAS(err.msg, "linear 0x800000000000 is not canonical");
	fake_destroy(f);
}
