/*
 * --batch: monitor commands on a machine without a client.  Works on any
 * target.  Threading: the server thread; SIGINT and SIGTERM are blocked.
 */
#ifndef VMM_BATCH_H
#define VMM_BATCH_H

#include "base/buf.h"
#include "base/err.h"
#include "stub/server.h"
#include "stub/target.h"

/*
 * Run the guest until it stops by itself, or is stopped by SIGINT or SIGTERM.
 * The verdict on an error stop goes to the log.
 */
bool batch_run_guest(struct target *t, struct err *err) MUST_CHECK;

/* `catch WHAT`, for --catch; what it says goes to the log. */
bool batch_catch(struct target *t, const char *what,
		 struct err *err) MUST_CHECK;

/*
 * "CMD; CMD": output goes to *out.  Returns the program's exit status: 1 when a
 * command failed, else the guest's own when it has ended itself, or
 * SERVER_STATUS_GUEST_DIED when it has died and on_error asks for that.
 */
int batch_commands(struct target *t, const char *commands, int on_error,
		   struct buf *out);

#endif
