#include "vmm/core/saved.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stub/core/compat.h"

/* ---- finding ---- */

static int compare(const void *a, const void *b)
{
	const struct saved_note *x = a, *y = b;

	if (x->note != y->note)
		return x->note < y->note ? -1 : 1;
	if (x->vcpu != y->vcpu)
		return x->vcpu < y->vcpu ? -1 : 1;
	if (x->note != CORE_CPUID || x->arg == y->arg)
		return 0;
	return x->arg < y->arg ? -1 : 1;
}

const struct saved_note *saved_find(const struct saved *s, enum core_note note,
				    uint32_t vcpu, uint64_t arg)
{
	const struct saved_note key = {.note = note, .vcpu = vcpu, .arg = arg};

	if (!s->notes)
		return NULL;
	return bsearch(&key, s->note, s->notes, sizeof(key), compare);
}

static size_t element_size(const struct saved_note *n)
{
	return wire_size(core_notes[n->note].layout, n->version);
}

bool saved_get(const struct saved *s, const struct saved_note *n, uint32_t i,
	       void *to)
{
	struct err ignored; /* all were read when the file was opened */

	return n && i < n->count &&
	       wire_get(core_notes[n->note].layout, n->version,
			n->data + i * element_size(n), to, &s->strings,
			&ignored);
}

bool saved_absent(const struct saved *s, enum core_note note, uint32_t vcpu,
		  uint64_t arg, struct err *err)
{
	const struct saved_note *list = saved_find(s, CORE_ABSENT, 0, 0);
	struct core_absent a;

	for (uint32_t i = 0; saved_get(s, list, i, &a); i++)
		if (a.note == note && a.vcpu == vcpu && a.arg == arg)
			return err_set(err, (enum err_code)a.code, "%s",
				       a.error);
	return err_set(err, ERR_UNSUPPORTED, "this file has no %s",
		       core_notes[note].name);
}

bool saved_one(const struct saved *s, enum core_note note, uint32_t vcpu,
	       void *to, struct err *err)
{
	return saved_get(s, saved_find(s, note, vcpu, 0), 0, to) ||
	       saved_absent(s, note, vcpu, 0, err);
}

/* ---- taking our notes ---- */

/* An error about one note: where, what, and the message that is set. */
static bool blame(const struct saved *s, const struct saved_note *n,
		  struct err *err)
{
	if (core_notes[n->note].per_vcpu && n->vcpu != TARGET_VM)
		return err_prefix(err,
				  "%s: the note at 0x%" PRIx64 " (%s of vCPU "
				  "%u)",
				  s->elf.name, n->offset,
				  core_notes[n->note].name, n->vcpu);
	return err_prefix(err, "%s: the note at 0x%" PRIx64 " (%s)",
			  s->elf.name, n->offset, core_notes[n->note].name);
}

/* The header of a note; *left is what follows it. */
static bool take_header(struct saved_note *n, const struct core_raw_note *raw,
			size_t *left, struct err *err)
{
	size_t head = CORE_HEADER_BYTES;

	if (core_notes[n->note].list)
		head += 8;
	n->offset = raw->offset;
	if (raw->len < head)
		return err_set(err, ERR_MALFORMED,
			       "it has %zu bytes, and its header needs %zu",
			       raw->len, head);
	n->version = (uint32_t)wire_number(raw->desc, 4);
	n->vcpu = (uint32_t)wire_number(raw->desc + 4, 4);
	n->arg = wire_number(raw->desc + 8, 8);
	n->count = 1;
	if (core_notes[n->note].list)
		n->count = (uint32_t)wire_number(raw->desc + 16, 4);
	n->data = raw->desc + head;
	*left = raw->len - head;
	return true;
}

static bool check_size(const struct saved_note *n,
		       const struct core_raw_note *raw, size_t left,
		       struct err *err)
{
	size_t size = element_size(n);

