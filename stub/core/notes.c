#include "stub/core/notes.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stub/core/compat.h"
#include "stub/core/format.h"

/* The notes in the making. */
struct notes {
	struct buf *out;
	struct target *t;
	struct wire_strings strings;
	struct buf desc;   /* of the note at hand */
	size_t count_at;   /* where its list's count goes */
	uint32_t count;	   /* structs in it so far */
	struct buf absent; /* the list of struct core_absent */
	uint32_t absents;
	struct buf msrs; /* their numbers, 32 bits each */
};

/* ---- notes as such ---- */

static void pad4(struct buf *out)
{
	static const uint8_t zeroes[3];

	buf_append(out, zeroes, -out->len & 3);
}

void core_put_note(struct buf *out, const char *owner, uint32_t type,
		   const void *desc, size_t len)
{
	wire_put_number(out, strlen(owner) + 1, 4);
	wire_put_number(out, len, 4);
	wire_put_number(out, type, 4);
	buf_append(out, owner, strlen(owner) + 1);
	pad4(out);
	buf_append(out, desc, len);
	pad4(out);
}

static void begin(struct notes *n, enum core_note note, uint32_t vcpu,
		  uint64_t arg)
{
	const struct wire_layout *layout = core_notes[note].layout;

	buf_clear(&n->desc);
	wire_put_number(&n->desc, layout ? wire_version(layout) : 1, 4);
	wire_put_number(&n->desc, vcpu, 4);
	wire_put_number(&n->desc, arg, 8);
	if (!core_notes[note].list)
		return;
	n->count_at = n->desc.len;
	n->count = 0;
	wire_put_number(&n->desc, 0, 4);
	wire_put_number(&n->desc, wire_size(layout, CORE_VERSION), 4);
}

/* One struct of the note. */
static void put(struct notes *n, enum core_note note, const void *from)
{
	wire_put(&n->desc, core_notes[note].layout, from, &n->strings);
	n->count++;
}

static void end(struct notes *n, enum core_note note)
{
	if (core_notes[note].list && !n->desc.failed)
		for (int i = 0; i < 4; i++)
			n->desc.data[n->count_at + (size_t)i] =
				(char)(n->count >> (8 * i));
	if (n->desc.failed)
		n->out->failed = true;
	core_put_note(n->out, CORE_OWNER, CORE_TYPE + note, n->desc.data,
		      n->desc.len);
}

static void put_one(struct notes *n, enum core_note note, uint32_t vcpu,
		    uint64_t arg, const void *from)
{
	begin(n, note, vcpu, arg);
	put(n, note, from);
	end(n, note);
}

static void put_absent(struct notes *n, enum core_note note, uint32_t vcpu,
		       uint64_t arg, const struct err *err)
{
	const struct core_absent a = {note, vcpu, arg, err->code, err->msg};

	wire_put(&n->absent, core_notes[CORE_ABSENT].layout, &a, &n->strings);
	n->absents++;
}

/* ---- registers ---- */

/* The groups of registers that the target can tell. */
static bool get_vcpu(struct notes *n, unsigned int vcpu, struct core_vcpu *v,
		     struct err *err)
{
	const struct x86_state *s;
	struct err e;

	memset(v, 0, sizeof(*v));
	for (unsigned int g = 1; g & X86_GROUP_ALL; g <<= 1) {
		if (target_state(n->t, vcpu, g, &e))
			v->groups |= g;
		else
			put_absent(n, CORE_VCPU, vcpu, g, &e);
	}
	if (!(v->groups & X86_GROUP_GPR)) {
		*err = e;
		return err_prefix(err, "no registers of vCPU %u", vcpu);
	}
	s = target_state(n->t, vcpu, v->groups, err);
	if (!s)
		return false;
	v->state = *s;
	v->thread_id = target_thread_id(n->t, vcpu);
	target_cpu_info(n->t, vcpu, &v->info);
	return true;
}

/* Linux's notes come first, then QEMU's, then ours, as readers expect. */
static void put_compat(struct notes *n, const struct core_vcpu *vcpu)
{
	struct qemu_cpu q;
	struct prstatus p;

	for (unsigned int i = 0; i < n->t->nvcpus; i++) {
		prstatus_from_state(&p, &vcpu[i].state, i);
		buf_clear(&n->desc);
		wire_put(&n->desc, &prstatus_layout, &p, NULL);
		core_put_note(n->out, "CORE", CORE_NT_PRSTATUS, n->desc.data,
			      n->desc.len);
	}
	for (unsigned int i = 0; i < n->t->nvcpus; i++) {
		qemu_cpu_from_state(&q, &vcpu[i].state);
		buf_clear(&n->desc);
		wire_put(&n->desc, &qemu_cpu_layout, &q, NULL);
		core_put_note(n->out, "QEMU", CORE_NT_QEMU, n->desc.data,
			      n->desc.len);
	}
}

