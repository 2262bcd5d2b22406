#include "tests/kvm/catch_rig.h"

#include "stub/catch.h"
#include "stub/mon/monitor.h"

#define HANDLERS 0x400000u
#define IDT	 (HANDLERS + 0x100)

GUEST(handlers, "iretq\n"
		".org guest_handlers + 0x20\n"
		"pop %r12\n"
		"pop %r13\n"
		"pop %r14\n"
		"pop %r15\n"
		"mov $0x77, %al\n"
		"out %al, $0xf4\n");

static struct buf out;

static void set_gate(struct machine *m, unsigned int vector, gva_t handler)
{
	const uint64_t gate[2] = {
		(handler & 0xffff) | machine_reg(m, "cs") << 16 |
			UINT64_C(0x8e00) << 32 | (handler >> 16 & 0xffff) << 48,
		handler >> 32};

	machine_write(m, IDT + 16 * vector, gate, sizeof(gate));
}

void rig_install_handlers(struct machine *m)
{
	const struct x86_state *old;
	struct x86_state s;
	struct err err;

	machine_write(m, HANDLERS, guest_handlers,
		      (size_t)(guest_handlers_end - guest_handlers));
	set_gate(m, 1, HANDLERS);
	set_gate(m, 13, HANDLERS + 0x20);
	old = target_state(m->target, 0, X86_GROUP_SYS, &err);
	CHECK(old != NULL);
	s = *old;
	s.idt = (struct x86_dtable){IDT, 14 * 16 - 1};
	CHECK_OK(target_set_state(m->target, 0, X86_GROUP_SYS, &s, &err), &err);
}

static const char *run(struct machine *m, const char *line, bool works)
{
	buf_clear(&out);
	if (monitor_run(m->target, 0, line, &out) != works)
		test_fail(__FILE__, __LINE__, "%s: %s", line, buf_cstr(&out));
	return buf_cstr(&out);
}

const char *rig_monitor(struct machine *m, const char *line)
{
	return run(m, line, true);
}

const char *rig_refused(struct machine *m, const char *line)
{
	return run(m, line, false);
}

uint64_t rig_hits(struct machine *m, unsigned int id)
{
	struct target_catch c;

	for (unsigned int i = 0; target_catch_at(m->target, i, &c); i++)
		if (c.id == id)
			return c.hits;
	test_fail(__FILE__, __LINE__, "no catchpoint %u", id);
}

const char *rig_notes(struct machine *m)
{
	buf_clear(&out);
	target_notes(m->target, &out);
	return buf_cstr(&out);
}
