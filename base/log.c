#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static atomic_int log_fd = -1; /* -1: stderr */
static atomic_int log_level = LOG_INFO;

bool log_open(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open log file '%s'",
				     path);
	log_close();
	log_fd = fd;
	return true;
}

void log_close(void)
{
	int fd = atomic_exchange(&log_fd, -1);

	if (fd >= 0)
		close(fd);
}

void log_set_level(enum log_level level)
{
	log_level = level;
}

bool log_enabled(enum log_level level)
{
	return (int)level <= log_level;
}

static void emit(const struct buf *line)
{
	int fd = log_fd < 0 ? STDERR_FILENO : log_fd;
	size_t done = 0;

	while (done < line->len) {
		ssize_t n = write(fd, line->data + done, line->len - done);

		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

static void stamp(struct buf *line)
{
	struct timespec now;

	if (log_fd < 0) {
		buf_str(line, "kvm-gdbserver: ");
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	buf_printf(line, "%lld.%06ld ", (long long)now.tv_sec,
		   now.tv_nsec / 1000);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	if (!log_enabled(level))
		return;
	stamp(&line);
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	buf_byte(&line, '\n');
	emit(&line);
	buf_deinit(&line);
}

void log_text(enum log_level level, const char *text)
{
	struct buf line = BUF_INIT;

	if (!log_enabled(level))
		return;
	buf_str(&line, text);
	if (line.len && line.data[line.len - 1] != '\n')
		buf_byte(&line, '\n');
	emit(&line);
	buf_deinit(&line);
}
