/* The memory half of stub/target.h: physical copies and linear ones. */
#include <stdlib.h>
#include <string.h>

#include "stub/target.h"

/* Largest linear write; its old contents are kept until it is through. */
#define WRITE_MAX (UINT64_C(64) << 20)

static bool check_access(const struct target *t, bool write, struct err *err)
{
	if (t->running)
		return err_set(err, ERR_STATE,
			       "the guest is running; interrupt it first");
	if (!write && !t->ops->read_phys)
		return err_set(err, ERR_UNSUPPORTED, "%s cannot read memory",
			       t->ops->name);
	if (write && (!t->caps.can_write || !t->ops->write_phys))
		return err_set(err, ERR_UNSUPPORTED, "%s cannot write memory",
			       t->ops->name);
	return true;
}

/* How much of [addr, addr + len) lies before the end of the address space. */
static size_t before_top(uint64_t addr, size_t len)
{
	return len && len - 1 > UINT64_MAX - addr
		       ? (size_t)(UINT64_MAX - addr) + 1
		       : len;
}

static bool set_wrap(struct err *err, uint64_t addr, size_t len)
{
	return err_set(err, ERR_RANGE,
		       "0x%zx bytes at 0x%llx go past the end of the address "
		       "space",
		       len, (unsigned long long)addr);
}

/*
 * [gpa, gpa + len) cannot be read whole: read what comes before the first bad
 * byte, by halves.  Returns the count of good bytes; *err is for the bad one.
 */
static size_t read_part(struct target *t, gpa_t gpa, uint8_t *to, size_t len,
			struct err *err)
{
	size_t pos = 0;

	while (len > 1) {
		size_t half = len / 2;

		if (t->ops->read_phys(t, gpa + pos, to + pos, half, err)) {
			pos += half;
			len -= half;
		} else {
			len = half;
		}
	}
	/* Ask once more for the last byte, so that *err is about it. */
	if (t->ops->read_phys(t, gpa + pos, to + pos, 1, err))
		err_set_fault(err, gpa + pos, "cannot read physical 0x%llx",
			      (unsigned long long)(gpa + pos));
	return pos;
}

/* Checked already; len > 0 and no wrap. */
static bool read_phys(struct target *t, gpa_t gpa, void *buf, size_t len,
		      size_t *done, struct err *err)
{
	struct err e;

	if (t->ops->read_phys(t, gpa, buf, len, &e)) {
		*done = len;
		return true;
	}
	*done = read_part(t, gpa, buf, len, &e);
	*err = e;
	return false;
}

bool target_read_phys(struct target *t, gpa_t gpa, void *buf, size_t len,
		      size_t *done, struct err *err)
{
	size_t n = before_top(gpa, len), got = 0;
	bool ok;

	if (done)
		*done = 0;
	if (!check_access(t, false, err))
		return false;
	ok = !n || read_phys(t, gpa, buf, n, &got, err);
	if (done)
		*done = got;
	if (ok && n < len)
		return set_wrap(err, gpa, len);
	return ok;
}

bool target_write_phys(struct target *t, gpa_t gpa, const void *buf, size_t len,
		       struct err *err)
{
	if (!check_access(t, true, err))
		return false;
	if (before_top(gpa, len) < len)
		return set_wrap(err, gpa, len);
	return !len || t->ops->write_phys(t, gpa, buf, len, err);
}

const void *target_span(struct target *t, gpa_t gpa, size_t len)
{
	if (t->running || !t->ops->span || before_top(gpa, len) < len)
		return NULL;
	return t->ops->span(t, gpa, len);
}

void target_extent(struct target *t, gpa_t gpa, uint64_t len, uint64_t *zero,
		   uint64_t *data)
{
	uint64_t z = 0, d = 0;

	*zero = 0;
	*data = len;
	if (t->running || !t->ops->extent)
		return;
	t->ops->extent(t, gpa, len, &z, &d);
	z = min_u64(z, len);
	d = min_u64(d, len - z);
	/* Whole pages from gpa on. */
	*zero = z & ~UINT64_C(4095);
	*data = min_u64(len - *zero, (z - *zero + d + 4095) & ~UINT64_C(4095));
	if (!*zero && !*data)
		*data = len;
}

/* ---- linear memory ---- */

static bool reader(void *ctx, gpa_t gpa, void *buf, size_t len, struct err *err)
{
	struct target *t = ctx;

	if (before_top(gpa, len) < len)
		return set_wrap(err, gpa, len);
	return t->ops->read_phys(t, gpa, buf, len, err);
}

static bool view_of(struct x86_view *view, struct target *t, unsigned int vcpu,
		    uint32_t access, struct err *err)
{
	const struct phys_reader mem = {reader, t};
	unsigned int groups = X86_GROUP_GPR | X86_GROUP_SYS;
	struct x86_cpu_info info;
	const struct x86_state *s;
	struct err e;

	if (!check_access(t, false, err))
		return false;
	s = target_state(t, vcpu, groups, err);
	if (!s)
		return false;
	/*
	 * Protection keys matter only to those who ask for permissions; where
	 * a saved crash lacks PKRU, it is 0: no key forbids anything.
	 */
	if (!(access & ACCESS_DEBUG) && (s->cr4 & X86_CR4_PKE)) {
		if (target_state(t, vcpu, X86_GROUP_FPU, &e))
			groups |= X86_GROUP_FPU;
		else if (e.code != ERR_UNSUPPORTED)
			return err_set(err, e.code, "%s", e.msg);
		s = target_state(t, vcpu, groups, err);
		if (!s)
			return false;
	}
	target_cpu_info(t, vcpu, &info);
	view_init(view, s, &info, &mem);
	return true;
}

