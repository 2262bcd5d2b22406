#include "vmm/dev/console.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/test.h"
#include "vmm/dev/console_impl.h"

static struct console *con;
static struct err err;
static char dir[] = "/tmp/console-test-XXXXXX";
static char path[64], spec[80];

static void open_in_dir(const char *kind)
{
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c", dir);
	snprintf(spec, sizeof(spec), "%s:%s", kind, path);
	CHECK_OK(console_open(spec, &con, &err), &err);
}

static void remove_dir(void)
{
	unlink(path);
	CHECK(!rmdir(dir));
}

static int connect_client(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, path);
	CHECK(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 5000) == 1;
}

/* Exactly n bytes, or the test fails after some seconds. */
static void read_all(int fd, char *to, size_t n)
{
	while (n) {
		ssize_t got;

		CHECK(readable(fd));
		got = read(fd, to, n);
		CHECK(got > 0);
		to += got;
		n -= (size_t)got;
	}
}

static void expect(int fd, const char *text)
{
	char got[256] = "";

	read_all(fd, got, strlen(text));
	CHECK_STR(got, text);
}

/* Input as the server thread takes it. */
static size_t input(char *buf, size_t size)
{
	CHECK(readable(console_fd(con)));
	return console_input(con, buf, size);
}

TEST(unknown_spec_is_refused)
{
	static const char *const bad[] = {"",	   "std",  "stdiox", "file:",
					  "unix:", "ptyx", "none:",  "tcp:1"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(!console_open(bad[i], &con, &err));
		CHECK_EQ(err.code, ERR_USAGE);
		CHECK_HAS(err.msg, "stdio, tty, file:PATH");
	}
}

TEST(none_swallows)
{
	CHECK_OK(console_open("none", &con, &err), &err);
	console_write(con, "abc", 3);
	CHECK_EQ(console_fd(con), -1);
	console_close(con);
	console_close(NULL);
}

TEST(file_gets_the_output)
{
	char got[8] = "";
	int fd;

	open_in_dir("file");
	console_write(con, "abc", 3);
	console_write(con, "d", 1);
	CHECK_EQ(console_fd(con), -1);
	console_close(con);
	fd = open(path, O_RDONLY);
	CHECK_EQ(read(fd, got, sizeof(got)), 4);
	CHECK_STR(got, "abcd");
	remove_dir();
}

TEST(file_that_cannot_be_opened)
{
	CHECK(!console_open("file:/nonexistent/x", &con, &err));
	CHECK_HAS(err.msg, "/nonexistent/x");
	CHECK_EQ(err.code, ERR_IO);
}

TEST(socket_is_private_and_goes_away)
{
	struct stat st;

	umask(0);
	open_in_dir("unix");
	CHECK(!stat(path, &st));
	CHECK_EQ(st.st_mode & 07777, 0600);
	console_close(con);
	CHECK(stat(path, &st));
	remove_dir();
}

TEST(socket_client_sees_early_output_and_types)
{
	char buf[16] = "";
	int fd;

	open_in_dir("unix");
	console_write(con, "boot", 4);
	fd = connect_client();
	CHECK_EQ(input(buf, sizeof(buf)), 0); /* accepts */
	expect(fd, "boot");
	console_write(con, "more", 4);
	expect(fd, "more");
	CHECK_EQ(write(fd, "key", 3), 3);
	CHECK_EQ(input(buf, sizeof(buf)), 3);
	CHECK_STR(buf, "key");
	console_close(con);
	remove_dir();
}

TEST(socket_takes_the_next_client)
{
	char buf[16];
	int fd;

	signal(SIGPIPE, SIG_IGN);
	open_in_dir("unix");
	for (int i = 0; i < 3; i++) {
		fd = connect_client();
		CHECK_EQ(input(buf, sizeof(buf)), 0);
		console_write(con, "x", 1);
		expect(fd, "x");
		close(fd);
		CHECK_EQ(input(buf, sizeof(buf)), 0); /* end of input */
		console_write(con, "y", 1);	      /* kept for the next */
		fd = connect_client();
		CHECK_EQ(input(buf, sizeof(buf)), 0);
		expect(fd, "y");
		close(fd);
		CHECK_EQ(input(buf, sizeof(buf)), 0);
	}
	console_close(con);
	remove_dir();
}

