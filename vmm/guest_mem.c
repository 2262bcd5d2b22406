#include "vmm/guest_mem.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"

#define PAGE	      UINT64_C(4096)
#define LARGE_PAGE    UINT64_C(0x200000)
/* Enough for every physical address bit a CPU has, and no sum can wrap. */
#define GUEST_MEM_MAX (UINT64_C(1) << 46)

/*
 * Memory that the kernel may back and KVM may map by 2 MiB pages: both need the
 * host address aligned like the guest's.  NULL with errno when there is none.
 */
static void *reserve(uint64_t size)
{
	uint64_t head, all = size + LARGE_PAGE;
	uint8_t *host = mmap(NULL, all, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);

	if (host == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)host & (LARGE_PAGE - 1);
	if (head)
		munmap(host, head);
	munmap(host + head + size, LARGE_PAGE - head);
	return host + head;
}

static bool add_region(struct guest_mem *m, gpa_t base, uint64_t size,
		       const char *name, struct err *err)
{
	struct guest_region *r = &m->region[m->regions];
	void *host;

	host = reserve(size);
	if (!host)
		return err_set_errno(err, ERR_LIMIT,
				     "cannot reserve %" PRIu64 " MiB of guest "
				     "memory (%s)",
				     size >> 20, name);
	*r = (struct guest_region){
		.base = base, .size = size, .host = host, .name = name};
	m->regions++;
	return true;
}

bool guest_mem_init(struct guest_mem *m, uint64_t size, struct err *err)
{
	uint64_t low;

	*m = (struct guest_mem){0};
	if (size < GUEST_MEM_MIN || size > GUEST_MEM_MAX)
		return err_set(err, ERR_RANGE,
			       "guest memory of %" PRIu64 " bytes: must be "
			       "from 1 MiB to 64 "
			       "TiB",
			       size);
	size = (size + PAGE - 1) & ~(PAGE - 1);
	low = min_u64(size, GUEST_HOLE_BASE);
	if (!add_region(m, 0, low, "low RAM", err))
		return false;
	if (size > low &&
	    !add_region(m, GUEST_HOLE_END, size - low, "high RAM", err)) {
		guest_mem_deinit(m);
		return false;
	}
	m->ram_size = size;
	return true;
}

bool guest_mem_add_rom(struct guest_mem *m, uint64_t size, struct err *err)
{
	if (!add_region(m, GUEST_HOLE_END - size, size, "ROM", err))
		return false;
	m->region[m->regions - 1].rom = true;
	return true;
}

void guest_mem_deinit(struct guest_mem *m)
{
	for (unsigned int i = 0; i < m->regions; i++)
		munmap(m->region[i].host, m->region[i].size);
	*m = (struct guest_mem){0};
}

/* The region that holds gpa, or NULL. */
static const struct guest_region *find(const struct guest_mem *m, gpa_t gpa)
{
	for (unsigned int i = 0; i < m->regions; i++) {
		const struct guest_region *r = &m->region[i];

		if (range_ok(r->base, r->size, gpa, 1))
			return r;
	}
	return NULL;
}

/* First address of [gpa, gpa + len) that is not RAM, in *hole if so. */
static bool all_ram(const struct guest_mem *m, gpa_t gpa, uint64_t len,
		    gpa_t *hole)
{
	while (len) {
		const struct guest_region *r = find(m, gpa);
		uint64_t n;

		if (!r) {
			*hole = gpa;
			return false;
		}
		n = min_u64(len, r->size - (gpa - r->base));
		gpa += n;
		len -= n;
	}
	return true;
}

bool guest_mem_is_ram(const struct guest_mem *m, gpa_t gpa, uint64_t len)
{
	gpa_t hole;

	return all_ram(m, gpa, len, &hole);
}

/*
 * The host bytes at gpa and how many of at most len follow in that region.
 * gpa is known to be RAM.
 */
static uint8_t *piece(const struct guest_mem *m, gpa_t gpa, size_t len,
		      size_t *n)
{
	const struct guest_region *r = find(m, gpa);

	*n = min_u64(len, r->size - (gpa - r->base));
	return r->host + (gpa - r->base);
}

static bool check(const struct guest_mem *m, gpa_t gpa, size_t len,
		  const char *verb, struct err *err)
{
	gpa_t hole;

	if (all_ram(m, gpa, len, &hole))
		return true;
	return err_set_fault(err, hole,
			     "cannot %s %zu bytes at guest-physical 0x%" PRIx64
			     ": no RAM at 0x%" PRIx64,
			     verb, len, gpa, hole);
}

bool guest_mem_read(const struct guest_mem *m, gpa_t gpa, void *buf, size_t len,
		    struct err *err)
{
	uint8_t *to = buf;

	if (!check(m, gpa, len, "read", err))
		return false;
	while (len) {
		size_t n;
		const uint8_t *from = piece(m, gpa, len, &n);

		memcpy(to, from, n);
		to += n;
		gpa += n;
		len -= n;
	}
	return true;
}

bool guest_mem_write(struct guest_mem *m, gpa_t gpa, const void *buf,
		     size_t len, struct err *err)
{
	const uint8_t *from = buf;

	if (!check(m, gpa, len, "write", err))
		return false;
	while (len) {
		size_t n;
		uint8_t *to = piece(m, gpa, len, &n);

		memcpy(to, from, n);
		from += n;
		gpa += n;
		len -= n;
	}
	return true;
}

bool guest_mem_fill(struct guest_mem *m, gpa_t gpa, uint8_t byte, size_t len,
		    struct err *err)
{
	if (!check(m, gpa, len, "write", err))
		return false;
	while (len) {
		size_t n;
		uint8_t *to = piece(m, gpa, len, &n);

		memset(to, byte, n);
		gpa += n;
		len -= n;
	}
	return true;
}

void *guest_mem_span(const struct guest_mem *m, gpa_t gpa, size_t len,
		     struct err *err)
{
	for (unsigned int i = 0; i < m->regions; i++) {
		const struct guest_region *r = &m->region[i];

		if (range_ok(r->base, r->size, gpa, len))
			return r->host + (gpa - r->base);
	}
	err_set_fault(err, gpa,
		      "%zu bytes at guest-physical 0x%" PRIx64 " do not lie in "
		      "one region of "
		      "RAM",
		      len, gpa);
	return NULL;
}

bool guest_mem_zero(struct guest_mem *m, struct err *err)
{
	for (unsigned int i = 0; i < m->regions; i++) {
		struct guest_region *r = &m->region[i];

		if (madvise(r->host, r->size, MADV_DONTNEED))
			return err_set_errno(err, ERR_LIMIT, "cannot clear %s",
					     r->name);
	}
	return true;
}
