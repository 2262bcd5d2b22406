#include "tests/stub/server_rig.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "xml/tdesc.h"

struct fake_target *rig_fake;
struct server *rig_server;
static pthread_t thread;
static int status = -1;

atomic_uint rig_resumes;

static void count_resume(struct fake_target *f,
			 const struct target_action *actions)
{
	rig_resumes++;
}

static void *serve(void *unused)
{
	status = server_run(rig_server);
	return NULL;
}

void rig_start(struct server_config config)
{
	static struct tdesc *tdesc;
	struct err err;

	log_set_level(LOG_ERROR);
	server_block_signals();
	rig_resumes = 0;
	fake_destroy(rig_fake); /* of an earlier start */
	tdesc_free(tdesc);
	tdesc = NULL;
	rig_fake = fake_create(2);
	rig_fake->on_resume = count_resume;
	CHECK_OK(tdesc_load(NULL, &rig_fake->info, &tdesc, &err), &err);
	if (!config.comm)
		config.comm = ":0";
	CHECK_OK(server_create(&config, &rig_fake->target, tdesc, &rig_server,
			       &err),
		 &err);
	pthread_create(&thread, NULL, serve, NULL);
}

int rig_finish(void)
{
	pthread_join(thread, NULL);
	server_destroy(rig_server);
	return status;
}

int rig_stop(void)
{
	kill(getpid(), SIGTERM);
	return rig_finish();
}

int rig_dial(void)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(rig_server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
	return fd;
}

void rig_say(int fd, const char *body)
{
	char text[300];
	unsigned int sum = 0;

	for (const char *p = body; *p; p++)
		sum += (unsigned char)*p;
	snprintf(text, sizeof(text), "$%s#%02x", body, sum & 255);
	CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
}

const char *rig_hear(int fd)
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

const char *rig_ask(int fd, const char *body)
{
	rig_say(fd, body);
	return rig_hear(fd);
}

void rig_wait_for_resumes(unsigned int n)
{
	for (int i = 0; i < 500 && rig_resumes < n; i++)
		usleep(10000);
	CHECK(rig_resumes >= n);
}
