/* The page walk in words. */
#include "arch/paging/paging.h"

#include <inttypes.h>
#include <stdio.h>

const char *paging_mode_name(enum paging_mode mode)
{
	static const char *const names[] = {
		[PAGING_NONE] = "none",	     [PAGING_32] = "32-bit",
		[PAGING_PAE] = "PAE",	     [PAGING_4LEVEL] = "4-level",
		[PAGING_5LEVEL] = "5-level",
	};

	return mode < ARRAY_SIZE(names) ? names[mode] : "?";
}

static const char *level_name(int level)
{
	static const char *const names[] = {"no entry", "PTE",	 "PDE",
					    "PDPTE",	"PML4E", "PML5E"};

	return level >= 0 && level <= 5 ? names[level] : "?";
}

const char *walk_level_name(const struct paging *p, int level)
{
	return level_name(level);
}

static const char *reserved_reason(const struct walk_step *step,
				   unsigned int bit)
{
	if (bit == 63)
		return "NX, but EFER.NXE=0";
	if (bit == 7 && step->level == 3)
		return "a 1-GiB page, but guest CPUID 80000001.EDX[26]=0";
	if (bit == 7 && step->level > 3)
		return "no page has this size";
	if (bit == 8)
		return "must be 0 on AMD";
	if (bit < 32 && bit >= 13)
		return "address bits below the size of this page";
	if (bit >= 32)
		return "above the guest's physical address width";
	return "must be 0";
}

void walk_explain_reserved(const struct walk_step *step, char *text,
			   size_t size)
{
	unsigned int bit;

	if (!step->reserved) {
		snprintf(text, size, "none");
		return;
	}
	bit = (unsigned int)__builtin_ctzll(step->reserved);
	snprintf(text, size, "bit %u: %s", bit, reserved_reason(step, bit));
}

static const char *refusal(const struct walk *w)
{
	bool user = w->access & ACCESS_USER;

	if (w->keyed)
		return "its protection key forbids it (PKRU)";
	if (user && !w->user)
		return "the page is the supervisor's";
	if ((w->access & ACCESS_WRITE) && !w->writable)
		return "the page is read-only";
	if ((w->access & ACCESS_FETCH) && !w->executable)
		return "the page is no-execute";
	if (w->access & ACCESS_FETCH)
		return "SMEP: the page is the user's";
	return "SMAP: the page is the user's and EFLAGS.AC=0";
}

static const char *kind_of_access(uint32_t access)
{
	if (access & ACCESS_FETCH)
		return "fetch";
	return access & ACCESS_WRITE ? "write" : "read";
}

static const char *size_name(uint64_t size)
{
	switch (size) {
	case 4096:
		return "4-KiB";
	case UINT64_C(2) << 20:
		return "2-MiB";
	case UINT64_C(4) << 20:
		return "4-MiB";
	default:
		return "1-GiB";
	}
}

static void explain_ok(const struct walk *w, char *text, size_t size)
{
	if (!w->level)
		snprintf(text, size,
			 "linear 0x%" PRIx64 ": paging is off, physical is "
			 "the same",
			 w->gva);
	else
		snprintf(text, size,
			 "linear 0x%" PRIx64 ": physical 0x%" PRIx64 ", %s "
			 "page, "
			 "%s, %s, "
			 "%s",
			 w->gva, w->gpa, size_name(w->page_size),
			 w->user ? "user" : "supervisor",
			 w->writable ? "writable" : "read-only",
			 w->executable ? "executable" : "no-execute");
}

static void explain_entry(const struct walk *w, char *text, size_t size)
{
	const struct walk_step *last = &w->step[w->steps - 1];
	const char *name = level_name(last->level);
	char why[96];

	if (w->result == WALK_NOT_PRESENT) {
		snprintf(text, size,
			 "linear 0x%" PRIx64 ": %s at physical 0x%" PRIx64
			 " is not present (0x%" PRIx64 ")",
			 w->gva, name, last->entry_gpa, last->entry);
		return;
	}
	walk_explain_reserved(last, why, sizeof(why));
	snprintf(text, size,
		 "linear 0x%" PRIx64 ": %s at physical 0x%" PRIx64 " is "
		 "0x%" PRIx64 " and has reserved bits set (0x%" PRIx64 "; %s)",
		 w->gva, name, last->entry_gpa, last->entry, last->reserved,
		 why);
}

void walk_explain(const struct walk *w, char *text, size_t size)
{
	switch (w->result) {
	case WALK_OK:
		explain_ok(w, text, size);
		break;
	case WALK_NOT_CANONICAL:
		snprintf(text, size,
			 "linear 0x%" PRIx64 " is not canonical: no page "
			 "tables are asked, an access gives #GP (#SS by the "
			 "stack)",
			 w->gva);
		break;
	case WALK_NOT_PRESENT:
	case WALK_RESERVED:
		explain_entry(w, text, size);
		break;
	case WALK_PROTECTED:
		snprintf(text, size,
			 "linear 0x%" PRIx64 ": a %s %s is refused: %s", w->gva,
			 w->access & ACCESS_USER ? "user" : "supervisor",
			 kind_of_access(w->access), refusal(w));
		break;
	case WALK_NO_TABLE:
		snprintf(text, size,
			 "linear 0x%" PRIx64 ": its %s would lie at physical "
			 "0x%" PRIx64 ", where there is no memory",
			 w->gva, level_name(w->level),
			 w->step[w->steps].entry_gpa);
		break;
	}
}
