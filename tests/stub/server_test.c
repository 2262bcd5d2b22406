/* The server over real sockets: the fake target in one thread, clients here. */
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "stub/clock.h"
#include "stub/comm.h"
#include "stub/server.h"
#include "tests/stub/fake_target.h"
#include "xml/tdesc.h"

static struct fake_target *fake;
static struct server *server;
static pthread_t thread;
static int status = -1;

static atomic_uint resumes;

static void count_resume(struct fake_target *f,
			 const struct target_action *actions)
{
	resumes++;
}

static void *serve(void *unused)
{
	status = server_run(server);
	return NULL;
}

static void start(struct server_config config)
{
	static struct tdesc *tdesc;
	struct err err;

	log_set_level(LOG_ERROR);
	server_block_signals();
	resumes = 0;
	fake_destroy(fake); /* of an earlier start */
	tdesc_free(tdesc);
	tdesc = NULL;
	fake = fake_create(2);
	fake->on_resume = count_resume;
	CHECK_OK(tdesc_load(NULL, &fake->info, &tdesc, &err), &err);
	if (!config.comm)
		config.comm = ":0";
	CHECK_OK(server_create(&config, &fake->target, tdesc, &server, &err),
		 &err);
	pthread_create(&thread, NULL, serve, NULL);
}

/* Wait for the server's end; its exit status. */
static int finish(void)
{
	pthread_join(thread, NULL);
	server_destroy(server);
	return status;
}

static int stop(void)
{
	kill(getpid(), SIGTERM);
	return finish();
}

static int dial(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port =
					 htons((uint16_t)server_port(server)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
	return fd;
}

static void say(int fd, const char *body)
{
	char text[300];
	unsigned int sum = 0;

	for (const char *p = body; *p; p++)
		sum += (unsigned char)*p;
	snprintf(text, sizeof(text), "$%s#%02x", body, sum & 255);
	CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
}

/* The next packet's body, O packets included; "(end)" at the end. */
static const char *hear(int fd)
{
	static char text[70000];
	size_t n = 0;
	char c = 0;

	while (c != '$')
		if (recv(fd, &c, 1, 0) <= 0)
			return "(end)";
	while (recv(fd, &c, 1, 0) == 1 && c != '#' && n + 1 < sizeof(text))
		text[n++] = c;
	text[n] = '\0';
	recv(fd, &c, 1, 0);
	recv(fd, &c, 1, 0);
	return text;
}

static const char *ask(int fd, const char *body)
{
	say(fd, body);
	return hear(fd);
}

/* The guest has been resumed so many times in all. */
static void wait_for_resumes(unsigned int n)
{
	for (int i = 0; i < 500 && resumes < n; i++)
		usleep(10000);
	CHECK(resumes >= n);
}

TEST(a_session_over_tcp)
{
	int fd;

	start((struct server_config){0});
	fd = dial();
	CHECK_STR(ask(fd, "qC"), "QC1");
	CHECK_STR(ask(fd, "QStartNoAckMode"), "OK");
	CHECK_HAS(ask(fd, "?"), "T05thread:1;");
	CHECK_HAS(ask(fd, "vCont;s:1"), "T05thread:1;");
	CHECK_EQ(stop(), 128 + SIGTERM);
}

TEST(ipv6_loopback_on_the_same_port)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6,
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	start((struct server_config){0});
	sa.sin6_port = htons((uint16_t)server_port(server));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		test_skip("no IPv6 here: %s", strerror(errno));
	CHECK_STR(ask(fd, "qC"), "QC1");
	stop();
}

TEST(the_interrupt_byte_while_the_guest_runs)
{
	int fd;

	start((struct server_config){0});
	fd = dial();
	say(fd, "vCont;c");
	usleep(50000);
	CHECK(send(fd, "\003", 1, 0) == 1);
	CHECK_HAS(hear(fd), "T02thread:1;");
	stop();
}

