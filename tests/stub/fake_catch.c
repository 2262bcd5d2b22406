/* The catchpoint half of the fake: a list that never hits by itself. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/stub/fake_internal.h"

static struct target_catch *find(struct fake_target *f, unsigned int id)
{
	for (unsigned int i = 0; i < f->catches; i++)
		if (f->catch[i].id == id)
			return &f->catch[i];
	return NULL;
}

static bool absent(unsigned int id, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "there is no catchpoint %u", id);
}

static bool op_add(struct target *t, struct target_catch *c, struct err *err)
{
	struct fake_target *f = fake_of(t);

	if (f->catches == CATCH_MAX)
		return err_set(err, ERR_LIMIT, "the fake is full");
	c->id = ++f->last_catch;
	f->catch[f->catches++] = *c;
	buf_printf(&f->log, "catch %u %d %#" PRIx64 " %#" PRIx64 "\n", c->id,
		   (int)c->kind, c->first, c->last);
	return true;
}

static bool op_remove(struct target *t, unsigned int id, struct err *err)
{
	struct fake_target *f = fake_of(t);
	struct target_catch *c = find(f, id);

	if (!c)
		return absent(id, err);
	f->catches--;
	memmove(c, c + 1, (size_t)(f->catch + f->catches - c) * sizeof(*c));
	buf_printf(&f->log, "uncatch %u\n", id);
	return true;
}

static bool op_set_action(struct target *t, unsigned int id,
			  enum catch_action action, struct err *err)
{
	struct target_catch *c = find(fake_of(t), id);

	if (!c)
		return absent(id, err);
	c->action = action;
	buf_printf(&fake_of(t)->log, "action %u %d\n", id, (int)action);
	return true;
}

static bool op_at(struct target *t, unsigned int i, struct target_catch *c)
{
	if (i >= fake_of(t)->catches)
		return false;
	*c = fake_of(t)->catch[i];
	return true;
}

static void op_limits(struct target *t, const struct target_catch *c,
		      struct buf *out)
{
	if (fake_of(t)->catch_limits)
		buf_str(out, fake_of(t)->catch_limits);
}

static bool op_set_triple_fault(struct target *t, bool reset, struct err *err)
{
	buf_printf(&fake_of(t)->log, "triple-fault %d\n", reset);
	return true;
}

static bool op_notes(struct target *t, struct buf *out)
{
	struct fake_target *f = fake_of(t);
	uint64_t n;
	bool some;

	pthread_mutex_lock(&f->lock);
	some = f->notes.len > 0;
	if (some) {
		buf_append(out, f->notes.data, f->notes.len);
		buf_clear(&f->notes);
		f->noted++;
		/* Nothing there: a stop was fetched meanwhile. */
		if (!f->event && read(f->event_fd, &n, sizeof(n)) < 0 &&
		    errno != EAGAIN)
			fake_die("eventfd");
	}
	pthread_mutex_unlock(&f->lock);
	return some;
}

void fake_note(struct fake_target *f, const char *line)
{
	uint64_t one = 1;

	pthread_mutex_lock(&f->lock);
	buf_str(&f->notes, line);
	if (write(f->event_fd, &one, sizeof(one)) != sizeof(one))
		fake_die("eventfd");
	pthread_mutex_unlock(&f->lock);
}

void fake_push_catch(struct fake_target *f, unsigned int vcpu, unsigned int id,
		     const char *text)
{
	fake_push_stop(f, &(struct target_stop){.kind = STOP_CATCH,
						.vcpu = vcpu,
						.signal = GDB_SIGNAL_TRAP,
						.catchpoint = id,
						.text = text});
}

const struct target_catch_ops fake_catch_ops = {
	.add = op_add,
	.remove = op_remove,
	.set_action = op_set_action,
	.at = op_at,
	.limits = op_limits,
	.set_triple_fault = op_set_triple_fault,
	.notes = op_notes,
};
