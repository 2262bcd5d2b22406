#include "arch/exit/caught.h"

#include <inttypes.h>
#include <string.h>

#include "arch/exit/names.h"
#include "arch/exit/ports.h"
#include "arch/exit/text.h"
#include "arch/msr_names.h"
#include "arch/paging/explain.h"

#define VECTOR_PF 14
#define FLAGS_ONE BIT(1) /* RFLAGS bit 1 reads 1 (SDM Vol 1, "EFLAGS") */

/* The device's own names, else those every PC has at that address. */
static void put_device(struct buf *out, const struct exit_record *e)
{
	enum port_space space = e->reason == EXIT_IO ? SPACE_PIO : SPACE_MMIO;
	const char *device = e->device, *reg = e->reg;

	if (!device) {
		device = port_device(space, e->where);
		reg = port_register(space, e->where, e->is_write);
	}
	if (!device)
		buf_str(out, " (unclaimed)");
	else
		buf_printf(out, " (%s%s%s%s)",
			   e->device ? "" : "unclaimed: ", device,
			   reg ? " " : "", reg ? reg : "");
}

static void caught_msr(struct buf *out, const struct exit_record *e,
		       bool has_value)
{
	char name[MSR_NAME_MAX];

	buf_printf(out, "%s 0x%" PRIx64, e->is_write ? "wrmsr" : "rdmsr",
		   e->where);
	if (msr_name((uint32_t)e->where, name))
		buf_printf(out, " (%s)", name);
	if (has_value && (e->is_write || !e->denied))
		buf_printf(out, " val 0x%" PRIx64, e->value);
	if (e->denied)
		buf_str(out, ", which raised #GP(0)");
}

void caught_access(struct buf *out, const struct exit_record *e, bool has_value)
{
	const char *kind = e->reason == EXIT_IO ? "pio" : "mmio";

	if (e->reason == EXIT_X86_RDMSR || e->reason == EXIT_X86_WRMSR) {
		caught_msr(out, e, has_value);
		return;
	}
	if (!exit_record_is_access(e)) {
		exit_reason_print(out, e->reason);
		return;
	}
	buf_printf(out, "%s_%s at 0x%" PRIx64 " size %u", kind,
		   e->is_write ? "write" : "read", e->where, e->size);
	if (e->count > 1)
		buf_printf(out, " count %u", e->count);
	if (has_value)
		buf_printf(out, " val 0x%" PRIx64 "%s", e->value,
			   e->count > 1 ? " (...)" : "");
	put_device(out, e);
}

/* ---- exceptions ---- */

bool exception_has_error(unsigned int vector)
{
	static const uint32_t with_error =
		BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) |
		BIT(17) | BIT(21) | BIT(29) | BIT(30);

	return vector < 32 && (with_error >> vector & 1);
}

/* Do a selector and flags lie at slots `at` and `at` + 1? */
static bool looks_pushed(const uint64_t *word, unsigned int at)
{
	return word[at] && word[at] <= UINT16_MAX &&
	       (word[at + 1] & FLAGS_ONE) && !(word[at + 1] >> 22);
}

bool trap_frame_parse(const uint8_t *bytes, size_t len, unsigned int slot,
		      bool wants_error, struct trap_frame *f)
{
	unsigned int words = wants_error ? 4 : 3, at;
	uint64_t word[4] = {0};

	if (slot > sizeof(word[0]) || len < (size_t)words * slot)
		return false;
	for (unsigned int i = 0; i < words; i++)
		memcpy(&word[i], bytes + (size_t)i * slot, slot);
	f->wants_error = wants_error;
	f->has_error = wants_error &&
		       (looks_pushed(word, 2) || !looks_pushed(word, 1));
	at = f->has_error;
	f->error = f->has_error ? (uint32_t)word[0] : 0;
	f->rip = word[at];
	f->cs = (uint16_t)word[at + 1];
	f->flags = word[at + 2];
	return true;
}

void caught_exception(struct buf *out, unsigned int vector,
		      const struct trap_frame *f, uint64_t cr2)
{
	const char *name = vector < 32 ? exception_name(vector) : NULL;

	if (name)
		buf_printf(out, "exception %s (vector %u)", name, vector);
	else
		buf_printf(out, "%s 0x%x",
			   vector < 32 ? "exception" : "interrupt", vector);
	if (!f) {
		buf_str(out, ", whose frame on the stack cannot be read");
		return;
	}
	if (f->has_error)
		buf_printf(out, " error code 0x%x", f->error);
	else if (f->wants_error)
		buf_str(out, " without an error code (a software INT)");
	if (f->has_error && vector == VECTOR_PF) {
		buf_str(out, " (");
		pfec_print(f->error, out);
		buf_printf(out, ") cr2 0x%" PRIx64, cr2);
	}
	buf_printf(out, " at 0x%x:0x%" PRIx64, f->cs, f->rip);
}
