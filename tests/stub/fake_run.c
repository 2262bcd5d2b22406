/* How the fake machine runs, stops and holds breakpoints. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/stub/fake_internal.h"

/* ---- running ---- */

/* Under the lock. */
static void raise_event(struct fake_target *f, const struct target_stop *stop)
{
	uint64_t one = 1;

	f->now = *stop;
	f->event = true;
	if (write(f->event_fd, &one, sizeof(one)) != sizeof(one))
		fake_die("eventfd");
}

void fake_stop_now(struct fake_target *f, const struct target_stop *stop)
{
	pthread_mutex_lock(&f->lock);
	if (!f->event)
		raise_event(f, stop);
	pthread_mutex_unlock(&f->lock);
}

/* The nearest inserted code breakpoint above rip; false when there is none. */
static bool nearest_bp(const struct fake_target *f, gva_t rip,
		       struct target_bp *nearest)
{
	bool found = false;
	unsigned int i;

	for (i = 0; i < f->bps; i++) {
		const struct target_bp *bp = &f->bp[i];

		if (bp->type > BP_HW || bp->addr <= rip)
			continue;
		if (!found || bp->addr < nearest->addr)
			*nearest = *bp;
		found = true;
	}
	return found;
}

/* Run one vCPU over its nops.  True when that ends in a stop. */
static bool run_nops(struct fake_target *f, unsigned int vcpu,
		     const struct target_action *a, struct target_stop *stop)
{
	struct x86_state *s = &f->cpu[vcpu];
	struct target_bp bp = {.addr = 0};
	bool hit = nearest_bp(f, s->rip, &bp);

	*stop = (struct target_stop){
		.kind = STOP_STEP, .vcpu = vcpu, .signal = GDB_SIGNAL_TRAP};
	if (a->kind == ACTION_HOLD || (a->kind == ACTION_CONTINUE && !hit))
		return false;
	if (a->kind == ACTION_STEP || (a->kind == ACTION_RANGE &&
				       (s->rip < a->start || s->rip >= a->end)))
		s->rip++;
	else if (a->kind == ACTION_RANGE && !(hit && bp.addr < a->end))
		s->rip = a->end;
	else
		s->rip = bp.addr;
	if (hit && s->rip == bp.addr)
		stop->kind = bp.type == BP_SW ? STOP_SWBREAK : STOP_HWBREAK;
	return true;
}

/* Where a scripted stop leaves its vCPU. */
static void apply_stop(struct fake_target *f, struct target_stop *stop)
{
	if ((stop->kind == STOP_SWBREAK || stop->kind == STOP_HWBREAK) &&
	    stop->addr) {
		f->cpu[stop->vcpu].rip = stop->addr;
		stop->addr = 0;
	}
	if (stop->kind == STOP_RESET) {
		memcpy(f->cpu, f->power_on, sizeof(f->cpu));
		f->bps = 0;
	}
}

static void log_resume(struct fake_target *f,
		       const struct target_action *actions)
{
	unsigned int i;

	buf_str(&f->log, "resume");
	for (i = 0; i < f->target.nvcpus; i++) {
		const struct target_action *a = &actions[i];

		if (a->kind == ACTION_RANGE)
			buf_printf(&f->log, " r%#" PRIx64 "-%#" PRIx64,
				   a->start, a->end);
		else
			buf_printf(&f->log, " %c", "hcs"[a->kind]);
	}
	buf_str(&f->log, "\n");
}

static void choose_stop(struct fake_target *f)
{
	struct target_stop stop;
	unsigned int i;

	if (f->queued) {
		stop = f->queue[0];
		f->queued--;
		memmove(f->queue, f->queue + 1,
			f->queued * sizeof(f->queue[0]));
		apply_stop(f, &stop);
		raise_event(f, &stop);
		return;
	}
	for (i = 0; i < f->target.nvcpus; i++) {
		if (run_nops(f, i, &f->action[i], &stop)) {
			raise_event(f, &stop);
			return;
		}
	}
}

