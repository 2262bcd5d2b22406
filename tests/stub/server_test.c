/* The server over real sockets: the fake target in one thread, clients here. */
#include "tests/stub/server_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "stub/clock.h"
#include "stub/comm.h"

TEST(a_session_over_tcp)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "qC"), "QC1");
	CHECK_STR(rig_ask(fd, "QStartNoAckMode"), "OK");
	CHECK_HAS(rig_ask(fd, "?"), "T05thread:1;");
	CHECK_HAS(rig_ask(fd, "vCont;s:1"), "T05thread:1;");
	CHECK_EQ(rig_stop(), 128 + SIGTERM);
}

TEST(ipv6_loopback_on_the_same_port)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6,
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	rig_start((struct server_config){0});
	sa.sin6_port = htons((uint16_t)server_port(rig_server));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		test_skip("no IPv6 here: %s", strerror(errno));
	CHECK_STR(rig_ask(fd, "qC"), "QC1");
	rig_stop();
}

TEST(the_interrupt_byte_while_the_guest_runs)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	rig_say(fd, "vCont;c");
	usleep(50000);
	CHECK(send(fd, "\003", 1, 0) == 1);
	CHECK_HAS(rig_hear(fd), "T02thread:1;");
	rig_stop();
}

TEST(a_second_client_is_refused_with_the_reason)
{
	int first, second;

	rig_start((struct server_config){0});
	first = rig_dial();
	CHECK_STR(rig_ask(first, "Hg2"), "OK");
	second = rig_dial();
	CHECK_HAS(rig_ask(second, "qSupported"), "E.");
	CHECK_STR(rig_hear(second), "(end)");
	close(second);
	second = rig_dial();
	CHECK_HAS(rig_ask(second, "k"), "one client at a time");
	CHECK_STR(rig_ask(first, "qC"), "QC2");
	close(first);
	close(second);
	usleep(50000);
	first = rig_dial();
	CHECK_STR(rig_ask(first, "qC"), "QC1");
	rig_stop();
}

TEST(a_client_about_to_leave_makes_way)
{
	int first, second;

	rig_start((struct server_config){0});
	first = rig_dial();
	CHECK_STR(rig_ask(first, "Hg2"), "OK");
	second = rig_dial();
	rig_say(second, "qC");
	usleep(20000);
	close(first);
	CHECK_STR(rig_hear(second), "QC1");
	rig_stop();
}

TEST(many_refused_clients_at_once)
{
	int first, other[20];

	rig_start((struct server_config){0});
	first = rig_dial();
	CHECK_STR(rig_ask(first, "qC"), "QC1");
	for (int i = 0; i < 20; i++)
		other[i] = rig_dial();
	CHECK_STR(rig_ask(first, "qC"), "QC1");
	for (int i = 0; i < 20; i++)
		close(other[i]);
	CHECK_STR(rig_ask(first, "qC"), "QC1");
	rig_stop();
}

TEST(a_lost_connection_halts_the_guest)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "Z0,100,1"), "OK");
	rig_say(fd, "vCont;c");
	rig_wait_for_resumes(1);
	close(fd);
	fd = rig_dial();
	CHECK_HAS(rig_ask(fd, "?"), "T05thread:1;");
	CHECK_STR(rig_ask(fd, "p0"), "1111000000000000");
	rig_stop();
	CHECK(!rig_fake->target.running);
	CHECK_HAS(fake_log(rig_fake), "interrupt");
	CHECK_HAS(fake_log(rig_fake), "remove 0 0x100 1");
}

/* The next client comes in the same moment as the end of the last. */
TEST(a_client_right_after_another)
{
	rig_start((struct server_config){0});
	for (int i = 0; i < 50; i++) {
		int fd = rig_dial();

		CHECK_HAS(rig_ask(fd, "?"), "T05");
		if (i % 2)
			rig_say(fd, "vCont;c");
		if (i % 3)
			send(fd, "$m1000,1", 8, 0);
		close(fd);
	}
	rig_stop();
}

