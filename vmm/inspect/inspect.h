/*
 * The live VM's answers to stub/inspect.h; one file a topic, one table.
 * Threading: the server thread, every vCPU parked.
 */
#ifndef VMM_INSPECT_H
#define VMM_INSPECT_H

#include "stub/inspect.h"
#include "stub/target.h"
#include "vmm/vm.h"

extern const struct target_inspect_ops live_inspect_ops;

static inline struct vm *inspect_vm(struct target *t)
{
	return t->priv;
}

/* clock.c */
bool live_clock(struct target *t, unsigned int vcpu, struct x86_clock *clock,
		struct err *err);

/* evidence.c */
bool live_evidence(struct target *t, struct target_evidence *evidence);

/* inject.c */
bool live_inject(struct target *t, unsigned int vcpu,
		 const struct target_event *event, struct err *err);

/* io.c */
bool live_io_range(struct target *t, unsigned int i,
		   struct target_io_range *range);
bool live_io(struct target *t, bool mmio, uint64_t addr, unsigned int size,
	     bool write, uint64_t *value, struct err *err);

/* device.c */
bool live_device(struct target *t, unsigned int i,
		 struct target_device *device);
bool live_device_reg(struct target *t, unsigned int i, unsigned int j,
		     struct target_device_reg *reg);
bool live_type(struct target *t, bool begin, const char *text, size_t len,
	       struct err *err);
bool live_power_button(struct target *t, bool *heard, struct err *err);
/* NULL is fine. */
void device_text_free(struct device_text *text);

/* irqchip.c */
bool live_lapic(struct target *t, unsigned int vcpu, struct x86_lapic *lapic,
		struct err *err);
bool live_chips(struct target *t, struct x86_chips *chips, struct err *err);

/* msr.c */
bool live_get_msr(struct target *t, unsigned int vcpu, uint32_t index,
		  uint64_t *value, struct err *err);
bool live_set_msr(struct target *t, unsigned int vcpu, uint32_t index,
		  uint64_t value, struct err *err);
bool live_msr_at(struct target *t, unsigned int i, uint32_t *index);

/* cpuid.c */
bool live_cpuid(struct target *t, unsigned int vcpu, enum target_cpuid which,
		struct x86_cpuid *table, struct err *err);

/* host.c */
void live_host(struct target *t, struct x86_host *host);

/* records.c */
size_t live_records(struct target *t, unsigned int vcpu, uint64_t *total);
bool live_record(struct target *t, unsigned int vcpu, size_t i,
		 struct exit_record *record);
bool live_exit_counts(struct target *t, unsigned int vcpu,
		      struct exit_counts *total, struct exit_counts *since);

/* stats.c, through stats.h */
bool live_stat(struct target *t, unsigned int vcpu, unsigned int i,
	       struct target_stat *stat);

/* symbols.c */
const char *live_image(struct target *t);
bool live_symbol_at(struct target *t, gva_t addr, struct target_symbol *symbol);
bool live_symbol_find(struct target *t, const char *name,
		      struct target_symbol *symbol);
/* vm_log.c */
void live_vm_log(struct target *t, struct buf *out);

/* kernel_trace.c */
bool live_set_kernel_trace(struct target *t, bool on, struct err *err);
bool live_kernel_trace(struct target *t, struct target_kernel_trace *trace);
bool live_kernel_event(struct target *t, size_t i,
		       struct target_kernel_event *event);
/* The guest runs on: what has been read is old.  NULL is fine. */
void kernel_trace_forget(struct kernel_trace *k);
void kernel_trace_stop(struct kernel_trace *k);

#endif
