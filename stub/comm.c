#include "stub/comm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/log.h"

#define COMM_FORMS ":PORT, HOST:PORT, unix:PATH or - (stdin and stdout)"

static bool bad_comm(const char *text, const char *why, struct err *err)
{
	return err_set(err, ERR_USAGE, "'%.100s': %s; expected %s", text, why,
		       COMM_FORMS);
}

static bool parse_path(const char *text, const char *path,
		       struct comm_spec *spec, struct err *err)
{
	size_t len = strlen(path);

	if (!len)
		return bad_comm(text, "the path is empty", err);
	if (len >= sizeof(spec->path))
		return err_set(err, ERR_USAGE,
			       "socket path of %zu bytes; the longest possible "
			       "is %zu",
			       len, sizeof(spec->path) - 1);
	spec->kind = COMM_UNIX;
	memcpy(spec->path, path, len + 1);
	return true;
}

static bool parse_tcp(const char *text, struct comm_spec *spec, struct err *err)
{
	const char *colon = strrchr(text, ':'), *host = text;
	struct cursor c;
	uint64_t port;
	size_t len;

	if (!colon)
		return bad_comm(text, "not an address", err);
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return bad_comm(text, "an IPv6 address stands in brackets",
				err);
	}
	c = cur_str(colon + 1);
	port = cur_dec(&c);
	if (!cur_done(&c) || port > 65535)
		return bad_comm(text, "the port is a number up to 65535", err);
	if (len >= sizeof(spec->host))
		return bad_comm(text, "the host name is too long", err);
	spec->kind = COMM_TCP;
	spec->port = (unsigned int)port;
	memcpy(spec->host, host, len);
	spec->host[len] = '\0';
	return true;
}

bool comm_parse(const char *text, struct comm_spec *spec, struct err *err)
{
	struct comm_spec s = {.kind = COMM_STDIO};
	bool ok = true;

	if (!strncmp(text, "unix:", 5))
		ok = parse_path(text, text + 5, &s, err);
	else if (strcmp(text, "-"))
		ok = parse_tcp(text, &s, err);
	if (ok)
		*spec = s;
	return ok;
}

static bool is_loopback(const struct sockaddr *sa)
{
	const struct sockaddr_in6 *v6 = (const void *)sa;
	const struct sockaddr_in *v4 = (const void *)sa;

	if (sa->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return sa->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static void name_of(const struct sockaddr *sa, socklen_t len, char *text,
		    size_t size)
{
	char host[INET6_ADDRSTRLEN], port[8];

	if (sa->sa_family == AF_UNIX ||
	    getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(text, size, "a local client");
	else
		snprintf(text, size,
			 sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
			 port);
}

static unsigned int port_of(int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len))
		return 0;
	return ntohs(a.sa.sa_family == AF_INET6 ? a.v6.sin6_port
						: a.v4.sin_port);
}

static int listen_on(const struct addrinfo *ai, unsigned int port)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	int fd, on = 1;

	memcpy(&a, ai->ai_addr, ai->ai_addrlen);
	if (ai->ai_family == AF_INET6)
		a.v6.sin6_port = htons((uint16_t)port);
	else
		a.v4.sin_port = htons((uint16_t)port);
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a.sa, ai->ai_addrlen) || listen(fd, 4)) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void warn_open(const char *where)
{
	log_msg(LOG_WARN,
		"warning: %s can be reached from other machines, and the "
		"protocol has no password: whoever connects reads and writes "
		"all of the guest and the monitor's commands are theirs. "
		"Prefer :PORT with an SSH tunnel, or unix:PATH",
		where);
}

static void add_socket(struct comm *comm, const struct addrinfo *ai, int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_storage room;
	} a;
	char where[NI_MAXHOST];
	socklen_t len = sizeof(a);

	comm->fd[comm->fds++] = fd;
	comm->port = port_of(fd);
	if (getsockname(fd, &a.sa, &len))
		return;
	name_of(&a.sa, len, where, sizeof(where));
	log_msg(LOG_INFO, "listening on %s", where);
	if (!is_loopback(ai->ai_addr))
		warn_open(where);
}