bool fake_resume(struct target *t, const struct target_action *actions,
		 struct err *err)
{
	struct fake_target *f = fake_of(t);

	if (!fake_called(f, FAKE_RESUME, err))
		return false;
	memcpy(f->action, actions, t->nvcpus * sizeof(*actions));
	log_resume(f, actions);
	if (f->on_resume)
		f->on_resume(f, actions);
	pthread_mutex_lock(&f->lock);
	if (!f->event)
		choose_stop(f);
	pthread_mutex_unlock(&f->lock);
	return true;
}

void fake_interrupt(struct target *t, unsigned int vcpu)
{
	struct fake_target *f = fake_of(t);
	struct target_stop stop = {
		.kind = STOP_INTERRUPT, .vcpu = vcpu, .signal = GDB_SIGNAL_INT};

	f->calls[FAKE_INTERRUPT]++;
	buf_printf(&f->log, "interrupt %u\n", vcpu);
	if (!f->deaf)
		fake_stop_now(f, &stop);
}

int fake_event_fd(struct target *t)
{
	return fake_of(t)->event_fd;
}

bool fake_next_stop(struct target *t, struct target_stop *stop)
{
	struct fake_target *f = fake_of(t);
	bool there;
	uint64_t n;

	pthread_mutex_lock(&f->lock);
	there = f->event;
	if (there) {
		if (read(f->event_fd, &n, sizeof(n)) != sizeof(n))
			fake_die("eventfd");
		f->event = false;
		*stop = f->now;
	}
	pthread_mutex_unlock(&f->lock);
	return there;
}

bool fake_reset(struct target *t, struct err *err)
{
	struct fake_target *f = fake_of(t);

	if (!fake_called(f, FAKE_RESET, err))
		return false;
	memcpy(f->cpu, f->power_on, sizeof(f->cpu));
	f->bps = 0;
	buf_str(&f->log, "reset\n");
	return true;
}

/* ---- breakpoints ---- */

static struct target_bp *find_bp(struct fake_target *f,
				 const struct target_bp *bp)
{
	unsigned int i;

	for (i = 0; i < f->bps; i++)
		if (f->bp[i].type == bp->type && f->bp[i].addr == bp->addr &&
		    f->bp[i].len == bp->len &&
		    f->bp[i].physical == bp->physical)
			return &f->bp[i];
	return NULL;
}

static void log_bp(struct fake_target *f, const char *what,
		   const struct target_bp *bp)
{
	buf_printf(&f->log, "%s %d %#" PRIx64 " %" PRIu64 "%s\n", what,
		   (int)bp->type, bp->addr, bp->len,
		   bp->physical ? " phys" : "");
}

static unsigned int slots_used(const struct fake_target *f)
{
	unsigned int i, n = 0;

	for (i = 0; i < f->bps; i++)
		n += f->bp[i].type != BP_SW;
	return n;
}

bool fake_insert_bp(struct target *t, unsigned int vcpu,
		    const struct target_bp *bp, struct err *err)
{
	struct fake_target *f = fake_of(t);

	if (!fake_called(f, FAKE_INSERT, err))
		return false;
	if (find_bp(f, bp))
		return true;
	if (bp->type != BP_SW && slots_used(f) >= t->caps.hw_slots)
		return err_set(err, ERR_LIMIT,
			       "all %u debug registers are in use",
			       t->caps.hw_slots);
	if (f->bps >= FAKE_BPS)
		fake_die("too many breakpoints");
	f->bp[f->bps++] = *bp;
	log_bp(f, "insert", bp);
	return true;
}

bool fake_remove_bp(struct target *t, const struct target_bp *bp,
		    struct err *err)
{
	struct fake_target *f = fake_of(t);
	struct target_bp *b;

