/*
 * Where the guest's serial port and debug consoles go on the host:
 * --serial stdio|tty|file:PATH|unix:PATH|pty|none.
 *
 * Threading: console_write() from vCPU threads (device code, under the bus
 * lock); it never blocks for long: a slow reader loses nothing up to 64 KiB,
 * then the oldest bytes are dropped and counted.  Input is read by the server
 * thread, which polls console_fd() and calls console_input().
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct console;

/*
 * Open per spec.
 *   stdio      input from stdin, which goes raw if it is our terminal (Ctrl-C
 *              and Ctrl-Z keep their meaning); output to stdout
 *   tty        our terminal with every key for the guest, but Ctrl-], which
 *              ends the program as SIGTERM does
 *   file:PATH  output only, the file is truncated
 *   unix:PATH  a listening socket, mode 0600; one client at a time, and what
 *              the guest said before it came (up to 64 KiB) is sent to it
 *   pty        a new pseudo-terminal, its path goes to the log
 *   none       output is discarded, there is no input
 * The program ignores SIGPIPE.
 */
bool console_open(const char *spec, struct console **con,
		  struct err *err) MUST_CHECK;
/* Restores terminal modes, unlinks the socket, flushes. */
void console_close(struct console *con);

/*
 * Put the terminal's modes back if a console changed them.  Safe in a signal
 * handler and from atexit(); does nothing the second time.
 */
void console_restore_terminal(void);

void console_write(struct console *con, const void *data, size_t len);

/*
 * fd to poll for input (POLLIN), or -1 when there is none now.  It changes:
 * ask before each poll.
 */
int console_fd(struct console *con);
/* fd readable: returns bytes read into buf (0 when none). */
size_t console_input(struct console *con, void *buf, size_t size);

#endif
