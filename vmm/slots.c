#include "vmm/slots.h"

#include <string.h>

#include "vmm/kvm.h"

#define PAGE_SIZE UINT64_C(4096)

static bool set_slot(struct slots *s, uint32_t slot, gpa_t gpa, uint64_t size,
		     void *host, uint32_t flags, struct err *err)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	return KVM_CALL(s->vm_fd, KVM_SET_USER_MEMORY_REGION, &region, err);
}

/* KVM refuses to move or overlap slots: drop all, then set the new list. */
static bool drop_all(struct slots *s, struct err *err)
{
	while (s->in_use) {
		if (!set_slot(s, s->in_use - 1, 0, 0, NULL, 0, err))
			return false;
		s->in_use--;
	}
	return true;
}

static bool add_piece(struct slots *s, const struct guest_region *r, gpa_t from,
		      gpa_t to, uint32_t flags, struct err *err)
{
	if (from == to)
		return true;
	if (!set_slot(s, s->in_use, from, to - from, r->host + (from - r->base),
		      flags, err))
		return false;
	s->in_use++;
	return true;
}

static bool map_region(struct slots *s, const struct guest_region *r,
		       bool protect, struct err *err)
{
	uint32_t flags = r->rom ? KVM_MEM_READONLY : 0;
	gpa_t from = r->base;

	for (unsigned int i = 0; protect && i < s->pages; i++) {
		const struct protected_page *p = &s->page[i];

		if (!range_ok(r->base, r->size, p->gpa, PAGE_SIZE))
			continue;
		if (!add_piece(s, r, from, p->gpa, flags, err))
			return false;
		from = p->gpa + PAGE_SIZE;
		if (p->protection == PAGE_READ_ONLY &&
		    !add_piece(s, r, p->gpa, from, KVM_MEM_READONLY, err))
			return false;
	}
	return add_piece(s, r, from, r->base + r->size, flags, err);
}

bool slots_apply(struct slots *s, bool protect, struct err *err)
{
	if (!drop_all(s, err))
		return false;
	for (unsigned int i = 0; i < s->mem->regions; i++)
		if (!map_region(s, &s->mem->region[i], protect, err))
			return false;
	return true;
}

bool slots_init(struct slots *s, int vm_fd, struct guest_mem *mem,
		struct err *err)
{
	memset(s, 0, sizeof(*s));
	s->vm_fd = vm_fd;
	s->mem = mem;
	return slots_apply(s, true, err);
}

static unsigned int position(const struct slots *s, gpa_t page)
{
	unsigned int i = 0;

	while (i < s->pages && s->page[i].gpa < page)
		i++;
	return i;
}

bool slots_protect(struct slots *s, gpa_t page, enum page_protection protection,
		   struct err *err)
{
	unsigned int i;

	page &= ~(PAGE_SIZE - 1);
	i = position(s, page);
	if (i < s->pages && s->page[i].gpa == page) {
		if (s->page[i].protection == protection)
			return true;
		if (protection == PAGE_OPEN) {
			s->pages--;
			memmove(&s->page[i], &s->page[i + 1],
				(s->pages - i) * sizeof(s->page[0]));
		} else {
			s->page[i].protection = protection;
		}
		return slots_apply(s, true, err);
	}
	if (protection == PAGE_OPEN)
		return true;
	if (s->pages == SLOTS_MAX_PROTECTED)
		return err_set(err, ERR_LIMIT,
			       "watchpoints already protect %d pages, the most "
			       "there can be; delete some first",
			       SLOTS_MAX_PROTECTED);
	memmove(&s->page[i + 1], &s->page[i],
		(s->pages - i) * sizeof(s->page[0]));
	s->page[i] = (struct protected_page){page, protection};
	s->pages++;
	return slots_apply(s, true, err);
}

enum page_protection slots_protection(const struct slots *s, gpa_t gpa)
{
	gpa_t page = gpa & ~(PAGE_SIZE - 1);
	unsigned int i = position(s, page);

	if (i < s->pages && s->page[i].gpa == page)
		return s->page[i].protection;
	return PAGE_OPEN;
}