	if (!fake_called(f, FAKE_REMOVE, err))
		return false;
	b = find_bp(f, bp);
	if (!b)
		return err_set(err, ERR_NOT_FOUND, "no %s at 0x%" PRIx64,
			       bp_type_name(bp->type), bp->addr);
	*b = f->bp[--f->bps];
	log_bp(f, "remove", bp);
	return true;
}

void fake_bp_means(struct target *t, const struct target_bp *bp,
		   struct buf *out)
{
	if (find_bp(fake_of(t), bp))
		buf_printf(out, "fake type %d", (int)bp->type);
}

bool fake_has_bp(const struct fake_target *f, enum bp_type type, gva_t addr)
{
	unsigned int i;

	for (i = 0; i < f->bps; i++)
		if (f->bp[i].type == type && f->bp[i].addr == addr)
			return true;
	return false;
}

/* ---- scripts ---- */

void fake_push_stop(struct fake_target *f, const struct target_stop *stop)
{
	pthread_mutex_lock(&f->lock);
	if (f->queued >= FAKE_STOPS)
		fake_die("too many stops");
	f->queue[f->queued++] = *stop;
	pthread_mutex_unlock(&f->lock);
}

void fake_push_swbreak(struct fake_target *f, unsigned int vcpu, gva_t pc)
{
	fake_push_stop(f, &(struct target_stop){.kind = STOP_SWBREAK,
						.vcpu = vcpu,
						.signal = GDB_SIGNAL_TRAP,
						.addr = pc});
}

void fake_push_hwbreak(struct fake_target *f, unsigned int vcpu, gva_t pc)
{
	fake_push_stop(f, &(struct target_stop){.kind = STOP_HWBREAK,
						.vcpu = vcpu,
						.signal = GDB_SIGNAL_TRAP,
						.addr = pc});
}

void fake_push_watch(struct fake_target *f, unsigned int vcpu,
		     enum bp_type type, gva_t addr)
{
	fake_push_stop(f, &(struct target_stop){.kind = STOP_WATCH,
						.vcpu = vcpu,
						.signal = GDB_SIGNAL_TRAP,
						.bp_type = type,
						.addr = addr});
}

void fake_push_error(struct fake_target *f, unsigned int vcpu, int signal,
		     const char *status_word, const char *text)
{
	fake_push_stop(f, &(struct target_stop){.kind = STOP_ERROR,
						.vcpu = vcpu,
						.signal = signal,
						.text = text,
						.status_word = status_word});
}

void fake_push_exit(struct fake_target *f, int status)
{
	fake_push_stop(f, &(struct target_stop){.kind = STOP_EXITED,
						.status = status});
}

void fake_fail_after(struct fake_target *f, enum fake_op op, unsigned int pass,
		     unsigned int times, enum err_code code, const char *text)
{
	f->fail[op].pass = pass;
	f->fail[op].times = times;
	err_set(&f->fail[op].err, code, "%s", text);
}

void fake_fail(struct fake_target *f, enum fake_op op, unsigned int times,
	       enum err_code code, const char *text)
{
	fake_fail_after(f, op, 0, times, code, text);
}

const char *fake_log(const struct fake_target *f)
{
	return buf_cstr(&f->log);
}

void fake_log_clear(struct fake_target *f)
{
	buf_clear(&f->log);
}

struct target_stop fake_run(struct fake_target *f)
{
	struct target_action actions[FAKE_VCPUS];
	struct pollfd p = {.fd = f->event_fd, .events = POLLIN};
	struct target_stop stop;
	struct err err;
	unsigned int i;

	for (i = 0; i < FAKE_VCPUS; i++)
		actions[i] = (struct target_action){.kind = ACTION_CONTINUE};
	if (!target_resume(&f->target, actions, &err))
		fake_die(err.msg);
	if (poll(&p, 1, 5000) != 1 || !target_next_stop(&f->target, &stop))
		fake_die("no stop after a resume");
	return stop;
}
