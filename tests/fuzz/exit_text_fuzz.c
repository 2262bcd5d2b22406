/* An exit with any numbers in it is told without running out of its arrays. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "arch/exit/text.h"

static uint64_t take(const uint8_t **data, size_t *size, size_t n)
{
	uint64_t value = 0;

	n = min_u64(n, *size);
	memcpy(&value, *data, n);
	*data += n;
	*size -= n;
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exit_info e = {0};
	struct buf out = BUF_INIT;

	e.reason = (uint32_t)take(&data, &size, 1);
	e.vendor = take(&data, &size, 1) % 3;
	e.run_errno = (int)take(&data, &size, 1);
	e.suberror = (uint32_t)take(&data, &size, 1);
	e.ndata = (uint32_t)take(&data, &size, 1);
	e.flags = e.exception = e.event_type = e.notify_flags = e.ndata;
	e.insn_len = take(&data, &size, 1) % (EXIT_MAX_INSN + 1);
	e.has_regs = e.insn_len & 1;
	e.state_reset = e.insn_len & 4;
	for (unsigned int i = 0; i < EXIT_MAX_INSN; i++)
		e.insn[i] = (uint8_t)take(&data, &size, 1);
	e.hw_reason = e.rip = e.fault_gpa = take(&data, &size, 8);
	for (unsigned int i = 0; i < EXIT_MAX_DATA; i++)
		e.data[i] = take(&data, &size, 8);
	exit_verdict(&out, &e);
	if (!out.len || strchr(buf_cstr(&out), '\n'))
		abort();
	exit_opening(&out, &e);
	exit_details(&out, &e);
	if (!exit_signal(&e) || !exit_status_word(&e))
		abort();
	exit_is_error(&e);
	buf_deinit(&out);
	return 0;
}
