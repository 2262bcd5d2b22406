/* The wrappers of stub/inspect.h: one set of checks, one error text. */
#include "stub/inspect.h"

#include <inttypes.h>
#include <string.h>

#include "stub/linux/slide.h"
#include "stub/target_impl.h"

/* The op of that name, or NULL. */
#define OP(t, op) ((t)->ops->inspect ? (t)->ops->inspect->op : NULL)

static bool check(const struct target *t, unsigned int vcpu, struct err *err)
{
	return target_check_vcpu(t, vcpu, err) && target_check_stopped(t, err);
}

bool target_get_msr(struct target *t, unsigned int vcpu, uint32_t index,
		    uint64_t *value, struct err *err)
{
	if (!check(t, vcpu, err))
		return false;
	if (!OP(t, get_msr))
		return target_unsupported(t, "read MSRs by number", err);
	return OP(t, get_msr)(t, vcpu, index, value, err);
}

bool target_set_msr(struct target *t, unsigned int vcpu, uint32_t index,
		    uint64_t value, struct err *err)
{
	if (!check(t, vcpu, err))
		return false;
	if (!t->caps.can_write || !OP(t, set_msr))
		return target_unsupported(t, "write MSRs", err);
	if (!OP(t, set_msr)(t, vcpu, index, value, err))
		return false;
	target_forget(t); /* many registers are MSRs too */
	return true;
}

bool target_msr_at(struct target *t, unsigned int i, uint32_t *index)
{
	return OP(t, msr_at) && OP(t, msr_at)(t, i, index);
}

bool target_cpuid(struct target *t, unsigned int vcpu, enum target_cpuid which,
		  struct x86_cpuid *table, struct err *err)
{
	if (!target_check_vcpu(t, vcpu, err))
		return false;
	if (!OP(t, cpuid))
		return target_unsupported(t, "tell its CPUID", err);
	return OP(t, cpuid)(t, vcpu, which, table, err);
}

bool target_lapic(struct target *t, unsigned int vcpu, struct x86_lapic *lapic,
		  struct err *err)
{
	if (!check(t, vcpu, err))
		return false;
	if (!OP(t, lapic))
		return target_unsupported(t, "show local APICs", err);
	return OP(t, lapic)(t, vcpu, lapic, err);
}

bool target_chips(struct target *t, struct x86_chips *chips, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!OP(t, chips))
		return target_unsupported(t, "show interrupt controllers", err);
	return OP(t, chips)(t, chips, err);
}

bool target_clock(struct target *t, unsigned int vcpu, struct x86_clock *clock,
		  struct err *err)
{
	if (!check(t, vcpu, err))
		return false;
	if (!OP(t, clock))
		return target_unsupported(t, "show its clocks", err);
	return OP(t, clock)(t, vcpu, clock, err);
}

bool target_inject(struct target *t, unsigned int vcpu,
		   const struct target_event *event, struct err *err)
{
	if (!check(t, vcpu, err))
		return false;
	if (!OP(t, inject))
		return target_unsupported(t, "inject events", err);
	if (t->dead)
		return err_set(err, ERR_STATE,
			       "the guest is dead: nothing can be injected");
	if (!OP(t, inject)(t, vcpu, event, err))
		return false;
	target_forget(t);
	return true;
}

bool target_stat(struct target *t, unsigned int vcpu, unsigned int i,
		 struct target_stat *stat)
{
	return !t->running && (vcpu == TARGET_VM || vcpu < t->nvcpus) &&
	       OP(t, stat) && OP(t, stat)(t, vcpu, i, stat);
}

bool target_has_recorder(const struct target *t)
{
	return OP(t, records) != NULL;
}

size_t target_records(struct target *t, unsigned int vcpu, uint64_t *total)
{
	uint64_t ignored;

	if (!total)
		total = &ignored;
	*total = 0;
	if (t->running || vcpu >= t->nvcpus || !OP(t, records))
		return 0;
	return OP(t, records)(t, vcpu, total);
}

bool target_record(struct target *t, unsigned int vcpu, size_t i,
		   struct exit_record *record)
{
	return !t->running && vcpu < t->nvcpus && OP(t, record) &&
	       OP(t, record)(t, vcpu, i, record);
}

bool target_exit_counts(struct target *t, unsigned int vcpu,
			struct exit_counts *total, struct exit_counts *since)
{
	*total = *since = (struct exit_counts){.ran_ns = 0};
	return !t->running && vcpu < t->nvcpus && OP(t, exit_counts) &&
	       OP(t, exit_counts)(t, vcpu, total, since);
}

bool target_set_kernel_trace(struct target *t, bool on, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!OP(t, set_kernel_trace))
		return target_unsupported(t, "trace the host's kernel", err);
	return OP(t, set_kernel_trace)(t, on, err);
}

