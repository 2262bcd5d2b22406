#include "tests/kvm/step_rig.h"

struct mark {
	const uint8_t *at;
	char name[24];
};

/* The section that MARK() fills; of a program without marks there is none. */
extern const struct mark __start_step_marks[] __attribute__((weak));
extern const struct mark __stop_step_marks[] __attribute__((weak));

const uint8_t *step_guest;
gva_t step_base;

/* Where it is loaded; 0 for one of another guest. */
static gva_t address(const struct mark *m)
{
	if (m->at < step_guest || m->at >= step_guest + STEP_SIZE)
		return 0;
	return step_base + (gva_t)(m->at - step_guest);
}

static gva_t find(const char *name, size_t len)
{
	const struct mark *m;

	for (m = __start_step_marks; m && m < __stop_step_marks; m++)
		if (address(m) && strlen(m->name) == len &&
		    !memcmp(m->name, name, len))
			return address(m);
	test_fail(__FILE__, __LINE__, "no mark %.*s", (int)len, name);
}

gva_t step_at(const char *mark)
{
	return find(mark, strlen(mark));
}

static const char *name_of(gva_t pc)
{
	const struct mark *m;

	for (m = __start_step_marks; m && m < __stop_step_marks; m++)
		if (address(m) == pc)
			return m->name;
	return "no mark";
}

void step_need_landings(const struct machine *m)
{
	if (m->caps.step_fault != CAP_YES && m->caps.cpl0.hw_exec != CAP_YES)
		test_skip("no debug register stops this host in a handler: "
			  "steps run through it");
}

void step_run_to(struct machine *m, const char *mark)
{
	const struct debug_caps *c = &m->caps.cpl0;
	gva_t pc = step_at(mark);

	if (c->int3 == INT3_TO_GUEST && c->hw_exec == CAP_NO) {
		for (int i = 0; i < 10000 && machine_pc(m, 0) != pc; i++)
			CHECK_STOP(machine_step(m), STOP_STEP);
	} else {
		machine_insert(m, BP_SW, pc, 1);
		CHECK_STOP(machine_continue(m), STOP_SWBREAK);
		machine_remove(m, BP_SW, pc, 1);
	}
	CHECK_EQ(machine_pc(m, 0), pc);
}

/* Step once; fails with a text that says from where. */
static gva_t step(struct machine *m)
{
	const char *from = name_of(machine_pc(m, 0));
	struct target_stop stop = machine_step(m);
	gva_t pc = machine_pc(m, 0);

	if (stop.kind != STOP_STEP)
		test_fail(__FILE__, __LINE__,
			  "the step from %s: stop is %s at %s, 0x%" PRIx64 ": "
			  "%."
			  "300"
			  "s",
			  from, stop_name(stop.kind), name_of(pc), pc,
			  stop.text ? stop.text : "");
	if (machine_reg(m, "eflags") & 0x100)
		test_fail(__FILE__, __LINE__,
			  "the step from %s: TF is set at %s, 0x%" PRIx64, from,
			  name_of(pc), pc);
	return pc;
}

void step_path(struct machine *m, const char *marks)
{
	const char *from = name_of(machine_pc(m, 0));
	size_t len;

	while (*(marks += strspn(marks, " "))) {
		gva_t pc = step(m);

		len = strcspn(marks, " ");
		while (marks[len - 1] == '?' && find(marks, len - 1) != pc) {
			marks += len + strspn(marks + len, " ");
			len = strcspn(marks, " ");
		}
		len -= marks[len - 1] == '?';
		if (find(marks, len) != pc)
			test_fail(__FILE__, __LINE__,
				  "the step from %s ends at %s, 0x%" PRIx64
				  ", expected %.*s",
				  from, name_of(pc), pc, (int)len, marks);
		from = name_of(pc);
		marks += strcspn(marks, " ");
	}
}