TEST(a_second_client_is_refused_with_the_reason)
{
	int first, second;

	start((struct server_config){0});
	first = dial();
	CHECK_STR(ask(first, "Hg2"), "OK");
	second = dial();
	CHECK_HAS(ask(second, "qSupported"), "E.");
	CHECK_STR(hear(second), "(end)");
	close(second);
	second = dial();
	CHECK_HAS(ask(second, "k"), "one client at a time");
	CHECK_STR(ask(first, "qC"), "QC2");
	close(first);
	close(second);
	usleep(50000);
	first = dial();
	CHECK_STR(ask(first, "qC"), "QC1");
	stop();
}

TEST(many_refused_clients_at_once)
{
	int first, other[20];

	start((struct server_config){0});
	first = dial();
	CHECK_STR(ask(first, "qC"), "QC1");
	for (int i = 0; i < 20; i++)
		other[i] = dial();
	CHECK_STR(ask(first, "qC"), "QC1");
	for (int i = 0; i < 20; i++)
		close(other[i]);
	CHECK_STR(ask(first, "qC"), "QC1");
	stop();
}

TEST(a_lost_connection_halts_the_guest)
{
	int fd;

	start((struct server_config){0});
	fd = dial();
	CHECK_STR(ask(fd, "Z0,100,1"), "OK");
	say(fd, "vCont;c");
	wait_for_resumes(1);
	close(fd);
	fd = dial();
	CHECK_HAS(ask(fd, "?"), "T05thread:1;");
	CHECK_STR(ask(fd, "p0"), "1111000000000000");
	stop();
	CHECK(!fake->target.running);
	CHECK_HAS(fake_log(fake), "interrupt");
	CHECK_HAS(fake_log(fake), "remove 0 0x100 1");
}

/* The next client comes in the same moment as the end of the last. */
TEST(a_client_right_after_another)
{
	start((struct server_config){0});
	for (int i = 0; i < 50; i++) {
		int fd = dial();

		CHECK_HAS(ask(fd, "?"), "T05");
		if (i % 2)
			say(fd, "vCont;c");
		if (i % 3)
			send(fd, "$m1000,1", 8, 0);
		close(fd);
	}
	stop();
}

TEST(a_reset_connection_kills_nobody)
{
	const struct linger hard = {.l_onoff = 1};
	int fd;

	start((struct server_config){0});
	for (int i = 0; i < 10; i++) {
		fd = dial();
		for (int j = 0; j < 50; j++)
			say(fd, "m1000,2000");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(fd);
	}
	fd = dial();
	CHECK_HAS(ask(fd, "?"), "T05");
	stop();
}

TEST(a_client_that_never_reads_hangs_nobody)
{
	int fd, n = 0;
	char text[] = "$m1000,8000#26";

	start((struct server_config){0});
	fd = dial();
	while (n < 2000 && send(fd, text, 14, MSG_DONTWAIT) > 0)
		n++;
	usleep(100000);
	CHECK_EQ(stop(), 128 + SIGTERM);
}

TEST(detach_lets_the_guest_run_on)
{
	int fd;

	start((struct server_config){0});
	fd = dial();
	CHECK_STR(ask(fd, "Z0,100000,1"), "OK");
	CHECK_STR(ask(fd, "D"), "OK");
	CHECK_STR(hear(fd), "(end)");
	close(fd);
	fd = dial(); /* stops it again */
	CHECK_HAS(ask(fd, "?"), "T05");
	CHECK_STR(ask(fd, "D"), "OK");
	close(fd);
	stop();
	CHECK(fake->target.running);
	CHECK(!fake_has_bp(fake, BP_SW, 0x100000));
}

/* A debugger that prints an error when the end comes before the reply. */
TEST(kill_answers_then_ends)
{
	int fd;

	start((struct server_config){0});
	fd = dial();
	CHECK_STR(ask(fd, "vKill;1"), "OK");
	usleep(50000);
	CHECK(send(fd, "+", 1, MSG_NOSIGNAL) == 1); /* no reset */
	CHECK_STR(hear(fd), "(end)");
	close(fd);
	CHECK_EQ(finish(), 0);
}

TEST(kill_in_extended_mode_keeps_the_connection)
{
	int fd;

	start((struct server_config){0});
	fd = dial();
	CHECK_STR(ask(fd, "!"), "OK");
	CHECK_STR(ask(fd, "vKill;1"), "OK");
	CHECK_HAS(ask(fd, "vRun;"), "T05");
	stop();
}