static bool put_vcpus(struct notes *n, struct err *err)
{
	struct core_vcpu *vcpu = calloc(n->t->nvcpus, sizeof(*vcpu));
	bool ok = vcpu != NULL;

	if (!ok)
		err_set(err, ERR_LIMIT, "no memory for the registers");
	for (unsigned int i = 0; ok && i < n->t->nvcpus; i++)
		ok = get_vcpu(n, i, &vcpu[i], err);
	if (ok) {
		put_compat(n, vcpu);
		for (unsigned int i = 0; i < n->t->nvcpus; i++)
			put_one(n, CORE_VCPU, i, 0, &vcpu[i]);
	}
	free(vcpu);
	return ok;
}

/* ---- per vCPU ---- */

/* Which there are is asked once: finding that out is dear. */
static void list_msrs(struct notes *n)
{
	uint32_t index;

	for (unsigned int i = 0; target_msr_at(n->t, i, &index); i++)
		buf_append(&n->msrs, &index, sizeof(index));
	if (n->msrs.failed)
		n->out->failed = true;
}

static void put_msrs(struct notes *n, unsigned int vcpu)
{
	begin(n, CORE_MSR, vcpu, 0);
	for (size_t at = 0; at < n->msrs.len; at += sizeof(uint32_t)) {
		struct core_msr m = {.index = 0};
		struct err err;

		memcpy(&m.index, n->msrs.data + at, sizeof(m.index));
		m.readable =
			target_get_msr(n->t, vcpu, m.index, &m.value, &err);
		if (!m.readable)
			m.error = err.msg;
		put(n, CORE_MSR, &m);
	}
	end(n, CORE_MSR);
}

static void put_cpuid_set(struct notes *n, unsigned int vcpu,
			  enum target_cpuid which, struct x86_cpuid *table,
			  struct x86_cpuid *first)
{
	struct err err;

	if (!target_cpuid(n->t, vcpu, which, table, &err)) {
		put_absent(n, CORE_CPUID, vcpu, which, &err);
		return;
	}
	/* A set that is the first vCPU's too is written once. */
	if (!vcpu)
		*first = *table;
	else if (table->n == first->n &&
		 !memcmp(table->entry, first->entry,
			 table->n * sizeof(table->entry[0])))
		return;
	begin(n, CORE_CPUID, vcpu, which);
	for (unsigned int i = 0; i < table->n; i++)
		put(n, CORE_CPUID, &table->entry[i]);
	end(n, CORE_CPUID);
}

static bool put_cpuid(struct notes *n, struct err *err)
{
	struct x86_cpuid *table = calloc(2, sizeof(*table));

	if (!table)
		return err_set(err, ERR_LIMIT, "no memory for CPUID");
	for (unsigned int which = 0; which < CPUID_SETS; which++) {
		table[1].n = X86_CPUID_MAX + 1; /* like no other */
		for (unsigned int i = 0; i < n->t->nvcpus; i++)
			put_cpuid_set(n, i, (enum target_cpuid)which, &table[0],
				      &table[1]);
	}
	free(table);
	return true;
}

static void put_timers(struct notes *n, unsigned int vcpu)
{
	struct x86_lapic lapic;
	struct x86_clock clock;
	struct err err;

	if (target_lapic(n->t, vcpu, &lapic, &err))
		put_one(n, CORE_LAPIC, vcpu, 0, &lapic);
	else
		put_absent(n, CORE_LAPIC, vcpu, 0, &err);
	if (target_clock(n->t, vcpu, &clock, &err))
		put_one(n, CORE_CLOCK, vcpu, 0, &clock);
	else
		put_absent(n, CORE_CLOCK, vcpu, 0, &err);
}

static void put_stats(struct notes *n, uint32_t vcpu)
{
	struct target_stat stat;

	begin(n, CORE_STAT, vcpu, 0);
	for (unsigned int i = 0; target_stat(n->t, vcpu, i, &stat); i++)
		put(n, CORE_STAT, &stat);
	end(n, CORE_STAT);
}

static void put_records(struct notes *n, unsigned int vcpu)
{
	struct exit_record record;
	uint64_t total;
	size_t count = target_records(n->t, vcpu, &total);

	begin(n, CORE_RECORD, vcpu, total);
	for (size_t i = 0; i < count; i++)
		if (target_record(n->t, vcpu, i, &record))
			put(n, CORE_RECORD, &record);
	end(n, CORE_RECORD);
}

static void put_exit_counts(struct notes *n, unsigned int vcpu)
{
	struct core_exit_counts c;

	if (target_exit_counts(n->t, vcpu, &c.total, &c.since))
		put_one(n, CORE_EXIT_COUNTS, vcpu, 0, &c);
}