TEST(socket_in_use_is_refused_and_a_stale_one_replaced)
{
	struct console *second;
	pid_t pid;

	open_in_dir("unix");
	CHECK(!console_open(spec, &second, &err));
	CHECK_HAS(err.msg, path);
	pid = fork();
	if (!pid)
		_exit(0); /* the file stays */
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	close(con->listen_fd);
	con->listen_fd = -1;
	CHECK_OK(console_open(spec, &second, &err), &err);
	console_close(second);
	console_close(con);
	remove_dir();
}

TEST(file_in_the_sockets_place_is_kept)
{
	int fd;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c", dir);
	snprintf(spec, sizeof(spec), "unix:%s", path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	CHECK(!console_open(spec, &con, &err));
	CHECK(!access(path, F_OK));
	remove_dir();
}

TEST(long_socket_path_is_refused)
{
	char longer[200];

	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "unix:", 5);
	longer[sizeof(longer) - 1] = 0;
	CHECK(!console_open(longer, &con, &err));
	CHECK_HAS(err.msg, "characters");
}

TEST(queue_keeps_the_newest)
{
	static char data[CONSOLE_QUEUE + 1000], got[CONSOLE_QUEUE];
	char buf[4];
	int fd;

	open_in_dir("unix");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 / 3);
	for (size_t i = 0; i < sizeof(data); i += 100)
		console_write(con, data + i,
			      sizeof(data) - i < 100 ? sizeof(data) - i : 100);
	CHECK_EQ(con->dropped, 1000);
	fd = connect_client();
	CHECK_EQ(input(buf, sizeof(buf)), 0);
	read_all(fd, got, sizeof(got));
	CHECK(!memcmp(got, data + 1000, sizeof(got)));
	console_close(con);
	remove_dir();
}

TEST(slow_reader_gets_all_without_further_writes)
{
	static char block[1000], got[1000];
	size_t sent = 0, queued;
	char buf[4];
	int fd;

	open_in_dir("unix");
	fd = connect_client();
	CHECK_EQ(input(buf, sizeof(buf)), 0);
	do {
		memset(block, (int)(sent / sizeof(block)), sizeof(block));
		console_write(con, block, sizeof(block));
		sent += sizeof(block);
		pthread_mutex_lock(&con->lock);
		queued = con->len;
		pthread_mutex_unlock(&con->lock);
	} while (queued < CONSOLE_QUEUE / 2);
	for (size_t at = 0; at < sent; at += sizeof(got)) {
		read_all(fd, got, sizeof(got));
		memset(block, (int)(at / sizeof(block)), sizeof(block));
		CHECK(!memcmp(got, block, sizeof(got)));
	}
	CHECK_EQ(con->dropped, 0);
	console_close(con);
	remove_dir();
}

TEST(pty_carries_bytes_as_they_are)
{
	char name[64], buf[8] = "";
	int fd;

	CHECK_OK(console_open("pty", &con, &err), &err);
	CHECK(!ptsname_r(con->in_fd, name, sizeof(name)));
	console_write(con, "a\n", 2);
	for (int i = 0; i < 2; i++) { /* closing it is no end of input */
		fd = open(name, O_RDWR | O_NOCTTY);
		CHECK(fd >= 0);
		if (!i)
			expect(fd, "a\n");
		CHECK_EQ(write(fd, "k\r", 2), 2);
		CHECK_EQ(input(buf, sizeof(buf)), 2);
		CHECK_STR(buf, "k\r");
		close(fd);
	}
	CHECK(console_fd(con) >= 0);
	console_close(con);
}

TEST(pty_nobody_reads)
{
	static char data[CONSOLE_QUEUE];

	CHECK_OK(console_open("pty", &con, &err), &err);
	for (int i = 0; i < 4; i++)
		console_write(con, data, sizeof(data));
	CHECK(con->dropped);
	test_timeout(10);
	console_close(con);
}

