/* A saved crash's answers to stub/inspect.h: what was saved, or why not. */
#include <string.h>

#include "vmm/core/core_impl.h"

static const struct saved_note *find_msrs(struct target *t, unsigned int vcpu)
{
	return saved_find(core_saved(t), CORE_MSR, vcpu, 0);
}

static bool core_get_msr(struct target *t, unsigned int vcpu, uint32_t index,
			 uint64_t *value, struct err *err)
{
	const struct saved *s = core_saved(t);
	const struct saved_note *n = find_msrs(t, vcpu);
	struct core_msr m;

	for (uint32_t i = 0; saved_get(s, n, i, &m); i++) {
		if (m.index != index)
			continue;
		if (!m.readable)
			return err_set(err, ERR_NOT_FOUND, "%s",
				       m.error ? m.error : "it was unreadable");
		*value = m.value;
		return true;
	}
	if (!n)
		return saved_absent(s, CORE_MSR, vcpu, 0, err);
	return err_set(err, ERR_NOT_FOUND,
		       "MSR 0x%x is not in this file: KVM did not list it",
		       index);
}

static bool core_msr_at(struct target *t, unsigned int i, uint32_t *index)
{
	struct core_msr m;

	if (!saved_get(core_saved(t), find_msrs(t, 0), i, &m))
		return false;
	*index = m.index;
	return true;
}

/* A set that all vCPUs share was saved with the first. */
static bool core_cpuid(struct target *t, unsigned int vcpu,
		       enum target_cpuid which, struct x86_cpuid *table,
		       struct err *err)
{
	const struct saved *s = core_saved(t);
	const struct saved_note *n = saved_find(s, CORE_CPUID, vcpu, which);

	if (!n)
		n = saved_find(s, CORE_CPUID, 0, which);
	if (!n)
		return saved_absent(s, CORE_CPUID, vcpu, which, err);
	memset(table, 0, sizeof(*table));
	while (table->n < X86_CPUID_MAX &&
	       saved_get(s, n, table->n, &table->entry[table->n]))
		table->n++;
	return true;
}

static bool core_lapic(struct target *t, unsigned int vcpu,
		       struct x86_lapic *lapic, struct err *err)
{
	return saved_one(core_saved(t), CORE_LAPIC, vcpu, lapic, err);
}

static bool core_chips(struct target *t, struct x86_chips *chips,
		       struct err *err)
{
	return saved_one(core_saved(t), CORE_CHIPS, 0, chips, err);
}

static bool core_clock(struct target *t, unsigned int vcpu,
		       struct x86_clock *clock, struct err *err)
{
	return saved_one(core_saved(t), CORE_CLOCK, vcpu, clock, err);
}

static bool core_stat(struct target *t, unsigned int vcpu, unsigned int i,
		      struct target_stat *stat)
{
	const struct saved *s = core_saved(t);

	return saved_get(s, saved_find(s, CORE_STAT, vcpu, 0), i, stat);
}

static size_t core_records(struct target *t, unsigned int vcpu, uint64_t *total)
{
	const struct saved_note *n =
		saved_find(core_saved(t), CORE_RECORD, vcpu, 0);

	*total = n ? n->arg : 0;
	return n ? n->count : 0;
}

static bool core_record(struct target *t, unsigned int vcpu, size_t i,
			struct exit_record *record)
{
	const struct saved *s = core_saved(t);
	const struct saved_note *n = saved_find(s, CORE_RECORD, vcpu, 0);

	return i <= UINT32_MAX && saved_get(s, n, (uint32_t)i, record);
}

static bool core_exit_counts(struct target *t, unsigned int vcpu,
			     struct exit_counts *total,
			     struct exit_counts *since)
{
	const struct saved *s = core_saved(t);
	struct core_exit_counts c;

	if (!saved_get(s, saved_find(s, CORE_EXIT_COUNTS, vcpu, 0), 0, &c))
		return false;
	*total = c.total;
	*since = c.since;
	return true;
}