TEST(a_reset_connection_kills_nobody)
{
	const struct linger hard = {.l_onoff = 1};
	int fd;

	rig_start((struct server_config){0});
	for (int i = 0; i < 10; i++) {
		fd = rig_dial();
		for (int j = 0; j < 50; j++)
			rig_say(fd, "m1000,2000");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(fd);
	}
	fd = rig_dial();
	CHECK_HAS(rig_ask(fd, "?"), "T05");
	rig_stop();
}

TEST(a_client_that_never_reads_hangs_nobody)
{
	int fd, n = 0;
	char text[] = "$m1000,8000#26";

	rig_start((struct server_config){0});
	fd = rig_dial();
	while (n < 2000 && send(fd, text, 14, MSG_DONTWAIT) > 0)
		n++;
	usleep(100000);
	CHECK_EQ(rig_stop(), 128 + SIGTERM);
}

TEST(detach_lets_the_guest_run_on)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "Z0,100000,1"), "OK");
	CHECK_STR(rig_ask(fd, "D"), "OK");
	CHECK_STR(rig_hear(fd), "(end)");
	close(fd);
	fd = rig_dial(); /* stops it again */
	CHECK_HAS(rig_ask(fd, "?"), "T05");
	CHECK_STR(rig_ask(fd, "D"), "OK");
	close(fd);
	rig_stop();
	CHECK(rig_fake->target.running);
	CHECK(!fake_has_bp(rig_fake, BP_SW, 0x100000));
}

/* A debugger that prints an error when the end comes before the reply. */
TEST(kill_answers_then_ends)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "vKill;1"), "OK");
	usleep(50000);
	CHECK(send(fd, "+", 1, MSG_NOSIGNAL) == 1); /* no reset */
	CHECK_STR(rig_hear(fd), "(end)");
	close(fd);
	CHECK_EQ(rig_finish(), 0);
}

TEST(kill_in_extended_mode_keeps_the_connection)
{
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "!"), "OK");
	CHECK_STR(rig_ask(fd, "vKill;1"), "OK");
	CHECK_HAS(rig_ask(fd, "vRun;"), "T05");
	rig_stop();
}

TEST(once_ends_when_the_client_leaves)
{
	int fd;

	rig_start((struct server_config){.once = true});
	fd = rig_dial();
	CHECK_HAS(rig_ask(fd, "?"), "T05");
	CHECK_STR(rig_ask(fd, "qAttached"), "0");
	close(fd);
	CHECK_EQ(rig_finish(), 0);
}

TEST(the_guests_status_is_the_servers)
{
	const struct target_stop end = {.kind = STOP_EXITED, .status = 5};

	rig_start((struct server_config){.run_at_start = true});
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &end);
	CHECK_EQ(rig_finish(), 5);
}

TEST(exit_while_attached_waits_for_the_client)
{
	const struct target_stop end = {.kind = STOP_EXITED, .status = 7};
	int fd;

	rig_start((struct server_config){0});
	fd = rig_dial();
	rig_say(fd, "vCont;c");
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &end);
	CHECK_STR(rig_hear(fd), "W07");
	CHECK_STR(rig_ask(fd, "p0"), "1111000000000000");
	close(fd);
	CHECK_EQ(rig_finish(), 7);
}

static const struct target_stop death = {.kind = STOP_ERROR,
					 .signal = GDB_SIGNAL_SEGV,
					 .text = "Triple fault.\n"};

TEST(death_with_nobody_there_halts_or_exits)
{
	int fd;

	rig_start((struct server_config){.run_at_start = true,
					 .on_error = SERVER_ERROR_EXIT});
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &death);
	CHECK_EQ(rig_finish(), SERVER_STATUS_GUEST_DIED);

	rig_start((struct server_config){.run_at_start = true});
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &death);
	usleep(50000);
	fd = rig_dial();
	CHECK_HAS(rig_ask(fd, "?"), "T0bthread:1;");
	CHECK_STR(rig_ask(fd, "p0"), "1111000000000000");
	rig_stop();
}

