/* The list of catchpoints, their hits, and the lines of those that notify. */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "arch/exit/text.h"
#include "arch/msr_names.h"
#include "vmm/catch/catch.h"
#include "vmm/vm.h"

/* Bytes of lines that may wait for the server; what comes later is counted. */
#define NOTES_MAX 65536

static struct vm *vm_of(struct target *t)
{
	return t->priv;
}

void catch_init(struct catches *c)
{
	c->note_fd = -1;
	pthread_mutex_init(&c->lock, NULL);
}

bool catch_open(struct catches *c, struct err *err)
{
	c->note_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return c->note_fd >= 0 ||
	       err_set_errno(err, ERR_LIMIT, "event descriptor");
}

void catch_deinit(struct catches *c)
{
	if (c->note_fd >= 0)
		close(c->note_fd);
	buf_deinit(&c->notes);
	pthread_mutex_destroy(&c->lock);
}

/* ---- matching ---- */

const struct target_catch *catch_count(struct target_catch *c,
				       const struct target_catch *best)
{
	__atomic_fetch_add(&c->hits, 1, __ATOMIC_RELAXED);
	return best && best->action <= c->action ? best : c;
}

static bool value_fits(const struct target_catch *c,
		       const struct exit_record *e)
{
	return !c->has_value || !((e->value ^ c->value) & c->mask);
}

const struct target_catch *catch_match(struct vm *vm, enum catch_kind kind,
				       const struct exit_record *e, bool before)
{
	unsigned int access = e->is_write ? CATCH_WRITE : CATCH_READ;
	uint64_t last = e->where + (e->size ? e->size - 1u : 0);
	const struct target_catch *best = NULL;

	for (unsigned int i = 0; i < vm->catches.n; i++) {
		struct target_catch *c = &vm->catches.list[i];

		if (c->kind == kind && c->before == before &&
		    (c->access & access) && c->first <= last &&
		    c->last >= e->where && value_fits(c, e))
			best = catch_count(c, best);
	}
	return best;
}

const struct target_catch *
catch_match_number(struct vm *vm, enum catch_kind kind, uint64_t number)
{
	const struct target_catch *best = NULL;

	for (unsigned int i = 0; i < vm->catches.n; i++) {
		struct target_catch *c = &vm->catches.list[i];

		if (c->kind == kind && c->first <= number && c->last >= number)
			best = catch_count(c, best);
	}
	return best;
}

static struct target_catch *find(struct vm *vm, unsigned int id)
{
	for (unsigned int i = 0; i < vm->catches.n; i++)
		if (vm->catches.list[i].id == id)
			return &vm->catches.list[i];
	return NULL;
}

bool catch_stops(const struct vm *vm, unsigned int id)
{
	for (unsigned int i = 0; i < vm->catches.n; i++)
		if (vm->catches.list[i].id == id)
			return vm->catches.list[i].action == CATCH_STOP;
	return false;
}

/* ---- changing ---- */

/* The list has changed: tell KVM, and move the hidden breakpoints. */
static bool apply(struct vm *vm, struct err *err)
{
	struct catches *c = &vm->catches;

	c->kinds = 0;
	for (unsigned int i = 0; i < c->n; i++)
		c->kinds |= (unsigned int)BIT(c->list[i].kind);
	catch_gates_sync(vm);
	return catch_msr_filter(vm, err);
}

/* Exits that are the debugger's own means. */
static bool check_reason(const struct target_catch *c, struct err *err)
{
	if (c->kind != CATCH_EXIT || c->first != EXIT_DEBUG)
		return true;
	return err_set(err, ERR_UNSUPPORTED,
		       "KVM_EXIT_DEBUG is how breakpoints and steps end: set "
		       "those, or `catch exception #DB`");
}

static bool check_host(const struct vm *vm, const struct target_catch *c,
		       struct err *err)
{
	if (c->kind == CATCH_MSR && !vm->config.caps->user_space_msr)
		return err_set(err, ERR_UNSUPPORTED,
			       "this host's KVM cannot pass MSR accesses to "
			       "user space (KVM_CAP_X86_USER_SPACE_MSR, Linux "
			       "5.10)");
	if (c->kind == CATCH_MSR && c->first >= MSR_X2APIC_FIRST &&
	    c->last <= MSR_X2APIC_LAST)
		return err_set(err, ERR_UNSUPPORTED,
			       "KVM never filters the x2APIC's registers "
			       "(0x800-0x8ff); with a readable tracefs `exits "
			       "kernel on` shows accesses to them");
	if (c->kind == CATCH_EXCEPTION && !vm->patch_byte)
		return err_set(err, ERR_UNSUPPORTED,
			       "exceptions are caught by a byte planted in "
			       "their handlers, and this host's KVM reports no "
			       "planted byte (see `caps`)");
	return check_reason(c, err);
}