void target_kernel_trace(struct target *t, struct target_kernel_trace *trace)
{
	*trace = (struct target_kernel_trace){.on = false};
	if (!t->running && OP(t, kernel_trace))
		OP(t, kernel_trace)(t, trace);
}

bool target_kernel_event(struct target *t, size_t i,
			 struct target_kernel_event *event)
{
	return !t->running && OP(t, kernel_event) &&
	       OP(t, kernel_event)(t, i, event);
}

bool target_evidence(struct target *t, struct target_evidence *evidence)
{
	return !t->running && OP(t, evidence) && OP(t, evidence)(t, evidence);
}

bool target_io_range(struct target *t, unsigned int i,
		     struct target_io_range *range)
{
	return OP(t, io_range) && OP(t, io_range)(t, i, range);
}

bool target_device(struct target *t, unsigned int i,
		   struct target_device *device)
{
	return OP(t, device) && OP(t, device)(t, i, device);
}

bool target_device_reg(struct target *t, unsigned int i, unsigned int j,
		       struct target_device_reg *reg)
{
	return !t->running && OP(t, device_reg) &&
	       OP(t, device_reg)(t, i, j, reg);
}

bool target_io(struct target *t, bool mmio, uint64_t addr, unsigned int size,
	       bool write, uint64_t *value, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!OP(t, io))
		return target_unsupported(t, "access devices", err);
	if (size != 1 && size != 2 && size != 4 && (size != 8 || !mmio))
		return err_set(err, ERR_RANGE,
			       "a device access has 1, 2 or 4 bytes%s, not %u",
			       mmio ? ", or 8 in memory" : "", size);
	return OP(t, io)(t, mmio, addr, size, write, value, err);
}

bool target_vm_log(struct target *t, struct buf *out)
{
	if (!OP(t, vm_log))
		return false;
	OP(t, vm_log)(t, out);
	return true;
}

void target_host(struct target *t, struct x86_host *host)
{
	*host = (struct x86_host){.ept = -1,
				  .unrestricted_guest = -1,
				  .npt = -1,
				  .vpid = -1,
				  .nested = -1,
				  .dump_invalid = -1,
				  .apicv = -1,
				  .emulate_invalid = -1,
				  .runs_cpl0_natively = -1,
				  .keeps_state_at_shutdown = -1};
	if (OP(t, host))
		OP(t, host)(t, host);
}

const char *target_image(struct target *t)
{
	return OP(t, image) ? OP(t, image)(t) : NULL;
}

bool target_power_button(struct target *t, bool *heard, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!OP(t, power_button))
		return target_unsupported(t, "press a power button", err);
	return OP(t, power_button)(t, heard, err);
}

bool target_type(struct target *t, bool begin, const char *text, size_t len,
		 struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!OP(t, type))
		return target_unsupported(t, "take input for the guest", err);
	return OP(t, type)(t, begin, text, len, err);
}

/*
 * Two clues of a processor that agree are proof enough, and what they say holds
 * until the next reset.
 */
uint64_t target_slide(struct target *t)
{
	struct slide_clue clue[SLIDE_CLUES];
	struct target_slide *s = &t->slide;
	unsigned int n;

	if (s->generation != t->generation)
		*s = (struct target_slide){.generation = t->generation};
	if (s->known || s->tried || t->running)
		return s->by;
	s->tried = true;
	n = slide_clues(t, t->last.vcpu, false, clue);
	if (n > 1 && slide_votes(clue, n, slide_best(clue, n)) > 1) {
		s->known = true;
		s->by = clue[slide_best(clue, n)].slide;
	}
	return s->by;
}

/* Linux's image, and nothing below it, moves. */
static bool moves(gva_t linked)
{
	return linked >= UINT64_C(0xffffffff80000000);
}

bool target_symbol_at(struct target *t, gva_t addr,
		      struct target_symbol *symbol)
{
	const uint64_t slide = moves(addr) && OP(t, symbol_at) ? target_slide(t)
							       : 0;

	if (!OP(t, symbol_at) || !OP(t, symbol_at)(t, addr - slide, symbol))
		return false;
	symbol->addr += slide;
	return true;
}

bool target_linked_symbol(struct target *t, const char *name,
			  struct target_symbol *symbol)
{
	return OP(t, symbol_find) && OP(t, symbol_find)(t, name, symbol);
}

bool target_symbol_find(struct target *t, const char *name,
			struct target_symbol *symbol)
{
	if (!target_linked_symbol(t, name, symbol))
		return false;
	if (moves(symbol->addr))
		symbol->addr += target_slide(t);
	return true;
}

void target_print_symbol(struct target *t, gva_t addr, struct buf *out)
{
	struct target_symbol symbol;

	if (!target_symbol_at(t, addr, &symbol))
		return;
	buf_printf(out, " <%s", symbol.name);
	if (addr != symbol.addr)
		buf_printf(out, "+%" PRIu64, addr - symbol.addr);
	buf_byte(out, '>');
}