TEST(a_death_with_nobody_there_is_saved_first)
{
	char path[] = "/tmp/server_test.XXXXXX";
	struct stat st;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	rig_start((struct server_config){.run_at_start = true,
					 .on_error = SERVER_ERROR_EXIT,
					 .dump = path});
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &death);
	CHECK_EQ(rig_finish(), SERVER_STATUS_GUEST_DIED);
	CHECK(!stat(path, &st) && (uint64_t)st.st_size > FAKE_RAM);
	unlink(path);
}

/* Its client may have a look first; when that is gone, it is saved. */
TEST(a_death_under_a_client_is_saved_when_it_leaves)
{
	char path[] = "/tmp/server_test.XXXXXX";
	struct stat st;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	rig_start((struct server_config){.dump = path,
					 .on_error = SERVER_ERROR_EXIT});
	fake_push_stop(rig_fake, &death);
	fd = rig_dial();
	rig_say(fd, "vCont;c");
	while (rig_hear(fd)[0] == 'O')
		;
	CHECK(!stat(path, &st) && !st.st_size);
	close(fd);
	CHECK_EQ(rig_finish(), SERVER_STATUS_GUEST_DIED);
	CHECK(!stat(path, &st) && (uint64_t)st.st_size > FAKE_RAM);
	unlink(path);
}

TEST(a_reset_with_nobody_there_goes_on)
{
	const struct target_stop reset = {.kind = STOP_RESET,
					  .signal = GDB_SIGNAL_TRAP};

	rig_start((struct server_config){.run_at_start = true});
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &reset);
	rig_wait_for_resumes(2);
	rig_stop();
}

TEST(a_guest_that_nothing_can_wake_stays_halted)
{
	const struct target_stop halted = {.kind = STOP_INTERRUPT,
					   .signal = GDB_SIGNAL_TRAP,
					   .text = "HLT for good.\n"};
	int fd;

	rig_start((struct server_config){.run_at_start = true});
	rig_wait_for_resumes(1);
	fake_stop_now(rig_fake, &halted);
	usleep(50000);
	fd = rig_dial();
	CHECK_STR(rig_ask(fd, "p0"), "1111000000000000");
	CHECK_EQ(rig_resumes, 1);
	rig_stop();
}

static int input_fd[2];
static char typed[16];

static int give_fd(void *ctx)
{
	return input_fd[0];
}

static void take_input(void *ctx)
{
	CHECK(read(input_fd[0], typed, sizeof(typed)) > 0);
	kill(getpid(), SIGINT);
}

TEST(other_descriptors_are_watched)
{
	CHECK(!pipe(input_fd));
	rig_start((struct server_config){
		.inputs = {{.fd = give_fd, .ready = take_input}},
		.n_inputs = 1});
	CHECK(write(input_fd[1], "hi", 3) == 3);
	CHECK_EQ(rig_finish(), 128 + SIGINT);
	CHECK_STR(typed, "hi");
}

TEST(a_private_unix_socket)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char comm[120];
	struct stat st;
	struct comm other;
	struct err err;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/server_test.%d",
		 (int)getpid());
	snprintf(comm, sizeof(comm), "unix:%s", sa.sun_path);
	/* a socket that a dead server left behind */
	CHECK(!bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	close(fd);
	rig_start((struct server_config){.comm = comm});
	CHECK(!stat(sa.sun_path, &st));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK(!comm_open(comm, &other, &err)); /* in use is not stale */
	CHECK_HAS(err.msg, sa.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(!connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
	CHECK_STR(rig_ask(fd, "qC"), "QC1");
	rig_stop();
	CHECK(stat(sa.sun_path, &st) && errno == ENOENT);
}

TEST(stdin_and_stdout)
{
	int pair[2], status;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHECK(dup2(pair[1], 0) == 0 && dup2(pair[1], 1) == 1);
	close(pair[1]);
	rig_start((struct server_config){.comm = "-", .run_at_start = true});
	CHECK_HAS(rig_ask(pair[0], "?"), "T05");
	CHECK_STR(rig_ask(pair[0], "qAttached"), "0");
	CHECK_STR(rig_ask(pair[0], "D"), "OK");
	close(pair[0]);
	status = rig_finish();
	dup2(2, 1);
	CHECK_EQ(status, 0);
}