	if (core_notes[n->note].list && wire_number(raw->desc + 20, 4) != size)
		return err_set(err, ERR_MALFORMED,
			       "its entries have %u bytes, and version %u of "
			       "them has %zu",
			       (unsigned int)wire_number(raw->desc + 20, 4),
			       n->version, size);
	if (left / size != n->count || left % size)
		return err_set(err, ERR_MALFORMED,
			       "it has %zu bytes, and %u times %zu are needed",
			       left, n->count, size);
	return true;
}

/* Every struct of it, once, into a place that is thrown away. */
static bool check_values(const struct saved *s, const struct saved_note *n,
			 struct err *err)
{
	const struct wire_layout *layout = core_notes[n->note].layout;
	void *scratch = malloc(layout->size);
	size_t size = element_size(n);
	bool ok = scratch != NULL;

	if (!ok)
		err_set(err, ERR_LIMIT, "no memory to read it");
	for (uint32_t i = 0; ok && i < n->count; i++)
		ok = wire_get(layout, n->version, n->data + i * size, scratch,
			      &s->strings, err) ||
		     (core_notes[n->note].list &&
		      err_prefix(err, "entry %u", i));
	free(scratch);
	return ok;
}

static bool take_note(struct saved *s, enum core_note note,
		      const struct core_raw_note *raw, struct err *err)
{
	struct saved_note *n = &s->note[s->notes];
	size_t left;

	*n = (struct saved_note){.note = note};
	if (!take_header(n, raw, &left, err))
		return blame(s, n, err);
	if (n->version > CORE_VERSION || !n->version) {
		buf_printf(&s->about,
			   "not read: %s, in version %u of the format (this "
			   "program knows up to %u)\n",
			   core_notes[note].name, n->version, CORE_VERSION);
		return true;
	}
	if (!check_size(n, raw, left, err) || !check_values(s, n, err))
		return blame(s, n, err);
	s->notes++;
	return true;
}

/* Which of ours, or 0. */
static enum core_note our_note(const struct core_raw_note *raw)
{
	uint32_t note = raw->type - CORE_TYPE;

	return strcmp(raw->owner, CORE_OWNER) || note >= CORE_NOTES
		       ? (enum core_note)0
		       : (enum core_note)note;
}

static bool take_strings(struct saved *s, struct err *err)
{
	struct core_note_iter it = {0, 0};
	struct core_raw_note raw;

	while (elf_core_note(&s->elf, &it, &raw)) {
		struct saved_note n = {.note = CORE_STRINGS};
		size_t left;

		if (our_note(&raw) != CORE_STRINGS)
			continue;
		if (!take_header(&n, &raw, &left, err) ||
		    !wire_strings_read(&s->strings, n.data, left, err))
			return blame(s, &n, err);
		return true;
	}
	return true;
}

static bool take_ours(struct saved *s, struct err *err)
{
	struct core_note_iter it = {0, 0};
	struct core_raw_note raw;
	unsigned int n = 0;

	while (elf_core_note(&s->elf, &it, &raw))
		n += our_note(&raw) != 0;
	s->note = calloc(n + 1, sizeof(*s->note));
	if (!s->note)
		return err_set(err, ERR_LIMIT, "%s: no memory for its notes",
			       s->elf.name);
	if (!take_strings(s, err))
		return false;
	it = (struct core_note_iter){0, 0};
	while (elf_core_note(&s->elf, &it, &raw))
		if (our_note(&raw) > CORE_STRINGS &&
		    !take_note(s, our_note(&raw), &raw, err))
			return false;
	if (s->notes)
		qsort(s->note, s->notes, sizeof(*s->note), compare);
	for (unsigned int i = 1; i < s->notes; i++)
		if (!compare(&s->note[i - 1], &s->note[i])) {
			err_set(err, ERR_MALFORMED,
				"there is another at 0x%" PRIx64,
				s->note[i - 1].offset);
			return blame(s, &s->note[i], err);
		}
	return true;
}

/* ---- what they say ---- */

static void tell_origin(struct saved *s)
{
	time_t seconds = (time_t)(s->machine.saved_at / 1000000000);
	char date[40] = "?";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_printf(&s->about, "saved by %s on %s (%s)\n", s->machine.program,
		   date, s->machine.target);
}

