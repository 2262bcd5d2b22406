#include "stub/target.h"

#include <stdlib.h>
#include <string.h>

#include "stub/target_impl.h"
#include "stub/why.h"

/* Images of one vCPU; `fresh` names the groups that are valid. */
struct target_cache {
	unsigned int fresh;
	struct x86_state state;
};

void target_forget(struct target *t)
{
	unsigned int i;

	for (i = 0; i < t->nvcpus; i++)
		t->cache[i].fresh = 0;
	t->slide.tried = false;
}

bool target_init(struct target *t, const struct target_ops *ops, void *priv,
		 unsigned int nvcpus, struct err *err)
{
	struct target_cache *cache;

	if (!nvcpus)
		return err_set(err, ERR_RANGE,
			       "a target needs at least one vCPU");
	cache = calloc(nvcpus, sizeof(*cache));
	if (!cache)
		return err_set(err, ERR_LIMIT,
			       "out of memory for the registers of %u vCPUs",
			       nvcpus);
	memset(t, 0, sizeof(*t));
	t->ops = ops;
	t->priv = priv;
	t->nvcpus = nvcpus;
	t->cache = cache;
	return true;
}

void target_deinit(struct target *t)
{
	buf_deinit(&t->story);
	free(t->cache);
	t->cache = NULL;
	t->nvcpus = 0;
}

/* ---- the checks ---- */

bool target_check_stopped(const struct target *t, struct err *err)
{
	if (t->running)
		return err_set(err, ERR_STATE,
			       "the guest is running; interrupt it first");
	return true;
}

bool target_check_vcpu(const struct target *t, unsigned int vcpu,
		       struct err *err)
{
	if (vcpu < t->nvcpus)
		return true;
	return err_set(err, ERR_RANGE,
		       "there is no vCPU %u; the last one is %u", vcpu,
		       t->nvcpus - 1);
}

bool target_unsupported(const struct target *t, const char *what,
			struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "%s cannot %s", t->ops->name,
		       what);
}

/* The first line of the last stop's text, for messages. */
static int verdict_len(const struct target *t)
{
	size_t len = strcspn(t->last.text, "\n");

	return len > 240 ? 240 : (int)len;
}

static bool refuse_dead(const struct target *t, struct err *err)
{
	const char *then = t->caps.can_reset && t->ops->reset ? "; `monitor "
								"reset` starts "
								"it again"
							      : "";

	if (t->last.kind == STOP_EXITED)
		return err_set(err, ERR_STATE,
			       "the guest has ended with exit status %d and "
			       "cannot run on: registers and memory can still "
			       "be read%s",
			       t->last.status, then);
	return err_set(err, ERR_STATE,
		       "the guest is dead (%.*s) and cannot run on: registers "
		       "and memory can still be read, `monitor why` tells the "
		       "story%s",
		       t->last.text ? verdict_len(t) : 14,
		       t->last.text ? t->last.text : "reason unknown", then);
}

/* ---- registers ---- */

const struct x86_state *target_state(struct target *t, unsigned int vcpu,
				     unsigned int groups, struct err *err)
{
	struct target_cache *c;
	unsigned int missing;

	if (!target_check_vcpu(t, vcpu, err) || !target_check_stopped(t, err))
		return NULL;
	c = &t->cache[vcpu];
	missing = groups & ~c->fresh;
	if (!missing)
		return &c->state;
	if (!t->ops->get_state) {
		target_unsupported(t, "read registers", err);
		return NULL;
	}
	if (!t->ops->get_state(t, vcpu, missing, &c->state, err))
		return NULL;
	c->fresh |= missing;
	return &c->state;
}

bool target_set_state(struct target *t, unsigned int vcpu, unsigned int groups,
		      const struct x86_state *s, struct err *err)
{
	bool ok;

	if (!target_check_vcpu(t, vcpu, err) || !target_check_stopped(t, err))
		return false;
	if (!t->caps.can_write || !t->ops->set_state)
		return target_unsupported(t, "change registers", err);
	ok = t->ops->set_state(t, vcpu, groups, s, err);
	/*
	 * Every group: the processor couples them (KVM_SET_REGS drops a
	 * pending exception, a new CR4 changes which XSAVE parts exist), and
	 * after a failure nobody knows.
	 */
	t->cache[vcpu].fresh = 0;
	return ok;
}

void target_cpu_info(struct target *t, unsigned int vcpu,
		     struct x86_cpu_info *info)
{
	if (vcpu < t->nvcpus && t->ops->cpu_info) {
		t->ops->cpu_info(t, vcpu, info);
		return;
	}
	memset(info, 0, sizeof(*info));
	info->maxphyaddr = 36;
}

/* ---- running ---- */

static bool some_vcpu_runs(const struct target *t,
			   const struct target_action *actions)
{
	unsigned int i;

	for (i = 0; i < t->nvcpus; i++)
		if (actions[i].kind != ACTION_HOLD)
			return true;
	return false;
}

