#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "stub/comm.h"

static struct comm_spec spec;
static struct err err;

static void good(const char *text)
{
	CHECK_OK(comm_parse(text, &spec, &err), &err);
}

TEST(tcp_forms)
{
	good(":1234");
	CHECK_EQ(spec.kind, COMM_TCP);
	CHECK_STR(spec.host, "");
	CHECK_EQ(spec.port, 1234);
	good("0.0.0.0:0");
	CHECK_STR(spec.host, "0.0.0.0");
	CHECK_EQ(spec.port, 0);
	good("[::1]:65535");
	CHECK_STR(spec.host, "::1");
	CHECK_EQ(spec.port, 65535);
	good("localhost:1");
	CHECK_STR(spec.host, "localhost");
}

TEST(other_forms)
{
	good("-");
	CHECK_EQ(spec.kind, COMM_STDIO);
	good("unix:/tmp/x:1");
	CHECK_EQ(spec.kind, COMM_UNIX);
	CHECK_STR(spec.path, "/tmp/x:1");
}

static void bad(const char *text, const char *why)
{
	err.msg[0] = '\0';
	CHECK(!comm_parse(text, &spec, &err));
	CHECK_EQ(err.code, ERR_USAGE);
	CHECK_HAS(err.msg, why);
}

TEST(refused)
{
	char path[200] = "unix:";

	bad("nonsense", "nonsense");
	bad("", "expected");
	bad(":", "port");
	bad(":65536", "65535");
	bad(":12x", "port");
	bad(":-1", "port");
	bad("::1:1234", "brackets");
	bad("unix:", "path");
	memset(path + 5, 'x', 150);
	bad(path, "107");
}

TEST(a_port_in_use_is_named)
{
	struct comm one, two;
	char text[40];

	CHECK_OK(comm_open(":0", &one, &err), &err);
	CHECK(one.port);
	snprintf(text, sizeof(text), "127.0.0.1:%u", one.port);
	CHECK(!comm_open(text, &two, &err));
	CHECK_HAS(err.msg, "in use");
	comm_close(&one);
}

TEST(a_host_that_does_not_exist)
{
	struct comm c;

	CHECK(!comm_open("no-such-host.invalid:1", &c, &err));
	CHECK_HAS(err.msg, "no-such-host.invalid");
}

/* What a comm_open() says on the log. */
static const char *said(const char *comm_text)
{
	static char text[2000];
	char path[] = "/tmp/comm_test.XXXXXX";
	int fd = mkstemp(path);
	struct comm c;
	ssize_t n;

	CHECK(fd >= 0);
	CHECK_OK(log_open(path, &err), &err);
	CHECK_OK(comm_open(comm_text, &c, &err), &err);
	comm_close(&c);
	log_close();
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	unlink(path);
	return text;
}

TEST(only_loopback_goes_without_a_warning)
{
	CHECK_HAS(said("0.0.0.0:0"), "no password");
	CHECK(!strstr(said(":0"), "warning"));
	CHECK(!strstr(said("127.0.0.1:0"), "warning"));
	CHECK_HAS(said("127.0.0.1:0"), "listening on 127.0.0.1:");
}
