#include "vmm/batch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "stub/catch.h"
#include "stub/mon/monitor.h"

static bool resume_all(struct target *t, struct err *err)
{
	struct target_action *actions = calloc(t->nvcpus, sizeof(*actions));
	bool ok;

	if (!actions)
		return err_set(err, ERR_LIMIT, "no memory to resume");
	for (unsigned int i = 0; i < t->nvcpus; i++)
		actions[i].kind = ACTION_CONTINUE;
	ok = target_resume(t, actions, err);
	free(actions);
	return ok;
}

/* The verdict only: the commands are there to tell more. */
static void report(const struct target_stop *stop)
{
	const char *text = stop->text ? stop->text : "the guest died";

	if (stop->kind == STOP_CATCH)
		log_msg(LOG_INFO, "%.*s", (int)strcspn(text, "\n"), text);
	if (stop->kind == STOP_ERROR)
		log_msg(LOG_ERROR, "%.*s", (int)strcspn(text, "\n"), text);
}

/* Lines of catchpoints that only notify. */
static void tell_notes(struct target *t)
{
	struct buf lines = BUF_INIT;

	if (target_notes(t, &lines))
		log_text(LOG_INFO, buf_cstr(&lines));
	buf_deinit(&lines);
}

/* A signal asks the guest to stop; the commands still run. */
static bool wait_for_stop(struct target *t, int signals, struct err *err)
{
	struct pollfd fds[] = {
		{.fd = target_event_fd(t), .events = POLLIN},
		{.fd = signals, .events = POLLIN},
	};
	struct signalfd_siginfo info;
	struct target_stop stop;
	bool stopped;

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return err_set_errno(err, ERR_INTERNAL, "poll");
		if (fds[1].revents &&
		    read(signals, &info, sizeof(info)) == sizeof(info))
			target_interrupt(t, 0);
		stopped = target_next_stop(t, &stop);
		tell_notes(t);
		if (stopped) {
			report(&stop);
			return true;
		}
	}
}

bool batch_run_guest(struct target *t, struct err *err)
{
	sigset_t set;
	int signals;
	bool ok;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_set_errno(err, ERR_LIMIT, "signalfd");
	ok = resume_all(t, err) && wait_for_stop(t, signals, err);
	close(signals);
	return ok;
}

static bool log_progress(void *arg, const char *line)
{
	if (line)
		log_msg(LOG_INFO, "%s", line);
	return true;
}

bool batch_catch(struct target *t, const char *what, struct err *err)
{
	struct buf line = BUF_INIT, out = BUF_INIT;
	bool ok;

	buf_printf(&line, "catch %s", what);
	ok = monitor_run(t, 0, buf_cstr(&line), &out);
	if (ok)
		log_text(LOG_INFO, buf_cstr(&out));
	else
		err_set(err, ERR_USAGE, "--catch: %.*s",
			(int)strcspn(buf_cstr(&out), "\n"), buf_cstr(&out));
	buf_deinit(&out);
	buf_deinit(&line);
	return ok;
}

int batch_commands(struct target *t, const char *commands, int on_error,
		   struct buf *out)
{
	const struct mon_sink sink = {.progress = log_progress};

	if (!monitor_batch_to(t, 0, commands, out, &sink))
		return 1;
	if (t->dead && t->last.kind == STOP_EXITED)
		return t->last.status;
	if (t->last.kind == STOP_ERROR && on_error == SERVER_ERROR_EXIT)
		return SERVER_STATUS_GUEST_DIED;
	return 0;
}
