/*
 * Catchpoints on exceptions: a hidden breakpoint on the first instruction of
 * the handler that each vCPU's IDT names.
 *
 * KVM tells nobody when a guest loads an IDT or writes to one, so they are
 * read again before every resume and, on a timer, while the guest runs.
 */
#include <inttypes.h>
#include <string.h>

#include "arch/desc/gate_check.h"
#include "arch/exit/caught.h"
#include "vmm/catch/catch.h"
#include "vmm/plant.h"

enum {
	VECTORS = 256,
	LIMIT_LINES = 2, /* gates that `catch exception` complains about */
};

/* One vCPU's IDT, read through its page tables. */
struct gates {
	struct vcpu *v;
	struct x86_view view;
};

static void gates_init(struct gates *g, struct vcpu *v)
{
	struct phys_reader mem;

	g->v = v;
	vm_phys_reader(v->vm, &mem);
	view_init(&g->view, vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS),
		  &v->vm->convert.cpu, &mem);
}

/* Linear address of a gate's handler, whatever else may be wrong with it. */
static bool handler(const struct gates *g, unsigned int vector,
		    struct desc *gate, gva_t *pc)
{
	struct desc code;
	struct err err;

	if (!idt_fetch(&g->view, vector, gate, &err))
		return false;
	switch (gate->kind) {
	case DESC_VECTOR:
		*pc = ((gva_t)gate->sel << 4) + gate->offset;
		return true;
	case DESC_INT_GATE:
	case DESC_TRAP_GATE:
		if (gate->width == 64) {
			*pc = gate->offset;
			return true;
		}
		if (!desc_fetch(&g->view, gate->sel, &code, &err))
			return false;
		*pc = (uint32_t)(code.base + gate->offset);
		return true;
	default:
		return false;
	}
}

/* ---- the hidden breakpoints ---- */

static bool is_caught(const struct vm *vm, unsigned int vector)
{
	for (unsigned int i = 0; i < vm->catches.n; i++) {
		const struct target_catch *c = &vm->catches.list[i];

		if (c->kind == CATCH_EXCEPTION && vector >= c->first &&
		    vector <= c->last)
			return true;
	}
	return false;
}

/* Only where delivery would get there: a wild gate must not plant bytes. */
static bool check(const struct gates *g, unsigned int vector,
		  struct gate_report *r, struct err *err)
{
	const struct gate_step *problem;
	struct desc gate;

	if (!idt_fetch(&g->view, vector, &gate, err))
		return false;
	if (!gate_check(&g->view, vector, &gate, r)) {
		problem = gate_problem(r);
		return err_set(err, ERR_REFUSED, "IDT[%u]: %s", vector,
			       problem ? problem->text : "no handler");
	}
	return r->has_handler ||
	       err_set(err, ERR_UNSUPPORTED, "IDT[%u] is a task gate", vector);
}

static void want(struct vm *vm, struct vcpu *v, gva_t pc)
{
	struct plant *p = plant_hidden_at(vm, pc);
	struct err err;

	if (p)
		p->wanted = true;
	else if (!plant_hide(vm, v->index, pc, &err))
		return; /* as many as there can be: told by nobody's asking */
}

static void sync_vcpu(struct vcpu *v)
{
	struct gate_report r;
	struct gates g;
	struct err err;

	gates_init(&g, v);
	for (unsigned int vector = 0; vector < VECTORS; vector++)
		if (is_caught(v->vm, vector) && check(&g, vector, &r, &err))
			want(v->vm, v, r.handler);
}

/* Do both see the same handlers? */
static bool same_tables(struct vcpu *a, struct vcpu *b)
{
	const struct x86_state *x = vcpu_now(a, X86_GROUP_SYS);
	const struct x86_state *y = vcpu_now(b, X86_GROUP_SYS);

	return x->idt.base == y->idt.base && x->idt.limit == y->idt.limit &&
	       x->gdt.base == y->gdt.base && x->cr3 == y->cr3 &&
	       x->cr0 == y->cr0 && x->efer == y->efer;
}

void catch_gates_sync(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->plants; i++)
		vm->plant[i].wanted = false;
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		bool seen = false;

		for (unsigned int k = 0; k < i && !seen; k++)
			seen = same_tables(&vm->vcpu[k], &vm->vcpu[i]);
		if (!seen && catch_any(&vm->catches, CATCH_EXCEPTION))
			sync_vcpu(&vm->vcpu[i]);
	}
	plant_sweep_hidden(vm);
}

void catch_gates_limits(struct vm *vm, const struct target_catch *c,
			struct buf *out)
{
	unsigned int lines = 0;
	struct gate_report r;
	struct gates g;
	struct err err;

