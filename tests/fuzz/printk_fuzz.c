/*
 * A Linux log: the input is VMCOREINFO text up to the first NUL, and behind
 * that all of the guest's memory, from address 0 on.
 */
#include <stdlib.h>
#include <string.h>

#include "stub/linux/printk.h"
#include "tests/fuzz/fuzz.h"

struct memory {
	const uint8_t *data;
	size_t size;
};

static bool read_memory(void *ctx, gva_t gva, void *buf, size_t len,
			struct err *err)
{
	const struct memory *m = ctx;

	if (gva > m->size || len > m->size - gva)
		return err_set_fault(err, gva, "nothing there");
	memcpy(buf, m->data + gva, len);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t text = strnlen((const char *)data, size);
	const size_t skip = text < size ? text + 1 : size;
	struct memory memory = {data + skip, size - skip};
	const struct printk_memory mem = {read_memory, &memory};
	struct printk_record r;
	struct printk_log log;
	struct buf out = BUF_INIT;
	struct err err;

	if (!printk_open(&log, (const char *)data, text, &mem, &err))
		return 0;
	if (log.count > 1 << 20)
		abort();
	for (uint64_t i = 0; i < log.count && i < 1000; i++) {
		if (!printk_read(&log, i, &r))
			continue;
		printk_print(&out, &r);
		if (!out.len || out.data[out.len - 1] != '\n')
			abort();
	}
	buf_deinit(&out);
	return 0;
}
