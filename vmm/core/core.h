/*
 * A saved crash as a target: a core file behind stub/target.h.  It can be read
 * in every way and neither run nor changed; /dev/kvm is not needed.
 * Threading: server thread only.
 */
#ifndef VMM_CORE_CORE_H
#define VMM_CORE_CORE_H

#include "stub/target.h"

struct core;

bool core_open(const char *path, struct core **core,
	       struct err *err) MUST_CHECK;
/* The same from an open file, which is taken over; name is for messages. */
bool core_open_fd(int fd, const char *name, struct core **core,
		  struct err *err) MUST_CHECK;
void core_close(struct core *core); /* NULL is fine */

/*
 * Take the symbols of an ELF image (vmm/boot/symbols.h).  The data outlives
 * the core.
 */
bool core_set_image(struct core *core, const char *name, const void *data,
		    size_t size, struct err *err) MUST_CHECK;

struct target *core_target(struct core *core);

/* Lines: who saved it and when, and what is missing or assumed. */
const char *core_about(const struct core *core);

#endif
