#include "stub/core/report.h"

#include <stdlib.h>

#include "base/log.h"
#include "stub/clock.h"
#include "stub/inspect.h"
#include "stub/target.h"

void core_progress_line(struct buf *out, uint64_t done, uint64_t total)
{
	buf_printf(out, "dump: %llu of %llu MiB",
		   (unsigned long long)(done >> 20),
		   (unsigned long long)(total >> 20));
}

/* The name as seen from anywhere: the server's folder is not the reader's. */
static void put_name(struct buf *out, const char *path)
{
	char *full = realpath(path, NULL);

	buf_str(out, full ? full : path);
	free(full);
}

void core_report(struct buf *out, struct target *t, const char *path,
		 const struct core_summary *sum)
{
	const char *image = target_image(t);

	put_name(out, path);
	buf_printf(out,
		   ": %u vCPU%s, %llu MiB of memory (%llu KiB not zero)%s\n",
		   t->nvcpus, t->nvcpus == 1 ? "" : "s",
		   (unsigned long long)(sum->memory >> 20),
		   (unsigned long long)(sum->written >> 10),
		   sum->vmcoreinfo ? ", Linux's VMCOREINFO" : "");
	if (sum->cut)
		buf_printf(out,
			   "linear addresses from 0x%llx on are left out: too "
			   "many pieces\n",
			   (unsigned long long)sum->cut_at);
	buf_str(out, "look at it with: kvm-gdbserver --core ");
	put_name(out, path);
	buf_printf(out, " :1234%s%s\n", image ? " " : "", image ? image : "");
}

static bool log_progress(void *arg, uint64_t done, uint64_t total)
{
	struct buf line = BUF_INIT;
	int64_t *next = arg;

	if (now_ms() < *next)
		return true;
	*next += CORE_PROGRESS_MS;
	core_progress_line(&line, done, total);
	log_msg(LOG_INFO, "%s", buf_cstr(&line));
	buf_deinit(&line);
	return true;
}

bool core_write_logged(struct target *t, const char *path)
{
	int64_t next = now_ms() + CORE_PROGRESS_MS;
	const struct core_options options = {
		.replace = true, .progress = log_progress, .arg = &next};
	struct core_summary sum;
	struct buf text = BUF_INIT;
	struct err err;
	bool ok = core_write(t, path, &options, &sum, &err);

	if (ok) {
		core_report(&text, t, path, &sum);
		log_text(LOG_INFO, buf_cstr(&text));
		buf_deinit(&text);
	} else {
		log_msg(LOG_ERROR, "the guest is not saved: %s", err.msg);
	}
	return ok;
}