TEST(stdio_by_pipes)
{
	char buf[8] = "";
	int in[2], out[2];

	CHECK(!pipe(in) && !pipe(out));
	dup2(in[0], 0);
	dup2(out[1], 1);
	CHECK_OK(console_open("stdio", &con, &err), &err);
	CHECK(!(fcntl(1, F_GETFL) & O_NONBLOCK));
	console_write(con, "out", 3);
	expect(out[0], "out");
	CHECK_EQ(write(in[1], "in", 2), 2);
	CHECK_EQ(input(buf, sizeof(buf)), 2);
	CHECK_STR(buf, "in");
	close(in[1]);
	CHECK_EQ(input(buf, sizeof(buf)), 0);
	CHECK_EQ(console_fd(con), -1);
	console_write(con, "still", 5);
	expect(out[0], "still");
	console_close(con);
	CHECK(fcntl(0, F_GETFD) >= 0);
	CHECK(fcntl(1, F_GETFD) >= 0);
}

TEST(stdio_full_pipe_does_not_block)
{
	static char data[CONSOLE_QUEUE];
	int out[2];

	CHECK(!pipe(out));
	dup2(out[1], 1);
	CHECK_OK(console_open("stdio", &con, &err), &err);
	for (int i = 0; i < 4; i++)
		console_write(con, data, sizeof(data));
	CHECK(con->dropped);
	console_close(con);
}

TEST(stdio_closed_reader)
{
	int out[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK(!pipe(out));
	dup2(out[1], 1);
	close(out[1]);
	CHECK_OK(console_open("stdio", &con, &err), &err);
	close(out[0]);
	console_write(con, "x", 1);
	console_write(con, "x", 1);
	console_close(con);
}

/* Become the foreground process of a new terminal on stdin. */
static int take_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char name[64];
	int fd;

	CHECK(master >= 0 && !grantpt(master) && !unlockpt(master));
	CHECK(!ptsname_r(master, name, sizeof(name)));
	CHECK(setsid() > 0);
	fd = open(name, O_RDWR);
	CHECK(fd >= 0 && !ioctl(fd, TIOCSCTTY, 0));
	dup2(fd, 0);
	dup2(fd, 1);
	return master;
}

TEST(stdio_terminal_goes_raw_and_back)
{
	struct termios before, raw, after;
	int master = take_terminal();
	char buf[4] = "";

	CHECK(!tcgetattr(0, &before));
	CHECK_OK(console_open("stdio", &con, &err), &err);
	CHECK(!tcgetattr(0, &raw));
	CHECK(!(raw.c_lflag & (ICANON | ECHO)));
	CHECK(raw.c_lflag & ISIG);
	CHECK(!(raw.c_iflag & ICRNL));
	CHECK_EQ(write(master, "\r", 1), 1);
	CHECK_EQ(input(buf, sizeof(buf)), 1);
	CHECK_STR(buf, "\r");
	console_restore_terminal();
	CHECK(!tcgetattr(0, &after));
	CHECK_EQ(after.c_lflag, before.c_lflag);
	CHECK_EQ(after.c_iflag, before.c_iflag);
	console_close(con);
	CHECK_OK(console_open("stdio", &con, &err), &err);
	console_close(con);
	CHECK(!tcgetattr(0, &after));
	CHECK_EQ(after.c_lflag, before.c_lflag);
}

TEST(tty_gives_the_guest_every_key_but_one)
{
	struct timespec soon = {.tv_sec = 5};
	struct termios before, raw, after;
	int master = take_terminal();
	char buf[8] = "";
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	CHECK(!sigprocmask(SIG_BLOCK, &term, NULL));
	CHECK(!tcgetattr(0, &before));
	CHECK_OK(console_open("tty", &con, &err), &err);
	CHECK(!tcgetattr(0, &raw));
	CHECK(!(raw.c_lflag & (ICANON | ECHO | ISIG)));
	CHECK_EQ(write(master, "\3", 1), 1);
	CHECK_EQ(input(buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], 3);
	CHECK_EQ(write(master, "ab\35c", 4), 4);
	CHECK_EQ(input(buf, sizeof(buf)), 2);
	CHECK_EQ(sigtimedwait(&term, NULL, &soon), SIGTERM);
	console_close(con);
	CHECK(!tcgetattr(0, &after));
	CHECK_EQ(after.c_lflag, before.c_lflag);
}

TEST(tty_wants_a_terminal)
{
	int fds[2];

	CHECK(!pipe(fds));
	dup2(fds[0], 0);
	CHECK(!console_open("tty", &con, &err));
	CHECK_HAS(err.msg, "stdin is not a terminal");
}