/* ---- the machine ---- */

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void put_machine(struct notes *n)
{
	struct buf caps = BUF_INIT, vm_log = BUF_INIT;
	struct core_machine m = {
		.vcpus = n->t->nvcpus,
		.generation = n->t->generation,
		.saved_at = nanoseconds(CLOCK_REALTIME),
		.monotonic = nanoseconds(CLOCK_MONOTONIC),
		.program = "kvm-gdbserver " VERSION,
		.target = n->t->ops->name,
		.image = target_image(n->t),
	};

	if (target_describe_caps(n->t, &caps))
		m.caps = buf_cstr(&caps);
	if (target_vm_log(n->t, &vm_log))
		m.vm_log = buf_cstr(&vm_log);
	put_one(n, CORE_MACHINE, 0, 0, &m);
	buf_deinit(&caps);
	buf_deinit(&vm_log);
}

static void put_chips(struct notes *n)
{
	struct x86_chips chips;
	struct x86_host host;
	struct err err;

	if (target_chips(n->t, &chips, &err))
		put_one(n, CORE_CHIPS, 0, 0, &chips);
	else
		put_absent(n, CORE_CHIPS, 0, 0, &err);
	target_host(n->t, &host);
	put_one(n, CORE_HOST, 0, 0, &host);
}

static void put_maps(struct notes *n)
{
	struct target_io_range range;
	struct target_region region;

	begin(n, CORE_REGION, 0, 0);
	for (unsigned int i = 0; target_region(n->t, i, &region); i++)
		put(n, CORE_REGION, &region);
	end(n, CORE_REGION);
	begin(n, CORE_IO_RANGE, 0, 0);
	for (unsigned int i = 0; target_io_range(n->t, i, &range); i++)
		put(n, CORE_IO_RANGE, &range);
	end(n, CORE_IO_RANGE);
}

static void put_device_regs(struct notes *n, unsigned int device)
{
	struct target_device_reg reg;

	begin(n, CORE_DEVICE_REG, device, 0);
	for (unsigned int j = 0; target_device_reg(n->t, device, j, &reg); j++)
		put(n, CORE_DEVICE_REG, &reg);
	end(n, CORE_DEVICE_REG);
}

static void put_devices(struct notes *n)
{
	struct target_device device;
	unsigned int i;

	begin(n, CORE_DEVICE, 0, 0);
	for (i = 0; target_device(n->t, i, &device); i++)
		put(n, CORE_DEVICE, &device);
	end(n, CORE_DEVICE);
	while (i--)
		put_device_regs(n, i);
}

static void put_kernel_events(struct notes *n)
{
	struct target_kernel_trace trace;
	struct target_kernel_event event;

	target_kernel_trace(n->t, &trace);
	put_one(n, CORE_KERNEL_TRACE, 0, 0, &trace);
	begin(n, CORE_KERNEL_EVENT, 0, 0);
	for (size_t i = 0; target_kernel_event(n->t, i, &event); i++)
		put(n, CORE_KERNEL_EVENT, &event);
	end(n, CORE_KERNEL_EVENT);
}

static bool put_stop(struct notes *n, struct err *err)
{
	struct target_evidence *ev = malloc(sizeof(*ev));

	if (!ev)
		return err_set(err, ERR_LIMIT, "no memory for the last stop");
	put_one(n, CORE_STOP, 0, 0, &n->t->last);
	if (target_evidence(n->t, ev))
		put_one(n, CORE_EVIDENCE, 0, 0, ev);
	free(ev);
	return true;
}

static void put_rest(struct notes *n)
{
	begin(n, CORE_ABSENT, 0, 0);
	buf_append(&n->desc, n->absent.data, n->absent.len);
	n->count = n->absents;
	end(n, CORE_ABSENT);
	begin(n, CORE_STRINGS, 0, 0);
	buf_append(&n->desc, n->strings.text.data, n->strings.text.len);
	end(n, CORE_STRINGS);
}

static bool put_all(struct notes *n, struct err *err)
{
	if (!put_vcpus(n, err) || !put_stop(n, err) || !put_cpuid(n, err))
		return false;
	put_machine(n);
	put_maps(n);
	put_devices(n);
	put_chips(n);
	list_msrs(n);
	for (unsigned int i = 0; i < n->t->nvcpus; i++) {
		put_msrs(n, i);
		put_timers(n, i);
		put_stats(n, i);
		put_records(n, i);
		put_exit_counts(n, i);
	}
	put_stats(n, TARGET_VM);
	put_kernel_events(n);
	put_rest(n);
	if (n->out->failed || n->absent.failed || n->strings.failed)
		return err_set(err, ERR_LIMIT,
			       "no memory for the state of the machine");
	return true;
}

bool core_put_notes(struct buf *out, struct target *t, struct err *err)
{
	struct notes n = {.out = out, .t = t};
	bool ok = put_all(&n, err);

	wire_strings_deinit(&n.strings);
	buf_deinit(&n.desc);
	buf_deinit(&n.absent);
	buf_deinit(&n.msrs);
	return ok;
}