static bool live_add(struct target *t, struct target_catch *c, struct err *err)
{
	struct vm *vm = vm_of(t);
	struct catches *all = &vm->catches;
	struct err ignored;

	if (!check_host(vm, c, err))
		return false;
	if (all->n == CATCH_MAX)
		return err_set(err, ERR_LIMIT,
			       "%d catchpoints are set, the most there can be; "
			       "delete one first",
			       CATCH_MAX);
	c->hits = 0;
	c->id = all->last_id + 1;
	all->list[all->n++] = *c;
	if (apply(vm, err)) {
		all->last_id++;
		return true;
	}
	all->n--;
	if (!apply(vm, &ignored))
		err_prefix(err, "and the old filter could not be put back");
	return false;
}

static bool absent(unsigned int id, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "there is no catchpoint %u", id);
}

static bool live_remove(struct target *t, unsigned int id, struct err *err)
{
	struct vm *vm = vm_of(t);
	struct catches *all = &vm->catches;
	struct target_catch *c = find(vm, id);

	if (!c)
		return absent(id, err);
	all->n--;
	memmove(c, c + 1, (size_t)(all->list + all->n - c) * sizeof(*c));
	return apply(vm, err);
}

static bool live_set_action(struct target *t, unsigned int id,
			    enum catch_action action, struct err *err)
{
	struct target_catch *c = find(vm_of(t), id);

	if (!c)
		return absent(id, err);
	c->action = action;
	return true;
}

static bool live_at(struct target *t, unsigned int i, struct target_catch *c)
{
	struct catches *all = &vm_of(t)->catches;

	if (i >= all->n)
		return false;
	*c = all->list[i];
	c->hits = __atomic_load_n(&all->list[i].hits, __ATOMIC_RELAXED);
	return true;
}

static void live_limits(struct target *t, const struct target_catch *c,
			struct buf *out)
{
	if (c->kind == CATCH_EXCEPTION)
		catch_gates_limits(vm_of(t), c, out);
	if (c->kind == CATCH_MSR && c->first <= MSR_X2APIC_LAST &&
	    c->last >= MSR_X2APIC_FIRST)
		buf_str(out, "KVM never filters 0x800-0x8ff, the x2APIC's "
			     "registers\n");
	if (c->kind == CATCH_MSR && (c->access & CATCH_WRITE) &&
	    c->first <= MSR_TSC_DEADLINE && c->last >= MSR_TSC_DEADLINE)
		buf_str(out, "many versions of KVM carry a write to "
			     "IA32_TSC_DEADLINE (0x6e0) out in their shortest "
			     "exit path, which does not ask the filter\n");
	if (c->kind == CATCH_RESET && !vm_of(t)->catches.triple_fault_resets)
		buf_str(out, "a triple fault stops the guest by itself; with "
			     "`set triple-fault reset` it is a reset\n");
}

static bool live_set_triple_fault(struct target *t, bool reset, struct err *err)
{
	(void)err;
	vm_of(t)->catches.triple_fault_resets = reset;
	return true;
}

/* ---- lines ---- */

void catch_queue(struct vm *vm, const struct buf *line)
{
	struct catches *c = &vm->catches;
	uint64_t one = 1;

	pthread_mutex_lock(&c->lock);
	if (c->notes.len + line->len > NOTES_MAX)
		c->dropped++;
	else
		buf_append(&c->notes, line->data, line->len);
	if (!c->noted)
		c->noted = write(c->note_fd, &one, sizeof(one)) > 0;
	pthread_mutex_unlock(&c->lock);
}

static bool live_notes(struct target *t, struct buf *out)
{
	struct catches *c = &vm_of(t)->catches;
	uint64_t n;
	bool some;

	pthread_mutex_lock(&c->lock);
	some = c->noted;
	if (some) {
		c->noted = read(c->note_fd, &n, sizeof(n)) < 0;
		buf_append(out, c->notes.data, c->notes.len);
		buf_clear(&c->notes);
	}
	if (c->dropped)
		buf_printf(out,
			   "(%llu more hits of catchpoints are not shown: "
			   "they came too fast)\n",
			   (unsigned long long)c->dropped);
	c->dropped = 0;
	pthread_mutex_unlock(&c->lock);
	return some;
}

const struct target_catch_ops live_catch_ops = {
	.add = live_add,
	.remove = live_remove,
	.set_action = live_set_action,
	.at = live_at,
	.limits = live_limits,
	.set_triple_fault = live_set_triple_fault,
	.notes = live_notes,
};
