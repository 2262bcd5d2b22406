/*
 * What the host's kernel recorded about our vCPUs: read when somebody asks, at
 * most once a stop.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/exit/kernel_event.h"
#include "base/log.h"
#include "vmm/inspect/inspect.h"
#include "vmm/tracefs.h"

struct kernel_trace {
	struct tracefs *tracefs;
	/*
	 * The threads that are traced: a vCPU's each, and at the end the one
	 * of the server, which runs whichever vCPU it likes (vmm/here.c).
	 */
	pid_t *tid;
	unsigned int vcpus, server_vcpu;

	bool is_read; /* since the last resume */
	struct buf text;
	struct target_kernel_event *event; /* [events], text in `text` */
	size_t events, room;
	uint64_t lost;
};

void kernel_trace_forget(struct kernel_trace *k)
{
	if (!k)
		return;
	k->is_read = false;
	k->events = 0;
}

void kernel_trace_stop(struct kernel_trace *k)
{
	if (!k)
		return;
	tracefs_close(k->tracefs);
	buf_deinit(&k->text);
	free(k->event);
	free(k->tid);
	free(k);
}

/* What would only push others out of the buffer. */
static const char *const noise[] = {
	"kvm_userspace_exit", /* the flight recorder's own entries */
	"kvm_fpu",
	"kvm_unmap_hva_range", /* our own memory management */
	"kvm_age_hva",
	"kvm_test_age_hva",
	"kvm_emulate_insn", /* only where that is how everything runs */
	NULL,
};

static struct kernel_trace *start(struct target *t, struct err *err)
{
	const char *without[ARRAY_SIZE(noise)] = {NULL};
	struct vm *vm = inspect_vm(t);
	struct x86_host host;

	struct kernel_trace *k = calloc(1, sizeof(*k));

	if (k)
		k->tid = calloc(vm->vcpus + 1, sizeof(*k->tid));
	if (!k || !k->tid) {
		kernel_trace_stop(k);
		err_set(err, ERR_LIMIT, "no memory");
		return NULL;
	}
	target_host(t, &host);
	memcpy(without, noise, sizeof(noise));
	if (host.runs_cpl0_natively != 0)
		without[ARRAY_SIZE(noise) - 2] = NULL;
	k->vcpus = vm->vcpus;
	pthread_mutex_lock(&vm->lock);
	for (unsigned int i = 0; i < vm->vcpus; i++)
		k->tid[i] = vm->vcpu[i].tid;
	pthread_mutex_unlock(&vm->lock);
	k->tid[vm->vcpus] = (pid_t)syscall(SYS_gettid);
	if (tracefs_open(k->tid, vm->vcpus + 1, without, &k->tracefs, err))
		return k;
	kernel_trace_stop(k);
	return NULL;
}

bool live_set_kernel_trace(struct target *t, bool on, struct err *err)
{
	struct vm *vm = inspect_vm(t);

	if (!on) {
		kernel_trace_stop(vm->kernel_trace);
		vm->kernel_trace = NULL;
		return true;
	}
	if (!vm->kernel_trace)
		vm->kernel_trace = start(t, err);
	return vm->kernel_trace != NULL;
}

/* Whose event is it?  False: of no vCPU. */
static bool find_vcpu(struct kernel_trace *k, const struct kernel_event *e,
		      unsigned int *vcpu)
{
	unsigned int named;

	for (*vcpu = 0; *vcpu < k->vcpus; ++*vcpu)
		if (k->tid[*vcpu] == e->tid)
			return true;
	if (e->tid != k->tid[k->vcpus])
		return false;
	if (kernel_event_vcpu(e->text, e->len, &named) && named < k->vcpus)
		k->server_vcpu = named;
	*vcpu = k->server_vcpu;
	return true;
}

static bool add_event(struct kernel_trace *k, const struct kernel_event *e)
{
	unsigned int vcpu;

	if (!find_vcpu(k, e, &vcpu))
		return true;
	if (k->events == k->room) {
		size_t room = k->room ? 2 * k->room : 1024;
		struct target_kernel_event *event;

		event = realloc(k->event, room * sizeof(*event));
		if (!event)
			return false;
		k->event = event;
		k->room = room;
	}
	k->event[k->events++] = (struct target_kernel_event){
		.time_ns = e->time_ns, .vcpu = vcpu, .text = e->text};
	return true;
}

/* Cut the text into lines, each with a NUL behind it. */
static void take_lines(struct kernel_trace *k)
{
	char *at = k->text.data, *end = at + k->text.len, *newline;
	struct kernel_event e;

	while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		char *stop = newline;

		*stop = '\0';
		while (stop > at && stop[-1] == ' ') /* kvm_pio has one */
			*--stop = '\0';
		if (kernel_event_parse(at, (size_t)(stop - at), &e) &&
		    !add_event(k, &e))
			return;
		at = newline + 1;
	}
}

static void read_once(struct kernel_trace *k)
{
	struct err err;

	if (k->is_read)
		return;
	k->is_read = true;
	k->events = 0;
	k->server_vcpu = 0;
	buf_clear(&k->text);
	if (!tracefs_read(k->tracefs, &k->text, &k->lost, &err)) {
		log_msg(LOG_WARN, "%s", err.msg);
		return;
	}
	if (k->text.len)
		take_lines(k);
}

bool live_kernel_trace(struct target *t, struct target_kernel_trace *trace)
{
	struct kernel_trace *k = inspect_vm(t)->kernel_trace;

	trace->on = k != NULL;
	if (!k)
		return true;
	read_once(k);
	trace->events = k->events;
	trace->lost = k->lost;
	return true;
}

bool live_kernel_event(struct target *t, size_t i,
		       struct target_kernel_event *event)
{
	struct kernel_trace *k = inspect_vm(t)->kernel_trace;

	if (!k || i >= k->events)
		return false;
	*event = k->event[i];
	return true;
}
