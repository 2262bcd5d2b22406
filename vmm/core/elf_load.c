/* Physical memory in a core file. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/core/elf_impl.h"

bool elf_core_read_at(const struct elf_core *e, uint64_t offset, void *buf,
		      size_t len, const char *what, struct err *err)
{
	char *to = buf;

	if (!range_ok(0, e->size, offset, len))
		return err_set(err, ERR_MALFORMED,
			       "%s is cut short: it ends at 0x%" PRIx64
			       ", and %s needs 0x%zx bytes at 0x%" PRIx64,
			       e->name, e->size, what, len, offset);
	while (len) {
		ssize_t n = pread(e->fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, ERR_IO,
					     "%s: cannot read %s at "
					     "0x%" PRIx64,
					     e->name, what, offset);
		if (!n)
			return err_set(err, ERR_IO,
				       "%s: the file ends at 0x%" PRIx64
				       " now, and had 0x%" PRIx64 " bytes when "
				       "it was opened",
				       e->name, offset, e->size);
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- the map ---- */

bool elf_core_add_load(struct elf_core *e, const struct elf_phdr *p,
		       unsigned int segment, struct err *err)
{
	if (!p->filesz) /* memory that was not stored: the offset means nothing
			 */
		return true;
	if (p->filesz > p->memsz)
		return err_set(err, ERR_MALFORMED,
			       "%s: program header %u (PT_LOAD): p_filesz "
			       "0x%" PRIx64 " is more than p_memsz 0x%" PRIx64,
			       e->name, segment, p->filesz, p->memsz);
	if (p->filesz - 1 > UINT64_MAX - p->paddr)
		return err_set(err, ERR_MALFORMED,
			       "%s: program header %u (PT_LOAD): 0x%" PRIx64
			       " bytes at physical 0x%" PRIx64 " go past the "
			       "end of the address space",
			       e->name, segment, p->filesz, p->paddr);
	if (!range_ok(0, e->size, p->offset, p->filesz))
		return err_set(err, ERR_MALFORMED,
			       "%s is cut short: it ends at 0x%" PRIx64
			       ", and program header %u (PT_LOAD, physical "
			       "0x%" PRIx64 ") has 0x%" PRIx64 " bytes at "
			       "0x%" PRIx64,
			       e->name, e->size, segment, p->paddr, p->filesz,
			       p->offset);
	e->load[e->loads++] = (struct core_load){.start = p->paddr,
						 .size = p->filesz,
						 .offset = p->offset,
						 .segment = segment};
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct core_load *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->segment < y->segment ? -1 : x->segment > y->segment;
}

static bool contradiction(const struct elf_core *e, const struct core_load *a,
			  const struct core_load *b, struct err *err)
{
	bool process = true;

	for (unsigned int i = 0; i < e->loads; i++)
		process = process && !e->load[i].start;
	if (process)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s is the core of a process: its segments have "
			       "no physical addresses (open it with gdb "
			       "itself)",
			       e->name);
	return err_set(err, ERR_MALFORMED,
		       "%s: program headers %u and %u (PT_LOAD) both have "
		       "physical 0x%" PRIx64 ", at 0x%" PRIx64 " and 0x%" PRIx64
		       " of the file",
		       e->name, a->segment, b->segment, b->start,
		       a->offset + (b->start - a->start), b->offset);
}

/*
 * A file with linear addresses (QEMU's -p) names the same memory many times:
 * join what agrees, refuse what does not.
 */
bool elf_core_join_loads(struct elf_core *e, struct err *err)
{
	unsigned int n = 0;

	if (e->loads)
		qsort(e->load, e->loads, sizeof(*e->load), by_start);
	for (unsigned int i = 0; i < e->loads; i++) {
		const struct core_load *b = &e->load[i];
		struct core_load *a = n ? &e->load[n - 1] : NULL;
		uint64_t ahead = a ? b->start - a->start : 0;
		bool same = a && b->offset - a->offset == ahead;

		if (a && ahead < a->size && !same)
			return contradiction(e, a, b, err);
		if (same && ahead <= a->size)
			a->size = max_u64(a->size, ahead + b->size);
		else
			e->load[n++] = *b;
	}
	e->loads = n;
	return true;
}

/* ---- reading ---- */

/* The piece that has gpa, or NULL. */
static const struct core_load *find_load(const struct elf_core *e, gpa_t gpa)
{
	unsigned int low = 0, high = e->loads;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;
		const struct core_load *l = &e->load[mid];

		if (range_ok(l->start, l->size, gpa, 1))
			return l;
		if (gpa < l->start)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

bool elf_core_has(const struct elf_core *e, gpa_t gpa, uint64_t size)
{
	while (size) {
		const struct core_load *l = find_load(e, gpa);
		uint64_t n;

		if (!l)
			return false;
		n = min_u64(size, l->size - (gpa - l->start));
		gpa += n;
		size -= n;
	}
	return true;
}

bool elf_core_read(const struct elf_core *e, gpa_t gpa, void *buf, size_t len,
		   struct err *err)
{
	uint8_t *to = buf;

	while (len) {
		const struct core_load *l = find_load(e, gpa);
		size_t n;

		if (!l)
			return err_set_fault(err, gpa,
					     "physical 0x%" PRIx64 " is not in "
					     "the file",
					     gpa);
		n = min_u64(len, l->size - (gpa - l->start));
		if (!elf_core_read_at(e, l->offset + (gpa - l->start), to, n,
				      "memory", err))
			return false;
		to += n;
		gpa += n;
		len -= n;
	}
	return true;
}

void elf_core_extent(const struct elf_core *e, gpa_t gpa, uint64_t len,
		     uint64_t *zero, uint64_t *data)
{
	const struct core_load *l = find_load(e, gpa);
	off_t at, next, end;

	*zero = 0;
	*data = len;
	if (!l)
		return;
	len = min_u64(len, l->size - (gpa - l->start));
	at = (off_t)(l->offset + (gpa - l->start));
	next = lseek(e->fd, at, SEEK_DATA);
	/* Nothing but a hole to the end, or no more file? */
	if (next < 0 && errno == ENXIO && lseek(e->fd, 0, SEEK_END) > at) {
		*zero = len;
		*data = 0;
		return;
	}
	end = next < 0 ? -1 : lseek(e->fd, next, SEEK_HOLE);
	if (end < 0)
		return;
	*zero = min_u64(len, (uint64_t)(next - at));
	*data = min_u64(len - *zero, (uint64_t)(end - next));
}
