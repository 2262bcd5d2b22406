#include "tests/bench/dump.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/client.h"

#define ROUNDS 8
#define FROM   UINT64_C(0x1000000) /* behind what the guest uses */
#define BYTES  (UINT64_C(96) << 20)
#define PIECE  (UINT64_C(1) << 20)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool ask_ok(struct client *c, const char *body)
{
	return client_ask(c, body) && !strcmp(c->reply, "OK");
}

/* One packet of '3's: as bytes, or as hex digits. */
static bool put(struct client *c, uint64_t address, size_t n, bool binary)
{
	static char body[CLIENT_BUF];
	int head = snprintf(body, 64, "%c%llx,%zx:", binary ? 'X' : 'M',
			    (unsigned long long)address, n);
	size_t len = binary ? n : 2 * n;

	memset(body + head, '3', len);
	return client_send(c, body, (size_t)head + len) && client_receive(c) &&
	       !strcmp(c->reply, "OK");
}

bool dump_fill(struct client *c)
{
	bool binary = put(c, FROM, 0, true), ok;
	size_t chunk = (c->packet_size - 64) / (binary ? 1 : 2);

	ok = ask_ok(c, "Qqemu.PhyMemMode:1");
	for (uint64_t at = 0; ok && at < BYTES; at += chunk)
		ok = put(c, FROM + at,
			 BYTES - at < chunk ? (size_t)(BYTES - at) : chunk,
			 binary);
	return ok && ask_ok(c, "Qqemu.PhyMemMode:0");
}

/* The command's text comes in O packets, then OK. */
static bool monitor(struct client *c, const char *line)
{
	char body[1024] = "qRcmd,";
	size_t at = strlen(body);

	for (; *line && at + 3 < sizeof(body); line++)
		at += (size_t)snprintf(body + at, 3, "%02x",
				       (unsigned char)*line);
	if (!client_send(c, body, at))
		return false;
	do
		if (!client_receive(c))
			return false;
	while (c->reply[0] == 'O' && c->reply[1] != 'K');
	return !strcmp(c->reply, "OK");
}

double dump_rate(struct client *c, const char *command, const char *folder)
{
	char path[256], line[512];
	double best = 0;
	struct stat st;

	snprintf(path, sizeof(path), "%s/bench-%d.core", folder, (int)getpid());
	snprintf(line, sizeof(line), "%s %s", command, path);
	for (int i = 0; i < ROUNDS; i++) {
		double begin = now(), rate;
		bool ok = monitor(c, line);
		double seconds = now() - begin;

		ok = ok && !stat(path, &st) &&
		     (uint64_t)st.st_blocks * 512 > BYTES;
		unlink(path);
		if (!ok) {
			fprintf(stderr,
				"bench: '%s' wrote no dump; last "
				"reply was '%.60s'\n",
				line, c->reply);
			return 0;
		}
		rate = (double)st.st_blocks * 512 / 1e6 / seconds;
		best = rate > best ? rate : best;
	}
	return best;
}

static bool write_plainly(const char *path, const char *bytes)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0;

	for (uint64_t at = 0; ok && at < BYTES; at += PIECE)
		ok = write(fd, bytes + at, PIECE) == (ssize_t)PIECE;
	ok = ok && !fsync(fd);
	if (fd >= 0)
		close(fd);
	return ok;
}

double dump_plain_rate(const char *folder)
{
	char *bytes = malloc(BYTES), path[256];
	double best = 0;

	if (!bytes)
		return 0;
	memset(bytes, '3', BYTES);
	snprintf(path, sizeof(path), "%s/bench-%d.plain", folder,
		 (int)getpid());
	for (int i = 0; i < ROUNDS; i++) {
		double begin = now(), rate;
		bool ok = write_plainly(path, bytes);

		rate = ok ? (double)BYTES / 1e6 / (now() - begin) : 0;
		unlink(path);
		best = rate > best ? rate : best;
	}
	free(bytes);
	return best;
}

const char *dump_folder(const char *otherwise)
{
	struct statfs fs;

	if (statfs("/dev/shm", &fs) || access("/dev/shm", W_OK) ||
	    (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize < 4 * BYTES)
		return otherwise;
	return "/dev/shm";
}
