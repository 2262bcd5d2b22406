/*
 * Which guest memory nobody has touched yet: it is zero, and stays out of the
 * host's memory as long as nobody reads it to find that out.
 *
 * /proc/self/pagemap has a word a page (Linux Documentation/admin-guide/mm/
 * pagemap.rst); of private anonymous memory, a page that is neither present nor
 * swapped out has never been written, nor read.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/bits.h"
#include "vmm/guest_mem.h"

#define PAGE	UINT64_C(4096)
#define BATCH	4096 /* pages looked at in a call: 16 MiB */
#define TOUCHED (BIT(63) | BIT(62))
/* A run of data goes over gaps this short, pages: reads are not for nothing. */
#define GAP	16

/* The words of the pages from host on; false where they cannot be had. */
static bool read_words(const uint8_t *host, uint64_t *word, size_t pages)
{
	off_t at = (off_t)((uintptr_t)host / PAGE * sizeof(*word));
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = pread(fd, word, pages * sizeof(*word), at) ==
	     (ssize_t)(pages * sizeof(*word));
	close(fd);
	return ok;
}

void guest_mem_extent(const struct guest_mem *m, gpa_t gpa, uint64_t len,
		      uint64_t *zero, uint64_t *data)
{
	size_t pages, first = 0, end;
	uint64_t word[BATCH];
	uint8_t *host;
	struct err ignored;

	*zero = 0;
	*data = len;
	pages = min_u64(BATCH, len / PAGE);
	if (gpa % PAGE || !pages)
		return;
	host = guest_mem_span(m, gpa, pages * PAGE, &ignored);
	if (!host || !read_words(host, word, pages))
		return;
	while (first < pages && !(word[first] & TOUCHED))
		first++;
	end = first;
	for (size_t i = first; i < pages && i - end <= GAP; i++)
		if (word[i] & TOUCHED)
			end = i + 1;
	*zero = first * PAGE;
	*data = (end - first) * PAGE;
}
