#include "vmm/inspect/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/inspect/inspect.h"
#include "vmm/kvm.h"

/* More than any kernel has; what KVM says beyond this is not believed. */
#define ROWS_MAX      2048u
#define STAT_NAME_MAX 256u
#define DATA_MAX      (ROWS_MAX * 8u)

struct row {
	char *name;
	size_t index; /* into now[] and before[] */
	bool is_gauge;
};

/* One file of statistics. */
struct source {
	int fd; /* -1: this kernel has none */
	uint32_t data_offset;
	struct row *row;
	unsigned int rows;
	uint64_t *now, *before;
	size_t values;
	bool fresh; /* now[] is of this stop */

	/* Our own counter: exits to user space, or nanoseconds run. */
	uint64_t own, own_before;
};

struct stats {
	struct vm *vm;
	struct source *source; /* [vcpus], then the VM's */
	unsigned int sources;
	bool looked_at;
	bool running;
	uint64_t resumed_at; /* recorder_now() */
	uint64_t run_ns, run_ns_before;
};

/* ---- opening ---- */

static bool read_all(int fd, void *to, size_t len, uint64_t offset)
{
	return pread(fd, to, len, (off_t)offset) == (ssize_t)len;
}

/* "halt_wait_hist[1024-2047]": bucket b of a histogram. */
static char *row_name(const struct kvm_stats_desc *d, const char *name,
		      unsigned int bucket)
{
	const unsigned int type = d->flags & KVM_STATS_TYPE_MASK;
	const uint64_t width = d->bucket_size;
	uint64_t low, high;
	char text[STAT_NAME_MAX + 64];

	if (type == KVM_STATS_TYPE_LINEAR_HIST) {
		low = bucket * width;
		high = low + width - 1;
	} else if (type == KVM_STATS_TYPE_LOG_HIST) {
		low = bucket ? UINT64_C(1) << (bucket - 1) : 0;
		high = bucket ? 2 * low - 1 : 0;
	} else {
		return strdup(name);
	}
	if (bucket + 1u == d->size)
		snprintf(text, sizeof(text), "%s[%llu-]", name,
			 (unsigned long long)low);
	else
		snprintf(text, sizeof(text), "%s[%llu-%llu]", name,
			 (unsigned long long)low, (unsigned long long)high);
	return strdup(text);
}

static bool add_rows(struct source *s, const struct kvm_stats_desc *d,
		     const char *name)
{
	const unsigned int type = d->flags & KVM_STATS_TYPE_MASK;

	for (unsigned int b = 0; b < d->size && s->rows < ROWS_MAX; b++) {
		struct row *r = &s->row[s->rows];

		r->index = d->offset / 8 + b;
		r->is_gauge = type == KVM_STATS_TYPE_INSTANT ||
			      type == KVM_STATS_TYPE_PEAK;
		r->name = row_name(d, name, b);
		if (!r->name)
			return false;
		s->rows++;
		if (r->index >= s->values)
			s->values = r->index + 1;
	}
	return true;
}

static bool read_descriptors(struct source *s, const struct kvm_stats_header *h)
{
	const size_t size = sizeof(struct kvm_stats_desc) + h->name_size;
	char name[STAT_NAME_MAX + 1];
	struct kvm_stats_desc d;

	for (uint32_t i = 0; i < h->num_desc; i++) {
		const uint64_t at = h->desc_offset + (uint64_t)i * size;

		memset(name, 0, sizeof(name));
		if (!read_all(s->fd, &d, sizeof(d), at) ||
		    !read_all(s->fd, name, h->name_size, at + sizeof(d)) ||
		    d.offset % 8 || d.size > 64 ||
		    d.offset / 8 + d.size > DATA_MAX / 8 ||
		    !add_rows(s, &d, name))
			return false;
	}
	return true;
}

static void source_close(struct source *s)
{
	for (unsigned int i = 0; i < s->rows; i++)
		free(s->row[i].name);
	free(s->row);
	free(s->now);
	free(s->before);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct source){.fd = -1};
}