static bool core_evidence(struct target *t, struct target_evidence *evidence)
{
	const struct saved *s = core_saved(t);

	return saved_get(s, saved_find(s, CORE_EVIDENCE, 0, 0), 0, evidence);
}

static bool core_kernel_trace(struct target *t,
			      struct target_kernel_trace *trace)
{
	const struct saved *s = core_saved(t);
	const struct saved_note *n = saved_find(s, CORE_KERNEL_EVENT, 0, 0);

	if (!saved_get(s, saved_find(s, CORE_KERNEL_TRACE, 0, 0), 0, trace))
		return false;
	trace->events = n ? n->count : 0; /* whatever the other note says */
	return true;
}

static bool core_kernel_event(struct target *t, size_t i,
			      struct target_kernel_event *event)
{
	const struct saved *s = core_saved(t);
	const struct saved_note *n = saved_find(s, CORE_KERNEL_EVENT, 0, 0);

	return i <= UINT32_MAX && saved_get(s, n, (uint32_t)i, event);
}

static bool core_io_range(struct target *t, unsigned int i,
			  struct target_io_range *range)
{
	const struct saved *s = core_saved(t);

	return saved_get(s, saved_find(s, CORE_IO_RANGE, 0, 0), i, range);
}

static bool core_device(struct target *t, unsigned int i,
			struct target_device *device)
{
	const struct saved *s = core_saved(t);

	return saved_get(s, saved_find(s, CORE_DEVICE, 0, 0), i, device);
}

static bool core_device_reg(struct target *t, unsigned int i, unsigned int j,
			    struct target_device_reg *reg)
{
	const struct saved *s = core_saved(t);

	return saved_get(s, saved_find(s, CORE_DEVICE_REG, i, 0), j, reg);
}

static void core_vm_log(struct target *t, struct buf *out)
{
	const struct saved *s = core_saved(t);

	buf_str(out, s->machine.vm_log ? s->machine.vm_log
				       : "the log is not in this file\n");
}

static void core_host(struct target *t, struct x86_host *host)
{
	const struct saved *s = core_saved(t);
	struct x86_host h;

	if (saved_get(s, saved_find(s, CORE_HOST, 0, 0), 0, &h))
		*host = h;
}

static bool core_symbol_at(struct target *t, gva_t addr,
			   struct target_symbol *symbol)
{
	uint64_t start;
	const struct symbol *s = symbols_at(&core_of(t)->symbols, addr, &start);

	if (!s)
		return false;
	*symbol = (struct target_symbol){s->name, start, s->size};
	return true;
}

static bool core_symbol_find(struct target *t, const char *name,
			     struct target_symbol *symbol)
{
	const struct symbol *s = symbols_find(&core_of(t)->symbols, name);

	if (!s)
		return false;
	*symbol = (struct target_symbol){s->name, s->addr, s->size};
	return true;
}

static const char *core_image(struct target *t)
{
	const struct core *c = core_of(t);

	return c->image ? c->image : c->saved.machine.image;
}

const struct target_inspect_ops core_inspect_ops = {
	.get_msr = core_get_msr,
	.msr_at = core_msr_at,
	.cpuid = core_cpuid,
	.lapic = core_lapic,
	.chips = core_chips,
	.clock = core_clock,
	.stat = core_stat,
	.records = core_records,
	.record = core_record,
	.exit_counts = core_exit_counts,
	.evidence = core_evidence,
	.kernel_trace = core_kernel_trace,
	.kernel_event = core_kernel_event,
	.io_range = core_io_range,
	.device = core_device,
	.device_reg = core_device_reg,
	.vm_log = core_vm_log,
	.host = core_host,
	.symbol_at = core_symbol_at,
	.symbol_find = core_symbol_find,
	.image = core_image,
};

/* What others write has nothing of it. */
const struct target_inspect_ops core_foreign_inspect_ops = {
	.symbol_at = core_symbol_at,
	.symbol_find = core_symbol_find,
	.image = core_image,
};
