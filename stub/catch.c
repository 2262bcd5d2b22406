/* The wrappers of stub/catch.h. */
#include "stub/catch.h"

#include "stub/target_impl.h"

#define OP(t, op) ((t)->ops->catch ? (t)->ops->catch->op : NULL)

static bool cannot(const struct target *t, struct err *err)
{
	return target_unsupported(t, "catch what the guest does", err);
}

/* The largest number of each kind's range; what it is called. */
static const struct {
	uint64_t last;
	const char *what;
	bool access; /* read or write, a value, before or after */
} kinds[] = {
	[CATCH_MMIO] = {UINT64_MAX, "physical address", true},
	[CATCH_PIO] = {0xffff, "port", true},
	[CATCH_MSR] = {UINT32_MAX, "MSR", true},
	[CATCH_EXIT] = {UINT32_MAX, "exit reason", false},
	[CATCH_EXCEPTION] = {255, "vector", false},
	[CATCH_RESET] = {UINT64_MAX, "reset", false},
};

static bool check_range(const struct target_catch *c, struct err *err)
{
	if ((unsigned int)c->kind >= ARRAY_SIZE(kinds))
		return err_set(err, ERR_USAGE, "no such kind of catchpoint");
	if (c->last < c->first)
		return err_set(err, ERR_RANGE, "a range of no %s",
			       kinds[c->kind].what);
	if (c->last > kinds[c->kind].last)
		return err_set(err, ERR_RANGE,
			       "there is no %s 0x%llx; the last one is 0x%llx",
			       kinds[c->kind].what, (unsigned long long)c->last,
			       (unsigned long long)kinds[c->kind].last);
	return true;
}

static bool check_catch(const struct target_catch *c, struct err *err)
{
	if (!check_range(c, err))
		return false;
	if (!kinds[c->kind].access && (c->access || c->has_value || c->before))
		return err_set(err, ERR_USAGE,
			       "reads, writes, values and `before` belong to "
			       "catchpoints on mmio, pio and msr");
	if (kinds[c->kind].access && !(c->access & CATCH_BOTH))
		return err_set(err, ERR_USAGE,
			       "a catchpoint on neither reads nor writes");
	if (c->before && c->has_value && (c->access & CATCH_READ))
		return err_set(err, ERR_USAGE,
			       "what a read returns is known only after it: "
			       "use `after`, or `w` for writes alone");
	return true;
}

bool target_catch_add(struct target *t, struct target_catch *c, struct err *err)
{
	if (!target_check_stopped(t, err))
		return false;
	if (!OP(t, add))
		return cannot(t, err);
	return check_catch(c, err) && OP(t, add)(t, c, err);
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
