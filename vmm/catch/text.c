/* The line that a hit is told in, and what follows from it. */
#include <inttypes.h>
#include <string.h>

#include "arch/exit/caught.h"
#include "arch/exit/text.h"
#include "vmm/catch/catch.h"
#include "vmm/vm.h"

/* Which moment the stop, or the line, is of. */
static void put_phase(struct vcpu *v, const struct caught *c, struct buf *out)
{
	if (c->phase == PHASE_EXIT)
		buf_str(out, ", served");
	else if (c->phase == PHASE_AFTER)
		buf_str(out, ", after the access");
	else if (v->held.kind == HELD_WRITE)
		buf_str(out, ", before the device sees it (KVM has carried "
			     "out the instruction)");
	else
		buf_str(out, ", before the access");
}

void catch_text(struct vcpu *v, const struct caught *c, struct buf *out)
{
	bool known = c->phase != PHASE_BEFORE || c->e.is_write;
	const struct x86_state *s = vcpu_now(v, X86_GROUP_GPR);

	buf_printf(out, "catchpoint %u: ", c->id);
	if (v->vm->vcpus > 1)
		buf_printf(out, "vCPU %u: ", v->index);
	caught_access(out, &c->e, known);
	put_phase(v, c, out);
	buf_printf(out, ", rip 0x%" PRIx64 "\n", s->rip);
}

void catch_stop(struct vcpu *v, unsigned int id, struct target_stop *stop)
{
	memset(stop, 0, sizeof(*stop));
	stop->kind = STOP_CATCH;
	stop->vcpu = v->index;
	stop->signal = GDB_SIGNAL_TRAP;
	stop->catchpoint = id;
	stop->text = buf_cstr(&v->story);
}

void catch_act(struct vcpu *v, const struct target_catch *c,
	       enum catch_phase phase, const struct exit_record *e)
{
	struct caught caught = {c->id, phase, *e};
	struct buf line = BUF_INIT;

	if (c->action == CATCH_STOP && (!v->caught.id || phase == PHASE_BEFORE))
		v->caught = caught;
	if (c->action != CATCH_NOTIFY)
		return;
	catch_text(v, &caught, &line);
	catch_queue(v->vm, &line);
	buf_deinit(&line);
}
