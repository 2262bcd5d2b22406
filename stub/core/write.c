#include "stub/core/write.h"

#include <stdlib.h>
#include <string.h>

#include "stub/core/elf.h"
#include "stub/core/file.h"
#include "stub/core/notes.h"
#include "stub/core/plan.h"
#include "stub/core/vmcoreinfo.h"
#include "stub/target.h"

#define PAGE		UINT64_C(4096)
#define PIECE		(UINT64_C(1) << 20) /* memory read at a time */
/* Room kept behind the notes for VMCOREINFO, which memory shows too late. */
#define VMCOREINFO_ROOM (ELF_NOTE_HEAD + 12 + VMCOREINFO_MAX)

struct writer {
	struct target *t;
	const struct core_options *options;
	struct core_summary *sum;
	struct core_file file;
	struct core_plan plan;
	struct buf notes;
	uint8_t *piece;	       /* PIECE bytes */
	struct buf vmcoreinfo; /* its note */
	uint64_t done;	       /* bytes of memory */
};

static bool write_head(struct writer *w, struct err *err)
{
	uint64_t at = w->plan.notes_at;
	struct buf head = BUF_INIT;
	bool ok;

	core_plan_put_head(&w->plan, w->notes.len + w->vmcoreinfo.len, &head);
	ok = !head.failed ||
	     err_set(err, ERR_LIMIT, "no memory for the file's head");
	ok = ok && core_file_write(&w->file, 0, head.data, head.len, err) &&
	     core_file_write(&w->file, at, w->notes.data, w->notes.len, err) &&
	     core_file_write(&w->file, at + w->notes.len, w->vmcoreinfo.data,
			     w->vmcoreinfo.len, err);
	buf_deinit(&head);
	return ok;
}

/* ---- memory ---- */

static bool is_zero(const uint8_t *bytes, size_t len)
{
	/* Every byte equals the next, and the first is zero. */
	return !bytes[0] && (len == 1 || !memcmp(bytes, bytes + 1, len - 1));
}

static void look_at_page(struct writer *w, const uint8_t *page)
{
	const char *text;
	size_t len;

	if (w->sum->vmcoreinfo || !vmcoreinfo_in_page(page, &text, &len))
		return;
	core_put_note(&w->vmcoreinfo, VMCOREINFO_OWNER, 0, text, len);
	w->sum->vmcoreinfo = !w->vmcoreinfo.failed;
}

/* Write what is not zero of these bytes, in runs. */
static bool write_piece(struct writer *w, uint64_t offset, const uint8_t *bytes,
			size_t len, struct err *err)
{
	size_t run = 0, at = 0;

	while (at < len) {
		size_t n = min_u64(PAGE, len - at);
		bool zero = is_zero(bytes + at, n);

		if (!zero && n == PAGE)
			look_at_page(w, bytes + at);
		if (zero && run < at &&
		    !core_file_write(&w->file, offset + run, bytes + run,
				     at - run, err))
			return false;
		at += n;
		if (zero)
			run = at;
		else
			w->sum->written += n;
	}
	return run == len || core_file_write(&w->file, offset + run,
					     bytes + run, len - run, err);
}

static bool report(struct writer *w, struct err *err)
{
	const struct core_options *o = w->options;

	if (!o->progress || o->progress(o->arg, w->done, w->sum->memory))
		return true;
	return err_set(err, ERR_STATE,
		       "the dump was given up; nothing is left of it");
}

/* One stretch that may be anything, a piece at a time. */
static bool write_data(struct writer *w, const struct core_piece *s,
		       uint64_t at, uint64_t size, struct err *err)
{
	for (uint64_t end = at + size; at < end;) {
		size_t len = min_u64(PIECE, end - at);
		const void *bytes = target_span(w->t, s->start + at, len);

		if (!bytes && !target_read_phys(w->t, s->start + at, w->piece,
						len, NULL, err))
			return false;
		if (!write_piece(w, s->offset + at, bytes ? bytes : w->piece,
				 len, err))
			return false;
		at += len;
		w->done += len;
		if (!report(w, err))
			return false;
	}
	return true;
}

static bool write_memory_piece(struct writer *w, const struct core_piece *s,
			       struct err *err)
{
	uint64_t at = 0, zero, data;

	while (at < s->size) {
		target_extent(w->t, s->start + at, s->size - at, &zero, &data);
		at += zero;
		w->done += zero;
		if (!write_data(w, s, at, data, err))
			return false;
		at += data;
	}
	return true;
}

static bool write_memory(struct writer *w, struct err *err)
{
	for (unsigned int i = 0; i < w->plan.pieces; i++)
		if (!write_memory_piece(w, &w->plan.piece[i], err))
			return false;
	return true;
}

/* ---- all of it ---- */

static bool prepare(struct writer *w, struct err *err)
{
	w->piece = malloc(PIECE);
	if (!w->piece)
		return err_set(err, ERR_LIMIT, "no memory to read into");
	if (!core_plan_init(&w->plan, w->t, err) ||
	    !core_put_notes(&w->notes, w->t, err))
		return false;
	if (w->options->linear &&
	    !core_plan_linear(&w->plan, w->t, w->options->vcpu, err))
		return false;
	core_plan_place(&w->plan, w->notes.len + VMCOREINFO_ROOM);
	w->file.size = w->plan.size;
	w->sum->memory = w->plan.memory;
	w->sum->cut = w->plan.cut;
	w->sum->cut_at = w->plan.cut_at;
	return true;
}

bool core_write(struct target *t, const char *path,
		const struct core_options *options, struct core_summary *sum,
		struct err *err)
{
	struct core_summary s = {0};
	struct writer w = {.t = t, .options = options, .sum = &s};
	bool ok;

	ok = core_file_create(&w.file, path, options->replace, err);
	if (ok) {
		ok = prepare(&w, err) && write_memory(&w, err) &&
		     write_head(&w, err) && core_file_finish(&w.file, err);
		core_file_close(&w.file);
	}
	if (ok)
		*sum = s;
	free(w.piece);
	core_plan_deinit(&w.plan);
	buf_deinit(&w.notes);
	buf_deinit(&w.vmcoreinfo);
	return ok;
}