TEST(once_ends_when_the_client_leaves)
{
	int fd;

	start((struct server_config){.once = true});
	fd = dial();
	CHECK_HAS(ask(fd, "?"), "T05");
	close(fd);
	CHECK_EQ(finish(), 0);
}

TEST(the_guests_status_is_the_servers)
{
	const struct target_stop end = {.kind = STOP_EXITED, .status = 5};

	start((struct server_config){.run_at_start = true});
	wait_for_resumes(1);
	fake_stop_now(fake, &end);
	CHECK_EQ(finish(), 5);
}

TEST(exit_while_attached_waits_for_the_client)
{
	const struct target_stop end = {.kind = STOP_EXITED, .status = 7};
	int fd;

	start((struct server_config){0});
	fd = dial();
	say(fd, "vCont;c");
	wait_for_resumes(1);
	fake_stop_now(fake, &end);
	CHECK_STR(hear(fd), "W07");
	CHECK_STR(ask(fd, "p0"), "1111000000000000");
	close(fd);
	CHECK_EQ(finish(), 7);
}

static const struct target_stop death = {.kind = STOP_ERROR,
					 .signal = GDB_SIGNAL_SEGV,
					 .text = "Triple fault.\n"};

TEST(death_with_nobody_there_halts_or_exits)
{
	int fd;

	start((struct server_config){.run_at_start = true,
				     .on_error = SERVER_ERROR_EXIT});
	wait_for_resumes(1);
	fake_stop_now(fake, &death);
	CHECK_EQ(finish(), SERVER_STATUS_GUEST_DIED);

	start((struct server_config){.run_at_start = true});
	wait_for_resumes(1);
	fake_stop_now(fake, &death);
	usleep(50000);
	fd = dial();
	CHECK_HAS(ask(fd, "?"), "T0bthread:1;");
	CHECK_STR(ask(fd, "p0"), "1111000000000000");
	stop();
}

TEST(a_reset_with_nobody_there_goes_on)
{
	const struct target_stop reset = {.kind = STOP_RESET,
					  .signal = GDB_SIGNAL_TRAP};

	start((struct server_config){.run_at_start = true});
	wait_for_resumes(1);
	fake_stop_now(fake, &reset);
	wait_for_resumes(2);
	stop();
}

TEST(a_guest_that_nothing_can_wake_stays_halted)
{
	const struct target_stop halted = {.kind = STOP_INTERRUPT,
					   .signal = GDB_SIGNAL_TRAP,
					   .text = "HLT for good.\n"};
	int fd;

	start((struct server_config){.run_at_start = true});
	wait_for_resumes(1);
	fake_stop_now(fake, &halted);
	usleep(50000);
	fd = dial();
	CHECK_STR(ask(fd, "p0"), "1111000000000000");
	CHECK_EQ(resumes, 1);
	stop();
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
	start((struct server_config){
		.inputs = {{.fd = give_fd, .ready = take_input}},
		.n_inputs = 1});
	CHECK(write(input_fd[1], "hi", 3) == 3);
	CHECK_EQ(finish(), 128 + SIGINT);
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
	start((struct server_config){.comm = comm});
	CHECK(!stat(sa.sun_path, &st));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK(!comm_open(comm, &other, &err)); /* in use is not stale */
	CHECK_HAS(err.msg, sa.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(!connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
	CHECK_STR(ask(fd, "qC"), "QC1");
	stop();
	CHECK(stat(sa.sun_path, &st) && errno == ENOENT);
}

TEST(stdin_and_stdout)
{
	int pair[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHECK(dup2(pair[1], 0) == 0 && dup2(pair[1], 1) == 1);
	close(pair[1]);
	start((struct server_config){.comm = "-", .run_at_start = true});
	CHECK_HAS(ask(pair[0], "?"), "T05");
	CHECK_STR(ask(pair[0], "D"), "OK");
	close(pair[0]);
	finish();
	dup2(2, 1);
	CHECK_EQ(status, 0);
}
