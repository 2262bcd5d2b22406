#include "stub/linux/kernel.h"

#include <stdlib.h>
#include <string.h>

#define PAGE		 4096
#define SCAN_MAX	 (UINT64_C(4) << 30) /* bytes looked through */
#define START_KERNEL_MAP UINT64_C(0xffffffff80000000)
/* Records looked at, from the last, for the words of a panic. */
#define WORDS_MAX	 1000

static bool take_page(struct linux_kernel *k, gpa_t at, const uint8_t *page)
{
	const char *text;

	if (!vmcoreinfo_in_page(page, &text, &k->len))
		return false;
	memcpy(k->info, text, k->len);
	k->at = at;
	return true;
}

/* Page by page, without those that nobody has written to. */
static bool scan_region(struct linux_kernel *k, const struct target_region *r,
			uint64_t *left)
{
	uint64_t at = 0, zero, data;
	struct err ignored;

	while (at + PAGE <= r->size && *left) {
		uint8_t page[PAGE];

		target_extent(k->t, r->start + at, r->size - at, &zero, &data);
		at += zero;
		for (uint64_t end = at + data; at < end && *left; at += PAGE) {
			*left -= PAGE;
			if (at + PAGE <= r->size &&
			    target_read_phys(k->t, r->start + at, page, PAGE,
					     NULL, &ignored) &&
			    take_page(k, r->start + at, page))
				return true;
		}
	}
	return false;
}

bool linux_find_info(struct linux_kernel *k, struct target *t, struct err *err)
{
	uint64_t left = SCAN_MAX;
	struct target_region r;

	k->t = t;
	for (unsigned int i = 0; target_region(t, i, &r); i++)
		if (r.ram && scan_region(k, &r, &left))
			return true;
	return err_set(err, ERR_NOT_FOUND,
		       "no VMCOREINFO in memory: this is not Linux, or one "
		       "that has not come to its initcalls yet, or one built "
		       "without CONFIG_CRASH_CORE (CONFIG_VMCORE_INFO)");
}

/* The kernel's own tables; a process may have others, with less in them. */
static void take_tables(struct linux_kernel *k)
{
	uint64_t table, phys_base;

	if (!vmcoreinfo_number(k->info, k->len, "SYMBOL(init_top_pgt)", true,
			       &table) ||
	    !vmcoreinfo_number(k->info, k->len, "NUMBER(phys_base)", false,
			       &phys_base))
		return;
	paging_set_cr3(&k->paging, table - START_KERNEL_MAP + phys_base);
}

/* This vCPU with 64-bit page tables, or any other that has some. */
static bool find_view(struct target *t, unsigned int vcpu,
		      struct x86_view *view, struct err *err)
{
	for (unsigned int i = 0; i < t->nvcpus; i++) {
		const unsigned int n = (vcpu + i) % t->nvcpus;

		if (!target_view(t, n, view, err))
			return false;
		if (view->paging.mode == PAGING_4LEVEL ||
		    view->paging.mode == PAGING_5LEVEL)
			return true;
	}
	return err_set(err, ERR_STATE,
		       "no vCPU has 64-bit page tables: this is no 64-bit "
		       "Linux, or it has not begun yet");
}

bool linux_find(struct linux_kernel *k, struct target *t, unsigned int vcpu,
		struct err *err)
{
	struct x86_view view;

	if (!find_view(t, vcpu, &view, err) || !linux_find_info(k, t, err))
		return false;
	k->paging = view.paging;
	k->mem = view.mem;
	take_tables(k);
	return true;
}

/* ---- the log ---- */

static bool read_linear(void *ctx, gva_t gva, void *buf, size_t len,
			struct err *err)
{
	const struct linux_kernel *k = ctx;
	size_t done;

	return paging_read(&k->paging, &k->mem, gva, buf, len, &done, err);
}

bool linux_log(struct linux_kernel *k, struct printk_log *log, struct err *err)
{
	const struct printk_memory mem = {read_linear, k};

	return printk_open(log, k->info, k->len, &mem, err);
}

static bool is_panic(const struct printk_record *r)
{
	static const char words[] = "Kernel panic - not syncing";

	return memmem(r->text, r->len, words, strlen(words));
}

/* The last record with a panic in it, else the last one with any text. */
static bool find_words(const struct printk_log *log, struct printk_record *r,
		       bool *panic)
{
	const uint64_t n = log->count, from = n > WORDS_MAX ? n - WORDS_MAX : 0;
	uint64_t last = n;

	for (uint64_t i = n; i-- > from;) {
		if (!printk_read(log, i, r) || !r->len)
			continue;
		if (last == n)
			last = i;
		*panic = is_panic(r);
		if (*panic)
			return true;
	}
	return last < n && printk_read(log, last, r);
}

void linux_last_words(struct target *t, unsigned int vcpu, bool panic_only,
		      struct buf *out)
{
	struct linux_kernel *k = malloc(sizeof(*k));
	struct printk_record r;
	struct printk_log log;
	struct err ignored;
	bool panic = false;

	if (k && linux_find(k, t, vcpu, &ignored) &&
	    linux_log(k, &log, &ignored) && find_words(&log, &r, &panic) &&
	    (panic || !panic_only)) {
		buf_str(out,
			panic ? "Linux has panicked: " : "Linux's log ends: ");
		printk_print(out, &r);
	}
	free(k);
}