/*
 * Every address of the name gets a socket of the same port.  The first has to
 * work; the others may be lacking (a machine without IPv6).
 */
static bool open_tcp(const struct comm_spec *spec, struct comm *comm,
		     struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	static const char *const loopback[] = {"127.0.0.1", "::1"};
	bool local = !spec->host[0];

	for (unsigned int i = 0; i < (local ? 2 : 1); i++) {
		const char *host = local ? loopback[i] : spec->host;
		struct addrinfo *list, *ai;
		int fd, rc = getaddrinfo(host, "0", &hints, &list);

		if (rc && i)
			break;
		if (rc)
			return err_set(err, ERR_IO, "cannot find host '%s': %s",
				       host, gai_strerror(rc));
		for (ai = list; ai && comm->fds < COMM_MAX_SOCKETS;
		     ai = ai->ai_next) {
			fd = listen_on(ai, comm->fds ? comm->port : spec->port);
			if (fd >= 0)
				add_socket(comm, ai, fd);
			else if (!comm->fds && !ai->ai_next)
				err_set_errno(err, ERR_IO,
					      "cannot listen on %s port %u",
					      host, spec->port);
		}
		freeaddrinfo(list);
		if (!comm->fds)
			return false;
	}
	return true;
}

/* Is the socket file one that nobody listens on any more? */
static bool is_stale(const struct sockaddr_un *sa)
{
	struct stat st;
	int fd, rc;

	if (lstat(sa->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	rc = rc ? errno : 0;
	close(fd);
	return rc == ECONNREFUSED;
}

/* bind() with the file mode right from the start. */
static int bind_private(int fd, const struct sockaddr_un *sa)
{
	mode_t old = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)sa, sizeof(*sa));
	int saved = errno;

	umask(old);
	errno = saved;
	return rc;
}

static bool open_unix(const struct comm_spec *spec, struct comm *comm,
		      struct err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	int fd, rc;

	memcpy(sa.sun_path, spec->path, sizeof(sa.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot make a socket");
	rc = bind_private(fd, &sa);
	if (rc && errno == EADDRINUSE && is_stale(&sa)) {
		log_msg(LOG_INFO, "removing stale socket %s", spec->path);
		unlink(spec->path);
		rc = bind_private(fd, &sa);
	}
	if (rc || stat(spec->path, &st) || listen(fd, 4)) {
		err_set_errno(err, ERR_IO, "cannot listen on unix:%s",
			      spec->path);
		close(fd);
		return false;
	}
	comm->fd[comm->fds++] = fd;
	comm->dev = st.st_dev;
	comm->ino = st.st_ino;
	memcpy(comm->path, spec->path, sizeof(comm->path));
	log_msg(LOG_INFO, "listening on unix:%s", spec->path);
	return true;
}

bool comm_open(const char *text, struct comm *comm, struct err *err)
{
	struct comm_spec spec;
	bool ok = true;

	if (!comm_parse(text, &spec, err))
		return false;
	*comm = (struct comm){.kind = spec.kind};
	if (spec.kind == COMM_TCP)
		ok = open_tcp(&spec, comm, err);
	else if (spec.kind == COMM_UNIX)
		ok = open_unix(&spec, comm, err);
	return ok;
}

void comm_close(struct comm *comm)
{
	struct stat st;

	while (comm->fds)
		close(comm->fd[--comm->fds]);
	if (comm->path[0] && !lstat(comm->path, &st) &&
	    st.st_dev == comm->dev && st.st_ino == comm->ino)
		unlink(comm->path);
	comm->path[0] = '\0';
}

int comm_accept(struct comm *comm, unsigned int i, char *peer, size_t size)
{
	union {
		struct sockaddr sa;
		struct sockaddr_storage room;
	} a;
	socklen_t len = sizeof(a);
	int fd, on = 1;

	fd = accept4(comm->fd[i], &a.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return -1;
	if (comm->kind == COMM_TCP) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		/* A client whose machine is gone must not block the next. */
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	name_of(&a.sa, len, peer, size);
	return fd;
}
