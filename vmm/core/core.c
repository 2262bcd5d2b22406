#include "vmm/core/core.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/core/core_impl.h"

static bool core_read_phys(struct target *t, gpa_t gpa, void *buf, size_t len,
			   struct err *err)
{
	return elf_core_read(&core_saved(t)->elf, gpa, buf, len, err);
}

static void core_extent(struct target *t, gpa_t gpa, uint64_t len,
			uint64_t *zero, uint64_t *data)
{
	elf_core_extent(&core_saved(t)->elf, gpa, len, zero, data);
}

static bool no_group(const struct saved *s, unsigned int vcpu,
		     unsigned int group, struct err *err)
{
	static const char *const names[] = {"general registers",
					    "system registers",
					    "FPU",
					    "debug registers",
					    "MSRs",
					    "XCR0",
					    "pending events"};
	unsigned int i = 0;

	if (s->ours)
		return saved_absent(s, CORE_VCPU, vcpu, group, err);
	while (group >>= 1)
		i++;
	return err_set(err, ERR_UNSUPPORTED, "this file has no %s", names[i]);
}

static bool core_get_state(struct target *t, unsigned int vcpu, unsigned groups,
			   struct x86_state *state, struct err *err)
{
	const struct saved *s = core_saved(t);
	const struct core_vcpu *v = &s->vcpu[vcpu];
	unsigned int missing = groups & ~v->groups;

	if (missing)
		return no_group(s, vcpu, missing & -missing, err);
	*state = v->state;
	return true;
}

static void core_cpu_info(struct target *t, unsigned int vcpu,
			  struct x86_cpu_info *info)
{
	*info = core_saved(t)->vcpu[vcpu].info;
}

static int core_thread_id(struct target *t, unsigned int vcpu)
{
	return core_saved(t)->vcpu[vcpu].thread_id;
}

/* Ours are as they were; a foreign file has only what is in it. */
static bool core_region(struct target *t, unsigned int index,
			struct target_region *region)
{
	const struct saved *s = core_saved(t);
	const struct core_load *l;

	if (s->ours)
		return saved_get(s, saved_find(s, CORE_REGION, 0, 0), index,
				 region);
	if (index >= s->elf.loads)
		return false;
	l = &s->elf.load[index];
	*region = (struct target_region){
		.start = l->start, .size = l->size, .ram = true, .name = "RAM"};
	return true;
}

static void core_describe_caps(struct target *t, struct buf *out)
{
	const struct saved *s = core_saved(t);

	buf_printf(out, "saved crash %s\n%s", s->elf.name, buf_cstr(&s->about));
	buf_str(out, "it can be read in every way; nothing in it can run or be "
		     "changed\n");
	if (s->machine.caps)
		buf_printf(out, "\nthe host it was saved on:\n%s",
			   s->machine.caps);
}

static const struct target_ops core_ops = {
	.name = "a saved crash",
	.read_phys = core_read_phys,
	.extent = core_extent,
	.get_state = core_get_state,
	.cpu_info = core_cpu_info,
	.thread_id = core_thread_id,
	.region = core_region,
	.describe_caps = core_describe_caps,
	.inspect = &core_inspect_ops,
};

/*
 * It begins with the stop it was saved at, and the story is made anew.  It is
 * not dead: nothing ended while it was looked at.
 */
static void restore_stop(struct core *c)
{
	struct target *t = &c->target;

	t->generation = c->saved.machine.generation;
	t->last = c->saved.stop;
	target_explain(t);
}

static bool open_all(struct core *c, int fd, const char *name, struct err *err)
{
	c->name = strdup(name);
	if (!c->name) {
		close(fd);
		return err_set(err, ERR_LIMIT, "no memory for a saved crash");
	}
	if (!saved_open(&c->saved, fd, c->name, err))
		return false;
	c->ops = core_ops;
	if (!c->saved.ours)
		c->ops.inspect = &core_foreign_inspect_ops;
	if (!target_init(&c->target, &c->ops, c, c->saved.vcpus, err)) {
		saved_close(&c->saved);
		return false;
	}
	restore_stop(c);
	return true;
}

bool core_open_fd(int fd, const char *name, struct core **core, struct err *err)
{
	struct core *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return err_set(err, ERR_LIMIT, "no memory for a saved crash");
	}
	if (open_all(c, fd, name, err)) {
		*core = c;
		return true;
	}
	free(c->name);
	free(c);
	return false;
}

bool core_open(const char *path, struct core **core, struct err *err)
{
	/* Not to wait for a writer when it is a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open '%s'", path);
	return core_open_fd(fd, path, core, err);
}

void core_close(struct core *core)
{
	if (!core)
		return;
	target_deinit(&core->target);
	saved_close(&core->saved);
	symbols_deinit(&core->symbols);
	free(core->name);
	free(core->image);
	free(core);
}

bool core_set_image(struct core *core, const char *name, const void *data,
		    size_t size, struct err *err)
{
	if (!symbols_load(&core->symbols, name, data, size, err))
		return false;
	free(core->image);
	core->image = realpath(name, NULL);
	target_explain(&core->target); /* now with names */
	return true;
}

struct target *core_target(struct core *core)
{
	return &core->target;
}

const char *core_about(const struct core *core)
{
	return buf_cstr(&core->saved.about);
}
