/* The inspection half of the fake: it answers what the test has put in. */
#include <string.h>

#include "tests/stub/fake_internal.h"

static struct fake_inspect *of(struct target *t)
{
	return &fake_of(t)->inspect;
}

static bool absent(const char *what, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "the fake has no %s", what);
}

static bool op_get_msr(struct target *t, unsigned int vcpu, uint32_t index,
		       uint64_t *value, struct err *err)
{
	const struct fake_inspect *i = of(t);

	for (unsigned int n = 0; n < i->msrs; n++)
		if (i->msr[n].index == index) {
			*value = i->msr[n].value;
			return true;
		}
	return err_set(err, ERR_NOT_FOUND, "there is no MSR 0x%x", index);
}

static bool op_set_msr(struct target *t, unsigned int vcpu, uint32_t index,
		       uint64_t value, struct err *err)
{
	struct fake_inspect *i = of(t);

	buf_printf(&fake_of(t)->log, "msr %u %#x %#llx\n", vcpu, index,
		   (unsigned long long)value);
	for (unsigned int n = 0; n < i->msrs; n++)
		if (i->msr[n].index == index) {
			i->msr[n].value = value;
			return true;
		}
	return err_set(err, ERR_NOT_FOUND, "there is no MSR 0x%x", index);
}

static bool op_msr_at(struct target *t, unsigned int i, uint32_t *index)
{
	if (i >= of(t)->msrs)
		return false;
	*index = of(t)->msr[i].index;
	return true;
}

static bool op_cpuid(struct target *t, unsigned int vcpu,
		     enum target_cpuid which, struct x86_cpuid *table,
		     struct err *err)
{
	if (!of(t)->cpuid[which])
		return absent("such CPUID", err);
	*table = *of(t)->cpuid[which];
	return true;
}

static bool op_lapic(struct target *t, unsigned int vcpu,
		     struct x86_lapic *lapic, struct err *err)
{
	if (!of(t)->lapic)
		return absent("local APIC", err);
	*lapic = of(t)->lapic[vcpu];
	return true;
}

static bool op_chips(struct target *t, struct x86_chips *chips, struct err *err)
{
	if (!of(t)->chips)
		return absent("interrupt controllers", err);
	*chips = *of(t)->chips;
	return true;
}

static bool op_clock(struct target *t, unsigned int vcpu,
		     struct x86_clock *clock, struct err *err)
{
	if (!of(t)->clock)
		return absent("clock", err);
	*clock = *of(t)->clock;
	return true;
}

static bool op_inject(struct target *t, unsigned int vcpu,
		      const struct target_event *e, struct err *err)
{
	static const char *const names[] = {"nmi", "interrupt", "exception",
					    "gsi"};
	struct buf *log = &fake_of(t)->log;

	buf_printf(log, "inject %u %s %u", vcpu, names[e->kind], e->vector);
	if (e->has_error)
		buf_printf(log, " %#x", e->error);
	if (e->has_payload)
		buf_printf(log, " at %#llx", (unsigned long long)e->payload);
	buf_byte(log, '\n');
	return true;
}

static bool op_stat(struct target *t, unsigned int vcpu, unsigned int i,
		    struct target_stat *stat)
{
	if (i >= of(t)->stats)
		return false;
	*stat = of(t)->stat[i];
	return true;
}

static size_t op_records(struct target *t, unsigned int vcpu, uint64_t *total)
{
	const struct fake_inspect *i = of(t);

	*total = vcpu ? i->records_of[vcpu] : i->records;
	if (!vcpu && i->records_total)
		*total = i->records_total;
	return vcpu ? i->records_of[vcpu] : i->records;
}

static bool op_record(struct target *t, unsigned int vcpu, size_t i,
		      struct exit_record *record)
{
	const struct fake_inspect *f = of(t);

	if (i >= (vcpu ? f->records_of[vcpu] : f->records))
		return false;
	*record = vcpu ? f->record_of[vcpu][i] : f->record[i];
	return true;
}

static bool op_exit_counts(struct target *t, unsigned int vcpu,
			   struct exit_counts *total, struct exit_counts *since)
{
	const struct fake_inspect *f = of(t);

	if (vcpu || !f->counts || !f->counts_since)
		return false;
	*total = *f->counts;
	*since = *f->counts_since;
	return true;
}

static bool op_set_kernel_trace(struct target *t, bool on, struct err *err)
{
	if (!of(t)->has_kernel_trace)
		return absent("kernel to trace", err);
	buf_printf(&fake_of(t)->log, "kernel-trace %s\n", on ? "on" : "off");
	of(t)->kernel_trace.on = on;
	return true;
}

