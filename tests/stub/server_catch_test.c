/* What catchpoints have to say, to a client that waits and to nobody. */
#include "tests/stub/server_rig.h"

#include <signal.h>
#include <unistd.h>

static const struct target_stop caught = {.kind = STOP_CATCH,
					  .signal = GDB_SIGNAL_TRAP,
					  .catchpoint = 1,
					  .text = "catchpoint 1: reset\n"};

TEST(notes_reach_the_client_while_the_guest_runs)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	rig_say(fd, "c");
	rig_wait_for_resumes(1);
	fake_note(rig_fake, "one\n");
	CHECK_STR(rig_hear(fd), "O6f6e650a");
	fake_note(rig_fake, "two\n");
	CHECK_STR(rig_hear(fd), "O74776f0a");
	fake_note(rig_fake, "three\n");
	fake_stop_now(rig_fake, &caught);
	CHECK_STR(rig_hear(fd),
		  "O74687265650a"); /* before the stop's own text */
	CHECK_HAS(rig_hear(fd), "O6361746368706f696e7420313a");
	CHECK_HAS(rig_hear(fd), "T05");
	rig_stop();
}

TEST(notes_with_nobody_there_disturb_nobody)
{
	rig_start((struct server_config){.run_at_start = true});
	rig_wait_for_resumes(1);
	fake_note(rig_fake, "one\n");
	while (atomic_load(&rig_fake->noted) < 1)
		usleep(1000);
	CHECK_EQ(rig_stop(), 128 + SIGTERM);
}

TEST(a_catchpoint_before_the_first_client_halts_the_guest)
{
	int fd;

	rig_start((struct server_config){.run_at_start = true});
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &caught);
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "qRcmd,776879"), /* why */
		  "O6361746368706f696e7420313a2072657365740a");
	CHECK_STR(rig_hear(fd), "OK");
	CHECK_EQ(rig_resumes, 1);
	rig_stop();
}

TEST(a_catchpoint_after_a_detach_lets_the_guest_run)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "D"), "OK");
	rig_wait_for_resumes(1);
	CHECK_STR(rig_hear(fd), "(end)");
	fake_stop_now(rig_fake, &caught);
	rig_wait_for_resumes(2);
	rig_stop();
}
