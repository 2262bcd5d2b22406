#include "stub/core/write.h"

#include <stdlib.h>
#include <string.h>

#include "stub/core/elf.h"
#include "stub/core/file.h"
#include "stub/core/notes.h"
#include "stub/core/vmcoreinfo.h"
#include "stub/target.h"

#define PAGE		UINT64_C(4096)
#define PIECE		(UINT64_C(1) << 20) /* memory read at a time */
/* Room kept behind the notes for VMCOREINFO, which memory shows too late. */
#define VMCOREINFO_ROOM (ELF_NOTE_HEAD + 12 + VMCOREINFO_MAX)

struct segment {
	gpa_t start;
	uint64_t size, offset;
};

struct writer {
	struct target *t;
	const struct core_options *options;
	struct core_summary *sum;
	struct core_file file;
	struct segment *segment;
	unsigned int segments;
	struct buf notes;
	uint64_t notes_at;
	uint8_t *piece;	       /* PIECE bytes */
	struct buf vmcoreinfo; /* its note */
	uint64_t done;	       /* bytes of memory */
};

/* ---- what goes where ---- */

static bool find_segments(struct writer *w, struct err *err)
{
	struct target_region r;
	unsigned int n = 0;

	while (target_region(w->t, n, &r))
		n++;
	w->segment = calloc(n + 1, sizeof(*w->segment));
	if (!w->segment)
		return err_set(err, ERR_LIMIT, "no memory for %u regions", n);
	for (unsigned int i = 0; i < n && target_region(w->t, i, &r); i++) {
		if (!r.ram || !r.size)
			continue;
		w->segment[w->segments++] =
			(struct segment){.start = r.start, .size = r.size};
		w->sum->memory += r.size;
	}
	if (w->segments >= ELF_PN_XNUM - 1)
		return err_set(err, ERR_LIMIT,
			       "%u pieces of memory are more "
			       "than the file can list",
			       w->segments);
	return true;
}

static void place(struct writer *w)
{
	uint64_t at = wire_size(&elf64_ehdr_layout, 1) +
		      (w->segments + 1) * wire_size(&elf64_phdr_layout, 1);

	w->notes_at = at;
	at += w->notes.len + VMCOREINFO_ROOM;
	for (unsigned int i = 0; i < w->segments; i++) {
		at = (at + PAGE - 1) & ~(PAGE - 1);
		w->segment[i].offset = at;
		at += w->segment[i].size;
	}
	w->file.size = at;
}

static void put_ehdr(const struct writer *w, struct buf *out)
{
	const struct elf_ehdr e = {
		.ident = {0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_LSB, 1},
		.type = ELF_CORE,
		.machine = ELF_X86_64,
		.version = 1,
		.phoff = wire_size(&elf64_ehdr_layout, 1),
		.ehsize = (uint16_t)wire_size(&elf64_ehdr_layout, 1),
		.phentsize = (uint16_t)wire_size(&elf64_phdr_layout, 1),
		.phnum = (uint16_t)(w->segments + 1),
	};

	wire_put(out, &elf64_ehdr_layout, &e, NULL);
}

static bool write_head(struct writer *w, struct err *err)
{
	struct elf_phdr note = {.type = ELF_PT_NOTE,
				.offset = w->notes_at,
				.filesz = w->notes.len + w->vmcoreinfo.len};
	struct buf head = BUF_INIT;
	bool ok;

	put_ehdr(w, &head);
	note.memsz = note.filesz;
	wire_put(&head, &elf64_phdr_layout, &note, NULL);
	for (unsigned int i = 0; i < w->segments; i++) {
		const struct segment *s = &w->segment[i];
		const struct elf_phdr load = {.type = ELF_PT_LOAD,
					      .flags = ELF_PF_RWX,
					      .offset = s->offset,
					      .vaddr = s->start,
					      .paddr = s->start,
					      .filesz = s->size,
					      .memsz = s->size};

		wire_put(&head, &elf64_phdr_layout, &load, NULL);
	}
	ok = !head.failed || err_set(err, ERR_LIMIT,
				     "no memory for the file's "
				     "head");
	ok = ok && core_file_write(&w->file, 0, head.data, head.len, err) &&
	     core_file_write(&w->file, w->notes_at, w->notes.data, w->notes.len,
			     err) &&
	     core_file_write(&w->file, w->notes_at + w->notes.len,
			     w->vmcoreinfo.data, w->vmcoreinfo.len, err);
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
static bool write_data(struct writer *w, const struct segment *s, uint64_t at,
		       uint64_t size, struct err *err)
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

static bool write_segment(struct writer *w, const struct segment *s,
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
	for (unsigned int i = 0; i < w->segments; i++)
		if (!write_segment(w, &w->segment[i], err))
			return false;
	return true;
}

/* ---- all of it ---- */

static bool prepare(struct writer *w, struct err *err)
{
	w->piece = malloc(PIECE);
	if (!w->piece)
		return err_set(err, ERR_LIMIT, "no memory to read into");
	if (!find_segments(w, err) || !core_put_notes(&w->notes, w->t, err))
		return false;
	place(w);
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
	free(w.segment);
	buf_deinit(&w.notes);
	buf_deinit(&w.vmcoreinfo);
	return ok;
}