static bool op_kernel_trace(struct target *t, struct target_kernel_trace *trace)
{
	*trace = of(t)->kernel_trace;
	return of(t)->has_kernel_trace;
}

static bool op_kernel_event(struct target *t, size_t i,
			    struct target_kernel_event *event)
{
	if (i >= of(t)->kernel_trace.events)
		return false;
	*event = of(t)->kernel_event[i];
	return true;
}

static bool op_evidence(struct target *t, struct target_evidence *evidence)
{
	if (!of(t)->evidence)
		return false;
	*evidence = *of(t)->evidence;
	return true;
}

static bool op_io_range(struct target *t, unsigned int i,
			struct target_io_range *range)
{
	if (i >= of(t)->io_ranges)
		return false;
	*range = of(t)->io_range[i];
	return true;
}

static bool op_device(struct target *t, unsigned int i,
		      struct target_device *device)
{
	if (i >= of(t)->devices)
		return false;
	*device = of(t)->device[i];
	return true;
}

static bool op_device_reg(struct target *t, unsigned int i, unsigned int j,
			  struct target_device_reg *reg)
{
	const struct target_device_reg *r;

	if (i >= of(t)->devices)
		return false;
	r = of(t)->device_reg[i];
	while (r->name && j--)
		r++;
	*reg = *r;
	return r->name;
}

static bool op_type(struct target *t, bool begin, const char *text, size_t len,
		    struct err *err)
{
	struct buf *log = &fake_of(t)->log;

	buf_printf(log, "type%s ", begin ? " break" : "");
	buf_hex(log, text, len);
	buf_byte(log, '\n');
	return true;
}

static bool op_power_button(struct target *t, bool *heard, struct err *err)
{
	buf_str(&fake_of(t)->log, "power button\n");
	*heard = of(t)->hears_button;
	return true;
}

static bool op_io(struct target *t, bool mmio, uint64_t addr, unsigned int size,
		  bool write, uint64_t *value, struct err *err)
{
	struct buf *log = &fake_of(t)->log;

	buf_printf(log, "io %c %s %#llx %u", write ? 'w' : 'r',
		   mmio ? "mmio" : "pio", (unsigned long long)addr, size);
	if (write)
		buf_printf(log, " %#llx", (unsigned long long)*value);
	else
		*value = of(t)->io_value;
	buf_byte(log, '\n');
	return true;
}

static void op_vm_log(struct target *t, struct buf *out)
{
	if (of(t)->vm_log)
		buf_str(out, of(t)->vm_log);
}

static void op_host(struct target *t, struct x86_host *host)
{
	if (of(t)->host)
		*host = *of(t)->host;
}

static const char *op_image(struct target *t)
{
	return of(t)->image;
}

static bool op_symbol_at(struct target *t, gva_t addr,
			 struct target_symbol *symbol)
{
	const struct fake_inspect *f = of(t);

	for (unsigned int i = f->symbols; i-- > 0;)
		if (f->symbol[i].addr <= addr) {
			*symbol = f->symbol[i];
			return true;
		}
	return false;
}

static bool op_symbol_find(struct target *t, const char *name,
			   struct target_symbol *symbol)
{
	const struct fake_inspect *f = of(t);

	for (unsigned int i = 0; i < f->symbols; i++)
		if (!strcmp(f->symbol[i].name, name)) {
			*symbol = f->symbol[i];
			return true;
		}
	return false;
}

const struct target_inspect_ops fake_inspect_ops = {
	.get_msr = op_get_msr,
	.set_msr = op_set_msr,
	.msr_at = op_msr_at,
	.cpuid = op_cpuid,
	.lapic = op_lapic,
	.chips = op_chips,
	.clock = op_clock,
	.inject = op_inject,
	.stat = op_stat,
	.records = op_records,
	.record = op_record,
	.exit_counts = op_exit_counts,
	.set_kernel_trace = op_set_kernel_trace,
	.kernel_trace = op_kernel_trace,
	.kernel_event = op_kernel_event,
	.evidence = op_evidence,
	.io_range = op_io_range,
	.device = op_device,
	.type = op_type,
	.power_button = op_power_button,
	.device_reg = op_device_reg,
	.io = op_io,
	.vm_log = op_vm_log,
	.host = op_host,
	.image = op_image,
	.symbol_at = op_symbol_at,
	.symbol_find = op_symbol_find,
};
