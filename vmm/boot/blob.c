#include <string.h>

#include "vmm/boot/loader.h"

void put16(struct buf *b, uint16_t value)
{
	buf_append(b, &value, sizeof(value));
}

void put32(struct buf *b, uint32_t value)
{
	buf_append(b, &value, sizeof(value));
}

void put64(struct buf *b, uint64_t value)
{
	buf_append(b, &value, sizeof(value));
}

void put_zero(struct buf *b, size_t n)
{
	void *to = buf_reserve(b, n);

	if (!to)
		return;
	memset(to, 0, n);
	b->len += n;
}

void put_align(struct buf *b, size_t align)
{
	put_zero(b, -b->len & (align - 1));
}

void put_str(struct buf *b, const char *text)
{
	if (!text)
		text = "";
	buf_append(b, text, strlen(text) + 1);
}

bool loader_blob(struct loader *l, const struct loader_blob *blob, gpa_t *at,
		 struct err *err)
{
	struct buf b = BUF_INIT;
	gpa_t base = 0;
	bool ok;

	blob->compose(blob->ctx, 0, &b);
	ok = place_info(&l->place, blob->what, b.len, blob->align, &base, err);
	buf_clear(&b);
	if (ok)
		blob->compose(blob->ctx, base, &b);
	if (ok && b.failed)
		ok = err_set(err, ERR_LIMIT, "out of memory");
	ok = ok && guest_mem_write(l->mem, base, b.data, b.len, err);
	buf_deinit(&b);
	if (ok)
		*at = base;
	return ok;
}