bool target_resume(struct target *t, const struct target_action *actions,
		   struct err *err)
{
	if (t->running)
		return err_set(err, ERR_STATE, "the guest is running already");
	if (!t->caps.can_run || !t->ops->resume)
		return target_unsupported(t, "run", err);
	if (t->dead)
		return refuse_dead(t, err);
	if (!some_vcpu_runs(t, actions))
		return err_set(err, ERR_USAGE,
			       "nothing to resume: every vCPU is to stay "
			       "stopped");
	target_forget(t);
	if (!t->ops->resume(t, actions, err))
		return false;
	t->running = true;
	/* Their owner may free them from now on. */
	t->last.text = NULL;
	t->last.status_word = NULL;
	return true;
}

void target_interrupt(struct target *t, unsigned int vcpu)
{
	if (t->running && t->ops->interrupt)
		t->ops->interrupt(t, vcpu < t->nvcpus ? vcpu : 0);
}

int target_event_fd(struct target *t)
{
	return t->ops->event_fd ? t->ops->event_fd(t) : -1;
}

bool target_next_stop(struct target *t, struct target_stop *stop)
{
	struct target_stop s = {.kind = STOP_NONE};

	if (!t->ops->next_stop || !t->ops->next_stop(t, &s))
		return false;
	if (s.vcpu >= t->nvcpus)
		s.vcpu = 0;
	target_forget(t);
	t->running = false;
	t->dead = s.kind == STOP_ERROR || s.kind == STOP_EXITED;
	if (s.kind == STOP_RESET)
		t->generation++;
	t->last = s;
	target_explain(t);
	*stop = t->last;
	return true;
}

void target_explain(struct target *t)
{
	buf_clear(&t->story);
	if (t->last.kind == STOP_ERROR && why_error(t, &t->story))
		t->last.text = buf_cstr(&t->story);
}

bool target_reset(struct target *t, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!t->caps.can_reset || !t->ops->reset)
		return target_unsupported(t, "be reset", err);
	target_forget(t);
	if (!t->ops->reset(t, err))
		return false;
	t->dead = false;
	t->generation++;
	memset(&t->last, 0, sizeof(t->last));
	return true;
}

void target_set_step_irqs(struct target *t, bool blocked)
{
	if (t->ops->set_step_irqs)
		t->ops->set_step_irqs(t, blocked);
}

/* ---- breakpoints ---- */

static bool check_bp(const struct target *t, const struct target_bp *bp,
		     struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if ((unsigned int)bp->type > BP_ACCESS)
		return err_set(err, ERR_MALFORMED,
			       "breakpoint type %d does not exist",
			       (int)bp->type);
	if (bp->type <= BP_HW && bp->len != 1)
		return err_set(err, ERR_RANGE,
			       "an x86 breakpoint has kind 1, not %llu",
			       (unsigned long long)bp->len);
	if (!bp->len || bp->len - 1 > UINT64_MAX - bp->addr)
		return err_set(err, ERR_RANGE,
			       "a watchpoint of %llu bytes at 0x%llx is no "
			       "range of addresses",
			       (unsigned long long)bp->len,
			       (unsigned long long)bp->addr);
	return true;
}

bool target_insert_bp(struct target *t, unsigned int vcpu,
		      const struct target_bp *bp, struct err *err)
{
	if (!target_check_vcpu(t, vcpu, err) || !check_bp(t, bp, err))
		return false;
	if (!t->ops->insert_bp)
		return target_unsupported(t, "set breakpoints", err);
	return t->ops->insert_bp(t, vcpu, bp, err);
}

bool target_remove_bp(struct target *t, const struct target_bp *bp,
		      struct err *err)
{
	if (!check_bp(t, bp, err))
		return false;
	if (!t->ops->remove_bp)
		return target_unsupported(t, "remove breakpoints", err);
	return t->ops->remove_bp(t, bp, err);
}

void target_bp_means(struct target *t, const struct target_bp *bp,
		     struct buf *out)
{
	size_t at = out->len;

	if (!t->running && t->ops->bp_means)
		t->ops->bp_means(t, bp, out);
	if (out->len == at)
		buf_str(out, "not inserted");
}

/* ---- description ---- */

bool target_region(struct target *t, unsigned int index,
		   struct target_region *region)
{
	return t->ops->region && t->ops->region(t, index, region);
}

int target_thread_id(struct target *t, unsigned int vcpu)
{
	if (vcpu < t->nvcpus && t->ops->thread_id)
		return t->ops->thread_id(t, vcpu);
	return (int)vcpu + 1;
}

bool target_describe_caps(struct target *t, struct buf *out)
{
	if (!t->ops->describe_caps)
		return false;
	t->ops->describe_caps(t, out);
	return true;
}
