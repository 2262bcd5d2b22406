/* What the server does with the guest while no client decides. */
#include "stub/server_impl.h"

#include "base/log.h"
#include "stub/core/report.h"
#include "stub/catch.h"

void server_finish(struct server *s, int status)
{
	s->over = true;
	s->status = status;
}

static bool guest_exited(const struct server *s)
{
	return s->target->dead && s->target->last.kind == STOP_EXITED;
}

/* Once a death. */
static void dump_dead(struct server *s)
{
	if (!s->config.dump || s->dumped || !s->target->dead ||
	    s->target->last.kind != STOP_ERROR)
		return;
	s->dumped = true;
	(void)core_write_logged(s->target, s->config.dump);
}

void server_check_end(struct server *s)
{
	dump_dead(s);
	if (guest_exited(s))
		server_finish(s, s->target->last.status);
	else if (s->target->dead && s->config.on_error == SERVER_ERROR_EXIT)
		server_finish(s, SERVER_STATUS_GUEST_DIED);
}

bool server_resume_all(struct server *s)
{
	struct err err;

	if (bp_sync(&s->bps, s->target, &err) &&
	    target_resume(s->target, s->go, &err))
		return true;
	log_msg(LOG_ERROR, "cannot resume the guest: %s", err.msg);
	return false;
}

void server_remove_breakpoints(struct server *s)
{
	struct err err;

	bp_release_all(&s->bps);
	if (!bp_sync(&s->bps, s->target, &err))
		log_msg(LOG_WARN, "cannot remove a breakpoint: %s", err.msg);
}

/* A guest in a reset loop must not fill the log: 1, 2, 4, 8 ... are told. */
static void report_reset(struct server *s, const struct target_stop *stop)
{
	s->resets++;
	if (s->resets & (s->resets - 1))
		return;
	log_text(LOG_ERROR, stop->text);
	if (s->resets > 1)
		log_msg(LOG_WARN,
			"that was reset %u with nobody attached; a debugger "
			"that is attached stops at the next one",
			s->resets);
}

/* As many stops at catchpoints with nobody attached, likewise. */
static void report_catch(struct server *s, const struct target_stop *stop)
{
	s->catches++;
	if (!(s->catches & (s->catches - 1)))
		log_text(LOG_WARN, stop->text);
}

void server_tell_notes(struct server *s)
{
	struct session *client = &s->conn.session;
	struct buf lines = BUF_INIT;

	if (!target_notes(s->target, &lines)) {
		buf_deinit(&lines);
		return;
	}
	if (s->state == CLIENT_SERVED && client->awaiting) {
		session_note(client, buf_cstr(&lines), lines.len);
		conn_output(&s->conn);
	} else {
		log_text(LOG_INFO, buf_cstr(&lines));
	}
	buf_deinit(&lines);
}

void server_report_stop(struct server *s, const struct target_stop *stop)
{
	if (stop->text && stop->kind == STOP_RESET)
		report_reset(s, stop);
	else if (stop->text && stop->kind == STOP_CATCH)
		report_catch(s, stop);
	else if (stop->text)
		log_text(LOG_ERROR, stop->text);
	if (stop->kind == STOP_ERROR && s->config.on_error == SERVER_ERROR_HALT)
		log_msg(LOG_ERROR, "the guest is halted; attach a debugger to "
				   "look at it, or end this program");
}

/*
 * The guest's own doing, not a client's: running on would be a mistake.  So
 * would it be at a catchpoint of the command line that nobody has come to look
 * at yet; a client that has left let the guest go.
 */
static bool halts(const struct server *s, const struct target_stop *stop)
{
	return (stop->kind == STOP_INTERRUPT && stop->text) ||
	       (stop->kind == STOP_CATCH && !s->had_client);
}

void server_stop_unattended(struct server *s, const struct target_stop *stop)
{
	enum after_stop after = s->after;

	s->after = AFTER_STOP_REPORT;
	if (after != AFTER_STOP_REPORT)
		server_remove_breakpoints(s);
	server_report_stop(s, stop);
	if (s->target->dead)
		server_check_end(s);
	else if (after != AFTER_STOP_HALT && !halts(s, stop))
		server_resume_all(s);
	else if (after != AFTER_STOP_HALT && stop->kind == STOP_CATCH)
		log_msg(LOG_WARN, "the guest is halted at the catchpoint; "
				  "attach a debugger to look at it");
}