	buf_str(out, "seen in the handler that the IDT names; an IDT that the "
		     "guest loads or changes while it runs is followed within "
		     "20 ms, and what is raised before that is missed\n");
	for (unsigned int i = 0; i < vm->vcpus; i++) {
		gates_init(&g, &vm->vcpu[i]);
		for (uint64_t n = c->first; n <= c->last; n++) {
			if (check(&g, (unsigned int)n, &r, &err))
				continue;
			if (lines++ < LIMIT_LINES)
				buf_printf(out, "not now: vCPU %u: %s\n", i,
					   err.msg);
		}
	}
	if (lines > LIMIT_LINES)
		buf_printf(out, "and %u more such gates (see `idt`)\n",
			   lines - LIMIT_LINES);
}

/* ---- hits ---- */

/* Which gates lead to pc?  Returns the first one's frame slot, in bytes. */
static unsigned int find_vectors(struct vcpu *v, gva_t pc, bool *leads)
{
	unsigned int slot = 0;
	struct desc gate;
	struct gates g;
	gva_t to;

	gates_init(&g, v);
	for (unsigned int vector = 0; vector < VECTORS; vector++) {
		leads[vector] = handler(&g, vector, &gate, &to) && to == pc;
		if (leads[vector] && !slot)
			slot = gate.width / 8;
	}
	return slot;
}

/* Count; the catchpoint that acts, and the vector that it is about. */
static const struct target_catch *count(struct vm *vm, const bool *leads,
					unsigned int *vector)
{
	const struct target_catch *best = NULL;

	for (unsigned int i = 0; i < vm->catches.n; i++) {
		struct target_catch *c = &vm->catches.list[i];
		uint64_t n = c->first;

		if (c->kind != CATCH_EXCEPTION)
			continue;
		while (n <= c->last && !leads[n])
			n++;
		if (n > c->last)
			continue;
		best = catch_count(c, best);
		if (best == c)
			*vector = (unsigned int)n;
	}
	return best;
}

static bool read_frame(struct vcpu *v, unsigned int vector, unsigned int slot,
		       struct trap_frame *f)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	const struct x86_seg *ss = &s->seg[X86_SS];
	uint64_t sp = s->gpr[X86_RSP];
	uint8_t bytes[TRAP_FRAME_MAX];
	size_t done = 0;

	if (x86_mode(s) != X86_MODE_LONG64)
		sp = ss->base +
		     (ss->attr & X86_AR_DB ? (uint32_t)sp : (uint16_t)sp);
	if (!vcpu_read(v, sp, bytes, sizeof(bytes), &done) && !done)
		return false;
	return trap_frame_parse(
		bytes, done, slot,
		(s->cr0 & X86_CR0_PE) && exception_has_error(vector), f);
}

static void put_others(const bool *leads, unsigned int vector, struct buf *out)
{
	unsigned int others = 0;

	for (unsigned int i = 0; i < VECTORS; i++)
		others += i != vector && leads[i];
	if (others)
		buf_printf(out,
			   " (or another: the handler is that of %u more "
			   "vectors)",
			   others);
}

static void put_text(struct vcpu *v, unsigned int id, unsigned int vector,
		     unsigned int slot, const bool *leads, struct buf *out)
{
	const struct x86_state *s = vcpu_now(v, X86_GROUP_GPR | X86_GROUP_SYS);
	struct trap_frame f;
	bool ok = read_frame(v, vector, slot, &f);

	buf_printf(out, "catchpoint %u: ", id);
	if (v->vm->vcpus > 1)
		buf_printf(out, "vCPU %u: ", v->index);
	caught_exception(out, vector, ok ? &f : NULL, s->cr2);
	put_others(leads, vector, out);
	buf_printf(out, ", in its handler, rip 0x%" PRIx64 "\n", s->rip);
}

bool catch_gate_hit(struct vcpu *v, gva_t pc, struct target_stop *stop)
{
	const struct target_catch *c;
	struct buf line = BUF_INIT;
	unsigned int vector = 0, slot;
	bool leads[VECTORS];
	struct buf *out = &v->story;

	if (!catch_any(&v->vm->catches, CATCH_EXCEPTION) ||
	    !plant_hidden_at(v->vm, pc) || (v->gate_told && v->gate_pc == pc))
		return false;
	v->gate_told = true;
	v->gate_pc = pc;
	slot = find_vectors(v, pc, leads);
	c = count(v->vm, leads, &vector);
	if (!c || c->action == CATCH_IGNORE)
		return false;
	if (c->action == CATCH_NOTIFY)
		out = &line;
	buf_clear(out);
	put_text(v, c->id, vector, slot, leads, out);
	if (c->action == CATCH_STOP) {
		catch_stop(v, c->id, stop);
		return true;
	}
	catch_queue(v->vm, &line);
	buf_deinit(&line);
	return false;
}