/* kvm_fd is a VM's or a vCPU's.  Any failure leaves a source without rows. */
static void source_open(struct source *s, int kvm_fd)
{
	struct kvm_stats_header h;

	*s = (struct source){.fd = KVM_IOCTL(kvm_fd, KVM_GET_STATS_FD, 0)};
	if (s->fd < 0)
		return;
	s->row = calloc(ROWS_MAX, sizeof(*s->row));
	if (!s->row || !read_all(s->fd, &h, sizeof(h), 0) ||
	    h.name_size > STAT_NAME_MAX || h.num_desc > ROWS_MAX ||
	    !read_descriptors(s, &h) || !s->values) {
		source_close(s);
		return;
	}
	s->data_offset = h.data_offset;
	s->now = calloc(s->values, 8);
	s->before = calloc(s->values, 8);
	if (!s->now || !s->before)
		source_close(s);
}

static void source_read(struct source *src, uint64_t *to)
{
	if (src->fd >= 0 &&
	    !read_all(src->fd, to, src->values * 8, src->data_offset))
		memset(to, 0, src->values * 8);
}

struct stats *stats_create(struct vm *vm)
{
	struct stats *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->vm = vm;
	s->source = calloc(vm->vcpus + 1, sizeof(*s->source));
	if (!s->source) {
		free(s);
		return NULL;
	}
	s->sources = vm->vcpus + 1;
	for (unsigned int i = 0; i < s->sources; i++) {
		struct source *src = &s->source[i];

		source_open(src, i < vm->vcpus ? vm->vcpu[i].fd : vm->fd);
		source_read(src, src->before);
	}
	return s;
}

void stats_destroy(struct stats *s)
{
	if (!s)
		return;
	for (unsigned int i = 0; i < s->sources; i++)
		source_close(&s->source[i]);
	free(s->source);
	free(s);
}

/* ---- reading ---- */

static uint64_t own_counter(const struct stats *s, unsigned int i)
{
	return i < s->vm->vcpus ? s->vm->vcpu[i].recorder.total : s->run_ns;
}

static void mark_assists(struct vcpu *v)
{
	for (int i = 0; v->assist[i].name; i++)
		v->assist[i].before = v->assist[i].n;
}

/* What --assist has done. */
static bool assist_row(const struct stats *s, unsigned int at, unsigned int i,
		       struct target_stat *row)
{
	const struct assist_count *a;

	if (at >= s->vm->vcpus || i >= VCPU_ASSISTS)
		return false;
	a = &s->vm->vcpu[at].assist[i];
	if (!a->name)
		return false;
	*row = (struct target_stat){
		.name = a->label, .value = a->n, .since = a->n - a->before};
	return true;
}

void stats_resumed(struct stats *s, bool only_steps)
{
	if (!s)
		return;
	s->running = true;
	for (unsigned int i = 0; i < s->sources; i++) {
		struct source *src = &s->source[i];

		src->fresh = false;
		if (only_steps && !s->looked_at)
			continue;
		source_read(src, src->before);
		src->own_before = own_counter(s, i);
		if (i < s->vm->vcpus)
			mark_assists(&s->vm->vcpu[i]);
	}
	s->resumed_at = recorder_now();
}

void stats_stopped(struct stats *s)
{
	if (!s || !s->running)
		return;
	s->running = false;
	s->run_ns += recorder_now() - s->resumed_at;
}

static bool own_row(const struct stats *s, unsigned int at,
		    struct target_stat *row)
{
	const bool is_vcpu = at < s->vm->vcpus;
	const uint64_t value = own_counter(s, at);

	*row = (struct target_stat){.name = is_vcpu ? "user_exits"
						    : "run_time_ns",
				    .value = value,
				    .since = value - s->source[at].own_before};
	return true;
}

bool stats_row(struct stats *s, unsigned int vcpu, unsigned int i,
	       struct target_stat *row)
{
	const unsigned int at = vcpu == TARGET_VM ? s->sources - 1 : vcpu;
	struct source *src = &s->source[at];
	const struct row *r;

	s->looked_at = true;
	if (!src->fresh)
		source_read(src, src->now);
	src->fresh = true;
	if (i == src->rows)
		return own_row(s, at, row);
	if (i > src->rows)
		return assist_row(s, at, i - src->rows - 1, row);
	r = &src->row[i];
	*row = (struct target_stat){.name = r->name,
				    .value = src->now[r->index],
				    .since = src->now[r->index] -
					     src->before[r->index],
				    .is_gauge = r->is_gauge};
	return true;
}

bool live_stat(struct target *t, unsigned int vcpu, unsigned int i,
	       struct target_stat *stat)
{
	struct stats *s = inspect_vm(t)->stats;

	return s && stats_row(s, vcpu, i, stat);
}
