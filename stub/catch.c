/* The wrappers of stub/catch.h. */
#include "stub/catch.h"

#include "stub/target_impl.h"

#define OP(t, op) ((t)->ops->catch ? (t)->ops->catch->op : NULL)

static bool cannot(const struct target *t, struct err *err)
{
	return target_unsupported(t, "catch what the guest does", err);
}

bool target_catch_add(struct target *t, struct target_catch *c, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	return OP(t, add) ? OP(t, add)(t, c, err) : cannot(t, err);
}

bool target_catch_remove(struct target *t, unsigned int id, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	return OP(t, remove) ? OP(t, remove)(t, id, err) : cannot(t, err);
}

bool target_catch_set_action(struct target *t, unsigned int id,
			     enum catch_action action, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	return OP(t, set_action) ? OP(t, set_action)(t, id, action, err)
				 : cannot(t, err);
}

bool target_catch_at(struct target *t, unsigned int i, struct target_catch *c)
{
	return OP(t, at) && OP(t, at)(t, i, c);
}

void target_catch_limits(struct target *t, const struct target_catch *c,
			 struct buf *out)
{
	if (OP(t, limits))
		OP(t, limits)(t, c, out);
}

bool target_set_triple_fault(struct target *t, bool reset, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!OP(t, set_triple_fault))
		return target_unsupported(t, "choose what a triple fault does",
					  err);
	return OP(t, set_triple_fault)(t, reset, err);
}

bool target_notes(struct target *t, struct buf *out)
{
	return OP(t, notes) && OP(t, notes)(t, out);
}