bool target_view(struct target *t, unsigned int vcpu, struct x86_view *view,
		 struct err *err)
{
	return view_of(view, t, vcpu, ACCESS_READ, err);
}

/*
 * Where gva lies and how many of len bytes lie there in one piece, at least 1:
 * pages that follow each other in physical memory count as one.
 */
static bool linear_piece(const struct x86_view *l, gva_t gva, size_t len,
			 gpa_t *gpa, size_t *piece, struct err *err)
{
	size_t n = 0;
	struct walk w;

	while (n < len) {
		uint64_t room;

		if (!paging_walk(&l->paging, &l->mem, gva + n, ACCESS_DEBUG,
				 &w)) {
			if (n)
				break;
			walk_explain(&w, err->msg, sizeof(err->msg));
			err->code = ERR_FAULT;
			err->os_errno = 0;
			err->addr = gva;
			return false;
		}
		if (!n)
			*gpa = w.gpa;
		else if (w.gpa != *gpa + n)
			break;
		room = w.page_size ? w.page_size - (w.gpa & (w.page_size - 1))
				   : 4096 - (w.gpa & 4095);
		n += (size_t)min_u64(room, len - n);
		if (before_top(*gpa, n) < n)
			return set_wrap(err, *gpa, n);
	}
	*piece = n;
	return true;
}

bool target_read_virt(struct target *t, unsigned int vcpu, gva_t gva, void *buf,
		      size_t len, size_t *done, struct err *err)
{
	size_t n = before_top(gva, len), pos = 0, piece, got;
	struct x86_view l;
	bool ok = true;
	gpa_t gpa;

	if (done)
		*done = 0;
	if (!view_of(&l, t, vcpu, ACCESS_DEBUG, err))
		return false;
	while (ok && pos < n) {
		ok = linear_piece(&l, gva + pos, n - pos, &gpa, &piece, err);
		if (!ok)
			break;
		ok = read_phys(t, gpa, (uint8_t *)buf + pos, piece, &got, err);
		pos += got;
		if (!ok)
			err_prefix(err, "linear 0x%llx",
				   (unsigned long long)(gva + pos));
	}
	if (done)
		*done = pos;
	if (ok && n < len)
		return set_wrap(err, gva, len);
	return ok;
}

/*
 * A linear write in progress.  Translations and old contents are taken before
 * the first byte changes, so a write onto the page tables that map it goes
 * where it was meant to, and a failure half-way can be undone.
 */
struct write_job {
	struct target *t;
	struct piece {
		gpa_t gpa;
		size_t len;
	} * piece;
	size_t pieces;
	uint8_t *old;
};

static bool job_init(struct write_job *job, struct target *t, size_t len,
		     struct err *err)
{
	memset(job, 0, sizeof(*job));
	job->t = t;
	job->piece = calloc(len / 4096 + 2, sizeof(*job->piece));
	job->old = malloc(len);
	if (job->piece && job->old)
		return true;
	free(job->piece);
	free(job->old);
	return err_set(err, ERR_LIMIT, "out of memory for a write of %zu bytes",
		       len);
}

static void job_deinit(struct write_job *job)
{
	free(job->piece);
	free(job->old);
}

/* Translate everything, and prove by reading that memory is there. */
static bool job_prepare(struct write_job *job, const struct x86_view *l,
			gva_t gva, size_t len, struct err *err)
{
	size_t pos = 0, got;

	while (pos < len) {
		struct piece *p = &job->piece[job->pieces];

		if (!linear_piece(l, gva + pos, len - pos, &p->gpa, &p->len,
				  err))
			return false;
		if (!read_phys(job->t, p->gpa, job->old + pos, p->len, &got,
			       err))
			return err_prefix(
				err, "linear 0x%llx",
				(unsigned long long)(gva + pos + got));
		pos += p->len;
		job->pieces++;
	}
	return true;
}

static bool job_write(struct write_job *job, const uint8_t *from,
		      struct err *err)
{
	struct target *t = job->t;
	size_t pos = 0, i;
	struct err ignored;

	for (i = 0; i < job->pieces; i++) {
		struct piece *p = &job->piece[i];

		if (!t->ops->write_phys(t, p->gpa, from + pos, p->len, err))
			break;
		pos += p->len;
	}
	if (i == job->pieces)
		return true;
	while (i-- > 0) {
		struct piece *p = &job->piece[i];

		pos -= p->len;
		(void)t->ops->write_phys(t, p->gpa, job->old + pos, p->len,
					 &ignored);
	}
	return false;
}

bool target_write_virt(struct target *t, unsigned int vcpu, gva_t gva,
		       const void *buf, size_t len, struct err *err)
{
	struct write_job job;
	struct x86_view l;
	bool ok;

	if (!check_access(t, true, err) ||
	    !view_of(&l, t, vcpu, ACCESS_DEBUG, err))
		return false;
	if (!len)
		return true;
	if (before_top(gva, len) < len)
		return set_wrap(err, gva, len);
	if (len > WRITE_MAX)
		return err_set(err, ERR_LIMIT,
			       "a write of %zu bytes is over the limit of %llu",
			       len, (unsigned long long)WRITE_MAX);
	if (!job_init(&job, t, len, err))
		return false;
	ok = job_prepare(&job, &l, gva, len, err) && job_write(&job, buf, err);
	job_deinit(&job);
	return ok;
}

bool target_walk(struct target *t, unsigned int vcpu, gva_t gva,
		 uint32_t access, struct walk *w, struct err *err)
{
	struct x86_view l;

	if (!view_of(&l, t, vcpu, access, err))
		return false;
	paging_walk(&l.paging, &l.mem, gva, access, w);
	return true;
}
