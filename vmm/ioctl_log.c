#include "vmm/ioctl_log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/recorder.h"

#define KINDS	 128 /* a power of two; Linux 6.18 has fewer on x86 */
#define TEXT_MAX 160
#define FDS	 300 /* vCPUs and their machine */

/* Slots are taken once and never given back, so readers need no lock. */
struct ioctl_kind {
	_Atomic unsigned long request; /* 0: free */
	_Atomic(const char *) name;
	atomic_bool listed;
	_Atomic uint64_t calls, failed;
	atomic_int last_errno;
};

/* A call or a note (request 0). */
struct entry {
	uint64_t time_ns, took_ns;
	unsigned long request;
	const char *name;
	int fd, result, os_errno;
	uint32_t number; /* KVM_CREATE_VCPU: which */
	char text[TEXT_MAX];
};

static struct ioctl_kind kinds[KINDS];

static struct {
	pthread_mutex_t lock;
	struct entry first[IOCTL_LOG_FIRST], last[IOCTL_LOG_LAST];
	uint64_t total; /* entries ever */
} log_ = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- counting ---- */

struct ioctl_kind *ioctl_log_kind(unsigned long request, const char *name)
{
	for (unsigned int i = 0; i < KINDS; i++) {
		struct ioctl_kind *k = &kinds[(request + i) & (KINDS - 1)];
		unsigned long has =
			atomic_load_explicit(&k->request, memory_order_acquire);

		if (has == request)
			return k;
		if (has)
			continue;
		if (!atomic_compare_exchange_strong(&k->request, &has,
						    request)) {
			if (has == request)
				return k;
			continue;
		}
		atomic_store(&k->name, name);
		atomic_store(&k->listed, ioctl_decode(request, NULL, NULL));
		return k;
	}
	return NULL;
}

uint64_t ioctl_log_begin(const struct ioctl_kind *kind)
{
	return kind && atomic_load_explicit(&kind->listed, memory_order_relaxed)
		       ? recorder_now()
		       : 0;
}

/* ---- listing ---- */

static void append(const struct entry *e)
{
	pthread_mutex_lock(&log_.lock);
	if (log_.total < IOCTL_LOG_FIRST)
		log_.first[log_.total] = *e;
	else
		log_.last[log_.total % IOCTL_LOG_LAST] = *e;
	log_.total++;
	pthread_mutex_unlock(&log_.lock);
}

static void set_text(struct entry *e, const char *text)
{
	snprintf(e->text, sizeof(e->text), "%s", text);
}

void ioctl_log_end(struct ioctl_kind *kind, int fd, unsigned long arg,
		   int result, uint64_t begin)
{
	struct entry e = {.time_ns = begin, .fd = fd, .result = result};
	struct buf text = BUF_INIT;
	int saved = errno;

	if (!kind)
		return;
	e.os_errno = result < 0 ? saved : 0;
	atomic_fetch_add_explicit(&kind->calls, 1, memory_order_relaxed);
	if (result < 0) {
		atomic_fetch_add_explicit(&kind->failed, 1,
					  memory_order_relaxed);
		atomic_store_explicit(&kind->last_errno, e.os_errno,
				      memory_order_relaxed);
	}
	if (!begin)
		return;
	e.took_ns = recorder_now() - begin;
	e.request = kind->request;
	e.name = kind->name;
	e.number = (uint32_t)arg;
	/* the argument is one that the kernel has just read */
	ioctl_decode(e.request, (const void *)arg, &text);
	set_text(&e, buf_cstr(&text));
	buf_deinit(&text);
	append(&e);
	errno = saved;
}

void ioctl_log_note(const char *text)
{
	struct entry e = {.time_ns = recorder_now()};

	set_text(&e, text);
	append(&e);
}

/* ---- printing ---- */

/* Which object a descriptor is, from the calls that made it. */
struct objects {
	struct {
		int fd;
		int vcpu; /* -1: the machine */
	} known[FDS];
	unsigned int n;
};

static void learn(struct objects *o, const struct entry *e)
{
	int vcpu = e->request == KVM_CREATE_VCPU ? (int)e->number : -1;
	unsigned int i = 0;

	if ((e->request != KVM_CREATE_VM && e->request != KVM_CREATE_VCPU) ||
	    e->result < 0)
		return;
	while (i < o->n && o->known[i].fd != e->result)
		i++;
	if (i == FDS)
		return;
	o->known[i].fd = e->result;
	o->known[i].vcpu = vcpu;
	if (i == o->n)
		o->n++;
}

static void print_object(struct buf *out, const struct objects *o, int fd)
{
	for (unsigned int i = 0; i < o->n; i++) {
		if (o->known[i].fd != fd)
			continue;
		if (o->known[i].vcpu < 0)
			buf_str(out, "vm: ");
		else
			buf_printf(out, "vcpu%d: ", o->known[i].vcpu);
		return;
	}
	buf_str(out, "kvm: ");
}

static void print_result(struct buf *out, const struct entry *e)
{
	if (e->result < 0)
		buf_printf(out, " = %s",
			   strerrorname_np(e->os_errno)
				   ? strerrorname_np(e->os_errno)
				   : "error");
	else if (e->request == KVM_CREATE_VM || e->request == KVM_CREATE_VCPU)
		buf_printf(out, " = fd %d", e->result);
	else
		buf_printf(out, " = %d", e->result);
	buf_printf(out, " (%" PRIu64 " us)\n", (e->took_ns + 500) / 1000);
}

static void print_entry(struct buf *out, struct objects *o,
			const struct entry *e)
{
	exit_record_print_time(out, e->time_ns);
	if (!e->request) {
		buf_printf(out, "-- %s --\n", e->text);
		return;
	}
	learn(o, e);
	print_object(out, o, e->fd);
	buf_printf(out, "%s%s%s", e->name, *e->text ? " " : "", e->text);
	print_result(out, e);
}

static void print_entries(struct buf *out)
{
	uint64_t total = log_.total, skip = 0;
	struct objects objects = {.n = 0};

	if (total > IOCTL_LOG_FIRST + IOCTL_LOG_LAST)
		skip = total - IOCTL_LOG_FIRST - IOCTL_LOG_LAST;
	for (uint64_t i = 0; i < total; i++) {
		if (i == IOCTL_LOG_FIRST && skip) {
			buf_printf(out, "... %" PRIu64 " calls left out ...\n",
				   skip);
			i += skip;
		}
		print_entry(out, &objects,
			    i < IOCTL_LOG_FIRST
				    ? &log_.first[i]
				    : &log_.last[i % IOCTL_LOG_LAST]);
	}
}

static void print_counts(struct buf *out)
{
	bool any = false;

	for (unsigned int i = 0; i < KINDS; i++) {
		const struct ioctl_kind *k = &kinds[i];
		uint64_t failed = k->failed;
		int last = k->last_errno;

		if (!k->name || k->listed || !k->calls)
			continue;
		if (!any)
			buf_str(out, "only counted:\n");
		any = true;
		buf_printf(out, "%10" PRIu64 " %s", k->calls, k->name);
		if (failed)
			buf_printf(out, ", %" PRIu64 " refused (last: %s)",
				   failed,
				   strerrorname_np(last) ? strerrorname_np(last)
							 : "error");
		buf_byte(out, '\n');
	}
}

void ioctl_log_print(struct buf *out)
{
	pthread_mutex_lock(&log_.lock);
	print_entries(out);
	pthread_mutex_unlock(&log_.lock);
	print_counts(out);
}