static bool take_vcpus(struct saved *s, struct err *err)
{
	unsigned int n = s->machine.vcpus;

	if (!n || n > SAVED_VCPUS_MAX)
		return err_set(err, ERR_MALFORMED,
			       "%s: it says that it has %u "
			       "vCPUs",
			       s->elf.name, n);
	s->vcpu = calloc(n, sizeof(*s->vcpu));
	if (!s->vcpu)
		return err_set(err, ERR_LIMIT, "%s: no memory for %u vCPUs",
			       s->elf.name, n);
	s->vcpus = n;
	for (unsigned int i = 0; i < n; i++)
		if (!saved_get(s, saved_find(s, CORE_VCPU, i, 0), 0,
			       &s->vcpu[i]))
			return err_set(err, ERR_MALFORMED,
				       "%s: there is no note with the "
				       "registers of vCPU %u",
				       s->elf.name, i);
	return true;
}

/* Is the vCPU that an entry names one of those there are? */
static bool check_vcpu(const struct saved *s, const struct saved_note *n,
		       unsigned int vcpu, struct err *err)
{
	if (vcpu < s->vcpus)
		return true;
	err_set(err, ERR_MALFORMED, "it names vCPU %u, and there are %u", vcpu,
		s->vcpus);
	return blame(s, n, err);
}

/* Memory that the map has and the file has not would be looked for in vain. */
static bool check_regions(const struct saved *s, struct err *err)
{
	const struct saved_note *n = saved_find(s, CORE_REGION, 0, 0);
	struct target_region r;

	for (uint32_t i = 0; saved_get(s, n, i, &r); i++) {
		if (!r.ram || elf_core_has(&s->elf, r.start, r.size))
			continue;
		err_set(err, ERR_MALFORMED,
			"entry %u: RAM at 0x%" PRIx64 ", 0x%" PRIx64 " bytes, "
			"is not "
			"all in "
			"the file",
			i, r.start, r.size);
		return blame(s, n, err);
	}
	return true;
}

/* What the tables cannot know. */
static bool check_sense(struct saved *s, struct err *err)
{
	const struct saved_note *stop = saved_find(s, CORE_STOP, 0, 0),
				*evidence = saved_find(s, CORE_EVIDENCE, 0, 0),
				*events =
					saved_find(s, CORE_KERNEL_EVENT, 0, 0),
				*n;
	struct target_kernel_event event;
	struct target_evidence ev;

	if (saved_get(s, stop, 0, &s->stop) &&
	    !check_vcpu(s, stop, s->stop.vcpu, err))
		return false;
	if (saved_get(s, evidence, 0, &ev) &&
	    !check_vcpu(s, evidence, ev.vcpu, err))
		return false;
	for (uint32_t i = 0; saved_get(s, events, i, &event); i++)
		if (!check_vcpu(s, events, event.vcpu, err))
			return false;
	for (unsigned int i = 0; i < s->notes; i++) {
		n = &s->note[i];
		if (n->note != CORE_CPUID || n->count <= X86_CPUID_MAX)
			continue;
		err_set(err, ERR_MALFORMED, "it has %u entries; the most is %u",
			n->count, X86_CPUID_MAX);
		return blame(s, n, err);
	}
	return true;
}

static bool understand(struct saved *s, struct err *err)
{
	if (!take_ours(s, err))
		return false;
	s->ours =
		saved_get(s, saved_find(s, CORE_MACHINE, 0, 0), 0, &s->machine);
	if (!s->ours)
		return saved_take_foreign(s, err);
	tell_origin(s);
	return take_vcpus(s, err) && check_regions(s, err) &&
	       check_sense(s, err);
}

bool saved_open(struct saved *s, int fd, const char *name, struct err *err)
{
	memset(s, 0, sizeof(*s));
	if (!elf_core_open(&s->elf, fd, name, err))
		return false;
	if (understand(s, err))
		return true;
	saved_close(s);
	return false;
}

void saved_close(struct saved *s)
{
	wire_strings_deinit(&s->strings);
	buf_deinit(&s->about);
	free(s->note);
	free(s->vcpu);
	elf_core_close(&s->elf);
	memset(s, 0, sizeof(*s));
}
