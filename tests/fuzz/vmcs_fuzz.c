/* Any text is read as a log; what is found there prints and is checked. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "arch/vmcs/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmcs_model live = {.kind = VMCS_VMX};
	struct vmcs_import im;
	struct vmcs_tally tally;
	struct buf out = BUF_INIT;
	struct err err;

	if (!vmcs_import(&im, (const char *)data, size, 0, &err)) {
		if (err.code != ERR_NOT_FOUND)
			abort();
		return 0;
	}
	if (!im.count || im.chosen != im.count || !im.summary.lines ||
	    im.summary.first_line > im.summary.last_line)
		abort();
	vmcs_import_print_list(&out, &im);
	vmcs_import_print_notes(&out, &im);
	tally = vmcs_check(&im.model, &out);
	if (tally.violated > tally.made)
		abort();
	vmcs_print_tally(&out, &tally);
	vmcs_print_skipped(&out, &im.model);
	vmcs_print(&out, &im.model);
	live.kind = im.model.kind;
	vmcs_print_beside(&out, &im.model, &live);
	/* what was printed reads back as the same kind of thing */
	buf_clear(&out);
	vmcs_print(&out, &im.model);
	live = im.model;
	vmcs_import_deinit(&im);
	if (vmcs_import(&im, buf_cstr(&out), out.len, 0, &err)) {
		if (im.model.kind != live.kind)
			abort();
		vmcs_import_deinit(&im);
	}
	buf_deinit(&out);
	return 0;
}
