#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct err *err, enum err_code code, const char *fmt,
		 va_list ap)
{
	err->code = code;
	err->os_errno = 0;
	err->addr = 0;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, fmt, ap);
	va_end(ap);
	return false;
}

bool err_set_errno(struct err *err, enum err_code code, const char *fmt, ...)
{
	int saved = errno;
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, fmt, ap);
	va_end(ap);
	err->os_errno = saved;
	used = strlen(err->msg);
	snprintf(err->msg + used, sizeof(err->msg) - used, ": %s",
		 strerror(saved));
	return false;
}

bool err_set_fault(struct err *err, uint64_t addr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, ERR_FAULT, fmt, ap);
	va_end(ap);
	err->addr = addr;
	return false;
}

bool err_prefix(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	size_t used;
	va_list ap;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	snprintf(err->msg + used, sizeof(err->msg) - used, ": %.400s", old);
	return false;
}

static const struct {
	const char *name;
	unsigned int rsp;
	int exit_status;
} err_table[] = {
	[ERR_NONE] = {"none", 1, 0},
	[ERR_USAGE] = {"usage", EINVAL, 2},
	[ERR_MALFORMED] = {"malformed", EINVAL, 1},
	[ERR_UNSUPPORTED] = {"unsupported", EOPNOTSUPP, 1},
	[ERR_STATE] = {"state", EBUSY, 1},
	[ERR_NOT_FOUND] = {"not-found", ENOENT, 1},
	[ERR_RANGE] = {"range", ERANGE, 1},
	[ERR_FAULT] = {"fault", EFAULT, 1},
	[ERR_REFUSED] = {"refused", EINVAL, 1},
	[ERR_LIMIT] = {"limit", ENOSPC, 1},
	[ERR_IO] = {"io", EIO, 1},
	[ERR_KVM] = {"kvm", EIO, 1},
	[ERR_INTERNAL] = {"internal", EPROTO, 1},
};

const char *err_code_name(enum err_code code)
{
	if ((unsigned int)code >= ARRAY_SIZE(err_table))
		return "unknown";
	return err_table[code].name;
}

unsigned int err_rsp_number(const struct err *err)
{
	if ((unsigned int)err->code >= ARRAY_SIZE(err_table))
		return EPROTO;
	return err_table[err->code].rsp;
}

int err_exit_status(const struct err *err)
{
	if ((unsigned int)err->code >= ARRAY_SIZE(err_table))
		return 1;
	return err_table[err->code].exit_status;
}
